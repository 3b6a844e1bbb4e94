//! Services: one dnsmasq a network, and the leases it gave.
//!
//! The fields are what dnsmasq is told, not how: that is `backend::dnsmasq`. Only what is told is
//! here, so that a configuration that is read back gives the same value. Free text is a [`Line`]:
//! it cannot begin a second line of any file.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::{DeviceName, LeaseTime, Line, NetworkName};

/// DHCP, DNS, TFTP and router advertisements of one network.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Dnsmasq {
    /// The network it serves; its files are named after it.
    pub network: NetworkName,
    /// The link it listens on.
    pub link: DeviceName,
    /// Whether it answers DNS at all.
    pub dns: bool,
    /// Where queries are sent on to, in order.
    pub servers: Vec<Server>,
    /// Whether the host's own resolvers are left alone because forwarders replace them.
    pub only_servers: bool,
    /// The domain of the guests.
    pub domain: Option<GuestDomain>,
    /// Reverse domains that are answered here or not at all.
    pub local_reverse: Vec<Line>,
    /// Whether names without a dot are never sent on.
    pub plain_names_local: bool,
    /// Whether guests get no default route and no upstream DNS.
    pub isolated: bool,
    /// TXT records, in order.
    pub txt_records: Vec<TxtRecord>,
    /// SRV records, in order.
    pub srv_records: Vec<SrvRecord>,
    /// Folders that TFTP serves, in order.
    pub tftp_roots: Vec<Line>,
    /// What DHCP does for IPv4.
    pub dhcp4: Option<DhcpService>,
    /// What DHCP does for IPv6.
    pub dhcp6: Option<DhcpService>,
    /// How many leases there may be: the sum of all ranges. `None` leaves it to dnsmasq.
    pub max_leases: Option<u64>,
    /// The MTU that guests are told.
    pub mtu: Option<u16>,
    /// Router advertisements.
    pub advertisements: RaMode,
    /// Fixed names: addresses with their names, each address once.
    pub host_records: Vec<HostRecord>,
    /// Further lines, word for word.
    pub options: Vec<Line>,
}

impl Dnsmasq {
    /// A service that answers DNS and does nothing else.
    pub fn plain(network: NetworkName, link: DeviceName) -> Self {
        Dnsmasq {
            network,
            link,
            dns: true,
            servers: Vec::new(),
            only_servers: false,
            domain: None,
            local_reverse: Vec::new(),
            plain_names_local: false,
            isolated: false,
            txt_records: Vec::new(),
            srv_records: Vec::new(),
            tftp_roots: Vec::new(),
            dhcp4: None,
            dhcp6: None,
            max_leases: None,
            mtu: None,
            advertisements: RaMode::Only(Vec::new()),
            host_records: Vec::new(),
            options: Vec::new(),
        }
    }
}

/// Where queries are sent on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Server {
    /// The server; `None` for the host's own.
    pub addr: Option<IpAddr>,
    /// Only for this domain.
    pub domain: Option<Line>,
}

/// The domain of a network's guests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GuestDomain {
    /// The domain.
    pub name: Line,
    /// Whether it is answered here or not at all.
    pub local_only: bool,
}

/// A TXT record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TxtRecord {
    /// Its name; no comma.
    pub name: Line,
    /// Its text; a comma separates strings.
    pub value: Line,
}

/// A SRV record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SrvRecord {
    /// The service, without its underscore; no dot.
    pub service: Line,
    /// The protocol, without its underscore; no dot.
    pub protocol: Line,
    /// The domain; the network's own if not said.
    pub domain: Option<Line>,
    /// Who offers it; `None` says that nobody does.
    pub target: Option<SrvTarget>,
}

/// Who offers a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SrvTarget {
    /// The host.
    pub host: Line,
    /// The port; `None`, with neither priority nor weight, leaves it to dnsmasq.
    pub port: Option<u16>,
    /// How early it is to be tried; lower is earlier.
    pub priority: u16,
    /// How often it is to be chosen among equals.
    pub weight: u16,
}

/// DHCP for one family.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DhcpService {
    /// What is leased.
    pub pool: DhcpPool,
    /// Addresses kept for known guests, in order.
    pub hosts: Vec<ReservedHost>,
    /// What a guest boots from; IPv4 only.
    pub boot: Option<BootFile>,
}

/// What is leased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DhcpPool {
    /// Any address of these ranges, at least one.
    Ranges {
        /// The ranges, in order.
        ranges: Vec<DynamicRange>,
        /// The prefix length of the subnet they lie in; `None` where dnsmasq is left to ask the
        /// link, as libvirt did of old.
        prefix: Option<u8>,
    },
    /// Reserved addresses only.
    Reserved {
        /// The bridge's address in the subnet.
        address: IpAddr,
        /// The subnet's prefix length; IPv6 only, as dnsmasq asks for it only there.
        prefix: Option<u8>,
    },
}

/// A range to lease from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DynamicRange {
    /// The first address.
    pub start: IpAddr,
    /// The last address, included.
    pub end: IpAddr,
    /// How long a lease lasts; `None` for dnsmasq's default.
    pub lease: Option<LeaseTime>,
}

/// An address kept for a known guest: one known by hardware address, identifier or name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReservedHost {
    /// The hardware address as it was spelt; IPv4 only.
    pub mac: Option<Line>,
    /// The client identifier; IPv6 only.
    pub id: Option<Line>,
    /// The host name; no comma.
    pub name: Option<Line>,
    /// The address.
    pub ip: IpAddr,
    /// How long its lease lasts; `None` for dnsmasq's default.
    pub lease: Option<LeaseTime>,
}

/// What a guest boots from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BootFile {
    /// The file to ask for.
    pub file: Line,
    /// Who serves it; the bridge itself if not said.
    pub server: Option<IpAddr>,
}

/// Whether and how routers are advertised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RaMode {
    /// Together with DHCPv6.
    WithDhcp,
    /// Alone, for these addresses of the bridge; empty where there is no IPv6.
    Only(Vec<IpAddr>),
}

/// An address with its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HostRecord {
    /// The address.
    pub ip: IpAddr,
    /// Its names, at least one; no blank in any.
    pub names: Vec<Line>,
}

/// Who holds which address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lease {
    /// The link it was given on, if it is known.
    pub link: Option<DeviceName>,
    /// The address.
    pub ip: IpAddr,
    /// The guest's hardware address, as far as known.
    pub mac: Option<String>,
    /// The guest's name, as far as known.
    pub hostname: Option<String>,
    /// The client identifier, as far as known.
    pub client_id: Option<String>,
    /// When it ends, in seconds since 1970; `None` for never.
    pub expires: Option<u64>,
}
