//! The rules that a host has for its networks, a network and a chain at a time.
//!
//! Every rule in a chain of networks is given to the bridge that it is for: by the device that
//! rules of that chain name, by its subnet, by what else it names, and last because it stands in
//! the middle of that bridge's rules. What nothing tells of is loose.

use std::collections::{BTreeSet, HashMap, HashSet};

use compact_str::CompactString;
use ipnet::IpNet;

use super::builtin::BuiltIn;
use super::expect::{Role, Spot, role};
use super::generation::Generation;
use super::known::Known;
use super::layer::{self, Layer};
use crate::capture::{Capture, RuleTool, Variant};
use crate::firewall::{Bound, Chain, Match, NormalRule, Rule, Table, TableFamily, Target};
use crate::lower::layout::native;

/// A rule of a host.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Which of the layers it is in.
    pub layer: usize,
    /// The chain it is in.
    pub spot: Spot<'a>,
    /// Its place in the chain, from 0.
    pub at: usize,
    /// The rule.
    pub rule: &'a Rule,
    /// What it says.
    pub normal: NormalRule,
}

/// The rules of one network, a chain at a time.
pub type Blocks<'a> = HashMap<Spot<'a>, Vec<Seen<'a>>>;

/// A chain of a host, and the layer that it is in.
#[derive(Clone, Copy, Debug)]
pub struct SeenChain<'a> {
    /// Which of the layers.
    pub layer: usize,
    /// The chain.
    pub chain: &'a Chain,
}

/// What a host has for its networks.
#[derive(Debug, Default)]
pub struct Observed<'a> {
    /// All tables of the host, each once.
    pub layers: Vec<Layer<'a>>,
    /// The layers that belong to the kernel whose iptables holds the rules, or to nft.
    used: Vec<bool>,
    /// The rules of each bridge in each layout.
    pub networks: HashMap<Generation, HashMap<CompactString, Blocks<'a>>>,
    /// Rules in chains of networks that belong to none that is known.
    pub loose: Vec<(Generation, Seen<'a>)>,
    /// The chains.
    pub chains: HashMap<Spot<'a>, SeenChain<'a>>,
    /// Which iptables holds the rules of networks.
    pub variant: Option<Variant>,
    /// Whose what is.
    pub known: Known,
    built_in: BuiltIn,
    /// The bridges of our own chains, by their names.
    own: HashMap<String, CompactString>,
}

impl<'a> Observed<'a> {
    /// Sorts the rules of a capture; `known` is what the declared networks tell.
    pub fn of(capture: &'a Capture, known: Known, declared: &[&str]) -> Self {
        let mut observed = Observed::unsorted(capture, known, declared);
        for (at, layer) in observed.used_layers().collect::<Vec<_>>() {
            for chain in &layer.table.chains {
                observed.sort(at, layer.table, chain);
            }
        }
        observed
    }

    /// What the rules of a capture tell of bridges and subnets, none of them sorted.
    pub fn unsorted(capture: &'a Capture, known: Known, declared: &[&str]) -> Self {
        let layers = layer::layers(capture);
        let mut observed = Observed {
            used: vec![true; layers.len()],
            layers,
            known,
            ..Observed::default()
        };
        observed.choose_variant();
        let tables: Vec<&Table> = observed.used_layers().map(|(_, l)| l.table).collect();
        observed.built_in = BuiltIn::beside(&tables, declared, observed.known.subnets());
        for bridge in declared {
            observed.own_chains(bridge);
        }
        for (at, layer) in observed.used_layers().collect::<Vec<_>>() {
            observed.learn(at, layer.table);
        }
        observed
    }

    /// The layers in which rules of networks are looked for.
    pub fn used_layers(&self) -> impl Iterator<Item = (usize, Layer<'a>)> {
        let layers = self.layers.iter().enumerate();
        layers
            .filter(|(at, _)| self.used[*at])
            .map(|(at, layer)| (at, *layer))
    }

    /// The rules of these networks that stand in chains which everyone shares.
    pub fn in_built_in_chains(&self, bridges: &HashSet<&str>) -> HashSet<*const Rule> {
        let networks = self.networks.get(&Generation::BuiltInChains);
        let networks = networks.into_iter().flatten();
        let theirs = networks.filter(|(bridge, _)| bridges.contains(bridge.as_str()));
        let seen = theirs.flat_map(|(_, blocks)| blocks.values().flatten());
        seen.map(|seen| std::ptr::from_ref(seen.rule)).collect()
    }

    /// Where both iptables have rules of networks, the one with more of them is looked at.
    fn choose_variant(&mut self) {
        let (mut legacy, mut other) = (0, 0);
        let mut named = None;
        for layer in &self.layers {
            let rules = ours(layer.table);
            match layer.tool {
                RuleTool::Iptables(Variant::Legacy, _) => legacy += rules,
                RuleTool::Iptables(variant @ (Variant::Nft | Variant::Unknown), _) => {
                    other += rules;
                    named = named.or(Some(variant).filter(|_| rules > 0));
                }
                RuleTool::Nft if layer::is_iptables(layer.table) => {
                    other += rules;
                    named = named.or(Some(Variant::Nft).filter(|_| rules > 0));
                }
                RuleTool::Nft => {}
            }
        }
        self.variant = match (legacy, other) {
            (0, _) => named,
            (_, other) if other > legacy => named,
            (_, _) => Some(Variant::Legacy),
        };
        let prefers_legacy = self.variant == Some(Variant::Legacy);
        let both = legacy > 0 && other > 0;
        for (layer, used) in self.layers.iter().zip(&mut self.used) {
            let is_legacy = matches!(layer.tool, RuleTool::Iptables(Variant::Legacy, _));
            let is_iptables = layer::is_iptables(layer.table);
            *used = !(both && is_iptables && is_legacy != prefers_legacy);
        }
    }

    fn own_chains(&mut self, bridge: &str) {
        let Ok(name) = bridge.parse() else {
            return;
        };
        for chain in [
            native::chain_to(&name),
            native::chain_from(&name),
            native::chain_nat(&name),
        ] {
            self.own.insert(chain, bridge.into());
        }
    }

    /// What this table tells of bridges and subnets.
    fn learn(&mut self, layer: usize, table: &'a Table) {
        let is_own = table.family == TableFamily::Inet && table.name == native::TABLE;
        for element in table.sets.iter().flat_map(|set| &set.elements) {
            if is_own && let Some(bridge) = element.key.device() {
                self.own_chains(bridge.name());
            }
        }
        for chain in &table.chains {
            let spot = spot(table, chain);
            // The first text that has a chain tells of it; the others are parts of the same table.
            self.chains
                .entry(spot)
                .or_insert(SeenChain { layer, chain });
            let Some(layout) = layout_of(table, chain) else {
                continue;
            };
            for rule in &chain.rules {
                let normal = NormalRule::of(rule, table.family);
                self.learn_rule(layout, spot, &normal);
            }
        }
    }

    fn learn_rule(&mut self, layout: Generation, spot: Spot<'_>, normal: &NormalRule) {
        if layout == Generation::Lanwright {
            return;
        }
        if let (Some(one), Some(other)) = (normal.iifname(), normal.oifname())
            && one == other
            && normal.target == Target::Accept
        {
            self.known.bridge(one);
        }
        if role(layout, spot) == Some(Role::Out)
            && let (Some(net), Some(bridge)) = (normal.source(), normal.iifname())
            && normal.target == Target::Accept
        {
            self.known.subnet(net, bridge);
        }
        let net = normal.source().or_else(|| normal.destination());
        if let (Some(number), Some(net)) = (number(normal), net)
            && let [bridge] = self.known.exactly(net)
        {
            let bridge = bridge.clone();
            self.known.number(number, &bridge);
        }
    }

    /// Gives every rule of a chain to the bridge that it is for.
    fn sort(&mut self, layer: usize, table: &'a Table, chain: &'a Chain) {
        let spot = spot(table, chain);
        let layout = match layout_of(table, chain) {
            Some(layout) => layout,
            None if chain.base.is_some() && layer::is_iptables(table) => {
                return self.sort_built_in(layer, table, chain);
            }
            None => return,
        };
        let Some(role) = role(layout, spot) else {
            return;
        };
        let seen: Vec<Seen<'a>> = (chain.rules.iter().enumerate())
            .map(|(at, rule)| Seen {
                layer,
                spot,
                at,
                rule,
                normal: NormalRule::of(rule, table.family),
            })
            .collect();
        let bridges = self.bridges(layout, role, chain, &seen);
        for (seen, bridge) in seen.into_iter().zip(bridges) {
            match bridge {
                Some(bridge) => self.give(layout, bridge, seen),
                None => self.loose.push((layout, seen)),
            }
        }
    }

    fn give(&mut self, layout: Generation, bridge: CompactString, seen: Seen<'a>) {
        let networks = self.networks.entry(layout).or_default();
        let blocks = networks.entry(bridge).or_default();
        blocks.entry(seen.spot).or_default().push(seen);
    }

    /// libvirt's rules of before 5.1 are told from everyone else's by their form.
    fn sort_built_in(&mut self, layer: usize, table: &'a Table, chain: &'a Chain) {
        if self.built_in.is_empty() {
            return;
        }
        for (at, rule) in chain.rules.iter().enumerate() {
            let Some(bridge) = self.built_in.bridge_of(table, chain, rule) else {
                continue;
            };
            let bridge = bridge.into();
            let seen = Seen {
                layer,
                spot: spot(table, chain),
                at,
                rule,
                normal: NormalRule::of(rule, table.family),
            };
            self.give(Generation::BuiltInChains, bridge, seen);
        }
    }

    /// The bridge of each rule of a chain.
    fn bridges(
        &self,
        layout: Generation,
        role: Role,
        chain: &Chain,
        seen: &[Seen<'a>],
    ) -> Vec<Option<CompactString>> {
        if layout == Generation::Lanwright {
            let bridge = self.own_bridge(&chain.name);
            return vec![Some(bridge); seen.len()];
        }
        let mut repeated: HashMap<&NormalRule, usize> = HashMap::new();
        let mut bridges: Vec<Option<CompactString>> = seen
            .iter()
            .map(|seen| {
                let count = repeated.entry(&seen.normal).or_default();
                *count += 1;
                self.bridge(role, &seen.normal, *count - 1)
            })
            .collect();
        self.take_in(seen, &mut bridges);
        bridges
    }

    /// A single rule that nothing tells of is taken for one of those that it stands among; several
    /// that name one device are that device's.
    fn take_in(&self, seen: &[Seen<'a>], bridges: &mut [Option<CompactString>]) {
        let known = bridges.to_vec();
        let at = |place: Option<usize>| known.get(place?)?.as_ref();
        for place in (0..seen.len()).filter(|place| known[*place].is_none()) {
            let (before, after) = (place.checked_sub(1), Some(place + 1));
            let is_edge = |place: Option<usize>| place.is_none_or(|place| place >= known.len());
            let neighbours = (at(before), at(after));
            let alone = neighbours.0.is_some() || is_edge(before);
            let alone = alone && (neighbours.1.is_some() || is_edge(after));
            bridges[place] = match neighbours {
                (Some(one), Some(other)) if alone && one == other => Some(one.clone()),
                (Some(one), None) | (None, Some(one)) if alone => Some(one.clone()),
                (_, _) => {
                    let rule = &seen[place].normal;
                    let named = rule.iifname().or_else(|| rule.oifname());
                    named.map(CompactString::from)
                }
            };
        }
    }

    /// The bridge that one of our own chains is for.
    pub fn own_bridge(&self, chain: &str) -> CompactString {
        let known = self.own.get(chain).cloned();
        let rest = || chain.split_once('-').map_or(chain, |(_, rest)| rest).into();
        known.unwrap_or_else(rest)
    }

    /// The bridge of a rule; `count` is how many of its like stand before it.
    fn bridge(&self, role: Role, rule: &NormalRule, count: usize) -> Option<CompactString> {
        let (input, output) = (self.resolved(rule, true), self.resolved(rule, false));
        let (named, other) = match role {
            Role::Input | Role::Out | Role::Forward => (input, output),
            Role::Output | Role::Into | Role::Mend => (output, input),
            Role::Cross => match (input, output) {
                (Some(input), output) if self.known.is_bridge(input) => (Some(input), output),
                (input, output) => (output, input),
            },
            Role::Nat => (None, None),
        };
        let known = named.filter(|device| self.known.is_bridge(device));
        if let Some(bridge) = known {
            return Some(bridge.into());
        }
        let shared = |bridges: &[CompactString]| {
            let at = count.checked_rem(bridges.len())?;
            bridges.get(at).cloned()
        };
        let nets = || [rule.source(), rule.destination()].into_iter().flatten();
        let exactly = nets().find_map(|net: IpNet| shared(self.known.exactly(net)));
        let near = || nets().find_map(|net| shared(self.known.near(net)));
        let other = || other.filter(|device| self.known.is_bridge(device));
        exactly
            .or_else(near)
            .or_else(|| other().map(CompactString::from))
    }

    /// The device that a rule names, also if it is a number by now.
    fn resolved<'r>(&'r self, rule: &'r NormalRule, input: bool) -> Option<&'r str> {
        let name = match input {
            true => rule.iifname(),
            false => rule.oifname(),
        };
        let was = || {
            let number = number(rule)?;
            self.known.of_number(number).map(CompactString::as_str)
        };
        name.or_else(was)
    }
}

/// A number that stands where a device's name should.
pub fn number(rule: &NormalRule) -> Option<&str> {
    let mut devices = rule.conditions().filter_map(Match::device);
    let gone = devices.find(|device| device.bound == Bound::Gone);
    gone.map(|device| device.name.name())
}

/// How many rules in chains of libvirt's there are.
fn ours(table: &Table) -> usize {
    let chains = table.chains.iter();
    let ours = chains.filter(|chain| chain.name.starts_with("LIBVIRT_"));
    ours.map(|chain| chain.rules.len() + 1).sum()
}

/// The layout that a chain of networks belongs to.
pub fn layout_of(table: &Table, chain: &Chain) -> Option<Generation> {
    let is_own = chain.name.starts_with("LIBVIRT_") && layer::is_iptables(table);
    match (table.name.as_str(), table.family) {
        (native::TABLE, TableFamily::Inet) => Some(Generation::Lanwright),
        ("libvirt_network", _) => Some(Generation::Nftables),
        (_, _) => is_own.then_some(Generation::Chains),
    }
}

/// The chain, as it is looked up.
pub fn spot<'a>(table: &'a Table, chain: &'a Chain) -> Spot<'a> {
    Spot {
        family: table.family,
        table: &table.name,
        chain: &chain.name,
    }
}

/// The bridges that rules of networks were found for, sorted.
pub fn bridges(observed: &Observed<'_>) -> BTreeSet<CompactString> {
    let networks = observed.networks.values();
    networks.flat_map(HashMap::keys).cloned().collect()
}
