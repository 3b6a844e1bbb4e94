//! Rules against what the network would make: missing, doubled, somebody else's.
//!
//! A policy that was concluded is encoded once more and read like the host's own rules; the facts
//! of both are compared. What older releases of libvirt did not make is not missed there.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Ruled;
use crate::capture::{CapturedRuleset, FileId, Origin, RuleTool, Variant};
use crate::firewall::{Family, Policy, Protocol};
use crate::lower::{FirewallLayout, encode};
use crate::recover::evidence::{Element, Finding, FindingKind};
use crate::recover::layout::{Arrangement, Fact, NatFact, NatWhat, Replies, View, What, views_of};
use crate::recover::shape::Device;
use crate::value::DeviceName;

/// Compares what a view holds with what its networks would make.
pub(super) fn compare(view: &View, networks: &mut [Ruled], leftover: &mut Vec<Finding>) {
    let expected = expected(view.arrangement, networks);
    let mut by_bridge: HashMap<&str, Vec<&Fact>> = HashMap::new();
    for fact in &view.facts {
        by_bridge.entry(&fact.bridge.name).or_default().push(fact);
    }
    let mut wanted: HashMap<&str, Vec<&Fact>> = HashMap::new();
    for fact in &expected.facts {
        wanted.entry(&fact.bridge.name).or_default().push(fact);
    }
    for network in networks.iter_mut() {
        let name = network.policy.bridge.as_str();
        let held = by_bridge.get(name).map_or(&[][..], Vec::as_slice);
        let wanted = wanted.get(name).map_or(&[][..], Vec::as_slice);
        let found = differences(view.arrangement, held, wanted);
        network.findings.extend(found);
        network.findings.extend(dead(held));
    }
    compare_nat(view, &expected.nat, networks, leftover);
    unreached(view, networks, leftover);
    if view.arrangement != Arrangement::LibvirtBuiltIn {
        if view.facts.is_empty() && view.nat.is_empty() && view.strangers.is_empty() {
            let what = view.arrangement.title();
            let message = format!("{what} are there and empty: no network is up that they are for");
            leftover.push(Finding::new(FindingKind::Note, Element::Network, message));
        }
        leftover.extend(gone(&by_bridge));
        leftover.extend(view.strangers.iter().map(|stranger| {
            let message = format!(
                "a rule in the chain {} is none that a network makes",
                stranger.chain
            );
            Finding::new(FindingKind::Differs, Element::Network, message).at([stranger.origin])
        }));
    }
}

/// Chains that nothing leads to: somebody flushed the chain that did.
fn unreached(view: &View, networks: &mut [Ruled], leftover: &mut Vec<Finding>) {
    let bridges = networks.iter().map(|it| it.policy.bridge.clone());
    let places: HashMap<DeviceName, usize> = bridges.zip(0..).collect();
    for each in &view.unreached {
        let message = format!(
            "nothing leads to the chain {}: its rules do nothing",
            each.chain
        );
        let finding = Finding::new(FindingKind::Differs, Element::Forward, message)
            .help("load the rules of the networks again, or find out who flushed the chain before")
            .at(each.origins.iter().copied());
        let of = each.bridge.as_ref().and_then(|bridge| places.get(bridge));
        match of {
            Some(at) => networks[*at].findings.push(finding),
            None => leftover.push(finding),
        }
    }
}

/// What these networks would make, read back.
fn expected(arrangement: Arrangement, networks: &[Ruled]) -> View {
    let (layout, tool) = match arrangement {
        Arrangement::LibvirtIptables | Arrangement::LibvirtBuiltIn | Arrangement::ByHand => (
            FirewallLayout::Iptables,
            RuleTool::Iptables(Variant::Unknown, Family::Ipv4),
        ),
        Arrangement::LibvirtNftables => (FirewallLayout::LibvirtNftables, RuleTool::Nft),
        Arrangement::Lanwright => (FirewallLayout::Lanwright, RuleTool::Nft),
    };
    let policy = Policy {
        networks: networks.iter().map(|it| it.policy.clone()).collect(),
    };
    let captured = CapturedRuleset {
        file: FileId(0),
        tool,
        ruleset: encode(&policy, layout),
        complete: true,
    };
    views_of(&captured)
}

/// What is missing and what is there once too often.
fn differences(arrangement: Arrangement, held: &[&Fact], wanted: &[&Fact]) -> Vec<Finding> {
    let mut there: HashMap<(Family, &What), Vec<&Fact>> = HashMap::new();
    for fact in held.iter().rev() {
        there
            .entry((fact.family, &fact.what))
            .or_default()
            .push(fact);
    }
    let mut findings = Vec::new();
    let mut known = HashSet::new();
    for fact in wanted {
        let key = (fact.family, &fact.what);
        known.insert(key);
        let found = there.get_mut(&key).and_then(Vec::pop);
        if found.is_none() && !is_newer(arrangement, &fact.what) {
            findings.push(missing(&describe(fact)));
        }
    }
    let mut left: Vec<&Fact> = there.into_values().flatten().collect();
    left.sort_by_key(|fact| fact.origin);
    findings.extend(left.iter().map(|fact| {
        let how = match known.contains(&(fact.family, &fact.what)) {
            true => "stands more than once",
            false => "is none that the network makes",
        };
        extra(&describe(fact), how, fact.origin)
    }));
    findings
}

fn missing(rule: &str) -> Finding {
    let message = format!("the rule that {rule} is missing");
    let help = "load the rules of this network again, or find out who removed it";
    Finding::new(FindingKind::Differs, Element::Forward, message).help(help)
}

fn extra(rule: &str, how: &str, origin: Origin) -> Finding {
    let message = format!("the rule that {rule} {how}");
    Finding::new(FindingKind::Differs, Element::Forward, message).at([origin])
}

/// What libvirt did not make while its rules still stood in the built-in chains.
fn is_newer(arrangement: Arrangement, what: &What) -> bool {
    let outbound = |what: &What| match what {
        What::Service {
            outbound: true,
            protocol,
            port,
        } => (*protocol, *port) != (Protocol::UDP, 68),
        What::Service { .. }
        | What::Cross
        | What::RejectOut
        | What::RejectIn
        | What::AllowOut(_)
        | What::AllowIn(..)
        | What::Checksum => false,
    };
    arrangement == Arrangement::LibvirtBuiltIn && outbound(what)
}

/// An accept below the rule that refuses everything is never asked.
fn dead(held: &[&Fact]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        let (mut out, mut into) = (false, false);
        for fact in held.iter().filter(|fact| fact.family == family) {
            let never = match &fact.what {
                What::RejectOut => {
                    out = true;
                    false
                }
                What::RejectIn => {
                    into = true;
                    false
                }
                What::AllowOut(_) => out,
                What::AllowIn(..) => into,
                What::Service { .. } | What::Cross | What::Checksum => false,
            };
            if never {
                let how = "stands below the one that refuses everything, so it does nothing";
                findings.push(extra(&describe(fact), how, fact.origin));
            }
        }
    }
    findings
}

/// Rules that rewrite sources name no bridge, so all networks are looked at together.
fn compare_nat(
    view: &View,
    expected: &[NatFact],
    networks: &mut [Ruled],
    leftover: &mut Vec<Finding>,
) {
    let mut owners: HashMap<_, usize> = HashMap::new();
    for (at, network) in networks.iter().enumerate() {
        for subnet in &network.policy.subnets {
            let key = (Family::of(&subnet.net), some(subnet.net));
            owners.entry(key).or_insert(at);
        }
    }
    let mut held: HashMap<_, Vec<&NatFact>> = HashMap::new();
    for fact in &view.nat {
        held.entry((fact.family, fact.net)).or_default().push(fact);
    }
    for fact in expected {
        let key = (fact.family, fact.net);
        let left = held.entry(key).or_default();
        let same = |other: &&NatFact| is_same(other, fact);
        match left.iter().position(same) {
            Some(at) => {
                left.remove(at);
            }
            None if !may_lack(view.arrangement, fact) => {
                if let Some(at) = owners.get(&key) {
                    networks[*at].findings.push(missing(&describe_nat(fact)));
                }
            }
            None => {}
        }
    }
    let mut surplus: Vec<&NatFact> = held.into_values().flatten().collect();
    surplus.sort_by_key(|fact| fact.origin);
    let mut orphans: BTreeMap<String, Vec<Origin>> = BTreeMap::new();
    for fact in surplus {
        let key = (fact.family, fact.net);
        let how = "is none that the network makes, or stands more than once";
        match owners.get(&key) {
            Some(at) => {
                let finding = extra(&describe_nat(fact), how, fact.origin);
                networks[*at].findings.push(finding);
            }
            None if view.arrangement == Arrangement::LibvirtBuiltIn => {}
            None => {
                let of = sources(fact);
                orphans.entry(of).or_default().push(fact.origin);
            }
        }
    }
    leftover.extend(orphans.into_iter().map(|(of, lines)| {
        let message = format!("rules about the sources of {of} belong to no network there is");
        Finding::new(FindingKind::Note, Element::Network, message).at(lines)
    }));
}

fn is_same(one: &NatFact, other: &NatFact) -> bool {
    (one.family, one.net, &one.outlet, one.what)
        == (other.family, other.net, &other.outlet, other.what)
        && one.bridge == other.bridge
}

/// What not everyone makes: releases before 5.1 knew no destinations beyond NAT at first, and
/// nothing lies outside a prefix of length 0.
fn may_lack(arrangement: Arrangement, fact: &NatFact) -> bool {
    let keeps = matches!(fact.what, NatWhat::Keep(_));
    fact.net.is_none() || keeps && arrangement == Arrangement::LibvirtBuiltIn
}

fn some(net: ipnet::IpNet) -> Option<ipnet::IpNet> {
    (net.prefix_len() > 0).then_some(net)
}

/// Rules of bridges that are gone: nft lists a number where the name was.
fn gone(by_bridge: &HashMap<&str, Vec<&Fact>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for facts in by_bridge.values() {
        let stale = |fact: &&&Fact| fact.bridge.gone;
        let Some(first) = facts.iter().find(stale) else {
            continue;
        };
        let Device { name, .. } = &first.bridge;
        let message = format!(
            "rules are bound to the device of number {name}, which is gone: they do nothing, \
             not even for a bridge that was made anew"
        );
        let help = "start the network anew, or load its rules again";
        let origins = facts.iter().filter(stale).map(|fact| fact.origin);
        let finding = Finding::new(FindingKind::Note, Element::Network, message);
        findings.push(finding.help(help).at(origins));
    }
    findings.sort_by(|one, other| one.message.cmp(&other.message));
    findings
}

/// What a rule does, as the rest of "the rule that …".
fn describe(fact: &Fact) -> String {
    let family = match fact.family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    };
    match &fact.what {
        What::Service {
            outbound: false,
            protocol,
            port,
        } => format!("opens port {port}/{protocol} of the host to guests ({family})"),
        What::Service { protocol, port, .. } => {
            format!("lets the host send to port {port}/{protocol} of guests ({family})")
        }
        What::Cross => format!("lets guests reach each other ({family})"),
        What::RejectOut => format!("refuses what else leaves the network ({family})"),
        What::RejectIn => format!("refuses what else comes into the network ({family})"),
        What::AllowOut(crossing) => format!("lets {} out", whom(crossing.net, family)),
        What::AllowIn(crossing, Replies::Only) => {
            format!("lets replies in to {}", whom(crossing.net, family))
        }
        What::AllowIn(crossing, Replies::OrNot) => {
            format!("lets everything in to {}", whom(crossing.net, family))
        }
        What::Checksum => "fills in checksums of DHCP replies".to_owned(),
    }
}

fn sources(fact: &NatFact) -> String {
    let family = match fact.family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    };
    whom(fact.net, family)
}

fn describe_nat(fact: &NatFact) -> String {
    let sources = sources(fact);
    match fact.what {
        NatWhat::Keep(to) => format!("keeps the sources of {sources} towards {to}"),
        NatWhat::Rewrite {
            protocol: Some(protocol),
            ..
        } => format!("rewrites the sources of {sources} for {protocol}"),
        NatWhat::Rewrite { protocol: None, .. } => format!("rewrites the sources of {sources}"),
    }
}

fn whom(net: Option<ipnet::IpNet>, family: &str) -> String {
    match net {
        Some(net) => net.to_string(),
        None => format!("all of {family}"),
    }
}

/// Several tools' rules for one bridge: the first arrangement that was seen is taken, and the
/// others are named.
pub(super) fn one_of(candidates: Vec<Ruled>) -> Option<Ruled> {
    let mut candidates = candidates.into_iter();
    let mut chosen = candidates.next()?;
    for other in candidates {
        let same = chosen.arrangement == other.arrangement;
        let message = match same {
            true => "the network's rules are loaded twice, by iptables-legacy and by iptables on \
                     nf_tables"
                .to_owned(),
            false => format!(
                "the network has rules in two layouts, {} and {}",
                chosen.arrangement.title(),
                other.arrangement.title()
            ),
        };
        let help = "remove the ones that are left over";
        let finding = Finding::new(FindingKind::Differs, Element::Forward, message).help(help);
        chosen.findings.push(finding.at(other.lines.network));
        chosen.findings.extend(other.findings);
    }
    Some(chosen)
}
