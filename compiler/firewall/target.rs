//! What a rule does with a packet.

use std::net::IpAddr;

use compact_str::CompactString;
use schemars::JsonSchema;
use serde::Serialize;

use super::MapKey;
use crate::value::PortRange;

/// What a rule does.
#[derive(Clone, Debug, PartialEq)]
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
    Jump(CompactString),
    /// On to this chain, and from its end to where this chain would have gone.
    Goto(CompactString),
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
        /// How they are chosen.
        flags: NatFlags,
    },
    /// The source becomes one of these addresses.
    Snat(Box<NatTarget>),
    /// The destination becomes one of these addresses.
    Dnat(Box<NatTarget>),
    /// The destination becomes the host itself.
    Redirect {
        /// The ports to take.
        ports: Option<PortRange>,
        /// How they are chosen.
        flags: NatFlags,
    },
    /// The checksum is computed, for receivers that look at it too early (iptables only).
    ChecksumFill,
    /// The packet is written to the log, and goes on.
    Log(Box<Log>),
    /// The packet's mark is changed, and it goes on.
    SetMark(SetMark),
    /// The connection's mark is changed, and the packet goes on.
    SetCtMark(SetMark),
    /// The connection is not tracked (`NOTRACK`, `-j CT --notrack`, nft's `notrack`).
    Notrack,
    /// The next rule is asked: the rule only counts.
    Continue,
    /// What we have no type for, word for word.
    Other(CompactString),
}

/// What an address becomes, and its port.
#[derive(Clone, Debug, PartialEq)]
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

/// New bits for a mark: `(mark & !mask) ^ value`, as the kernel does it for both tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetMark {
    /// What is put in.
    pub value: u32,
    /// The bits that are cleared first; all for a plain assignment.
    pub mask: u32,
}

/// What is written to the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// What the line begins with.
    pub prefix: Option<CompactString>,
    /// Syslog's level, 0 to 7; `None` for the default, 4.
    pub level: Option<u8>,
    /// The group of `NFLOG`, or of nft's `log group`; `None` for the kernel's log.
    pub group: Option<u16>,
    /// Further options, word for word.
    pub options: Vec<CompactString>,
}

/// How a sender is told that its packet was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RejectWith {
    /// ICMP or ICMPv6 port unreachable: the default of nft, and libvirt's choice.
    PortUnreachable,
    /// Another ICMP unreachable message of IPv4, by its code.
    Icmp(u8),
    /// Another ICMPv6 unreachable message, by its code.
    Icmpv6(u8),
    /// nft's own numbering, for tables of both families: 0 no route, 2 host, 3 prohibited.
    Icmpx(u8),
    /// A TCP reset.
    TcpReset,
}

/// Addresses that a source becomes, from start to end, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NatAddress {
    /// The first.
    pub start: IpAddr,
    /// The last; the same for just one.
    pub end: IpAddr,
}
