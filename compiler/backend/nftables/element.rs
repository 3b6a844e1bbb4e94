//! Elements of sets and maps, read and printed.

use std::fmt::Write as _;

use compact_str::CompactString;

use super::duration::{self, Duration};
use super::expression;
use super::print::{Listing, print_counter};
use super::statement::read_counter;
use super::target;
use super::token::Kind;
use super::types::Kinds;
use super::value;
use super::verdict;
use super::words::Words;
use crate::firewall::{Element, ElementExtra, ElementValue};

/// One element: a key, what few elements have, and in a map what it leads to.
pub(super) fn read(words: &mut Words<'_>) -> Option<Element> {
    let key = value::key(words)?;
    let mut element = Element::new(key);
    if words.is_empty() {
        return Some(element);
    }
    let mut extra = ElementExtra::default();
    read_extra(words, &mut extra)?;
    if words.the(":").is_some() {
        element.value = Some(match words.take(verdict::read) {
            Some(verdict) => ElementValue::Verdict(verdict),
            None => ElementValue::Data(value::key(words)?),
        });
        read_extra(words, &mut extra)?;
    }
    if extra != ElementExtra::default() {
        element.extra = Some(Box::new(extra));
    }
    Some(element)
}

/// One element, or those of a set that stands in its place; also when a name stands for a set.
pub(super) fn read_all(words: &mut Words<'_>, into: &mut Vec<Element>) -> Option<()> {
    let is_set = words.peek().is_some_and(|token| token.kind == Kind::Open);
    if !is_set {
        into.push(read(words)?);
        return Some(());
    }
    let mut inner = words.block()?;
    while let Some(mut each) = inner.element() {
        read_all(&mut each, into)?;
        each.is_empty().then_some(())?;
    }
    Some(())
}

fn read_extra(words: &mut Words<'_>, extra: &mut ElementExtra) -> Option<()> {
    while let Some(word) = words.peek_word().filter(|word| *word != ":") {
        match word {
            "comment" => {
                words.word()?;
                extra.comment = Some(words.quoted()?.into());
            }
            "timeout" | "expires" => {
                words.word()?;
                let time = duration::read(words.word()?)?;
                match word {
                    "timeout" => extra.timeout_milliseconds = Some(time),
                    _ => extra.expires_milliseconds = Some(time),
                }
            }
            "counter" => extra.counter = Some(read_counter(words)?),
            _ => extra.statements.push(read_statement(words)?),
        }
    }
    Some(())
}

/// A statement that is done when the element is met, up to what else an element has.
fn read_statement(words: &mut Words<'_>) -> Option<CompactString> {
    const OTHERS: [&str; 5] = ["comment", "timeout", "expires", "counter", ":"];
    let start = *words;
    while words.peek()?.kind == Kind::Word {
        words.word()?;
        let ended = words.peek_word().is_none_or(|word| OTHERS.contains(&word));
        if ended {
            break;
        }
    }
    Some(words.since(start))
}

/// Appends an element of a set or map with keys and values of these types.
pub(super) fn print(
    text: &mut String,
    element: &Element,
    keys: Kinds<'_>,
    values: Kinds<'_>,
    listing: Listing,
) {
    expression::print(text, &element.key, keys, listing);
    if let Some(extra) = &element.extra {
        print_extra(text, extra, listing);
    }
    match &element.value {
        None => {}
        Some(ElementValue::Verdict(verdict)) => {
            text.push_str(" : ");
            target::print_verdict(text, verdict);
        }
        Some(ElementValue::Data(data)) => {
            text.push_str(" : ");
            expression::print(text, data, values, listing);
        }
    }
}

/// In the order of `set_elem_expr_print` of nft.
fn print_extra(text: &mut String, extra: &ElementExtra, listing: Listing) {
    // Writing into a String cannot fail.
    if let Some(counter) = extra.counter {
        text.push(' ');
        print_counter(text, counter, listing);
    }
    for statement in &extra.statements {
        let _ = write!(text, " {statement}");
    }
    if let Some(time) = extra.timeout_milliseconds {
        let _ = write!(text, " timeout {}", Duration(time));
    }
    if let (Some(time), Listing::State) = (extra.expires_milliseconds, listing) {
        let _ = write!(text, " expires {}", Duration(time));
    }
    if let Some(comment) = &extra.comment {
        let _ = write!(text, " comment \"{comment}\"");
    }
}
