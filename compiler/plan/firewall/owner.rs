//! Whose a rule of libvirt's chains is, by the bridge or the subnet that it names.
//!
//! Used to place rules near those of the same network, and to say whose they are; a wrong guess
//! makes no rule wrong.

use std::collections::{BTreeSet, HashMap};

use compact_str::CompactString;
use ipnet::IpNet;

use crate::firewall::{NormalRule, Ruleset};

/// What the rules of some networks tell of these networks.
#[derive(Default)]
pub(super) struct Owners {
    bridges: BTreeSet<CompactString>,
    subnets: HashMap<IpNet, CompactString>,
}

impl Owners {
    /// Learns from rules that networks are made of.
    pub(super) fn of<'a>(rulesets: impl IntoIterator<Item = &'a Ruleset>) -> Self {
        let mut owners = Owners::default();
        let mut sources = Vec::new();
        for table in rulesets.into_iter().flat_map(|ruleset| &ruleset.tables) {
            for rule in table.chains.iter().flat_map(|chain| &chain.rules) {
                let rule = NormalRule::of(rule, table.family);
                let Some(entry) = rule.iifname() else {
                    continue;
                };
                // Only what stays within a network names one bridge twice.
                if rule.oifname() == Some(entry) {
                    owners.bridges.insert(entry.into());
                }
                if let Some(net) = rule.source() {
                    sources.push((net, CompactString::from(entry)));
                }
            }
        }
        sources.retain(|(_, bridge)| owners.bridges.contains(bridge));
        owners.subnets.extend(sources);
        owners
    }

    /// The bridge of the network that a rule belongs to, if that can be told.
    pub(super) fn bridge(&self, rule: &NormalRule) -> Option<&str> {
        let known = |name: Option<&str>| self.bridges.get(name?).map(CompactString::as_str);
        let (entry, exit) = (rule.iifname(), rule.oifname());
        // The device beside the bridge may be another network's.
        if entry.is_none()
            && let Some(bridge) = rule.source().and_then(|net| self.subnets.get(&net))
        {
            return Some(bridge);
        }
        let into = rule.destination().and_then(|_| known(exit));
        into.or_else(|| known(entry)).or_else(|| known(exit))
    }
}
