//! What iptables is to load: changes of libvirt's chains, and of the jumps that lead there.
//!
//! `observed` may hold both families. libvirt makes its chains for both, so they stay, empty or
//! not, as long as somebody's rules are in one of them; with the last network all of them go.

use std::collections::HashSet;

use super::change::DeltaChange;
use super::edit::Insert;
use super::owner::Owners;
use super::sides::{ChainEdit, Sides, chain, leads_to};
use super::{Delta, RuleLoader};
use crate::backend::iptables::{Script, print_rule};
use crate::firewall::{Family, Rule, Ruleset, TableFamily};

/// What iptables of this family is to load so that `observed` holds what is wanted.
pub fn iptables(
    wanted: &Ruleset,
    retired: &Ruleset,
    observed: &Ruleset,
    family: Family,
) -> Option<Delta> {
    let owners = Owners::of([wanted, retired]);
    let sides = Sides::of(wanted, retired, observed);
    let going = wanted.tables.is_empty() && !sides.iter().any(is_shared);
    let of_family = match family {
        Family::Ipv4 => TableFamily::Ip,
        Family::Ipv6 => TableFamily::Ip6,
    };
    let (mut text, mut changes) = (String::new(), Vec::new());
    for sides in sides.into_iter().filter(|sides| sides.family == of_family) {
        let mut table = TableChange {
            sides,
            family,
            going,
            script: Script::new(sides.name, family),
            changes: Vec::new(),
        };
        table.chains(&owners);
        text.push_str(&table.script.text());
        changes.append(&mut table.changes);
    }
    (!text.is_empty()).then_some(Delta {
        tool: RuleLoader::iptables(family),
        text,
        changes,
    })
}

/// Whether somebody else has rules in a chain of libvirt's.
fn is_shared(sides: &Sides<'_>) -> bool {
    let private = sides
        .chains()
        .into_iter()
        .filter(|each| each.base.is_none());
    private.into_iter().any(|each| sides.has_others(&each.name))
}

/// Changes of one table, as they are collected.
struct TableChange<'a> {
    sides: Sides<'a>,
    family: Family,
    /// Whether all chains of libvirt's go.
    going: bool,
    script: Script,
    changes: Vec<DeltaChange>,
}

impl<'a> TableChange<'a> {
    /// Chains are made before rules lead to them, and go when none does any more.
    fn chains(&mut self, owners: &'a Owners) {
        let (built_in, private): (Vec<_>, Vec<_>) = self
            .sides
            .chains()
            .into_iter()
            .partition(|chain| chain.base.is_some());
        for each in &private {
            let is_wanted = chain(self.sides.wanted, &each.name).is_some();
            if is_wanted && chain(self.sides.observed, &each.name).is_none() {
                self.script.make_chain(&each.name);
                self.say(&each.name, "make it");
            }
        }
        let chains = private.iter().chain(&built_in);
        let edits: Vec<ChainEdit<'_>> = chains
            .map(|chain| self.sides.edit(&chain.name, self.going, owners))
            .collect();
        edits.iter().for_each(|edit| self.delete(edit));
        for edit in &edits {
            self.insert(edit);
            self.changes.extend(edit.change(self.object(edit.chain)));
        }
        for each in &private {
            if self.going && self.can_go(&each.name, &edits) {
                self.script.delete_chain(&each.name);
                self.say(&each.name, "remove it");
            }
        }
    }

    fn object(&self, chain: &str) -> String {
        format!("chain {} {chain}", self.sides.name)
    }

    fn say(&mut self, chain: &str, action: &str) {
        let change = DeltaChange::new(self.object(chain), action);
        self.changes.push(change);
    }

    /// A rule is named by what it says, which holds even if somebody adds another meanwhile; by
    /// its number only where one before it that stays says the same.
    fn delete(&mut self, edit: &ChainEdit<'_>) {
        let removed = &edit.edits.removed;
        if removed.is_empty() {
            return;
        }
        let print = |rule: &Rule| print_rule(edit.chain, rule, self.family).ok();
        let (mut stay, mut done) = (HashSet::new(), 0);
        for (at, rule) in edit.observed.iter().enumerate() {
            let says = print(rule);
            if removed.get(done) != Some(&at) {
                stay.extend(says);
                continue;
            }
            let is_first = says.is_some_and(|says| !stay.contains(&says));
            if !is_first || self.script.delete_rule(edit.chain, rule).is_err() {
                self.script.delete_number(edit.chain, at - done + 1);
            }
            done += 1;
        }
    }

    fn insert(&mut self, edit: &ChainEdit<'_>) {
        let gone = &edit.edits.removed;
        for (done, Insert { before, wanted }) in edit.edits.inserted.iter().enumerate() {
            let stay = before - gone.partition_point(|gone| gone < before);
            self.script
                .insert_rule(edit.chain, stay + done + 1, &edit.wanted[*wanted])
                .expect("the layout is made of what iptables can say, as compiling shows");
        }
    }

    /// Whether a chain is there, and no rule that stays leads to it.
    fn can_go(&self, name: &str, edits: &[ChainEdit<'_>]) -> bool {
        let Some(table) = self.sides.observed else {
            return false;
        };
        let stays = |chain: &str, at: usize| {
            let mut edits = edits.iter();
            let edit = edits.find(|edit| edit.chain == chain);
            edit.is_none_or(|edit| edit.edits.removed.binary_search(&at).is_err())
        };
        let is_used = table.chains.iter().any(|chain| {
            let mut rules = chain.rules.iter().enumerate();
            rules.any(|(at, rule)| leads_to(&rule.target) == Some(name) && stays(&chain.name, at))
        });
        chain(Some(table), name).is_some() && !is_used
    }
}
