//! Asking an element of our own namespace for what it holds.
//!
//! libvirt keeps these elements unread, so nobody else would notice a misspelt one: unlike
//! [`Fields`](crate::xml::fields::Fields) this refuses what it does not know.

use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::value::{DeviceName, DeviceNameError};
use crate::xml::element::{Attribute, Element};

/// Our namespace.
pub const NAMESPACE: &str = "urn:lanwright:network:1";

/// One element of ours while it is being read.
pub struct Strict<'a> {
    element: &'a Element,
    attributes: Vec<&'static str>,
    good: bool,
}

impl<'a> Strict<'a> {
    /// Begins to read `element`.
    pub fn new(element: &'a Element) -> Self {
        Strict {
            element,
            attributes: Vec::new(),
            good: true,
        }
    }

    /// The attribute of this name.
    pub fn attribute(&mut self, name: &'static str) -> Option<&'a Attribute> {
        self.attributes.push(name);
        let mut attributes = self.element.attributes.iter();
        attributes.find(|attribute| attribute.name == name)
    }

    /// The attribute of this name, which must be there.
    pub fn required(&mut self, name: &'static str, sink: &mut Sink) -> Option<&'a Attribute> {
        let attribute = self.attribute(name);
        if attribute.is_none() {
            let message = format!("<{}> needs the attribute '{name}'", shown(self.element));
            let code = Code::LanwrightAttributeMissing;
            let problem = Diagnostic::new(code, self.element.name_span, message);
            sink.report(problem.help(format!("add {name}='…'")));
            self.good = false;
        }
        attribute
    }

    /// Refuses all attributes that nobody asked for and all elements that are not of these names;
    /// whether there were none.
    pub fn finish(self, children: &[&str], sink: &mut Sink) -> bool {
        let (element, mut good) = (self.element, self.good);
        for attribute in &element.attributes {
            if !self.attributes.contains(&attribute.name.as_str()) {
                let (name, owner) = (&attribute.name, shown(element));
                let message = format!("<{owner}> has no attribute '{name}'");
                let code = Code::LanwrightAttributeUnknown;
                let problem = Diagnostic::new(code, attribute.name_span, message);
                sink.report(problem.help(known("remove it, or write", &self.attributes)));
                good = false;
            }
        }
        for child in &element.children {
            if !(is_ours(child) && children.contains(&child.name.as_str())) {
                let message = format!("<{}> has no element <{}>", shown(element), shown(child));
                let code = Code::LanwrightElementUnknown;
                let problem = Diagnostic::new(code, child.name_span, message);
                sink.report(problem.help(known("remove it, or write", children)));
                good = false;
            }
        }
        if !element.text.trim().is_empty() {
            let message = format!("<{}> has no text, it is ignored", shown(element));
            let problem = Diagnostic::new(Code::UnexpectedText, element.text_span, message);
            sink.report(problem.help("remove the text"));
        }
        good
    }
}

/// Whether an element is of our namespace.
pub fn is_ours(element: &Element) -> bool {
    element.namespace.as_deref() == Some(NAMESPACE)
}

/// The children of one name in our namespace.
pub fn children<'a>(
    element: &'a Element,
    name: &'static str,
) -> impl Iterator<Item = &'a Element> + use<'a> {
    let wanted = move |child: &&Element| is_ours(child) && child.name == name;
    element.children.iter().filter(wanted)
}

/// A device name, or why it is none.
pub fn device(attribute: &Attribute, sink: &mut Sink) -> Option<DeviceName> {
    let error = match attribute.value.parse() {
        Ok(name) => return Some(name),
        Err(error) => error,
    };
    let code = match error {
        DeviceNameError::Character(_) => Code::DeviceNameCharacter,
        DeviceNameError::Empty | DeviceNameError::TooLong | DeviceNameError::Kernel => {
            Code::LanwrightDeviceInvalid
        }
    };
    let message = format!("'{}' is no device name: {error}", attribute.value);
    let problem = Diagnostic::new(code, attribute.span, message);
    sink.report(problem.help("name a network device of the host"));
    None
}

/// An address in its usual spelling, or the refusal under `code`.
pub fn address(attribute: &Attribute, code: Code, sink: &mut Sink) -> Option<IpAddr> {
    let address = attribute.value.parse().ok();
    if address.is_none() {
        let (name, value) = (&attribute.name, &attribute.value);
        let message = format!("{name} is an IP address, not '{value}'");
        let problem = Diagnostic::new(code, attribute.span, message);
        sink.report(problem.help("write a numeric address such as 192.0.2.10 or 2001:db8::10"));
    }
    address
}

fn shown(element: &Element) -> String {
    match &element.prefix {
        Some(prefix) => format!("{prefix}:{}", element.name),
        None => element.name.clone(),
    }
}

fn known(verb: &str, names: &[&str]) -> String {
    match names.split_last() {
        None => "remove it".to_owned(),
        Some((only, [])) => format!("{verb} '{only}'"),
        Some((last, names)) => format!("{verb} one of '{}' or '{last}'", names.join("', '")),
    }
}
