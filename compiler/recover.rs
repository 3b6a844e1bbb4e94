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
use crate::capture::Capture;
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
        .filter(|segment| matters(segment, &mut recovery.findings))
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

/// Whether a bridge makes a network: something rules or serves it, or it has an address. Other
/// programs' bridges are theirs.
fn matters(segment: &Segment, findings: &mut Vec<Finding>) -> bool {
    let signs = segment
        .rules
        .is_some_and(|rules| rules != Arrangement::ByHand)
        || segment.service
        || segment.defined;
    if let (false, Some(owner)) = (signs, segment.owner) {
        let message = format!("the bridge {} is {}'s", segment.bridge, owner.name());
        findings.push(Finding::new(FindingKind::Note, Element::Network, message));
        return false;
    }
    signs || segment.rules.is_some() || segment.link
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
