//! Reading `<dhcp>` inside `<ip>`: ranges, leases, network boot; hosts are in `host`.
//!
//! Ranges are built by [`Subnet::range`], which refuses what does not belong to it; this file
//! gives the refusal a span and a code. Nothing here knows dnsmasq's spelling.

mod host;

use std::net::IpAddr;

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::{address, c_number, character, settled};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Bootp, Dhcp, DhcpRange, RangeError, Subnet};
use crate::source::{Span, Spanned};
use crate::value::{Field, LeaseTime, LeaseUnit};

/// The `<ip>` around a `<dhcp>`, as far as it could be read.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Whether it is an IPv6 one.
    pub ipv6: bool,
    /// Its address and prefix, if there were any.
    pub subnet: Option<&'a Subnet>,
    /// Whether it has an address, but no prefix follows from it.
    pub without_prefix: bool,
    /// Where its address stands.
    pub span: Span,
}

/// Reads `<dhcp>`; `None` if it does nothing, for want of ranges and hosts.
///
/// As `virNetworkDHCPDefParseXML`. What is refused is left out of the result.
pub fn read(element: &Element, around: Surroundings<'_>, sink: &mut Sink) -> Option<Dhcp> {
    let mut fields = Fields::new(element);
    let ranges: Vec<&Element> = fields.children("range").collect();
    let hosts: Vec<&Element> = fields.children("host").collect();
    let boot = fields.child("bootp");
    fields.finish(sink);
    if ranges.is_empty() && hosts.is_empty() {
        let message = "<dhcp> has neither range nor host, so no DHCP is served";
        let problem = Diagnostic::new(Code::DhcpWithoutRangeOrHost, element.name_span, message);
        sink.report(problem.help("add a <range start='…' end='…'/> or a <host/>"));
    }
    let read: Vec<Spanned<DhcpRange>> = ranges
        .iter()
        .filter_map(|element| range(element, around, sink))
        .collect();
    overlaps(&read, sink);
    let read = Dhcp {
        ranges: read.into_iter().map(|range| range.value).collect(),
        hosts: host::read_all(&hosts, around, sink),
        bootp: boot.and_then(|element| bootp(element, around, sink)),
    };
    (!ranges.is_empty() || !hosts.is_empty()).then_some(read)
}

fn range(
    element: &Element,
    around: Surroundings<'_>,
    sink: &mut Sink,
) -> Option<Spanned<DhcpRange>> {
    let mut fields = Fields::new(element);
    let start = fields.attribute("start");
    let end = fields.attribute("end");
    let lease = fields
        .child("lease")
        .map(|element| read_lease(element, sink));
    fields.finish(sink);
    let missing = match (start, end) {
        (None, None) => Some(("neither start nor end", "start='…' end='…'")),
        (None, Some(_)) => Some(("no start", "start='…'")),
        (Some(_), None) => Some(("no end", "end='…'")),
        (Some(_), Some(_)) => None,
    };
    if let Some((what, add)) = missing {
        let message = format!("<range> has {what}");
        let problem = Diagnostic::new(Code::DhcpRangeIncomplete, element.name_span, message);
        sink.report(problem.help(match around.subnet {
            Some(subnet) => format!("add {add} {}", usable(subnet)),
            None => format!("add {add}"),
        }));
    }
    let first = start.and_then(|start| address(start, Code::DhcpRangeMalformed, sink));
    let last = end.and_then(|end| address(end, Code::DhcpRangeMalformed, sink));
    if around.without_prefix {
        let message = "a range needs the subnet's prefix, and none follows from the address";
        sink.report(
            Diagnostic::new(Code::DhcpRangeWithoutSubnet, element.name_span, message)
                .also(around.span, "this address")
                .help("add prefix='24' or another length to the <ip>"),
        );
    }
    let (start, end) = (start?, end?);
    let (subnet, first, last) = (around.subnet?, first?, last?);
    let mut range = match subnet.range(first, last) {
        Ok(range) => range,
        Err(error) => {
            sink.report(refused(error, (start, end), (first, last), subnet, around));
            return None;
        }
    };
    range.lease = lease.flatten();
    let span = Span {
        end: end.span.end.max(start.span.end),
        start: start.span.start.min(end.span.start),
        ..start.span
    };
    if range.start() <= subnet.address() && subnet.address() <= range.end() {
        let message = format!(
            "the range from {first} to {last} contains {}, the bridge's own address",
            subnet.address()
        );
        sink.report(
            Diagnostic::new(Code::DhcpRangeContainsGateway, span, message)
                .also(around.span, "the bridge's address")
                .help("begin after it or end before it"),
        );
    }
    Some(Spanned::new(range, span))
}

fn refused(
    error: RangeError,
    (start, end): (&Attribute, &Attribute),
    (first, last): (IpAddr, IpAddr),
    subnet: &Subnet,
    around: Surroundings<'_>,
) -> Diagnostic {
    let network = subnet.network();
    let (code, at, message) = match error {
        RangeError::Family => {
            let other = if first.is_ipv4() == subnet.is_ipv4() {
                end
            } else {
                start
            };
            let message = format!("'{}' is not of the family of {network}", other.value);
            (Code::DhcpRangeOtherFamily, other, message)
        }
        RangeError::Outside(outside) => {
            let at = if outside == first { start } else { end };
            let message = format!("{outside} lies outside of the subnet {network}");
            (Code::DhcpRangeOutsideSubnet, at, message)
        }
        RangeError::NetworkAddress => {
            let message = format!("{first} is the network address of {network}");
            (Code::DhcpRangeStartsAtNetworkAddress, start, message)
        }
        RangeError::Broadcast => {
            let message = format!("{last} is the broadcast address of {network}");
            (Code::DhcpRangeEndsAtBroadcast, end, message)
        }
        RangeError::Reversed => {
            let message = format!("the range ends at {last}, before it starts at {first}");
            (Code::DhcpRangeReversed, end, message)
        }
        RangeError::TooLarge => {
            let message = format!(
                "the range from {first} to {last} is too large: only the last 16 bits may differ"
            );
            (Code::DhcpRangeTooLarge, end, message)
        }
    };
    let problem = Diagnostic::new(code, at.span, message);
    match error {
        RangeError::Reversed => problem
            .also(start.span, "the start")
            .help("exchange start and end"),
        RangeError::TooLarge => problem
            .also(start.span, "the start")
            .help("make it smaller, or split it into several ranges"),
        RangeError::Family
        | RangeError::Outside(_)
        | RangeError::NetworkAddress
        | RangeError::Broadcast => problem
            .also(around.span, "the subnet's address")
            .help(format!("use addresses {}", usable(subnet))),
    }
}

/// The addresses that guests may have, in words.
pub(super) fn usable(subnet: &Subnet) -> String {
    let network = subnet.network();
    match network {
        ipnet::IpNet::V4(v4) if v4.prefix_len() < 31 => {
            let first = u32::from(v4.network()).saturating_add(1);
            let last = u32::from(v4.broadcast()).saturating_sub(1);
            let address = std::net::Ipv4Addr::from_bits;
            format!("from {} to {}", address(first), address(last))
        }
        ipnet::IpNet::V4(_) | ipnet::IpNet::V6(_) => format!("in {network}"),
    }
}

/// Sorted by their starts, an overlap is between a range and the furthest end before it.
fn overlaps(ranges: &[Spanned<DhcpRange>], sink: &mut Sink) {
    let mut sorted: Vec<&Spanned<DhcpRange>> = ranges.iter().collect();
    sorted.sort_by_key(|range| range.value.start());
    let mut furthest: Option<&Spanned<DhcpRange>> = None;
    for range in sorted {
        if let Some(earlier) = furthest {
            if range.value.start() <= earlier.value.end() {
                let (start, end) = (range.value.start(), range.value.end());
                let message = format!("the range from {start} to {end} overlaps another one");
                sink.report(
                    Diagnostic::new(Code::DhcpRangesOverlap, range.span, message)
                        .also(earlier.span, "the other one")
                        .help(format!("begin after {}", earlier.value.end())),
                );
            }
            if range.value.end() <= earlier.value.end() {
                continue;
            }
        }
        furthest = Some(range);
    }
}

/// Reads `<lease>`; without `expiry` it says nothing, unit or not.
///
/// As `virNetworkDHCPLeaseTimeDefParseXML`, which reads the number in C's notation.
fn read_lease(element: &Element, sink: &mut Sink) -> Option<LeaseTime> {
    let mut fields = Fields::new(element);
    let expiry = fields.attribute("expiry");
    let unit = fields.attribute("unit");
    fields.finish(sink);
    let expiry = expiry?;
    let count = c_number::<u64>(&expiry.value);
    if count.is_none() {
        let message = format!("a lease's expiry is a whole number, not '{}'", expiry.value);
        let problem = Diagnostic::new(Code::LeaseExpiryNotANumber, expiry.span, message);
        sink.report(problem.help("write a number, or 0 for a lease without end"));
    }
    let unit = match unit.map(|unit| (unit, unit.value.as_str())) {
        None => Some(LeaseUnit::default()),
        Some((_, "seconds")) => Some(LeaseUnit::Seconds),
        Some((_, "minutes")) => Some(LeaseUnit::Minutes),
        Some((_, "hours")) => Some(LeaseUnit::Hours),
        Some((unit, other)) => {
            let message = format!("a lease's unit is seconds, minutes or hours, not '{other}'");
            let problem = Diagnostic::new(Code::LeaseUnitUnknown, unit.span, message);
            sink.report(problem.help("write 'seconds', 'minutes' or 'hours'"));
            None
        }
    };
    let (count, unit) = (count?, unit?);
    let Some(lease) = LeaseTime::new(count, unit) else {
        let message = "a lease lasts two minutes at least, or for ever with 0";
        let problem = Diagnostic::new(Code::LeaseTooShort, expiry.span, message);
        sink.report(problem.help("write 120 or more seconds, or 2 or more minutes"));
        return None;
    };
    let factor = match unit {
        LeaseUnit::Seconds => 1,
        LeaseUnit::Minutes => 60,
        LeaseUnit::Hours => 3600,
    };
    if count > i32::MAX as u64 || count * factor >= u64::from(u32::MAX) {
        let message = format!("a lease of {count} units is more seconds than 32 bits hold");
        let problem = Diagnostic::new(Code::LeaseTooLong, expiry.span, message);
        sink.report(problem.help("write 0 for a lease without end"));
    }
    Some(lease)
}

fn bootp(element: &Element, around: Surroundings<'_>, sink: &mut Sink) -> Option<Bootp> {
    let mut fields = Fields::new(element);
    let file = fields.filled("file");
    let server = fields.attribute("server");
    fields.finish(sink);
    if around.ipv6 {
        let message = "<bootp> has no effect on IPv6";
        let problem = Diagnostic::new(Code::BootpOnIpv6, element.name_span, message);
        sink.report(problem.help("remove it, or put it under the IPv4 address"));
        return None;
    }
    let server = server.map(|server| address(server, Code::BootpServerNotAnAddress, sink));
    let Some(file) = file else {
        let message = "<bootp> has no file";
        let problem = Diagnostic::new(Code::BootpWithoutFile, element.name_span, message);
        sink.report(problem.help("add file='…', what guests ask for when they boot"));
        return None;
    };
    let file = field(file, Code::BootpSeparator, "boot file", sink)?;
    Some(Bootp {
        file,
        server: settled(server)?,
    })
}

/// A value that becomes one field of a line.
pub(super) fn field(
    attribute: &Attribute,
    separator: Code,
    what: &str,
    sink: &mut Sink,
) -> Option<Field> {
    match attribute.value.parse::<Field>() {
        Ok(field) => Some(field),
        Err(error) => {
            let code = character(error.0, Code::LineBreakInValue, separator);
            let shown = attribute.value.escape_debug();
            let message = format!("the {what} '{shown}' is refused: {error}");
            let problem = Diagnostic::new(code, attribute.span, message);
            sink.report(problem.help("choose a name of letters, digits, '/', '.', '-' and '_'"));
            None
        }
    }
}

#[cfg(test)]
mod tests;
