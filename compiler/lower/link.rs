//! Bridges: the one of a virtual network, and the one a host bridge network lives on.
//!
//! Values come from `<bridge>`, `<mac>`, `<mtu>` and the uplink in our metadata. Nothing here
//! knows in which order a tool has to set them.

use std::collections::{HashMap, HashSet};

use crate::network::{
    Addressing, HostBridge, Kind, MacTable, Member, Network, NetworkSet, Virtual, Virtualport,
};
use crate::state::{Bridge, Link, LinkKind, Uplink, UplinkAddressing};
use crate::value::DeviceName;

/// The places of the networks that say how their bridge is made: each with a bridge of its own,
/// and of those that share a host bridge the first that names its uplink.
pub fn makers(set: &NetworkSet) -> HashSet<usize> {
    let members = set.members();
    let mut chosen: HashMap<&DeviceName, usize> = HashMap::new();
    for (place, member) in members.iter().enumerate() {
        let Some(bridge) = &member.bridge else {
            continue;
        };
        let first = chosen.entry(bridge).or_insert(place);
        if names_uplink(member) && !names_uplink(&members[*first]) {
            *first = place;
        }
    }
    chosen.into_values().collect()
}

fn names_uplink(member: &Member) -> bool {
    match &member.network.kind {
        Kind::HostBridge(network) => network.uplink.is_some(),
        Kind::Virtual(_) | Kind::Macvtap(_) | Kind::Hostdev(_) => false,
    }
}

/// `networkStartNetworkBridge` sets the filter of a host bridge for any network that asks for it,
/// not only for the one that makes the bridge.
pub fn filter_where_asked(set: &NetworkSet, links: &mut [Link]) {
    for member in set.members() {
        let Some(asking) = lower(member).filter(is_filtering) else {
            continue;
        };
        let named = links.iter_mut().find(|link| link.name == asking.name);
        if let Some(LinkKind::Bridge(Bridge { vlan_filtering, .. }))
        | Some(LinkKind::ExistingBridge { vlan_filtering }) = named.map(|link| &mut link.kind)
        {
            *vlan_filtering = true;
        }
    }
}

fn is_filtering(link: &Link) -> bool {
    match &link.kind {
        LinkKind::Bridge(bridge) => bridge.vlan_filtering,
        LinkKind::ExistingBridge { vlan_filtering } => *vlan_filtering,
    }
}

/// The bridge of a network; macvtap and hostdev networks have none.
pub fn lower(member: &Member) -> Option<Link> {
    let name = member.bridge.clone()?;
    match &member.network.kind {
        Kind::Virtual(network) => Some(made(name, member, network)),
        Kind::HostBridge(network) => Some(host_bridge(name, &member.network, network)),
        Kind::Macvtap(_) | Kind::Hostdev(_) => None,
    }
}

fn made(name: DeviceName, member: &Member, network: &Virtual) -> Link {
    Link {
        name,
        mac: member.mac,
        mtu: network.mtu.map(|mtu| mtu.bytes()),
        kind: LinkKind::Bridge(Bridge {
            stp: network.bridge.stp,
            delay_seconds: network
                .bridge
                .delay_seconds
                .min(crate::network::Bridge::MAX_DELAY_SECONDS),
            vlan_filtering: filters(network.bridge.mac_table),
            uplink: None,
        }),
    }
}

/// A host bridge is made where its uplink is known. Then it forwards at once, as a cable would:
/// with a delay the host would be unreachable meanwhile.
fn host_bridge(name: DeviceName, network: &Network, declared: &HostBridge) -> Link {
    // Open vSwitch is none of the kernel's bridges, and never made here.
    let switch = network.virtualport.as_ref();
    let switch = switch.is_some_and(Virtualport::is_openvswitch);
    let vlan_filtering = filters(declared.mac_table) && !switch;
    let kind = match &declared.uplink {
        Some(uplink) if !switch => LinkKind::Bridge(Bridge {
            stp: false,
            delay_seconds: 0,
            vlan_filtering,
            uplink: Some(Uplink {
                dev: uplink.dev.clone(),
                addressing: addressing(&uplink.addressing),
            }),
        }),
        Some(_) | None => LinkKind::ExistingBridge { vlan_filtering },
    };
    Link {
        name,
        mac: None,
        mtu: None,
        kind,
    }
}

/// `networkStartNetworkVirtual`: who enters MACs by hand filters by VLAN too.
fn filters(mac_table: MacTable) -> bool {
    match mac_table {
        MacTable::Kernel => false,
        MacTable::Libvirt => true,
    }
}

fn addressing(declared: &Addressing) -> UplinkAddressing {
    match declared {
        Addressing::Dhcp => UplinkAddressing::Dhcp,
        Addressing::Static { dns, .. } => UplinkAddressing::Static { dns: dns.clone() },
        Addressing::None => UplinkAddressing::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{host_bridge, member, network, value, virtual_kind};
    use crate::network::{self, VirtualportType};

    fn lowered(network: Network) -> Link {
        lower(&member(network)).expect("the network has a bridge")
    }

    #[test]
    fn a_virtual_network_has_a_bridge_of_its_own() {
        let mut declared = virtual_kind(&[]);
        declared.bridge.mac_table = MacTable::Libvirt;
        declared.mtu = network::Mtu::new(9000);
        let link = lowered(network(Kind::Virtual(Box::new(declared))));
        assert_eq!(link.name.as_str(), "virbr7");
        assert_eq!(link.mac, Some(value("52:54:00:00:00:07")));
        assert_eq!(link.mtu, Some(9000));
        let bridge = Bridge {
            stp: true,
            delay_seconds: 0,
            vlan_filtering: true,
            uplink: None,
        };
        assert_eq!(bridge.effective_delay_seconds(), 2);
        assert_eq!(link.kind, LinkKind::Bridge(bridge));
    }

    #[test]
    fn networks_on_one_host_bridge_make_it_once() {
        let on_br0 = |name: &str, host: HostBridge| Network {
            name: value(name),
            ..network(Kind::HostBridge(host))
        };
        let uplinked = || {
            host_bridge(Some(network::Uplink {
                dev: value("eno1"),
                addressing: Addressing::Static {
                    addresses: vec![value("192.0.2.2/24")],
                    gateways: vec![value("192.0.2.1")],
                    dns: Vec::new(),
                },
            }))
        };
        let mut filtering = host_bridge(None);
        filtering.mac_table = MacTable::Libvirt;
        let set = NetworkSet::new(vec![
            on_br0("a", filtering),
            on_br0("b", uplinked()),
            on_br0("c", uplinked()),
        ]);
        let state = crate::lower::lower(&set.expect("they may share it")).state;
        assert_eq!((state.networks.len(), state.links.len()), (3, 1));
        assert_eq!((state.addresses.len(), state.routes.len()), (1, 1));
        assert!(is_filtering(&state.links[0]));
        assert_ne!(
            state.links[0].kind,
            LinkKind::ExistingBridge {
                vlan_filtering: true
            }
        );
    }

    #[test]
    fn a_host_bridge_is_made_only_with_its_uplink() {
        let filtering = |vlan_filtering| LinkKind::ExistingBridge { vlan_filtering };
        let mut declared = host_bridge(None);
        declared.mac_table = MacTable::Libvirt;
        let existing = lowered(network(Kind::HostBridge(declared)));
        assert_eq!(existing.kind, filtering(true));

        let uplink = network::Uplink {
            dev: value("eno1"),
            addressing: Addressing::Dhcp,
        };
        let mut declared = network(Kind::HostBridge(host_bridge(Some(uplink))));
        let LinkKind::Bridge(made) = lowered(declared.clone()).kind else {
            unreachable!("an uplink makes the bridge ours")
        };
        assert!(!made.stp);
        assert_eq!(made.uplink.map(|uplink| uplink.dev), Some(value("eno1")));

        declared.virtualport = Some(Virtualport {
            kind: Some(VirtualportType::OpenVswitch),
            ..Virtualport::default()
        });
        assert_eq!(lowered(declared).kind, filtering(false));
    }
}
