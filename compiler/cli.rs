//! Arguments, wording, exit codes: one file per command. How anything is computed is elsewhere.
//!
//! Exit 0: done what was asked. 1: there are findings, such as errors in the input. 2: it could
//! not be done.

pub mod apply;
pub mod attach;
pub mod audit;
pub mod boot;
pub mod capture;
pub mod check;
pub mod compile;
pub mod completions;
pub mod confirm;
pub mod detach;
pub mod diff;
pub mod doctor;
pub mod down;
pub mod explain;
pub mod host;
pub mod leases;
pub mod load;
pub mod man;
mod networks;
mod paint;
pub mod plan;
pub mod recover;
pub mod revert;
pub mod schema;
pub mod status;
mod table;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;

use crate::host::lock::Lock;
use crate::host::tree::Standing;
use crate::host::{HostError, terminal};
use crate::value::encode::{misleads, visible};

/// Compiles libvirt network XML into everything a host needs to run those networks: iptables and
/// nft rulesets, dnsmasq files, systemd-networkd and NetworkManager bridges, sysctl, tc, units.
/// No daemon, no libvirtd.
#[derive(Debug, Parser)]
#[command(
    name = "lanwright",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = "Exit status: 0 done, 1 findings (such as errors in the XML), 2 could not.")]
pub struct Cli {
    /// Colour on the terminal
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Compile(compile::Arguments),
    Plan(plan::Arguments),
    Apply(apply::Arguments),
    Confirm(confirm::Arguments),
    Revert(revert::Arguments),
    Down(down::Arguments),
    Boot(boot::Arguments),
    Attach(attach::Arguments),
    Detach(detach::Arguments),
    Capture(capture::Arguments),
    Status(status::Arguments),
    Leases(leases::Arguments),
    Doctor(doctor::Arguments),
    Audit(audit::Arguments),
    Diff(diff::Arguments),
    Recover(recover::Arguments),
    Explain(explain::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs; see `lanwright schema`
    Json,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done what was asked.
    Done,
    /// There are findings.
    Findings,
    /// It could not be done.
    CouldNot,
}

/// How long a command waits for another one that is at work.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the program's arguments and does what they say.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap prints both where they belong.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    terminal::set_color(match cli.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    });
    let result = match cli.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Compile(arguments) => compile::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Apply(arguments) => apply::run(&arguments),
        Command::Confirm(arguments) => confirm::run(&arguments),
        Command::Revert(arguments) => revert::run(&arguments),
        Command::Down(arguments) => down::run(&arguments),
        Command::Boot(arguments) => boot::run(&arguments),
        Command::Attach(arguments) => attach::run(&arguments),
        Command::Detach(arguments) => detach::run(&arguments),
        Command::Capture(arguments) => capture::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Leases(arguments) => leases::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Recover(arguments) => recover::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Ok(Outcome::CouldNot) => ExitCode::from(2),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Says that something could not be done.
pub(crate) fn complain(message: &str) {
    terminal::complain(&format!("{RED}error{PLAIN}: {}\n", visible(message)));
}

/// Says something that deserves attention.
pub(crate) fn warn(message: &str) {
    terminal::complain(&format!("{YELLOW}warning{PLAIN}: {}\n", visible(message)));
}

/// Says what helps, or what is going on.
pub(crate) fn note(message: &str) {
    terminal::complain(&format!("{BOLD}note{PLAIN}: {}\n", visible(message)));
}

/// Refuses to begin what only root can end.
pub(crate) fn must_be_root(command: &str) -> anyhow::Result<()> {
    if crate::host::is_root() {
        return Ok(());
    }
    bail!("'{command}' changes the host's network, so it needs root: sudo lanwright {command} …")
}

/// What every command that changes the host begins with: it is root's, and at work alone.
pub(crate) fn alone(command: &str) -> anyhow::Result<Lock> {
    must_be_root(command)?;
    Ok(Lock::take(PATIENCE)?)
}

/// Refuses a place that holds something else than a tree of ours, unless by force.
pub(crate) fn may_replace(place: &Path, standing: &Standing, force: bool) -> anyhow::Result<()> {
    match standing {
        Standing::Foreign(reason) if !force => {
            let refused = HostError::Refused {
                path: place.to_owned(),
                reason: reason.clone(),
            };
            bail!(
                "{refused}; --force writes anew and keeps what is there as {}.old",
                place.display()
            );
        }
        Standing::Free | Standing::Ours(_) | Standing::Foreign(_) => Ok(()),
    }
}

/// A result for programs: JSON that is also safe to look at, for what a terminal would act on is
/// escaped.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    let mut safe = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if misleads(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    Ok(safe + "\n")
}

/// `1 network`, `3 networks`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Bold.
pub(crate) const BOLD: &str = "\x1b[1m";
/// Bold red, for errors.
pub(crate) const RED: &str = "\x1b[1;31m";
/// Bold yellow, for warnings.
pub(crate) const YELLOW: &str = "\x1b[1;33m";
/// Neither.
pub(crate) const PLAIN: &str = "\x1b[0m";
