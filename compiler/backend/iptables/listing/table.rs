//! Which table and family the chains of a listing belong to.
//!
//! A listing of one table does not say which. A prompt or a heading before it may; else its
//! built-in chains and the targets that work in one table only leave few, and what is left is
//! said to be guessed.

use std::collections::{HashMap, HashSet};

use super::loss::Losses;
use super::page::Block;
use super::row;
use super::{LossKind, target};
use crate::firewall::Family;

/// The tables, the most usual first.
const TABLES: [&str; 5] = ["filter", "nat", "mangle", "raw", "security"];

/// Some of [`TABLES`], a bit each.
type Tables = u8;

const FILTER: Tables = 1;
const NAT: Tables = 2;
const MANGLE: Tables = 4;
const RAW: Tables = 8;
const SECURITY: Tables = 16;
const ANY: Tables = 31;

/// Where a chain belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Which of the tables that were listed, numbered as they come.
    pub(super) group: usize,
    /// Its name.
    pub(super) table: &'static str,
    /// Its family.
    pub(super) family: Family,
}

/// The table of this name.
pub(super) fn named(name: &str) -> Option<&'static str> {
    TABLES.into_iter().find(|table| *table == name)
}

/// Chains that stand together: one table, as far as can be told.
struct Group<'a> {
    line: usize,
    tables: Tables,
    family: Option<Family>,
    chains: HashSet<&'a str>,
}

/// Places every chain; `family` is for those that nothing is known of.
pub(super) fn place(blocks: &[Block<'_>], family: Family, losses: &mut Losses) -> Vec<Placed> {
    let mut jumps = Jumps::new(blocks);
    jumps.follow(blocks);
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut members = Vec::with_capacity(blocks.len());
    // The last hint that a chain contradicted.
    let mut spent = 0;
    for (at, block) in blocks.iter().enumerate() {
        let hinted = block.hint.number > spent;
        let own = jumps.tables(at);
        let mut tables = own;
        if let (true, Some(table)) = (hinted, block.hint.table) {
            tables &= bit(table);
        }
        let hinted_family = block.hint.family.filter(|_| hinted);
        let family = block.family.or(hinted_family);
        let fits = groups
            .last()
            .is_some_and(|group| group.takes(block, tables, family));
        if !fits {
            let again = groups
                .last()
                .is_some_and(|group| group.chains.contains(block.name));
            let same_hint = at > 0 && blocks.get(at - 1).map(|last| last.hint) == Some(block.hint);
            if tables == 0 || again && same_hint {
                spent = block.hint.number;
                tables = own;
            }
            groups.push(Group::new(block.line));
        }
        if let Some(group) = groups.last_mut() {
            group.take(block, tables, family);
        }
        members.push(groups.len() - 1);
    }
    let named = name(&groups, family, losses);
    let placed = members
        .into_iter()
        .filter_map(|group| named.get(group).copied());
    placed.collect()
}

/// Names the groups; two that turn out to be parts of one table become one.
fn name(groups: &[Group<'_>], family: Family, losses: &mut Losses) -> Vec<Placed> {
    let mut named: Vec<Placed> = Vec::with_capacity(groups.len());
    let mut known: HashMap<(Family, &str), (usize, HashSet<&str>)> = HashMap::new();
    let mut next = 0;
    for group in groups {
        let mut lose = |kind| {
            losses.add(group.line, kind);
        };
        let table = group.table();
        if group.tables.count_ones() != 1 {
            lose(LossKind::Table(table));
        }
        if group.family.is_none() {
            lose(LossKind::Family(family));
        }
        let family = group.family.unwrap_or(family);
        let mut number = next;
        match known.get_mut(&(family, table)) {
            Some((of, chains)) if group.chains.is_disjoint(chains) => {
                number = *of;
                chains.extend(&group.chains);
            }
            Some(_) => lose(LossKind::Again(table)),
            None => {
                known.insert((family, table), (next, group.chains.clone()));
            }
        }
        next += usize::from(number == next);
        named.push(Placed {
            group: number,
            table,
            family,
        });
    }
    named
}

impl<'a> Group<'a> {
    fn new(line: usize) -> Self {
        Group {
            line,
            tables: ANY,
            family: None,
            chains: HashSet::new(),
        }
    }

    fn takes(&self, block: &Block<'_>, tables: Tables, family: Option<Family>) -> bool {
        let families = match (self.family, family) {
            (Some(one), Some(other)) => one == other,
            (Some(_) | None, _) => true,
        };
        families && self.tables & tables != 0 && !self.chains.contains(block.name)
    }

    fn take(&mut self, block: &Block<'a>, tables: Tables, family: Option<Family>) {
        self.tables &= tables;
        self.family = self.family.or(family);
        self.chains.insert(block.name);
    }

    /// The table: one with exactly these built-in chains, or the most usual.
    fn table(&self) -> &'static str {
        let built_in = self
            .chains
            .iter()
            .filter(|name| of_chain(name) != ANY || **name == "OUTPUT");
        let count = built_in.count();
        let possible = |table: &&str| bit(table) & self.tables != 0;
        let whole = |table: &&str| chains_of(table) == count;
        let exact = TABLES.into_iter().filter(possible).find(whole);
        let usual = TABLES.into_iter().find(possible);
        exact.or(usual).unwrap_or("filter")
    }
}

/// How many built-in chains a table has.
fn chains_of(table: &str) -> usize {
    match table {
        "mangle" => 5,
        "nat" => 4,
        "raw" => 2,
        _ => 3,
    }
}

fn bit(table: &str) -> Tables {
    let at = TABLES.iter().position(|name| *name == table);
    at.map_or(0, |at| 1 << at)
}

/// The tables that have a built-in chain of this name; all, if it is none.
fn of_chain(name: &str) -> Tables {
    match name {
        "PREROUTING" => NAT | MANGLE | RAW,
        "INPUT" => FILTER | NAT | MANGLE | SECURITY,
        "FORWARD" => FILTER | MANGLE | SECURITY,
        "POSTROUTING" => NAT | MANGLE,
        _ => ANY,
    }
}

/// The tables that a target works in.
fn of_target(name: &str) -> Tables {
    match name {
        "REJECT" | "CLUSTERIP" => FILTER,
        "MASQUERADE" | "SNAT" | "DNAT" | "REDIRECT" | "NETMAP" => NAT,
        "CHECKSUM" | "DSCP" | "ECN" | "HL" | "TCPOPTSTRIP" | "TOS" | "TPROXY" | "TTL" => MANGLE,
        "CT" | "NOTRACK" | "TRACE" => RAW,
        "CONNSECMARK" | "SECMARK" => MANGLE | SECURITY,
        "DROP" => ANY & !NAT,
        _ => ANY,
    }
}

/// Chains that lead to each other, which are in one table: a forest, and the tables of each tree.
struct Jumps {
    parents: Vec<usize>,
    tables: Vec<Tables>,
}

impl Jumps {
    /// Each chain by itself, and the tables that its name, its policy and its targets leave.
    fn new(blocks: &[Block<'_>]) -> Self {
        let tables = blocks.iter().map(|block| {
            let targets = block.rows.iter().filter_map(|raw| {
                let row = row::read(&raw.text, raw.layout).ok()?;
                Some(of_target(row.target))
            });
            targets.fold(of_chain(block.name), |tables, target| {
                // Targets that contradict each other tell nothing.
                if tables & target == 0 {
                    tables
                } else {
                    tables & target
                }
            })
        });
        Jumps {
            parents: (0..blocks.len()).collect(),
            tables: tables.collect(),
        }
    }

    /// Joins each chain with those it leads to: the next of the name, or the last one before.
    fn follow(&mut self, blocks: &[Block<'_>]) {
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, block) in blocks.iter().enumerate() {
            places.entry(block.name).or_default().push(at);
        }
        for (at, block) in blocks.iter().enumerate() {
            for raw in &block.rows {
                let Ok(row) = row::read(&raw.text, raw.layout) else {
                    continue;
                };
                if target::is_verdict(row.target) || target::is_extension(row.target) {
                    continue;
                }
                let Some(places) = places.get(row.target) else {
                    continue;
                };
                let next = places.partition_point(|place| *place < at);
                if let Some(place) = places.get(next).or(places.last()) {
                    self.join(at, *place);
                }
            }
        }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while let Some(parent) = self.parents.get(at).copied().filter(|parent| *parent != at) {
            // Halving the path keeps it short.
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(entry) = self.parents.get_mut(at) {
                *entry = above;
            }
            at = above;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let tables = self.of(one) & self.of(other);
        if one == other || tables == 0 {
            return;
        }
        if let Some(entry) = self.parents.get_mut(other) {
            *entry = one;
        }
        if let Some(entry) = self.tables.get_mut(one) {
            *entry = tables;
        }
    }

    fn of(&self, root: usize) -> Tables {
        self.tables.get(root).copied().unwrap_or(ANY)
    }

    fn tables(&mut self, at: usize) -> Tables {
        let root = self.root(at);
        self.of(root)
    }
}
