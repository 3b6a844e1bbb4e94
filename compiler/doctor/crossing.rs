//! The firewall: what crosses the host.
//!
//! A guest's first packet to the outside, its translation, the answer; and a packet from guest to
//! guest, where the kernel shows bridged packets to iptables.

use super::gate::{same, shut_by, stop};
use super::open::{self, Way};
use super::packet::{Packet, Truth};
use super::patient::Patient;
use super::report::{Check, Finding, Fix, Seen};
use super::route;
use crate::capture::{Role, RuleTool, Topic};
use crate::firewall::{Family, Hook, Protocol};

/// To the outside and back, through the device of the default route.
pub fn forward(patient: &Patient<'_>, family: Family, found: &mut Vec<Finding>) {
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
        matches!(each.tool, RuleTool::Iptables(_, other) if other == family)
            && !each.ruleset.tables.is_empty()
    });
    let nft = RuleTool::Nft;
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
pub fn across(patient: &Patient<'_>, family: Family, found: &mut Vec<Finding>) {
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
