//! systemd-networkd: a `.netdev` and a `.network` file a bridge, and what its uplink needs.
//!
//! The order of settings is networkd's own affair: it sets the forward delay with the spanning
//! tree, and addresses once the bridge is up. What it has no setting for is a [`Limit`].

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Limit, Output};
use crate::diagnostic::Code;
use crate::state::{Bridge, LinkKind, OnLink, Route, UplinkAddressing};
use crate::template;
use crate::value::DeviceName;

static NETDEV: Template = template!("networkd.netdev.j2");
static NETWORK: Template = template!("networkd.network.j2");
static UPLINK: Template = template!("networkd.uplink.j2");
static LINK: Template = template!("networkd.link.j2");

#[derive(Serialize)]
struct NetdevView<'a> {
    network: &'a str,
    link: &'a str,
    mac: String,
    mtu: Option<String>,
    stp: &'static str,
    forward_delay: String,
    vlan_filtering: bool,
}

#[derive(Serialize)]
struct NetworkView<'a> {
    network: &'a str,
    pattern: String,
    for_guests: bool,
    dhcp: bool,
    link_local: &'static str,
    accept_ra: &'static str,
    addresses: Vec<String>,
    dns: Vec<String>,
    domains: Vec<String>,
    routes: Vec<RouteView>,
}

#[derive(Serialize)]
struct RouteView {
    destination: String,
    gateway: String,
    metric: Option<String>,
}

#[derive(Serialize)]
struct UplinkView<'a> {
    network: &'a str,
    link: &'a str,
    port: &'a str,
    pattern: String,
}

/// The files of every bridge that is made.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let mut output = Output::default();
    for on in compiled.state.on_links() {
        match &on.link.kind {
            LinkKind::Bridge(bridge) => match unspeakable(&on, bridge) {
                Some(name) => output.limits.push(refused(&on, name)),
                None => made(&on, bridge, &mut output),
            },
            LinkKind::ExistingBridge { vlan_filtering } => {
                output.limits.extend(left_alone(&on, *vlan_filtering));
            }
        }
    }
    output
}

fn made(on: &OnLink<'_>, bridge: &Bridge, output: &mut Output) {
    let file = |ending: &str, text| {
        let path = format!("networkd/10-lanwright-{}.{ending}", on.link.name);
        Artifact::file(path, text)
    };
    output.artifacts.push(file("netdev", netdev(on, bridge)));
    output.artifacts.push(file("network", network(on, bridge)));
    if let Some(uplink) = &bridge.uplink {
        let view = |name: &DeviceName| UplinkView {
            network: on.segment.network.as_str(),
            link: on.link.name.as_str(),
            port: uplink.dev.as_str(),
            pattern: pattern(name),
        };
        let link = LINK.render(&view(&on.link.name));
        output.artifacts.push(file("link", link));
        let path = format!("networkd/10-lanwright-{}.network", uplink.dev);
        let text = UPLINK.render(&view(&uplink.dev));
        output.artifacts.push(Artifact::file(path, text));
    }
    output.limits.extend(unshaped(on));
    output.limits.extend(unroutable(on));
}

fn netdev(on: &OnLink<'_>, bridge: &Bridge) -> String {
    NETDEV.render(&NetdevView {
        network: on.segment.network.as_str(),
        link: on.link.name.as_str(),
        mac: on.link.mac.map_or("none".to_owned(), |mac| mac.to_string()),
        mtu: on.link.mtu.map(|mtu| mtu.to_string()),
        stp: if bridge.stp { "yes" } else { "no" },
        forward_delay: bridge.effective_delay_seconds().to_string(),
        vlan_filtering: bridge.vlan_filtering,
    })
}

fn network(on: &OnLink<'_>, bridge: &Bridge) -> String {
    let addressing = bridge.uplink.as_ref().map(|uplink| &uplink.addressing);
    let dhcp = addressing == Some(&UplinkAddressing::Dhcp);
    let has_ipv6 = on
        .addresses
        .iter()
        .any(|each| each.address.addr().is_ipv6());
    let domains = on.registrations.iter().map(|each| each.domain.as_str());
    let domains = domains.filter(|domain| is_domain(domain));
    NETWORK.render(&NetworkView {
        network: on.segment.network.as_str(),
        pattern: pattern(&on.link.name),
        for_guests: addressing.is_none_or(|addressing| *addressing == UplinkAddressing::None),
        dhcp,
        link_local: if has_ipv6 || dhcp { "ipv6" } else { "no" },
        accept_ra: if dhcp { "yes" } else { "no" },
        addresses: on
            .addresses
            .iter()
            .map(|each| each.address.to_string())
            .collect(),
        dns: name_servers(on, addressing),
        domains: domains.map(str::to_owned).collect(),
        routes: on.routes.iter().map(|route| route_view(route)).collect(),
    })
}

fn name_servers(on: &OnLink<'_>, addressing: Option<&UplinkAddressing>) -> Vec<String> {
    match addressing {
        Some(UplinkAddressing::Static { dns }) => dns.iter().map(ToString::to_string).collect(),
        Some(UplinkAddressing::Dhcp | UplinkAddressing::None) | None => {
            let registrations = on.registrations.iter();
            registrations.map(|each| each.server.to_string()).collect()
        }
    }
}

fn route_view(route: &Route) -> RouteView {
    RouteView {
        destination: route.destination.to_string(),
        gateway: route.gateway.to_string(),
        metric: route.metric.map(|metric| metric.to_string()),
    }
}

/// A device's name where networkd expects a pattern: `[Match] Name=`. One backslash is taken away
/// by the list's own syntax, the other by the pattern's.
fn pattern(name: &DeviceName) -> String {
    let mut pattern = String::with_capacity(name.as_str().len());
    for c in name.as_str().chars() {
        if matches!(c, '?' | '[' | ']' | '!' | '\\') {
            pattern.push_str("\\\\");
        }
        pattern.push(c);
        if c == '\\' {
            pattern.push(c);
        }
    }
    pattern
}

/// A name that networkd takes for none (`ifname_valid`), or that would go on on the next line.
fn unspeakable<'a>(on: &OnLink<'a>, bridge: &'a Bridge) -> Option<&'a DeviceName> {
    let names = [
        Some(&on.link.name),
        bridge.uplink.as_ref().map(|uplink| &uplink.dev),
    ];
    names.into_iter().flatten().find(|name| {
        let name = name.as_str();
        let number = name.bytes().all(|byte| byte.is_ascii_digit());
        !name.is_ascii() || number || name.ends_with('\\')
    })
}

fn refused(on: &OnLink<'_>, name: &DeviceName) -> Limit {
    Limit {
        code: Code::NetworkdCannotExpress,
        network: on.segment.network.clone(),
        message: format!("systemd-networkd takes no device called '{name}'"),
        help: Some("choose a name of ASCII characters that is no number".to_owned()),
    }
}

/// Rate limits: networkd polices nothing, and a class of its below another is never made.
fn unshaped(on: &OnLink<'_>) -> Option<Limit> {
    on.shaping.map(|_| Limit {
        code: Code::NetworkdCannotExpress,
        network: on.segment.network.clone(),
        message: format!(
            "systemd-networkd cannot limit the rate of '{}'",
            on.link.name
        ),
        help: Some("load iproute2/tc.batch once the bridge is up".to_owned()),
    })
}

/// What would be set on a bridge that the host has from elsewhere.
fn left_alone(on: &OnLink<'_>, vlan_filtering: bool) -> Option<Limit> {
    (vlan_filtering || on.shaping.is_some()).then(|| Limit {
        code: Code::NetworkdCannotExpress,
        network: on.segment.network.clone(),
        message: format!(
            "'{}' is made by another file, to which this one can add no settings",
            on.link.name
        ),
        help: Some("load iproute2/bridge.batch and tc.batch once the bridge is there".to_owned()),
    })
}

/// A registered domain that is no domain name to networkd.
fn unroutable(on: &OnLink<'_>) -> Option<Limit> {
    let mut domains = on.registrations.iter().map(|each| &each.domain);
    let odd = domains.find(|domain| !is_domain(domain))?;
    Some(Limit {
        code: Code::NetworkdCannotExpress,
        network: on.segment.network.clone(),
        message: format!("'{odd}' is no domain that systemd-networkd could tell the resolver"),
        help: None,
    })
}

fn is_domain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| matches!(label.len(), 1..=63) && label.bytes().all(plain);
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::sample::{emitted, paths, state, uplinked};

    #[test]
    fn an_uplink_has_files_of_its_own() {
        let output = emitted(emit, &uplinked(UplinkAddressing::Dhcp));
        let names = ["br0.netdev", "br0.network", "br0.link", "eno1.network"];
        let wanted = names.map(|name| format!("networkd/10-lanwright-{name}"));
        assert_eq!(paths(&output), wanted);
        assert!(output.artifacts[0].text.contains("\nMACAddress=none\n"));
        assert!(output.artifacts[1].text.contains("\nDHCP=yes\n"));
        assert!(output.artifacts[3].text.contains("\nBridge=br0\n"));
    }

    #[test]
    fn names_that_networkd_refuses_are_limits() {
        for name in ["brü", "123", r"br\"] {
            let output = emitted(emit, &state("n", name));
            assert!(output.artifacts.is_empty(), "{name}");
            assert_eq!(output.limits[0].code, Code::NetworkdCannotExpress);
        }
    }

    #[test]
    fn a_name_is_no_pattern() {
        let written = |name: &str| pattern(&name.parse().expect("a name"));
        assert_eq!(written("virbr0"), "virbr0");
        assert_eq!(written("a?b"), r"a\\?b");
        assert_eq!(written("!x"), r"\\!x");
        assert_eq!(written(r"a\b"), r"a\\\\b");
    }
}
