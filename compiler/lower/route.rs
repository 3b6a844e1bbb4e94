//! Static routes: every `<route>`, and the host's default routes where it took an uplink.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::network::{Addressing, HostBridge, Kind, Member};
use crate::state::Route;
use crate::value::DeviceName;

/// The routes through a network's bridge, in the order in which they are added.
pub fn lower(member: &Member) -> Vec<Route> {
    let Some(link) = &member.bridge else {
        return Vec::new();
    };
    match &member.network.kind {
        Kind::Virtual(network) => network.routes.iter().map(|r| declared(link, r)).collect(),
        Kind::HostBridge(network) => of_uplink(link, network),
        Kind::Macvtap(_) | Kind::Hostdev(_) => Vec::new(),
    }
}

fn declared(link: &DeviceName, route: &crate::network::Route) -> Route {
    Route {
        link: link.clone(),
        destination: route.destination,
        gateway: route.gateway,
        metric: Some(route.effective_metric()),
    }
}

fn of_uplink(link: &DeviceName, network: &HostBridge) -> Vec<Route> {
    let gateways = match network.uplink.as_ref().map(|uplink| &uplink.addressing) {
        Some(Addressing::Static { gateways, .. }) => gateways.as_slice(),
        Some(Addressing::Dhcp | Addressing::None) | None => &[],
    };
    let default = |gateway: &IpAddr| Route {
        link: link.clone(),
        destination: everything(*gateway),
        gateway: *gateway,
        metric: None,
    };
    gateways.iter().map(default).collect()
}

/// All addresses of the gateway's family.
fn everything(gateway: IpAddr) -> IpNet {
    match gateway {
        IpAddr::V4(_) => IpNet::new_assert(Ipv4Addr::UNSPECIFIED.into(), 0),
        IpAddr::V6(_) => IpNet::new_assert(Ipv6Addr::UNSPECIFIED.into(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Uplink;
    use crate::network::sample::{host_bridge, member, network, value, virtual_kind};

    #[test]
    fn a_route_costs_one_unless_said() {
        let mut declared = virtual_kind(&["10.0.0.1/24"]);
        declared.routes.push(crate::network::Route {
            destination: value("10.1.0.0/16"),
            gateway: value("10.0.0.2"),
            metric: None,
        });
        let routes = lower(&member(network(Kind::Virtual(Box::new(declared)))));
        assert_eq!(routes[0].metric, Some(1));
        assert_eq!(routes[0].link.as_str(), "virbr7");
    }

    #[test]
    fn an_uplink_brings_addresses_and_default_routes() {
        let uplink = Uplink {
            dev: value("eno1"),
            addressing: Addressing::Static {
                addresses: vec![value("192.0.2.2/24"), value("2001:db8::2/64")],
                gateways: vec![value("192.0.2.1"), value("2001:db8::1")],
                dns: Vec::new(),
            },
        };
        let member = member(network(Kind::HostBridge(host_bridge(Some(uplink)))));
        let routes = lower(&member);
        let destinations = routes.iter().map(|route| route.destination.to_string());
        assert_eq!(destinations.collect::<Vec<_>>(), ["0.0.0.0/0", "::/0"]);
        assert_eq!(routes[1].metric, None);
        let addresses = crate::lower::address::lower(&member);
        assert_eq!(addresses[0].address, value("192.0.2.2/24"));
        assert_eq!(addresses[1].broadcast(), None);
    }
}
