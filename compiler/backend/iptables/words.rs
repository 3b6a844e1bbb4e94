//! Reading one rule of `iptables-save`, word by word.
//!
//! A rule is a row of options: those of iptables itself, `-m` with the options of a match, `-j`
//! with those of a target. What has no type here is kept as the piece of text it is.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::firewall::{
    CtStates, Family, Match, NatAddress, NatFlags, NatTarget, Protocol, RejectWith, Rule, Target,
};
use crate::value::{DeviceName, PortRange};

/// The words of a line that are still to be read. Quotes hold a word together.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// The words of `line`.
    pub(super) fn new(line: &'a str) -> Self {
        Words {
            rest: line.trim_start_matches([' ', '\t']),
        }
    }

    /// The next word and what follows it.
    fn word(self) -> Option<(&'a str, Words<'a>)> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped) = (false, false);
        let mut end = self.rest.len();
        for (at, byte) in self.rest.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b' ' | b'\t' if !quoted => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let (word, rest) = self.rest.split_at(end);
        Some((word, Words::new(rest)))
    }

    /// The next two words, an option and its value, and what follows them.
    pub(super) fn option(self) -> Option<(&'a str, &'a str, Words<'a>)> {
        let (name, rest) = self.word()?;
        let (value, rest) = rest.word()?;
        Some((name, value, rest))
    }

    /// The text from here to `later`, which is a later place in the same line.
    fn until(self, later: Words<'a>) -> &'a str {
        self.rest[..self.rest.len() - later.rest.len()].trim_end()
    }
}

/// The rule that `words` say; `is_chain` knows where `-j` may lead.
pub(super) fn read_rule(words: Words<'_>, family: Family, is_chain: impl Fn(&str) -> bool) -> Rule {
    let mut rule = Rule::new(Vec::new(), Target::Continue);
    let mut at = words;
    while let Some((word, after)) = at.word() {
        match word {
            "-j" | "--jump" | "-g" | "--goto" => {
                rule.target = read_target(at, family, &is_chain);
                break;
            }
            "-m" | "--match" => at = read_module(at, after, &mut rule.matches),
            _ => at = read_own_option(at, &mut rule.matches),
        }
    }
    rule
}

/// One of the options that iptables itself has: a device, an address, a protocol.
fn read_own_option<'a>(at: Words<'a>, matches: &mut Vec<Match>) -> Words<'a> {
    let (negated, start) = match at.word() {
        Some(("!", after)) => (true, after),
        Some(_) | None => (false, at),
    };
    let Some((name, after)) = start.word() else {
        matches.push(Match::Other(at.rest.into()));
        return start;
    };
    // Only fragments stand alone.
    if matches!(name, "-f" | "--fragment") {
        matches.push(Match::Other(at.until(after).into()));
        return after;
    }
    let Some((value, after)) = after.word() else {
        matches.push(Match::Other(at.until(after).into()));
        return after;
    };
    let typed = match name {
        "-i" | "--in-interface" if !negated => device(value).map(|name| Match::iifname(&name)),
        "-o" | "--out-interface" if !negated => device(value).map(|name| Match::oifname(&name)),
        "-s" | "--source" => prefix(value).map(|net| Match::Source { net, negated }),
        "-d" | "--destination" => prefix(value).map(|net| Match::Destination { net, negated }),
        "-p" | "--protocol" if !negated => Protocol::read(value).map(Match::protocol),
        _ => None,
    };
    matches.push(typed.unwrap_or_else(|| Match::Other(at.until(after).into())));
    after
}

/// `-m MATCH` with all its options: up to the next word that is iptables' own.
fn read_module<'a>(at: Words<'a>, name: Words<'a>, matches: &mut Vec<Match>) -> Words<'a> {
    let Some((module, options)) = name.word() else {
        matches.push(Match::Other(at.rest.into()));
        return name;
    };
    let mut end = options;
    while let Some((word, after)) = end.word() {
        let next = if word == "!" { after.word() } else { None };
        if is_own(next.map_or(word, |(word, _)| word)) {
            break;
        }
        // A comment may read like an option.
        end = match (word, after.word()) {
            ("--comment", Some((_, after))) => after,
            (_, _) => after,
        };
    }
    let typed = match module {
        "conntrack" => only_option(options, end, "--ctstate").and_then(states),
        "state" => only_option(options, end, "--state").and_then(states),
        "tcp" | "udp" => only_option(options, end, "--dport")
            .and_then(|value| destination_port(module, value, matches)),
        _ => None,
    };
    matches.push(typed.unwrap_or_else(|| Match::Other(at.until(end).into())));
    end
}

/// Whether a word begins an option of iptables itself, not of a match.
fn is_own(word: &str) -> bool {
    matches!(
        word,
        "-s" | "-d" | "-i" | "-o" | "-p" | "-m" | "-j" | "-g" | "-f"
    ) || matches!(
        word,
        "--source" | "--destination" | "--in-interface" | "--out-interface" | "--protocol"
    ) || matches!(word, "--match" | "--jump" | "--goto" | "--fragment")
}

/// The value of the option `name`, if it is all that stands between `options` and `end`.
fn only_option<'a>(options: Words<'a>, end: Words<'a>, name: &str) -> Option<&'a str> {
    let (found, value, after) = options.option()?;
    (found == name && after.rest.len() == end.rest.len()).then_some(value)
}

/// `-p tcp -m tcp --dport …`: the port says the protocol, so a match of it right before is dropped.
fn destination_port(module: &str, value: &str, matches: &mut Vec<Match>) -> Option<Match> {
    let wanted = Protocol::read(module)?;
    let ports = match value.split_once(':') {
        Some((start, end)) => PortRange::new(start.parse().ok()?, end.parse().ok()?)?,
        None => PortRange::single(value.parse().ok()?),
    };
    matches.pop_if(|last| *last == Match::protocol(wanted));
    Some(Match::destination_port(wanted, ports))
}

fn states(value: &str) -> Option<Match> {
    let mut states = CtStates::default();
    for word in value.split(',') {
        match word {
            "NEW" => states.new = true,
            "ESTABLISHED" => states.established = true,
            "RELATED" => states.related = true,
            "INVALID" => states.invalid = true,
            "UNTRACKED" => states.untracked = true,
            _ => return None,
        }
    }
    Some(Match::CtState {
        states,
        negated: false,
        old: false,
    })
}

fn device(value: &str) -> Option<DeviceName> {
    value.parse().ok()
}

/// A prefix without host bits, with or without a length.
fn prefix(value: &str) -> Option<IpNet> {
    let net = match value.parse::<IpNet>() {
        Ok(net) => net,
        Err(_) => IpNet::from(value.parse::<IpAddr>().ok()?),
    };
    (net == net.trunc()).then_some(net)
}

/// `-j TARGET` with all its options: the rest of the line.
fn read_target(at: Words<'_>, family: Family, is_chain: impl Fn(&str) -> bool) -> Target {
    let mut words = Vec::new();
    let mut rest = at;
    while let Some((word, after)) = rest.word() {
        words.push(word);
        rest = after;
    }
    let unreachable = match family {
        Family::Ipv4 => "icmp-port-unreachable",
        Family::Ipv6 => "icmp6-port-unreachable",
    };
    let typed = match words.as_slice() {
        ["-j" | "--jump", target @ ..] => match target {
            ["ACCEPT"] => Some(Target::Accept),
            ["DROP"] => Some(Target::Drop),
            ["RETURN"] => Some(Target::Return),
            ["REJECT"] => Some(Target::Reject(RejectWith::PortUnreachable)),
            ["REJECT", "--reject-with", with] if *with == unreachable => {
                Some(Target::Reject(RejectWith::PortUnreachable))
            }
            ["MASQUERADE"] => Some(masquerade(None)),
            ["MASQUERADE", "--to-ports", value] => {
                port_range(value).map(|ports| masquerade(Some(ports)))
            }
            ["SNAT", "--to-source", value] => snat(value),
            ["CHECKSUM", "--checksum-fill"] => Some(Target::ChecksumFill),
            [name] if is_chain(name) => Some(Target::Jump((*name).into())),
            _ => None,
        },
        _ => None,
    };
    typed.unwrap_or_else(|| Target::Other(at.rest.trim_end().into()))
}

fn port_range(value: &str) -> Option<PortRange> {
    match value.split_once('-') {
        Some((start, end)) => PortRange::new(start.parse().ok()?, end.parse().ok()?),
        None => Some(PortRange::single(value.parse().ok()?)),
    }
}

/// `a-b:lo-hi`; IPv6 with ports is `[a-b]:lo-hi`.
fn snat(value: &str) -> Option<Target> {
    let (addresses, ports) = match value.strip_prefix('[') {
        Some(inner) => {
            let (addresses, ports) = inner.split_once(']')?;
            (addresses, ports.strip_prefix(':'))
        }
        None if value.contains('.') => match value.split_once(':') {
            Some((addresses, ports)) => (addresses, Some(ports)),
            None => (value, None),
        },
        None => (value, None),
    };
    let (start, end) = addresses.split_once('-').unwrap_or((addresses, addresses));
    let to = NatAddress {
        start: start.parse().ok()?,
        end: end.parse().ok()?,
    };
    let ports = match ports {
        Some(ports) => Some(port_range(ports)?),
        None => None,
    };
    Some(Target::Snat(Box::new(NatTarget {
        to: Some(to),
        ports,
        flags: NatFlags::default(),
    })))
}

fn masquerade(ports: Option<PortRange>) -> Target {
    Target::Masquerade {
        ports,
        flags: NatFlags::default(),
    }
}
