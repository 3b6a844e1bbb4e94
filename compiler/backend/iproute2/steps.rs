//! The order in which a bridge is set up with `ip`, and a batch read back.
//!
//! Values come from [`state`](crate::state) and go back to it; the lines are
//! [`Statement`]s. The order is that of `networkStartNetworkVirtual`.

use super::statement::{ForeignLine, Statement};
use crate::state::{Address, Bridge, Link, LinkKind, OnLink, Route, Uplink, UplinkAddressing};

/// What a batch file sets up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The bridges.
    pub links: Vec<Link>,
    /// Their addresses, in order.
    pub addresses: Vec<Address>,
    /// The routes, in order.
    pub routes: Vec<Route>,
}

/// The lines that make this link; none for a bridge that the host has already.
///
/// Its VLAN filter is not among them: see [`filter`]. An uplink with DHCP stays where it is, for
/// `ip` could take the host's address away but not ask for one.
pub fn steps(on: &OnLink<'_>) -> Vec<Statement> {
    let LinkKind::Bridge(bridge) = &on.link.kind else {
        return Vec::new();
    };
    let mut steps = made(on.link, bridge);
    let addresses = on.addresses.iter().copied().cloned();
    let addresses = addresses.map(Statement::AddAddress);
    match &bridge.uplink {
        Some(uplink) => {
            steps.extend(taken(on.link, uplink));
            steps.extend(addresses);
        }
        None => {
            steps.extend(addresses);
            steps.push(Statement::Up(on.link.name.clone()));
        }
    }
    let routes = on.routes.iter().copied().cloned();
    steps.extend(routes.map(Statement::AddRoute));
    steps
}

/// The lines that make a bridge; the first makes the device. The forward delay comes before the
/// spanning tree, while any value is taken.
pub(crate) fn made(link: &Link, bridge: &Bridge) -> Vec<Statement> {
    let name = || link.name.clone();
    let mut steps = vec![Statement::AddBridge(name(), link.mac)];
    steps.extend(link.mtu.map(|mtu| Statement::Mtu(name(), mtu)));
    steps.push(Statement::ForwardDelay(name(), bridge.delay_seconds));
    steps.push(Statement::SpanningTree(name(), bridge.stp));
    steps
}

/// The port joins first, so that the bridge has the port's MAC when it comes up and makes its
/// link-local address of it. Whatever fails up to there leaves the port its addresses.
fn taken(link: &Link, uplink: &Uplink) -> Vec<Statement> {
    let up = Statement::Up(link.name.clone());
    match uplink.addressing {
        UplinkAddressing::Dhcp => vec![up],
        UplinkAddressing::Static { .. } | UplinkAddressing::None => vec![
            Statement::Join(uplink.dev.clone(), link.name.clone()),
            up,
            Statement::Up(uplink.dev.clone()),
            Statement::Flush(uplink.dev.clone()),
            Statement::FlushRoutes(uplink.dev.clone()),
        ],
    }
}

/// The line that makes a bridge filter by VLAN, if it is to.
pub fn filter(link: &Link) -> Option<Statement> {
    let filtering = match &link.kind {
        LinkKind::Bridge(bridge) => bridge.vlan_filtering,
        LinkKind::ExistingBridge { vlan_filtering } => *vlan_filtering,
    };
    filtering.then(|| Statement::VlanFiltering(link.name.clone(), true))
}

impl Batch {
    /// What the lines of batch files set up; comments and blank lines aside.
    ///
    /// An uplink comes back as static, without name servers: a batch says no more.
    pub fn parse(text: &str) -> Result<Self, ForeignLine> {
        let mut batch = Batch::default();
        for line in text.lines() {
            let code = line.split('#').next().unwrap_or_default().trim();
            if !code.is_empty() {
                let statement = code.parse()?;
                batch
                    .add(statement)
                    .ok_or_else(|| ForeignLine(code.to_owned()))?;
            }
        }
        Ok(batch)
    }

    fn add(&mut self, statement: Statement) -> Option<()> {
        match statement {
            Statement::AddBridge(name, mac) => self.links.push(Link {
                name,
                mac,
                mtu: None,
                kind: LinkKind::Bridge(Bridge {
                    stp: false,
                    delay_seconds: 15,
                    vlan_filtering: false,
                    uplink: None,
                }),
            }),
            Statement::Mtu(name, bytes) => {
                let link = self.links.iter_mut().find(|link| link.name == name)?;
                link.mtu = Some(bytes);
            }
            Statement::ForwardDelay(name, seconds) => self.bridge(&name)?.delay_seconds = seconds,
            Statement::SpanningTree(name, on) => self.bridge(&name)?.stp = on,
            Statement::VlanFiltering(name, on) => self.bridge(&name)?.vlan_filtering = on,
            Statement::Join(port, name) => {
                self.bridge(&name)?.uplink = Some(Uplink {
                    dev: port,
                    addressing: UplinkAddressing::Static { dns: Vec::new() },
                });
            }
            Statement::AddAddress(address) => self.addresses.push(address),
            Statement::AddRoute(route) => self.routes.push(route),
            Statement::Flush(_) | Statement::FlushRoutes(_) | Statement::Up(_) => {}
            // A batch only makes.
            Statement::Mac(..)
            | Statement::Leave(_)
            | Statement::DeleteRoute(_)
            | Statement::DeleteAddress(_)
            | Statement::Down(_)
            | Statement::Delete(_) => return None,
        }
        Some(())
    }

    fn bridge(&mut self, name: &crate::value::DeviceName) -> Option<&mut Bridge> {
        let link = self.links.iter_mut().find(|link| link.name == *name)?;
        match &mut link.kind {
            LinkKind::Bridge(bridge) => Some(bridge),
            LinkKind::ExistingBridge { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use ipnet::IpNet;
    use proptest::prelude::*;

    use super::*;
    use crate::state::{HostState, Segment};
    use crate::value::{DeviceName, Mac};

    fn device() -> impl Strategy<Value = DeviceName> {
        let name = r"[A-Za-z0-9_.@\$!?=ü][A-Za-z0-9_.@\$!?=-]{0,9}";
        name.prop_filter_map("a device name", |name| name.parse().ok())
    }

    fn net() -> impl Strategy<Value = IpNet> {
        let v4 = (any::<u32>(), 0..=32u8)
            .prop_map(|(bits, prefix)| IpNet::new(Ipv4Addr::from_bits(bits).into(), prefix));
        let v6 = (any::<u128>(), 0..=128u8)
            .prop_map(|(bits, prefix)| IpNet::new(Ipv6Addr::from_bits(bits).into(), prefix));
        prop_oneof![v4, v6].prop_map(|net| net.expect("the prefix fits"))
    }

    fn state() -> impl Strategy<Value = HostState> {
        let link = (device(), any::<Option<[u8; 6]>>(), any::<Option<u16>>());
        let bridge = (any::<bool>(), any::<u64>(), proptest::option::of(device()));
        let routes = proptest::collection::vec((net(), net(), any::<Option<u32>>()), 0..3);
        let addresses = proptest::collection::vec(net(), 0..3);
        (link, bridge, addresses, routes).prop_map(|(link, bridge, addresses, routes)| {
            let (name, mac, mtu) = link;
            let (stp, delay_seconds, port) = bridge;
            let uplink = port.map(|dev| Uplink {
                dev,
                addressing: UplinkAddressing::Static { dns: Vec::new() },
            });
            let route = |(destination, gateway, metric): (IpNet, IpNet, Option<u32>)| Route {
                link: name.clone(),
                destination,
                gateway: gateway.addr(),
                metric,
            };
            let address = |address| Address {
                link: name.clone(),
                address,
            };
            HostState {
                networks: vec![Segment {
                    network: "n".parse().expect("a name"),
                    uuid: String::new(),
                    mode: String::new(),
                    link: Some(name.clone()),
                }],
                addresses: addresses.into_iter().map(address).collect(),
                routes: routes.into_iter().map(route).collect(),
                links: vec![Link {
                    name: name.clone(),
                    mac: mac.map(Mac::new),
                    mtu,
                    kind: LinkKind::Bridge(Bridge {
                        stp,
                        delay_seconds,
                        vlan_filtering: stp,
                        uplink,
                    }),
                }],
                ..HostState::default()
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(state in state()) {
            let mut text = String::from("# A comment.\n\n");
            for on in state.on_links() {
                for step in steps(&on).into_iter().chain(filter(on.link)) {
                    text.push_str(&format!("{step}\n"));
                }
            }
            let batch = Batch::parse(&text).expect("the lines are ours");
            prop_assert_eq!(batch.links, state.links);
            prop_assert_eq!(batch.addresses, state.addresses);
            prop_assert_eq!(batch.routes, state.routes);
        }
    }

    #[test]
    fn another_line_is_no_statement() {
        for line in [
            "link add name br0 type vlan",
            "address add 192.0.2.1/24 broadcast 192.0.2.0 dev br0",
            "link set dev br0 type bridge forward_delay 150",
            "link set dev br0 mtu 9000",
        ] {
            assert!(Batch::parse(line).is_err(), "{line}");
        }
    }
}
