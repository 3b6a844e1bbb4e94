//! A profile as arguments of `nmcli connection add` and `modify`.
//!
//! Every argument that could be more than a word to the shell is in single quotes.

use super::profile::{BridgeSettings, DEFAULT_FORWARD_DELAY, Family, Profile, Settings};
use crate::value::encode;

/// The properties of a profile and their values, as words for the shell, a property a line.
pub(super) fn properties(profile: &Profile) -> Vec<String> {
    let mut lines = vec![
        property("connection.id", &profile.id),
        property("connection.interface-name", &profile.device),
        property("connection.autoconnect-priority", "10"),
    ];
    match &profile.settings {
        Settings::Bridge(settings) => lines.extend(of_bridge(settings)),
        Settings::Port(bridge) => {
            lines.push(property("connection.master", bridge));
            lines.push(property("connection.slave-type", "bridge"));
        }
    }
    lines
}

fn of_bridge(settings: &BridgeSettings) -> Vec<String> {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" };
    let mut lines = Vec::new();
    lines.extend(
        settings
            .zone
            .as_ref()
            .map(|zone| property("connection.zone", zone)),
    );
    if settings.brings_ports {
        lines.push(property("connection.autoconnect-slaves", "1"));
    }
    lines.extend(
        settings
            .mac
            .as_ref()
            .map(|mac| property("bridge.mac-address", mac)),
    );
    lines.extend(
        settings
            .mtu
            .as_ref()
            .map(|mtu| property("802-3-ethernet.mtu", mtu)),
    );
    lines.push(property("bridge.stp", yes_no(settings.stp)));
    let delay = settings.forward_delay.unwrap_or(DEFAULT_FORWARD_DELAY);
    lines.push(property("bridge.forward-delay", &delay.to_string()));
    lines.push(property(
        "bridge.vlan-filtering",
        yes_no(settings.vlan_filtering),
    ));
    lines.extend(of_family("ipv4", &settings.ipv4));
    lines.extend(of_family("ipv6", &settings.ipv6));
    lines
}

/// Everything is said, also what is empty: `modify` would leave the old value otherwise.
fn of_family(name: &str, family: &Family) -> Vec<String> {
    let routes = family.routes.iter().map(|(destination, gateway, metric)| {
        let route = format!("{destination} {gateway} {metric}");
        route.trim_end().to_owned()
    });
    let never_default = if family.never_default { "yes" } else { "no" };
    let mut lines = vec![
        property(&format!("{name}.method"), family.method),
        property(&format!("{name}.addresses"), &family.addresses.join(",")),
        property(
            &format!("{name}.gateway"),
            family.gateway.as_deref().unwrap_or_default(),
        ),
        property(
            &format!("{name}.routes"),
            &routes.collect::<Vec<_>>().join(","),
        ),
        property(&format!("{name}.dns"), &family.dns.join(",")),
        property(&format!("{name}.dns-search"), &family.domains.join(",")),
        property(&format!("{name}.never-default"), never_default),
    ];
    if name == "ipv6" {
        lines.push(property("ipv6.addr-gen-mode", "eui64"));
    }
    lines
}

fn property(name: &str, value: &str) -> String {
    format!("{name} {}", encode::shell_word(value))
}
