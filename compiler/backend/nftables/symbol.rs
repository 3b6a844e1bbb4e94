//! nft's words for numbers that have one.

use crate::firewall::{CtStates, Family};

/// A table of words and their numbers, in nft's order.
pub(super) type Symbols = &'static [(&'static str, u8)];

/// Types of ICMP.
const ICMP_TYPES: Symbols = &[
    ("echo-reply", 0),
    ("destination-unreachable", 3),
    ("source-quench", 4),
    ("redirect", 5),
    ("echo-request", 8),
    ("router-advertisement", 9),
    ("router-solicitation", 10),
    ("time-exceeded", 11),
    ("parameter-problem", 12),
    ("timestamp-request", 13),
    ("timestamp-reply", 14),
    ("info-request", 15),
    ("info-reply", 16),
    ("address-mask-request", 17),
    ("address-mask-reply", 18),
];

/// Types of ICMPv6. The last word is another one for 132.
const ICMPV6_TYPES: Symbols = &[
    ("destination-unreachable", 1),
    ("packet-too-big", 2),
    ("time-exceeded", 3),
    ("parameter-problem", 4),
    ("echo-request", 128),
    ("echo-reply", 129),
    ("mld-listener-query", 130),
    ("mld-listener-report", 131),
    ("mld-listener-done", 132),
    ("nd-router-solicit", 133),
    ("nd-router-advert", 134),
    ("nd-neighbor-solicit", 135),
    ("nd-neighbor-advert", 136),
    ("nd-redirect", 137),
    ("router-renumbering", 138),
    ("ind-neighbor-solicit", 141),
    ("ind-neighbor-advert", 142),
    ("mld2-listener-report", 143),
    ("mld-listener-reduction", 132),
];

/// Codes of ICMP's destination unreachable.
const ICMP_CODES: Symbols = &[
    ("net-unreachable", 0),
    ("host-unreachable", 1),
    ("prot-unreachable", 2),
    ("port-unreachable", 3),
    ("net-prohibited", 9),
    ("host-prohibited", 10),
    ("admin-prohibited", 13),
    ("frag-needed", 4),
];

/// Codes of ICMPv6's destination unreachable.
const ICMPV6_CODES: Symbols = &[
    ("no-route", 0),
    ("admin-prohibited", 1),
    ("addr-unreachable", 3),
    ("port-unreachable", 4),
    ("policy-fail", 5),
    ("reject-route", 6),
];

/// nft's own codes, for both families.
pub(super) const ICMPX_CODES: Symbols = &[
    ("port-unreachable", 1),
    ("admin-prohibited", 3),
    ("no-route", 0),
    ("host-unreachable", 2),
];

/// The flags of TCP, a bit each.
pub(super) const TCP_FLAGS: Symbols = &[
    ("fin", 1),
    ("syn", 2),
    ("rst", 4),
    ("psh", 8),
    ("ack", 16),
    ("urg", 32),
    ("ecn", 64),
    ("cwr", 128),
];

/// Levels of syslog.
pub(super) const LOG_LEVELS: Symbols = &[
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("warn", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
];

/// Names of services that people write in files. A listing has numbers.
const SERVICES: [(&str, u16); 24] = [
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("http", 80),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("imap2", 143),
    ("snmp", 161),
    ("ldap", 389),
    ("https", 443),
    ("isakmp", 500),
    ("syslog", 514),
    ("dhcpv6-client", 546),
    ("dhcpv6-server", 547),
    ("ldaps", 636),
    ("imaps", 993),
    ("nfs", 2049),
    ("mdns", 5353),
];

/// The port of a service.
pub(super) fn service(word: &str) -> Option<u16> {
    let known = SERVICES.iter().find(|(name, _)| *name == word);
    known.map(|(_, port)| *port)
}

/// Types of messages of this family.
pub(super) fn icmp_types(family: Family) -> Symbols {
    match family {
        Family::Ipv4 => ICMP_TYPES,
        Family::Ipv6 => ICMPV6_TYPES,
    }
}

/// Codes of unreachable messages of this family.
pub(super) fn icmp_codes(family: Family) -> Symbols {
    match family {
        Family::Ipv4 => ICMP_CODES,
        Family::Ipv6 => ICMPV6_CODES,
    }
}

/// The number of a word, or the number that it is.
pub(super) fn number(symbols: Symbols, word: &str) -> Option<u8> {
    let known = symbols.iter().find(|(name, _)| *name == word);
    known
        .map(|(_, number)| *number)
        .or_else(|| word.parse().ok())
}

/// The word for a number.
pub(super) fn word(symbols: Symbols, number: u8) -> Option<&'static str> {
    let known = symbols.iter().find(|(_, each)| *each == number);
    known.map(|(name, _)| *name)
}

/// The bit of a TCP flag.
pub(super) fn flag(word: &str) -> Option<u8> {
    let known = TCP_FLAGS.iter().find(|(name, _)| *name == word);
    known.map(|(_, bit)| *bit)
}

/// The flags of a mask of TCP flags, in order; nothing if there are none.
pub(super) fn tcp_flags(mask: u8) -> impl Iterator<Item = &'static str> {
    let set = TCP_FLAGS.iter().filter(move |(_, bit)| mask & bit != 0);
    set.map(|(name, _)| *name)
}

/// The states of a connection in the order of the kernel's bits, as nft lists them.
pub(super) fn ct_states(states: CtStates) -> impl Iterator<Item = &'static str> {
    let words = [
        (states.invalid, "invalid"),
        (states.established, "established"),
        (states.related, "related"),
        (states.new, "new"),
        (states.untracked, "untracked"),
    ];
    let set = words.into_iter().filter(|(set, _)| *set);
    set.map(|(_, word)| word)
}

/// Adds the state that a word says; nothing if it says none.
pub(super) fn add_ct_state(states: &mut CtStates, word: &str) -> Option<()> {
    let state = match word {
        "invalid" => &mut states.invalid,
        "established" => &mut states.established,
        "related" => &mut states.related,
        "new" => &mut states.new,
        "untracked" => &mut states.untracked,
        _ => return None,
    };
    *state = true;
    Some(())
}
