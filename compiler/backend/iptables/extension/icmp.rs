//! Messages of ICMP and ICMPv6.

use std::fmt::Write as _;

use super::not;
use crate::backend::iptables::option::{Extension, Given, Matches, Opt, required};
use crate::backend::iptables::value;
use crate::firewall::{Family, Match, Protocol};

pub(super) static ICMP: Extension =
    Extension::of_match("icmp", &[Opt::value("--icmp-type")], |matches, given| {
        read(matches, given, Family::Ipv4)
    });

pub(super) static ICMP6: Extension = Extension::of_match(
    "icmp6",
    &[Opt::value("--icmpv6-type").also(&["--icmp6-type"])],
    |matches, given| read(matches, given, Family::Ipv6),
);

/// A name, its type, and its code.
type Message = (&'static str, u8, Option<u8>);

/// `icmp_codes` of `libxt_icmp.h`.
const NAMES: [Message; 39] = [
    ("any", 255, None),
    ("echo-reply", 0, None),
    ("pong", 0, None),
    ("destination-unreachable", 3, None),
    ("network-unreachable", 3, Some(0)),
    ("host-unreachable", 3, Some(1)),
    ("protocol-unreachable", 3, Some(2)),
    ("port-unreachable", 3, Some(3)),
    ("fragmentation-needed", 3, Some(4)),
    ("source-route-failed", 3, Some(5)),
    ("network-unknown", 3, Some(6)),
    ("host-unknown", 3, Some(7)),
    ("network-prohibited", 3, Some(9)),
    ("host-prohibited", 3, Some(10)),
    ("TOS-network-unreachable", 3, Some(11)),
    ("TOS-host-unreachable", 3, Some(12)),
    ("communication-prohibited", 3, Some(13)),
    ("host-precedence-violation", 3, Some(14)),
    ("precedence-cutoff", 3, Some(15)),
    ("source-quench", 4, None),
    ("redirect", 5, None),
    ("network-redirect", 5, Some(0)),
    ("host-redirect", 5, Some(1)),
    ("TOS-network-redirect", 5, Some(2)),
    ("TOS-host-redirect", 5, Some(3)),
    ("echo-request", 8, None),
    ("ping", 8, None),
    ("router-advertisement", 9, None),
    ("router-solicitation", 10, None),
    ("time-exceeded", 11, None),
    ("ttl-exceeded", 11, None),
    ("ttl-zero-during-transit", 11, Some(0)),
    ("ttl-zero-during-reassembly", 11, Some(1)),
    ("parameter-problem", 12, None),
    ("ip-header-bad", 12, Some(0)),
    ("required-option-missing", 12, Some(1)),
    ("timestamp-request", 13, None),
    ("timestamp-reply", 14, None),
    ("address-mask-request", 17, None),
];

/// `icmpv6_codes` of `libxt_icmp.h`.
const NAMES_IPV6: [Message; 27] = [
    ("destination-unreachable", 1, None),
    ("no-route", 1, Some(0)),
    ("communication-prohibited", 1, Some(1)),
    ("beyond-scope", 1, Some(2)),
    ("address-unreachable", 1, Some(3)),
    ("port-unreachable", 1, Some(4)),
    ("failed-policy", 1, Some(5)),
    ("reject-route", 1, Some(6)),
    ("packet-too-big", 2, None),
    ("time-exceeded", 3, None),
    ("ttl-exceeded", 3, None),
    ("ttl-zero-during-transit", 3, Some(0)),
    ("ttl-zero-during-reassembly", 3, Some(1)),
    ("parameter-problem", 4, None),
    ("bad-header", 4, Some(0)),
    ("unknown-header-type", 4, Some(1)),
    ("unknown-option", 4, Some(2)),
    ("echo-request", 128, None),
    ("ping", 128, None),
    ("echo-reply", 129, None),
    ("pong", 129, None),
    ("router-solicitation", 133, None),
    ("router-advertisement", 134, None),
    ("neighbour-solicitation", 135, None),
    ("neighbor-solicitation", 135, None),
    ("neighbour-advertisement", 136, None),
    ("redirect", 137, None),
];

fn read(matches: &mut Matches<'_>, given: &[Given<'_>], family: Family) -> Result<(), String> {
    let (protocol, option) = match family {
        Family::Ipv4 => (Protocol::ICMP, "--icmp-type"),
        Family::Ipv6 => (Protocol::ICMPV6, "--icmpv6-type"),
    };
    if matches.protocol != Some(protocol) {
        return Err(format!("it is for -p {protocol} only"));
    }
    let each = required(given, option)?;
    let (kind, code) = message(&each.text(), family)?;
    matches.all.push(Match::Icmp {
        family,
        kind,
        code,
        negated: each.negated,
    });
    Ok(())
}

/// A name, a type, or a type and a code.
fn message(text: &str, family: Family) -> Result<(u8, Option<u8>), String> {
    let names = match family {
        Family::Ipv4 => NAMES.as_slice(),
        Family::Ipv6 => NAMES_IPV6.as_slice(),
    };
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return by_name(text, names).ok_or_else(|| format!("there is no message '{text}'"));
    }
    match text.split_once('/') {
        Some((kind, code)) => Ok((value::fitting(kind)?, Some(value::fitting(code)?))),
        None => Ok((value::fitting(text)?, None)),
    }
}

/// The message whose name this is, or the only one whose name begins so.
fn by_name(text: &str, names: &[Message]) -> Option<(u8, Option<u8>)> {
    let begins = |name: &str| {
        let start = name.get(..text.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    let exact = names
        .iter()
        .find(|(name, _, _)| name.eq_ignore_ascii_case(text));
    let mut beginning = names.iter().filter(|(name, _, _)| begins(name));
    let only = beginning.next().filter(|_| beginning.next().is_none());
    let (_, kind, code) = exact.or(only)?;
    Some((*kind, *code))
}

pub(super) fn print(text: &mut String, family: Family, kind: u8, code: Option<u8>, negated: bool) {
    let option = match family {
        Family::Ipv4 => " --icmp-type ",
        Family::Ipv6 => " --icmpv6-type ",
    };
    text.extend([not(negated), option]);
    // Writing into a String cannot fail.
    let _ = match (family, kind, code) {
        (Family::Ipv4, 255, _) => write!(text, "any"),
        (_, kind, None) => write!(text, "{kind}"),
        (_, kind, Some(code)) => write!(text, "{kind}/{code}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_names() {
        let v4 = |text| message(text, Family::Ipv4);
        assert_eq!(v4("echo-request"), Ok((8, None)));
        assert_eq!(v4("host-unreach"), Ok((3, Some(1))));
        assert_eq!(v4("3/4"), Ok((3, Some(4))));
        assert!(v4("host").is_err() && v4("256").is_err());
        assert_eq!(message("neighbour-sol", Family::Ipv6), Ok((135, None)));
    }
}
