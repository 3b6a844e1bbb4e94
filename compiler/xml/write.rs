//! Writing a network as libvirt would: its order of elements, its quotes, its indentation.
//!
//! What is printed reads back as the same [`Network`]; what libvirt would leave out because it is
//! the default is left out here too, except for what it always writes. Our own metadata comes
//! first in `<metadata>`.

mod address;
mod device;
mod metadata;
mod port;
mod tag;

use std::collections::HashMap;

use self::tag::{Printer, Tag};
use super::metadata::strict;
use super::option;
use crate::network::{Bandwidth, Dns, DnsSrv, Domain, Kind, Network, Uplink, Virtual};

/// Comments for the elements of a network, by the path of each: `/network/ip[2]/dhcp`.
///
/// Any text will do: what may not stand in a comment is replaced.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    before: HashMap<String, Vec<String>>,
    first: HashMap<String, Vec<String>>,
    last: HashMap<String, Vec<String>>,
}

/// A network that was printed.
#[derive(Clone, Debug)]
pub struct Printed {
    /// The text, ending in a line break.
    pub text: String,
    /// Where each element begins, in bytes, and its path.
    pub places: Vec<(usize, String)>,
}

impl Comments {
    /// A comment before an element.
    pub fn before(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let lines = self.before.entry(path.into()).or_default();
        lines.push(text.into());
    }

    /// A comment inside an element, before everything else in it.
    pub fn first(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.first.entry(path.into()).or_default().push(text.into());
    }

    /// A comment inside an element, after everything else in it.
    pub fn last(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.last.entry(path.into()).or_default().push(text.into());
    }
}

/// The text of a network, ending in a line break.
pub fn print(network: &Network) -> String {
    print_with(network, &Comments::default()).text
}

/// The text of a network with comments.
pub fn print_with(network: &Network, comments: &Comments) -> Printed {
    let declared = network.as_virtual();
    let options = declared.is_some_and(|declared| !declared.options.is_empty());
    let guest_ipv6 = declared.is_some_and(|declared| declared.guest_ipv6);
    let mut printer = Printer::new(comments);
    let root = Tag::new("network")
        .some("xmlns:dnsmasq", options.then_some(option::NAMESPACE))
        .some("ipv6", guest_ipv6.then_some("yes"))
        .some(
            "trustGuestRxFilters",
            network.trust_guest_rx_filters.map(word),
        );
    printer.open(root);
    printer.text("name", network.name.as_str());
    if let Some(uuid) = network.uuid {
        printer.text("uuid", &uuid.to_string());
    }
    if let Some(title) = &network.title {
        printer.text("title", title.as_str());
    }
    if let Some(description) = &network.description {
        printer.text("description", description);
    }
    metadata::print(&network.metadata, uplink(&network.kind), &mut printer);
    device::print_forward(&network.kind, &mut printer);
    device::print_bridge(&network.kind, &mut printer);
    if let Some(declared) = declared {
        print_services(declared, &mut printer);
    }
    if let Some(vlan) = &network.vlan {
        port::print_vlan(vlan, &mut printer);
    }
    if let Some(bandwidth) = bandwidth(&network.kind) {
        port::print_bandwidth(bandwidth, &mut printer);
    }
    if let Some(isolated) = network.isolated_ports {
        printer.empty(Tag::new("port").with("isolated", word(isolated)));
    }
    if let Some(declared) = declared {
        for subnet in &declared.subnets {
            address::print_subnet(subnet, &mut printer);
        }
        for route in &declared.routes {
            address::print_route(route, &mut printer);
        }
    }
    if let Some(virtualport) = &network.virtualport {
        port::print_virtualport(virtualport, &mut printer);
    }
    for group in &network.portgroups {
        port::print_portgroup(group, &mut printer);
    }
    if let Some(declared) = declared.filter(|_| options) {
        printer.open(Tag::new("dnsmasq:options"));
        for option in &declared.options {
            printer.empty(Tag::new("dnsmasq:option").with("value", option.0.as_str()));
        }
        printer.close("dnsmasq:options");
    }
    printer.close("network");
    let (text, places) = printer.finish();
    Printed { text, places }
}

fn uplink(kind: &Kind) -> Option<&Uplink> {
    match kind {
        Kind::HostBridge(network) => network.uplink.as_ref(),
        Kind::Virtual(_) | Kind::Macvtap(_) | Kind::Hostdev(_) => None,
    }
}

fn bandwidth(kind: &Kind) -> Option<&Bandwidth> {
    match kind {
        Kind::Virtual(network) => network.bandwidth.as_ref(),
        Kind::HostBridge(network) => network.bandwidth.as_ref(),
        Kind::Macvtap(_) | Kind::Hostdev(_) => None,
    }
}

fn print_services(network: &Virtual, printer: &mut Printer<'_>) {
    if let Some(mtu) = network.mtu {
        printer.empty(Tag::new("mtu").with("size", mtu));
    }
    if let Some(mac) = network.mac {
        printer.empty(Tag::new("mac").with("address", mac));
    }
    if let Some(domain) = &network.domain {
        print_domain(domain, printer);
    }
    if network.dns != Dns::default() {
        print_dns(&network.dns, printer);
    }
}

fn print_domain(domain: &Domain, printer: &mut Printer<'_>) {
    let tag = Tag::new("domain")
        .with("name", domain.name.as_str())
        .some("localOnly", domain.local_only.map(word))
        .some("register", domain.register.map(word));
    printer.empty(tag);
}

fn print_dns(dns: &Dns, printer: &mut Printer<'_>) {
    let tag = Tag::new("dns")
        .some("enable", dns.disabled.then_some("no"))
        .some("forwardPlainNames", dns.forward_plain_names.map(word));
    let forwarders = !dns.forwarders.is_empty();
    let records = !(dns.txts.is_empty() && dns.srvs.is_empty() && dns.hosts.is_empty());
    if !forwarders && !records {
        return printer.empty(tag);
    }
    printer.open(tag);
    for forwarder in &dns.forwarders {
        let domain = forwarder.domain.as_ref().map(|domain| domain.as_str());
        let tag = Tag::new("forwarder")
            .some("domain", domain)
            .some("addr", forwarder.addr);
        printer.empty(tag);
    }
    for txt in &dns.txts {
        let tag = Tag::new("txt")
            .with("name", txt.name.as_str())
            .with("value", txt.value.as_str());
        printer.empty(tag);
    }
    for srv in &dns.srvs {
        print_srv(srv, printer);
    }
    for host in &dns.hosts {
        printer.open(Tag::new("host").with("ip", host.ip));
        for name in &host.names {
            printer.text("hostname", name.as_str());
        }
        printer.close("host");
    }
    printer.close("dns");
}

fn print_srv(srv: &DnsSrv, printer: &mut Printer<'_>) {
    let tag = Tag::new("srv")
        .with("service", srv.service.as_str())
        .with("protocol", srv.protocol.as_str())
        .some("domain", srv.domain.as_ref().map(|domain| domain.as_str()))
        .some("target", srv.target.as_ref().map(|target| target.as_str()))
        .some("port", srv.port)
        .some("priority", srv.priority)
        .some("weight", srv.weight);
    printer.empty(tag);
}

/// How a yes/no attribute is spelt.
fn word(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

#[cfg(test)]
mod tests;
