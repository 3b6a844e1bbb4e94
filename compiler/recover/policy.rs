//! Rules to policies: the inverse of [`lower::policy`](crate::lower::policy).
//!
//! Filter and mangle rules are grouped by bridge; rules that rewrite sources name none and are
//! joined by their subnet. What was concluded is encoded again and compared with what was read,
//! so that a rule that is missing, doubled or of somebody else's is said and never absorbed.

mod by_hand;
mod deviation;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::evidence::{Element, Finding, FindingKind};
use super::layout::{
    Arrangement, Crossing, Fact, NatFact, NatWhat, Others, Replies, View, What, views,
};
use crate::capture::{Capture, Origin};
use crate::firewall::{Family, NetworkPolicy, Protocol, SubnetPolicy, Translation};
use crate::value::{DeviceName, NetworkName, PortRange, encode};

/// What the rules of a host say of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruled {
    /// How they are laid out.
    pub arrangement: Arrangement,
    /// The name that comments give the network; its policy has the bridge's name otherwise.
    pub name: Option<NetworkName>,
    /// What they say.
    pub policy: NetworkPolicy,
    /// The lines that say it.
    pub lines: Lines,
    /// What they say beyond that, or should.
    pub findings: Vec<Finding>,
}

/// The lines that prove each part of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// That there is a network on the bridge.
    pub network: Vec<Origin>,
    /// That IPv6 is ruled.
    pub ipv6: Vec<Origin>,
    /// That some address is IPv6.
    pub ipv6_services: Vec<Origin>,
    /// That the host's TFTP is open.
    pub tftp: Vec<Origin>,
    /// That there is DHCP for IPv4.
    pub checksum: Vec<Origin>,
    /// For each subnet of the policy, what may cross.
    pub crossing: Vec<Vec<Origin>>,
    /// For each subnet of the policy, how sources are rewritten.
    pub translation: Vec<Vec<Origin>>,
}

impl Ruled {
    /// Whether the layout opens the host's services at all; nft's do not.
    pub fn opens_services(&self) -> bool {
        match self.arrangement {
            Arrangement::LibvirtIptables | Arrangement::LibvirtBuiltIn => true,
            Arrangement::LibvirtNftables | Arrangement::Lanwright | Arrangement::ByHand => false,
        }
    }

    /// The lines that speak of one subnet of the policy.
    pub fn lines_of(&self, at: usize) -> Vec<Origin> {
        let of = |lines: &[Vec<Origin>]| lines.get(at).cloned().unwrap_or_default();
        [of(&self.lines.crossing), of(&self.lines.translation)].concat()
    }
}

/// What the rules of a host say of all its networks, and what they say of none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// The networks, by bridge.
    pub networks: Vec<Ruled>,
    /// What belongs to no network.
    pub findings: Vec<Finding>,
}

/// The bridges that a host is known to have, and their subnets as far as known.
pub type Bridges = BTreeMap<DeviceName, Vec<IpNet>>;

/// Reads the rules of a host.
pub(super) fn policies(capture: &Capture, bridges: &Bridges, others: &Others) -> Rules {
    let mut rules = Rules::default();
    let mut found: BTreeMap<DeviceName, Vec<Ruled>> = BTreeMap::new();
    let views = views(capture, bridges, others);
    let mut add = |network: Ruled| {
        let bridge = network.policy.bridge.clone();
        found.entry(bridge).or_default().push(network);
    };
    for view in &views {
        let mut networks = networks(view);
        deviation::compare(view, &mut networks, &mut rules.findings);
        networks.into_iter().for_each(&mut add);
    }
    let ruled: BTreeSet<DeviceName> = found.keys().cloned().collect();
    for view in &views {
        let by_hand = by_hand::networks(view, bridges, &ruled);
        let free = |network: &Ruled| others.owner(&network.policy.bridge).is_none();
        for network in by_hand.into_iter().filter(free) {
            let bridge = network.policy.bridge.clone();
            found.entry(bridge).or_default().push(network);
        }
    }
    for candidates in found.into_values() {
        rules.networks.extend(deviation::one_of(candidates));
    }
    rules
}

/// The networks of one view that somebody's tool made.
fn networks(view: &View) -> Vec<Ruled> {
    let mut nat: NatFacts<'_> = HashMap::new();
    for fact in &view.nat {
        nat.entry((fact.family, fact.net)).or_default().push(fact);
    }
    let names: HashMap<&DeviceName, &String> = view
        .names
        .iter()
        .map(|(bridge, name)| (bridge, name))
        .collect();
    let mut networks = Vec::new();
    for (bridge, facts) in by_bridge(view) {
        if !is_network(view, &facts) {
            continue;
        }
        let reader = Reader {
            arrangement: view.arrangement,
            facts: &facts,
            nat: &nat,
        };
        let named = names.get(&bridge);
        let named = named.and_then(|name| encode::from_nft_comment(name));
        if let Some(network) = reader.network(bridge) {
            let name = named.and_then(|name| name.parse().ok());
            let findings = stale(view, &network.policy.bridge, &network.lines);
            networks.push(Ruled {
                name,
                findings: findings.into_iter().collect(),
                ..network
            });
        }
    }
    networks
}

/// That rules do nothing, for the device they are bound to is gone.
fn stale(view: &View, bridge: &DeviceName, lines: &Lines) -> Option<Finding> {
    let number = view.stale.get(bridge)?;
    let message = format!(
        "the rules are bound to a bridge of number {number} that is gone, and do nothing for the \
         one that is there now"
    );
    let finding = Finding::new(FindingKind::Differs, Element::Forward, message);
    let help = "start the network anew, or load its rules again";
    Some(finding.help(help).at(lines.network.iter().copied()))
}

/// Facts by bridge; those of bridges that are gone are nobody's.
fn by_bridge(view: &View) -> BTreeMap<DeviceName, Vec<&Fact>> {
    let mut groups: BTreeMap<DeviceName, Vec<&Fact>> = BTreeMap::new();
    for fact in view.facts.iter().filter(|fact| !fact.bridge.gone) {
        if let Ok(bridge) = fact.bridge.name.parse() {
            groups.entry(bridge).or_default().push(fact);
        }
    }
    groups
}

/// Whether facts make a network of libvirt's. In chains of everyone's, rules of all kinds name
/// devices, but the same three only libvirt makes.
fn is_network(view: &View, facts: &[&Fact]) -> bool {
    let says = |what: &What| facts.iter().any(|fact| fact.what == *what);
    view.arrangement != Arrangement::LibvirtBuiltIn
        || says(&What::RejectOut) && says(&What::RejectIn) && says(&What::Cross)
}

/// Facts about sources, by family and sources.
type NatFacts<'a> = HashMap<(Family, Option<IpNet>), Vec<&'a NatFact>>;

/// Makes the policy of one bridge.
struct Reader<'a> {
    arrangement: Arrangement,
    facts: &'a [&'a Fact],
    nat: &'a NatFacts<'a>,
}

/// What was seen of one subnet.
#[derive(Default)]
struct Seen {
    out: Vec<Origin>,
    replies: Vec<Origin>,
    anything: Vec<Origin>,
}

impl Reader<'_> {
    fn network(&self, bridge: DeviceName) -> Option<Ruled> {
        let outlet = self.outlet();
        let mut lines = self.lines();
        let mut subnets = Vec::new();
        for (family, net, seen) in self.subnets() {
            let rewriting = self.rewriting(&bridge, family, net);
            let hidden = !rewriting.is_empty() || !seen.replies.is_empty();
            let translated = hidden && seen.anything.is_empty();
            let translation = translated.then(|| translation(&rewriting, outlet.as_ref()));
            let rewriting = rewriting.into_iter().filter(|_| translated);
            subnets.push(SubnetPolicy {
                net: net.unwrap_or(everything(family)),
                translation,
            });
            lines
                .crossing
                .push([seen.out, seen.anything, seen.replies].concat());
            lines
                .translation
                .push(rewriting.map(|fact| fact.origin).collect());
        }
        let ipv6_subnet = subnets.iter().any(|subnet| subnet.net.addr().is_ipv6());
        let mut families = vec![Family::Ipv4];
        if ipv6_subnet || !lines.ipv6.is_empty() || !lines.ipv6_services.is_empty() {
            families.push(Family::Ipv6);
        }
        let policy = NetworkPolicy {
            network: bridge.as_str().parse().ok()?,
            bridge,
            families,
            ipv6_services: ipv6_subnet || !lines.ipv6_services.is_empty(),
            tftp: !lines.tftp.is_empty(),
            dhcp_checksum: !lines.checksum.is_empty(),
            outlet,
            subnets,
        };
        Some(Ruled {
            arrangement: self.arrangement,
            name: None,
            policy,
            lines,
            findings: Vec::new(),
        })
    }

    /// The lines of what holds for the network as a whole.
    fn lines(&self) -> Lines {
        let rejects = |what: &What| matches!(what, What::RejectOut | What::RejectIn);
        let basic = |what: &What| rejects(what) || *what == What::Cross;
        let all = |_: &What| true;
        let mut network = self.origins(Family::Ipv4, basic);
        if network.is_empty() {
            network = self.origins(Family::Ipv6, basic);
        }
        if network.is_empty() {
            network = [Family::Ipv4, Family::Ipv6]
                .into_iter()
                .flat_map(|family| self.origins(family, all))
                .collect();
        }
        let tftp = |what: &What| service(what) == Some((Protocol::UDP, 69));
        Lines {
            network,
            // In our layout guests reach each other over IPv6 whether it is ruled or not.
            ipv6: self.origins(Family::Ipv6, rejects),
            ipv6_services: self.origins(Family::Ipv6, |what| service(what).is_some()),
            tftp: self.origins(Family::Ipv4, tftp),
            checksum: self.origins(Family::Ipv4, |what| *what == What::Checksum),
            crossing: Vec::new(),
            translation: Vec::new(),
        }
    }

    fn origins(&self, family: Family, wanted: impl Fn(&What) -> bool) -> Vec<Origin> {
        let of = |fact: &&&Fact| fact.family == family && wanted(&fact.what);
        let mut origins: Vec<Origin> = self.facts.iter().filter(of).map(|it| it.origin).collect();
        origins.dedup();
        origins
    }

    /// The device that the first rule of a subnet names.
    fn outlet(&self) -> Option<DeviceName> {
        let crossing = self.facts.iter().find_map(|fact| crossing(&fact.what))?;
        crossing.outlet.as_ref()?.parse().ok()
    }

    /// The subnets of each family in the order in which they were declared: libvirt inserts each
    /// rule at the head of its chain, we append.
    fn subnets(&self) -> Vec<(Family, Option<IpNet>, Seen)> {
        let mut subnets: Vec<(Family, Option<IpNet>, Seen)> = Vec::new();
        let mut places: HashMap<(Family, Option<IpNet>), usize> = HashMap::new();
        for fact in self.facts {
            let Some(crossing) = crossing(&fact.what) else {
                continue;
            };
            let key = (fact.family, crossing.net);
            let at = *places.entry(key).or_insert_with(|| {
                subnets.push((key.0, key.1, Seen::default()));
                subnets.len() - 1
            });
            let seen = &mut subnets[at].2;
            match &fact.what {
                What::AllowIn(_, Replies::Only) => seen.replies.push(fact.origin),
                What::AllowIn(_, Replies::OrNot) => seen.anything.push(fact.origin),
                What::AllowOut(_)
                | What::Service { .. }
                | What::Cross
                | What::RejectOut
                | What::RejectIn
                | What::Checksum => seen.out.push(fact.origin),
            }
        }
        if self.arrangement != Arrangement::Lanwright {
            subnets.reverse();
        }
        // How IPv4 and IPv6 were mixed leaves no trace.
        subnets.sort_by_key(|(family, _, _)| *family);
        subnets
    }

    /// What rewrites the sources of a subnet, or keeps them.
    fn rewriting(&self, bridge: &DeviceName, family: Family, net: Option<IpNet>) -> Vec<&NatFact> {
        let facts = self.nat.get(&(family, net));
        let ours = |fact: &&&NatFact| fact.bridge.as_ref().is_none_or(|of| of == bridge);
        let facts = facts.into_iter().flatten().filter(ours);
        facts.copied().collect()
    }
}

/// How sources are rewritten, as far as rules say it.
fn translation(facts: &[&NatFact], outlet: Option<&DeviceName>) -> Translation {
    let mut known = Translation {
        addresses: None,
        ports: PortRange::UNPRIVILEGED,
    };
    let on_outlet =
        |fact: &&&NatFact| fact.outlet.as_deref() == outlet.map(|device| device.as_str());
    // Where networks share a subnet, the outlet tells their rules apart.
    let ours: Vec<&&NatFact> = match facts.iter().any(|fact| on_outlet(&fact)) {
        true => facts.iter().filter(on_outlet).collect(),
        false => facts.iter().collect(),
    };
    for fact in ours {
        if let NatWhat::Rewrite {
            addresses, ports, ..
        } = fact.what
        {
            known.addresses = known.addresses.or(addresses);
            if let Some(ports) = ports {
                known.ports = ports;
            }
        }
    }
    known
}

/// What crosses the border by a rule.
fn crossing(what: &What) -> Option<&Crossing> {
    match what {
        What::AllowOut(crossing) | What::AllowIn(crossing, _) => Some(crossing),
        What::Service { .. } | What::Cross | What::RejectOut | What::RejectIn | What::Checksum => {
            None
        }
    }
}

/// The port that a rule opens.
fn service(what: &What) -> Option<(Protocol, u16)> {
    match what {
        What::Service { protocol, port, .. } => Some((*protocol, *port)),
        What::AllowOut(_)
        | What::AllowIn(..)
        | What::Cross
        | What::RejectOut
        | What::RejectIn
        | What::Checksum => None,
    }
}

/// All addresses of a family.
fn everything(family: Family) -> IpNet {
    match family {
        Family::Ipv4 => IpNet::new_assert(Ipv4Addr::UNSPECIFIED.into(), 0),
        Family::Ipv6 => IpNet::new_assert(Ipv6Addr::UNSPECIFIED.into(), 0),
    }
}

#[cfg(test)]
mod tests;
