//! Which networks a host really has: the bridges that something on it makes a network of.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::layout::{Arrangement, Others};
use super::policy::{Bridges, Rules, policies};
use crate::audit::owner::Owner;
use crate::capture::{Capture, Origin};
use crate::value::{DeviceName, NetworkName};

/// A bridge of a host, and what makes a network of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The bridge.
    pub bridge: DeviceName,
    /// The network's name, if something says it.
    pub name: Option<NetworkName>,
    /// Its subnets, as far as known: the bridge's addresses, else what rules let through.
    pub subnets: Vec<IpNet>,
    /// How its rules are laid out; `None` without rules.
    pub rules: Option<Arrangement>,
    /// Whether a dnsmasq listens on it.
    pub service: bool,
    /// Whether the bridge itself was seen; it may be gone, or links were not looked at.
    pub link: bool,
    /// Whether a definition of libvirt's names it.
    pub defined: bool,
    /// Whose bridge it is, if a program is known that makes bridges like it.
    pub owner: Option<Owner>,
    /// The rules that say it.
    pub evidence: Vec<Origin>,
}

/// The networks that a host shows signs of, by bridge.
///
/// A bridge alone, without address, rules or service, is one too: whether it matters is for the
/// caller to say.
pub fn segments(capture: &Capture) -> Vec<Segment> {
    let bridges = bridges(capture);
    let others = Others::of(capture);
    let rules = policies(capture, &bridges, &others);
    from_rules(capture, &bridges, &rules, &others)
}

/// The bridges that a host is known to have: seen as such, or served by a dnsmasq.
pub(super) fn bridges(capture: &Capture) -> Bridges {
    let mut bridges = Bridges::new();
    for device in capture.devices.iter().filter(|device| device.is_bridge()) {
        bridges.entry(device.name.clone()).or_default();
    }
    for service in &capture.state.services {
        bridges.entry(service.link.clone()).or_default();
    }
    for address in &capture.state.addresses {
        if let Some(subnets) = bridges.get_mut(&address.link) {
            subnets.push(address.address);
        }
    }
    bridges
}

/// The segments of a host whose rules are read already.
pub(super) fn from_rules(
    capture: &Capture,
    bridges: &Bridges,
    rules: &Rules,
    others: &Others,
) -> Vec<Segment> {
    let mut segments: BTreeMap<DeviceName, Segment> = BTreeMap::new();
    for (bridge, subnets) in bridges {
        let mut segment = Segment::bare(bridge);
        segment.subnets.clone_from(subnets);
        segments.insert(bridge.clone(), segment);
    }
    for device in capture.devices.iter().filter(|device| device.is_bridge()) {
        at(&mut segments, &device.name).link = true;
    }
    for ruled in &rules.networks {
        let segment = at(&mut segments, &ruled.policy.bridge);
        segment.rules = Some(ruled.arrangement);
        segment.name.clone_from(&ruled.name);
        segment.evidence.clone_from(&ruled.lines.network);
        if segment.subnets.is_empty() {
            let subnets = ruled.policy.subnets.iter();
            segment.subnets = subnets.map(|subnet| subnet.net).collect();
        }
    }
    for service in &capture.state.services {
        let segment = at(&mut segments, &service.link);
        segment.service = true;
        segment.name = Some(service.network.clone());
    }
    for definition in &capture.definitions {
        let Some(bridge) = definition.network.named_bridge() else {
            continue;
        };
        // What is only defined is not there.
        if let Some(segment) = segments.get_mut(bridge) {
            segment.defined = true;
            segment.name = Some(definition.network.name.clone());
        }
    }
    for segment in segments.values_mut() {
        segment.owner = others.owner(&segment.bridge);
    }
    segments.into_values().collect()
}

fn at<'a>(segments: &'a mut BTreeMap<DeviceName, Segment>, bridge: &DeviceName) -> &'a mut Segment {
    segments
        .entry(bridge.clone())
        .or_insert_with(|| Segment::bare(bridge))
}

impl Segment {
    fn bare(bridge: &DeviceName) -> Self {
        Segment {
            bridge: bridge.clone(),
            name: None,
            subnets: Vec::new(),
            rules: None,
            service: false,
            link: false,
            defined: false,
            owner: None,
            evidence: Vec::new(),
        }
    }
}
