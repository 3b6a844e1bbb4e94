//! What is not done, because it would take from the host what it lives on.
//!
//! Where the line is drawn: a subnet that equals another's route, or hides the host's own address,
//! gateway, name server or the peer that is logged in, is refused; any other overlap is a warning.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use super::link::made;
use super::{Observed, Wish, handover};
use crate::capture::Topic;
use crate::doctor::report::{Check, Finding};
use crate::state::LinkKind;
use crate::value::DeviceName;

/// Why something is not done, or what may be amiss when it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refusal {
    /// What is in the way.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Refusal {
    /// A reason and what to do about it.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Refusal {
            message: message.into(),
            help: Some(help.into()),
        }
    }
}

/// What the host depends on, besides its own addresses and gateways.
#[derive(Clone, Debug, Default)]
pub struct Lifelines {
    /// Its name servers.
    pub resolvers: Vec<IpAddr>,
    /// Who is logged in from elsewhere, and where they came in.
    pub peer: Option<IpAddr>,
    /// Devices whose default route comes from router advertisements, which forwarding would end.
    pub advertised: Vec<DeviceName>,
}

/// Everything that forbids it, and what only deserves a word.
pub fn refuse(
    wish: &Wish<'_>,
    observed: &Observed,
    lifelines: &Lifelines,
) -> (Vec<Refusal>, Vec<Refusal>) {
    let (mut refusals, mut warnings) = (Vec::new(), Vec::new());
    devices(wish, observed, &mut refusals);
    handover::refuse(wish, observed, &mut refusals, &mut warnings);
    collisions(wish, observed, lifelines, &mut refusals, &mut warnings);
    advertisements(wish, observed, lifelines, &mut refusals);
    (refusals, warnings)
}

/// What others' rules shut for the guests on a bridge, and what opens it.
pub fn shut(bridge: &DeviceName, finding: &Finding, chosen: bool) -> Refusal {
    let message = format!("{bridge}: {}: {}", finding.fact, finding.breaks);
    if finding.check == Check::Forward && chosen {
        let help = "leave out --firewall, or choose iptables: an accept in another table changes \
                    nothing about it";
        return Refusal::new(message, help);
    }
    let commands = finding.fix.iter().flat_map(|fix| &fix.commands);
    let commands: Vec<String> = commands.map(|words| words.join(" ")).collect();
    Refusal {
        message,
        help: (!commands.is_empty()).then(|| commands.join("; ")),
    }
}

fn devices(wish: &Wish<'_>, observed: &Observed, refusals: &mut Vec<Refusal>) {
    if !observed.capture.topics.contains(&Topic::Links) {
        return;
    }
    let find = |name: &DeviceName| {
        observed
            .capture
            .devices
            .iter()
            .find(|device| device.name == *name)
    };
    let ours: HashSet<&DeviceName> = made(&wish.retired.state)
        .map(|(link, _)| &link.name)
        .collect();
    for link in &wish.wanted.state.links {
        let name = &link.name;
        match (&link.kind, find(name)) {
            // What was made here may be another's by now; what is libvirt's has words of its own.
            (LinkKind::Bridge(_), Some(device))
                if !device.is_bridge()
                    || !(ours.contains(name) || handover::is_of_libvirt(name, observed)) =>
            {
                let what = match device.is_bridge() {
                    true => "a bridge of somebody else's",
                    false => "a device that is no bridge",
                };
                refusals.push(Refusal::new(
                    format!("'{name}' is there already: {what}"),
                    "choose another <bridge name='…'/>, or remove the device if nothing needs it",
                ));
            }
            (LinkKind::ExistingBridge { .. }, None) => refusals.push(Refusal::new(
                format!("the bridge '{name}' is not there, and nothing says how it is to be made"),
                format!("make it, or name its physical port: --uplink {name}=DEVICE,dhcp"),
            )),
            (LinkKind::Bridge(bridge), _) => {
                let missing = bridge
                    .uplink
                    .as_ref()
                    .filter(|uplink| find(&uplink.dev).is_none());
                refusals.extend(missing.map(|uplink| {
                    Refusal::new(
                        format!("the uplink '{}' of '{name}' is not there", uplink.dev),
                        "'ip link' shows which devices there are",
                    )
                }));
            }
            (LinkKind::ExistingBridge { .. }, Some(_)) => {}
        }
    }
}

fn collisions(
    wish: &Wish<'_>,
    observed: &Observed,
    lifelines: &Lifelines,
    refusals: &mut Vec<Refusal>,
    warnings: &mut Vec<Refusal>,
) {
    let wanted = &wish.wanted.state;
    let bridges: HashSet<&DeviceName> = made(wanted)
        .filter(|(_, bridge)| bridge.uplink.is_none())
        .map(|(link, _)| &link.name)
        .collect();
    let mut nets: Vec<(&DeviceName, IpNet)> = Vec::new();
    let addresses = wanted
        .addresses
        .iter()
        .filter(|each| bridges.contains(&each.link));
    nets.extend(addresses.map(|each| (&each.link, each.address.trunc())));
    let routes = wanted
        .routes
        .iter()
        .filter(|each| bridges.contains(&each.link));
    nets.extend(routes.map(|each| (&each.link, each.destination.trunc())));
    let retired: HashSet<&DeviceName> = made(&wish.retired.state)
        .map(|(link, _)| &link.name)
        .collect();
    let others = |link: &DeviceName| !bridges.contains(link) && !retired.contains(link);
    let state = &observed.capture.state;
    for (link, net) in nets {
        let mut hides = |what: String| {
            refusals.push(Refusal::new(
                format!("the subnet {net} of '{link}' would hide {what}"),
                "choose another subnet for the network",
            ));
        };
        for there in state.addresses.iter().filter(|each| others(&each.link)) {
            let ip = there.address.addr();
            if ip.is_loopback() {
                continue;
            }
            let beside = there.address.trunc();
            if beside == net {
                hides(format!("'{}', which has the same subnet", there.link));
            } else if net.contains(&ip) && net.prefix_len() > 0 {
                hides(format!("the host's own address {ip} on '{}'", there.link));
            } else if overlap(beside, net) && beside.prefix_len() > 0 && net.prefix_len() > 0 {
                warnings.push(Refusal {
                    message: format!(
                        "the subnet {net} of '{link}' is a part of {beside} on '{}'",
                        there.link
                    ),
                    help: Some(
                        "hosts there with addresses of it cannot be reached any more".to_owned(),
                    ),
                });
            }
        }
        for route in state.routes.iter().filter(|each| others(&each.link)) {
            if route.destination.trunc() == net {
                hides(format!("the same route through '{}'", route.link));
            } else if net.contains(&route.gateway) && net.prefix_len() > 0 {
                hides(format!("the gateway {} on '{}'", route.gateway, route.link));
            }
        }
        // What cannot be reached now is not hidden.
        let reached = |ip: &IpAddr| {
            state
                .routes
                .iter()
                .any(|route| others(&route.link) && route.destination.contains(ip))
                || state
                    .addresses
                    .iter()
                    .any(|each| others(&each.link) && each.address.contains(ip))
        };
        for resolver in lifelines.resolvers.iter().filter(|ip| reached(ip)) {
            if net.contains(resolver) && net.prefix_len() > 0 {
                hides(format!("the host's name server {resolver}"));
            }
        }
        let peer = lifelines
            .peer
            .filter(|peer| net.contains(peer) && reached(peer));
        if let Some(peer) = peer.filter(|_| net.prefix_len() > 0) {
            hides(format!("{peer}, from where this session is logged in"));
        }
    }
}

fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// The kernel stops listening to router advertisements where it forwards, unless it is told not to
/// (V169, `networkCheckForwardingAcceptRA`).
fn advertisements(
    wish: &Wish<'_>,
    observed: &Observed,
    lifelines: &Lifelines,
    refusals: &mut Vec<Refusal>,
) {
    let forwarding = ["net", "ipv6", "conf", "all", "forwarding"].map(str::to_owned);
    let on = |sysctls: &[crate::state::Sysctl]| {
        sysctls
            .iter()
            .any(|each| each.key == forwarding && each.value == "1")
    };
    if !on(&wish.wanted.state.sysctls) || on(&observed.capture.state.sysctls) {
        return;
    }
    for device in &lifelines.advertised {
        refusals.push(Refusal::new(
            format!(
                "'{device}' has its IPv6 routes from router advertisements, and forwarding IPv6 \
                 would end them"
            ),
            format!("sysctl -w net/ipv6/conf/{device}/accept_ra=2 keeps them"),
        ));
    }
}
