//! What the host depends on, and must not lose for the sake of a network.

use std::collections::BTreeMap;

use crate::host::run;
use crate::plan::refuse::Lifelines;
use crate::value::DeviceName;

/// What the host depends on.
pub(super) fn lifelines() -> Lifelines {
    let resolv = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = resolv
        .lines()
        .filter_map(|line| line.strip_prefix("nameserver"));
    let peer = std::env::var("SSH_CONNECTION").ok();
    let peer = peer.and_then(|words| words.split_whitespace().next()?.parse().ok());
    Lifelines {
        resolvers: servers
            .filter_map(|server| server.trim().parse().ok())
            .filter(|ip: &std::net::IpAddr| !ip.is_loopback())
            .collect(),
        peer,
        advertised: advertised(),
    }
}

/// Devices that listen to router advertisements as long as nothing is forwarded, and have a route
/// from one.
fn advertised() -> Vec<DeviceName> {
    let arguments = ["-j", "-6", "route", "show", "default", "proto", "ra"];
    let printed = run::output("ip", &arguments).unwrap_or_default();
    let routes: Vec<BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(&printed).unwrap_or_default();
    let devices = routes
        .iter()
        .filter_map(|route| route.get("dev")?.as_str()?.parse().ok());
    devices
        .filter(|device: &DeviceName| {
            let path = format!("/proc/sys/net/ipv6/conf/{device}/accept_ra");
            std::fs::read_to_string(path).is_ok_and(|value| value.trim() == "1")
        })
        .collect()
}
