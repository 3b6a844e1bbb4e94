//! Names that stand for numbers in a listing without `-n`.
//!
//! Which name stands for which number is the business of the host that made the listing; only
//! those are taken back that mean the same on every host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::firewall::{Family, Protocol};

/// Protocols by the names that hosts have for them.
const PROTOCOLS: [&str; 30] = [
    "all",
    "dccp",
    "egp",
    "eigrp",
    "encap",
    "etherip",
    "fc",
    "ggp",
    "gre",
    "hip",
    "hopopt",
    "idrp",
    "igmp",
    "igp",
    "ip",
    "ipcomp",
    "ipencap",
    "ipip",
    "ipv6",
    "isis",
    "l2tp",
    "mh",
    "mobility-header",
    "mpls-in-ip",
    "ospf",
    "ospfigp",
    "pim",
    "rsvp",
    "skip",
    "vrrp",
];

/// Ports by the names of the registry, as far as rules for hosts of guests name them.
const SERVICES: [(&str, u16); 44] = [
    ("auth", 113),
    ("bgp", 179),
    ("bootpc", 68),
    ("bootps", 67),
    ("dhcpv6-client", 546),
    ("dhcpv6-server", 547),
    ("domain", 53),
    ("domain-s", 853),
    ("ftp", 21),
    ("ftp-data", 20),
    ("http", 80),
    ("http-alt", 8080),
    ("https", 443),
    ("imap", 143),
    ("imap2", 143),
    ("imaps", 993),
    ("ipp", 631),
    ("isakmp", 500),
    ("iscsi-target", 3260),
    ("kerberos", 88),
    ("ldap", 389),
    ("ldaps", 636),
    ("mdns", 5353),
    ("microsoft-ds", 445),
    ("mysql", 3306),
    ("netbios-dgm", 138),
    ("netbios-ns", 137),
    ("netbios-ssn", 139),
    ("nfs", 2049),
    ("ntp", 123),
    ("openvpn", 1194),
    ("pop3", 110),
    ("pop3s", 995),
    ("postgresql", 5432),
    ("rsync", 873),
    ("smtp", 25),
    ("snmp", 161),
    ("ssh", 22),
    ("submission", 587),
    ("sunrpc", 111),
    ("syslog", 514),
    ("telnet", 23),
    ("tftp", 69),
    ("www", 80),
];

/// Whether a word is a protocol by number or by one of the usual names.
pub(super) fn is_protocol(word: &str) -> bool {
    Protocol::read(word).is_some() || PROTOCOLS.contains(&word)
}

/// The port of a number or of a name that every host has for it.
pub(super) fn port(word: &str) -> Option<u16> {
    match word.parse() {
        Ok(port) => Some(port),
        Err(_) => {
            let at = SERVICES
                .binary_search_by_key(&word, |(name, _)| name)
                .ok()?;
            SERVICES.get(at).map(|(_, port)| *port)
        }
    }
}

/// Whether a word can stand in the column of an address: an address with or without a mask, or
/// the name of a host.
pub(super) fn is_address(word: &str) -> bool {
    let host = word.split_once('/').map_or(word, |(host, _)| host);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let name = || host.len() <= 255 && host.bytes().all(plain);
    let begins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    host.parse::<IpAddr>().is_ok() || (host.as_bytes().first().is_some_and(begins) && name())
}

/// The family of the address in a word, if it is one.
pub(super) fn family(word: &str) -> Option<Family> {
    let host = word.split_once('/').map_or(word, |(host, _)| host);
    match host.parse() {
        Ok(IpAddr::V4(_)) => Some(Family::Ipv4),
        Ok(IpAddr::V6(_)) => Some(Family::Ipv6),
        Err(_) => None,
    }
}

/// The address that a name stands for on every host.
pub(super) fn host(name: &str, family: Family) -> Option<IpAddr> {
    let address = match (name, family) {
        ("localhost", Family::Ipv4) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ("localhost" | "ip6-localhost" | "ip6-loopback", Family::Ipv6) => {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        }
        ("loopback", Family::Ipv4) => Ipv4Addr::new(127, 0, 0, 0).into(),
        ("link-local", Family::Ipv4) => Ipv4Addr::new(169, 254, 0, 0).into(),
        ("base-address.mcast.net", Family::Ipv4) => Ipv4Addr::new(224, 0, 0, 0).into(),
        ("all-systems.mcast.net", Family::Ipv4) => Ipv4Addr::new(224, 0, 0, 1).into(),
        (_, Family::Ipv4 | Family::Ipv6) => return None,
    };
    Some(address)
}

/// The type and code of an ICMP message of this name; no code stands for any.
pub(super) fn icmp(name: &str, family: Family) -> Option<(u8, Option<u8>)> {
    match family {
        Family::Ipv4 => icmpv4(name),
        Family::Ipv6 => icmpv6(name),
    }
}

/// The names of `libipt_icmp`.
fn icmpv4(name: &str) -> Option<(u8, Option<u8>)> {
    let message = match name {
        "echo-reply" | "pong" => (0, None),
        "destination-unreachable" => (3, None),
        "network-unreachable" => (3, Some(0)),
        "host-unreachable" => (3, Some(1)),
        "protocol-unreachable" => (3, Some(2)),
        "port-unreachable" => (3, Some(3)),
        "fragmentation-needed" => (3, Some(4)),
        "source-route-failed" => (3, Some(5)),
        "network-unknown" => (3, Some(6)),
        "host-unknown" => (3, Some(7)),
        "network-prohibited" => (3, Some(9)),
        "host-prohibited" => (3, Some(10)),
        "TOS-network-unreachable" => (3, Some(11)),
        "TOS-host-unreachable" => (3, Some(12)),
        "communication-prohibited" => (3, Some(13)),
        "host-precedence-violation" => (3, Some(14)),
        "precedence-cutoff" => (3, Some(15)),
        "source-quench" => (4, None),
        "redirect" => (5, None),
        "network-redirect" => (5, Some(0)),
        "host-redirect" => (5, Some(1)),
        "TOS-network-redirect" => (5, Some(2)),
        "TOS-host-redirect" => (5, Some(3)),
        "echo-request" | "ping" => (8, None),
        "router-advertisement" => (9, None),
        "router-solicitation" => (10, None),
        "time-exceeded" | "ttl-exceeded" => (11, None),
        "ttl-zero-during-transit" => (11, Some(0)),
        "ttl-zero-during-reassembly" => (11, Some(1)),
        "parameter-problem" => (12, None),
        "ip-header-bad" => (12, Some(0)),
        "required-option-missing" => (12, Some(1)),
        "timestamp-request" => (13, None),
        "timestamp-reply" => (14, None),
        "address-mask-request" => (17, None),
        "address-mask-reply" => (18, None),
        _ => return None,
    };
    Some(message)
}

/// The names of `libip6t_icmp6`.
fn icmpv6(name: &str) -> Option<(u8, Option<u8>)> {
    let message = match name {
        "destination-unreachable" => (1, None),
        "no-route" => (1, Some(0)),
        "communication-prohibited" => (1, Some(1)),
        "beyond-scope" => (1, Some(2)),
        "address-unreachable" => (1, Some(3)),
        "port-unreachable" => (1, Some(4)),
        "failed-policy" => (1, Some(5)),
        "reject-route" => (1, Some(6)),
        "packet-too-big" => (2, None),
        "time-exceeded" | "ttl-exceeded" => (3, None),
        "ttl-zero-during-transit" => (3, Some(0)),
        "ttl-zero-during-reassembly" => (3, Some(1)),
        "parameter-problem" => (4, None),
        "bad-header" => (4, Some(0)),
        "unknown-header-type" => (4, Some(1)),
        "unknown-option" => (4, Some(2)),
        "echo-request" | "ping" => (128, None),
        "echo-reply" | "pong" => (129, None),
        "mld-listener-query" => (130, None),
        "mld-listener-report" => (131, None),
        "mld-listener-done" | "mld-listener-reduction" => (132, None),
        "router-solicitation" => (133, None),
        "router-advertisement" => (134, None),
        "neighbour-solicitation" | "neighbor-solicitation" => (135, None),
        "neighbour-advertisement" | "neighbor-advertisement" => (136, None),
        "redirect" => (137, None),
        _ => return None,
    };
    Some(message)
}
