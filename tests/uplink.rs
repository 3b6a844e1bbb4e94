//! Does a host that gives its only cable to a bridge stay reachable?
//!
//! Each test lets one manager address a host, has the compiled tree take its port over while it
//! runs, and looks at what is left. The world is `uplink/world.sh`; a second network namespace
//! is what hangs on the cable.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use common::room::{Room, script};
use std::fs;

/// How the host is addressed on its bridge; the element; what must come out.
const CASES: &[(&str, &str, &[&str])] = &[
    (
        "static",
        "<lan:uplink dev='eno1' addressing='static'>\
         <lan:ip address='192.0.2.10' prefix='24' gateway='192.0.2.1'/>\
         <lan:ip address='2001:db8:2::10' prefix='64' gateway='2001:db8:2::1'/></lan:uplink>",
        &[
            "ping-before yes",
            "address 192.0.2.10/24",
            "address 2001:db8:2::10/64",
            "default via 192.0.2.1 dev br0",
            "default via 2001:db8:2::1 dev br0",
            "joined yes",
            "port-addressed no",
            "link-local yes",
            "ping-out yes",
            "guest-out yes",
        ],
    ),
    (
        "dhcp",
        "<lan:uplink dev='eno1' addressing='dhcp'/>",
        &[
            "ping-before yes",
            "address 192.0.2.5x/24",
            "default via 192.0.2.1 dev br0",
            "joined yes",
            "port-addressed no",
            "ping-out yes",
            "guest-out yes",
        ],
    ),
    (
        "none",
        "<lan:uplink dev='eno1' addressing='none'/>",
        &[
            "ping-before yes",
            "joined yes",
            "port-addressed no",
            "link-local no",
            "ping-out no",
            "guest-out yes",
        ],
    ),
];

fn takes_over(manager: &str) {
    let mut wrong = Vec::new();
    for (addressing, uplink, expected) in CASES {
        let folder = common::scratch();
        let file = folder.join("lan.xml");
        let metadata =
            format!("<lan:network xmlns:lan='urn:lanwright:network:1'>{uplink}</lan:network>");
        let xml = format!(
            "<network><name>lan</name><metadata>{metadata}</metadata><forward mode='bridge'/>\
             <bridge name='br0'/></network>"
        );
        fs::write(&file, xml).unwrap();
        let tree = common::compile(&[file], &[]).unwrap();
        let room = Room::new(&script("uplink/world.sh"))
            .argument(manager)
            .argument(&tree)
            .argument(addressing)
            .limit_seconds(90);
        let done = room.run();
        let got: Vec<&str> = done.stdout.lines().collect();
        if done.success() && got == *expected {
            fs::remove_dir_all(tree).unwrap();
            fs::remove_dir_all(folder).unwrap();
        } else {
            wrong.push(format!(
                "--- {manager}, {addressing}: expected {expected:#?}, got\n{}",
                done.told()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn with_ip_alone() {
    if common::require(&["unshare", "ip", "ping", "dnsmasq", "busybox", "sysctl"]) {
        takes_over("iproute2");
    }
}

#[test]
fn with_networkd() {
    let tools = ["unshare", "ip", "ping", "dnsmasq", "sysctl", "dbus-daemon"];
    if common::require(&[tools.as_slice(), &["systemd-networkd", "networkctl"]].concat()) {
        takes_over("networkd");
    }
}

#[test]
fn with_network_manager() {
    let tools = ["unshare", "ip", "ping", "dnsmasq", "sysctl", "dbus-daemon"];
    if common::require(&[tools.as_slice(), &["NetworkManager", "nmcli"]].concat()) {
        takes_over("network-manager");
    }
}
