//! Which bridge of a host a declared network lives on.
//!
//! A network that names its bridge lives there. Where the name was left open, or nothing of that
//! name is there, the network is known by what else it has: a definition of libvirt's, its dnsmasq,
//! its address, its subnet in a rule. Then the network is taken to have named that bridge.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::observe::Observed;
use crate::capture::{Capture, Topic};
use crate::network::{BridgeChoice, Kind, Member, Network, NetworkSet};
use crate::value::{DeviceName, NetworkName};

/// A declared network on the bridge that it was found on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The bridge.
    pub bridge: DeviceName,
    /// How it was found.
    pub by: String,
}

/// The networks with the bridges that they were found on, and how each was found, where that is
/// not by the name that was declared.
pub fn settle(set: &NetworkSet, capture: &Capture) -> (NetworkSet, Vec<Option<Found>>) {
    let clues = Clues::of(set, capture);
    let found: Vec<Option<Found>> = set.members().iter().map(|it| clues.find(it)).collect();
    if found.iter().all(Option::is_none) {
        return (set.clone(), found);
    }
    let members = set.members().iter().zip(&found);
    let networks = members.map(|(member, found)| renamed(member, found.as_ref()));
    match NetworkSet::new(networks.collect()) {
        Ok(set) => (set, found),
        // No name is free for a network that was not found: as if none had been.
        Err(_) => (set.clone(), vec![None; found.len()]),
    }
}

fn renamed(member: &Member, found: Option<&Found>) -> Network {
    let mut network = member.network.clone();
    let bridge = found.map(|found| &found.bridge).or(member.bridge.as_ref());
    if let (Kind::Virtual(declared), Some(bridge)) = (&mut network.kind, bridge) {
        declared.bridge.name = BridgeChoice::Named(bridge.clone());
    }
    network
}

/// What the host tells of who lives where.
struct Clues<'a> {
    /// Bridges that declared networks name.
    claimed: HashSet<&'a DeviceName>,
    devices: Option<HashSet<&'a DeviceName>>,
    defined: HashMap<&'a NetworkName, &'a DeviceName>,
    served: HashMap<&'a NetworkName, &'a DeviceName>,
    addresses: HashMap<IpAddr, &'a DeviceName>,
    rules: Observed<'a>,
}

impl<'a> Clues<'a> {
    fn of(set: &'a NetworkSet, capture: &'a Capture) -> Self {
        let named = set
            .members()
            .iter()
            .filter_map(|it| it.network.named_bridge());
        let definitions = capture.definitions.iter();
        let is_open = |member: &Member| is_unnamed(&member.network);
        let bridges = capture.devices.iter().filter(|device| device.is_bridge());
        let bridges: HashSet<&DeviceName> = bridges.map(|device| &device.name).collect();
        let of_bridge = |link: &DeviceName| bridges.is_empty() || bridges.contains(link);
        Clues {
            claimed: named.collect(),
            defined: definitions
                .filter_map(|it| Some((&it.network.name, it.network.named_bridge()?)))
                .collect(),
            served: (capture.state.services.iter())
                .map(|it| (&it.network, &it.link))
                .collect(),
            addresses: (capture.state.addresses.iter())
                .filter(|it| of_bridge(&it.link))
                .map(|it| (it.ip(), &it.link))
                .collect(),
            rules: match set.members().iter().any(is_open) {
                true => Observed::of(capture, Default::default(), &[]),
                false => Observed::default(),
            },
            devices: capture.observed(Topic::Links).then_some(bridges),
        }
    }

    fn find(&self, member: &Member) -> Option<Found> {
        let network = &member.network;
        let declared = network.as_virtual()?;
        let is_free = |bridge: &&DeviceName| !self.claimed.contains(*bridge);
        let defined = self.defined.get(&network.name).copied().filter(is_free);
        let served = self.served.get(&network.name).copied().filter(is_free);
        let by_name = defined
            .map(|bridge| (bridge, "a definition of the network on the host names it"))
            .or_else(|| served.map(|bridge| (bridge, "the network's dnsmasq listens on it")));
        if !is_unnamed(network) {
            // Only if there is no bridge of the declared name at all.
            let is_gone = self.devices.as_ref()?;
            let named = network.named_bridge()?;
            let (bridge, by) = by_name.filter(|_| !is_gone.contains(named))?;
            return is_gone.contains(bridge).then(|| found(bridge, by));
        }
        if let Some((bridge, by)) = by_name {
            return Some(found(bridge, by));
        }
        let addresses = declared.subnets.iter().map(|subnet| subnet.address());
        let mut addressed = addresses.filter_map(|ip| self.addresses.get(&ip).copied());
        if let Some(bridge) = addressed.find(is_free) {
            return Some(found(bridge, "it has the network's address"));
        }
        let mut nets = declared.subnets.iter().map(|subnet| subnet.network());
        nets.find_map(|net: IpNet| {
            let ruled = self.rules.known.exactly(net).iter();
            let mut ruled = ruled.filter_map(|bridge| bridge.parse::<DeviceName>().ok());
            ruled.find(|bridge| is_free(&bridge))
        })
        .map(|bridge| found(&bridge, "rules for the network's subnet name it"))
    }
}

fn found(bridge: &DeviceName, by: &str) -> Found {
    Found {
        bridge: bridge.clone(),
        by: by.to_owned(),
    }
}

fn is_unnamed(network: &Network) -> bool {
    network.as_virtual().is_some() && network.named_bridge().is_none()
}
