//! `audit`: declared networks against what a host holds.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::host::read_host;
use super::load::{self, Loaded};
use super::{Outcome, json};
use crate::audit::report::Report;
use crate::audit::{self, Question, page};
use crate::capture::{Capture, Definition};
use crate::host::terminal;
use crate::network::NetworkSet;
use crate::value::NetworkName;

mod text;

/// Compare declared networks with what a host really has
///
/// Says of each network whether it is in sync, and of each rule, address, kernel setting and line
/// of dnsmasq that differs what was expected, what was found, where, and what it breaks for
/// guests. Networks that nobody declared and rules of others that get in the way are named, too.
/// Nothing is changed. What was not captured is not judged.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lanwright audit networks/ --host host\n  \
    lanwright audit default.xml --host live\n  \
    lanwright audit --host host --format html > host.html\n\n\
    Exit status: 0 in sync, 1 findings, 2 could not.")]
pub struct Arguments {
    /// Files or folders of .xml files; none for those that the host itself defines
    #[arg(value_name = "XML")]
    inputs: Vec<PathBuf>,
    /// A capture's folder, one file of it, or live for this machine
    #[arg(long, value_name = "DIR|FILE|live")]
    host: PathBuf,
    /// How to print the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs; see `lanwright schema audit`
    Json,
    /// One page that needs nothing else, with a picture of the host
    Html,
}

/// Declared networks, and the file that declares each.
struct Declared {
    networks: NetworkSet,
    files: Vec<String>,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let loaded = match arguments.inputs.is_empty() {
        true => None,
        false => Some(load::load(&arguments.inputs, |_| {})),
    };
    let is_bad = |loaded: &&Loaded| !loaded.unreadable.is_empty() || loaded.set.is_none();
    if let Some(loaded) = loaded.as_ref().filter(is_bad) {
        loaded.complain();
        return Ok(Outcome::CouldNot);
    }
    let capture = read_host(&arguments.host)?;
    let declared = match loaded {
        Some(loaded) => named(loaded)?,
        None => defined(&capture)?,
    };
    let host = arguments.host.display().to_string();
    let report = audit::audit(Question {
        networks: &declared.networks,
        files: &declared.files,
        capture: &capture,
        host: &host,
    });
    let printed = match arguments.format {
        Format::Text => text::print(&report),
        Format::Json => json(&report)?,
        Format::Html => page::print(&report),
    };
    terminal::print(&printed).context("cannot print the report")?;
    Ok(outcome(&report))
}

fn outcome(report: &Report) -> Outcome {
    match report.is_clean() {
        true => Outcome::Done,
        false => Outcome::Findings,
    }
}

/// The networks that were named on the command line.
fn named(loaded: Loaded) -> anyhow::Result<Declared> {
    let files = loaded.sources.iter();
    let files = files.map(|(_, source)| source.name().to_owned()).collect();
    let networks = loaded.set.context("the networks cannot be read")?;
    Ok(Declared { networks, files })
}

/// The networks that the host's own files define; a stored definition counts more than that of a
/// running network, which is what the host made of it.
fn defined(capture: &Capture) -> anyhow::Result<Declared> {
    let mut definitions: Vec<&Definition> = Vec::new();
    let stored = capture.definitions.iter().filter(|each| !each.live);
    for each in stored.chain(capture.definitions.iter().filter(|each| each.live)) {
        let name: &NetworkName = &each.network.name;
        if !definitions.iter().any(|known| known.network.name == *name) {
            definitions.push(each);
        }
    }
    if definitions.is_empty() {
        bail!(
            "no network is declared: name XML files, or take a capture that holds libvirt's \
             definitions (/etc/libvirt/qemu/networks)"
        );
    }
    let files = definitions
        .iter()
        .map(|it| capture.name(it.file).to_owned());
    let files = files.collect();
    let networks = definitions
        .into_iter()
        .map(|it| it.network.clone())
        .collect();
    let networks =
        NetworkSet::new(networks).context("the host's definitions do not fit together")?;
    Ok(Declared { networks, files })
}
