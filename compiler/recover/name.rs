//! `<name>`: what a network is called.

use super::evidence::{Draft, Element};
use super::seen::{Maker, Seen};
use crate::value::NetworkName;

/// The network's name: as dnsmasq's files or the comments of our rules have it, else its bridge's.
pub(super) fn read(seen: &Seen<'_>, draft: &mut Draft) -> Option<NetworkName> {
    let by_rules = seen.rules.and_then(|ruled| ruled.name.as_ref());
    let by_service = seen.service.as_ref().map(|service| &service.network);
    if let (Some(rules), Some(service)) = (by_rules, by_service)
        && rules != service
    {
        let message = format!("rules call the network '{rules}', dnsmasq's files '{service}'");
        draft.differs(Element::Name, message);
    }
    if let Some(name) = by_service {
        // The main configuration of a host's own dnsmasq is called after the program.
        if seen.maker == Maker::Hand && name.as_str() == "dnsmasq" {
            return bridge_name(seen, draft);
        }
        draft.proves(Element::Name, seen.conf_file());
        return Some(name.clone());
    }
    if let (Some(name), Some(ruled)) = (by_rules, seen.rules) {
        draft.proves(Element::Name, ruled.lines.network.iter().copied());
        return Some(name.clone());
    }
    bridge_name(seen, draft)
}

fn bridge_name(seen: &Seen<'_>, draft: &mut Draft) -> Option<NetworkName> {
    draft.guessed(
        Element::Name,
        "the network is named after its bridge",
        "look into /etc/libvirt/qemu/networks, or run 'virsh net-list' on the host",
    );
    // Every device name is a network name, too.
    seen.bridge.as_str().parse().ok()
}
