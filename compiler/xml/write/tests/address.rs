//! Arbitrary subnets with their services, and routes through them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use super::words::{free, ip, lease, parsed};
use crate::network::dhcp::SpelledMac;
use crate::network::{Bootp, Dhcp, DhcpHost, HostIdentity, Route, Subnet};
use crate::value::{Field, LeaseTime};

/// What one subnet may hold, before it is known where it lies.
type Parts = (u32, u8, bool, Option<Field>, Option<DhcpParts>);
type DhcpParts = (
    Vec<(u16, u16, Option<LeaseTime>)>,
    Vec<DhcpHost>,
    Option<Bootp>,
);

/// Subnets that do not overlap: 10.N.0.0/16 and fd00:N::/32 hold one each.
pub fn subnets(least: usize, v6: bool) -> impl Strategy<Value = Vec<Subnet>> {
    let fours = vec(parts(false), least..3);
    let sixes = vec(parts(true), 0..=if v6 { 2 } else { 0 });
    (fours, sixes).prop_map(|(fours, sixes)| {
        let fours = fours
            .into_iter()
            .enumerate()
            .map(|(at, parts)| four(at, parts));
        let sixes = sixes
            .into_iter()
            .enumerate()
            .map(|(at, parts)| six(at, parts));
        fours.chain(sixes).collect()
    })
}

fn four(at: usize, (host, prefix, local_ptr, tftp_root, dhcp): Parts) -> Subnet {
    let third = u32::try_from(at).unwrap_or(0);
    let address = Ipv4Addr::from_bits(10 << 24 | third << 16 | host & 0xffff);
    let prefix = 16 + prefix % 15;
    let mut subnet = Subnet::new(address.into(), prefix).expect("the prefix fits");
    subnet.local_ptr = local_ptr && prefix % 8 == 0;
    subnet.tftp_root = tftp_root.filter(|_| at == 0);
    subnet.dhcp = dhcp
        .filter(|_| at == 0)
        .and_then(|dhcp| filled(&subnet, dhcp));
    subnet
}

fn six(at: usize, (host, prefix, local_ptr, _, dhcp): Parts) -> Subnet {
    let second = u16::try_from(at).unwrap_or(0);
    let base = Ipv6Addr::new(0xfd00, second, 0, 0, 0, 0, 0, 0).to_bits();
    let address = Ipv6Addr::from_bits(base | u128::from(host) << 16 | u128::from(host) | 1);
    let prefix = 32 + prefix % 90;
    let mut subnet = Subnet::new(address.into(), prefix).expect("the prefix fits");
    subnet.local_ptr = local_ptr && prefix % 4 == 0;
    let served = dhcp
        .filter(|_| at == 0)
        .and_then(|dhcp| filled(&subnet, dhcp));
    subnet.dhcp = served.map(|dhcp| Dhcp {
        bootp: None,
        ..dhcp
    });
    subnet
}

/// The offset that counts from the first address of a subnet.
fn offset(net: IpNet, by: u16) -> IpAddr {
    match net.network() {
        IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits() + u32::from(by)).into(),
        IpAddr::V6(first) => Ipv6Addr::from_bits(first.to_bits() + u128::from(by)).into(),
    }
}

fn filled(subnet: &Subnet, (ranges, hosts, bootp): DhcpParts) -> Option<Dhcp> {
    let net = subnet.network();
    let size = net.max_prefix_len() - net.prefix_len();
    let last = if size >= 16 {
        0xfffe
    } else {
        (1u16 << size) - 2
    };
    let ranges = ranges.into_iter().filter_map(|(a, b, lease)| {
        let (a, b) = (1 + a % last, 1 + b % last);
        let mut range = subnet
            .range(offset(net, a.min(b)), offset(net, a.max(b)))
            .ok()?;
        range.lease = lease;
        Some(range)
    });
    let dhcp = Dhcp {
        ranges: ranges.collect(),
        hosts: hosts
            .into_iter()
            .filter(|host| matches!(host.identity, HostIdentity::Ipv4 { .. }) == subnet.is_ipv4())
            .collect(),
        bootp,
    };
    (!dhcp.ranges.is_empty() || !dhcp.hosts.is_empty()).then_some(dhcp)
}

fn parts(v6: bool) -> impl Strategy<Value = Parts> {
    let range = (any::<u16>(), any::<u16>(), lease());
    let bootp = (free(), option::of(ip())).prop_map(|(file, server)| Bootp { file, server });
    let dhcp = (vec(range, 0..3), vec(host(v6), 0..3), option::of(bootp));
    (
        any::<u32>(),
        any::<u8>(),
        any::<bool>(),
        option::of(parsed("/[ -~ü]{0,10}")),
        option::of(dhcp),
    )
}

fn host(v6: bool) -> impl Strategy<Value = DhcpHost> {
    let mac = "0[02468aceACE](:[0-9a-fA-F]{1,2}){5}".prop_map(|text: String| text);
    let mac = mac.prop_filter_map("no MAC", |text| text.parse::<SpelledMac>().ok());
    let name = || option::of(parsed("[a-z0-9][a-z0-9 &<>'.-]{0,8}"));
    let four = (option::of(mac), name()).prop_filter_map("nobody", |(mac, name)| {
        (mac.is_some() || name.is_some()).then_some(HostIdentity::Ipv4 { mac, name })
    });
    let duid = option::of(parsed("([0-9a-f]{2}:){4}[0-9a-f]{2}"));
    let six = (duid, name()).prop_filter_map("nobody", |(id, name)| {
        (id.is_some() || name.is_some()).then_some(HostIdentity::Ipv6 { id, name })
    });
    let identity = if v6 { six.boxed() } else { four.boxed() };
    (identity, ip(), lease()).prop_map(|(identity, ip, lease)| DhcpHost {
        identity,
        ip,
        lease,
    })
}

/// A route, once the subnets are known.
pub type RouteParts = (Index, u16, u32, u8, Option<u32>);

/// What routes are made of.
pub fn routes() -> impl Strategy<Value = Vec<RouteParts>> {
    let metric = option::of(1..=u32::MAX);
    let route = (any::<Index>(), any::<u16>(), any::<u32>(), 1u8..=32, metric);
    vec(route, 0..3)
}

/// The route, through a guest of one of the subnets.
pub fn route(subnets: &[Subnet], (at, host, to, prefix, metric): RouteParts) -> Option<Route> {
    let subnet = at.get(subnets);
    let net = subnet.network();
    let size = net.max_prefix_len() - net.prefix_len();
    let host = if size >= 16 { host } else { host % (1 << size) };
    let destination = match net {
        IpNet::V4(_) => IpNet::new(Ipv4Addr::from_bits(to).into(), prefix),
        IpNet::V6(_) => IpNet::new(Ipv6Addr::from_bits(u128::from(to) << 96).into(), prefix),
    };
    Some(Route {
        destination: destination.ok()?.trunc(),
        gateway: offset(net, host),
        metric,
    })
}
