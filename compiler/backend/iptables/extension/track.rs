//! Steering connection tracking and sockets: `CT`, `NOTRACK`, `TPROXY`, `TRACE`.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use compact_str::CompactString;

use super::push_word;
use crate::backend::iptables::option::{Extension, Given, Opt, find, has, read_value, required};
use crate::backend::iptables::value::{self, Address};
use crate::firewall::{CtAssign, CtDirection, CtZone, Family, SetMark, Target, Tproxy};

pub(super) static CT: Extension = Extension::of_target(
    "CT",
    &[
        Opt::flag("--notrack"),
        Opt::value("--helper"),
        Opt::value("--timeout"),
        Opt::value("--ctevents"),
        Opt::value("--expevents"),
        Opt::value("--zone"),
        Opt::value("--zone-orig"),
        Opt::value("--zone-reply"),
    ],
    read_ct,
);

pub(super) static NOTRACK: Extension =
    Extension::of_target("NOTRACK", &[], |_, _| Ok(Target::Notrack));

pub(super) static TRACE: Extension = Extension::of_target("TRACE", &[], |_, _| Ok(Target::Trace));

pub(super) static TPROXY: Extension = Extension::of_target(
    "TPROXY",
    &[
        Opt::value("--on-port"),
        Opt::value("--on-ip"),
        Opt::value("--tproxy-mark"),
    ],
    read_tproxy,
);

/// What happens to a connection, in the order of the kernel's bits (`ct_event_tbl`).
const EVENTS: [&str; 10] = [
    "new",
    "related",
    "destroy",
    "reply",
    "assured",
    "protoinfo",
    "helper",
    "mark",
    "natseqinfo",
    "secmark",
];

fn read_ct(_: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let word = |name| {
        let text = find(given, name).map(|each| each.text());
        text.filter(|text| !text.is_empty())
            .map(CompactString::from)
    };
    Ok(Target::Ct(Box::new(CtAssign {
        notrack: has(given, "--notrack"),
        helper: word("--helper"),
        events: read_value(given, "--ctevents", events)?,
        expected_events: read_value(given, "--expevents", events)?,
        zone: zone(given)?,
        timeout: word("--timeout"),
    })))
}

/// The events in their order.
fn events(text: &str) -> Result<CompactString, String> {
    let given: Vec<&str> = text.split(',').collect();
    if let Some(unknown) = given.iter().find(|event| !EVENTS.contains(event)) {
        return Err(format!("there is no event '{unknown}'"));
    }
    let sorted: Vec<&str> = EVENTS
        .into_iter()
        .filter(|event| given.contains(event))
        .collect();
    Ok(sorted.join(",").into())
}

fn zone(given: &[Given<'_>]) -> Result<Option<CtZone>, String> {
    let mut zone = None;
    for each in given {
        let direction = match each.name() {
            "--zone" => None,
            "--zone-orig" => Some(CtDirection::Original),
            "--zone-reply" => Some(CtDirection::Reply),
            _ => continue,
        };
        let id = match &*each.text() {
            "mark" => None,
            number => Some(value::fitting(number)?),
        };
        if zone.replace(CtZone { id, direction }).is_some() {
            return Err("a packet has one zone".to_owned());
        }
    }
    // Zone 0 is where all connections are.
    Ok(zone.filter(|zone| zone.id != Some(0)))
}

fn read_tproxy(family: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let port = value::port(&required(given, "--on-port")?.text())?;
    let address = read_value(given, "--on-ip", |text| value::address(text, family))?;
    let mark = read_value(given, "--tproxy-mark", |text| value::masked(text, u32::MAX))?;
    let (value, mask) = mark.unwrap_or((0, 0));
    Ok(Target::Tproxy(Box::new(Tproxy {
        port,
        address: address.filter(|address| !address.is_unspecified()),
        mark: SetMark { value, mask },
    })))
}

pub(super) fn print_ct(text: &mut String, ct: &CtAssign) {
    if ct.notrack {
        text.push_str(" --notrack");
    }
    let words = [
        (&ct.helper, " --helper "),
        (&ct.timeout, " --timeout "),
        (&ct.events, " --ctevents "),
        (&ct.expected_events, " --expevents "),
    ];
    for (word, option) in words {
        if let Some(word) = word {
            text.push_str(option);
            push_word(text, word);
        }
    }
    if let Some(zone) = ct.zone {
        text.push_str(match zone.direction {
            None => " --zone ",
            Some(CtDirection::Original) => " --zone-orig ",
            Some(CtDirection::Reply) => " --zone-reply ",
        });
        // Writing into a String cannot fail.
        let _ = match zone.id {
            Some(id) => write!(text, "{id}"),
            None => write!(text, "mark"),
        };
    }
}

pub(super) fn print_tproxy(text: &mut String, tproxy: &Tproxy, family: Family) {
    let unspecified = match family {
        Family::Ipv4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::Ipv6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let address = Address(tproxy.address.unwrap_or(unspecified));
    let (port, mark) = (tproxy.port, tproxy.mark);
    // Writing into a String cannot fail.
    let _ = write!(
        text,
        " --on-port {port} --on-ip {address} --tproxy-mark {:#x}/{:#x}",
        mark.value, mark.mask
    );
}
