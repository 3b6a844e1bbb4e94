//! What a rule does with a packet.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::MapKey;
use crate::value::PortRange;

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The packet goes on.
    Accept,
    /// The packet is gone.
    Drop,
    /// The packet is refused and its sender told.
    Reject(RejectWith),
    /// Back to the chain that led here.
    Return,
    /// On to this chain, and back.
    Jump(String),
    /// To the chain that a verdict map names, and back; on, if it names none.
    Vmap {
        /// What is looked up.
        key: MapKey,
        /// The map.
        map: String,
    },
    /// The source becomes the outgoing device's address.
    Masquerade {
        /// The ports to take.
        ports: Option<PortRange>,
    },
    /// The source becomes one of these addresses.
    Snat {
        /// The addresses.
        to: NatAddress,
        /// The ports to take.
        ports: Option<PortRange>,
    },
    /// The checksum is computed, for receivers that look at it too early (iptables only).
    ChecksumFill,
    /// The next rule is asked: the rule only counts.
    Continue,
    /// What we have no type for, word for word.
    Other(String),
}

/// How a sender is told that its packet was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RejectWith {
    /// ICMP or ICMPv6 port unreachable: the default of nft, and libvirt's choice.
    PortUnreachable,
}

/// Addresses that a source becomes, from start to end, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NatAddress {
    /// The first.
    pub start: IpAddr,
    /// The last; the same for just one.
    pub end: IpAddr,
}
