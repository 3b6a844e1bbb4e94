//! `<ip>`: the subnets of a network and the bridge's own address in each.
//!
//! Addresses of the bridge are the best witness. Rules know the subnet but not the bridge's
//! address in it, dnsmasq's files know some of both.

use std::net::IpAddr;

use ipnet::IpNet;

use super::evidence::{Draft, Element};
use super::seen::Seen;
use crate::capture::{Origin, Role, Topic};
use crate::network::Subnet;
use crate::state::{DhcpPool, DynamicRange, RaMode};

/// A subnet and what is known of it.
struct Found {
    /// The bridge's address with the prefix.
    interface: IpNet,
    /// Whether the host part was guessed.
    guessed: bool,
    /// What proves it.
    origins: Vec<Origin>,
}

/// The subnets of a network, nothing served yet: IPv4 first, for how the families were mixed
/// leaves no trace.
pub(super) fn read(seen: &Seen<'_>, draft: &mut Draft) -> Vec<Subnet> {
    let observed = seen.capture.observed(Topic::Addresses);
    let mut found: Vec<Found> = seen
        .addresses()
        .map(|it| of_bridge(seen, it.address))
        .collect();
    let of_bridge = found.len();
    of_service(seen, &mut found);
    of_rules(seen, &mut found);
    sort(seen, &mut found, of_bridge);
    let mut subnets = Vec::new();
    for (at, found) in found.into_iter().enumerate() {
        let about = Element::Ip(at);
        let net = found.interface;
        match (found.guessed, observed) {
            (true, true) => draft.differs(
                about,
                format!(
                    "the host knows the subnet {} but has no address in it",
                    net.trunc()
                ),
            ),
            (true, false) => draft.guessed(
                about,
                format!("{} is the first address of {}", net.addr(), net.trunc()),
                &format!("run 'ip addr show {}' on the host", seen.bridge),
            ),
            (false, _) => {}
        }
        if observed && !is_ruled(seen, net) {
            draft.differs(
                about,
                format!(
                    "no rule lets {} cross the border as those of its network do",
                    net.trunc()
                ),
            );
        }
        draft.proves(about, found.origins);
        // The prefix was one of an address already.
        subnets.extend(Subnet::new(net.addr(), net.prefix_len()));
    }
    if subnets.is_empty() && !observed {
        draft.unknown(
            Element::Network,
            "whether the network has addresses: rules do not show those of isolated networks",
            &format!("run 'ip addr show {}' on the host", seen.bridge),
        );
    }
    subnets
}

fn of_bridge(seen: &Seen<'_>, interface: IpNet) -> Found {
    let mut origins = seen.files_of(Role::Addresses);
    if let Some(lines) = seen
        .rules
        .and_then(|ruled| ruled.lines_of(interface.trunc()))
    {
        origins.extend(lines);
    }
    Found {
        interface,
        guessed: false,
        origins,
    }
}

/// What dnsmasq's files say of subnets that the bridge has no address in.
fn of_service(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let Some(service) = &seen.service else {
        return;
    };
    for dhcp in [&service.dhcp4, &service.dhcp6].into_iter().flatten() {
        match &dhcp.pool {
            DhcpPool::Ranges { ranges, prefix } => {
                for range in ranges {
                    of_range(seen, range, *prefix, found);
                }
            }
            DhcpPool::Reserved { address, prefix } => {
                let prefix = prefix.or(ruled_prefix(seen, *address));
                let lines = seen.conf_lines(&format!("dhcp-range={address},"));
                add(*address, prefix, lines, found);
            }
        }
    }
    if let RaMode::Only(addresses) = &service.advertisements {
        for address in addresses {
            // dnsmasq advertises prefixes of this length only.
            let prefix = ruled_prefix(seen, *address).unwrap_or(64);
            let lines = seen.conf_lines(&format!("dhcp-range={address},ra-only"));
            add(*address, Some(prefix), lines, found);
        }
    }
}

/// The subnet of a range; the bridge's address in it is the one that dnsmasq listens on, if that
/// is said.
fn of_range(seen: &Seen<'_>, range: &DynamicRange, told: Option<u8>, found: &mut Vec<Found>) {
    if found.iter().any(|it| it.interface.contains(&range.start)) {
        return;
    }
    let usual = if range.start.is_ipv4() { 24 } else { 64 };
    let prefix = told
        .or_else(|| ruled_prefix(seen, range.start))
        .unwrap_or(usual);
    let Ok(net) = IpNet::new(range.start, prefix) else {
        return;
    };
    let net = net.trunc();
    let listens = listens_in(seen, net).and_then(|ip| IpNet::new(ip, prefix).ok());
    found.push(Found {
        interface: listens.unwrap_or(first_host(net)),
        guessed: listens.is_none(),
        origins: seen.conf_lines(&format!("dhcp-range={},", range.start)),
    });
}

/// An address of the bridge that dnsmasq's files name, unless the bridge's own are known.
fn add(address: IpAddr, prefix: Option<u8>, origins: Vec<Origin>, found: &mut Vec<Found>) {
    let known = found.iter().any(|it| it.interface.addr() == address);
    let interface = prefix.and_then(|prefix| IpNet::new(address, prefix).ok());
    if let Some(interface) = interface.filter(|_| !known) {
        found.push(Found {
            interface,
            guessed: false,
            origins,
        });
    }
}

/// The address that a hand-made configuration has dnsmasq listen on.
fn listens_in(seen: &Seen<'_>, net: IpNet) -> Option<IpAddr> {
    let options = seen.service.as_ref()?.options.iter();
    let addresses = options.filter_map(|line| line.as_str().strip_prefix("listen-address="));
    let mut addresses = addresses.flat_map(|list| list.split(','));
    addresses.find_map(|text| text.trim().parse().ok().filter(|ip| net.contains(ip)))
}

fn ruled_prefix(seen: &Seen<'_>, address: IpAddr) -> Option<u8> {
    let subnets = seen.rules?.policy.subnets.iter();
    let mut around = subnets.filter(|subnet| subnet.net.contains(&address));
    around.next().map(|subnet| subnet.net.prefix_len())
}

/// Subnets that rules let through and nothing else tells of.
fn of_rules(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let Some(ruled) = seen.rules else {
        return;
    };
    for subnet in &ruled.policy.subnets {
        let lines = ruled.lines_of(subnet.net).unwrap_or_default();
        let known = found
            .iter_mut()
            .find(|it| it.interface.trunc() == subnet.net);
        match known {
            Some(known) => known.origins.extend(lines),
            None => found.push(Found {
                interface: first_host(subnet.net),
                guessed: true,
                origins: lines,
            }),
        }
    }
}

/// Within a family, rules tell the order in which the subnets were declared. So do addresses: the
/// kernel lists those of IPv4 as they were added, and those of IPv6 the newest first.
fn sort(seen: &Seen<'_>, found: &mut [Found], of_bridge: usize) {
    let subnets = seen.rules.map_or(&[][..], |ruled| &ruled.policy.subnets);
    let place = |net: IpNet| subnets.iter().position(|subnet| subnet.net == net);
    let all = found.iter().all(|it| place(it.interface.trunc()).is_some());
    let is_ipv6 = |it: &Found| it.interface.addr().is_ipv6();
    found[..of_bridge].sort_by_key(is_ipv6);
    let ipv4 = found[..of_bridge].iter().filter(|it| !is_ipv6(it)).count();
    found[ipv4..of_bridge].reverse();
    match all {
        true => found.sort_by_key(|it| (is_ipv6(it), place(it.interface.trunc()))),
        false => found.sort_by_key(is_ipv6),
    }
}

/// Whether rules that let subnets cross the border let this one.
fn is_ruled(seen: &Seen<'_>, net: IpNet) -> bool {
    let Some(ruled) = seen.rules else {
        return true;
    };
    let subnets = &ruled.policy.subnets;
    subnets.is_empty() || subnets.iter().any(|subnet| subnet.net == net.trunc())
}

/// The address that most networks give to their bridge: the first that is not the subnet's own.
fn first_host(net: IpNet) -> IpNet {
    let skip = match net {
        IpNet::V4(_) => 0,
        // ipnet counts the address of all routers in.
        IpNet::V6(_) => 1,
    };
    let first = net.hosts().nth(skip).unwrap_or(net.addr());
    IpNet::new(first, net.prefix_len()).unwrap_or(net)
}
