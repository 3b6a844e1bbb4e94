//! What connection tracking knows of a packet.

use ipnet::IpNet;

use super::{AddressSide, Protocol};
use crate::value::PortRange;

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

/// What else a rule asks of a packet's connection: the options of `-m conntrack` but its state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Conntrack {
    /// What is asked.
    pub test: ConntrackTest,
    /// Whether it must be otherwise.
    pub negated: bool,
}

/// One question about a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConntrackTest {
    /// Its protocol.
    Protocol(Protocol),
    /// An address of its packets of one direction, as they are before they are rewritten.
    Address {
        /// The direction.
        direction: CtDirection,
        /// Which address.
        side: AddressSide,
        /// The prefix it lies in; host bits are kept as they were given, but do not count.
        net: IpNet,
    },
    /// A port of its packets of one direction.
    Port {
        /// The direction.
        direction: CtDirection,
        /// Which port.
        side: AddressSide,
        /// The ports.
        ports: PortRange,
    },
    /// One of these holds for it.
    Status(CtStatuses),
    /// How many seconds it will still be remembered.
    Expiry {
        /// At least these.
        min: u32,
        /// At most these.
        max: u32,
    },
    /// The direction of this very packet.
    Direction(CtDirection),
}

/// The direction of a packet within its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CtDirection {
    /// As its first packet.
    Original,
    /// As the answers.
    Reply,
}

/// What has happened to a connection; nothing of it is iptables' `NONE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CtStatuses {
    /// Another connection announced it.
    pub expected: bool,
    /// Packets were seen in both directions.
    pub seen_reply: bool,
    /// It is not forgotten early.
    pub assured: bool,
    /// Its first packet has left the host.
    pub confirmed: bool,
}

/// How many connections there are (`-m connlimit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnLimit {
    /// The number.
    pub count: u32,
    /// Whether there must be more of them; else at most as many.
    pub above: bool,
    /// Those are counted together whose addresses have this many first bits in common.
    pub prefix: u8,
    /// Which of the addresses.
    pub side: AddressSide,
}
