//! From a row to the words of `iptables-save`: its columns, and what stands behind them.
//!
//! Behind the columns stand matches and then the target's options, each as its extension prints
//! it. What no extension of ours prints is kept word for word, up to the next that one does; what
//! looks like somebody's remark ends the rule.

use super::pieces::{Pieces, option, say};
use super::row::{Column, Row};
use super::{LossKind, matches, names, target};
use crate::firewall::Family;

/// The match that stands for words which are kept: no extension has this name.
pub(super) const KEPT: &str = "-m ?";

/// A rule in the words of `iptables-save`.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// What it says, with [`KEPT`] in place of what was not understood.
    pub(super) words: String,
    /// What was not understood, in order.
    pub(super) kept: Vec<&'a str>,
    /// What the row does not show.
    pub(super) losses: Vec<LossKind>,
    /// What somebody wrote behind it.
    pub(super) remark: Option<&'a str>,
    /// Whether it goes to a chain for good.
    goto: bool,
    /// The options of its target.
    options: String,
}

/// Puts a row into words.
pub(super) fn read<'a>(row: &Row<'a>, family: Family) -> Said<'a> {
    let mut said = Said::default();
    if row.devices.is_none() {
        said.losses.push(LossKind::Devices);
    }
    if row.counter.is_some_and(|counter| counter.rounded) {
        said.losses.push(LossKind::Counters);
    }
    if row.source.text == "anywhere" || row.destination.text == "anywhere" {
        said.losses.push(LossKind::Names);
    }
    said.read_columns(row, family);
    said.read_extras(row);
    if !row.target.is_empty() {
        let jump = if said.goto { "-g" } else { "-j" };
        // `NOTRACK` has become another name of `CT`, and `iptables-save` still says the old one.
        let notrack = row.target == "CT" && row.extras.trim_end().ends_with("NOTRACK");
        let name = if notrack { "NOTRACK" } else { row.target };
        say(&mut said.words, &[jump, name]);
        said.words.push_str(&said.options);
    }
    said
}

impl<'a> Said<'a> {
    fn read_extras(&mut self, row: &Row<'a>) {
        let mut at = Pieces::new(row.extras);
        // Where the words began that nobody understood.
        let mut kept: Option<Pieces<'a>> = None;
        while let Some((word, after)) = at.word() {
            let length = self.words.len();
            if let Some(after) = self.read_extra(at, row.target) {
                if let Some(start) = kept.take() {
                    let words = self.words.split_off(length);
                    self.keep(start.until(at));
                    self.words.push_str(&words);
                }
                at = after;
            } else if is_remark(word, !self.options.is_empty()) {
                self.remark = Some(at.rest.trim_end());
                break;
            } else {
                kept = kept.or(Some(at));
                at = after;
            }
        }
        let Some(start) = kept else {
            return;
        };
        let end = match self.remark {
            Some(_) => at,
            None => Pieces::new(""),
        };
        self.keep(start.until(end));
    }

    /// Reads the match or the options of the target that stand here.
    fn read_extra(&mut self, at: Pieces<'a>, target: &str) -> Option<Pieces<'a>> {
        if let Some(after) = at.after(&["[goto]"]) {
            self.goto = true;
            return Some(after);
        }
        matches::read(at, &mut self.words, &mut self.losses)
            .or_else(|| target::read(at, target, &mut self.options))
    }

    fn keep(&mut self, kept: &'a str) {
        self.losses.push(LossKind::Words(kept.to_owned()));
        self.words.push(' ');
        self.words.push_str(KEPT);
        self.kept.push(kept);
    }

    /// The options that iptables itself has, in the order in which `iptables-save` prints them.
    fn read_columns(&mut self, row: &Row<'_>, family: Family) {
        let words = &mut self.words;
        for (name, column) in [("-s", row.source), ("-d", row.destination)] {
            match column.text {
                "anywhere" | "0.0.0.0/0" | "::/0" if !column.negated => {}
                text => match address(text, family) {
                    Some(address) => option(words, column.negated, name, &address),
                    None => {
                        self.losses.push(LossKind::Names);
                        option(words, column.negated, name, text);
                    }
                },
            }
        }
        if let Some((from, to)) = row.devices {
            for (name, column) in [("-i", from), ("-o", to)] {
                let Column { negated, text } = column;
                if negated || !matches!(text, "*" | "any") {
                    option(words, negated, name, text);
                }
            }
        }
        if let Some(protocol) = row.protocol {
            option(words, protocol.negated, "-p", protocol.text);
        }
        match row.fragment {
            Some(true) => say(words, &["-f"]),
            Some(false) => say(words, &["!", "-f"]),
            None => {}
        }
    }
}

/// Whether the words behind a row go on with something that an extension prints.
pub(super) fn is_known(line: &str) -> bool {
    let at = Pieces::new(line);
    let (_, start) = at.negation();
    let Some((word, _)) = start.word() else {
        return false;
    };
    let scratch = &mut String::new();
    word == "[goto]"
        || matches::read(at, scratch, &mut Vec::new()).is_some()
        || target::begins(word)
}

/// Whether the last word behind a row wants another one.
pub(super) fn is_open(extras: &str) -> bool {
    let last = extras.split_whitespace().next_back();
    let wants = [
        "!",
        "state",
        "ctstate",
        "match",
        "multiport",
        "dports",
        "sports",
        "ports",
        "reject-with",
        "prefix",
        "level",
        "flags",
        "burst",
        "avg",
        "code",
        "range",
        "mark",
        "set",
        "tcp",
        "udp",
        "LOG",
        "masq",
        "ports:",
        "redir",
        "limit:",
        "icmp",
        "owner",
        "UID",
        "GID",
        "dst-type",
        "src-type",
    ];
    last.is_some_and(|word| wants.contains(&word))
        || extras.rfind("/*").is_some_and(|start| {
            extras
                .get(start..)
                .is_some_and(|comment| !comment.contains("*/"))
        })
}

/// Whether a word begins what somebody wrote behind a rule. Behind the options of a target
/// nothing of iptables follows, so a bracket is enough there.
fn is_remark(word: &str, ended: bool) -> bool {
    let arrows = [
        "<-", "<=", "<<", "->", "=>", "\u{2190}", "\u{2192}", "//", "#",
    ];
    arrows.iter().any(|arrow| word.starts_with(arrow))
        || matches!(word, "--" | "-" | ";" | "\u{2013}" | "\u{2014}")
        || word.starts_with('(')
        || ended && word.starts_with([';', '*', '['])
}

/// An address with or without a mask; some names stand for one.
fn address(text: &str, family: Family) -> Option<String> {
    let (host, mask) = text
        .split_once('/')
        .map_or((text, None), |(host, mask)| (host, Some(mask)));
    let host = match (host, names::family(host)) {
        (_, Some(_)) => host.to_owned(),
        ("anywhere", None) => match family {
            Family::Ipv4 => return Some("0.0.0.0/0".to_owned()),
            Family::Ipv6 => return Some("::/0".to_owned()),
        },
        (name, None) => names::host(name, family)?.to_string(),
    };
    Some(match mask {
        Some(mask) => format!("{host}/{mask}"),
        None => host,
    })
}
