//! One line of an `ip -batch` file, both ways.
//!
//! Only the lines that we write; another line is no [`Statement`]. Every value but an address or
//! a number stands behind a keyword, so a device may be called `up` or `type`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::state::{Address, Route};
use crate::value::{DeviceName, Mac};

/// One line of an `ip -batch` file.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// A bridge is made; without a MAC it takes that of its first port.
    AddBridge(DeviceName, Option<Mac>),
    /// The hardware address.
    Mac(DeviceName, Mac),
    /// The largest packet, in bytes.
    Mtu(DeviceName, u16),
    /// How long a new port listens and learns, in seconds; to be set before the spanning tree.
    ForwardDelay(DeviceName, u64),
    /// Whether it takes part in the spanning tree.
    SpanningTree(DeviceName, bool),
    /// Whether ports are kept apart by VLAN tag.
    VlanFiltering(DeviceName, bool),
    /// The first device becomes a port of the second.
    Join(DeviceName, DeviceName),
    /// The device is no longer a port of any bridge.
    Leave(DeviceName),
    /// All addresses of a device go, and the routes that need them.
    Flush(DeviceName),
    /// All routes through a device go. Those that the kernel learnt from router advertisements
    /// outlive the addresses.
    FlushRoutes(DeviceName),
    /// An address is added; IPv4 with its broadcast address.
    AddAddress(Address),
    /// The device is switched on.
    Up(DeviceName),
    /// A route is added to the main table.
    AddRoute(Route),
    /// A route goes.
    DeleteRoute(Route),
    /// An address goes.
    DeleteAddress(Address),
    /// The device is switched off.
    Down(DeviceName),
    /// The device goes; its ports stay, without a master.
    Delete(DeviceName),
}

/// The line is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no line of a batch file of ours")]
pub struct ForeignLine(pub String);

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statement::AddBridge(link, Some(mac)) => {
                write!(f, "link add name {link} address {mac} type bridge")
            }
            Statement::AddBridge(link, None) => write!(f, "link add name {link} type bridge"),
            Statement::Mac(link, mac) => write!(f, "link set dev {link} address {mac}"),
            Statement::Mtu(link, bytes) => write!(f, "link set dev {link} mtu {bytes}"),
            Statement::ForwardDelay(link, seconds) => {
                let hundredths = u128::from(*seconds) * 100;
                write!(
                    f,
                    "link set dev {link} type bridge forward_delay {hundredths}"
                )
            }
            Statement::SpanningTree(link, on) => {
                write!(
                    f,
                    "link set dev {link} type bridge stp_state {}",
                    u8::from(*on)
                )
            }
            Statement::VlanFiltering(link, on) => {
                let on = u8::from(*on);
                write!(f, "link set dev {link} type bridge vlan_filtering {on}")
            }
            Statement::Join(port, bridge) => write!(f, "link set dev {port} master {bridge}"),
            Statement::Leave(port) => write!(f, "link set dev {port} nomaster"),
            Statement::Flush(link) => write!(f, "address flush dev {link}"),
            // "table all" is both families; without it only IPv4.
            Statement::FlushRoutes(link) => write!(f, "route flush table all dev {link}"),
            Statement::AddAddress(address) => print_address(address, f),
            Statement::DeleteAddress(Address { link, address }) => {
                write!(f, "address del {address} dev {link}")
            }
            Statement::Down(link) => write!(f, "link set dev {link} down"),
            Statement::Delete(link) => write!(f, "link del dev {link}"),
            Statement::Up(link) => write!(f, "link set dev {link} up"),
            Statement::AddRoute(route) => print_route("add", route, f),
            Statement::DeleteRoute(route) => print_route("del", route, f),
        }
    }
}

fn print_address(address: &Address, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "address add {}", address.address)?;
    if let Some(broadcast) = address.broadcast() {
        write!(f, " broadcast {broadcast}")?;
    }
    write!(f, " dev {}", address.link)
}

fn print_route(verb: &str, route: &Route, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Route {
        link,
        destination,
        gateway,
        metric,
    } = route;
    write!(f, "route {verb} {destination} via {gateway} dev {link}")?;
    if let Some(metric) = metric {
        write!(f, " metric {metric}")?;
    }
    Ok(())
}

impl FromStr for Statement {
    type Err = ForeignLine;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        parse(&words).ok_or_else(|| ForeignLine(line.to_owned()))
    }
}

fn parse(words: &[&str]) -> Option<Statement> {
    match *words {
        ["link", "add", "name", link, "type", "bridge"] => {
            Some(Statement::AddBridge(read(link)?, None))
        }
        [
            "link",
            "add",
            "name",
            link,
            "address",
            mac,
            "type",
            "bridge",
        ] => Some(Statement::AddBridge(read(link)?, Some(read(mac)?))),
        ["link", "set", "dev", link, ref setting @ ..] => parse_setting(read(link)?, setting),
        ["address", "flush", "dev", link] => Some(Statement::Flush(read(link)?)),
        ["route", "flush", "table", "all", "dev", link] => {
            Some(Statement::FlushRoutes(read(link)?))
        }
        ["address", "add", net, "dev", link] => parse_address(net, None, link),
        ["address", "add", net, "broadcast", broadcast, "dev", link] => {
            parse_address(net, Some(broadcast), link)
        }
        ["link", "del", "dev", link] => Some(Statement::Delete(read(link)?)),
        ["address", "del", net, "dev", link] => Some(Statement::DeleteAddress(Address {
            link: read(link)?,
            address: read(net)?,
        })),
        ["route", verb, net, "via", gateway, "dev", link] => {
            routing(verb, parse_route(net, gateway, link, None)?)
        }
        [
            "route",
            verb,
            net,
            "via",
            gateway,
            "dev",
            link,
            "metric",
            metric,
        ] => routing(verb, parse_route(net, gateway, link, Some(metric))?),
        _ => None,
    }
}

fn parse_setting(link: DeviceName, setting: &[&str]) -> Option<Statement> {
    match *setting {
        ["up"] => Some(Statement::Up(link)),
        ["down"] => Some(Statement::Down(link)),
        ["nomaster"] => Some(Statement::Leave(link)),
        ["address", mac] => Some(Statement::Mac(link, read(mac)?)),
        ["mtu", bytes] => Some(Statement::Mtu(link, read(bytes)?)),
        ["master", bridge] => Some(Statement::Join(link, read(bridge)?)),
        ["type", "bridge", "forward_delay", hundredths] => {
            let hundredths: u128 = read(hundredths)?;
            let seconds = u64::try_from(hundredths / 100).ok()?;
            hundredths
                .is_multiple_of(100)
                .then_some(Statement::ForwardDelay(link, seconds))
        }
        ["type", "bridge", "stp_state", on] => Some(Statement::SpanningTree(link, flag(on)?)),
        ["type", "bridge", "vlan_filtering", on] => Some(Statement::VlanFiltering(link, flag(on)?)),
        _ => None,
    }
}

/// An address whose broadcast address is the one that we would have set.
fn parse_address(net: &str, broadcast: Option<&str>, link: &str) -> Option<Statement> {
    let address = Address {
        link: read(link)?,
        address: read::<IpNet>(net)?,
    };
    let broadcast = match broadcast {
        Some(broadcast) => Some(read(broadcast)?),
        None => None,
    };
    (broadcast == address.broadcast()).then_some(Statement::AddAddress(address))
}

fn parse_route(net: &str, gateway: &str, link: &str, metric: Option<&str>) -> Option<Route> {
    let metric = match metric {
        Some(metric) => Some(read(metric)?),
        None => None,
    };
    Some(Route {
        link: read(link)?,
        destination: read(net)?,
        gateway: read::<IpAddr>(gateway)?,
        metric,
    })
}

fn routing(verb: &str, route: Route) -> Option<Statement> {
    match verb {
        "add" => Some(Statement::AddRoute(route)),
        "del" => Some(Statement::DeleteRoute(route)),
        _ => None,
    }
}

fn flag(word: &str) -> Option<bool> {
    match word {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn read<Value: FromStr>(word: &str) -> Option<Value> {
    word.parse().ok()
}
