//! A host bridge: one that has a physical port, so that guests stand on the wire outside.

use super::evidence::{Draft, Element};
use super::link;
use super::seen::Seen;
use crate::capture::{Role, Topic};
use crate::network::{Addressing, HostBridge, MacTable, Uplink};
use crate::state::{Device, DeviceKind};

/// The host bridge, if the bridge is one and nothing makes a network of its own of it.
pub(super) fn read(seen: &Seen<'_>, draft: &mut Draft) -> Option<HostBridge> {
    let device = seen
        .device
        .filter(|_| seen.rules.is_none() && seen.service.is_none())?;
    let devices = seen.capture.devices.iter();
    let mut ports = devices.filter(|port| port.master.as_ref() == Some(seen.bridge));
    let port = ports.find(|port| is_physical(port))?;
    draft.proves(Element::Forward, seen.files_of(Role::Links));
    draft.proves(Element::Bridge, seen.files_of(Role::Links));
    draft.proves(Element::Uplink, seen.files_of(Role::Links));
    let others: Vec<&str> = ports
        .filter(|port| is_physical(port))
        .map(|port| port.name.as_str())
        .collect();
    if !others.is_empty() {
        let message = format!(
            "the bridge has more physical ports: {}; lanwright joins one",
            others.join(", ")
        );
        draft.differs(Element::Uplink, message);
    }
    Some(HostBridge {
        bridge: device.name.clone(),
        mac_table: match device.bridge() {
            Some(held) => link::mac_table(seen, held, draft),
            None => MacTable::Kernel,
        },
        bandwidth: None,
        uplink: addressing(seen, draft).map(|addressing| Uplink {
            dev: port.name.clone(),
            addressing,
        }),
    })
}

/// Whether a port leads out of the host: a NIC, or what is made of one. Guests' are taps and veths.
fn is_physical(port: &Device) -> bool {
    match &port.kind {
        DeviceKind::Bridge(_) => false,
        DeviceKind::Other(kind) => matches!(kind.as_str(), "" | "vlan" | "bond" | "team"),
    }
}

/// How the host is addressed there: by what its tables hold.
fn addressing(seen: &Seen<'_>, draft: &mut Draft) -> Option<Addressing> {
    let addresses: Vec<_> = seen.addresses.iter().map(|it| it.address).collect();
    if !seen.capture.observed(Topic::Addresses) {
        draft.unknown(
            Element::Uplink,
            "how the host itself is addressed on the bridge",
            &format!("run 'ip addr show {}' on the host", seen.bridge),
        );
        return None;
    }
    if addresses.is_empty() {
        return Some(Addressing::None);
    }
    let default = seen
        .routes
        .iter()
        .filter(|route| route.destination.prefix_len() == 0);
    let gateways = default.map(|route| route.gateway).collect();
    draft.proves(Element::Uplink, seen.files_of(Role::Addresses));
    draft.guessed(
        Element::Uplink,
        "the host's addresses on the bridge are fixed; they may come from DHCP",
        "look into the host's network configuration, and say addressing='dhcp' if it is so",
    );
    match Addressing::fixed(addresses, gateways, Vec::new()) {
        Ok(addressing) => Some(addressing),
        Err(error) => {
            draft.differs(Element::Uplink, error.to_string());
            None
        }
    }
}
