//! Policies for tests: two of the kind that people have, and any at all.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::firewall::{
    Family, NatAddress, NetworkPolicy, Outlet, Policy, SubnetPolicy, Translation,
};
pub(crate) use crate::network::sample::value as name;
use crate::value::{DeviceName, PortRange};

/// The network that libvirt itself ships: NAT, IPv4, DHCP.
pub(crate) fn default_network() -> NetworkPolicy {
    NetworkPolicy {
        network: name("default"),
        bridge: name("virbr0"),
        families: vec![Family::Ipv4],
        ipv6_services: false,
        tftp: false,
        dhcp_checksum: true,
        outlet: None,
        subnets: vec![masqueraded("192.168.122.0/24")],
    }
}

/// A network that uses everything, and overlaps with the default one.
pub(crate) fn lab_network() -> NetworkPolicy {
    let translation = Translation {
        addresses: Some(NatAddress {
            start: name("198.51.100.20"),
            end: name("198.51.100.23"),
        }),
        ports: PortRange::new(20000, 29999).expect("20000 is below 29999"),
    };
    let ipv6 = Translation {
        addresses: None,
        ..translation.clone()
    };
    NetworkPolicy {
        network: name("lab"),
        bridge: name("virbr1"),
        families: vec![Family::Ipv4, Family::Ipv6],
        ipv6_services: true,
        tftp: true,
        dhcp_checksum: false,
        outlet: Some(name("eth0")),
        subnets: vec![
            SubnetPolicy {
                net: name("192.168.0.0/16"),
                translation: Some(translation),
            },
            SubnetPolicy {
                net: name("fd00:1::/64"),
                translation: Some(ipv6),
            },
        ],
    }
}

/// A subnet that is masqueraded as libvirt does it by default.
pub(crate) fn masqueraded(net: &str) -> SubnetPolicy {
    SubnetPolicy {
        net: name(net),
        translation: Some(Translation {
            addresses: None,
            ports: PortRange::UNPRIVILEGED,
        }),
    }
}

/// Up to eight networks of any kind, on bridges of their own.
pub(crate) fn policies() -> impl Strategy<Value = Policy> {
    vec(networks(), 0..8).prop_map(|mut networks| {
        for (at, network) in networks.iter_mut().enumerate() {
            network.bridge = name(&format!("{}{at}", network.bridge));
        }
        Policy { networks }
    })
}

prop_compose! {
    fn networks()(
        network in "[a-zA-Z0-9ü\"\\\\% ]{1,60}",
        bridge in "[a-z@#$!(\\\\ü][a-z0-9.@-]{0,8}",
        has_ipv6: bool,
        ipv6_services: bool,
        tftp: bool,
        dhcp_checksum: bool,
        outlet in outlets(),
        subnets in vec(subnets(), 0..4),
    ) -> NetworkPolicy {
        let has_ipv6 = has_ipv6 || subnets.iter().any(|subnet| subnet.net.addr().is_ipv6());
        let families = match has_ipv6 {
            true => vec![Family::Ipv4, Family::Ipv6],
            false => vec![Family::Ipv4],
        };
        NetworkPolicy {
            network: name(&network),
            bridge: name(&bridge),
            families,
            ipv6_services,
            tftp,
            dhcp_checksum,
            outlet,
            subnets,
        }
    }
}

fn outlets() -> impl Strategy<Value = Outlet> {
    option::of("[a-z][a-z0-9@.\\\\]{0,10}").prop_map(|outlet| outlet.map(|text| name(&text)))
}

fn subnets() -> impl Strategy<Value = SubnetPolicy> {
    // Few bits of address, so that prefixes overlap.
    let ipv4 = (0..4_u32, 0..=32_u8).prop_map(|(bits, length)| {
        let net = Ipv4Net::new((bits << 30 | bits).into(), length);
        IpNet::V4(net.expect("a length up to 32 is good")).trunc()
    });
    let ipv6 = (0..4_u128, 0..=128_u8).prop_map(|(bits, length)| {
        let net = Ipv6Net::new((bits << 120 | bits).into(), length);
        IpNet::V6(net.expect("a length up to 128 is good")).trunc()
    });
    (prop_oneof![ipv4, ipv6], option::of(translations())).prop_map(|(net, translation)| {
        let same_family = |to: &NatAddress| to.start.is_ipv4() == net.addr().is_ipv4();
        let translation = translation.map(|translation| Translation {
            addresses: translation.addresses.filter(same_family),
            ..translation
        });
        SubnetPolicy { net, translation }
    })
}

fn translations() -> impl Strategy<Value = Translation> {
    let ipv4 = (any::<u32>(), 0..9_u32).prop_map(|(start, more)| NatAddress {
        start: Ipv4Addr::from(start).into(),
        end: Ipv4Addr::from(start.saturating_add(more)).into(),
    });
    let ipv6 = (any::<u128>(), 0..9_u128).prop_map(|(start, more)| NatAddress {
        start: Ipv6Addr::from(start).into(),
        end: Ipv6Addr::from(start.saturating_add(more)).into(),
    });
    let ports = (any::<u16>(), any::<u16>())
        .prop_map(|(a, b)| PortRange::new(a.min(b), a.max(b)).expect("they are in order"));
    (option::of(prop_oneof![ipv4, ipv6]), ports)
        .prop_map(|(addresses, ports)| Translation { addresses, ports })
}

/// A policy of `count` networks that overlap nowhere, for measuring.
pub(crate) fn many(count: u32) -> Policy {
    let network = |at: u32| NetworkPolicy {
        network: name(&format!("network-{at}")),
        bridge: name::<DeviceName>(&format!("virbr{at}")),
        subnets: vec![masqueraded(&format!("10.{}.{}.0/24", at / 256, at % 256))],
        ..default_network()
    };
    Policy {
        networks: (0..count).map(network).collect(),
    }
}
