//! Where packets enter a chain: its first line, printed and read.

use super::cursor::Refusal;
use super::keyword;
use super::token::Token;
use crate::firewall::{Base, BaseKind, ChainPolicy, Hook};

/// The names that nft has for priorities, and where.
const PRIORITIES: [(&str, i32, &[Hook]); 6] = [
    ("raw", -300, &Hook::IP),
    ("mangle", -150, &Hook::IP),
    ("dstnat", -100, &[Hook::Prerouting]),
    ("filter", 0, &Hook::IP),
    ("security", 50, &Hook::IP),
    ("srcnat", 100, &[Hook::Postrouting]),
];

/// `filter - 5`: relative to a name that is at most 10 away, as nft lists it.
fn priority(priority: i32, hook: Hook) -> String {
    let near = |(_, at, hooks): &&(&str, i32, &[Hook])| {
        (priority - at).abs() <= 10 && hooks.contains(&hook)
    };
    match PRIORITIES.iter().find(near) {
        Some((name, at, _)) if *at == priority => (*name).to_owned(),
        Some((name, at, _)) if *at > priority => format!("{name} - {}", at - priority),
        Some((name, at, _)) => format!("{name} + {}", priority - at),
        None => priority.to_string(),
    }
}

/// The first line of a base chain.
pub(super) fn base_line(base: &Base) -> String {
    let kind = match base.kind {
        BaseKind::Filter => "filter",
        BaseKind::Nat => "nat",
        BaseKind::Route => "route",
        BaseKind::Mangle if base.hook == Hook::Output => "route",
        BaseKind::Mangle => "filter",
    };
    let policy = match base.policy {
        ChainPolicy::Accept => "accept",
        ChainPolicy::Drop => "drop",
    };
    let hook = keyword::hook(base.hook);
    let priority = priority(base.priority, base.hook);
    format!("type {kind} hook {hook} priority {priority}; policy {policy};")
}

/// `filter hook forward priority filter - 5`, the words after `type`. The policy stands in a
/// statement of its own; a chain that is declared again keeps the one it `had`.
pub(super) fn read_base(tokens: &[Token<'_>], had: Option<Base>) -> Result<Base, Refusal> {
    let words: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    let [kind, "hook", hook, "priority", priority @ ..] = words.as_slice() else {
        return Err("a base chain says its type, hook and priority".to_owned());
    };
    let kind = match *kind {
        "filter" => BaseKind::Filter,
        "nat" => BaseKind::Nat,
        "route" => BaseKind::Route,
        other => return Err(format!("chains of the type '{other}' are not read")),
    };
    let known = Hook::IP
        .into_iter()
        .find(|each| keyword::hook(*each) == *hook);
    let hook = known.ok_or_else(|| format!("the hook '{hook}' is not read"))?;
    let priority = read_priority(priority)
        .ok_or_else(|| format!("'{}' is no priority", priority.join(" ")))?;
    let policy = had.map_or(ChainPolicy::Accept, |base| base.policy);
    Ok(Base {
        policy,
        ..Base::new(kind, hook, priority)
    })
}

/// `accept` or `drop`.
pub(super) fn read_policy(word: &str) -> Result<ChainPolicy, Refusal> {
    match word {
        "accept" => Ok(ChainPolicy::Accept),
        "drop" => Ok(ChainPolicy::Drop),
        other => Err(format!("'{other}' is no policy")),
    }
}

fn read_priority(words: &[&str]) -> Option<i32> {
    let named = |word: &str| {
        let known = PRIORITIES.iter().find(|(name, _, _)| *name == word);
        known.map(|(_, at, _)| *at)
    };
    match words {
        [number] => named(number).or_else(|| number.parse().ok()),
        [name, "+", number] => named(name)?.checked_add(number.parse().ok()?),
        [name, "-", number] => named(name)?.checked_sub(number.parse().ok()?),
        _ => None,
    }
}
