//! The rules that a network has in each layout, a chain at a time.
//!
//! `lower` encodes a policy; here it is cut into what belongs to one network alone, which is what
//! stands together on a host in whatever order networks were started.

use std::collections::HashMap;

use compact_str::CompactString;
use ipnet::IpNet;

use super::generation::Generation;
use crate::firewall::{
    Chain, Element, ElementValue, Family, NetworkPolicy, NormalRule, Policy, Rule, Ruleset,
    TableFamily, Target,
};
use crate::lower::layout::native;
use crate::lower::{FirewallLayout, encode};
use crate::value::DeviceName;

/// A chain on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot<'a> {
    /// The family of its table.
    pub family: TableFamily,
    /// Its table.
    pub table: &'a str,
    /// Its name.
    pub chain: &'a str,
}

/// The rules of one network in one chain.
#[derive(Clone, Debug)]
pub struct Block {
    /// The family of the table.
    pub family: TableFamily,
    /// The table.
    pub table: String,
    /// The chain.
    pub chain: String,
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

impl Block {
    /// The chain they are in.
    pub fn spot(&self) -> Spot<'_> {
        Spot {
            family: self.family,
            table: &self.table,
            chain: &self.chain,
        }
    }
}

/// What a chain of networks is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What guests may ask of the host.
    Input,
    /// What the host may answer.
    Output,
    /// What comes into a network.
    Into,
    /// What goes out of one.
    Out,
    /// What stays within one.
    Cross,
    /// Whose source is rewritten.
    Nat,
    /// What is mended on its way to guests.
    Mend,
    /// Everything that is forwarded: libvirt before 5.1.
    Forward,
}

/// What a chain of this layout is for; none if it is no chain of networks.
pub fn role(layout: Generation, spot: Spot<'_>) -> Option<Role> {
    match layout {
        Generation::BuiltInChains => match (spot.table, spot.chain) {
            ("filter", "INPUT") => Some(Role::Input),
            ("filter", "OUTPUT") => Some(Role::Output),
            ("filter", "FORWARD") => Some(Role::Forward),
            ("nat", "POSTROUTING") => Some(Role::Nat),
            ("mangle", "POSTROUTING") => Some(Role::Mend),
            (_, _) => None,
        },
        Generation::Chains => match (spot.table, spot.chain) {
            ("filter", "LIBVIRT_INP") => Some(Role::Input),
            ("filter", "LIBVIRT_OUT") => Some(Role::Output),
            ("filter", "LIBVIRT_FWI") => Some(Role::Into),
            ("filter", "LIBVIRT_FWO") => Some(Role::Out),
            ("filter", "LIBVIRT_FWX") => Some(Role::Cross),
            ("nat", "LIBVIRT_PRT") => Some(Role::Nat),
            ("mangle", "LIBVIRT_PRT") => Some(Role::Mend),
            (_, _) => None,
        },
        Generation::Nftables => match (spot.table, spot.chain) {
            ("libvirt_network", "guest_input") => Some(Role::Into),
            ("libvirt_network", "guest_output") => Some(Role::Out),
            ("libvirt_network", "guest_cross") => Some(Role::Cross),
            ("libvirt_network", "guest_nat") => Some(Role::Nat),
            (_, _) => None,
        },
        Generation::Lanwright => {
            let (kind, _) = spot.chain.split_once('-')?;
            match kind {
                "to" => Some(Role::Into),
                "from" => Some(Role::Out),
                "nat" => Some(Role::Nat),
                _ => None,
            }
        }
    }
}

/// The encoding of a layout.
pub fn encoding(layout: Generation) -> FirewallLayout {
    match layout {
        Generation::BuiltInChains | Generation::Chains => FirewallLayout::Iptables,
        Generation::Nftables => FirewallLayout::LibvirtNftables,
        Generation::Lanwright => FirewallLayout::Lanwright,
    }
}

/// The name of a layout in JSON and in text.
pub fn word(layout: Generation) -> &'static str {
    match layout {
        Generation::BuiltInChains => "iptables-built-in",
        Generation::Chains | Generation::Nftables | Generation::Lanwright => {
            encoding(layout).word()
        }
    }
}

/// The rules of one network, a chain at a time.
pub fn blocks(network: &NetworkPolicy, layout: Generation) -> Vec<Block> {
    let alone = Policy {
        networks: vec![network.clone()],
    };
    let ruleset = encode(&alone, encoding(layout));
    let mut blocks = Vec::new();
    for table in ruleset.tables {
        for chain in table.chains {
            let spot = Spot {
                family: table.family,
                table: &table.name,
                chain: &chain.name,
            };
            let chains = match layout {
                Generation::BuiltInChains => Generation::Chains,
                Generation::Chains | Generation::Nftables | Generation::Lanwright => layout,
            };
            if role(chains, spot).is_some() && !chain.rules.is_empty() {
                blocks.push(Block {
                    family: table.family,
                    table: table.name.clone(),
                    chain: chain.name,
                    rules: chain.rules,
                });
            }
        }
    }
    match layout {
        Generation::BuiltInChains => into_built_in(blocks),
        Generation::Chains | Generation::Nftables | Generation::Lanwright => blocks,
    }
}

/// Where libvirt before 5.1 put the same rules.
fn into_built_in(blocks: Vec<Block>) -> Vec<Block> {
    let mut forward: HashMap<TableFamily, [Vec<Rule>; 3]> = HashMap::new();
    let mut others = Vec::new();
    for block in blocks {
        let part = match block.chain.as_str() {
            "LIBVIRT_FWI" => 0,
            "LIBVIRT_FWO" => 1,
            "LIBVIRT_FWX" => 2,
            chain => {
                let built_in = match chain {
                    "LIBVIRT_INP" => "INPUT",
                    "LIBVIRT_OUT" => "OUTPUT",
                    _ => "POSTROUTING",
                };
                others.push(Block {
                    chain: built_in.to_owned(),
                    ..block
                });
                continue;
            }
        };
        forward.entry(block.family).or_default()[part] = block.rules;
    }
    for (family, [into, out, cross]) in forward {
        others.push(Block {
            family,
            table: "filter".to_owned(),
            chain: "FORWARD".to_owned(),
            rules: one_chain(into, out, cross),
        });
    }
    others.sort_by(|one, other| one.spot().cmp(&other.spot()));
    others
}

/// The rules of three chains as libvirt inserted them into one: for each address the way in and the
/// way out, then within the network, then what is rejected.
fn one_chain(mut into: Vec<Rule>, mut out: Vec<Rule>, cross: Vec<Rule>) -> Vec<Rule> {
    let (reject_in, reject_out) = (into.pop(), out.pop());
    let mut rules = Vec::new();
    let mut out = out.into_iter();
    for rule in into {
        rules.push(rule);
        rules.extend(out.next());
    }
    rules.extend(out);
    rules.extend(cross);
    rules.extend(reject_in);
    rules.extend(reject_out);
    rules
}

/// The same rules of libvirt before 5.1 in another order that means the same: within the network,
/// into it, out of it, as they stand when its chains are poured into one.
pub fn poured(rules: &[Rule]) -> Vec<Rule> {
    let lane = |rule: &Rule| {
        let normal = NormalRule::of(rule, TableFamily::Inet);
        match (normal.iifname(), normal.oifname(), normal.source()) {
            (Some(one), Some(other), _) if one == other => 0,
            (_, Some(_), None) => 1,
            (_, _, _) => 2,
        }
    };
    let mut rules = rules.to_vec();
    rules.sort_by_key(lane);
    rules
}

/// Whether the host works as well without it: libvirt before 5.1 let the host answer DHCP alone.
pub fn is_optional(layout: Generation, role: Role) -> bool {
    layout == Generation::BuiltInChains && role == Role::Output
}

/// What all networks share in a layout: the frame of tables and chains, with no network in it.
pub fn frame(policy: &Policy, layout: Generation) -> Ruleset {
    let mut ruleset = encode(policy, encoding(layout));
    for table in &mut ruleset.tables {
        let family = table.family;
        let name = table.name.clone();
        for chain in &mut table.chains {
            let spot = Spot {
                family,
                table: &name,
                chain: &chain.name,
            };
            if role(layout, spot).is_some() {
                chain.rules.clear();
            }
        }
    }
    ruleset
}

/// An element of one of our verdict maps, and whose it is.
#[derive(Clone, Debug)]
pub struct MapElement {
    /// The map.
    pub map: String,
    /// The element.
    pub element: Element,
    /// The bridge of the network; none where several networks share it.
    pub bridge: Option<CompactString>,
}

/// The elements of our verdict maps, and the chains that networks share.
pub fn elements(policy: &Policy) -> (Vec<MapElement>, Vec<Chain>) {
    let chains: HashMap<String, &DeviceName> = policy
        .networks
        .iter()
        .map(|network| (native::chain_nat(&network.bridge), &network.bridge))
        .collect();
    let (mut elements, mut shared) = (Vec::new(), Vec::new());
    for table in encode(policy, FirewallLayout::Lanwright).tables {
        for set in table.sets {
            for element in set.elements {
                let by_chain = || Some(chains.get(leads_to(&element)?)?.as_str().into());
                let by_device = element.key.device().map(|device| device.name().into());
                let bridge = by_device.or_else(by_chain);
                elements.push(MapElement {
                    map: set.name.clone(),
                    element,
                    bridge,
                });
            }
        }
        let is_group = |chain: &Chain| is_group(&chain.name);
        shared.extend(table.chains.into_iter().filter(is_group));
    }
    (elements, shared)
}

/// The chain that an element leads to.
pub fn leads_to(element: &Element) -> Option<&str> {
    if let Some(ElementValue::Verdict(Target::Jump(chain))) = &element.value {
        Some(chain)
    } else {
        None
    }
}

/// Whether a chain of our table leads to several networks that share addresses.
pub fn is_group(chain: &str) -> bool {
    chain.starts_with("nat4-") || chain.starts_with("nat6-")
}

/// The subnets of each network that rules name, by prefix.
pub fn subnets(policy: &Policy) -> Vec<(IpNet, &DeviceName)> {
    let networks = policy.networks.iter();
    networks
        .flat_map(|network| {
            let nets = network.subnets.iter().map(|subnet| subnet.net);
            nets.map(|net| (net, &network.bridge))
        })
        .collect()
}

/// The families that some network has rules in.
pub fn has_family(policy: &Policy, family: Family) -> bool {
    let mut networks = policy.networks.iter();
    networks.any(|network| network.families.contains(&family))
}
