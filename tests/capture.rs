//! Capturing a host: a room is made one from what `compile` writes, then captured.
//!
//! What a capture must hold: everything is recognised, nothing is left aside, and looking changes
//! nothing.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use common::room::{Room, script};
use lanwright::capture::inventory::Inventory;
use lanwright::capture::{self, Capture, RuleTool, Topic};
use lanwright::firewall::Family;
use lanwright::host::texts;
use std::fs;
use std::path::Path;

const TOOLS: &[&str] = &[
    "unshare",
    "ip",
    "bridge",
    "tc",
    "nft",
    "iptables-nft-restore",
    "iptables-nft-save",
    "iptables-legacy-save",
    "dnsmasq",
    "busybox",
    "sysctl",
];

const LAB: &str = "<network>\n  <name>lab</name>\n  <bridge name='virbr7' stp='off'/>\n  \
    <port isolated='yes'/>\n  <ip address='192.0.2.1' prefix='24'>\n    <dhcp>\n      \
    <range start='192.0.2.10' end='192.0.2.20'/>\n      \
    <host mac='52:54:00:00:00:07' ip='192.0.2.11' name='web'/>\n    </dhcp>\n  </ip>\n\
    </network>\n";

/// Runs a script of `capture/` with the program and a folder to write into.
fn in_room(name: &str) -> Option<std::path::PathBuf> {
    if !common::require(TOOLS) {
        return None;
    }
    let out = common::scratch();
    let xml = out.join("lab.xml");
    fs::write(&xml, LAB).unwrap();
    let tree = common::compile(&[xml], &[]).unwrap();
    let room = Room::new(&(script("capture/host.sh") + &script(name)));
    let room = room.argument(common::LANWRIGHT).argument(&tree);
    let said = room.argument(&out).limit_seconds(90).run().stdout();
    assert_eq!(said.unwrap(), "");
    fs::remove_dir_all(tree).unwrap();
    Some(out)
}

fn read(folder: &Path) -> Capture {
    capture::read(texts::texts(folder).unwrap())
}

/// Every file is taken for something, and every line of it is understood.
fn assert_whole(capture: &Capture) {
    let aside = capture.files.iter().filter(|file| file.role.is_none());
    let aside: Vec<&str> = aside.map(|file| file.name.as_str()).collect();
    assert_eq!(aside, [""; 0], "left aside");
    let gaps = capture.gaps.iter();
    let gaps: Vec<String> = gaps
        .map(|gap| format!("{}: {}", capture.name(gap.file), gap.unread))
        .collect();
    assert_eq!(gaps, [""; 0], "not understood");
}

#[test]
fn a_host_is_captured_whole_and_stays_as_it_is() {
    let Some(out) = in_room("capture/whole.sh") else {
        return;
    };
    let folder = out.join("capture");
    let capture = read(&folder);
    assert_whole(&capture);
    for topic in [
        Topic::Iptables(Family::Ipv4),
        Topic::Iptables(Family::Ipv6),
        Topic::Nft,
        Topic::Links,
        Topic::Addresses,
        Topic::Routes(Family::Ipv4),
        Topic::Routes(Family::Ipv6),
        Topic::Sysctls,
        Topic::Services,
        Topic::Traffic,
        Topic::Leases,
    ] {
        assert!(capture.observed(topic), "{topic:?} is not observed");
    }
    let service = &capture.state.services[0];
    assert_eq!(service.network.to_string(), "lab");
    assert_eq!(service.link.as_str(), "virbr7");
    let lease = &capture.state.leases[0];
    assert_eq!(lease.ip.to_string(), "192.0.2.11");
    assert_eq!(lease.hostname.as_deref(), Some("web"));
    assert_eq!(lease.link.as_ref(), Some(&service.link));
    let port = &capture.bridging.ports[0];
    assert_eq!((port.link.as_str(), port.isolated), ("port0", Some(true)));
    let rules = |wanted: fn(&RuleTool) -> bool| {
        let of = capture
            .present()
            .into_iter()
            .find(|each| wanted(&each.tool));
        let tables = of.map_or(0, |each| each.ruleset.tables.len());
        assert!(tables > 0, "no tables");
    };
    rules(|tool| matches!(tool, RuleTool::Nft));
    rules(|tool| {
        matches!(
            tool,
            RuleTool::Iptables(capture::Variant::Nft, Family::Ipv4)
        )
    });
    let before = common::text(&out.join("before"));
    assert_eq!(
        before,
        common::text(&out.join("after")),
        "the host was changed"
    );
    fs::remove_dir_all(out).unwrap();
}

#[test]
fn a_later_capture_takes_the_place_of_an_earlier_one() {
    let Some(out) = in_room("capture/again.sh") else {
        return;
    };
    assert!(!out.join("capture.old").exists());
    let capture = read(&out.join("capture"));
    assert_whole(&capture);
    let names: Vec<&str> = capture
        .devices
        .iter()
        .map(|device| device.name.as_str())
        .collect();
    assert!(
        names.contains(&"virbr8") && !names.contains(&"virbr7"),
        "{names:?}"
    );
    assert!(!out.join("capture/tc-virbr7.txt").exists());
    let refused = common::text(&out.join("refused"));
    assert!(
        refused.contains("changed by hand") && refused.contains("--force"),
        "{refused}"
    );
    fs::remove_dir_all(out).unwrap();
}

#[test]
fn a_namespace_is_captured_from_outside() {
    let Some(out) = in_room("capture/netns.sh") else {
        return;
    };
    for (name, device) in [
        ("named", "inside"),
        ("path", "inside"),
        ("outside", "virbr7"),
    ] {
        let capture = read(&out.join(name));
        assert_whole(&capture);
        let bridges = capture.devices.iter().filter(|device| device.is_bridge());
        let bridges: Vec<&str> = bridges.map(|bridge| bridge.name.as_str()).collect();
        assert_eq!(bridges, [device], "{name}");
        let services = capture.services.iter();
        let services: Vec<&str> = services.map(|service| service.stem.as_str()).collect();
        let own = if device == "inside" { "inside" } else { "lab" };
        assert_eq!(services, [own], "{name}");
        let setting = capture.state.sysctls.iter().find(|setting| {
            setting.key.join("/") == format!("net/ipv4/conf/{device}/route_localnet")
        });
        let expected = if device == "inside" { "1" } else { "0" };
        assert_eq!(
            setting.map(|setting| setting.value.as_str()),
            Some(expected),
            "{name}"
        );
    }
    let inventory = Inventory::parse(&common::text(&out.join("named/capture.json")));
    assert_eq!(inventory.unwrap().netns.as_deref(), Some("apart"));
    fs::remove_dir_all(out).unwrap();
}
