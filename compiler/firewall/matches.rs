//! What a rule asks of a packet.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::value::{DeviceName, PortRange};

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// The packet came in through a device.
    InDevice {
        /// The device.
        name: DeviceName,
        /// Whether the rule is bound to the name or to the device's number at load time.
        bound: Bound,
    },
    /// The packet goes out through a device.
    OutDevice {
        /// The device.
        name: DeviceName,
        /// Whether the rule is bound to the name or to the device's number at load time.
        bound: Bound,
    },
    /// Its source lies in this prefix, or not.
    Source {
        /// The prefix.
        #[schemars(with = "String")]
        net: IpNet,
        /// Whether it must lie outside.
        negated: bool,
    },
    /// Its destination lies in this prefix, or not.
    Destination {
        /// The prefix.
        #[schemars(with = "String")]
        net: IpNet,
        /// Whether it must lie outside.
        negated: bool,
    },
    /// It is of one family (`meta nfproto`).
    Family(Family),
    /// It is of this protocol.
    Protocol(Protocol),
    /// Its destination port lies in this range; implies the protocol.
    DestinationPort {
        /// TCP or UDP.
        protocol: Protocol,
        /// The ports.
        ports: PortRange,
    },
    /// Its connection is in one of these states.
    CtState(CtStates),
    /// What we have no type for, word for word.
    Other(String),
}

/// Whether a device match is bound to a name or to a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The word that all tools use.
    pub fn word(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// States of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
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
}

impl CtStates {
    /// `RELATED,ESTABLISHED`: replies.
    pub const REPLIES: CtStates = CtStates {
        new: false,
        established: true,
        related: true,
        invalid: false,
        untracked: false,
    };
}

impl Match {
    /// The packet came in through the device of this name.
    pub fn iifname(name: &DeviceName) -> Self {
        Match::InDevice {
            name: name.clone(),
            bound: Bound::Name,
        }
    }

    /// The packet goes out through the device of this name.
    pub fn oifname(name: &DeviceName) -> Self {
        Match::OutDevice {
            name: name.clone(),
            bound: Bound::Name,
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
        Match::CtState(CtStates::REPLIES)
    }

    /// Its destination lies outside `net`.
    pub fn not_destination(net: IpNet) -> Self {
        Match::Destination { net, negated: true }
    }
}
