//! What a rule asks of a packet.

pub mod address;
pub mod connection;
pub mod device;
pub mod host;
pub mod parts;
pub mod protocol;
pub mod rate;
pub mod set;

pub use address::{AddressRange, AddressSide, AddressTypes, MaskedAddress};
pub use connection::{ConnLimit, Conntrack, ConntrackTest, CtDirection, CtStates, CtStatuses};
pub use device::{Bound, DevicePattern, Physdev};
pub use host::{IpsecMode, IpsecPolicy, Owner, RpFilter, Transform};
pub use parts::{AskedDevice, AskedNet};
pub use protocol::{Comparison, PortSide, Ports, Protocol, SpiHeader};
pub use rate::{
    HashKeys, HashLimit, Limit, Rate, RateUnit, Recent, RecentAction, Statistic, TimeUnit,
};
pub use set::{CountTest, SetMatch};

use compact_str::CompactString;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use super::Compare;
use crate::value::{DeviceName, PortRange};

/// One thing that must hold.
///
/// Each stands for itself: what it implies (the protocol of a port, the family of an address) is
/// said once, by itself. Two spellings of one meaning are two values here; the normal form
/// compares them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// A TCP option is there; implies TCP.
    TcpOption {
        /// Its number.
        option: u8,
        /// Whether it must not be there.
        negated: bool,
    },
    /// It is this ICMP message; implies the protocol of the family.
    Icmp {
        /// ICMP or ICMPv6.
        family: Family,
        /// The type; 255 of ICMP for any, as iptables does.
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
    /// Something else that connection tracking knows.
    Conntrack(Box<Conntrack>),
    /// This helper of connection tracking looks after its connection.
    Helper {
        /// The helper.
        name: CompactString,
        /// Whether it must be otherwise.
        negated: bool,
    },
    /// There are so many connections.
    ConnLimit(ConnLimit),
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
    /// One of its addresses is of a kind that the host's routes tell (`-m addrtype`, `fib`).
    AddressType {
        /// Which address.
        side: AddressSide,
        /// The kinds, one of which it must be.
        types: AddressTypes,
        /// The device that the routes are asked for, if it matters.
        device: Option<DeviceSide>,
        /// Whether it must be of none of them.
        negated: bool,
    },
    /// It crosses these ports of a bridge.
    Physdev(Box<Physdev>),
    /// An ipset holds it.
    Set(Box<SetMatch>),
    /// It is within a rate.
    Limit(Box<Limit>),
    /// It is within, or above, the rate of those like it.
    HashLimit(Box<HashLimit>),
    /// It was seen before.
    Recent(Box<Recent>),
    /// It is one of many.
    Statistic {
        /// Which of them.
        which: Statistic,
        /// Whether it must be another one.
        negated: bool,
    },
    /// This user or group sent it.
    Owner(Box<Owner>),
    /// IPsec has this part in it.
    Ipsec(Box<IpsecPolicy>),
    /// Its source could be reached through where it came from.
    RpFilter(RpFilter),
    /// Its length in bytes, with the IP header.
    Length {
        /// At least.
        min: u32,
        /// At most.
        max: u32,
        /// Whether it must be otherwise.
        negated: bool,
    },
    /// The hops that are left to it: TTL, or hop limit of IPv6.
    HopLimit {
        /// How they are compared.
        comparison: Comparison,
        /// With what.
        hops: u8,
        /// Whether the comparison must not hold.
        negated: bool,
    },
    /// Its DSCP, the upper six bits of the type of service.
    Dscp {
        /// What it is.
        value: u8,
        /// Whether it must be otherwise.
        negated: bool,
    },
    /// Its type of service, cut by the mask, is this.
    Tos {
        /// What it is.
        value: u8,
        /// The bits that are looked at.
        mask: u8,
        /// Whether it must be otherwise.
        negated: bool,
    },
    /// The security parameters index of an IPsec header.
    Spi {
        /// The header.
        header: SpiHeader,
        /// The first.
        min: u32,
        /// The last, included.
        max: u32,
        /// Whether it must lie outside.
        negated: bool,
    },
    /// Always holds: a module of iptables that asks nothing (`-m tcp` alone), or that the matches
    /// behind it belong to rather than to the one before.
    Module(CompactString),
    /// What nft compares, where no other variant says it.
    Compare(Box<Compare>),
    /// Always holds: a comment.
    Comment(CompactString),
    /// What we have no type for, word for word.
    Other(CompactString),
}

/// Something asked, and whether it must be otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asked<T> {
    /// What is asked.
    pub value: T,
    /// Whether it must be otherwise.
    pub negated: bool,
}

/// Which of a packet's devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeviceSide {
    /// The one it came in through.
    In,
    /// The one it goes out through.
    Out,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A million rules fit into memory because a match does not grow: large ones are boxed.
    #[test]
    fn a_match_is_small() {
        assert!(size_of::<Match>() <= 32, "{} bytes", size_of::<Match>());
    }
}
