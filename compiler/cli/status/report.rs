//! What `status --format json` prints.

use schemars::JsonSchema;
use serde::Serialize;

use crate::capture::{Capture, Topic};
use crate::cli::recover::report::layout;
use crate::recover::{Element, FindingKind, Recovered, recover};
use crate::state::Device;
use crate::value::{DeviceName, Mac};

/// The networks of a host.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// The networks, by bridge, then those that are only defined.
    pub networks: Vec<NetworkEntry>,
    /// What was not looked at: `rules`, `links`, `addresses`, `services`, `leases`.
    pub not_observed: Vec<&'static str>,
    /// How many lines of what was read were not understood.
    pub unread: usize,
    /// Files that were left aside, because nothing reads them.
    pub aside: Vec<String>,
}

/// One network.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NetworkEntry {
    /// Its name; that of the bridge if nothing tells it.
    pub name: String,
    /// The bridge it lives on; null for macvtap and hostdev.
    pub bridge: Option<String>,
    /// `isolated`, `nat`, `route`, `open`, `bridge`, `private`, `vepa`, `passthrough`, `hostdev`;
    /// null if it is not known.
    pub mode: Option<String>,
    /// `up`, `down`, or `absent` if the bridge is not there; null if it is not known.
    pub state: Option<&'static str>,
    /// The addresses of the bridge, with their prefixes.
    pub addresses: Vec<String>,
    /// The devices that are ports of the bridge.
    pub ports: Vec<PortEntry>,
    /// How many leases there are; null if they were not looked at.
    pub leases: Option<usize>,
    /// Whether there is a configuration of dnsmasq; null if that was not looked at.
    pub dnsmasq: Option<bool>,
    /// How its rules are laid out: `lanwright`, `libvirt-nftables`, `iptables`,
    /// `libvirt-built-in` (libvirt before 5.1), `by-hand`; null without rules.
    pub rules: Option<&'static str>,
}

/// A port of a bridge.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PortEntry {
    /// The device.
    pub name: String,
    /// Whether it is up.
    pub up: bool,
    /// The guest behind it, if libvirt's files tell.
    pub guest: Option<String>,
    /// The guest's hardware address there.
    pub guest_mac: Option<String>,
    /// Whether it may not talk to other isolated ports; null if it is not known.
    pub isolated: Option<bool>,
}

impl Report {
    /// The report of what was read of a host.
    pub fn new(capture: &Capture) -> Self {
        let networks = recover(capture).networks;
        let networks = networks.iter().map(|network| entry(capture, network));
        let aside = capture.files.iter().filter(|file| file.role.is_none());
        Report {
            networks: networks.collect(),
            not_observed: not_observed(capture),
            unread: capture.gaps.len(),
            aside: aside.map(|file| file.name.clone()).collect(),
        }
    }
}

/// Whichever of the two firewalls a host has, the other need not have been looked at.
fn not_observed(capture: &Capture) -> Vec<&'static str> {
    use crate::firewall::Family;
    let firewall = [Topic::Iptables(Family::Ipv4), Topic::Nft];
    let mut missing = Vec::new();
    if !firewall.iter().any(|topic| capture.observed(*topic)) {
        missing.push("rules");
    }
    let topics = [
        (Topic::Links, "links"),
        (Topic::Addresses, "addresses"),
        (Topic::Services, "services"),
        (Topic::Leases, "leases"),
    ];
    let others = topics.iter().filter(|(topic, _)| !capture.observed(*topic));
    missing.extend(others.map(|(_, word)| *word));
    missing
}

fn entry(capture: &Capture, recovered: &Recovered) -> NetworkEntry {
    let bridge = recovered
        .bridge
        .as_ref()
        .or(recovered.network.named_bridge());
    let on = |link: &DeviceName| Some(link) == bridge;
    let state = &capture.state;
    let addresses = state.addresses.iter().filter(|each| on(&each.link));
    let leases = state
        .leases
        .iter()
        .filter(|each| each.link.as_ref().is_some_and(on));
    let ports = bridge.map(|bridge| ports(capture, bridge));
    NetworkEntry {
        name: recovered.network.name.to_string(),
        bridge: bridge.map(ToString::to_string),
        mode: mode(recovered),
        state: bridge.and_then(|bridge| state_of(capture, bridge)),
        addresses: addresses.map(|each| each.address.to_string()).collect(),
        ports: ports.unwrap_or_default(),
        leases: capture.observed(Topic::Leases).then(|| leases.count()),
        dnsmasq: (capture.observed(Topic::Services))
            .then(|| state.services.iter().any(|service| on(&service.link))),
        rules: recovered.rules.map(layout),
    }
}

/// What was only guessed is not known.
fn mode(recovered: &Recovered) -> Option<String> {
    let guessed = recovered.findings.iter().any(|finding| {
        finding.about == Element::Forward
            && matches!(finding.kind, FindingKind::Unknown | FindingKind::Guessed)
    });
    let mode = recovered.network.mode().unwrap_or("isolated");
    (!guessed).then(|| mode.to_owned())
}

fn state_of(capture: &Capture, bridge: &DeviceName) -> Option<&'static str> {
    match capture.device(bridge) {
        Some(device) if device.up => Some("up"),
        Some(_) => Some("down"),
        None => capture.observed(Topic::Links).then_some("absent"),
    }
}

fn ports(capture: &Capture, bridge: &DeviceName) -> Vec<PortEntry> {
    let devices = capture.devices.iter();
    let ports = devices.filter(|device| device.master.as_ref() == Some(bridge));
    ports.map(|device| port(capture, bridge, device)).collect()
}

fn port(capture: &Capture, bridge: &DeviceName, device: &Device) -> PortEntry {
    let mut settings = capture.bridging.ports.iter();
    let settings = settings.find(|port| port.link == device.name);
    let guest = guest(capture, bridge, device);
    PortEntry {
        name: device.name.to_string(),
        up: device.up,
        guest: guest.map(|(name, _)| name.to_owned()),
        guest_mac: guest.map(|(_, mac)| mac.to_string()),
        isolated: settings.and_then(|port| port.isolated),
    }
}

/// The guest whose address is behind a port: the tap of a guest has the guest's own address but
/// for the first byte (`virNetDevTapCreateInBridgePort`), and the bridge learns it from packets.
fn guest<'a>(capture: &'a Capture, bridge: &DeviceName, device: &Device) -> Option<(&'a str, Mac)> {
    let macs = capture.bridging.macs.iter();
    let behind: Vec<Mac> = macs
        .filter(|entry| entry.link == device.name)
        .map(|entry| entry.mac)
        .collect();
    let is_here = |mac: &Mac| {
        let alike = device
            .mac
            .is_some_and(|own| own.bytes()[1..] == mac.bytes()[1..]);
        alike || behind.contains(mac)
    };
    let guests = capture.guests.iter().filter(|guest| guest.link == *bridge);
    let mut all = guests.flat_map(|guest| {
        let macs = guest.macs.iter().filter_map(|mac| mac.parse().ok());
        macs.map(|mac| (guest.name.as_str(), mac))
    });
    all.find(|(_, mac)| is_here(mac))
}
