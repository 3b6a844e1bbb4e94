//! `check`: diagnostics only.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::load::{self, Loaded};
use super::{Format, Outcome, counted};
use crate::diagnostic::{Severity, json};
use crate::host::terminal;

/// Check network XML: every problem of every file in one run
///
/// Needs no privilege, no kernel and no daemon. Files that are named together are checked as
/// networks of one host. Errors that libvirt itself would raise carry its rule number.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lanwright check default.xml\n  \
    lanwright check networks/ --deny-warnings\n  \
    virsh net-dumpxml default | lanwright check - --format json")]
pub struct Arguments {
    /// Files, folders of .xml files, or - for standard input; none for the default network
    #[arg(value_name = "XML")]
    inputs: Vec<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Exit 1 also for warnings
    #[arg(long)]
    deny_warnings: bool,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let loaded = load::load(&arguments.inputs, |_| {});
    let text = match arguments.format {
        Format::Json => {
            let report = json::Report::new(&loaded.sink, &loaded.sources);
            super::json(&report)?
        }
        Format::Text => loaded.rendered() + &conclusion(&loaded),
    };
    terminal::print(&text).context("cannot print the result")?;
    loaded.complain_unreadable();
    let denied = arguments.deny_warnings && loaded.sink.count(Severity::Warning) > 0;
    Ok(if !loaded.unreadable.is_empty() {
        Outcome::CouldNot
    } else if loaded.sink.has_errors() || denied {
        Outcome::Findings
    } else {
        Outcome::Done
    })
}

/// One line about the whole; nothing if nothing could be read.
fn conclusion(loaded: &Loaded) -> String {
    let files = loaded.sources.iter().count();
    if files == 0 {
        return String::new();
    }
    match loaded.tally() {
        Some(tally) => format!("{tally} in {}\n", counted(files, "network")),
        None => format!(
            "{} checked, nothing to complain of\n",
            counted(files, "network")
        ),
    }
}
