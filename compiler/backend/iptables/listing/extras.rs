//! From a row to the words of `iptables-save`: its columns, and what stands behind them.
//!
//! Behind the columns stand matches and then the target's options, each as its extension prints
//! it. What no extension of ours prints is kept word for word, up to the next that one does; what
//! looks like somebody's remark ends the rule.

use super::pieces::{Pieces, option, say};
use super::row::{Column, Row};
use super::{LossKind, matches, names, target};
use crate::firewall::Family;

/// A rule in the words of `iptables-save`.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// What it asks of a packet, in order.
    pub(super) pieces: Vec<Piece<'a>>,
    /// What it then does.
    pub(super) target: String,
    /// What the row does not show.
    pub(super) losses: Vec<LossKind>,
    /// What somebody wrote behind it.
    pub(super) remark: Option<&'a str>,
}

/// A part of a rule.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Options as `iptables-save` prints them.
    Words(String),
    /// What was not understood.
    Kept(&'a str),
}

/// Puts a row into words.
pub(super) fn read<'a>(row: &Row<'a>, family: Family) -> Said<'a> {
    let mut said = Said::default();
    let mut words = String::new();
    if row.devices.is_none() {
        said.losses.push(LossKind::Devices);
    }
    if row.counter.is_some_and(|counter| counter.rounded) {
        said.losses.push(LossKind::Counters);
    }
    if row.source.text == "anywhere" || row.destination.text == "anywhere" {
        said.losses.push(LossKind::Names);
    }
    let mut jump = "-j";
    let mut options = String::new();
    read_columns(row, family, &mut words, &mut said);
    let mut at = Pieces::new(row.extras);
    // Where the words began that nobody understood.
    let mut kept: Option<Pieces<'a>> = None;
    let mut taken = false;
    while let Some((word, after)) = at.word() {
        let length = words.len();
        let read = if word == "[goto]" {
            jump = "-g";
            Some(after)
        } else if let Some(after) = matches::read(at, &mut words, &mut said.losses) {
            Some(after)
        } else if let Some(after) = target::read(at, row.target, &mut options) {
            taken = true;
            Some(after)
        } else {
            None
        };
        if let Some(after) = read {
            if let Some(start) = kept.take() {
                // The words that were just read come after those that were kept.
                let new = words.split_off(length);
                said.keep(&mut words, start.until(at));
                words = new;
            }
            at = after;
        } else if is_remark(word, taken) {
            said.remark = Some(at.rest.trim_end());
            break;
        } else {
            kept = kept.or(Some(at));
            at = after;
        }
    }
    if let Some(start) = kept {
        let end = said.remark.map_or(Pieces::new(""), |_| at);
        // What a target of iptables says last is its own, unless it was understood.
        match target::is_extension(row.target) && !taken && said.remark.is_none() {
            true => {
                say(&mut options, &[]);
                options.push(' ');
                options.push_str(start.until(end));
                said.losses
                    .push(LossKind::Words(start.until(end).to_owned()));
            }
            false => said.keep(&mut words, start.until(end)),
        }
    }
    said.flush(&mut words);
    if !row.target.is_empty() {
        // `NOTRACK` has become another name of `CT`, and `iptables-save` still says the old one.
        let notrack = row.target == "CT" && row.extras.trim_end().ends_with("NOTRACK");
        let name = if notrack { "NOTRACK" } else { row.target };
        say(&mut said.target, &[jump, name]);
        said.target.push_str(&options);
    }
    said
}

impl<'a> Said<'a> {
    fn flush(&mut self, words: &mut String) {
        if !words.is_empty() {
            self.pieces.push(Piece::Words(std::mem::take(words)));
        }
    }

    fn keep(&mut self, words: &mut String, kept: &'a str) {
        self.flush(words);
        self.losses.push(LossKind::Words(kept.to_owned()));
        self.pieces.push(Piece::Kept(kept));
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
        || ended && word.starts_with(['(', ';', '*', '['])
}

/// The options that iptables itself has, in the order in which `iptables-save` prints them.
fn read_columns<'a>(row: &Row<'a>, family: Family, words: &mut String, said: &mut Said<'a>) {
    for (name, column) in [("-s", row.source), ("-d", row.destination)] {
        match column.text {
            "anywhere" | "0.0.0.0/0" | "::/0" if !column.negated => {}
            text => match address(text, family) {
                Some(address) => option(words, column.negated, name, &address),
                None => {
                    said.losses.push(LossKind::Names);
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
