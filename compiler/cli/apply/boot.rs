//! `apply --boot`: what was good last comes up again, at boot and whenever somebody removed it.
//!
//! Networks rather than none: where not everything comes up, each network is tried by itself, and
//! that some are missing is said loudly.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;

use super::{Report, recovered};
use crate::cli::{Format, Outcome, complain, load, networks, warn};
use crate::host::apply::{self, Done, Move, Standing};
use crate::host::detect::{self, Asked};
use crate::host::journal::{self, Passage};
use crate::host::lock::Lock;
use crate::host::store::{self, Generation, Number, StoreError};
use crate::host::{input, watchdog};
use crate::network::NetworkSet;
use crate::plan::{Manner, Taken};
use crate::value::NetworkName;

/// How long it waits for another run: that one may be long at work at boot.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is to come up.
struct Goal {
    /// Whether it is tried again and again, so that a log of it would only grow.
    quiet: bool,
    generation: Generation,
    set: NetworkSet,
    manner: Manner,
}

/// What came up.
struct Risen {
    done: Done,
    failed: BTreeSet<NetworkName>,
}

/// Brings up what was good last.
pub(super) fn run(quiet: bool, format: Format) -> anyhow::Result<Outcome> {
    let first = Lock::is_untouched();
    let _lock = Lock::take(PATIENCE)?;
    if first {
        forget_what_was_open()?;
    }
    let mut loud = false;
    let number = if store::numbers()?.is_empty() {
        // To put something back is not to begin something.
        match first_state(quiet)? {
            Ok(number) => number,
            Err(outcome) => return Ok(outcome),
        }
    } else if first {
        last_good()
    } else {
        // Once it is up, what is being tried is not taken back by the way.
        recovered()?.now.number
    };
    let goal = match Goal::new(number, quiet) {
        Ok(goal) => goal,
        Err(error) => {
            loud = true;
            say(&format!("state {number} cannot be read: {error}"));
            older(number, quiet)?
        }
    };
    if !quiet {
        loud |= compare_folder(&goal);
    }
    let before = standing_or_nothing(first)?;
    let risen = rise(&before, &goal)?;
    loud |= !risen.failed.is_empty();
    if first {
        store::set_last_good(store::current()?)?;
    }
    report(risen, &goal, quiet, format)?;
    Ok(match loud {
        true => Outcome::Findings,
        false => Outcome::Done,
    })
}

/// Where nothing was ever applied, the folder of the host is the first state; or there is nothing
/// to do, or it has errors.
fn first_state(quiet: bool) -> anyhow::Result<Result<Number, Outcome>> {
    let folder = PathBuf::from(networks::FOLDER);
    let empty = || {
        input::read_all(std::slice::from_ref(&folder), 1)
            .0
            .is_empty()
    };
    if quiet || !input::is_folder(&folder) || empty() {
        return Ok(Err(Outcome::Done));
    }
    let nothing = apply::standing()?;
    let Some(chosen) = networks::choose(&[], &[], &nothing, false, false)? else {
        return Ok(Err(Outcome::CouldNot));
    };
    let number = store::save(&chosen.set, nothing.now.number, None, &[], &[])?;
    store::set_last_good(number)?;
    Ok(Ok(number))
}

/// After a boot the kernel holds nothing of what was begun, and nobody waits for a confirmation.
fn forget_what_was_open() -> anyhow::Result<()> {
    journal::forget()?;
    if let Ok(None) = store::unconfirmed() {
        return Ok(());
    }
    let good = last_good();
    say(&format!(
        "the last state was not confirmed before the machine went down; going on with state {good}"
    ));
    Ok(store::set_unconfirmed(None)?)
}

/// The state that was good last. If a file that says so is damaged it was the newest one.
fn last_good() -> Number {
    let newest = || store::numbers().ok()?.first().copied();
    store::last_good().unwrap_or_else(|_| newest().unwrap_or_default())
}

/// The newest state before one that cannot be read.
fn older(number: Number, quiet: bool) -> anyhow::Result<Goal> {
    for older in store::numbers()?.into_iter().filter(|each| *each < number) {
        if let Ok(goal) = Goal::new(older, quiet) {
            say(&format!("going on with state {older}"));
            return Ok(goal);
        }
    }
    bail!("no state can be read; 'lanwright apply' begins anew")
}

/// What the host is recorded to hold. At boot it holds nothing, so that what cannot be read is no
/// obstacle.
fn standing_or_nothing(first: bool) -> Result<Standing, apply::ApplyError> {
    match apply::standing() {
        Err(_) if first => Ok(Standing {
            now: Generation::default(),
            set: NetworkSet::default(),
            interrupted: None,
        }),
        standing => standing,
    }
}

impl Goal {
    /// A state that an image was built with leaves it to the host how it is done.
    fn new(number: Number, quiet: bool) -> Result<Self, StoreError> {
        let generation = store::load(number)?;
        let set = generation.set()?;
        let manner = generation.manner;
        Ok(Goal {
            quiet,
            set,
            manner: detect::manner(Asked::default(), manner),
            generation,
        })
    }

    fn say(&self, message: &str) {
        match self.quiet {
            true => complain(message),
            false => say(message),
        }
    }

    fn moved(&self, before: &Standing, named: &BTreeSet<NetworkName>) -> Move {
        let taken: Vec<Taken> = self.generation.taken.clone();
        let manner = before.now.manner;
        Move::new(&before.set, &self.set, named, manner, self.manner, taken)
    }
}

/// Everything at once; and if that does not work, all but what is to blame.
fn rise(before: &Standing, goal: &Goal) -> anyhow::Result<Risen> {
    let mut named = networks::names(&goal.set);
    named.extend(networks::names(&before.set));
    let state = match goal.generation.manner {
        Some(_) => goal.generation.number,
        None => store::save(&goal.set, goal.generation.number, goal.manner, &[], &[])?,
    };
    let mut risen = Risen {
        done: Done::default(),
        failed: BTreeSet::new(),
    };
    match bring_up(before, goal, &named, state) {
        Ok(done) => risen.done = done,
        Err(reason) => {
            goal.say(&format!("{reason}; trying the networks by themselves"));
            let names: Vec<NetworkName> = networks::names(&goal.set).into_iter().collect();
            halves(before, goal, &names, state, &mut risen);
            journal::forget()?;
            store::set_current(state)?;
        }
    }
    Ok(risen)
}

/// Tries each half, and halves of those that do not come up: of a thousand networks, one that is
/// to blame is found after twenty tries.
fn halves(before: &Standing, goal: &Goal, names: &[NetworkName], state: Number, risen: &mut Risen) {
    let (one, other) = names.split_at(names.len() / 2);
    for half in [one, other].into_iter().filter(|half| !half.is_empty()) {
        let named = half.iter().cloned().collect();
        match (bring_up(before, goal, &named, state), half) {
            (Ok(done), _) => {
                risen.done.changes.extend(done.changes);
                risen.done.degraded.extend(done.degraded);
                risen.done.skipped.extend(done.skipped);
            }
            (Err(reason), [name]) => {
                goal.say(&format!("network '{name}' did not come up: {reason}"));
                risen.failed.insert(name.clone());
            }
            (Err(_), half) => halves(before, goal, half, state, risen),
        }
    }
}

/// Brings some networks up. It is a step within the state that is wanted: there is none to go back
/// to.
fn bring_up(
    before: &Standing,
    goal: &Goal,
    named: &BTreeSet<NetworkName>,
    state: Number,
) -> Result<Done, String> {
    let prepared = apply::prepare(goal.moved(before, named)).map_err(|error| error.to_string())?;
    if let Some(refusal) = prepared.refusals.first() {
        return Err(refusal.message.clone());
    }
    let passage = Passage {
        from: state,
        to: state,
    };
    let done = prepared.carry_out(passage);
    done.map_err(|failure| failure.error.to_string())
}

/// Whether the folder of the host has errors; that it holds something else is only said.
fn compare_folder(goal: &Goal) -> bool {
    let folder = Path::new(networks::FOLDER);
    if !input::is_folder(folder) {
        return false;
    }
    let loaded = load::load(&[PathBuf::from(folder)], |_| {});
    let number = goal.generation.number;
    let Some(set) = loaded.set.as_ref().filter(|_| loaded.unreadable.is_empty()) else {
        loaded.complain();
        say(&format!(
            "{} has errors; going on with state {number}, which was good last",
            networks::FOLDER
        ));
        return true;
    };
    let known = networks::names(&goal.set);
    let new: Vec<String> = networks::names(set)
        .into_iter()
        .filter(|name| !known.contains(name))
        .map(|name| name.to_string())
        .collect();
    if !new.is_empty() {
        warn(&format!(
            "{} has networks that were never applied: {}; 'lanwright apply' does",
            networks::FOLDER,
            new.join(", ")
        ));
    }
    false
}

/// Says it where it is found later.
fn say(message: &str) {
    complain(message);
    watchdog::log(message);
}

fn report(risen: Risen, goal: &Goal, quiet: bool, format: Format) -> anyhow::Result<()> {
    let there = networks::names(&goal.set);
    let there = there.difference(&risen.failed);
    let mut report = Report {
        networks: there.map(ToString::to_string).collect(),
        ..Report::default()
    };
    report.done(risen.done, store::current()?);
    match quiet && report.changes.is_empty() {
        true => Ok(()),
        false => report.print(format),
    }
}
