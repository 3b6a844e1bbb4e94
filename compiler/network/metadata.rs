//! `<metadata>`: what network XML itself cannot say.
//!
//! Our own namespace, `urn:lanwright:network:1`, adds port forwards and the physical port of a host
//! bridge ([`Uplink`](super::Uplink) is a part of [`HostBridge`](super::HostBridge)). Other
//! namespaces are kept word for word.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::value::{DeviceName, PortRange};

/// All metadata of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Port forwards, in order.
    pub forwards: Vec<PortForward>,
    /// Elements of other namespaces, as written.
    pub foreign: Vec<String>,
}

/// `<lan:forward>`: a port of the host that leads to a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortForward {
    /// TCP or UDP.
    pub protocol: ForwardProtocol,
    /// The ports on the host.
    pub ports: PortRange,
    /// The guest.
    pub to: IpAddr,
    /// The first port on the guest; the same number if not said.
    pub to_port: Option<u16>,
    /// Only packets to this address of the host.
    pub address: Option<IpAddr>,
    /// Only packets that come in through this device.
    pub dev: Option<DeviceName>,
    /// Only packets from these addresses.
    pub source: Option<IpNet>,
}

/// What can be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl PortForward {
    /// Whether no packet that this forward leaves could reach `later`, on at least one port.
    pub fn hides(&self, later: &PortForward) -> bool {
        let ports =
            self.ports.start() <= later.ports.end() && later.ports.start() <= self.ports.end();
        let covers_address = self.address.is_none() || self.address == later.address;
        let covers_dev = self.dev.is_none() || self.dev == later.dev;
        let covers_source = match (self.source, later.source) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(source), Some(later)) => source.contains(&later),
        };
        let same_kind = self.protocol == later.protocol && self.to.is_ipv4() == later.to.is_ipv4();
        same_kind && ports && covers_address && covers_dev && covers_source
    }
}

impl ForwardProtocol {
    /// The protocol as every tool spells it.
    pub fn word(self) -> &'static str {
        match self {
            ForwardProtocol::Tcp => "tcp",
            ForwardProtocol::Udp => "udp",
        }
    }
}
