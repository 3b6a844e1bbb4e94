//! dnsmasq: has it a configuration, does it run, does it listen, are there addresses left?

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::patient::Patient;
use super::port;
use super::report::{Check, Finding, Seen};
use crate::audit::owner::Owner;
use crate::backend::dnsmasq::{CommandLine, Inclusion};
use crate::capture::{Process, Role, Socket, Topic};
use crate::state::{DhcpPool, Dnsmasq, DynamicRange};

/// What is wrong with the network's dnsmasq, if it is to have one.
pub fn examine(patient: &Patient<'_>, found: &mut Vec<Finding>) {
    let Some(service) = patient.service() else {
        return;
    };
    if configured(patient, found) && patient.capture().observed(Topic::Processes) {
        runs(patient, service, found);
    }
    leases(patient, service, found);
}

/// Whether there may be a configuration.
fn configured(patient: &Patient<'_>, found: &mut Vec<Finding>) -> bool {
    let capture = patient.capture();
    let mut services = capture.state.services.iter();
    let there = services.any(|service| service.link == *patient.bridge);
    if there || !capture.observed(Topic::Services) {
        return true;
    }
    found.push(Finding {
        check: Check::Service,
        certain: true,
        fact: format!("no dnsmasq is configured for {}", patient.bridge),
        owner: None,
        seen: patient.host.seen(|role| role == Role::DnsmasqConf),
        breaks: "a guest gets no lease, and nobody answers its names".to_owned(),
        fix: Some(patient.apply()),
    });
    false
}

fn runs(patient: &Patient<'_>, service: &Dnsmasq, found: &mut Vec<Finding>) {
    let capture = patient.capture();
    let Some(process) = capture.processes.iter().find(|it| serves(patient, it)) else {
        found.push(Finding {
            check: Check::ServiceRuns,
            certain: true,
            fact: format!("no dnsmasq runs for {}", patient.bridge),
            owner: None,
            seen: seen(patient, "pgrep -a dnsmasq"),
            breaks: "a guest gets no lease, and nobody answers its names".to_owned(),
            fix: Some(patient.apply()),
        });
        return;
    };
    let Some(listens) = &process.listens else {
        return;
    };
    let mut deaf = |number: u16, breaks: &str| {
        found.push(Finding {
            check: Check::ServiceListens,
            certain: true,
            fact: format!(
                "dnsmasq ({}) does not listen on UDP port {number}",
                process.pid
            ),
            owner: None,
            seen: seen(patient, "ss -lnup"),
            breaks: breaks.to_owned(),
            fix: Some(
                patient
                    .apply()
                    .note("or another program has the port: ss -lnup shows which"),
            ),
        });
    };
    let has = |socket: &Socket, port| !socket.tcp && socket.port == port;
    if service.dhcp4.is_some() && !listens.iter().any(|socket| has(socket, 67)) {
        deaf(67, "a guest gets no lease");
    }
    let own: Vec<IpAddr> = patient.addresses().map(|address| address.addr()).collect();
    let answers = |socket: &Socket| {
        has(socket, 53) && (socket.address.is_unspecified() || own.contains(&socket.address))
    };
    // An IPv6 address can only be used once the bridge has a port (it stays tentative).
    let not_yet = port::waits(patient) && own.iter().all(IpAddr::is_ipv6);
    if service.dns && !not_yet && !listens.iter().any(answers) {
        deaf(53, "a guest gets a lease but resolves no name");
    }
}

fn seen(patient: &Patient<'_>, command: &str) -> Seen {
    Seen {
        command: Some(command.to_owned()),
        ..patient.host.seen(|role| role == Role::Processes)
    }
}

/// Whether a dnsmasq is this network's: it names the bridge or the network's configuration, or it
/// listens on the bridge's address.
fn serves(patient: &Patient<'_>, process: &Process) -> bool {
    let capture = patient.capture();
    let line = CommandLine::read(&process.arguments);
    let names = format!("interface={}", patient.bridge);
    if line.lines.iter().any(|each| each.trim_end() == names) {
        return true;
    }
    let services = capture.state.services.iter().zip(&capture.services);
    let stems: Vec<&str> = services
        .filter(|(service, _)| service.link == *patient.bridge)
        .map(|(_, files)| files.stem.as_str())
        .collect();
    let named = |inclusion: &Inclusion| match inclusion {
        Inclusion::File(path) => {
            let base = path.rsplit('/').next().unwrap_or(path);
            let stem = base.strip_suffix(".conf").unwrap_or(base);
            stems.contains(&stem) || stem == patient.segment.network.as_str()
        }
        Inclusion::Folder(_) => false,
    };
    let listens = process.listens.iter().flatten();
    let mut addresses = listens.map(|socket| socket.address);
    line.inclusions.iter().any(named)
        || addresses.any(|address| patient.addresses().any(|own| own.addr() == address))
}

/// A lease outlives its guest until it ends, so a small pool may be full without a guest running.
fn leases(patient: &Patient<'_>, service: &Dnsmasq, found: &mut Vec<Finding>) {
    let capture = patient.capture();
    let pool = service.dhcp4.as_ref().map(|dhcp| &dhcp.pool);
    let Some(DhcpPool::Ranges { ranges, .. }) = pool else {
        return;
    };
    let size: u64 = ranges.iter().map(size).sum();
    let size = service.max_leases.map_or(size, |most| most.min(size));
    let within = |ip: &IpAddr| {
        ranges
            .iter()
            .any(|range| range.start <= *ip && *ip <= range.end)
    };
    let leases = capture.state.leases.iter();
    let leases = leases.filter(|lease| lease.link.as_ref().is_none_or(|it| it == patient.bridge));
    let given: BTreeSet<IpAddr> = leases.map(|lease| lease.ip).filter(within).collect();
    if size == 0 || (given.len() as u64) < size {
        return;
    }
    found.push(Finding {
        check: Check::Leases,
        certain: true,
        fact: format!("all {size} addresses of the pool are leased"),
        owner: None::<Owner>,
        seen: Seen {
            command: Some("lanwright leases".to_owned()),
            ..patient.host.seen(|role| role == Role::Leases)
        },
        breaks: "a guest that is new gets no lease until another one ends".to_owned(),
        fix: Some(
            patient
                .apply()
                .note("after widening <range>, or with a shorter <lease>, in the network's XML"),
        ),
    });
}

fn size(range: &DynamicRange) -> u64 {
    match (range.start, range.end) {
        (IpAddr::V4(start), IpAddr::V4(end)) => {
            u64::from(u32::from(end).saturating_sub(u32::from(start))) + 1
        }
        (_, _) => u64::MAX / 1024,
    }
}
