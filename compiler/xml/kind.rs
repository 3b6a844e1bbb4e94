//! What kind of network it is: the forward mode turns what was read into a [`Kind`].
//!
//! What the mode does not allow is refused in [`legality`] and [`ports`]; here the pieces are put
//! together and looked at side by side.

use super::bridge::{self, BridgePart};
use super::device;
use super::element::{Attribute, Element};
use super::forward::{ForwardPart, ForwardValues, Mode};
use super::{legality, ports};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{
    Bandwidth, Dns, DnsmasqOption, Domain, Forward, HostBridge, HostdevPool, Kind, MacTable, Pool,
    PoolMode, Portgroup, Route, Subnet, Uplink, Virtual, Virtualport, Vlan,
};
use crate::source::{Span, Spanned};
use crate::value::{DeviceName, Mac};

/// Everything of `<network>` that the mode has a say in, as read.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The `<network>` element.
    pub root: &'a Element,
    /// `<forward>`.
    pub forward: Option<ForwardPart<'a>>,
    /// `<bridge>`.
    pub bridge: BridgePart<'a>,
    /// `<mac>`.
    pub mac: Option<Spanned<Mac>>,
    /// `<mtu>`.
    pub mtu: Option<Spanned<u32>>,
    /// `network/@ipv6`.
    pub guest_ipv6: Option<Spanned<bool>>,
    /// `port/@isolated`.
    pub isolated_ports: Option<Spanned<bool>>,
    /// `<domain>`.
    pub domain: Option<Domain>,
    /// `<dns>`.
    pub dns: Option<Dns>,
    /// `<bandwidth>`.
    pub bandwidth: Option<Bandwidth>,
    /// `<vlan>`.
    pub vlan: Option<Vlan>,
    /// `<virtualport>`.
    pub virtualport: Option<Virtualport>,
    /// Every `<portgroup>`.
    pub portgroups: Vec<Spanned<Portgroup>>,
    /// Every `<ip>`.
    pub subnets: Vec<Spanned<Subnet>>,
    /// Every `<route>`.
    pub routes: Vec<Spanned<Route>>,
    /// `<dnsmasq:options>`.
    pub options: Vec<DnsmasqOption>,
    /// `<lan:uplink>`.
    pub uplink: Option<Spanned<Uplink>>,
}

impl<'a> Parts<'a> {
    /// The first element of this name inside `<network>`.
    pub fn element(&self, name: &str) -> Option<&'a Element> {
        self.elements(name).next()
    }

    /// Every element of this name inside `<network>`.
    pub fn elements<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a Element> + use<'a, 'n> {
        let children = self.root.children.iter();
        children.filter(move |child| child.namespace.is_none() && child.name == name)
    }

    /// The name of an element inside `<network>`, or `<network>` itself.
    pub fn place(&self, name: &str) -> Span {
        self.element(name)
            .map_or(self.root.name_span, |element| element.name_span)
    }
}

/// Puts the parts together, and reports what the mode refuses or ignores; `None` if there is no
/// sensible network in it.
pub fn assemble(parts: Parts<'_>, sink: &mut Sink) -> Option<Kind> {
    let mode = match &parts.forward {
        None => Mode::Isolated,
        Some(forward) => forward.mode?,
    };
    legality::check(&parts, mode, sink);
    ports::check(&parts, mode, sink);
    match mode {
        Mode::Isolated | Mode::Nat | Mode::Route | Mode::Open => own(parts, mode, sink),
        Mode::Bridge if parts.bridge.name.is_some() => host_bridge(parts, sink),
        Mode::Bridge => pool(parts, PoolMode::Bridge, sink),
        Mode::Private => pool(parts, PoolMode::Private, sink),
        Mode::Vepa => pool(parts, PoolMode::Vepa, sink),
        Mode::Passthrough => pool(parts, PoolMode::Passthrough, sink),
        Mode::Hostdev => hostdev(parts, sink),
    }
}

fn own(parts: Parts<'_>, mode: Mode, sink: &mut Sink) -> Option<Kind> {
    look_at_addresses(&parts, mode, sink);
    warn_of_rejected_routes(&parts, mode, sink);
    let values = parts.forward.map(|forward| forward.values);
    let values = values.unwrap_or_default();
    let dev = values.devices.into_iter().next();
    if let Some(dev) = &dev {
        device::warn_of_nft(&dev.value, dev.span, sink);
        warn_of_own_bridge(&parts.bridge, dev, sink);
    }
    let dev = dev.map(|dev| dev.value);
    let forward = match mode {
        Mode::Nat => {
            let mut nat = values.nat.unwrap_or_default();
            nat.dev = dev;
            Forward::Nat(nat)
        }
        Mode::Route => Forward::Route(dev),
        Mode::Open => Forward::Open,
        Mode::Isolated
        | Mode::Bridge
        | Mode::Private
        | Mode::Vepa
        | Mode::Passthrough
        | Mode::Hostdev => Forward::Isolated,
    };
    let mac = parts.mac.and_then(|mac| bridge::own_mac(mac, sink));
    let mtu = parts.mtu.and_then(|mtu| bridge::own_mtu(mtu, sink));
    Some(Kind::Virtual(Box::new(Virtual {
        forward,
        bridge: parts.bridge.own(sink)?,
        mac,
        mtu,
        guest_ipv6: parts.guest_ipv6.is_some_and(|ipv6| ipv6.value),
        domain: parts.domain,
        dns: parts.dns.unwrap_or_default(),
        bandwidth: parts.bandwidth,
        subnets: parts.subnets.into_iter().map(|each| each.value).collect(),
        routes: parts.routes.into_iter().map(|each| each.value).collect(),
        options: parts.options,
    })))
}

fn warn_of_own_bridge(bridge: &BridgePart<'_>, dev: &Spanned<DeviceName>, sink: &mut Sink) {
    if let Some(name) = bridge.name.filter(|name| name.value == dev.value.as_str()) {
        let message = format!(
            "the forward device '{}' is the network's own bridge",
            dev.value
        );
        let problem = Diagnostic::new(Code::ForwardDevIsOwnBridge, dev.span, message);
        sink.report(
            problem
                .also(name.span, "the bridge")
                .help("name the device that leads outside, or remove 'dev'"),
        );
    }
}

/// What follows from which families have an address, or from there being none.
fn look_at_addresses(parts: &Parts<'_>, mode: Mode, sink: &mut Sink) {
    let ipv6 = parts.subnets.iter().find(|each| !each.value.is_ipv4());
    if let (Some(mtu), Some(subnet)) = (&parts.mtu, ipv6)
        && (68..1280).contains(&mtu.value)
    {
        let message = format!("an MTU of '{}' is too small for IPv6", mtu.value);
        let problem = Diagnostic::new(Code::MtuTooSmallForIpv6, mtu.span, message);
        sink.report(
            problem
                .also(subnet.span, "the IPv6 address")
                .help("choose at least 1280"),
        );
    }
    if let (Some(guest), None) = (parts.guest_ipv6.filter(|guest| guest.value), ipv6)
        && mode != Mode::Open
    {
        let message = "ipv6='yes' lets guests talk IPv6 among themselves only";
        let problem = Diagnostic::new(Code::NetworkIpv6WithoutAddress, guest.span, message);
        sink.report(problem.help("add an <ip family='ipv6'> if the host is to take part"));
    }
    if let (Mode::Nat, Some(forward), Some(subnet)) = (mode, &parts.forward, ipv6)
        && !forward.values.nat.as_ref().is_some_and(|nat| nat.ipv6)
    {
        let message = "IPv6 is routed here, not masqueraded";
        let problem = Diagnostic::new(Code::NatIpv6Routed, subnet.span, message);
        sink.report(
            problem
                .also(forward.place, "mode 'nat' concerns IPv4 alone")
                .help("add <nat ipv6='yes'/> to <forward> to masquerade it"),
        );
    }
    without_name_server(parts, sink);
}

/// Routes make no firewall rules, so what they lead to is rejected unless it lies in a subnet.
fn warn_of_rejected_routes(parts: &Parts<'_>, mode: Mode, sink: &mut Sink) {
    if !matches!(mode, Mode::Nat | Mode::Route) {
        return;
    }
    for route in &parts.routes {
        let to = route.value.destination;
        let mut subnets = parts.subnets.iter();
        if !subnets.any(|subnet| subnet.value.network().contains(&to)) {
            let message = format!("the firewall rejects what is forwarded from and to '{to}'");
            let problem = Diagnostic::new(Code::RouteRejectedByFirewall, route.span, message);
            sink.report(problem.help("add an <ip> in that subnet, or choose mode 'open'"));
        }
    }
}

/// dnsmasq is started only where there is an address and something to serve
/// (`networkStartDhcpDaemon`).
fn without_name_server(parts: &Parts<'_>, sink: &mut Sink) {
    let addressed = parts.element("ip").is_some();
    if let (Some(dns), false) = (parts.element("dns"), addressed) {
        let message = "<dns> has no effect: without an <ip> there is no name server";
        let problem = Diagnostic::new(Code::DnsWithoutIp, dns.name_span, message);
        sink.report(problem.help("add an <ip>, or remove <dns>"));
    }
    let served = |subnet: &Subnet| subnet.dhcp.is_some() || subnet.tftp_root.is_some();
    let silent = parts.dns.as_ref().is_some_and(|dns| dns.disabled)
        && !parts.subnets.iter().any(|subnet| served(&subnet.value));
    let ipv6 = parts.subnets.iter().find(|each| !each.value.is_ipv4());
    let options = legality::dnsmasq_options(parts.root).map(|options| options.name_span);
    let (span, message) = match (ipv6, options) {
        (Some(subnet), _) if silent => {
            let message = "no router advertisements: with DNS off and no DHCP there is no dnsmasq";
            (subnet.span, message)
        }
        (_, Some(options)) if silent => (
            options,
            "dnsmasq is not started: DNS is off and there is no DHCP",
        ),
        (_, Some(options)) if !addressed => {
            (options, "dnsmasq is not started: the network has no <ip>")
        }
        (_, Some(_) | None) => return,
    };
    let problem = Diagnostic::new(Code::DnsmasqNotStarted, span, message);
    sink.report(problem.help("give it something to serve, such as DHCP"));
}

fn host_bridge(parts: Parts<'_>, sink: &mut Sink) -> Option<Kind> {
    let bridge = parts.bridge.host(sink)?;
    let virtualport = parts.virtualport.as_ref();
    if virtualport.is_some_and(Virtualport::is_openvswitch) {
        let place = parts
            .bridge
            .name
            .map_or(parts.root.name_span, |name| name.span);
        let message = format!("the Open vSwitch bridge '{bridge}' is not made by us");
        let problem = Diagnostic::new(Code::OpenvswitchNotManaged, place, message);
        sink.report(problem.help(format!("make it with ovs-vsctl add-br {bridge}")));
        if let Some(uplink) = &parts.uplink {
            let message = format!("the uplink is ignored: '{bridge}' is an Open vSwitch bridge");
            let problem = Diagnostic::new(Code::ElementIgnoredInMode, uplink.span, message);
            let dev = &uplink.value.dev;
            sink.report(problem.help(format!("add it with ovs-vsctl add-port {bridge} {dev}")));
        }
    }
    Some(Kind::HostBridge(HostBridge {
        bridge,
        mac_table: parts
            .bridge
            .mac_table
            .map_or(MacTable::Kernel, |table| table.value),
        bandwidth: parts.bandwidth,
        uplink: parts.uplink.map(|uplink| uplink.value),
    }))
}

fn pool(parts: Parts<'_>, mode: PoolMode, sink: &mut Sink) -> Option<Kind> {
    let forward = parts.forward?;
    compiles_to_nothing(&forward, sink);
    let ForwardValues {
        devices,
        physical_function,
        ..
    } = forward.values;
    if devices.is_empty() && physical_function.is_none() {
        let message = "no device is named that guests could be put on";
        let problem = Diagnostic::new(Code::MacvtapWithoutDevice, forward.place, message);
        sink.report(problem.help("add dev='…', or <bridge name='…'/> to use a bridge of the host"));
    }
    Some(Kind::Macvtap(Pool {
        mode,
        devices: devices.into_iter().map(|each| each.value).collect(),
        physical_function,
    }))
}

fn hostdev(parts: Parts<'_>, sink: &mut Sink) -> Option<Kind> {
    let forward = parts.forward?;
    compiles_to_nothing(&forward, sink);
    let values = forward.values;
    Some(Kind::Hostdev(HostdevPool {
        physical_function: values.physical_function,
        addresses: values
            .addresses
            .into_iter()
            .map(|each| each.value)
            .collect(),
        managed: forward.managed.map(|found| managed(found, sink)),
        driver: values.driver,
    }))
}

/// Whatever is not yes, in any case, is no; libvirt does not look closer.
fn managed(attribute: &Attribute, sink: &mut Sink) -> bool {
    let value = &attribute.value;
    let yes = value.eq_ignore_ascii_case("yes");
    if !yes && !value.eq_ignore_ascii_case("no") {
        let message = format!("managed is '{value}', which is read as 'no'");
        let problem = Diagnostic::new(Code::YesNoReadAsNo, attribute.span, message);
        sink.report(problem.help("write managed='yes' or managed='no'"));
    }
    yes
}

fn compiles_to_nothing(forward: &ForwardPart<'_>, sink: &mut Sink) {
    let message = "a network of this kind needs nothing on the host until a guest starts";
    sink.report(Diagnostic::new(
        Code::ModeCompilesToNothing,
        forward.place,
        message,
    ));
}
