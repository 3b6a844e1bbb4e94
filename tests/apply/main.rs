//! Does `apply` make a host hold what is declared, again and again, and nothing else?
//!
//! Each test is a script in a room of its own: a host with other people's bridge and rules on it.
//! What must hold is said in the scripts beside this file, which share `lib.sh`; here they are
//! given their modes, encodings and points of failure.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../common/mod.rs"]
mod common;

mod crash;
mod life;
mod mode;
mod watchdog;

use common::room::{Room, script};

/// What every script needs.
const TOOLS: &[&str] = &[
    "unshare",
    "ip",
    "bridge",
    "tc",
    "nft",
    "sysctl",
    "dnsmasq",
    "pgrep",
    "iptables-nft-restore",
    "ip6tables-nft-restore",
    "iptables-legacy-restore",
    "ip6tables-legacy-restore",
];

/// Runs a script to its end; what it prints, or why it failed. `None` where a tool is missing.
fn run(name: &str, arguments: &[&str], tools: &[&str]) -> Option<Result<String, String>> {
    if !common::require(&[TOOLS, tools].concat()) {
        return None;
    }
    let [lib, body] = ["lib", name].map(|name| script(&format!("apply/{name}.sh")));
    let mut room = Room::new(&format!("{lib}\n{body}")).variable("LANWRIGHT", common::LANWRIGHT);
    for argument in arguments {
        room = room.argument(argument);
    }
    Some(room.limit_seconds(600).run().stdout())
}

/// A script whose success is all there is to know.
fn holds(name: &str, arguments: &[&str], tools: &[&str]) {
    if let Some(Err(why)) = run(name, arguments, tools) {
        panic!("{name}.sh {}: {why}", arguments.join(" "));
    }
}
