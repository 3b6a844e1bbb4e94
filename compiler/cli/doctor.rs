//! `doctor`: why does a guest get no lease, no name, no internet?

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::host::{LIVE, is_live, look_at_host};
use super::load::{self, Loaded};
use super::{Format, Outcome, json};
use crate::capture::Capture;
use crate::doctor::report::{Diagnosis, Report};
use crate::doctor::{self, Question};
use crate::host::{run, terminal};
use crate::network::{Network, NetworkSet};
use crate::recover::recover;

mod text;

/// Find out why a guest gets no lease, no name, no internet
///
/// Follows a guest's packet through the host: its port, the bridge, dnsmasq, the firewall, routes.
/// Names the first broken link, where it was seen, and the smallest command that mends it. Of this
/// machine as it is now, or of a capture. Nothing is changed but with --fix.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lanwright doctor\n  lanwright doctor default --fix\n  \
    lanwright doctor --host host1 --xml networks/\n\n\
    Exit status: 0 healthy, 1 findings, 2 could not."
)]
pub struct Arguments {
    /// Networks, or their bridges; none for all
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A capture's folder, or live for this machine
    #[arg(long, value_name = "DIR|live", default_value = LIVE)]
    host: PathBuf,
    /// What the networks should be; else what libvirt's definitions and the host itself tell
    #[arg(long, value_name = "FILE", num_args = 1..)]
    xml: Vec<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Run the command that mends the cause, then look again; for live only
    #[arg(long)]
    fix: bool,
}

/// The networks that are examined.
struct Known {
    networks: NetworkSet,
    files: Vec<String>,
    declared: bool,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    if arguments.fix && !is_live(&arguments.host) {
        bail!("--fix mends this machine only: it needs --host live");
    }
    let loaded = match arguments.xml.is_empty() {
        true => None,
        false => Some(load::load(&arguments.xml, |_| {})),
    };
    let is_bad = |loaded: &&Loaded| !loaded.unreadable.is_empty() || loaded.set.is_none();
    if let Some(loaded) = loaded.as_ref().filter(is_bad) {
        loaded.complain();
        return Ok(Outcome::CouldNot);
    }
    let mut report = look(arguments, loaded.as_ref())?;
    if arguments.fix {
        let before = report;
        let mended = mend(&before);
        report = look(arguments, loaded.as_ref())?;
        let said: String = mended
            .iter()
            .map(|each| text::mended(each, &report))
            .collect();
        terminal::complain(&said);
    }
    let printed = match arguments.format {
        Format::Text => text::print(&report),
        Format::Json => json(&report)?,
    };
    terminal::print(&printed).context("cannot print the report")?;
    Ok(match report.is_clean() {
        true => Outcome::Done,
        false => Outcome::Findings,
    })
}

fn look(arguments: &Arguments, loaded: Option<&Loaded>) -> anyhow::Result<Report> {
    let capture = look_at_host(&arguments.host)?;
    if capture.files.iter().all(|file| file.role.is_none()) {
        bail!("nothing in {} tells of a host", arguments.host.display());
    }
    let known = match loaded {
        Some(loaded) => named(loaded)?,
        None => told(&capture)?,
    };
    let host = arguments.host.display().to_string();
    let mut report = doctor::examine(Question {
        networks: &known.networks,
        files: &known.files,
        declared: known.declared,
        capture: &capture,
        host: &host,
        live: is_live(&arguments.host),
    });
    choose(&mut report, &arguments.names)?;
    Ok(report)
}

/// Leaves the networks that were asked for.
fn choose(report: &mut Report, names: &[String]) -> anyhow::Result<()> {
    let is = |network: &Diagnosis, name: &String| {
        network.network == *name || network.bridge.as_ref() == Some(name)
    };
    for name in names {
        if !report.networks.iter().any(|network| is(network, name)) {
            bail!("there is no network or bridge '{name}' among those that are known");
        }
    }
    if !names.is_empty() {
        let asked = |network: &Diagnosis| names.iter().any(|name| is(network, name));
        report.networks.retain(asked);
    }
    Ok(())
}

/// The networks that were named on the command line.
fn named(loaded: &Loaded) -> anyhow::Result<Known> {
    let files = loaded.sources.iter();
    let networks = loaded.set.clone();
    Ok(Known {
        files: files.map(|(_, source)| source.name().to_owned()).collect(),
        networks: networks.context("the networks cannot be read")?,
        declared: true,
    })
}

/// What the host itself tells: libvirt's definitions, and what can be made out of what is there.
fn told(capture: &Capture) -> anyhow::Result<Known> {
    let recovered: Vec<Network> = recover(capture)
        .networks
        .into_iter()
        .map(|recovered| recovered.network)
        .collect();
    let mut networks = Vec::new();
    let mut definitions: Vec<_> = capture.definitions.iter().collect();
    // A stored definition counts more than what the host made of it.
    definitions.sort_by_key(|definition| definition.live);
    for network in recovered {
        let defined = definitions
            .iter()
            .find(|definition| definition.network.name == network.name);
        networks.push(match defined {
            Some(definition) => definition.network.clone(),
            None => network,
        });
    }
    Ok(Known {
        networks: NetworkSet::new(networks).context("the host's networks do not fit together")?,
        files: Vec::new(),
        declared: !definitions.is_empty(),
    })
}

/// A command that was run, or could not be.
pub struct Mended {
    /// The network, its cause, and the commands.
    before: Diagnosis,
    /// Why a command failed.
    failed: Option<String>,
}

/// Runs what mends the cause of each network, after printing it.
fn mend(report: &Report) -> Vec<Mended> {
    let mut mended = Vec::new();
    for network in &report.networks {
        let Some(fix) = network.cause.as_ref().and_then(|cause| cause.fix.as_ref()) else {
            continue;
        };
        if !fix.runnable {
            terminal::complain(&text::by_hand(network, fix));
            continue;
        }
        let mut failed = None;
        for command in &fix.commands {
            terminal::complain(&text::running(command));
            let Some((program, words)) = command.split_first() else {
                continue;
            };
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            if let Err(error) = run::output(program, &words) {
                failed = Some(error.to_string());
                break;
            }
        }
        mended.push(Mended {
            before: network.clone(),
            failed,
        });
    }
    mended
}
