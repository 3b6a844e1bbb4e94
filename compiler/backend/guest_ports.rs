//! What a guest's port needs, for whoever starts guests without libvirt: one recipe a network and
//! portgroup.
//!
//! A recipe is text for people and for `sed`: commands of `ip`, `bridge`, `tc` or `ovs-vsctl`, a
//! line each, with placeholders like `@PORT@`. The order is that of
//! `virDomainInterfaceBridgeConnect`. Nothing here knows a guest.

mod bridge;
mod device;
mod switch;

use super::{Artifact, Compiled, Output};
use crate::state::{GuestPort, PortDevice};
use crate::value::encode;

/// One file for guests that name no portgroup, and one a portgroup.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let artifacts = compiled.state.ports.iter().map(recipe).collect();
    Output {
        artifacts,
        limits: Vec::new(),
    }
}

fn recipe(port: &GuestPort) -> Artifact {
    let text = match &port.device {
        PortDevice::Bridge(link) => bridge::print(port, link),
        PortDevice::OpenVswitch {
            bridge,
            profile,
            interface_id,
        } => switch::print(port, bridge, profile.as_deref(), interface_id.as_deref()),
        PortDevice::Macvtap {
            mode,
            devices,
            physical_function,
            switch,
        } => {
            let pool = device::Pool {
                devices: devices.iter().map(ToString::to_string).collect(),
                physical_function: physical_function.as_ref(),
                switch: switch.as_ref(),
            };
            device::print_macvtap(port, mode, &pool)
        }
        PortDevice::Hostdev {
            addresses,
            physical_function,
            managed,
            driver,
            switch,
        } => {
            let pool = device::Pool {
                devices: addresses.clone(),
                physical_function: physical_function.as_ref(),
                switch: switch.as_ref(),
            };
            device::print_hostdev(port, *managed, driver.as_deref(), &pool)
        }
    };
    Artifact::file(path(port), text)
}

/// A pair's stem is never that of one name, so no network's file is another one's portgroup.
fn path(port: &GuestPort) -> String {
    let network = port.network.as_str();
    let stem = match &port.portgroup {
        Some(group) => encode::pair_stem(network, group),
        None => encode::file_stem(network),
    };
    format!("guest-ports/{stem}.batch")
}

/// Whom the recipe is for, on one line.
fn subject(port: &GuestPort) -> String {
    let network = &port.network;
    match &port.portgroup {
        Some(group) => {
            let group = group.replace(char::is_control, "?");
            let default = if port.default {
                ", the default one"
            } else {
                ""
            };
            format!("Network {network}, portgroup {group}{default}")
        }
        None => format!("Network {network}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::sample::{emitted, paths};
    use crate::state::{HostState, PortVlan};

    fn port(portgroup: Option<&str>, vlan: PortVlan) -> GuestPort {
        GuestPort {
            network: "lan".parse().expect("a network name"),
            portgroup: portgroup.map(str::to_owned),
            default: portgroup.is_none(),
            device: PortDevice::Bridge("br0".parse().expect("a device name")),
            mtu: None,
            vlan: Some(vlan),
            isolated: false,
            static_macs: false,
            trust_guest_rx_filters: false,
            inbound: None,
            outbound: None,
        }
    }

    #[test]
    fn every_group_has_its_recipe() {
        let single = PortVlan {
            trunk: false,
            tags: vec![7],
            native: Some((7, true)),
        };
        let trunk = PortVlan {
            trunk: true,
            tags: vec![1, 2, 3],
            native: Some((2, true)),
        };
        let state = HostState {
            ports: vec![port(None, single), port(Some("a/b\n"), trunk)],
            ..HostState::default()
        };
        let output = emitted(emit, &state);
        let wanted = ["guest-ports/lan.batch", "guest-ports/lan@a%2fb%0a.batch"];
        assert_eq!(paths(&output), wanted);
        let [plain, group] = &output.artifacts[..] else {
            unreachable!("two ports make two files")
        };
        assert!(
            plain
                .text
                .contains("\nbridge vlan add dev @PORT@ vid 7 pvid untagged\n")
        );
        assert!(
            group
                .text
                .contains("\nbridge vlan add dev @PORT@ vid 2 pvid\n")
        );
        assert!(group.text.contains("\nbridge vlan add dev @PORT@ vid 3\n"));
        assert!(group.text.contains("# Network lan, portgroup a/b?: "));
    }
}
