//! Reading `<lan:uplink>`.

use std::net::IpAddr;

use ipnet::IpNet;

use super::strict::{self, Strict};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Addressing, AddressingError, Uplink};
use crate::source::Span;
use crate::xml::element::{Attribute, Element};

/// Reads the uplink; `None` if something was wrong.
pub fn read(element: &Element, sink: &mut Sink) -> Option<Uplink> {
    let mut fields = Strict::new(element);
    let dev = fields.required("dev", sink);
    let addressing = fields.required("addressing", sink);
    let good = fields.finish(&["ip", "dns"], sink);
    let dev = dev.and_then(|dev| strict::device(dev, sink));
    let addressing = read_addressing(element, addressing?, sink);
    let uplink = Uplink {
        dev: dev?,
        addressing: addressing?,
    };
    good.then_some(uplink)
}

fn read_addressing(
    element: &Element,
    addressing: &Attribute,
    sink: &mut Sink,
) -> Option<Addressing> {
    let addressing = match addressing.value.as_str() {
        "static" => return read_static(element, addressing, sink),
        "dhcp" => Addressing::Dhcp,
        "none" => Addressing::None,
        other => {
            let message = format!("addressing is 'dhcp', 'static' or 'none', not '{other}'");
            let code = Code::UplinkAddressingUnknown;
            let problem = Diagnostic::new(code, addressing.span, message);
            sink.report(problem.help("write addressing='dhcp', 'static' or 'none'"));
            return None;
        }
    };
    let word = &element.attributes;
    let mut good = true;
    let extra = strict::children(element, "ip").chain(strict::children(element, "dns"));
    for child in extra {
        let message = format!("<{}> only goes with static addressing", child.name);
        let mut problem = Diagnostic::new(Code::UplinkIpWithoutStatic, child.name_span, message);
        if let Some(attribute) = word.iter().find(|each| each.name == "addressing") {
            problem = problem.also(attribute.span, "the addressing");
        }
        sink.report(problem.help("write addressing='static', or remove the element"));
        good = false;
    }
    good.then_some(addressing)
}

/// An address and where it was written.
type Written<T> = (T, Span);

fn read_static(element: &Element, addressing: &Attribute, sink: &mut Sink) -> Option<Addressing> {
    let mut addresses: Vec<Written<IpNet>> = Vec::new();
    let mut gateways: Vec<Written<IpAddr>> = Vec::new();
    let mut dns: Vec<Written<IpAddr>> = Vec::new();
    let mut good = true;
    for child in strict::children(element, "ip") {
        match read_ip(child, sink) {
            Some((address, gateway)) => {
                addresses.push(address);
                gateways.extend(gateway);
            }
            None => good = false,
        }
    }
    for child in strict::children(element, "dns") {
        let mut fields = Strict::new(child);
        let address = fields.required("address", sink);
        good &= fields.finish(&[], sink);
        let code = Code::UplinkAddressMalformed;
        match address.and_then(|each| Some((strict::address(each, code, sink)?, each.span))) {
            Some(server) => dns.push(server),
            None => good = false,
        }
    }
    if !good {
        return None;
    }
    let values = |written: &[Written<IpAddr>]| written.iter().map(|each| each.0).collect();
    let nets = addresses.iter().map(|each| each.0).collect();
    let error = match Addressing::fixed(nets, values(&gateways), values(&dns)) {
        Ok(addressing) => return Some(addressing),
        Err(error) => error,
    };
    let address_of = |wanted: IpAddr| {
        let mut found = addresses.iter().filter(|(net, _)| net.addr() == wanted);
        found.next_back().map(|each| each.1)
    };
    let place = |written: &[Written<IpAddr>], wanted: IpAddr| {
        let mut found = written.iter().filter(|(address, _)| *address == wanted);
        found.next_back().map(|each| each.1)
    };
    let (span, help) = match error {
        AddressingError::NoAddress => (None, "add <lan:ip address='…' prefix='…'/>"),
        AddressingError::Address(at) => (address_of(at), "write the host's address on this wire"),
        AddressingError::AddressTwice(at) => (address_of(at), "remove one of the two"),
        AddressingError::GatewayOutside(at)
        | AddressingError::GatewayIsHost(at)
        | AddressingError::GatewayTwice(at) => {
            let help = "name one router a family, inside the subnet of an address";
            (place(&gateways, at), help)
        }
        AddressingError::NameServer(at) => (place(&dns, at), "write a name server's address"),
    };
    let code = match error {
        AddressingError::NoAddress => Code::UplinkStaticWithoutIp,
        AddressingError::Address(_)
        | AddressingError::AddressTwice(_)
        | AddressingError::GatewayOutside(_)
        | AddressingError::GatewayIsHost(_)
        | AddressingError::GatewayTwice(_)
        | AddressingError::NameServer(_) => Code::UplinkAddressMalformed,
    };
    let span = span.unwrap_or(addressing.span);
    sink.report(Diagnostic::new(code, span, error.to_string()).help(help));
    None
}

/// One `<lan:ip>`: its address, and its gateway if it has one.
fn read_ip(
    element: &Element,
    sink: &mut Sink,
) -> Option<(Written<IpNet>, Option<Written<IpAddr>>)> {
    let code = Code::UplinkAddressMalformed;
    let mut fields = Strict::new(element);
    let address = fields.required("address", sink);
    let prefix = fields.required("prefix", sink);
    let gateway = fields.attribute("gateway");
    let good = fields.finish(&[], sink);
    let gateway = gateway.map(|each| (strict::address(each, code, sink), each.span));
    let address_span = address?.span;
    let address = strict::address(address?, code, sink)?;
    let prefix = prefix?;
    let length = prefix.value.parse::<u8>().ok();
    let Some(net) = length.and_then(|length| IpNet::new(address, length).ok()) else {
        let most = if address.is_ipv4() { 32 } else { 128 };
        let message = format!(
            "prefix is a number from 0 to {most}, not '{}'",
            prefix.value
        );
        let problem = Diagnostic::new(code, prefix.span, message);
        sink.report(problem.help("write how many bits of the address name the network"));
        return None;
    };
    let gateway = match gateway {
        None => None,
        Some((gateway, span)) => {
            let gateway = gateway?;
            if gateway.is_ipv4() != address.is_ipv4() {
                let message = format!("the gateway '{gateway}' is not of the address's family");
                let problem = Diagnostic::new(code, span, message);
                sink.report(
                    problem
                        .also(address_span, "the address")
                        .help("put it on an address of its own family"),
                );
                return None;
            }
            Some((gateway, span))
        }
    };
    good.then_some(((net, address_span), gateway))
}
