//! Reading the devices inside `<forward>`: `<interface>`, `<pf>`, `<address>`, `<driver>`.

use std::collections::HashMap;

use super::device::{self, Role};
use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::c_number;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::PciAddress;
use crate::source::Spanned;
use crate::value::DeviceName;

/// The devices of `<interface>` elements, with `forward/@dev` as the first of them
/// (`virNetworkForwardDefParseXML`).
pub fn read_interfaces(
    dev: Option<&Attribute>,
    elements: &[&Element],
    sink: &mut Sink,
) -> Vec<Spanned<DeviceName>> {
    let named: Vec<&Attribute> = elements
        .iter()
        .filter_map(|element| {
            let missing = Code::ForwardInterfaceWithoutDev;
            read_dev(element, &["connections"], missing, sink)
        })
        .collect();
    let mut rest = named.as_slice();
    let mut agrees = true;
    if let (Some(dev), Some((first, others))) = (dev, named.split_first()) {
        agrees = first.value == dev.value;
        if agrees {
            rest = others;
        } else {
            let message = format!(
                "<forward> names the device '{}', its first <interface> '{}'",
                dev.value, first.value
            );
            let code = Code::ForwardDevNotFirstInterface;
            sink.report(
                Diagnostic::new(code, first.span, message)
                    .also(dev.span, "the device of <forward>")
                    .help("list that device first, or remove 'dev' from <forward>"),
            );
        }
    }
    // One of the two is a mistake; what follows from both together is not worth saying.
    let dev = dev.filter(|_| agrees);
    let all = dev.into_iter().chain(rest.iter().copied());
    let mut seen: HashMap<&str, &Attribute> = HashMap::new();
    let mut devices = Vec::new();
    for each in all {
        if let Some(first) = seen.insert(&each.value, each) {
            let message = format!("the interface '{}' is listed twice", each.value);
            let problem = Diagnostic::new(Code::ForwardInterfaceRepeated, each.span, message);
            sink.report(
                problem
                    .also(first.span, "the first time")
                    .help("remove one of the two"),
            );
        } else if let Some(device) = device::read(each, Role::Forward, sink) {
            devices.push(Spanned::new(device, each.span));
        }
    }
    devices
}

/// The physical function of `<pf>`.
pub fn read_physical_function(elements: &[&Element], sink: &mut Sink) -> Option<DeviceName> {
    let (first, further) = elements.split_first()?;
    for each in further {
        let message = "<forward> has more than one <pf>";
        let problem = Diagnostic::new(Code::ForwardPfRepeated, each.name_span, message);
        sink.report(
            problem
                .also(first.name_span, "the first one")
                .help("remove it, or make a second network of it"),
        );
    }
    let dev = read_dev(first, &[], Code::ForwardPfWithoutDev, sink)?;
    device::read(dev, Role::Forward, sink)
}

fn read_dev<'a>(
    element: &'a Element,
    also: &[&'static str],
    missing: Code,
    sink: &mut Sink,
) -> Option<&'a Attribute> {
    let mut fields = Fields::new(element);
    let filled = fields.filled("dev");
    let dev = fields.attribute("dev");
    for name in also {
        fields.attribute(name);
    }
    fields.finish(sink);
    if dev.is_none() {
        let message = format!("<{}> has no 'dev'", element.name);
        let problem = Diagnostic::new(missing, element.name_span, message);
        sink.report(problem.help("name the device with dev='…'"));
    }
    // An empty name is none to `networkAddFirewallRules`, and no error.
    filled
}

/// The PCI devices of `<address>` elements.
pub fn read_addresses(elements: &[&Element], sink: &mut Sink) -> Vec<Spanned<PciAddress>> {
    let mut seen: HashMap<PciAddress, &Element> = HashMap::new();
    let mut addresses = Vec::new();
    for element in elements {
        let Some(address) = read_address(element, sink) else {
            continue;
        };
        if let Some(first) = seen.insert(address, element) {
            let message = format!("the PCI device '{address}' is listed twice");
            let problem = Diagnostic::new(Code::PciAddressRepeated, element.name_span, message);
            sink.report(
                problem
                    .also(first.name_span, "the first time")
                    .help("remove one of the two"),
            );
        } else {
            addresses.push(Spanned::new(address, element.name_span));
        }
    }
    addresses
}

fn read_address(element: &Element, sink: &mut Sink) -> Option<PciAddress> {
    let mut fields = Fields::new(element);
    let kind = fields.attribute("type");
    let parts = ["domain", "bus", "slot", "function"].map(|name| fields.attribute(name));
    fields.attribute("multifunction");
    fields.finish(sink);
    if kind.is_none_or(|kind| kind.value != "pci") {
        let (span, message) = match kind {
            Some(kind) => (
                kind.span,
                format!("the address type '{}' is not 'pci'", kind.value),
            ),
            None => (element.name_span, "<address> has no 'type'".to_owned()),
        };
        let problem = Diagnostic::new(Code::ForwardAddressType, span, message);
        sink.report(problem.help("write type='pci'"));
        return None;
    }
    let mut numbers = [0; 4];
    let mut good = true;
    for (number, part) in numbers.iter_mut().zip(parts) {
        let Some(part) = part else { continue };
        match c_number(&part.value) {
            Some(value) => *number = value,
            None => {
                let message = format!("'{}' is no number", part.value);
                good = false;
                out_of_range(part, message, sink);
            }
        }
    }
    let [domain, bus, slot, function] = numbers;
    // virPCIDeviceAddressIsEmpty: an address of which only the function is set is not checked.
    if good && (domain, bus, slot) != (0, 0, 0) {
        let limits = [u32::MAX, 0xff, 0x1f, 7];
        for ((number, limit), part) in numbers.into_iter().zip(limits).zip(parts) {
            if let (true, Some(part)) = (number > limit, part) {
                let message = format!("'{}' is above {limit:#x}", part.value);
                good = false;
                out_of_range(part, message, sink);
            }
        }
    }
    good.then_some(PciAddress {
        domain,
        bus,
        slot,
        function,
    })
}

fn out_of_range(part: &Attribute, reason: String, sink: &mut Sink) {
    let message = format!("the {} of a PCI address: {reason}", part.name);
    let problem = Diagnostic::new(Code::PciAddressOutOfRange, part.span, message);
    sink.report(problem.help("copy the address that `lspci -D` shows"));
}

/// The host driver of `<driver>` and its model (V114); libvirt's default is vfio.
pub fn read_driver(element: &Element, sink: &mut Sink) -> Option<(String, Option<String>)> {
    let mut fields = Fields::new(element);
    let (name, model) = (fields.attribute("name"), fields.filled("model"));
    fields.finish(sink);
    if let Some(name) = name.filter(|name| !matches!(&*name.value, "kvm" | "vfio" | "xen")) {
        let message = format!("the driver '{}' is none of kvm, vfio and xen", name.value);
        let problem = Diagnostic::new(Code::ForwardDriverUnknown, name.span, message);
        sink.report(problem.help("write 'vfio', or remove the element"));
        return None;
    }
    let model = model.map(|model| model.value.clone());
    match (name, model) {
        (None, None) => None,
        (None, model) => Some(("vfio".to_owned(), model)),
        (Some(name), model) => Some((name.value.clone(), model)),
    }
}
