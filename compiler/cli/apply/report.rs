//! What `plan`, `apply`, `down` and `revert` print.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use similar::TextDiff;

use crate::cli::{self, Format};
use crate::host::apply::{Done, Prepared};
use crate::host::store::Number;
use crate::network::NetworkSet;
use crate::plan::{Change, Command, Deed, Degraded, Direction, Impact, Plan, Refusal};
use crate::value::encode::{shell_word, visible};

/// What `--format json` prints.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// The networks that the host holds when all is done, in their start order.
    pub networks: Vec<String>,
    /// The number under which this state is kept; null if nothing was recorded.
    pub generation: Option<Number>,
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
    /// In how many seconds it goes back by itself unless it is confirmed.
    pub confirm_seconds: Option<u64>,
    /// Whether it was only looked at.
    pub dry_run: bool,
    /// Whether an earlier state came back.
    #[serde(skip)]
    pub went_back: bool,
}

impl Report {
    /// What is known before anything is done.
    pub fn new(set: &NetworkSet, prepared: &Prepared) -> Self {
        let names = set
            .members()
            .iter()
            .map(|member| member.network.name.to_string());
        Report {
            networks: names.collect(),
            changes: prepared.plan.changes().cloned().collect(),
            degraded: prepared.plan.degraded.clone(),
            refusals: prepared.refusals.clone(),
            warnings: prepared.warnings.clone(),
            ..Report::default()
        }
    }

    /// What was done.
    pub fn done(&mut self, done: Done, generation: Number) {
        self.changes = done.changes;
        self.degraded = done.degraded;
        self.skipped = done.skipped;
        self.generation = Some(generation);
    }

    /// What this host lacks forbids it.
    pub fn refuse_degraded(&mut self) {
        let lacking = self.degraded.iter().map(|each| Refusal {
            message: format!("{}: {}", each.object, each.message),
            help: Some("leave out --strict to go on without".to_owned()),
        });
        self.refusals.extend(lacking);
    }

    /// Prints it.
    pub fn print(&self, format: Format) -> anyhow::Result<()> {
        match format {
            Format::Json => super::print(&cli::json(self)?),
            Format::Text => {
                self.complain();
                super::print(&self.text())
            }
        }
    }

    /// Prints what would be done, command by command.
    pub fn print_plan(&mut self, plan: &Plan, format: Format) -> anyhow::Result<()> {
        self.dry_run = true;
        match format {
            Format::Json => super::print(&cli::json(self)?),
            Format::Text => {
                self.complain();
                let text = format!("{}{}", commands(plan), self.text());
                super::print(&text)
            }
        }
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
            cli::warn(&warning.message);
            if let Some(help) = &warning.help {
                cli::note(help);
            }
        }
        // What a kernel lacks it lacks for all networks: said once.
        let mut lacking: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Degraded { object, message } in &self.degraded {
            lacking.entry(message).or_default().push(object);
        }
        for (message, objects) in lacking {
            let of = match objects.as_slice() {
                [one, _, _, rest @ ..] if !rest.is_empty() => {
                    format!("{one} and {} more", objects.len() - 1)
                }
                few => few.join(", "),
            };
            cli::warn(&format!("{of}: {message}"));
        }
        for skipped in &self.skipped {
            cli::warn(&format!("went on without: {skipped}"));
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if !self.refusals.is_empty() {
            return "nothing was changed\n".to_owned();
        }
        if self.changes.is_empty() {
            return match self.networks.as_slice() {
                [] => "nothing to do: there are no networks\n".to_owned(),
                [one] => format!("nothing to do: '{}' is as it should be\n", visible(one)),
                all => format!(
                    "nothing to do: {} networks are as they should be\n",
                    all.len()
                ),
            };
        }
        for change in &self.changes {
            text.push_str(&line(change));
        }
        let count = cli::counted(self.changes.len(), "change");
        let verb = if self.dry_run { "to be made" } else { "made" };
        text.push_str(&format!("{count} {verb}"));
        if let (Some(number), false) = (self.generation, self.dry_run) {
            let again = if self.went_back {
                "state"
            } else {
                "kept as state"
            };
            text.push_str(&format!(", {again} {number}"));
        }
        text.push('\n');
        if let Some(seconds) = self.confirm_seconds {
            text.push_str(&format!(
                "goes back in {seconds} s unless confirmed: lanwright confirm\n"
            ));
        }
        text
    }
}

/// A change on one line.
pub(in crate::cli) fn line(change: &Change) -> String {
    let impact = match change.impact {
        Impact::InPlace => String::new(),
        Impact::Reload | Impact::Restart | Impact::Disruptive => {
            format!(" ({})", change.impact.word())
        }
    };
    let Change {
        kind,
        object,
        action,
        ..
    } = change;
    let (object, action) = (visible(object), visible(action));
    format!("{:<9} {object}: {action}{impact}\n", kind.word())
}

/// What would be done, as it could be typed.
pub(in crate::cli) fn commands(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        match &step.deed {
            Deed::Run(commands) => commands
                .iter()
                .for_each(|each| text.push_str(&command(each))),
            Deed::Folder(paths) => {
                paths
                    .iter()
                    .for_each(|path| text.push_str(&format!("mkdir -p {path}\n")));
            }
            Deed::Write(files) => {
                for file in files {
                    let before = file.before.as_deref().unwrap_or_default();
                    let old = match file.before {
                        Some(_) => file.path.as_str(),
                        None => "/dev/null",
                    };
                    let diff = TextDiff::from_lines(before, &file.text);
                    let shown = diff.unified_diff().header(old, &file.path).to_string();
                    text.push_str(&indented(&format!("write {}\n", file.path), &shown));
                }
            }
            Deed::Remove(paths) => {
                paths
                    .iter()
                    .for_each(|path| text.push_str(&format!("rm {path}\n")));
            }
            Deed::Set(settings) => {
                for (key, value) in settings {
                    text.push_str(&format!("sysctl -w {}={value}\n", key.join("/")));
                }
            }
            Deed::Reload(processes) => {
                for each in processes {
                    text.push_str(&format!("kill -HUP $(cat {})\n", each.pid_file));
                }
            }
            Deed::Stop(processes) => {
                for each in processes {
                    text.push_str(&format!("kill $(cat {})\n", each.pid_file));
                }
            }
            Deed::Carry(carriages) => {
                for each in carriages {
                    let (from, to) = match each.direction {
                        Direction::FromLibvirt => (&each.status, &each.leases),
                        Direction::ToLibvirt => (&each.leases, &each.status),
                    };
                    text.push_str(&format!("write the leases of {from} into {to}\n"));
                }
            }
            Deed::Rename(names) => {
                for (from, to) in names {
                    text.push_str(&format!("mv {} {}\n", shell_word(from), shell_word(to)));
                }
            }
            Deed::Link(links) => {
                for (place, target) in links {
                    let (place, target) = (shell_word(place), shell_word(target));
                    text.push_str(&format!("ln -s {target} {place}\n"));
                }
            }
            Deed::End(daemon) => {
                text.push_str(&format!(
                    "kill {}  # {}\n",
                    daemon.pid,
                    visible(&daemon.program)
                ));
            }
            Deed::Reach(gateway) => text.push_str(&format!("wait for {gateway} to answer\n")),
            Deed::Await(devices) => {
                for device in devices {
                    text.push_str(&format!("wait for {device} to come up\n"));
                }
            }
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn command(command: &Command) -> String {
    let mut words = vec![command.program.clone()];
    words.extend(command.arguments.iter().map(|word| shell_word(word)));
    let head = words.join(" ");
    match &command.input {
        None => head + "\n",
        Some(input) => indented(&format!("{head} <<EOF\n"), input) + "EOF\n",
    }
}

fn indented(head: &str, body: &str) -> String {
    let mut text = head.to_owned();
    for line in body.lines() {
        // A tab is what it is; the rest may come from a host.
        let parts: Vec<String> = line
            .split('\t')
            .map(|part| visible(part).to_string())
            .collect();
        text.push_str(&format!("  {}\n", parts.join("\t")));
    }
    text
}
