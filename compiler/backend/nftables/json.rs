//! Reading `nft -j list ruleset`: one JSON document, or one object a line.
//!
//! The objects are taken one at a time, so a dump that ends too early is read up to there. What a
//! rule or an element says is put into nft's words again and read as these are, so both listings of
//! one ruleset give the same value; a string of the JSON is one word then, whatever it holds. What
//! nft's JSON leaves out cannot be known: 1.0.6 does not tell comments of tables, chains and sets,
//! `auto-merge`, `dynamic`, nor which fields a set is of.

mod expression;
mod object;
mod phrase;
mod set;
mod statement;

use serde_json::Value;

use super::keyword;
use super::parse::Store;
use super::words::Refusal;
use crate::backend::gap::{Reading, Unread};
use crate::firewall::{Base, BaseKind, Chain, ChainPolicy, Hook, Ruleset, TableFamily, TableFlags};

/// The tables of `text`.
pub fn parse_json(text: &str) -> Reading<Ruleset> {
    let mut reader = Reader {
        store: Store::default(),
        unread: Vec::new(),
    };
    let mut document = Document {
        text: text.strip_prefix('\u{feff}').unwrap_or(text),
        at: 0,
        line: 1,
        counted: 0,
        open: 0,
    };
    loop {
        match document.next() {
            Ok(Some(value)) => {
                if let Err(message) = reader.object(&value) {
                    let line = document.line();
                    reader.unread.push(Unread { line, message });
                }
            }
            Ok(None) => break,
            Err(message) => {
                let line = document.line();
                reader.unread.push(Unread { line, message });
            }
        }
    }
    Reading {
        value: reader.store.finish(),
        unread: reader.unread,
    }
}

/// A text that is walked over an object at a time.
struct Document<'a> {
    text: &'a str,
    at: usize,
    /// The line of the place up to which lines were counted.
    line: usize,
    counted: usize,
    /// How many brackets of the document are open.
    open: usize,
}

impl Document<'_> {
    /// The next object; nothing at the end. After an error the next line is next.
    fn next(&mut self) -> Result<Option<Value>, Refusal> {
        loop {
            let rest = &self.text[self.at..];
            match rest.bytes().next() {
                None if self.open > 0 => {
                    self.open = 0;
                    return Err("the text ends too early".to_owned());
                }
                None => return Ok(None),
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',') => self.at += 1,
                Some(b'[') => {
                    self.open += 1;
                    self.at += 1;
                }
                Some(b']' | b'}') => {
                    self.open = self.open.saturating_sub(1);
                    self.at += 1;
                }
                Some(b'{') => match wrapper(rest) {
                    Some(length) => {
                        self.open += 1;
                        self.at += length;
                    }
                    None => return self.value().map(Some),
                },
                Some(_) => {
                    self.skip_line();
                    return Err("this is no JSON of nft".to_owned());
                }
            }
        }
    }

    fn value(&mut self) -> Result<Value, Refusal> {
        let rest = &self.text[self.at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = values.next();
        let length = values.byte_offset();
        match value {
            Some(Ok(value)) => {
                self.at += length;
                Ok(value)
            }
            Some(Err(error)) if error.is_eof() => {
                self.at = self.text.len();
                self.open = 0;
                Err("the text ends too early".to_owned())
            }
            Some(Err(_)) | None => {
                self.skip_line();
                Err("this is no JSON of nft".to_owned())
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        self.at += end;
    }

    /// The line up to which the text was read.
    fn line(&mut self) -> usize {
        let read = &self.text.as_bytes()[self.counted..self.at];
        let behind = read.strip_suffix(b"\n").unwrap_or(read);
        self.line += memchr::memchr_iter(b'\n', behind).count();
        self.counted += behind.len();
        self.line
    }
}

/// How long `{"nftables":` is, if the text begins so.
fn wrapper(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('{')?.trim_start();
    let rest = rest.strip_prefix("\"nftables\"")?.trim_start();
    let rest = rest.strip_prefix(':')?;
    Some(text.len() - rest.len())
}

struct Reader {
    store: Store,
    unread: Vec<Unread>,
}

/// What an object of the listing says of itself.
type Fields = serde_json::Map<String, Value>;

impl Reader {
    /// One object: a table, a chain, a rule, a set.
    fn object(&mut self, value: &Value) -> Result<(), Refusal> {
        let (kind, value) = only(value).ok_or("this is no object of nft")?;
        if let "add" | "create" = kind {
            return self.object(value);
        }
        if kind == "metainfo" {
            return Ok(());
        }
        let fields = value
            .as_object()
            .ok_or_else(|| format!("'{kind}' says nothing"))?;
        match kind {
            "table" => self.table(fields),
            "chain" => self.chain(fields),
            "rule" => self.rule(fields),
            "set" | "map" => self.set(fields, kind == "map"),
            other => match object::kind(other) {
                Some(kind) => {
                    let table = self.table_of(fields)?;
                    let read = object::read(kind, fields)?;
                    self.store.at(table).objects.push(read);
                    Ok(())
                }
                None => Err(format!("'{other}' is nothing that is read here")),
            },
        }
    }

    fn table(&mut self, fields: &Fields) -> Result<(), Refusal> {
        let place = self.store.table(family(fields)?, name(fields, "name")?);
        let table = self.store.at(place);
        table.handle = fields.get("handle").and_then(Value::as_u64);
        table.comment = text(fields, "comment").map(str::to_owned);
        let mut flags = TableFlags::default();
        for flag in words(fields.get("flags")) {
            match flag {
                "dormant" => flags.dormant = true,
                "owner" => flags.owner = true,
                "persist" => flags.persist = true,
                other => return Err(format!("'{other}' is no flag of a table")),
            }
        }
        table.flags = flags;
        Ok(())
    }

    /// The table that something belongs to; made if the listing has not said it.
    fn table_of(&mut self, fields: &Fields) -> Result<usize, Refusal> {
        Ok(self.store.table(family(fields)?, name(fields, "table")?))
    }

    fn chain(&mut self, fields: &Fields) -> Result<(), Refusal> {
        let table = self.table_of(fields)?;
        let base = match text(fields, "type") {
            Some(kind) => Some(read_base(kind, fields)?),
            None => None,
        };
        let place = self.store.chain(table, name(fields, "name")?);
        let chain: &mut Chain = self.store.chain_at(table, place);
        chain.base = base;
        chain.handle = fields.get("handle").and_then(Value::as_u64);
        chain.comment = text(fields, "comment").map(str::to_owned);
        Ok(())
    }

    fn rule(&mut self, fields: &Fields) -> Result<(), Refusal> {
        let table = self.table_of(fields)?;
        let mut rule = statement::read_rule(fields, self.store.family(table))?;
        rule.handle = fields.get("handle").and_then(Value::as_u64);
        let chain = self.store.chain(table, name(fields, "chain")?);
        self.store.chain_at(table, chain).rules.push(rule);
        Ok(())
    }

    fn set(&mut self, fields: &Fields, is_map: bool) -> Result<(), Refusal> {
        let table = self.table_of(fields)?;
        let read = set::read(name(fields, "name")?, fields, is_map)?;
        self.store.add_set(table, read.set);
        match read.lost {
            Some(message) => Err(message),
            None => Ok(()),
        }
    }
}

/// The only field of an object, and its value.
fn only(value: &Value) -> Option<(&str, &Value)> {
    let mut fields = value.as_object()?.iter();
    let (name, value) = fields.next()?;
    fields.next().is_none().then_some((name.as_str(), value))
}

fn family(fields: &Fields) -> Result<TableFamily, Refusal> {
    let word = text(fields, "family").ok_or("the family of the table is missing")?;
    keyword::read_family(word).ok_or_else(|| format!("tables of the family '{word}' are not read"))
}

/// A name that nft could have given.
fn name<'a>(fields: &'a Fields, field: &str) -> Result<&'a str, Refusal> {
    text(fields, field)
        .filter(|name| phrase::is_word(name))
        .ok_or_else(|| format!("'{field}' is missing, or no name"))
}

fn text<'a>(fields: &'a Fields, field: &str) -> Option<&'a str> {
    fields.get(field)?.as_str()
}

/// One string, or several.
fn words(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let several = value.and_then(Value::as_array);
    let several = several.into_iter().flatten().filter_map(Value::as_str);
    let one = value.and_then(Value::as_str);
    one.into_iter().chain(several)
}

fn read_base(kind: &str, fields: &Fields) -> Result<Base, Refusal> {
    let kind = match kind {
        "filter" => BaseKind::Filter,
        "nat" => BaseKind::Nat,
        "route" => BaseKind::Route,
        other => return Err(format!("chains of the type '{other}' are not read")),
    };
    let hook = text(fields, "hook").unwrap_or_default();
    let hook: Hook =
        keyword::read_hook(hook).ok_or_else(|| format!("the hook '{hook}' is not read"))?;
    let priority = fields.get("prio").and_then(Value::as_i64);
    let priority = priority.and_then(|number| i32::try_from(number).ok());
    let mut base = Base::new(kind, hook, priority.ok_or("the priority is missing")?);
    for device in words(fields.get("dev")) {
        if !phrase::is_word(device) {
            return Err(format!("'{}' is no device", device.escape_debug()));
        }
        base.devices.push(device.into());
    }
    base.offload = words(fields.get("flags")).any(|flag| flag == "offload");
    base.policy = match text(fields, "policy") {
        Some("drop") => ChainPolicy::Drop,
        Some("accept") | None => ChainPolicy::Accept,
        Some(other) => return Err(format!("'{other}' is no policy")),
    };
    Ok(base)
}
