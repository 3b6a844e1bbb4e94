//! The matches and targets of iptables 1.8: their options, read into types and printed from them.
//!
//! One file for each group that has types; [`kept_match`] and [`kept_target`] are those that we
//! pass on as words. What a rule is made of besides is read in [`rule`](super::rule).

mod address;
mod change;
mod comment;
mod connection;
mod hashlimit;
mod host;
mod icmp;
mod kept_match;
mod kept_target;
mod log;
mod module;
mod names;
mod nat;
mod packet;
mod print;
mod rate;
mod refuse;
mod set;
mod text;
mod time;
mod track;
mod transport;
mod words;

pub(super) use module::{joins, module_of};
pub(super) use print::{print_matches, print_target};
#[cfg(test)]
pub(super) use rate::as_kept as kept_rate;

use crate::firewall::{DevicePattern, Family, Protocol};

use super::option::Extension;
use super::word::push_quoted;

/// The match of this name; nothing if iptables 1.8 has none for the family.
pub(super) fn match_named(name: &str, family: Family) -> Option<&'static Extension> {
    let ipv6 = family == Family::Ipv6;
    Some(match name {
        "tcp" => &transport::TCP,
        "udp" => &transport::UDP,
        "conntrack" => &connection::CONNTRACK,
        "comment" => &comment::COMMENT,
        "state" => &connection::STATE,
        "multiport" => &transport::MULTIPORT,
        "addrtype" => &address::ADDRTYPE,
        "mark" => &packet::MARK,
        "set" => &set::SET,
        "limit" => &rate::LIMIT,
        "physdev" => &packet::PHYSDEV,
        "icmp" if !ipv6 => &icmp::ICMP,
        "icmp6" | "icmpv6" | "ipv6-icmp" if ipv6 => &icmp::ICMP6,
        "connmark" => &packet::CONNMARK,
        "statistic" => &rate::STATISTIC,
        "iprange" => &address::IPRANGE,
        "mac" => &packet::MAC,
        "pkttype" => &packet::PKTTYPE,
        "hashlimit" => &hashlimit::HASHLIMIT,
        "recent" => &rate::RECENT,
        "owner" => &host::OWNER,
        "rpfilter" => &host::RPFILTER,
        "policy" => &host::POLICY,
        "connlimit" => &connection::CONNLIMIT,
        "helper" => &connection::HELPER,
        "length" => &packet::LENGTH,
        "ttl" if !ipv6 => &packet::TTL,
        "hl" if ipv6 => &packet::HL,
        "dscp" => &packet::DSCP,
        "tos" => &packet::TOS,
        "ah" => &packet::AH,
        "esp" => &packet::ESP,
        "sctp" => &transport::SCTP,
        "dccp" => &transport::DCCP,
        "time" => &time::TIME,
        other => return kept_match::named(other, ipv6),
    })
}

/// The match that iptables takes of itself when a rule of this protocol has one of its options.
pub(super) fn match_of(protocol: Protocol, family: Family) -> Option<&'static Extension> {
    let name = match (protocol, family) {
        (Protocol::ICMP, Family::Ipv4) => "icmp",
        (Protocol::ICMPV6, Family::Ipv6) => "icmp6",
        (Protocol(50), _) => "esp",
        (Protocol(51), _) => "ah",
        (Protocol(108), _) => "ipcomp",
        (Protocol(135), Family::Ipv6) => "mh",
        (protocol, _) => transport::module(protocol)?,
    };
    match_named(name, family)
}

/// The target of this name; nothing if iptables 1.8 has none for the family.
pub(super) fn target_named(name: &str, family: Family) -> Option<&'static Extension> {
    let ipv6 = family == Family::Ipv6;
    Some(match name {
        "REJECT" => &refuse::REJECT,
        "MASQUERADE" => &nat::MASQUERADE,
        "DNAT" => &nat::DNAT,
        "SNAT" => &nat::SNAT,
        "LOG" => &log::LOG,
        "MARK" => &change::MARK,
        "CHECKSUM" => &change::CHECKSUM,
        "REDIRECT" => &nat::REDIRECT,
        "CONNMARK" => &change::CONNMARK,
        "NFLOG" => &log::NFLOG,
        "TCPMSS" => &change::TCPMSS,
        "NETMAP" => &nat::NETMAP,
        "NFQUEUE" => &log::NFQUEUE,
        "CT" => &track::CT,
        "NOTRACK" => &track::NOTRACK,
        "TPROXY" => &track::TPROXY,
        "TRACE" => &track::TRACE,
        "SET" => &set::SET_TARGET,
        "DSCP" => &change::DSCP,
        "TOS" => &change::TOS,
        "TTL" if !ipv6 => &change::TTL,
        "HL" if ipv6 => &change::HL,
        "CLASSIFY" => &change::CLASSIFY,
        other => return kept_target::named(other, ipv6),
    })
}

/// The word that negates, behind a blank.
pub(super) fn not(negated: bool) -> &'static str {
    if negated { " !" } else { "" }
}

/// Appends a device, with a `+` if longer names match, too.
pub(super) fn push_device(text: &mut String, device: &DevicePattern) {
    match device.is_prefix() {
        true => push_word(text, &format!("{}+", device.name())),
        false => push_word(text, device.name()),
    }
}

/// Appends a name; in quotes only where it would not be one word.
pub(super) fn push_word(text: &mut String, word: &str) {
    // What parts words, and what is not looked at where it ends a line.
    let parts = |byte: u8| byte.is_ascii_whitespace() || byte == b'"';
    if !word.is_empty() && !word.bytes().any(parts) {
        text.push_str(word);
        return;
    }
    let mut quoted = String::new();
    push_quoted(&mut quoted, word);
    text.push_str(quoted.trim_start());
}
