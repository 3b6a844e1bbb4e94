//! The rules of one network: expected against found, a chain at a time.
//!
//! Blocks of networks may stand in any order; within a block the order counts. A rule that is not
//! as expected is named once: as missing, unexpected, moved, or changed into another.

use std::collections::HashSet;

use super::align::{Alignment, align};
use super::breaks::{self, Gates};
use super::expect::{self, Block, Role, Spot};
use super::generation::Generation;
use super::observe::{self, Blocks, Observed, Seen};
use super::report::{Drift, DriftKind, Object, Place};
use super::{layer, shared, spell};
use crate::capture::{Capture, Topic};
use crate::firewall::{Bound, Family, Match, NetworkPolicy, NormalRule, Rule, TableFamily};

/// What is needed to compare rules of any network.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// What was captured.
    pub capture: &'a Capture,
    /// Its rules, sorted.
    pub observed: &'a Observed<'a>,
    /// Which ways are shut.
    pub gates: Gates,
}

/// How many unexpected rules are looked at to find what a missing one was changed into.
const CANDIDATES: usize = 64;

/// The differences in one network's rules; none at all in the layout is one difference.
pub fn compare(scene: Scene<'_>, policy: &NetworkPolicy, layout: Generation) -> Vec<Drift> {
    let none = Blocks::new();
    let networks = scene.observed.networks.get(&layout);
    let found = networks.and_then(|networks| networks.get(policy.bridge.as_str()));
    let found = found.unwrap_or(&none);
    let blocks = expect::blocks(policy, layout);
    let looked_at = |block: &&Block| scene.looked_at(layout, block.family);
    if found.is_empty() && blocks.iter().any(|block| looked_at(&block)) {
        return vec![scene.no_rules(policy, layout)];
    }
    let mut drift = Vec::new();
    let mut expected: HashSet<Spot<'_>> = HashSet::new();
    for block in blocks.iter().filter(looked_at) {
        expected.insert(block.spot());
        // That a whole chain is missing is said once, where it belongs to all networks.
        if scene.observed.chains.contains_key(&block.spot()) {
            let found = found.get(&block.spot()).map_or(&[][..], Vec::as_slice);
            let poured = Block {
                rules: expect::poured(&block.rules),
                ..block.clone()
            };
            let side = Side::by_side(scene, layout, block, found);
            // One chain for all: in which order it was filled tells nothing.
            match (side.role, side.fit.moved.is_empty()) {
                (Role::Forward, false) => {
                    let other = Side::by_side(scene, layout, &poured, found);
                    drift.extend(side.or_less(&other).drift());
                }
                (_, _) => drift.extend(side.drift()),
            }
        } else if layout == Generation::Lanwright {
            let role = expect::role(layout, block.spot());
            drift.push(shared::no_chain(scene, block.spot(), role));
        }
    }
    let mut others: Vec<(&Spot<'_>, &Vec<Seen<'_>>)> = found.iter().collect();
    others.retain(|(spot, _)| !expected.contains(spot));
    others.sort_by_key(|(spot, _)| **spot);
    for seen in others.into_iter().flat_map(|(_, seen)| seen) {
        drift.push(unexpected(scene, seen, false));
    }
    drift
}

impl Scene<'_> {
    /// Whether rules of this family were looked at in the tool of this layout.
    pub fn looked_at(self, layout: Generation, family: TableFamily) -> bool {
        let topic = match (layout, family) {
            (Generation::Nftables | Generation::Lanwright, _) => Topic::Nft,
            (_, TableFamily::Ip6) => Topic::Iptables(Family::Ipv6),
            (_, _) => Topic::Iptables(Family::Ipv4),
        };
        // The tables of iptables-nft may be known from nft alone.
        self.capture.observed(topic) || self.capture.observed(Topic::Nft) && self.is_seen(family)
    }

    fn is_seen(self, family: TableFamily) -> bool {
        let layers = self.observed.used_layers();
        let mut tables = layers.map(|(_, layer)| layer.table);
        tables.any(|table| layer::is_iptables(table) && table.family == family)
    }

    /// The one difference of a network that has no rule at all in its layout.
    fn no_rules(self, policy: &NetworkPolicy, layout: Generation) -> Drift {
        let count: usize = expect::blocks(policy, layout)
            .iter()
            .map(|block| block.rules.len())
            .sum();
        let translates = policy.subnets.iter().any(|net| net.translation.is_some());
        Drift {
            kind: DriftKind::Missing,
            object: Object::Layout,
            expected: Some(format!(
                "{count} rules for {} in the layout {}",
                policy.bridge,
                expect::word(layout)
            )),
            found: None,
            place: Place::default(),
            breaks: Some(breaks::no_rules(self.gates, translates)),
        }
    }

    /// Where a rule was found.
    pub fn place(self, seen: &Seen<'_>) -> Place {
        Place {
            line: seen.rule.place.get(),
            position: Some(seen.at + 1),
            ..self.chain(seen.spot, Some(seen.layer))
        }
    }

    /// A chain, and the file that tells of it.
    pub fn chain(self, spot: Spot<'_>, layer: Option<usize>) -> Place {
        let seen = || Some(self.observed.chains.get(&spot)?.layer);
        let layer = layer.or_else(seen);
        let layer = layer.and_then(|layer| self.observed.layers.get(layer));
        Place {
            file: layer.map(|layer| self.capture.name(layer.file).to_owned()),
            line: None,
            table: Some(spell::table(spot.family, spot.table)),
            chain: Some(spot.chain.to_owned()),
            position: None,
        }
    }

    /// A rule that was found, as its tool prints it.
    pub fn text(self, seen: &Seen<'_>) -> String {
        let layer = self.observed.layers.get(seen.layer);
        let chain = self.observed.chains.get(&seen.spot);
        match (layer, chain) {
            (Some(layer), Some(chain)) => spell::rule(layer.table, chain.chain, seen.rule),
            (_, _) => spell::expected(false, seen.spot.family, seen.spot.chain, seen.rule),
        }
    }
}

/// The one difference of a network whose rules are in no layout.
pub fn nowhere(scene: Scene<'_>, policy: &NetworkPolicy) -> Drift {
    let translates = policy.subnets.iter().any(|net| net.translation.is_some());
    Drift {
        kind: DriftKind::Missing,
        object: Object::Layout,
        expected: Some(format!("rules for {} in any layout", policy.bridge)),
        found: None,
        place: Place::default(),
        breaks: Some(breaks::no_rules(scene.gates, translates)),
    }
}

/// What a network has of rules in another layout, too: those that packets meet, and those that
/// are bound to a device that is gone, which none meets.
pub fn twice(scene: Scene<'_>, bridge: &str, layout: Generation) -> Vec<Drift> {
    let networks = scene.observed.networks.get(&layout);
    let blocks = networks.and_then(|networks| networks.get(bridge));
    let all = blocks.into_iter().flat_map(|it| it.values().flatten());
    let (gone, met): (Vec<_>, Vec<_>) =
        all.partition(|seen| observe::number(&seen.normal).is_some());
    let word = expect::word(layout);
    let found = |seen: Vec<&Seen<'_>>, what: String, breaks: &str| Drift {
        kind: DriftKind::Unexpected,
        object: Object::Layout,
        expected: None,
        found: Some(what),
        place: (seen
            .iter()
            .min_by_key(|it| (it.layer, it.rule.place.get(), it.at)))
        .map(|it| scene.place(it))
        .unwrap_or_default(),
        breaks: Some(breaks.to_owned()),
    };
    let mut drift = Vec::new();
    if !met.is_empty() {
        let translates = |seen: &&Seen<'_>| expect::role(layout, seen.spot) == Some(Role::Nat);
        let breaks = match met.iter().all(translates) {
            true => {
                "nothing while both sets of rules say the same: packets meet one of the two \
                     first, which rewrites their sources or keeps them"
            }
            false => "packets meet two sets of rules, and either may refuse them",
        };
        let what = format!("{} for {bridge} in the layout {word}", rules(met.len()));
        drift.push(found(met, what, breaks));
    }
    if let Some(number) = gone.first().and_then(|seen| observe::number(&seen.normal)) {
        let what = format!(
            "{} in the layout {word} bound to the device of number {number}, which is gone",
            rules(gone.len())
        );
        let breaks = format!(
            "nothing: the rules were made for a bridge that was deleted, and no packet meets \
             them, not even those of the {bridge} that is there now"
        );
        drift.push(found(gone, what, &breaks));
    }
    drift
}

fn rules(count: usize) -> String {
    match count {
        1 => "1 rule".to_owned(),
        _ => format!("{count} rules"),
    }
}

/// A rule that no network has.
pub fn unexpected(scene: Scene<'_>, seen: &Seen<'_>, is_double: bool) -> Drift {
    Drift {
        kind: DriftKind::Unexpected,
        object: Object::Rule,
        expected: None,
        found: Some(scene.text(seen)),
        place: scene.place(seen),
        breaks: breaks::gained(&seen.normal, is_double),
    }
}

/// One chain's rules of one network, expected beside found.
struct Side<'a, 'b> {
    scene: Scene<'a>,
    layout: Generation,
    role: Role,
    block: &'b Block,
    expected: Vec<NormalRule>,
    found: &'b [Seen<'a>],
    fit: Alignment,
    /// The devices that rules of the host ask for by number.
    by_index: HashSet<&'b str>,
}

impl<'a, 'b> Side<'a, 'b> {
    fn by_side(
        scene: Scene<'a>,
        layout: Generation,
        block: &'b Block,
        found: &'b [Seen<'a>],
    ) -> Self {
        let normal = |rule: &Rule| NormalRule::of(rule, block.family);
        let expected: Vec<NormalRule> = block.rules.iter().map(normal).collect();
        let wanted: Vec<&NormalRule> = expected.iter().collect();
        let there: Vec<&NormalRule> = found.iter().map(|seen| &seen.normal).collect();
        let fit = align(&wanted, &there);
        let matches = found.iter().flat_map(|seen| &seen.rule.matches);
        Side {
            scene,
            layout,
            role: expect::role(layout, block.spot()).unwrap_or(Role::Forward),
            block,
            expected,
            found,
            fit,
            by_index: matches.filter_map(by_index).collect(),
        }
    }

    /// The one that fits better.
    fn or_less<'s>(&'s self, other: &'s Self) -> &'s Self {
        match other.fit.moved.len() < self.fit.moved.len() {
            true => other,
            false => self,
        }
    }

    fn drift(&self) -> Vec<Drift> {
        let changed = self.changed();
        let mut drift = Vec::new();
        for at in &self.fit.missing {
            match changed.iter().find(|(missing, _)| missing == at) {
                Some((_, found)) => drift.push(self.change(*at, *found)),
                None if expect::is_optional(self.layout, self.role) => {}
                None => drift.push(self.missing(*at)),
            }
        }
        drift.extend(
            self.fit
                .moved
                .iter()
                .map(|(at, found)| self.moved(*at, *found)),
        );
        let is_new = |at: &&usize| !changed.iter().any(|(_, found)| found == *at);
        let new = self.fit.unexpected.iter().filter(is_new);
        let expected: HashSet<&NormalRule> = self.expected.iter().collect();
        drift.extend(new.map(|at| {
            let seen = &self.found[*at];
            unexpected(self.scene, seen, expected.contains(&seen.normal))
        }));
        drift
    }

    /// Missing rules and the unexpected ones that they look like most, those in the same place
    /// first.
    fn changed(&self) -> Vec<(usize, usize)> {
        let mut free: Vec<usize> = self.fit.unexpected.clone();
        free.truncate(CANDIDATES);
        let mut pairs = Vec::new();
        for missing in &self.fit.missing {
            let gap = self.gap(*missing);
            let wanted = &self.expected[*missing];
            let score = |found: &usize| {
                let rule = &self.found[*found].normal;
                let likeness = wanted.likeness(rule);
                let in_place = gap.0.is_none_or(|before| before < *found)
                    && gap.1.is_none_or(|after| *found < after);
                let enough = match in_place {
                    true => 1,
                    false => 2.max(wanted.steps.len()),
                };
                (likeness >= enough).then_some((in_place, likeness))
            };
            let scored = free.iter().enumerate();
            let best = scored
                .filter_map(|(at, found)| Some((score(found)?, std::cmp::Reverse(*found), at)))
                .max();
            if let Some((_, _, at)) = best {
                pairs.push((*missing, free.remove(at)));
            }
        }
        pairs
    }

    /// The places of the rules that stand before and behind, where this one should.
    fn gap(&self, missing: usize) -> (Option<usize>, Option<usize>) {
        let behind = self.fit.kept.partition_point(|(at, _)| *at < missing);
        let before = behind.checked_sub(1).map(|at| self.fit.kept[at].1);
        (before, self.fit.kept.get(behind).map(|(_, found)| *found))
    }

    fn spelt(&self, at: usize) -> String {
        let iptables = match self.layout {
            Generation::BuiltInChains | Generation::Chains => true,
            Generation::Nftables | Generation::Lanwright => false,
        };
        let block = self.block;
        let rule = self.as_found(&block.rules[at]);
        spell::expected(iptables, block.family, &block.chain, &rule)
    }

    /// An expected rule that asks for devices in the way in which the rules of the host do.
    fn as_found(&self, rule: &Rule) -> Rule {
        let mut rule = rule.clone();
        for each in &mut rule.matches {
            if let Match::InDevice { name, bound, .. } | Match::OutDevice { name, bound, .. } = each
                && self.by_index.contains(name.name())
            {
                *bound = Bound::Index;
            }
        }
        rule
    }

    fn missing(&self, at: usize) -> Drift {
        let place = |found: usize| self.found.get(found).map(|seen| seen.at);
        let position = match self.gap(at) {
            (Some(before), _) => place(before).map(|at| at + 2),
            (None, Some(after)) => place(after).map(|at| at + 1),
            (None, None) => None,
        };
        Drift {
            kind: DriftKind::Missing,
            object: Object::Rule,
            expected: Some(self.spelt(at)),
            found: None,
            place: Place {
                position,
                ..self.scene.chain(self.block.spot(), None)
            },
            breaks: breaks::lost(self.role, &self.expected[at], self.scene.gates),
        }
    }

    fn change(&self, at: usize, found: usize) -> Drift {
        let seen = &self.found[found];
        Drift {
            kind: DriftKind::Changed,
            object: Object::Rule,
            expected: Some(self.spelt(at)),
            found: Some(self.scene.text(seen)),
            place: self.scene.place(seen),
            breaks: breaks::lost(self.role, &self.expected[at], self.scene.gates),
        }
    }

    fn moved(&self, at: usize, found: usize) -> Drift {
        let seen = &self.found[found];
        Drift {
            kind: DriftKind::Moved,
            object: Object::Rule,
            expected: Some(self.spelt(at)),
            found: Some(self.scene.text(seen)),
            place: self.scene.place(seen),
            breaks: breaks::moved(self.role, &self.expected[at], self.scene.gates),
        }
    }
}

/// The device that a rule asks for by the number that it had as the rule was loaded.
fn by_index(each: &Match) -> Option<&str> {
    let device = each.device().filter(|device| device.bound == Bound::Index);
    device.map(|device| device.name.name())
}
