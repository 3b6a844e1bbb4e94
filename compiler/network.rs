//! What was declared: one network, valid by construction, and sets of them.
//!
//! The names are libvirt's. A [`Network`] says what its file says, with libvirt's defaults filled
//! in; what depends on the other networks (a free bridge name) or is derived (a MAC) is decided
//! in [`NetworkSet`]. Nothing here knows XML or any text format.

pub mod bandwidth;
pub mod bridge;
pub mod conflict;
pub mod dhcp;
pub mod dns;
pub mod forward;
pub mod metadata;
pub mod option;
pub mod places;
pub mod pool;
pub mod portgroup;
pub mod route;
#[cfg(test)]
pub(crate) mod sample;
pub mod set;
pub mod subnet;
pub mod uplink;
pub mod virtualport;
pub mod vlan;

pub use bandwidth::{Bandwidth, Rates};
pub use bridge::{Bridge, BridgeChoice, MacTable, Mtu, ZoneName};
pub use conflict::assemble;
pub use dhcp::{Bootp, Dhcp, DhcpHost, DhcpRange, HostIdentity, RangeError};
pub use dns::{Dns, DnsHost, DnsSrv, DnsTxt, Domain, DomainName, Forwarder};
pub use forward::{Forward, Nat, NatAddresses};
pub use metadata::{ForwardProtocol, Metadata, PortForward};
pub use option::DnsmasqOption;
pub use places::{Declared, Places};
pub use pool::{HostdevPool, PciAddress, Pool, PoolMode};
pub use portgroup::Portgroup;
pub use route::Route;
pub use set::{Member, NetworkSet};
pub use subnet::{Subnet, SubnetError};
pub use uplink::{Addressing, AddressingError, Uplink};
pub use virtualport::{Virtualport, VirtualportType};
pub use vlan::{NativeMode, Vlan};

use uuid::Uuid;

use crate::value::{DeviceName, Line, Mac, NetworkName};

/// One declared network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// What it is called; files and comments carry it.
    pub name: NetworkName,
    /// Its identity, if it was given one.
    pub uuid: Option<Uuid>,
    /// A short description.
    pub title: Option<Line>,
    /// A long description; may have several lines, so it never reaches a configuration file.
    pub description: Option<String>,
    /// What libvirt keeps and ignores: our own additions, and others' word for word.
    pub metadata: Metadata,
    /// Whether guests may change their receive filters, unless portgroup or guest say otherwise.
    pub trust_guest_rx_filters: Option<bool>,
    /// Whether guests' ports are kept apart from each other.
    pub isolated_ports: Option<bool>,
    /// The VLANs of a guest's port, unless portgroup or guest say otherwise.
    pub vlan: Option<Vlan>,
    /// How a guest's port is joined to a switch that is no Linux bridge.
    pub virtualport: Option<Virtualport>,
    /// Named variants of what a guest's port gets.
    pub portgroups: Vec<Portgroup>,
    /// What kind of network it is.
    pub kind: Kind,
}

/// The kinds of network. Only a virtual one has a bridge of its own, addresses and services.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A bridge that is made for it: isolated, nat, route, open.
    Virtual(Box<Virtual>),
    /// `mode='bridge'` with a bridge name: a bridge that the host has (or gets from an uplink).
    HostBridge(HostBridge),
    /// Guests on physical devices through macvtap: bridge without a name, private, vepa,
    /// passthrough.
    Macvtap(Pool),
    /// Guests own PCI devices.
    Hostdev(HostdevPool),
}

/// A network with a bridge of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Virtual {
    /// How packets leave it.
    pub forward: Forward,
    /// The bridge device.
    pub bridge: Bridge,
    /// The bridge's hardware address, if given.
    pub mac: Option<Mac>,
    /// The bridge's MTU, if given.
    pub mtu: Option<Mtu>,
    /// `ipv6='yes'`: guests may talk IPv6 among themselves although the network has no IPv6
    /// address.
    pub guest_ipv6: bool,
    /// The DNS domain of its guests.
    pub domain: Option<Domain>,
    /// What its name server does.
    pub dns: Dns,
    /// Limits of the bridge as a whole.
    pub bandwidth: Option<Bandwidth>,
    /// Its `<ip>` elements, in order.
    pub subnets: Vec<Subnet>,
    /// Static routes to what lies behind guests.
    pub routes: Vec<Route>,
    /// Further lines for dnsmasq, word for word.
    pub options: Vec<DnsmasqOption>,
}

/// A network on a bridge that belongs to the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostBridge {
    /// The bridge.
    pub bridge: DeviceName,
    /// Who keeps the bridge's forwarding table.
    pub mac_table: MacTable,
    /// Limits of the bridge as a whole.
    pub bandwidth: Option<Bandwidth>,
    /// The physical port and the host's own addressing, if the bridge is to be made.
    pub uplink: Option<Uplink>,
}

impl Network {
    /// A network with nothing but its name and what it is.
    pub fn plain(name: NetworkName, kind: Kind) -> Self {
        Network {
            name,
            uuid: None,
            title: None,
            description: None,
            metadata: Metadata::default(),
            trust_guest_rx_filters: None,
            isolated_ports: None,
            vlan: None,
            virtualport: None,
            portgroups: Vec::new(),
            kind,
        }
    }

    /// The virtual network, if it is one.
    pub fn as_virtual(&self) -> Option<&Virtual> {
        match &self.kind {
            Kind::Virtual(network) => Some(network),
            Kind::HostBridge(_) | Kind::Macvtap(_) | Kind::Hostdev(_) => None,
        }
    }

    /// The bridge that it names: its own, or one of the host's.
    pub fn named_bridge(&self) -> Option<&DeviceName> {
        match &self.kind {
            Kind::Virtual(network) => network.bridge.name.named(),
            Kind::HostBridge(network) => Some(&network.bridge),
            Kind::Macvtap(_) | Kind::Hostdev(_) => None,
        }
    }

    /// The mode as `forward/@mode` spells it; `None` for isolated.
    pub fn mode(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Virtual(network) => network.forward.mode(),
            Kind::HostBridge(_) => Some("bridge"),
            Kind::Macvtap(pool) => Some(pool.mode.word()),
            Kind::Hostdev(_) => Some("hostdev"),
        }
    }
}
