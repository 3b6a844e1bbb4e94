//! Reading `<host>` inside `<dhcp>`: addresses kept for known guests.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;

use super::{Surroundings, read_lease, usable};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::dhcp::{Duid, HostName, HostNameError, SpelledMac};
use crate::network::{DhcpHost, HostIdentity};
use crate::source::Span;
use crate::value::Mac;
use crate::xml::element::{Attribute, Element};
use crate::xml::fields::Fields;
use crate::xml::value::{address, character, settled};

/// What was given before, with its place.
#[derive(Default)]
struct Seen {
    macs: HashMap<Mac, Span>,
    names: HashMap<String, Span>,
    ips: HashMap<IpAddr, Span>,
}

/// Reads the hosts, in order; as `virNetworkDHCPHostDefParseXML`.
pub(super) fn read_all(
    elements: &[&Element],
    around: Surroundings<'_>,
    sink: &mut Sink,
) -> Vec<DhcpHost> {
    let mut seen = Seen::default();
    let hosts = elements.iter();
    hosts
        .filter_map(|element| read(element, around, &mut seen, sink))
        .collect()
}

fn read(
    element: &Element,
    around: Surroundings<'_>,
    seen: &mut Seen,
    sink: &mut Sink,
) -> Option<DhcpHost> {
    let mut fields = Fields::new(element);
    let mac = fields.attribute("mac");
    let id = fields.attribute("id");
    let name = fields.attribute("name");
    let ip = fields.attribute("ip");
    let lease = fields
        .child("lease")
        .map(|element| read_lease(element, sink));
    fields.finish(sink);

    let known_mac = mac.map(|mac| read_mac(mac, around, sink));
    let known_id = id.map(|id| read_id(id, around, sink));
    let known_name = name.map(|name| read_name(name, sink));
    if let (Some(Some(known)), Some(place)) = (&known_mac, mac) {
        let shown = known.mac.to_string();
        once(
            &mut seen.macs,
            known.mac,
            place.span,
            (Code::DhcpHostMacRepeated, "MAC"),
            &shown,
            sink,
        );
    }
    if let (Some(Some(known)), Some(place)) = (&known_name, name) {
        let (key, shown) = (known.as_str().to_ascii_lowercase(), known.as_str());
        once(
            &mut seen.names,
            key,
            place.span,
            (Code::DhcpHostNameRepeated, "name"),
            shown,
            sink,
        );
    }
    let known_ip = match ip {
        None => {
            let message = "<host> has no ip";
            let problem = Diagnostic::new(Code::DhcpHostWithoutIp, element.name_span, message);
            sink.report(problem.help(match around.subnet {
                Some(subnet) => format!("add ip='…', an address {}", usable(subnet)),
                None => "add ip='…', the address it gets".to_owned(),
            }));
            None
        }
        Some(ip) => read_ip(ip, around, seen, sink),
    };
    let identity = if around.ipv6 {
        if mac.is_some() {
            return None;
        }
        let (id, name) = (known_id, known_name);
        if id.is_none() && name.is_none() {
            return unknowable(element, around, sink);
        }
        HostIdentity::Ipv6 {
            id: settled(id)?,
            name: settled(name)?,
        }
    } else {
        let (mac, name) = (known_mac, known_name);
        if mac.is_none() && name.is_none() {
            return unknowable(element, around, sink);
        }
        HostIdentity::Ipv4 {
            mac: settled(mac)?,
            name: settled(name)?,
        }
    };
    Some(DhcpHost {
        identity,
        ip: known_ip?,
        lease: lease.flatten(),
    })
}

/// Refuses a host that nothing tells from the others.
fn unknowable<T>(element: &Element, around: Surroundings<'_>, sink: &mut Sink) -> Option<T> {
    let (code, message, help) = if around.ipv6 {
        let message = "an IPv6 <host> needs an id or a name, by which it is known";
        let help = "add id='…', the guest's DUID, or name='…'";
        (Code::DhcpHostWithoutIdOrName, message, help)
    } else {
        let message = "an IPv4 <host> needs a mac or a name, by which it is known";
        let help = "add mac='52:54:00:…' or name='…'";
        (Code::DhcpHostWithoutMacOrName, message, help)
    };
    sink.report(Diagnostic::new(code, element.name_span, message).help(help));
    None
}

/// Warns if the same was given before.
fn once<K: Eq + Hash>(
    seen: &mut HashMap<K, Span>,
    key: K,
    span: Span,
    (code, what): (Code, &str),
    shown: &str,
    sink: &mut Sink,
) {
    match seen.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(span);
        }
        Entry::Occupied(first) => {
            let message = format!("the {what} '{shown}' belongs to another host already");
            sink.report(
                Diagnostic::new(code, span, message)
                    .also(*first.get(), "the first one")
                    .help(format!("give each host its own {what}")),
            );
        }
    }
}

fn read_mac(mac: &Attribute, around: Surroundings<'_>, sink: &mut Sink) -> Option<SpelledMac> {
    let mut refuse = |code, message: String, help: &str| {
        sink.report(Diagnostic::new(code, mac.span, message).help(help));
        None
    };
    if around.ipv6 {
        let message = "an IPv6 host is known by its id or name, not by a MAC address".to_owned();
        return refuse(
            Code::DhcpHostMacOnIpv6,
            message,
            "write id='…' with the guest's DUID",
        );
    }
    let text = &mac.value;
    match text.parse::<SpelledMac>() {
        Ok(known) if known.mac.is_multicast() => {
            let message = format!("'{text}' is a multicast address, no guest has it");
            let help = "write a MAC whose first byte is even, such as 52:54:00:…";
            refuse(Code::DhcpHostMacMulticast, message, help)
        }
        Ok(known) => Some(known),
        Err(error) => {
            let message = format!("'{text}' is no MAC address: {error}");
            refuse(
                Code::DhcpHostMacMalformed,
                message,
                "write it like 52:54:00:12:34:56",
            )
        }
    }
}

fn read_id(id: &Attribute, around: Surroundings<'_>, sink: &mut Sink) -> Option<Duid> {
    let known = id.value.parse::<Duid>();
    if let Err(error) = known {
        let message = format!("'{}' is no client identifier: {error}", id.value);
        let problem = Diagnostic::new(Code::DhcpHostIdCharacter, id.span, message);
        sink.report(problem.help("write bytes in hexadecimal with ':' between"));
    } else if !around.ipv6 {
        let message = "an id has no effect on IPv4";
        let problem = Diagnostic::new(Code::DhcpHostIdIgnored, id.span, message);
        sink.report(problem.help("remove it; mac or name says which guest it is"));
    }
    known.ok()
}

fn read_name(name: &Attribute, sink: &mut Sink) -> Option<HostName> {
    let shown = name.value.escape_debug();
    match name.value.parse::<HostName>() {
        Ok(known) => {
            if let Some(reason) = doubtful(known.as_str()) {
                let message = format!("'{shown}' is no good host name: {reason}");
                let problem = Diagnostic::new(Code::DhcpHostNameInvalid, name.span, message);
                sink.report(problem.help("use letters, digits and '-', 63 at most"));
            }
            Some(known)
        }
        Err(error) => {
            let code = match error {
                HostNameError::Start => Code::DhcpHostNameStart,
                HostNameError::Separator(c) => {
                    character(c, Code::LineBreakInValue, Code::DhcpHostNameSeparator)
                }
            };
            let message = format!("'{shown}' is no host name: {error}");
            let problem = Diagnostic::new(code, name.span, message);
            sink.report(problem.help("use letters, digits and '-' only"));
            None
        }
    }
}

/// Why the name would not be served, if so.
fn doubtful(name: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let digits = name.trim_end_matches(['s', 'm', 'h', 'd', 'w']);
    if !name.chars().all(plain) {
        Some("it holds other characters than letters, digits, '-', '_' and '.'")
    } else if name.split('.').any(|label| label.len() > 63) {
        Some("one of its labels is longer than 63 bytes")
    } else if matches!(name, "ignore" | "infinite") {
        Some("dnsmasq has another use for the word")
    } else if name.len() - digits.len() <= 1 && digits.bytes().all(|b| b.is_ascii_digit()) {
        Some("dnsmasq reads it as a lease time")
    } else if name.parse::<IpAddr>().is_ok() {
        Some("dnsmasq reads it as an address")
    } else {
        None
    }
}

fn read_ip(
    ip: &Attribute,
    around: Surroundings<'_>,
    seen: &mut Seen,
    sink: &mut Sink,
) -> Option<IpAddr> {
    let known = address(ip, Code::DhcpHostIpMalformed, sink)?;
    let what = (Code::DhcpHostIpRepeated, "address");
    once(
        &mut seen.ips,
        known,
        ip.span,
        what,
        &known.to_string(),
        sink,
    );
    let mut warn = |code, message: String, help: String| {
        sink.report(
            Diagnostic::new(code, ip.span, message)
                .also(around.span, "the bridge's address")
                .help(help),
        );
    };
    if known.is_ipv6() != around.ipv6 {
        let family = if around.ipv6 { "IPv6" } else { "IPv4" };
        let message = format!("{known} is no {family} address, as its subnet's are");
        let help = format!("write an {family} address, or move the host to the other subnet");
        warn(Code::DhcpHostOtherFamily, message, help);
    } else if let Some(subnet) = around.subnet {
        if subnet.address() == known {
            let message = format!("{known} is the bridge's own address");
            let help = format!("choose another address {}", usable(subnet));
            warn(Code::DhcpHostIsGateway, message, help);
        } else if !subnet.network().contains(&known) {
            let message = format!("{known} lies outside of the subnet {}", subnet.network());
            let help = format!("choose an address {}", usable(subnet));
            warn(Code::DhcpHostOutsideSubnet, message, help);
        }
    }
    Some(known)
}
