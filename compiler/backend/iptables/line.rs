//! Printing one rule in the words of `iptables-save`.

use super::extension::{print_matches, print_target};
use super::own;
use crate::backend::gap::Inexpressible;
use crate::firewall::{Family, Rule};

/// Appends the rule's matches and target, each word after a blank.
pub(super) fn print_rule(
    text: &mut String,
    rule: &Rule,
    family: Family,
) -> Result<(), Inexpressible> {
    if rule.counter.is_none() {
        return Err(inexpressible("a rule that does not count"));
    }
    if !rule.effects.is_empty() {
        return Err(inexpressible("a rule that does more than one thing"));
    }
    own::print(text, &rule.matches, family)?;
    print_matches(text, &rule.matches, family)?;
    print_target(text, &rule.target, family)
}

pub(super) fn inexpressible(what: impl Into<String>) -> Inexpressible {
    Inexpressible {
        language: "iptables",
        what: what.into(),
    }
}
