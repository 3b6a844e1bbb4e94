//! `ip` and `tc`: bridges for a host without a network manager, and rate limits for any.
//!
//! `<network>.batch` makes one bridge, with addresses and routes; `bridge.batch`, `tc.batch` and
//! `checksum.batch` hold what a kernel may lack, each in a file of its own, so that the rest
//! stands without it. Rules are no concern of these files, and sysctls have their own.

pub mod statement;
pub mod steps;
pub mod traffic;

use std::collections::HashSet;
use std::net::IpAddr;

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Limit, Output};
use crate::diagnostic::Code;
use crate::state::{Bridge, LinkKind, OnLink, Registration, Uplink, UplinkAddressing};
use crate::template;
use crate::value::encode::shell_word;
use crate::value::{DeviceName, encode};
use statement::Statement;

static NETWORK: Template = template!("iproute2.network.j2");
static BRIDGE: Template = template!("iproute2.bridge.j2");
static TRAFFIC: Template = template!("iproute2.tc.j2");
static CHECKSUM: Template = template!("iproute2.checksum.j2");

/// The names of our own files, which no network's file takes.
const OWN: [&str; 3] = ["bridge", "tc", "checksum"];

#[derive(Serialize)]
struct NetworkView<'a> {
    network: &'a str,
    link: &'a str,
    has_ipv6: bool,
    port: Option<&'a str>,
    dhcp_port: Option<&'a str>,
    resolver: Vec<String>,
    lines: Vec<String>,
}

/// The files that are not one network's: what a kernel may lack.
#[derive(Default)]
struct Shared {
    filters: Lines,
    traffic: Lines,
    checksums: Lines,
}

#[derive(Default, Serialize)]
struct Lines {
    lines: Vec<String>,
}

/// One batch file a bridge, and those for what a kernel may lack.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let mut output = Output::default();
    let mut speakable = Vec::new();
    for on in compiled.state.on_links() {
        if let Some(name) = unspeakable(&on) {
            output.limits.push(refused(&on, name));
            continue;
        }
        if let LinkKind::Bridge(bridge) = &on.link.kind {
            output.artifacts.push(network(&on, bridge));
        }
        output.limits.extend(limits(&on));
        speakable.push(on);
    }
    let shared = Shared::new(compiled, &speakable).files();
    output
        .artifacts
        .extend(shared.map(|(path, template, view)| {
            let text = template.render(&view);
            Artifact::file(path, text)
        }));
    output
}

/// The paths of the files, for who loads them.
pub(super) fn paths(compiled: &Compiled<'_>) -> Vec<String> {
    let mut links = compiled.state.on_links();
    links.retain(|on| unspeakable(on).is_none());
    let made = links.iter().filter(|on| match on.link.kind {
        LinkKind::Bridge(_) => true,
        LinkKind::ExistingBridge { .. } => false,
    });
    let shared = Shared::new(compiled, &links).files();
    made.map(path)
        .chain(shared.map(|(path, ..)| path))
        .collect()
}

impl Shared {
    fn new(compiled: &Compiled<'_>, links: &[OnLink<'_>]) -> Self {
        let networks = compiled.policy.networks.iter();
        let filled: HashSet<&DeviceName> = networks
            .filter(|network| network.dhcp_checksum)
            .map(|network| &network.bridge)
            .collect();
        let mut shared = Shared::default();
        for on in links {
            shared.add(on, filled.contains(&on.link.name));
        }
        shared
    }

    fn add(&mut self, on: &OnLink<'_>, fills_checksum: bool) {
        let device = on.link.name.as_str();
        let filter = steps::filter(on.link);
        self.filters
            .lines
            .extend(filter.iter().map(ToString::to_string));
        let egress = on.shaping.and_then(|shaping| shaping.egress.as_ref());
        let ingress = on.shaping.and_then(|shaping| shaping.ingress.as_ref());
        let egress_lines = egress.map(|rate| traffic::bridge_egress(device, rate));
        self.traffic
            .lines
            .extend(egress_lines.into_iter().flatten());
        let ingress_lines = ingress.map(|policing| traffic::ingress(device, policing));
        self.traffic
            .lines
            .extend(ingress_lines.into_iter().flatten());
        if fills_checksum {
            // A bridge has one root, and its rate limit brings it along.
            let root = egress.is_none().then(|| traffic::root(device));
            self.checksums.lines.extend(root);
            self.checksums.lines.push(traffic::checksum(device));
        }
    }

    /// The files that hold anything, with what they are rendered from.
    fn files(self) -> impl Iterator<Item = (String, &'static Template, Lines)> {
        let files = [
            ("bridge", &BRIDGE, self.filters),
            ("tc", &TRAFFIC, self.traffic),
            ("checksum", &CHECKSUM, self.checksums),
        ];
        let filled = files
            .into_iter()
            .filter(|(_, _, view)| !view.lines.is_empty());
        filled.map(|(name, template, view)| (format!("iproute2/{name}.batch"), template, view))
    }
}

fn network(on: &OnLink<'_>, bridge: &Bridge) -> Artifact {
    let (dhcp_port, port) = match &bridge.uplink {
        Some(Uplink {
            dev,
            addressing: UplinkAddressing::Dhcp,
        }) => (Some(dev.as_str()), None),
        Some(uplink) => (None, Some(uplink.dev.as_str())),
        None => (None, None),
    };
    let lines = steps::steps(on);
    let view = NetworkView {
        network: on.segment.network.as_str(),
        link: on.link.name.as_str(),
        has_ipv6: on
            .addresses
            .iter()
            .any(|each| each.address.addr().is_ipv6()),
        port,
        dhcp_port,
        resolver: resolver(on),
        lines: lines.iter().map(Statement::to_string).collect(),
    };
    Artifact::file(path(on), NETWORK.render(&view))
}

/// The path of the file of one network.
fn path(on: &OnLink<'_>) -> String {
    format!("iproute2/{}.batch", stem(on.segment.network.as_str()))
}

/// The commands that tell the host's resolver what `ip` cannot.
fn resolver(on: &OnLink<'_>) -> Vec<String> {
    let link = shell_word(on.link.name.as_str());
    let mut commands = Vec::new();
    let servers = name_servers(on);
    if !servers.is_empty() {
        let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
        commands.push(format!("resolvectl dns {link} {}", servers.join(" ")));
    }
    for Registration { domain, server, .. } in &on.registrations {
        let domain = shell_word(&format!("~{domain}"));
        commands.push(format!("resolvectl dns {link} {server}"));
        commands.push(format!("resolvectl domain {link} {domain}"));
    }
    commands
}

/// The name servers of an uplink with static addresses.
fn name_servers<'a>(on: &OnLink<'a>) -> &'a [IpAddr] {
    match &on.link.kind {
        LinkKind::Bridge(Bridge {
            uplink:
                Some(Uplink {
                    addressing: UplinkAddressing::Static { dns },
                    ..
                }),
            ..
        }) => dns,
        LinkKind::Bridge(_) | LinkKind::ExistingBridge { .. } => &[],
    }
}

/// The file stem of a network, apart from our own: a network `tc` gets `%74c`, which no other
/// name is spelled as.
fn stem(network: &str) -> String {
    match OWN.into_iter().find(|own| *own == network) {
        Some(own) => format!("%{:02x}{}", own.as_bytes()[0], &own[1..]),
        None => encode::file_stem(network),
    }
}

/// A name that a batch file cannot hold: `#` begins a comment even inside a word.
fn unspeakable<'a>(on: &OnLink<'a>) -> Option<&'a DeviceName> {
    let uplink = match &on.link.kind {
        LinkKind::Bridge(bridge) => bridge.uplink.as_ref(),
        LinkKind::ExistingBridge { .. } => None,
    };
    let names = [Some(&on.link.name), uplink.map(|uplink| &uplink.dev)];
    let mut names = names.into_iter().flatten();
    names.find(|name| name.as_str().contains('#'))
}

fn refused(on: &OnLink<'_>, name: &DeviceName) -> Limit {
    Limit {
        code: Code::Iproute2CannotExpress,
        network: on.segment.network.clone(),
        message: format!("'#' begins a comment in batch files, so '{name}' cannot stand in one"),
        help: Some("choose a device name without '#'".to_owned()),
    }
}

fn limits(on: &OnLink<'_>) -> Vec<Limit> {
    let limit = |message: String, help: &str| Limit {
        code: Code::Iproute2CannotExpress,
        network: on.segment.network.clone(),
        message,
        help: Some(help.to_owned()),
    };
    let mut limits = Vec::new();
    if let LinkKind::Bridge(bridge) = &on.link.kind
        && let Some(uplink) = &bridge.uplink
        && uplink.addressing == UplinkAddressing::Dhcp
    {
        let (port, link) = (&uplink.dev, &on.link.name);
        limits.push(limit(
            format!("ip cannot ask for an address, so '{port}' does not join '{link}'"),
            "use systemd-networkd or NetworkManager, or give the uplink a static address",
        ));
    }
    if !name_servers(on).is_empty() {
        limits.push(limit(
            format!(
                "ip cannot tell the host's resolver of the name servers of '{}'",
                on.link.name
            ),
            "run the resolvectl lines in the header of its batch, or use systemd-networkd",
        ));
    }
    for registration in &on.registrations {
        let domain = &registration.domain;
        limits.push(limit(
            format!("ip cannot tell the host's resolver of the domain '{domain}'"),
            "run the resolvectl lines in the header of its batch, or use systemd-networkd",
        ));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::sample::{emitted, paths, state, uplinked};

    #[test]
    fn a_network_takes_none_of_our_names() {
        let output = emitted(emit, &state("tc", "br0"));
        assert_eq!(paths(&output), ["iproute2/%74c.batch"]);
        assert_eq!(stem("checksum"), "%63hecksum");
        assert_eq!(stem("tcp"), "tcp");
    }

    #[test]
    fn a_name_that_would_be_a_comment_is_refused() {
        let output = emitted(emit, &state("n", "br#0"));
        assert!(output.artifacts.is_empty());
        assert_eq!(output.limits[0].code, Code::Iproute2CannotExpress);
    }

    #[test]
    fn an_uplink_with_dhcp_keeps_its_addresses() {
        let output = emitted(emit, &uplinked(UplinkAddressing::Dhcp));
        let batch = steps::Batch::parse(&output.artifacts[0].text).expect("the lines are ours");
        assert_eq!(output.limits.len(), 1);
        let LinkKind::Bridge(bridge) = &batch.links[0].kind else {
            unreachable!("a batch makes bridges")
        };
        assert_eq!(bridge.uplink, None);
    }

    #[test]
    fn an_uplink_joins_before_it_loses_its_addresses() {
        let output = emitted(emit, &uplinked(UplinkAddressing::None));
        let text = &output.artifacts[0].text;
        let join = text.find("link set dev eno1 master br0");
        assert!(join.is_some() && join < text.find("address flush dev eno1"));
    }
}
