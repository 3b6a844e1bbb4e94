//! Does a compiled network carry the traffic it should, and nothing else?
//!
//! Each test compiles one small network, brings a host up from the artifact tree with plain
//! tools and one of the firewall encodings, and asks over real packets, with real clients. The
//! world is `dataplane/world.sh`; what must come out of it is the table below.

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

/// What decides the expected result: the `<forward>` mode, and for NAT whether IPv6 is included.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Nat,
    Nat6,
    Route,
    Isolated,
    Open,
}

/// The reserved lease, the same in every mode but for the route an isolated network has not.
const LEASE: &str = "192.168.77.11/24 router=192.168.77.1 dns=192.168.77.1 \
                     domain=dut.example hostname=one";
const LEASE_ISOLATED: &str = "192.168.77.11/24 router= dns=192.168.77.1 \
                              domain=dut.example hostname=one";

/// Check; then what nat, route, isolated and open networks answer.
const EXPECTED: &[(&str, [&str; 4])] = &[
    ("lease-reserved", [LEASE, LEASE, LEASE_ISOLATED, LEASE]),
    ("lease-from-range", ["192.168.77.1xx"; 4]),
    ("dns-fixed-host", ["192.168.77.77"; 4]),
    ("dns-lease-host", ["192.168.77.11"; 4]),
    ("dns-over-tcp", ["192.168.77.77"; 4]),
    ("dns-reverse", ["fixed.dut.example."; 4]),
    ("dns-local-only", ["NXDOMAIN"; 4]),
    ("ping-host", ["yes"; 4]),
    ("ping-guest", ["yes"; 4]),
    ("ping-out", ["yes", "yes", "no", "yes"]),
    ("ping-in", ["no", "yes", "no", "yes"]),
    ("tcp-host", ["192.168.77.11"; 4]),
    ("tcp-guest", ["192.168.77.11"; 4]),
    (
        "tcp-out",
        ["198.51.100.2", "192.168.77.11", "refused", "192.168.77.11"],
    ),
    (
        "tcp-out-second",
        ["203.0.113.2", "192.168.77.11", "refused", "192.168.77.11"],
    ),
    (
        "udp-out",
        ["198.51.100.2", "192.168.77.11", "refused", "192.168.77.11"],
    ),
    (
        "tcp-in",
        ["refused", "198.51.100.1", "refused", "198.51.100.1"],
    ),
    (
        "tcp-in-second",
        ["refused", "203.0.113.1", "refused", "203.0.113.1"],
    ),
    ("low-source-port", ["moved", "kept", "none", "kept"]),
    ("spoofed-out", ["no", "no", "no", "yes"]),
];

/// The same over IPv6, which the guests learn from router advertisements: NAT of IPv6, and route.
const EXPECTED_IPV6: &[(&str, [&str; 2])] = &[
    ("ra-address", ["yes"; 2]),
    ("ra-route", ["yes"; 2]),
    ("ping6-out", ["yes"; 2]),
    ("ping6-in", ["no", "yes"]),
    (
        "tcp6-out",
        ["2001:0db8:0001:0000:0000:0000:0000:0002", "own"],
    ),
    (
        "tcp6-in",
        ["refused", "2001:0db8:0001:0000:0000:0000:0000:0001"],
    ),
];

impl Mode {
    fn has_ipv6(self) -> bool {
        matches!(self, Mode::Nat6 | Mode::Route)
    }

    fn expected(self) -> Vec<String> {
        let column = match self {
            Mode::Nat | Mode::Nat6 => 0,
            Mode::Route => 1,
            Mode::Isolated => 2,
            Mode::Open => 3,
        };
        let line = |check: &str, result: &str| format!("{check} {result}");
        let mut lines: Vec<String> = EXPECTED
            .iter()
            .map(|(check, results)| line(check, results[column]))
            .collect();
        if self.has_ipv6() {
            lines.extend(
                EXPECTED_IPV6
                    .iter()
                    .map(|(check, results)| line(check, results[column])),
            );
        }
        lines
    }

    fn xml(self) -> String {
        let forward = match self {
            Mode::Nat => "<forward mode='nat'/>",
            Mode::Nat6 => "<forward mode='nat'><nat ipv6='yes'/></forward>",
            Mode::Route => "<forward mode='route'/>",
            Mode::Isolated => "",
            Mode::Open => "<forward mode='open'/>",
        };
        let ipv6 = if self.has_ipv6() {
            "<ip family='ipv6' address='fd00:77::1' prefix='64'/>"
        } else {
            ""
        };
        format!(
            "<network>
  <name>dut</name>
  {forward}
  <bridge name='virbr7' stp='on' delay='0'/>
  <domain name='dut.example' localOnly='yes'/>
  <dns>
    <host ip='192.168.77.77'><hostname>fixed</hostname></host>
  </dns>
  <ip address='192.168.77.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.77.100' end='192.168.77.150'/>
      <host mac='52:54:00:00:77:01' name='one' ip='192.168.77.11'/>
    </dhcp>
  </ip>
  {ipv6}
</network>
"
        )
    }
}

fn carries(mode: Mode, encoding: &str) {
    let mut tools = vec![
        "unshare", "ip", "bridge", "sysctl", "dnsmasq", "busybox", "socat", "dig", "ping", "ss",
    ];
    tools.extend(match encoding {
        "iptables-nft" => ["iptables-nft-restore", "ip6tables-nft-restore"].as_slice(),
        "iptables-legacy" => &["iptables-legacy-restore", "ip6tables-legacy-restore"],
        _ => &["nft"],
    });
    if !common::require(&tools) {
        return;
    }
    let folder = common::scratch();
    let xml = folder.join("network.xml");
    fs::write(&xml, mode.xml()).expect("the folder is ours");
    let tree = common::compile(&[xml], &[]).unwrap_or_else(|why| panic!("{why}"));
    let room = Room::new(&script("dataplane/world.sh"))
        .argument(&tree)
        .argument(encoding)
        .argument(if mode.has_ipv6() { "1" } else { "0" })
        .limit_seconds(120);
    let outcome = room.run();
    let got: Vec<String> = outcome.stdout.lines().map(str::to_owned).collect();
    let difference = common::difference(&mode.expected(), &got);
    assert!(
        outcome.success() && difference.is_empty(),
        "- expected, + got:\n{difference}\n{}\ntree: {}",
        outcome.told(),
        tree.display()
    );
    for folder in [folder, tree] {
        fs::remove_dir_all(folder).expect("the folder is ours");
    }
}

/// One test for each pair, so that they run side by side and each has a name.
macro_rules! carries {
    ($($name:ident: $mode:ident, $encoding:literal;)*) => {
        $(#[test] fn $name() { carries(Mode::$mode, $encoding); })*
    };
}

carries! {
    nat_with_lanwright: Nat, "lanwright";
    nat_with_libvirt_nft: Nat, "libvirt";
    nat_with_iptables_nft: Nat, "iptables-nft";
    nat_with_iptables_legacy: Nat, "iptables-legacy";
    nat6_with_lanwright: Nat6, "lanwright";
    nat6_with_libvirt_nft: Nat6, "libvirt";
    nat6_with_iptables_nft: Nat6, "iptables-nft";
    nat6_with_iptables_legacy: Nat6, "iptables-legacy";
    route_with_lanwright: Route, "lanwright";
    route_with_libvirt_nft: Route, "libvirt";
    route_with_iptables_nft: Route, "iptables-nft";
    route_with_iptables_legacy: Route, "iptables-legacy";
    isolated_with_lanwright: Isolated, "lanwright";
    isolated_with_libvirt_nft: Isolated, "libvirt";
    isolated_with_iptables_nft: Isolated, "iptables-nft";
    isolated_with_iptables_legacy: Isolated, "iptables-legacy";
    open_with_lanwright: Open, "lanwright";
    open_with_libvirt_nft: Open, "libvirt";
    open_with_iptables_nft: Open, "iptables-nft";
    open_with_iptables_legacy: Open, "iptables-legacy";
}
