//! Do networks come up when a machine starts?
//!
//! A machine with systemd as its process 1 starts several times in a container: `scenario.sh` says
//! what happens at each start and what has to hold; `machine.sh` makes the machine. What needs no
//! start is tried in folders.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../common/mod.rs"]
mod common;

mod image;

use common::LANWRIGHT;
use common::room::{Room, script};
use std::fs;

const TOOLS: &[&str] = &[
    "unshare",
    "systemd-nspawn",
    "systemd-analyze",
    "dbus-daemon",
    "dnsmasq",
    "nft",
    "ip",
    "busybox",
];

#[test]
fn networks_come_up_when_a_machine_starts() {
    if !common::require(TOOLS) {
        return;
    }
    let out = common::scratch();
    let scenario = common::project().join("tests/boot/scenario.sh");
    let outcome = Room::bare(&script("boot/machine.sh"))
        .argument(LANWRIGHT)
        .argument(&scenario)
        .argument(&out)
        .limit_seconds(600)
        .run();
    let log = fs::read_to_string(out.join("log")).unwrap_or_default();
    let verdict = fs::read_to_string(out.join("verdict")).unwrap_or_default();
    assert!(
        verdict == "holds\n",
        "{verdict}\n{log}\n{}\n(journals: {})",
        outcome.told(),
        out.display()
    );
    let exposure = fs::read_to_string(out.join("security")).unwrap_or_default();
    let figure = exposure
        .rsplit_once(": ")
        .and_then(|(_, figure)| figure.split_whitespace().next()?.parse::<f64>().ok());
    assert!(figure.is_some_and(|figure| figure < 3.5), "{exposure}");
    fs::remove_dir_all(&out).expect("the folder is ours");
}
