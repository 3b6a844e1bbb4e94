//! Rules that are bound to a device that is gone: nft lists a number where its name was.
//!
//! libvirt binds its rules of nft to the bridge itself. When somebody deletes the bridge and makes
//! it anew, they stay, and do nothing. The subnet that they name tells which bridge they were for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ipnet::IpNet;

use super::{View, What};
use crate::recover::policy::Bridges;
use crate::recover::shape::Device;
use crate::value::DeviceName;

/// Gives the rules of a device that is gone to the bridge that has their subnet, if it is one, and
/// has no rules of its own.
pub(super) fn resolve(view: &mut View, bridges: &Bridges) {
    let mut subnets: BTreeMap<String, BTreeSet<IpNet>> = BTreeMap::new();
    let mut ruled: BTreeSet<&str> = BTreeSet::new();
    for fact in &view.facts {
        match (fact.bridge.gone, &fact.what) {
            (false, _) => {
                ruled.insert(&fact.bridge.name);
            }
            (true, What::AllowOut(crossing) | What::AllowIn(crossing, _)) => {
                let nets = subnets.entry(fact.bridge.name.clone()).or_default();
                nets.extend(crossing.net);
            }
            (true, _) => {}
        }
    }
    let mut by_net: HashMap<IpNet, Vec<&DeviceName>> = HashMap::new();
    for (bridge, held) in bridges.iter().filter(|_| !subnets.is_empty()) {
        for net in held {
            by_net.entry(net.trunc()).or_default().push(bridge);
        }
    }
    let mut owners: BTreeMap<String, DeviceName> = BTreeMap::new();
    for (number, nets) in subnets {
        let mut candidates = nets.iter().filter_map(|net| by_net.get(net)).flatten();
        let first = candidates.next();
        if let Some(bridge) = first.filter(|first| candidates.all(|other| other == *first))
            && !ruled.contains(bridge.as_str())
        {
            owners.insert(number, (*bridge).clone());
        }
    }
    for fact in view.facts.iter_mut().filter(|fact| fact.bridge.gone) {
        if let Some(bridge) = owners.get(&fact.bridge.name) {
            fact.bridge = Device::named(bridge);
        }
    }
    let stale = owners.into_iter().map(|(number, bridge)| (bridge, number));
    view.stale.extend(stale);
}
