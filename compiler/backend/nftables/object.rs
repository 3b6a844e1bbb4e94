//! Stateful objects and flowtables of a table, read and printed.
//!
//! What they say is kept a line at a time: no rule needs to look into it to be understood.

use std::fmt::Write as _;

use compact_str::CompactString;

use super::print::{Listing, kept, quotable};
use super::words::Words;
use crate::backend::gap::Inexpressible;
use crate::firewall::{Object, ObjectKind};

/// The kind of object that these words mean; the second counts after `ct` only.
pub(super) fn kind_of(first: &str, second: &str) -> Option<ObjectKind> {
    Some(match (first, second) {
        ("counter", _) => ObjectKind::Counter,
        ("quota", _) => ObjectKind::Quota,
        ("limit", _) => ObjectKind::Limit,
        ("synproxy", _) => ObjectKind::Synproxy,
        ("secmark", _) => ObjectKind::Secmark,
        ("flowtable", _) => ObjectKind::Flowtable,
        ("ct", "helper") => ObjectKind::CtHelper,
        ("ct", "timeout") => ObjectKind::CtTimeout,
        ("ct", "expectation") => ObjectKind::CtExpectation,
        (_, _) => return None,
    })
}

/// The kind of object that the next words mean.
pub(super) fn read_kind(words: &mut Words<'_>) -> Option<ObjectKind> {
    let first = words.word()?;
    let second = if first == "ct" { words.word()? } else { "" };
    kind_of(first, second)
}

/// An object that says nothing yet.
pub(super) fn named(kind: ObjectKind, name: &str) -> Object {
    Object {
        kind,
        name: name.to_owned(),
        body: Vec::new(),
        comment: None,
        handle: None,
    }
}

/// nft's words for a kind of object.
pub(super) fn kind_words(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Counter => "counter",
        ObjectKind::Quota => "quota",
        ObjectKind::Limit => "limit",
        ObjectKind::CtHelper => "ct helper",
        ObjectKind::CtTimeout => "ct timeout",
        ObjectKind::CtExpectation => "ct expectation",
        ObjectKind::Synproxy => "synproxy",
        ObjectKind::Secmark => "secmark",
        ObjectKind::Flowtable => "flowtable",
    }
}

/// What a counter says that has counted nothing; it need not be said.
pub(super) const NOTHING: &str = "packets 0 bytes 0";

/// Takes one statement of an object's block.
pub(super) fn read_line(words: &mut Words<'_>, object: &mut Object) {
    if words.the("comment").is_some()
        && let Some(comment) = words.quoted()
    {
        object.comment = Some(comment.to_owned());
        return;
    }
    let line = words.all();
    if object.kind != ObjectKind::Counter || line != NOTHING {
        object.body.push(line);
    }
}

/// Appends an object.
pub(super) fn print(
    text: &mut String,
    object: &Object,
    listing: Listing,
) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = writeln!(text, "\t{} {} {{", kind_words(object.kind), object.name);
    if let Some(comment) = &object.comment {
        let _ = writeln!(text, "\t\tcomment \"{}\"", quotable(comment)?);
    }
    for line in &object.body {
        let shown = shown(object.kind, line, listing);
        if !shown.is_empty() {
            let _ = writeln!(text, "\t\t{}", kept(shown)?);
        }
    }
    if object.kind == ObjectKind::Counter && object.body.is_empty() && listing == Listing::State {
        let _ = writeln!(text, "\t\t{NOTHING}");
    }
    text.push_str("\t}\n");
    Ok(())
}

/// Without what was counted, unless that is asked for.
fn shown(kind: ObjectKind, line: &CompactString, listing: Listing) -> &str {
    match (kind, listing) {
        (ObjectKind::Counter, Listing::Rules | Listing::Loadable)
            if line.starts_with("packets ") =>
        {
            ""
        }
        (ObjectKind::Quota, Listing::Rules | Listing::Loadable) => {
            line.split_once(" used ").map_or(line, |(rate, _)| rate)
        }
        (_, _) => line,
    }
}
