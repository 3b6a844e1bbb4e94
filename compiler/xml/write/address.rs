//! Writing `<ip>` with its services, and `<route>`.

use ipnet::IpNet;

use super::tag::{Printer, Tag};
use crate::network::{Dhcp, DhcpHost, HostIdentity, Route, Subnet};
use crate::value::{LeaseTime, LeaseUnit};

/// `<ip>`.
pub fn print_subnet(subnet: &Subnet, printer: &mut Printer<'_>) {
    let tag = Tag::new("ip").some("family", family(subnet.interface()));
    let tag = tag.with("address", subnet.address());
    // A prefix of 0 would count as unset, a netmask of 0.0.0.0 does not.
    let tag = match subnet.interface() {
        IpNet::V4(net) => tag.with("netmask", net.netmask()),
        IpNet::V6(net) => tag.with("prefix", net.prefix_len()),
    };
    printer.open(tag.some("localPtr", subnet.local_ptr.then_some("yes")));
    if let Some(root) = &subnet.tftp_root {
        printer.empty(Tag::new("tftp").with("root", root.as_str()));
    }
    if let Some(dhcp) = &subnet.dhcp {
        print_dhcp(dhcp, printer);
    }
    printer.close("ip");
}

/// `<route>`.
pub fn print_route(route: &Route, printer: &mut Printer<'_>) {
    let tag = Tag::new("route")
        .some("family", family(route.destination))
        .with("address", route.destination.addr())
        .with("prefix", route.destination.prefix_len())
        .with("gateway", route.gateway)
        .some("metric", route.metric);
    printer.empty(tag);
}

/// An IPv6 element must say so.
fn family(net: IpNet) -> Option<&'static str> {
    match net {
        IpNet::V4(_) => None,
        IpNet::V6(_) => Some("ipv6"),
    }
}

fn print_dhcp(dhcp: &Dhcp, printer: &mut Printer<'_>) {
    printer.open(Tag::new("dhcp"));
    for range in &dhcp.ranges {
        let tag = Tag::new("range")
            .with("start", range.start())
            .with("end", range.end());
        leased(tag, "range", range.lease, printer);
    }
    for host in &dhcp.hosts {
        leased(host_tag(host), "host", host.lease, printer);
    }
    if let Some(bootp) = &dhcp.bootp {
        let tag = Tag::new("bootp")
            .with("file", bootp.file.as_str())
            .some("server", bootp.server);
        printer.empty(tag);
    }
    printer.close("dhcp");
}

fn host_tag(host: &DhcpHost) -> Tag {
    let tag = Tag::new("host");
    let tag = match &host.identity {
        HostIdentity::Ipv4 { mac, name } => tag
            .some("mac", mac.as_ref())
            .some("name", name.as_ref().map(|name| name.as_str())),
        HostIdentity::Ipv6 { id, name } => tag
            .some("id", id.as_ref().map(|id| id.as_str()))
            .some("name", name.as_ref().map(|name| name.as_str())),
    };
    tag.with("ip", host.ip)
}

fn leased(tag: Tag, name: &'static str, lease: Option<LeaseTime>, printer: &mut Printer<'_>) {
    let Some(lease) = lease else {
        return printer.empty(tag);
    };
    let lease = match lease {
        LeaseTime::Infinite => Tag::new("lease").with("expiry", 0),
        LeaseTime::For { count, unit } => {
            let unit = match unit {
                LeaseUnit::Seconds => "seconds",
                LeaseUnit::Minutes => "minutes",
                LeaseUnit::Hours => "hours",
            };
            Tag::new("lease").with("expiry", count).with("unit", unit)
        }
    };
    printer.open(tag);
    printer.empty(lease);
    printer.close(name);
}
