//! What libvirt refuses is left out and said, so that what was recovered compiles.
//!
//! A host may hold what no network XML can: a route through a gateway outside of every subnet, a
//! range over its limit. The network is printed and read back like anyone's; an element that is
//! refused is taken away, until nothing is.

use std::collections::{BTreeMap, HashMap};

use super::evidence::{Draft, Element};
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::network::{Forward, Kind, Network, Virtual};
use crate::source::{Source, SourceId};
use crate::xml::{self, write};

/// How often the network is read: what was taken away may make something else wrong.
const MOST: usize = 16;

/// The network without what is refused.
pub(super) fn legal(mut network: Network, draft: &mut Draft) -> Network {
    for _ in 0..MOST {
        let printed = write::print_with(&network, &write::Comments::default());
        let mut sink = Sink::default();
        let source = Source::new("recovered.xml", printed.text);
        if xml::read(SourceId(0), &source, &mut sink).is_some() {
            return network;
        }
        let removable = removable(&network);
        let mut refused: BTreeMap<Element, String> = BTreeMap::new();
        for error in sink.sorted() {
            let place = place(&removable, error, &printed.places);
            if let Some(place) = place.filter(|_| error.severity() == Severity::Error) {
                refused
                    .entry(place)
                    .or_insert_with(|| error.message.clone());
            }
        }
        if refused.is_empty() {
            return network;
        }
        let gone: Vec<Element> = refused.keys().copied().collect();
        remove(&mut network, &gone);
        draft.gone(&gone);
        for (element, why) in refused {
            let about = parent(element).without(&gone).unwrap_or(Element::Network);
            draft.differs(about, format!("what the host holds is refused: {why}"));
        }
    }
    network
}

/// The element that an error is about: the last that begins before it and can be taken away.
fn place(
    removable: &HashMap<String, Element>,
    error: &Diagnostic,
    places: &[(usize, String)],
) -> Option<Element> {
    let byte = error.place.span.range().start;
    let after = places.partition_point(|(start, _)| *start <= byte);
    let (_, path) = places.get(after.checked_sub(1)?)?;
    // The innermost of those around it.
    let mut path = path.as_str();
    loop {
        if let Some(element) = removable.get(path) {
            return Some(*element);
        }
        path = path.rsplit_once('/')?.0;
    }
}

/// The elements that a network can do without, by their paths.
fn removable(network: &Network) -> HashMap<String, Element> {
    let elements = dispensable(network).into_iter();
    elements
        .map(|element| (element.to_string(), element))
        .collect()
}

fn dispensable(network: &Network) -> Vec<Element> {
    let mut elements = vec![
        Element::Uuid,
        Element::Uplink,
        Element::Nat,
        Element::NatAddress,
        Element::NatPort,
        Element::Mtu,
        Element::Mac,
        Element::Domain,
        Element::Vlan,
        Element::Inbound,
        Element::Outbound,
    ];
    let Kind::Virtual(declared) = &network.kind else {
        return elements;
    };
    elements.extend((0..declared.dns.forwarders.len()).map(Element::Forwarder));
    elements.extend((0..declared.dns.txts.len()).map(Element::Txt));
    elements.extend((0..declared.dns.srvs.len()).map(Element::Srv));
    elements.extend((0..declared.dns.hosts.len()).map(Element::DnsHost));
    elements.extend((0..declared.routes.len()).map(Element::Route));
    elements.extend((0..declared.options.len()).map(Element::Option));
    for (ip, subnet) in declared.subnets.iter().enumerate() {
        elements.push(Element::Ip(ip));
        elements.extend(subnet.tftp_root.is_some().then_some(Element::Tftp(ip)));
        if let Some(dhcp) = &subnet.dhcp {
            elements.push(Element::Dhcp(ip));
            elements.extend((0..dhcp.ranges.len()).map(|at| Element::Range(ip, at)));
            elements.extend((0..dhcp.hosts.len()).map(|at| Element::DhcpHost(ip, at)));
            elements.extend(dhcp.bootp.is_some().then_some(Element::Bootp(ip)));
        }
    }
    elements
}

/// What is still there when the element is gone.
fn parent(element: Element) -> Element {
    match element {
        Element::Tftp(ip) | Element::Dhcp(ip) => Element::Ip(ip),
        Element::Range(ip, _) | Element::DhcpHost(ip, _) | Element::Bootp(ip) => Element::Dhcp(ip),
        Element::Nat | Element::NatAddress | Element::NatPort => Element::Forward,
        Element::Network
        | Element::Name
        | Element::Uuid
        | Element::Uplink
        | Element::Forward
        | Element::Bridge
        | Element::Mtu
        | Element::Mac
        | Element::Domain
        | Element::Dns
        | Element::Forwarder(_)
        | Element::Txt(_)
        | Element::Srv(_)
        | Element::DnsHost(_)
        | Element::Vlan
        | Element::Inbound
        | Element::Outbound
        | Element::Port
        | Element::Ip(_)
        | Element::Route(_)
        | Element::Option(_) => Element::Network,
    }
}

/// Takes these elements away, which are sorted.
fn remove(network: &mut Network, gone: &[Element]) {
    let has = |element: Element| gone.binary_search(&element).is_ok();
    if has(Element::Uuid) {
        network.uuid = None;
    }
    let bandwidth = has(Element::Inbound) || has(Element::Outbound);
    match &mut network.kind {
        Kind::HostBridge(declared) => {
            if has(Element::Uplink) {
                declared.uplink = None;
            }
            if bandwidth {
                declared.bandwidth = None;
            }
        }
        Kind::Virtual(declared) => remove_from(declared, has),
        Kind::Macvtap(_) | Kind::Hostdev(_) => {}
    }
    if has(Element::Vlan) {
        network.vlan = None;
    }
}

fn remove_from(declared: &mut Virtual, has: impl Fn(Element) -> bool + Copy) {
    if let Forward::Nat(nat) = &mut declared.forward {
        if has(Element::Nat) || has(Element::NatAddress) {
            nat.addresses = None;
        }
        if has(Element::NatPort) {
            nat.ports = None;
        }
    }
    if has(Element::Mtu) {
        declared.mtu = None;
    }
    if has(Element::Mac) {
        declared.mac = None;
    }
    if has(Element::Domain) {
        declared.domain = None;
    }
    if has(Element::Inbound) || has(Element::Outbound) {
        declared.bandwidth = None;
    }
    let dns = &mut declared.dns;
    keep(&mut dns.forwarders, |at| !has(Element::Forwarder(at)));
    keep(&mut dns.txts, |at| !has(Element::Txt(at)));
    keep(&mut dns.srvs, |at| !has(Element::Srv(at)));
    keep(&mut dns.hosts, |at| !has(Element::DnsHost(at)));
    keep(&mut declared.routes, |at| !has(Element::Route(at)));
    keep(&mut declared.options, |at| !has(Element::Option(at)));
    // What is inside goes before what is around it, and places stay what they are.
    for (ip, subnet) in declared.subnets.iter_mut().enumerate() {
        if has(Element::Tftp(ip)) {
            subnet.tftp_root = None;
        }
        if has(Element::Dhcp(ip)) {
            subnet.dhcp = None;
        }
        if let Some(dhcp) = &mut subnet.dhcp {
            keep(&mut dhcp.ranges, |at| !has(Element::Range(ip, at)));
            keep(&mut dhcp.hosts, |at| !has(Element::DhcpHost(ip, at)));
            if has(Element::Bootp(ip)) {
                dhcp.bootp = None;
            }
        }
    }
    keep(&mut declared.subnets, |at| !has(Element::Ip(at)));
}

/// Keeps what stands at these places.
fn keep<Row>(rows: &mut Vec<Row>, wanted: impl Fn(usize) -> bool) {
    let mut at = 0;
    rows.retain(|_| {
        at += 1;
        wanted(at - 1)
    });
}
