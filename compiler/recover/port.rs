//! `<port>` and `<vlan>`: what all guests' ports of a bridge have in common.
//!
//! The kernel knows ports, not networks: a setting that every port has is taken for the network's,
//! and one that only some have is a portgroup's or a guest's own.

use std::collections::BTreeSet;

use super::evidence::{Draft, Element, Finding, FindingKind};
use super::seen::Seen;
use crate::capture::Role;
use crate::network::{NativeMode, Vlan};
use crate::state::{BridgePort, DeviceKind};
use crate::value::DeviceName;

/// The tag that every port of a bridge has unless told otherwise.
const USUAL_TAG: u16 = 1;

/// The ports of guests: those that lead out of the host are not among them, nor is the one that
/// libvirt once made to keep the bridge's address.
fn guests<'a>(seen: &Seen<'a>) -> Vec<&'a BridgePort> {
    let capture = seen.capture;
    let ports = capture.bridging.ports.iter();
    let is_guest = |port: &&BridgePort| {
        let kind = capture.device(&port.link).map(|device| &device.kind);
        let wire = match kind {
            Some(DeviceKind::Other(kind)) => kind.is_empty(),
            Some(DeviceKind::Bridge(_)) | None => false,
        };
        port.bridge == *seen.bridge && !wire && !port.link.as_str().ends_with("-nic")
    };
    ports.filter(is_guest).collect()
}

/// Whether guests' ports are kept apart from each other.
pub(super) fn isolated(seen: &Seen<'_>, draft: &mut Draft) -> Option<bool> {
    let ports = guests(seen);
    let isolated = ports
        .iter()
        .filter(|port| port.isolated == Some(true))
        .count();
    if isolated == 0 {
        return None;
    }
    if isolated < ports.len() {
        some_only(seen, Element::Port, "are kept apart from each other", draft);
        return None;
    }
    draft.proves(Element::Port, seen.files_of(Role::BridgePorts));
    Some(true)
}

/// Whether somebody enters guests' addresses by hand, as far as ports tell; `None` without ports.
pub(super) fn learns(seen: &Seen<'_>) -> Option<bool> {
    let ports = guests(seen);
    let first = ports.first()?;
    Some(first.learning != Some(false))
}

/// The tags of guests' ports.
pub(super) fn vlan(seen: &Seen<'_>, draft: &mut Draft) -> Option<Vlan> {
    let ports = guests(seen);
    let vlans: Vec<Option<Vlan>> = ports.iter().map(|port| of_port(seen, &port.link)).collect();
    let first = vlans.first()?.clone();
    if vlans.iter().any(|vlan| *vlan != first) {
        some_only(seen, Element::Vlan, "have VLAN tags of their own", draft);
        return None;
    }
    if first.is_some() {
        draft.proves(Element::Vlan, seen.files_of(Role::BridgePorts));
    }
    first
}

/// Some ports have what others have not.
fn some_only(seen: &Seen<'_>, about: Element, what: &str, draft: &mut Draft) {
    let message = format!("some ports of guests {what}, and others do not");
    let finding = Finding::new(FindingKind::Note, about, message)
        .help("declare it in a portgroup, or for the guest alone")
        .at(seen.files_of(Role::BridgePorts));
    draft.say(finding);
}

/// `virNetDevBridgeSetupVlans`, backwards: one tag of untagged frames is no trunk.
fn of_port(seen: &Seen<'_>, port: &DeviceName) -> Option<Vlan> {
    let tags = seen.capture.bridging.tags.iter();
    let tags: Vec<_> = tags.filter(|tag| tag.link == *port).collect();
    let numbers: BTreeSet<u16> = tags.iter().flat_map(|tag| tag.first..=tag.last).collect();
    if numbers.is_empty() || numbers.iter().eq([&USUAL_TAG]) {
        return None;
    }
    let native = tags.iter().find(|tag| tag.pvid);
    match native {
        Some(native) if numbers.len() == 1 && native.untagged => Some(Vlan {
            trunk: false,
            tags: vec![native.first],
            native: None,
        }),
        Some(_) | None => Some(Vlan {
            trunk: true,
            tags: numbers.into_iter().collect(),
            native: native.map(|native| {
                let mode = match native.untagged {
                    true => NativeMode::Untagged,
                    false => NativeMode::Tagged,
                };
                (native.first, mode)
            }),
        }),
    }
}
