//! Do the three layouts mean the same? A plain interpreter of rulesets, for tests only, asks random
//! packets; it knows just the matches and targets that the layouts use.

use std::net::IpAddr;

use ipnet::IpNet;
use proptest::prelude::*;

use super::samples::policies;
use super::{FirewallLayout, encode};
use crate::firewall::{
    BaseKind, Chain, CtStates, Element, ElementValue, Expression, Family, Field, Hook, Lookup,
    Match, Policy, Protocol, Rule, Ruleset, SubnetPolicy, Table, TableFamily, Target,
};

/// What the layouts can tell packets apart by.
#[derive(Clone, Debug)]
struct Packet {
    came_in: String,
    goes_out: String,
    source: IpAddr,
    destination: IpAddr,
    protocol: Option<Protocol>,
    is_reply: bool,
}

/// What a ruleset does with a packet: whether it passes, and what becomes of its source.
#[derive(Clone, Debug, PartialEq)]
struct Fate {
    passes: bool,
    source: Option<Target>,
}

/// How a chain ended.
enum End {
    Decided(Target),
    Fell,
}

fn fate(ruleset: &Ruleset, packet: &Packet) -> Fate {
    let decided = |hook: Hook, kind: BaseKind| {
        bases(ruleset, packet, hook, kind)
            .into_iter()
            .map(|(table, chain)| walk(table, chain, packet))
            .filter_map(|end| match end {
                End::Decided(target) => Some(target),
                End::Fell => None,
            })
            .collect::<Vec<Target>>()
    };
    let filtered = decided(Hook::Forward, BaseKind::Filter);
    let passes = !filtered
        .iter()
        .any(|target| matches!(target, Target::Reject(_) | Target::Drop));
    // Only the first packet of a connection comes to NAT.
    let translated = decided(Hook::Postrouting, BaseKind::Nat);
    let source = translated
        .into_iter()
        .find(|target| matches!(target, Target::Masquerade { .. } | Target::Snat(_)))
        .filter(|_| !packet.is_reply);
    Fate { passes, source }
}

/// The chains that a packet enters at a hook, in the order of their priorities.
fn bases<'a>(
    ruleset: &'a Ruleset,
    packet: &Packet,
    hook: Hook,
    kind: BaseKind,
) -> Vec<(&'a Table, &'a Chain)> {
    let comes_to = |table: &&Table| match table.family {
        TableFamily::Ip => packet.source.is_ipv4(),
        TableFamily::Ip6 => packet.source.is_ipv6(),
        TableFamily::Inet => true,
        TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => false,
    };
    let mut found: Vec<(i32, &Table, &Chain)> = Vec::new();
    for table in ruleset.tables.iter().filter(comes_to) {
        for chain in &table.chains {
            match &chain.base {
                Some(base) if base.hook == hook && base.kind == kind => {
                    found.push((base.priority, table, chain));
                }
                Some(_) | None => {}
            }
        }
    }
    found.sort_by_key(|(priority, _, _)| *priority);
    found
        .into_iter()
        .map(|(_, table, chain)| (table, chain))
        .collect()
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the layouts use a few targets only"
)]
fn walk(table: &Table, chain: &Chain, packet: &Packet) -> End {
    for rule in &chain.rules {
        if !rule.matches.iter().all(|each| holds(each, packet)) {
            continue;
        }
        match &rule.target {
            Target::Return => return End::Fell,
            Target::Continue | Target::ChecksumFill => {}
            Target::Jump(name) => {
                if let End::Decided(target) = walk(table, named(table, name), packet) {
                    return End::Decided(target);
                }
            }
            Target::Vmap(lookup) => {
                if let Some(name) = looked_up(table, lookup, packet)
                    && let End::Decided(target) = walk(table, named(table, name), packet)
                {
                    return End::Decided(target);
                }
            }
            target @ (Target::Accept
            | Target::Drop
            | Target::Reject(_)
            | Target::Masquerade { .. }
            | Target::Snat(_)) => return End::Decided(target.clone()),
            other => unreachable!("no layout says '{other:?}'"),
        }
    }
    End::Fell
}

fn named<'a>(table: &'a Table, name: &str) -> &'a Chain {
    let chain = table.chains.iter().find(|chain| chain.name == name);
    chain.expect("every jump has a chain to go to")
}

/// The chain that a verdict map leads to. Interval maps refuse elements that overlap.
fn looked_up<'a>(table: &'a Table, lookup: &Lookup, packet: &Packet) -> Option<&'a str> {
    let Expression::Named(name) = &lookup.map else {
        unreachable!("no layout has a map without a name");
    };
    let map = table.sets.iter().find(|each| each.name == name.as_str());
    let map = map.expect("every look-up has a map to look in");
    let held = |element: &&Element| match (&lookup.key, &element.key) {
        (Expression::Field(Field::Oifname), key) => key
            .device()
            .is_some_and(|name| name.covers(&packet.goes_out)),
        (Expression::Field(Field::Iifname), key) => key
            .device()
            .is_some_and(|name| name.covers(&packet.came_in)),
        (Expression::Field(Field::Saddr(_)), Expression::Net(net)) => net.contains(&packet.source),
        (key, _) => unreachable!("no layout looks up '{key:?}'"),
    };
    let mut found = map.elements.iter().filter(held);
    let first = found.next()?;
    assert!(
        found.next().is_none(),
        "two elements of '{}' overlap",
        map.name
    );
    match &first.value {
        Some(ElementValue::Verdict(Target::Jump(chain))) => Some(chain),
        other => unreachable!("no layout has elements that lead to '{other:?}'"),
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the layouts use a few matches only"
)]
fn holds(each: &Match, packet: &Packet) -> bool {
    match each {
        Match::InDevice { name, .. } => name.covers(&packet.came_in),
        Match::OutDevice { name, .. } => name.covers(&packet.goes_out),
        Match::Source { net, negated } => within(net, packet.source, *negated),
        Match::Destination { net, negated } => within(net, packet.destination, *negated),
        Match::Family(family) => (*family == Family::Ipv4) == packet.source.is_ipv4(),
        Match::Protocol { protocol, .. } => packet.protocol == Some(*protocol),
        Match::CtState { states, .. } => {
            assert_eq!(*states, CtStates::REPLIES);
            packet.is_reply
        }
        other => unreachable!("no layout says '{other:?}' of what is forwarded"),
    }
}

/// A prefix brings its family with it, also where it is negated.
fn within(net: &IpNet, address: IpAddr, negated: bool) -> bool {
    net.addr().is_ipv4() == address.is_ipv4() && net.contains(&address) != negated
}

/// Addresses at and beside the borders of a policy's subnets, and those that are never translated.
fn addresses(policy: &Policy) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = [
        "203.0.113.9",
        "2001:db8::9",
        "224.0.0.251",
        "255.255.255.255",
    ]
    .into_iter()
    .chain(["ff02::fb", "ff05::1", "224.0.1.1"])
    .map(super::samples::name)
    .collect();
    for subnet in policy.networks.iter().flat_map(|network| &network.subnets) {
        match subnet.net {
            IpNet::V4(net) => {
                let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
                for bits in [first, last, first.wrapping_sub(1), last.wrapping_add(1)] {
                    found.push(IpAddr::V4(bits.into()));
                }
            }
            IpNet::V6(net) => {
                let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
                for bits in [first, last, first.wrapping_sub(1), last.wrapping_add(1)] {
                    found.push(IpAddr::V6(bits.into()));
                }
            }
        }
    }
    found
}

/// The bridges, the devices that packets may leave through, and one that nobody knows.
fn devices(policy: &Policy) -> Vec<String> {
    let bridges = policy.networks.iter().map(|network| &network.bridge);
    let outlets = policy
        .networks
        .iter()
        .filter_map(|network| network.outlet.as_ref());
    let known = bridges.chain(outlets).map(ToString::to_string);
    known.chain(["unknown0".to_owned()]).collect()
}

/// As networks are lowered: all subnets of one network and family are translated alike.
fn alike(mut policy: Policy) -> Policy {
    for network in &mut policy.networks {
        for family in [Family::Ipv4, Family::Ipv6] {
            let of_family = |subnet: &&mut SubnetPolicy| Family::of(&subnet.net) == family;
            let mut first = None;
            for subnet in network.subnets.iter_mut().filter(of_family) {
                subnet.translation = first.get_or_insert(subnet.translation.clone()).clone();
            }
        }
    }
    policy
}

fn packets() -> impl Strategy<Value = (Policy, Vec<Packet>)> {
    policies().prop_map(alike).prop_flat_map(|policy| {
        let (devices, addresses) = (devices(&policy), addresses(&policy));
        let (ipv4, ipv6): (Vec<IpAddr>, _) = addresses.into_iter().partition(IpAddr::is_ipv4);
        let device = prop::sample::select(devices);
        let pair = |from: Vec<IpAddr>| {
            let address = prop::sample::select(from);
            (address.clone(), address)
        };
        let pair = prop_oneof![pair(ipv4), pair(ipv6)];
        let protocol = prop::sample::select(vec![Some(Protocol::TCP), Some(Protocol::UDP), None]);
        let packet = (device.clone(), device, pair, protocol, any::<bool>()).prop_map(
            |(came_in, goes_out, (source, destination), protocol, is_reply)| Packet {
                came_in,
                goes_out,
                source,
                destination,
                protocol,
                is_reply,
            },
        );
        (Just(policy), prop::collection::vec(packet, 64))
    })
}

proptest! {
    #[test]
    fn the_layouts_mean_the_same((policy, packets) in packets()) {
        let encoded = FirewallLayout::ALL.map(|layout| (layout, encode(&policy, layout)));
        for packet in &packets {
            let [(_, first), others @ ..] = &encoded;
            let expected = fate(first, packet);
            for (layout, ruleset) in others {
                prop_assert_eq!(&fate(ruleset, packet), &expected, "{} for {:?}", layout, packet);
            }
        }
    }
}

/// The interpreter notices what is known to be wrong: asking the way in before the way out.
#[test]
fn the_wrong_order_is_noticed() {
    let isolated = |bridge: &str| crate::firewall::NetworkPolicy {
        bridge: super::samples::name(bridge),
        subnets: Vec::new(),
        ..super::samples::default_network()
    };
    let mut routed = isolated("virbr2");
    let net = super::samples::name("10.0.0.0/24");
    routed.subnets.push(SubnetPolicy {
        net,
        translation: None,
    });
    let policy = Policy {
        networks: vec![isolated("virbr1"), routed],
    };
    let right = encode(&policy, FirewallLayout::Lanwright);
    let mut wrong = right.clone();
    for chain in wrong.tables.iter_mut().flat_map(|table| &mut table.chains) {
        if chain.name == "forward" {
            chain.rules.reverse();
        }
    }
    let packet = Packet {
        came_in: "virbr1".to_owned(),
        goes_out: "virbr2".to_owned(),
        source: super::samples::name("192.0.2.1"),
        destination: super::samples::name("10.0.0.9"),
        protocol: None,
        is_reply: false,
    };
    assert!(fate(&right, &packet).passes);
    assert!(!fate(&wrong, &packet).passes);
}

/// Rules are read in order, as the kernel does.
#[test]
fn the_first_rule_that_decides_does() {
    let chain = Chain::regular(
        "c",
        vec![
            Rule::new(vec![Match::protocol(Protocol::UDP)], Target::Drop),
            Rule::new(Vec::new(), Target::Accept),
        ],
    );
    let table = Table::new(TableFamily::Inet, "t", Vec::new());
    let packet = Packet {
        came_in: String::new(),
        goes_out: String::new(),
        source: super::samples::name("192.0.2.1"),
        destination: super::samples::name("192.0.2.2"),
        protocol: Some(Protocol::TCP),
        is_reply: false,
    };
    assert!(matches!(
        walk(&table, &chain, &packet),
        End::Decided(Target::Accept)
    ));
}
