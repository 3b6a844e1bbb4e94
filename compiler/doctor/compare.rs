//! Whether a packet meets what nft compares.
//!
//! Of the many things that nft can compare, those that decide about whole networks: devices,
//! addresses, ports, protocols, states, and sets of them. The rest stays open.

use std::net::IpAddr;

use compact_str::CompactString;

use super::packet::{Packet, Truth};
use crate::firewall::{
    AddressSide, Compare, CtStates, Element, Expression, Field, Lookup, Operator, PortSide, Table,
    Target,
};
use crate::firewall::{ElementValue, Family};

/// How deep expressions are looked into.
const DEEPEST: usize = 8;

/// What a packet has in a field.
enum Value<'a> {
    Device(Option<&'a str>),
    Address(IpAddr),
    Number(u64),
    State,
    /// The packet has no such field, so that nothing about it holds.
    None,
    Unknown,
}

/// Whether the comparison holds.
pub fn holds(asked: &Compare, packet: &Packet, table: &Table) -> Truth {
    let truth = || meets(&asked.left, &asked.right, packet, table, 0);
    match asked.operator {
        Operator::Is | Operator::Equal => truth(),
        Operator::NotEqual | Operator::Without => match lacks(&asked.left, packet) {
            true => Truth::No,
            false => truth().turned(true),
        },
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            Truth::Maybe
        }
    }
}

/// What a verdict map says of the packet, surely or perhaps.
pub fn looked_up<'a>(
    lookup: &'a Lookup,
    packet: &Packet,
    table: &'a Table,
) -> Vec<(&'a Target, Truth)> {
    let mut found = Vec::new();
    for element in elements(&lookup.map, table).unwrap_or_default() {
        let Some(ElementValue::Verdict(target)) = &element.value else {
            continue;
        };
        let truth = meets(&lookup.key, &element.key, packet, table, 0);
        match truth {
            Truth::No => {}
            Truth::Maybe => found.push((target, truth)),
            // What stands in for all others comes last.
            Truth::Yes if element.key == Expression::Any => found.push((target, truth)),
            Truth::Yes => {
                found.push((target, truth));
                return found;
            }
        }
    }
    found
}

/// Whether a packet has no such field at all: then a comparison fails, negated or not.
fn lacks(left: &Expression, packet: &Packet) -> bool {
    left.field()
        .is_some_and(|field| matches!(value(field, packet), Value::None))
}

fn elements<'a>(map: &'a Expression, table: &'a Table) -> Option<&'a [Element]> {
    if let Expression::Elements(elements) = map {
        return Some(elements);
    }
    if let Expression::Named(name) = map {
        let set = table.sets.iter().find(|set| set.name == name.as_str())?;
        return Some(&set.elements);
    }
    None
}

fn meets(
    left: &Expression,
    right: &Expression,
    packet: &Packet,
    table: &Table,
    deep: usize,
) -> Truth {
    if deep > DEEPEST {
        return Truth::Maybe;
    }
    let again = |left, right| meets(left, right, packet, table, deep + 1);
    if *right == Expression::Any {
        return Truth::Yes;
    }
    if let (Expression::Concat(left), Expression::Concat(right)) = (left, right) {
        let pairs = left.iter().zip(right);
        let truth = pairs.fold(Truth::Yes, |truth, (one, other)| {
            truth.and(again(one, other))
        });
        return truth.and(Truth::of(left.len() == right.len()));
    }
    if let Expression::List(words) = right {
        let any = words.iter().map(|word| again(left, word));
        return any.fold(Truth::No, Truth::or);
    }
    if let Some(elements) = elements(right, table) {
        let any = elements.iter().map(|element| again(left, &element.key));
        let within = any.fold(Truth::No, Truth::or);
        return within.or(if filled_later(right, table) {
            Truth::Maybe
        } else {
            Truth::No
        });
    }
    match left.field() {
        Some(field) => is(&value(field, packet), right, packet),
        None => Truth::Maybe,
    }
}

/// Whether rules or programs fill the set, so that a listing shows one moment of it.
fn filled_later(set: &Expression, table: &Table) -> bool {
    let Expression::Named(name) = set else {
        return false;
    };
    let found = table.sets.iter().find(|set| set.name == name.as_str());
    found.is_none_or(|set| set.flags.dynamic || set.flags.timeout)
}

fn value<'a>(field: &Field, packet: &'a Packet) -> Value<'a> {
    let address = |family: Family, address| match packet.family() == family {
        true => Value::Address(address),
        false => Value::None,
    };
    let port = |side| {
        packet
            .port(side)
            .map_or(Value::None, |port| Value::Number(port.into()))
    };
    match field {
        Field::Iifname | Field::Iif => Value::Device(packet.came_in.as_deref()),
        Field::Oifname | Field::Oif => Value::Device(packet.goes_out.as_deref()),
        Field::Saddr(family) => address(*family, packet.source),
        Field::Daddr(family) => address(*family, packet.destination),
        Field::Port(_, Some(protocol)) if *protocol != packet.protocol => Value::None,
        Field::Port(PortSide::Source, _) => port(AddressSide::Source),
        Field::Port(PortSide::Destination, _) => port(AddressSide::Destination),
        Field::L4proto => Value::Number(packet.protocol.0.into()),
        Field::IpProtocol if packet.family() == Family::Ipv4 => {
            Value::Number(packet.protocol.0.into())
        }
        Field::Ip6Nexthdr if packet.family() == Family::Ipv6 => {
            Value::Number(packet.protocol.0.into())
        }
        Field::IpProtocol | Field::Ip6Nexthdr => Value::None,
        Field::Mark => packet
            .mark
            .map_or(Value::Unknown, |mark| Value::Number(mark.into())),
        Field::CtState => Value::State,
        Field::IcmpType(family) if *family == packet.family() => {
            let kind = packet.icmp_kind();
            kind.map_or(Value::None, |kind| Value::Number(kind.into()))
        }
        Field::IcmpType(_) => Value::None,
        Field::Port(PortSide::Either, _)
        | Field::Nfproto
        | Field::CtMark
        | Field::CtStatus
        | Field::CtDirection
        | Field::IcmpCode(_)
        | Field::TcpFlags
        | Field::EtherSaddr
        | Field::EtherDaddr
        | Field::EtherType
        | Field::Pkttype
        | Field::Other(_) => Value::Unknown,
    }
}

/// Whether a value is the one that is asked for.
fn is(value: &Value<'_>, asked: &Expression, packet: &Packet) -> Truth {
    match value {
        Value::None => Truth::No,
        Value::Unknown => Truth::Maybe,
        Value::Device(name) => match asked.device() {
            Some(pattern) => Truth::of(name.is_some_and(|name| pattern.covers(name))),
            // A number stands for a device that is gone.
            None => Truth::No,
        },
        Value::Address(address) => match (asked.net(), ends(asked)) {
            (Some(net), _) => Truth::of(net.contains(address)),
            (None, Some([start, end])) => match (start.net(), end.net()) {
                (Some(start), Some(end)) => {
                    Truth::of(start.addr() <= *address && *address <= end.addr())
                }
                (_, _) => Truth::Maybe,
            },
            (None, None) => Truth::Maybe,
        },
        Value::Number(number) => match (asked.number::<u64>(), ends(asked)) {
            (Some(asked), _) => Truth::of(asked == *number),
            (None, Some([start, end])) => match (start.number::<u64>(), end.number::<u64>()) {
                (Some(start), Some(end)) => Truth::of(start <= *number && *number <= end),
                (_, _) => Truth::Maybe,
            },
            (None, None) => named_number(asked.word(), *number),
        },
        Value::State => match asked.word().and_then(state) {
            Some(states) => packet.is_in(states),
            None => Truth::Maybe,
        },
    }
}

fn ends(asked: &Expression) -> Option<&[Expression; 2]> {
    if let Expression::Range(ends) = asked {
        return Some(ends);
    }
    None
}

/// Protocols that nft has names for.
fn named_number(word: Option<&str>, number: u64) -> Truth {
    let protocol = word.and_then(crate::firewall::Protocol::read);
    match protocol {
        Some(protocol) => Truth::of(u64::from(protocol.0) == number),
        None => Truth::Maybe,
    }
}

fn state(word: &str) -> Option<CtStates> {
    let mut states = CtStates::default();
    match word {
        "new" => states.new = true,
        "established" => states.established = true,
        "related" | "invalid" | "untracked" => {}
        _ => return None,
    }
    Some(states)
}

/// The mark that a rule of nft may leave on a packet.
pub fn marks(field: &Expression) -> bool {
    let mark: CompactString = "mark".into();
    matches!(field, Expression::Field(Field::Mark)) || *field == Expression::Other(mark)
}
