//! Several networks that are to live on one host.
//!
//! The order is the order in which they start, as given on the command line. Here the bridge
//! names that were left open are chosen, and MACs and UUIDs that were not given are derived from
//! the network's name, so that the same input gives the same files.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{BridgeChoice, Kind, Network};
use crate::value::{DeviceName, Mac};

/// The networks of one host, in the order in which they start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkSet {
    members: Vec<Member>,
}

/// A network and what was decided for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// What was declared.
    pub network: Network,
    /// Its identity: the one given, or derived from the name.
    pub uuid: Uuid,
    /// The bridge it lives on; none for macvtap and hostdev.
    pub bridge: Option<DeviceName>,
    /// The bridge's hardware address: given, or derived from the name. Virtual networks only.
    pub mac: Option<Mac>,
}

/// No number from 0 to 256 gives a free name (V132).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("none of the bridge names from 0 to 256 is free")]
pub struct NoFreeBridge {
    /// Which of the networks, in the order given.
    pub index: usize,
}

/// The namespace of derived UUIDs: version 5 of `urn:lanwright:network:1` in the URL namespace.
const NAMESPACE: &str = "urn:lanwright:network:1";

impl NetworkSet {
    /// The networks in their start order, with bridge names chosen and identities derived.
    ///
    /// As `networkFindUnusedBridgeName`: the first number from 0 to 256 whose name no other
    /// network of the set has. Names that were given are taken first, wherever they stand; the
    /// names of uplinks are taken, too.
    pub fn new(networks: Vec<Network>) -> Result<Self, NoFreeBridge> {
        let mut taken: BTreeSet<DeviceName> = networks.iter().flat_map(named).collect();
        let mut members = Vec::with_capacity(networks.len());
        for (index, network) in networks.into_iter().enumerate() {
            let bridge = match &network.kind {
                Kind::Virtual(declared) => match &declared.bridge.name {
                    BridgeChoice::Named(name) => Some(name.clone()),
                    BridgeChoice::Numbered { prefix, suffix } => {
                        let free = first_free(prefix, suffix, &taken);
                        let name = free.ok_or(NoFreeBridge { index })?;
                        taken.insert(name.clone());
                        Some(name)
                    }
                },
                Kind::HostBridge(declared) => Some(declared.bridge.clone()),
                Kind::Macvtap(_) | Kind::Hostdev(_) => None,
            };
            members.push(Member::new(network, bridge));
        }
        Ok(NetworkSet { members })
    }

    /// Those of the networks that are chosen, in the same order and with what was decided for them.
    pub fn only(&self, chosen: impl Fn(&Member) -> bool) -> Self {
        let members = self.members.iter().filter(|member| chosen(member));
        NetworkSet {
            members: members.cloned().collect(),
        }
    }

    /// The networks in their start order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }
}

impl Member {
    fn new(network: Network, bridge: Option<DeviceName>) -> Self {
        let uuid = network
            .uuid
            .unwrap_or_else(|| derived_uuid(network.name.as_str()));
        let mac = network.as_virtual().map(|declared| {
            declared
                .mac
                .unwrap_or_else(|| derived_mac(network.name.as_str()))
        });
        Member {
            network,
            uuid,
            bridge,
            mac,
        }
    }
}

/// The devices that a network names: its bridge, and the port of it.
fn named(network: &Network) -> impl Iterator<Item = DeviceName> {
    let uplink = match &network.kind {
        Kind::HostBridge(host) => host.uplink.as_ref().map(|uplink| &uplink.dev),
        Kind::Virtual(_) | Kind::Macvtap(_) | Kind::Hostdev(_) => None,
    };
    network.named_bridge().into_iter().chain(uplink).cloned()
}

/// The first name with a number from 0 to 256 between prefix and suffix that is not taken.
pub fn first_free(prefix: &str, suffix: &str, taken: &BTreeSet<DeviceName>) -> Option<DeviceName> {
    (0..=256)
        .filter_map(|number| {
            format!("{prefix}{number}{suffix}")
                .parse::<DeviceName>()
                .ok()
        })
        .find(|name| !taken.contains(name))
}

/// A UUID that only depends on the network's name.
pub fn derived_uuid(name: &str) -> Uuid {
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, NAMESPACE.as_bytes());
    Uuid::new_v5(&namespace, name.as_bytes())
}

/// A MAC of libvirt's prefix `52:54:00` that only depends on the network's name.
pub fn derived_mac(name: &str) -> Mac {
    let hash = Sha256::digest(name.as_bytes());
    Mac::new([0x52, 0x54, 0x00, hash[0], hash[1], hash[2]])
}
