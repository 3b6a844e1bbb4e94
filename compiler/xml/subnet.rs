//! Reading `<ip>`: the bridge's addresses and what is served there.
//!
//! An `<ip>` becomes a [`Subnet`]; what several of them say together (one address twice, DHCP
//! under two of one family) is in `together`. Whether the mode allows an `<ip>` at all is for
//! the reader of the network to say.

mod place;
mod together;

use std::net::{IpAddr, Ipv4Addr};

use super::dhcp::{self, Surroundings};
use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::{address, number, yes_no};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::Subnet;
use crate::source::{Span, Spanned};
use crate::value::Field;

/// Reads every `<ip>`, in order; the span is that of its address.
///
/// `dns_enabled` says whether reverse zones will be served.
pub fn read_all<'a>(
    elements: impl Iterator<Item = &'a Element>,
    dns_enabled: bool,
    sink: &mut Sink,
) -> Vec<Spanned<Subnet>> {
    let subnets: Vec<together::Read> = elements
        .filter_map(|element| read(element, dns_enabled, sink))
        .collect();
    together::check(&subnets, sink);
    subnets.into_iter().map(|read| read.subnet).collect()
}

/// As `virNetworkIPDefParseXML`, but every complaint at once.
fn read(element: &Element, dns_enabled: bool, sink: &mut Sink) -> Option<together::Read> {
    let mut fields = Fields::new(element);
    let family = fields.filled("family");
    let attribute = fields.filled("address");
    let netmask = fields.filled("netmask");
    let prefix = fields.attribute("prefix");
    let local_ptr = fields.attribute("localPtr");
    let dhcp = fields.child("dhcp");
    let tftp = fields.child("tftp");
    fields.finish(sink);

    if attribute.is_none() {
        let problem = Diagnostic::new(
            Code::IpWithoutAddress,
            element.name_span,
            "<ip> has no address",
        );
        sink.report(problem.help("add address='…', the bridge's own address"));
    }
    let ip = attribute.and_then(|each| address(each, Code::IpAddressMalformed, sink));
    let ipv6 = read_family(family, attribute, ip, sink);
    let span = attribute.map_or(element.name_span, |attribute| attribute.span);
    let length = Length { netmask, prefix };
    let is_ipv6 = ip.map_or(ipv6 == Some(true), |ip| ip.is_ipv6());
    let prefix_len = length.read(is_ipv6, ip, span, sink);
    let subnet = match (ip, ipv6, &prefix_len) {
        (Some(ip), Some(_), Ok(length)) => Subnet::new(ip, *length).ok(),
        _ => None,
    };
    if let Some(subnet) = &subnet {
        place::check(subnet, span, length.span(), dhcp.is_some(), sink);
    }
    let local = local_ptr.map(|attribute| (attribute, yes_no(attribute, sink)));
    if let (Some((attribute, Some(true))), Some(subnet), true) = (local, &subnet, dns_enabled) {
        place::check_local_ptr(subnet, attribute.span, length.span().unwrap_or(span), sink);
    }
    let without_prefix = matches!(&prefix_len, Err(Unread::Impossible(_)));
    if let Err(Unread::Impossible(problem)) = prefix_len {
        // libvirt notices at a range already, and so do we.
        if !dhcp.is_some_and(|dhcp| dhcp.children.iter().any(|child| child.name == "range")) {
            sink.report(*problem);
        }
    }
    let around = Surroundings {
        ipv6: is_ipv6,
        subnet: subnet.as_ref(),
        without_prefix,
        span,
    };
    let served = dhcp.and_then(|dhcp| dhcp::read(dhcp, around, sink));
    let root = tftp.and_then(|tftp| read_tftp(tftp, is_ipv6, sink));
    let mut subnet = subnet?;
    subnet.local_ptr = local.and_then(|(_, yes)| yes).unwrap_or(false);
    subnet.tftp_root = root.as_ref().map(|root| root.value.clone());
    let dhcp_span = served.as_ref().and(dhcp).map(|dhcp| dhcp.name_span);
    subnet.dhcp = served;
    Some(together::Read {
        subnet: Spanned::new(subnet, span),
        dhcp: dhcp_span,
        tftp: root.map(|root| root.span),
    })
}

/// Whether it is an IPv6 subnet, if family and address agree.
fn read_family(
    family: Option<&Attribute>,
    attribute: Option<&Attribute>,
    ip: Option<IpAddr>,
    sink: &mut Sink,
) -> Option<bool> {
    let ipv6 = match family.map(|family| (family, family.value.as_str())) {
        None | Some((_, "ipv4")) => false,
        Some((_, "ipv6")) => true,
        Some((family, other)) => {
            let message = format!("an <ip> is of family 'ipv4' or 'ipv6', not '{other}'");
            let problem = Diagnostic::new(Code::IpFamilyUnknown, family.span, message);
            sink.report(problem.help("write family='ipv4' or family='ipv6'"));
            return None;
        }
    };
    let (Some(ip), Some(attribute)) = (ip, attribute) else {
        return Some(ipv6);
    };
    let (code, message, help) = match (ipv6, ip) {
        (false, IpAddr::V4(_)) | (true, IpAddr::V6(_)) => return Some(ipv6),
        (false, IpAddr::V6(_)) => (
            Code::IpFamilyMissing,
            format!("{ip} is an IPv6 address, which needs family='ipv6'"),
            "add family='ipv6'",
        ),
        (true, IpAddr::V4(_)) => (
            Code::IpNotIpv6,
            format!("{ip} is no IPv6 address, as family='ipv6' says"),
            "remove family='ipv6', or write an IPv6 address",
        ),
    };
    let problem = Diagnostic::new(code, attribute.span, message).help(help);
    sink.report(match family {
        Some(family) => problem.also(family.span, "the family"),
        None => problem,
    });
    None
}

/// Why there is no prefix.
enum Unread {
    /// What was given is refused, or not there to look at.
    Refused,
    /// All is understood, but no prefix follows from it (V165): what to say of it.
    Impossible(Box<Diagnostic>),
}

/// How long the network part is said to be.
#[derive(Clone, Copy)]
struct Length<'a> {
    netmask: Option<&'a Attribute>,
    prefix: Option<&'a Attribute>,
}

impl Length<'_> {
    /// Where it is said.
    fn span(&self) -> Option<Span> {
        self.netmask.or(self.prefix).map(|each| each.span)
    }

    /// As `virSocketAddrGetIPPrefix`: prefix, netmask, or what the address implies.
    fn read(
        &self,
        ipv6: bool,
        ip: Option<IpAddr>,
        span: Span,
        sink: &mut Sink,
    ) -> Result<u8, Unread> {
        let mask = self
            .netmask
            .map(|netmask| read_netmask(netmask, ipv6, sink));
        let prefix = self.prefix.map(|prefix| read_prefix(prefix, ipv6, sink));
        let prefix = prefix.map_or(Some(0), |prefix| prefix);
        if let (Some(netmask), Some(1..), Some(given)) = (self.netmask, prefix, self.prefix) {
            let message = "an <ip> has a netmask or a prefix, not both";
            sink.report(
                Diagnostic::new(Code::NetmaskAndPrefix, given.span, message)
                    .also(netmask.span, "the netmask")
                    .help("remove one of them"),
            );
            return Err(Unread::Refused);
        }
        match (prefix.ok_or(Unread::Refused)?, mask) {
            (0, Some(mask)) => mask,
            (0, None) => implied(ip.ok_or(Unread::Refused)?, span, sink),
            (length, _) => Ok(length),
        }
    }
}

fn read_netmask(netmask: &Attribute, ipv6: bool, sink: &mut Sink) -> Result<u8, Unread> {
    let text = &netmask.value;
    let mut refuse = |code, message: String, help: &str| {
        sink.report(Diagnostic::new(code, netmask.span, message).help(help));
        Err(Unread::Refused)
    };
    let Some(mask) = super::value::ip(text) else {
        let message = format!("'{text}' is no netmask");
        let help = "write a mask such as 255.255.255.0, or a prefix instead";
        return refuse(Code::NetmaskMalformed, message, help);
    };
    let mask = match (ipv6, mask) {
        (true, _) => {
            let message = "an IPv6 address has a prefix, not a netmask".to_owned();
            return refuse(Code::NetmaskOnIpv6, message, "write prefix='64' instead");
        }
        (false, IpAddr::V6(_)) => {
            let message = format!("'{text}' is no IPv4 netmask");
            return refuse(
                Code::NetmaskNotIpv4,
                message,
                "write a mask such as 255.255.255.0",
            );
        }
        (false, IpAddr::V4(mask)) => mask,
    };
    match ipnet::ipv4_mask_to_prefix(mask) {
        Ok(length) => Ok(length),
        Err(_) => {
            let message = format!("the netmask {mask} is not ones and then zeros");
            let help = "write a mask such as 255.255.255.0, or a prefix instead";
            let problem = Diagnostic::new(Code::IpWithoutPrefix, netmask.span, message);
            Err(Unread::Impossible(Box::new(problem.help(help))))
        }
    }
}

fn read_prefix(prefix: &Attribute, ipv6: bool, sink: &mut Sink) -> Option<u8> {
    let (most, code) = match ipv6 {
        false => (32, Code::PrefixTooLong),
        true => (128, Code::Ipv6PrefixTooLong),
    };
    let text = &prefix.value;
    match number::<u32>(text) {
        Some(length) if length <= most => u8::try_from(length).ok(),
        Some(length) => {
            let message = format!("a prefix has at most {most} bits here, not {length}");
            let problem = Diagnostic::new(code, prefix.span, message);
            sink.report(problem.help(format!("write a number from 1 to {most}")));
            None
        }
        None => {
            let message = format!("a prefix is a whole number, not '{text}'");
            let problem = Diagnostic::new(Code::PrefixNotANumber, prefix.span, message);
            sink.report(problem.help(format!("write a number from 1 to {most}")));
            None
        }
    }
}

/// The prefix of an address that came without: its class for IPv4, 64 for IPv6.
fn implied(ip: IpAddr, span: Span, sink: &mut Sink) -> Result<u8, Unread> {
    let ip = match ip {
        IpAddr::V6(ip) => return Ok(if ip.is_unspecified() { 0 } else { 64 }),
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => return Ok(0),
        IpAddr::V4(ip) => ip,
    };
    let length = match ip.octets()[0] {
        0..128 => 8,
        128..192 => 16,
        192..224 => 24,
        224.. => {
            let message = format!("{ip} belongs to no class with subnets, it needs a prefix");
            let problem = Diagnostic::new(Code::IpWithoutPrefix, span, message);
            let problem = problem.help("choose a unicast address, with its prefix");
            return Err(Unread::Impossible(Box::new(problem)));
        }
    };
    let message = format!("{ip} has no prefix, its class makes it {length} bits");
    let problem = Diagnostic::new(Code::PrefixAssumed, span, message);
    sink.report(problem.help(format!("add prefix='{length}' or what is meant")));
    Ok(length)
}

/// Reads `<tftp>`; without a root, or with an empty one, it counts as absent.
fn read_tftp(element: &Element, ipv6: bool, sink: &mut Sink) -> Option<Spanned<Field>> {
    let mut fields = Fields::new(element);
    let root = fields.filled("root");
    fields.finish(sink);
    if ipv6 {
        let message = "TFTP is served under an IPv4 address only";
        let problem = Diagnostic::new(Code::TftpOnIpv6, element.name_span, message);
        sink.report(problem.help("remove it, or put it under the IPv4 address"));
        return None;
    }
    let Some(root) = root else {
        let message = "<tftp> has no root, it counts as absent";
        let problem = Diagnostic::new(Code::TftpWithoutRoot, element.name_span, message);
        sink.report(problem.help("add root='…', the folder to serve, or remove it"));
        return None;
    };
    let field = dhcp::field(root, Code::TftpRootSeparator, "folder", sink)?;
    if !root.value.starts_with('/') {
        let message = format!(
            "the folder '{}' depends on where dnsmasq is started",
            root.value
        );
        let problem = Diagnostic::new(Code::TftpRootRelative, root.span, message);
        sink.report(problem.help("write an absolute path, such as /srv/tftp"));
    }
    Some(Spanned::new(field, root.span))
}

#[cfg(test)]
mod tests;
