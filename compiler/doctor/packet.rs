//! A packet that is asked about, and whether it meets what a rule asks.
//!
//! What only the moment can tell (marks that others set, sets that programs fill, chance) stays
//! open: [`Truth::Maybe`]. A guest's first packet is asked, so rates are never used up.

use std::net::IpAddr;

use compact_str::CompactString;
use ipnet::IpNet;

use super::compare;
use crate::firewall::{
    AddressSide, AddressTypes, Asked, Bound, Conntrack, ConntrackTest, CtDirection, CtStates,
    DevicePattern, Family, Match, PacketType, Physdev, PortSide, Ports, Protocol, Table,
};

/// A packet, as it is when it comes to a chain.
#[derive(Clone, Debug)]
pub struct Packet {
    /// The device it came in through; none if the host itself sent it.
    pub came_in: Option<CompactString>,
    /// The device it goes out through; none as long as that is not decided, and to the host.
    pub goes_out: Option<CompactString>,
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes to.
    pub destination: IpAddr,
    /// What the host's routes say of the destination.
    pub kind: AddressTypes,
    /// TCP, UDP or ICMP of its family.
    pub protocol: Protocol,
    /// The port it comes from, or for ICMP the type of message.
    pub source_port: u16,
    /// The port it goes to.
    pub destination_port: u16,
    /// Whether it answers an earlier one.
    pub reply: bool,
    /// Whether it crosses a bridge rather than the host.
    pub bridged: bool,
    /// Its mark; none if some rule may have changed it.
    pub mark: Option<u32>,
}

/// Whether something holds, as far as can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It may.
    Maybe,
}

/// An address that is given to one.
const UNICAST: AddressTypes = AddressTypes(1 << 1);
/// An address of all on a link.
pub const BROADCAST: AddressTypes = AddressTypes(1 << 3);
/// An address of a group.
pub const MULTICAST: AddressTypes = AddressTypes(1 << 5);
/// SYN, and ACK, among the flags of TCP.
const SYN: u8 = 2;
const ACK: u8 = 16;

impl Truth {
    /// It holds, or does not.
    pub fn of(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }

    /// Both hold.
    pub fn and(self, other: Truth) -> Self {
        match (self, other) {
            (Truth::No, _) | (_, Truth::No) => Truth::No,
            (Truth::Yes, Truth::Yes) => Truth::Yes,
            (Truth::Maybe, _) | (_, Truth::Maybe) => Truth::Maybe,
        }
    }

    /// One of both holds.
    pub fn or(self, other: Truth) -> Self {
        self.not().and(other.not()).not()
    }

    /// It does not hold.
    fn not(self) -> Self {
        match self {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            Truth::Maybe => Truth::Maybe,
        }
    }

    /// The other way round if it is asked so.
    pub fn turned(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }
}

impl Packet {
    /// A first packet of a connection that nothing is said of but the addresses.
    pub fn between(source: IpAddr, destination: IpAddr, protocol: Protocol) -> Self {
        Packet {
            came_in: None,
            goes_out: None,
            source,
            destination,
            kind: UNICAST,
            protocol,
            source_port: 40_000,
            destination_port: 0,
            reply: false,
            bridged: false,
            mark: Some(0),
        }
    }

    /// Its family.
    pub fn family(&self) -> Family {
        match self.source {
            IpAddr::V4(_) => Family::Ipv4,
            IpAddr::V6(_) => Family::Ipv6,
        }
    }

    /// Whether the state of its connection is among these.
    pub fn is_in(&self, states: CtStates) -> Truth {
        Truth::of((states.established && self.reply) || (states.new && !self.reply))
    }

    /// Its type, if it is a message of ICMP.
    pub fn icmp_kind(&self) -> Option<u16> {
        let is_icmp = [Protocol::ICMP, Protocol::ICMPV6].contains(&self.protocol);
        is_icmp.then_some(self.source_port)
    }

    /// A port, if it has any.
    pub fn port(&self, side: AddressSide) -> Option<u16> {
        let port = match side {
            AddressSide::Source => self.source_port,
            AddressSide::Destination => self.destination_port,
        };
        self.icmp_kind().is_none().then_some(port)
    }

    fn address(&self, side: AddressSide) -> IpAddr {
        match side {
            AddressSide::Source => self.source,
            AddressSide::Destination => self.destination,
        }
    }
}

/// Whether the packet meets all of them.
pub fn all(matches: &[Match], packet: &Packet, table: &Table) -> Truth {
    let mut truth = Truth::Yes;
    for each in matches {
        truth = truth.and(holds(each, packet, table));
        if truth == Truth::No {
            break;
        }
    }
    truth
}

/// Whether the packet meets one.
fn holds(each: &Match, packet: &Packet, table: &Table) -> Truth {
    match each {
        Match::InDevice {
            name,
            bound,
            negated,
        } => device(name, *bound, packet.came_in.as_deref()).turned(*negated),
        Match::OutDevice {
            name,
            bound,
            negated,
        } => device(name, *bound, packet.goes_out.as_deref()).turned(*negated),
        Match::Source { net, negated } => within(*net, packet.source, *negated),
        Match::Destination { net, negated } => within(*net, packet.destination, *negated),
        Match::AddressRange(range) => {
            let address = packet.address(range.side);
            let inside = range.start <= address && address <= range.end;
            let alike = range.start.is_ipv4() == address.is_ipv4();
            Truth::of(alike && inside != range.negated)
        }
        Match::Family(family) => Truth::of(*family == packet.family()),
        Match::Protocol { protocol, negated } => {
            Truth::of(*protocol == packet.protocol).turned(*negated)
        }
        Match::Fragment { negated } => Truth::of(*negated),
        Match::Port {
            side,
            protocol,
            ports,
            negated,
        } => {
            let alike = protocol.is_none_or(|protocol| protocol == packet.protocol);
            Truth::of(alike).and(port(*side, ports, packet).turned(*negated))
        }
        Match::TcpFlags { mask, set, negated } => {
            let flags = if packet.reply { SYN | ACK } else { SYN };
            let tcp = Truth::of(packet.protocol == Protocol::TCP);
            tcp.and(Truth::of(flags & mask == *set).turned(*negated))
        }
        Match::Icmp { .. }
        | Match::CtState { .. }
        | Match::Conntrack(_)
        | Match::Helper { .. }
        | Match::ConnLimit(_)
        | Match::Limit(_)
        | Match::HashLimit(_) => connection(each, packet),
        Match::Mark {
            value,
            mask,
            negated,
        } => match packet.mark {
            Some(mark) => Truth::of(mark & mask == *value).turned(*negated),
            None => Truth::Maybe,
        },
        Match::PacketType { kind, negated } => Truth::of(*kind == packet_type(packet))
            .turned(*negated)
            .and(known(!packet.bridged)),
        Match::AddressType {
            side: AddressSide::Destination,
            types,
            device: None,
            negated,
        } => Truth::of(types.contains(packet.kind)).turned(*negated),
        Match::Physdev(physdev) => physical(physdev, packet),
        Match::Ipsec(policy) => Truth::of(!policy.ipsec),
        Match::RpFilter(filter) => Truth::of(!filter.inverted),
        Match::Compare(asked) => compare::holds(asked, packet, table),
        Match::Module(_) | Match::Comment(_) => Truth::Yes,
        Match::MaskedAddress(_)
        | Match::TcpOption { .. }
        | Match::CtMark { .. }
        | Match::SourceMac { .. }
        | Match::AddressType { .. }
        | Match::Set(_)
        | Match::Recent(_)
        | Match::Statistic { .. }
        | Match::Owner(_)
        | Match::Length { .. }
        | Match::HopLimit { .. }
        | Match::Dscp { .. }
        | Match::Tos { .. }
        | Match::Spi { .. }
        | Match::Other(_) => Truth::Maybe,
    }
}

/// What is asked of the connection, or of its messages.
fn connection(each: &Match, packet: &Packet) -> Truth {
    if let Match::Icmp {
        family,
        kind,
        negated,
        ..
    } = each
    {
        let own = match family {
            Family::Ipv4 => Protocol::ICMP,
            Family::Ipv6 => Protocol::ICMPV6,
        };
        let any = *family == Family::Ipv4 && *kind == u8::MAX;
        let same = any || packet.icmp_kind() == Some(u16::from(*kind));
        Truth::of(own == packet.protocol).and(Truth::of(same).turned(*negated))
    } else if let Match::CtState {
        states, negated, ..
    } = each
    {
        packet.is_in(*states).turned(*negated)
    } else if let Match::Conntrack(asked) = each {
        let Conntrack { test, negated } = asked.as_ref();
        tracked(test, packet).turned(*negated)
    } else if let Match::Helper { negated, .. } = each {
        Truth::of(*negated)
    } else if let Match::Limit(limit) = each {
        Truth::of(!limit.over)
    } else if let Match::HashLimit(limit) = each {
        Truth::of(!limit.above)
    } else if let Match::ConnLimit(limit) = each {
        Truth::of(!limit.above)
    } else {
        Truth::Maybe
    }
}

fn tracked(test: &ConntrackTest, packet: &Packet) -> Truth {
    match test {
        ConntrackTest::Protocol(protocol) => Truth::of(*protocol == packet.protocol),
        ConntrackTest::Direction(direction) => {
            Truth::of((*direction == CtDirection::Reply) == packet.reply)
        }
        ConntrackTest::Address { .. }
        | ConntrackTest::Port { .. }
        | ConntrackTest::Status(_)
        | ConntrackTest::Expiry { .. } => Truth::Maybe,
    }
}

/// Whether a device is meant; a rule that is bound to one that is gone means none.
fn device(pattern: &DevicePattern, bound: Bound, name: Option<&str>) -> Truth {
    match bound {
        Bound::Gone => Truth::No,
        Bound::Name | Bound::Index => Truth::of(name.is_some_and(|name| pattern.covers(name))),
    }
}

/// A prefix brings its family with it, also where it is negated.
fn within(net: IpNet, address: IpAddr, negated: bool) -> Truth {
    Truth::of(net.addr().is_ipv4() == address.is_ipv4() && net.contains(&address) != negated)
}

fn port(side: PortSide, ports: &Ports, packet: &Packet) -> Truth {
    let among = |side| {
        let port = packet.port(side);
        let mut ranges = ports.ranges().iter();
        let within = |port: u16| ranges.any(|range| range.start() <= port && port <= range.end());
        Truth::of(port.is_some_and(within))
    };
    match side {
        PortSide::Source => among(AddressSide::Source),
        PortSide::Destination => among(AddressSide::Destination),
        PortSide::Either => among(AddressSide::Source).or(among(AddressSide::Destination)),
    }
}

fn packet_type(packet: &Packet) -> PacketType {
    match packet.kind {
        BROADCAST => PacketType::Broadcast,
        MULTICAST => PacketType::Multicast,
        _ => PacketType::Unicast,
    }
}

fn physical(asked: &Physdev, packet: &Packet) -> Truth {
    let whether =
        |asked: Option<bool>| asked.map_or(Truth::Yes, |is| Truth::of(is == packet.bridged));
    let named = |port: &Option<Asked<DevicePattern>>| match port {
        Some(_) => known(!packet.bridged).and(Truth::of(packet.bridged)),
        None => Truth::Yes,
    };
    let ways = whether(asked.is_in).and(whether(asked.is_out));
    let ports = named(&asked.entry).and(named(&asked.exit));
    ways.and(whether(asked.is_bridged)).and(ports)
}

/// `Yes` if it is known, else `Maybe`.
fn known(known: bool) -> Truth {
    if known { Truth::Yes } else { Truth::Maybe }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> Packet {
        let (source, destination) = ("192.0.2.9", "192.0.2.1");
        let address = |text: &str| text.parse().expect("an address");
        let mut packet = Packet::between(address(source), address(destination), Protocol::UDP);
        packet.came_in = Some("virbr0".into());
        packet.destination_port = 53;
        packet
    }

    #[test]
    fn what_is_unknown_stays_open() {
        let table = Table::new(crate::firewall::TableFamily::Ip, "filter", Vec::new());
        let said = |each: Match| holds(&each, &packet(), &table);
        assert_eq!(said(Match::Other("whatever".into())), Truth::Maybe);
        let net = |text: &str| text.parse().expect("a prefix");
        assert_eq!(said(Match::source(net("192.0.2.0/24"))), Truth::Yes);
        assert_eq!(said(Match::not_destination(net("192.0.2.0/24"))), Truth::No);
        assert_eq!(
            said(Match::not_destination(net("2001:db8::/32"))),
            Truth::No
        );
        let stale = Match::InDevice {
            name: DevicePattern::named("virbr0"),
            bound: Bound::Gone,
            negated: false,
        };
        assert_eq!(said(stale), Truth::No);
        let unsure = [Match::Other("x".into()), Match::protocol(Protocol::TCP)];
        assert_eq!(all(&unsure, &packet(), &table), Truth::No);
    }
}
