//! Reading `<network>`: the root element, and everything that every kind of network may have.
//!
//! Elements are read in libvirt's order, each by its own file. All of them are read whatever
//! the others hold, so that everything wrong is said at once; [`kind`] then decides
//! what the forward mode makes of them.

use uuid::Uuid;

use super::bridge::{self, BridgePart};
use super::element::{Attribute, Element};
use super::fields::Fields;
use super::forward::ForwardPart;
use super::kind::{self, Parts};
use super::metadata::{self, MetadataPart};
use super::{bandwidth, dns, domain, option, portgroup, route, subnet, value, virtualport, vlan};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Declared, Network, Places, Route, Subnet};
use crate::source::{Span, Spanned};
use crate::value::{Line, NetworkName, NetworkNameError};

/// Reads the root element (`virNetworkDefParseXML`); `None` if there is no network to speak of.
pub fn read(root: &Element, source_text: &str, sink: &mut Sink) -> Option<Declared> {
    check_root(root, sink)?;
    let mut fields = Fields::new(root);
    // Nobody but libvirt writes it, into the XML of a running network.
    fields.attribute("connections");
    fields.allow_namespace(option::NAMESPACE);

    let name_element = fields.child("name");
    let name = read_name(root, name_element, sink);
    let uuid = fields.child("uuid").and_then(|each| read_uuid(each, sink));
    let title = fields
        .child("title")
        .and_then(|each| read_title(each, sink));
    let description = fields
        .child("description")
        .and_then(|each| text(each, sink));
    let metadata = fields.child("metadata");
    let mut metadata = metadata
        .map(|each| metadata::read(each, source_text, sink))
        .unwrap_or_default();
    let uplink = metadata.uplink.take();
    let guest_ipv6 = fields.filled("ipv6");
    let guest_ipv6 = guest_ipv6.and_then(|each| read_ipv6(each, sink));
    let trust = fields.attribute("trustGuestRxFilters");
    let trust = trust.and_then(|each| value::yes_no(each, sink));
    let isolated_ports = fields.child("port").and_then(|each| read_port(each, sink));

    let dns = fields.child("dns").and_then(|each| dns::read(each, sink));
    let dns_enabled = dns.as_ref().is_none_or(|dns| !dns.disabled);
    let mut parts = Parts {
        root,
        domain: fields
            .child("domain")
            .and_then(|each| domain::read(each, sink)),
        bandwidth: fields
            .child("bandwidth")
            .and_then(|each| bandwidth::read(each, sink)),
        vlan: fields.child("vlan").and_then(|each| vlan::read(each, sink)),
        bridge: fields
            .child("bridge")
            .map(|each| BridgePart::read(each, sink))
            .unwrap_or_default(),
        mac: fields
            .child("mac")
            .and_then(|each| bridge::read_mac(each, sink)),
        mtu: fields
            .child("mtu")
            .and_then(|each| bridge::read_mtu(each, sink)),
        dns,
        virtualport: fields
            .child("virtualport")
            .and_then(|each| virtualport::read(each, true, sink)),
        portgroups: portgroup::read_all(fields.children("portgroup"), sink),
        subnets: subnet::read_all(fields.children("ip"), dns_enabled, sink),
        routes: Vec::new(),
        forward: fields
            .child("forward")
            .map(|each| ForwardPart::read(each, sink)),
        options: option::read_all(root, sink),
        guest_ipv6,
        isolated_ports,
        uplink,
    };
    let routes: Vec<&Element> = fields.children("route").collect();
    fields.finish(sink);
    let all_subnets = parts.elements("ip").count() == parts.subnets.len();
    parts.routes = read_routes(&routes, &parts.subnets, all_subnets, sink);

    let places = places(&parts, name_element);
    let (vlan, virtualport) = (parts.vlan.clone(), parts.virtualport.clone());
    let portgroups = parts
        .portgroups
        .iter()
        .map(|group| group.value.clone())
        .collect();
    let isolated_ports = parts.isolated_ports.map(|isolated| isolated.value);
    let kind = kind::assemble(parts, sink)?;
    metadata.check_forwards(&kind, sink);
    refuse_forwards(&metadata, sink);
    let network = Network {
        name: name?,
        uuid,
        title,
        description,
        metadata: metadata.metadata,
        trust_guest_rx_filters: trust,
        isolated_ports,
        vlan,
        virtualport,
        portgroups,
        kind,
    };
    Some(Declared { network, places })
}

/// Port forwards that are right in themselves are refused all the same, not left out in silence.
fn refuse_forwards(metadata: &MetadataPart, sink: &mut Sink) {
    if let (Some(first), false) = (metadata.forward_places.first(), sink.has_errors()) {
        let message = "port forwards are not compiled yet";
        let problem = Diagnostic::new(Code::PortForwardNotSupported, first.port, message);
        sink.report(problem.help("remove it, and add firewall rules of your own"));
    }
}

fn check_root(root: &Element, sink: &mut Sink) -> Option<()> {
    let (message, help) = if root.name != "network" {
        let message = format!("the root element is <{}>, not <network>", root.name);
        (
            message,
            "give the XML of a network, as `virsh net-dumpxml` prints it",
        )
    } else if let (Some(namespace), None) = (&root.namespace, &root.prefix) {
        let message = format!("<network> is in the namespace '{namespace}', libvirt's is in none");
        (message, "remove xmlns='…' from <network>")
    } else {
        return Some(());
    };
    sink.report(Diagnostic::new(Code::WrongRootElement, root.name_span, message).help(help));
    None
}

fn places(parts: &Parts<'_>, name: Option<&Element>) -> Places {
    let mut places = Places::of_name(name.map_or(parts.root.name_span, text_place));
    places.network = parts.root.name_span;
    places.uuid = parts.element("uuid").map(text_place);
    places.bridge = parts.bridge.name.map(|name| name.span);
    places.mac = parts.mac.map(|mac| mac.span);
    places.forward = parts.forward.as_ref().map(|forward| forward.place);
    places.bandwidth = parts.element("bandwidth").map(|each| each.name_span);
    places.subnets = parts.subnets.iter().map(|each| each.span).collect();
    places.routes = parts.routes.iter().map(|each| each.span).collect();
    places.uplink = parts.uplink.as_ref().map(|uplink| uplink.span);
    places
}

/// The text of an element, or its name if there is none.
fn text_place(element: &Element) -> Span {
    if element.text.is_empty() {
        element.name_span
    } else {
        element.text_span
    }
}

/// The text of an element that holds nothing else; empty is absent.
fn text(element: &Element, sink: &mut Sink) -> Option<String> {
    Fields::new(element).finish(sink);
    (!element.text.is_empty()).then(|| element.text.clone())
}

fn read_name(root: &Element, element: Option<&Element>, sink: &mut Sink) -> Option<NetworkName> {
    let name = element.and_then(|element| text(element, sink));
    let name = name.unwrap_or_default();
    let span = element.map_or(root.name_span, text_place);
    let error = match name.parse::<NetworkName>() {
        Ok(parsed) => {
            warn_of_blanks(&name, span, sink);
            return Some(parsed);
        }
        Err(error) => error,
    };
    let (code, help) = match error {
        NetworkNameError::Empty => (Code::NameMissing, "add <name>…</name>"),
        NetworkNameError::Slash => (Code::NameWithSlash, "write '-' instead"),
        NetworkNameError::LineBreak => (Code::NameWithLineBreak, "put the name on one line"),
        NetworkNameError::TooLong => (Code::NameTooLong, "choose a shorter name"),
        NetworkNameError::Folder => (Code::NameIsDot, "choose another name"),
        NetworkNameError::Option => (Code::NameLeadingDash, "begin it with a letter or digit"),
        NetworkNameError::Control => (Code::ControlCharacter, "remove the character"),
    };
    let message = match error {
        NetworkNameError::Empty => error.to_string(),
        NetworkNameError::Slash
        | NetworkNameError::LineBreak
        | NetworkNameError::TooLong
        | NetworkNameError::Folder
        | NetworkNameError::Option
        | NetworkNameError::Control => format!("the name '{name}' cannot be used: {error}"),
    };
    sink.report(Diagnostic::new(code, span, message).help(help));
    None
}

fn warn_of_blanks(name: &str, span: Span, sink: &mut Sink) {
    if name.trim() != name {
        let message = format!("the name '{name}' begins or ends with a blank, which belongs to it");
        let problem = Diagnostic::new(Code::NameSurroundingBlanks, span, message);
        sink.report(problem.help("remove the blank, if it is not meant"));
    }
}

fn read_uuid(element: &Element, sink: &mut Sink) -> Option<Uuid> {
    let written = text(element, sink)?;
    let uuid = value::uuid(&written);
    if uuid.is_none() {
        let message = format!("'{written}' is no uuid of 32 hexadecimal digits");
        let problem = Diagnostic::new(Code::UuidMalformed, element.text_span, message);
        sink.report(problem.help("remove the element, or write what `uuidgen` prints"));
    }
    uuid
}

fn read_title(element: &Element, sink: &mut Sink) -> Option<Line> {
    let title = text(element, sink)?;
    let error = match title.parse() {
        Ok(title) => return Some(title),
        Err(error) => error,
    };
    let (code, message) = if title.contains('\n') {
        (
            Code::TitleWithLineBreak,
            "the title has more than one line".to_owned(),
        )
    } else {
        (Code::ControlCharacter, format!("in the title {error}"))
    };
    let problem = Diagnostic::new(code, element.text_span, message);
    sink.report(problem.help("put the title on one line, and the rest into <description>"));
    None
}

fn read_ipv6(attribute: &Attribute, sink: &mut Sink) -> Option<Spanned<bool>> {
    let value = match attribute.value.as_str() {
        "yes" => true,
        "no" => false,
        other => {
            let message = format!("ipv6 is 'yes' or 'no', not '{other}'");
            let problem = Diagnostic::new(Code::NetworkIpv6Value, attribute.span, message);
            sink.report(problem.help("write ipv6='yes' or ipv6='no'"));
            return None;
        }
    };
    Some(Spanned::new(value, attribute.span))
}

fn read_port(element: &Element, sink: &mut Sink) -> Option<Spanned<bool>> {
    let mut fields = Fields::new(element);
    let isolated = fields.attribute("isolated");
    fields.finish(sink);
    let isolated = isolated?;
    let value = value::yes_no(isolated, sink)?;
    Some(Spanned::new(value, isolated.span))
}

/// The routes. A subnet that could not be read may be the one a gateway lies in, so unless all
/// could, an unreachable gateway is not mentioned.
fn read_routes(
    elements: &[&Element],
    subnets: &[Spanned<Subnet>],
    all_subnets: bool,
    sink: &mut Sink,
) -> Vec<Spanned<Route>> {
    let elements = elements.iter().copied();
    if all_subnets {
        return route::read_all(elements, subnets, sink);
    }
    let mut found = Sink::default();
    let routes = route::read_all(elements, subnets, &mut found);
    let mut known = found.sorted();
    known.retain(|each| each.code != Code::RouteGatewayUnreachable);
    for each in known {
        sink.report(each.clone());
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{BridgeChoice, Kind};
    use crate::source::{Source, SourceId};

    fn read(text: &str) -> (Option<Declared>, Vec<Code>) {
        let mut sink = Sink::default();
        let source = Source::new("n.xml", text);
        let declared = crate::xml::read(SourceId(0), &source, &mut sink);
        let codes = sink.sorted().iter().map(|each| each.code).collect();
        (declared, codes)
    }

    #[test]
    fn a_name_is_enough() {
        let (declared, codes) = read("<network><name> it's \"odd\"</name></network>");
        let network = declared.expect("it is a network").network;
        assert_eq!(network.name.as_str(), " it's \"odd\"");
        assert_eq!(codes, [Code::NameSurroundingBlanks]);
        let Kind::Virtual(own) = network.kind else {
            unreachable!("without <forward> it is isolated")
        };
        assert_eq!(own.bridge.name, BridgeChoice::automatic());
        assert!(own.bridge.stp);
    }

    #[test]
    fn only_a_network_is_read() {
        for (text, code) in [
            ("<domain/>", Code::WrongRootElement),
            ("<network xmlns='urn:x'/>", Code::WrongRootElement),
            ("<network/>", Code::NameMissing),
            ("<network><name>a/b</name></network>", Code::NameWithSlash),
            (
                "<network><name>a\nb</name></network>",
                Code::NameWithLineBreak,
            ),
            (
                "<network ipv6='1'><name>a</name></network>",
                Code::NetworkIpv6Value,
            ),
        ] {
            let (declared, codes) = read(text);
            assert!(declared.is_none(), "{text}");
            assert_eq!(codes, [code], "{text}");
        }
    }
}
