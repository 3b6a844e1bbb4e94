//! Kernel settings: only those that differ are set.

use std::collections::HashMap;

use super::step::{Change, Deed, Impact, Kind, Step};
use super::{Observed, Wish};
use crate::capture::Topic;
use crate::state::Sysctl;

/// The settings of single links, which come before their addresses; then the global ones, which
/// come after.
pub(super) fn settings(wish: &Wish<'_>, observed: &Observed) -> (Option<Step>, Option<Step>) {
    let there: HashMap<&[String], &str> = observed
        .capture
        .state
        .sysctls
        .iter()
        .map(|sysctl| (sysctl.key.as_slice(), sysctl.value.as_str()))
        .collect();
    // Without IPv6 in the kernel there is nothing to set, as in `networkSetIPv6Sysctls`.
    let disabled = ["net", "ipv6", "conf", "all", "disable_ipv6"].map(str::to_owned);
    let looked = observed.capture.topics.contains(&Topic::Sysctls);
    let no_ipv6 = looked && !there.contains_key(disabled.as_slice());
    let differing = wish.wanted.state.sysctls.iter().filter(|sysctl| {
        let hopeless = no_ipv6 && sysctl.key.get(1).is_some_and(|part| part == "ipv6");
        !hopeless && there.get(sysctl.key.as_slice()) != Some(&sysctl.value.as_str())
    });
    let (of_links, global): (Vec<&Sysctl>, Vec<&Sysctl>) =
        differing.partition(|sysctl| sysctl.link.is_some());
    (step(&of_links), step(&global))
}

fn step(sysctls: &[&Sysctl]) -> Option<Step> {
    if sysctls.is_empty() {
        return None;
    }
    let change = |sysctl: &&Sysctl| {
        let object = sysctl.key.join("/");
        let change = Change::new(Kind::Sysctl, object, format!("set to {}", sysctl.value));
        change.with(Impact::InPlace)
    };
    let set = sysctls
        .iter()
        .map(|sysctl| (sysctl.key.clone(), sysctl.value.clone()));
    Some(Step::new(
        sysctls.iter().map(change).collect(),
        Deed::Set(set.collect()),
    ))
}
