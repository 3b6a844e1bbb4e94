//! `recover`: network XML back from a host.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use self::report::Report;
use super::host::read_host;
use super::{Format, Outcome, counted};
use crate::capture::Capture;
use crate::host::terminal;
use crate::host::tree::{self, Standing, TreeFile};
use crate::recover::{self, Recovered, Recovery};
use crate::value::encode::file_stem;

mod comments;
pub mod report;
mod summary;

/// Recover network XML from what a host holds
///
/// Reads one dump (of iptables-save, ip6tables-save or nft), a folder of such texts, or this
/// machine, and prints the networks that it holds as libvirt network XML, with the lines that
/// prove each element. What could not be known is said in a comment, with how to find out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lanwright recover iptables-save.txt\n  \
    ssh host iptables-save | lanwright recover -\n  \
    lanwright recover capture/ -o networks\n  \
    lanwright recover live -o networks\n\n\
    Exit status: 0 all is told, 1 something could not be known or is otherwise on the host, \
    2 could not.")]
pub struct Arguments {
    /// A file, a folder of files, - for standard input, or the word live for this machine
    #[arg(value_name = "FILE|DIR|live")]
    host: PathBuf,
    /// The folder to write: a file for each network
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let capture = read_host(&arguments.host)?;
    if capture.files.iter().all(|file| file.role.is_none()) {
        bail!(
            "nothing in {} is a dump that lanwright reads",
            arguments.host.display()
        );
    }
    let recovery = recover::recover(&capture);
    let printed: Vec<String> = recovery
        .networks
        .iter()
        .map(|network| comments::print(network, &capture))
        .collect();
    if let Some(place) = &arguments.output {
        put(place, &recovery.networks, &printed)?;
    }
    if arguments.format == Format::Json {
        let report = Report::new(&recovery, &printed, &capture);
        terminal::print(&super::json(&report)?).context("cannot print the result")?;
        return Ok(outcome(&recovery, &capture));
    }
    match (&arguments.output, printed.as_slice()) {
        (Some(place), _) => {
            let text = summary::text(&recovery, &capture, Some(place));
            terminal::print(&text).context("cannot print the summary")?;
        }
        (None, [only]) => {
            terminal::print(only).context("cannot print the network")?;
            terminal::complain(&summary::host(&recovery, &capture));
        }
        (None, []) => {
            terminal::complain(&summary::host(&recovery, &capture));
            super::complain("there is no network in what was read");
        }
        (None, several) => {
            let text = summary::text(&recovery, &capture, None);
            terminal::print(&text).context("cannot print the summary")?;
            let networks = counted(several.len(), "network");
            super::complain(&format!(
                "{networks} do not fit one output: name a folder with --output DIR"
            ));
            return Ok(Outcome::CouldNot);
        }
    }
    Ok(outcome(&recovery, &capture))
}

fn outcome(recovery: &Recovery, capture: &Capture) -> Outcome {
    let gap = |network: &Recovered| network.gaps().next().is_some();
    let host = recovery
        .findings
        .iter()
        .any(|finding| finding.kind.is_gap());
    let findings = recovery.networks.is_empty()
        || recovery.networks.iter().any(gap)
        || host
        || !capture.gaps.is_empty();
    if findings {
        Outcome::Findings
    } else {
        Outcome::Done
    }
}

/// Writes a file for each network into a folder that is new or empty.
fn put(place: &Path, networks: &[Recovered], printed: &[String]) -> anyhow::Result<()> {
    let standing = tree::standing(place, "", |_| None)?;
    if standing != Standing::Free {
        bail!("{} is not empty: name a new folder", place.display());
    }
    let paths: Vec<String> = networks.iter().map(file_of).collect();
    let files: Vec<TreeFile<'_>> = paths
        .iter()
        .zip(printed)
        .map(|(path, text)| TreeFile {
            path,
            bytes: text.as_bytes(),
            mode: 0o644,
        })
        .collect();
    tree::write(place, &files, &standing)?;
    Ok(())
}

/// The name of a network's file.
fn file_of(recovered: &Recovered) -> String {
    format!("{}.xml", file_stem(recovered.network.name.as_str()))
}
