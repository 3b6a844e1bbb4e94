//! What a rule asks, as a question about fields.
//!
//! Conditions come in their normal form, where what is implied (the protocol of a port, the family
//! of an address) was said by itself. What looks at the packet alone but has no field here is an
//! opaque question, the same for everyone who asks it in the same words; what remembers something
//! is told apart by [`remembers`].

use ipnet::IpNet;

use super::question::{self, Field, Opaque, Question};
use crate::firewall::{
    AddressSide, Bound, Comparison, CtStates, DeviceSide, Family, Match, PacketType, PortSide,
    Ports, Table,
};

/// Protocols with ports at the same place: TCP, UDP, DCCP, SCTP, UDP-Lite.
pub const WITH_PORTS: [u8; 5] = [6, 17, 33, 132, 136];

/// Whether two askings may be answered differently for the same packet, because the kernel
/// remembers something.
pub fn remembers(asked: &Match) -> bool {
    if let Match::Set(set) = asked {
        return set.packets.is_some() || set.bytes.is_some();
    }
    matches!(
        asked,
        Match::Limit(_)
            | Match::HashLimit(_)
            | Match::Recent(_)
            | Match::Statistic { .. }
            | Match::ConnLimit(_)
            | Match::Other(_)
    )
}

/// The question that a condition is, in a table. `ported` says that the rule asks for a protocol
/// with ports anyway.
pub fn question(asked: &Match, table: &Table, ported: bool, opaque: &mut Opaque) -> Question {
    match asked {
        Match::InDevice {
            name,
            bound,
            negated,
        } => match bound {
            Bound::Gone => Question::never(),
            Bound::Name | Bound::Index => Question::Device(DeviceSide::In, name.clone()),
        }
        .turned(*negated),
        Match::OutDevice {
            name,
            bound,
            negated,
        } => match bound {
            Bound::Gone => Question::never(),
            Bound::Name | Bound::Index => Question::Device(DeviceSide::Out, name.clone()),
        }
        .turned(*negated),
        Match::Source { net, negated } => within(AddressSide::Source, *net, *negated),
        Match::Destination { net, negated } => within(AddressSide::Destination, *net, *negated),
        Match::AddressRange(range) => between(range.side, range.start, range.end, range.negated),
        Match::Family(family) => of_family(*family),
        Match::Protocol { protocol, negated } => {
            Question::is(Field::Protocol, protocol.0).turned(*negated)
        }
        Match::Fragment { negated } => Question::is(Field::Fragment, 1_u8).turned(*negated),
        Match::Port {
            side,
            ports,
            negated,
            ..
        } => port(*side, ports, *negated, ported, opaque),
        Match::TcpFlags { mask, set, negated } => {
            whole(bits(Field::TcpFlags, (*mask).into(), (*set).into()).turned(*negated))
        }
        Match::Icmp {
            family,
            kind,
            code,
            negated,
        } => whole(icmp(*family, *kind, *code).turned(*negated)),
        Match::CtState {
            states, negated, ..
        } => state(*states).turned(*negated),
        Match::Mark {
            value,
            mask,
            negated,
        } => bits(Field::Mark, *mask, *value).turned(*negated),
        Match::CtMark {
            value,
            mask,
            negated,
        } => bits(Field::CtMark, *mask, *value).turned(*negated),
        Match::SourceMac { mac, negated } => {
            let value = mac
                .iter()
                .fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
            let same = Question::is(Field::SourceMac, value).turned(*negated);
            Question::All(vec![Question::is(Field::HasMac, 1_u8), same])
        }
        Match::PacketType { kind, negated } => {
            let kind = match kind {
                PacketType::Unicast => 0_u8,
                PacketType::Broadcast => 1,
                PacketType::Multicast => 2,
            };
            Question::is(Field::PacketType, kind).turned(*negated)
        }
        Match::Length { min, max, negated } => {
            let max = u128::from(*max).min(Field::Length.last());
            span(Field::Length, (*min).into(), max).turned(*negated)
        }
        Match::HopLimit {
            comparison,
            hops,
            negated,
        } => hop_limit(*comparison, *hops).turned(*negated),
        Match::Dscp { value, negated } => {
            bits(Field::Tos, 0xfc, u32::from(*value) << 2).turned(*negated)
        }
        Match::Tos {
            value,
            mask,
            negated,
        } => bits(Field::Tos, (*mask).into(), (*value).into()).turned(*negated),
        Match::Compare(compare) => super::compared::question(compare, table, opaque),
        Match::Module(_) | Match::Comment(_) => Question::Always,
        Match::MaskedAddress(_)
        | Match::TcpOption { .. }
        | Match::Conntrack(_)
        | Match::Helper { .. }
        | Match::ConnLimit(_)
        | Match::AddressType { .. }
        | Match::Physdev(_)
        | Match::Set(_)
        | Match::Limit(_)
        | Match::HashLimit(_)
        | Match::Recent(_)
        | Match::Statistic { .. }
        | Match::Owner(_)
        | Match::Ipsec(_)
        | Match::RpFilter(_)
        | Match::Spi { .. }
        | Match::Other(_) => unknown(asked, opaque),
    }
}

/// A question for itself, by what it says without its negation.
fn unknown(asked: &Match, opaque: &mut Opaque) -> Question {
    let mut positive = asked.clone();
    let mut negated = false;
    let mut strip = |flag: &mut bool| negated = std::mem::take(flag);
    if let Match::MaskedAddress(it) = &mut positive {
        strip(&mut it.negated);
    } else if let Match::Conntrack(it) = &mut positive {
        strip(&mut it.negated);
    } else if let Match::Set(it) = &mut positive {
        strip(&mut it.negated);
    } else if let Match::Helper { negated: it, .. } | Match::AddressType { negated: it, .. } =
        &mut positive
    {
        strip(it);
    }
    Question::Opaque(opaque.number(format!("{positive:?}"))).turned(negated)
}

/// It is of a family.
pub fn of_family(family: Family) -> Question {
    Question::is(Field::Family, u8::from(family == Family::Ipv6))
}

/// It is no later fragment, and this holds.
pub fn whole(question: Question) -> Question {
    Question::All(vec![Question::is(Field::Fragment, 0_u8), question])
}

/// Its protocol is one of these.
pub fn of_protocol(protocols: &[u8]) -> Question {
    let is = |protocol: &u8| Question::is(Field::Protocol, *protocol);
    Question::Any(protocols.iter().map(is).collect())
}

/// A field from one value to another; never if they are the wrong way round.
pub fn span(field: Field, first: u128, last: u128) -> Question {
    match first <= last {
        true => Question::Between(field, first, last),
        false => Question::never(),
    }
}

fn bits(field: Field, mask: u32, value: u32) -> Question {
    match value & !mask {
        0 => Question::Bits(field, mask, value),
        _ => Question::never(),
    }
}

/// An address within a prefix, or outside; of its family either way.
pub fn within(side: AddressSide, net: IpNet, negated: bool) -> Question {
    between(side, net.network(), net.broadcast(), negated)
}

/// An address between two of one family, or outside; of that family either way.
pub fn between(
    side: AddressSide,
    first: std::net::IpAddr,
    last: std::net::IpAddr,
    negated: bool,
) -> Question {
    use std::net::IpAddr::{V4, V6};
    let (family, field, first, last) = match (first, last) {
        (V4(first), V4(last)) => {
            let field = match side {
                AddressSide::Source => Field::Source4,
                AddressSide::Destination => Field::Destination4,
            };
            (
                Family::Ipv4,
                field,
                u32::from(first).into(),
                u32::from(last).into(),
            )
        }
        (V6(first), V6(last)) => {
            let field = match side {
                AddressSide::Source => Field::Source6,
                AddressSide::Destination => Field::Destination6,
            };
            (Family::Ipv6, field, u128::from(first), u128::from(last))
        }
        (V4(_), V6(_)) | (V6(_), V4(_)) => return Question::never(),
    };
    Question::All(vec![
        of_family(family),
        span(field, first, last).turned(negated),
    ])
}

/// A port in one of these ranges, or in none; on a whole packet either way.
pub fn port(
    side: PortSide,
    ports: &Ports,
    negated: bool,
    ported: bool,
    opaque: &mut Opaque,
) -> Question {
    let fields: &[Field] = match side {
        PortSide::Source => &[Field::SourcePort],
        PortSide::Destination => &[Field::DestinationPort],
        PortSide::Either => &[Field::SourcePort, Field::DestinationPort],
    };
    let ranges = |field: &Field| {
        let field = *field;
        let ranges = ports.ranges().iter();
        ranges.map(move |range| span(field, range.start().into(), range.end().into()))
    };
    let known = Question::Any(fields.iter().flat_map(ranges).collect()).turned(negated);
    if ported {
        return whole(known);
    }
    // Other protocols have something else where these have their ports.
    let text = format!("{side:?} port {:?}", ports.ranges());
    let other = Question::Opaque(opaque.number(text)).turned(negated);
    whole(Question::Any(vec![
        Question::All(vec![of_protocol(&WITH_PORTS), known]),
        Question::All(vec![of_protocol(&WITH_PORTS).turned(true), other]),
    ]))
}

fn icmp(family: Family, kind: u8, code: Option<u8>) -> Question {
    if family == Family::Ipv4 && kind == u8::MAX {
        return Question::Always;
    }
    let mut all = vec![Question::is(Field::IcmpType, kind)];
    all.extend(code.map(|code| Question::is(Field::IcmpCode, code)));
    Question::All(all)
}

/// Its connection is in one of these states.
pub fn state(states: CtStates) -> Question {
    let asked = [
        (states.new, Field::State, question::NEW),
        (states.established, Field::State, question::ESTABLISHED),
        (states.related, Field::State, question::RELATED),
        (states.invalid, Field::State, question::INVALID),
        (states.untracked, Field::State, question::UNTRACKED),
        (states.snat, Field::SourceTranslated, 1),
        (states.dnat, Field::DestinationTranslated, 1),
    ];
    let any = asked.into_iter().filter(|(asked, _, _)| *asked);
    Question::Any(
        any.map(|(_, field, value)| Question::is(field, value))
            .collect(),
    )
}

fn hop_limit(comparison: Comparison, hops: u8) -> Question {
    let hops = u128::from(hops);
    match comparison {
        Comparison::Equal => Question::is(Field::Hops, hops),
        Comparison::Less => match hops.checked_sub(1) {
            Some(last) => span(Field::Hops, 0, last),
            None => Question::never(),
        },
        Comparison::Greater => span(Field::Hops, hops + 1, Field::Hops.last()),
    }
}
