//! Named sets and maps, read and printed.

use std::fmt::Write as _;

use compact_str::CompactString;

use super::duration::{self, Duration};
use super::element;
use super::expression;
use super::object;
use super::print::{Listing, kept, quotable, words_of};
use super::token::Kind;
use super::types::{self, Kinds};
use super::value;
use super::words::{Refusal, Words};
use crate::backend::gap::Inexpressible;
use crate::firewall::{Element, Expression, Set, SetType, SetValue};

/// A set or map of which nothing is known but its name.
pub(super) fn unknown(name: &str) -> Set {
    let key = SetType {
        names: Vec::new(),
        of: None,
    };
    Set::new(name, key)
}

/// Takes one statement of a set's block, other than its elements.
pub(super) fn read_line(words: &mut Words<'_>, set: &mut Set) -> Result<(), Refusal> {
    let start = *words;
    let refused = || format!("'{}' in a set is not read", start.all());
    let word = words.word().ok_or_else(refused)?;
    match word {
        "type" | "typeof" => {
            let read = read_types(words, set, word == "typeof");
            read.ok_or_else(refused)?;
        }
        "flags" => read_flags(words, set).ok_or_else(refused)?,
        "timeout" | "gc-interval" => {
            let time = words.word().and_then(duration::read).ok_or_else(refused)?;
            match word {
                "timeout" => set.timeout_milliseconds = Some(time),
                _ => set.gc_interval_milliseconds = Some(time),
            }
        }
        "size" => set.size = Some(words.number().ok_or_else(refused)?),
        "policy" => set.memory = words.word() == Some("memory"),
        "auto-merge" => set.auto_merge = true,
        "comment" => set.comment = Some(words.quoted().ok_or_else(refused)?.to_owned()),
        "counter" | "limit" | "quota" | "last" | "ct" => {
            *words = start;
            set.statements.extend(read_statement(words));
        }
        _ => return Err(refused()),
    }
    match words.is_empty() {
        true => Ok(()),
        false => Err(refused()),
    }
}

/// A statement that is done when an element is met.
pub(super) fn read_statement(words: &mut Words<'_>) -> Option<CompactString> {
    let statement = match words.peek_word() {
        // What a set counts it counts for each element.
        Some("counter") => "counter".into(),
        Some(_) | None => words.all(),
    };
    words.skip_to(words.last(0));
    Some(statement)
}

fn read_flags(words: &mut Words<'_>, set: &mut Set) -> Option<()> {
    loop {
        match words.word()? {
            "constant" => set.flags.constant = true,
            "interval" => set.flags.interval = true,
            "timeout" => set.flags.timeout = true,
            "dynamic" => set.flags.dynamic = true,
            _ => return None,
        }
        if words.is_empty() {
            return Some(());
        }
        let _ = words.of(Kind::Comma);
    }
}

/// `ipv4_addr . inet_service : verdict`, or fields for types.
fn read_types(words: &mut Words<'_>, set: &mut Set, fields: bool) -> Option<()> {
    let key = read_type(words, fields)?;
    let mut value = None;
    if words.the(":").is_some() {
        // Newer versions say that values may be ranges, too.
        let _ = words.the("interval");
        value = Some(match words.the("verdict") {
            Some(()) => SetValue::Verdict,
            None => match words.take(object::read_kind) {
                Some(kind) => SetValue::Object(object::kind_words(kind).into()),
                None => SetValue::Data(read_type(words, fields)?),
            },
        });
    }
    words.is_empty().then_some(())?;
    (set.key, set.value) = (key, value);
    Some(())
}

fn read_type(words: &mut Words<'_>, fields: bool) -> Option<SetType> {
    if fields {
        let of = value::left(words)?;
        return Some(SetType {
            names: types::names(&of),
            of: Some(of),
        });
    }
    let mut names = vec![words.word()?.into()];
    while words.the(".").is_some() {
        names.push(words.word()?.into());
    }
    Some(SetType { names, of: None })
}

/// What values of this type are, for those who print them.
pub(super) fn kinds(of: &SetType) -> Kinds<'_> {
    match &of.of {
        Some(expression) => Kinds::Of(expression),
        None => Kinds::Named(&of.names),
    }
}

/// What a set says of its type: `typeof ip saddr : verdict`.
pub(super) fn type_line(set: &Set) -> String {
    let mut text = type_words(&set.key);
    match &set.value {
        None => {}
        Some(SetValue::Verdict) => text.push_str(" : verdict"),
        Some(SetValue::Object(kind)) => {
            text.push_str(" : ");
            text.push_str(kind);
        }
        Some(SetValue::Data(data)) => {
            text.push_str(" : ");
            // Types and fields do not mix.
            let words = type_words(data);
            text.push_str(words.split_once(' ').map_or("", |(_, types)| types));
        }
    }
    text
}

fn type_words(of: &SetType) -> String {
    match &of.of {
        Some(expression) => {
            let mut text = "typeof ".to_owned();
            let kinds = Kinds::Of(expression);
            expression::print(&mut text, expression, kinds, Listing::Rules);
            text
        }
        None => format!("type {}", of.names.join(" . ")),
    }
}

/// Appends a set or map.
pub(super) fn print(text: &mut String, set: &Set, listing: Listing) -> Result<(), Inexpressible> {
    let word = if set.value.is_some() { "map" } else { "set" };
    // Writing into a String cannot fail.
    let _ = writeln!(text, "\t{word} {} {{\n\t\t{}", set.name, type_line(set));
    print_options(text, set)?;
    print_elements(text, set, listing);
    text.push_str("\t}\n");
    Ok(())
}

/// In the order of `set_print_declaration` of nft.
fn print_options(text: &mut String, set: &Set) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    if set.memory {
        text.push_str("\t\tpolicy memory\n");
    }
    if let Some(size) = set.size {
        let _ = writeln!(text, "\t\tsize {size}");
    }
    let flags = [
        (set.flags.constant, "constant"),
        (set.flags.dynamic, "dynamic"),
        (set.flags.interval, "interval"),
        (set.flags.timeout, "timeout"),
    ];
    if let Some(flags) = words_of(&flags) {
        let _ = writeln!(text, "\t\tflags {flags}");
    }
    for statement in &set.statements {
        let _ = writeln!(text, "\t\t{}", kept(statement)?);
    }
    if set.auto_merge {
        text.push_str("\t\tauto-merge\n");
    }
    if let Some(time) = set.timeout_milliseconds {
        let _ = writeln!(text, "\t\ttimeout {}", Duration(time));
    }
    if let Some(time) = set.gc_interval_milliseconds {
        let _ = writeln!(text, "\t\tgc-interval {}", Duration(time));
    }
    if let Some(comment) = &set.comment {
        let _ = writeln!(text, "\t\tcomment \"{}\"", quotable(comment)?);
    }
    Ok(())
}

fn print_elements(text: &mut String, set: &Set, listing: Listing) {
    if set.elements.is_empty() {
        return;
    }
    let (keys, values) = (kinds(&set.key), value_kinds(set));
    let a_line = elements_in_a_line(&set.key);
    text.push_str("\t\telements = { ");
    for (at, each) in set.elements.iter().enumerate() {
        if at > 0 {
            text.push_str(match at % a_line {
                0 => ",\n\t\t\t     ",
                _ => ", ",
            });
        }
        element::print(text, each, keys, values, listing);
    }
    text.push_str(" }\n");
}

/// Appends one element of a set.
pub(super) fn print_element(text: &mut String, element: &Element, set: &Set, listing: Listing) {
    element::print(text, element, kinds(&set.key), value_kinds(set), listing);
}

/// What the values of a map are, for those who print them.
pub(super) fn value_kinds(set: &Set) -> Kinds<'_> {
    match &set.value {
        Some(SetValue::Data(data)) => kinds(data),
        Some(SetValue::Object(_)) => Kinds::One("string"),
        Some(SetValue::Verdict) | None => Kinds::One(types::INTEGER),
    }
}

/// How many elements of this type nft lists in a line (`calculate_delim` of nft).
fn elements_in_a_line(key: &SetType) -> usize {
    let [name] = key.names.as_slice() else {
        return 1;
    };
    // What is joined bit by bit has the type of the whole.
    match (&key.of, name.as_str()) {
        (Some(Expression::Concat(_)), _) => 1,
        (_, "ipv4_addr" | "ct_state" | "ct_status" | "pkt_type") => 2,
        (
            _,
            "inet_proto" | "inet_service" | "mark" | "integer" | "nf_proto" | "arp_op" | "uid"
            | "gid" | "tcp_flag" | "iface_index" | "classid" | "ct_dir" | "dccp_pkttype",
        ) => 5,
        (_, _) => 1,
    }
}
