//! `<bridge>`, `<mac>` and `<mtu>`: the device of a network.

use super::evidence::{Draft, Element};
use super::port;
use super::seen::Seen;
use crate::capture::{Role, Topic};
use crate::network::{Bridge, BridgeChoice, MacTable, Mtu, ZoneName};
use crate::state::{BridgeSettings, Device, ZoneChoice};
use crate::value::Mac;

/// The MTU of a bridge that nobody gave one.
const USUAL_MTU: u32 = 1500;

/// The bridge device.
pub(super) fn bridge(seen: &Seen<'_>, draft: &mut Draft) -> Bridge {
    let mut bridge = Bridge {
        name: BridgeChoice::Named(seen.bridge.clone()),
        stp: true,
        delay_seconds: 0,
        zone: zone(seen),
        mac_table: MacTable::Kernel,
    };
    if let Some(ruled) = seen.rules {
        draft.proves(Element::Bridge, ruled.lines.network.iter().copied());
    }
    draft.proves(Element::Bridge, seen.conf_lines("interface="));
    if seen.device.is_some() {
        draft.proves(Element::Bridge, seen.files_of(Role::Links));
    }
    let help = format!("run 'ip -d -j link show {}' on the host", seen.bridge);
    match (seen.device, seen.device.and_then(Device::bridge)) {
        (_, Some(held)) => {
            bridge.stp = held.stp;
            bridge.delay_seconds = delay(held, draft);
            bridge.mac_table = mac_table(seen, held, draft);
        }
        (None, None) if seen.capture.observed(Topic::Links) => draft.differs(
            Element::Bridge,
            "the host has no such device: this is what is left of a network that is down",
        ),
        (Some(_), None) | (None, None) => draft.unknown(
            Element::Bridge,
            "stp, delay and macTableManager; libvirt's defaults stand here",
            &help,
        ),
    }
    bridge
}

/// Who enters guests' addresses by hand filters by VLAN too, and has ports that do not learn.
pub(super) fn mac_table(seen: &Seen<'_>, held: &BridgeSettings, draft: &mut Draft) -> MacTable {
    if !held.vlan_filtering {
        return MacTable::Kernel;
    }
    if port::learns(seen) == Some(true) {
        let message = "the bridge keeps its ports apart by VLAN tag, which network XML only says \
                       together with macTableManager='libvirt'";
        draft.differs(Element::Bridge, message);
        return MacTable::Kernel;
    }
    MacTable::Libvirt
}

/// The delay as it is declared: with the spanning tree on, the kernel makes 2 s of libvirt's 0.
fn delay(held: &BridgeSettings, draft: &mut Draft) -> u64 {
    let hundredths = held.forward_delay_centiseconds;
    if held.stp && hundredths == 200 {
        return 0;
    }
    if !hundredths.is_multiple_of(100) {
        let message = format!(
            "the bridge's delay is {}.{:02} s, and network XML has whole seconds",
            hundredths / 100,
            hundredths % 100
        );
        draft.differs(Element::Bridge, message);
    }
    (hundredths / 100).min(Bridge::MAX_DELAY_SECONDS)
}

/// A zone that was asked for; libvirt chooses its own two without being asked.
fn zone(seen: &Seen<'_>) -> Option<ZoneName> {
    match &seen.zone?.zone {
        ZoneChoice::Declared(zone) if !matches!(zone.as_str(), "libvirt" | "libvirt-routed") => {
            zone.parse().ok()
        }
        ZoneChoice::Declared(_) | ZoneChoice::Libvirt | ZoneChoice::LibvirtRouted => None,
    }
}

/// The bridge's hardware address.
pub(super) fn mac(seen: &Seen<'_>, draft: &mut Draft) -> Option<Mac> {
    let mac = seen.device.and_then(|device| device.mac);
    match mac {
        Some(_) => draft.proves(Element::Mac, seen.files_of(Role::Links)),
        None if seen.capture.observed(Topic::Links) => {}
        None => draft.unknown(
            Element::Mac,
            "the bridge's hardware address; without <mac> one is chosen",
            &format!("run 'ip -d -j link show {}' on the host", seen.bridge),
        ),
    }
    mac.filter(|mac| !mac.is_multicast() && !mac.is_zero())
}

/// The bridge's MTU, where it is not the usual one.
pub(super) fn mtu(seen: &Seen<'_>, draft: &mut Draft) -> Option<Mtu> {
    let held = seen.device.and_then(|device| device.mtu);
    let told = seen
        .service
        .as_ref()
        .and_then(|service| service.mtu)
        .map(u32::from);
    let lines = || seen.conf_lines("dhcp-option=option:mtu,");
    if let (Some(held), Some(told)) = (held, told)
        && held != told
    {
        let message = format!("the bridge's MTU is {held}, but guests are told {told}");
        draft.differs(Element::Mtu, message);
    }
    let mtu = told.or(held.filter(|mtu| *mtu != USUAL_MTU))?;
    draft.proves(Element::Mtu, lines());
    if held == Some(mtu) {
        draft.proves(Element::Mtu, seen.files_of(Role::Links));
    }
    Mtu::new(mtu)
}
