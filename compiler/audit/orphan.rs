//! Networks that the host has and nobody declared, and rules among those of networks that are none.
//!
//! A bridge is a network's if something makes it one: the rule that every network has, a dnsmasq,
//! a running network of libvirt's, or several rules. A rule that merely names a bridge is no
//! network; it is unexplained.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use compact_str::CompactString;

use super::expect::{self, Role};
use super::generation::Generation;
use super::observe::{self, Blocks, Seen};
use super::report::{NetworkReport, Unexplained, Verdict};
use super::rules::Scene;
use crate::firewall::Target;
use crate::network::Network;
use crate::state::Dnsmasq;

/// What nobody declared.
#[derive(Debug, Default)]
pub struct Orphans {
    /// Networks, by bridge.
    pub networks: Vec<NetworkReport>,
    /// Rules that belong to no network.
    pub unexplained: Vec<Unexplained>,
}

/// So many rules of one bridge make a network, whatever they are.
const SEVERAL: usize = 3;

/// What the host has beside the networks on these bridges.
pub fn find(scene: Scene<'_>, declared: &[&str]) -> Orphans {
    let declared: HashSet<&str> = declared.iter().copied().collect();
    let capture = scene.capture;
    let services: HashMap<&str, &Dnsmasq> = (capture.state.services.iter())
        .map(|service| (service.link.as_str(), service))
        .collect();
    let live = capture.definitions.iter().filter(|it| it.live);
    let running: HashMap<&str, &Network> = live
        .filter_map(|it| Some((it.network.named_bridge()?.as_str(), &it.network)))
        .collect();
    let mut bridges: BTreeSet<CompactString> = observe::bridges(scene.observed);
    bridges.extend(services.keys().map(|bridge| CompactString::from(*bridge)));
    bridges.extend(running.keys().map(|bridge| CompactString::from(*bridge)));
    let mut orphans = Orphans::default();
    for bridge in bridges.iter().filter(|it| !declared.contains(it.as_str())) {
        let blocks = blocks(scene, bridge);
        let (service, network) = (
            services.get(bridge.as_str()).copied(),
            running.get(bridge.as_str()).copied(),
        );
        if service.is_some() || network.is_some() || is_network(&blocks) {
            let orphan = orphan(scene, bridge, &blocks, service, network);
            orphans.networks.push(orphan);
        } else {
            let rules = blocks.values().flat_map(|blocks| blocks.values().flatten());
            orphans
                .unexplained
                .extend(rules.map(|seen| unexplained(scene, seen)));
        }
    }
    let loose = scene.observed.loose.iter();
    orphans
        .unexplained
        .extend(loose.map(|(_, seen)| unexplained(scene, seen)));
    orphans
}

fn blocks<'s>(scene: Scene<'s>, bridge: &str) -> BTreeMap<Generation, &'s Blocks<'s>> {
    let networks = scene.observed.networks.iter();
    networks
        .filter_map(|(layout, networks)| Some((*layout, networks.get(bridge)?)))
        .collect()
}

fn is_network(blocks: &BTreeMap<Generation, &Blocks<'_>>) -> bool {
    let rules: Vec<&Seen<'_>> = blocks
        .values()
        .flat_map(|it| it.values().flatten())
        .collect();
    let crosses = |seen: &&Seen<'_>| {
        let rule = &seen.normal;
        let named = rule.iifname().is_some() && rule.iifname() == rule.oifname();
        named && rule.target == Target::Accept
    };
    rules.len() >= SEVERAL || rules.iter().any(crosses)
}

fn orphan(
    scene: Scene<'_>,
    bridge: &str,
    blocks: &BTreeMap<Generation, &Blocks<'_>>,
    service: Option<&Dnsmasq>,
    network: Option<&Network>,
) -> NetworkReport {
    let (name, by) = match (network, service) {
        (Some(network), _) => (
            Some(network.name.to_string()),
            "libvirt runs a network on the bridge",
        ),
        (None, Some(service)) => (
            Some(service.network.to_string()),
            "a dnsmasq listens on the bridge",
        ),
        (None, None) => (None, "there are rules of a network for the bridge"),
    };
    let layout = blocks.iter().max_by_key(|(_, blocks)| {
        let rules: usize = blocks.values().map(Vec::len).sum();
        rules
    });
    let layout = layout.map(|(layout, _)| *layout);
    let guests = scene.capture.guests.iter();
    let guests = guests.filter(|guest| guest.link.as_str() == bridge);
    NetworkReport {
        name,
        verdict: Verdict::Orphan,
        declared_in: None,
        bridge: Some(bridge.to_owned()),
        matched_by: Some(by.to_owned()),
        mode: network
            .map(|network| network.mode().unwrap_or("isolated").to_owned())
            .or_else(|| mode(blocks)),
        subnets: subnets(scene, bridge, blocks),
        outlet: None,
        layout: layout.map(|layout| expect::word(layout).to_owned()),
        guests: guests.map(|guest| guest.name.clone()).collect(),
        not_observed: Vec::new(),
        drift: Vec::new(),
        breaks: Vec::new(),
    }
}

/// The bridge's subnets by its addresses, else by what its rules let through.
fn subnets(
    scene: Scene<'_>,
    bridge: &str,
    blocks: &BTreeMap<Generation, &Blocks<'_>>,
) -> Vec<String> {
    let addresses = scene.capture.state.addresses.iter();
    let here = addresses.filter(|address| address.link.as_str() == bridge);
    let mut nets: Vec<String> = here.map(|it| it.address.trunc().to_string()).collect();
    if nets.is_empty() {
        let ruled: BTreeSet<_> = rules(blocks, Role::Out)
            .filter_map(|seen| seen.normal.source())
            .collect();
        nets.extend(ruled.into_iter().map(|net| net.to_string()));
    }
    nets
}

fn rules<'s>(
    blocks: &'s BTreeMap<Generation, &Blocks<'s>>,
    wanted: Role,
) -> impl Iterator<Item = &'s Seen<'s>> {
    blocks.iter().flat_map(move |(layout, blocks)| {
        let chains = blocks.iter();
        let chains = chains.filter(move |(spot, _)| expect::role(*layout, **spot) == Some(wanted));
        chains.flat_map(|(_, seen)| seen)
    })
}

/// What its rules tell of how its guests reach out.
fn mode(blocks: &BTreeMap<Generation, &Blocks<'_>>) -> Option<String> {
    if blocks.is_empty() {
        return None;
    }
    let is_nat = rules(blocks, Role::Nat).next().is_some();
    let leaves = rules(blocks, Role::Out).any(|seen| seen.normal.target == Target::Accept);
    let mode = match (is_nat, leaves) {
        (true, _) => "nat",
        (false, true) => "route",
        (false, false) => "isolated",
    };
    Some(mode.to_owned())
}

fn unexplained(scene: Scene<'_>, seen: &Seen<'_>) -> Unexplained {
    let why = match observe::number(&seen.normal) {
        Some(number) => format!(
            "the rule is bound to the device of number {number}, which is gone: no packet meets it"
        ),
        None => "the rule stands where only rules of networks stand, and is for none that is known"
            .to_owned(),
    };
    Unexplained {
        what: Some(scene.text(seen)),
        why,
        is_finding: true,
        place: scene.place(seen),
    }
}
