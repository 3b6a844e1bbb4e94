//! The statements of a rule, one after the other: what is asked, what is done, what ends it.

use compact_str::CompactString;

use super::assign;
use super::compare;
use super::limit;
use super::log;
use super::nat;
use super::reject;
use super::token::Kind;
use super::value;
use super::verdict;
use super::words::Words;
use crate::firewall::{Counter, Lookup, Match, Queue, TableFamily, Target};

/// One statement of a rule.
pub(super) enum Statement {
    /// Something that must hold.
    Match(Match),
    /// Something that is done, also a verdict.
    Do(Target),
    /// A comment on the rule.
    Comment(CompactString),
}

/// The statement that begins the next words, in a table of this family.
pub(super) fn read(words: &mut Words<'_>, family: TableFamily) -> Option<Statement> {
    words.take(|words| match words.peek_word()? {
        "comment" => {
            words.word()?;
            Some(Statement::Comment(words.quoted()?.into()))
        }
        "limit" | "quota" => read_match(words).map(Statement::Match),
        "xt" => match words.take(read_match) {
            Some(each) => Some(Statement::Match(each)),
            None => Some(Statement::Do(Target::Other(read_other(words)?))),
        },
        "ct" => match words.take(read_count) {
            Some(count) => Some(Statement::Match(Match::Other(count))),
            None => read_expression(words),
        },
        _ => match words.take(|words| read_target(words, family)) {
            Some(target) => Some(Statement::Do(target)),
            None => read_expression(words),
        },
    })
}

/// What begins with a property of the packet: a comparison, a look-up, a change.
fn read_expression(words: &mut Words<'_>) -> Option<Statement> {
    let left = value::left(words)?;
    Some(match words.peek_word() {
        Some("vmap") => {
            words.word()?;
            let map = value::map(words)?;
            let lookup = Box::new(Lookup { key: left, map });
            Statement::Do(Target::Vmap(lookup))
        }
        Some("set") => {
            words.word()?;
            let value = value::computed(words)?;
            Statement::Do(assign::typed(left, value))
        }
        Some(_) | None => Statement::Match(compare::read(left, words)?),
    })
}

/// What must hold, but does not ask for a property of the packet.
fn read_match(words: &mut Words<'_>) -> Option<Match> {
    if let Some(limit) = words.take(limit::read) {
        return Some(Match::Limit(Box::new(limit)));
    }
    let start = *words;
    match words.word()? {
        // A name: of an object, or what a map says.
        "limit" | "quota" if words.the("name").is_some() => {
            read_name(words)?;
        }
        "quota" => {
            let _ = words.the("over").or_else(|| words.the("until"));
            read_amount(words)?;
            if words.the("used").is_some() {
                read_amount(words)?;
            }
        }
        "xt" => {
            words.the("match")?;
            words.next()?;
        }
        _ => return None,
    }
    Some(Match::Other(words.since(start)))
}

fn read_amount(words: &mut Words<'_>) -> Option<()> {
    let _: u64 = words.number()?;
    words.word().map(|_| ())
}

fn read_name(words: &mut Words<'_>) -> Option<()> {
    match words.quoted() {
        Some(_) => Some(()),
        None => value::computed(words).map(|_| ()),
    }
}

/// `ct count over 10`.
fn read_count(words: &mut Words<'_>) -> Option<CompactString> {
    let start = *words;
    words.the("ct")?;
    words.the("count")?;
    let _ = words.the("over");
    let _: u64 = words.number()?;
    Some(words.since(start))
}

/// A counter of the rule itself.
pub(super) fn read_counter(words: &mut Words<'_>) -> Option<Counter> {
    words.the("counter")?;
    let counted = words.take(|words| {
        words.the("packets")?;
        let packets = words.number()?;
        words.the("bytes")?;
        let bytes = words.number()?;
        Some(Counter { packets, bytes })
    });
    Some(counted.unwrap_or_default())
}

fn read_target(words: &mut Words<'_>, family: TableFamily) -> Option<Target> {
    let word = words.peek_word()?;
    match word {
        "accept" | "drop" | "return" | "continue" | "jump" | "goto" => verdict::read(words),
        "reject" => reject::read(words, family).map(Target::Reject),
        "snat" | "dnat" | "masquerade" | "redirect" => nat::read(words),
        "log" => Some(Target::Log(Box::new(log::read(words)?))),
        "queue" => read_queue(words),
        "notrack" => words.the(word).map(|()| Target::Notrack),
        "counter" => match words.take(read_named_counter) {
            Some(named) => Some(Target::Other(named)),
            None => read_counter(words).map(Target::Count),
        },
        _ => read_other(words).map(Target::Other),
    }
}

fn read_named_counter(words: &mut Words<'_>) -> Option<CompactString> {
    let start = *words;
    words.the("counter")?;
    words.the("name")?;
    read_name(words)?;
    Some(words.since(start))
}

/// `queue num 1-5 bypass,fanout`; newer versions say `queue flags bypass to 1-5`.
fn read_queue(words: &mut Words<'_>) -> Option<Target> {
    let start = *words;
    words.the("queue")?;
    let mut queue = Queue {
        first: 0,
        last: 0,
        bypass: false,
        fanout: false,
    };
    let mut plain = true;
    loop {
        match words.peek_word() {
            Some("num" | "to") => {
                words.word()?;
                let numbers = value::computed(words)?;
                match compare::port_range(&numbers) {
                    Some(range) => (queue.first, queue.last) = (range.start(), range.end()),
                    None => plain = false,
                }
            }
            Some("flags") => {
                words.word()?;
            }
            Some("bypass") => {
                words.word()?;
                queue.bypass = true;
            }
            Some("fanout") => {
                words.word()?;
                queue.fanout = true;
            }
            Some(_) | None => break,
        }
        let _ = words.of(Kind::Comma);
    }
    Some(match plain {
        true => Target::Queue(queue),
        false => Target::Other(words.since(start)),
    })
}

/// What is kept word for word.
fn read_other(words: &mut Words<'_>) -> Option<CompactString> {
    let start = *words;
    match words.word()? {
        "add" | "update" | "delete" => {
            words.word().filter(|name| name.starts_with('@'))?;
            words.block()?;
        }
        // Older spellings of the same.
        "set" => {
            words.word()?;
            value::computed(words)?;
            while words.peek_word().is_some_and(|word| !word.starts_with('@')) {
                words.word()?;
            }
            words.word()?;
        }
        "meter" => {
            words.word()?;
            if words.the("size").is_some() {
                words.word()?;
            }
            words.block()?;
        }
        "tproxy" => {
            let _ = words.the("ip").or_else(|| words.the("ip6"));
            words.the("to")?;
            nat::read_to(words)?;
        }
        "dup" | "fwd" => {
            let _ = words.the("ip").or_else(|| words.the("ip6"));
            words.the("to")?;
            value::computed(words)?;
            if words.the("device").is_some() {
                value::computed(words)?;
            }
        }
        "flow" => {
            words
                .word()
                .filter(|verb| matches!(*verb, "add" | "offload"))?;
            words.word()?;
        }
        "synproxy" => read_synproxy(words)?,
        "secmark" | "tunnel" => {
            words.the("name")?;
            read_name(words)?;
        }
        "xt" => {
            words.the("target")?;
            words.next()?;
        }
        "reset" => {
            words.the("tcp")?;
            words.the("option")?;
            words.word()?;
        }
        "last" => {
            if words.the("used").is_some() {
                words.word()?;
            }
        }
        _ => return None,
    }
    Some(words.since(start))
}

fn read_synproxy(words: &mut Words<'_>) -> Option<()> {
    if words.the("name").is_some() {
        return read_name(words);
    }
    loop {
        match words.peek_word() {
            Some("mss" | "wscale") => {
                words.word()?;
                words.word()?;
            }
            Some("timestamp" | "sack-perm") => {
                words.word()?;
            }
            Some(_) | None => return Some(()),
        }
    }
}
