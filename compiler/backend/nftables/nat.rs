//! Translations, read and printed: `snat`, `dnat`, `masquerade`, `redirect`.

use std::fmt::Write as _;
use std::net::IpAddr;

use compact_str::CompactString;
use ipnet::IpNet;

use super::compare::port_range;
use super::expression;
use super::print::Listing;
use super::token::Kind;
use super::types::{INTEGER, Kinds};
use super::value;
use super::words::Words;
use crate::firewall::{
    Expression, Family, NatAddress, NatFlags, NatKind, NatTarget, TableFamily, Target, Translate,
};
use crate::value::PortRange;

/// The translation that the next words say.
pub(super) fn read(words: &mut Words<'_>) -> Option<Target> {
    let kind = match words.word()? {
        "snat" => NatKind::Snat,
        "dnat" => NatKind::Dnat,
        "masquerade" => NatKind::Masquerade,
        "redirect" => NatKind::Redirect,
        _ => return None,
    };
    let family = words.take(|words| match words.word()? {
        "ip" => Some(Family::Ipv4),
        "ip6" => Some(Family::Ipv6),
        _ => None,
    });
    let gives = words.take(read_gives);
    let (to, ports) = match words.the("to") {
        Some(()) => read_to(words)?,
        None => (None, None),
    };
    let nat = Translate {
        kind,
        family,
        gives,
        to,
        ports,
        flags: read_flags(words)?,
    };
    Some(typed(nat))
}

fn read_gives(words: &mut Words<'_>) -> Option<CompactString> {
    match words.word()? {
        "prefix" => Some("prefix".into()),
        "interval" => Some("interval".into()),
        "addr" => {
            words.the(".")?;
            words.the("port")?;
            Some("addr . port".into())
        }
        _ => None,
    }
}

/// Addresses and ports.
pub(super) type To = (Option<Expression>, Option<Expression>);

/// Addresses, ports after a colon, or both.
pub(super) fn read_to(words: &mut Words<'_>) -> Option<To> {
    let word = words.peek_word()?;
    let to = match literal_end(word) {
        0 => None,
        end => match read_addresses(&word[..end]) {
            Some(addresses) => {
                words.cut(end)?;
                Some(addresses)
            }
            None => Some(value::computed(words)?),
        },
    };
    let colon = words.peek_word().is_some_and(|word| word.starts_with(':'));
    let ports = match colon {
        true => {
            words.cut(1)?;
            Some(value::computed(words)?)
        }
        false => None,
    };
    Some((to, ports))
}

/// Where the addresses of a word end and its ports may begin: `a-b:lo-hi`, `[a]-[b]:lo-hi`,
/// `:lo-hi`, and a range that is listed as a prefix, `a/126:lo-hi`, for which nft leaves the
/// brackets out.
fn literal_end(word: &str) -> usize {
    let no_colons_from = match word.rfind([']', '/']) {
        Some(mark) => Some(mark),
        None if word.starts_with(':') && !word.starts_with("::") => return 0,
        None => word.find('.'),
    };
    let colon = no_colons_from.and_then(|from| Some(from + word[from..].find(':')?));
    colon.unwrap_or(word.len())
}

fn read_addresses(word: &str) -> Option<Expression> {
    let value = match word.contains('[') {
        true => value::literal(&word.replace(['[', ']'], "")),
        false => value::literal(word),
    };
    addresses(&value).map(|_| value)
}

/// The addresses that a value says, if it is nothing else.
fn addresses(value: &Expression) -> Option<NatAddress> {
    if let Expression::Net(net) = value {
        return Some(NatAddress {
            start: net.network(),
            end: net.broadcast(),
        });
    }
    if let Expression::Range(ends) = value
        && let [Expression::Net(start), Expression::Net(end)] = ends.as_ref()
    {
        let alike = start.addr().is_ipv4() == end.addr().is_ipv4();
        return alike.then(|| NatAddress {
            start: start.addr(),
            end: end.addr(),
        });
    }
    None
}

fn read_flags(words: &mut Words<'_>) -> Option<NatFlags> {
    let mut flags = NatFlags::default();
    loop {
        match words.peek_word() {
            Some("random") => flags.random = true,
            Some("fully-random") => flags.fully_random = true,
            Some("persistent") => flags.persistent = true,
            Some(_) | None => return Some(flags),
        }
        words.word()?;
        let _ = words.of(Kind::Comma);
    }
}

/// The target with the simplest type that says this.
fn typed(nat: Translate) -> Target {
    simple(&nat).unwrap_or_else(|| Target::Translate(Box::new(nat)))
}

fn simple(nat: &Translate) -> Option<Target> {
    if nat.gives.is_some() {
        return None;
    }
    let ports = match &nat.ports {
        Some(ports) => Some(port_range(ports)?),
        None => None,
    };
    let to = match &nat.to {
        Some(to) => Some(addresses(to)?),
        None => None,
    };
    // The family is that of the addresses, or says something.
    let family = to.map(|to| Family::of(&to.start.into()));
    if nat.family.is_some() && nat.family != family {
        return None;
    }
    let flags = nat.flags;
    let target = || Box::new(NatTarget { to, ports, flags });
    match (nat.kind, to) {
        (NatKind::Snat, _) => Some(Target::Snat(target())),
        (NatKind::Dnat, _) => Some(Target::Dnat(target())),
        (NatKind::Masquerade, None) => Some(Target::Masquerade { ports, flags }),
        (NatKind::Redirect, None) => Some(Target::Redirect { ports, flags }),
        (NatKind::Masquerade | NatKind::Redirect, Some(_)) => None,
    }
}

/// The word for what is rewritten.
pub(super) fn word(kind: NatKind) -> &'static str {
    match kind {
        NatKind::Snat => "snat",
        NatKind::Dnat => "dnat",
        NatKind::Masquerade => "masquerade",
        NatKind::Redirect => "redirect",
    }
}

/// Appends `snat to a-b:lo-hi`; IPv6 in brackets when ports follow; a table of both families says
/// which.
pub(super) fn print_target(
    text: &mut String,
    kind: NatKind,
    nat: &NatTarget,
    family: TableFamily,
    listing: Listing,
) {
    text.push_str(word(kind));
    if let Some(to) = nat.to {
        text.push_str(match (family, to.start) {
            (TableFamily::Ip | TableFamily::Ip6, _) => "",
            (_, IpAddr::V4(_)) => " ip",
            (_, IpAddr::V6(_)) => " ip6",
        });
    }
    if nat.to.is_some() || nat.ports.is_some() {
        text.push_str(" to ");
    }
    if let Some(to) = nat.to {
        print_addresses(text, to, nat.ports.is_some(), listing);
    }
    print_ports(text, nat.ports);
    print_flags(text, nat.flags);
}

/// Appends `masquerade to :lo-hi` or `redirect to :lo-hi`.
pub(super) fn print_ports_only(
    text: &mut String,
    kind: NatKind,
    ports: Option<PortRange>,
    flags: NatFlags,
) {
    text.push_str(word(kind));
    if ports.is_some() {
        text.push_str(" to ");
    }
    print_ports(text, ports);
    print_flags(text, flags);
}

/// A range that is a prefix is listed as one, which with ports is no text that loads again.
fn print_addresses(text: &mut String, to: NatAddress, ports: bool, listing: Listing) {
    let whole = prefix(to).filter(|_| to.start != to.end && listing != Listing::Loadable);
    let brackets = ports && to.start.is_ipv6();
    let (open, close) = if brackets { ("[", "]") } else { ("", "") };
    // Writing into a String cannot fail.
    let _ = match whole {
        Some(net) => write!(text, "{net}"),
        None if to.start == to.end => write!(text, "{open}{}{close}", to.start),
        None => write!(text, "{open}{}{close}-{open}{}{close}", to.start, to.end),
    };
}

/// The prefix that is all of these addresses.
fn prefix(to: NatAddress) -> Option<IpNet> {
    let (first, last, bits) = match (to.start, to.end) {
        (IpAddr::V4(start), IpAddr::V4(end)) => (start.to_bits().into(), end.to_bits().into(), 32),
        (IpAddr::V6(start), IpAddr::V6(end)) => (start.to_bits(), end.to_bits(), 128),
        (_, _) => return None,
    };
    let (first, last): (u128, u128) = (first, last);
    let free = 128 - (first ^ last).leading_zeros();
    let length = u8::try_from(bits - free).ok()?;
    let net = IpNet::new(to.start, length).ok()?;
    (net.network() == to.start && net.broadcast() == to.end).then_some(net)
}

fn print_ports(text: &mut String, ports: Option<PortRange>) {
    if let Some(ports) = ports {
        // Writing into a String cannot fail.
        let _ = write!(text, ":{ports}");
    }
}

fn print_flags(text: &mut String, flags: NatFlags) {
    let words = [
        (flags.random, "random"),
        (flags.fully_random, "fully-random"),
        (flags.persistent, "persistent"),
    ];
    let mut before = ' ';
    for (_, word) in words.into_iter().filter(|(set, _)| *set) {
        text.push(before);
        text.push_str(word);
        before = ',';
    }
}

/// Appends a translation in nft's own terms.
pub(super) fn print_translate(text: &mut String, nat: &Translate, listing: Listing) {
    text.push_str(word(nat.kind));
    text.push_str(match nat.family {
        Some(Family::Ipv4) => " ip",
        Some(Family::Ipv6) => " ip6",
        None => "",
    });
    if let Some(gives) = &nat.gives {
        text.push(' ');
        text.push_str(gives);
    }
    if nat.to.is_some() || nat.ports.is_some() {
        text.push_str(" to ");
    }
    if let Some(to) = &nat.to {
        match addresses(to) {
            Some(range) if nat.ports.is_some() => print_addresses(text, range, true, listing),
            Some(_) | None => expression::print(text, to, Kinds::One(INTEGER), listing),
        }
    }
    if let Some(ports) = &nat.ports {
        text.push(':');
        expression::print(text, ports, Kinds::One(INTEGER), listing);
    }
    print_flags(text, nat.flags);
}
