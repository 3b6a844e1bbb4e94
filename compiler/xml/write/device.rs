//! Writing `<forward>` and `<bridge>`: the devices of a network.

use super::tag::{Printer, Tag};
use super::word;
use crate::network::{
    Bridge, BridgeChoice, Forward, HostdevPool, Kind, MacTable, Nat, PciAddress, Pool,
};
use crate::value::DeviceName;

/// `<forward>`, unless the network is isolated.
pub fn print_forward(kind: &Kind, printer: &mut Printer<'_>) {
    match kind {
        Kind::Virtual(network) => match &network.forward {
            Forward::Isolated => {}
            Forward::Nat(nat) => print_nat(nat, printer),
            Forward::Route(dev) => {
                let tag = Tag::new("forward").some("dev", dev.as_ref());
                print_interfaces(tag.with("mode", "route"), dev.as_slice(), None, printer);
            }
            Forward::Open => printer.empty(Tag::new("forward").with("mode", "open")),
        },
        Kind::HostBridge(_) => printer.empty(Tag::new("forward").with("mode", "bridge")),
        Kind::Macvtap(pool) => print_pool(pool, printer),
        Kind::Hostdev(pool) => print_hostdev(pool, printer),
    }
}

fn print_nat(nat: &Nat, printer: &mut Printer<'_>) {
    let tag = Tag::new("forward").some("dev", nat.dev.as_ref());
    let tag = tag.with("mode", "nat");
    let inner = nat.addresses.is_some() || nat.ports.is_some();
    if !inner && !nat.ipv6 {
        return print_interfaces(tag, nat.dev.as_slice(), None, printer);
    }
    printer.open(tag);
    let tag = Tag::new("nat").some("ipv6", nat.ipv6.then_some("yes"));
    if inner {
        printer.open(tag);
        if let Some(addresses) = nat.addresses {
            let tag = Tag::new("address").with("start", addresses.start());
            printer.empty(tag.with("end", addresses.end()));
        }
        if let Some(ports) = nat.ports {
            let tag = Tag::new("port").with("start", ports.start());
            printer.empty(tag.with("end", ports.end()));
        }
        printer.close("nat");
    } else {
        printer.empty(tag);
    }
    print_devices(nat.dev.as_slice(), printer);
    printer.close("forward");
}

fn print_pool(pool: &Pool, printer: &mut Printer<'_>) {
    let tag = Tag::new("forward").some("dev", pool.devices.first());
    let tag = tag.with("mode", pool.mode.word());
    print_interfaces(tag, &pool.devices, pool.physical_function.as_ref(), printer);
}

fn print_interfaces(
    tag: Tag,
    devices: &[DeviceName],
    physical_function: Option<&DeviceName>,
    printer: &mut Printer<'_>,
) {
    if devices.is_empty() && physical_function.is_none() {
        return printer.empty(tag);
    }
    printer.open(tag);
    if let Some(dev) = physical_function {
        printer.empty(Tag::new("pf").with("dev", dev));
    }
    print_devices(devices, printer);
    printer.close("forward");
}

fn print_devices(devices: &[DeviceName], printer: &mut Printer<'_>) {
    for dev in devices {
        printer.empty(Tag::new("interface").with("dev", dev));
    }
}

fn print_hostdev(pool: &HostdevPool, printer: &mut Printer<'_>) {
    let tag = Tag::new("forward")
        .with("mode", "hostdev")
        .some("managed", pool.managed.map(word));
    if pool.driver.is_none() && pool.physical_function.is_none() && pool.addresses.is_empty() {
        return printer.empty(tag);
    }
    printer.open(tag);
    if let Some((name, model)) = &pool.driver {
        let tag = Tag::new("driver").with("name", name);
        printer.empty(tag.some("model", model.as_ref()));
    }
    if let Some(dev) = &pool.physical_function {
        printer.empty(Tag::new("pf").with("dev", dev));
    }
    for PciAddress {
        domain,
        bus,
        slot,
        function,
    } in &pool.addresses
    {
        let tag = Tag::new("address")
            .with("type", "pci")
            .with("domain", format_args!("{domain:#06x}"))
            .with("bus", format_args!("{bus:#04x}"))
            .with("slot", format_args!("{slot:#04x}"))
            .with("function", format_args!("{function:#x}"));
        printer.empty(tag);
    }
    printer.close("forward");
}

/// `<bridge>`, where the network has one.
pub fn print_bridge(kind: &Kind, printer: &mut Printer<'_>) {
    match kind {
        Kind::Virtual(network) => print_own(&network.bridge, printer),
        Kind::HostBridge(network) => {
            let tag = Tag::new("bridge").with("name", &network.bridge);
            printer.empty(tag.some("macTableManager", mac_table(network.mac_table)));
        }
        Kind::Macvtap(_) | Kind::Hostdev(_) => {}
    }
}

fn print_own(bridge: &Bridge, printer: &mut Printer<'_>) {
    let name = match &bridge.name {
        BridgeChoice::Named(name) => Some(name.to_string()),
        choice if *choice == BridgeChoice::automatic() => None,
        BridgeChoice::Numbered { prefix, suffix } => Some(format!("{prefix}%d{suffix}")),
    };
    let tag = Tag::new("bridge")
        .some("name", name)
        .some("zone", bridge.zone.as_ref().map(|zone| zone.as_str()))
        .with("stp", if bridge.stp { "on" } else { "off" })
        .with("delay", bridge.delay_seconds)
        .some("macTableManager", mac_table(bridge.mac_table));
    printer.empty(tag);
}

/// The kernel's table is the default and not written.
fn mac_table(table: MacTable) -> Option<&'static str> {
    match table {
        MacTable::Kernel => None,
        MacTable::Libvirt => Some("libvirt"),
    }
}
