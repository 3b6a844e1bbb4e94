//! Which chains a source leads to, when networks share addresses.
//!
//! A map of prefixes refuses those that overlap. So only the widest prefixes become keys; where
//! several networks lie below one, the key leads to a chain that asks each, the one declared last
//! first, because libvirt inserts at the head.

use ipnet::IpNet;

use super::{chain_nat, translated};
use crate::firewall::{Chain, Element, Family, NetworkPolicy, Policy, Rule, Target};
use crate::value::encode as spell;

/// One of the widest prefixes, and the networks below it by their place in the policy.
struct Group {
    covering: IpNet,
    members: Vec<usize>,
}

/// The elements of the map by source, and the chains of those prefixes that several networks share.
pub(super) fn dispatch(policy: &Policy, family: Family) -> (Vec<Element>, Vec<Chain>) {
    let (mut elements, mut chains) = (Vec::new(), Vec::new());
    for group in groups(policy, family) {
        let networks: Vec<&NetworkPolicy> = group
            .members
            .iter()
            .rev()
            .map(|member| &policy.networks[*member])
            .collect();
        let owners = comment(&networks);
        let jump = match networks.as_slice() {
            [only] => chain_nat(&only.bridge),
            several => {
                let name = group_chain(&group.covering);
                let rules = several.iter().map(|network| {
                    Rule::uncounted(Vec::new(), Target::Jump(chain_nat(&network.bridge).into()))
                });
                chains.push(Chain::regular(name.clone(), rules.collect()));
                name
            }
        };
        elements.push(Element::jump(group.covering.into(), &owners, &jump));
    }
    (elements, chains)
}

/// The widest prefixes in order of address, each with all networks below it.
fn groups(policy: &Policy, family: Family) -> Vec<Group> {
    let mut prefixes: Vec<(IpNet, usize)> = Vec::new();
    for (at, network) in policy.networks.iter().enumerate() {
        let nets = translated(network).map(|subnet| subnet.net);
        let nets = nets.filter(|net| Family::of(net) == family);
        prefixes.extend(nets.map(|net| (net, at)));
    }
    prefixes.sort_by_key(|(net, at)| (net.network(), net.prefix_len(), *at));
    let mut groups: Vec<Group> = Vec::new();
    for (net, at) in prefixes {
        match groups.last_mut() {
            Some(group) if group.covering.contains(&net) => group.members.push(at),
            Some(_) | None => groups.push(Group {
                covering: net,
                members: vec![at],
            }),
        }
    }
    for group in &mut groups {
        group.members.sort_unstable();
        group.members.dedup();
    }
    groups
}

/// The networks, in the order in which they are asked.
fn comment(networks: &[&NetworkPolicy]) -> String {
    let names: Vec<&str> = networks
        .iter()
        .map(|network| network.network.as_str())
        .collect();
    spell::nft_comment(&names.join(", "))
}

/// `nat4-192.168.0.0/16`, `nat6-fd00-1--/64`.
fn group_chain(covering: &IpNet) -> String {
    match covering {
        IpNet::V4(net) => format!("nat4-{net}"),
        IpNet::V6(net) => format!("nat6-{net}").replace(':', "-"),
    }
}
