//! A table while its lines are read.

use std::collections::HashMap;

use compact_str::CompactString;

use super::extension::push_word;
use crate::firewall::{Base, Chain, ChainPolicy, Counter, Hook, Rule, Table, TableFamily, Target};

/// The table whose lines are being read.
pub(super) struct OpenTable {
    /// What was read of it.
    pub table: Table,
    /// Whether it is read from commands (`-S`), which have no end mark.
    pub listed: bool,
    /// Where each chain stands in the table.
    places: HashMap<CompactString, usize>,
    /// The chain of the rule before, which is most often that of the next.
    last: usize,
    /// Chains that rules stand in but nothing declares: the line of the first such rule.
    undeclared: HashMap<usize, usize>,
    /// Rules that lead to a chain that was not declared when they were read.
    ahead: Vec<(usize, usize)>,
    /// Rules that were inserted at the head of their chains, the last one last.
    inserted: HashMap<usize, Vec<Rule>>,
}

impl OpenTable {
    /// A table of this name without chains.
    pub(super) fn new(family: TableFamily, name: &str, listed: bool) -> Self {
        OpenTable {
            table: Table::new(family, name, Vec::new()),
            listed,
            places: HashMap::new(),
            last: 0,
            undeclared: HashMap::new(),
            ahead: Vec::new(),
            inserted: HashMap::new(),
        }
    }

    /// Declares a chain; rules may already stand in it.
    pub(super) fn declare(&mut self, name: &str, base: Option<Base>) -> Result<(), String> {
        let at = match self.places.get(name) {
            Some(at) => *at,
            None => {
                self.add(name, base);
                return Ok(());
            }
        };
        match self.undeclared.remove(&at) {
            Some(_) => {
                self.table.chains[at].base = base;
                Ok(())
            }
            None => Err(format!("the chain '{name}' is declared twice")),
        }
    }

    fn add(&mut self, name: &str, base: Option<Base>) -> usize {
        let at = self.table.chains.len();
        self.places.insert(name.into(), at);
        self.table.chains.push(Chain {
            base,
            ..Chain::regular(name, Vec::new())
        });
        at
    }

    /// The place of a chain that a rule on this line stands in.
    pub(super) fn place(&mut self, name: &str, line: usize) -> usize {
        let last = self.table.chains.get(self.last);
        if last.is_some_and(|chain| chain.name == name) {
            return self.last;
        }
        let at = match self.places.get(name) {
            Some(at) => *at,
            None => {
                let at = self.add(name, None);
                self.undeclared.insert(at, line);
                at
            }
        };
        self.last = at;
        at
    }

    /// Appends a rule to the chain at this place.
    pub(super) fn append(&mut self, at: usize, rule: Rule) {
        let rules = &mut self.table.chains[at].rules;
        if let Target::Jump(name) | Target::Goto(name) = &rule.target
            && !self.places.contains_key(name)
        {
            self.ahead.push((at, rules.len()));
        }
        rules.push(rule);
    }

    /// Puts a rule before all others of the chain at this place.
    pub(super) fn insert(&mut self, at: usize, rule: Rule) {
        self.inserted.entry(at).or_default().push(rule);
    }

    /// The table as it was read, and a complaint with its line for each chain that is missing.
    pub(super) fn close(mut self) -> (Table, Vec<(usize, String)>) {
        let mut missing = Vec::new();
        for (chain, rule) in std::mem::take(&mut self.ahead) {
            let rule = &mut self.table.chains[chain].rules[rule];
            missing.extend(resolve(rule, &self.places));
        }
        for (at, mut rules) in std::mem::take(&mut self.inserted) {
            for rule in &mut rules {
                missing.extend(resolve(rule, &self.places));
            }
            rules.reverse();
            rules.append(&mut self.table.chains[at].rules);
            self.table.chains[at].rules = rules;
        }
        missing.extend(self.undeclared.iter().map(|(at, line)| {
            let name = &self.table.chains[*at].name;
            (*line, format!("the chain '{name}' is not declared"))
        }));
        (self.table, missing)
    }
}

/// A rule that jumps to no chain of the table has a target that we do not know; one that goes to
/// none is a mistake.
fn resolve(rule: &mut Rule, places: &HashMap<CompactString, usize>) -> Option<(usize, String)> {
    if let Target::Goto(name) = &rule.target
        && !places.contains_key(name)
    {
        let line = rule.place.get().unwrap_or_default();
        return Some((line, format!("the chain '{name}' is not declared")));
    }
    if let Target::Jump(name) = &rule.target
        && !places.contains_key(name)
    {
        let mut words = String::from("-j ");
        push_word(&mut words, name);
        rule.target = Target::Other(words.into());
    }
    None
}

/// What enters a built-in chain.
pub(super) fn built_in(
    table: &str,
    chain: &str,
    policy: &str,
    counter: Counter,
) -> Result<Option<Base>, String> {
    let policy = match policy {
        "-" => return Ok(None),
        "ACCEPT" => ChainPolicy::Accept,
        "DROP" => ChainPolicy::Drop,
        other => return Err(format!("'{other}' is no policy")),
    };
    let hook = Hook::IP
        .into_iter()
        .find(|hook| hook.iptables_chain() == Some(chain))
        .ok_or_else(|| format!("'{chain}' is no built-in chain, so it has no policy"))?;
    Ok(Some(Base {
        policy,
        counter,
        ..Base::of_iptables(table, hook)
    }))
}

/// The table that has just these built-in chains; nothing if that could be several.
pub(super) fn table_with(chains: &[&str]) -> Option<&'static str> {
    let has = |name| chains.contains(&name);
    match (has("PREROUTING"), has("FORWARD"), has("POSTROUTING")) {
        (true, true, true) => Some("mangle"),
        (true, false, true) => Some("nat"),
        (true, false, false) if has("OUTPUT") => Some("raw"),
        _ => None,
    }
}
