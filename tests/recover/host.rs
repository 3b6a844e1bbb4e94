//! A host in memory: what its tools would list after networks were started on it.

use lanwright::backend::{Compiled, Layout, dnsmasq, iptables, nftables};
use lanwright::capture::{self, Capture, Text};
use lanwright::firewall::Family;
use lanwright::lower::{FirewallLayout, Ir, encode};
use lanwright::state::{Bridge, HostState, Link, LinkKind};
use serde_json::{Value, json};

/// What a capture of the host tells.
pub fn capture(ir: &Ir, layout: FirewallLayout, files: Layout) -> Capture {
    let mut texts = rules(ir, layout);
    let compiled = Compiled {
        state: &ir.state,
        policy: &ir.policy,
        layout: files,
    };
    for artifact in dnsmasq::emit(&compiled).artifacts {
        texts.push(text(&artifact.path, artifact.text));
    }
    let state = &ir.state;
    texts.push(text(
        "link.json",
        listing(state.links.iter().flat_map(link)),
    ));
    texts.push(text("addr.json", listing(addresses(state))));
    for (name, ipv4) in [("route.json", true), ("route6.json", false)] {
        texts.push(text(name, listing(routes(state, ipv4))));
    }
    let sysctls = state.sysctls.iter();
    let sysctls = sysctls.map(|it| format!("{} = {}\n", it.key.join("."), it.value));
    texts.push(text("sysctl.txt", sysctls.collect()));
    if !texts.iter().any(|text| text.name.ends_with(".conf")) {
        // That nothing is served was looked at, too.
        texts.push(text("dnsmasq/none.hostsfile", String::new()));
    }
    let mut capture = capture::read(texts);
    // What tc lists is read elsewhere.
    capture.state.shaping.clone_from(&state.shaping);
    capture
}

fn text(name: &str, text: String) -> Text {
    Text {
        name: name.to_owned(),
        bytes: text.into_bytes(),
    }
}

/// What the firewall's tools list.
fn rules(ir: &Ir, layout: FirewallLayout) -> Vec<Text> {
    let ruleset = encode(&ir.policy, layout);
    match layout {
        FirewallLayout::Iptables => [
            ("iptables-save.txt", Family::Ipv4),
            ("ip6tables-save.txt", Family::Ipv6),
        ]
        .into_iter()
        .map(|(name, family)| text(name, iptables::print(&ruleset, family).unwrap()))
        .collect(),
        FirewallLayout::Lanwright | FirewallLayout::LibvirtNftables => {
            vec![text("nft.txt", nftables::print(&ruleset).unwrap())]
        }
    }
}

fn listing(objects: impl Iterator<Item = Value>) -> String {
    serde_json::to_string(&objects.collect::<Vec<Value>>()).unwrap()
}

/// A bridge, and the port that joined it.
fn link(link: &Link) -> Vec<Value> {
    let bridge = match &link.kind {
        LinkKind::Bridge(bridge) => bridge,
        LinkKind::ExistingBridge { .. } => return Vec::new(),
    };
    let Bridge {
        stp,
        vlan_filtering,
        ..
    } = bridge;
    let mac = link
        .mac
        .map_or("02:00:00:00:00:01".to_owned(), |mac| mac.to_string());
    let device = json!({
        "ifname": link.name.as_str(),
        "flags": ["BROADCAST", "MULTICAST", "UP"],
        "mtu": link.mtu.unwrap_or(1500),
        "link_type": "ether",
        "address": mac,
        "linkinfo": { "info_kind": "bridge", "info_data": {
            "forward_delay": bridge.effective_delay_seconds() * 100,
            "stp_state": u8::from(*stp),
            "vlan_filtering": u8::from(*vlan_filtering),
        }},
    });
    let port = bridge.uplink.as_ref().map(|uplink| {
        json!({
            "ifname": uplink.dev.as_str(),
            "flags": ["BROADCAST", "MULTICAST", "UP"],
            "mtu": 1500,
            "master": link.name.as_str(),
            "link_type": "ether",
            "address": "02:00:00:00:00:02",
        })
    });
    std::iter::once(device).chain(port).collect()
}

/// The kernel lists IPv4 as it was added, and IPv6 the newest first.
fn addresses(state: &HostState) -> impl Iterator<Item = Value> {
    state.links.iter().map(|link| {
        let of = state.addresses.iter().filter(|it| it.link == link.name);
        let (ipv4, mut ipv6): (Vec<_>, Vec<_>) = of.partition(|it| it.ip().is_ipv4());
        ipv6.reverse();
        let info = ipv4.into_iter().chain(ipv6).map(|address| {
            json!({
                "family": if address.ip().is_ipv4() { "inet" } else { "inet6" },
                "local": address.ip().to_string(),
                "prefixlen": address.address.prefix_len(),
                "scope": "global",
            })
        });
        json!({ "ifname": link.name.as_str(), "addr_info": info.collect::<Vec<_>>() })
    })
}

fn routes(state: &HostState, ipv4: bool) -> impl Iterator<Item = Value> {
    let of = state
        .routes
        .iter()
        .filter(move |it| it.gateway.is_ipv4() == ipv4);
    of.map(|route| {
        let mut object = json!({
            "dst": route.destination.to_string(),
            "gateway": route.gateway.to_string(),
            "dev": route.link.as_str(),
        });
        if let Some(metric) = route.metric {
            object["metric"] = metric.into();
        }
        object
    })
}
