//! What of this machine was applied, and whether it is still so.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::apply::report::line;
use crate::cli::counted;
use crate::cli::networks::names;
use crate::host::apply::{self, ApplyError, Standing};
use crate::host::store::{self, Number};
use crate::host::{clock, is_root};
use crate::plan::Change;

/// The most changes that are printed.
const MOST: usize = 10;

/// What was applied to this machine.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Applied {
    /// The number under which it is kept.
    pub state: Number,
    /// The last state that is known to be good; null if there is none.
    pub last_good: Option<Number>,
    /// Whether it goes back by itself unless it is confirmed.
    pub unconfirmed: bool,
    /// In how many seconds it does; null if it does not.
    pub seconds_left: Option<u64>,
    /// Whether an apply was interrupted, and is finished by the next.
    pub interrupted: bool,
    /// The networks.
    pub networks: BTreeSet<String>,
    /// What an apply of the same networks would change: nothing if the host is in sync; null if it
    /// could not be looked at.
    pub drift: Option<Vec<Change>>,
}

impl Applied {
    /// What is recorded, held against the host; `None` if nothing was ever applied.
    pub fn look() -> Result<Option<Self>, ApplyError> {
        if store::current()? == 0 {
            return Ok(None);
        }
        let standing = apply::standing()?;
        let Standing {
            now,
            set,
            interrupted,
        } = &standing;
        let waits = store::unconfirmed()?;
        let left = |deadline: u64| {
            let now = u64::try_from(clock::now().as_second()).unwrap_or_default();
            deadline.saturating_sub(now)
        };
        let drift = match is_root() {
            true => Some(apply::drift(&standing)?),
            false => None,
        };
        Ok(Some(Applied {
            state: now.number,
            last_good: Some(store::last_good()?).filter(|number| *number > 0),
            unconfirmed: waits.is_some(),
            seconds_left: waits.and(store::deadline()?).map(left),
            interrupted: interrupted.is_some(),
            networks: names(set).iter().map(ToString::to_string).collect(),
            drift,
        }))
    }

    /// The lines about it.
    pub fn text(&self) -> String {
        let mut text = format!("\nstate {}: ", self.state);
        text += &counted(self.networks.len(), "network");
        text += " applied";
        match (self.unconfirmed, self.seconds_left) {
            (true, Some(seconds)) => {
                text += &format!(", goes back in {seconds} s unless confirmed: lanwright confirm");
            }
            (true, None) => text += ", not confirmed: lanwright confirm",
            (false, _) => {}
        }
        if let Some(good) = self.last_good.filter(|good| *good != self.state) {
            text += &format!(", last good state {good}");
        }
        match &self.drift {
            None => text += "; whether it is still so takes root to see",
            Some(drift) if drift.is_empty() => text += ", in sync",
            Some(drift) => {
                let count = counted(drift.len(), "change");
                text += &format!(", drifted; 'lanwright apply' would make {count}:");
            }
        }
        text.push('\n');
        let drift = self.drift.as_deref().unwrap_or_default();
        text.extend(
            drift
                .iter()
                .take(MOST)
                .map(|change| format!("  {}", line(change))),
        );
        if let Some(more) = drift.len().checked_sub(MOST).filter(|more| *more > 0) {
            text += &format!("  and {more} more\n");
        }
        if self.interrupted {
            text += "an apply was interrupted; the next one finishes it\n";
        }
        text
    }
}
