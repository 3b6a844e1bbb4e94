//! What addresses and ports become.

use std::net::IpAddr;

use compact_str::CompactString;
use schemars::JsonSchema;
use serde::Serialize;

use crate::firewall::{Expression, Family};
use crate::value::PortRange;

/// What an address becomes, and its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NatTarget {
    /// The addresses; `None` for the port alone.
    pub to: Option<NatAddress>,
    /// The ports to take.
    pub ports: Option<PortRange>,
    /// How they are chosen.
    pub flags: NatFlags,
}

/// How an address or port is chosen among several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NatFlags {
    /// Ports are mixed (`--random`).
    pub random: bool,
    /// Ports are mixed well (`--random-fully`, `fully-random`).
    pub fully_random: bool,
    /// A client gets the same address each time.
    pub persistent: bool,
}

/// Addresses that a source becomes, from start to end, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct NatAddress {
    /// The first.
    pub start: IpAddr,
    /// The last; the same for just one.
    pub end: IpAddr,
}

/// A translation in nft's own terms.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Translate {
    /// What is rewritten.
    pub kind: NatKind,
    /// The family, where it is said.
    pub family: Option<Family>,
    /// What `to` gives: `addr . port`, `prefix`; `None` for addresses alone.
    pub gives: Option<CompactString>,
    /// The addresses, or the map that has them.
    pub to: Option<Expression>,
    /// The ports, or the map that has them.
    pub ports: Option<Expression>,
    /// How they are chosen.
    pub flags: NatFlags,
}

/// What a translation rewrites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NatKind {
    /// The source.
    Snat,
    /// The destination.
    Dnat,
    /// The source, to the address of the outgoing device.
    Masquerade,
    /// The destination, to the host itself.
    Redirect,
}
