//! Two hosts, or what networks compile to, laid side by side: where their structure differs.
//!
//! Each side is a [`Capture`], read or made of what was lowered ([`side`]). Only what both sides
//! tell of is compared; the rest is named. Rules are compared in their normal form: those in chains
//! of networks a network at a time, so that the order in which networks were started is no
//! difference, all others where they stand. Whether two rulesets that differ mean the same is not
//! asked here.

pub mod meaning;
mod rules;
pub mod side;
mod state;

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::report::{DriftKind, Object, Place};
use crate::capture::{Capture, Topic};
use side::Side;

/// What `diff --format json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DiffReport {
    /// Whether they are the same.
    pub verdict: DiffVerdict,
    /// Where they differ.
    pub differences: Vec<Difference>,
    /// A packet that tells them apart; null, since only structure is compared.
    pub witness: Option<serde_json::Value>,
    /// What only one side tells of, in the words of an audit's report.
    pub not_compared: Vec<String>,
}

/// Whether two sides are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiffVerdict {
    /// Nothing differs.
    Equal,
    /// Something differs.
    Differs,
    /// They differ in words; whether they differ in meaning is not known.
    MayDiffer,
    /// Nothing can be said: they have nothing in common to compare, or a line that was not
    /// understood may make the difference.
    Undecided,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Difference {
    /// In what way: `missing` from the second side, `unexpected` there, `moved` or `changed`.
    pub kind: DriftKind,
    /// What differs.
    pub object: Object,
    /// The bridge or network that it belongs to, if it belongs to one.
    pub network: Option<String>,
    /// What the first side has.
    pub a: Option<String>,
    /// What the second side has.
    pub b: Option<String>,
    /// Where the first side has it.
    pub place_a: Place,
    /// Where the second side has it.
    pub place_b: Place,
}

/// How much is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything that both hosts have.
    Host,
    /// What belongs to networks: the first side, or the second, says nothing of anything else.
    Networks {
        /// Whether it is the first.
        first: bool,
    },
}

/// Compares two sides, in every layout that both have.
pub fn diff(a: &Side, b: &Side) -> DiffReport {
    let scope = match (a.is_of_networks(), b.is_of_networks()) {
        (true, false) => Scope::Networks { first: true },
        (false, true) => Scope::Networks { first: false },
        (true, true) | (false, false) => Scope::Host,
    };
    let mut reports = side::pairs(a, b)
        .into_iter()
        .map(|(a, b)| compare(&a, &b, scope));
    let mut whole = reports.next().unwrap_or(DiffReport {
        verdict: DiffVerdict::Undecided,
        differences: Vec::new(),
        witness: None,
        not_compared: Vec::new(),
    });
    for report in reports {
        whole.verdict = match (whole.verdict, report.verdict) {
            (DiffVerdict::Differs, _) | (_, DiffVerdict::Differs) => DiffVerdict::Differs,
            (DiffVerdict::Equal, other) => other,
            (other, _) => other,
        };
        // Files, devices and the like are the same in every layout.
        let known: HashSet<Difference> = whole.differences.iter().cloned().collect();
        let new = report
            .differences
            .into_iter()
            .filter(|it| !known.contains(it));
        whole.differences.extend(new);
        whole
            .not_compared
            .retain(|topic| report.not_compared.contains(topic));
    }
    whole
}

/// Compares two sides.
pub fn compare(a: &Capture, b: &Capture, scope: Scope) -> DiffReport {
    let mut differences = rules::compare(a, b, scope);
    differences.extend(state::compare(a, b, scope));
    let both = |topic: &Topic| a.observed(*topic) && b.observed(*topic);
    let one = |topic: &Topic| a.observed(*topic) != b.observed(*topic);
    let topics = || {
        super::TOPICS
            .iter()
            .filter(|(topic, _)| *topic != Topic::Leases)
    };
    let compared = topics().any(|(topic, _)| both(topic));
    let not_compared = topics().filter(|(topic, _)| one(topic));
    let is_open = !(compared && a.gaps.is_empty() && b.gaps.is_empty());
    DiffReport {
        verdict: match (differences.is_empty(), is_open) {
            (false, _) => DiffVerdict::Differs,
            (true, true) => DiffVerdict::Undecided,
            (true, false) => DiffVerdict::Equal,
        },
        differences,
        witness: None,
        not_compared: not_compared.map(|(_, word)| (*word).to_owned()).collect(),
    }
}
