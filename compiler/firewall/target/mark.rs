//! What becomes of the marks of a packet and its connection.

use std::net::IpAddr;

use compact_str::CompactString;

use crate::firewall::CtDirection;

/// New bits for a mark: `(mark & !mask) ^ value`, as the kernel does it for both tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetMark {
    /// What is put in.
    pub value: u32,
    /// The bits that are cleared first; all for a plain assignment.
    pub mask: u32,
}

/// A mark that is copied between a packet and its connection.
///
/// To the connection: `(ct & !ct_mask) ^ (mark & packet_mask)`; to the packet the same the other
/// way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CopyMark {
    /// Whether the packet's mark becomes the connection's; else the other way round.
    pub save: bool,
    /// The bits of the packet's mark.
    pub packet_mask: u32,
    /// The bits of the connection's mark.
    pub ct_mask: u32,
}

/// How connection tracking is told to treat a packet (`-j CT`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CtAssign {
    /// Whether it is not tracked at all; [`Target::Notrack`](super::Target) says just that in
    /// the old way.
    pub notrack: bool,
    /// The helper that looks after its connection.
    pub helper: Option<CompactString>,
    /// What of its connection is reported, by name, separated by commas.
    pub events: Option<CompactString>,
    /// What of expected connections is reported, by name, separated by commas.
    pub expected_events: Option<CompactString>,
    /// The zone it is tracked in.
    pub zone: Option<CtZone>,
    /// The policy of timeouts that holds for it.
    pub timeout: Option<CompactString>,
}

/// A zone of connection tracking: equal addresses of two zones are two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CtZone {
    /// Its number; the packet's mark if `None`.
    pub id: Option<u16>,
    /// The direction it holds for; both if `None`.
    pub direction: Option<CtDirection>,
}

/// A packet is given to a socket of this host as it is (`-j TPROXY`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tproxy {
    /// The port the socket listens on; the packet's own if 0.
    pub port: u16,
    /// The address it listens on; that of the device if `None`.
    pub address: Option<IpAddr>,
    /// What becomes of the packet's mark.
    pub mark: SetMark,
}
