//! Kernel settings: IPv6 on each bridge, and forwarding.
//!
//! As `networkSetIPv6Sysctls` and `networkEnableIPForwarding` set them. Forwarding is global: one
//! network that wants it is enough, and nobody turns it off again. A host bridge that is made for
//! its uplink is treated alike: without an IPv6 address of its own it has none at all.

use std::collections::HashSet;

use crate::network::{Addressing, Forward, HostBridge, Kind, Member, NetworkSet, Virtualport};
use crate::state::Sysctl;
use crate::value::DeviceName;

/// The settings of the bridges that these networks make, in the order in which they are set, then
/// the global ones.
pub fn lower(set: &NetworkSet, makers: &HashSet<usize>) -> Vec<Sysctl> {
    let members = set.members().iter().enumerate();
    let making = members.filter(|(place, _)| makers.contains(place));
    let bridges = making.flat_map(|(_, member)| of_bridge(member));
    bridges.chain(forwarding(set)).collect()
}

fn of_bridge(member: &Member) -> Vec<Sysctl> {
    match (&member.bridge, has_ipv6(member)) {
        (Some(bridge), Some(has_ipv6)) => ipv6(bridge, has_ipv6),
        (None, _) | (_, None) => Vec::new(),
    }
}

/// Whether the bridge has an IPv6 address of its own; `None` where that is not ours to say: on a
/// bridge that the host has already, and on one where the network outside tells.
fn has_ipv6(member: &Member) -> Option<bool> {
    match &member.network.kind {
        Kind::Virtual(network) => Some(network.subnets.iter().any(|subnet| !subnet.is_ipv4())),
        Kind::HostBridge(HostBridge {
            uplink: Some(uplink),
            ..
        }) if !is_switch(member) => match &uplink.addressing {
            Addressing::Static { addresses, .. } => {
                Some(addresses.iter().any(|address| address.addr().is_ipv6()))
            }
            Addressing::None => Some(false),
            Addressing::Dhcp => None,
        },
        Kind::HostBridge(_) | Kind::Macvtap(_) | Kind::Hostdev(_) => None,
    }
}

/// Open vSwitch is none of the kernel's bridges.
fn is_switch(member: &Member) -> bool {
    let switch = member.network.virtualport.as_ref();
    switch.is_some_and(Virtualport::is_openvswitch)
}

/// IPv6 is on only where the bridge has an IPv6 address, and the host never configures itself
/// from what guests advertise. The first setting comes first: it lets addresses be added.
fn ipv6(bridge: &DeviceName, has_ipv6: bool) -> Vec<Sysctl> {
    let disabled = if has_ipv6 { "0" } else { "1" };
    [
        ("disable_ipv6", disabled),
        ("accept_ra", "0"),
        ("autoconf", "0"),
    ]
    .map(|(name, value)| Sysctl::of_link(bridge, "ipv6", name, value))
    .to_vec()
}

fn forwarding(set: &NetworkSet) -> impl Iterator<Item = Sysctl> {
    let wanted = |ipv4: bool| {
        let mut networks = set.members().iter().filter_map(|m| m.network.as_virtual());
        networks.any(|network| {
            network.forward != Forward::Isolated
                && network.subnets.iter().any(|each| each.is_ipv4() == ipv4)
        })
    };
    let ipv4 = wanted(true).then(|| Sysctl::global(["net", "ipv4", "ip_forward"], "1"));
    let ipv6 = wanted(false).then(|| Sysctl::all("ipv6", "forwarding", "1"));
    ipv4.into_iter().chain(ipv6)
}
