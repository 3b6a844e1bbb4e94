//! Reading nft's language: tables with their maps and chains, and what a file of ours says to
//! flush, delete and add.
//!
//! The result is what a host that had nothing holds afterwards. A listing and the transaction
//! that made it read alike.

use std::collections::HashMap;

use super::base::{read_base, read_policy};
use super::cursor::{Cursor, Refusal};
use super::keyword;
use super::statement::{read_net, read_rule};
use super::token::{Kind, tokens};
use crate::backend::gap::{Reading, Unread};
use crate::firewall::{
    Chain, DevicePattern, Element, Expression, Family, Field, Ruleset, Set, Table, TableFamily,
};

/// The tables of `text`.
pub fn parse(text: &str) -> Reading<Ruleset> {
    let tokens = tokens(text);
    let mut reader = Reader {
        text,
        at: Cursor::new(&tokens),
        ruleset: Ruleset::default(),
        chains: HashMap::new(),
        unread: Vec::new(),
    };
    while reader.at.skip_ends() {
        let start = reader.at;
        if let Err(message) = reader.command() {
            reader.refuse(start, message);
        }
    }
    Reading {
        value: reader.ruleset,
        unread: reader.unread,
    }
}

const MAP_KEYS: [Field; 4] = [
    Field::Oifname,
    Field::Iifname,
    Field::Saddr(Family::Ipv4),
    Field::Saddr(Family::Ipv6),
];

struct Reader<'a> {
    text: &'a str,
    at: Cursor<'a>,
    ruleset: Ruleset,
    /// Where a chain stands: its table and itself.
    chains: HashMap<(usize, &'a str), usize>,
    unread: Vec<Unread>,
}

impl<'a> Reader<'a> {
    /// Names the statement that begins at `start`, and goes on behind it.
    fn refuse(&mut self, start: Cursor<'a>, message: Refusal) {
        let line = start.line();
        self.unread.push(Unread { line, message });
        self.at = start;
        self.at.skip_statement();
    }

    /// One statement of the outermost level.
    fn command(&mut self) -> Result<(), Refusal> {
        match self.at.word()? {
            "table" => self.table(),
            "flush" => self.flush(),
            "delete" => self.delete(),
            "add" => self.add(),
            other => Err(format!("'{other}' is no statement that is read here")),
        }
    }

    fn table_name(&mut self) -> Result<(TableFamily, &'a str), Refusal> {
        let family = match self.at.word()? {
            "ip" => TableFamily::Ip,
            "ip6" => TableFamily::Ip6,
            "inet" => TableFamily::Inet,
            other => return Err(format!("tables of the family '{other}' are not read")),
        };
        Ok((family, self.at.word()?))
    }

    fn find(&self, (family, name): (TableFamily, &str)) -> Option<usize> {
        let tables = &self.ruleset.tables;
        tables
            .iter()
            .position(|table| table.family == family && table.name == name)
    }

    fn existing(&mut self) -> Result<usize, Refusal> {
        let name = self.table_name()?;
        self.find(name)
            .ok_or_else(|| format!("there is no table '{}' here", name.1))
    }

    /// Where the map that is named next stands in its table.
    fn map(&mut self, table: usize) -> Result<usize, Refusal> {
        let name = self.at.word()?;
        let maps = &self.ruleset.tables[table].sets;
        maps.iter()
            .position(|map| map.name == name)
            .ok_or_else(|| format!("there is no map '{name}' here"))
    }

    /// `table inet NAME { … }`: adds to what the table has.
    fn table(&mut self) -> Result<(), Refusal> {
        let (family, name) = self.table_name()?;
        self.at.expect(Kind::Open, "'{'")?;
        let at = self.find((family, name)).unwrap_or_else(|| {
            let table = Table::new(family, name, Vec::new());
            self.ruleset.tables.push(table);
            self.ruleset.tables.len() - 1
        });
        self.block(|reader| match reader.at.word()? {
            "comment" => {
                let comment = reader.at.expect(Kind::Quoted, "the text of the comment")?;
                reader.ruleset.tables[at].comment = Some(comment.text.to_owned());
                Ok(())
            }
            "chain" => reader.chain(at),
            "map" => reader.verdict_map(at),
            other => Err(format!("'{other}' in a table is not read")),
        })
    }

    /// Statements up to the closing brace; one that is refused is named and left out.
    fn block(
        &mut self,
        mut statement: impl FnMut(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        loop {
            if !self.at.skip_ends() {
                return Err("a closing '}' is missing".to_owned());
            }
            if self.at.over(Kind::Close) {
                return Ok(());
            }
            let start = self.at;
            if let Err(message) = statement(self) {
                self.refuse(start, message);
            }
        }
    }

    fn chain(&mut self, table: usize) -> Result<(), Refusal> {
        let name = self.at.word()?;
        self.at.expect(Kind::Open, "'{'")?;
        let chains = &mut self.ruleset.tables[table].chains;
        let at = *self.chains.entry((table, name)).or_insert_with(|| {
            chains.push(Chain::regular(name, Vec::new()));
            chains.len() - 1
        });
        self.block(|reader| {
            let statement = reader.at.skip_statement();
            let chain = &mut reader.ruleset.tables[table].chains[at];
            match statement {
                [comment, text]
                    if comment.text == "comment"
                        && comment.kind == Kind::Word
                        && text.kind == Kind::Quoted =>
                {
                    chain.comment = Some(text.text.to_owned());
                }
                [kind, rest @ ..] if kind.text == "type" => {
                    chain.base = Some(read_base(rest, chain.base.take())?);
                }
                [word, policy] if word.text == "policy" => {
                    let policy = read_policy(policy.text)?;
                    let base = chain
                        .base
                        .as_mut()
                        .ok_or("only a base chain has a policy")?;
                    base.policy = policy;
                }
                rule => chain.rules.push(read_rule(rule, reader.text)),
            }
            Ok(())
        })
    }

    fn verdict_map(&mut self, table: usize) -> Result<(), Refusal> {
        let name = self.at.word()?;
        self.at.expect(Kind::Open, "'{'")?;
        let (mut key, mut elements) = (None, Vec::new());
        self.block(|reader| match reader.at.word()? {
            "typeof" => {
                let words: Vec<&str> = reader.at.skip_statement().iter().map(|t| t.text).collect();
                let words = words.join(" ");
                let found = MAP_KEYS.into_iter().find(|key| {
                    words.strip_suffix(" : verdict") == Some(keyword::field(key).as_ref())
                });
                key = Some(found.ok_or_else(|| format!("a map of '{words}' is not read"))?);
                Ok(())
            }
            "flags" if reader.at.word()? == "interval" => Ok(()),
            "elements" if reader.at.word()? == "=" => reader.elements(&mut elements),
            other => Err(format!("'{other}' in a map is not read")),
        })?;
        let maps = &mut self.ruleset.tables[table].sets;
        match (maps.iter_mut().find(|map| map.name == name), key) {
            (Some(map), _) => map.elements.append(&mut elements),
            (None, Some(key)) => maps.push(Set::verdicts(name, key, elements)),
            (None, None) => return Err(format!("the map '{name}' does not say its key")),
        }
        Ok(())
    }

    /// `{ KEY comment "…" : jump CHAIN, … }`.
    fn elements(&mut self, into: &mut Vec<Element>) -> Result<(), Refusal> {
        self.at.expect(Kind::Open, "'{'")?;
        loop {
            while self.at.over(Kind::Comma) || self.at.over(Kind::End) {}
            if self.at.over(Kind::Close) {
                return Ok(());
            }
            into.push(self.element()?);
        }
    }

    fn element(&mut self) -> Result<Element, Refusal> {
        let key = match self.at.next() {
            Some(token) if token.kind == Kind::Quoted => {
                Some(Expression::from(&DevicePattern::named(token.text)))
            }
            Some(token) => read_net(token.text).map(Expression::Net),
            None => None,
        };
        let key = key.ok_or("an element's key is neither a device nor a prefix")?;
        let mut comment = String::new();
        loop {
            match self.at.word()? {
                "comment" => {
                    let text = self.at.expect(Kind::Quoted, "the text of the comment")?;
                    comment = text.text.to_owned();
                }
                ":" => break,
                other => return Err(format!("'{other}' in an element is not read")),
            }
        }
        match self.at.word()? {
            "jump" => Ok(Element::jump(key, &comment, self.at.word()?)),
            other => Err(format!("an element that leads to '{other}' is not read")),
        }
    }

    /// `flush table …`: its rules go; `flush map …`: its elements.
    fn flush(&mut self) -> Result<(), Refusal> {
        match self.at.word()? {
            "table" => {
                let at = self.existing()?;
                for chain in &mut self.ruleset.tables[at].chains {
                    chain.rules.clear();
                }
            }
            "map" => {
                let at = self.existing()?;
                let map = self.map(at)?;
                self.ruleset.tables[at].sets[map].elements.clear();
            }
            other => return Err(format!("'flush {other}' is not read")),
        }
        Ok(())
    }

    /// `delete table …`.
    fn delete(&mut self) -> Result<(), Refusal> {
        match self.at.word()? {
            "table" => {
                let at = self.existing()?;
                self.ruleset.tables.remove(at);
                let kept = self.chains.drain().filter(|((table, _), _)| *table != at);
                self.chains = kept
                    .map(|((table, name), chain)| ((table - usize::from(table > at), name), chain))
                    .collect();
                Ok(())
            }
            other => Err(format!("'delete {other}' is not read")),
        }
    }

    /// `add element …`.
    fn add(&mut self) -> Result<(), Refusal> {
        match self.at.word()? {
            "element" => {
                let at = self.existing()?;
                let map = self.map(at)?;
                let mut elements = Vec::new();
                self.elements(&mut elements)?;
                let map = &mut self.ruleset.tables[at].sets[map];
                map.elements.append(&mut elements);
                Ok(())
            }
            other => Err(format!("'add {other}' is not read")),
        }
    }
}
