//! What a network's rules counted.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::capture::Capture;
use crate::firewall::{Match, Rule, Target};
use crate::network::Network;
use crate::value::DeviceName;
use crate::value::encode::nft_identifier;

/// What was counted of a network's packets since its rules were loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counters {
    /// Packets from and to guests that a rule let through.
    pub accepted_packets: u64,
    /// Their bytes.
    pub accepted_bytes: u64,
    /// First packets of connections that left with the host's address.
    pub masqueraded_packets: u64,
    /// Their bytes.
    pub masqueraded_bytes: u64,
}

/// The sums over a network's rules; `None` if none of them counts.
pub(super) fn counters(
    capture: &Capture,
    network: &Network,
    bridge: &DeviceName,
) -> Option<Counters> {
    let subnets = network.as_virtual().into_iter();
    let nets: Vec<IpNet> = subnets
        .flat_map(|declared| declared.subnets.iter().map(|subnet| subnet.network()))
        .collect();
    let own = ["to", "from", "nat"].map(|way| format!("{way}-{}", nft_identifier(bridge.as_str())));
    let tables = capture.rulesets.iter().flat_map(|it| &it.ruleset.tables);
    let chains = tables.flat_map(|table| &table.chains);
    let mut sum = None;
    for (chain, rule) in chains.flat_map(|chain| chain.rules.iter().map(move |rule| (chain, rule)))
    {
        let Some(counter) = rule.counter else {
            continue;
        };
        let is_own = own.contains(&chain.name);
        if rule.target == Target::Accept && (is_own || names(rule, bridge)) {
            let sum: &mut Counters = sum.get_or_insert_default();
            sum.accepted_packets += counter.packets;
            sum.accepted_bytes += counter.bytes;
        }
        let translates = matches!(rule.target, Target::Masquerade { .. } | Target::Snat(_));
        if translates && (is_own || is_from(rule, &nets)) {
            let sum: &mut Counters = sum.get_or_insert_default();
            sum.masqueraded_packets += counter.packets;
            sum.masqueraded_bytes += counter.bytes;
        }
    }
    sum
}

fn names(rule: &Rule, bridge: &DeviceName) -> bool {
    rule.matches.iter().any(|each| {
        matches!(each,
            Match::InDevice { name, negated: false, .. }
            | Match::OutDevice { name, negated: false, .. } if name.is(bridge))
    })
}

fn is_from(rule: &Rule, nets: &[IpNet]) -> bool {
    let mut matches = rule.matches.iter();
    matches.any(|each| matches!(each, Match::Source { net, negated: false } if nets.contains(net)))
}
