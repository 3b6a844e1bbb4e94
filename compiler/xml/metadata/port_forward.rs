//! Reading `<lan:forward>`.
//!
//! What depends on the network's addresses is checked by [`check`], once they are known.

use std::net::IpAddr;

use ipnet::IpNet;

use super::strict::{self, Strict};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Forward, ForwardProtocol, Kind, PortForward};
use crate::source::Span;
use crate::value::PortRange;
use crate::xml::element::{Attribute, Element};
use crate::xml::value::settled;

/// Where the parts of a port forward were written.
#[derive(Clone, Copy, Debug)]
pub struct ForwardPlaces {
    /// The element's name.
    pub element: Span,
    /// The value of `port`.
    pub port: Span,
    /// The value of `to`.
    pub to: Span,
}

/// Reads one forward; `None` if something was wrong.
pub fn read(element: &Element, sink: &mut Sink) -> Option<(PortForward, ForwardPlaces)> {
    let code = Code::PortForwardAddressMalformed;
    let mut fields = Strict::new(element);
    let protocol = fields.required("protocol", sink);
    let port = fields.required("port", sink);
    let to = fields.required("to", sink);
    let to_port = fields.attribute("to-port");
    let address = fields.attribute("address");
    let dev = fields.attribute("dev");
    let source = fields.attribute("source");
    let good = fields.finish(&[], sink);
    let protocol = protocol.map(|each| read_protocol(each, sink));
    let ports = port.map(|each| ports(each, sink));
    let target = to.map(|each| strict::address(each, code, sink));
    let to_ports = to_port.map(|each| (self::ports(each, sink), each));
    let limit = address.map(|each| (strict::address(each, code, sink), each));
    let dev = dev.map(|each| strict::device(each, sink));
    let net = source.map(|each| (read_source(each, sink), each));
    let (to, target) = (to?, target??);
    let mut same_family = is_guest(target, to, sink);
    if let Some((Some(address), attribute)) = limit {
        same_family &= one_family(address, attribute, target, to, sink);
    }
    if let Some((Some(net), attribute)) = net {
        same_family &= one_family(net.addr(), attribute, target, to, sink);
    }
    let (ports, port) = (ports??, port?);
    let to_port =
        to_ports.map(|(first, attribute)| first_port(ports, first?, attribute, port, sink));
    let forward = PortForward {
        protocol: protocol??,
        ports,
        to: target,
        to_port: settled(to_port)?,
        address: settled(limit.map(|each| each.0))?,
        dev: settled(dev)?,
        source: settled(net.map(|each| each.0))?,
    };
    let places = ForwardPlaces {
        element: element.name_span,
        port: port.span,
        to: to.span,
    };
    (good && same_family).then_some((forward, places))
}

fn read_protocol(attribute: &Attribute, sink: &mut Sink) -> Option<ForwardProtocol> {
    match attribute.value.as_str() {
        "tcp" => Some(ForwardProtocol::Tcp),
        "udp" => Some(ForwardProtocol::Udp),
        other => {
            let message = format!("a port is forwarded for 'tcp' or 'udp', not for '{other}'");
            let code = Code::PortForwardProtocolUnknown;
            let problem = Diagnostic::new(code, attribute.span, message);
            sink.report(problem.help("write protocol='tcp' or protocol='udp'"));
            None
        }
    }
}

fn ports(attribute: &Attribute, sink: &mut Sink) -> Option<PortRange> {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    let value = attribute.value.as_str();
    let range = match value.split_once('-') {
        None => port(value).and_then(|port| PortRange::new(port, port)),
        Some((start, end)) => port(start).and_then(|start| PortRange::new(start, port(end)?)),
    };
    if range.is_none() {
        let name = &attribute.name;
        let message = format!("{name} is a port from 1 to 65535 or a range of them, not '{value}'");
        let problem = Diagnostic::new(Code::PortForwardPortInvalid, attribute.span, message);
        sink.report(problem.help("write '8080' or '8000-8010'"));
    }
    range
}

/// The first port on the guest, if there are as many there as on the host.
fn first_port(
    ports: PortRange,
    to_ports: PortRange,
    attribute: &Attribute,
    port: &Attribute,
    sink: &mut Sink,
) -> Option<u16> {
    let distance = |range: PortRange| range.end() - range.start();
    let first = to_ports.start();
    let fits = first.checked_add(distance(ports)).is_some();
    if fits && (distance(to_ports) == 0 || distance(to_ports) == distance(ports)) {
        return Some(first);
    }
    let message = format!(
        "the {} ports '{ports}' do not go onto '{to_ports}'",
        u32::from(distance(ports)) + 1
    );
    let problem = Diagnostic::new(Code::PortForwardRangeMismatch, attribute.span, message);
    sink.report(
        problem
            .also(port.span, "the ports of the host")
            .help("write the first port on the guest, with as many above it"),
    );
    None
}

fn read_source(attribute: &Attribute, sink: &mut Sink) -> Option<IpNet> {
    let value = attribute.value.as_str();
    let net = value.parse::<IpNet>().ok();
    let net = net.or_else(|| value.parse::<IpAddr>().ok().map(IpNet::from));
    if net.is_none() {
        let message = format!("source is an IP address or a subnet, not '{value}'");
        let code = Code::PortForwardAddressMalformed;
        let problem = Diagnostic::new(code, attribute.span, message);
        sink.report(problem.help("write '198.51.100.7' or '198.51.100.0/24'"));
    }
    net.map(|net| net.trunc())
}

fn is_guest(target: IpAddr, to: &Attribute, sink: &mut Sink) -> bool {
    let good = !(target.is_unspecified() || target.is_multicast() || target.is_loopback());
    if !good {
        let message = format!("'{target}' is the address of no guest");
        let problem = Diagnostic::new(Code::PortForwardAddressMalformed, to.span, message);
        sink.report(problem.help("write the guest's address in this network"));
    }
    good
}

fn one_family(
    address: IpAddr,
    attribute: &Attribute,
    target: IpAddr,
    to: &Attribute,
    sink: &mut Sink,
) -> bool {
    let good = address.is_ipv4() == target.is_ipv4();
    if !good {
        let (name, value) = (&attribute.name, &attribute.value);
        let message = format!("{name} '{value}' is not of the family of '{target}'");
        let code = Code::PortForwardAddressMalformed;
        let problem = Diagnostic::new(code, attribute.span, message);
        sink.report(
            problem
                .also(to.span, "the guest")
                .help("write addresses of one family"),
        );
    }
    good
}

/// Refuses forwards that an earlier one of the same network leaves nothing to.
pub fn check_hidden(forwards: &[(PortForward, ForwardPlaces)], sink: &mut Sink) {
    for (at, (later, places)) in forwards.iter().enumerate() {
        let Some((_, first)) = forwards[..at]
            .iter()
            .find(|(earlier, _)| earlier.hides(later))
        else {
            continue;
        };
        let (protocol, ports) = (later.protocol.word(), later.ports);
        let message = format!("{protocol} port '{ports}' is forwarded elsewhere already");
        let problem = Diagnostic::new(Code::PortForwardTaken, places.port, message);
        sink.report(
            problem
                .also(first.port, "the first forward")
                .help("take another port, or limit the first one by address, dev or source"),
        );
    }
}

/// Refuses forwards that the network cannot have, or to what is no guest of it.
pub fn check(forwards: &[PortForward], places: &[ForwardPlaces], kind: &Kind, sink: &mut Sink) {
    let virtual_network = match kind {
        Kind::Virtual(network) => match network.forward {
            Forward::Nat(_) | Forward::Route(_) => Some(network),
            Forward::Isolated | Forward::Open => None,
        },
        Kind::HostBridge(_) | Kind::Macvtap(_) | Kind::Hostdev(_) => None,
    };
    for (forward, places) in forwards.iter().zip(places) {
        let Some(network) = virtual_network else {
            let message = "a port is forwarded in the modes nat and route only";
            let code = Code::PortForwardOutsideNatMode;
            let problem = Diagnostic::new(code, places.element, message);
            sink.report(problem.help("remove it, or change the forward mode"));
            continue;
        };
        let mut subnets = network.subnets.iter();
        let to = forward.to;
        let problem = match subnets.find(|subnet| subnet.network().contains(&to)) {
            None => {
                let message = format!("'{to}' lies in no subnet of this network");
                Diagnostic::new(Code::PortForwardTargetOutsideSubnet, places.to, message)
                    .help("write the guest's address in this network")
            }
            Some(subnet) if subnet.address() == to => {
                let message = format!("'{to}' is the host itself, not a guest");
                Diagnostic::new(Code::PortForwardTargetIsBridge, places.to, message)
                    .help("write the guest's address")
            }
            Some(_) => continue,
        };
        sink.report(problem);
    }
}
