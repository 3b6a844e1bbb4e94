//! Addresses of bridges: every `<ip>`, and the host's own where it took an uplink.

use crate::network::{Addressing, HostBridge, Kind, Member};
use crate::state::Address;

/// The addresses of a network's bridge, in the order in which they are added.
pub fn lower(member: &Member) -> Vec<Address> {
    let Some(link) = &member.bridge else {
        return Vec::new();
    };
    let nets = match &member.network.kind {
        Kind::Virtual(network) => network.subnets.iter().map(|s| s.interface()).collect(),
        Kind::HostBridge(network) => of_uplink(network),
        Kind::Macvtap(_) | Kind::Hostdev(_) => Vec::new(),
    };
    let address = |address| Address {
        link: link.clone(),
        address,
    };
    nets.into_iter().map(address).collect()
}

fn of_uplink(network: &HostBridge) -> Vec<ipnet::IpNet> {
    match network.uplink.as_ref().map(|uplink| &uplink.addressing) {
        Some(Addressing::Static { addresses, .. }) => addresses.clone(),
        Some(Addressing::Dhcp | Addressing::None) | None => Vec::new(),
    }
}
