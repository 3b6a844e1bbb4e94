//! Matches in nft's words.

use std::fmt::Write as _;
use std::net::IpAddr;

use ipnet::IpNet;

use super::expression::{self, NetWord};
use super::keyword;
use super::limit;
use super::print::{Listing, inexpressible, kept, quotable};
use super::symbol;
use super::types::{self, Kinds};
use crate::backend::gap::Inexpressible;
use crate::firewall::{
    AddressSide, AddressTypes, BitOperator, Bound, Compare, CtStates, DevicePattern, DeviceSide,
    Expression, Family, Field, Match, Operator, PacketType, PortSide, Ports,
};

/// Appends one match.
pub(super) fn print(
    text: &mut String,
    each: &Match,
    listing: Listing,
) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = match each {
        Match::InDevice {
            name,
            bound,
            negated,
        } => return device(text, 'i', name, *bound, *negated),
        Match::OutDevice {
            name,
            bound,
            negated,
        } => return device(text, 'o', name, *bound, *negated),
        Match::Source { net, negated } => address(text, AddressSide::Source, net, *negated),
        Match::Destination { net, negated } => {
            address(text, AddressSide::Destination, net, *negated)
        }
        Match::AddressRange(range) => {
            let field = side(range.side, range.start);
            let not = not(range.negated);
            write!(text, "{field} {not}{}-{}", range.start, range.end)
        }
        Match::MaskedAddress(masked) => {
            let field = side(masked.side, masked.address);
            let equal = if masked.negated { "!=" } else { "==" };
            write!(text, "{field} & {} {equal} {}", masked.mask, masked.address)
        }
        Match::Family(Family::Ipv4) => write!(text, "meta nfproto ipv4"),
        Match::Family(Family::Ipv6) => write!(text, "meta nfproto ipv6"),
        Match::Protocol { protocol, negated } => {
            write!(text, "meta l4proto {}{protocol}", not(*negated))
        }
        Match::Port {
            side: PortSide::Either,
            ..
        } => return Err(inexpressible("a match of either port")),
        Match::Port { ports, .. } if ports.ranges().is_empty() => {
            return Err(inexpressible("a match of no port"));
        }
        Match::Port {
            side,
            protocol,
            ports,
            negated,
        } => {
            let field = Field::Port(*side, *protocol);
            let _ = write!(text, "{} {}", keyword::field(&field), not(*negated));
            print_ports(text, ports);
            Ok(())
        }
        Match::TcpFlags { mask, set, negated } => return tcp_flags(text, *mask, *set, *negated),
        Match::Icmp {
            family,
            kind,
            code,
            negated,
        } => return icmp(text, *family, *kind, *code, *negated),
        Match::CtState {
            states, negated, ..
        } => {
            if *states == CtStates::default() || states.snat || states.dnat {
                return Err(inexpressible("a match of this connection state"));
            }
            let _ = write!(text, "ct state {}", not(*negated));
            join(text, symbol::ct_states(*states));
            Ok(())
        }
        Match::Mark {
            value,
            mask,
            negated,
        } => mark(text, &Field::Mark, *value, *mask, *negated),
        Match::CtMark {
            value,
            mask,
            negated,
        } => mark(text, &Field::CtMark, *value, *mask, *negated),
        Match::SourceMac { mac, negated } => {
            let _ = write!(text, "ether saddr {}", not(*negated));
            let mac = Expression::Mac(*mac);
            expression::print(text, &mac, Kinds::One(types::INTEGER), listing);
            Ok(())
        }
        Match::PacketType { kind, negated } => {
            let word = match kind {
                PacketType::Unicast => "host",
                PacketType::Broadcast => "broadcast",
                PacketType::Multicast => "multicast",
            };
            write!(text, "meta pkttype {}{word}", not(*negated))
        }
        Match::AddressType {
            side,
            types,
            device,
            negated,
        } => {
            address_type(text, *side, *types, *device, *negated);
            Ok(())
        }
        Match::Limit(rate) => {
            limit::print(text, rate);
            Ok(())
        }
        Match::Compare(compare) => {
            print_compare(text, compare, listing);
            Ok(())
        }
        Match::Other(words) => write!(text, "{}", kept(words)?),
        Match::Module(_) => Ok(()),
        Match::Comment(comment) => write!(text, "comment \"{}\"", quotable(comment)?),
        Match::Fragment { .. }
        | Match::TcpOption { .. }
        | Match::Conntrack(_)
        | Match::Helper { .. }
        | Match::ConnLimit(_)
        | Match::Physdev(_)
        | Match::Set(_)
        | Match::HashLimit(_)
        | Match::Recent(_)
        | Match::Statistic { .. }
        | Match::Owner(_)
        | Match::Ipsec(_)
        | Match::RpFilter(_)
        | Match::Length { .. }
        | Match::HopLimit { .. }
        | Match::Dscp { .. }
        | Match::Tos { .. }
        | Match::Spi { .. } => return Err(inexpressible("this match")),
    };
    Ok(())
}

fn not(negated: bool) -> &'static str {
    if negated { "!= " } else { "" }
}

/// Appends words with commas between them.
fn join(text: &mut String, words: impl Iterator<Item = &'static str>) {
    for (at, word) in words.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(word);
    }
}

fn device(
    text: &mut String,
    direction: char,
    name: &DevicePattern,
    bound: Bound,
    negated: bool,
) -> Result<(), Inexpressible> {
    let not = not(negated);
    let word = match bound {
        Bound::Name => "ifname",
        Bound::Index => "if",
        Bound::Gone => {
            // Writing into a String cannot fail.
            let _ = write!(text, "{direction}if {not}{}", name.name());
            return Ok(());
        }
    };
    let value = Expression::from(name);
    let _ = write!(text, "{direction}{word} {not}");
    if let Expression::Text(name) = &value {
        let _ = write!(text, "\"{}\"", quotable(name)?);
    }
    Ok(())
}

fn side(side: AddressSide, address: IpAddr) -> &'static str {
    match (side, address) {
        (AddressSide::Source, IpAddr::V4(_)) => "ip saddr",
        (AddressSide::Source, IpAddr::V6(_)) => "ip6 saddr",
        (AddressSide::Destination, IpAddr::V4(_)) => "ip daddr",
        (AddressSide::Destination, IpAddr::V6(_)) => "ip6 daddr",
    }
}

fn address(text: &mut String, of: AddressSide, net: &IpNet, negated: bool) -> std::fmt::Result {
    let field = side(of, net.addr());
    write!(text, "{field} {}{}", not(negated), NetWord(*net))
}

fn print_ports(text: &mut String, ports: &Ports) {
    // Writing into a String cannot fail.
    match ports {
        Ports::One(range) => {
            let _ = write!(text, "{range}");
        }
        Ports::List(ranges) => {
            for (at, range) in ranges.iter().enumerate() {
                let _ = write!(text, "{}{range}", if at == 0 { "{ " } else { ", " });
            }
            text.push_str(" }");
        }
    }
}

fn tcp_flags(text: &mut String, mask: u8, set: u8, negated: bool) -> Result<(), Inexpressible> {
    text.push_str("tcp flags ");
    match (mask, set) {
        (0, _) => return Err(inexpressible("a match of no TCP flag")),
        // None of them set; or, negated, one of them.
        (_, 0) => {
            text.push_str(if negated { "" } else { "! " });
            join(text, symbol::tcp_flags(mask));
        }
        (_, _) if mask.is_power_of_two() => {
            text.push_str("& ");
            join(text, symbol::tcp_flags(mask));
            text.push_str(if negated { " != " } else { " == " });
            join(text, symbol::tcp_flags(set));
        }
        (_, _) => {
            text.push_str(not(negated));
            join(text, symbol::tcp_flags(set));
            text.push_str(" / ");
            join(text, symbol::tcp_flags(mask));
        }
    }
    Ok(())
}

fn icmp(
    text: &mut String,
    family: Family,
    kind: u8,
    code: Option<u8>,
    negated: bool,
) -> Result<(), Inexpressible> {
    let protocol = match family {
        Family::Ipv4 => "icmp",
        Family::Ipv6 => "icmpv6",
    };
    if negated && code.is_some() {
        return Err(inexpressible("a match of all but one code of a type"));
    }
    // Writing into a String cannot fail.
    let _ = write!(text, "{protocol} type {}", not(negated));
    let _ = match symbol::word(symbol::icmp_types(family), kind) {
        Some(word) => write!(text, "{word}"),
        None => write!(text, "{kind}"),
    };
    if let Some(code) = code {
        let _ = match symbol::word(symbol::icmp_codes(family), code) {
            Some(word) => write!(text, " {protocol} code {word}"),
            None => write!(text, " {protocol} code {code}"),
        };
    }
    Ok(())
}

fn mark(
    text: &mut String,
    field: &Field,
    value: u32,
    mask: u32,
    negated: bool,
) -> std::fmt::Result {
    let field = keyword::field(field);
    if mask == u32::MAX {
        return write!(text, "{field} {}{value:#010x}", not(negated));
    }
    let equal = if negated { "!=" } else { "==" };
    write!(text, "{field} & {mask:#010x} {equal} {value:#010x}")
}

fn address_type(
    text: &mut String,
    side: AddressSide,
    types: AddressTypes,
    device: Option<DeviceSide>,
    negated: bool,
) {
    text.push_str(match side {
        AddressSide::Source => "fib saddr",
        AddressSide::Destination => "fib daddr",
    });
    text.push_str(match device {
        Some(DeviceSide::In) => " . iif",
        Some(DeviceSide::Out) => " . oif",
        None => "",
    });
    text.push_str(" type ");
    text.push_str(not(negated));
    let all = AddressTypes::NAMES.into_iter();
    let among = all.filter(|(each, _)| types.contains(*each));
    let words: Vec<String> = among.map(|(_, name)| name.to_ascii_lowercase()).collect();
    match words.as_slice() {
        [one] => text.push_str(one),
        several => {
            text.push_str("{ ");
            text.push_str(&several.join(", "));
            text.push_str(" }");
        }
    }
}

fn print_compare(text: &mut String, compare: &Compare, listing: Listing) {
    let kinds = Kinds::Of(&compare.left);
    if let Some((field, mask)) = flags_under_mask(compare) {
        let _ = write!(text, "{} ", keyword::field(field));
        if compare.operator == Operator::NotEqual {
            text.push_str("!= ");
        }
        expression::print(text, &compare.right, kinds, listing);
        text.push_str(" / ");
        expression::print(text, mask, kinds, listing);
        return;
    }
    expression::print(text, &compare.left, kinds, listing);
    text.push_str(match compare.operator {
        Operator::Is => " ",
        Operator::Equal => " == ",
        Operator::NotEqual => " != ",
        Operator::Less => " < ",
        Operator::LessOrEqual => " <= ",
        Operator::Greater => " > ",
        Operator::GreaterOrEqual => " >= ",
        Operator::Without => " ! ",
    });
    expression::print(text, &compare.right, kinds, listing);
}

/// `tcp flags syn / fin,syn`: the field and the mask.
fn flags_under_mask(compare: &Compare) -> Option<(&Field, &Expression)> {
    let Expression::Bits(bits) = &compare.left else {
        return None;
    };
    let field = bits.left.field()?;
    let among = |value: &Expression| matches!(value, Expression::Word(_) | Expression::List(_));
    let fits = types::is_flags(types::of_field(field))
        && bits.operator == BitOperator::And
        && matches!(compare.operator, Operator::Equal | Operator::NotEqual)
        && among(&bits.right)
        && among(&compare.right);
    fits.then_some((field, &bits.right))
}
