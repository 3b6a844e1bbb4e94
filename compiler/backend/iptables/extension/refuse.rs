//! Telling the sender that its packet was refused: `REJECT`.

use crate::backend::iptables::option::{Extension, Given, Opt, find};
use crate::firewall::{Family, RejectWith, Target};

pub(super) static REJECT: Extension =
    Extension::of_target("REJECT", &[Opt::value("--reject-with")], read);

/// A name, its short form, and what it is.
type Message = (&'static str, &'static str, RejectWith);

/// `reject_table` of `libipt_REJECT`.
const MESSAGES: [Message; 8] = [
    (
        "icmp-port-unreachable",
        "port-unreach",
        RejectWith::PortUnreachable,
    ),
    ("icmp-net-unreachable", "net-unreach", RejectWith::Icmp(0)),
    ("icmp-host-unreachable", "host-unreach", RejectWith::Icmp(1)),
    (
        "icmp-proto-unreachable",
        "proto-unreach",
        RejectWith::Icmp(2),
    ),
    ("icmp-net-prohibited", "net-prohib", RejectWith::Icmp(9)),
    ("icmp-host-prohibited", "host-prohib", RejectWith::Icmp(10)),
    (
        "icmp-admin-prohibited",
        "admin-prohib",
        RejectWith::Icmp(13),
    ),
    ("tcp-reset", "tcp-rst", RejectWith::TcpReset),
];

/// `reject_table` of `libip6t_REJECT`.
const MESSAGES_IPV6: [Message; 7] = [
    (
        "icmp6-port-unreachable",
        "port-unreach",
        RejectWith::PortUnreachable,
    ),
    ("icmp6-no-route", "no-route", RejectWith::Icmpv6(0)),
    (
        "icmp6-adm-prohibited",
        "adm-prohibited",
        RejectWith::Icmpv6(1),
    ),
    (
        "icmp6-addr-unreachable",
        "addr-unreach",
        RejectWith::Icmpv6(3),
    ),
    ("icmp6-policy-fail", "policy-fail", RejectWith::Icmpv6(5)),
    ("icmp6-reject-route", "reject-route", RejectWith::Icmpv6(6)),
    ("tcp-reset", "tcp-reset", RejectWith::TcpReset),
];

fn messages(family: Family) -> &'static [Message] {
    match family {
        Family::Ipv4 => &MESSAGES,
        Family::Ipv6 => &MESSAGES_IPV6,
    }
}

fn read(family: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let Some(each) = find(given, "--reject-with") else {
        return Ok(Target::Reject(RejectWith::PortUnreachable));
    };
    let text = each.text();
    let known = messages(family)
        .iter()
        .find(|(name, short, _)| begins(name, &text) || begins(short, &text));
    match known {
        Some((_, _, with)) => Ok(Target::Reject(*with)),
        None => Err(format!("nothing is refused with '{text}'")),
    }
}

fn begins(name: &str, text: &str) -> bool {
    let start = name.get(..text.len());
    !text.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(text))
}

/// How iptables calls it; nothing for what only the other family, or nft, can say.
pub(super) fn word(with: RejectWith, family: Family) -> Option<&'static str> {
    let port = match family {
        Family::Ipv4 => RejectWith::Icmp(3),
        Family::Ipv6 => RejectWith::Icmpv6(4),
    };
    let with = if with == port {
        RejectWith::PortUnreachable
    } else {
        with
    };
    let known = messages(family).iter().find(|(_, _, each)| *each == with);
    known.map(|(name, _, _)| *name)
}
