//! Networks by hand and by chance, as policies.

use lanwright::firewall::{Family, NatAddress, NetworkPolicy, Policy, SubnetPolicy, Translation};
use lanwright::value::PortRange;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// A network that is masqueraded, with DHCP, over IPv4.
pub fn plain(name: &str, bridge: &str, net: &str) -> NetworkPolicy {
    NetworkPolicy {
        network: name.parse().unwrap(),
        bridge: bridge.parse().unwrap(),
        families: vec![Family::Ipv4],
        ipv6_services: false,
        tftp: false,
        dhcp_checksum: true,
        outlet: None,
        subnets: vec![subnet(net, true)],
    }
}

/// The network number `at`, in one of a few shapes.
pub fn numbered(at: u8, shape: u8) -> NetworkPolicy {
    let network = plain(
        &format!("net {at}"),
        &format!("virbr{at}"),
        &format!("10.{at}.0.0/24"),
    );
    let more = format!("10.{at}.1.0/24");
    let ipv6 = format!("2001:db8:{at}::/64");
    match shape % 8 {
        0 => network,
        1 => NetworkPolicy {
            subnets: vec![
                subnet(&more, false),
                subnet(&format!("10.{at}.0.0/24"), true),
            ],
            tftp: true,
            ..network
        },
        2 => NetworkPolicy {
            outlet: Some("eth0".parse().unwrap()),
            ..network
        },
        3 => NetworkPolicy {
            families: vec![Family::Ipv4, Family::Ipv6],
            ipv6_services: true,
            subnets: vec![subnet(&more, true), subnet(&ipv6, true)],
            ..network
        },
        4 => NetworkPolicy {
            subnets: Vec::new(),
            dhcp_checksum: false,
            ..network
        },
        5 => NetworkPolicy {
            subnets: vec![SubnetPolicy {
                translation: Some(Translation {
                    addresses: Some(NatAddress {
                        start: "198.51.100.20".parse().unwrap(),
                        end: "198.51.100.23".parse().unwrap(),
                    }),
                    ports: PortRange::new(20000, 29999).unwrap(),
                }),
                ..subnet(&more, true)
            }],
            ..network
        },
        // Overlaps with all others, and is the same for all.
        6 => NetworkPolicy {
            subnets: vec![subnet("10.0.0.0/12", true)],
            ..network
        },
        _ => NetworkPolicy {
            families: vec![Family::Ipv4, Family::Ipv6],
            ipv6_services: true,
            subnets: vec![
                subnet(&ipv6, false),
                subnet(&format!("10.{at}.9.9/32"), true),
            ],
            ..network
        },
    }
}

fn subnet(net: &str, is_translated: bool) -> SubnetPolicy {
    SubnetPolicy {
        net: net.parse().unwrap(),
        translation: is_translated.then_some(Translation {
            addresses: None,
            ports: PortRange::UNPRIVILEGED,
        }),
    }
}

/// These networks, in this order.
pub fn policy(networks: impl IntoIterator<Item = NetworkPolicy>) -> Policy {
    Policy {
        networks: networks.into_iter().collect(),
    }
}

/// States of a host, one after another: for each some of six networks in any order and shape.
/// Always the same.
pub fn states(count: usize) -> Vec<Policy> {
    let mut runner = TestRunner::deterministic();
    let order = Just((1..=6_u8).collect::<Vec<_>>()).prop_shuffle();
    let shapes = proptest::collection::vec(0..8_u8, 0..=6);
    let state = (order, shapes).prop_map(|(order, shapes)| {
        let networks = order.into_iter().zip(shapes);
        policy(networks.map(|(at, shape)| numbered(at, shape)))
    });
    let mut next = || state.new_tree(&mut runner).unwrap().current();
    (0..count).map(|_| next()).collect()
}
