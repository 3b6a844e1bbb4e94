//! A profile as a keyfile: `/etc/NetworkManager/system-connections/*.nmconnection`.
//!
//! The syntax is GLib's: a backslash is doubled, a semicolon inside a list escaped. Defaults are
//! left out, as NetworkManager does when it writes the file back.

use serde::Serialize;

use super::profile::{BridgeSettings, DEFAULT_FORWARD_DELAY, Family, Profile, Settings};
use crate::backend::template::Template;
use crate::template;

static BRIDGE: Template = template!("network-manager.bridge.j2");
static PORT: Template = template!("network-manager.port.j2");

#[derive(Serialize)]
struct BridgeView<'a> {
    network: &'a str,
    uuid: &'a str,
    id: String,
    device: String,
    zone: Option<&'a str>,
    brings_ports: bool,
    mac: Option<&'a str>,
    mtu: Option<&'a str>,
    stp_off: bool,
    forward_delay: Option<String>,
    vlan_filtering: bool,
    families: [FamilyView; 2],
}

#[derive(Serialize)]
struct FamilyView {
    section: &'static str,
    is_ipv6: bool,
    method: &'static str,
    addresses: Vec<NumberedView>,
    routes: Vec<NumberedView>,
    dns: Option<String>,
    domains: Option<String>,
    never_default: bool,
}

/// `address1=…`, `route1=…`: the number is part of the key.
#[derive(Serialize)]
struct NumberedView {
    number: String,
    value: String,
}

#[derive(Serialize)]
struct PortView<'a> {
    network: &'a str,
    uuid: &'a str,
    id: String,
    device: String,
    bridge: String,
}

/// The text of the profile's file.
pub(super) fn print(network: &str, profile: &Profile) -> String {
    match &profile.settings {
        Settings::Bridge(settings) => print_bridge(network, profile, settings),
        Settings::Port(bridge) => PORT.render(&PortView {
            network,
            uuid: &profile.uuid,
            id: value(&profile.id),
            device: value(&profile.device),
            bridge: value(bridge),
        }),
    }
}

fn print_bridge(network: &str, profile: &Profile, settings: &BridgeSettings) -> String {
    BRIDGE.render(&BridgeView {
        network,
        uuid: &profile.uuid,
        id: value(&profile.id),
        device: value(&profile.device),
        zone: settings.zone.as_deref(),
        brings_ports: settings.brings_ports,
        mac: settings.mac.as_deref(),
        mtu: settings.mtu.as_deref(),
        stp_off: !settings.stp,
        forward_delay: settings
            .forward_delay
            .filter(|delay| *delay != DEFAULT_FORWARD_DELAY)
            .map(|delay| delay.to_string()),
        vlan_filtering: settings.vlan_filtering,
        families: [
            family("ipv4", &settings.ipv4),
            family("ipv6", &settings.ipv6),
        ],
    })
}

fn family(section: &'static str, family: &Family) -> FamilyView {
    // The gateway stands behind the first address.
    let mut gateway = family.gateway.as_deref();
    let addresses = family.addresses.iter().map(|address| match gateway.take() {
        Some(gateway) => format!("{address},{gateway}"),
        None => address.clone(),
    });
    let routes = family.routes.iter().map(|(destination, gateway, metric)| {
        let route = format!("{destination},{gateway},{metric}");
        route.trim_end_matches(',').to_owned()
    });
    FamilyView {
        section,
        is_ipv6: section == "ipv6",
        method: family.method,
        addresses: numbered(addresses),
        routes: numbered(routes),
        dns: list(&family.dns),
        domains: list(&family.domains),
        never_default: family.never_default,
    }
}

fn numbered(values: impl Iterator<Item = String>) -> Vec<NumberedView> {
    let number = |(at, value): (usize, String)| NumberedView {
        number: (at + 1).to_string(),
        value,
    };
    values.enumerate().map(number).collect()
}

fn list(values: &[String]) -> Option<String> {
    let item = |item: &String| value(item).replace(';', "\\;") + ";";
    (!values.is_empty()).then(|| values.iter().map(item).collect())
}

fn value(text: &str) -> String {
    text.replace('\\', "\\\\")
}
