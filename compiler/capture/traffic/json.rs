//! The JSON of `tc`. Older releases print classes as text all the same, and no rate of a policer.

use serde_json::Value;

use super::{Class, Found, Police, lines};
use crate::capture::json::{objects, text};

/// Takes in all objects; what stands among them and is no JSON is taken as text.
pub(super) fn read(source: &str, found: &mut Found) {
    // `tc -j class` of older releases is text, and several listings may stand in one file.
    let is_json = |line: &&str| {
        line.trim_start()
            .starts_with(['[', '{', ']', '}', '"', ','])
    };
    let (documents, rest): (Vec<&str>, Vec<&str>) = source.lines().partition(is_json);
    let (objects, unread) = objects(&documents.join("\n"));
    found.unread.extend(unread);
    for object in &objects {
        take(object, found);
    }
    lines::read(&rest.join("\n"), found);
}

fn take(object: &Value, found: &mut Found) {
    let device = text(object, "dev").map_or_else(|| found.device.clone(), str::to_owned);
    let kind = text(object, "kind").or_else(|| text(object, "class"));
    let kind = kind.unwrap_or_default().to_owned();
    let options = object.get("options").unwrap_or(object);
    let number = |key: &str| options.get(key).or_else(|| object.get(key))?.as_u64();
    let is_class = object.get("class").is_some() || object.get("classid").is_some();
    if object.get("pref").is_some() || object.get("protocol").is_some() {
        if text(object, "parent") != Some("ffff:") {
            found.sent(&device, any(object, |it| kind_is(it, "csum")).is_some());
        }
        match police(object) {
            Some(Some(police)) => found.filter(0, &device, &kind, Some(police)),
            Some(None) => found.leave(0, format!("the policer of '{device}' says no rate")),
            None => found.filter(0, &device, &kind, None),
        }
    } else if is_class && kind == "htb" {
        let id = text(object, "handle").or_else(|| text(object, "classid"));
        match (id, number("rate"), number("burst")) {
            (Some(id), Some(rate), Some(burst_bytes)) => {
                let class = Class {
                    parent: text(object, "parent").map(str::to_owned),
                    bits: rate.saturating_mul(8),
                    ceiling_bits: number("ceil").unwrap_or(rate).saturating_mul(8),
                    burst_bytes,
                };
                found.class(&device, id, class);
            }
            (_, _, _) => found.leave(0, format!("a class of '{device}' says no rate")),
        }
    } else if !is_class {
        let default = options.get("default").and_then(Value::as_str);
        let default = default.map(|word| word.trim_start_matches("0x"));
        let default = default.and_then(|word| u64::from_str_radix(word, 16).ok());
        found.qdisc(0, &device, &kind, default.or_else(|| number("default")));
    }
}

/// `Some(None)` is a policer without a rate.
fn police(object: &Value) -> Option<Option<Police>> {
    let policer = any(object, |it| kind_is(it, "police"))?;
    let number = |key: &str| policer.get(key)?.as_u64();
    let known = number("rate").zip(number("burst"));
    Some(known.map(|(rate, burst_bytes)| Police {
        bits: rate.saturating_mul(8),
        burst_bytes,
    }))
}

fn kind_is(object: &Value, kind: &str) -> bool {
    object.get("kind").is_some_and(|it| it == kind)
}

/// An object in this one that is wanted: how deep actions lie differs between releases.
fn any(object: &Value, wanted: impl Fn(&Value) -> bool) -> Option<&Value> {
    let mut waiting = vec![object];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(_) if wanted(value) => return Some(value),
            Value::Object(fields) => waiting.extend(fields.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    None
}
