//! One declared network after the other: what all of them are judged by, and the [`case`] of each.

mod case;

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;

use super::device::{self, ByDevice, Expected};
use super::expect;
use super::generation::{Detected, Generation};
use super::matching::Found;
use super::report::{Drift, DriftKind, NetworkReport, Object, Place, Verdict};
use super::rules::Scene;
use super::{Question, part, service, shared};
use crate::capture::{ServiceFiles, Topic};
use crate::lower::Ir;
use crate::network::{Member, NetworkSet};
use crate::state::{Dnsmasq, Segment};
use crate::value::{DeviceName, NetworkName};
use case::Case;

/// What became of the declared networks.
#[derive(Debug, Default)]
pub struct Judged {
    /// Each of them, in order.
    pub networks: Vec<Judgement>,
    /// What is wrong with what they share.
    pub shared: Vec<Drift>,
}

/// What became of one network.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What is said of it.
    pub report: NetworkReport,
    /// Its place in the policy, if it has rules.
    pub policy: Option<usize>,
    /// The layout of its rules, if it has any.
    pub layout: Option<Generation>,
    /// Whether the host serves its guests.
    pub serves: bool,
}

/// Layouts in the order in which they are preferred where nothing tells.
const LAYOUTS: [Generation; 4] = [
    Generation::Chains,
    Generation::Nftables,
    Generation::Lanwright,
    Generation::BuiltInChains,
];

/// Fewer rules than a network has.
const FEW: usize = 4;

/// Compares every declared network with the host.
pub fn judge(
    scene: Scene<'_>,
    question: Question<'_>,
    set: &NetworkSet,
    found: &[Option<Found>],
    ir: &Ir,
    detected: &Detected,
) -> Judged {
    let court = Court::new(scene, set, ir, detected);
    let mut judged = Judged::default();
    for layout in LAYOUTS {
        let policy = part(&ir.policy, &court.layouts, layout);
        if !policy.networks.is_empty() {
            judged.shared.extend(shared::frame(scene, &policy, layout));
        }
    }
    let by_layout: HashSet<Generation> = court.layouts.iter().flatten().copied().collect();
    let frames_differ = !judged.shared.is_empty();
    let (elements, groups): (Vec<_>, Vec<_>) = court
        .elements(&by_layout)
        .into_iter()
        .partition(|(bridge, _)| bridge.is_some());
    judged
        .shared
        .extend(groups.into_iter().map(|(_, drift)| drift));
    let mut by_bridge: HashMap<CompactString, Vec<Drift>> = HashMap::new();
    for (bridge, drift) in elements {
        by_bridge
            .entry(bridge.unwrap_or_default())
            .or_default()
            .push(drift);
    }
    judged.shared.extend(court.forwarding());
    for (at, member) in set.members().iter().enumerate() {
        let segment = &ir.state.networks[at];
        let mut judgement = court.network(member, segment, &mut by_bridge);
        judgement.report.declared_in = question.files.get(at).cloned();
        court.found(&mut judgement, question, at, found);
        if frames_differ && judgement.layout.is_some() {
            spoil(&mut judgement.report);
        }
        judged.networks.push(judgement);
    }
    judged
}

/// A network whose shared part differs is not in sync.
fn spoil(report: &mut NetworkReport) {
    if report.verdict == Verdict::InSync {
        report.verdict = Verdict::Drifted;
    }
}

/// Everything that is needed to judge a network.
pub(super) struct Court<'a> {
    scene: Scene<'a>,
    ir: &'a Ir,
    detected: &'a Detected,
    by_device: ByDevice<'a>,
    expected: HashMap<&'a DeviceName, Expected<'a>>,
    /// The network that a link is counted to, where several share it.
    first: HashMap<&'a DeviceName, &'a NetworkName>,
    policies: HashMap<&'a NetworkName, usize>,
    /// The layout of each network of the policy.
    layouts: Vec<Option<Generation>>,
    services: HashMap<&'a NetworkName, &'a Dnsmasq>,
    /// dnsmasq's files by the device that they listen on, and by name.
    by_interface: HashMap<&'a str, Vec<&'a ServiceFiles>>,
    by_name: HashMap<&'a str, &'a ServiceFiles>,
    guests: HashMap<&'a DeviceName, Vec<String>>,
}

impl<'a> Court<'a> {
    fn new(scene: Scene<'a>, set: &'a NetworkSet, ir: &'a Ir, detected: &'a Detected) -> Self {
        let capture = scene.capture;
        let declared_macs = set.members().iter().filter(|it| has_mac(it));
        let declared_macs = declared_macs.filter_map(|it| it.bridge.as_ref()).collect();
        let mut first = HashMap::new();
        for segment in &ir.state.networks {
            if let Some(link) = &segment.link {
                first.entry(link).or_insert(&segment.network);
            }
        }
        let mut by_interface: HashMap<&str, Vec<&ServiceFiles>> = HashMap::new();
        for files in &capture.services {
            if let Some(link) = service::interface(&files.conf.1) {
                by_interface.entry(link).or_default().push(files);
            }
        }
        let mut guests: HashMap<&DeviceName, Vec<String>> = HashMap::new();
        for guest in &capture.guests {
            guests
                .entry(&guest.link)
                .or_default()
                .push(guest.name.clone());
        }
        let policies = ir.policy.networks.iter().enumerate();
        let mut court = Court {
            scene,
            ir,
            detected,
            by_device: ByDevice::of(capture),
            expected: device::expected(&ir.state, &declared_macs),
            first,
            policies: policies.map(|(at, it)| (&it.network, at)).collect(),
            layouts: Vec::new(),
            services: ir
                .state
                .services
                .iter()
                .map(|it| (&it.network, it))
                .collect(),
            by_interface,
            by_name: capture.services.iter().map(|it| (&*it.stem, it)).collect(),
            guests,
        };
        court.layouts = court.choose_layouts();
        court
    }

    /// How many rules of a bridge are in a layout. A rule or two of the form that libvirt's had
    /// before 5.1 are an administrator's.
    fn rules(&self, layout: Generation, bridge: &str) -> usize {
        let ruled = self.detected.used.get(&layout);
        if layout == Generation::BuiltInChains && !ruled.is_some_and(|it| it.contains(bridge)) {
            return match self.all_rules(layout, bridge) {
                0..FEW => 0,
                rules => rules,
            };
        }
        self.all_rules(layout, bridge)
    }

    fn all_rules(&self, layout: Generation, bridge: &str) -> usize {
        let networks = self.scene.observed.networks.get(&layout);
        let blocks = networks.and_then(|networks| networks.get(bridge));
        blocks.map_or(0, |blocks| blocks.values().map(Vec::len).sum())
    }

    /// The layout that has most of a network's rules; for one that has none anywhere, the one that
    /// the host's other networks have, or whose chains are there.
    fn choose_layouts(&self) -> Vec<Option<Generation>> {
        let most = |bridge: &str| {
            let counted = LAYOUTS.map(|layout| (self.rules(layout, bridge), layout));
            let best = counted.into_iter().rev().max_by_key(|(count, _)| *count);
            let ruled = best.filter(|(count, _)| *count > 0);
            ruled
                .map(|(_, layout)| layout)
                .or_else(|| self.detected.by_filter(bridge))
        };
        let networks = self.ir.policy.networks.iter();
        let chosen: Vec<Option<Generation>> = networks
            .map(|network| most(network.bridge.as_str()))
            .collect();
        let votes = |layout: &Generation| {
            let votes = chosen.iter().filter(|it| **it == Some(*layout)).count();
            let ruled = self.scene.observed.networks.get(layout);
            (votes, ruled.map_or(0, HashMap::len))
        };
        let by_vote = LAYOUTS.into_iter().rev().max_by_key(votes);
        let usual = by_vote.filter(|layout| votes(layout) > (0, 0));
        let usual = usual.or_else(|| self.frame_only());
        chosen.into_iter().map(|layout| layout.or(usual)).collect()
    }

    /// The layout whose chains are there without a rule in them.
    fn frame_only(&self) -> Option<Generation> {
        let chains = &self.scene.observed.chains;
        LAYOUTS.into_iter().find(|layout| {
            *layout != Generation::BuiltInChains
                && chains.keys().any(|spot| match layout {
                    Generation::Lanwright => spot.table == "lanwright",
                    Generation::Chains | Generation::Nftables | Generation::BuiltInChains => {
                        expect::role(*layout, *spot).is_some()
                    }
                })
        })
    }

    fn elements(&self, used: &HashSet<Generation>) -> Vec<(Option<CompactString>, Drift)> {
        if !used.contains(&Generation::Lanwright) {
            return Vec::new();
        }
        let policy = part(&self.ir.policy, &self.layouts, Generation::Lanwright);
        shared::elements(self.scene, &policy)
    }

    /// Forwarding is one setting for all networks; that of others' devices is not ours.
    fn forwarding(&self) -> Vec<Drift> {
        let capture = self.scene.capture;
        if !capture.observed(Topic::Sysctls) {
            return Vec::new();
        }
        let settings = self.ir.state.sysctls.iter();
        settings
            .filter(|setting| setting.link.is_none())
            .filter_map(|setting| device::sysctl(capture, &self.by_device, setting))
            .collect()
    }

    fn network(
        &self,
        member: &Member,
        segment: &'a Segment,
        elements: &mut HashMap<CompactString, Vec<Drift>>,
    ) -> Judgement {
        let mut case = Case::new(self, member, segment);
        case.rules(elements);
        case.link();
        case.service();
        case.close()
    }

    /// Says how a network was found, where its name does not tell.
    fn found(
        &self,
        judgement: &mut Judgement,
        question: Question<'_>,
        at: usize,
        found: &[Option<Found>],
    ) {
        let Some(found) = found.get(at).and_then(Option::as_ref) else {
            return;
        };
        judgement.report.matched_by = Some(found.by.clone());
        let declared = question.networks.members().get(at);
        let Some(named) = declared.and_then(|member| member.network.named_bridge()) else {
            return;
        };
        spoil(&mut judgement.report);
        judgement.report.drift.insert(
            0,
            Drift {
                kind: DriftKind::Changed,
                object: Object::Link,
                expected: Some(format!("bridge {named}")),
                found: Some(format!("bridge {}", found.bridge)),
                place: Place::default(),
                breaks: Some(format!("guests that are to join {named} cannot start")),
            },
        );
    }
}

fn has_mac(member: &Member) -> bool {
    let declared = member.network.as_virtual();
    declared.is_some_and(|network| network.mac.is_some())
}
