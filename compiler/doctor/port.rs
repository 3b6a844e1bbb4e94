//! The ports: is the guest's device in the bridge, up, forwarding, in the right VLAN?

use std::net::IpAddr;

use super::patient::Patient;
use super::report::{Check, Finding, Fix};
use crate::capture::question::APPLIED;
use crate::capture::{Role, Topic};
use crate::state::{BridgePort, Device, DeviceKind, KernelRoute};
use crate::value::DeviceName;

/// What programs call the host's end of a guest's device.
const NAMES: [&str; 3] = ["vnet", "tap", "veth"];

/// How many devices are named.
const NAMED: usize = 8;

/// Looks at what is attached to the bridge and what might be; `alone` says that no other network
/// waits for a guest.
pub fn examine(
    patient: &Patient<'_>,
    alone: bool,
    found: &mut Vec<Finding>,
    notes: &mut Vec<String>,
) {
    let capture = patient.capture();
    if !capture.observed(Topic::Links) {
        return;
    }
    let ports: Vec<&Device> = attached(patient).collect();
    let waiting: Vec<&Device> = unattached(patient).collect();
    let (known, others): (Vec<&Device>, Vec<&Device>) = waiting
        .into_iter()
        .partition(|device| is_guest_of(patient, device));
    for device in known.iter().take(NAMED) {
        found.push(outside(patient, device, true));
    }
    if ports.is_empty() {
        for device in others.iter().take(NAMED) {
            found.push(outside(patient, device, alone && others.len() == 1));
        }
        if known.is_empty() && others.is_empty() {
            let bridge = patient.bridge;
            notes.push(format!("no guest is attached: {bridge} has no port"));
        }
    }
    for device in ports {
        one(patient, device, found, notes);
    }
}

/// Whether a network has no port, so that a device of nobody may be meant for it.
pub fn waits(patient: &Patient<'_>) -> bool {
    attached(patient).next().is_none()
}

fn attached<'a>(patient: &Patient<'a>) -> impl Iterator<Item = &'a Device> {
    let bridge = patient.bridge;
    let devices = patient.capture().devices.iter();
    devices.filter(move |device| device.master.as_ref() == Some(bridge))
}

/// Devices that look like a guest's and are in no bridge. One with an address is somebody's own.
fn unattached<'a>(patient: &Patient<'a>) -> impl Iterator<Item = &'a Device> {
    let capture = patient.capture();
    let named = |device: &Device| {
        let name = device.name.as_str();
        NAMES.iter().any(|start| name.starts_with(start))
    };
    let is_of_guests = |device: &Device| match &device.kind {
        DeviceKind::Bridge(_) => false,
        DeviceKind::Other(word) => ["tun", "veth", ""].contains(&word.as_str()),
    };
    let used = |device: &Device| {
        let mut addresses = capture.state.addresses.iter();
        let mut routes = capture.kernel_routes.iter();
        let leads = |route: &KernelRoute| {
            route.link.as_ref() == Some(&device.name) && !is_link_local(route)
        };
        addresses.any(|address| address.link == device.name) || routes.any(leads)
    };
    let devices = capture.devices.iter();
    devices.filter(move |device| {
        device.master.is_none() && named(device) && is_of_guests(device) && !used(device)
    })
}

/// The kernel makes such routes for everything that is up.
fn is_link_local(route: &KernelRoute) -> bool {
    match route.destination.addr() {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_multicast(),
    }
}

/// Whether libvirt notes a guest of this bridge whose device this is: its hardware address is the
/// guest's but for the first byte (`virNetDevTapCreateInBridgePort`).
fn is_guest_of(patient: &Patient<'_>, device: &Device) -> bool {
    let guests = patient.capture().guests.iter();
    let mut macs = guests
        .filter(|guest| guest.link == *patient.bridge)
        .flat_map(|guest| &guest.macs)
        .filter_map(|mac| mac.parse::<crate::value::Mac>().ok());
    let own = device.mac;
    macs.any(|mac| own.is_some_and(|own| own.bytes()[1..] == mac.bytes()[1..]))
}

fn outside(patient: &Patient<'_>, device: &Device, certain: bool) -> Finding {
    let (name, bridge) = (device.name.as_str(), patient.bridge.as_str());
    let state = if device.up { "up" } else { "down" };
    let mut fix = Fix::run([&["ip", "link", "set", "dev", name, "master", bridge]]);
    if !device.up {
        let up = ["ip", "link", "set", "dev", name, "up"].map(str::to_owned);
        fix.commands.push(up.to_vec());
    }
    let network = &patient.segment.network;
    let files = &patient.capture().files;
    let applied = files.iter().any(|file| file.name.starts_with(APPLIED));
    let better = format!("'lanwright attach {name} {network}' gives it all that its network says");
    match (certain, applied) {
        (true, false) => {}
        (true, true) => fix = fix.note(&better),
        (false, false) => fix = fix.by_hand().note("if this is the guest's device"),
        (false, true) => {
            let note = format!("if this is the guest's device; {better}");
            fix = fix.by_hand().note(&note);
        }
    }
    Finding {
        check: Check::PortAttached,
        certain,
        fact: match certain {
            true => format!("the guest's device {name} ({state}) is not in the bridge {bridge}"),
            false => {
                format!("{bridge} has no port, and {name} ({state}) is in no bridge")
            }
        },
        owner: None,
        seen: patient.host.seen(|role| role == Role::Links),
        breaks: "the guest behind it gets no lease and reaches nobody".to_owned(),
        fix: Some(fix),
    }
}

/// One port of the bridge.
fn one(patient: &Patient<'_>, device: &Device, found: &mut Vec<Finding>, notes: &mut Vec<String>) {
    let name = device.name.as_str();
    let finding = |check, fact: String, role, breaks: &str, fix| Finding {
        check,
        certain: true,
        fact,
        owner: None,
        seen: patient.host.seen(|each| each == role),
        breaks: breaks.to_owned(),
        fix,
    };
    if !device.up {
        found.push(finding(
            Check::PortUp,
            format!("the port {name} is down"),
            Role::Links,
            "the guest behind it gets no lease and reaches nobody",
            Some(Fix::run([&["ip", "link", "set", "dev", name, "up"]])),
        ));
        return;
    }
    let mut ports = patient.capture().bridging.ports.iter();
    let Some(port) = ports.find(|port| port.link == device.name) else {
        return;
    };
    match port.state.as_deref() {
        Some(state @ ("listening" | "learning")) => {
            let delay = patient.capture().device(patient.bridge);
            let delay = delay.and_then(Device::bridge);
            let seconds = delay.map(|it| it.forward_delay_centiseconds.div_ceil(100));
            let seconds = seconds.map_or_else(String::new, |it| format!(" for {it} s"));
            found.push(finding(
                Check::PortForwards,
                format!("the port {name} is still {state}{seconds}, and forwards nothing yet"),
                Role::BridgePorts,
                "a guest that asks for a lease now is not heard; many give up before it ends",
                Some(no_delay(patient)),
            ));
        }
        Some("blocking") => found.push(finding(
            Check::PortForwards,
            format!("the spanning tree keeps the port {name} blocked"),
            Role::BridgePorts,
            "there is a loop, and what comes in there goes nowhere",
            None,
        )),
        Some("disabled") => notes.push(format!(
            "the port {name} has no carrier: nothing runs on its other end"
        )),
        Some(_) | None => {}
    }
    if port.isolated == Some(true) && !isolated_by_wish(patient) {
        notes.push(format!(
            "the port {name} is isolated: its guest reaches the host and the outside, but no \
             other isolated guest"
        ));
    }
    vlan(patient, port, found);
}

/// No delay is what libvirt gives bridges that do not take part in the spanning tree.
fn no_delay(patient: &Patient<'_>) -> Fix {
    let bridge = patient.bridge.as_str();
    let stp = patient
        .capture()
        .device(patient.bridge)
        .and_then(Device::bridge);
    if stp.is_some_and(|bridge| bridge.stp) {
        return Fix::run([&[
            "ip",
            "link",
            "set",
            "dev",
            bridge,
            "type",
            "bridge",
            "stp_state",
            "0",
        ]])
        .by_hand()
        .note("or wait; only where no loop can be");
    }
    Fix::run([&[
        "ip",
        "link",
        "set",
        "dev",
        bridge,
        "type",
        "bridge",
        "forward_delay",
        "0",
    ]])
}

fn isolated_by_wish(patient: &Patient<'_>) -> bool {
    let mut ports = patient.host.ir.state.ports.iter();
    ports.any(|port| port.network == patient.segment.network && port.isolated)
}

/// On a bridge that keeps ports apart by tag, the host's end answers in one VLAN.
fn vlan(patient: &Patient<'_>, port: &BridgePort, found: &mut Vec<Finding>) {
    let capture = patient.capture();
    let filters = capture.device(patient.bridge).and_then(Device::bridge);
    if !patient.is_virtual() || !filters.is_some_and(|bridge| bridge.vlan_filtering) {
        return;
    }
    let native = |link: &DeviceName| {
        let mut tags = capture.bridging.tags.iter();
        tags.find(|tag| tag.link == *link && tag.pvid)
            .map(|tag| tag.first)
    };
    let (Some(own), theirs) = (native(patient.bridge), native(&port.link)) else {
        return;
    };
    if theirs == Some(own) {
        return;
    }
    let (name, tag) = (port.link.as_str(), own.to_string());
    let has = theirs.map_or_else(|| "no VLAN".to_owned(), |theirs| format!("VLAN {theirs}"));
    found.push(Finding {
        check: Check::PortVlan,
        certain: true,
        fact: format!("the port {name} is in {has}, the bridge itself in VLAN {own}"),
        owner: None,
        seen: patient.host.seen_as("bridge-vlan"),
        breaks: "the host does not hear the guest: it gets no lease".to_owned(),
        fix: Some(Fix::run([&[
            "bridge", "vlan", "add", "dev", name, "vid", &tag, "pvid", "untagged",
        ]])),
    });
}
