//! What of other programs gets in the way of networks.
//!
//! Two things are looked for, because they are certain from the rules alone: a way of the host that
//! is shut to what no rule accepts, where nothing opens it for a network's bridge; and a rule that
//! drops or refuses what it knows by a network's bridge or subnet, where it is asked before the
//! network's own rules or is final anyway. What only packets could tell is not said here.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use ipnet::IpNet;

use super::breaks::Gates;
use super::generation::Generation;
use super::known::Known;
use super::layer::{self, Layer};
use super::observe::{Observed, layout_of, spot};
use super::owner::{Judge, Learnt, Owner};
use super::report::{Interference, Place};
use super::rules::Scene;
use super::spell;
use crate::firewall::{
    BaseKind, Chain, ChainPolicy, DevicePattern, Hook, Match, NormalRule, PortSide, Rule, Table,
    TableFamily, Target,
};

/// A network, as far as others can get in its way.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// Its name.
    pub name: String,
    /// Its bridge.
    pub bridge: CompactString,
    /// The layout of its rules; none if it has none.
    pub layout: Option<Generation>,
    /// Whether its guests are to reach beyond the bridge.
    pub forwards: bool,
    /// Whether the host serves its guests.
    pub serves: bool,
}

/// The chains of a table by name.
type Chains<'a> = HashMap<&'a str, &'a Chain>;

/// How deep chains are followed.
const DEEPEST: usize = 16;
/// How many rules of one chain are named.
const NAMED: usize = 32;

/// Which ways of the host are shut to what no rule accepts.
pub fn gates(observed: &Observed<'_>) -> Gates {
    let mut gates = Gates::default();
    for (_, layer) in observed.used_layers() {
        for chain in bases(layer.table) {
            let Some(hook) = chain.base.as_ref().map(|base| base.hook) else {
                continue;
            };
            let is_shut = end(chain).is_some();
            match hook {
                Hook::Input => gates.input |= is_shut,
                Hook::Forward => gates.forward |= is_shut,
                Hook::Output => gates.output |= is_shut,
                Hook::Prerouting | Hook::Postrouting | Hook::Ingress | Hook::Egress => {}
            }
        }
    }
    gates
}

/// The base chains of a table that may drop packets of IPv4, which every network has.
fn bases(table: &Table) -> impl Iterator<Item = &Chain> {
    let is_ip = match table.family {
        TableFamily::Ip | TableFamily::Inet => true,
        TableFamily::Ip6 | TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => false,
    };
    let filters = |chain: &&Chain| {
        let base = chain.base.as_ref();
        base.is_some_and(|base| base.kind == BaseKind::Filter)
    };
    table.chains.iter().filter(filters).filter(move |_| is_ip)
}

/// What ends a chain for packets that no rule accepts.
enum End<'a> {
    Policy,
    Rule(&'a Rule),
}

fn end(chain: &Chain) -> Option<End<'_>> {
    let stops = |rule: &&Rule| rule.matches.iter().all(says_nothing) && is_stop(&rule.target);
    if let Some(rule) = chain.rules.last().filter(stops) {
        return Some(End::Rule(rule));
    }
    let base = chain.base.as_ref()?;
    (base.policy == ChainPolicy::Drop).then_some(End::Policy)
}

fn says_nothing(each: &Match) -> bool {
    matches!(each, Match::Comment(_) | Match::Module(_))
}

fn is_stop(target: &Target) -> bool {
    matches!(target, Target::Drop | Target::Reject(_))
}

/// Everything that gets in the way of these networks.
/// `own` are rules of networks that stand in chains which everyone shares.
pub fn find(
    scene: Scene<'_>,
    learnt: &Learnt,
    networks: &[Guarded],
    own: &HashSet<*const Rule>,
) -> Vec<Interference> {
    let by_bridge = networks.iter().enumerate();
    let by_bridge = by_bridge.map(|(at, network)| (network.bridge.as_str(), at));
    let finder = Finder {
        scene,
        networks,
        by_bridge: by_bridge.collect(),
        known: &scene.observed.known,
        own,
    };
    let mut found = Vec::new();
    for (_, layer) in scene.observed.used_layers() {
        let judge = Judge::new(learnt, layer.table);
        let chains = layer.table.chains.iter();
        let chains = chains.map(|chain| (chain.name.as_str(), chain)).collect();
        for chain in bases(layer.table) {
            if layout_of(layer.table, chain).is_none() {
                finder.chain(layer, &judge, &chains, chain, &mut found);
            }
        }
    }
    found
}

struct Finder<'a> {
    scene: Scene<'a>,
    networks: &'a [Guarded],
    by_bridge: HashMap<&'a str, usize>,
    known: &'a Known,
    /// Rules of networks that stand in built-in chains.
    own: &'a HashSet<*const Rule>,
}

/// A chain that is being looked through, and what was found in it and the chains that it leads to.
#[derive(Default)]
struct Walk<'a> {
    seen: HashSet<&'a str>,
    /// Devices that something accepts or leads on.
    opened: Vec<&'a DevicePattern>,
    /// Whether something accepts without asking for a device.
    all: bool,
    /// Rules that stop a network's packets: the chain, the rule, the network.
    stops: Vec<(&'a Chain, &'a Rule, usize)>,
}

impl<'a> Finder<'a> {
    fn chain(
        &self,
        layer: Layer<'a>,
        judge: &Judge<'_>,
        chains: &Chains<'a>,
        chain: &'a Chain,
        found: &mut Vec<Interference>,
    ) {
        let Some(hook) = chain.base.as_ref().map(|base| base.hook) else {
            return;
        };
        if !matches!(hook, Hook::Input | Hook::Forward) {
            return;
        }
        let mut walk = Walk::default();
        self.walk(layer.table, chains, chain, 0, &mut walk);
        for (place, rule, network) in &walk.stops {
            let network = &self.networks[*network];
            if hook == Hook::Input && !network.serves {
                continue;
            }
            found.push(Interference {
                owner: owner(judge, place, rule),
                what: spell::rule(layer.table, place, rule),
                place: self.place(layer, place, Some(rule)),
                networks: vec![network.name.clone()],
                breaks: stopped(hook, &network.bridge),
            });
        }
        self.shut(layer, judge, chain, hook, &walk, found);
    }

    /// A chain that ends packets which nothing accepted.
    fn shut(
        &self,
        layer: Layer<'a>,
        judge: &Judge<'_>,
        chain: &'a Chain,
        hook: Hook,
        walk: &Walk<'a>,
        found: &mut Vec<Interference>,
    ) {
        let Some(end) = end(chain) else {
            return;
        };
        if walk.all {
            return;
        }
        let opened: HashSet<&str> = walk.opened.iter().map(|device| device.name()).collect();
        let is_opened = |bridge: &str| {
            let mut patterns = walk.opened.iter().filter(|device| device.is_prefix());
            opened.contains(bridge) || patterns.any(|device| device.covers(bridge))
        };
        let harmed = self.networks.iter().filter(|network| {
            let matters = match hook {
                Hook::Input => network.serves,
                Hook::Forward
                | Hook::Output
                | Hook::Prerouting
                | Hook::Postrouting
                | Hook::Ingress
                | Hook::Egress => network.forwards,
            };
            matters && !self.shares_chain(layer, network) && !is_opened(&network.bridge)
        });
        let harmed: Vec<String> = harmed.map(|network| network.name.clone()).collect();
        if harmed.is_empty() {
            return;
        }
        let (what, rule) = match end {
            End::Policy => (format!("policy drop of the chain {}", chain.name), None),
            End::Rule(rule) => (spell::rule(layer.table, chain, rule), Some(rule)),
        };
        found.push(Interference {
            owner: rule.map_or_else(|| judge.policy(chain), |rule| owner(judge, chain, rule)),
            what,
            place: self.place(layer, chain, rule),
            networks: harmed,
            breaks: match hook {
                Hook::Input => {
                    "guests get no DHCP lease and cannot resolve names: the host drops their \
                     requests"
                }
                Hook::Forward
                | Hook::Output
                | Hook::Prerouting
                | Hook::Postrouting
                | Hook::Ingress
                | Hook::Egress => {
                    "guests cannot reach the outside: an accept elsewhere does not open this chain"
                }
            }
            .to_owned(),
        });
    }

    /// Whether the network's own rules accept within the chain, before it ends.
    fn shares_chain(&self, layer: Layer<'_>, network: &Guarded) -> bool {
        let in_iptables = match network.layout {
            Some(Generation::BuiltInChains | Generation::Chains) => true,
            Some(Generation::Nftables | Generation::Lanwright) | None => false,
        };
        in_iptables && layer::is_iptables(layer.table)
    }

    /// Looks through a chain and those that it leads to, up to where the rules of networks begin.
    fn walk(
        &self,
        table: &Table,
        chains: &Chains<'a>,
        chain: &'a Chain,
        deep: usize,
        walk: &mut Walk<'a>,
    ) {
        if deep > DEEPEST || !walk.seen.insert(&chain.name) {
            return;
        }
        for rule in &chain.rules {
            let to = jump(&rule.target);
            if let Some(to) = to {
                if to.starts_with("LIBVIRT_") {
                    // Where chains of networks decide, what stands behind matters to no network.
                    return;
                }
                if !self.is_elsewhere(rule)
                    && let Some(next) = chains.get(to)
                {
                    self.walk(table, chains, next, deep + 1, walk);
                }
            }
            if rule.target == Target::Accept || to.is_some() {
                walk.opened.extend(devices(rule));
            }
            walk.all |= rule.target == Target::Accept && is_for_all(rule);
            if is_stop(&rule.target)
                && walk.stops.len() < NAMED
                && !self.own.contains(&std::ptr::from_ref(rule))
                && let Some(network) = self.stopped_by(rule, table.family)
            {
                walk.stops.push((chain, rule, network));
            }
        }
    }

    /// Whether a rule is for other devices than those of networks.
    fn is_elsewhere(&self, rule: &Rule) -> bool {
        let mut named = devices(rule).peekable();
        let is_network = |device: &DevicePattern| match device.is_prefix() {
            true => self.by_bridge.keys().any(|bridge| device.covers(bridge)),
            false => self.by_bridge.contains_key(device.name()),
        };
        named.peek().is_some() && !named.any(is_network)
    }

    /// The network whose packets a rule stops, as it names its bridge or its subnet.
    fn stopped_by(&self, rule: &Rule, family: TableFamily) -> Option<usize> {
        let normal = NormalRule::of(rule, family);
        // What fits no connection is nobody's traffic.
        let of_state =
            |each: &Match| matches!(each, Match::CtState { states, .. } if states.invalid);
        if normal.conditions().any(of_state) {
            return None;
        }
        for bridge in [normal.iifname(), normal.oifname()].into_iter().flatten() {
            if let Some(network) = self.by_bridge.get(bridge) {
                return Some(*network);
            }
        }
        let mut nets = [normal.source(), normal.destination()]
            .into_iter()
            .flatten();
        let network = |net: IpNet| {
            let bridge = self.known.near(net).first()?;
            self.by_bridge.get(bridge.as_str()).copied()
        };
        nets.find_map(network)
    }

    fn place(&self, layer: Layer<'_>, chain: &Chain, rule: Option<&Rule>) -> Place {
        let spot = spot(layer.table, chain);
        let at = |rule: &Rule| chain.rules.iter().position(|it| std::ptr::eq(it, rule));
        Place {
            file: Some(self.scene.capture.name(layer.file).to_owned()),
            line: rule.and_then(|rule| rule.place.get()),
            position: rule.and_then(at).map(|at| at + 1),
            ..self.scene.chain(spot, None)
        }
    }
}

/// Whether a rule is for packets through any device: all of them, or what guests ask of DHCP.
fn is_for_all(rule: &Rule) -> bool {
    let is_dhcp = |each: &Match| {
        matches!(each, Match::Port { side: PortSide::Destination, ports, negated: false, .. }
            if ports.ranges().iter().any(|range| range.start() <= 67 && 67 <= range.end()))
    };
    let is_protocol = |each: &Match| matches!(each, Match::Protocol { negated: false, .. });
    let asked = || rule.matches.iter().filter(|each| !says_nothing(each));
    asked().next().is_none()
        || asked().any(is_dhcp) && asked().all(|each| is_dhcp(each) || is_protocol(each))
}

fn owner(judge: &Judge<'_>, chain: &Chain, rule: &Rule) -> Owner {
    let whole = judge.chain(chain).map(|claim| claim.owner);
    whole.unwrap_or_else(|| judge.rule(chain, rule).owner)
}

fn stopped(hook: Hook, bridge: &str) -> String {
    match hook {
        Hook::Input => format!("what guests on {bridge} ask of the host may be dropped"),
        Hook::Forward
        | Hook::Output
        | Hook::Prerouting
        | Hook::Postrouting
        | Hook::Ingress
        | Hook::Egress => {
            format!("packets of guests on {bridge} may be dropped, whatever their network allows")
        }
    }
}

fn jump(target: &Target) -> Option<&str> {
    if let Target::Jump(chain) | Target::Goto(chain) = target {
        Some(chain)
    } else {
        None
    }
}

fn devices(rule: &Rule) -> impl Iterator<Item = &DevicePattern> {
    rule.matches.iter().filter_map(|each| {
        if let Match::InDevice {
            name,
            negated: false,
            ..
        }
        | Match::OutDevice {
            name,
            negated: false,
            ..
        } = each
        {
            Some(name)
        } else {
            None
        }
    })
}
