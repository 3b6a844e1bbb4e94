//! One declared network after the other: its verdict, and all that differs.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;

use super::device::{self, ByDevice, Expected};
use super::expect;
use super::generation::{Detected, Generation};
use super::matching::Found;
use super::report::{Drift, DriftKind, NetworkReport, Object, Place, Verdict};
use super::rules::{self, Scene};
use super::{Question, part, service, shared};
use crate::capture::{Capture, ServiceFiles, Topic};
use crate::firewall::{Family, NetworkPolicy};
use crate::lower::Ir;
use crate::network::{Member, NetworkSet};
use crate::state::{Dnsmasq, LinkKind, Segment};
use crate::value::{DeviceName, NetworkName};

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
struct Court<'a> {
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
            best.filter(|(count, _)| *count > 0)
                .map(|(_, layout)| layout)
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

/// One network being judged.
struct Case<'c, 'a> {
    court: &'c Court<'a>,
    segment: &'a Segment,
    policy: Option<(usize, &'a NetworkPolicy)>,
    layout: Option<Generation>,
    expected: Option<&'c Expected<'a>>,
    service: Option<&'a Dnsmasq>,
    drift: Vec<Drift>,
    /// Whether something was looked at that could tell.
    looked: bool,
    /// Whether the host has anything of the network.
    there: bool,
    not_observed: Vec<&'static str>,
}

impl<'c, 'a> Case<'c, 'a> {
    fn new(court: &'c Court<'a>, member: &Member, segment: &'a Segment) -> Self {
        let name = &member.network.name;
        let policy = court.policies.get(name).copied();
        let policy = policy.and_then(|at| Some((at, court.ir.policy.networks.get(at)?)));
        let layout = policy.and_then(|(at, _)| court.layouts.get(at).copied().flatten());
        let link = segment.link.as_ref();
        // What several networks share of a link is counted to the first of them.
        let is_first = |link: &&DeviceName| court.first.get(link) == Some(&name);
        let link = link.filter(is_first);
        Case {
            court,
            segment,
            policy,
            layout,
            expected: link.and_then(|link| court.expected.get(link)),
            service: court.services.get(name).copied(),
            drift: Vec::new(),
            looked: false,
            there: false,
            not_observed: Vec::new(),
        }
    }

    fn capture(&self) -> &'a Capture {
        self.court.scene.capture
    }

    /// Whether a topic was looked at; notes it if not.
    fn looks(&mut self, topic: Topic, word: &'static str) -> bool {
        let observed = self.capture().observed(topic);
        if !observed {
            self.not_observed.push(word);
        }
        observed
    }

    fn rules(&mut self, elements: &mut HashMap<CompactString, Vec<Drift>>) {
        let scene = self.court.scene;
        let Some(bridge) = self.segment.link.as_ref() else {
            return;
        };
        let count = |layout| self.court.rules(layout, bridge.as_str());
        self.there |= LAYOUTS.into_iter().any(|layout| count(layout) > 0);
        let Some((_, policy)) = self.policy else {
            self.rules_of_none(bridge);
            return;
        };
        match self.layout {
            Some(layout) => {
                self.looked = true;
                let has_ipv6 = policy.families.contains(&Family::Ipv6);
                if has_ipv6 && !scene.looked_at(layout, crate::firewall::TableFamily::Ip6) {
                    self.not_observed.push("ip6tables");
                }
                self.drift.extend(rules::compare(scene, policy, layout));
                self.drift
                    .extend(elements.remove(bridge.as_str()).unwrap_or_default());
                let others = LAYOUTS.into_iter().filter(|other| *other != layout);
                let others = others.filter(|other| count(*other) > 0);
                let twice = others.map(|other| rules::twice(scene, bridge.as_str(), other));
                self.drift.extend(twice.collect::<Vec<_>>());
            }
            None => {
                let iptables = self.looks(Topic::Iptables(Family::Ipv4), "iptables");
                let nft = self.looks(Topic::Nft, "nft");
                if iptables && nft {
                    self.looked = true;
                    self.drift.push(rules::nowhere(scene, policy));
                }
            }
        }
    }

    /// A network that libvirt makes no rules for has none.
    fn rules_of_none(&mut self, bridge: &DeviceName) {
        let scene = self.court.scene;
        for layout in LAYOUTS {
            let networks = scene.observed.networks.get(&layout);
            let blocks = networks.and_then(|networks| networks.get(bridge.as_str()));
            let mut seen: Vec<_> = blocks
                .into_iter()
                .flat_map(|it| it.values().flatten())
                .collect();
            seen.sort_by_key(|seen| (seen.spot, seen.at));
            let unexpected = seen
                .iter()
                .map(|seen| rules::unexpected(scene, seen, false));
            self.drift.extend(unexpected);
        }
    }

    fn link(&mut self) {
        let Some(expected) = self.expected else {
            return;
        };
        let name = &expected.on.link.name;
        let links = self.looks(Topic::Links, "links");
        self.looked |= links;
        self.there |= self.court.by_device.device(name).is_some();
        if !expected.on.addresses.is_empty() {
            self.looked |= self.looks(Topic::Addresses, "addresses");
            self.there |= !self.court.by_device.addresses(name).is_empty();
        }
        for (family, word) in [(Family::Ipv4, "routes"), (Family::Ipv6, "routes6")] {
            let mut routes = expected.on.routes.iter();
            if routes.any(|route| Family::of(&route.destination) == family) {
                self.looks(Topic::Routes(family), word);
            }
        }
        if !expected.sysctls.is_empty() {
            self.looks(Topic::Sysctls, "sysctls");
        }
        if expected.on.shaping.is_some() {
            self.looks(Topic::Traffic, "traffic");
        }
        let capture = self.capture();
        self.drift
            .extend(device::compare(capture, &self.court.by_device, expected));
    }

    fn service(&mut self) {
        let Some(link) = self.segment.link.as_ref() else {
            return;
        };
        let name = self.segment.network.as_str();
        let here = self.court.by_interface.get(link.as_str());
        let here = here.map_or(&[][..], Vec::as_slice);
        let named = self.court.by_name.get(name).copied();
        let Some(expected) = self.service else {
            let capture = self.capture();
            let is_virtual = self.expected.is_some_and(|it| is_made(&it.on.link.kind));
            let files = here.iter().filter(|_| is_virtual);
            self.drift
                .extend(files.map(|it| service::unexpected(capture, it)));
            return;
        };
        if !self.looks(Topic::Services, "services") {
            return;
        }
        self.looked = true;
        let of_name = here.iter().find(|files| files.stem == name);
        let found = of_name.or(here.first()).copied().or(named);
        self.there |= found.is_some();
        let capture = self.capture();
        match found {
            Some(files) => self
                .drift
                .extend(service::compare(capture, expected, files)),
            None => self.drift.push(service::missing(expected)),
        }
        let others = here
            .iter()
            .filter(|it| !found.is_some_and(|one| std::ptr::eq(one, **it)));
        self.drift
            .extend(others.map(|it| service::unexpected(capture, it)));
    }

    fn close(mut self) -> Judgement {
        let verdict = match (self.looked, self.there, self.drift.is_empty()) {
            (false, _, _) => Verdict::NotObserved,
            (true, false, false) => Verdict::Absent,
            (true, _, true) => Verdict::InSync,
            (true, true, false) => Verdict::Drifted,
        };
        let mut breaks: Vec<String> = Vec::new();
        match verdict {
            Verdict::Absent => {
                self.drift.clear();
                breaks.push("no guest can join it: the host has nothing of it".to_owned());
            }
            Verdict::InSync | Verdict::Drifted | Verdict::Orphan | Verdict::NotObserved => {
                for sentence in self.drift.iter().filter_map(|drift| drift.breaks.as_ref()) {
                    if !breaks.contains(sentence) && !sentence.starts_with("nothing") {
                        breaks.push(sentence.clone());
                    }
                }
            }
        }
        let policy = self.policy.map(|(_, policy)| policy);
        let addresses = self.expected.map(|expected| &expected.on.addresses);
        let nets = addresses.into_iter().flatten().map(|it| it.address.trunc());
        let link = self.segment.link.as_ref();
        let guests = link.and_then(|link| self.court.guests.get(link)).cloned();
        let layout = self.layout.filter(|_| verdict != Verdict::Absent);
        let report = NetworkReport {
            name: Some(self.segment.network.to_string()),
            verdict,
            declared_in: None,
            bridge: link.map(ToString::to_string),
            matched_by: None,
            mode: Some(self.segment.mode.clone()),
            subnets: nets.map(|net| net.to_string()).collect(),
            outlet: policy
                .and_then(|it| it.outlet.as_ref())
                .map(ToString::to_string),
            layout: layout.map(|layout| expect::word(layout).to_owned()),
            guests: guests.unwrap_or_default(),
            not_observed: self
                .not_observed
                .iter()
                .map(|word| (*word).to_owned())
                .collect(),
            drift: self.drift,
            breaks,
        };
        Judgement {
            report,
            policy: self.policy.map(|(at, _)| at),
            layout,
            serves: self.service.is_some(),
        }
    }
}

fn is_made(kind: &LinkKind) -> bool {
    match kind {
        LinkKind::Bridge(_) => true,
        LinkKind::ExistingBridge { .. } => false,
    }
}
