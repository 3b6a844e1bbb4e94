//! The commands that look at a host, as a person meets them: what they print of texts, exit codes,
//! refusals. None of this needs root; what needs a host of its own is in `capture.rs`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "common/program.rs"]
mod program;

use std::fs;
use std::process::Output;

use serde_json::Value;

use program::{code, fed, lanwright, stderr, stdout};

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The texts of a host with two networks, one of them with guests.
fn host() -> tempfile::TempDir {
    let host = tempfile::tempdir().expect("a temporary folder");
    let files = [
        (
            "link.json",
            r#"[{"ifname":"virbr7","flags":["UP"],"link_type":"ether","linkinfo":
            {"info_kind":"bridge"}},
            {"ifname":"virbr8","flags":[],"linkinfo":{"info_kind":"bridge"}},
            {"ifname":"vnet0","flags":["UP"],"master":"virbr7","address":"fe:54:00:00:00:07"},
            {"ifname":"vnet1","flags":[],"master":"virbr7","address":"fe:54:00:00:00:09"}]"#,
        ),
        (
            "addr.json",
            r#"[{"ifname":"virbr7","addr_info":[{"local":"192.0.2.1","prefixlen":24},
            {"local":"2001:db8::1","prefixlen":64}]}]"#,
        ),
        (
            "bridge-link.json",
            r#"[{"ifname":"vnet1","master":"virbr7","isolated":true}]"#,
        ),
        (
            "dnsmasq/lab.conf",
            "strict-order\nexcept-interface=lo\nbind-dynamic\ninterface=virbr7\n\
            dhcp-range=192.0.2.10,192.0.2.20,255.255.255.0\ndhcp-no-override\n\
            dhcp-authoritative\ndhcp-lease-max=11\n",
        ),
        (
            "dnsmasq/virbr7.status",
            r#"[{"ip-address":"192.0.2.20","mac-address":"52:54:00:00:00:09","expiry-time":0},
            {"ip-address":"192.0.2.11","mac-address":"52:54:00:00:00:07","hostname":"web",
            "client-id":"01:52:54:00:00:00:07","expiry-time":1795000000}]"#,
        ),
        (
            "dnsmasq/virbr7.macs",
            r#"[{"domain":"web\u001b[31m","macs":["52:54:00:00:00:07"]}]"#,
        ),
    ];
    fs::create_dir(host.path().join("dnsmasq")).expect("made");
    for (name, text) in files {
        fs::write(host.path().join(name), text).expect("written");
    }
    host
}

#[test]
fn status_shows_a_line_for_each_network() {
    let host = host();
    let output = lanwright(host.path(), &["status", "."]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let expected = "\
NETWORK  BRIDGE  MODE  STATE  ADDRESS         LEASES  RULES
lab      virbr7  ?     up     192.0.2.1/24    2       -
                              2001:db8::1/64
virbr8   virbr8  ?     down   -               -       -

PORT   NETWORK  STATE  GUEST     MAC                ISOLATED
vnet0  lab      up     web\u{fffd}[31m  52:54:00:00:00:07
vnet1  lab      down                                yes

not looked at: rules
";
    assert_eq!(stdout(&output), expected);
    let widest = expected.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80));
}

#[test]
fn status_as_json_says_null_of_what_is_not_known() {
    let host = host();
    let output = lanwright(host.path(), &["status", ".", "--format", "json"]);
    let report = json(&output);
    let networks = report["networks"].as_array().expect("a list");
    assert_eq!(networks[0]["name"], "lab");
    assert_eq!(networks[0]["mode"], Value::Null);
    assert_eq!(networks[0]["dnsmasq"], true);
    assert_eq!(networks[0]["ports"][0]["guest_mac"], "52:54:00:00:00:07");
    assert_eq!(networks[1]["dnsmasq"], false);
    // A folder without it was looked into; without the folder nobody knows.
    let served = || {
        let output = lanwright(host.path(), &["status", ".", "--format", "json"]);
        json(&output)["networks"][0]["dnsmasq"].clone()
    };
    fs::remove_file(host.path().join("dnsmasq/lab.conf")).expect("removed");
    assert_eq!(served(), false);
    fs::remove_dir_all(host.path().join("dnsmasq")).expect("removed");
    assert_eq!(served(), Value::Null);
}

#[test]
fn leases_are_listed_by_network_and_address() {
    let host = host();
    let output = lanwright(host.path(), &["leases", "."]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let expected = "\
lab on virbr7
  ADDRESS     MAC                NAME  ENDS
  192.0.2.11  52:54:00:00:00:07  web   2026-11-18T11:06:40Z
  192.0.2.20  52:54:00:00:00:09        never
";
    assert_eq!(stdout(&output), expected);
    let report = json(&lanwright(
        host.path(),
        &["leases", ".", "--format", "json"],
    ));
    assert_eq!(report["leases"][0]["expires"], "2026-11-18T11:06:40Z");
    assert_eq!(report["leases"][0]["client_id"], "01:52:54:00:00:00:07");
    assert_eq!(report["leases"][1]["expires"], Value::Null);
    assert_eq!(report["leases"][0]["remaining_seconds"], Value::Null);
}

#[test]
fn a_file_of_leases_is_enough() {
    let host = host();
    let leases = "1795000000 52:54:00:00:00:07 192.0.2.11 web *\nbroken\n";
    fs::write(host.path().join("dnsmasq.leases"), leases).expect("written");
    let output = lanwright(host.path(), &["leases", "dnsmasq.leases"]);
    assert_eq!(code(&output), 0);
    assert!(
        stdout(&output).contains("of an unknown network\n"),
        "{}",
        stdout(&output)
    );
    assert!(
        stderr(&output).contains("dnsmasq.leases: line 2"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_tells_nothing_is_said_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("notes"), "remember the milk\n").expect("written");
    let output = lanwright(folder.path(), &["status", "notes"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("nothing in notes"),
        "{}",
        stderr(&output)
    );
    let output = lanwright(folder.path(), &["leases", "notes"]);
    assert_eq!(code(&output), 0);
    assert_eq!(stdout(&output), "no leases: there is no file of them\n");
    let output = lanwright(folder.path(), &["leases", "nowhere"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("nowhere"), "{}", stderr(&output));
}

#[test]
fn standard_input_is_a_host_too() {
    let text = br#"[{"ip-address":"192.0.2.11","expiry-time":0}]"#;
    let output = fed(&["leases", "-"], text);
    assert!(
        stdout(&output).contains("192.0.2.11"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_capture_does_not_take_the_place_of_something_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("out");
    fs::create_dir(&place).expect("made");
    fs::write(place.join("precious"), "data").expect("written");
    let output = lanwright(folder.path(), &["capture", "-o", "out"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(&place).expect("readable").count(), 1);
    let output = lanwright(folder.path(), &["capture"]);
    assert_eq!(code(&output), 2);
    let output = lanwright(
        folder.path(),
        &["capture", "-o", "x", "--netns", "lanwright-none"],
    );
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("lanwright-none"),
        "{}",
        stderr(&output)
    );
    assert!(!folder.path().join("x").exists());
}
