//! What `attach` and `detach` print.

use anyhow::Context;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::apply::report::{commands, line};
use crate::cli::{self, Format, Outcome};
use crate::host::terminal;
use crate::plan::{Change, Degraded, Plan, Refusal};
use crate::value::{DeviceName, NetworkName};

/// What `--format json` prints.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// The device.
    pub port: String,
    /// The network that it joins or leaves; null for a device that was in none.
    pub network: Option<String>,
    /// The portgroup whose settings it gets; null for the network's own.
    pub portgroup: Option<String>,
    /// The bridge.
    pub bridge: Option<String>,
    /// What changes, or changed; empty if there is nothing to do.
    pub changes: Vec<Change>,
    /// What this host cannot do.
    pub degraded: Vec<Degraded>,
    /// What forbids it; nothing was done then.
    pub refusals: Vec<Refusal>,
    /// What deserves a word.
    pub warnings: Vec<Refusal>,
    /// What failed and the rest went on without.
    pub skipped: Vec<String>,
    /// Whether it was only looked at.
    pub dry_run: bool,
    #[serde(skip)]
    joins: bool,
}

impl Report {
    /// Of a port that joins this network.
    pub fn new(port: &DeviceName, network: Option<&NetworkName>) -> Self {
        Report {
            port: port.to_string(),
            network: network.map(ToString::to_string),
            joins: true,
            ..Report::default()
        }
    }

    /// Of a port that leaves.
    pub fn leaving(port: &DeviceName, network: Option<&NetworkName>) -> Self {
        Report {
            joins: false,
            ..Report::new(port, network)
        }
    }

    /// What is to be done.
    pub fn plan(&mut self, plan: &Plan) {
        self.changes = plan.changes().cloned().collect();
        self.degraded.clone_from(&plan.degraded);
    }

    /// It is not done.
    pub fn refused(mut self, refusals: Vec<Refusal>, format: Format) -> anyhow::Result<Outcome> {
        self.refusals = refusals;
        self.print(format)?;
        Ok(Outcome::CouldNot)
    }

    /// What would be done, command by command.
    pub fn show(&self, plan: &Plan, format: Format) -> anyhow::Result<Outcome> {
        if format == Format::Text {
            terminal::print(&commands(plan)).context("cannot print the result")?;
        }
        self.print(format)?;
        Ok(match plan.steps.is_empty() {
            true => Outcome::Done,
            false => Outcome::Findings,
        })
    }

    /// Prints it.
    pub fn print(&self, format: Format) -> anyhow::Result<()> {
        let text = match format {
            Format::Json => cli::json(self)?,
            Format::Text => {
                self.complain();
                self.text()
            }
        };
        terminal::print(&text).context("cannot print the result")
    }

    /// What is said on standard error.
    fn complain(&self) {
        for refusal in &self.refusals {
            cli::complain(&refusal.message);
            if let Some(help) = &refusal.help {
                cli::note(help);
            }
        }
        for warning in &self.warnings {
            cli::note(&warning.message);
        }
        for degraded in &self.degraded {
            cli::warn(&format!("{}: {}", degraded.object, degraded.message));
        }
        for skipped in &self.skipped {
            cli::warn(&format!("went on without: {skipped}"));
        }
    }

    fn text(&self) -> String {
        if !self.refusals.is_empty() {
            return "nothing was changed\n".to_owned();
        }
        let (port, network) = (&self.port, self.network.as_deref().unwrap_or("-"));
        if self.changes.is_empty() {
            return match self.joins {
                true => format!("nothing to do: {port} is a port of network '{network}'\n"),
                false => format!("nothing to do: {port} is in no network\n"),
            };
        }
        let mut text: String = self.changes.iter().map(line).collect();
        text += &match (self.joins, self.dry_run) {
            (true, false) => format!("{port} is a port of network '{network}'\n"),
            (false, false) => format!("{port} left network '{network}'\n"),
            (true, true) => format!("{port} would be a port of network '{network}'\n"),
            (false, true) => format!("{port} would leave network '{network}'\n"),
        };
        text
    }
}
