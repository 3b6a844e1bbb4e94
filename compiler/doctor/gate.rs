//! The firewall: packets of a guest are asked of all the host's rules, whoever made them.
//!
//! Here a DHCP request and what else a guest asks of the host, and the host's answer; what crosses
//! the host is in [`crossing`].

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::crossing;
use super::open::{self, Way};
use super::packet::{BROADCAST, MULTICAST, Packet};
use super::patient::Patient;
use super::report::{Check, Finding, Seen};
use super::walk::Stop;
use crate::audit::layer;
use crate::audit::owner::Owner;
use crate::audit::spell;
use crate::firewall::{AddressTypes, Family, Hook, NormalRule, Protocol};

/// What a guest asks only when an answer was too long for UDP.
const OVER_TCP: &str = "DNS over TCP";

/// How a guest asks for its IPv6 router.
const SOLICITATIONS: &str = "router solicitations";

/// What a guest asks of the host, by its name.
struct Request {
    name: &'static str,
    packet: Packet,
}

/// Everything that the firewall does to this network's guests.
pub fn examine(patient: &Patient<'_>, found: &mut Vec<Finding>, notes: &mut Vec<String>) {
    for family in [Family::Ipv4, Family::Ipv6] {
        if !patient.host.has_rules(family) {
            continue;
        }
        input(patient, family, found, notes);
        output(patient, family, found);
        if patient.forwards() {
            crossing::forward(patient, family, found);
        }
        crossing::across(patient, family, found);
    }
}

/// What the network's guests ask of the host.
fn requests(patient: &Patient<'_>, family: Family) -> Vec<Request> {
    let Some(service) = patient.service() else {
        return Vec::new();
    };
    let mut requests = Vec::new();
    let mut add = |name, mut packet: Packet, port| {
        packet.came_in = Some(patient.bridge.as_str().into());
        packet.destination_port = port;
        requests.push(Request { name, packet });
    };
    let is_of = |address: &IpNet| Family::of(address) == family;
    let own = patient.addresses().find(is_of);
    match family {
        Family::Ipv4 if service.dhcp4.is_some() => {
            let (from, to) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
            let mut packet = Packet::between(from.into(), to.into(), Protocol::UDP);
            packet.kind = BROADCAST;
            packet.source_port = 68;
            add("DHCP", packet, 67);
        }
        Family::Ipv6 if service.dhcp6.is_some() => {
            let from = IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 2_u16]);
            let to = IpAddr::from([0xff02, 0, 0, 0, 0, 0, 1, 2_u16]);
            let mut packet = Packet::between(from, to, Protocol::UDP);
            packet.kind = MULTICAST;
            packet.source_port = 546;
            add("DHCPv6", packet, 547);
        }
        Family::Ipv4 | Family::Ipv6 => {}
    }
    let Some(own) = own else {
        return requests;
    };
    let to_host = |protocol| {
        let mut packet = Packet::between(patient.guest(own), own.addr(), protocol);
        packet.kind = AddressTypes::LOCAL;
        packet
    };
    if service.dns {
        add("DNS", to_host(Protocol::UDP), 53);
        add(OVER_TCP, to_host(Protocol::TCP), 53);
    }
    if family == Family::Ipv4 && !service.tftp_roots.is_empty() {
        add("TFTP", to_host(Protocol::UDP), 69);
    }
    if family == Family::Ipv6 {
        let mut packet = to_host(Protocol::ICMPV6);
        packet.destination = IpAddr::from([0xff02, 0, 0, 0, 0, 0, 0, 2_u16]);
        packet.kind = MULTICAST;
        packet.source_port = 133;
        add(SOLICITATIONS, packet, 0);
    }
    requests
}

/// Requests that one program stops in one chain are one finding.
fn input(patient: &Patient<'_>, family: Family, found: &mut Vec<Finding>, notes: &mut Vec<String>) {
    let mut groups: Vec<(Stop<'_>, Vec<Request>)> = Vec::new();
    for request in requests(patient, family) {
        let hooks = [Hook::Prerouting, Hook::Input];
        let Some(stop) = stop(patient, &request.packet, &hooks) else {
            continue;
        };
        let alike = |other: &Stop<'_>| {
            std::ptr::eq(other.base, stop.base)
                && other.certain == stop.certain
                && open::owner(patient, other) == open::owner(patient, &stop)
        };
        match groups.iter_mut().find(|(other, _)| alike(other)) {
            Some((_, requests)) => requests.push(request),
            None => groups.push((stop, vec![request])),
        }
    }
    for (stop, requests) in groups {
        let ports = |protocol| -> Vec<u16> {
            let of = requests.iter().filter(|it| it.packet.protocol == protocol);
            of.map(|request| request.packet.destination_port).collect()
        };
        let way = Way::Input {
            udp: ports(Protocol::UDP),
            tcp: ports(Protocol::TCP),
            icmp: !ports(Protocol::ICMPV6).is_empty(),
        };
        let mut names: Vec<&str> = requests.iter().map(|request| request.name).collect();
        let bridge = patient.bridge;
        if names == [OVER_TCP] {
            notes.push(format!(
                "the host drops {OVER_TCP} from guests on {bridge}, which only answers too long \
                 for UDP need"
            ));
            continue;
        }
        if names.contains(&"DNS") {
            names.retain(|name| *name != OVER_TCP);
        }
        let shut = format!("{} from guests on {bridge}", listed(&names));
        found.push(shut_by(
            patient,
            &stop,
            Check::Input,
            family,
            &shut,
            &way,
            lost(&names),
        ));
    }
}

/// `DHCP`, `DHCP and DNS`, `DHCPv6, DNS and router solicitations`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What a guest misses whose requests the host drops.
fn lost(names: &[&str]) -> &'static str {
    let has = |name: &str| names.contains(&name);
    match (has("DHCP"), has("DNS")) {
        _ if has("DHCPv6") || has(SOLICITATIONS) => "a guest gets no IPv6 address",
        (true, true) => "a guest gets no lease, and resolves no name",
        (true, false) => "a guest gets no lease",
        (false, true) => "a guest gets a lease, but resolves no name",
        (false, false) => "a guest that boots from the network gets no boot file",
    }
}

fn output(patient: &Patient<'_>, family: Family, found: &mut Vec<Finding>) {
    let is_of = |address: &IpNet| Family::of(address) == family;
    let (Some(own), Some(_)) = (patient.addresses().find(is_of), patient.service()) else {
        return;
    };
    let mut packet = Packet::between(own.addr(), patient.guest(own), Protocol::UDP);
    packet.goes_out = Some(patient.bridge.as_str().into());
    packet.source_port = 67;
    packet.destination_port = 68;
    if let Some(stop) = stop(patient, &packet, &[Hook::Output, Hook::Postrouting]) {
        let shut = format!("the host's answers to guests on {}", patient.bridge);
        let breaks = "a guest gets no lease, and resolves no name";
        let finding = shut_by(
            patient,
            &stop,
            Check::Output,
            family,
            &shut,
            &Way::Output,
            breaks,
        );
        found.push(finding);
    }
}

/// Where a packet ends. What only may stop it counts if it knows the network, or if it is what
/// stops everything that nothing accepted.
pub(super) fn stop<'a>(patient: &Patient<'a>, packet: &Packet, hooks: &[Hook]) -> Option<Stop<'a>> {
    let walker: &'a super::walk::Walker<'a> = patient.host.walker;
    let stop = walker.stop(packet, hooks)?;
    let counts = stop.certain
        || stop.rule.is_none_or(|rule| {
            let normal = NormalRule::of(rule, stop.layer.table.family);
            let bridge = Some(patient.bridge.as_str());
            let mut nets = normal.source().into_iter().chain(normal.destination());
            let is_near = |net: IpNet| {
                net.prefix_len() > 0 && patient.addresses().any(|own| own.contains(&net))
            };
            normal.conditions().next().is_none()
                || normal.iifname() == bridge
                || normal.oifname() == bridge
                || nets.any(is_near)
        });
    counts.then_some(stop)
}

pub(super) fn same(one: &Stop<'_>, other: &Stop<'_>) -> bool {
    let rule = |stop: &Stop<'_>| stop.rule.map(std::ptr::from_ref);
    std::ptr::eq(one.chain, other.chain)
        && rule(one) == rule(other)
        && one.certain == other.certain
        && std::ptr::eq(one.layer.table, other.layer.table)
}

/// The finding that a rule or policy shuts a way.
pub(super) fn shut_by(
    patient: &Patient<'_>,
    stop: &Stop<'_>,
    check: Check,
    family: Family,
    shut: &str,
    way: &Way,
    breaks: &str,
) -> Finding {
    let table = stop.layer.table;
    let owner = open::owner(patient, stop);
    let whose = match owner == Owner::Unknown {
        true => String::new(),
        false => format!("{owner}'s "),
    };
    let (what, text, line) = match stop.rule {
        Some(rule) => (
            "rule in",
            spell::rule(table, stop.chain, rule),
            rule.place.get(),
        ),
        None if layer::is_iptables(table) => {
            ("policy of", format!("-P {} DROP", stop.chain.name), None)
        }
        None => ("policy of", "policy drop".to_owned(), None),
    };
    let article = if whose.is_empty() { "the " } else { "" };
    let article = if whose.is_empty() && stop.rule.is_some() {
        "a "
    } else {
        article
    };
    let drops = if stop.certain { "drops" } else { "may drop" };
    let place = spell::table(table.family, &table.name);
    Finding {
        check,
        certain: stop.certain,
        fact: format!(
            "{article}{whose}{what} {} ({place}) {drops} {shut}",
            stop.chain.name
        ),
        owner: Some(owner),
        seen: Seen {
            text: Some(text),
            ..patient.host.seen_in(stop.layer.file, line)
        },
        breaks: breaks.to_owned(),
        fix: Some(open::fix(patient, stop, owner, way, family)),
    }
}
