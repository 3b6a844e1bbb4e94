//! What nft compares, as a question about fields.
//!
//! Devices, addresses, ports, protocols, marks, states, ICMP messages; single values, ranges,
//! anonymous sets, and named ones whose elements do not change by themselves; fields side by side.
//! Anything else is opaque, in the words of the comparison and its table.

use super::asked::{between, of_family, of_protocol, span, state, whole};
use super::question::{Field, Opaque, Question};
use crate::firewall::expression::Field as Asked;
use crate::firewall::{
    AddressSide, Compare, CtStates, DeviceSide, Element, Expression, Family, Operator, PortSide,
    Protocol, Set, Table,
};

/// The question that a comparison is.
pub fn question(compare: &Compare, table: &Table, opaque: &mut Opaque) -> Question {
    known(compare, table).unwrap_or_else(|| {
        let set = named(&compare.right).and_then(|name| set(name, table));
        let declared = set.map(|set| (&set.key, set.flags));
        let text = format!("{:?} {} {compare:?} {declared:?}", table.family, table.name);
        Question::Opaque(opaque.number(text))
    })
}

fn known(compare: &Compare, table: &Table) -> Option<Question> {
    let negated = match compare.operator {
        Operator::Is => false,
        Operator::Equal => {
            // All flags at once are another question than one of them.
            if matches!(compare.right, Expression::List(_)) {
                return None;
            }
            false
        }
        Operator::NotEqual => true,
        Operator::Without
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => return None,
    };
    if matches!(compare.right, Expression::List(_)) && negated {
        return None;
    }
    let holds = meets(&compare.left, &compare.right, table)?;
    Some(Question::All(vec![
        present(&compare.left)?,
        holds.turned(negated),
    ]))
}

/// The packet has what is looked at; else no comparison holds, negated or not.
pub fn present(key: &Expression) -> Option<Question> {
    if let Expression::Concat(parts) = key {
        let all: Option<Vec<Question>> = parts.iter().map(present).collect();
        return all.map(Question::All);
    }
    Some(match key.field()? {
        Asked::Saddr(family) | Asked::Daddr(family) => of_family(*family),
        Asked::Port(_, Some(Protocol(protocol))) => whole(of_protocol(&[*protocol])),
        Asked::IcmpType(family) | Asked::IcmpCode(family) => whole(of_protocol(&[icmp(*family)])),
        Asked::IpProtocol => of_family(Family::Ipv4),
        Asked::Iifname
        | Asked::Oifname
        | Asked::Iif
        | Asked::Oif
        | Asked::L4proto
        | Asked::Nfproto
        | Asked::Mark
        | Asked::CtMark
        | Asked::CtState => Question::Always,
        Asked::Port(_, None)
        | Asked::Ip6Nexthdr
        | Asked::CtStatus
        | Asked::CtDirection
        | Asked::TcpFlags
        | Asked::EtherSaddr
        | Asked::EtherDaddr
        | Asked::EtherType
        | Asked::Pkttype
        | Asked::Other(_) => return None,
    })
}

fn icmp(family: Family) -> u8 {
    match family {
        Family::Ipv4 => Protocol::ICMP.0,
        Family::Ipv6 => Protocol::ICMPV6.0,
    }
}

/// The key is this value, or one of these. Whether it is there at all is asked elsewhere.
pub fn meets(key: &Expression, value: &Expression, table: &Table) -> Option<Question> {
    if let Some(elements) = elements(value, table) {
        let any = elements.iter().map(|element| meets_one(key, &element.key));
        return any.collect::<Option<Vec<_>>>().map(Question::Any);
    }
    if let Expression::List(words) = value {
        let any = words.iter().map(|word| meets_one(key, word));
        return any.collect::<Option<Vec<_>>>().map(Question::Any);
    }
    meets_one(key, value)
}

/// The key is this value, range, prefix or concatenation.
fn meets_one(key: &Expression, value: &Expression) -> Option<Question> {
    if *value == Expression::Any {
        return Some(Question::Always);
    }
    if let (Expression::Concat(keys), Expression::Concat(values)) = (key, value) {
        if keys.len() != values.len() {
            return None;
        }
        let parts = keys
            .iter()
            .zip(values)
            .map(|(key, value)| part(key.field()?, value));
        return parts.collect::<Option<Vec<_>>>().map(Question::All);
    }
    part(key.field()?, value)
}

/// A field is this value, range or prefix.
fn part(field: &Asked, value: &Expression) -> Option<Question> {
    if *value == Expression::Any {
        return Some(Question::Always);
    }
    match field {
        Asked::Iifname | Asked::Iif => Some(Question::Device(DeviceSide::In, value.device()?)),
        Asked::Oifname | Asked::Oif => Some(Question::Device(DeviceSide::Out, value.device()?)),
        Asked::Saddr(_) => address(AddressSide::Source, value),
        Asked::Daddr(_) => address(AddressSide::Destination, value),
        Asked::Port(PortSide::Source, _) => number(Field::SourcePort, value),
        Asked::Port(PortSide::Destination, _) => number(Field::DestinationPort, value),
        Asked::L4proto | Asked::IpProtocol => number(Field::Protocol, value),
        Asked::IcmpType(_) => number(Field::IcmpType, value),
        Asked::IcmpCode(_) => number(Field::IcmpCode, value),
        Asked::Nfproto => match value.word()? {
            "ipv4" => Some(of_family(Family::Ipv4)),
            "ipv6" => Some(of_family(Family::Ipv6)),
            _ => None,
        },
        Asked::Mark => mark(Field::Mark, value),
        Asked::CtMark => mark(Field::CtMark, value),
        Asked::CtState => states(value.word()?).map(state),
        Asked::Port(PortSide::Either, _)
        | Asked::Ip6Nexthdr
        | Asked::CtStatus
        | Asked::CtDirection
        | Asked::TcpFlags
        | Asked::EtherSaddr
        | Asked::EtherDaddr
        | Asked::EtherType
        | Asked::Pkttype
        | Asked::Other(_) => None,
    }
}

fn address(side: AddressSide, value: &Expression) -> Option<Question> {
    if let Expression::Range(ends) = value {
        let (first, last) = (ends[0].net()?, ends[1].net()?);
        return Some(between(side, first.addr(), last.addr(), false));
    }
    let net = value.net()?;
    Some(between(side, net.network(), net.broadcast(), false))
}

fn number(field: Field, value: &Expression) -> Option<Question> {
    if let Expression::Range(ends) = value {
        return Some(span(
            field,
            single(field, &ends[0])?,
            single(field, &ends[1])?,
        ));
    }
    Some(Question::is(field, single(field, value)?))
}

fn single(field: Field, value: &Expression) -> Option<u128> {
    let number = value.number::<u64>().map(u128::from);
    let protocol = || {
        let word = value.word().filter(|_| field == Field::Protocol)?;
        Protocol::read(word).map(|protocol| protocol.0.into())
    };
    number
        .or_else(protocol)
        .filter(|value| *value <= field.last())
}

fn mark(field: Field, value: &Expression) -> Option<Question> {
    Some(Question::Bits(field, u32::MAX, value.number()?))
}

fn states(word: &str) -> Option<CtStates> {
    let mut states = CtStates::default();
    match word {
        "new" => states.new = true,
        "established" => states.established = true,
        "related" => states.related = true,
        "invalid" => states.invalid = true,
        "untracked" => states.untracked = true,
        _ => return None,
    }
    Some(states)
}

fn named(value: &Expression) -> Option<&str> {
    if let Expression::Named(name) = value {
        return Some(name);
    }
    None
}

fn set<'a>(name: &str, table: &'a Table) -> Option<&'a Set> {
    table.sets.iter().find(|set| set.name == name)
}

/// The elements of a set or map, if they are known and stay.
pub fn elements<'a>(value: &'a Expression, table: &'a Table) -> Option<&'a [Element]> {
    let elements = if let Expression::Elements(elements) = value {
        elements
    } else {
        let set = set(named(value)?, table)?;
        let counts = |words: &compact_str::CompactString| words.starts_with("counter");
        let stays = !set.flags.dynamic
            && !set.flags.timeout
            && set.timeout_milliseconds.is_none()
            && set.statements.iter().all(counts);
        if !stays {
            return None;
        }
        &set.elements
    };
    let plain = |element: &Element| {
        element.extra.as_ref().is_none_or(|extra| {
            extra.timeout_milliseconds.is_none()
                && extra.expires_milliseconds.is_none()
                && extra.statements.is_empty()
        })
    };
    elements.iter().all(plain).then_some(elements)
}
