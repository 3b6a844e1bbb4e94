//! What libvirt's own files say of a network: the base, held against everything else.
//!
//! Only there is what leaves no trace on a host: the uuid, titles, portgroups, metadata. Where the
//! host holds something else than its definition says, both are named.

use std::collections::BTreeSet;

use super::evidence::{Draft, Element};
use crate::capture::{Capture, Definition, Origin};
use crate::network::{Kind, Network, Virtual};
use crate::value::{DeviceName, NetworkName};

/// The file that a definition was read from.
pub(super) fn origin(defined: &Definition) -> Origin {
    Origin {
        file: defined.file,
        line: None,
    }
}

/// The definition of the network on a bridge: of its name if it is known, the live one first.
pub(super) fn of<'a>(
    capture: &'a Capture,
    bridge: &DeviceName,
    name: Option<&NetworkName>,
) -> Option<&'a Definition> {
    let on_bridge = |defined: &&Definition| defined.network.named_bridge() == Some(bridge);
    let called = |defined: &&Definition| Some(&defined.network.name) == name;
    let candidates = || {
        let live = capture.definitions.iter().filter(|defined| defined.live);
        live.chain(capture.definitions.iter().filter(|defined| !defined.live))
    };
    // A definition may leave the bridge's name open, but not name another one.
    let open = |defined: &&Definition| defined.network.named_bridge().is_none();
    let both = candidates().find(|it| called(it) && on_bridge(it));
    let by_bridge = || candidates().find(|it| on_bridge(it));
    let by_name = || candidates().find(|it| called(it) && open(it));
    both.or_else(by_bridge).or_else(by_name)
}

/// The network as it is defined; what the host holds otherwise is said.
pub(super) fn base(defined: &Definition, seen: &Network, draft: &mut Draft) -> Network {
    let named = !draft.guesses(Element::Name);
    let ruled = !draft.guesses(Element::Forward);
    // What was not known from the host is known now.
    draft.settled();
    draft.proves(Element::Network, [origin(defined)]);
    let mut network = defined.network.clone();
    if network.name != seen.name && named {
        differs(
            draft,
            Element::Name,
            "the name",
            network.name.as_str(),
            seen.name.as_str(),
        );
    }
    let modes = [&network, seen].map(|it| it.mode().unwrap_or("isolated"));
    if modes[0] != modes[1] && ruled {
        differs(draft, Element::Forward, "the mode", modes[0], modes[1]);
    }
    if let (Kind::Virtual(declared), Kind::Virtual(held)) = (&mut network.kind, &seen.kind) {
        compare(declared, held, draft);
        // A bridge that was left open got this name.
        declared.bridge.name.clone_from(&held.bridge.name);
    }
    network
}

/// Names what the definition says and what the host holds instead.
fn differs(draft: &mut Draft, about: Element, what: &str, defined: &str, held: &str) {
    draft.differs(
        about,
        format!("{what}: its definition says {defined}, the host {held}"),
    );
}

/// Compares the parts that a host shows.
fn compare(declared: &Virtual, held: &Virtual, draft: &mut Draft) {
    let mut say = |about, what: &str, declared: String, held: String| {
        if declared != held {
            differs(draft, about, what, &declared, &held);
        }
    };
    let option = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
    if let Some(mac) = declared.mac.zip(held.mac) {
        say(
            Element::Mac,
            "the mac",
            mac.0.to_string(),
            mac.1.to_string(),
        );
    }
    let mtu = |it: &Virtual| option(it.mtu.map(|mtu| mtu.to_string()));
    say(Element::Mtu, "the mtu", mtu(declared), mtu(held));
    let dev = |it: &Virtual| option(it.forward.dev().map(ToString::to_string));
    if !held.subnets.is_empty() {
        say(Element::Forward, "the way out", dev(declared), dev(held));
    }
    let addresses = |it: &Virtual| {
        list(
            it.subnets
                .iter()
                .map(|subnet| subnet.interface().to_string()),
        )
    };
    say(
        Element::Network,
        "the addresses",
        addresses(declared),
        addresses(held),
    );
    let ranges = |it: &Virtual| {
        let dhcps = it.subnets.iter().filter_map(|subnet| subnet.dhcp.as_ref());
        let ranges = dhcps.flat_map(|dhcp| &dhcp.ranges);
        list(ranges.map(|range| format!("{} to {}", range.start(), range.end())))
    };
    say(
        Element::Network,
        "the ranges of DHCP",
        ranges(declared),
        ranges(held),
    );
    let routes = |it: &Virtual| {
        let routes = it.routes.iter();
        list(routes.map(|route| format!("{} via {}", route.destination, route.gateway)))
    };
    say(
        Element::Network,
        "the routes",
        routes(declared),
        routes(held),
    );
    let domain = |it: &Virtual| {
        let domain = it.domain.as_ref();
        option(domain.map(|domain| domain.name.as_str().to_owned()))
    };
    say(
        Element::Domain,
        "the domain",
        domain(declared),
        domain(held),
    );
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: BTreeSet<String> = items.collect();
    match items.is_empty() {
        true => "none".to_owned(),
        false => items.into_iter().collect::<Vec<_>>().join(", "),
    }
}
