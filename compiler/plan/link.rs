//! Bridges, addresses and routes, with `ip`: from what is there to what is wanted.
//!
//! A bridge that is there is never made anew: its ports would fall off. The statements come in
//! groups, between which other things must happen (see [`plan`](super::plan())).

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::step::{Change, Command, Deed, Impact, Kind, Step};
use super::{Degraded, Observed, Taken, Wish};
use crate::backend::iproute2::statement::Statement;
use crate::backend::iproute2::steps;
use crate::state::{
    Address, Bridge, Device, HostState, Link, LinkKind, OnLink, Route, Uplink, UplinkAddressing,
};
use crate::value::DeviceName;

/// The statements, in the order in which the groups are run.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Bridges that go are switched off.
    pub down: Group,
    /// Bridges are made, and their settings set.
    pub make: Group,
    /// VLAN filters, which a kernel may lack.
    pub filter: Group,
    /// Bridges that go are gone, and their uplinks get back what they had.
    pub delete: Group,
    /// Addresses, up, routes.
    pub address: Group,
    /// What uplinks held that now lose it.
    pub taken: Vec<Taken>,
    /// Gateways that have to answer once the host's own addresses have moved.
    pub gateways: Vec<IpAddr>,
}

/// Statements that are run as one batch, and what they change.
#[derive(Debug, Default)]
pub(super) struct Group {
    statements: Vec<Statement>,
    changes: Vec<Change>,
}

impl Group {
    fn add(&mut self, change: Change, statement: Statement) {
        self.changes.push(change);
        self.statements.push(statement);
    }

    /// Leaves them all out, for a kernel that cannot do them.
    pub(super) fn refuse(&mut self, degraded: &mut Vec<Degraded>) {
        self.statements.clear();
        let lost = self.changes.drain(..).map(|change| Degraded {
            object: change.object,
            message: format!("this kernel cannot {}", change.action),
        });
        degraded.extend(lost);
    }

    /// The step that runs them, if there are any.
    pub(super) fn step(self) -> Option<Step> {
        if self.statements.is_empty() {
            return None;
        }
        let lines: Vec<String> = self
            .statements
            .iter()
            .map(|each| format!("{each}\n"))
            .collect();
        let command = Command::reading("ip", &["-batch", "-"], lines.concat());
        Some(Step::new(self.changes, Deed::Run(vec![command])))
    }
}

/// What the host's devices, addresses and routes are, by device.
pub(super) struct There<'a> {
    devices: HashMap<&'a DeviceName, &'a Device>,
    addresses: HashSet<(&'a DeviceName, IpNet)>,
    routes: HashSet<(&'a DeviceName, IpNet, IpAddr)>,
}

impl<'a> There<'a> {
    pub(super) fn new(observed: &'a Observed) -> Self {
        let capture = &observed.capture;
        let devices = capture.devices.iter().map(|device| (&device.name, device));
        let addresses = capture.state.addresses.iter();
        let routes = capture.state.routes.iter();
        There {
            devices: devices.collect(),
            addresses: addresses.map(|each| (&each.link, each.address)).collect(),
            routes: routes
                .map(|each| (&each.link, each.destination, each.gateway))
                .collect(),
        }
    }

    /// The device of this name.
    pub(super) fn device(&self, name: &DeviceName) -> Option<&'a Device> {
        self.devices.get(name).copied()
    }

    pub(super) fn has_address(&self, address: &Address) -> bool {
        self.addresses.contains(&(&address.link, address.address))
    }

    pub(super) fn has_route(&self, route: &Route) -> bool {
        let Route {
            link,
            destination,
            gateway,
            ..
        } = route;
        self.routes.contains(&(link, *destination, *gateway))
    }
}

/// Whether it is an address that the kernel gives to every link by itself.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => false,
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// What `ip` has to do.
pub(super) fn links(wish: &Wish<'_>, observed: &Observed) -> Links {
    let there = There::new(observed);
    let mut links = Links::default();
    // What goes goes first: an address of the same subnet would become a secondary one of the old,
    // and the kernel takes those away together.
    links.forget_details(wish, &there);
    for on in wish.wanted.state.on_links() {
        links.want(&on, &there, observed);
    }
    let wanted: HashSet<&DeviceName> = made(&wish.wanted.state)
        .map(|(link, _)| &link.name)
        .collect();
    let returned = super::handover::returned(wish);
    for (link, bridge) in made(&wish.retired.state) {
        if !wanted.contains(&link.name) && !returned.contains(&link.name) {
            links.forget(link, bridge, wish, &there);
        }
    }
    links
}

/// The bridges that are ours to make.
pub fn made(state: &HostState) -> impl Iterator<Item = (&Link, &Bridge)> {
    state.links.iter().filter_map(|link| match &link.kind {
        LinkKind::Bridge(bridge) => Some((link, bridge)),
        LinkKind::ExistingBridge { .. } => None,
    })
}

impl Links {
    fn want(&mut self, on: &OnLink<'_>, there: &There<'_>, observed: &Observed) {
        let name = &on.link.name;
        let device = there.device(name);
        self.want_filter(on.link, device);
        let LinkKind::Bridge(bridge) = &on.link.kind else {
            return;
        };
        match device {
            None => self.create(on.link, bridge),
            Some(device) => self.adjust(on.link, bridge, device),
        }
        if let Some(uplink) = &bridge.uplink
            && self.take(name, uplink, there, observed)
        {
            let routes = on.routes.iter();
            let default = routes.filter(|route| route.destination.prefix_len() == 0);
            self.gateways.extend(default.map(|route| route.gateway));
        }
        for address in &on.addresses {
            if !there.has_address(address) {
                let change = Change::new(
                    Kind::Address,
                    name.as_str(),
                    format!("add {}", address.address),
                );
                self.address
                    .add(change, Statement::AddAddress((*address).clone()));
            }
        }
        if !device.is_some_and(|device| device.up) {
            let change = Change::new(Kind::Link, name.as_str(), "set up");
            self.address.add(change, Statement::Up(name.clone()));
        }
        for route in &on.routes {
            if !there.has_route(route) {
                let words = format!("add {} via {}", route.destination, route.gateway);
                let change = Change::new(Kind::Route, name.as_str(), words);
                self.address
                    .add(change, Statement::AddRoute((*route).clone()));
            }
        }
    }

    fn create(&mut self, link: &Link, bridge: &Bridge) {
        let name = &link.name;
        let mut lines = steps::made(link, bridge).into_iter();
        let change = Change::new(Kind::Link, name.as_str(), "create bridge");
        if let Some(first) = lines.next() {
            self.make.add(change, first);
        }
        self.make.statements.extend(lines);
    }

    fn adjust(&mut self, link: &Link, bridge: &Bridge, device: &Device) {
        let name = &link.name;
        let change = |words: String| Change::new(Kind::Link, name.as_str(), words);
        if let Some(mac) = link.mac.filter(|mac| device.mac != Some(*mac)) {
            let noticed = change(format!("set address {mac}")).with(Impact::Disruptive);
            self.make.add(noticed, Statement::Mac(name.clone(), mac));
        }
        if let Some(mtu) = link.mtu.filter(|mtu| device.mtu != Some(u32::from(*mtu))) {
            self.make.add(
                change(format!("set mtu {mtu}")),
                Statement::Mtu(name.clone(), mtu),
            );
        }
        let Some(there) = device.bridge() else {
            return;
        };
        let delay = bridge.effective_delay_seconds();
        let delay_differs = there.forward_delay_centiseconds != delay * 100;
        if delay_differs {
            let words = change(format!("set forward delay {delay} s"));
            // With the spanning tree on the kernel takes 2 to 30 s only.
            if there.stp && !bridge.stp {
                self.set_stp(name, false);
            }
            self.make
                .add(words, Statement::ForwardDelay(name.clone(), delay));
            if !there.stp && bridge.stp {
                self.set_stp(name, true);
            }
        } else if there.stp != bridge.stp {
            self.set_stp(name, bridge.stp);
        }
    }

    fn set_stp(&mut self, name: &DeviceName, on: bool) {
        let words = format!("set stp {}", if on { "on" } else { "off" });
        let change = Change::new(Kind::Link, name.as_str(), words);
        self.make
            .add(change, Statement::SpanningTree(name.clone(), on));
    }

    /// A filter that was switched on by somebody else stays: it may be the host's own bridge.
    fn want_filter(&mut self, link: &Link, device: Option<&Device>) {
        let there = device.and_then(Device::bridge);
        if there.is_some_and(|bridge| bridge.vlan_filtering) {
            return;
        }
        if let Some(statement) = steps::filter(link) {
            let change = Change::new(Kind::Link, link.name.as_str(), "filter by VLAN");
            self.filter.add(change.with(Impact::Disruptive), statement);
        }
    }

    /// The host's own addresses move from the port to the bridge in one batch, if they have to.
    fn take(
        &mut self,
        bridge: &DeviceName,
        uplink: &Uplink,
        there: &There<'_>,
        observed: &Observed,
    ) -> bool {
        let port = there.devices.get(&uplink.dev);
        let joined = port.is_some_and(|port| port.master.as_ref() == Some(bridge));
        if joined || uplink.addressing == UplinkAddressing::Dhcp {
            return false;
        }
        let change = |words: &str| {
            Change::new(Kind::Link, uplink.dev.as_str(), words).with(Impact::Disruptive)
        };
        let dev = || uplink.dev.clone();
        let group = &mut self.address;
        group.add(
            change(&format!("make it a port of {bridge}")),
            Statement::Join(dev(), bridge.clone()),
        );
        group
            .statements
            .extend([Statement::Up(bridge.clone()), Statement::Up(dev())]);
        group.add(
            change("move its addresses to the bridge"),
            Statement::Flush(dev()),
        );
        group.statements.push(Statement::FlushRoutes(dev()));
        let state = &observed.capture.state;
        self.taken.push(Taken {
            dev: dev(),
            addresses: state
                .addresses
                .iter()
                .filter(|each| each.link == uplink.dev && !is_link_local(each.address.addr()))
                .cloned()
                .collect(),
            routes: state
                .routes
                .iter()
                .filter(|each| each.link == uplink.dev)
                .cloned()
                .collect(),
        });
        true
    }

    /// Addresses and routes that an earlier apply added to a bridge that stays.
    fn forget_details(&mut self, wish: &Wish<'_>, there: &There<'_>) {
        let (wanted, retired) = (&wish.wanted.state, &wish.retired.state);
        let kept: HashSet<&DeviceName> = made(wanted).map(|(link, _)| &link.name).collect();
        let routes: HashSet<_> = wanted
            .routes
            .iter()
            .map(|each| (&each.link, each.destination, each.gateway))
            .collect();
        for route in &retired.routes {
            let wanted = routes.contains(&(&route.link, route.destination, route.gateway));
            if kept.contains(&route.link) && !wanted && there.has_route(route) {
                let words = format!("remove {} via {}", route.destination, route.gateway);
                let change = Change::new(Kind::Route, route.link.as_str(), words);
                self.address
                    .add(change, Statement::DeleteRoute(route.clone()));
            }
        }
        let addresses: HashSet<_> = wanted
            .addresses
            .iter()
            .map(|each| (&each.link, each.address))
            .collect();
        for address in &retired.addresses {
            let wanted = addresses.contains(&(&address.link, address.address));
            if kept.contains(&address.link) && !wanted && there.has_address(address) {
                let words = format!("remove {}", address.address);
                let change = Change::new(Kind::Address, address.link.as_str(), words);
                self.address.add(
                    change.with(Impact::Disruptive),
                    Statement::DeleteAddress(address.clone()),
                );
            }
        }
    }

    /// A bridge that is not wanted any more. Ports that guests have on it stay, without a master.
    fn forget(&mut self, link: &Link, bridge: &Bridge, wish: &Wish<'_>, there: &There<'_>) {
        let name = &link.name;
        let Some(device) = there.devices.get(name).filter(|device| device.is_bridge()) else {
            return;
        };
        if device.up {
            let change =
                Change::new(Kind::Link, name.as_str(), "set down").with(Impact::Disruptive);
            self.down.add(change, Statement::Down(name.clone()));
        }
        let change =
            Change::new(Kind::Link, name.as_str(), "remove bridge").with(Impact::Disruptive);
        let uplink = bridge.uplink.as_ref().map(|uplink| &uplink.dev);
        let joined = uplink.and_then(|dev| there.devices.get(dev));
        let joined = joined.filter(|port| port.master.as_ref() == Some(name));
        // Off and on, the kernel gives it its link-local address and multicast routes again.
        self.delete
            .statements
            .extend(joined.into_iter().flat_map(|port| {
                let name = || port.name.clone();
                [
                    Statement::Leave(name()),
                    Statement::Down(name()),
                    Statement::Up(name()),
                ]
            }));
        self.delete.add(change, Statement::Delete(name.clone()));
        let taken = wish.taken.iter().filter(|taken| Some(&taken.dev) == uplink);
        for taken in taken {
            let words = "give it back its addresses";
            self.delete
                .changes
                .push(Change::new(Kind::Link, taken.dev.as_str(), words));
            let missing = taken
                .addresses
                .iter()
                .filter(|each| !there.has_address(each));
            self.delete
                .statements
                .extend(missing.cloned().map(Statement::AddAddress));
            let missing = taken.routes.iter().filter(|each| !there.has_route(each));
            self.delete
                .statements
                .extend(missing.cloned().map(Statement::AddRoute));
        }
    }
}
