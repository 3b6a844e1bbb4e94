//! What of other programs' rules matters to networks.
//!
//! Not what a packet meets in the end, which is a question of all rules together, but what a
//! reader must know of: a chain that lets nothing through by itself, addresses that are rewritten,
//! guests that are led to, bridges that are closed.

use std::fmt;
use std::net::IpAddr;

use compact_str::{CompactString, format_compact};
use ipnet::IpNet;

use super::foreign::table_name;
use super::learnt::{devices, prefixes, sources};
use super::{Judge, Owner};
use crate::audit::layer::Layer;
use crate::capture::Origin;
use crate::firewall::{BaseKind, Chain, ChainPolicy, DevicePattern, Hook, Rule, Target};
use crate::state::HostState;
use crate::value::NetworkName;

/// Something that matters to networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What.
    pub kind: EffectKind,
    /// The table and the chain: `ip filter FORWARD`.
    pub chain: CompactString,
    /// The network that it matters to; none for all.
    pub network: Option<NetworkName>,
    /// Where it is.
    pub origin: Origin,
}

/// What may matter to networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EffectKind {
    /// What is forwarded is dropped or refused unless a rule accepts it.
    ForwardDrops,
    /// What comes to the host is dropped or refused unless a rule accepts it.
    InputDrops,
    /// The source of what leaves the network may be rewritten.
    Translates,
    /// Connections from elsewhere are led to a guest.
    LeadsToGuest,
    /// What comes from the network, or goes to it, may be dropped or refused.
    Closes,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = &self.chain;
        match self.kind {
            EffectKind::ForwardDrops => {
                write!(
                    f,
                    "{chain} forwards nothing that no rule of its own accepts"
                )
            }
            EffectKind::InputDrops => {
                write!(
                    f,
                    "{chain} lets nothing to the host that no rule of its own accepts"
                )
            }
            EffectKind::Translates => write!(f, "{chain} rewrites sources{}", self.of_network()),
            EffectKind::LeadsToGuest => {
                write!(
                    f,
                    "{chain} leads connections to a guest{}",
                    self.of_network()
                )
            }
            EffectKind::Closes => {
                write!(f, "{chain} drops or refuses packets{}", self.of_network())
            }
        }
    }
}

impl Effect {
    fn of_network(&self) -> String {
        match &self.network {
            Some(network) => format!(" of the network '{network}'"),
            None => " of every network".to_owned(),
        }
    }
}

/// The networks that something may matter to.
pub(super) struct Networks<'a> {
    bridges: Vec<(DevicePattern, &'a NetworkName)>,
    subnets: Subnets<'a>,
}

/// Subnets by their first address; for each, the one among it and those before it that ends last.
struct Subnets<'a> {
    ends: Vec<(IpAddr, IpAddr, &'a NetworkName)>,
}

impl<'a> Networks<'a> {
    pub(super) fn of(networks: &'a HostState) -> Self {
        let mut bridges = Vec::new();
        for segment in &networks.networks {
            if let Some(link) = &segment.link {
                bridges.push((DevicePattern::from(link), &segment.network));
            }
        }
        let mut nets = Vec::new();
        for address in &networks.addresses {
            if let Some(network) = networks.network_on(&address.link) {
                nets.push((address.address.trunc(), network));
            }
        }
        Networks {
            bridges,
            subnets: Subnets::of(nets),
        }
    }

    /// Tells what matters in a table, and whose doing it is.
    pub(super) fn effects(
        &self,
        layer: &Layer<'_>,
        judge: &Judge<'_>,
        mut tell: impl FnMut(Owner, Effect),
    ) {
        if layer.table.flags.dormant {
            return;
        }
        for chain in &layer.table.chains {
            let whole = judge.chain(chain).map(|claim| claim.owner);
            if whole.is_some_and(Owner::is_ours) {
                continue;
            }
            let name = || format_compact!("{} {}", table_name(layer.table), chain.name);
            let at = |rule: Option<&Rule>| Origin {
                file: layer.file,
                line: rule.and_then(|rule| rule.place.get()),
            };
            if let Some((kind, rule)) = closed(chain) {
                let owner = whole.unwrap_or_else(|| match rule {
                    Some(rule) => judge.rule(chain, rule).owner,
                    None => judge.policy(chain),
                });
                tell(owner, Effect::new(kind, name(), None, at(rule)));
            }
            let mut told = Vec::new();
            for rule in &chain.rules {
                let Some((kind, network)) = self.effect(chain, rule) else {
                    continue;
                };
                let owner = whole.unwrap_or_else(|| judge.rule(chain, rule).owner);
                if !owner.is_ours() && !told.contains(&(owner, kind, network)) && told.len() < 64 {
                    told.push((owner, kind, network));
                    tell(owner, Effect::new(kind, name(), network, at(Some(rule))));
                }
            }
        }
    }

    fn effect(&self, chain: &Chain, rule: &Rule) -> Option<(EffectKind, Option<&'a NetworkName>)> {
        if let Target::Dnat(to) = &rule.target {
            let to = to.to?;
            let network = self.subnets.meets(to.start, to.end)?;
            return Some((EffectKind::LeadsToGuest, Some(network)));
        }
        let is_nat = chain
            .base
            .as_ref()
            .is_none_or(|base| base.kind == BaseKind::Nat);
        if is_nat && matches!(rule.target, Target::Masquerade { .. } | Target::Snat(_)) {
            let mut nets = sources(rule).peekable();
            if nets.peek().is_none() && devices(rule).next().is_some() && rule.matches.len() == 1 {
                return Some((EffectKind::Translates, None));
            }
            let network = nets.find_map(|net| self.subnets.overlaps(net))?;
            return Some((EffectKind::Translates, Some(network)));
        }
        if matches!(rule.target, Target::Drop | Target::Reject(_)) {
            let by_device = devices(rule).find_map(|device| self.bridge(device));
            let mut nets = prefixes(rule);
            let network = by_device.or_else(|| nets.find_map(|net| self.subnets.overlaps(net)))?;
            return Some((EffectKind::Closes, Some(network)));
        }
        None
    }

    fn bridge(&self, device: &DevicePattern) -> Option<&'a NetworkName> {
        let mut named = self.bridges.iter();
        let found = named.find(|(bridge, _)| device.covers(bridge.name()))?;
        Some(found.1)
    }
}

impl Effect {
    fn new(
        kind: EffectKind,
        chain: CompactString,
        network: Option<&NetworkName>,
        origin: Origin,
    ) -> Self {
        Effect {
            kind,
            chain,
            network: network.cloned(),
            origin,
        }
    }
}

/// Whether a chain lets nothing through that no rule accepts, and the rule that says so; none for
/// its policy.
fn closed(chain: &Chain) -> Option<(EffectKind, Option<&Rule>)> {
    let base = chain.base.as_ref()?;
    let kind = match base.hook {
        Hook::Forward => EffectKind::ForwardDrops,
        Hook::Input => EffectKind::InputDrops,
        Hook::Prerouting | Hook::Output | Hook::Postrouting | Hook::Ingress | Hook::Egress => {
            return None;
        }
    };
    let ends = |rule: &&Rule| {
        rule.matches.is_empty() && matches!(rule.target, Target::Drop | Target::Reject(_))
    };
    if let Some(rule) = chain.rules.last().filter(ends) {
        return Some((kind, Some(rule)));
    }
    (base.policy == ChainPolicy::Drop).then_some((kind, None))
}

impl<'a> Subnets<'a> {
    fn of(nets: Vec<(IpNet, &'a NetworkName)>) -> Self {
        let mut ends: Vec<(IpAddr, IpAddr, &NetworkName)> = nets
            .into_iter()
            .map(|(net, network)| (net.network(), net.broadcast(), network))
            .collect();
        ends.sort_by_key(|(start, _, _)| *start);
        for at in 1..ends.len() {
            let (_, end, network) = ends[at - 1];
            if end > ends[at].1 && end.is_ipv4() == ends[at].1.is_ipv4() {
                ends[at].1 = end;
                ends[at].2 = network;
            }
        }
        Subnets { ends }
    }

    fn overlaps(&self, net: IpNet) -> Option<&'a NetworkName> {
        self.meets(net.network(), net.broadcast())
    }

    fn meets(&self, start: IpAddr, end: IpAddr) -> Option<&'a NetworkName> {
        let before = self.ends.partition_point(|(first, _, _)| *first <= end);
        let (_, last, network) = self.ends.get(before.checked_sub(1)?)?;
        (last.is_ipv4() == start.is_ipv4() && *last >= start).then_some(*network)
    }
}
