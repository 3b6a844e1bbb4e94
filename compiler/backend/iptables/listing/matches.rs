//! Matches as their extensions print them behind the columns.
//!
//! Each is put into the words that `iptables-save` has for it. Those of other extensions are not
//! known here and are kept as they are. The names of the options and what is printed for them are
//! those of iptables' own extensions, 1.4 to 1.8.

use super::LossKind;
use super::options::{read_options, read_owner, read_set};
use super::pieces::{Pieces, option, say};
use super::rarer::{read_connections, read_recent, read_simple, read_statistic, read_string};
use crate::firewall::Family;

/// Text longer than any that an extension prints in quotes, in bytes.
const LONGEST_TEXT: usize = 300;
/// How many ends of a text are looked at.
const MOST_ENDS: usize = 8;

/// Reads the match that stands here, if it is one.
pub(super) fn read<'a>(
    at: Pieces<'a>,
    words: &mut String,
    losses: &mut Vec<LossKind>,
) -> Option<Pieces<'a>> {
    let length = words.len();
    let read = read_match(at, words, losses);
    if read.is_none() {
        words.truncate(length);
    }
    read
}

fn read_match<'a>(
    at: Pieces<'a>,
    words: &mut String,
    losses: &mut Vec<LossKind>,
) -> Option<Pieces<'a>> {
    let (negated, start) = at.negation();
    let (word, after) = start.word()?;
    match word {
        "tcp" | "udp" | "udplite" | "sctp" | "dccp" if !negated => {
            Some(read_ports(word, after, words))
        }
        "icmp" | "icmptype" | "ipv6-icmp" | "ipv6-icmptype" if !negated => {
            read_icmp(word, after, words)
        }
        "multiport" if !negated => read_multiport(after, words),
        "state" => {
            let (state, after) = after.word()?;
            say(words, &["-m", "state"]);
            option(words, negated, "--state", state);
            Some(after)
        }
        "recent:" => read_recent(negated, after, words),
        "limit:" if !negated => read_limit(after, words, losses),
        "source" | "destination" if !negated => read_range(word, after, words),
        "/*" if !negated => read_comment(start, words),
        "PHYSDEV" | "policy" | "socket" | "rpfilter" | "ADDRTYPE" if !negated => {
            read_options(word, after, words)
        }
        "owner" => read_owner(negated, after, words),
        "match-set" | "set" => read_set(negated, after, words),
        "#conn" | "connbytes" => read_connections(negated, word, after, words),
        "statistic" if !negated => read_statistic(after, words),
        "STRING" if !negated => read_string(after, words),
        _ if word.starts_with("ct") => read_conntrack(at, words),
        _ => read_simple(negated, word, after, words),
    }
}

/// `tcp spts:1024:65535 dpt:!22 option=5 flags:0x17/0x02`.
fn read_ports<'a>(protocol: &str, at: Pieces<'a>, words: &mut String) -> Pieces<'a> {
    say(words, &["-m", protocol]);
    let mut at = at;
    while let Some((word, after)) = at.word() {
        let Some(()) = read_port_option(word, words) else {
            break;
        };
        at = after;
    }
    at
}

fn read_port_option(word: &str, words: &mut String) -> Option<()> {
    let (name, value) = word.split_once([':', '='])?;
    let (negated, value) = without_mark(value);
    match name {
        "spt" | "spts" => option(words, negated, "--sport", value),
        "dpt" | "dpts" => option(words, negated, "--dport", value),
        "option" => option(words, negated, "--tcp-option", value),
        "flags" => {
            let (mask, set) = value.split_once('/')?;
            let (mask, set) = (flags(mask)?, flags(set)?);
            if negated {
                words.push_str(" !");
            }
            say(words, &["--tcp-flags", &mask, &set]);
        }
        _ => return None,
    }
    Some(())
}

/// A value without the `!` that may stand before it.
fn without_mark(value: &str) -> (bool, &str) {
    match value.strip_prefix('!') {
        Some(value) => (true, value),
        None => (false, value),
    }
}

/// Flags by number or name, as names.
fn flags(value: &str) -> Option<String> {
    const FLAGS: [&str; 6] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
    let Some(digits) = value.strip_prefix("0x") else {
        let known = |name: &str| FLAGS.contains(&name) || matches!(name, "ALL" | "NONE");
        return value.split(',').all(known).then(|| value.to_owned());
    };
    let bits = u8::from_str_radix(digits, 16).ok()?;
    let set: Vec<&str> = FLAGS
        .into_iter()
        .enumerate()
        .filter(|(at, _)| bits & (1 << at) != 0)
        .map(|(_, name)| name)
        .collect();
    match (set.is_empty(), bits >> FLAGS.len()) {
        (true, 0) => Some("NONE".to_owned()),
        (false, 0) => Some(set.join(",")),
        (_, _) => None,
    }
}

/// `icmptype 3 code 4`, `icmp !type 8`, `icmp echo-request`.
fn read_icmp<'a>(word: &str, at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let (family, module, name) = match word.starts_with("ipv6") {
        true => (Family::Ipv6, "icmp6", "--icmpv6-type"),
        false => (Family::Ipv4, "icmp", "--icmp-type"),
    };
    let (negated, kind, after) = match word.ends_with("type") {
        true => (false, "type", at),
        false => at.negatable()?,
    };
    let (value, after) = match kind {
        "type" => read_icmp_type(family, after)?,
        message => (message.to_owned(), after),
    };
    say(words, &["-m", module]);
    option(words, negated, name, &value);
    Some(after)
}

fn read_icmp_type(family: Family, at: Pieces<'_>) -> Option<(String, Pieces<'_>)> {
    let (kind, at) = at.word()?;
    let kind: u8 = kind.parse().ok()?;
    // libipt_icmp has a type of its own for all of them.
    if kind == u8::MAX && family == Family::Ipv4 {
        return Some(("any".to_owned(), at));
    }
    let Some(after) = at.after(&["code"]) else {
        return Some((kind.to_string(), at));
    };
    let (code, after) = after.word()?;
    let code: u8 = code.parse().ok()?;
    Some((format!("{kind}/{code}"), after))
}

/// `multiport dports 80,443`, `multiport sports !80,443`.
fn read_multiport<'a>(at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let (side, at) = at.word()?;
    let name = match side {
        "sports" => "--sports",
        "dports" => "--dports",
        "ports" => "--ports",
        _ => return None,
    };
    let (negated, list, at) = at.negatable()?;
    say(words, &["-m", "multiport"]);
    option(words, negated, name, list);
    Some(at)
}

/// `! ctstate NEW ctproto 6 ctdir ORIGINAL`: all of one match.
fn read_conntrack<'a>(at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    const OPTIONS: [&str; 13] = [
        "ctstate",
        "ctproto",
        "ctorigsrc",
        "ctorigdst",
        "ctreplsrc",
        "ctrepldst",
        "ctorigsrcport",
        "ctorigdstport",
        "ctreplsrcport",
        "ctrepldstport",
        "ctstatus",
        "ctexpire",
        "ctdir",
    ];
    let mut at = at;
    let mut found = false;
    loop {
        let (negated, start) = at.negation();
        let known = start.word().filter(|(name, _)| OPTIONS.contains(name));
        let Some((name, (value, after))) =
            known.and_then(|(name, after)| Some((name, after.word()?)))
        else {
            return found.then_some(at);
        };
        if !found {
            say(words, &["-m", "conntrack"]);
        }
        found = true;
        option(words, negated, &format!("--{name}"), value);
        at = after;
    }
}

/// `limit: avg 5/min burst 5`; with `up to` or `above` it is hashlimit's.
fn read_limit<'a>(
    at: Pieces<'a>,
    words: &mut String,
    losses: &mut Vec<LossKind>,
) -> Option<Pieces<'a>> {
    let (kind, at) = at.word()?;
    let (module, name, at) = match kind {
        "avg" => ("limit", "--limit", at),
        "above" => ("hashlimit", "--hashlimit-above", at),
        "up" => ("hashlimit", "--hashlimit-upto", at.after(&["to"])?),
        _ => return None,
    };
    let (rate, mut at) = at.word()?;
    say(words, &["-m", module, name, rate]);
    if let Some((burst, after)) = at.after(&["burst"]).and_then(Pieces::word) {
        say(words, &[&format!("--{module}-burst"), burst]);
        at = after;
    }
    if module == "limit" {
        return Some(at);
    }
    losses.push(LossKind::Option("--hashlimit-name"));
    while let Some((name, (value, after))) =
        at.word().and_then(|(name, at)| Some((name, at.word()?)))
    {
        let option = match name {
            "mode" => "--hashlimit-mode",
            "srcmask" => "--hashlimit-srcmask",
            "dstmask" => "--hashlimit-dstmask",
            "htable-size" => "--hashlimit-htable-size",
            "htable-max" => "--hashlimit-htable-max",
            "htable-gcinterval" => "--hashlimit-htable-gcinterval",
            "htable-expire" => "--hashlimit-htable-expire",
            _ => break,
        };
        say(words, &[option, &value.replace('-', ",")]);
        at = after;
    }
    Some(at)
}

/// `source IP range ! 192.0.2.1-192.0.2.9`, and the same of the destination.
fn read_range<'a>(word: &str, at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let (negated, range, at) = at.after(&["IP", "range"])?.negatable()?;
    let name = if word == "source" {
        "--src-range"
    } else {
        "--dst-range"
    };
    say(words, &["-m", "iprange"]);
    option(words, negated, name, range);
    let other = at.after(&["destination", "IP", "range"]);
    let Some((negated, range, after)) = other.and_then(Pieces::negatable) else {
        return Some(at);
    };
    option(words, negated, "--dst-range", range);
    Some(after)
}

/// `/* … */`: up to the end after which the row goes on as rows do.
fn read_comment<'a>(at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let text = at.rest.strip_prefix("/* ").or(at.rest.strip_prefix("/*"))?;
    let (comment, after) = enclosed(text, "*/")?;
    // One blank before the end is not the comment's.
    let comment = comment.strip_suffix(' ').unwrap_or(comment);
    say(words, &["-m", "comment", "--comment", comment]);
    Some(after)
}

/// The text up to `end`, which may stand in the text, too: up to the first after which a known
/// word follows, or nothing.
pub(super) fn enclosed<'a>(text: &'a str, end: &str) -> Option<(&'a str, Pieces<'a>)> {
    let window = text.floor_char_boundary(LONGEST_TEXT);
    let near = text.get(..window).unwrap_or(text);
    let mut first = None;
    for (found, _) in near.match_indices(end).take(MOST_ENDS) {
        let (inside, rest) = text.split_at_checked(found)?;
        let rest = rest.get(end.len()..)?;
        let after = Pieces::new(rest);
        let blank = rest.is_empty() || rest.starts_with(char::is_whitespace);
        if blank && after.peek().is_none_or(begins_extra) {
            return Some((inside, after));
        }
        first = first.or(Some((inside, after)));
    }
    first
}

/// Whether a word may stand first behind what is enclosed.
fn begins_extra(word: &str) -> bool {
    const WORDS: [&str; 30] = [
        "!",
        "tcp",
        "udp",
        "sctp",
        "icmp",
        "icmptype",
        "ipv6-icmp",
        "ipv6-icmptype",
        "multiport",
        "state",
        "recent:",
        "limit:",
        "source",
        "destination",
        "/*",
        "PHYSDEV",
        "policy",
        "mark",
        "connmark",
        "ADDRTYPE",
        "owner",
        "match-set",
        "MAC",
        "PKTTYPE",
        "TTL",
        "ALGO",
        "helper",
        "queue_threshold",
        "nflog-group",
        "[goto]",
    ];
    WORDS.contains(&word)
        || word.starts_with("ct")
        || word.starts_with("<-")
        || word.starts_with('#')
        || super::target::begins(word)
}
