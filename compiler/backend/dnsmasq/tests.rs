//! What is printed is read back, in both layouts, whatever is in it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::option::of;
use proptest::prelude::*;

use super::*;
use crate::state::*;
use crate::value::{LeaseTime, LeaseUnit, Line};

/// Text as it may stand anywhere but at an end: dnsmasq's own separators included.
fn text() -> impl Strategy<Value = Line> {
    "[a-z/][a-zü \"'#&<>._-]{0,12}[a-z]".prop_map(|text| Line::lossy(&text))
}

fn word() -> impl Strategy<Value = Line> {
    "[a-z][a-z_-]{0,8}[a-z]".prop_map(|text| Line::lossy(&text))
}

fn ipv4() -> impl Strategy<Value = IpAddr> {
    any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).into())
}

fn ipv6() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u128>(),
        any::<u16>().prop_map(u128::from),
        any::<u32>().prop_map(u128::from)
    ]
    .prop_map(|bits| Ipv6Addr::from(bits).into())
}

fn ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![ipv4(), ipv6()]
}

fn lease() -> impl Strategy<Value = LeaseTime> {
    let unit = prop_oneof![
        Just(LeaseUnit::Seconds),
        Just(LeaseUnit::Minutes),
        Just(LeaseUnit::Hours)
    ];
    prop_oneof![
        Just(LeaseTime::Infinite),
        (120u64.., unit).prop_map(|(count, unit)| LeaseTime::For { count, unit })
    ]
}

fn server() -> impl Strategy<Value = Server> {
    prop_oneof![
        ip().prop_map(|addr| Server {
            addr: Some(addr),
            domain: None
        }),
        (of(ip()), word()).prop_map(|(addr, domain)| Server {
            addr,
            domain: Some(domain)
        }),
    ]
}

fn target() -> impl Strategy<Value = SrvTarget> {
    let numbers = prop_oneof![
        (of(1u16..), Just(0u16), Just(0u16)),
        (any::<u16>().prop_map(Some), any::<u16>(), any::<u16>())
    ];
    (word(), numbers).prop_map(|(host, (port, priority, weight))| SrvTarget {
        host,
        port,
        priority,
        weight,
    })
}

fn srv() -> impl Strategy<Value = SrvRecord> {
    (word(), word(), of(word()), of(target())).prop_map(|(service, protocol, domain, target)| {
        SrvRecord {
            service,
            protocol,
            domain,
            target,
        }
    })
}

fn txt() -> impl Strategy<Value = TxtRecord> {
    (word(), text()).prop_map(|(name, value)| TxtRecord { name, value })
}

fn boot() -> impl Strategy<Value = BootFile> {
    (text(), of(ip())).prop_map(|(file, server)| BootFile { file, server })
}

fn pool4() -> impl Strategy<Value = DhcpPool> {
    pool(ipv4().boxed(), 32, Just(None).boxed())
}

fn pool6() -> impl Strategy<Value = DhcpPool> {
    pool(ipv6().boxed(), 128, (0u8..=128).prop_map(Some).boxed())
}

fn pool(
    ip: BoxedStrategy<IpAddr>,
    longest: u8,
    said: BoxedStrategy<Option<u8>>,
) -> impl Strategy<Value = DhcpPool> {
    let range = (ip.clone(), ip.clone(), of(lease()))
        .prop_map(|(start, end, lease)| DynamicRange { start, end, lease });
    let ranges = prop::collection::vec(range, 1..4);
    prop_oneof![
        (ranges, proptest::option::of(0..=longest))
            .prop_map(|(ranges, prefix)| DhcpPool::Ranges { ranges, prefix }),
        (ip, said).prop_map(|(address, prefix)| DhcpPool::Reserved { address, prefix }),
    ]
}

fn hosts(key: impl Strategy<Value = Line>, ipv4: bool) -> impl Strategy<Value = Vec<ReservedHost>> {
    let host = (of(key), of(word()), ip(), of(lease())).prop_map(move |(key, name, ip, lease)| {
        let (mac, id) = if ipv4 { (key, None) } else { (None, key) };
        ReservedHost {
            mac,
            id,
            name,
            ip,
            lease,
        }
    });
    prop::collection::vec(host, 0..4)
}

fn dhcp4() -> impl Strategy<Value = DhcpService> {
    let mac = "[0-9a-fA-F]{2}(:[0-9a-f]{1,2}){5}".prop_map(|mac| Line::lossy(&mac));
    (pool4(), hosts(mac, true), of(boot())).prop_map(|(pool, hosts, boot)| DhcpService {
        pool,
        hosts,
        boot,
    })
}

fn dhcp6() -> impl Strategy<Value = DhcpService> {
    let id = "[0-9a-f:]{1,20}".prop_map(|id| Line::lossy(&id));
    (pool6(), hosts(id, false)).prop_map(|(pool, hosts)| DhcpService {
        pool,
        hosts,
        boot: None,
    })
}

fn options() -> impl Strategy<Value = Vec<Line>> {
    let known = prop::sample::select(vec![
        "no-resolv",
        "port=0",
        "strict-order",
        "interface=other",
        "addn-hosts=/x",
        "local=//",
        "tftp-root=/x",
        "dhcp-range=10.0.0.1,static",
        "domain=x",
        "dhcp-option=3",
        "enable-ra",
        "dhcp-host=a,b",
        "# Declared options, word for word.",
        "",
    ]);
    let known = known.prop_map(|line| line.parse().expect("it has no control character"));
    // The first one is never what might have been written by ourselves.
    prop::collection::vec(prop_oneof![text(), known], 0..5).prop_map(|mut options: Vec<Line>| {
        options.insert(0, Line::lossy("log-queries"));
        options
    })
}

fn dns() -> impl Strategy<Value = Dnsmasq> {
    let records = prop::collection::vec(
        (ip(), prop::collection::vec(word(), 1..4))
            .prop_map(|(ip, names)| HostRecord { ip, names }),
        0..4,
    );
    let domain =
        (word(), any::<bool>()).prop_map(|(name, local_only)| GuestDomain { name, local_only });
    (
        prop::collection::vec(server(), 0..3),
        of(domain),
        prop::collection::vec("[0-9]{1,3}\\.in-addr\\.arpa", 0..3),
        prop::collection::vec(txt(), 0..3),
        prop::collection::vec(srv(), 0..3),
        records,
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(servers, domain, zones, txts, srvs, host_records, flags)| Dnsmasq {
                servers,
                only_servers: flags.0,
                domain,
                local_reverse: zones.iter().map(|zone| Line::lossy(zone)).collect(),
                plain_names_local: flags.1,
                txt_records: txts,
                srv_records: srvs,
                host_records,
                ..plain()
            },
        )
}

fn service() -> impl Strategy<Value = Dnsmasq> {
    let off = of(word().prop_map(|name| GuestDomain {
        name,
        local_only: true,
    }))
    .prop_map(|domain| Dnsmasq {
        dns: false,
        domain,
        ..plain()
    });
    let name = "[a-zA-Z][a-z ü\"'&<>.%#-]{0,20}";
    (
        prop_oneof![dns(), off],
        name,
        any::<bool>(),
        prop::collection::vec(text(), 0..3),
        (of(dhcp4()), of(dhcp6()), of(any::<u64>())),
        of(68u16..),
        prop::collection::vec(ipv6(), 0..3),
        options(),
    )
        .prop_map(
            |(dns, name, isolated, roots, dhcp, mtu, addresses, options)| {
                let (dhcp4, dhcp6, max_leases) = dhcp;
                let with_dhcp = dhcp6.is_some() && addresses.is_empty();
                // Without DNS and DHCP, TFTP is all that is left to start it for.
                let dhcp = dhcp4.is_some() || dhcp6.is_some();
                let nothing = !dns.dns && !dhcp;
                let root = Line::lossy("/srv/tftp");
                Dnsmasq {
                    network: name.parse().expect("it is a network's name"),
                    isolated,
                    tftp_roots: roots.into_iter().chain(nothing.then_some(root)).collect(),
                    max_leases: max_leases.filter(|_| dhcp),
                    dhcp4,
                    dhcp6,
                    mtu,
                    advertisements: if with_dhcp {
                        RaMode::WithDhcp
                    } else {
                        RaMode::Only(addresses)
                    },
                    options,
                    ..dns
                }
            },
        )
}

fn plain() -> Dnsmasq {
    Dnsmasq::plain(
        "plain".parse().expect("it is a network's name"),
        "virbr0".parse().expect("it is a device's name"),
    )
}

fn read_back(service: &Dnsmasq, layout: Layout) -> Reading {
    let conf = print_conf(service, layout);
    let files = Files {
        stem: "nothing",
        conf: &conf,
        hosts: &print_hosts(service),
        names: &print_names(service),
    };
    parse(&files).unwrap_or_else(|| unreachable!("a bridge is always named:\n{conf}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_back(service in service()) {
        for layout in [Layout::Native, Layout::Libvirt] {
            let reading = read_back(&service, layout);
            prop_assert_eq!(&reading.service, &service, "{}", print_conf(&service, layout));
            prop_assert_eq!(&reading.missing, &Vec::<String>::new());
            prop_assert_eq!(&reading.unread, &Vec::<String>::new());
        }
    }
}

#[test]
fn what_was_taken_out_is_missing_and_what_was_put_in_is_an_option() {
    let conf = print_conf(&plain(), Layout::Libvirt);
    let changed = conf.replace("bind-dynamic\n", "log-queries\n");
    let files = Files {
        stem: "other",
        conf: &changed,
        hosts: "nonsense,,\n",
        names: "",
    };
    let reading = parse(&files).expect("it names its bridge");
    assert_eq!(reading.missing, ["bind-dynamic"]);
    assert_eq!(reading.service.options, [Line::lossy("log-queries")]);
    assert_eq!(reading.unread, ["nonsense,,"]);
}

#[test]
fn addresses_are_spelt_as_glibc_does() {
    let spelt = |text: &str| field::print_ip(text.parse().expect("it is an address"));
    assert_eq!(spelt("::1.2.3.4"), "::1.2.3.4");
    assert_eq!(spelt("::ffff:1.2.3.4"), "::ffff:1.2.3.4");
    assert_eq!(spelt("::1"), "::1");
    assert_eq!(spelt("::1:0"), "::0.1.0.0");
}

#[test]
fn the_link_may_be_named_last() {
    let files = Files {
        stem: "lab",
        conf: "dhcp-hostsfile=/etc/fixed\ndhcp-range=192.0.2.9,192.0.2.19,255.255.255.0\n\
            interface=br0\n",
        hosts: "52:54:00:00:00:09,192.0.2.9\n",
        names: "",
    };
    let service = parse(&files).expect("it names its bridge").service;
    assert_eq!(service.link.as_str(), "br0");
    assert_eq!(service.dhcp4.map(|dhcp| dhcp.hosts.len()), Some(1));
    assert_eq!(service.options, []);
}
