//! The firewall: packets of a guest are asked of all the host's rules, whoever made them.
//!
//! A DHCP request and what else a guest asks of the host; the host's answer; a first packet to the
//! outside, its translation, the answer; and a packet from guest to guest, where the kernel shows
//! bridged packets to iptables.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::open::{self, Way};
use super::packet::{BROADCAST, MULTICAST, Packet, Truth};
use super::patient::Patient;
use super::report::{Check, Finding, Fix, Seen};
use super::route;
use super::walk::Stop;
use crate::audit::layer;
use crate::audit::owner::Owner;
use crate::audit::spell;
use crate::capture::{Role, Topic};
use crate::firewall::{AddressTypes, Family, Hook, NormalRule, Protocol};

/// What a guest asks only when an answer was too long for UDP.
const OVER_TCP: &str = "DNS over TCP";

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
            forward(patient, family, found);
        }
        across(patient, family, found);
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
        add("router solicitations", packet, 0);
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
        let way = Way::Input(ports(Protocol::UDP), ports(Protocol::TCP));
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
        let shut = format!("{} from guests on {bridge}", names.join(" and "));
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

/// What a guest misses whose requests the host drops.
fn lost(names: &[&str]) -> &'static str {
    let has = |name: &str| names.contains(&name);
    match (has("DHCP"), has("DNS")) {
        (true, true) => "a guest gets no lease, and resolves no name",
        (true, false) => "a guest gets no lease",
        (false, true) => "a guest gets a lease, but resolves no name",
        (false, false) if has("TFTP") => "a guest that boots from the network gets no boot file",
        (false, false) => "a guest gets no IPv6 address",
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

/// To the outside and back, through the device of the default route.
fn forward(patient: &Patient<'_>, family: Family, found: &mut Vec<Finding>) {
    let own = patient
        .addresses()
        .find(|address| Family::of(address) == family);
    let device = patient
        .host
        .default_route(family)
        .and_then(|route| route.link.as_ref());
    let (Some(own), Some(device)) = (own, device) else {
        return;
    };
    let outlet = patient.policy().and_then(|policy| policy.outlet.as_ref());
    if outlet.is_some_and(|outlet| outlet != device) {
        return;
    }
    let (bridge, outside) = (patient.bridge.as_str(), patient.outside(family));
    let mut out = Packet::between(patient.guest(own), outside, Protocol::TCP);
    out.came_in = Some(bridge.into());
    out.goes_out = Some(device.as_str().into());
    out.destination_port = 443;
    let mut back = Packet {
        came_in: out.goes_out.clone(),
        goes_out: out.came_in.clone(),
        source: out.destination,
        destination: out.source,
        source_port: 443,
        destination_port: out.source_port,
        reply: true,
        ..out.clone()
    };
    back.mark = Some(0);
    let hooks = [Hook::Prerouting, Hook::Forward, Hook::Postrouting];
    let (there, again) = (stop(patient, &out, &hooks), stop(patient, &back, &hooks));
    if let Some(stop) = &there {
        let shut = format!("{} from {bridge} to {device}", route::word(family));
        let replies = again.as_ref().is_some_and(|again| again.certain);
        let way = Way::Outwards { replies };
        let breaks = "a guest reaches the host, but nothing beyond it";
        found.push(shut_by(
            patient,
            stop,
            Check::Forward,
            family,
            &shut,
            &way,
            breaks,
        ));
    }
    if let Some(stop) = again.filter(|again| there.is_none_or(|there| !same(&there, again))) {
        let shut = format!("{} answers from {device} to {bridge}", route::word(family));
        let breaks = "what a guest sends goes out, but answers do not come back";
        let finding = shut_by(
            patient,
            &stop,
            Check::Replies,
            family,
            &shut,
            &Way::Inwards,
            breaks,
        );
        found.push(finding);
    }
    translation(patient, &out, found);
}

fn translation(patient: &Patient<'_>, out: &Packet, found: &mut Vec<Finding>) {
    let family = out.family();
    let subnets = patient
        .policy()
        .into_iter()
        .flat_map(|policy| &policy.subnets);
    for subnet in subnets.filter(|it| Family::of(&it.net) == family && it.translation.is_some()) {
        let guest = patient.guest(subnet.net);
        let packet = Packet {
            source: guest,
            ..out.clone()
        };
        if patient.host.walker.translated(&packet) != Truth::No {
            continue;
        }
        let net = subnet.net.to_string();
        let fix = match patient.capture().observed(Topic::Iptables(family)) {
            true => masquerade(patient, &net, family),
            false => patient.apply(),
        };
        found.push(Finding {
            check: Check::Translation,
            // Rules of nft may do it, too.
            certain: patient.capture().observed(Topic::Nft),
            fact: format!("nothing translates the addresses of {net}"),
            owner: None,
            seen: rules_seen(patient, family),
            breaks: "what a guest sends leaves with its own address, so no answer finds the way \
                     back"
                .to_owned(),
            fix: Some(fix),
        });
    }
}

/// Where rules that are not there should have been.
fn rules_seen(patient: &Patient<'_>, family: Family) -> Seen {
    let is = |role| match role {
        Role::Iptables(_, other) | Role::Listing(_, other) => other == family,
        Role::NftText | Role::NftJson => !patient.capture().observed(Topic::Iptables(family)),
        Role::Links
        | Role::Addresses
        | Role::Routes(_)
        | Role::BridgePorts
        | Role::Traffic
        | Role::Sysctls
        | Role::DnsmasqConf
        | Role::DnsmasqHosts
        | Role::DnsmasqNames
        | Role::Leases
        | Role::Macs
        | Role::Definition
        | Role::Processes
        | Role::Inventory => false,
    };
    patient.host.seen(is)
}

fn masquerade(patient: &Patient<'_>, net: &str, family: Family) -> Fix {
    let present = patient.capture().present();
    let tool = present.iter().find(|each| {
        use crate::capture::RuleTool;
        matches!(each.tool, RuleTool::Iptables(_, other) if other == family)
            && !each.ruleset.tables.is_empty()
    });
    let nft = crate::capture::RuleTool::Nft;
    let program = open::program(patient, tool.map_or(nft, |each| each.tool), family);
    Fix::run([&[
        program.as_str(),
        "-t",
        "nat",
        "-A",
        "POSTROUTING",
        "-s",
        net,
        "!",
        "-d",
        net,
        "-j",
        "MASQUERADE",
    ]])
    .note("lanwright apply puts all of the network's own rules back")
}

/// The kernel shows packets that only cross the bridge to iptables where it is asked to.
fn across(patient: &Patient<'_>, family: Family, found: &mut Vec<Finding>) {
    let name = match family {
        Family::Ipv4 => "bridge-nf-call-iptables",
        Family::Ipv6 => "bridge-nf-call-ip6tables",
    };
    let key = ["net", "bridge", name];
    if patient.host.sysctl(&key) != Some("1") {
        return;
    }
    let own = patient
        .addresses()
        .find(|address| Family::of(address) == family);
    let guests = match (own, family) {
        (Some(own), _) => Some((patient.guest(own), patient.guest(own))),
        (None, Family::Ipv4) => Some(([192, 0, 2, 8].into(), [192, 0, 2, 9].into())),
        // Without IPv6 of its own there is nobody to miss it.
        (None, Family::Ipv6) => None,
    };
    let Some((one, other)) = guests else {
        return;
    };
    let bridge = patient.bridge;
    let mut packet = Packet::between(one, other, Protocol::TCP);
    packet.came_in = Some(bridge.as_str().into());
    packet.goes_out = Some(bridge.as_str().into());
    packet.bridged = true;
    packet.destination_port = 22;
    let hooks = [Hook::Prerouting, Hook::Forward, Hook::Postrouting];
    let Some(stop) = stop(patient, &packet, &hooks).filter(|stop| stop.certain) else {
        return;
    };
    let shut = format!(
        "{} that only crosses {bridge}, which {name}=1 shows to it",
        route::word(family)
    );
    let breaks = match patient.is_virtual() {
        true => "guests of this network do not reach each other",
        false => "a guest reaches nothing beyond its port: no lease, no neighbour, no gateway",
    };
    let way = Way::Across;
    found.push(shut_by(
        patient,
        &stop,
        Check::Neighbours,
        family,
        &shut,
        &way,
        breaks,
    ));
}

/// Where a packet ends. What only may stop it counts if it knows the network, or if it is what
/// stops everything that nothing accepted.
fn stop<'a>(patient: &Patient<'a>, packet: &Packet, hooks: &[Hook]) -> Option<Stop<'a>> {
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

fn same(one: &Stop<'_>, other: &Stop<'_>) -> bool {
    let rule = |stop: &Stop<'_>| stop.rule.map(std::ptr::from_ref);
    std::ptr::eq(one.chain, other.chain)
        && rule(one) == rule(other)
        && one.certain == other.certain
        && std::ptr::eq(one.layer.table, other.layer.table)
}

/// The finding that a rule or policy shuts a way.
fn shut_by(
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
    let whose = match owner {
        Owner::Unknown => String::new(),
        known => format!("{known}'s "),
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
