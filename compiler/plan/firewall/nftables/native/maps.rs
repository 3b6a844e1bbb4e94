//! The maps that lead packets to the chains of their networks, and their elements.
//!
//! An element is known by its key: in a table of ours a bridge or a prefix of ours is ours,
//! wherever it leads.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Script;
use crate::backend::nftables::family_word;
use crate::firewall::{Element, ElementValue, Expression, NormalRule, Rule, Set, Table, Target};
use crate::plan::firewall::change::DeltaChange;
use crate::plan::firewall::sides::{self, Sides};

/// What becomes of a map.
pub(super) struct MapChange<'a> {
    /// What is wanted of it, or was left.
    map: &'a Set,
    observed: Option<&'a Set>,
    is_wanted: bool,
    deleted: Vec<&'a Element>,
    added: Vec<&'a Element>,
}

/// The chain that an element leads to.
pub(super) fn leads_to(element: &Element) -> Option<&str> {
    if let Some(ElementValue::Verdict(target)) = &element.value {
        sides::leads_to(target)
    } else {
        None
    }
}

fn find<'a>(table: Option<&'a Table>, name: &str) -> Option<&'a Set> {
    table?.sets.iter().find(|set| set.name == name)
}

fn elements(set: Option<&Set>) -> impl Iterator<Item = &Element> {
    set.into_iter().flat_map(|set| &set.elements)
}

fn keys(set: Option<&Set>) -> HashSet<&Expression> {
    elements(set).map(|element| &element.key).collect()
}

/// Whether a map of the table is not ours, or has an element that is not.
pub(super) fn has_others(sides: &Sides<'_>, set: &Set) -> bool {
    let ours = [sides.wanted, sides.retired].map(|side| find(side, &set.name));
    let keys = ours.map(keys);
    let is_ours = |key: &Expression| keys.iter().any(|keys| keys.contains(key));
    ours.iter().all(Option::is_none) || !set.elements.iter().all(|each| is_ours(&each.key))
}

/// What becomes of each map of the first two sides.
pub(super) fn changes<'a>(sides: &Sides<'a>) -> Vec<MapChange<'a>> {
    let mut seen = HashSet::new();
    let tables = [sides.wanted, sides.retired].into_iter().flatten();
    let maps = tables.flat_map(|table| &table.sets);
    let maps = maps.filter(|map| seen.insert(&map.name));
    maps.map(|map| MapChange::of(map, sides)).collect()
}

impl<'a> MapChange<'a> {
    fn of(map: &'a Set, sides: &Sides<'a>) -> Self {
        let wanted = find(sides.wanted, &map.name);
        let observed = find(sides.observed, &map.name);
        let retired = keys(find(sides.retired, &map.name));
        let there: HashMap<&Expression, &Element> =
            elements(observed).map(|each| (&each.key, each)).collect();
        let goal: HashMap<&Expression, &Element> =
            elements(wanted).map(|each| (&each.key, each)).collect();
        let is_there = |each: &&Element| {
            let there = there.get(&each.key);
            there.is_some_and(|there| says_same(there, each))
        };
        let goes = |each: &&Element| match goal.get(&each.key) {
            Some(goal) => !says_same(each, goal),
            None => retired.contains(&each.key),
        };
        MapChange {
            map,
            observed,
            is_wanted: wanted.is_some(),
            deleted: elements(observed).filter(goes).collect(),
            added: elements(wanted).filter(|each| !is_there(each)).collect(),
        }
    }

    /// Whether it is about this map.
    pub(super) fn is_of(&self, set: &Set) -> bool {
        self.map.name == set.name
    }

    /// Whether the map is there and cannot hold what it should.
    pub(super) fn is_misshapen(&self) -> bool {
        let shape = |set: &Set| (set.key.clone(), set.value.clone(), set.flags);
        let observed = self.observed.map(shape);
        self.is_wanted && observed.is_some_and(|observed| observed != shape(self.map))
    }

    /// Whether an element goes.
    pub(super) fn deletes(&self, element: &Element) -> bool {
        self.deleted.iter().any(|gone| gone.key == element.key)
    }

    pub(super) fn delete_elements(&self, script: &mut Script) {
        script.delete_elements(self.map, self.deleted.iter().copied());
    }

    /// Makes the map, if it is not there.
    pub(super) fn make(&self, script: &mut Script) {
        if self.is_wanted && self.observed.is_none() {
            script.add_map(self.map);
        }
    }

    pub(super) fn add_elements(&self, script: &mut Script) {
        script.add_elements(self.map, self.added.iter().copied());
    }

    /// Removes the map, and the rules of ours that look into it.
    pub(super) fn unmake(&self, script: &mut Script, sides: &Sides<'_>, rest: &mut Table) {
        for chain in &mut rest.chains {
            let ours = sides::chain(sides.wanted, &chain.name);
            let ours = ours.map_or(&[][..], |chain| &chain.rules);
            let ours = sides::normal(ours, sides.family);
            chain.rules.retain(|rule| {
                let goes =
                    self.looks_up(rule) && ours.contains(&NormalRule::of(rule, sides.family));
                if let (true, Some(handle)) = (goes, rule.handle) {
                    script.delete_rule(&chain.name, handle);
                }
                !goes
            });
        }
        script.delete_map(&self.map.name);
        rest.sets.retain(|set| !self.is_of(set));
    }

    fn looks_up(&self, rule: &Rule) -> bool {
        if let Target::Vmap(lookup) = &rule.target {
            lookup.map == Expression::Named(self.map.name.as_str().into())
        } else {
            false
        }
    }

    /// `map inet lanwright to`.
    pub(super) fn object(&self, sides: &Sides<'_>) -> String {
        let family = family_word(sides.family);
        format!("map {family} {} {}", sides.name, self.map.name)
    }

    /// What it changes; nothing if nothing.
    pub(super) fn change(&self, sides: &Sides<'_>) -> Option<DeltaChange> {
        let counts = (self.added.len(), self.deleted.len());
        let changed = self.added.iter().chain(&self.deleted);
        let owners: BTreeSet<&str> = changed.filter_map(|each| each.comment()).collect();
        DeltaChange::of(self.object(sides), "element", counts, &owners)
    }
}

/// Whether two elements of one key lead to the same place and name the same owner.
fn says_same(one: &Element, other: &Element) -> bool {
    one.value == other.value && one.comment() == other.comment()
}
