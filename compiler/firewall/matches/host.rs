//! What only the host itself knows of a packet: whose it is, and what it would do with it.

use std::net::IpAddr;

use super::{Asked, Protocol};

/// Who sent a packet of this host (`-m owner`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// Its user: the first and the last number.
    pub uid: Option<Asked<(u32, u32)>>,
    /// Its group: the first and the last number.
    pub gid: Option<Asked<(u32, u32)>>,
    /// Whether a socket sent it at all; false: none must have.
    pub socket: Option<bool>,
    /// Whether further groups of the sender count.
    pub supplementary_groups: bool,
}

/// The way back to the source goes through the device that the packet came from (`-m rpfilter`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RpFilter {
    /// Any device will do.
    pub loose: bool,
    /// The packet's mark counts for the way back.
    pub valid_mark: bool,
    /// Packets from addresses of this host are fine.
    pub accept_local: bool,
    /// The rule matches if the test fails.
    pub inverted: bool,
}

/// What IPsec did or will do with a packet (`-m policy`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IpsecPolicy {
    /// Whether the packet is looked at as it came in; else as it goes out.
    pub inward: bool,
    /// Whether IPsec is to have a part in it at all.
    pub ipsec: bool,
    /// Whether the whole row of transforms is to be these.
    pub strict: bool,
    /// The transforms.
    pub elements: Vec<Transform>,
}

/// One transform of IPsec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Transform {
    /// The id of the policy.
    pub reqid: Option<Asked<u32>>,
    /// The index of the association.
    pub spi: Option<Asked<u32>>,
    /// The protocol.
    pub protocol: Option<Asked<Protocol>>,
    /// Tunnel or transport.
    pub mode: Option<Asked<IpsecMode>>,
    /// The near end of the tunnel, and a mask.
    pub tunnel_source: Option<Asked<(IpAddr, IpAddr)>>,
    /// The far end of the tunnel, and a mask.
    pub tunnel_destination: Option<Asked<(IpAddr, IpAddr)>>,
}

/// How IPsec wraps a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IpsecMode {
    /// Its payload.
    Transport,
    /// All of it.
    Tunnel,
}
