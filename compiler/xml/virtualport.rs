//! Reading `<virtualport>`, of a network or of a portgroup.
//!
//! Whether a network's mode can serve the type is not decided here.

use uuid::Uuid;

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::{c_number, uuid};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Virtualport, VirtualportType};
use crate::source::Span;
use crate::value::Line;

/// The longest profile, which libvirt keeps in 40 bytes.
const MAX_PROFILE: usize = 39;

/// Every type, in the order of libvirt's list.
const TYPES: [VirtualportType; 4] = [
    VirtualportType::Qbg,
    VirtualportType::Qbh,
    VirtualportType::OpenVswitch,
    VirtualportType::Midonet,
];

/// Reads what the switch is told; `None` if something was wrong.
///
/// A network must say its type, a portgroup may leave it to the network (`required_type`).
pub fn read(element: &Element, required_type: bool, sink: &mut Sink) -> Option<Virtualport> {
    let mut fields = Fields::new(element);
    let declared = fields.attribute("type");
    let parameters = fields.child("parameters");
    fields.finish(sink);
    let mut good = true;
    let kind = match declared {
        Some(declared) => {
            let kind = TYPES.into_iter().find(|kind| kind.word() == declared.value);
            if kind.is_none() {
                unknown_type(declared, sink);
                good = false;
            }
            kind
        }
        None => {
            if required_type {
                let message = "a network's <virtualport> needs a type";
                let code = Code::VirtualportWithoutType;
                let problem = Diagnostic::new(code, element.name_span, message);
                sink.report(problem.help("add type='openvswitch', '802.1Qbg' or '802.1Qbh'"));
                good = false;
            }
            None
        }
    };
    let virtualport = match parameters {
        Some(parameters) => read_parameters(parameters, kind, sink),
        None => Some(Virtualport::default()),
    };
    let virtualport = Virtualport {
        kind,
        ..virtualport?
    };
    good.then_some(virtualport)
}

fn unknown_type(declared: &Attribute, sink: &mut Sink) {
    let message = format!("there is no virtual port of type '{}'", declared.value);
    let problem = Diagnostic::new(Code::VirtualportTypeUnknown, declared.span, message);
    sink.report(problem.help("write '802.1Qbg', '802.1Qbh', 'openvswitch' or 'midonet'"));
}

fn read_parameters(
    element: &Element,
    kind: Option<VirtualportType>,
    sink: &mut Sink,
) -> Option<Virtualport> {
    let mut fields = Fields::new(element);
    let managerid = fields.attribute("managerid");
    let typeid = fields.attribute("typeid");
    let typeidversion = fields.attribute("typeidversion");
    let instanceid = fields.attribute("instanceid");
    let profileid = fields.filled("profileid");
    let interfaceid = fields.attribute("interfaceid");
    fields.finish(sink);
    let mut good = true;
    let all = [
        managerid,
        typeid,
        typeidversion,
        instanceid,
        profileid,
        interfaceid,
    ];
    for attribute in all.into_iter().flatten() {
        if let Some(kind) = kind.filter(|kind| !allows(*kind, &attribute.name)) {
            let (name, word) = (&attribute.name, kind.word());
            let message = format!("a virtual port of type '{word}' has no {name}");
            let code = Code::VirtualportParameterForeign;
            let problem = Diagnostic::new(code, attribute.name_span, message);
            sink.report(problem.help(format!("remove {name}, or correct the type")));
            good = false;
        }
    }
    let managerid = managerid.map(|each| ranged(each, 0xff, sink));
    let typeid = typeid.map(|each| ranged(each, 0xff_ffff, sink));
    let typeidversion = typeidversion.map(|each| ranged(each, 0xff, sink));
    let instanceid = instanceid.map(|each| id(each, sink));
    let profileid = profileid.map(|each| profile(each, sink));
    let interfaceid = interfaceid.map(|each| id(each, sink));
    good &= ![managerid, typeid, typeidversion].contains(&Some(None));
    good &= ![instanceid, interfaceid].contains(&Some(None)) && profileid != Some(None);
    let byte = |value: Option<Option<u32>>| value.flatten().and_then(|id| u8::try_from(id).ok());
    good.then(|| Virtualport {
        kind,
        managerid: byte(managerid),
        typeid: typeid.flatten(),
        typeidversion: byte(typeidversion),
        instanceid: instanceid.flatten(),
        profileid: profileid.flatten(),
        interfaceid: interfaceid.flatten(),
    })
}

/// As `virNetDevVPortProfileCheckNoExtras`, which lets midonet have everything.
fn allows(kind: VirtualportType, parameter: &str) -> bool {
    match kind {
        VirtualportType::Qbg => {
            ["managerid", "typeid", "typeidversion", "instanceid"].contains(&parameter)
        }
        VirtualportType::Qbh => parameter == "profileid",
        VirtualportType::OpenVswitch => ["interfaceid", "profileid"].contains(&parameter),
        VirtualportType::Midonet => true,
    }
}

/// What a guest cannot attach without, unless a portgroup or its own interface gives it (V187).
pub fn warn_missing(network: &Virtualport, groups: &[&Virtualport], place: Span, sink: &mut Sink) {
    let Some(kind) = network.kind else {
        return;
    };
    let given = |field: fn(&Virtualport) -> bool| field(network) || groups.iter().any(|g| field(g));
    let needed: &[(&str, bool)] = match kind {
        VirtualportType::Qbg => &[
            ("managerid", given(|each| each.managerid.is_some())),
            ("typeid", given(|each| each.typeid.is_some())),
            ("typeidversion", given(|each| each.typeidversion.is_some())),
        ],
        VirtualportType::Qbh => &[("profileid", given(|each| each.profileid.is_some()))],
        VirtualportType::OpenVswitch => &[],
        VirtualportType::Midonet => &[("interfaceid", given(|each| each.interfaceid.is_some()))],
    };
    for (name, _) in needed.iter().filter(|(_, given)| !given) {
        let word = kind.word();
        let message = format!("a guest needs a {name} on a virtual port of type '{word}'");
        let problem = Diagnostic::new(Code::VirtualportParameterMissing, place, message);
        sink.report(problem.help(format!(
            "add <parameters {name}='…'/> here, in each portgroup, or on each guest's interface"
        )));
    }
}

fn ranged(attribute: &Attribute, most: u32, sink: &mut Sink) -> Option<u32> {
    let value = c_number(&attribute.value).filter(|value| *value <= most);
    if value.is_none() {
        let (name, text) = (&attribute.name, &attribute.value);
        let message = format!("{name} is a number from 0 to {most} ({most:#x}), not '{text}'");
        let code = Code::VirtualportParameterOutOfRange;
        let problem = Diagnostic::new(code, attribute.span, message);
        sink.report(problem.help("write a decimal number, or a hexadecimal one after 0x"));
    }
    value
}

fn id(attribute: &Attribute, sink: &mut Sink) -> Option<Uuid> {
    let id = uuid(&attribute.value);
    if id.is_none() {
        let (name, text) = (&attribute.name, &attribute.value);
        let message = format!("{name} is a UUID of 32 hexadecimal digits, not '{text}'");
        let problem = Diagnostic::new(Code::VirtualportIdMalformed, attribute.span, message);
        sink.report(problem.help(format!("correct it, or leave {name} out to have one made")));
    }
    id
}

fn profile(attribute: &Attribute, sink: &mut Sink) -> Option<Line> {
    let value = &attribute.value;
    if value.len() > MAX_PROFILE {
        let message = format!("profileid '{value}' has more than {MAX_PROFILE} bytes");
        let problem = Diagnostic::new(Code::VirtualportProfileTooLong, attribute.span, message);
        sink.report(problem.help("shorten it"));
        return None;
    }
    match value.parse() {
        Ok(line) => Some(line),
        Err(error) => {
            let message = format!("profileid cannot be used: {error}");
            let problem = Diagnostic::new(Code::ControlCharacter, attribute.span, message);
            sink.report(problem.help("remove the character"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::element::fixture::{codes, element};

    const ID: &str = "c0ffee00-1234-4321-8765-00000000beef";

    #[test]
    fn parameters_are_read() {
        let mut sink = Sink::default();
        let text = "<virtualport type='802.1Qbg'>\
            <parameters managerid='0x0b' typeid='0xabcdef' typeidversion='010'/></virtualport>";
        let qbg = read(&element(text), true, &mut sink).expect("the port is good");
        assert_eq!(qbg.kind, Some(VirtualportType::Qbg));
        assert_eq!((qbg.managerid, qbg.typeidversion), (Some(11), Some(8)));
        assert_eq!(qbg.typeid, Some(0xab_cdef));
        let text = format!(
            "<virtualport><parameters interfaceid=' {} '/></virtualport>",
            ID.replace('-', " ")
        );
        let open = read(&element(&text), false, &mut sink).expect("the port is good");
        assert_eq!(
            open.interfaceid.map(|id| id.to_string()).as_deref(),
            Some(ID)
        );
        assert_eq!((open.kind, open.profileid), (None, None));
        assert!(codes(&sink).is_empty());
    }

    #[test]
    fn what_libvirt_refuses_is_refused() {
        let long = "x".repeat(40);
        let cases = [
            ("", String::new(), Code::VirtualportWithoutType),
            ("type='x'", String::new(), Code::VirtualportTypeUnknown),
            ("type=''", String::new(), Code::VirtualportTypeUnknown),
            (
                "type='802.1Qbg'",
                "managerid='256'".into(),
                Code::VirtualportParameterOutOfRange,
            ),
            (
                "type='802.1Qbg'",
                "typeid='x'".into(),
                Code::VirtualportParameterOutOfRange,
            ),
            (
                "type='802.1Qbg'",
                "instanceid='1-2'".into(),
                Code::VirtualportIdMalformed,
            ),
            (
                "type='802.1Qbh'",
                format!("profileid='{long}'"),
                Code::VirtualportProfileTooLong,
            ),
            (
                "type='802.1Qbh'",
                "managerid='1'".into(),
                Code::VirtualportParameterForeign,
            ),
            (
                "type='openvswitch'",
                "typeid='1'".into(),
                Code::VirtualportParameterForeign,
            ),
            (
                "type='openvswitch'",
                "profileid='&#10;'".into(),
                Code::ControlCharacter,
            ),
        ];
        for (kind, parameters, code) in cases {
            let mut sink = Sink::default();
            let text = format!("<virtualport {kind}><parameters {parameters}/></virtualport>");
            assert_eq!(read(&element(&text), true, &mut sink), None, "{text}");
            assert_eq!(codes(&sink), [code], "{text}");
        }
    }

    #[test]
    fn what_nobody_gives_a_guest_is_said_once() {
        let mut sink = Sink::default();
        let port = element("<virtualport type='802.1Qbh'/>");
        let network = read(&port, true, &mut sink).expect("the port is good");
        let group = element("<virtualport><parameters profileid='a'/></virtualport>");
        let group = read(&group, false, &mut sink).expect("the port is good");
        warn_missing(&network, &[&group], port.name_span, &mut sink);
        assert!(codes(&sink).is_empty());
        warn_missing(&network, &[], port.name_span, &mut sink);
        assert_eq!(codes(&sink), [Code::VirtualportParameterMissing]);
    }
}
