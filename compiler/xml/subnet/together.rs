//! What several `<ip>` of one network say together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::Subnet;
use crate::source::{Span, Spanned};

/// A subnet that was read, and where it says what it serves.
pub(super) struct Read {
    /// The subnet, at its address.
    pub subnet: Spanned<Subnet>,
    /// The `<dhcp>` that holds a range or a host.
    pub dhcp: Option<Span>,
    /// The root of its `<tftp>`.
    pub tftp: Option<Span>,
}

/// Reports all that is wrong between the subnets of one network.
pub(super) fn check(subnets: &[Read], sink: &mut Sink) {
    repeated(subnets, sink);
    overlapping(subnets, sink);
    dhcp(subnets, sink);
    tftp(subnets, sink);
}

/// V176: the kernel takes an address once; IPv4 once for each prefix.
fn repeated(subnets: &[Read], sink: &mut Sink) {
    let mut seen: HashMap<(IpAddr, u8), Span> = HashMap::new();
    for Spanned { value, span } in subnets.iter().map(|read| &read.subnet) {
        let length = if value.is_ipv4() {
            value.interface().prefix_len()
        } else {
            0
        };
        match seen.entry((value.address(), length)) {
            Entry::Vacant(entry) => {
                entry.insert(*span);
            }
            Entry::Occupied(first) => {
                let message = format!("the address {} is given twice", value.address());
                sink.report(
                    Diagnostic::new(Code::IpRepeated, *span, message)
                        .also(*first.get(), "the first one")
                        .help("remove one of them"),
                );
            }
        }
    }
}

/// Sorted by their beginnings, nested networks follow the one around them.
fn overlapping(subnets: &[Read], sink: &mut Sink) {
    let mut sorted: Vec<&Spanned<Subnet>> = subnets.iter().map(|read| &read.subnet).collect();
    sorted.sort_by_key(|subnet| {
        let network = subnet.value.network();
        (network.network(), network.prefix_len())
    });
    let mut around: Option<&Spanned<Subnet>> = None;
    for subnet in sorted {
        let network = subnet.value.network();
        let Some(outer) = around.filter(|outer| outer.value.network().contains(&network)) else {
            around = Some(subnet);
            continue;
        };
        if outer.value.address() == subnet.value.address() && outer.value.network() == network {
            continue;
        }
        let message = format!("the subnet {network} overlaps {}", outer.value.network());
        sink.report(
            Diagnostic::new(Code::SubnetsOverlap, subnet.span, message)
                .also(outer.span, "the other one")
                .help("choose another subnet, or a longer prefix for both"),
        );
    }
}

/// V143 and V144, and advertisements that DHCPv6 takes away.
fn dhcp(subnets: &[Read], sink: &mut Sink) {
    for (ipv4, code, family) in [
        (true, Code::DhcpOnTwoIpv4, "IPv4"),
        (false, Code::DhcpOnTwoIpv6, "IPv6"),
    ] {
        let same = || {
            subnets
                .iter()
                .filter(move |each| each.subnet.value.is_ipv4() == ipv4)
        };
        let mut served = same().filter_map(|each| each.dhcp);
        let Some(first) = served.next() else {
            continue;
        };
        for second in served {
            let message = format!("DHCP is served under one {family} address of a network only");
            sink.report(
                Diagnostic::new(code, second, message)
                    .also(first, "the first one")
                    .help("keep one <dhcp>, or make a second network"),
            );
        }
        if ipv4 {
            continue;
        }
        for other in same().filter(|each| each.dhcp.is_none()) {
            let message = format!(
                "{} is not advertised to guests, since another IPv6 address has DHCP",
                other.subnet.value.network()
            );
            sink.report(
                Diagnostic::new(Code::RaLostBesideDhcp6, other.subnet.span, message)
                    .also(first, "this one")
                    .help("move it to a network of its own, or remove the other's <dhcp>"),
            );
        }
    }
}

/// The firewall looks at the first IPv4 `<ip>` with DHCP or TFTP only; dnsmasq keeps one root.
fn tftp(subnets: &[Read], sink: &mut Sink) {
    let ipv4 = || subnets.iter().filter(|each| each.subnet.value.is_ipv4());
    let serves = |each: &&Read| each.dhcp.is_some() || each.tftp.is_some();
    let Some(first) = ipv4().find(serves) else {
        return;
    };
    let mut roots = ipv4().filter_map(|each| each.tftp);
    let Some(root) = roots.next() else {
        return;
    };
    for second in roots {
        let message = "dnsmasq serves one folder by TFTP, the last one given";
        sink.report(
            Diagnostic::new(Code::TftpRootRepeated, second, message)
                .also(root, "the first one")
                .help("keep one <tftp>"),
        );
    }
    if let (None, Some(dhcp)) = (first.tftp, first.dhcp) {
        let message = "TFTP is served here, but the firewall does not let it through";
        sink.report(
            Diagnostic::new(Code::TftpBlocked, root, message)
                .also(
                    dhcp,
                    "only the first address with DHCP or TFTP is looked at",
                )
                .help("move <tftp> into the <ip> that has <dhcp>"),
        );
    }
}
