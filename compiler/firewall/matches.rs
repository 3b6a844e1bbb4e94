//! What a rule asks of a packet.

use std::net::IpAddr;

use compact_str::CompactString;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::value::{DeviceName, PortRange};

/// One thing that must hold.
///
/// Each stands for itself: what it implies (the protocol of a port, the family of an address) is
/// said once, by itself. Two spellings of one meaning are two values here; the normal form
/// compares them.
#[derive(Clone, Debug, PartialEq)]
pub enum Match {
    /// The packet came in through a device.
    InDevice {
        /// The device.
        name: DevicePattern,
        /// Whether the rule is bound to the name or to the device's number at load time.
        bound: Bound,
        /// Whether it must be another one.
        negated: bool,
    },
    /// The packet goes out through a device.
    OutDevice {
        /// The device.
        name: DevicePattern,
        /// Whether the rule is bound to the name or to the device's number at load time.
        bound: Bound,
        /// Whether it must be another one.
        negated: bool,
    },
    /// Its source lies in this prefix, or not.
    Source {
        /// The prefix, no host bits.
        net: IpNet,
        /// Whether it must lie outside.
        negated: bool,
    },
    /// Its destination lies in this prefix, or not.
    Destination {
        /// The prefix, no host bits.
        net: IpNet,
        /// Whether it must lie outside.
        negated: bool,
    },
    /// An address lies between two others, both included (`-m iprange`, `ip saddr a-b`).
    AddressRange(Box<AddressRange>),
    /// An address, cut by a mask that is no prefix length.
    MaskedAddress(Box<MaskedAddress>),
    /// It is of one family (`meta nfproto`).
    Family(Family),
    /// It is of this protocol, or not.
    Protocol {
        /// The protocol.
        protocol: Protocol,
        /// Whether it must be another one.
        negated: bool,
    },
    /// It is a fragment after the first (`-f`); negated: it is none.
    Fragment {
        /// Whether it must be none.
        negated: bool,
    },
    /// A port lies in one of these ranges, or in none; implies the protocol.
    Port {
        /// Which of its ports.
        side: PortSide,
        /// TCP, UDP, …; `None` for any that has ports there (`th dport`, `-m multiport`).
        protocol: Option<Protocol>,
        /// The ports.
        ports: Ports,
        /// Whether it must lie outside.
        negated: bool,
    },
    /// Of these TCP flags exactly those are set; implies TCP.
    TcpFlags {
        /// The flags that are looked at: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.
        mask: u8,
        /// The flags among them that must be set.
        set: u8,
        /// Whether it must be otherwise.
        negated: bool,
    },
    /// It is this ICMP message; implies the protocol of the family.
    Icmp {
        /// ICMP or ICMPv6.
        family: Family,
        /// The type.
        kind: u8,
        /// The code; `None` for any.
        code: Option<u8>,
        /// Whether it must be another one.
        negated: bool,
    },
    /// Its connection is in one of these states.
    CtState {
        /// The states.
        states: CtStates,
        /// Whether it must be in none of them.
        negated: bool,
        /// Whether it is spelt in the old way, `-m state --state`.
        old: bool,
    },
    /// The packet's mark, cut by the mask, is this value.
    Mark {
        /// The value.
        value: u32,
        /// The bits that are looked at; all for a plain comparison.
        mask: u32,
        /// Whether it must be another one.
        negated: bool,
    },
    /// The connection's mark, cut by the mask, is this value.
    CtMark {
        /// The value.
        value: u32,
        /// The bits that are looked at; all for a plain comparison.
        mask: u32,
        /// Whether it must be another one.
        negated: bool,
    },
    /// It comes from this hardware address.
    SourceMac {
        /// The address.
        mac: [u8; 6],
        /// Whether it must come from another one.
        negated: bool,
    },
    /// It was sent to one, to all or to many, as the link layer says (`-m pkttype`).
    PacketType {
        /// To whom.
        kind: PacketType,
        /// Whether it must be otherwise.
        negated: bool,
    },
    /// Always holds: a comment.
    Comment(CompactString),
    /// What we have no type for, word for word.
    Other(CompactString),
}

/// A device by name, or all devices whose names begin alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DevicePattern {
    /// The name, or what it begins with; as a rule says it, so it may be anything.
    pub name: CompactString,
    /// Whether longer names match, too: `eth+` for iptables, `eth*` for nft.
    pub prefix: bool,
}

/// An address that lies in a range.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressRange {
    /// Which of the packet's addresses.
    pub side: AddressSide,
    /// The first.
    pub start: IpAddr,
    /// The last, included; of the same family.
    pub end: IpAddr,
    /// Whether it must lie outside.
    pub negated: bool,
}

/// An address that is compared under a mask with holes.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskedAddress {
    /// Which of the packet's addresses.
    pub side: AddressSide,
    /// What it must be under the mask.
    pub address: IpAddr,
    /// The bits that are looked at; of the same family.
    pub mask: IpAddr,
    /// Whether it must be another one.
    pub negated: bool,
}

/// Which of a packet's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressSide {
    /// Where it comes from.
    Source,
    /// Where it goes to.
    Destination,
}

/// Which of a packet's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortSide {
    /// Where it comes from.
    Source,
    /// Where it goes to.
    Destination,
    /// One of both (`-m multiport --ports`).
    Either,
}

/// Ports that a rule names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ports {
    /// One port or range: `--dport`.
    One(PortRange),
    /// A list, even of one: `-m multiport --dports`, or a set of nft.
    List(Box<[PortRange]>),
}

/// To whom a packet was sent on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PacketType {
    /// To this host.
    Unicast,
    /// To all.
    Broadcast,
    /// To a group.
    Multicast,
}

/// Whether a device match is bound to a name or to a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bound {
    /// To the name, whatever device has it (`iifname`).
    #[default]
    Name,
    /// To the device that has the name as the rule is loaded (`iif`).
    Index,
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of an address or prefix.
    pub fn of(net: &IpNet) -> Self {
        match net {
            IpNet::V4(_) => Family::Ipv4,
            IpNet::V6(_) => Family::Ipv6,
        }
    }
}

/// A protocol above IP, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(pub u8);

/// The protocols that every tool knows by name without asking `/etc/protocols`.
const PROTOCOLS: [(Protocol, &str); 8] = [
    (Protocol::TCP, "tcp"),
    (Protocol::UDP, "udp"),
    (Protocol::ICMP, "icmp"),
    (Protocol::ICMPV6, "ipv6-icmp"),
    (Protocol(132), "sctp"),
    (Protocol(136), "udplite"),
    (Protocol(50), "esp"),
    (Protocol(51), "ah"),
];

impl Protocol {
    /// TCP.
    pub const TCP: Protocol = Protocol(6);
    /// UDP.
    pub const UDP: Protocol = Protocol(17);
    /// ICMP.
    pub const ICMP: Protocol = Protocol(1);
    /// ICMPv6.
    pub const ICMPV6: Protocol = Protocol(58);

    /// Its name, if all tools agree on one.
    pub fn name(self) -> Option<&'static str> {
        let known = PROTOCOLS.iter().find(|(protocol, _)| *protocol == self);
        known.map(|(_, name)| *name)
    }

    /// The protocol of this name or number.
    pub fn read(word: &str) -> Option<Self> {
        let known = PROTOCOLS.iter().find(|(_, name)| *name == word);
        match (known, word) {
            (Some((protocol, _)), _) => Some(*protocol),
            (None, "icmpv6") => Some(Protocol::ICMPV6),
            (None, _) => word.parse().ok().map(Protocol),
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

/// States of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CtStates {
    /// Its first packet.
    pub new: bool,
    /// Packets were seen in both directions.
    pub established: bool,
    /// It belongs to another connection.
    pub related: bool,
    /// It fits no connection.
    pub invalid: bool,
    /// It is not tracked.
    pub untracked: bool,
    /// Its source was rewritten: a status rather than a state.
    pub snat: bool,
    /// Its destination was rewritten: a status rather than a state.
    pub dnat: bool,
}

impl CtStates {
    /// `RELATED,ESTABLISHED`: replies.
    pub const REPLIES: CtStates = CtStates {
        new: false,
        established: true,
        related: true,
        invalid: false,
        untracked: false,
        snat: false,
        dnat: false,
    };
}

impl Match {
    /// The packet came in through the device of this name.
    pub fn iifname(name: &DeviceName) -> Self {
        Match::InDevice {
            name: name.into(),
            bound: Bound::Name,
            negated: false,
        }
    }

    /// The packet goes out through the device of this name.
    pub fn oifname(name: &DeviceName) -> Self {
        Match::OutDevice {
            name: name.into(),
            bound: Bound::Name,
            negated: false,
        }
    }

    /// It is of this protocol.
    pub fn protocol(protocol: Protocol) -> Self {
        Match::Protocol {
            protocol,
            negated: false,
        }
    }

    /// It goes to this port, or one of this range.
    pub fn destination_port(protocol: Protocol, ports: PortRange) -> Self {
        Match::Port {
            side: PortSide::Destination,
            protocol: Some(protocol),
            ports: Ports::One(ports),
            negated: false,
        }
    }

    /// Its source lies in `net`.
    pub fn source(net: IpNet) -> Self {
        Match::Source {
            net,
            negated: false,
        }
    }

    /// Its destination lies in `net`.
    pub fn destination(net: IpNet) -> Self {
        Match::Destination {
            net,
            negated: false,
        }
    }

    /// Its connection is established or related: replies.
    pub fn replies() -> Self {
        Match::CtState {
            states: CtStates::REPLIES,
            negated: false,
            old: false,
        }
    }

    /// Its destination lies outside `net`.
    pub fn not_destination(net: IpNet) -> Self {
        Match::Destination { net, negated: true }
    }
}

impl DevicePattern {
    /// All devices whose names begin with `start`.
    pub fn starting(start: &str) -> Self {
        DevicePattern {
            name: start.into(),
            prefix: true,
        }
    }

    /// The one device of this name.
    pub fn named(name: &str) -> Self {
        DevicePattern {
            name: name.into(),
            prefix: false,
        }
    }

    /// Whether this says exactly this device.
    pub fn is(&self, name: &DeviceName) -> bool {
        !self.prefix && self.name == name.as_str()
    }

    /// Whether a device of this name matches.
    pub fn covers(&self, name: &str) -> bool {
        match self.prefix {
            true => name.starts_with(self.name.as_str()),
            false => self.name == name,
        }
    }
}

impl From<&DeviceName> for DevicePattern {
    fn from(name: &DeviceName) -> Self {
        DevicePattern::named(name.as_str())
    }
}

impl Ports {
    /// The ranges.
    pub fn ranges(&self) -> &[PortRange] {
        match self {
            Ports::One(range) => std::slice::from_ref(range),
            Ports::List(ranges) => ranges,
        }
    }
}
