//! Addresses, and the names that stand for some in a listing without `-n`.
//!
//! Which name stands for which address is the business of the host that made the listing; only
//! those are taken back that mean the same on every host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::backend::iptables::name;
use crate::firewall::Family;

/// Whether a word is a protocol by number or by one of the usual names.
pub(super) fn is_protocol(word: &str) -> bool {
    name::protocol(word).is_some()
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
