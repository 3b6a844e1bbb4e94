//! The lines of a text, one after another, and the dumps that come of them.

use std::collections::HashSet;

use super::batch::Outcome;
use super::draft::Draft;
use super::header::{self, Remark};
use super::parse::{Assumed, Dump};
use super::report::{Budget, Report};
use super::rule::read_rule;
use super::table::{OpenTable, built_in, table_with};
use super::word::{Word, Words};
use crate::backend::gap::Reading;
use crate::capture::Variant;
use crate::firewall::{Counter, Family, Place, Rule, Ruleset, TableFamily};

/// Reads the lines of a text.
pub(super) struct TextReader<'a> {
    assumed: Assumed<'a>,
    dumps: Vec<Dump>,
    report: Report,
    budget: Budget,
    /// The line that was read last.
    line: usize,
    /// The rule that is being read.
    draft: Draft<'a>,
    /// The table that is being read; it belongs to the last dump.
    open: Option<OpenTable>,
    /// The tables of the last dump.
    names: HashSet<&'a str>,
    /// The policies that begin a list of commands, which together tell of which table it is.
    policies: Vec<ListedPolicy<'a>>,
    /// The chains of these policies.
    ruled: HashSet<&'a str>,
    /// The family and variant that the last header named.
    writer: (Family, Variant),
    /// The table that a command names whose output follows.
    announced: Option<&'a str>,
    /// Whether a table of `iptables-save` was seen.
    saved: bool,
    /// Whether what follows was written by a tool whose tables are not read here.
    foreign: bool,
    /// Whether the next dump lacks something that was named before it began.
    lacks: bool,
}

/// `-P CHAIN POLICY`
struct ListedPolicy<'a> {
    chain: &'a str,
    policy: &'a str,
    counter: Counter,
    line: usize,
}

impl<'a> TextReader<'a> {
    /// A reader for a text of so many bytes.
    pub(super) fn new(assumed: Assumed<'a>, length: usize) -> Self {
        TextReader {
            assumed,
            dumps: Vec::new(),
            report: Report::default(),
            budget: Budget::for_text(length),
            line: 0,
            draft: Draft::new(assumed.family),
            open: None,
            names: HashSet::new(),
            policies: Vec::new(),
            ruled: HashSet::new(),
            writer: (assumed.family, Variant::Unknown),
            announced: None,
            saved: false,
            foreign: false,
            lacks: false,
        }
    }

    /// Reads a line without blanks around it; false if no more will be read.
    pub(super) fn read_line(&mut self, line: &'a str, number: usize) -> bool {
        let outcome = match line.as_bytes() {
            [] => Ok(()),
            [b'#', ..] => self.read_comment(line, number),
            _ if self.foreign => Ok(()),
            [b'*', ..] => self.open_saved(&line[1..], number),
            [b':', ..] => self.declare_saved(&line[1..]),
            b"COMMIT" => self.commit(),
            [b'-' | b'[', ..] => self.read_command(line, number),
            _ => self.read_prose(line),
        };
        self.end_line(outcome, number)
    }

    /// Names the line if it is wrong; false if no more will be read.
    fn end_line(&mut self, outcome: Result<(), String>, number: usize) -> bool {
        self.line = number;
        if let Err(message) = outcome {
            self.complain(number, message);
        }
        if self.budget.is_spent() {
            let message = "the rest is not read: it would take too much memory";
            self.complain(number, message.to_owned());
        }
        !self.budget.is_spent()
    }

    /// The family of the table whose rules may follow, many at once.
    pub(super) fn awaits_rules(&self) -> Option<Family> {
        let open = self.open.as_ref()?;
        (!open.listed && !self.foreign).then_some(self.draft.family)
    }

    /// Takes what lines with these numbers say; false if no more will be read.
    pub(super) fn take_rules(
        &mut self,
        mut lines: impl Iterator<Item = (usize, Outcome<'a>)>,
    ) -> bool {
        lines.all(|(number, outcome)| {
            let outcome = match outcome {
                Outcome::Rule(chain, rule, trouble) => {
                    self.put_rules(chain, rule, false, number);
                    trouble.map_or(Ok(()), Err)
                }
                Outcome::Wrong(message) => Err(message),
                Outcome::Other(line) => self.read_command(line, number),
            };
            self.end_line(outcome, number)
        })
    }

    /// What was read, at the end of the text.
    pub(super) fn finish(mut self) -> Reading<Vec<Dump>> {
        self.open_listed(self.line);
        if let Err(message) = self.close() {
            self.complain(self.line, message);
        }
        Reading {
            value: self.dumps,
            unread: self.report.finish(),
        }
    }

    /// Names a line that was not understood, or not wholly.
    fn complain(&mut self, line: usize, message: String) {
        if let Some(dump) = self.dumps.last_mut() {
            dump.complete = false;
        }
        self.report.add(line, message);
    }

    fn read_comment(&mut self, line: &'a str, number: usize) -> Result<(), String> {
        match header::remark(line) {
            Remark::Nothing => {
                if let Some((family, table)) = header::listing(line) {
                    self.announce(family, table);
                }
            }
            Remark::Writer { family, variant } => {
                self.writer = (family, variant);
                self.foreign = false;
            }
            Remark::Foreign => {
                self.foreign = true;
                return Err("what another tool wrote is not read".to_owned());
            }
            Remark::OtherVariant => {
                if let Some(dump) = self.dumps.last_mut() {
                    dump.other_variant = true;
                }
            }
            Remark::Incompatible => {
                self.lacks = self.dumps.is_empty();
                let message = "the tool left out what it has no words for; nft lists it";
                self.complain(number, message.to_owned());
            }
        }
        Ok(())
    }

    fn announce(&mut self, family: Family, table: Option<&'a str>) {
        self.writer = (family, Variant::Unknown);
        self.announced = Some(table.unwrap_or("filter"));
    }

    fn read_prose(&mut self, line: &'a str) -> Result<(), String> {
        if let Some((family, table)) = header::listing(line) {
            self.announce(family, table);
            return Ok(());
        }
        Err("this is no line of iptables-save".to_owned())
    }

    /// `*TABLE`
    fn open_saved(&mut self, name: &'a str, number: usize) -> Result<(), String> {
        self.open_listed(number);
        let cut_off = self.close();
        self.saved = true;
        match name.trim_ascii() {
            "" => return Err("a table needs a name".to_owned()),
            name => self.open_table(name, false, number),
        }
        cut_off
    }

    /// Opens a table of the last dump, or of a new one.
    fn open_table(&mut self, name: &'a str, listed: bool, number: usize) {
        let (family, variant) = self.writer;
        let same = |dump: &Dump| (dump.family, dump.variant) == (family, variant);
        if !self.dumps.last().is_some_and(same) || self.names.contains(name) {
            self.names.clear();
            self.dumps.push(Dump {
                family,
                variant,
                ruleset: Ruleset::default(),
                complete: !std::mem::take(&mut self.lacks),
                other_variant: false,
                line: number,
            });
        }
        let of_tables = match family {
            Family::Ipv4 => TableFamily::Ip,
            Family::Ipv6 => TableFamily::Ip6,
        };
        self.names.insert(name);
        self.draft.family = family;
        self.open = Some(OpenTable::new(of_tables, name, listed));
    }

    /// Closes the table that is open, which only a list of commands may leave open.
    fn close(&mut self) -> Result<(), String> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let listed = open.listed;
        let name = self.put_away(open);
        match listed {
            true => Ok(()),
            false => Err(format!("the table '{name}' has no COMMIT")),
        }
    }

    /// Gives a table that was read to its dump; its name.
    fn put_away(&mut self, open: OpenTable) -> String {
        let (table, missing) = open.close();
        for (line, message) in missing {
            self.complain(line, message);
        }
        let name = table.name.clone();
        if let Some(dump) = self.dumps.last_mut() {
            dump.ruleset.tables.push(table);
        }
        name
    }

    /// `COMMIT`
    fn commit(&mut self) -> Result<(), String> {
        match self.open.take_if(|open| !open.listed) {
            Some(open) => {
                self.put_away(open);
                Ok(())
            }
            None => Err("COMMIT outside a table".to_owned()),
        }
    }

    /// `:CHAIN POLICY [packets:bytes]`
    fn declare_saved(&mut self, line: &'a str) -> Result<(), String> {
        let mut words = Words::new(line);
        let (Some(chain), Some(policy)) = (words.next(), words.next()) else {
            return Err("a chain needs a name and a policy".to_owned());
        };
        let chain = chain.text();
        let counter = match words.next() {
            Some(word) => counters(word.raw).ok_or("these are no counters")?.0,
            None => Counter::default(),
        };
        let Some(open) = self.open.as_mut().filter(|open| !open.listed) else {
            return Err(format!("the chain '{chain}' stands outside a table"));
        };
        self.budget.take_chain(&chain);
        match built_in(&open.table.name, &chain, policy.raw, counter) {
            Ok(base) => open.declare(&chain, base),
            // Its rules are not lost for that.
            Err(why) => open.declare(&chain, None).and(Err(why)),
        }
    }

    /// A line of options: `-A …`, which counters may stand before, or a command of a list.
    fn read_command(&mut self, line: &'a str, number: usize) -> Result<(), String> {
        let (counter, rest) = match line.starts_with('[') {
            true => {
                let (counter, rest) = counters(line).ok_or("these are no counters")?;
                (Some(counter), rest)
            }
            false => (None, line),
        };
        let mut words = Words::new(rest);
        let mut next = || words.next().ok_or("the line ends early");
        let command = next()?;
        match command.raw {
            "-A" | "--append" => {
                let chain = next()?;
                self.add_rule(chain, words, counter, false, number)
            }
            "-I" | "--insert" => {
                let chain = next()?;
                match words.peek() {
                    Some(place) if place.raw == "1" => drop(words.next()),
                    Some(place) if place.raw.starts_with(|c: char| c.is_ascii_digit()) => {
                        return Err("a rule is inserted at the head only".to_owned());
                    }
                    Some(_) | None => {}
                }
                self.add_rule(chain, words, counter, true, number)
            }
            "-P" | "--policy" => {
                let (chain, policy) = (next()?, next()?);
                self.list_policy(chain, policy, words, number)
            }
            "-N" | "--new-chain" => {
                let chain = next()?.text();
                self.begin_list(number)?;
                self.budget.take_chain(&chain);
                match &mut self.open {
                    Some(open) => open.declare(&chain, None),
                    None => Ok(()),
                }
            }
            other => Err(format!("'{other}' is no line of iptables-save")),
        }
    }

    /// `-P CHAIN POLICY [-c packets bytes]`
    fn list_policy(
        &mut self,
        chain: Word<'a>,
        policy: Word<'a>,
        mut words: Words<'a>,
        number: usize,
    ) -> Result<(), String> {
        if self.open.as_ref().is_some_and(|open| !open.listed) {
            return Err("a policy stands in the line of its chain".to_owned());
        }
        self.close()?;
        if self.ruled.contains(chain.raw) {
            self.open_listed(number);
            self.close()?;
        }
        let mut numbers = Vec::new();
        while let Some(word) = words.next() {
            numbers.push(word.raw);
        }
        let counter = match numbers.as_slice() {
            [] => Counter::default(),
            ["-c", packets, bytes] => {
                let (Ok(packets), Ok(bytes)) = (packets.parse(), bytes.parse()) else {
                    return Err("counters are two numbers".to_owned());
                };
                Counter { packets, bytes }
            }
            [..] => return Err("a policy has nothing but counters behind it".to_owned()),
        };
        self.ruled.insert(chain.raw);
        self.policies.push(ListedPolicy {
            chain: chain.raw,
            policy: policy.raw,
            counter,
            line: number,
        });
        Ok(())
    }

    /// Opens the table whose policies were listed, if there are any.
    fn open_listed(&mut self, number: usize) {
        let policies = std::mem::take(&mut self.policies);
        self.ruled.clear();
        let Some(first) = policies.first() else {
            return;
        };
        let chains: Vec<&str> = policies.iter().map(|listed| listed.chain).collect();
        let announced = self.announced.take();
        let name = announced
            .or(table_with(&chains))
            .unwrap_or(self.assumed.table);
        self.open_table(name, true, first.line.min(number));
        for listed in &policies {
            self.budget.take_chain(listed.chain);
            let base = built_in(name, listed.chain, listed.policy, listed.counter);
            let (base, wrong) = match base {
                Ok(base) => (base, None),
                Err(why) => (None, Some(why)),
            };
            let declared = match &mut self.open {
                Some(open) => open.declare(listed.chain, base),
                None => Ok(()),
            };
            for why in wrong.into_iter().chain(declared.err()) {
                self.complain(listed.line, why);
            }
        }
    }

    /// Makes sure that a table is open that a chain or rule outside of others belongs to.
    fn begin_list(&mut self, number: usize) -> Result<(), String> {
        self.open_listed(number);
        match (&self.open, self.saved) {
            (Some(_), _) => {}
            (None, true) => return Err("the rule stands outside a table".to_owned()),
            (None, false) => {
                let name = self.announced.take().unwrap_or(self.assumed.table);
                self.open_table(name, true, number);
            }
        }
        Ok(())
    }

    fn add_rule(
        &mut self,
        chain: Word<'a>,
        words: Words<'a>,
        counter: Option<Counter>,
        at_head: bool,
        number: usize,
    ) -> Result<(), String> {
        if self.open.is_none() || !self.policies.is_empty() {
            self.begin_list(number)?;
        }
        self.draft
            .clear(counter.unwrap_or_default(), Place::line(number));
        read_rule(words, &mut self.draft)?;
        let mut rules = std::mem::take(&mut self.draft.rules);
        self.put_rules(chain, rules.drain(..), at_head, number);
        self.draft.rules = rules;
        self.draft.trouble.take().map_or(Ok(()), Err)
    }

    /// Puts the rules of a line into their chain.
    fn put_rules(
        &mut self,
        chain: Word<'a>,
        rules: impl IntoIterator<Item = Rule>,
        at_head: bool,
        number: usize,
    ) {
        let Some(open) = &mut self.open else {
            return;
        };
        let at = open.place(&chain.text(), number);
        for rule in rules {
            self.budget.take_rule(&rule);
            match at_head {
                true => open.insert(at, rule),
                false => open.append(at, rule),
            }
        }
    }
}

/// `[packets:bytes]` at the head of a text, and what follows it.
pub(super) fn counters(text: &str) -> Option<(Counter, &str)> {
    let (numbers, rest) = text.strip_prefix('[')?.split_once(']')?;
    let (packets, bytes) = numbers.split_once(':')?;
    let counter = Counter {
        packets: packets.parse().ok()?,
        bytes: bytes.parse().ok()?,
    };
    Some((counter, rest))
}
