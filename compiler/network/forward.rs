//! `<forward>` of a virtual network: how packets leave it.

use std::net::Ipv4Addr;

use crate::value::{DeviceName, PortRange};

/// How packets leave a virtual network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forward {
    /// Not at all.
    Isolated,
    /// With the host's address.
    Nat(Nat),
    /// With their own address; through this device only, if one is named.
    Route(Option<DeviceName>),
    /// With their own address, and nobody makes firewall rules.
    Open,
}

/// What `mode='nat'` rewrites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nat {
    /// The only device that packets may leave through.
    pub dev: Option<DeviceName>,
    /// Whether IPv6 is masqueraded too; otherwise it is routed.
    pub ipv6: bool,
    /// The IPv4 addresses to take instead of the outgoing device's.
    pub addresses: Option<NatAddresses>,
    /// The ports to take for TCP and UDP, if they were said; else the unprivileged ones.
    pub ports: Option<PortRange>,
}

impl Nat {
    /// The ports that TCP and UDP are rewritten to.
    pub fn effective_ports(&self) -> PortRange {
        self.ports.unwrap_or(PortRange::UNPRIVILEGED)
    }
}

/// IPv4 addresses from `start` to `end`, at most 65536 apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NatAddresses {
    start: Ipv4Addr,
    end: Ipv4Addr,
}

impl NatAddresses {
    /// The addresses from `start` to `end`; `None` when reversed, or when they differ in more than
    /// the last two bytes (`virSocketAddrGetRange`).
    pub fn new(start: Ipv4Addr, end: Ipv4Addr) -> Option<Self> {
        let same = (u32::from(start) ^ u32::from(end)) >> 16 == 0;
        (same && start <= end).then_some(NatAddresses { start, end })
    }

    /// The first address.
    pub fn start(self) -> Ipv4Addr {
        self.start
    }

    /// The last address, included.
    pub fn end(self) -> Ipv4Addr {
        self.end
    }
}

impl Forward {
    /// The mode as the attribute spells it; `None` for isolated.
    pub fn mode(&self) -> Option<&'static str> {
        match self {
            Forward::Isolated => None,
            Forward::Nat(_) => Some("nat"),
            Forward::Route(_) => Some("route"),
            Forward::Open => Some("open"),
        }
    }

    /// The only device that packets may leave through.
    pub fn dev(&self) -> Option<&DeviceName> {
        match self {
            Forward::Nat(nat) => nat.dev.as_ref(),
            Forward::Route(dev) => dev.as_ref(),
            Forward::Isolated | Forward::Open => None,
        }
    }
}
