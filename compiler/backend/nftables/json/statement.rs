//! Rules in JSON: each of their statements, put into nft's words.

use compact_str::CompactString;
use serde_json::Value;

use super::expression::{plain, say as say_value, say_left, say_map};
use super::phrase::Phrase;
use super::{Fields, only, text, words};
use crate::backend::nftables::limit::BURST;
use crate::backend::nftables::rule::Builder;
use crate::backend::nftables::statement;
use crate::backend::nftables::types::{INTEGER, Kinds};
use crate::backend::nftables::words::Refusal;
use crate::firewall::{Rule, TableFamily};

/// The rule that an object says, in a table of this family.
pub(super) fn read_rule(fields: &Fields, family: TableFamily) -> Result<Rule, Refusal> {
    let statements = fields.get("expr").and_then(Value::as_array);
    // nft lists no rule without a statement, and no text would say it again.
    let statements = statements.filter(|statements| !statements.is_empty());
    let statements = statements.ok_or("the statements of the rule are missing")?;
    let mut builder = Builder::default();
    for each in statements {
        let mut phrase = Phrase::default();
        let said = only(each).and_then(|(name, value)| say(&mut phrase, name, value));
        let read = said.and_then(|()| phrase.read(|words| statement::read(words, family)));
        match read {
            Some(statement) => builder.add(statement),
            None => builder.add_unknown(CompactString::from(each.to_string())),
        }
    }
    if let Some(comment) = text(fields, "comment") {
        builder.comment(comment.into());
    }
    Ok(builder.finish())
}

/// What an element of a verdict map leads to.
pub(super) fn say_verdict(phrase: &mut Phrase, value: &Value) -> Option<()> {
    let (name, value) = only(value)?;
    match name {
        "accept" | "drop" | "return" | "continue" => {
            phrase.say(name);
            Some(())
        }
        "jump" | "goto" => {
            let chain = value.get("target")?.as_str()?;
            phrase.say(name);
            phrase.word(chain)
        }
        _ => None,
    }
}

/// Says a statement. Nothing if it is none that is known.
pub(super) fn say(phrase: &mut Phrase, name: &str, value: &Value) -> Option<()> {
    match name {
        "match" => say_match(phrase, value),
        "accept" | "drop" | "return" | "continue" | "notrack" => {
            phrase.say(name);
            Some(())
        }
        "jump" | "goto" => {
            phrase.say(name);
            phrase.word(value.get("target")?.as_str()?)
        }
        "counter" => say_counter(phrase, value),
        "reject" => say_reject(phrase, value),
        "log" => say_log(phrase, value),
        "limit" => say_limit(phrase, value),
        "quota" => say_quota(phrase, value),
        "mangle" => {
            let field = say_left(phrase, value.get("key")?)?;
            phrase.say("set");
            say_value(phrase, value.get("value")?, Kinds::Of(&field))
        }
        "vmap" => {
            let key = say_left(phrase, value.get("key")?)?;
            phrase.say("vmap");
            say_map(
                phrase,
                value.get("data")?,
                Kinds::Of(&key),
                Kinds::One(INTEGER),
            )
        }
        "snat" | "dnat" | "masquerade" | "redirect" => say_nat(phrase, name, value),
        "ct count" => {
            phrase.say_all("ct count");
            say_inverted(phrase, value);
            phrase.say(&value.get("val")?.as_u64()?.to_string());
            Some(())
        }
        "ct helper" | "ct timeout" | "ct expectation" => {
            phrase.say_all(name);
            phrase.say("set");
            say_named(phrase, value)
        }
        "queue" => say_queue(phrase, value),
        "tproxy" => {
            phrase.say("tproxy");
            say_to(phrase, value.as_object()?)
        }
        "dup" | "fwd" => say_copy(phrase, name, value.as_object()?),
        "set" | "map" => say_set_change(phrase, value.as_object()?),
        "flow" => {
            phrase.say("flow");
            phrase.word(value.get("op")?.as_str()?)?;
            phrase.word(value.get("flowtable")?.as_str()?)
        }
        "synproxy" => say_synproxy(phrase, value),
        "secmark" | "tunnel" => {
            phrase.say(name);
            phrase.say("name");
            say_named(phrase, value)
        }
        "xt" => {
            phrase.say("xt");
            phrase.word(value.get("type")?.as_str()?)?;
            phrase.word(value.get("name")?.as_str()?)
        }
        "meter" => say_meter(phrase, value.as_object()?),
        "last" => {
            phrase.say("last");
            Some(())
        }
        "reset" => {
            let (option, value) = only(value)?;
            phrase.say("reset");
            phrase.say_all(option);
            phrase.word(value.get("name")?.as_str()?)
        }
        _ => None,
    }
}

fn say_match(phrase: &mut Phrase, value: &Value) -> Option<()> {
    let left = say_left(phrase, value.get("left")?)?;
    match value.get("op").and_then(Value::as_str)? {
        // Flags in common.
        "in" => {}
        operator @ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "!") => phrase.say(operator),
        _ => return None,
    }
    say_value(phrase, value.get("right")?, Kinds::Of(&left))
}

/// The name of an object, or the map that gives one.
fn say_named(phrase: &mut Phrase, value: &Value) -> Option<()> {
    match value.as_str() {
        Some(name) => phrase.quoted(name),
        None => say_value(phrase, value, Kinds::One("string")),
    }
}

fn say_inverted(phrase: &mut Phrase, value: &Value) {
    if value.get("inv").and_then(Value::as_bool) == Some(true) {
        phrase.say("over");
    }
}

fn say_counter(phrase: &mut Phrase, value: &Value) -> Option<()> {
    phrase.say("counter");
    if value.is_null() {
        return Some(());
    }
    match (value.get("packets"), value.get("bytes")) {
        (Some(packets), Some(bytes)) => {
            phrase.say("packets");
            phrase.say(&packets.as_u64()?.to_string());
            phrase.say("bytes");
            phrase.say(&bytes.as_u64()?.to_string());
            Some(())
        }
        (_, _) => {
            phrase.say("name");
            say_named(phrase, value)
        }
    }
}

fn say_reject(phrase: &mut Phrase, value: &Value) -> Option<()> {
    phrase.say("reject");
    let Some(kind) = value.get("type") else {
        return Some(());
    };
    phrase.say("with");
    match kind.as_str()? {
        "tcp reset" => phrase.say_all("tcp reset"),
        kind @ ("icmp" | "icmpv6" | "icmpx") => {
            phrase.say(kind);
            say_value(phrase, value.get("expr")?, Kinds::One(INTEGER))?;
        }
        _ => return None,
    }
    Some(())
}

fn say_log(phrase: &mut Phrase, value: &Value) -> Option<()> {
    phrase.say("log");
    let Some(fields) = value.as_object() else {
        return value.is_null().then_some(());
    };
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("prefix", prefix) => {
                phrase.say("prefix");
                phrase.quoted(prefix.as_str()?)?;
            }
            (name @ ("group" | "snaplen" | "queue-threshold"), number) => {
                phrase.say(name);
                phrase.say(&number.as_u64()?.to_string());
            }
            ("level", level) => {
                phrase.say("level");
                phrase.word(level.as_str()?)?;
            }
            ("flags", flags) => {
                for flag in words(Some(flags)) {
                    phrase.say("flags");
                    phrase.say_all(flag);
                }
            }
            (_, _) => return None,
        }
    }
    Some(())
}

fn say_limit(phrase: &mut Phrase, value: &Value) -> Option<()> {
    phrase.say("limit");
    if value.get("rate").is_none() {
        phrase.say("name");
        return say_named(phrase, value);
    }
    phrase.say("rate");
    say_inverted(phrase, value);
    let rate = value.get("rate")?.as_u64()?;
    let per = value.get("per")?.as_str()?;
    let unit = value.get("rate_unit").and_then(Value::as_str);
    match unit.filter(|unit| *unit != "packets") {
        Some(unit) => {
            phrase.say(&rate.to_string());
            phrase.word(&format!("{unit}/{per}"))?;
        }
        None => phrase.word(&format!("{rate}/{per}"))?,
    }
    let usual = if unit.is_some() { 0 } else { BURST };
    let burst = value.get("burst").and_then(Value::as_u64);
    if let Some(burst) = burst.filter(|burst| *burst != usual) {
        let unit = value.get("burst_unit").and_then(Value::as_str);
        phrase.say("burst");
        phrase.say(&burst.to_string());
        phrase.word(unit.unwrap_or("packets"))?;
    }
    Some(())
}

fn say_quota(phrase: &mut Phrase, value: &Value) -> Option<()> {
    phrase.say("quota");
    if value.get("val").is_none() {
        phrase.say("name");
        return say_named(phrase, value);
    }
    say_inverted(phrase, value);
    say_amount(phrase, value.get("val")?, value.get("val_unit"))?;
    if let Some(used) = value.get("used") {
        phrase.say("used");
        say_amount(phrase, used, value.get("used_unit"))?;
    }
    Some(())
}

fn say_amount(phrase: &mut Phrase, amount: &Value, unit: Option<&Value>) -> Option<()> {
    phrase.say(&amount.as_u64()?.to_string());
    phrase.word(unit.and_then(Value::as_str).unwrap_or("bytes"))
}

fn say_nat(phrase: &mut Phrase, name: &str, value: &Value) -> Option<()> {
    phrase.say(name);
    if value.is_null() {
        return Some(());
    }
    let fields = value.as_object()?;
    if !say_family(phrase, fields)? && words(fields.get("type_flags")).count() > 0 {
        // Only a family lets it say what it gives.
        phrase.say("ip");
    }
    for flag in words(fields.get("type_flags")) {
        match flag {
            "concat" => phrase.say_all("addr . port"),
            "prefix" | "interval" => phrase.say(flag),
            _ => return None,
        }
    }
    say_address(phrase, fields)?;
    let flags = words(fields.get("flags")).filter(|flag| *flag != "netmap");
    for (at, flag) in flags.enumerate() {
        if at > 0 {
            phrase.comma();
        }
        phrase.word(flag)?;
    }
    Some(())
}

/// Whether there is one.
fn say_family(phrase: &mut Phrase, fields: &Fields) -> Option<bool> {
    match text(fields, "family") {
        Some(family) => phrase.word(family).map(|()| true),
        None => Some(false),
    }
}

fn say_to(phrase: &mut Phrase, fields: &Fields) -> Option<()> {
    say_family(phrase, fields)?;
    say_address(phrase, fields)
}

/// `to`, addresses, and ports after a colon.
fn say_address(phrase: &mut Phrase, fields: &Fields) -> Option<()> {
    let (address, port) = (fields.get("addr"), fields.get("port"));
    if let Some(port) = port.and_then(plain)
        && let Some(address) = address.map_or(Some("".into()), plain)
    {
        phrase.say("to");
        return match address.contains(':') {
            true => phrase.word(&format!("[{address}]:{port}")),
            false => phrase.word(&format!("{address}:{port}")),
        };
    }
    if address.is_some() || port.is_some() {
        phrase.say("to");
    }
    if let Some(address) = address {
        say_value(phrase, address, Kinds::One(INTEGER))?;
    }
    if let Some(port) = port {
        phrase.say(":");
        say_value(phrase, port, Kinds::One(INTEGER))?;
    }
    Some(())
}

fn say_queue(phrase: &mut Phrase, value: &Value) -> Option<()> {
    phrase.say("queue");
    let flags: Vec<&str> = words(value.get("flags")).collect();
    if !flags.is_empty() {
        phrase.say("flags");
    }
    for (at, flag) in flags.iter().enumerate() {
        if at > 0 {
            phrase.comma();
        }
        phrase.word(flag)?;
    }
    if let Some(number) = value.get("num") {
        phrase.say("to");
        say_value(phrase, number, Kinds::One(INTEGER))?;
    }
    Some(())
}

/// `dup to ADDRESS device DEVICE`, `fwd to DEVICE`.
fn say_copy(phrase: &mut Phrase, name: &str, fields: &Fields) -> Option<()> {
    phrase.say(name);
    say_family(phrase, fields)?;
    phrase.say("to");
    match (fields.get("addr"), fields.get("dev")) {
        (Some(address), device) => {
            // A packet is copied to an address; a frame, to a device.
            let kind = if name == "dup" && device.is_none() {
                "ifname"
            } else {
                INTEGER
            };
            let is_address = address
                .as_str()
                .is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok());
            say_value(
                phrase,
                address,
                Kinds::One(if is_address { INTEGER } else { kind }),
            )?;
            if let Some(device) = device {
                phrase.say("device");
                say_value(phrase, device, Kinds::One("ifname"))?;
            }
        }
        (None, Some(device)) => say_value(phrase, device, Kinds::One("ifname"))?,
        (None, None) => return None,
    }
    Some(())
}

/// `update @set { ip saddr limit rate 5/second }`, with a value for a map.
fn say_set_change(phrase: &mut Phrase, fields: &Fields) -> Option<()> {
    phrase.word(text(fields, "op")?)?;
    phrase.word(text(fields, "set").or(text(fields, "map"))?)?;
    phrase.open();
    say_value(phrase, fields.get("elem")?, Kinds::One(INTEGER))?;
    let statements = fields.get("stmt").and_then(Value::as_array);
    for statement in statements.into_iter().flatten() {
        let (name, value) = only(statement)?;
        say(phrase, name, value)?;
    }
    if let Some(data) = fields.get("data") {
        phrase.say(":");
        say_verdict(phrase, data).or_else(|| say_value(phrase, data, Kinds::One(INTEGER)))?;
    }
    phrase.close();
    Some(())
}

/// `meter NAME size 65535 { ip saddr limit rate 10/second }`.
fn say_meter(phrase: &mut Phrase, fields: &Fields) -> Option<()> {
    phrase.say("meter");
    phrase.word(text(fields, "name")?)?;
    if let Some(size) = fields.get("size").and_then(Value::as_u64) {
        phrase.say("size");
        phrase.say(&size.to_string());
    }
    phrase.open();
    say_value(phrase, fields.get("key")?, Kinds::One(INTEGER))?;
    let (name, value) = only(fields.get("stmt")?)?;
    say(phrase, name, value)?;
    phrase.close();
    Some(())
}

fn say_synproxy(phrase: &mut Phrase, value: &Value) -> Option<()> {
    phrase.say("synproxy");
    let Some(fields) = value.as_object() else {
        if value.is_null() {
            return Some(());
        }
        phrase.say("name");
        return say_named(phrase, value);
    };
    for name in ["mss", "wscale"] {
        if let Some(number) = fields.get(name) {
            phrase.say(name);
            phrase.say(&number.as_u64()?.to_string());
        }
    }
    words(fields.get("flags")).try_for_each(|flag| phrase.word(flag))
}
