//! Reading `<portgroup>`.
//!
//! Whether a network's mode can serve a group's limits and tags is not decided here.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::{line, yes_no};
use super::{bandwidth, virtualport, vlan};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::Portgroup;
use crate::source::{Span, Spanned};

/// Reads all groups of a network, each at its name; one that is wrong is left out.
pub fn read_all<'a>(
    elements: impl Iterator<Item = &'a Element>,
    sink: &mut Sink,
) -> Vec<Spanned<Portgroup>> {
    let mut groups = Vec::new();
    let mut names: HashMap<&str, &Attribute> = HashMap::new();
    let mut default: Option<Span> = None;
    for element in elements {
        let mut fields = Fields::new(element);
        let name = fields.filled("name");
        let default_here = fields.attribute("default");
        let is_default =
            default_here.filter(|attribute| attribute.value.eq_ignore_ascii_case("yes"));
        if let Some(attribute) = default_here {
            warn_of_default(attribute, sink);
        }
        let group = read(fields, name, is_default.is_some(), sink);
        if let Some(name) = name {
            match names.entry(&name.value) {
                Entry::Occupied(earlier) => sink.report(repeated(name, earlier.get())),
                Entry::Vacant(entry) => {
                    entry.insert(name);
                }
            }
        }
        if let Some(attribute) = is_default {
            match default {
                Some(first) => sink.report(two_defaults(attribute, first)),
                None => default = Some(attribute.span),
            }
        }
        let span = name.map_or(element.name_span, |name| name.span);
        groups.extend(group.map(|group| Spanned::new(group, span)));
    }
    groups
}

fn read(
    mut fields: Fields<'_>,
    name: Option<&Attribute>,
    default: bool,
    sink: &mut Sink,
) -> Option<Portgroup> {
    let trust = fields.attribute("trustGuestRxFilters");
    let virtualport = fields.child("virtualport");
    let bandwidth = fields.child("bandwidth");
    let vlan = fields.child("vlan");
    if name.is_none() {
        let message = "a <portgroup> needs a name";
        let span = fields.element().name_span;
        let problem = Diagnostic::new(Code::PortgroupWithoutName, span, message);
        sink.report(problem.help("add name='…', which guests' interfaces ask for"));
    }
    fields.finish(sink);
    let trust = trust.map(|attribute| yes_no(attribute, sink));
    let virtualport = virtualport.map(|element| virtualport::read(element, false, sink));
    let bandwidth = bandwidth.and_then(|element| bandwidth::read(element, sink));
    let vlan = vlan.map(|element| vlan::read(element, sink));
    let good = trust != Some(None) && virtualport != Some(None) && vlan != Some(None);
    let name = name.and_then(|name| line(&name.value, name.span, Code::LineBreakInValue, sink));
    Some(Portgroup {
        name: name.filter(|_| good)?,
        default,
        trust_guest_rx_filters: trust.flatten(),
        virtualport: virtualport.flatten(),
        bandwidth,
        vlan: vlan.flatten(),
    })
}

fn repeated(name: &Attribute, earlier: &Attribute) -> Diagnostic {
    let message = format!("there are two portgroups called '{}'", name.value);
    Diagnostic::new(Code::PortgroupRepeated, name.span, message)
        .also(earlier.span, "the first one")
        .help("rename one of them")
}

/// Whatever is not yes, in any case, is no; libvirt does not look closer.
fn warn_of_default(attribute: &Attribute, sink: &mut Sink) {
    let value = &attribute.value;
    let known = ["yes", "no"];
    if !known.iter().any(|each| value.eq_ignore_ascii_case(each)) {
        let message = format!("default is '{value}', which is read as 'no'");
        let problem = Diagnostic::new(Code::YesNoReadAsNo, attribute.span, message);
        sink.report(problem.help("write default='yes' or default='no'"));
    }
}

fn two_defaults(attribute: &Attribute, first: Span) -> Diagnostic {
    let message = "only one portgroup can be the default";
    Diagnostic::new(Code::PortgroupTwoDefaults, attribute.span, message)
        .also(first, "the first one")
        .help("keep default='yes' on one of them")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::element::fixture::{codes, element};

    fn groups(text: &str, sink: &mut Sink) -> Vec<Spanned<Portgroup>> {
        let tree = element(&format!("<network>{text}</network>"));
        read_all(tree.children.iter(), sink)
    }

    #[test]
    fn groups_are_read() {
        let mut sink = Sink::default();
        let text = "<portgroup name='a' default='Yes' trustGuestRxFilters='no'>\
            <vlan><tag id='3'/></vlan></portgroup><portgroup name='b' default='no'/>";
        let groups = groups(text, &mut sink);
        assert!(codes(&sink).is_empty());
        assert!(groups[0].value.default && !groups[1].value.default);
        assert_eq!(groups[0].value.trust_guest_rx_filters, Some(false));
        assert!(groups[0].value.vlan.is_some());
    }

    #[test]
    fn what_libvirt_refuses_is_refused() {
        let two = "<portgroup name='a' default='yes'/>";
        let cases = [
            ("<portgroup/>".to_owned(), vec![Code::PortgroupWithoutName]),
            (
                "<portgroup name='a'/>".repeat(2),
                vec![Code::PortgroupRepeated],
            ),
            (
                two.repeat(2),
                vec![Code::PortgroupRepeated, Code::PortgroupTwoDefaults],
            ),
            (
                "<portgroup name='a' trustGuestRxFilters='x'/>".to_owned(),
                vec![Code::YesNoValue],
            ),
        ];
        for (text, expected) in cases {
            let mut sink = Sink::default();
            groups(&text, &mut sink);
            assert_eq!(codes(&sink), expected, "{text}");
        }
    }
}
