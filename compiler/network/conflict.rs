//! What cannot stand together on one host: names, bridges, subnets, routes of several networks.
//!
//! libvirt refuses these when a second network is defined or started. Every check is a walk over
//! hashed or sorted values, so that ten thousand networks are checked in a moment.

mod overlap;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use super::{Declared, Forward, Kind, NetworkSet, Uplink, Virtualport};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::source::Span;
use crate::value::DeviceName;

/// Makes a set of the networks, in the order in which they start, or says why they cannot live
/// together.
pub fn assemble(declared: Vec<Declared>, sink: &mut Sink) -> Option<NetworkSet> {
    let mut found = Sink::default();
    names(&declared, &mut found);
    bridges(&declared, &mut found);
    macs(&declared, &mut found);
    uplinks(&declared, &mut found);
    overlap::check(&declared, &mut found);
    isolation(&declared, &mut found);
    let places: Vec<Span> = declared.iter().map(bridge_place).collect();
    let networks = declared.into_iter().map(|each| each.network).collect();
    let set = match NetworkSet::new(networks) {
        Ok(set) => Some(set),
        Err(full) => {
            let problem = Diagnostic::new(
                Code::BridgeNamesExhausted,
                places[full.index],
                full.to_string(),
            );
            found.report(problem.help("name the bridge with <bridge name='…'/>"));
            None
        }
    };
    let set = set.filter(|_| !found.has_errors());
    sink.absorb(found);
    set
}

/// Remembers where each value was first seen.
struct Seen<K>(HashMap<K, Span>);

impl<K: Hash + Eq> Seen<K> {
    fn new() -> Self {
        Seen(HashMap::new())
    }

    /// Where the value was first seen; remembers it if it is new.
    fn before(&mut self, key: K, span: Span) -> Option<Span> {
        match self.0.entry(key) {
            Entry::Occupied(entry) => Some(*entry.get()),
            Entry::Vacant(entry) => {
                entry.insert(span);
                None
            }
        }
    }
}

/// Where the bridge is named, or the network.
fn bridge_place(declared: &Declared) -> Span {
    declared.places.bridge.unwrap_or(declared.places.name)
}

/// V149 and V150 (`virNetworkObjAssignDefLocked`).
fn names(declared: &[Declared], sink: &mut Sink) {
    let (mut names, mut uuids) = (Seen::new(), Seen::new());
    for Declared { network, places } in declared {
        let name = &network.name;
        if let Some(first) = names.before(name, places.name) {
            let message = format!("two networks are called '{name}'");
            let problem = Diagnostic::new(Code::NetworkNameTaken, places.name, message);
            sink.report(
                problem
                    .also(first, "the first of them")
                    .help("rename one, or leave one of the files out"),
            );
            continue;
        }
        let Some((uuid, span)) = network.uuid.zip(places.uuid.or(Some(places.name))) else {
            continue;
        };
        if let Some(first) = uuids.before(uuid, span) {
            let message = format!("two networks have the uuid '{uuid}'");
            let problem = Diagnostic::new(Code::UuidTaken, span, message);
            sink.report(
                problem
                    .also(first, "the first of them")
                    .help("remove <uuid> from one, to have it chosen"),
            );
        }
    }
}

/// V131 (`networkBridgeNameValidate`): a bridge that is to be made must be nobody's; a network in
/// bridge mode may stand on any.
fn bridges(declared: &[Declared], sink: &mut Sink) {
    let mut seen: Seen<&DeviceName> = Seen::new();
    for each in declared {
        let Some(name) = each.network.named_bridge() else {
            continue;
        };
        let own = each.network.as_virtual().is_some();
        let span = bridge_place(each);
        if let (Some(first), true) = (seen.before(name, span), own) {
            let message = format!("the bridge name '{name}' is already used by another network");
            let problem = Diagnostic::new(Code::BridgeNameTaken, span, message);
            sink.report(
                problem
                    .also(first, "used here")
                    .help("choose another name, or remove it to have one chosen"),
            );
        }
    }
}

fn macs(declared: &[Declared], sink: &mut Sink) {
    let mut seen = Seen::new();
    for Declared { network, places } in declared {
        let Some(mac) = network.as_virtual().and_then(|each| each.mac) else {
            continue;
        };
        let span = places.mac.unwrap_or(places.name);
        if let Some(first) = seen.before(mac, span) {
            let message = format!("two bridges have the MAC address '{mac}'");
            let problem = Diagnostic::new(Code::MacRepeated, span, message);
            sink.report(
                problem
                    .also(first, "the first of them")
                    .help("remove <mac> from one, to have it chosen"),
            );
        }
    }
}

/// A device is a port of one bridge, and no bridge itself. Two networks on one bridge may both
/// name its uplink, but not differ on it.
fn uplinks(declared: &[Declared], sink: &mut Sink) {
    let mut bridges: HashMap<&DeviceName, Span> = HashMap::new();
    for each in declared {
        if let Some(name) = each.network.named_bridge() {
            bridges.entry(name).or_insert(bridge_place(each));
        }
    }
    let of_bridge = one_uplink_a_bridge(declared, sink);
    let mut seen: HashMap<&DeviceName, (&DeviceName, Span)> = HashMap::new();
    for each in declared {
        let Declared { network, places } = each;
        let Kind::HostBridge(host) = &network.kind else {
            continue;
        };
        let Some(uplink) = &host.uplink else {
            if !of_bridge.contains_key(&host.bridge) {
                uplink_missing(each, &host.bridge, sink);
            }
            continue;
        };
        let span = places.uplink.unwrap_or(places.name);
        if let Some(other) = bridges.get(&uplink.dev) {
            let own = uplink.dev == host.bridge;
            let (whose, place) = if own {
                ("itself", bridge_place(each))
            } else {
                ("of another network", *other)
            };
            let message = format!("the uplink '{}' is the bridge {whose}", uplink.dev);
            let problem = Diagnostic::new(Code::UplinkIsBridge, span, message);
            sink.report(
                problem
                    .also(place, "the bridge")
                    .help("name the physical device that is to become its port"),
            );
        }
        let (bridge, first) = *seen.entry(&uplink.dev).or_insert((&host.bridge, span));
        if *bridge != host.bridge {
            let message = format!(
                "the uplink '{}' is already a port of '{bridge}'",
                uplink.dev
            );
            let problem = Diagnostic::new(Code::UplinkTaken, span, message);
            sink.report(
                problem
                    .also(first, "used here")
                    .help("give each bridge a device of its own"),
            );
        }
    }
}

/// The uplink of each bridge: what the first network on it says.
fn one_uplink_a_bridge<'a>(
    declared: &'a [Declared],
    sink: &mut Sink,
) -> HashMap<&'a DeviceName, (&'a Uplink, Span)> {
    let mut of_bridge: HashMap<&DeviceName, (&Uplink, Span)> = HashMap::new();
    for Declared { network, places } in declared {
        let Kind::HostBridge(host) = &network.kind else {
            continue;
        };
        if let Some(uplink) = &host.uplink {
            let span = places.uplink.unwrap_or(places.name);
            let (first, place) = *of_bridge.entry(&host.bridge).or_insert((uplink, span));
            if first != uplink {
                let message = format!("'{}' has another uplink already", host.bridge);
                let problem = Diagnostic::new(Code::UplinkRepeated, span, message);
                sink.report(
                    problem
                        .also(place, "the first one")
                        .help("say the same in both, or leave it out of one"),
                );
            }
        }
    }
    of_bridge
}

/// Nobody makes the bridge: it has to be there. An Open vSwitch bridge never is made.
fn uplink_missing(declared: &Declared, bridge: &DeviceName, sink: &mut Sink) {
    let virtualport = declared.network.virtualport.as_ref();
    if virtualport.is_some_and(Virtualport::is_openvswitch) {
        return;
    }
    let message = format!("the bridge '{bridge}' must exist on the host");
    let problem = Diagnostic::new(Code::UplinkMissing, bridge_place(declared), message);
    sink.report(problem.help(format!(
        "add <lan:uplink dev='…' addressing='dhcp'/> to <metadata>, or --uplink \
         {bridge}=DEVICE,dhcp, to have it made"
    )));
}

/// The rule that lets packets into a routed network stands before those that keep an isolated
/// network's packets in. Said once, however many there are.
fn isolation(declared: &[Declared], sink: &mut Sink) {
    let first = |wanted: fn(&Forward) -> bool| {
        declared.iter().find(|each| {
            let own = each.network.as_virtual();
            own.is_some_and(|own| wanted(&own.forward) && !own.subnets.is_empty())
        })
    };
    let isolated = first(|forward| *forward == Forward::Isolated);
    let routed = first(|forward| matches!(forward, Forward::Route(_)));
    if let (Some(isolated), Some(routed)) = (isolated, routed) {
        let message = format!(
            "guests of '{}' can send packets to the routed network '{}', though they get no reply",
            isolated.network.name, routed.network.name
        );
        let span = isolated.places.name;
        let problem = Diagnostic::new(Code::IsolatedReachesRouted, span, message);
        sink.report(
            problem
                .also(routed.places.name, "the routed network")
                .help("add a firewall rule of your own where it matters"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{BridgeChoice, Places, sample};
    use crate::source::SourceId;

    fn network(name: &str, forward: Forward, bridge: &str, subnets: &[&str]) -> Declared {
        let span = Span::new(SourceId(0), 0..0);
        let mut places = Places::of_name(span);
        places.subnets = vec![span; subnets.len()];
        let mut own = sample::virtual_kind(subnets);
        own.forward = forward;
        own.mac = None;
        own.bridge.name = match bridge {
            "" => BridgeChoice::automatic(),
            name => BridgeChoice::Named(sample::value(name)),
        };
        let mut network = sample::network(Kind::Virtual(Box::new(own)));
        network.name = sample::value(name);
        Declared { network, places }
    }

    fn isolated(name: &str, bridge: &str, subnets: &[&str]) -> Declared {
        network(name, Forward::Isolated, bridge, subnets)
    }

    fn codes(declared: Vec<Declared>) -> Vec<Code> {
        let mut sink = Sink::default();
        let set = assemble(declared, &mut sink);
        assert_eq!(set.is_none(), sink.has_errors());
        sink.sorted().iter().map(|each| each.code).collect()
    }

    #[test]
    fn names_and_bridges_are_used_once() {
        let taken = codes(vec![isolated("a", "br0", &[]), isolated("a", "br1", &[])]);
        assert_eq!(taken, [Code::NetworkNameTaken]);
        let taken = codes(vec![isolated("a", "br0", &[]), isolated("b", "br0", &[])]);
        assert_eq!(taken, [Code::BridgeNameTaken]);
        assert_eq!(
            codes(vec![isolated("a", "", &[]), isolated("b", "", &[])]),
            []
        );
        let many = (0..258)
            .map(|n| isolated(&n.to_string(), "", &[]))
            .collect();
        assert_eq!(codes(many), [Code::BridgeNamesExhausted]);
    }

    #[test]
    fn networks_on_one_host_bridge_agree_on_its_uplink() {
        let on_br0 = |name: &str, dev: Option<&str>| {
            let mut declared = isolated(name, "", &[]);
            declared.network.kind = Kind::HostBridge(crate::network::HostBridge {
                bridge: "br0".parse().expect("a device name"),
                mac_table: crate::network::MacTable::Kernel,
                bandwidth: None,
                uplink: dev.map(|dev| Uplink {
                    dev: dev.parse().expect("a device name"),
                    addressing: crate::network::Addressing::None,
                }),
            });
            declared
        };
        let agreed = vec![on_br0("a", None), on_br0("b", Some("eno1"))];
        assert_eq!(codes(agreed), []);
        let differing = vec![on_br0("a", Some("eno1")), on_br0("b", Some("eno2"))];
        assert_eq!(codes(differing), [Code::UplinkRepeated]);
    }

    #[test]
    fn equal_subnets_are_refused_and_overlapping_ones_warned_of() {
        let pair =
            |a: &[&str], b: &[&str]| codes(vec![isolated("a", "br0", a), isolated("b", "br1", b)]);
        let equal = pair(&["10.0.0.1/24"], &["10.0.0.2/24"]);
        assert_eq!(equal, [Code::SubnetTaken]);
        let inside = pair(&["10.0.0.1/24"], &["10.0.0.129/25"]);
        assert_eq!(inside, [Code::SubnetsOverlap]);
        let around = pair(&["10.1.0.1/24"], &["10.0.0.1/8"]);
        assert_eq!(around, [Code::SubnetsOverlap]);
        assert_eq!(
            pair(&["fd00::1/64"], &["fd00::2/64"]),
            [Code::SubnetsOverlap]
        );
        assert_eq!(pair(&["10.0.0.1/24"], &["10.0.1.1/24"]), []);
        assert_eq!(pair(&["10.0.0.1/24", "10.0.0.2/24"], &[]), []);
    }
}
