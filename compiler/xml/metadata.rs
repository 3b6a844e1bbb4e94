//! Reading `<metadata>`: our own additions, and what others keep there.
//!
//! libvirt keeps one child a namespace and drops children without namespace; so do we, and say
//! so. Our own namespace is read strictly ([`strict`]); others are kept word for word
//! ([`foreign`]).

pub mod foreign;
pub mod port_forward;
pub mod strict;
pub mod uplink;

pub use port_forward::ForwardPlaces;

use std::collections::BTreeMap;

use self::strict::{Strict, is_ours};
use super::element::Element;
use super::fields::Fields;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Kind, Metadata, Uplink};
use crate::source::{Span, Spanned};

/// All that `<metadata>` holds.
#[derive(Clone, Debug, Default)]
pub struct MetadataPart {
    /// What every network may have.
    pub metadata: Metadata,
    /// Where each port forward was written.
    pub forward_places: Vec<ForwardPlaces>,
    /// What only a host bridge may have, at the value of `dev`.
    pub uplink: Option<Spanned<Uplink>>,
}

impl MetadataPart {
    /// Refuses port forwards that a network of this kind cannot have.
    pub fn check_forwards(&self, kind: &Kind, sink: &mut Sink) {
        port_forward::check(&self.metadata.forwards, &self.forward_places, kind, sink);
    }
}

/// Reads what is there; `source_text` is the text that the element was parsed from.
pub fn read(element: &Element, source_text: &str, sink: &mut Sink) -> MetadataPart {
    let mut part = MetadataPart::default();
    Fields::new(element).finish_attributes(sink);
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for child in &element.children {
        let namespace = match child.namespace.as_deref() {
            None => {
                sink.report(without_namespace(child));
                continue;
            }
            Some("") => {
                let prefix = child.prefix.as_deref().unwrap_or_default();
                sink.report(undeclared(child, prefix));
                continue;
            }
            Some(namespace) => namespace,
        };
        if let Some(first) = seen.get(namespace) {
            sink.report(repeated(child, namespace, *first));
            continue;
        }
        seen.insert(namespace, child.name_span);
        if is_ours(child) {
            read_ours(child, &mut part, sink);
            continue;
        }
        match foreign::piece(child, &element.scope, source_text) {
            Ok(piece) => part.metadata.foreign.push(piece),
            Err(prefix) => sink.report(undeclared(child, &prefix)),
        }
    }
    part
}

/// Reads `<lan:network>`.
fn read_ours(element: &Element, part: &mut MetadataPart, sink: &mut Sink) {
    if element.name != "network" {
        let message = format!(
            "our namespace has no element <{}>, only <network>",
            element.name
        );
        let code = Code::LanwrightElementUnknown;
        let problem = Diagnostic::new(code, element.name_span, message);
        sink.report(problem.help("put it inside <lan:network>"));
        return;
    }
    Strict::new(element).finish(&["uplink", "forward"], sink);
    let mut uplinks = strict::children(element, "uplink");
    if let Some(first) = uplinks.next() {
        let dev = first.attributes.iter().find(|each| each.name == "dev");
        let span = dev.map_or(first.name_span, |dev| dev.span);
        part.uplink = uplink::read(first, sink).map(|uplink| Spanned::new(uplink, span));
        for further in uplinks {
            let message = "a bridge has one uplink";
            let problem = Diagnostic::new(Code::UplinkRepeated, further.name_span, message);
            sink.report(
                problem
                    .also(first.name_span, "the first one")
                    .help("make a bond of the devices and name that"),
            );
            uplink::read(further, sink);
        }
    }
    let forwards: Vec<_> = strict::children(element, "forward")
        .filter_map(|child| port_forward::read(child, sink))
        .collect();
    port_forward::check_hidden(&forwards, sink);
    (part.metadata.forwards, part.forward_places) = forwards.into_iter().unzip();
}

fn without_namespace(child: &Element) -> Diagnostic {
    let name = &child.name;
    let message = format!("<{name}> has no namespace, so <metadata> does not keep it");
    Diagnostic::new(Code::MetadataChildIgnored, child.name_span, message).help(format!(
        "give it a namespace of its own, as in <my:{name} xmlns:my='https://example.org/my'>"
    ))
}

fn undeclared(child: &Element, prefix: &str) -> Diagnostic {
    let message = format!(
        "the prefix '{prefix}' is declared nowhere, so <{}> is not kept",
        child.name
    );
    let code = Code::UndeclaredNamespacePrefix;
    Diagnostic::new(code, child.name_span, message).help(format!("add xmlns:{prefix}='…'"))
}

fn repeated(child: &Element, namespace: &str, first: Span) -> Diagnostic {
    let message = format!(
        "<{}> is a second element of the namespace '{namespace}', only the first is kept",
        child.name
    );
    Diagnostic::new(Code::MetadataNamespaceRepeated, child.name_span, message)
        .also(first, "the first one")
        .help("put both below one element")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Addressing;
    use crate::xml::element::fixture::{codes, element};

    fn part(inner: &str, sink: &mut Sink) -> MetadataPart {
        let text = format!("<n xmlns:o='urn:o'><metadata xmlns='urn:d'>{inner}</metadata></n>");
        read(&element(&text).children[0], &text, sink)
    }

    fn ours(inner: &str, sink: &mut Sink) -> MetadataPart {
        let open = "<l:network xmlns:l='urn:lanwright:network:1'>";
        part(&format!("{open}{inner}</l:network>"), sink)
    }

    #[test]
    fn others_are_kept_word_for_word() {
        let mut sink = Sink::default();
        let foreign = "<o:a  x='1'><!-- y --><b o:z=\"&lt;\"/></o:a >";
        let part = part(&format!(" {foreign} <c xmlns='urn:c'/>"), &mut sink);
        let declared = "<o:a xmlns='urn:d' xmlns:o='urn:o'  x='1'>";
        let kept = foreign.replace("<o:a  x='1'>", declared);
        assert_eq!(
            part.metadata.foreign,
            [kept, "<c xmlns='urn:c'/>".to_owned()]
        );
        assert!(codes(&sink).is_empty());
    }

    #[test]
    fn what_libvirt_drops_is_dropped() {
        let mut sink = Sink::default();
        let inner = "<x xmlns=''/><q:a/><o:a><q:b/></o:a><c/><c/>";
        let part = part(inner, &mut sink);
        assert_eq!(part.metadata.foreign, ["<c xmlns='urn:d'/>"]);
        let said = [
            Code::MetadataChildIgnored,
            Code::UndeclaredNamespacePrefix,
            Code::UndeclaredNamespacePrefix,
            Code::MetadataNamespaceRepeated,
        ];
        assert_eq!(codes(&sink), said);
    }

    #[test]
    fn our_own_are_read() {
        let mut sink = Sink::default();
        let part = ours(
            "<l:uplink dev='eno1' addressing='static'>\
                <l:ip address='192.0.2.10' prefix='24' gateway='192.0.2.1'/>\
                <l:dns address='192.0.2.53'/></l:uplink>\
             <l:forward protocol='tcp' port='8000-8010' to='192.168.9.11' to-port='80'\
                address='192.0.2.10' dev='eno1' source='198.51.100.0/24'/>\
             <l:forward protocol='udp' port='53' to='fd00::11' source='2001:db8::7'/>",
            &mut sink,
        );
        assert!(codes(&sink).is_empty(), "{:?}", sink.sorted());
        let uplink = part.uplink.expect("there is an uplink").value;
        assert!(matches!(uplink.addressing, Addressing::Static { .. }));
        let [first, second] = part.metadata.forwards.as_slice() else {
            unreachable!("there are two forwards");
        };
        assert_eq!(
            (first.ports.to_string().as_str(), first.to_port),
            ("8000-8010", Some(80))
        );
        assert_eq!(
            second.source.map(|net| net.to_string()).as_deref(),
            Some("2001:db8::7/128")
        );
    }

    #[test]
    fn our_own_are_read_strictly() {
        let forward = |rest: &str| format!("<l:forward protocol='tcp' {rest}/>");
        let fixed =
            |inner: &str| format!("<l:uplink dev='eno1' addressing='static'>{inner}</l:uplink>");
        let ip = "<l:ip address='192.0.2.10' prefix='24'/>";
        let cases = [
            ("<l:portforward/>".to_owned(), Code::LanwrightElementUnknown),
            ("<uplink/>".to_owned(), Code::LanwrightElementUnknown),
            (
                "<l:uplink addressing='none'/>".to_owned(),
                Code::LanwrightAttributeMissing,
            ),
            (
                "<l:uplink dev='eno1'/>".to_owned(),
                Code::LanwrightAttributeMissing,
            ),
            (
                "<l:uplink dev='a' addressing='none' x=''/>".into(),
                Code::LanwrightAttributeUnknown,
            ),
            (
                "<l:uplink dev='a+' addressing='none'/>".into(),
                Code::DeviceNameCharacter,
            ),
            (
                "<l:uplink dev='' addressing='none'/>".into(),
                Code::LanwrightDeviceInvalid,
            ),
            (
                "<l:uplink dev='a' addressing=''/>".into(),
                Code::UplinkAddressingUnknown,
            ),
            (
                "<l:uplink dev='a' addressing='none'/>".repeat(2),
                Code::UplinkRepeated,
            ),
            (fixed(""), Code::UplinkStaticWithoutIp),
            (
                fixed(ip).replace("static", "dhcp"),
                Code::UplinkIpWithoutStatic,
            ),
            (fixed(&ip.repeat(2)), Code::UplinkAddressMalformed),
            (fixed(&ip.replace("24", "33")), Code::UplinkAddressMalformed),
            (
                fixed(&ip.replace("'24'", "'24' gateway='::1'")),
                Code::UplinkAddressMalformed,
            ),
            (
                fixed(&ip.replace("'24'", "'24' gateway='192.0.3.1'")),
                Code::UplinkAddressMalformed,
            ),
            (forward("port='80'"), Code::LanwrightAttributeMissing),
            (
                forward("port='0' to='10.0.0.2'"),
                Code::PortForwardPortInvalid,
            ),
            (
                forward("port='9-8' to='10.0.0.2'"),
                Code::PortForwardPortInvalid,
            ),
            (
                forward("port='1-3' to='10.0.0.2' to-port='1-2'"),
                Code::PortForwardRangeMismatch,
            ),
            (
                forward("port='1-3' to='10.0.0.2' to-port='65534'"),
                Code::PortForwardRangeMismatch,
            ),
            (
                forward("port='1' to='10.2'"),
                Code::PortForwardAddressMalformed,
            ),
            (
                forward("port='1' to='10.0.0.2' source='::/0'"),
                Code::PortForwardAddressMalformed,
            ),
            (
                forward("port='1' to='10.0.0.2' address='::1'"),
                Code::PortForwardAddressMalformed,
            ),
            (
                forward("port='1' to='10.0.0.2'").repeat(2),
                Code::PortForwardTaken,
            ),
            (
                forward("port='1' to='0'").replace("tcp", "sctp"),
                Code::PortForwardProtocolUnknown,
            ),
        ];
        for (inner, code) in cases {
            let mut sink = Sink::default();
            ours(&inner, &mut sink);
            assert!(codes(&sink).contains(&code), "{inner}: {:?}", codes(&sink));
            assert!(sink.has_errors(), "{inner}");
        }
    }
}
