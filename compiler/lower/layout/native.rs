//! Our own layout: the table `inet lanwright`.
//!
//! Two look-ups by device name and one by source lead a packet to the few rules of its own
//! network, however many networks there are. It means what libvirt's iptables layout means for
//! forwarded and translated packets, because `to` is asked before `from`, as libvirt asks
//! `LIBVIRT_FWX` and `LIBVIRT_FWI` before `LIBVIRT_FWO`, and a chain that decides nothing returns.

mod overlap;

use ipnet::IpNet;

use super::{present, untranslated};
use crate::firewall::{
    Base, BaseKind, Chain, DevicePattern, Element, Expression, Family, Field, Hook, Lookup, Match,
    NetworkPolicy, Policy, Protocol, RejectWith, Rule, Ruleset, Set, SubnetPolicy, Table,
    TableFamily, Target,
};
use crate::value::{DeviceName, encode as spell};

/// The name of the table.
pub const TABLE: &str = "lanwright";
/// The comment on the table: the version of the layout. It cannot be changed in place, so another
/// layout must make the table anew.
pub const VERSION: &str = "lanwright 1";
/// Before everyone else: at equal priority the chain that was loaded last would be first.
const AHEAD: i32 = -5;

/// The chain of packets into the network on `bridge`.
pub fn chain_to(bridge: &DeviceName) -> String {
    format!("to-{}", spell::nft_identifier(bridge.as_str()))
}

/// The chain of packets out of the network on `bridge`.
pub fn chain_from(bridge: &DeviceName) -> String {
    format!("from-{}", spell::nft_identifier(bridge.as_str()))
}

/// The chain that rewrites sources of the network on `bridge`.
pub fn chain_nat(bridge: &DeviceName) -> String {
    format!("nat-{}", spell::nft_identifier(bridge.as_str()))
}

/// The table that holds all networks.
pub(super) fn encode(policy: &Policy) -> Ruleset {
    let mut chains = Vec::new();
    let (mut to, mut from) = (Vec::new(), Vec::new());
    for network in &policy.networks {
        let comment = spell::nft_comment(network.network.as_str());
        let mut add = |name: String, rules: Vec<Rule>| {
            chains.push(Chain {
                comment: Some(comment.clone()),
                ..Chain::regular(name, rules)
            });
        };
        let bridge = &network.bridge;
        add(chain_to(bridge), rules_to(network));
        add(chain_from(bridge), rules_from(network));
        if translated(network).next().is_some() {
            add(chain_nat(bridge), rules_nat(network));
        }
        to.push(element(network, &comment, chain_to(bridge)));
        from.push(element(network, &comment, chain_from(bridge)));
    }
    let (snat4, groups4) = overlap::dispatch(policy, Family::Ipv4);
    let (snat6, groups6) = overlap::dispatch(policy, Family::Ipv6);
    chains.extend(groups4);
    chains.extend(groups6);
    chains.push(forward());
    chains.push(postrouting());
    let sets = vec![
        Set::verdicts("to", Field::Oifname, to),
        Set::verdicts("from", Field::Iifname, from),
        Set::verdicts("snat4", Field::Saddr(Family::Ipv4), snat4),
        Set::verdicts("snat6", Field::Saddr(Family::Ipv6), snat6),
    ];
    let table = Table {
        comment: Some(VERSION.to_owned()),
        sets,
        ..Table::new(TableFamily::Inet, TABLE, chains)
    };
    Ruleset {
        tables: vec![table],
    }
}

fn element(network: &NetworkPolicy, comment: &str, chain: String) -> Element {
    let bridge = DevicePattern::from(&network.bridge);
    Element::jump(Expression::from(&bridge), comment, &chain)
}

/// Cross, allow in (related in, where sources are rewritten), reject in.
fn rules_to(network: &NetworkPolicy) -> Vec<Rule> {
    let cross = Rule::new(vec![Match::iifname(&network.bridge)], Target::Accept);
    let allow_in = network.subnets.iter().map(|subnet| {
        let matches = present([
            network.outlet.as_ref().map(Match::iifname),
            Some(inside(subnet.net, Match::destination)),
            subnet.translation.as_ref().map(|_| Match::replies()),
        ]);
        Rule::new(matches, Target::Accept)
    });
    std::iter::once(cross)
        .chain(allow_in)
        .chain([reject(network)])
        .collect()
}

/// Allow out, reject out.
fn rules_from(network: &NetworkPolicy) -> Vec<Rule> {
    let allow_out = network.subnets.iter().map(|subnet| {
        let matches = present([
            network.outlet.as_ref().map(Match::oifname),
            Some(inside(subnet.net, Match::source)),
        ]);
        Rule::new(matches, Target::Accept)
    });
    allow_out.chain([reject(network)]).collect()
}

/// Whatever was not allowed is refused, in the families that the network has.
fn reject(network: &NetworkPolicy) -> Rule {
    let ipv4_only = !network.families.contains(&Family::Ipv6);
    let matches = present([ipv4_only.then_some(Match::Family(Family::Ipv4))]);
    Rule::new(matches, Target::Reject(RejectWith::PortUnreachable))
}

/// Masquerade: TCP and UDP to their ports, the rest as it is.
fn rules_nat(network: &NetworkPolicy) -> Vec<Rule> {
    let mut rules = Vec::new();
    for subnet in translated(network) {
        let Some(translation) = &subnet.translation else {
            continue;
        };
        for protocol in [Some(Protocol::TCP), Some(Protocol::UDP), None] {
            let matches = present([
                network.outlet.as_ref().map(Match::oifname),
                Some(Match::source(subnet.net)),
                Some(Match::not_destination(subnet.net)),
                protocol.map(Match::protocol),
            ]);
            let ports = protocol.map(|_| translation.ports);
            rules.push(Rule::new(matches, translation.target(ports)));
        }
    }
    rules
}

/// The subnets whose sources are rewritten. Nothing lies outside a prefix of length 0, so nothing
/// is ever rewritten there.
fn translated(network: &NetworkPolicy) -> impl Iterator<Item = &SubnetPolicy> {
    let subnets = network.subnets.iter();
    subnets.filter(|subnet| subnet.translation.is_some() && subnet.net.prefix_len() > 0)
}

/// The match for `net`; a prefix of length 0 is the whole family.
fn inside(net: IpNet, side: impl Fn(IpNet) -> Match) -> Match {
    if net.prefix_len() == 0 {
        Match::Family(Family::of(&net))
    } else {
        side(net)
    }
}

/// Where every forwarded packet is led to its networks: into one first, then out of one.
fn forward() -> Chain {
    let base = Base::new(BaseKind::Filter, Hook::Forward, AHEAD);
    let rules = vec![lookup(Field::Oifname, "to"), lookup(Field::Iifname, "from")];
    Chain {
        base: Some(base),
        ..Chain::regular("forward", rules)
    }
}

/// Where the first packet of a connection is led to what rewrites its source. No network rewrites
/// what goes to multicast or broadcast, so those return once for all.
fn postrouting() -> Chain {
    let priority = Hook::Postrouting.iptables_priority("nat") + AHEAD;
    let base = Base::new(BaseKind::Nat, Hook::Postrouting, priority);
    let kept = [Family::Ipv4, Family::Ipv6]
        .into_iter()
        .flat_map(|family| untranslated(family).iter().rev());
    let keep = |net: &IpNet| Rule::uncounted(vec![Match::destination(*net)], Target::Return);
    let mut rules: Vec<Rule> = kept.map(keep).collect();
    rules.push(lookup(Field::Saddr(Family::Ipv4), "snat4"));
    rules.push(lookup(Field::Saddr(Family::Ipv6), "snat6"));
    Chain {
        base: Some(base),
        ..Chain::regular("postrouting", rules)
    }
}

fn lookup(key: Field, map: &str) -> Rule {
    let lookup = Lookup {
        key: key.into(),
        map: Expression::Named(map.into()),
    };
    Rule::uncounted(Vec::new(), Target::Vmap(Box::new(lookup)))
}
