//! The firewalld zone of a bridge.
//!
//! As `networkAddFirewallRules` chooses it. That firewalld may not run, or may lack the zone, is
//! known only on the machine.

use crate::network::{Forward, Member};
use crate::state::{ZoneBinding, ZoneChoice};

/// The zone of the network's bridge. An open network has none unless it asks for one; a bridge
/// that belongs to the host keeps its own.
pub fn lower(member: &Member) -> Option<ZoneBinding> {
    let network = member.network.as_virtual()?;
    let zone = match (&network.bridge.zone, &network.forward) {
        (Some(zone), _) => ZoneChoice::Declared(zone.as_str().to_owned()),
        (None, Forward::Open) => return None,
        (None, Forward::Route(_)) => ZoneChoice::LibvirtRouted,
        (None, Forward::Isolated | Forward::Nat(_)) => ZoneChoice::Libvirt,
    };
    let link = member.bridge.clone()?;
    Some(ZoneBinding { link, zone })
}
