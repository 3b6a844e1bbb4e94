//! Our own layout: chains of a network come, go and are filled anew whole; elements of maps and
//! what leads to the maps change one by one.
//!
//! An element that goes is gone before the chain it leads to, and one that comes does so last. A
//! map or base chain of another shape cannot be mended: where all of the table is ours, the table
//! is made anew; else that map or chain. Comments of chains are not compared, because the kernel
//! keeps the first. Nothing here changes a table that holds another network's chains but in place.

mod maps;

use std::collections::{BTreeSet, HashSet};

use super::{SAYABLE, Script, edit_chain, family_word, make_chain, object};
use crate::firewall::{Base, Chain, Table};
use crate::plan::firewall::change::DeltaChange;
use crate::plan::firewall::owner::Owners;
use crate::plan::firewall::sides::{ChainEdit, Sides, chain, leads_to, normal};
use maps::MapChange;

/// The change of the table.
pub(super) fn change(sides: Sides<'_>, owners: &Owners) -> (Script, Vec<DeltaChange>) {
    let mut script = Script::new(sides.family, sides.name);
    let mut changes = Vec::new();
    let Some(observed) = sides.observed else {
        mend(&mut script, &mut changes, sides, owners);
        return (script, changes);
    };
    let alone = !has_others(&sides, observed);
    let name = format!("table {} {}", family_word(sides.family), sides.name);
    if sides.wanted.is_none() {
        if alone {
            script.delete_table();
            changes.push(DeltaChange::new(name, "remove it"));
        } else {
            mend(&mut script, &mut changes, sides, owners);
        }
        return (script, changes);
    }
    if is_mendable(&sides) {
        mend(&mut script, &mut changes, sides, owners);
    } else if alone {
        script.delete_table();
        changes.push(DeltaChange::new(name, "make it anew"));
        let sides = Sides {
            observed: None,
            ..sides
        };
        mend(&mut script, &mut changes, sides, owners);
    } else {
        let mut rest = observed.clone();
        unmake(&mut script, &mut changes, &sides, &mut rest);
        let misshapen = maps::changes(&sides).into_iter();
        let misshapen: Vec<_> = misshapen.filter(MapChange::is_misshapen).collect();
        let sides = Sides {
            wanted: sides.wanted,
            retired: sides.retired,
            observed: Some(&rest),
            ..sides
        };
        mend(&mut script, &mut changes, sides, owners);
        misshapen
            .iter()
            .for_each(|map| map.give_back(&mut script, &sides));
    }
    (script, changes)
}

/// Whether the table holds anything that is not ours.
fn has_others(sides: &Sides<'_>, table: &Table) -> bool {
    let ours = sides.chains();
    let other_chain = |each: &Chain| match ours.iter().find(|chain| chain.name == each.name) {
        None => true,
        Some(_) => each.base.is_some() && sides.has_others(&each.name),
    };
    let mut sets = table.sets.iter();
    !table.objects.is_empty()
        || sets.any(|set| maps::has_others(sides, set))
        || table.chains.iter().any(other_chain)
}

/// Whether maps and base chains that are there have the shape that is wanted.
fn is_mendable(sides: &Sides<'_>) -> bool {
    let misshapen = |each: &Chain| {
        chain(sides.observed, &each.name).is_some_and(|there| !enters_alike(each, there))
    };
    let mut maps = maps::changes(sides).into_iter();
    !maps.any(|map| map.is_misshapen()) && !sides.chains().into_iter().any(misshapen)
}

/// Whether packets enter two chains at one place. The policy can be changed.
fn enters_alike(one: &Chain, other: &Chain) -> bool {
    let place = |base: &Base| (base.kind, base.hook, base.priority, base.devices.clone());
    one.base.as_ref().map(place) == other.base.as_ref().map(place)
}

/// Removes what has the wrong shape, from the host and from `rest`, for it to be made anew. A base
/// chain in which somebody else has rules stays.
fn unmake(
    script: &mut Script,
    changes: &mut Vec<DeltaChange>,
    sides: &Sides<'_>,
    rest: &mut Table,
) {
    for each in sides.chains() {
        let there = chain(sides.observed, &each.name);
        let misshapen = there.is_some_and(|there| !enters_alike(each, there));
        if misshapen && !sides.has_others(&each.name) {
            script.flush_chain(&each.name);
            script.delete_chain(&each.name);
            rest.chains.retain(|chain| chain.name != each.name);
            changes.push(DeltaChange::new(object(sides, &each.name), "remove it"));
        }
    }
    for map in maps::changes(sides) {
        if map.is_misshapen() {
            map.unmake(script, sides, rest);
            changes.push(DeltaChange::new(map.object(sides), "remove it"));
        }
    }
}

/// What becomes of the chains of networks.
#[derive(Default)]
struct Chains<'a> {
    /// They come.
    made: Vec<&'a Chain>,
    /// They are filled anew.
    refilled: Vec<&'a Chain>,
    /// They go.
    gone: Vec<&'a Chain>,
}

impl<'a> Chains<'a> {
    fn of(sides: &Sides<'a>) -> Self {
        let mut chains = Chains::default();
        let regular = sides
            .chains()
            .into_iter()
            .filter(|chain| chain.base.is_none());
        for each in regular {
            let is_wanted = chain(sides.wanted, &each.name).is_some();
            let rules = |chain: &Chain| normal(&chain.rules, sides.family);
            match (chain(sides.observed, &each.name), is_wanted) {
                (None, true) => chains.made.push(each),
                (None, false) => {}
                (Some(there), true) if rules(there) == rules(each) => {}
                (Some(_), true) => chains.refilled.push(each),
                (Some(_), false) => chains.gone.push(each),
            }
        }
        chains
    }

    /// Whether the rules that a chain has go.
    fn empties(&self, name: &str) -> bool {
        let mut emptied = self.refilled.iter().chain(&self.gone);
        emptied.any(|chain| chain.name == name)
    }
}

/// Changes the table in place.
fn mend(script: &mut Script, changes: &mut Vec<DeltaChange>, sides: Sides<'_>, owners: &Owners) {
    if let (Some(table), None) = (sides.wanted, sides.observed) {
        script.add_table(table).expect(SAYABLE);
    }
    let chains = Chains::of(&sides);
    let maps = maps::changes(&sides);
    let base = sides.wanted.map_or(&[][..], |table| &table.chains);
    let base: Vec<&Chain> = base.iter().filter(|chain| chain.base.is_some()).collect();
    let edits = base
        .iter()
        .map(|each| sides.edit(&each.name, false, owners));
    let edits: Vec<ChainEdit<'_>> = edits.collect();
    maps.iter().for_each(|map| map.delete_elements(script));
    remove_chains(script, changes, &sides, &chains, &maps);
    fill_chains(script, changes, &sides, &chains);
    maps.iter().for_each(|map| map.make(script));
    for each in base {
        let there = chain(sides.observed, &each.name);
        let policy = |chain: &Chain| chain.base.as_ref().map(|base| base.policy);
        match there {
            None => make_chain(script, changes, &sides, each),
            Some(there) if policy(there) != policy(each) && enters_alike(there, each) => {
                script.add_chain(each).expect(SAYABLE);
                changes.push(DeltaChange::new(
                    object(&sides, &each.name),
                    "set its policy",
                ));
            }
            Some(_) => {}
        }
    }
    for edit in &edits {
        edit_chain(script, edit);
        changes.extend(edit.change(object(&sides, edit.chain)));
    }
    for map in &maps {
        map.add_elements(script);
        changes.extend(map.change(&sides));
    }
}

/// All chains are emptied before one goes, as they lead to each other.
fn remove_chains(
    script: &mut Script,
    changes: &mut Vec<DeltaChange>,
    sides: &Sides<'_>,
    chains: &Chains<'_>,
    maps: &[MapChange<'_>],
) {
    let used = used(sides, chains, maps);
    let is_empty = |name: &str| chain(sides.observed, name).is_some_and(|it| it.rules.is_empty());
    // One that could not go before is empty already.
    let goes = |each: &&&Chain| !(used.contains(each.name.as_str()) && is_empty(&each.name));
    let gone: Vec<&Chain> = chains.gone.iter().filter(goes).copied().collect();
    for chain in chains.refilled.iter().chain(&gone) {
        script.flush_chain(&chain.name);
    }
    for chain in gone {
        let action = match used.contains(chain.name.as_str()) {
            true => "empty it; something else leads there",
            false => {
                script.delete_chain(&chain.name);
                "remove it"
            }
        };
        changes.push(of_network(sides, chain, action.to_owned()));
    }
}

fn fill_chains(
    script: &mut Script,
    changes: &mut Vec<DeltaChange>,
    sides: &Sides<'_>,
    chains: &Chains<'_>,
) {
    for chain in &chains.made {
        script.add_chain(chain).expect(SAYABLE);
        let action = format!("make it, with {} rules", chain.rules.len());
        changes.push(of_network(sides, chain, action));
    }
    for chain in &chains.refilled {
        let action = format!("replace its rules by {}", chain.rules.len());
        changes.push(of_network(sides, chain, action));
    }
    for chain in chains.made.iter().chain(&chains.refilled) {
        for rule in &chain.rules {
            script.add_rule(&chain.name, rule).expect(SAYABLE);
        }
    }
}

/// The chains that something leads to which stays as it is.
fn used<'a>(sides: &Sides<'a>, chains: &Chains<'_>, maps: &[MapChange<'_>]) -> HashSet<&'a str> {
    let Some(observed) = sides.observed else {
        return HashSet::new();
    };
    let stay = observed
        .chains
        .iter()
        .filter(|chain| !chains.empties(&chain.name));
    let rules = stay.flat_map(|chain| &chain.rules);
    let from_rules = rules.filter_map(|rule| leads_to(&rule.target));
    let from_maps = observed.sets.iter().flat_map(|set| {
        let change = maps.iter().find(|map| map.is_of(set));
        let stays = move |element: &_| change.is_none_or(|map| !map.deletes(element));
        let elements = set.elements.iter().filter(move |element| stays(element));
        elements.filter_map(maps::leads_to)
    });
    from_rules.chain(from_maps).collect()
}

/// A change of a chain, with the network that its comment names.
fn of_network(sides: &Sides<'_>, chain: &Chain, action: String) -> DeltaChange {
    let owner: BTreeSet<&str> = chain.comment.as_deref().into_iter().collect();
    DeltaChange::named(object(sides, &chain.name), action, &owner)
}
