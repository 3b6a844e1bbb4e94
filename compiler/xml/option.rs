//! Reading `<dnsmasq:options>`: the user's own lines for dnsmasq.
//!
//! libvirt appends them unseen; so do we, but a value stays one line, and one that does more than
//! configure DNS and DHCP of this network is worth a warning.

use super::element::{Attribute, Element};
use super::value::line;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::DnsmasqOption;

/// The namespace of the elements.
pub const NAMESPACE: &str = "http://libvirt.org/schemas/network/dnsmasq/1.0";

/// Options that run programs, read or write files, or take rights on the host.
const DANGEROUS: &[&str] = &[
    "addn-hosts",
    "conf-dir",
    "conf-file",
    "conf-script",
    "dhcp-hostsdir",
    "dhcp-hostsfile",
    "dhcp-leasefile",
    "dhcp-luascript",
    "dhcp-optsdir",
    "dhcp-optsfile",
    "dhcp-script",
    "dhcp-scriptuser",
    "dnssec-timestamp",
    "dumpfile",
    "enable-dbus",
    "enable-tftp",
    "enable-ubus",
    "group",
    "hostsdir",
    "ipset",
    "log-facility",
    "nftset",
    "pid-file",
    "read-ethers",
    "resolv-file",
    "script-on-renewal",
    "servers-file",
    "tftp-root",
    "user",
];

/// Options that the network's own configuration sets, or that undo what it sets.
const CONFLICTING: &[&str] = &[
    "auth-server",
    "bind-dynamic",
    "bind-interfaces",
    "dhcp-authoritative",
    "dhcp-lease-max",
    "except-interface",
    "interface",
    "keep-in-foreground",
    "leasefile-ro",
    "listen-address",
    "no-daemon",
    "no-dhcp-interface",
    "port",
    "strict-order",
];

/// Reads every option below `root`, in order.
///
/// As `networkDnsmasqDefNamespaceParse`: all `options` elements count, and a missing value is an
/// error (V124).
pub fn read_all(root: &Element, sink: &mut Sink) -> Vec<DnsmasqOption> {
    let mut options = Vec::new();
    for list in lists(root) {
        for attribute in &list.attributes {
            unknown_attribute(list, attribute, sink);
        }
        for child in &list.children {
            if named(child, "option") {
                options.extend(read(child, sink));
            } else {
                let message = format!("<options> has no element <{}>, it is ignored", child.name);
                let problem = Diagnostic::new(Code::UnknownElement, child.name_span, message);
                sink.report(problem.help("write <option value='…'/> in the same namespace"));
            }
        }
    }
    options
}

/// Every `<dnsmasq:options>` of a network.
pub fn lists(root: &Element) -> impl Iterator<Item = &Element> {
    let children = root.children.iter();
    children.filter(|child| named(child, "options"))
}

fn named(element: &Element, name: &str) -> bool {
    element.namespace.as_deref() == Some(NAMESPACE) && element.name == name
}

fn read(element: &Element, sink: &mut Sink) -> Option<DnsmasqOption> {
    let others = element
        .attributes
        .iter()
        .filter(|each| each.name != "value");
    for attribute in others {
        unknown_attribute(element, attribute, sink);
    }
    for child in &element.children {
        let message = format!("<option> has no element <{}>, it is ignored", child.name);
        let problem = Diagnostic::new(Code::UnknownElement, child.name_span, message);
        sink.report(problem.help("remove it"));
    }
    let value = element.attributes.iter().find(|each| each.name == "value");
    let Some(value) = value else {
        let message = "<option> has no value";
        let problem = Diagnostic::new(Code::DnsmasqOptionWithoutValue, element.name_span, message);
        sink.report(problem.help("add value='…' with one line of dnsmasq's configuration"));
        return None;
    };
    let text = line(&value.value, value.span, Code::LineBreakInValue, sink)?;
    let name = text.as_str().split('=').next().unwrap_or_default().trim();
    if DANGEROUS.contains(&name) {
        let message = format!("'{name}' runs programs, touches files or takes rights on the host");
        let problem = Diagnostic::new(Code::DnsmasqOptionDangerous, value.span, message);
        sink.report(problem.help("remove it unless the file comes from whom you trust as root"));
    } else if CONFLICTING.contains(&name) {
        let message = format!("'{name}' is set by the network's own configuration");
        let problem = Diagnostic::new(Code::DnsmasqOptionConflicts, value.span, message);
        sink.report(problem.help("remove it, and use the element of network XML for it"));
    }
    Some(DnsmasqOption(text))
}

fn unknown_attribute(element: &Element, attribute: &Attribute, sink: &mut Sink) {
    let (name, owner) = (&attribute.name, &element.name);
    let message = format!("<{owner}> has no attribute '{name}', it is ignored");
    let problem = Diagnostic::new(Code::UnknownAttribute, attribute.name_span, message);
    sink.report(problem.help("remove it"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, SourceId};

    fn check(options: &str) -> (Vec<String>, Vec<&'static str>) {
        let mut sink = Sink::default();
        let text = format!("<network xmlns:d='{NAMESPACE}'>{options}</network>");
        let source = Source::new("a.xml", text);
        let element = crate::xml::element::parse(SourceId(0), &source, &mut sink);
        let element = element.expect("the tests write well-formed XML");
        let options = read_all(&element, &mut sink);
        let options = options.iter().map(|each| each.0.to_string()).collect();
        (
            options,
            sink.sorted().iter().map(|each| each.code.name()).collect(),
        )
    }

    #[test]
    fn keeps_lines_in_order() {
        let (options, codes) = check(
            "<d:options><d:option value='cname=a,b'/></d:options><options/>\
             <d:options><d:option value='dhcp-option=42,0.0.0.0'/></d:options>",
        );
        assert_eq!(options, ["cname=a,b", "dhcp-option=42,0.0.0.0"]);
        assert!(codes.is_empty());
    }

    #[test]
    fn says_what_is_wrong() {
        let codes = |option| check(&format!("<d:options>{option}</d:options>")).1;
        assert_eq!(codes("<d:option/>"), ["dnsmasq-option-without-value"]);
        assert_eq!(
            codes("<d:option value='a&#10;b'/>"),
            ["line-break-in-value"]
        );
        assert_eq!(
            codes("<d:option value=' dhcp-script = /bin/x'/>"),
            ["dnsmasq-option-dangerous"]
        );
        assert_eq!(
            codes("<d:option value='port=0'/>"),
            ["dnsmasq-option-conflicts"]
        );
        assert_eq!(codes("<option value='port=0'/>"), ["unknown-element"]);
    }
}
