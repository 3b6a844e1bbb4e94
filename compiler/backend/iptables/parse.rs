//! Reading the text of `iptables-save`: lines, tables, chains.
//!
//! Anything may stand in such a file: counters, prose, a table without its end, two dumps in a
//! row. Every line that is not understood is named, and reading goes on.

use std::collections::HashMap;

use super::words::{Words, read_rule};
use crate::backend::gap::{Reading, Unread};
use crate::firewall::{Base, Chain, ChainPolicy, Family, Hook, Place, Ruleset, Table, TableFamily};

/// The tables of `text`, which iptables or ip6tables printed.
pub fn parse(text: &str, family: Family) -> Reading<Ruleset> {
    let mut reader = Reader {
        family,
        ruleset: Ruleset::default(),
        unread: Vec::new(),
        open: None,
    };
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    for (at, line) in lines.iter().enumerate() {
        let outcome = match line.as_bytes().first() {
            None | Some(b'#') => Ok(()),
            Some(b'*') => reader.open_table(&line[1..], &lines[at + 1..]),
            Some(b':') => reader.declare_chain(&line[1..]),
            Some(_) if *line == "COMMIT" => reader.close_table(),
            Some(_) => reader.append_rule(line, Place::line(at + 1)),
        };
        if let Err(message) = outcome {
            reader.complain(at, message);
        }
    }
    if reader.open.is_some() {
        let at = lines.len().saturating_sub(1);
        if let Err(message) = reader.unfinished() {
            reader.complain(at, message);
        }
    }
    Reading {
        value: reader.ruleset,
        unread: reader.unread,
    }
}

struct Reader<'a> {
    family: Family,
    ruleset: Ruleset,
    unread: Vec<Unread>,
    open: Option<OpenTable<'a>>,
}

/// The table whose lines are being read; it is the last of the ruleset.
struct OpenTable<'a> {
    /// Where each declared chain stands in the table.
    chains: HashMap<&'a str, usize>,
    /// All chains that the rest of the table declares: what `-j` may lead to.
    known: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn complain(&mut self, at: usize, message: String) {
        self.unread.push(Unread {
            line: at + 1,
            message,
        });
    }

    fn open_table(&mut self, name: &'a str, rest: &[&'a str]) -> Result<(), String> {
        let previous = self.unfinished();
        let body = rest
            .iter()
            .take_while(|line| **line != "COMMIT" && !line.starts_with('*'));
        let mut known: Vec<&str> = body
            .filter_map(|line| line.strip_prefix(':')?.split_whitespace().next())
            .collect();
        known.sort_unstable();
        self.open = Some(OpenTable {
            chains: HashMap::new(),
            known,
        });
        let family = match self.family {
            Family::Ipv4 => TableFamily::Ip,
            Family::Ipv6 => TableFamily::Ip6,
        };
        self.ruleset
            .tables
            .push(Table::new(family, name, Vec::new()));
        previous
    }

    fn close_table(&mut self) -> Result<(), String> {
        match self.open.take() {
            Some(_) => Ok(()),
            None => Err("COMMIT outside a table".to_owned()),
        }
    }

    /// What to say of a table that another one, or the end, cut off.
    fn unfinished(&mut self) -> Result<(), String> {
        match (self.open.take(), self.ruleset.tables.last()) {
            (Some(_), Some(table)) => Err(format!("the table '{}' has no COMMIT", table.name)),
            (Some(_), None) | (None, _) => Ok(()),
        }
    }

    fn declare_chain(&mut self, line: &'a str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let (Some(name), Some(policy)) = (words.next(), words.next()) else {
            return Err("a chain needs a name and a policy".to_owned());
        };
        let (Some(open), Some(table)) = (&mut self.open, self.ruleset.tables.last_mut()) else {
            return Err(format!("the chain '{name}' stands outside a table"));
        };
        if open.chains.contains_key(name) {
            return Err(format!("the chain '{name}' is declared twice"));
        }
        let base = match policy {
            "-" => None,
            "ACCEPT" => Some(built_in(&table.name, name, ChainPolicy::Accept)?),
            "DROP" => Some(built_in(&table.name, name, ChainPolicy::Drop)?),
            other => return Err(format!("'{other}' is no policy")),
        };
        open.chains.insert(name, table.chains.len());
        table.chains.push(Chain {
            base,
            ..Chain::regular(name, Vec::new())
        });
        Ok(())
    }

    fn append_rule(&mut self, line: &'a str, place: Place) -> Result<(), String> {
        let words = Words::new(without_counters(line));
        let Some(("-A" | "--append", chain, words)) = words.option() else {
            return Err("this is no line of iptables-save".to_owned());
        };
        let (Some(open), Some(table)) = (&self.open, self.ruleset.tables.last_mut()) else {
            return Err("the rule stands outside a table".to_owned());
        };
        let Some(at) = open.chains.get(chain) else {
            return Err(format!(
                "the chain '{chain}' is not declared before its rule"
            ));
        };
        let is_chain = |name: &str| open.known.binary_search(&name).is_ok();
        let mut rule = read_rule(words, self.family, is_chain);
        rule.place = place;
        table.chains[*at].rules.push(rule);
        Ok(())
    }
}

/// `[packets:bytes] -A …`, as `iptables-save -c` prints it.
fn without_counters(line: &str) -> &str {
    match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, rule)) => rule.trim_start(),
        None => line,
    }
}

fn built_in(table: &str, chain: &str, policy: ChainPolicy) -> Result<Base, String> {
    let hook = Hook::IP
        .into_iter()
        .find(|hook| hook.iptables_chain() == Some(chain))
        .ok_or_else(|| format!("'{chain}' is no built-in chain, so it has no policy"))?;
    Ok(Base {
        policy,
        ..Base::of_iptables(table, hook)
    })
}
