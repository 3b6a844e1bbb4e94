//! The bridge: is it there, is it up, has it its addresses?

use ipnet::IpNet;

use super::patient::Patient;
use super::report::{Check, Finding, Fix};
use crate::capture::{Role, Topic};

/// What is wrong with the bridge; nothing else matters while it is not there.
pub fn examine(patient: &Patient<'_>, found: &mut Vec<Finding>) {
    let (capture, bridge) = (patient.capture(), patient.bridge);
    if !capture.observed(Topic::Links) {
        return;
    }
    let seen = || patient.host.seen(|role| role == Role::Links);
    let finding = |check, fact: String, breaks: &str, fix| Finding {
        check,
        certain: true,
        fact,
        owner: None,
        seen: seen(),
        breaks: breaks.to_owned(),
        fix: Some(fix),
    };
    let Some(device) = capture.device(bridge) else {
        found.push(finding(
            Check::Bridge,
            format!("there is no bridge {bridge}"),
            "guests have nothing to be attached to, so they get no network at all",
            match patient.is_virtual() {
                true => patient.apply(),
                false => Fix::run([
                    &[
                        "ip",
                        "link",
                        "add",
                        "name",
                        bridge.as_str(),
                        "type",
                        "bridge",
                    ],
                    &["ip", "link", "set", "dev", bridge.as_str(), "up"],
                ])
                .by_hand()
                .note("the host's own port has to join it, too"),
            },
        ));
        return;
    };
    if !device.is_bridge() {
        found.push(finding(
            Check::Bridge,
            format!("{bridge} is there, but it is no bridge"),
            "guests cannot be attached to it",
            patient
                .apply()
                .note("the device of that name has to go first"),
        ));
        return;
    }
    if !device.up {
        found.push(finding(
            Check::BridgeUp,
            format!("the bridge {bridge} is down"),
            "a guest gets no lease and reaches nobody, not even the host",
            Fix::run([&["ip", "link", "set", "dev", bridge.as_str(), "up"]]),
        ));
    }
    addresses(patient, found);
}

fn addresses(patient: &Patient<'_>, found: &mut Vec<Finding>) {
    let capture = patient.capture();
    if !capture.observed(Topic::Addresses) || !patient.is_virtual() {
        return;
    }
    let held = |wanted: &IpNet| {
        let mut addresses = capture.state.addresses.iter();
        addresses.any(|it| it.link == *patient.bridge && it.address == *wanted)
    };
    let bridge = patient.bridge.as_str();
    for missing in patient.addresses().filter(|wanted| !held(wanted)) {
        let text = missing.to_string();
        let fix = match missing {
            IpNet::V4(_) => Fix::run([&[
                "ip",
                "address",
                "add",
                &text,
                "broadcast",
                "+",
                "dev",
                bridge,
            ]]),
            IpNet::V6(_) => Fix::run([&["ip", "address", "add", &text, "dev", bridge]]),
        };
        let leases = patient.service().is_some_and(|service| match missing {
            IpNet::V4(_) => service.dhcp4.is_some(),
            IpNet::V6(_) => service.dhcp6.is_some(),
        });
        let lost = "there is no gateway for guests, and the host does not know where they are";
        found.push(Finding {
            check: Check::Address,
            certain: true,
            fact: format!("the bridge {bridge} lacks its address {text}"),
            owner: None,
            seen: patient.host.seen(|role| role == Role::Addresses),
            breaks: match leases {
                true => format!("a guest gets no lease: {lost}"),
                false => lost.to_owned(),
            },
            fix: Some(fix),
        });
    }
    ipv6(patient, found);
}

/// Addresses of IPv6 go when it is turned off, so they are missed, too: this says why.
fn ipv6(patient: &Patient<'_>, found: &mut Vec<Finding>) {
    let key = [
        "net",
        "ipv6",
        "conf",
        patient.bridge.as_str(),
        "disable_ipv6",
    ];
    let wanted = patient.addresses().any(|address| address.addr().is_ipv6());
    if !wanted || patient.host.sysctl(&key) != Some("1") {
        return;
    }
    found.retain(|finding| finding.check != Check::Address || !finding.fact.contains("::"));
    let setting = format!("{}=0", super::patient::sysctl_name(&key));
    found.push(Finding {
        check: Check::Ipv6,
        certain: true,
        fact: format!("IPv6 is turned off on {}", patient.bridge),
        owner: None,
        seen: patient.host.seen_sysctl(&key),
        breaks: "a guest gets no IPv6 address and no router".to_owned(),
        fix: Some(
            Fix::run([&["sysctl", "-w", &setting]])
                .by_hand()
                .note("the addresses are gone with it: lanwright apply puts them back"),
        ),
    });
}
