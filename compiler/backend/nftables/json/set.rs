//! Named sets and maps in JSON.

use compact_str::CompactString;
use serde_json::Value;

use super::expression::{say_entry, say_left};
use super::phrase::Phrase;
use super::{Fields, only, statement, words};
use crate::backend::nftables::words::Refusal;
use crate::backend::nftables::{element, object, set, types};
use crate::firewall::{Set, SetFlags, SetType, SetValue};

/// A set, and what of it was not understood.
pub(super) struct Read {
    pub(super) set: Set,
    pub(super) lost: Option<Refusal>,
}

/// The set or map that an object says.
pub(super) fn read(name: &str, fields: &Fields, is_map: bool) -> Result<Read, Refusal> {
    let key = fields.get("type").and_then(read_type);
    let key = key.ok_or_else(|| format!("the set '{name}' does not say its type"))?;
    let mut read = Set::new(name, key);
    if is_map {
        let value = fields.get("map").and_then(read_value);
        let value = value.ok_or_else(|| format!("the map '{name}' does not say what it leads to"));
        read.value = Some(value?);
    }
    read.handle = fields.get("handle").and_then(Value::as_u64);
    read.comment = super::text(fields, "comment").map(str::to_owned);
    read.memory = super::text(fields, "policy") == Some("memory");
    read.auto_merge = fields.get("auto-merge").and_then(Value::as_bool) == Some(true);
    read.size = fields.get("size").and_then(Value::as_u64);
    read.timeout_milliseconds = milliseconds(fields, "timeout");
    read.gc_interval_milliseconds = milliseconds(fields, "gc-interval");
    read.flags = read_flags(fields)?;
    let statement = read_statements(fields, &mut read);
    let elements = read_elements(fields, &mut read);
    let lost = match (statement, elements) {
        (Some(statement), _) => Some(format!("'{statement}' in a set is not read")),
        (None, 0) => None,
        (None, count) => Some(format!("{count} elements of the set '{name}' are not read")),
    };
    Ok(Read { set: read, lost })
}

fn milliseconds(fields: &Fields, field: &str) -> Option<u64> {
    fields.get(field)?.as_u64()?.checked_mul(1_000)
}

fn read_flags(fields: &Fields) -> Result<SetFlags, Refusal> {
    let mut flags = SetFlags::default();
    for flag in words(fields.get("flags")) {
        match flag {
            "constant" => flags.constant = true,
            "interval" => flags.interval = true,
            "timeout" => flags.timeout = true,
            "dynamic" => flags.dynamic = true,
            other => return Err(format!("'{other}' is no flag of a set")),
        }
    }
    Ok(flags)
}

/// Names of types, or the fields that have them.
fn read_type(value: &Value) -> Option<SetType> {
    if let Some(of) = value.get("typeof") {
        let mut phrase = Phrase::default();
        let of = say_left(&mut phrase, of)?;
        return Some(SetType {
            names: types::names(&of),
            of: Some(of),
        });
    }
    let names: Vec<CompactString> = words(Some(value))
        .flat_map(|words| words.split(" . "))
        .map(Into::into)
        .collect();
    let plain = |name: &CompactString| {
        let mut bytes = name.bytes();
        !name.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let known = !names.is_empty() && names.iter().all(plain);
    known.then_some(SetType { names, of: None })
}

fn read_value(value: &Value) -> Option<SetValue> {
    if value.as_str() == Some("verdict") {
        return Some(SetValue::Verdict);
    }
    if let Some(kind) = value.as_str().and_then(super::object::kind) {
        return Some(SetValue::Object(object::kind_words(kind).into()));
    }
    read_type(value).map(SetValue::Data)
}

/// Takes what is done when an element is met; the first that was not understood.
fn read_statements<'a>(fields: &'a Fields, into: &mut Set) -> Option<&'a Value> {
    let statements = fields.get("stmt").and_then(Value::as_array);
    let mut lost = None;
    for each in statements.into_iter().flatten() {
        let mut phrase = Phrase::default();
        let said = match only(each) {
            // What a set counts it counts for each element.
            Some(("counter", _)) => {
                phrase.say("counter");
                Some(())
            }
            Some((name, value)) => statement::say(&mut phrase, name, value),
            None => None,
        };
        match said.and_then(|()| phrase.read(set::read_statement)) {
            Some(line) => into.statements.push(line),
            None => lost = lost.or(Some(each)),
        }
    }
    lost
}

/// Takes the elements; how many of them were not understood.
fn read_elements(fields: &Fields, into: &mut Set) -> usize {
    let elements = fields.get("elem").and_then(Value::as_array);
    let mut lost = 0;
    let mut read = Vec::new();
    for each in elements.into_iter().flatten() {
        let mut phrase = Phrase::default();
        let said = say_entry(
            &mut phrase,
            each,
            set::kinds(&into.key),
            set::value_kinds(into),
        );
        match said.and_then(|()| phrase.read(element::read)) {
            Some(element) => read.push(element),
            None => lost += 1,
        }
    }
    into.elements = read;
    lost
}
