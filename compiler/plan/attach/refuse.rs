//! What cannot become a guest's port, and why.

use std::collections::BTreeMap;

use super::{Seen, Wanted, is_tap};
use crate::plan::Refusal;
use crate::state::{Device, GuestPort, PortDevice, SwitchProfile};
use crate::value::{DeviceName, NetworkName};

/// What of the host belongs to networks.
#[derive(Clone, Debug, Default)]
pub struct Ours {
    /// The network of each bridge.
    pub bridges: BTreeMap<DeviceName, NetworkName>,
    /// The network of each uplink.
    pub uplinks: BTreeMap<DeviceName, NetworkName>,
}

/// Everything that forbids it, and what only deserves a word.
pub fn refuse(wanted: &Wanted<'_>, seen: &Seen, ours: &Ours) -> (Vec<Refusal>, Vec<Refusal>) {
    let mut refusals = Vec::new();
    refusals.extend(bridge(wanted, seen));
    let (mut moved, mut port) = (Vec::new(), None);
    match seen.device(wanted.port) {
        Some(device) => {
            port = of_device(wanted, seen, ours, device);
            moved.extend(leaves(wanted, ours, device, &mut port));
        }
        None if wanted.tap.is_none() => {
            port = Some(Refusal::new(
                format!("there is no device '{}'", wanted.port),
                "start the guest first, or let --create-tap make a tap",
            ));
        }
        None => {}
    }
    refusals.extend(port);
    refusals.extend(address(wanted, seen));
    refusals.extend(floor(wanted, seen));
    (refusals, moved)
}

fn bridge(wanted: &Wanted<'_>, seen: &Seen) -> Option<Refusal> {
    let (network, bridge) = (&wanted.recipe.network, wanted.bridge);
    let up_again = "'lanwright apply' with its XML puts it right";
    match seen.device(bridge) {
        None => Some(Refusal::new(
            format!("network '{network}' is not up: its bridge {bridge} is not there"),
            up_again,
        )),
        Some(device) if !device.is_bridge() => Some(Refusal::new(
            format!("'{bridge}', the bridge of network '{network}', is no bridge"),
            up_again,
        )),
        Some(device) if !device.up => Some(Refusal::new(
            format!("network '{network}' is not up: its bridge {bridge} is down"),
            up_again,
        )),
        Some(_) => None,
    }
}

/// What the host needs for itself, or somebody else has.
fn of_device(wanted: &Wanted<'_>, seen: &Seen, ours: &Ours, device: &Device) -> Option<Refusal> {
    let port = wanted.port;
    let another = "name the tap or veth of the guest, as 'ip link' lists it";
    if let Some(network) = ours.bridges.get(port) {
        let message = format!("'{port}' is itself the bridge of network '{network}'");
        return Some(Refusal::new(message, another));
    }
    if device.is_bridge() {
        let message = format!("'{port}' is a bridge, which cannot be a port of another");
        return Some(Refusal::new(message, another));
    }
    if let Some(network) = ours.uplinks.get(port) {
        let message = format!("'{port}' is the uplink of network '{network}', no guest's port");
        return Some(Refusal::new(message, another));
    }
    if port.as_str() == "lo" {
        let message = "'lo' is the host's own loopback device".to_owned();
        return Some(Refusal::new(message, another));
    }
    let capture = &seen.capture;
    let mut routes = capture.kernel_routes.iter();
    let default =
        routes.any(|it| it.link.as_ref() == Some(port) && it.destination.prefix_len() == 0);
    if default {
        let message = format!("the host's own default route goes through '{port}'");
        let help = "for a bridge that takes over an uplink see 'lanwright apply --uplink'";
        return Some(Refusal::new(message, help));
    }
    let mut addresses = capture.state.addresses.iter().filter(|it| it.link == *port);
    if let Some(address) = addresses.next() {
        let address = address.address;
        let message = format!("'{port}' has the host's address {address}, which would be lost");
        let help = format!("ip address flush dev {port}, if the host does not need it");
        return Some(Refusal::new(message, help));
    }
    if wanted.tap.is_some() && !is_tap(device) {
        let message = format!("'{port}' is there already, and it is no tap");
        return Some(Refusal::new(message, "leave out --create-tap"));
    }
    None
}

/// A port moves between networks of ours, but is not taken from others.
fn leaves(
    wanted: &Wanted<'_>,
    ours: &Ours,
    device: &Device,
    port: &mut Option<Refusal>,
) -> Option<Refusal> {
    let master = device.master.as_ref();
    let master = master.filter(|master| *master != wanted.bridge)?;
    let name = wanted.port;
    if let Some(network) = ours.bridges.get(master) {
        let to = &wanted.recipe.network;
        return Some(Refusal {
            message: format!("'{name}' leaves network '{network}' for '{to}'"),
            help: None,
        });
    }
    port.get_or_insert_with(|| {
        Refusal::new(
            format!("'{name}' is a port of {master}, which is no network of lanwright"),
            format!("ip link set dev {name} nomaster, if it is to leave"),
        )
    });
    None
}

/// The guest's address has to be one, and to be known where the bridge does not learn it.
fn address(wanted: &Wanted<'_>, seen: &Seen) -> Option<Refusal> {
    let port = wanted.port;
    let Some(mac) = wanted.asked.mac else {
        let network = &wanted.recipe.network;
        return wanted.recipe.static_macs.then(|| {
            Refusal::new(
                format!("the bridge of network '{network}' learns no addresses of guests"),
                "give the guest's address with --mac",
            )
        });
    };
    if mac.is_multicast() || mac.is_zero() {
        let message = format!("{mac} cannot be a guest's address");
        let help = "the first byte of one is even, as in 52:54:00:12:34:56";
        return Some(Refusal::new(message, help));
    }
    let device = seen.device(port).filter(|device| !is_tap(device))?;
    (device.mac == Some(mac)).then(|| {
        Refusal::new(
            format!("{mac} is the address of '{port}' itself"),
            "the guest's is that of the device's other end",
        )
    })
}

/// A share is of something, for an address, and there has to be as much.
fn floor(wanted: &Wanted<'_>, seen: &Seen) -> Option<Refusal> {
    let floor = wanted.asked.floor_kbps?;
    let network = &wanted.recipe.network;
    let Some(whole) = seen.whole(wanted.bridge) else {
        return Some(Refusal::new(
            format!("network '{network}' does not limit what its guests receive in all"),
            "--floor is a share of its <inbound>; leave it out",
        ));
    };
    if wanted.asked.mac.is_none() {
        let message = "--floor goes by the guest's address".to_owned();
        return Some(Refusal::new(message, "give it with --mac"));
    }
    let own = seen
        .record
        .as_ref()
        .filter(|it| it.bridge == *wanted.bridge);
    let own = own.and_then(|it| it.share);
    let others = seen.shares(wanted.bridge).into_iter();
    let others = others.filter(|it| Some(it.class) != own.map(|own| own.class));
    let shared = others.fold(0, |sum: u64, it| sum.saturating_add(it.rate_kbps));
    let left = whole.ceiling_kbps().saturating_sub(shared);
    (floor == 0 || floor > left).then(|| {
        Refusal::new(
            format!("network '{network}' has {left} kB/s left to promise, not {floor}"),
            "ask for less, or raise its <inbound>",
        )
    })
}

/// The bridge that ports of a network join; else what its guests need instead.
pub fn joined(recipe: &GuestPort) -> Result<&DeviceName, Refusal> {
    let network = &recipe.network;
    let refusal = |what: &str, help: String| {
        Err(Refusal::new(
            format!("network '{network}' has no bridge that a port joins: {what}"),
            help,
        ))
    };
    match &recipe.device {
        PortDevice::Bridge(bridge) => Ok(bridge),
        PortDevice::OpenVswitch { bridge, .. } => refusal(
            "its guests are ports of an Open vSwitch",
            format!("ovs-vsctl add-port {bridge} PORT; 'lanwright compile' writes the recipe"),
        ),
        PortDevice::Macvtap {
            mode,
            devices,
            switch,
            ..
        } => {
            let device = devices.first().map_or("DEV", DeviceName::as_str);
            let mode = if mode == "passthrough" {
                "passthru"
            } else {
                mode
            };
            refusal(
                "its guests have a macvtap each",
                format!(
                    "ip link add link {device} name TAP type macvtap mode {mode}{}",
                    told(switch)
                ),
            )
        }
        PortDevice::Hostdev {
            addresses, switch, ..
        } => {
            let device = addresses.first().map_or("a device", String::as_str);
            refusal(
                "its guests have a PCI device each",
                format!("give the guest {device} with VFIO{}", told(switch)),
            )
        }
    }
}

fn told(switch: &Option<SwitchProfile>) -> String {
    match switch {
        Some(switch) => format!("; the switch is told by {}", switch.protocol),
        None => String::new(),
    }
}
