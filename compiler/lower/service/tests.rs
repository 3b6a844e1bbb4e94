//! What is started, counted and merged.

use super::*;
use crate::network::{DnsHost, Kind, sample};

fn subnet(address: &str, prefix: u8) -> Subnet {
    let address = address.parse().expect("it is an address");
    Subnet::new(address, prefix).expect("the prefix fits")
}

fn with_range(mut subnet: Subnet, start: &str, end: &str) -> Subnet {
    let [start, end] = [start, end].map(|ip| ip.parse().expect("it is an address"));
    let range = subnet.range(start, end).expect("it lies in the subnet");
    let dhcp = subnet.dhcp.get_or_insert_default();
    dhcp.ranges.push(range);
    subnet
}

fn network(subnets: Vec<Subnet>, dns: Dns) -> Virtual {
    Virtual {
        dns,
        subnets,
        ..sample::virtual_kind(&[])
    }
}

fn lowered(network: Virtual) -> Option<Dnsmasq> {
    let network = sample::network(Kind::Virtual(Box::new(network)));
    lower(&sample::member(network))
}

fn off() -> Dns {
    Dns {
        disabled: true,
        ..Dns::default()
    }
}

#[test]
fn nothing_is_started_for_nothing() {
    let bare = || vec![subnet("192.0.2.1", 24)];
    assert_eq!(lowered(network(Vec::new(), Dns::default())), None);
    assert_eq!(lowered(network(bare(), off())), None);
    assert!(lowered(network(bare(), Dns::default())).is_some());
    let served = vec![with_range(
        subnet("192.0.2.1", 24),
        "192.0.2.9",
        "192.0.2.9",
    )];
    let service = lowered(network(served, off())).expect("DHCP needs it");
    assert_eq!((service.dns, service.max_leases), (false, Some(1)));
}

#[test]
fn leases_are_counted_over_both_families() {
    let ipv4 = with_range(subnet("192.0.2.1", 24), "192.0.2.10", "192.0.2.19");
    let ipv6 = with_range(subnet("2001:db8::1", 64), "2001:db8::10", "2001:db8::1f");
    let other = subnet("2001:db8:1::1", 64);
    let dns = Dns::default();
    let service = lowered(network(vec![other.clone(), ipv6, ipv4], dns.clone()));
    let service = service.expect("DNS needs it");
    assert_eq!(service.max_leases, Some(26));
    assert_eq!(service.advertisements, RaMode::WithDhcp);
    let service = lowered(network(vec![other], dns)).expect("DNS needs it");
    let address = "2001:db8:1::1".parse().expect("it is an address");
    assert_eq!(service.advertisements, RaMode::Only(vec![address]));
}

#[test]
fn reverse_zones_are_whole_octets_or_digits() {
    let zone = |text: &str| reverse_zone(text.parse().expect("it is a subnet"));
    assert_eq!(zone("192.0.2.0/24"), "2.0.192.in-addr.arpa");
    assert_eq!(zone("10.0.0.0/8"), "10.in-addr.arpa");
    assert_eq!(zone("2001:db8::/36"), "0.8.b.d.0.1.0.0.2.ip6.arpa");
}

#[test]
fn a_service_record_is_filled_up_to_its_last_number() {
    let record = |target: &str, weight| {
        srv_record(&DnsSrv {
            service: "ldap".parse().expect("it is checked text"),
            protocol: "tcp".parse().expect("it is checked text"),
            domain: None,
            target: Some(target.parse().expect("it is checked text")),
            port: None,
            priority: None,
            weight,
        })
    };
    assert_eq!(record(".", Some(5)).target, None);
    let target = record("host", Some(5)).target.expect("it has one");
    assert_eq!((target.port, target.weight), (Some(1), 5));
    let target = record("host", None).target.expect("it has one");
    assert_eq!(target.port, None);
}

#[test]
fn an_address_has_one_record() {
    let host = |ip: &str, name: &str| DnsHost {
        ip: ip.parse().expect("it is an address"),
        names: vec![name.parse().expect("it is a name")],
    };
    let dns = Dns {
        hosts: vec![
            host("192.0.2.1", "a"),
            host("192.0.2.2", "b"),
            host("192.0.2.1", "c"),
        ],
        ..Dns::default()
    };
    let names = |record: &HostRecord| record.names.iter().map(Line::to_string).collect();
    let records: Vec<Vec<String>> = host_records(&dns).iter().map(names).collect();
    assert_eq!(records, [vec!["a", "c"], vec!["b"]]);
}
