//! Rules of two sides: those of networks a network at a time, all others where they stand.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::{Difference, Scope};
use crate::audit::align::align;
use crate::audit::expect::{self, Spot};
use crate::audit::generation::Generation;
use crate::audit::known::Known;
use crate::audit::observe::{Blocks, Observed, Seen, SeenChain, layout_of};
use crate::audit::report::{DriftKind, Object, Place};
use crate::audit::rules::Scene;
use crate::audit::{layer, shared, spell};
use crate::capture::{Capture, Topic};
use crate::firewall::{ChainPolicy, Element, Family, NormalRule, Rule, Table, TableFamily, Target};

/// Both sides of what is compared.
struct Both<'a> {
    a: Scene<'a>,
    b: Scene<'a>,
    scope: Scope,
}

/// A side, and what is found at one place of it.
type Found<'a> = Vec<Seen<'a>>;

/// The differences between the rules of two sides.
pub fn compare(a: &Capture, b: &Capture, scope: Scope) -> Vec<Difference> {
    let known = known(a, b);
    let of = |capture| Observed::of(capture, known.clone(), &[]);
    let (one, other) = rayon::join(|| of(a), || of(b));
    let scene = |capture, observed| Scene {
        capture,
        observed,
        gates: Default::default(),
    };
    let both = Both {
        a: scene(a, &one),
        b: scene(b, &other),
        scope,
    };
    let mut differences = both.networks();
    differences.extend(both.loose());
    differences.extend(both.chains());
    differences.extend(both.sets());
    differences
}

/// What either side tells of bridges and subnets.
fn known(a: &Capture, b: &Capture) -> Known {
    let of = |capture| Observed::unsorted(capture, Known::default(), &[]).known;
    let (one, other) = rayon::join(|| of(a), || of(b));
    let mut known = Known::default();
    for (capture, its) in [(a, one), (b, other)] {
        known.learn(&its);
        let devices = capture.devices.iter().filter(|device| device.is_bridge());
        devices.for_each(|device| known.bridge(device.name.as_str()));
        let services = capture.state.services.iter();
        services.for_each(|service| known.bridge(service.link.as_str()));
    }
    known
}

impl<'a> Both<'a> {
    /// Whether both sides were looked at for this table.
    fn compared(&self, family: TableFamily, is_iptables: bool) -> bool {
        let topic = match (is_iptables, family) {
            (true, TableFamily::Ip6) => Topic::Iptables(Family::Ipv6),
            (true, _) => Topic::Iptables(Family::Ipv4),
            (false, _) => Topic::Nft,
        };
        let observed = |scene: Scene<'_>| {
            scene.capture.observed(topic) || is_iptables && scene.capture.observed(Topic::Nft)
        };
        observed(self.a) && observed(self.b)
    }

    /// The rules of each network in each chain.
    fn networks(&self) -> Vec<Difference> {
        let mut keys: BTreeSet<(Generation, &CompactString)> = BTreeSet::new();
        for scene in [self.a, self.b] {
            for (layout, networks) in &scene.observed.networks {
                keys.extend(networks.keys().map(|bridge| (*layout, bridge)));
            }
        }
        let mut differences = Vec::new();
        for (layout, bridge) in keys {
            let of = |scene: Scene<'a>| scene.observed.networks.get(&layout)?.get(bridge);
            let (one, other) = (of(self.a), of(self.b));
            let mut spots: BTreeSet<Spot<'_>> = BTreeSet::new();
            for blocks in [one, other].into_iter().flatten() {
                spots.extend(blocks.keys().copied());
            }
            let is_iptables = match layout {
                Generation::BuiltInChains | Generation::Chains => true,
                Generation::Nftables | Generation::Lanwright => false,
            };
            for spot in spots {
                if self.compared(spot.family, is_iptables) {
                    let rules = |blocks: Option<&'a Blocks<'a>>| -> &'a [Seen<'a>] {
                        let rules = blocks.and_then(|blocks| blocks.get(&spot));
                        rules.map_or(&[], Vec::as_slice)
                    };
                    self.lists(Some(bridge), rules(one), rules(other), &mut differences);
                }
            }
        }
        differences
    }

    /// Rules among those of networks that belong to none.
    fn loose(&self) -> Vec<Difference> {
        let of = |scene: Scene<'a>| {
            let mut spots: BTreeMap<Spot<'a>, Found<'a>> = BTreeMap::new();
            for (_, seen) in &scene.observed.loose {
                spots.entry(seen.spot).or_default().push(seen.clone());
            }
            spots
        };
        let (mut a, mut b) = (of(self.a), of(self.b));
        let spots: BTreeSet<Spot<'_>> = a.keys().chain(b.keys()).copied().collect();
        let mut differences = Vec::new();
        for spot in spots {
            let (a, b) = (
                a.remove(&spot).unwrap_or_default(),
                b.remove(&spot).unwrap_or_default(),
            );
            let is_iptables = spot.chain.starts_with("LIBVIRT_");
            if self.compared(spot.family, is_iptables) {
                self.lists(None, &a, &b, &mut differences);
            }
        }
        differences
    }

    /// All chains, but for the rules of networks in them.
    fn chains(&self) -> Vec<Difference> {
        let mut spots: BTreeSet<Spot<'_>> = BTreeSet::new();
        for scene in [self.a, self.b] {
            spots.extend(scene.observed.chains.keys().copied());
        }
        let mut differences = Vec::new();
        for spot in spots {
            let (a, b) = (
                self.a.observed.chains.get(&spot),
                self.b.observed.chains.get(&spot),
            );
            let Some(table) = self.table(self.a, a).or_else(|| self.table(self.b, b)) else {
                continue;
            };
            let is_iptables = layer::is_iptables(table);
            if !self.compared(spot.family, is_iptables) {
                continue;
            }
            let layout = a.or(b).and_then(|seen| layout_of(table, seen.chain));
            let is_ours = layout.is_some();
            if self.scope != Scope::Host && !is_ours && !is_iptables {
                continue;
            }
            self.chain(spot, layout, a, b, &mut differences);
        }
        differences
    }

    fn table(&self, scene: Scene<'a>, seen: Option<&SeenChain<'a>>) -> Option<&'a Table> {
        let layer = scene.observed.layers.get(seen?.layer)?;
        Some(layer.table)
    }

    fn chain(
        &self,
        spot: Spot<'_>,
        layout: Option<Generation>,
        a: Option<&SeenChain<'a>>,
        b: Option<&SeenChain<'a>>,
        differences: &mut Vec<Difference>,
    ) {
        let is_networks = layout.is_some_and(|layout| expect::role(layout, spot).is_some());
        if self.scope == Scope::Host || layout.is_some() {
            differences.extend(self.frame(spot, a, b));
        }
        if is_networks {
            return;
        }
        let rules = |scene: Scene<'a>, seen: Option<&SeenChain<'a>>| -> Found<'a> {
            let Some(seen) = seen else {
                return Vec::new();
            };
            self.others(scene, seen)
        };
        let (one, other) = (rules(self.a, a), rules(self.b, b));
        // That a whole chain is missing was said.
        if a.is_some() && b.is_some() || is_built_in(spot) {
            self.lists(None, &one, &other, differences);
        }
    }

    /// The rules of a chain that are no network's.
    fn others(&self, scene: Scene<'a>, seen: &SeenChain<'a>) -> Found<'a> {
        let Some(table) = self.table(scene, Some(seen)) else {
            return Vec::new();
        };
        let built_in = scene.observed.networks.get(&Generation::BuiltInChains);
        let blocks = built_in.into_iter().flat_map(|networks| networks.values());
        let spot = crate::audit::observe::spot(table, seen.chain);
        let theirs: BTreeSet<usize> = blocks
            .filter_map(|blocks| blocks.get(&spot))
            .flat_map(|seen| seen.iter().map(|seen| seen.at))
            .collect();
        let is_shared = layer::is_iptables(table) && layout_of(table, seen.chain).is_none();
        let counts = |rule: &Rule| {
            self.scope == Scope::Host || !is_shared || leads_to_networks(&rule.target)
        };
        let rules = seen.chain.rules.iter().enumerate();
        rules
            .filter(|(at, rule)| !theirs.contains(at) && counts(rule))
            .map(|(at, rule)| Seen {
                layer: seen.layer,
                spot,
                at,
                rule,
                normal: NormalRule::of(rule, table.family),
            })
            .collect()
    }

    /// A chain that one side does not have, or that packets enter otherwise.
    fn frame(
        &self,
        spot: Spot<'_>,
        a: Option<&SeenChain<'a>>,
        b: Option<&SeenChain<'a>>,
    ) -> Option<Difference> {
        let line = |seen: &SeenChain<'a>| shared::base_line(seen.chain);
        let (one, other) = (a.map(line), b.map(line));
        if one == other {
            return None;
        }
        // A built-in chain that was never used may be left out of a listing.
        let is_plain = |seen: Option<&SeenChain<'a>>| {
            let base = seen.and_then(|seen| seen.chain.base.as_ref());
            seen.is_none() || base.is_some_and(|base| base.policy == ChainPolicy::Accept)
        };
        if is_built_in(spot) && is_plain(a) && is_plain(b) {
            return None;
        }
        Some(Difference {
            kind: kind(one.is_some(), other.is_some()),
            object: Object::Chain,
            network: None,
            a: one,
            b: other,
            place_a: self.a.chain(spot, None),
            place_b: self.b.chain(spot, None),
        })
    }

    fn lists<'s>(
        &self,
        network: Option<&CompactString>,
        a: &'s [Seen<'a>],
        b: &'s [Seen<'a>],
        differences: &mut Vec<Difference>,
    ) {
        let normal = |seen: &'s [Seen<'a>]| -> Vec<&'s NormalRule> {
            seen.iter().map(|seen| &seen.normal).collect()
        };
        let (one, other) = (normal(a), normal(b));
        if one == other {
            return;
        }
        let mut fit = align(&one, &other);
        let mut push = |kind, at: Option<usize>, found: Option<usize>| {
            let (at, found) = (
                at.and_then(|at| a.get(at)),
                found.and_then(|found| b.get(found)),
            );
            let place = |scene: Scene<'_>, seen: Option<&Seen<'_>>| {
                seen.map(|seen| scene.place(seen)).unwrap_or_default()
            };
            differences.push(Difference {
                kind,
                object: Object::Rule,
                network: network.map(ToString::to_string),
                a: at.map(|seen| self.a.text(seen)),
                b: found.map(|seen| self.b.text(seen)),
                place_a: place(self.a, at),
                place_b: place(self.b, found),
            });
        };
        for at in &fit.missing {
            let like = |found: &usize| one[*at].likeness(other[*found]) > 0;
            let changed = fit.unexpected.iter().take(64).position(like);
            match changed.map(|place| fit.unexpected.remove(place)) {
                Some(found) => push(DriftKind::Changed, Some(*at), Some(found)),
                None => push(DriftKind::Missing, Some(*at), None),
            }
        }
        for (at, found) in &fit.moved {
            push(DriftKind::Moved, Some(*at), Some(*found));
        }
        for found in &fit.unexpected {
            push(DriftKind::Unexpected, None, Some(*found));
        }
    }

    /// The elements of named sets and maps.
    fn sets(&self) -> Vec<Difference> {
        let of = |scene: Scene<'a>| {
            let mut elements = BTreeMap::new();
            for (at, layer) in scene.observed.used_layers() {
                let table = layer.table;
                let is_ours = table
                    .chains
                    .iter()
                    .any(|chain| layout_of(table, chain).is_some());
                if self.scope != Scope::Host && !is_ours {
                    continue;
                }
                for set in &table.sets {
                    for element in &set.elements {
                        let key = (table.family, &*table.name, &*set.name, element.key.clone());
                        elements.insert(key, (at, element));
                    }
                }
            }
            elements
        };
        let (a, b) = (of(self.a), of(self.b));
        let mut differences = Vec::new();
        let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
        for key in keys {
            let (one, other) = (a.get(key), b.get(key));
            let value =
                |found: Option<&(usize, &'a Element)>| found.map(|(_, it)| it.value.clone());
            if value(one) == value(other) || !self.compared(key.0, false) {
                continue;
            }
            let spot = Spot {
                family: key.0,
                table: key.1,
                chain: key.2,
            };
            let place = |scene: Scene<'_>, found: Option<&(usize, &Element)>| match found {
                Some((layer, _)) => scene.chain(spot, Some(*layer)),
                None => Place::default(),
            };
            differences.push(Difference {
                kind: kind(one.is_some(), other.is_some()),
                object: Object::MapElement,
                network: None,
                a: one.map(|(_, element)| spell::element(element)),
                b: other.map(|(_, element)| spell::element(element)),
                place_a: place(self.a, one),
                place_b: place(self.b, other),
            });
        }
        differences
    }
}

/// In what way something differs that one side has, or both in other words.
pub fn kind(a: bool, b: bool) -> DriftKind {
    match (a, b) {
        (true, false) => DriftKind::Missing,
        (false, _) => DriftKind::Unexpected,
        (true, true) => DriftKind::Changed,
    }
}

fn is_built_in(spot: Spot<'_>) -> bool {
    let chains = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    chains.contains(&spot.chain)
}

fn leads_to_networks(target: &Target) -> bool {
    if let Target::Jump(chain) | Target::Goto(chain) = target {
        chain.starts_with("LIBVIRT_")
    } else {
        false
    }
}
