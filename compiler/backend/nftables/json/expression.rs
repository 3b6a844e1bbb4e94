//! Expressions in JSON, put into nft's words.

use std::borrow::Cow;

use serde_json::Value;

use super::phrase::Phrase;
use super::{Fields, only, statement, text, words};
use crate::backend::nftables::duration::Duration;
use crate::backend::nftables::types::{self, Kinds};
use crate::backend::nftables::value;
use crate::firewall::Expression;

/// Says an expression; values are of these types. Nothing if it is none that is known.
pub(super) fn say(phrase: &mut Phrase, value: &Value, kinds: Kinds<'_>) -> Option<()> {
    match value {
        Value::Null => None,
        // Whether something is there.
        Value::Bool(there) => {
            phrase.say(if *there { "exists" } else { "missing" });
            Some(())
        }
        Value::Number(number) => {
            let seconds = number.as_u64().filter(|_| kinds.part(0) == "ct_time");
            match seconds {
                Some(seconds) => phrase.say(&time(seconds).to_string()),
                None => phrase.say(&number.to_string()),
            }
            Some(())
        }
        Value::String(text) => say_text(phrase, text, kinds.part(0)),
        Value::Array(list) => say_list(phrase, list, kinds),
        Value::Object(_) => {
            let (name, value) = only(value)?;
            say_object(phrase, name, value, kinds)
        }
    }
}

/// Says an expression with fields, and gives it as it is read.
pub(super) fn say_left(phrase: &mut Phrase, value: &Value) -> Option<Expression> {
    let start = phrase.len();
    say(phrase, value, Kinds::One(types::INTEGER))?;
    phrase.read_from(start, value::left)
}

fn say_text(phrase: &mut Phrase, text: &str, kind: &str) -> Option<()> {
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let named = text.starts_with('@') || text == "*";
    match types::is_quoted(kind) && !named {
        // Of a device or a user that has no name any more only the number is left.
        true if number && kind != "ifname" => phrase.word(text),
        true => phrase.quoted(text),
        false => phrase.word(text).or_else(|| phrase.quoted(text)),
    }
}

/// `a,b`: flags.
fn say_list(phrase: &mut Phrase, list: &[Value], kinds: Kinds<'_>) -> Option<()> {
    for (at, each) in list.iter().enumerate() {
        if at > 0 {
            phrase.comma();
        }
        say(phrase, each, kinds)?;
    }
    (!list.is_empty()).then_some(())
}

fn say_object(phrase: &mut Phrase, name: &str, value: &Value, kinds: Kinds<'_>) -> Option<()> {
    match name {
        "prefix" => {
            let address = value.get("addr")?.as_str()?;
            let length = value.get("len")?.as_u64()?;
            phrase.word(&format!("{address}/{length}"))
        }
        "range" => say_range(phrase, value.as_array()?, kinds),
        "concat" => {
            for (at, part) in value.as_array()?.iter().enumerate() {
                if at > 0 {
                    phrase.say(".");
                }
                say(phrase, part, Kinds::One(kinds.part(at)))?;
            }
            Some(())
        }
        "set" => say_set(phrase, value, kinds, kinds),
        "map" => {
            let key = say_left(phrase, value.get("key")?)?;
            phrase.say("map");
            say_map(phrase, value.get("data")?, Kinds::Of(&key), kinds)
        }
        "elem" => say_element(phrase, value.as_object()?, kinds),
        "|" | "^" | "&" | "<<" | ">>" => say_bits(phrase, name, value.as_array()?, kinds),
        other => say_field(phrase, other, value),
    }
}

fn say_range(phrase: &mut Phrase, ends: &[Value], kinds: Kinds<'_>) -> Option<()> {
    let [start, end] = ends else { return None };
    if let (Some(start), Some(end)) = (start.as_u64(), end.as_u64())
        && kinds.part(0) == "ct_time"
    {
        return phrase.word(&format!("{}-{}", time(start), time(end)));
    }
    if let (Some(start), Some(end)) = (plain(start), plain(end))
        && !types::is_quoted(kinds.part(0))
    {
        return phrase.word(&format!("{start}-{end}"));
    }
    say(phrase, start, kinds)?;
    phrase.say("-");
    say(phrase, end, kinds)
}

fn time(seconds: u64) -> Duration {
    Duration(seconds.saturating_mul(1_000))
}

/// A string or number as it is.
pub(super) fn plain(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Operands that are joined themselves stand in parentheses, and so do flags.
fn say_bits(
    phrase: &mut Phrase,
    operator: &str,
    operands: &[Value],
    kinds: Kinds<'_>,
) -> Option<()> {
    // What is joined with a field is of its type.
    let first = operands.first()?;
    let of = say_left(&mut Phrase::default(), first);
    let kinds = of.as_ref().map_or(kinds, Kinds::Of);
    for (at, operand) in operands.iter().enumerate() {
        if at > 0 {
            phrase.say(operator);
        }
        let flags = operand.as_array();
        let joined = flags.is_some() || only(operand).is_some_and(|(name, _)| is_operator(name));
        if joined {
            phrase.open_round();
        }
        match flags {
            Some(flags) => say_flags(phrase, flags, kinds)?,
            None => say(phrase, operand, kinds)?,
        }
        if joined {
            phrase.close_round();
        }
    }
    (operands.len() > 1).then_some(())
}

fn is_operator(name: &str) -> bool {
    matches!(name, "|" | "^" | "&" | "<<" | ">>")
}

/// `a | b`.
fn say_flags(phrase: &mut Phrase, flags: &[Value], kinds: Kinds<'_>) -> Option<()> {
    for (at, flag) in flags.iter().enumerate() {
        if at > 0 {
            phrase.say("|");
        }
        say(phrase, flag, kinds)?;
    }
    (!flags.is_empty()).then_some(())
}

/// A set or map, by name or with its elements.
pub(super) fn say_map(
    phrase: &mut Phrase,
    map: &Value,
    keys: Kinds<'_>,
    values: Kinds<'_>,
) -> Option<()> {
    if let Value::String(name) = map {
        return phrase.word(name);
    }
    let (name, elements) = only(map)?;
    (name == "set").then_some(())?;
    say_set(phrase, elements, keys, values)
}

fn say_set(
    phrase: &mut Phrase,
    elements: &Value,
    keys: Kinds<'_>,
    values: Kinds<'_>,
) -> Option<()> {
    let several = elements.as_array().map(Vec::as_slice);
    let elements = several.unwrap_or(std::slice::from_ref(elements));
    phrase.open();
    for (at, each) in elements.iter().enumerate() {
        if at > 0 {
            phrase.comma();
        }
        say_entry(phrase, each, keys, values)?;
    }
    phrase.close();
    Some(())
}

/// An element of a set, or a key and what it leads to.
pub(super) fn say_entry(
    phrase: &mut Phrase,
    entry: &Value,
    keys: Kinds<'_>,
    values: Kinds<'_>,
) -> Option<()> {
    let Value::Array(pair) = entry else {
        return say(phrase, entry, keys);
    };
    let [key, value] = pair.as_slice() else {
        return None;
    };
    say(phrase, key, keys)?;
    phrase.say(":");
    statement::say_verdict(phrase, value).or_else(|| say(phrase, value, values))
}

/// An element with what few elements have.
fn say_element(phrase: &mut Phrase, fields: &Fields, kinds: Kinds<'_>) -> Option<()> {
    say(phrase, fields.get("val")?, kinds)?;
    for (name, value) in fields {
        match name.as_str() {
            "val" | "timeout" | "expires" | "comment" => {}
            other => statement::say(phrase, other, value)?,
        }
    }
    for name in ["timeout", "expires"] {
        if let Some(seconds) = fields.get(name) {
            phrase.say(name);
            phrase.say(&time(seconds.as_u64()?).to_string());
        }
    }
    if let Some(comment) = fields.get("comment") {
        phrase.say("comment");
        phrase.quoted(comment.as_str()?)?;
    }
    Some(())
}

/// A property of the packet.
fn say_field(phrase: &mut Phrase, name: &str, value: &Value) -> Option<()> {
    let fields = value.as_object()?;
    let part = |field: &str| text(fields, field);
    let number = |field: &str| fields.get(field)?.as_u64();
    match name {
        "payload" => match (part("base"), part("protocol")) {
            (Some(base), _) => say_raw(phrase, &format!("@{base}"), fields),
            (None, protocol) => {
                if let Some(tunnel) = part("tunnel") {
                    phrase.word(tunnel)?;
                }
                phrase.word(protocol?)?;
                say_words(phrase, part("field")?)
            }
        },
        "meta" => {
            phrase.say("meta");
            phrase.word(part("key")?)
        }
        "ct" => {
            phrase.say("ct");
            for field in ["dir", "family", "key"] {
                if let Some(word) = part(field) {
                    say_words(phrase, word)?;
                }
            }
            part("key").map(|_| ())
        }
        "fib" => {
            phrase.say("fib");
            for (at, flag) in words(fields.get("flags")).enumerate() {
                if at > 0 {
                    phrase.say(".");
                }
                phrase.word(flag)?;
            }
            phrase.word(part("result")?)
        }
        "rt" => {
            phrase.say("rt");
            if let Some(family) = part("family") {
                phrase.word(family)?;
            }
            phrase.word(part("key")?)
        }
        "socket" => {
            phrase.say("socket");
            phrase.word(part("key")?)?;
            if part("key") == Some("cgroupv2") {
                phrase.say("level");
                phrase.say(&number("level").unwrap_or_default().to_string());
            }
            Some(())
        }
        "osf" => {
            phrase.say("osf");
            if let Some(ttl) = part("ttl") {
                phrase.say("ttl");
                phrase.word(ttl)?;
            }
            phrase.word(part("key")?)
        }
        "ipsec" => {
            phrase.say("ipsec");
            phrase.word(part("dir")?)?;
            phrase.say("spnum");
            phrase.say(&number("spnum").unwrap_or_default().to_string());
            if let Some(family) = part("family") {
                phrase.word(family)?;
            }
            phrase.word(part("key")?)
        }
        "exthdr" | "tcp option" | "ip option" | "sctp chunk" | "dccp option" => {
            say_extension(phrase, name, fields)
        }
        "numgen" | "jhash" | "symhash" => say_number(phrase, name, fields),
        _ => None,
    }
}

/// `@th,16,16`.
fn say_raw(phrase: &mut Phrase, base: &str, fields: &Fields) -> Option<()> {
    phrase.word(base)?;
    for field in ["offset", "len"] {
        phrase.comma();
        phrase.say(&fields.get(field)?.as_u64()?.to_string());
    }
    Some(())
}

fn say_words(phrase: &mut Phrase, words: &str) -> Option<()> {
    words.split(' ').try_for_each(|word| phrase.word(word))
}

/// A header between others, or an option: there, or a field of it.
fn say_extension(phrase: &mut Phrase, name: &str, fields: &Fields) -> Option<()> {
    if name != "exthdr" {
        phrase.say_all(name);
    }
    if let Some(option) = fields.get("base").and_then(Value::as_u64) {
        let number = |field: &str| fields.get(field).and_then(Value::as_u64);
        // An option without a name is there if its first byte is.
        return match (number("offset"), number("len")) {
            (Some(0), Some(8)) => phrase.word(&option.to_string()),
            (_, _) => say_raw(phrase, &format!("@{option}"), fields),
        };
    }
    let header = fields.get("name").or(fields.get("type")).and_then(plain)?;
    match (text(fields, "field"), name) {
        (Some(field), _) => {
            phrase.word(&header)?;
            phrase.word(field)
        }
        (None, "exthdr") => {
            phrase.say("exthdr");
            phrase.word(&header)
        }
        (None, _) => phrase.word(&header),
    }
}

/// `numgen random mod 4 offset 3`, `jhash ip saddr mod 4 seed 0x1`.
fn say_number(phrase: &mut Phrase, name: &str, fields: &Fields) -> Option<()> {
    phrase.say(name);
    if let Some(mode) = text(fields, "mode") {
        phrase.word(mode)?;
    }
    if let Some(hashed) = fields.get("expr") {
        say(phrase, hashed, Kinds::One(types::INTEGER))?;
    }
    phrase.say("mod");
    phrase.say(&fields.get("mod")?.as_u64()?.to_string());
    if let Some(seed) = fields.get("seed").and_then(Value::as_u64) {
        phrase.say("seed");
        phrase.say(&format!("{seed:#x}"));
    }
    if let Some(offset) = fields.get("offset").and_then(Value::as_u64) {
        phrase.say("offset");
        phrase.say(&offset.to_string());
    }
    Some(())
}
