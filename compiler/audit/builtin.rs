//! libvirt's rules of before 5.1, which stand in the built-in chains among everyone else's.
//!
//! Such a network is known by three rules of FORWARD that nobody else makes together: its bridge
//! to itself is accepted, and whatever else goes in or out is rejected. What else has the form of
//! libvirt's rules for one of these bridges, or for a subnet of theirs, is of that network.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use ipnet::IpNet;

use crate::firewall::{
    Bound, Chain, DevicePattern, Hook, Match, PortSide, Protocol, RejectWith, Rule, Table, Target,
};

/// The networks that are ruled in built-in chains.
#[derive(Clone, Debug, Default)]
pub struct BuiltIn {
    bridges: HashSet<CompactString>,
    subnets: HashMap<IpNet, CompactString>,
}

/// What a rule asks, if it asks nothing that libvirt's rules do not ask.
#[derive(Default)]
struct Form<'a> {
    input: Option<&'a DevicePattern>,
    output: Option<&'a DevicePattern>,
    source: Option<IpNet>,
    destination: Option<IpNet>,
    not_destination: Option<IpNet>,
    protocol: Option<Protocol>,
    port: Option<u16>,
    replies: bool,
}

impl BuiltIn {
    /// The networks of these tables.
    pub fn of(tables: &[&Table]) -> Self {
        BuiltIn::beside(tables, &[], std::iter::empty())
    }

    /// The networks of these tables, and those on these bridges with these subnets, whatever is
    /// left of their rules.
    pub fn beside<'a>(
        tables: &[&Table],
        bridges: &[&str],
        subnets: impl Iterator<Item = (IpNet, &'a CompactString)>,
    ) -> Self {
        let mut found = BuiltIn {
            bridges: bridges.iter().map(|bridge| (*bridge).into()).collect(),
            subnets: subnets.map(|(net, bridge)| (net, bridge.clone())).collect(),
        };
        for table in tables.iter().filter(|table| table.name == "filter") {
            for chain in &table.chains {
                if hook(chain) == Some(Hook::Forward) {
                    found.read_forward(chain);
                }
            }
        }
        found
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bridges.is_empty()
    }

    /// The bridges, in no order.
    pub fn bridges(&self) -> impl Iterator<Item = &str> {
        self.bridges.iter().map(CompactString::as_str)
    }

    fn read_forward(&mut self, chain: &Chain) {
        let mut seen: HashMap<&str, u8> = HashMap::new();
        let forms = || {
            let each = |rule| Some((Form::of(rule)?, &rule.target));
            chain.rules.iter().filter_map(each)
        };
        for (form, target) in forms() {
            if let Some((bridge, part)) = form.part_of_three(target) {
                *seen.entry(bridge).or_default() |= part;
            }
        }
        let whole = seen.into_iter().filter(|(_, parts)| *parts == 7);
        self.bridges
            .extend(whole.map(|(bridge, _)| CompactString::from(bridge)));
        for (form, target) in forms() {
            let leaves = form.input.and_then(|device| self.known(device));
            if let (Some(net), Some(bridge), Target::Accept) = (form.source, leaves, target) {
                let bridge = bridge.clone();
                self.subnets.insert(net, bridge);
            }
        }
    }

    fn known(&self, device: &DevicePattern) -> Option<&CompactString> {
        self.bridges
            .get(device.name())
            .filter(|_| !device.is_prefix())
    }

    /// The bridge of the network that this rule of a built-in chain is of.
    pub fn bridge_of(&self, table: &Table, chain: &Chain, rule: &Rule) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        let hook = hook(chain)?;
        let form = Form::of(rule)?;
        let input = form.input.and_then(|device| self.known(device));
        let output = form.output.and_then(|device| self.known(device));
        let found =
            match (table.name.as_str(), hook) {
                ("filter", Hook::Input) => input
                    .filter(|_| rule.target == Target::Accept && form.is_port(&[53, 67, 69, 547])),
                ("filter", Hook::Output) => output
                    .filter(|_| rule.target == Target::Accept && form.is_port(&[53, 68, 69, 546])),
                ("filter", Hook::Forward) => self.forwarded(&form, &rule.target),
                ("nat", Hook::Postrouting) => self.translated(&form, &rule.target),
                ("mangle", Hook::Postrouting) => {
                    output.filter(|_| rule.target == Target::ChecksumFill && form.is_port(&[68]))
                }
                (_, _) => None,
            };
        found.map(CompactString::as_str)
    }

    fn forwarded(&self, form: &Form<'_>, target: &Target) -> Option<&CompactString> {
        if form.protocol.is_some() || form.port.is_some() || form.not_destination.is_some() {
            return None;
        }
        if let Some((bridge, _)) = form.part_of_three(target) {
            return self.bridges.get(bridge);
        }
        let device = match (form.source, form.destination) {
            (Some(_), None) => form.input,
            (None, Some(_)) => form.output,
            (_, _) => None,
        };
        let bridge = device.and_then(|device| self.known(device));
        bridge.filter(|_| *target == Target::Accept)
    }

    fn translated(&self, form: &Form<'_>, target: &Target) -> Option<&CompactString> {
        let bridge = self.subnets.get(&form.source?)?;
        let rewrites = matches!(target, Target::Masquerade { .. } | Target::Snat(_));
        let outside = form.not_destination == form.source && rewrites;
        let beyond_no_router = form.destination.is_some() && *target == Target::Return;
        (form.input.is_none() && form.port.is_none() && (outside || beyond_no_router))
            .then_some(bridge)
    }
}

fn hook(chain: &Chain) -> Option<Hook> {
    let base = chain.base.as_ref()?;
    (base.hook.iptables_chain() == Some(&chain.name)).then_some(base.hook)
}

impl<'a> Form<'a> {
    /// What this rule asks; none if it asks something that no rule of libvirt's asks.
    fn of(rule: &'a Rule) -> Option<Self> {
        let mut form = Form::default();
        let says = |each: &&Match| !matches!(each, Match::Module(_));
        for each in rule.matches.iter().filter(says) {
            form.add(each)?;
        }
        rule.effects.is_empty().then_some(form)
    }

    fn add(&mut self, each: &'a Match) -> Option<()> {
        if let Match::InDevice {
            name,
            bound: Bound::Name,
            negated: false,
        } = each
        {
            self.input = Some(name);
        } else if let Match::OutDevice {
            name,
            bound: Bound::Name,
            negated: false,
        } = each
        {
            self.output = Some(name);
        } else if let Match::Source {
            net,
            negated: false,
        } = each
        {
            self.source = Some(*net);
        } else if let Match::Destination { net, negated } = each {
            let place = match negated {
                true => &mut self.not_destination,
                false => &mut self.destination,
            };
            *place = Some(*net);
        } else if let Match::Protocol {
            protocol,
            negated: false,
        } = each
        {
            self.protocol = Some(*protocol);
        } else if let Match::Port {
            side: PortSide::Destination,
            protocol,
            ports,
            negated: false,
        } = each
        {
            let [range] = ports.ranges() else {
                return None;
            };
            self.protocol = *protocol;
            self.port = (range.start() == range.end()).then_some(range.start());
        } else if let Match::CtState {
            states,
            negated: false,
            ..
        } = each
        {
            self.replies = *states == crate::firewall::CtStates::REPLIES;
            return self.replies.then_some(());
        } else {
            return None;
        }
        Some(())
    }

    fn is_port(&self, ports: &[u16]) -> bool {
        let no_address = self.source.is_none() && self.destination.is_none();
        no_address && self.port.is_some_and(|port| ports.contains(&port))
    }

    /// The bridge, and which of the three rules this is: 1 to itself, 2 out, 4 in.
    fn part_of_three(&self, target: &Target) -> Option<(&'a str, u8)> {
        let asks_more = self.source.is_some()
            || self.destination.is_some()
            || self.not_destination.is_some()
            || self.protocol.is_some()
            || self.replies;
        if asks_more {
            return None;
        }
        let rejects = *target == Target::Reject(RejectWith::PortUnreachable);
        match (self.input, self.output) {
            (Some(input), Some(output)) if input == output && *target == Target::Accept => {
                Some((input.name(), 1))
            }
            (Some(input), None) if rejects => Some((input.name(), 2)),
            (None, Some(output)) if rejects => Some((output.name(), 4)),
            (_, _) => None,
        }
    }
}
