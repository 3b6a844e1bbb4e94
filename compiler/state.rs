//! What a host holds: links, addresses, routes, sysctls, shaping, services, leases.
//!
//! Lowering makes one from declared networks, reading back makes one from a host; comparing the
//! two is an audit. The tables are flat, as the host's own are, and joined by device name. Nothing
//! here knows who declared it or how a tool spells it; rules are in [`firewall`](crate::firewall).

pub mod address;
pub mod bridge_port;
pub mod device;
pub mod join;
pub mod link;
pub mod port;
pub mod resolver;
pub mod route;
pub mod service;
pub mod shaping;
pub mod sysctl;
pub mod zone;

pub use address::Address;
pub use bridge_port::{BridgePort, PortMac, PortTag};
pub use device::{BridgeSettings, Device, DeviceKind};
pub use join::OnLink;
pub use link::{Bridge, Link, LinkKind, Uplink, UplinkAddressing};
pub use port::{GuestPort, Membership, PortDevice, PortVlan, SwitchProfile};
pub use resolver::Registration;
pub use route::{KernelRoute, Route};
pub use service::{
    BootFile, DhcpPool, DhcpService, Dnsmasq, DynamicRange, GuestDomain, HostRecord, Lease, RaMode,
    ReservedHost, Server, SrvRecord, SrvTarget, TxtRecord,
};
pub use shaping::{Policing, Rate, Shaping};
pub use sysctl::Sysctl;
pub use zone::{ZoneBinding, ZoneChoice};

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::{DeviceName, NetworkName};

/// What a host holds, as far as virtual networks are concerned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct HostState {
    /// The networks, in their start order, and the link each lives on.
    pub networks: Vec<Segment>,
    /// Bridges, and the physical ports that become part of one.
    pub links: Vec<Link>,
    /// Addresses of links, in the order in which they are added.
    pub addresses: Vec<Address>,
    /// Static routes, in the order in which they are added.
    pub routes: Vec<Route>,
    /// Kernel settings, global and of single links.
    pub sysctls: Vec<Sysctl>,
    /// Rate limits of links.
    pub shaping: Vec<Shaping>,
    /// DHCP, DNS, TFTP and router advertisements: one dnsmasq a network.
    pub services: Vec<Dnsmasq>,
    /// Domains that the host's resolver is told of.
    pub registrations: Vec<Registration>,
    /// firewalld's zones of links.
    pub zones: Vec<ZoneBinding>,
    /// What a guest's port needs, for each network and each of its portgroups.
    pub ports: Vec<GuestPort>,
    /// Who holds which address.
    pub leases: Vec<Lease>,
}

/// A network's name and the link it lives on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Segment {
    /// The network.
    pub network: NetworkName,
    /// Its identity.
    pub uuid: String,
    /// The mode: `isolated`, `nat`, `route`, `open`, `bridge`, `private`, `vepa`, `passthrough`,
    /// `hostdev`.
    pub mode: String,
    /// Its bridge; none for macvtap and hostdev.
    pub link: Option<DeviceName>,
}

impl HostState {
    /// The network that lives on this link.
    pub fn network_on(&self, link: &DeviceName) -> Option<&NetworkName> {
        let on = |segment: &&Segment| segment.link.as_ref() == Some(link);
        self.networks
            .iter()
            .find(on)
            .map(|segment| &segment.network)
    }
}
