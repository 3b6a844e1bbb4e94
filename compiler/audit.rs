//! Comparing what a host should hold with what it holds.
//!
//! Declared networks are lowered, as if they were to be compiled, and each part of what comes out
//! is looked for in a capture of the host: rules a network and a chain at a time, in whichever
//! layout the host has them; devices; lines of dnsmasq's files. What was not captured is not
//! observed, which is no drift. Nothing here knows where either side came from, or how a report
//! is drawn.
//!
//! The way of an audit: [`matching`] finds each network's bridge, [`observe`] gives every rule of
//! the host to a bridge, [`network`] compares one network after the other ([`rules`], [`device`],
//! [`service`]), [`shared`] what they share, [`orphan`] takes what nobody declared, [`owner`] and
//! [`interference`] what others have there. All of it is put into a [`report::Report`].

pub mod align;
pub mod breaks;
pub mod builtin;
pub mod device;
pub mod difference;
pub mod expect;
pub mod generation;
pub mod interference;
pub mod known;
pub mod layer;
pub mod matching;
pub mod network;
pub mod observe;
pub mod orphan;
pub mod owner;
pub mod page;
pub mod report;
pub mod rules;
#[cfg(test)]
mod sample;
pub mod service;
pub mod shared;
pub mod spell;
pub mod traffic;

use std::collections::HashSet;

use compact_str::CompactString;

use crate::capture::{Capture, Origin, Topic, Variant};
use crate::firewall::{Family, Policy, Rule, Table};
use crate::lower::{self, Ir};
use crate::network::NetworkSet;

use generation::{Detected, Generation, Irregular};
use interference::Guarded;
use known::Known;
use network::Judgement;
use observe::Observed;
use owner::Learnt;
use report::{Drift, DriftKind, Host, NetworkReport, Object, Place, Report, Summary, Unexplained};
use rules::Scene;

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The declared networks.
    pub networks: &'a NetworkSet,
    /// The file that declares each of them, in the same order, as far as known.
    pub files: &'a [String],
    /// What the host holds.
    pub capture: &'a Capture,
    /// Where the capture came from, as it was named.
    pub host: &'a str,
}

/// Compares declared networks with a host.
pub fn audit(question: Question<'_>) -> Report {
    let capture = question.capture;
    let (networks, found) = matching::settle(question.networks, capture);
    let ir = lower::lower(&networks);
    let bridges: Vec<&str> = (ir.state.networks.iter())
        .filter_map(|segment| segment.link.as_ref().map(|link| link.as_str()))
        .collect();
    let observed = Observed::of(capture, known(&ir, capture), &bridges);
    let scene = Scene {
        capture,
        observed: &observed,
        gates: interference::gates(&observed),
    };
    let detected = generation::detect(capture);
    let judged = network::judge(scene, question, &networks, &found, &ir, &detected);
    let mut shared = layouts(capture, &detected);
    shared.extend(judged.shared);
    let orphans = orphan::find(scene, &bridges);
    let mut unexplained = orphans.unexplained;
    unexplained.extend(gaps(capture));
    let mut reports: Vec<NetworkReport> = Vec::new();
    reports.extend(judged.networks.iter().map(|each| each.report.clone()));
    reports.extend(orphans.networks);
    let theirs = observed.in_built_in_chains(&in_built_in_chains(&reports));
    let host = host(question, &observed, &detected);
    let mut report = Report {
        host,
        summary: Summary::default(),
        networks: reports,
        shared,
        foreign: foreign(scene, &ir, &theirs),
        interference: in_the_way(scene, &ir, &judged.networks, &theirs),
        unexplained,
    };
    report.count();
    report
}

/// The bridges whose rules stand in chains that everyone shares.
fn in_built_in_chains(networks: &[NetworkReport]) -> HashSet<&str> {
    let word = expect::word(Generation::BuiltInChains);
    let here = networks
        .iter()
        .filter(|it| it.layout.as_deref() == Some(word));
    here.filter_map(|network| network.bridge.as_deref())
        .collect()
}

/// What declared networks and the host's devices tell of bridges and subnets.
fn known(ir: &Ir, capture: &Capture) -> Known {
    let mut known = Known::default();
    for (net, bridge) in expect::subnets(&ir.policy) {
        known.subnet(net, bridge.as_str());
    }
    let declared = ir.state.networks.iter().filter_map(|it| it.link.as_ref());
    let devices = capture.devices.iter().filter(|device| device.is_bridge());
    let devices = devices.map(|device| &device.name);
    let served = capture.state.services.iter().map(|service| &service.link);
    for bridge in declared.chain(devices).chain(served) {
        known.bridge(bridge.as_str());
    }
    known
}

/// What is irregular about the layouts as a whole. What concerns one network is a difference of
/// that already.
fn layouts(capture: &Capture, detected: &Detected) -> Vec<Drift> {
    let findings = detected.findings.iter();
    let whole = findings.filter(|finding| match finding.what {
        Irregular::BothVariants => true,
        Irregular::Twice { .. } | Irregular::Number { .. } => false,
    });
    whole
        .map(|finding| Drift {
            kind: DriftKind::Unexpected,
            object: Object::Layout,
            expected: None,
            found: Some(finding.what.to_string()),
            place: origin(capture, finding.origin),
            breaks: Some("packets meet two sets of rules, and either may refuse them".to_owned()),
        })
        .collect()
}

fn origin(capture: &Capture, origin: Option<Origin>) -> Place {
    Place {
        file: origin.map(|origin| capture.name(origin.file).to_owned()),
        line: origin.and_then(|origin| origin.line),
        ..Place::default()
    }
}

fn gaps(capture: &Capture) -> impl Iterator<Item = Unexplained> {
    capture.gaps.iter().map(|gap| Unexplained {
        what: None,
        why: gap.unread.message.clone(),
        is_finding: false,
        place: Place {
            file: Some(capture.name(gap.file).to_owned()),
            line: Some(gap.unread.line),
            ..Place::default()
        },
    })
}

/// All topics, by their words in reports.
const TOPICS: [(Topic, &str); 11] = [
    (Topic::Iptables(Family::Ipv4), "iptables"),
    (Topic::Iptables(Family::Ipv6), "ip6tables"),
    (Topic::Nft, "nft"),
    (Topic::Links, "links"),
    (Topic::Addresses, "addresses"),
    (Topic::Routes(Family::Ipv4), "routes"),
    (Topic::Routes(Family::Ipv6), "routes6"),
    (Topic::Sysctls, "sysctls"),
    (Topic::Services, "services"),
    (Topic::Traffic, "traffic"),
    (Topic::Leases, "leases"),
];

fn host(question: Question<'_>, observed: &Observed<'_>, detected: &Detected) -> Host {
    let capture = question.capture;
    let topics = |seen: bool| {
        let topics = TOPICS.into_iter();
        let topics = topics.filter(|(topic, _)| capture.observed(*topic) == seen);
        topics.map(|(_, word)| word.to_owned()).collect()
    };
    let has_iptables = observed.networks.keys().any(|layout| match layout {
        Generation::BuiltInChains | Generation::Chains => true,
        Generation::Nftables | Generation::Lanwright => false,
    });
    let variant = observed.variant.filter(|_| has_iptables);
    let layouts = detected.used.keys();
    let libvirt = detected.used.keys().rev().find_map(|layout| match layout {
        Generation::BuiltInChains => Some("before 5.1"),
        Generation::Chains => Some("5.1 or later"),
        Generation::Nftables => Some("10.4 or later"),
        Generation::Lanwright => None,
    });
    // A filter that libvirt left where its rules are gone.
    let mut filtered = detected.checksum_by_filter.iter();
    let left = |bridge: &CompactString| {
        detected.by_filter(bridge) == Some(Generation::Nftables) && detected.used.is_empty()
    };
    let libvirt = libvirt.or_else(|| filtered.any(left).then_some("10.4 or later"));
    Host {
        name: question.host.to_owned(),
        layouts: layouts
            .map(|layout| expect::word(*layout).to_owned())
            .collect(),
        iptables_variant: variant.map(|variant| variant_word(variant).to_owned()),
        libvirt: libvirt.map(str::to_owned),
        observed: topics(true),
        not_observed: topics(false),
        files: capture.files.iter().map(file).collect(),
    }
}

fn variant_word(variant: Variant) -> &'static str {
    match variant {
        Variant::Legacy => "legacy",
        Variant::Nft => "nft",
        Variant::Unknown => "unknown",
    }
}

fn file(file: &crate::capture::CapturedFile) -> report::File {
    report::File {
        name: file.name.clone(),
        role: file.role.map(|role| role_word(role).to_owned()),
    }
}

/// What a file was taken for, in the words of JSON.
fn role_word(role: crate::capture::Role) -> &'static str {
    use crate::capture::Role;
    match role {
        Role::Iptables(_, Family::Ipv4) | Role::Listing(_, Family::Ipv4) => "iptables",
        Role::Iptables(_, Family::Ipv6) | Role::Listing(_, Family::Ipv6) => "ip6tables",
        Role::NftText | Role::NftJson => "nft",
        Role::Links => "links",
        Role::Addresses => "addresses",
        Role::Routes(Family::Ipv4) => "routes",
        Role::Routes(Family::Ipv6) => "routes6",
        Role::BridgePorts => "bridge-ports",
        Role::Traffic => "traffic",
        Role::Sysctls => "sysctls",
        Role::DnsmasqConf => "dnsmasq-conf",
        Role::DnsmasqHosts => "dnsmasq-hosts",
        Role::DnsmasqNames => "dnsmasq-names",
        Role::Leases => "leases",
        Role::Macs => "macs",
        Role::Definition => "definition",
        Role::Processes => "processes",
        Role::Inventory => "inventory",
    }
}

/// What other programs have, by owner.
fn foreign(scene: Scene<'_>, ir: &Ir, theirs: &HashSet<*const Rule>) -> Vec<report::ForeignRules> {
    let found = owner::foreign(scene.capture, &ir.state, |_, _, rule| {
        theirs.contains(&std::ptr::from_ref(rule))
    });
    let place = |piece: &owner::Piece| Place {
        table: Some(piece.table.to_string()),
        chain: piece.chain.as_ref().map(ToString::to_string),
        ..origin(scene.capture, Some(piece.origin()))
    };
    let rules = |foreign: owner::Foreign| report::ForeignRules {
        owner: foreign.owner,
        rules: foreign.rules(),
        tables: foreign.tables().into_iter().map(str::to_owned).collect(),
        pieces: (foreign.pieces.iter())
            .map(|piece| report::ForeignPiece {
                place: place(piece),
                last_line: piece.lines.map(|(_, last)| last),
                rules: piece.rules,
                reason: piece.reason.to_string(),
            })
            .collect(),
        effects: foreign.effects.iter().map(ToString::to_string).collect(),
    };
    found.into_iter().map(rules).collect()
}

/// What of others is in the way of the networks that are there.
fn in_the_way(
    scene: Scene<'_>,
    ir: &Ir,
    networks: &[Judgement],
    own: &HashSet<*const Rule>,
) -> Vec<report::Interference> {
    let tables: Vec<&Table> = scene.observed.layers.iter().map(|it| it.table).collect();
    let learnt = Learnt::of(&tables, &scene.capture.state, &ir.state);
    let guarded: Vec<Guarded> = networks
        .iter()
        .filter_map(|each| guarded(each, ir))
        .collect();
    interference::find(scene, &learnt, &guarded, own)
}

fn guarded(network: &Judgement, ir: &Ir) -> Option<Guarded> {
    use report::Verdict;
    let is_there = match network.report.verdict {
        Verdict::InSync | Verdict::Drifted | Verdict::Orphan => true,
        Verdict::Absent | Verdict::NotObserved => false,
    };
    let bridge = network.report.bridge.as_deref().filter(|_| is_there)?;
    let policies = &ir.policy.networks;
    let policy = network.policy.and_then(|at| policies.get(at));
    Some(Guarded {
        name: network.report.name.clone()?,
        bridge: bridge.into(),
        layout: network.layout,
        forwards: policy.is_some_and(|policy| !policy.subnets.is_empty()),
        serves: network.serves,
    })
}

/// The part of a policy whose networks are ruled in one layout.
fn part(policy: &Policy, layouts: &[Option<Generation>], layout: Generation) -> Policy {
    let networks = policy.networks.iter().zip(layouts);
    let here = networks.filter(|(_, chosen)| **chosen == Some(layout));
    Policy {
        networks: here.map(|(network, _)| network.clone()).collect(),
    }
}
