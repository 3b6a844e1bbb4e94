//! Saying what a text changes, for people and JSON.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

/// Something that a text changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeltaChange {
    /// What is changed: `chain filter LIBVIRT_FWI`.
    pub object: String,
    /// What is done to it: `add 2 rules, remove 1 (virbr0)`.
    pub action: String,
}

/// How many bridges are named; more are counted.
const NAMED: usize = 3;

impl DeltaChange {
    /// A change.
    pub(super) fn new(object: impl Into<String>, action: impl Into<String>) -> Self {
        DeltaChange {
            object: object.into(),
            action: action.into(),
        }
    }

    /// Rules, elements and the like that come and go; nothing where none do.
    pub(super) fn of(
        object: impl Into<String>,
        noun: &str,
        (added, removed): (usize, usize),
        owners: &BTreeSet<&str>,
    ) -> Option<Self> {
        let count = |number: usize| match number {
            1 => format!("1 {noun}"),
            _ => format!("{number} {noun}s"),
        };
        let action = match (added, removed) {
            (0, 0) => return None,
            (_, 0) => format!("add {}", count(added)),
            (0, _) => format!("remove {}", count(removed)),
            (_, _) => format!("add {}, remove {removed}", count(added)),
        };
        Some(DeltaChange::named(object, action, owners))
    }

    /// A change of what these own.
    pub(super) fn named(
        object: impl Into<String>,
        action: impl Into<String>,
        owners: &BTreeSet<&str>,
    ) -> Self {
        let mut action = action.into();
        action.push_str(&named(owners));
        DeltaChange::new(object, action)
    }
}

/// ` (virbr0, virbr1)`; nothing where no name is known.
fn named(owners: &BTreeSet<&str>) -> String {
    if owners.is_empty() {
        return String::new();
    }
    let first: Vec<&str> = owners.iter().take(NAMED).copied().collect();
    let more = match owners.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(" ({}{more})", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_and_named() {
        let said = |counts, owners: &[&str]| {
            let owners = owners.iter().copied().collect();
            DeltaChange::of("chain c", "rule", counts, &owners).map(|change| change.action)
        };
        assert_eq!(said((0, 0), &["virbr0"]), None);
        assert_eq!(said((1, 0), &[]).as_deref(), Some("add 1 rule"));
        let many = ["a", "b", "c", "d", "e"];
        let action = said((2, 1), &many);
        assert_eq!(
            action.as_deref(),
            Some("add 2 rules, remove 1 (a, b, c and 2 more)")
        );
        let action = said((0, 3), &["virbr0"]);
        assert_eq!(action.as_deref(), Some("remove 3 rules (virbr0)"));
    }
}
