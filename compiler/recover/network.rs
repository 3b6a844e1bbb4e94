//! One network, from everything that was seen of its bridge.

use super::evidence::{Draft, Element, Evidence, Finding, FindingKind};
use super::layout::Arrangement;
use super::seen::Seen;
use super::{
    address, definition, forward, legal, link, name, port, route, service, shaping, uplink,
};
use crate::capture::{Capture, Definition, Topic};
use crate::firewall::Family;
use crate::network::{Kind, Network, NetworkSet, Virtual};
use crate::value::DeviceName;

/// A network that was recovered.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered {
    /// The network.
    pub network: Network,
    /// The bridge that it lives on.
    pub bridge: Option<DeviceName>,
    /// How its rules are laid out; `None` without rules.
    pub rules: Option<Arrangement>,
    /// What proves its elements.
    pub evidence: Vec<Evidence>,
    /// What could not be known, was guessed, or is otherwise on the host.
    pub findings: Vec<Finding>,
}

impl Recovered {
    /// What keeps it from being fully told.
    pub fn gaps(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.kind.is_gap())
    }
}

/// The network on a bridge; `defined` is what libvirt's files say of it.
pub(super) fn on_bridge(seen: &Seen<'_>, defined: Option<&Definition>) -> Option<Recovered> {
    let mut draft = Draft::default();
    let network = match uplink::read(seen, &mut draft) {
        Some(host_bridge) => {
            Network::plain(name::read(seen, &mut draft)?, Kind::HostBridge(host_bridge))
        }
        None => virtual_network(seen, &mut draft)?,
    };
    let network = Network {
        isolated_ports: port::isolated(seen, &mut draft),
        // libvirt lets ports have tags on a host bridge only.
        vlan: match &network.kind {
            Kind::HostBridge(_) => port::vlan(seen, &mut draft),
            Kind::Virtual(_) | Kind::Macvtap(_) | Kind::Hostdev(_) => None,
        },
        ..network
    };
    let network = match defined {
        Some(defined) => definition::base(defined, &network, &mut draft),
        None => network,
    };
    let network = legal::legal(network, &mut draft);
    compare(seen, &network, &mut draft);
    let (evidence, findings) = draft.finish();
    Some(Recovered {
        network,
        bridge: Some(seen.bridge.clone()),
        rules: seen.rules.map(|ruled| ruled.arrangement),
        evidence,
        findings,
    })
}

/// A network that only libvirt's files tell of.
pub(super) fn defined_only(capture: &Capture, defined: &Definition) -> Recovered {
    let mut draft = Draft::default();
    draft.proves(Element::Network, [definition::origin(defined)]);
    let looked = capture.observed(Topic::Links) || capture.observed(Topic::Iptables(Family::Ipv4));
    if let (Kind::Virtual(_), true) = (&defined.network.kind, looked) {
        draft.note(
            Element::Network,
            "the network is defined, but does not run: nothing on the host is of it",
        );
    }
    let network = legal::legal(defined.network.clone(), &mut draft);
    let (evidence, findings) = draft.finish();
    Recovered {
        bridge: network.named_bridge().cloned(),
        network,
        rules: None,
        evidence,
        findings,
    }
}

fn virtual_network(seen: &Seen<'_>, draft: &mut Draft) -> Option<Network> {
    let name = name::read(seen, draft)?;
    let forward = forward::read(seen, draft);
    let bridge = link::bridge(seen, draft);
    let mac = link::mac(seen, draft);
    let mtu = link::mtu(seen, draft);
    let mut subnets = address::read(seen, draft);
    let services = service::read(seen, &mut subnets, draft);
    let guest_ipv6 = guest_ipv6(seen, &subnets, draft);
    Some(Network::plain(
        name,
        Kind::Virtual(Box::new(Virtual {
            forward,
            bridge,
            mac,
            mtu,
            guest_ipv6,
            domain: services.domain,
            dns: services.dns,
            bandwidth: shaping::read(seen, draft),
            routes: route::read(seen, draft),
            subnets,
            options: services.options,
        })),
    ))
}

/// `ipv6='yes'`: IPv6 is ruled although there is no IPv6 address. With one the attribute leaves no
/// trace.
fn guest_ipv6(seen: &Seen<'_>, subnets: &[crate::network::Subnet], draft: &mut Draft) -> bool {
    let Some(ruled) = seen.rules else {
        return false;
    };
    let ruled_ipv6 = ruled.policy.families.contains(&Family::Ipv6);
    if !ruled_ipv6 || subnets.iter().any(|subnet| !subnet.is_ipv4()) {
        return false;
    }
    if ruled.policy.ipv6_services {
        let message = "rules open DNS over IPv6, so the network has an IPv6 address that is not \
                       known";
        let finding = Finding::new(FindingKind::Unknown, Element::Network, message)
            .help(format!("run 'ip -6 addr show {}' on the host", seen.bridge))
            .at(ruled.lines.ipv6_services.iter().copied());
        draft.say(finding);
        return false;
    }
    draft.proves(Element::Network, ruled.lines.ipv6.iter().copied());
    if !seen.capture.observed(Topic::Addresses) && !ruled.opens_services() {
        draft.guessed(
            Element::Network,
            "ipv6='yes': the same rules stand for an isolated network with an IPv6 address",
            &format!("run 'ip -6 addr show {}' on the host", seen.bridge),
        );
    }
    true
}

/// What the network would make, against what was seen.
fn compare(seen: &Seen<'_>, network: &Network, draft: &mut Draft) {
    let Ok(set) = NetworkSet::new(vec![network.clone()]) else {
        return;
    };
    for member in set.members() {
        service::told::compare(seen, member, draft);
    }
}
