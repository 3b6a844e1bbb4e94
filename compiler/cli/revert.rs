//! `revert`: an earlier state comes back; and the watchdog, which reverts by itself.

use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use super::apply::{Report, told};
use super::{Format, Outcome};
use crate::host::store::{self, Number};
use crate::host::{apply, clock, terminal, watchdog};
use crate::plan::Change;

/// Go back to the state before, or to an earlier one
#[derive(Debug, Args)]
pub struct Arguments {
    /// The state to go back to; 0 is a host without networks of lanwright
    #[arg(long, value_name = "STATE")]
    to: Option<Number>,
    /// List the states that are kept
    #[arg(long, conflicts_with = "to")]
    list: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Wait this long, and revert if the current state is not confirmed by then
    #[arg(long, hide = true, value_name = "SECONDS")]
    watch: Option<u64>,
}

/// Reverts.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    if let Some(seconds) = arguments.watch {
        return run_watch(
            arguments.to.unwrap_or_default(),
            Duration::from_secs(seconds),
        );
    }
    if arguments.list {
        return list();
    }
    let _lock = super::alone("revert")?;
    go_back(arguments.to, arguments.format)
}

fn list() -> anyhow::Result<Outcome> {
    let (current, good) = (store::current()?, store::last_good()?);
    let mut text = String::new();
    if current == 0 {
        text.push_str("   0  (now)  no networks\n");
    }
    for number in store::numbers()? {
        let generation = store::load(number)?;
        let names: Vec<&str> = generation
            .declared
            .iter()
            .map(|each| each.network.name.as_str())
            .collect();
        let mark = match (number == current, number == good) {
            (true, true) => " (now)",
            (true, false) => " (now, not confirmed)",
            (false, true) => " (last good)",
            (false, false) => "",
        };
        let made = generation.made;
        text.push_str(&format!(
            "{number:>4}  {made}{mark}  {}\n",
            names.join(", ")
        ));
    }
    terminal::print(&text).context("cannot print the result")?;
    Ok(Outcome::Done)
}

fn go_back(to: Option<Number>, format: Format) -> anyhow::Result<Outcome> {
    let standing = apply::standing()?;
    let now = standing.now.number;
    let target = match (to, standing.interrupted) {
        (Some(to), _) => to,
        // What was interrupted is not finished first: its way back is what is asked for.
        (None, Some(passage)) => passage.from.min(passage.to),
        (None, None) => standing.now.before,
    };
    if target == now && standing.interrupted.is_none() {
        bail!("the host holds state {target} already");
    }
    let target = store::load(target)
        .with_context(|| "there is no such state; 'lanwright revert --list' shows them")?;
    let done = apply::go_back(&standing, &target).map_err(|failure| told(&failure))?;
    store::set_last_good(target.number)?;
    store::set_unconfirmed(None)?;
    let names = target
        .declared
        .iter()
        .map(|each| each.network.name.to_string());
    let mut report = Report {
        networks: names.collect(),
        went_back: true,
        ..Report::default()
    };
    report.done(done, target.number);
    report.print(format)?;
    Ok(Outcome::Done)
}

/// Has a process of its own go back, unless the new state is confirmed in time. It is there before
/// anything is changed.
pub(super) fn watch(before: Number, to: Number, seconds: u64) -> anyhow::Result<()> {
    store::set_unconfirmed(Some(to))?;
    let now = u64::try_from(clock::now().as_second()).unwrap_or_default();
    store::set_deadline(now.saturating_add(seconds))?;
    watchdog::start(before, seconds)
        .or_else(|error| {
            store::set_unconfirmed(None)?;
            Err(anyhow::Error::from(error))
        })
        .context("the watchdog cannot be started; nothing was changed")
}

/// The watchdog itself.
fn run_watch(before: Number, patience: Duration) -> anyhow::Result<Outcome> {
    watchdog::detach()?;
    let Some(watched) = store::unconfirmed()? else {
        return Ok(Outcome::Done);
    };
    thread::sleep(patience);
    if store::unconfirmed()? != Some(watched) {
        return Ok(Outcome::Done);
    }
    watchdog::log(&format!(
        "state {watched} was not confirmed; going back to state {before}"
    ));
    let result = watched_revert(before);
    match &result {
        Ok(changes) => watchdog::log(&format!(
            "went back to state {before}: {}; verified",
            super::counted(changes.len(), "change")
        )),
        Err(error) => watchdog::log(&format!("could not go back: {error:#}")),
    }
    result.map(|_| Outcome::Done)
}

fn watched_revert(before: Number) -> anyhow::Result<Vec<Change>> {
    let _lock = watchdog::lock()?;
    let standing = apply::standing()?;
    let target = store::load(before)?;
    let done = apply::go_back(&standing, &target).map_err(|failure| told(&failure))?;
    store::set_last_good(before)?;
    store::set_unconfirmed(None)?;
    Ok(done.changes)
}
