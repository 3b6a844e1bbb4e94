//! Do networks get on with what else rules a host: others' rules, firewalld, the host's only cable?

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../common/mod.rs"]
mod common;

use common::room::{Room, script};

const TOOLS: &[&str] = &["unshare", "ip", "nft", "dnsmasq", "iptables-nft", "ping"];

/// Runs a script of this folder with the program; what it says, unless a tool is missing.
fn said(name: &str, argument: &str, tools: &[&str]) -> Option<String> {
    if !common::require(&[TOOLS, tools].concat()) {
        return None;
    }
    let room = Room::new(&script(&format!("beside/{name}")));
    let room = room.argument(common::LANWRIGHT).argument(argument);
    let room = room.limit_seconds(120);
    Some(room.run().stdout().unwrap())
}

#[test]
fn what_others_shut_is_said_at_once() {
    let Some(said) = said("rules.sh", "", &[]) else {
        return;
    };
    let part = |name: &str| -> Vec<&str> {
        let parts = said.split("== ");
        let mut parts = parts.filter_map(|part| part.strip_prefix(name)?.strip_prefix('\n'));
        parts.next().unwrap().lines().collect()
    };
    assert_eq!(part("nobody else"), ["exit 1"], "{said}");
    let input = part("INPUT drops");
    assert_eq!(input[0], "exit 1", "{said}");
    assert!(input[1].starts_with("warning: virbr0: "), "{said}");
    assert!(input[2].contains("iptables"), "{said}");
    assert!(input[2].contains("67"), "{said}");
    assert_eq!(part("INPUT lets in"), ["exit 1"], "{said}");
    let forward = part("FORWARD drops");
    assert_eq!(forward[0], "exit 2", "{said}");
    assert!(forward[1].starts_with("error: virbr0: "), "{said}");
    assert!(forward[2].contains("leave out --firewall"), "{said}");
    assert_eq!(part("FORWARD drops, not chosen"), ["exit 1"], "{said}");
}

#[test]
fn a_gateway_that_does_not_answer_brings_the_cable_back() {
    let Some(said) = said("uplink.sh", "", &[]) else {
        return;
    };
    let expected = "exit 2, eth0 has it 1\n\
        the gateway 192.0.2.99 does not answer within 15 s; everything was put back\n\
        default via 192.0.2.1 dev eth0 \nreached\n\
        exit 2, eth0 has it 1\n\
        this session came in through 'eth0', which changes: --confirm 60\n\
        exit 0, eth0 has it 0\nreached\n";
    assert_eq!(said, expected);
}

#[test]
fn bridges_go_into_the_zones_of_a_real_firewalld() {
    if std::env::var_os("LANWRIGHT_FULL").is_none_or(|value| value != "1") {
        return common::skipped("a real firewalld: LANWRIGHT_FULL=1 is not set");
    }
    let Some(said) = said(
        "firewalld.sh",
        "",
        &["firewalld", "firewall-cmd", "dbus-daemon"],
    ) else {
        return;
    };
    let expected = "zone      virbr0: put into libvirt\nlibvirt\n\
        nothing to do: 'default' is as it should be\nreloaded: 1 table\n";
    assert!(said.starts_with(expected), "{said}");
    assert!(
        said.ends_with("zone      virbr0: take out of libvirt\nno zone\n"),
        "{said}"
    );
}

/// A manager's cable becomes a port, stays the manager's own if the gateway does not answer, and
/// comes back with `down`.
fn managed(manager: &str, tools: &[&str]) {
    let Some(said) = said("managed.sh", manager, tools) else {
        return;
    };
    let expected = "unreachable exit 2\n\
        does not answer within 15 s; everything was put back\n\
        unreachable reached\nunreachable on eno1 192.0.2.99/24 \n\
        first exit 0\nfirst reached\nfirst on br0 192.0.2.10/24 \n\
        second exit 0\nnothing to do: 'lan' is as it should be\n\
        down exit 0\ndown reached\ndown on eno1 192.0.2.99/24 \nno bridge\n";
    assert_eq!(said, expected);
}

#[test]
fn networkd_gives_its_cable_and_gets_it_back() {
    managed(
        "networkd",
        &["dbus-daemon", "systemd-networkd", "networkctl"],
    );
}

#[test]
fn network_manager_gives_its_cable_and_gets_it_back() {
    managed(
        "network-manager",
        &["dbus-daemon", "NetworkManager", "nmcli"],
    );
}
