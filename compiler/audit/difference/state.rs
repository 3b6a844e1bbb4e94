//! Bridges, addresses, routes, kernel settings, rate limits and dnsmasq's files of two sides.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::kind;
use super::{Difference, Scope};
use crate::audit::report::{Drift, Object, Place};
use crate::audit::service;
use crate::capture::{Capture, ServiceFiles, Topic};
use crate::firewall::Family;
use crate::state::{Device, Shaping};

/// What one side has: what it is, whose, and in words.
type Facts = BTreeMap<(Object, String, String), String>;

/// The differences between what two sides hold, rules aside.
pub fn compare(a: &Capture, b: &Capture, scope: Scope) -> Vec<Difference> {
    let links = match scope {
        Scope::Host => None,
        Scope::Networks { first: true } => Some(links(a)),
        Scope::Networks { first: false } => Some(links(b)),
    };
    let both = |topic| a.observed(topic) && b.observed(topic);
    let (mut one, mut other) = (Facts::new(), Facts::new());
    for (capture, facts, rest) in [(a, &mut one, b), (b, &mut other, a)] {
        if both(Topic::Links) {
            devices(capture, rest, facts);
        }
        if both(Topic::Addresses) {
            for address in &capture.state.addresses {
                let key = (
                    Object::Address,
                    address.link.to_string(),
                    address.ip().to_string(),
                );
                facts.insert(key, address.address.to_string());
            }
        }
        for route in &capture.state.routes {
            let family = Family::of(&route.destination);
            if both(Topic::Routes(family)) {
                let key = (
                    Object::Route,
                    route.link.to_string(),
                    route.destination.to_string(),
                );
                facts.insert(key, crate::audit::device::spelt(route));
            }
        }
        if both(Topic::Sysctls) {
            settings(capture, rest, facts);
        }
        if both(Topic::Traffic) {
            for shaping in &capture.state.shaping {
                limits(shaping, facts);
            }
        }
    }
    let mut differences = differing(&one, &other, links.as_ref());
    if both(Topic::Services) {
        differences.extend(services(a, b));
    }
    differences
}

/// The links that networks make.
fn links(networks: &Capture) -> BTreeSet<String> {
    let devices = networks.devices.iter();
    devices.map(|device| device.name.to_string()).collect()
}

/// The settings of bridges; what a side leaves open is not compared.
fn devices(capture: &Capture, rest: &Capture, facts: &mut Facts) {
    let others: BTreeMap<_, _> = rest.devices.iter().map(|it| (&it.name, it)).collect();
    for device in capture.devices.iter().filter(|device| device.is_bridge()) {
        let name = device.name.to_string();
        let mut add = |object, what: &str, text: String| {
            facts.insert((object, name.clone(), what.to_owned()), text);
        };
        let Some(other) = others.get(&device.name) else {
            add(Object::Link, "", format!("bridge {name}"));
            continue;
        };
        for (what, mine, theirs) in settled(device)
            .into_iter()
            .zip(settled(other))
            .map(|((what, mine), (_, theirs))| (what, mine, theirs))
        {
            if let (Some(mine), Some(_)) = (mine, theirs) {
                add(Object::LinkSetting, what, format!("{what} {mine}"));
            }
        }
    }
}

fn settled(device: &Device) -> [(&'static str, Option<String>); 6] {
    let settings = device.bridge();
    let yes = |on: bool| if on { "on" } else { "off" }.to_owned();
    [
        ("up", Some(yes(device.up))),
        ("mtu", device.mtu.map(|mtu| mtu.to_string())),
        ("hardware address", device.mac.map(|mac| mac.to_string())),
        ("spanning tree", settings.map(|it| yes(it.stp))),
        (
            "forward delay",
            settings.map(|it| format!("{} cs", it.forward_delay_centiseconds)),
        ),
        ("vlan filtering", settings.map(|it| yes(it.vlan_filtering))),
    ]
}

/// A setting that one side lacks was not asked for there.
fn settings(capture: &Capture, rest: &Capture, facts: &mut Facts) {
    let others: BTreeSet<_> = rest.state.sysctls.iter().map(|it| &it.key).collect();
    for setting in &capture.state.sysctls {
        if others.contains(&setting.key) {
            let link = setting.link.as_ref().map(ToString::to_string);
            let text = crate::audit::device::setting(setting);
            let key = setting.key.join(".");
            facts.insert((Object::Sysctl, link.unwrap_or_default(), key), text);
        }
    }
}

fn limits(shaping: &Shaping, facts: &mut Facts) {
    let link = shaping.link.to_string();
    if let Some(rate) = &shaping.egress {
        let key = (Object::Shaping, link.clone(), "out".to_owned());
        facts.insert(key, crate::audit::traffic::egress(rate));
    }
    if let Some(policing) = &shaping.ingress {
        let key = (Object::Shaping, link, "in".to_owned());
        facts.insert(key, crate::audit::traffic::ingress(policing));
    }
}

fn differing(a: &Facts, b: &Facts, links: Option<&BTreeSet<String>>) -> Vec<Difference> {
    let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    // A setting is compared only if both sides tell of it.
    let counts = |(object, link, _): &&(Object, String, String)| {
        *object == Object::Sysctl || links.is_none_or(|links| links.contains(link))
    };
    let mut differences = Vec::new();
    for key in keys.into_iter().filter(counts) {
        let (one, other) = (a.get(key), b.get(key));
        if one != other {
            differences.push(Difference {
                kind: kind(one.is_some(), other.is_some()),
                object: key.0,
                network: Some(key.1.clone()).filter(|link| !link.is_empty()),
                a: one.cloned(),
                b: other.cloned(),
                place_a: Place::default(),
                place_b: Place::default(),
            });
        }
    }
    differences
}

/// dnsmasq's files, by the device that each listens on.
fn services(a: &Capture, b: &Capture) -> Vec<Difference> {
    let by_link = |capture: &'_ Capture| -> BTreeMap<String, ServiceFiles> {
        let files = capture.services.iter();
        files
            .map(|files| {
                let link = service::interface(&files.conf.1).unwrap_or(&files.stem);
                (link.to_owned(), files.clone())
            })
            .collect()
    };
    let (one, other) = (by_link(a), by_link(b));
    let links: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let mut differences = Vec::new();
    for link in links {
        let of = |drift: Drift| Difference {
            kind: drift.kind,
            object: drift.object,
            network: Some(link.clone()),
            a: drift.expected,
            b: drift.found,
            place_a: Place::default(),
            place_b: drift.place,
        };
        match (one.get(link), other.get(link)) {
            (Some(one), Some(other)) => {
                differences.extend(service::lines_of(a, one, b, other).into_iter().map(of));
            }
            (one, other) => {
                let text = || Some(format!("dnsmasq on {link}"));
                differences.push(Difference {
                    kind: kind(one.is_some(), other.is_some()),
                    object: Object::Service,
                    network: Some(link.clone()),
                    a: one.and_then(|_| text()),
                    b: other.and_then(|_| text()),
                    place_a: Place::default(),
                    place_b: Place::default(),
                });
            }
        }
    }
    differences
}
