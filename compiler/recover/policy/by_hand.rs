//! Rules of somebody's own, as guides give them: accepts for a bridge, one rule that masquerades.
//!
//! Guides differ, so little is asked for. What such rules let in beyond what a network of its mode
//! would, they are said to let in.

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;

use super::{Bridges, Lines, Ruled, by_bridge, crossing, service};
use crate::capture::Origin;
use crate::firewall::{Family, NetworkPolicy, Protocol, SubnetPolicy, Translation};
use crate::recover::evidence::{Element, Finding, FindingKind};
use crate::recover::layout::{Arrangement, Fact, NatFact, NatWhat, Replies, View, What};
use crate::value::{DeviceName, PortRange};

/// The networks that chains of everyone's rule by hand, on bridges that nobody else rules.
pub(super) fn networks(view: &View, bridges: &Bridges, ruled: &BTreeSet<DeviceName>) -> Vec<Ruled> {
    if view.arrangement != Arrangement::LibvirtBuiltIn {
        return Vec::new();
    }
    let facts = by_bridge(view);
    let mut rewrites = BySubnet::new();
    for fact in &view.nat {
        if let NatWhat::Rewrite { .. } = fact.what {
            let key = (fact.family, fact.net);
            rewrites.entry(key).or_default().push(fact);
        }
    }
    let none = Vec::new();
    let free = bridges
        .iter()
        .filter(|(bridge, _)| !ruled.contains(*bridge));
    free.filter_map(|(bridge, nets)| {
        let facts = facts.get(bridge).unwrap_or(&none);
        network(bridge, nets, facts, &rewrites)
    })
    .collect()
}

/// What rules say, by the subnet that they name.
type BySubnet<Said> = HashMap<(Family, Option<IpNet>), Vec<Said>>;

/// What rules say of a subnet: those that name it, one around it, or none.
fn of_subnet<'a, Said>(
    rules: &'a BySubnet<Said>,
    net: &IpNet,
) -> impl Iterator<Item = &'a Said> + use<'a, Said> {
    let (family, address) = (Family::of(net), net.addr());
    let around = (0..=net.prefix_len()).filter_map(move |length| {
        let wider = IpNet::new(address, length).ok()?.trunc();
        rules.get(&(family, Some(wider)))
    });
    let any = rules.get(&(family, None));
    any.into_iter().chain(around).flatten()
}

fn network(
    bridge: &DeviceName,
    nets: &[IpNet],
    facts: &[&Fact],
    nat: &BySubnet<&NatFact>,
) -> Option<Ruled> {
    let mut subnets: Vec<IpNet> = nets.iter().map(IpNet::trunc).collect();
    let said = facts.iter().filter_map(|fact| crossing(&fact.what)?.net);
    subnets.extend(said);
    let mut seen = BTreeSet::new();
    subnets.retain(|net| seen.insert(*net));
    let outlet = outlet(facts);
    let mut lines = Lines {
        network: facts.iter().map(|fact| fact.origin).collect(),
        ..Lines::default()
    };
    lines.network.dedup();
    let mut crossings = BySubnet::new();
    for fact in facts {
        if let Some(crossing) = crossing(&fact.what) {
            let key = (fact.family, crossing.net);
            crossings.entry(key).or_default().push(fact.origin);
        }
    }
    let mut policies = Vec::new();
    for net in subnets {
        let crossing: Vec<Origin> = of_subnet(&crossings, &net).copied().collect();
        let rewrites = rewrites(nat, net, outlet.as_ref());
        if crossing.is_empty() && rewrites.is_empty() {
            continue;
        }
        policies.push(SubnetPolicy {
            net,
            translation: translation(&rewrites),
        });
        lines.crossing.push(crossing);
        let rewrites = rewrites.iter().map(|fact| fact.origin);
        lines.translation.push(rewrites.collect());
    }
    if facts.is_empty() && policies.is_empty() {
        return None;
    }
    let outlet = outlet.or_else(|| nat_outlet(nat, &policies));
    let has = |family, wanted: &dyn Fn(&What) -> bool| {
        let mut facts = facts.iter();
        facts.any(|fact| fact.family == family && wanted(&fact.what))
    };
    let ipv6 = policies.iter().any(|subnet| subnet.net.addr().is_ipv6());
    let tftp = |what: &What| service(what) == Some((Protocol::UDP, 69));
    let policy = NetworkPolicy {
        network: bridge.as_str().parse().ok()?,
        bridge: bridge.clone(),
        families: match ipv6 {
            true => vec![Family::Ipv4, Family::Ipv6],
            false => vec![Family::Ipv4],
        },
        ipv6_services: ipv6,
        tftp: has(Family::Ipv4, &tftp),
        dhcp_checksum: has(Family::Ipv4, &|what| *what == What::Checksum),
        outlet,
        subnets: policies,
    };
    let findings = findings(facts, &policy, &lines);
    Some(Ruled {
        arrangement: Arrangement::ByHand,
        name: None,
        policy,
        lines,
        findings,
    })
}

/// The device that everything leaves through, if all rules name the same.
fn outlet(facts: &[&Fact]) -> Option<DeviceName> {
    let mut outlets = facts
        .iter()
        .filter_map(|fact| crossing(&fact.what))
        .map(|crossing| crossing.outlet.as_deref());
    let first = outlets.next()??;
    let all = outlets.all(|outlet| outlet == Some(first));
    all.then(|| first.parse().ok())?
}

/// The device that all sources are rewritten for.
fn nat_outlet(nat: &BySubnet<&NatFact>, subnets: &[SubnetPolicy]) -> Option<DeviceName> {
    let mut outlets = subnets
        .iter()
        .filter(|subnet| subnet.translation.is_some())
        .flat_map(|subnet| rewrites(nat, subnet.net, None))
        .map(|fact| fact.outlet.as_deref());
    let first = outlets.next()??;
    let all = outlets.all(|outlet| outlet == Some(first));
    all.then(|| first.parse().ok())?
}

/// The rules that rewrite the sources of a subnet, in their order.
fn rewrites<'a>(
    nat: &BySubnet<&'a NatFact>,
    net: IpNet,
    outlet: Option<&DeviceName>,
) -> Vec<&'a NatFact> {
    let outlet = outlet.map(|device| device.as_str());
    let applies = |fact: &&NatFact| {
        let through = fact.outlet.as_deref();
        outlet.is_none() || through.is_none() || through == outlet
    };
    let facts = of_subnet(nat, &net).copied();
    let mut facts: Vec<&NatFact> = facts.filter(applies).collect();
    facts.sort_by_key(|fact| fact.origin);
    facts
}

fn translation(rewrites: &[&NatFact]) -> Option<Translation> {
    let mut known = None;
    for fact in rewrites {
        if let NatWhat::Rewrite {
            addresses, ports, ..
        } = fact.what
        {
            let known = known.get_or_insert(Translation {
                addresses,
                ports: PortRange::UNPRIVILEGED,
            });
            known.ports = ports.unwrap_or(known.ports);
        }
    }
    known
}

/// What the rules say beyond a network of their mode.
fn findings(facts: &[&Fact], policy: &NetworkPolicy, lines: &Lines) -> Vec<Finding> {
    let note = |message: &str| Finding::new(FindingKind::Note, Element::Forward, message);
    let made = note(
        "the rules are somebody's own; the network that stands for them also refuses whatever \
         else would cross its border",
    );
    let mut findings = vec![made.at(lines.network.iter().copied())];
    let translated = policy
        .subnets
        .iter()
        .any(|subnet| subnet.translation.is_some());
    let anything = |fact: &&&Fact| matches!(fact.what, What::AllowIn(_, Replies::OrNot));
    let open: Vec<Origin> = facts.iter().filter(anything).map(|it| it.origin).collect();
    if translated && !open.is_empty() {
        let message = "the host lets new connections in to guests, which mode='nat' would refuse";
        let finding = Finding::new(FindingKind::Differs, Element::Forward, message);
        findings.push(finding.at(open));
    }
    findings
}
