//! Stateful objects and flowtables in JSON.

use std::fmt::Write as _;

use compact_str::{CompactString, format_compact};
use serde_json::Value;

use super::phrase::is_word;
use super::{Fields, name, text, words};
use crate::backend::nftables::duration::Duration;
use crate::backend::nftables::words::Refusal;
use crate::backend::nftables::{limit, object};
use crate::firewall::{Object, ObjectKind};

/// The kind of object that a name means.
pub(super) fn kind(name: &str) -> Option<ObjectKind> {
    match name.split_once(' ') {
        Some((first, second)) => object::kind_of(first, second),
        None => object::kind_of(name, ""),
    }
}

/// The object that `fields` say.
pub(super) fn read(kind: ObjectKind, fields: &Fields) -> Result<Object, Refusal> {
    let mut read = object::named(kind, name(fields, "name")?);
    read.handle = fields.get("handle").and_then(Value::as_u64);
    read.comment = text(fields, "comment").map(str::to_owned);
    let body = are_words(fields).then(|| body(kind, fields)).flatten();
    read.body = body.ok_or_else(|| format!("what '{}' says is not read", read.name))?;
    Ok(read)
}

/// Whether each field that becomes a word of a line is one, so that it says nothing else there.
fn are_words(fields: &Fields) -> bool {
    const WORDS: [&str; 13] = [
        "burst_unit",
        "dev",
        "dport",
        "flags",
        "hook",
        "l3proto",
        "mss",
        "per",
        "protocol",
        "rate_unit",
        "size",
        "type",
        "wscale",
    ];
    let is_one = |value: &Value| match value {
        Value::String(word) => is_word(word),
        Value::Number(_) => true,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    let said = WORDS.iter().filter_map(|field| fields.get(*field));
    let mut each = said.flat_map(|value| {
        let several = value.as_array().map(Vec::as_slice);
        several.unwrap_or(std::slice::from_ref(value))
    });
    each.all(is_one)
}

fn body(kind: ObjectKind, fields: &Fields) -> Option<Vec<CompactString>> {
    let number = |field: &str| fields.get(field).and_then(Value::as_u64);
    Some(match kind {
        ObjectKind::Counter => match (number("packets"), number("bytes")) {
            (Some(packets), Some(bytes)) if packets > 0 || bytes > 0 => {
                vec![format_compact!("packets {packets} bytes {bytes}")]
            }
            (_, _) => Vec::new(),
        },
        ObjectKind::Quota => {
            let (amount, unit) = limit::in_units(number("bytes")?);
            let mut line = format_compact!("{}{amount} {unit}", over(fields));
            if let Some(used) = number("used").filter(|used| *used > 0) {
                let (used, unit) = limit::in_units(used);
                line.push_str(&format!(" used {used} {unit}"));
            }
            vec![line]
        }
        ObjectKind::Limit => vec![rate(fields)?],
        ObjectKind::CtHelper => {
            let (kind, protocol) = (text(fields, "type")?, text(fields, "protocol")?);
            let mut lines = vec![format_compact!("type \"{kind}\" protocol {protocol}")];
            lines.extend(line(fields, "l3proto"));
            lines
        }
        ObjectKind::CtTimeout => {
            let mut lines: Vec<_> = line(fields, "protocol").into_iter().collect();
            lines.extend(line(fields, "l3proto"));
            if let Some(told) = fields.get("policy") {
                lines.push(policy(told)?);
            }
            lines
        }
        ObjectKind::CtExpectation => {
            let mut lines: Vec<_> = line(fields, "protocol").into_iter().collect();
            lines.extend(line(fields, "dport"));
            // This one alone is in milliseconds.
            let timeout = number("timeout");
            lines.extend(timeout.map(|time| format_compact!("timeout {}", Duration(time))));
            lines.extend(line(fields, "size"));
            lines.extend(line(fields, "l3proto"));
            lines
        }
        ObjectKind::Synproxy => {
            let mut lines: Vec<_> = line(fields, "mss").into_iter().collect();
            lines.extend(line(fields, "wscale"));
            let flags: Vec<&str> = words(fields.get("flags")).collect();
            if !flags.is_empty() {
                lines.push(flags.join(" ").into());
            }
            lines
        }
        ObjectKind::Secmark => {
            let context = text(fields, "context")?;
            let quotable = !context.contains(|c: char| c == '"' || c.is_control());
            vec![quotable.then(|| format_compact!("\"{context}\""))?]
        }
        ObjectKind::Flowtable => flowtable(fields)?,
    })
}

fn over(fields: &Fields) -> &'static str {
    match fields.get("inv").and_then(Value::as_bool) {
        Some(true) => "over ",
        Some(false) | None => "",
    }
}

/// A field and its value.
fn line(fields: &Fields, field: &str) -> Option<CompactString> {
    match fields.get(field)? {
        Value::String(word) => Some(format_compact!("{field} {word}")),
        Value::Number(number) => Some(format_compact!("{field} {number}")),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn rate(fields: &Fields) -> Option<CompactString> {
    let number = |field: &str| fields.get(field).and_then(Value::as_u64);
    let (rate, per) = (number("rate")?, text(fields, "per")?);
    let over = over(fields);
    let mut line = match text(fields, "rate_unit").filter(|unit| *unit != "packets") {
        Some(unit) => format_compact!("rate {over}{rate} {unit}/{per}"),
        None => format_compact!("rate {over}{rate}/{per}"),
    };
    let usual = if text(fields, "rate_unit").is_some() {
        0
    } else {
        limit::BURST
    };
    if let Some(burst) = number("burst").filter(|burst| *burst != usual) {
        let unit = text(fields, "burst_unit").unwrap_or("packets");
        line.push_str(&format!(" burst {burst} {unit}"));
    }
    Some(line)
}

/// States in the kernel's order, in which they are listed.
const STATES: [&str; 13] = [
    "syn_sent",
    "syn_recv",
    "established",
    "fin_wait",
    "close_wait",
    "last_ack",
    "time_wait",
    "close",
    "syn_sent2",
    "retrans",
    "unack",
    "unreplied",
    "replied",
];

/// `policy = { established : 100, close : 4 }`.
fn policy(told: &Value) -> Option<CompactString> {
    let mut policy: Vec<_> = told.as_object()?.iter().collect();
    policy.sort_by_key(|(state, _)| STATES.iter().position(|each| each == state));
    let mut line = String::from("policy = {");
    for (at, (state, seconds)) in policy.into_iter().enumerate() {
        (is_word(state) && seconds.is_u64()).then_some(())?;
        // Writing into a String cannot fail.
        let _ = write!(
            line,
            "{} {state} : {seconds}",
            if at > 0 { "," } else { "" }
        );
    }
    line.push_str(" }");
    Some(line.into())
}

fn flowtable(fields: &Fields) -> Option<Vec<CompactString>> {
    let (hook, priority) = (text(fields, "hook")?, fields.get("prio")?);
    let priority = match priority.as_i64()? {
        0 => "filter".to_owned(),
        other => other.to_string(),
    };
    let devices: Vec<&str> = words(fields.get("dev")).collect();
    Some(vec![
        format_compact!("hook {hook} priority {priority}"),
        format_compact!("devices = {{ {} }}", devices.join(", ")),
    ])
}
