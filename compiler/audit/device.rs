//! Bridges, their addresses, routes and kernel settings: expected against found.
//!
//! Only what is declared is asked of a bridge that the host has for itself. A value that the
//! network leaves open, such as a hardware address that was made up, is not compared.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::IpAddr;

use ipnet::IpNet;

use super::align::pair;
use super::report::{Drift, DriftKind, Object, Place};
use super::traffic;
use crate::capture::{Capture, Queueing, Role, Topic};
use crate::firewall::Family;
use crate::state::{
    Address, Bridge, BridgeSettings, Device, HostState, Link, LinkKind, OnLink, Route, Shaping,
    Sysctl,
};
use crate::value::DeviceName;

/// What a host holds, by device.
#[derive(Debug, Default)]
pub struct ByDevice<'a> {
    devices: HashMap<&'a DeviceName, &'a Device>,
    addresses: HashMap<&'a DeviceName, Vec<&'a Address>>,
    routes: HashMap<&'a DeviceName, Vec<&'a Route>>,
    shaping: HashMap<&'a DeviceName, &'a Shaping>,
    queueing: HashMap<&'a DeviceName, Queueing>,
    sysctls: HashMap<&'a [String], &'a Sysctl>,
}

/// A link that a network makes, and what of it is compared.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The link and everything on it.
    pub on: OnLink<'a>,
    /// The settings of the kernel for it.
    pub sysctls: Vec<&'a Sysctl>,
    /// Whether its hardware address was declared, rather than made up.
    pub mac_is_declared: bool,
}

impl<'a> ByDevice<'a> {
    /// What a capture holds.
    pub fn of(capture: &'a Capture) -> Self {
        let mut by = ByDevice::default();
        let state: &HostState = &capture.state;
        by.devices = capture.devices.iter().map(|it| (&it.name, it)).collect();
        by.shaping = state.shaping.iter().map(|it| (&it.link, it)).collect();
        by.sysctls = state.sysctls.iter().map(|it| (&*it.key, it)).collect();
        for address in &state.addresses {
            by.addresses.entry(&address.link).or_default().push(address);
        }
        for queueing in &capture.queueing {
            let known = by.queueing.entry(&queueing.link);
            let known = known.or_insert_with(|| queueing.clone());
            known.filters |= queueing.filters;
            known.checksum |= queueing.checksum;
            known.rounded |= queueing.rounded;
        }
        for route in &state.routes {
            by.routes.entry(&route.link).or_default().push(route);
        }
        by
    }

    /// The device of this name.
    pub fn device(&self, name: &DeviceName) -> Option<&'a Device> {
        self.devices.get(name).copied()
    }

    /// What `tc` told of this device beside its rate limits.
    pub fn queueing(&self, name: &DeviceName) -> Option<&Queueing> {
        self.queueing.get(name)
    }

    /// The addresses of this device.
    pub fn addresses(&self, name: &DeviceName) -> &[&'a Address] {
        self.addresses.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Where one kind of thing was read.
pub(super) fn place(capture: &Capture, role: Role) -> Place {
    let file = capture.files.iter().find(|file| file.role == Some(role));
    Place {
        file: file.map(|file| file.name.clone()),
        ..Place::default()
    }
}

/// The differences of one network's link.
pub fn compare(capture: &Capture, by: &ByDevice<'_>, expected: &Expected<'_>) -> Vec<Drift> {
    let mut drift = Vec::new();
    let link = expected.on.link;
    let is_made = match &link.kind {
        LinkKind::Bridge(_) => true,
        LinkKind::ExistingBridge { .. } => false,
    };
    if capture.observed(Topic::Links) {
        match by.device(&link.name) {
            Some(device) => settings(capture, expected, device, &mut drift),
            None => drift.push(no_link(capture, link)),
        }
    }
    let has_dhcp_uplink = matches!(&link.kind, LinkKind::Bridge(Bridge { uplink: Some(uplink), .. })
        if uplink.addressing == crate::state::UplinkAddressing::Dhcp);
    if is_made && !has_dhcp_uplink {
        addresses(capture, by, &expected.on, &mut drift);
        routes(capture, by, &expected.on, &mut drift);
    }
    if capture.observed(Topic::Sysctls) {
        let found = |setting: &&Sysctl| sysctl(capture, by, setting);
        drift.extend(expected.sysctls.iter().filter_map(found));
    }
    if capture.observed(Topic::Traffic) {
        let found = by.shaping.get(&link.name).copied();
        let queueing = by.queueing(&link.name);
        drift.extend(traffic::limits(capture, &expected.on, found, queueing));
    }
    drift
}

fn no_link(capture: &Capture, link: &Link) -> Drift {
    Drift {
        kind: DriftKind::Missing,
        object: Object::Link,
        expected: Some(format!("bridge {}", link.name)),
        found: None,
        place: place(capture, Role::Links),
        breaks: Some("guests have nothing to be joined to".to_owned()),
    }
}

fn settings(capture: &Capture, expected: &Expected<'_>, device: &Device, drift: &mut Vec<Drift>) {
    let link = expected.on.link;
    let at = || place(capture, Role::Links);
    if !device.is_bridge() {
        drift.push(Drift {
            kind: DriftKind::Changed,
            object: Object::Link,
            expected: Some(format!("bridge {}", link.name)),
            found: Some(format!("{} is no bridge", link.name)),
            place: at(),
            breaks: Some("guests have nothing to be joined to".to_owned()),
        });
        return;
    }
    let mut compared: Vec<(String, String, &str)> = Vec::new();
    let yes = |on: bool| if on { "on" } else { "off" };
    match &link.kind {
        LinkKind::Bridge(bridge) => {
            compared.push((
                format!("{} up", link.name),
                format!("{} {}", link.name, if device.up { "up" } else { "down" }),
                "nothing passes the bridge, and the host does not answer on it",
            ));
            if let Some(found) = device.bridge() {
                of_bridge(bridge, found, &mut compared);
            }
        }
        LinkKind::ExistingBridge { vlan_filtering } => {
            if let Some(found) = device.bridge().filter(|_| *vlan_filtering) {
                compared.push((
                    format!("vlan filtering {}", yes(*vlan_filtering)),
                    format!("vlan filtering {}", yes(found.vlan_filtering)),
                    "frames pass whatever their tag",
                ));
            }
        }
    }
    if let (Some(wanted), Some(found)) = (link.mtu, device.mtu) {
        compared.push((
            format!("mtu {wanted}"),
            format!("mtu {found}"),
            "large packets between guests and the host are lost or cut",
        ));
    }
    if let (Some(wanted), Some(found), true) = (link.mac, device.mac, expected.mac_is_declared) {
        compared.push((
            format!("hardware address {wanted}"),
            format!("hardware address {found}"),
            "guests that know the host by its hardware address do not reach it",
        ));
    }
    let changed = compared
        .into_iter()
        .filter(|(wanted, found, _)| wanted != found);
    drift.extend(changed.map(|(wanted, found, breaks)| Drift {
        kind: DriftKind::Changed,
        object: Object::LinkSetting,
        expected: Some(wanted),
        found: Some(found),
        place: at(),
        breaks: Some(breaks.to_owned()),
    }));
}

/// The kernel clamps the delay as it turns the spanning tree on, so what it ends up with is
/// compared.
fn of_bridge(
    bridge: &Bridge,
    found: &BridgeSettings,
    compared: &mut Vec<(String, String, &'static str)>,
) {
    let yes = |on: bool| if on { "on" } else { "off" };
    compared.push((
        format!("spanning tree {}", yes(bridge.stp)),
        format!("spanning tree {}", yes(found.stp)),
        "loops of bridges are not found, or ports wait to see whether there is one",
    ));
    // What the delay is clamped to follows from the spanning tree that is there.
    if bridge.stp == found.stp {
        compared.push((
            format!("forward delay {} s", bridge.effective_delay_seconds()),
            format!(
                "forward delay {} s",
                seconds(found.forward_delay_centiseconds)
            ),
            "a guest's first seconds on the network are silent for another time",
        ));
    }
    compared.push((
        format!("vlan filtering {}", yes(bridge.vlan_filtering)),
        format!("vlan filtering {}", yes(found.vlan_filtering)),
        "frames pass by other rules about tags",
    ));
}

/// As much of a fraction as there is: `2`, `1.5`.
fn seconds(centiseconds: u64) -> String {
    let (whole, rest) = (centiseconds / 100, centiseconds % 100);
    match (rest, rest % 10) {
        (0, _) => whole.to_string(),
        (_, 0) => format!("{whole}.{}", rest / 10),
        (_, _) => format!("{whole}.{rest:02}"),
    }
}

fn addresses(capture: &Capture, by: &ByDevice<'_>, on: &OnLink<'_>, drift: &mut Vec<Drift>) {
    if !capture.observed(Topic::Addresses) {
        return;
    }
    let found = by.addresses(&on.link.name);
    let mut left: Vec<&Address> = found.to_vec();
    let missing = without(&on.addresses, &mut left, |it| it.address);
    let mut changed = vec![None; missing.len()];
    pair(&missing, &mut changed, &mut left, Address::ip);
    pair(&missing, &mut changed, &mut left, |it| it.ip().is_ipv4());
    for (wanted, found) in missing.into_iter().zip(changed) {
        drift.push(Drift {
            kind: found.map_or(DriftKind::Missing, |_| DriftKind::Changed),
            object: Object::Address,
            expected: Some(wanted.address.to_string()),
            found: found.map(|it| it.address.to_string()),
            place: place(capture, Role::Addresses),
            breaks: Some(lost_address(wanted, found)),
        });
    }
    drift.extend(left.into_iter().map(|extra| Drift {
        kind: DriftKind::Unexpected,
        object: Object::Address,
        expected: None,
        found: Some(extra.address.to_string()),
        place: place(capture, Role::Addresses),
        breaks: None,
    }));
}

fn lost_address(wanted: &Address, found: Option<&Address>) -> String {
    match found {
        Some(found) if found.ip() == wanted.ip() => {
            "the host sends what is for some guests elsewhere, or what is for others to the bridge"
                .to_owned()
        }
        Some(_) | None => format!("guests do not reach the host as {}", wanted.ip()),
    }
}

fn routes(capture: &Capture, by: &ByDevice<'_>, on: &OnLink<'_>, drift: &mut Vec<Drift>) {
    let observed = |route: &Route| {
        let family = Family::of(&route.destination);
        capture.observed(Topic::Routes(family))
    };
    let mut left: Vec<&Route> = by.routes.get(&on.link.name).cloned().unwrap_or_default();
    let wanted = on.routes.iter().copied();
    let wanted: Vec<&Route> = wanted.filter(|route| observed(route)).collect();
    let missing = without(&wanted, &mut left, |it| (way(it), it.metric));
    // A metric that was left to the kernel is whatever the kernel made it.
    let (open, told): (Vec<_>, Vec<_>) = missing.into_iter().partition(|it| it.metric.is_none());
    let missing = [without(&open, &mut left, way), told].concat();
    let mut changed = vec![None; missing.len()];
    pair(&missing, &mut changed, &mut left, |it| it.destination);
    let at = |route: &Route| place(capture, Role::Routes(Family::of(&route.destination)));
    for (wanted, found) in missing.into_iter().zip(changed) {
        drift.push(Drift {
            kind: found.map_or(DriftKind::Missing, |_| DriftKind::Changed),
            object: Object::Route,
            expected: Some(spelt(wanted)),
            found: found.map(spelt),
            place: at(wanted),
            breaks: Some(format!(
                "the host sends what is for {} another way",
                wanted.destination
            )),
        });
    }
    drift.extend(left.into_iter().map(|extra| Drift {
        kind: DriftKind::Unexpected,
        object: Object::Route,
        expected: None,
        found: Some(spelt(extra)),
        place: at(extra),
        breaks: None,
    }));
}

/// Where a route leads, and how.
fn way(route: &Route) -> (IpNet, IpAddr) {
    (route.destination, route.gateway)
}

/// The expected rows that are not there; those that are leave `left`.
fn without<'b, Row, Key: Hash + Eq>(
    expected: &[&'b Row],
    left: &mut Vec<&Row>,
    key: impl Fn(&Row) -> Key,
) -> Vec<&'b Row> {
    let mut pairs = vec![None; expected.len()];
    pair(expected, &mut pairs, left, key);
    let rows = expected.iter().copied().zip(pairs);
    rows.filter_map(|(row, pair)| pair.is_none().then_some(row))
        .collect()
}

/// A route in words.
pub fn spelt(route: &Route) -> String {
    let metric = route.metric.map(|metric| format!(" metric {metric}"));
    let metric = metric.unwrap_or_default();
    format!("{} via {}{metric}", route.destination, route.gateway)
}

/// A setting that is not as it should be; nothing if it was not captured.
pub fn sysctl(capture: &Capture, by: &ByDevice<'_>, wanted: &Sysctl) -> Option<Drift> {
    let found = by.sysctls.get(&*wanted.key)?;
    (found.value != wanted.value).then(|| Drift {
        kind: DriftKind::Changed,
        object: Object::Sysctl,
        expected: Some(setting(wanted)),
        found: Some(setting(found)),
        place: place(capture, Role::Sysctls),
        breaks: sysctl_breaks(wanted),
    })
}

/// As `sysctl` prints it: a dot within a name is a slash.
pub fn setting(setting: &Sysctl) -> String {
    let parts = setting.key.iter().map(|part| part.replace('.', "/"));
    format!(
        "{} = {}",
        parts.collect::<Vec<_>>().join("."),
        setting.value
    )
}

fn sysctl_breaks(wanted: &Sysctl) -> Option<String> {
    let text = match (wanted.key.last()?.as_str(), wanted.value.as_str()) {
        ("ip_forward" | "forwarding", _) => {
            "guests cannot reach the outside: the host forwards nothing"
        }
        ("disable_ipv6", "0") => "guests do not reach the host over IPv6",
        ("disable_ipv6", _) => "guests reach the host over IPv6, which no rule looks at",
        ("accept_ra", _) => "a guest can give the host routes",
        ("autoconf", _) => "a guest can give the host addresses",
        (_, _) => return None,
    };
    Some(text.to_owned())
}

/// What a state holds for each link that its networks make.
pub fn expected<'a>(
    state: &'a HostState,
    declared_macs: &HashSet<&DeviceName>,
) -> HashMap<&'a DeviceName, Expected<'a>> {
    let mut sysctls: HashMap<&DeviceName, Vec<&Sysctl>> = HashMap::new();
    for setting in &state.sysctls {
        if let Some(link) = &setting.link {
            sysctls.entry(link).or_default().push(setting);
        }
    }
    let on_links = state.on_links().into_iter();
    on_links
        .map(|on| {
            let name = &on.link.name;
            let expected = Expected {
                sysctls: sysctls.remove(name).unwrap_or_default(),
                mac_is_declared: declared_macs.contains(name),
                on,
            };
            (name_of(&expected), expected)
        })
        .collect()
}

fn name_of<'a>(expected: &Expected<'a>) -> &'a DeviceName {
    &expected.on.link.name
}
