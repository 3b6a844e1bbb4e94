//! What a guest's port needs: the network's settings, and each portgroup's in their place.
//!
//! As `networkAllocatePort`: a portgroup's VLANs and filters replace the network's, virtual ports
//! are merged, and the network's own bandwidth never limits a port.

use crate::network::{
    HostBridge, HostdevPool, Kind, MacTable, Member, NativeMode, Network, Pool, Portgroup,
    Virtualport, VirtualportType, Vlan,
};
use crate::state::{GuestPort, PortDevice, PortVlan, SwitchProfile};
use crate::value::DeviceName;

/// What ports need: without a portgroup, unless one is the default; then group by group.
pub fn lower(member: &Member) -> Vec<GuestPort> {
    let groups = &member.network.portgroups;
    let plain = groups.iter().all(|group| !group.default);
    let plain = plain.then(|| port(member, None));
    let grouped = groups.iter().map(|group| port(member, Some(group)));
    plain.into_iter().chain(grouped).flatten().collect()
}

fn port(member: &Member, group: Option<&Portgroup>) -> Option<GuestPort> {
    let network = &member.network;
    let (inbound, outbound) = super::shaping::limits(group.and_then(|group| group.bandwidth));
    let vlan = group
        .and_then(|group| group.vlan.as_ref())
        .or(network.vlan.as_ref());
    let trust = group
        .and_then(|group| group.trust_guest_rx_filters)
        .or(network.trust_guest_rx_filters);
    let bridge = network.as_virtual();
    Some(GuestPort {
        network: network.name.clone(),
        portgroup: group.map(|group| group.name.as_str().to_owned()),
        default: group.is_none_or(|group| group.default),
        device: device(member, group)?,
        mtu: bridge.and_then(|bridge| bridge.mtu.map(|mtu| mtu.bytes())),
        vlan: vlan.map(port_vlan),
        isolated: network.isolated_ports.unwrap_or(false),
        static_macs: mac_table(network) == MacTable::Libvirt,
        trust_guest_rx_filters: trust.unwrap_or(false),
        inbound,
        outbound,
    })
}

fn mac_table(network: &Network) -> MacTable {
    match &network.kind {
        Kind::Virtual(network) => network.bridge.mac_table,
        Kind::HostBridge(network) => network.mac_table,
        Kind::Macvtap(_) | Kind::Hostdev(_) => MacTable::Kernel,
    }
}

fn port_vlan(vlan: &Vlan) -> PortVlan {
    PortVlan {
        trunk: vlan.trunk,
        tags: vlan.tags.clone(),
        native: vlan.native.map(|(tag, mode)| match mode {
            NativeMode::Tagged => (tag, true),
            NativeMode::Untagged => (tag, false),
        }),
    }
}

fn device(member: &Member, group: Option<&Portgroup>) -> Option<PortDevice> {
    let of_group = group.and_then(|group| group.virtualport.as_ref());
    let virtualport = merged(of_group, member.network.virtualport.as_ref());
    Some(match &member.network.kind {
        Kind::Virtual(_) => PortDevice::Bridge(member.bridge.clone()?),
        Kind::HostBridge(bridge) => on_host_bridge(bridge, &virtualport),
        Kind::Macvtap(pool) => macvtap(pool, &virtualport),
        Kind::Hostdev(pool) => hostdev(pool, &virtualport),
    })
}

fn on_host_bridge(network: &HostBridge, virtualport: &Virtualport) -> PortDevice {
    let bridge: DeviceName = network.bridge.clone();
    match virtualport.kind {
        Some(VirtualportType::OpenVswitch) => PortDevice::OpenVswitch {
            bridge,
            profile: virtualport.profileid.as_ref().map(ToString::to_string),
            interface_id: virtualport.interfaceid.as_ref().map(ToString::to_string),
        },
        // The others need no bridge, and are refused when a guest comes (V182).
        Some(VirtualportType::Qbg | VirtualportType::Qbh | VirtualportType::Midonet) | None => {
            PortDevice::Bridge(bridge)
        }
    }
}

fn macvtap(pool: &Pool, virtualport: &Virtualport) -> PortDevice {
    PortDevice::Macvtap {
        mode: pool.mode.word().to_owned(),
        devices: pool.devices.clone(),
        physical_function: pool.physical_function.clone(),
        switch: switch(virtualport),
    }
}

fn hostdev(pool: &HostdevPool, virtualport: &Virtualport) -> PortDevice {
    PortDevice::Hostdev {
        addresses: pool.addresses.iter().map(ToString::to_string).collect(),
        physical_function: pool.physical_function.clone(),
        managed: pool.managed.unwrap_or(false),
        driver: pool.driver.as_ref().map(|(name, _)| name.clone()),
        switch: switch(virtualport),
    }
}

fn switch(virtualport: &Virtualport) -> Option<SwitchProfile> {
    Some(SwitchProfile {
        protocol: virtualport.kind?.word().to_owned(),
        managerid: virtualport.managerid,
        typeid: virtualport.typeid,
        typeidversion: virtualport.typeidversion,
        instanceid: virtualport.instanceid.as_ref().map(ToString::to_string),
        profileid: virtualport.profileid.as_ref().map(ToString::to_string),
    })
}

/// `virNetDevVPortProfileMerge3`: what either says; they do not contradict each other (V186).
fn merged(group: Option<&Virtualport>, network: Option<&Virtualport>) -> Virtualport {
    let (Some(group), Some(network)) = (group, network) else {
        return group.or(network).cloned().unwrap_or_default();
    };
    Virtualport {
        kind: group.kind.or(network.kind),
        managerid: group.managerid.or(network.managerid),
        typeid: group.typeid.or(network.typeid),
        typeidversion: group.typeidversion.or(network.typeidversion),
        instanceid: group.instanceid.or(network.instanceid),
        profileid: group.profileid.clone().or(network.profileid.clone()),
        interfaceid: group.interfaceid.or(network.interfaceid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{host_bridge, member, network};

    fn group(name: &str, default: bool) -> Portgroup {
        Portgroup {
            name: crate::value::Line::lossy(name),
            default,
            trust_guest_rx_filters: None,
            virtualport: None,
            bandwidth: None,
            vlan: None,
        }
    }

    fn vlan(tag: u16) -> Vlan {
        Vlan {
            trunk: false,
            tags: vec![tag],
            native: None,
        }
    }

    #[test]
    fn a_default_group_stands_for_guests_that_name_none() {
        let mut declared = network(Kind::HostBridge(host_bridge(None)));
        declared.portgroups = vec![group("a", false)];
        let names = |declared: &Network| {
            let ports = lower(&member(declared.clone())).into_iter();
            ports
                .map(|port| (port.portgroup, port.default))
                .collect::<Vec<_>>()
        };
        let a = || Some("a".to_owned());
        assert_eq!(names(&declared), [(None, true), (a(), false)]);
        declared.portgroups[0].default = true;
        assert_eq!(names(&declared), [(a(), true)]);
    }

    #[test]
    fn a_group_replaces_vlans_and_completes_the_virtual_port() {
        let mut declared = network(Kind::HostBridge(host_bridge(None)));
        declared.vlan = Some(vlan(1));
        declared.virtualport = Some(Virtualport {
            kind: Some(VirtualportType::OpenVswitch),
            ..Virtualport::default()
        });
        let mut other = group("a", true);
        other.vlan = Some(vlan(2));
        other.virtualport = Some(Virtualport {
            profileid: Some(crate::network::sample::value("web")),
            ..Virtualport::default()
        });
        declared.portgroups = vec![other];
        let ports = lower(&member(declared));
        assert_eq!(ports[0].vlan.as_ref().map(|vlan| vlan.tags[0]), Some(2));
        let profile = match &ports[0].device {
            PortDevice::OpenVswitch { profile, .. } => profile.as_deref(),
            PortDevice::Bridge(_) | PortDevice::Macvtap { .. } | PortDevice::Hostdev { .. } => None,
        };
        assert_eq!(profile, Some("web"));
    }
}
