//! What one address and its prefix mean: addresses that no bridge should have, prefixes that
//! leave no room or fit no reverse zone.

use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::Subnet;
use crate::source::Span;
use crate::xml::dhcp::usable;

/// Warns of an address that libvirt takes and that will not do. `length` is where the prefix is
/// said.
pub(super) fn check(
    subnet: &Subnet,
    span: Span,
    length: Option<Span>,
    with_dhcp: bool,
    sink: &mut Sink,
) {
    let (ip, network) = (subnet.address(), subnet.network());
    let bits = network.prefix_len();
    let mut warn = |code, span, message: String, help: String| {
        sink.report(Diagnostic::new(code, span, message).help(help));
    };
    if ip.is_unspecified() {
        let message = format!("{ip} is no address that a bridge can have");
        let help = "write the bridge's own address, such as 192.168.100.1".to_owned();
        return warn(Code::IpIsZero, span, message, help);
    }
    if ip.is_loopback() {
        let message = format!("{ip} is a loopback address, which no guest reaches");
        let help = "choose a private address, such as 192.168.100.1 or fd00::1".to_owned();
        return warn(Code::IpIsLoopback, span, message, help);
    }
    let reserved = matches!(ip, IpAddr::V4(ip) if ip.octets()[0] >= 240);
    if ip.is_multicast() || reserved {
        let message = format!("{ip} is a multicast or reserved address");
        let help = "choose a private address, such as 192.168.100.1 or fd00::1".to_owned();
        return warn(Code::IpIsMulticast, span, message, help);
    }
    if bits == network.max_prefix_len() {
        let message = format!("the subnet {network} has room for the bridge only");
        let help = format!(
            "write a shorter prefix, such as {}",
            if ip.is_ipv4() { 24 } else { 64 }
        );
        return warn(
            Code::SubnetWithoutGuests,
            length.unwrap_or(span),
            message,
            help,
        );
    }
    match ip {
        IpAddr::V4(_) if bits >= 31 => {}
        IpAddr::V4(_) if ip == network.network() => {
            let message = format!("{ip} is the network address of {network}");
            let help = format!("choose an address {}", usable(subnet));
            warn(Code::IpIsNetworkAddress, span, message, help);
        }
        IpAddr::V4(_) if ip == network.broadcast() => {
            let message = format!("{ip} is the broadcast address of {network}");
            let help = format!("choose an address {}", usable(subnet));
            warn(Code::IpIsBroadcastAddress, span, message, help);
        }
        IpAddr::V4(_) => {}
        IpAddr::V6(_) => {
            if ip == network.network() {
                let message = format!("{ip} is the address of all routers in {network}");
                let help = "write an address with a host part, such as one ending in ::1";
                warn(Code::IpIsNetworkAddress, span, message, help.to_owned());
            }
            if bits != 64 && !with_dhcp {
                let message = format!("guests configure themselves in /64 only, not in /{bits}");
                let help = "write prefix='64', or serve DHCP";
                let at = length.unwrap_or(span);
                warn(Code::Ipv6PrefixNot64, at, message, help.to_owned());
            }
        }
    }
}

/// V168: a reverse zone ends at a byte, or at half a byte for IPv6
/// (`virSocketAddrPTRDomain`).
pub(super) fn check_local_ptr(subnet: &Subnet, span: Span, length: Span, sink: &mut Sink) {
    let bits = subnet.network().prefix_len();
    let (step, most) = if subnet.is_ipv4() { (8, 32) } else { (4, 128) };
    if bits == 0 || bits >= most || !bits.is_multiple_of(step) {
        let message =
            format!("localPtr needs a prefix that {step} divides, below {most}: not {bits}");
        let help = match subnet.is_ipv4() {
            true => "write prefix 8, 16 or 24, or remove localPtr",
            false => "write prefix 48, 56, 64 or another multiple of 4, or remove localPtr",
        };
        sink.report(
            Diagnostic::new(Code::LocalPtrPrefix, span, message)
                .also(length, "the prefix comes from here")
                .help(help),
        );
    }
}
