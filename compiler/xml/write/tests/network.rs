//! Arbitrary networks of every kind.

use std::net::IpAddr;

use ipnet::IpNet;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::words::{bridge, device, domain, free, ip, mac, parsed, tristate};
use super::{address, port};
use crate::network::{
    Addressing, Bridge, BridgeChoice, Dns, DnsHost, DnsSrv, DnsTxt, DnsmasqOption, Domain, Forward,
    Forwarder, HostBridge, HostdevPool, Kind, MacTable, Metadata, Mtu, Nat, NatAddresses, Network,
    PciAddress, Pool, PoolMode, Uplink, Virtual, VirtualportType,
};
use crate::value::PortRange;

/// Any network that libvirt would define and start.
pub fn any() -> impl Strategy<Value = Network> {
    let kind = prop_oneof![
        4 => own(),
        1 => host_bridge().prop_map(Kind::HostBridge),
        1 => pool().prop_map(Kind::Macvtap),
        1 => hostdev().prop_map(Kind::Hostdev),
    ];
    let texts = (
        parsed("[a-zA-Z0-9 '\"&<>ü€;.,_+%-]{1,20}"),
        option::of(any_uuid()),
        option::of(free()),
        option::of("[ -~\n\r\tü]{1,20}\\]\\]>".prop_map(|text: String| text)),
        foreign(),
    );
    let ports = (
        tristate(),
        tristate(),
        option::of(port::vlan()),
        option::of(port::virtualport(true)),
        port::portgroups(),
    );
    (texts, ports, kind).prop_map(|(texts, ports, kind)| {
        let (name, uuid, title, description, foreign) = texts;
        let (trust_guest_rx_filters, isolated_ports, vlan, virtualport, portgroups) = ports;
        legal(Network {
            name,
            uuid,
            title,
            description,
            metadata: Metadata {
                forwards: Vec::new(),
                foreign,
            },
            trust_guest_rx_filters,
            isolated_ports,
            vlan,
            virtualport,
            portgroups,
            kind,
        })
    })
}

fn any_uuid() -> impl Strategy<Value = Uuid> {
    proptest::num::u128::ANY.prop_map(Uuid::from_u128)
}

/// Elements of namespaces of their own, in odd spellings.
fn foreign() -> impl Strategy<Value = Vec<String>> {
    let piece = prop_oneof![
        Just("<q:a xmlns:q=\"urn:NS\"  b='&#9;>'/>"),
        Just("<a xmlns='urn:NS'>\n\t<b><![CDATA[<]]></b>&amp;<!-- c --></a >"),
        Just("<lan:a xmlns:lan='urn:NS'><a/><dnsmasq:b xmlns:dnsmasq='urn:o'/></lan:a>"),
    ];
    vec(piece, 0..3).prop_map(|pieces| {
        let pieces = pieces.into_iter().enumerate();
        let piece = |(at, piece): (usize, &str)| piece.replace("NS", &at.to_string());
        pieces.map(piece).collect()
    })
}

/// Without what libvirt refuses for this kind of network (V145, V148).
fn legal(mut network: Network) -> Network {
    let switch = Some(VirtualportType::OpenVswitch);
    let of_switch = network.virtualport.as_ref().map(|port| port.kind == switch);
    let (bridge, allowed, limited) = match &network.kind {
        Kind::Virtual(_) => (false, false, true),
        Kind::HostBridge(_) => (true, of_switch != Some(false), true),
        Kind::Macvtap(pool) => match pool.mode {
            PoolMode::Bridge => (true, of_switch != Some(false), false),
            PoolMode::Private | PoolMode::Vepa => (false, false, false),
            PoolMode::Passthrough => (false, true, false),
        },
        Kind::Hostdev(_) => (false, true, false),
    };
    if !allowed {
        network.vlan = None;
    }
    for group in &mut network.portgroups {
        let can = match &group.virtualport {
            Some(port) => bridge && port.kind == switch,
            None => allowed,
        };
        if !can {
            group.vlan = None;
            network.vlan = None;
        }
        group.bandwidth = group.bandwidth.filter(|_| limited);
    }
    network
}

fn own() -> impl Strategy<Value = Kind> {
    let addresses = prop_oneof![
        (forwards(), address::subnets(1, true)),
        (Just(Forward::Isolated), address::subnets(0, true)),
        (Just(Forward::Open), address::subnets(0, true)),
    ];
    let link = (
        own_bridge(),
        option::of(mac()),
        option::of((1280u32..=65535).prop_map(|bytes| Mtu::new(bytes).expect("it is one"))),
        any_bool(),
        option::of(port::bandwidth(1 << 54, 4_194_303)),
    );
    let options = vec(free().prop_map(DnsmasqOption), 0..3);
    let services = (option::of(own_domain()), dns(), options);
    (addresses, address::routes(), link, services).prop_map(
        |(addresses, routes, link, services)| {
            let (forward, subnets) = addresses;
            let (bridge, mac, mtu, guest_ipv6, bandwidth) = link;
            let (domain, dns, options) = services;
            let routes = routes.into_iter().filter(|_| !subnets.is_empty());
            let routes = routes.filter_map(|parts| address::route(&subnets, parts));
            Kind::Virtual(Box::new(Virtual {
                forward,
                bridge,
                mac,
                mtu,
                guest_ipv6,
                domain,
                dns,
                bandwidth,
                routes: routes.collect(),
                subnets,
                options,
            }))
        },
    )
}

fn any_bool() -> impl Strategy<Value = bool> {
    proptest::bool::ANY
}

fn forwards() -> impl Strategy<Value = Forward> {
    let addresses = (proptest::num::u32::ANY, 0u32..65536)
        .prop_filter_map("no range", |(at, n)| {
            NatAddresses::new(at.into(), at.checked_add(n)?.into())
        });
    let ports = (0u16..65535, 1u16..).prop_filter_map("no range", |(start, more)| {
        PortRange::new(start, start.checked_add(more)?)
    });
    let nat = (
        option::of(device()),
        any_bool(),
        option::of(addresses),
        option::of(ports),
    );
    let nat = nat.prop_map(|(dev, ipv6, addresses, ports)| Nat {
        dev,
        ipv6,
        addresses,
        ports,
    });
    prop_oneof![
        nat.prop_map(Forward::Nat),
        option::of(device()).prop_map(Forward::Route),
    ]
}

fn own_bridge() -> impl Strategy<Value = Bridge> {
    let name = prop_oneof![
        bridge().prop_map(BridgeChoice::Named),
        Just(BridgeChoice::automatic()),
        ("b[a-z&]{0,4}", "[a-z&]{0,4}")
            .prop_map(|(prefix, suffix)| BridgeChoice::Numbered { prefix, suffix }),
    ];
    let parts = (
        name,
        any_bool(),
        proptest::num::u64::ANY,
        option::of(parsed("[a-z]{1,9}")),
    );
    (parts, mac_table()).prop_map(|((name, stp, delay_seconds, zone), mac_table)| Bridge {
        name,
        stp,
        delay_seconds,
        zone,
        mac_table,
    })
}

fn mac_table() -> impl Strategy<Value = MacTable> {
    prop_oneof![Just(MacTable::Kernel), Just(MacTable::Libvirt)]
}

fn own_domain() -> impl Strategy<Value = Domain> {
    (domain(), tristate(), tristate()).prop_map(|(name, local_only, register)| Domain {
        name,
        local_only,
        register: register.filter(|register| !register || local_only == Some(true)),
    })
}

fn dns() -> impl Strategy<Value = Dns> {
    let forwarder = (option::of(ip()), option::of(domain()));
    let forwarder = forwarder.prop_filter_map("nowhere", |(addr, domain)| {
        (addr.is_some() || domain.is_some()).then_some(Forwarder { addr, domain })
    });
    let text = prop_oneof![free(), parsed("[a-z &<',]{0,9}")];
    let text = text.prop_filter("an open quote", |text: &crate::value::Line| {
        !text.reading().open_quote
    });
    let txt = (domain(), text).prop_map(|(name, value)| DnsTxt { name, value });
    let numbers = (
        option::of(1u16..),
        option::of(proptest::num::u16::ANY),
        option::of(proptest::num::u16::ANY),
    );
    let srv = (
        parsed("[a-zA-Z0-9_+/*-]{1,9}"),
        parsed("tcp|udp|[a-z+/-]{1,5}"),
        option::of(free()),
        option::of((free(), numbers)),
    );
    let srv = srv.prop_map(|(service, protocol, domain, target)| {
        let (target, numbers) = target.unzip();
        let (port, priority, weight) = numbers.unwrap_or_default();
        DnsSrv {
            service,
            protocol,
            domain,
            target,
            port,
            priority,
            weight,
        }
    });
    let host = (ip(), vec(domain(), 1..3)).prop_map(|(ip, names)| DnsHost { ip, names });
    let records = (
        vec(forwarder, 0..3),
        vec(txt, 0..3),
        vec(srv, 0..3),
        vec(host, 0..3),
    );
    let settings = (any_bool(), tristate(), option::of(records));
    settings.prop_map(|(disabled, forward_plain_names, records)| {
        let (forwarders, txts, srvs, hosts) = records.unwrap_or_default();
        let dns = Dns {
            disabled: false,
            forward_plain_names,
            forwarders,
            txts,
            srvs,
            hosts,
        };
        if disabled {
            return Dns {
                disabled,
                forward_plain_names,
                ..Dns::default()
            };
        }
        dns
    })
}

fn host_bridge() -> impl Strategy<Value = HostBridge> {
    let limits = option::of(port::bandwidth(1 << 54, 4_194_303));
    let parts = (bridge(), mac_table(), limits, option::of(uplink()));
    parts.prop_map(|(bridge, mac_table, bandwidth, uplink)| HostBridge {
        bridge,
        mac_table,
        bandwidth,
        uplink,
    })
}

fn uplink() -> impl Strategy<Value = Uplink> {
    let address = (any_bool(), proptest::num::u8::ANY, any_bool());
    let fixed = (vec(address, 1..4), vec(ip(), 0..3));
    let fixed = fixed.prop_filter_map("they do not fit", |(addresses, dns)| {
        let place = |v6: bool, at: u8| match v6 {
            true => format!("2001:db8::{at:x}"),
            false => format!("192.0.2.{at}"),
        };
        let (mut nets, mut gateways) = (Vec::new(), Vec::new());
        for (v6, at, gateway) in addresses {
            let address: IpAddr = place(v6, at).parse().ok()?;
            nets.push(IpNet::new(address, if v6 { 64 } else { 24 }).ok()?);
            if gateway {
                gateways.push(place(v6, at.wrapping_add(1)).parse().ok()?);
            }
        }
        Addressing::fixed(nets, gateways, dns).ok()
    });
    let addressing = prop_oneof![Just(Addressing::Dhcp), Just(Addressing::None), fixed];
    (device(), addressing).prop_map(|(dev, addressing)| Uplink { dev, addressing })
}

fn pool() -> impl Strategy<Value = Pool> {
    let mode = prop_oneof![
        Just(PoolMode::Bridge),
        Just(PoolMode::Private),
        Just(PoolMode::Vepa),
        Just(PoolMode::Passthrough),
    ];
    let devices = proptest::collection::hash_set(device(), 0..4);
    (mode, devices, option::of(device())).prop_map(|(mode, devices, function)| Pool {
        mode,
        physical_function: function.filter(|_| devices.is_empty()),
        devices: devices.into_iter().collect(),
    })
}

fn hostdev() -> impl Strategy<Value = HostdevPool> {
    let address = (0u32..=0xffff, 0u32..=0xff, 0u32..=0x1f, 0u32..=7);
    let address = address.prop_map(|(domain, bus, slot, function)| PciAddress {
        domain,
        bus,
        slot,
        function,
    });
    let name = prop_oneof![Just("kvm"), Just("vfio"), Just("xen")];
    let driver = (name, option::of("[ -~\n]{1,9}"));
    let driver = driver.prop_map(|(name, model)| (name.to_owned(), model));
    let parts = (
        option::of(device()),
        proptest::collection::hash_set(address, 0..4),
        tristate(),
        option::of(driver),
    );
    parts.prop_map(|(function, addresses, managed, driver)| HostdevPool {
        physical_function: function.filter(|_| addresses.is_empty()),
        addresses: addresses.into_iter().collect(),
        managed,
        driver,
    })
}
