//! What was read so far: tables, and where their chains and sets are.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;

use crate::firewall::{Chain, Element, Rule, Ruleset, Set, Table, TableFamily};

/// How often all of something may be walked over in one text: more than any file asks for.
const WALKS: usize = 1 << 28;

/// A table by its place; what was deleted keeps its place to the end.
#[derive(Default)]
pub(in crate::backend::nftables) struct Store {
    tables: Vec<Table>,
    places: HashMap<(TableFamily, CompactString), usize>,
    chains: HashMap<(usize, CompactString), usize>,
    sets: HashMap<(usize, CompactString), usize>,
    gone: HashSet<usize>,
    gone_chains: HashSet<(usize, usize)>,
    gone_sets: HashSet<(usize, usize)>,
    /// Rules that were inserted at the head of a chain, the last one last.
    heads: HashMap<(usize, usize), Vec<Rule>>,
    walked: usize,
}

impl Store {
    /// The place of a table.
    pub(in crate::backend::nftables) fn find(
        &self,
        family: TableFamily,
        name: &str,
    ) -> Option<usize> {
        self.places.get(&(family, name.into())).copied()
    }

    /// The place of a table, which is made if there is none.
    pub(in crate::backend::nftables) fn table(&mut self, family: TableFamily, name: &str) -> usize {
        let tables = &mut self.tables;
        let place = self.places.entry((family, name.into()));
        *place.or_insert_with(|| {
            tables.push(Table::new(family, name, Vec::new()));
            tables.len() - 1
        })
    }

    pub(in crate::backend::nftables) fn at(&mut self, table: usize) -> &mut Table {
        &mut self.tables[table]
    }

    pub(in crate::backend::nftables) fn family(&self, table: usize) -> TableFamily {
        self.tables[table].family
    }

    /// The place of a chain in its table, which is made if there is none.
    pub(in crate::backend::nftables) fn chain(&mut self, table: usize, name: &str) -> usize {
        let chains = &mut self.tables[table].chains;
        let place = self.chains.entry((table, name.into()));
        *place.or_insert_with(|| {
            chains.push(Chain::regular(name, Vec::new()));
            chains.len() - 1
        })
    }

    /// The place of a chain in its table.
    pub(in crate::backend::nftables) fn find_chain(
        &self,
        table: usize,
        name: &str,
    ) -> Option<usize> {
        self.chains.get(&(table, name.into())).copied()
    }

    pub(in crate::backend::nftables) fn chain_at(
        &mut self,
        table: usize,
        chain: usize,
    ) -> &mut Chain {
        &mut self.tables[table].chains[chain]
    }

    /// A set of a table.
    pub(in crate::backend::nftables) fn find_set(
        &mut self,
        table: usize,
        name: &str,
    ) -> Option<&mut Set> {
        let at = *self.sets.get(&(table, name.into()))?;
        self.tables[table].sets.get_mut(at)
    }

    /// Adds a set, or what it says anew to the one that is there.
    pub(in crate::backend::nftables) fn add_set(&mut self, table: usize, set: Set) {
        let sets = &mut self.tables[table].sets;
        match self.sets.get(&(table, set.name.as_str().into())) {
            Some(at) => sets[*at].elements.extend(set.elements),
            None => {
                self.sets
                    .insert((table, set.name.as_str().into()), sets.len());
                sets.push(set);
            }
        }
    }

    /// Puts a rule before all others of its chain.
    pub(in crate::backend::nftables) fn insert(&mut self, table: usize, chain: usize, rule: Rule) {
        self.heads.entry((table, chain)).or_default().push(rule);
    }

    /// All rules of a chain go.
    pub(in crate::backend::nftables) fn flush_chain(&mut self, table: usize, chain: usize) {
        self.heads.remove(&(table, chain));
        self.tables[table].chains[chain].rules.clear();
    }

    /// All rules of a table go; nothing if that was asked too often.
    pub(in crate::backend::nftables) fn flush_table(&mut self, table: usize) -> Option<()> {
        let chains = self.tables[table].chains.len();
        self.walk(chains)?;
        for chain in 0..chains {
            self.flush_chain(table, chain);
        }
        Some(())
    }

    /// Everything goes.
    pub(in crate::backend::nftables) fn flush(&mut self) {
        *self = Store {
            walked: self.walked,
            ..Store::default()
        };
    }

    /// A table goes.
    pub(in crate::backend::nftables) fn remove(
        &mut self,
        family: TableFamily,
        name: &str,
    ) -> Option<()> {
        let at = self.places.remove(&(family, name.into()))?;
        self.gone.insert(at);
        self.tables[at] = Table::new(family, "", Vec::new());
        Some(())
    }

    /// A chain goes; its place stays, without rules, until the end.
    pub(in crate::backend::nftables) fn remove_chain(
        &mut self,
        table: usize,
        name: &str,
    ) -> Option<()> {
        let at = self.chains.remove(&(table, name.into()))?;
        self.flush_chain(table, at);
        self.gone_chains.insert((table, at));
        Some(())
    }

    /// A set goes.
    pub(in crate::backend::nftables) fn remove_set(&mut self, table: usize, name: &str) {
        if let Some(at) = self.sets.remove(&(table, name.into())) {
            self.tables[table].sets[at].elements.clear();
            self.gone_sets.insert((table, at));
        }
    }

    /// Elements of a set go; nothing if that was asked too often.
    pub(in crate::backend::nftables) fn remove_elements(
        &mut self,
        table: usize,
        name: &str,
        elements: &[Element],
    ) -> Option<()> {
        let walk = self.find_set(table, name)?.elements.len() + elements.len();
        self.walk(walk)?;
        let keys: HashSet<_> = elements.iter().map(|each| &each.key).collect();
        let set = self.find_set(table, name)?;
        set.elements.retain(|each| !keys.contains(&each.key));
        Some(())
    }

    fn walk(&mut self, steps: usize) -> Option<()> {
        self.walked = self.walked.saturating_add(steps);
        (self.walked <= WALKS).then_some(())
    }

    /// The tables that are left.
    pub(in crate::backend::nftables) fn finish(mut self) -> Ruleset {
        for ((table, chain), head) in self.heads.drain() {
            let rules = &mut self.tables[table].chains[chain].rules;
            let tail = std::mem::take(rules);
            rules.extend(head.into_iter().rev());
            rules.extend(tail);
        }
        let mut tables = Vec::new();
        for (at, mut table) in self.tables.into_iter().enumerate() {
            if self.gone.contains(&at) {
                continue;
            }
            keep(&mut table.chains, |chain| {
                !self.gone_chains.contains(&(at, chain))
            });
            keep(&mut table.sets, |set| !self.gone_sets.contains(&(at, set)));
            tables.push(table);
        }
        Ruleset { tables }
    }
}

/// Keeps those at the places that hold.
fn keep<T>(all: &mut Vec<T>, holds: impl Fn(usize) -> bool) {
    let mut at = 0;
    all.retain(|_| {
        at += 1;
        holds(at - 1)
    });
}
