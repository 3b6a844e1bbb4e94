//! Reading `<route>`.
//!
//! A route is checked against the network's own subnets, since its gateway is a guest in one.
//! Whether the host has such a route already is not known here.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::{address, ip, number, settled};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Route, Subnet};
use crate::source::{Span, Spanned};

/// Reads every `<route>`, in order; the span is that of its address.
pub fn read_all<'a>(
    elements: impl Iterator<Item = &'a Element>,
    subnets: &[Spanned<Subnet>],
    sink: &mut Sink,
) -> Vec<Spanned<Route>> {
    let mut routes = Vec::new();
    let mut seen: HashMap<(IpNet, IpAddr, u32), Span> = HashMap::new();
    for element in elements {
        let Some(route) = read(element, subnets, sink) else {
            continue;
        };
        let Route {
            destination,
            gateway,
            ..
        } = route.value;
        let key = (destination, gateway, route.value.effective_metric());
        match seen.get(&key) {
            None => {
                seen.insert(key, route.span);
            }
            Some(first) => {
                let message = format!("the route to {destination} is given twice");
                sink.report(
                    Diagnostic::new(Code::RouteRepeated, route.span, message)
                        .also(*first, "the first one")
                        .help("remove one of them"),
                );
            }
        }
        routes.push(route);
    }
    routes
}

/// As `virNetDevIPRouteCreate`, but every complaint at once.
fn read(element: &Element, subnets: &[Spanned<Subnet>], sink: &mut Sink) -> Option<Spanned<Route>> {
    let mut fields = Fields::new(element);
    let family = fields.attribute("family");
    let destination = fields.attribute("address");
    let netmask = fields.attribute("netmask");
    let prefix = fields.attribute("prefix");
    let gateway = fields.attribute("gateway");
    let metric = fields.attribute("metric");
    fields.finish(sink);

    let ipv6 = read_family(family, sink);
    let metric = metric.map(|metric| read_metric(metric, sink));
    let to = given(
        element,
        destination,
        Code::RouteWithoutAddress,
        ("address", "the subnet behind the gateway"),
        sink,
    );
    let to = to.and_then(|attribute| {
        let ip = address(attribute, Code::RouteAddressMalformed, sink)?;
        of_family(attribute, ip, ipv6, Code::RouteAddressOtherFamily, sink)
    });
    let both_other = match (destination, gateway, ipv6) {
        (Some(to), Some(via), Some(ipv6)) => {
            let is_other =
                |each: &Attribute| ip(&each.value).is_some_and(|ip| ip.is_ipv6() != ipv6);
            is_other(to) && is_other(via)
        }
        _ => false,
    };
    let via = given(
        element,
        gateway,
        Code::RouteWithoutGateway,
        ("gateway", "the guest through whom packets go"),
        sink,
    );
    let via = via.and_then(|attribute| {
        let ip = address(attribute, Code::RouteAddressMalformed, sink)?;
        if both_other {
            // The family is to blame, and the address has said so.
            return None;
        }
        let ip = of_family(attribute, ip, ipv6, Code::RouteGatewayOtherFamily, sink)?;
        reachable(attribute, ip, subnets, sink).then_some(ip)
    });
    // Where address and family disagree that has been said, and the address knows its length.
    let written = destination.and_then(|to| ip(&to.value));
    let length = read_length(
        written.map_or(ipv6?, |ip| ip.is_ipv6()),
        netmask,
        prefix,
        sink,
    );
    let to = read_destination(destination?, to?, length?, netmask.or(prefix), sink);
    Some(Spanned::new(
        Route {
            destination: to?,
            gateway: via?,
            metric: settled(metric)?,
        },
        destination?.span,
    ))
}

/// Whether it is an IPv6 route; `None` if that cannot be told.
fn read_family(family: Option<&Attribute>, sink: &mut Sink) -> Option<bool> {
    match family.map(|family| (family, family.value.as_str())) {
        None | Some((_, "ipv4")) => Some(false),
        Some((_, "ipv6")) => Some(true),
        Some((family, other)) => {
            let message = format!("a route's family is 'ipv4' or 'ipv6', not '{other}'");
            let problem = Diagnostic::new(Code::RouteFamilyUnknown, family.span, message);
            sink.report(problem.help("write family='ipv4' or family='ipv6'"));
            None
        }
    }
}

fn read_metric(metric: &Attribute, sink: &mut Sink) -> Option<u32> {
    let number = number::<u32>(&metric.value).filter(|number| *number > 0);
    if number.is_none() {
        let message = format!(
            "a metric is a whole number from 1 on, not '{}'",
            metric.value
        );
        let problem = Diagnostic::new(Code::RouteMetricInvalid, metric.span, message);
        sink.report(problem.help("write a number from 1 to 4294967295, or remove it for 1"));
    }
    number
}

fn given<'a>(
    element: &Element,
    attribute: Option<&'a Attribute>,
    code: Code,
    what: (&str, &str),
    sink: &mut Sink,
) -> Option<&'a Attribute> {
    if attribute.is_none() {
        let (name, meaning) = what;
        let problem = Diagnostic::new(code, element.name_span, format!("<route> has no {name}"));
        sink.report(problem.help(format!("add {name}='…', {meaning}")));
    }
    attribute
}

fn of_family(
    attribute: &Attribute,
    ip: IpAddr,
    ipv6: Option<bool>,
    code: Code,
    sink: &mut Sink,
) -> Option<IpAddr> {
    if ip.is_ipv6() == ipv6? {
        return Some(ip);
    }
    let (declared, other) = words(ip.is_ipv4());
    let message = format!(
        "'{}' is no {declared} address, as the route's family wants",
        ip
    );
    let problem = Diagnostic::new(code, attribute.span, message);
    sink.report(problem.help(format!(
        "write an {declared} address, or family='{}' on the route",
        other.to_lowercase()
    )));
    None
}

/// The family that is wanted where the other one is given, and that one.
fn words(given_ipv4: bool) -> (&'static str, &'static str) {
    match given_ipv4 {
        true => ("IPv6", "IPv4"),
        false => ("IPv4", "IPv6"),
    }
}

/// V096: some subnet of the network must hold the gateway.
fn reachable(
    attribute: &Attribute,
    gateway: IpAddr,
    subnets: &[Spanned<Subnet>],
    sink: &mut Sink,
) -> bool {
    let holds = |subnet: &&Spanned<Subnet>| subnet.value.network().contains(&gateway);
    let Some(subnet) = subnets.iter().find(holds) else {
        let message = format!("the gateway {gateway} lies in no subnet of this network");
        let problem = Diagnostic::new(Code::RouteGatewayUnreachable, attribute.span, message);
        let same = |subnet: &&Spanned<Subnet>| subnet.value.is_ipv4() == gateway.is_ipv4();
        sink.report(match subnets.iter().find(same) {
            Some(subnet) => {
                let network = subnet.value.network();
                problem.help(format!(
                    "write an address of a guest, such as one in {network}"
                ))
            }
            None => problem.help("add an <ip> whose subnet holds the gateway"),
        });
        return false;
    };
    if subnet.value.address() == gateway {
        let message = format!("the gateway {gateway} is the bridge's own address");
        sink.report(
            Diagnostic::new(Code::RouteGatewayIsBridge, attribute.span, message)
                .also(subnet.span, "the bridge's address")
                .help("write the address of the guest that routes"),
        );
    }
    true
}

/// The length of the prefix; zero if neither it nor a netmask is given.
fn read_length(
    ipv6: bool,
    netmask: Option<&Attribute>,
    prefix: Option<&Attribute>,
    sink: &mut Sink,
) -> Option<u8> {
    let most = if ipv6 { 128 } else { 32 };
    let length = prefix.map(|prefix| {
        let length = number::<u8>(&prefix.value).filter(|length| *length <= most);
        if length.is_none() {
            let message = format!(
                "a prefix is a number from 0 to {most}, not '{}'",
                prefix.value
            );
            let problem = Diagnostic::new(Code::RoutePrefixInvalid, prefix.span, message);
            sink.report(problem.help(format!("write a number from 0 to {most}")));
        }
        length
    });
    let Some(netmask) = netmask else {
        return length.unwrap_or(Some(0));
    };
    if ipv6 {
        let message = "an IPv6 route has a prefix, not a netmask";
        let problem = Diagnostic::new(Code::RouteNetmaskOnIpv6, netmask.span, message);
        sink.report(problem.help("write prefix='64' or another length instead"));
        return None;
    }
    let mask = read_netmask(netmask, sink);
    if let Some(prefix) = prefix {
        let message = "a route has a netmask or a prefix, not both";
        sink.report(
            Diagnostic::new(Code::RouteNetmaskAndPrefix, prefix.span, message)
                .also(netmask.span, "the netmask")
                .help("remove one of them"),
        );
        return None;
    }
    mask
}

fn read_netmask(netmask: &Attribute, sink: &mut Sink) -> Option<u8> {
    let mask = match ip(&netmask.value) {
        Some(IpAddr::V4(mask)) => ipnet::ipv4_mask_to_prefix(mask).ok(),
        Some(IpAddr::V6(_)) | None => None,
    };
    if mask.is_none() {
        let message = format!("'{}' is no IPv4 netmask", netmask.value);
        let problem = Diagnostic::new(Code::RouteNetmaskMalformed, netmask.span, message);
        sink.report(problem.help("write a mask of ones and then zeros, such as 255.255.255.0"));
    }
    mask
}

/// V094: no host bits; also says what a default route does.
fn read_destination(
    attribute: &Attribute,
    ip: IpAddr,
    length: u8,
    given: Option<&Attribute>,
    sink: &mut Sink,
) -> Option<IpNet> {
    let network = IpNet::new(ip, length).ok()?;
    if network.network() != ip {
        let message = match given {
            Some(_) => format!("{ip} is not the network address of {network}"),
            None => format!("{ip} has no prefix, and without one only a default route is meant"),
        };
        let problem = Diagnostic::new(Code::RouteHostBitsSet, attribute.span, message);
        sink.report(match given {
            Some(given) => problem
                .also(given.span, "by this length")
                .help(format!("write address='{}'", network.network())),
            None => problem.help("add prefix='24' or another length"),
        });
        return None;
    }
    if length == 0 {
        let any = if ip.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.to_string()
        } else {
            "::".to_owned()
        };
        let message = format!("a route to {any}/0 is a default route of the host itself");
        let problem = Diagnostic::new(Code::RouteIsDefault, attribute.span, message);
        sink.report(problem.help("give the subnet behind the gateway, with its prefix"));
    }
    Some(network)
}

#[cfg(test)]
mod tests;
