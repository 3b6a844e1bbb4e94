//! One network being judged: its rules, its bridge, its dnsmasq, and the verdict.

use std::collections::HashMap;

use compact_str::CompactString;

use super::{Court, Judgement, LAYOUTS};
use crate::audit::device::{self, Expected};
use crate::audit::generation::Generation;
use crate::audit::report::{Drift, NetworkReport, Verdict};
use crate::audit::{expect, rules, service, traffic};
use crate::capture::{Capture, Topic};
use crate::firewall::{Family, NetworkPolicy, TableFamily};
use crate::network::Member;
use crate::state::{Dnsmasq, LinkKind, Segment};
use crate::value::DeviceName;

/// One network being judged.
pub(super) struct Case<'c, 'a> {
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
    pub(super) fn new(court: &'c Court<'a>, member: &Member, segment: &'a Segment) -> Self {
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

    pub(super) fn rules(&mut self, elements: &mut HashMap<CompactString, Vec<Drift>>) {
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
                if has_ipv6 && !scene.looked_at(layout, TableFamily::Ip6) {
                    self.not_observed.push("ip6tables");
                }
                self.drift.extend(rules::compare(scene, policy, layout));
                self.drift
                    .extend(elements.remove(bridge.as_str()).unwrap_or_default());
                let others = LAYOUTS.into_iter().filter(|other| *other != layout);
                let others = others.filter(|other| count(*other) > 0);
                let twice = others.flat_map(|other| rules::twice(scene, bridge.as_str(), other));
                self.drift.extend(twice.collect::<Vec<_>>());
                let queueing = self.court.by_device.queueing(bridge);
                if let Some(queueing) = queueing.filter(|_| is_filtered(layout, policy)) {
                    let missing = traffic::checksum(self.capture(), bridge, queueing);
                    self.drift.extend(missing);
                }
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

    pub(super) fn link(&mut self) {
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

    pub(super) fn service(&mut self) {
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

    pub(super) fn close(mut self) -> Judgement {
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

/// Whether a filter of `tc` must fill in the checksums of DHCP replies. Where rules do it, or the
/// kernel may be without, it need not.
fn is_filtered(layout: Generation, policy: &NetworkPolicy) -> bool {
    let by_filter = match layout {
        Generation::Nftables => true,
        Generation::BuiltInChains | Generation::Chains | Generation::Lanwright => false,
    };
    by_filter && policy.dhcp_checksum
}

fn is_made(kind: &LinkKind) -> bool {
    match kind {
        LinkKind::Bridge(_) => true,
        LinkKind::ExistingBridge { .. } => false,
    }
}
