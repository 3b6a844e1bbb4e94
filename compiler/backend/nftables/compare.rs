//! Comparisons: read from nft's words, and turned into the matches that have a type.
//!
//! nft has one listing for each comparison, whoever wrote it; what means the same is made the same
//! here first, so that the typed match prints as nft would list it.

use std::net::IpAddr;

use super::symbol;
use super::types;
use super::value;
use super::words::Words;
use crate::firewall::{
    AddressRange, AddressSide, AddressTypes, BitOperator, Bits, Bound, Compare, CtStates,
    DevicePattern, DeviceSide, Expression, Family, Field, MaskedAddress, Match, Operator,
    PacketType, Ports, Protocol,
};
use crate::value::PortRange;

/// The comparison of `left` with what the next words say.
pub(super) fn read(left: Expression, words: &mut Words<'_>) -> Option<Match> {
    let operator = match words.peek_word() {
        Some("==") => Operator::Equal,
        Some("!=") => Operator::NotEqual,
        Some("<") => Operator::Less,
        Some("<=") => Operator::LessOrEqual,
        Some(">") => Operator::Greater,
        Some(">=") => Operator::GreaterOrEqual,
        Some("!") => Operator::Without,
        Some(_) | None => Operator::Is,
    };
    if operator != Operator::Is {
        words.word()?;
    }
    let right = value::right(words)?;
    let compare = match words.the("/") {
        Some(()) => flags_under_mask(left, operator, right, value::right(words)?)?,
        None => normal(Compare {
            left,
            operator,
            right,
        }),
    };
    Some(typed(compare))
}

/// `tcp flags syn / fin,syn`: the flags that are looked at come last.
fn flags_under_mask(
    field: Expression,
    operator: Operator,
    right: Expression,
    mask: Expression,
) -> Option<Compare> {
    let operator = match operator {
        Operator::Is | Operator::Equal => Operator::Equal,
        Operator::NotEqual => Operator::NotEqual,
        Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::Without => return None,
    };
    let (right, mask) = (flags(right), flags(mask));
    let words = |value: &Expression| matches!(value, Expression::Word(_) | Expression::List(_));
    let known = field
        .field()
        .is_some_and(|field| types::is_flags(types::of_field(field)));
    (known && words(&right) && words(&mask)).then(|| Compare {
        left: Expression::Bits(Box::new(Bits {
            left: field,
            operator: BitOperator::And,
            right: mask,
        })),
        operator,
        right,
    })
}

/// The one way in which nft lists what means the same.
fn normal(compare: Compare) -> Compare {
    let Compare {
        mut left,
        operator,
        right,
    } = compare;
    let shares = types::is_flags(types::of(&left));
    let (operator, right) = if let Expression::Bits(bits) = &mut left {
        let within = matches!(right, Expression::Range(_));
        let operator = if operator == Operator::Equal && within {
            Operator::Is
        } else if operator == Operator::Is && !within {
            Operator::Equal
        } else {
            operator
        };
        if shares && bits.operator == BitOperator::And {
            bits.right = flags(std::mem::replace(&mut bits.right, Expression::Any));
            match (operator, &right) {
                (Operator::NotEqual, Expression::Number(0)) => return common(bits, Operator::Is),
                (Operator::Equal, Expression::Number(0)) => return common(bits, Operator::Without),
                (_, _) => (operator, flags(right)),
            }
        } else {
            (operator, right)
        }
    } else if operator == Operator::Equal && (!shares || is_set(&right)) {
        (Operator::Is, right)
    } else {
        (operator, right)
    };
    Compare {
        left,
        operator,
        right,
    }
}

/// `tcp flags & syn != 0`: whether there are flags in common.
fn common(bits: &mut Bits, operator: Operator) -> Compare {
    Compare {
        left: std::mem::replace(&mut bits.left, Expression::Any),
        operator,
        right: std::mem::replace(&mut bits.right, Expression::Any),
    }
}

fn is_set(value: &Expression) -> bool {
    matches!(value, Expression::Elements(_) | Expression::Named(_))
}

/// Flags that were joined with `|`, as a list.
fn flags(value: Expression) -> Expression {
    let mut list = Vec::new();
    if matches!(value, Expression::Bits(_)) && collect(&value, &mut list).is_some() {
        return Expression::List(list);
    }
    value
}

fn collect(value: &Expression, into: &mut Vec<Expression>) -> Option<()> {
    if let Expression::Bits(bits) = value
        && bits.operator == BitOperator::Or
    {
        collect(&bits.left, into)?;
        return collect(&bits.right, into);
    }
    matches!(value, Expression::Word(_)).then(|| into.push(value.clone()))
}

/// The match that says this, if there is one with a type.
fn typed(compare: Compare) -> Match {
    if compare.left.field() == Some(&Field::TcpFlags)
        && let Some(negated) = common_flags(compare.operator)
        && let Some(mask) = flag_bits(&compare.right)
    {
        return Match::TcpFlags {
            mask,
            set: 0,
            negated,
        };
    }
    let negated = match compare.operator {
        Operator::Is | Operator::Equal => Some(false),
        Operator::NotEqual => Some(true),
        Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::Without => None,
    };
    let found = negated.and_then(|negated| {
        if let Expression::Bits(bits) = &compare.left {
            let masked = bits.operator == BitOperator::And;
            return masked.then(|| of_bits(bits, &compare.right, negated))?;
        }
        let field = compare.left.field()?;
        let exactly = compare.operator == Operator::Equal;
        (!exactly).then(|| of_field(field, &compare.right, negated))?
    });
    found.unwrap_or_else(|| Match::Compare(Box::new(compare)))
}

/// Whether flags in common are asked for; to have none is to have none of them set.
fn common_flags(operator: Operator) -> Option<bool> {
    match operator {
        Operator::Is => Some(true),
        Operator::Without => Some(false),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => None,
    }
}

fn of_field(field: &Field, value: &Expression, negated: bool) -> Option<Match> {
    match field {
        Field::Iifname => in_device(value, Bound::Name, negated),
        Field::Iif => in_device(value, Bound::Index, negated),
        Field::Oifname => out_device(value, Bound::Name, negated),
        Field::Oif => out_device(value, Bound::Index, negated),
        Field::Saddr(family) => address(AddressSide::Source, *family, value, negated),
        Field::Daddr(family) => address(AddressSide::Destination, *family, value, negated),
        Field::Port(side, protocol) => Some(Match::Port {
            side: *side,
            protocol: *protocol,
            ports: ports(value)?,
            negated,
        }),
        Field::L4proto => Some(Match::Protocol {
            protocol: protocol(value)?,
            negated,
        }),
        Field::Nfproto if !negated => match value.word()? {
            "ipv4" => Some(Match::Family(Family::Ipv4)),
            "ipv6" => Some(Match::Family(Family::Ipv6)),
            _ => None,
        },
        Field::Mark => Some(Match::Mark {
            value: value.number()?,
            mask: u32::MAX,
            negated,
        }),
        Field::CtMark => Some(Match::CtMark {
            value: value.number()?,
            mask: u32::MAX,
            negated,
        }),
        Field::CtState => ct_state(value, negated),
        Field::IcmpType(family) => Some(Match::Icmp {
            family: *family,
            kind: code(symbol::icmp_types(*family), value)?,
            code: None,
            negated,
        }),
        Field::EtherSaddr => {
            let mac = value.mac()?;
            Some(Match::SourceMac { mac, negated })
        }
        Field::Pkttype => packet_type(value, negated),
        Field::Other(words) => address_type(words, value, negated),
        Field::Nfproto
        | Field::IpProtocol
        | Field::Ip6Nexthdr
        | Field::CtStatus
        | Field::CtDirection
        | Field::IcmpCode(_)
        | Field::TcpFlags
        | Field::EtherDaddr
        | Field::EtherType => None,
    }
}

/// A number, or the word for one.
fn code(symbols: symbol::Symbols, value: &Expression) -> Option<u8> {
    value
        .number()
        .or_else(|| symbol::number(symbols, value.word()?))
}

/// A number in place of a name is all that is left of a device that is gone.
fn device(value: &Expression, bound: Bound) -> Option<(DevicePattern, Bound)> {
    match (value, bound) {
        (Expression::Number(number), Bound::Index) => {
            let gone = DevicePattern::named(&number.to_string());
            Some((gone, Bound::Gone))
        }
        (_, _) => Some((value.device()?, bound)),
    }
}

fn in_device(value: &Expression, bound: Bound, negated: bool) -> Option<Match> {
    let (name, bound) = device(value, bound)?;
    Some(Match::InDevice {
        name,
        bound,
        negated,
    })
}

fn out_device(value: &Expression, bound: Bound, negated: bool) -> Option<Match> {
    let (name, bound) = device(value, bound)?;
    Some(Match::OutDevice {
        name,
        bound,
        negated,
    })
}

fn address(side: AddressSide, family: Family, value: &Expression, negated: bool) -> Option<Match> {
    if let Expression::Range(ends) = value {
        let [start, end] = ends.as_ref();
        return Some(Match::AddressRange(Box::new(AddressRange {
            side,
            start: single(start, family)?,
            end: single(end, family)?,
            negated,
        })));
    }
    let net = value.net().filter(|net| Family::of(net) == family)?;
    Some(match side {
        AddressSide::Source => Match::Source { net, negated },
        AddressSide::Destination => Match::Destination { net, negated },
    })
}

/// One address of this family.
fn single(value: &Expression, family: Family) -> Option<IpAddr> {
    let net = value.net()?;
    let alone = net.prefix_len() == net.max_prefix_len() && Family::of(&net) == family;
    alone.then(|| net.addr())
}

fn ports(value: &Expression) -> Option<Ports> {
    if let Expression::Elements(elements) = value
        && !elements.is_empty()
    {
        let ranges = elements.iter().map(|each| {
            let plain = each.value.is_none() && each.extra.is_none();
            plain.then(|| port_range(&each.key)).flatten()
        });
        return Some(Ports::List(ranges.collect::<Option<_>>()?));
    }
    port_range(value).map(Ports::One)
}

/// A port or a range of ports.
pub(super) fn port_range(value: &Expression) -> Option<PortRange> {
    if let Expression::Range(ends) = value {
        let [start, end] = ends.as_ref();
        return PortRange::new(start.number()?, end.number()?);
    }
    let port = value.number().or_else(|| symbol::service(value.word()?));
    port.map(PortRange::single)
}

/// A protocol by the name that is printed for it, or by a number.
fn protocol(value: &Expression) -> Option<Protocol> {
    match value.word() {
        Some(name) => Protocol::read(name),
        None => value.number().map(Protocol),
    }
}

fn ct_state(value: &Expression, negated: bool) -> Option<Match> {
    let mut states = CtStates::default();
    // Of several, `!=` means something else in each version of nft.
    if let Expression::List(list) = value
        && !negated
    {
        for each in list {
            symbol::add_ct_state(&mut states, each.word()?)?;
        }
    } else {
        symbol::add_ct_state(&mut states, value.word()?)?;
    }
    Some(Match::CtState {
        states,
        negated,
        old: false,
    })
}

fn packet_type(value: &Expression, negated: bool) -> Option<Match> {
    let kind = match value.word()? {
        "host" | "unicast" => PacketType::Unicast,
        "broadcast" => PacketType::Broadcast,
        "multicast" => PacketType::Multicast,
        _ => return None,
    };
    Some(Match::PacketType { kind, negated })
}

/// `fib daddr type local`.
fn address_type(words: &str, value: &Expression, negated: bool) -> Option<Match> {
    let words = words.strip_prefix("fib ")?.strip_suffix(" type")?;
    let (side, device) = match words.split_once(" . ") {
        None => (words, None),
        Some((side, "iif")) => (side, Some(DeviceSide::In)),
        Some((side, "oif")) => (side, Some(DeviceSide::Out)),
        Some(_) => return None,
    };
    let side = match side {
        "saddr" => AddressSide::Source,
        "daddr" => AddressSide::Destination,
        _ => return None,
    };
    let name = value.word()?;
    let mut known = AddressTypes::NAMES.into_iter();
    let (types, _) = known.find(|(_, each)| each.eq_ignore_ascii_case(name))?;
    Some(Match::AddressType {
        side,
        types,
        device,
        negated,
    })
}

/// A field that is cut by a mask.
fn of_bits(bits: &Bits, value: &Expression, negated: bool) -> Option<Match> {
    let Expression::Field(field) = &bits.left else {
        return None;
    };
    match field {
        Field::Mark => Some(Match::Mark {
            value: value.number()?,
            mask: bits.right.number()?,
            negated,
        }),
        Field::CtMark => Some(Match::CtMark {
            value: value.number()?,
            mask: bits.right.number()?,
            negated,
        }),
        Field::Saddr(family) => masked(AddressSide::Source, *family, bits, value, negated),
        Field::Daddr(family) => masked(AddressSide::Destination, *family, bits, value, negated),
        Field::TcpFlags => Some(Match::TcpFlags {
            mask: flag_bits(&bits.right)?,
            set: flag_bits(value)?,
            negated,
        }),
        Field::Iifname
        | Field::Oifname
        | Field::Iif
        | Field::Oif
        | Field::Port(_, _)
        | Field::L4proto
        | Field::Nfproto
        | Field::IpProtocol
        | Field::Ip6Nexthdr
        | Field::CtState
        | Field::CtStatus
        | Field::CtDirection
        | Field::IcmpType(_)
        | Field::IcmpCode(_)
        | Field::EtherSaddr
        | Field::EtherDaddr
        | Field::EtherType
        | Field::Pkttype
        | Field::Other(_) => None,
    }
}

fn masked(
    side: AddressSide,
    family: Family,
    bits: &Bits,
    value: &Expression,
    negated: bool,
) -> Option<Match> {
    Some(Match::MaskedAddress(Box::new(MaskedAddress {
        side,
        address: single(value, family)?,
        mask: single(&bits.right, family)?,
        negated,
    })))
}

/// The bits of TCP flags, by name.
fn flag_bits(value: &Expression) -> Option<u8> {
    if let Expression::List(list) = value {
        let bits = list.iter().map(|each| symbol::flag(each.word()?));
        return bits.reduce(|all, bit| Some(all? | bit?)).flatten();
    }
    symbol::flag(value.word()?)
}
