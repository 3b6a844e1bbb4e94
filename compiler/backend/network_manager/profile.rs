//! A NetworkManager profile: its properties, by name, in the order of a keyfile.
//!
//! Both spellings come from here: the keyfile and the arguments of `nmcli`. A value is a list;
//! each spelling joins it in its own way. Values come from [`state`](crate::state).

use std::net::IpAddr;

use uuid::Uuid;

use crate::backend::firewalld::zone_name;
use crate::state::{Bridge, OnLink, Route, Uplink, UplinkAddressing};

/// The seconds that NetworkManager takes as forward delay without being told.
pub const DEFAULT_FORWARD_DELAY: u64 = 15;

/// A profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its identity.
    pub uuid: String,
    /// What NetworkManager calls it.
    pub id: String,
    /// The type of connection: `bridge`, `ethernet`.
    pub kind: &'static str,
    /// The device.
    pub device: String,
    /// The settings.
    pub settings: Settings,
}

/// The settings of the two types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// Of a bridge.
    Bridge(Box<BridgeSettings>),
    /// Of a port: the bridge it joins.
    Port(String),
}

/// The settings of a bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeSettings {
    /// firewalld's zone.
    pub zone: Option<String>,
    /// Whether its ports are brought up with it.
    pub brings_ports: bool,
    /// The hardware address.
    pub mac: Option<String>,
    /// The largest packet.
    pub mtu: Option<String>,
    /// Whether it takes part in the spanning tree.
    pub stp: bool,
    /// In seconds. NetworkManager sets it with the spanning tree only, and without that the
    /// kernel has no use for it (`br_make_forwarding`).
    pub forward_delay: Option<u64>,
    /// Whether ports are kept apart by VLAN tag.
    pub vlan_filtering: bool,
    /// IPv4.
    pub ipv4: Family,
    /// IPv6.
    pub ipv6: Family,
}

/// One family's addressing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// `manual`, `auto`, `disabled`.
    pub method: &'static str,
    /// Addresses with prefixes, in order.
    pub addresses: Vec<String>,
    /// The default gateway.
    pub gateway: Option<String>,
    /// Routes: destination, gateway and metric.
    pub routes: Vec<(String, String, String)>,
    /// Name servers.
    pub dns: Vec<String>,
    /// Domains that go to them.
    pub domains: Vec<String>,
    /// Whether it never becomes the default route.
    pub never_default: bool,
}

/// The profile of a bridge.
pub fn bridge(on: &OnLink<'_>, bridge: &Bridge) -> Profile {
    let ipv4 = family(on, bridge, |address| address.is_ipv4());
    let ipv6 = family(on, bridge, |address| address.is_ipv6());
    Profile {
        uuid: uuid(on, "bridge"),
        id: format!("lanwright-{}", on.link.name),
        kind: "bridge",
        device: on.link.name.to_string(),
        settings: Settings::Bridge(Box::new(BridgeSettings {
            zone: on.zone.map(|on| zone_name(&on.zone).to_owned()),
            brings_ports: bridge.uplink.is_some(),
            mac: on.link.mac.map(|mac| mac.to_string()),
            mtu: on.link.mtu.map(|mtu| mtu.to_string()),
            stp: bridge.stp,
            forward_delay: bridge.stp.then(|| bridge.effective_delay_seconds()),
            vlan_filtering: bridge.vlan_filtering,
            ipv4,
            ipv6,
        })),
    }
}

impl Profile {
    /// Whether it is active at once. One with IPv6 alone waits for its address to be checked,
    /// which needs a guest or a port.
    pub fn settles_alone(&self) -> bool {
        match &self.settings {
            Settings::Bridge(bridge) => {
                bridge.brings_ports
                    || bridge.ipv6.method != "manual"
                    || bridge.ipv4.method != "disabled"
            }
            Settings::Port(_) => true,
        }
    }
}

/// The profile of the physical port.
pub fn port(on: &OnLink<'_>, uplink: &Uplink) -> Profile {
    Profile {
        uuid: uuid(on, "port"),
        id: format!("lanwright-{}", uplink.dev),
        kind: "ethernet",
        device: uplink.dev.to_string(),
        settings: Settings::Port(on.link.name.to_string()),
    }
}

/// An identity that only depends on the network's and what the profile is for.
fn uuid(on: &OnLink<'_>, role: &str) -> String {
    let network = Uuid::parse_str(&on.segment.uuid)
        .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_URL, on.segment.uuid.as_bytes()));
    Uuid::new_v5(&network, format!("network-manager/{role}").as_bytes()).to_string()
}

fn family(on: &OnLink<'_>, bridge: &Bridge, ours: fn(&IpAddr) -> bool) -> Family {
    let addressing = bridge.uplink.as_ref().map(|uplink| &uplink.addressing);
    let (servers, domains) = resolver(on, addressing, ours);
    let method = method(on, addressing, ours);
    let routes = || on.routes.iter().filter(|route| ours(&route.gateway));
    let is_default =
        |route: &&&Route| route.metric.is_none() && route.destination.prefix_len() == 0;
    Family {
        method,
        addresses: on
            .addresses
            .iter()
            .filter(|each| ours(&each.ip()))
            .map(|each| each.address.to_string())
            .collect(),
        gateway: routes()
            .find(is_default)
            .map(|route| route.gateway.to_string()),
        routes: routes()
            .filter(|route| !is_default(route))
            .map(|route| explicit(route))
            .collect(),
        dns: servers,
        domains,
        never_default: method == "manual" && addressing.is_none(),
    }
}

fn explicit(route: &Route) -> (String, String, String) {
    (
        route.destination.to_string(),
        route.gateway.to_string(),
        route
            .metric
            .map_or(String::new(), |metric| metric.to_string()),
    )
}

/// Never `shared`: NetworkManager would add rules and a dnsmasq of its own.
fn method(
    on: &OnLink<'_>,
    addressing: Option<&UplinkAddressing>,
    ours: fn(&IpAddr) -> bool,
) -> &'static str {
    let addressed = on.addresses.iter().any(|each| ours(&each.ip()));
    match addressing {
        Some(UplinkAddressing::Dhcp) => "auto",
        Some(UplinkAddressing::Static { .. } | UplinkAddressing::None) | None if addressed => {
            "manual"
        }
        Some(UplinkAddressing::Static { .. } | UplinkAddressing::None) | None => "disabled",
    }
}

/// Name servers of one family, and the domains that are registered with them.
fn resolver(
    on: &OnLink<'_>,
    addressing: Option<&UplinkAddressing>,
    ours: fn(&IpAddr) -> bool,
) -> (Vec<String>, Vec<String>) {
    if let Some(UplinkAddressing::Static { dns }) = addressing {
        let ours = dns.iter().filter(|server| ours(server));
        return (ours.map(ToString::to_string).collect(), Vec::new());
    }
    let registrations = on.registrations.iter().filter(|each| ours(&each.server));
    registrations
        .map(|each| (each.server.to_string(), format!("~{}", each.domain)))
        .unzip()
}
