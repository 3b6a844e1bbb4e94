//! What each forward mode refuses, and what it ignores: one table, as libvirt has it.
//!
//! Refusals follow `virNetworkDefParseXML` and `networkValidate`. What libvirt accepts without
//! any effect is a warning.

use super::element::Element;
use super::forward::{ForwardPart, Mode};
use super::kind::Parts;
use super::option;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::source::Span;

/// Reports what `mode` refuses or ignores.
pub fn check(parts: &Parts<'_>, mode: Mode, sink: &mut Sink) {
    let place = parts.forward.as_ref().map(|forward| forward.place);
    let mut rules = Rules { mode, place, sink };
    if let Some(forward) = &parts.forward {
        rules.forward(forward, parts);
    }
    if !mode.has_own_bridge() {
        rules.without_own_bridge(parts);
    }
    match mode {
        Mode::Isolated | Mode::Nat | Mode::Route => {}
        Mode::Open => rules.ignored_ipv6(parts),
        Mode::Bridge if parts.bridge.name.is_some() => {}
        Mode::Bridge => {
            rules.ignored_table(parts);
            rules.ignored_isolation(parts);
        }
        Mode::Private | Mode::Vepa | Mode::Passthrough | Mode::Hostdev => {
            rules.without_any_bridge(parts);
            rules.ignored_isolation(parts);
        }
    }
    if mode != Mode::Bridge || parts.bridge.name.is_none() {
        rules.uplink(parts);
    }
}

/// `<dnsmasq:options>`, if there is one.
pub fn dnsmasq_options(root: &Element) -> Option<&Element> {
    option::lists(root).next()
}

struct Rules<'s> {
    mode: Mode,
    place: Option<Span>,
    sink: &'s mut Sink,
}

impl Rules<'_> {
    fn report(&mut self, code: Code, span: Span, message: String, help: &str) {
        let mut problem = Diagnostic::new(code, span, message).help(help);
        if let Some(place) = self.place.filter(|place| *place != span) {
            problem = problem.also(place, format!("the mode is '{}'", self.mode.word()));
        }
        self.sink.report(problem);
    }

    fn refuse(&mut self, code: Code, span: Span, what: &str) {
        let message = format!("{what} is not allowed with mode '{}'", self.mode.word());
        self.report(code, span, message, "remove it, or choose another mode");
    }

    fn ignore_element(&mut self, element: &Element) {
        let message = format!(
            "<{}> has no effect with mode '{}'",
            element.name,
            self.mode.word()
        );
        self.report(
            Code::ElementIgnoredInMode,
            element.name_span,
            message,
            "remove it",
        );
    }

    fn ignore_attribute(&mut self, name: &str, span: Span) {
        let message = format!("'{name}' has no effect with mode '{}'", self.mode.word());
        self.report(Code::AttributeIgnoredInMode, span, message, "remove it");
    }

    fn forward(&mut self, forward: &ForwardPart<'_>, parts: &Parts<'_>) {
        let mode = self.mode;
        if let (Some(nat), true) = (forward.nats.first(), mode != Mode::Nat) {
            self.refuse(Code::NatOutsideNatMode, nat.name_span, "<nat>");
        }
        match mode {
            Mode::Isolated => self.ignored_devices(forward),
            Mode::Nat | Mode::Route => self.single_way_out(forward, parts),
            Mode::Open => self.no_device(forward, Code::ForwardDevInOpenMode),
            Mode::Bridge if parts.bridge.name.is_some() => self.bridge_and_devices(forward, parts),
            Mode::Bridge | Mode::Private | Mode::Vepa | Mode::Passthrough => {}
            Mode::Hostdev => self.no_device(forward, Code::HostdevNamesNetdev),
        }
        if let (true, Some(first)) = (mode.has_own_bridge(), forward.physical_functions.first()) {
            self.ignore_element(first);
        }
        if mode == Mode::Hostdev {
            return;
        }
        // Mode open refuses addresses along with all other devices, a host bridge too; and what
        // was refused beside `dev` or in itself is not looked at again.
        let told = mode == Mode::Open
            || parts.bridge.name.is_some() && mode == Mode::Bridge
            || forward.dev.is_some()
            || forward.values.addresses.len() < forward.addresses.len();
        if let (false, Some(first)) = (told, forward.addresses.first()) {
            self.refuse(
                Code::PciAddressOutsideHostdev,
                first.name_span,
                "a PCI <address>",
            );
        }
        if let Some(managed) = forward.managed {
            self.ignore_attribute("managed", managed.span);
        }
        if let Some(driver) = forward.driver {
            self.ignore_element(driver);
        }
    }

    fn ignored_devices(&mut self, forward: &ForwardPart<'_>) {
        if let Some(dev) = forward.dev {
            self.ignore_attribute("dev", dev.span);
        }
        for each in &forward.interfaces {
            self.ignore_element(each);
        }
    }

    /// V115 and V116.
    fn single_way_out(&mut self, forward: &ForwardPart<'_>, parts: &Parts<'_>) {
        let mode = self.mode.word();
        if parts.element("ip").is_none() {
            let message = format!("mode '{mode}' needs an address, the network has no <ip>");
            let help = "add an <ip>, or leave <forward> out for an isolated network";
            self.report(Code::ForwardWithoutIp, forward.place, message, help);
        }
        if let [first, second, ..] = forward.values.devices.as_slice() {
            let message = format!(
                "mode '{mode}' takes one device, '{}' is a second",
                second.value
            );
            let problem = Diagnostic::new(Code::ForwardSeveralInterfaces, second.span, message);
            self.sink.report(
                problem
                    .also(first.span, "the first one")
                    .help("keep one, or none to let packets leave through any device"),
            );
        }
    }

    /// V117 and V139: devices by name, and in mode open by PCI address.
    fn no_device(&mut self, forward: &ForwardPart<'_>, code: Code) {
        let others = forward
            .addresses
            .first()
            .or(forward.physical_functions.first());
        if let (Some(dev), None) = (forward.dev, others) {
            self.refuse(code, dev.span, "a forward device");
        }
        let named = |each: &&&Element| each.attributes.iter().any(|each| each.name == "dev");
        let interfaces = forward.interfaces.iter().filter(named);
        let by_address = forward.addresses.iter();
        let by_address = by_address.filter(|_| code == Code::ForwardDevInOpenMode);
        if let (None, Some(first)) = (forward.dev, interfaces.chain(by_address).next()) {
            let what = format!("<{}> in <forward>", first.name);
            self.refuse(code, first.name_span, &what);
        }
    }

    /// V122.
    fn bridge_and_devices(&mut self, forward: &ForwardPart<'_>, parts: &Parts<'_>) {
        let elements = [
            &forward.interfaces,
            &forward.physical_functions,
            &forward.addresses,
        ];
        let first = elements.into_iter().flatten().next();
        let span = forward.dev.map(|dev| dev.span);
        let span = span.or(first.map(|element| element.name_span));
        if let (Some(span), Some(bridge)) = (span, parts.bridge.name) {
            let message = "a bridge of the host stands beside a forward device";
            let problem = Diagnostic::new(Code::BridgeNameWithInterfaces, span, message);
            self.sink.report(
                problem
                    .also(bridge.span, "the bridge")
                    .help("keep the bridge, or keep the device for macvtap"),
            );
        }
    }

    /// What belongs to a bridge that is made for the network.
    fn without_own_bridge(&mut self, parts: &Parts<'_>) {
        let bridge = &parts.bridge;
        let device_mode = self.mode != Mode::Bridge;
        let settings = [
            ("stp", bridge.stp.as_ref().map(|stp| stp.span)),
            (
                "delay",
                bridge
                    .delay
                    .filter(|delay| delay.value != 0)
                    .map(|delay| delay.span),
            ),
        ];
        for (name, span) in settings {
            if let Some(span) = span {
                let what = format!("the bridge's {name}");
                self.refuse(Code::BridgeSettingWithoutOwnBridge, span, &what);
            }
        }
        if let Some(zone) = &bridge.zone {
            let code = if device_mode {
                Code::BridgeZoneInDeviceMode
            } else {
                Code::BridgeSettingWithoutOwnBridge
            };
            self.refuse(code, zone.span, "a zone");
        }
        if let Some(mtu) = &parts.mtu {
            self.refuse(Code::MtuWithoutOwnBridge, mtu.span, "an MTU");
        }
        if let Some(mac) = &parts.mac {
            self.refuse(Code::MacWithoutOwnBridge, mac.span, "a MAC address");
        }
        for ip in parts.elements("ip") {
            self.refuse(Code::IpWithoutOwnBridge, ip.name_span, "<ip>");
        }
        self.domain_and_dns(parts);
        self.ignored_ipv6(parts);
        if let Some(options) = dnsmasq_options(parts.root) {
            self.ignore_element(options);
        }
    }

    fn domain_and_dns(&mut self, parts: &Parts<'_>) {
        let named = |domain: &&Element| {
            let mut attributes = domain.attributes.iter();
            attributes.any(|each| each.name == "name")
        };
        if let Some(domain) = parts.element("domain").filter(named) {
            self.refuse(Code::DomainWithoutOwnBridge, domain.name_span, "<domain>");
        }
        if let Some(dns) = parts.element("dns") {
            let record = |child: &&Element| {
                child.namespace.is_none() && matches!(&*child.name, "txt" | "srv" | "host")
            };
            match dns.children.iter().find(record) {
                Some(record) => {
                    let what = format!("<{}> in <dns>", record.name);
                    self.refuse(Code::DnsRecordsWithoutOwnBridge, record.name_span, &what);
                }
                None => self.ignore_element(dns),
            }
        }
    }

    /// What belongs to a bridge, whoever made it.
    fn without_any_bridge(&mut self, parts: &Parts<'_>) {
        if let Some(name) = parts.bridge.name {
            self.refuse(Code::BridgeNameInDeviceMode, name.span, "a bridge name");
        }
        if let Some(table) = &parts.bridge.mac_table {
            self.refuse(
                Code::MacTableManagerInDeviceMode,
                table.span,
                "macTableManager",
            );
        }
    }

    fn ignored_ipv6(&mut self, parts: &Parts<'_>) {
        if let Some(ipv6) = parts.guest_ipv6.filter(|ipv6| ipv6.value) {
            self.ignore_attribute("ipv6", ipv6.span);
        }
    }

    fn ignored_table(&mut self, parts: &Parts<'_>) {
        if let Some(table) = &parts.bridge.mac_table {
            self.ignore_attribute("macTableManager", table.span);
        }
    }

    fn ignored_isolation(&mut self, parts: &Parts<'_>) {
        if let Some(isolated) = parts.isolated_ports.filter(|isolated| isolated.value) {
            self.ignore_attribute("isolated", isolated.span);
        }
    }

    fn uplink(&mut self, parts: &Parts<'_>) {
        if let Some(uplink) = &parts.uplink {
            let message = "an uplink needs mode 'bridge' and a bridge name".to_owned();
            let help = "remove it, or write <forward mode='bridge'/> and <bridge name='…'/>";
            self.report(Code::UplinkOutsideBridgeMode, uplink.span, message, help);
        }
    }
}

#[cfg(test)]
mod tests;
