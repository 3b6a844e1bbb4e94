//! A table on its three sides, and what becomes of its chains.

use std::collections::{BTreeSet, HashSet};

use super::change::DeltaChange;
use super::edit::Edits;
use super::owner::Owners;
use crate::firewall::{Chain, NormalRule, Rule, Ruleset, Table, TableFamily, Target};

/// A table as it is to be, as it was left before, and as it is.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub family: TableFamily,
    pub name: &'a str,
    pub wanted: Option<&'a Table>,
    pub retired: Option<&'a Table>,
    pub observed: Option<&'a Table>,
}

/// A chain that is changed.
pub(super) struct ChainEdit<'a> {
    pub chain: &'a str,
    /// The rules that it has.
    pub observed: &'a [Rule],
    /// The rules that it is to have.
    pub wanted: &'a [Rule],
    pub edits: Edits,
    /// The bridges whose rules come or go.
    owners: BTreeSet<&'a str>,
}

/// The table of this family and name.
fn find<'a>(ruleset: &'a Ruleset, family: TableFamily, name: &str) -> Option<&'a Table> {
    let mut tables = ruleset.tables.iter();
    tables.find(|table| table.family == family && table.name == name)
}

/// The chain of this name.
pub(super) fn chain<'a>(table: Option<&'a Table>, name: &str) -> Option<&'a Chain> {
    table?.chains.iter().find(|chain| chain.name == name)
}

fn rules<'a>(table: Option<&'a Table>, name: &str) -> &'a [Rule] {
    chain(table, name).map_or(&[], |chain| &chain.rules)
}

/// Rules in their normal form.
pub(super) fn normal(rules: &[Rule], family: TableFamily) -> Vec<NormalRule> {
    let rules = rules.iter();
    rules.map(|rule| NormalRule::of(rule, family)).collect()
}

/// The chain that a rule leads to.
pub(super) fn leads_to(target: &Target) -> Option<&str> {
    if let Target::Jump(chain) | Target::Goto(chain) = target {
        Some(chain)
    } else {
        None
    }
}

impl<'a> Sides<'a> {
    /// Each table that either of the first two sides holds.
    pub(super) fn of(
        wanted: &'a Ruleset,
        retired: &'a Ruleset,
        observed: &'a Ruleset,
    ) -> Vec<Sides<'a>> {
        let mut all: Vec<Sides<'a>> = Vec::new();
        for table in wanted.tables.iter().chain(&retired.tables) {
            let (family, name) = (table.family, table.name.as_str());
            if all
                .iter()
                .all(|one| (one.family, one.name) != (family, name))
            {
                all.push(Sides {
                    family,
                    name,
                    wanted: find(wanted, family, name),
                    retired: find(retired, family, name),
                    observed: find(observed, family, name),
                });
            }
        }
        all
    }

    /// The chains of the first two sides, each once.
    pub(super) fn chains(&self) -> Vec<&'a Chain> {
        let mut seen = HashSet::new();
        let tables = [self.wanted, self.retired];
        let chains = tables.into_iter().flatten().flat_map(|table| &table.chains);
        chains.filter(|chain| seen.insert(&chain.name)).collect()
    }

    /// What becomes of a chain. Jumps that are not wanted stay, as they are everyone's, unless all
    /// chains of ours are `going`.
    pub(super) fn edit(&self, chain: &'a str, going: bool, owners: &'a Owners) -> ChainEdit<'a> {
        let (observed, wanted) = (rules(self.observed, chain), rules(self.wanted, chain));
        let here = normal(observed, self.family);
        let there = normal(wanted, self.family);
        let retired: Vec<NormalRule> = normal(rules(self.retired, chain), self.family)
            .into_iter()
            .filter(|rule| going || leads_to(&rule.target).is_none())
            .collect();
        let edits = Edits::of(&here, &there, &retired, |rule| owners.bridge(rule));
        let gone = edits.removed.iter().map(|at| &here[*at]);
        let came = edits.inserted.iter().map(|insert| &there[insert.wanted]);
        let owners = gone.chain(came).filter_map(|rule| owners.bridge(rule));
        let owners = owners.collect();
        ChainEdit {
            chain,
            observed,
            wanted,
            edits,
            owners,
        }
    }

    /// Whether a chain holds a rule that neither of the first two sides has there.
    pub(super) fn has_others(&self, chain: &str) -> bool {
        let ours = [self.wanted, self.retired].map(|side| normal(rules(side, chain), self.family));
        let ours: HashSet<&NormalRule> = ours.iter().flatten().collect();
        let observed = rules(self.observed, chain).iter();
        let mut observed = observed.map(|rule| NormalRule::of(rule, self.family));
        observed.any(|rule| !ours.contains(&rule))
    }
}

impl ChainEdit<'_> {
    /// What it changes; nothing if nothing.
    pub(super) fn change(&self, object: String) -> Option<DeltaChange> {
        let counts = (self.edits.inserted.len(), self.edits.removed.len());
        DeltaChange::of(object, "rule", counts, &self.owners)
    }
}
