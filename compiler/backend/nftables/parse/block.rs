//! What stands in the blocks of tables, chains, sets and objects.

use super::{Reader, Statement};
use crate::backend::nftables::base::{read_base, read_policy};
use crate::backend::nftables::rule;
use crate::backend::nftables::token::Kind;
use crate::backend::nftables::words::{Refusal, Words};
use crate::backend::nftables::{element, object, set, value};
use crate::firewall::{Element, ObjectKind, Place, Rule, Table, TableFamily};

impl Reader<'_> {
    /// What a table's block holds; adds to what the table has.
    pub(super) fn table_block(&mut self, table: usize) -> Result<(), Refusal> {
        self.expect(Kind::Open, "'{'")?;
        if let Some(handle) = self.opening_handle() {
            self.store.at(table).handle = Some(handle);
        }
        self.block(|reader| match reader.word()? {
            "chain" => {
                let name = reader.word()?;
                reader.chain_block(table, name)
            }
            word @ ("set" | "map") => {
                let name = reader.word()?;
                reader.set_block(table, name, word == "map")
            }
            "comment" => {
                let comment = reader.at.next().filter(|token| token.kind == Kind::Quoted);
                let comment = comment.ok_or("a comment stands in quotes")?;
                reader.store.at(table).comment = Some(comment.text.to_owned());
                Ok(())
            }
            "flags" => reader.statement(|store, words, _| {
                let refused = format!("'{}' are no flags of a table", words.all());
                table_flags(words, store.at(table)).ok_or(refused)
            }),
            other => match reader.object_kind(other)? {
                Some(kind) => {
                    let name = reader.word()?;
                    reader.object_block(table, kind, name)
                }
                None => Err(format!("'{other}' in a table is not read")),
            },
        })
    }

    /// The kind of an object whose first word was this one.
    pub(super) fn object_kind(&mut self, first: &str) -> Result<Option<ObjectKind>, Refusal> {
        let second = if first == "ct" { self.word()? } else { "" };
        Ok(object::kind_of(first, second))
    }

    /// What a chain's block holds.
    pub(super) fn chain_block(&mut self, table: usize, name: &str) -> Result<(), Refusal> {
        self.expect(Kind::Open, "'{'")?;
        let chain = self.store.chain(table, name);
        if let Some(handle) = self.opening_handle() {
            self.store.chain_at(table, chain).handle = Some(handle);
        }
        self.block(|reader| {
            reader.statement(|store, words, about| {
                let family = store.family(table);
                let chain = store.chain_at(table, chain);
                match words.peek_word() {
                    Some("type") => {
                        words.word();
                        chain.base = Some(read_base(words, family, chain.base.take())?);
                    }
                    Some("policy") => {
                        words.word();
                        let policy = read_policy(words.word())?;
                        let base = chain.base.as_mut();
                        base.ok_or("only a base chain has a policy")?.policy = policy;
                    }
                    Some("flags") => {
                        let base = chain.base.as_mut();
                        base.ok_or("only a base chain has flags")?.offload = true;
                    }
                    Some("comment") => {
                        words.word();
                        let comment = words.quoted().ok_or("a comment stands in quotes")?;
                        chain.comment = Some(comment.to_owned());
                    }
                    Some(_) | None => chain.rules.push(read_rule(*words, family, about)),
                }
                Ok(())
            })
        })
    }

    /// What a set's or map's block holds.
    pub(super) fn set_block(
        &mut self,
        table: usize,
        name: &str,
        is_map: bool,
    ) -> Result<(), Refusal> {
        self.expect(Kind::Open, "'{'")?;
        let mut read = set::unknown(name);
        read.handle = self.opening_handle();
        self.block(|reader| match reader.the("elements") {
            true => {
                let equals = reader.the("=");
                if !equals {
                    return Err("'=' is missing before the elements".to_owned());
                }
                reader.elements(&mut read.elements)
            }
            false => reader.statement(|_, words, _| set::read_line(words, &mut read)),
        })?;
        let known = self.store.find_set(table, name).is_some();
        if read.key.names.is_empty() && !known {
            return Err(format!("the set '{name}' does not say its type"));
        }
        if read.value.is_none() && is_map && !known {
            return Err(format!("the map '{name}' does not say what it leads to"));
        }
        self.store.add_set(table, read);
        Ok(())
    }

    /// `{ KEY : VALUE, … }`, or a name for that.
    pub(super) fn elements(&mut self, into: &mut Vec<Element>) -> Result<(), Refusal> {
        if !self.at.over(Kind::Open) {
            return self.statement(|_, words, _| {
                let value = value::map(words).filter(|_| words.is_empty());
                value::append_elements(value, into).ok_or("'{' is missing".to_owned())
            });
        }
        let mut tokens = std::mem::take(&mut self.tokens);
        let result = loop {
            self.at.skip_ends();
            let line = self.at.line();
            let source = self.at.element(&mut tokens, &mut self.names);
            let mut words = Words::new(source, &tokens);
            if !words.is_empty() {
                let read = element::read_all(&mut words, into);
                if read.filter(|()| words.is_empty()).is_none() {
                    let words = Words::new(source, &tokens).all();
                    self.note(line, format!("the element '{words}' is not read"));
                }
            }
            if self.at.over(Kind::Close) {
                break Ok(());
            }
            if !self.at.over(Kind::Comma) {
                break Err("the text ends before the '}' of the elements".to_owned());
            }
        };
        self.tokens = tokens;
        result
    }

    /// What an object's block holds.
    pub(super) fn object_block(
        &mut self,
        table: usize,
        kind: ObjectKind,
        name: &str,
    ) -> Result<(), Refusal> {
        self.expect(Kind::Open, "'{'")?;
        let mut read = object::named(kind, name);
        read.handle = self.opening_handle();
        self.block(|reader| {
            reader.statement(|_, words, _| {
                object::read_line(words, &mut read);
                Ok(())
            })
        })?;
        self.store.at(table).objects.push(read);
        Ok(())
    }
}

fn table_flags(words: &mut Words<'_>, table: &mut Table) -> Option<()> {
    while !words.is_empty() {
        match words.word()? {
            "dormant" => table.flags.dormant = true,
            "owner" => table.flags.owner = true,
            "persist" => table.flags.persist = true,
            _ => return None,
        }
        let _ = words.of(Kind::Comma);
    }
    Some(())
}

/// The rule that `words` say.
pub(super) fn read_rule(words: Words<'_>, family: TableFamily, about: Statement) -> Rule {
    let mut read = rule::read(words, family);
    read.place = Place::line(about.line);
    read.handle = about.handle;
    read
}
