//! What `status --format json` prints.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::applied::Applied;
use super::counter::{Counters, counters};
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
    /// What was applied to this machine; null for a capture, and where nothing was.
    pub applied: Option<Applied>,
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
    /// What its rules counted; null if none of them counts.
    pub counters: Option<Counters>,
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
        let host = Host::new(capture);
        let networks = networks.iter().map(|network| host.entry(network));
        let aside = capture.files.iter().filter(|file| file.role.is_none());
        Report {
            networks: networks.collect(),
            applied: None,
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

/// What was read of a host, by the bridge it belongs to.
struct Host<'a> {
    capture: &'a Capture,
    addresses: HashMap<&'a DeviceName, Vec<String>>,
    leases: HashMap<&'a DeviceName, usize>,
    served: HashSet<&'a DeviceName>,
    ports: HashMap<&'a DeviceName, Vec<&'a Device>>,
    isolated: HashMap<&'a DeviceName, bool>,
    /// The hardware addresses behind each port.
    behind: HashMap<&'a DeviceName, Vec<Mac>>,
    guests: HashMap<&'a DeviceName, Vec<(&'a str, Mac)>>,
}

impl<'a> Host<'a> {
    fn new(capture: &'a Capture) -> Self {
        let state = &capture.state;
        let mut host = Host {
            capture,
            addresses: HashMap::new(),
            leases: HashMap::new(),
            served: state.services.iter().map(|service| &service.link).collect(),
            ports: HashMap::new(),
            isolated: HashMap::new(),
            behind: HashMap::new(),
            guests: HashMap::new(),
        };
        for each in &state.addresses {
            let addresses = host.addresses.entry(&each.link).or_default();
            addresses.push(each.address.to_string());
        }
        for link in state.leases.iter().filter_map(|lease| lease.link.as_ref()) {
            *host.leases.entry(link).or_default() += 1;
        }
        for device in &capture.devices {
            if let Some(master) = &device.master {
                host.ports.entry(master).or_default().push(device);
            }
        }
        for port in &capture.bridging.ports {
            host.isolated
                .extend(port.isolated.map(|isolated| (&port.link, isolated)));
        }
        for entry in &capture.bridging.macs {
            host.behind.entry(&entry.link).or_default().push(entry.mac);
        }
        for guest in &capture.guests {
            let macs = guest.macs.iter().filter_map(|mac| mac.parse().ok());
            let guests = host.guests.entry(&guest.link).or_default();
            guests.extend(macs.map(|mac| (guest.name.as_str(), mac)));
        }
        host
    }

    fn entry(&self, recovered: &Recovered) -> NetworkEntry {
        let capture = self.capture;
        let bridge = recovered.bridge.as_ref();
        let bridge = bridge.or(recovered.network.named_bridge());
        let leases = || bridge.and_then(|bridge| self.leases.get(bridge).copied());
        let served = || bridge.is_some_and(|bridge| self.served.contains(bridge));
        NetworkEntry {
            name: recovered.network.name.to_string(),
            bridge: bridge.map(ToString::to_string),
            mode: mode(recovered),
            state: bridge.and_then(|bridge| state_of(capture, bridge)),
            addresses: bridge
                .and_then(|bridge| self.addresses.get(bridge).cloned())
                .unwrap_or_default(),
            ports: bridge.map(|bridge| self.ports(bridge)).unwrap_or_default(),
            leases: (capture.observed(Topic::Leases)).then(|| leases().unwrap_or(0)),
            dnsmasq: capture.observed(Topic::Services).then(served),
            rules: recovered.rules.map(layout),
            counters: bridge.and_then(|it| counters(capture, &recovered.network, it)),
        }
    }

    fn ports(&self, bridge: &DeviceName) -> Vec<PortEntry> {
        let devices = self.ports.get(bridge).into_iter().flatten();
        let port = |device: &&Device| {
            let guest = self.guest(bridge, device);
            PortEntry {
                name: device.name.to_string(),
                up: device.up,
                guest: guest.map(|(name, _)| name.to_owned()),
                guest_mac: guest.map(|(_, mac)| mac.to_string()),
                isolated: self.isolated.get(&device.name).copied(),
            }
        };
        devices.map(port).collect()
    }

    /// The guest whose address is behind a port: the tap of a guest has the guest's own address
    /// but for the first byte (`virNetDevTapCreateInBridgePort`), and the bridge learns it from
    /// packets.
    fn guest(&self, bridge: &DeviceName, device: &Device) -> Option<(&'a str, Mac)> {
        let behind = self.behind.get(&device.name);
        let is_here = |mac: Mac| {
            let alike = |own: Mac| own.bytes()[1..] == mac.bytes()[1..];
            device.mac.is_some_and(alike) || behind.is_some_and(|macs| macs.contains(&mac))
        };
        let guests = self.guests.get(bridge)?;
        guests.iter().find(|(_, mac)| is_here(*mac)).copied()
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
