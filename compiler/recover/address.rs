//! `<ip>`: the subnets of a network and the bridge's own address in each.
//!
//! Addresses of the bridge are the best witness. Rules know the subnet but not the bridge's
//! address in it, dnsmasq's files know some of both.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::evidence::{Draft, Element};
use super::policy::Ruled;
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

/// The subnets that were found so far. A host may have as many as it has rules, so nothing looks
/// through all of them for one.
#[derive(Default)]
struct Gathered {
    found: Vec<Found>,
    /// The first of each subnet.
    places: HashMap<IpNet, usize>,
    /// The addresses of the bridge.
    addresses: HashSet<IpAddr>,
}

impl Gathered {
    fn push(&mut self, found: Found) {
        let net = found.interface.trunc();
        self.places.entry(net).or_insert(self.found.len());
        self.addresses.insert(found.interface.addr());
        self.found.push(found);
    }

    /// The one with this very subnet.
    fn exactly(&mut self, net: IpNet) -> Option<&mut Found> {
        let at = *self.places.get(&net)?;
        self.found.get_mut(at)
    }

    /// Whether the address lies in one of them.
    fn holds(&self, address: IpAddr) -> bool {
        around(address).any(|net| self.places.contains_key(&net))
    }
}

/// What rules let cross, by subnet.
struct Crossings<'a> {
    ruled: Option<&'a Ruled>,
    places: HashMap<IpNet, usize>,
}

impl<'a> Crossings<'a> {
    fn of(seen: &Seen<'a>) -> Self {
        let subnets = seen.rules.into_iter().flat_map(|it| &it.policy.subnets);
        let mut places = HashMap::new();
        for (at, subnet) in subnets.enumerate() {
            places.entry(subnet.net).or_insert(at);
        }
        Crossings {
            ruled: seen.rules,
            places,
        }
    }

    /// Where the rules of a subnet come among those of the others.
    fn place(&self, net: IpNet) -> Option<usize> {
        self.places.get(&net).copied()
    }

    /// The lines that speak of a subnet.
    fn lines(&self, net: IpNet) -> Vec<Origin> {
        let lines = self.ruled.zip(self.place(net));
        lines.map_or(Vec::new(), |(ruled, at)| ruled.lines_of(at))
    }

    /// The prefix of the narrowest subnet around an address.
    fn prefix(&self, address: IpAddr) -> Option<u8> {
        let mut known = around(address).filter(|net| self.places.contains_key(net));
        known.next().map(|net| net.prefix_len())
    }

    /// Whether rules that let subnets cross the border let this one.
    fn let_cross(&self, net: IpNet) -> bool {
        self.places.is_empty() || self.place(net.trunc()).is_some()
    }
}

/// All subnets that an address can lie in, the narrowest first.
fn around(address: IpAddr) -> impl Iterator<Item = IpNet> {
    let longest = IpNet::from(address).prefix_len();
    let nets = (0..=longest).rev();
    nets.filter_map(move |length| Some(IpNet::new(address, length).ok()?.trunc()))
}

/// The subnets of a network, nothing served yet: IPv4 first, for how the families were mixed
/// leaves no trace.
pub(super) fn read(seen: &Seen<'_>, draft: &mut Draft) -> Vec<Subnet> {
    let observed = seen.capture.observed(Topic::Addresses);
    let crossings = Crossings::of(seen);
    let mut gathered = Gathered::default();
    for address in seen.addresses.iter() {
        gathered.push(of_bridge(seen, &crossings, address.address));
    }
    let of_bridge = gathered.found.len();
    of_service(seen, &crossings, &mut gathered);
    of_rules(&crossings, &mut gathered);
    let mut found = gathered.found;
    sort(&crossings, &mut found, of_bridge);
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
        if observed && !crossings.let_cross(net) {
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
        let what = match seen.dhcp_signs().is_empty() {
            true => {
                "whether the network has addresses: rules do not show those of isolated networks"
            }
            false => "the network's IPv4 address: that there is DHCP shows that it has one",
        };
        draft.unknown(
            Element::Network,
            what,
            &format!("run 'ip addr show {}' on the host", seen.bridge),
        );
    }
    subnets
}

fn of_bridge(seen: &Seen<'_>, crossings: &Crossings<'_>, interface: IpNet) -> Found {
    let mut origins = seen.files_of(Role::Addresses);
    origins.extend(crossings.lines(interface.trunc()));
    Found {
        interface,
        guessed: false,
        origins,
    }
}

/// What dnsmasq's files say of subnets that the bridge has no address in.
fn of_service(seen: &Seen<'_>, crossings: &Crossings<'_>, gathered: &mut Gathered) {
    let Some(service) = &seen.service else {
        return;
    };
    let ranges = seen.ranges(1);
    let lines = |address: &IpAddr| {
        let lines = ranges.get(address.to_string().as_str());
        lines.cloned().unwrap_or_default()
    };
    for dhcp in [&service.dhcp4, &service.dhcp6].into_iter().flatten() {
        match &dhcp.pool {
            DhcpPool::Ranges { ranges, prefix } => {
                for range in ranges {
                    if gathered.holds(range.start) {
                        continue;
                    }
                    let prefix = prefix.or_else(|| crossings.prefix(range.start));
                    let lines = lines(&range.start);
                    if let Some(found) = of_range(seen, range, prefix, lines) {
                        gathered.push(found);
                    }
                }
            }
            DhcpPool::Reserved { address, prefix } => {
                let prefix = prefix.or_else(|| crossings.prefix(*address));
                add(*address, prefix, lines(address), gathered);
            }
        }
    }
    if let RaMode::Only(addresses) = &service.advertisements {
        for address in addresses {
            // dnsmasq advertises prefixes of this length only.
            let prefix = crossings.prefix(*address).unwrap_or(64);
            add(*address, Some(prefix), lines(address), gathered);
        }
    }
}

/// The subnet of a range; the bridge's address in it is the one that dnsmasq listens on, if that
/// is said.
fn of_range(
    seen: &Seen<'_>,
    range: &DynamicRange,
    prefix: Option<u8>,
    origins: Vec<Origin>,
) -> Option<Found> {
    let usual = if range.start.is_ipv4() { 24 } else { 64 };
    let prefix = prefix.unwrap_or(usual);
    let net = IpNet::new(range.start, prefix).ok()?.trunc();
    let listens = listens_in(seen, net).and_then(|ip| IpNet::new(ip, prefix).ok());
    Some(Found {
        interface: listens.unwrap_or(first_host(net)),
        guessed: listens.is_none(),
        origins,
    })
}

/// An address of the bridge that dnsmasq's files name, unless the bridge's own are known.
fn add(address: IpAddr, prefix: Option<u8>, origins: Vec<Origin>, gathered: &mut Gathered) {
    let known = gathered.addresses.contains(&address);
    let interface = prefix.and_then(|prefix| IpNet::new(address, prefix).ok());
    if let Some(interface) = interface.filter(|_| !known) {
        gathered.push(Found {
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

/// Subnets that rules let through and nothing else tells of.
fn of_rules(crossings: &Crossings<'_>, gathered: &mut Gathered) {
    let subnets = crossings
        .ruled
        .into_iter()
        .flat_map(|it| &it.policy.subnets);
    for subnet in subnets {
        let lines = crossings.lines(subnet.net);
        match gathered.exactly(subnet.net) {
            Some(known) => known.origins.extend(lines),
            None => gathered.push(Found {
                interface: first_host(subnet.net),
                guessed: true,
                origins: lines,
            }),
        }
    }
}

/// Within a family, rules tell the order in which the subnets were declared. So do addresses: the
/// kernel lists those of IPv4 as they were added, and those of IPv6 the newest first.
fn sort(crossings: &Crossings<'_>, found: &mut [Found], of_bridge: usize) {
    let place = |it: &Found| crossings.place(it.interface.trunc());
    let all = found.iter().all(|it| place(it).is_some());
    let is_ipv6 = |it: &Found| it.interface.addr().is_ipv6();
    found[..of_bridge].sort_by_key(is_ipv6);
    let ipv4 = found[..of_bridge].iter().filter(|it| !is_ipv6(it)).count();
    found[ipv4..of_bridge].reverse();
    match all {
        true => found.sort_by_key(|it| (is_ipv6(it), place(it))),
        false => found.sort_by_key(is_ipv6),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Capture, FileId};
    use crate::firewall::{Family, NetworkPolicy, SubnetPolicy};
    use crate::recover::Arrangement;
    use crate::recover::policy::Lines;
    use crate::recover::seen::Maker;
    use crate::state::Address;
    use crate::value::DeviceName;

    /// So many that no one may be looked for among all of them.
    const MANY: u32 = 100_000;

    fn ruled(bridge: &DeviceName, nets: impl Iterator<Item = IpNet>) -> Ruled {
        let subnets = nets.map(|net| SubnetPolicy {
            net,
            translation: None,
        });
        let subnets: Vec<SubnetPolicy> = subnets.collect();
        let line = |at: usize| Origin {
            file: FileId(0),
            line: Some(at + 1),
        };
        Ruled {
            arrangement: Arrangement::LibvirtIptables,
            name: None,
            lines: Lines {
                crossing: (0..subnets.len()).map(|at| vec![line(at)]).collect(),
                ..Lines::default()
            },
            policy: NetworkPolicy {
                network: "virbr9".parse().expect("it is a name"),
                bridge: bridge.clone(),
                families: vec![Family::Ipv4],
                ipv6_services: false,
                tftp: false,
                dhcp_checksum: false,
                outlet: None,
                subnets,
            },
            findings: Vec::new(),
        }
    }

    #[test]
    fn a_network_may_have_very_many_subnets() {
        let bridge: DeviceName = "virbr9".parse().expect("it is a name");
        let net = |at: u32| IpNet::from(IpAddr::from((0x0a00_0000 + at).to_be_bytes()));
        let ruled = ruled(&bridge, (0..MANY).map(net));
        // The host has every other of them, in another order.
        let addresses: Vec<Address> = (0..MANY)
            .rev()
            .step_by(2)
            .map(net)
            .map(|address| Address {
                link: bridge.clone(),
                address,
            })
            .collect();
        let capture = Capture::default();
        let seen = Seen {
            capture: &capture,
            bridge: &bridge,
            rules: Some(&ruled),
            device: None,
            service: None,
            maker: Maker::Tool,
            files: None,
            shaping: None,
            checksum_filter: None,
            zone: None,
            addresses: addresses.iter().collect(),
            routes: Vec::new(),
        };
        let mut draft = Draft::default();
        let subnets = read(&seen, &mut draft);
        let held: Vec<IpNet> = subnets.iter().map(Subnet::network).collect();
        assert_eq!(held, (0..MANY).map(net).collect::<Vec<_>>());
        let (evidence, findings) = draft.finish();
        assert_eq!(evidence.len(), held.len());
        assert_eq!(findings.len(), held.len() / 2);
    }
}
