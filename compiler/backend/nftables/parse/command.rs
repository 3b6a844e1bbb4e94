//! What a file says at its outermost level: to add, flush, delete, define.

use super::Reader;
use super::block::read_rule;
use crate::backend::nftables::keyword;
use crate::backend::nftables::object;
use crate::backend::nftables::token::Kind;
use crate::backend::nftables::words::Refusal;
use crate::firewall::{ObjectKind, TableFamily};

impl<'a> Reader<'a> {
    /// One statement of the outermost level.
    pub(super) fn command(&mut self) -> Result<(), Refusal> {
        match self.word()? {
            "add" | "create" => {
                let noun = self.word()?;
                self.add(noun)
            }
            "insert" => match self.word()? {
                "rule" => self.rule(true),
                other => Err(unread(&format!("insert {other}"))),
            },
            "flush" => self.flush(),
            "delete" => self.delete(),
            // What is not there is destroyed already.
            "destroy" => self.delete().or(Ok(())),
            "define" | "redefine" => self.define(),
            "undefine" => {
                let name = self.word()?;
                self.names.forget(name);
                Ok(())
            }
            "include" => {
                let file = self.word()?;
                Err(format!("the file '{file}' is not looked into"))
            }
            // Without a verb, things are added.
            noun => self.add(noun),
        }
    }

    /// The family and name of a table; one without a family is of IPv4.
    fn table_name(&mut self) -> Result<(TableFamily, &'a str), Refusal> {
        let word = self.word()?;
        match keyword::read_family(word) {
            Some(family) => Ok((family, self.word()?)),
            None => Ok((TableFamily::Ip, word)),
        }
    }

    /// The table that is named next.
    fn table(&mut self) -> Result<usize, Refusal> {
        let (family, name) = self.table_name()?;
        let found = self.store.find(family, name);
        found.ok_or_else(|| format!("there is no table '{name}' here"))
    }

    /// The chain that is named next, and its table.
    fn chain(&mut self) -> Result<(usize, usize), Refusal> {
        let table = self.table()?;
        let name = self.word()?;
        let found = self.store.find_chain(table, name);
        let chain = found.ok_or_else(|| format!("there is no chain '{name}' here"))?;
        Ok((table, chain))
    }

    fn opens(&self) -> bool {
        self.at.peek().is_some_and(|token| token.kind == Kind::Open)
    }

    fn add(&mut self, noun: &str) -> Result<(), Refusal> {
        match noun {
            "table" => {
                let (family, name) = self.table_name()?;
                let table = self.store.table(family, name);
                match self.opens() {
                    true => self.table_block(table),
                    false => Ok(()),
                }
            }
            "chain" => {
                let table = self.table()?;
                let name = self.word()?;
                self.store.chain(table, name);
                match self.opens() {
                    true => self.chain_block(table, name),
                    false => Ok(()),
                }
            }
            "rule" => self.rule(false),
            "set" | "map" => {
                let table = self.table()?;
                let name = self.word()?;
                self.set_block(table, name, noun == "map")
            }
            "element" => {
                let (table, name) = self.set()?;
                let mut elements = Vec::new();
                self.elements(&mut elements)?;
                if let Some(set) = self.store.find_set(table, name) {
                    set.elements.append(&mut elements);
                }
                Ok(())
            }
            other => {
                let kind = self.object_kind(other)?;
                let kind = kind.ok_or_else(|| unread(other))?;
                let table = self.table()?;
                let name = self.word()?;
                match self.opens() {
                    true => self.object_block(table, kind, name),
                    false => self.object_line(table, kind, name),
                }
            }
        }
    }

    /// The set that is named next, and its table.
    fn set(&mut self) -> Result<(usize, &'a str), Refusal> {
        let table = self.table()?;
        let name = self.word()?;
        match self.store.find_set(table, name) {
            Some(_) => Ok((table, name)),
            None => Err(format!("there is no set or map '{name}' here")),
        }
    }

    /// `rule inet TABLE CHAIN …`: behind the others, or before them.
    fn rule(&mut self, first: bool) -> Result<(), Refusal> {
        let (table, chain) = self.chain()?;
        self.statement(|store, words, about| {
            if let Some("handle" | "position" | "index") = words.peek_word() {
                return Err("only the host knows where this rule belongs".to_owned());
            }
            let rule = read_rule(*words, store.family(table), about);
            match first {
                true => store.insert(table, chain, rule),
                false => store.chain_at(table, chain).rules.push(rule),
            }
            Ok(())
        })
    }

    /// What stays of what is named is nothing.
    fn flush(&mut self) -> Result<(), Refusal> {
        match self.word()? {
            "ruleset" => {
                match self.at.peek().filter(|token| token.kind == Kind::Word) {
                    Some(_) => return Err("only some families are flushed".to_owned()),
                    None => self.store.flush(),
                }
                Ok(())
            }
            "table" => {
                let table = self.table()?;
                let done = self.store.flush_table(table);
                done.ok_or_else(|| "the file flushes too often".to_owned())
            }
            "chain" => {
                let (table, chain) = self.chain()?;
                self.store.flush_chain(table, chain);
                Ok(())
            }
            "set" | "map" => {
                let (table, name) = self.set()?;
                if let Some(set) = self.store.find_set(table, name) {
                    set.elements.clear();
                }
                Ok(())
            }
            other => Err(unread(&format!("flush {other}"))),
        }
    }

    fn delete(&mut self) -> Result<(), Refusal> {
        match self.word()? {
            "table" => {
                let (family, name) = self.table_name()?;
                let done = self.store.remove(family, name);
                done.ok_or_else(|| format!("there is no table '{name}' here"))
            }
            "chain" => {
                let table = self.table()?;
                let name = self.word()?;
                let done = self.store.remove_chain(table, name);
                done.ok_or_else(|| format!("there is no chain '{name}' here"))
            }
            "set" | "map" => {
                let (table, name) = self.set()?;
                self.store.remove_set(table, name);
                Ok(())
            }
            "element" => {
                let (table, name) = self.set()?;
                let mut elements = Vec::new();
                self.elements(&mut elements)?;
                let done = self.store.remove_elements(table, name, &elements);
                done.ok_or_else(|| "the file deletes too often".to_owned())
            }
            "rule" => Err("only the host knows which rule is deleted".to_owned()),
            other => {
                let kind = self.object_kind(other)?;
                let kind = kind.ok_or_else(|| unread(&format!("delete {other}")))?;
                let table = self.table()?;
                let name = self.word()?;
                let objects = &mut self.store.at(table).objects;
                objects.retain(|each| each.kind != kind || each.name != name);
                Ok(())
            }
        }
    }

    /// `counter inet TABLE NAME`, and what it says without braces.
    fn object_line(&mut self, table: usize, kind: ObjectKind, name: &str) -> Result<(), Refusal> {
        self.statement(|store, words, _| {
            let mut object = object::named(kind, name);
            if !words.is_empty() {
                object::read_line(words, &mut object);
            }
            store.at(table).objects.push(object);
            Ok(())
        })
    }

    /// `define NAME = …`.
    fn define(&mut self) -> Result<(), Refusal> {
        let name = self.word()?;
        if !self.the("=") {
            return Err(format!("'=' is missing behind '{name}'"));
        }
        let mut tokens = std::mem::take(&mut self.tokens);
        self.at.statement(&mut tokens, &mut self.names);
        self.names.define(name, &tokens);
        self.tokens = tokens;
        Ok(())
    }
}

fn unread(what: &str) -> Refusal {
    format!("'{what}' is no statement that is read here")
}
