//! Addresses beyond prefixes: `iprange`, `addrtype`.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::not;
use crate::backend::iptables::option::{Extension, Given, Matches, Opt, has};
use crate::backend::iptables::value::{self, Address};
use crate::firewall::{AddressRange, AddressSide, AddressTypes, DeviceSide, Match};

pub(super) static IPRANGE: Extension = Extension::of_match(
    "iprange",
    &[Opt::value("--src-range"), Opt::value("--dst-range")],
    read_range,
);

pub(super) static ADDRTYPE: Extension = Extension::of_match(
    "addrtype",
    &[
        Opt::value("--src-type"),
        Opt::value("--dst-type"),
        Opt::flag("--limit-iface-in"),
        Opt::flag("--limit-iface-out"),
    ],
    read_types,
);

fn read_range(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    for each in given {
        let (start, end) = value::addresses(&each.text(), matches.family)?;
        let range = AddressRange {
            side: side(each),
            start,
            end,
            negated: each.negated,
        };
        matches.all.push(Match::AddressRange(Box::new(range)));
    }
    match given {
        [] => Err("iprange asks nothing".to_owned()),
        [..] => Ok(()),
    }
}

fn read_types(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let device = match (
        has(given, "--limit-iface-in"),
        has(given, "--limit-iface-out"),
    ) {
        (true, true) => return Err("only one device can be meant".to_owned()),
        (true, false) => Some(DeviceSide::In),
        (false, true) => Some(DeviceSide::Out),
        (false, false) => None,
    };
    let asked = given.iter().filter(|each| each.name().ends_with("-type"));
    let before = matches.all.len();
    for each in asked {
        matches.all.push(Match::AddressType {
            side: side(each),
            types: types(&each.text())?,
            device,
            negated: each.negated,
        });
    }
    match matches.all.len() > before {
        true => Ok(()),
        false => Err("addrtype asks nothing".to_owned()),
    }
}

fn side(each: &Given<'_>) -> AddressSide {
    match each.name().starts_with("--src") {
        true => AddressSide::Source,
        false => AddressSide::Destination,
    }
}

fn types(text: &str) -> Result<AddressTypes, String> {
    let mut types = AddressTypes::default();
    for word in text.split(',') {
        let known = AddressTypes::NAMES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(word));
        let (found, _) = known.ok_or_else(|| format!("there is no kind of address '{word}'"))?;
        types.0 |= found.0;
    }
    Ok(types)
}

pub(super) fn print_range(text: &mut String, range: &AddressRange) {
    let option = match range.side {
        AddressSide::Source => "--src-range",
        AddressSide::Destination => "--dst-range",
    };
    let (start, end) = (Address(range.start), Address(range.end));
    // Writing into a String cannot fail.
    let _ = write!(text, "{} {option} {start}-{end}", not(range.negated));
}

pub(super) fn print_types(
    text: &mut String,
    side: AddressSide,
    types: AddressTypes,
    negated: bool,
) {
    let option = match side {
        AddressSide::Source => " --src-type",
        AddressSide::Destination => " --dst-type",
    };
    text.extend([not(negated), option]);
    let mut before = " ";
    let set = AddressTypes::NAMES
        .iter()
        .filter(|(one, _)| types.contains(*one));
    for (_, name) in set {
        text.extend([before, name]);
        before = ",";
    }
}

/// The device that the kinds before it are asked for.
pub(super) fn print_device(text: &mut String, device: Option<DeviceSide>) {
    text.push_str(match device {
        Some(DeviceSide::In) => " --limit-iface-in",
        Some(DeviceSide::Out) => " --limit-iface-out",
        None => "",
    });
}

/// `a-b:lo-hi` in a NAT target: IPv6 in brackets when ports follow (`print_range6` of `libxt_NAT`).
pub(super) fn push_nat_addresses(text: &mut String, start: IpAddr, end: IpAddr, brackets: bool) {
    let (open, close) = if brackets { ("[", "]") } else { ("", "") };
    // Writing into a String cannot fail.
    let _ = write!(text, "{open}{}", Address(start));
    if end != start {
        let _ = write!(text, "-{}", Address(end));
    }
    text.push_str(close);
}
