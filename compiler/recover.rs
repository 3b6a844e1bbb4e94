//! Networks back from what a host holds: the inverse of [`lower`](crate::lower).
//!
//! Rules become policies ([`policy`]), each fact with the line that proves it; the other files of
//! this room read one concern each, as their twins in `lower` make it. What cannot be known is
//! said and never guessed silently, and what comes out compiles. Nothing here knows the live
//! machine or the syntax of XML.

pub mod evidence;
pub mod layout;
pub mod network;
pub mod policy;
pub mod segment;

mod address;
mod definition;
mod forward;
mod legal;
mod link;
mod name;
mod port;
mod route;
mod seen;
mod service;
mod shape;
mod shaping;
mod uplink;

pub use evidence::{Element, Evidence, Finding, FindingKind};
pub use layout::Arrangement;
pub use network::Recovered;
pub use policy::{Ruled, Rules};
pub use segment::{Segment, segments};

use std::collections::{BTreeMap, BTreeSet};

use self::layout::Others;
use crate::capture::{Capture, Topic};
use crate::value::NetworkName;

/// What was recovered of a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovery {
    /// Its networks, by bridge, then those that are only defined.
    pub networks: Vec<Recovered>,
    /// What there is to say of the host as a whole.
    pub findings: Vec<Finding>,
}

/// The networks of a host.
pub fn recover(capture: &Capture) -> Recovery {
    let bridges = segment::bridges(capture);
    let others = Others::of(capture);
    let rules = policy::policies(capture, &bridges, &others);
    let segments = segment::from_rules(capture, &bridges, &rules, &others);
    let mut recovery = Recovery {
        networks: Vec::new(),
        findings: rules.findings.clone(),
    };
    let ours: Vec<&Segment> = segments
        .iter()
        .filter(|segment| matters(segment, capture, &mut recovery.findings))
        .collect();
    let mut used = BTreeSet::new();
    let all = seen::all(capture, &rules, ours.iter().map(|segment| &segment.bridge));
    for (seen, segment) in all.iter().zip(&ours) {
        let defined = definition::of(capture, seen.bridge, segment.name.as_ref());
        used.extend(defined.map(|defined| defined.network.name.clone()));
        recovery.networks.extend(network::on_bridge(seen, defined));
    }
    for defined in &capture.definitions {
        if used.insert(defined.network.name.clone()) {
            recovery
                .networks
                .push(network::defined_only(capture, defined));
        }
    }
    set_apart(&mut recovery.networks);
    recovery
}

/// Whether a bridge makes a network: something rules or serves it, or it is there. Bridges of other
/// programs are theirs, and files that outlived their bridge are only said.
fn matters(segment: &Segment, capture: &Capture, findings: &mut Vec<Finding>) -> bool {
    let mut note = |message: String| {
        findings.push(Finding::new(FindingKind::Note, Element::Network, message));
        false
    };
    let ruled = segment
        .rules
        .is_some_and(|rules| rules != Arrangement::ByHand);
    let bridge = &segment.bridge;
    if capture.observed(Topic::Links) && !segment.link && !ruled {
        let name = segment
            .name
            .as_ref()
            .map_or(bridge.as_str(), |name| name.as_str());
        return note(format!(
            "dnsmasq's files of '{name}' are left over: its bridge {bridge} is gone"
        ));
    }
    let signs = ruled || segment.service || segment.defined;
    if let (false, Some(owner)) = (signs, segment.owner) {
        return note(format!("the bridge {bridge} is {}'s", owner.name()));
    }
    true
}

/// Two networks of one name cannot be on one host: the later one is called after its bridge, too.
fn set_apart(networks: &mut [Recovered]) {
    let mut names: BTreeMap<NetworkName, usize> = BTreeMap::new();
    for recovered in networks {
        let name = recovered.network.name.clone();
        let times = names.entry(name.clone()).or_default();
        *times += 1;
        if *times == 1 {
            continue;
        }
        let tail = match &recovered.bridge {
            Some(bridge) => bridge.to_string(),
            None => times.to_string(),
        };
        if let Ok(other) = format!("{name}-{tail}").parse() {
            let message = format!("another network of the host is called '{name}', too");
            let finding = Finding::new(FindingKind::Differs, Element::Name, message);
            recovered.findings.push(finding);
            recovered.network.name = other;
        }
    }
}

#[cfg(test)]
mod tests;
