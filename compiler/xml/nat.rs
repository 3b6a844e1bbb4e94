//! Reading `<nat>` inside `<forward>`.

use std::net::{IpAddr, Ipv4Addr};

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Nat, NatAddresses};
use crate::value::PortRange;

/// Reads the element (`virNetworkForwardNatDefParseXML`); the device is not known yet.
pub fn read(element: &Element, sink: &mut Sink) -> Nat {
    let mut fields = Fields::new(element);
    let ipv6 = fields.attribute("ipv6");
    let addresses: Vec<&Element> = fields.children("address").collect();
    let ports: Vec<&Element> = fields.children("port").collect();
    fields.finish(sink);
    refuse_repeated(&addresses, sink);
    refuse_repeated(&ports, sink);
    Nat {
        dev: None,
        ipv6: ipv6.and_then(|ipv6| value::yes_no(ipv6, sink)) == Some(true),
        addresses: addresses
            .first()
            .and_then(|each| read_addresses(each, sink)),
        ports: ports.first().and_then(|each| read_ports(each, sink)),
    }
}

fn refuse_repeated(elements: &[&Element], sink: &mut Sink) {
    let Some((first, further)) = elements.split_first() else {
        return;
    };
    for each in further {
        let message = format!("<nat> has more than one <{}>", each.name);
        let problem = Diagnostic::new(Code::NatChildRepeated, each.name_span, message);
        sink.report(
            problem
                .also(first.name_span, "the first one")
                .help("merge them into one range"),
        );
    }
}

fn read_addresses(element: &Element, sink: &mut Sink) -> Option<NatAddresses> {
    let mut fields = Fields::new(element);
    let (start, end) = (fields.attribute("start"), fields.attribute("end"));
    fields.finish(sink);
    if let Some(missing) = missing(start, end) {
        let message = format!("<address> in <nat> has {missing}");
        let problem = Diagnostic::new(Code::NatAddressIncomplete, element.name_span, message);
        sink.report(problem.help("give both 'start' and 'end'; they may be equal"));
    }
    let first = start.and_then(|start| ipv4(start, sink));
    let last = end.and_then(|end| ipv4(end, sink));
    let ((first, start), (last, end)) = (first.zip(start)?, last.zip(end)?);
    let range = NatAddresses::new(first, last);
    if range.is_none() {
        let (code, message, help) = if last < first {
            let message = format!("the NAT range ends at '{last}', before it starts at '{first}'");
            (Code::NatAddressReversed, message, "exchange start and end")
        } else {
            let message = format!(
                "the NAT range from '{first}' to '{last}' is too large: only the last 16 bits may \
                 differ"
            );
            (
                Code::NatAddressRangeTooLarge,
                message,
                "keep the first two bytes of both the same",
            )
        };
        sink.report(
            Diagnostic::new(code, end.span, message)
                .also(start.span, "the range starts here")
                .help(help),
        );
    }
    range
}

/// Which end of a range is not there, in words.
fn missing(start: Option<&Attribute>, end: Option<&Attribute>) -> Option<&'static str> {
    match (start, end) {
        (None, None) => Some("neither 'start' nor 'end'"),
        (None, Some(_)) => Some("no 'start'"),
        (Some(_), None) => Some("no 'end'"),
        (Some(_), Some(_)) => None,
    }
}

fn ipv4(attribute: &Attribute, sink: &mut Sink) -> Option<Ipv4Addr> {
    match value::ip(&attribute.value) {
        Some(IpAddr::V4(address)) => Some(address),
        Some(IpAddr::V6(_)) | None => {
            let message = format!("'{}' is no IPv4 address", attribute.value);
            let problem = Diagnostic::new(Code::NatAddressNotIpv4, attribute.span, message);
            sink.report(problem.help("write an IPv4 address; IPv6 is only ever masqueraded"));
            None
        }
    }
}

fn read_ports(element: &Element, sink: &mut Sink) -> Option<PortRange> {
    let mut fields = Fields::new(element);
    let (start, end) = (fields.filled("start"), fields.filled("end"));
    fields.finish(sink);
    if let Some(missing) = missing(start, end) {
        let message = format!("<port> in <nat> has {missing}");
        let problem = Diagnostic::new(Code::NatPortInvalid, element.name_span, message);
        sink.report(problem.help("give both 'start' and 'end', from 1 to 65535"));
    }
    let first = start.and_then(|start| port(start, sink));
    let last = end.and_then(|end| port(end, sink));
    let ((first, start), (last, end)) = (first.zip(start)?, last.zip(end)?);
    let (code, message, help) = match (first, last) {
        (0, 0) => return None,
        _ if last < first => {
            let message = format!("the port range ends at '{last}', before it starts at '{first}'");
            (Code::NatPortReversed, message, "exchange start and end")
        }
        _ if last == first => {
            let message = format!("the port range '{first}' to '{last}' is a single port");
            let help = "choose at least two ports, or remove the element for 1024 to 65535";
            (Code::NatPortSingle, message, help)
        }
        _ => return PortRange::new(first, last),
    };
    sink.report(
        Diagnostic::new(code, end.span, message)
            .also(start.span, "the range starts here")
            .help(help),
    );
    None
}

fn port(attribute: &Attribute, sink: &mut Sink) -> Option<u16> {
    let number = value::number::<u32>(&attribute.value).and_then(|n| u16::try_from(n).ok());
    if number.is_none() {
        let message = format!("'{}' is no port number", attribute.value);
        let problem = Diagnostic::new(Code::NatPortInvalid, attribute.span, message);
        sink.report(problem.help("write a number from 1 to 65535"));
    }
    number
}
