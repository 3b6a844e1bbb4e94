//! Reading `<vlan>`, of a network or of a portgroup.
//!
//! Whether a network can have tags at all is not decided here.

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::number;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{NativeMode, Vlan};

/// The highest id that libvirt takes.
const MAX_ID: u32 = 4095;

/// Reads the tags; `None` if something was wrong.
pub fn read(element: &Element, sink: &mut Sink) -> Option<Vlan> {
    let mut fields = Fields::new(element);
    let trunk = fields.filled("trunk");
    let tags: Vec<&Element> = fields.children("tag").collect();
    fields.finish(sink);
    if tags.is_empty() {
        let message = "<vlan> needs at least one <tag>";
        let problem = Diagnostic::new(Code::VlanWithoutTag, element.name_span, message);
        sink.report(problem.help("add <tag id='…'/>"));
    }
    let mut good = !tags.is_empty();
    let mut ids = Vec::with_capacity(tags.len());
    let mut native: Option<(u16, NativeMode, &Attribute)> = None;
    for each in &tags {
        let tag = tag(each, sink);
        let Some((id, mode)) = tag else {
            good = false;
            continue;
        };
        ids.push(id);
        match (mode, &native) {
            (None, _) => {}
            (Some((mode, attribute)), None) => native = Some((id, mode, attribute)),
            (Some((_, second)), Some((_, _, first))) => {
                let message = "only one <tag> can have a nativeMode";
                let problem = Diagnostic::new(Code::VlanTwoNativeTags, second.name_span, message);
                sink.report(
                    problem
                        .also(first.name_span, "the first one")
                        .help("keep the one that untagged frames belong to"),
                );
                good = false;
            }
        }
    }
    let native_at = native.map(|(_, _, attribute)| attribute);
    let trunk = read_trunk(trunk, tags.len(), native_at, sink)?;
    good.then_some(Vlan {
        trunk,
        tags: ids,
        native: native.map(|(id, mode, _)| (id, mode)),
    })
}

/// Whether frames keep their tags, as the end of `virNetDevVlanParse` decides.
fn read_trunk(
    trunk: Option<&Attribute>,
    tags: usize,
    native: Option<&Attribute>,
    sink: &mut Sink,
) -> Option<bool> {
    let Some(trunk) = trunk else {
        return Some(tags > 1);
    };
    let value = trunk.value.as_str();
    let problem = if value.eq_ignore_ascii_case("yes") {
        return Some(true);
    } else if tags > 1 {
        let message = format!("trunk='{value}' cannot be: a port with several tags is a trunk");
        Diagnostic::new(Code::VlanSeveralTagsWithoutTrunk, trunk.span, message)
            .help("write trunk='yes', or keep one <tag>")
    } else if let Some(native) = native {
        let message = format!("trunk='{value}' cannot be: only a trunk has a native VLAN");
        Diagnostic::new(Code::VlanNativeTagWithoutTrunk, trunk.span, message)
            .also(native.name_span, "the native VLAN")
            .help("remove nativeMode, or write trunk='yes'")
    } else if value.eq_ignore_ascii_case("no") {
        return Some(false);
    } else {
        let message = format!("trunk is 'yes' or 'no', not '{value}'");
        Diagnostic::new(Code::VlanTrunkValue, trunk.span, message)
            .help("write trunk='yes' or trunk='no'")
    };
    sink.report(problem);
    None
}

/// One tag: its id, and its native mode if it has one.
fn tag<'a>(element: &'a Element, sink: &mut Sink) -> Option<(u16, Option<Native<'a>>)> {
    let mut fields = Fields::new(element);
    let id = fields.attribute("id");
    let mode = fields.filled("nativeMode");
    fields.finish(sink);
    let id = read_id(element, id, sink);
    let Some(mode) = mode else {
        return Some((id?, None));
    };
    let native = match mode.value.as_str() {
        "tagged" => NativeMode::Tagged,
        "untagged" => NativeMode::Untagged,
        other => {
            let message = format!("nativeMode is 'tagged' or 'untagged', not '{other}'");
            let problem = Diagnostic::new(Code::VlanNativeModeUnknown, mode.span, message);
            sink.report(problem.help("write nativeMode='tagged' or nativeMode='untagged'"));
            return None;
        }
    };
    Some((id?, Some((native, mode))))
}

type Native<'a> = (NativeMode, &'a Attribute);

fn read_id(element: &Element, id: Option<&Attribute>, sink: &mut Sink) -> Option<u16> {
    let span = id.map_or(element.name_span, |id| id.span);
    let value = id.map_or("", |id| id.value.as_str());
    let Some(number) = number::<u32>(value) else {
        let message = match id {
            None => "<tag> needs an id".to_owned(),
            Some(_) => format!("a VLAN id is a whole number, not '{value}'"),
        };
        let problem = Diagnostic::new(Code::VlanTagIdInvalid, span, message);
        sink.report(problem.help("write id='…', a number from 1 to 4094"));
        return None;
    };
    if number > MAX_ID {
        let message = format!("the VLAN id '{value}' is above {MAX_ID}");
        let problem = Diagnostic::new(Code::VlanTagIdTooLarge, span, message);
        sink.report(problem.help("take a number from 1 to 4094"));
        return None;
    }
    if number == 0 || number == MAX_ID {
        let message = format!("802.1Q reserves the VLAN id '{number}', a Linux bridge refuses it");
        let problem = Diagnostic::new(Code::VlanIdReserved, span, message);
        sink.report(problem.help("take a number from 1 to 4094"));
    }
    u16::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::element::fixture::{codes, element};

    #[test]
    fn tags_are_read() {
        let mut sink = Sink::default();
        let text = "<vlan><tag id='5' nativeMode='untagged'/><tag id='7'/></vlan>";
        let vlan = read(&element(text), &mut sink).expect("the tags are good");
        assert!(vlan.trunk);
        assert_eq!(vlan.tags, [5, 7]);
        assert_eq!(vlan.native, Some((5, NativeMode::Untagged)));
        let vlan = read(
            &element("<vlan trunk='YES'><tag id='5'/></vlan>"),
            &mut sink,
        );
        assert!(vlan.is_some_and(|vlan| vlan.trunk));
        assert!(codes(&sink).is_empty());
    }

    #[test]
    fn what_libvirt_refuses_is_refused() {
        let native = "<tag id='1' nativeMode='tagged'/>";
        let cases = [
            ("", "", Code::VlanWithoutTag),
            ("", "<tag/>", Code::VlanTagIdInvalid),
            ("", "<tag id='x'/>", Code::VlanTagIdInvalid),
            ("", "<tag id='4096'/>", Code::VlanTagIdTooLarge),
            (
                "",
                "<tag id='1' nativeMode='x'/>",
                Code::VlanNativeModeUnknown,
            ),
            ("", &native.repeat(2), Code::VlanTwoNativeTags),
            (
                "no",
                "<tag id='1'/><tag id='2'/>",
                Code::VlanSeveralTagsWithoutTrunk,
            ),
            ("no", native, Code::VlanNativeTagWithoutTrunk),
            ("x", "<tag id='1'/>", Code::VlanTrunkValue),
        ];
        for (trunk, inner, code) in cases {
            let mut sink = Sink::default();
            let text = format!("<vlan trunk='{trunk}'>{inner}</vlan>");
            let tree = element(&text.replace(" trunk=''", ""));
            assert_eq!(read(&tree, &mut sink), None, "{inner}");
            assert_eq!(codes(&sink), [code], "{inner}");
        }
    }

    #[test]
    fn reserved_ids_are_warned_of() {
        let mut sink = Sink::default();
        assert!(read(&element("<vlan><tag id='0'/></vlan>"), &mut sink).is_some());
        assert_eq!(codes(&sink), [Code::VlanIdReserved]);
    }
}
