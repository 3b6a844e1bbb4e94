//! A host bridge: one that has a physical port, so that guests stand on the wire outside.

use super::evidence::{Draft, Element};
use super::seen::Seen;
use crate::capture::Role;
use crate::network::{Addressing, HostBridge, MacTable, Uplink};
use crate::state::{LinkKind, UplinkAddressing};

/// The host bridge, if the bridge is one and nothing makes a network of its own of it.
pub(super) fn read(seen: &Seen<'_>, draft: &mut Draft) -> Option<HostBridge> {
    let link = seen
        .link
        .filter(|_| seen.rules.is_none() && seen.service.is_none())?;
    let LinkKind::Bridge(bridge) = &link.kind else {
        return None;
    };
    let uplink = bridge.uplink.as_ref()?;
    draft.proves(Element::Forward, seen.files_of(Role::Links));
    draft.proves(Element::Bridge, seen.files_of(Role::Links));
    let addressing = addressing(seen, &uplink.addressing, draft);
    Some(HostBridge {
        bridge: link.name.clone(),
        mac_table: match bridge.vlan_filtering {
            true => MacTable::Libvirt,
            false => MacTable::Kernel,
        },
        bandwidth: None,
        uplink: addressing.map(|addressing| Uplink {
            dev: uplink.dev.clone(),
            addressing,
        }),
    })
}

/// How the host is addressed there: by what its tables hold.
fn addressing(seen: &Seen<'_>, known: &UplinkAddressing, draft: &mut Draft) -> Option<Addressing> {
    match known {
        UplinkAddressing::Dhcp => return Some(Addressing::Dhcp),
        UplinkAddressing::Static { .. } | UplinkAddressing::None => {}
    }
    let addresses: Vec<_> = seen.addresses().map(|it| it.address).collect();
    if addresses.is_empty() {
        return Some(Addressing::None);
    }
    let default = seen
        .routes()
        .filter(|route| route.destination.prefix_len() == 0);
    let gateways = default.map(|route| route.gateway).collect();
    draft.guessed(
        Element::Uplink,
        "the host's addresses on the bridge are fixed; they may come from DHCP",
        "look into the host's network configuration, and use addressing='dhcp' if it is so",
    );
    match Addressing::fixed(addresses, gateways, Vec::new()) {
        Ok(addressing) => Some(addressing),
        Err(error) => {
            draft.differs(Element::Uplink, error.to_string());
            None
        }
    }
}
