//! `boot`: whether networks come up by themselves when the machine starts.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Format, Outcome};
use crate::backend::systemd::boot::{BOOT_UNIT, TIMER_UNIT, Unit, units};
use crate::host::boot::{self, Found, Tree};
use crate::host::{detect, input, store, terminal};

/// Have the networks come up when the machine starts, and again after a firewall was restarted
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Install the units, and have systemd start them from now on
    Enable(Place),
    /// Remove exactly what 'enable' installed; the networks stay as they are
    Disable(Place),
    /// Whether they are installed, how the last start went, and what comes up
    Status(Asked),
}

#[derive(Debug, Args)]
struct Place {
    /// The tree of an image; nothing is changed here
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Asked {
    #[command(flatten)]
    place: Place,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What `boot status` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    /// Whether all units are there.
    pub enabled: bool,
    /// Units and links that are missing though others are there.
    pub missing: Vec<String>,
    /// How systemd describes the unit that brings networks up: `active`, `inactive`, `failed`; null
    /// for an image, or without systemd.
    pub active: Option<String>,
    /// How its last run ended: `success`, `exit-code`, `timeout`.
    pub result: Option<String>,
    /// Whether the timer runs that puts right what was flushed.
    pub watched: Option<bool>,
    /// The state that comes up; null if nothing was ever applied.
    pub last_good: Option<store::Number>,
    /// Its networks.
    pub networks: Vec<String>,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    match &arguments.action {
        Action::Enable(place) => enable(place.root.as_deref()),
        Action::Disable(place) => disable(place.root.as_deref()),
        Action::Status(asked) => status(asked),
    }
}

fn enable(root: Option<&Path>) -> anyhow::Result<Outcome> {
    let tree = tree(root, "boot enable")?;
    let program = program(&tree)?;
    let units = units(&program);
    if let Some(path) = tree.foreign(&units) {
        bail!(
            "{} is of a compiled tree: disable lanwright.service and remove the units of the tree \
             first",
            path.display()
        );
    }
    let changed = tree.install(&units)?;
    if tree.is_live() {
        if !changed.is_empty() {
            boot::reread()?;
        }
        boot::set_timer(true)?;
    }
    told(&changed, "wrote", "enabled already: nothing was changed")
}

fn disable(root: Option<&Path>) -> anyhow::Result<Outcome> {
    let tree = tree(root, "boot disable")?;
    let ours = units("");
    let (there, _) = tree.look(&ours);
    if tree.is_live() && there.iter().any(|path| path.ends_with(TIMER_UNIT)) {
        boot::set_timer(false)?;
    }
    let gone = tree.remove(&ours)?;
    if tree.is_live() && !gone.is_empty() {
        boot::leave_dnsmasq_unit()?;
        boot::reread()?;
    }
    told(&gone, "removed", "not enabled: nothing was changed")
}

/// The tree that is meant, if it can be changed.
fn tree(root: Option<&Path>, command: &str) -> anyhow::Result<Tree> {
    let tree = Tree::new(root)?;
    if tree.is_live() {
        super::must_be_root(command)?;
        if !detect::runs_systemd() {
            bail!(
                "systemd does not run this machine; have your init run 'lanwright apply --boot', \
                 after the firewall and before guests"
            );
        }
    }
    Ok(tree)
}

/// The program that the units run: one that will still be there at the next boot.
fn program(tree: &Tree) -> anyhow::Result<String> {
    let path = match tree.program() {
        Found::Itself(path) => path,
        Found::Another(path) => {
            if tree.is_live() {
                super::warn(&format!(
                    "the units run {}, for the program that runs now lies where it may go away",
                    path.display()
                ));
            }
            path
        }
        Found::Nowhere(running) if tree.is_live() => bail!(
            "{} may be gone at the next boot: install it first, as with 'install -m 755 {} \
             /usr/local/bin/lanwright'",
            running.display(),
            running.display()
        ),
        Found::Nowhere(_) => {
            let path = PathBuf::from("/usr/bin/lanwright");
            super::warn(&format!(
                "there is no lanwright in the image; the units run {}",
                path.display()
            ));
            path
        }
    };
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !path.chars().all(plain) {
        bail!("no unit can run {path}: install it under a plain name");
    }
    Ok(path)
}

fn told(paths: &[PathBuf], verb: &str, nothing: &str) -> anyhow::Result<Outcome> {
    let mut text = String::new();
    for path in paths {
        text.push_str(&format!("{verb} {}\n", path.display()));
    }
    if paths.is_empty() {
        text = format!("{nothing}\n");
    }
    terminal::print(&text).context("cannot print the result")?;
    Ok(Outcome::Done)
}

fn status(asked: &Asked) -> anyhow::Result<Outcome> {
    let status = look(asked.place.root.as_deref())?;
    let text = match asked.format {
        Format::Json => super::json(&status)?,
        Format::Text => status.text(),
    };
    terminal::print(&text).context("cannot print the result")?;
    Ok(match status.enabled {
        true => Outcome::Done,
        false => Outcome::Findings,
    })
}

fn look(root: Option<&Path>) -> anyhow::Result<Status> {
    let tree = Tree::new(root)?;
    if let Some(root) = root {
        store::set_root(&input::image(root)?);
    }
    let ours: Vec<Unit> = units("");
    let (there, missing) = tree.look(&ours);
    let none = there.is_empty();
    let number = store::last_good()?;
    let known = !store::numbers()?.is_empty();
    let generation = store::load(number)?;
    let live = tree.is_live() && detect::runs_systemd() && !none;
    let ask = |unit: &str, name: &str| {
        let told = live.then(|| boot::properties(unit, &[name]));
        let told = told.into_iter().flatten().find(|(each, _)| each == name);
        told.map(|(_, value)| value)
    };
    Ok(Status {
        enabled: missing.is_empty(),
        missing: match none {
            true => Vec::new(),
            false => missing
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
        },
        active: ask(BOOT_UNIT, "ActiveState"),
        result: ask(BOOT_UNIT, "Result"),
        watched: ask(TIMER_UNIT, "ActiveState").map(|state| state == "active"),
        last_good: known.then_some(number),
        networks: generation
            .declared
            .iter()
            .map(|each| each.network.name.to_string())
            .collect(),
    })
}

impl Status {
    fn text(&self) -> String {
        let mut text = match (self.enabled, self.missing.is_empty()) {
            (true, _) => "enabled\n".to_owned(),
            (false, true) => "not enabled; 'lanwright boot enable' does it\n".to_owned(),
            (false, false) => "enabled in part; 'lanwright boot enable' mends it\n".to_owned(),
        };
        for path in &self.missing {
            text.push_str(&format!("missing: {path}\n"));
        }
        if let (Some(active), Some(result)) = (&self.active, &self.result) {
            text.push_str(&format!("last start: {active}, {result}\n"));
        }
        if self.watched == Some(false) {
            text.push_str("the timer does not run\n");
        }
        let networks = self.networks.join(", ");
        text.push_str(&match (self.last_good, self.networks.is_empty()) {
            (None, _) => "comes up: what is in /etc/lanwright/networks then\n".to_owned(),
            (Some(number), true) => format!("comes up: nothing, which is state {number}\n"),
            (Some(number), false) => format!("comes up: state {number}: {networks}\n"),
        });
        text
    }
}
