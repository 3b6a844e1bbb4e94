//! Reading `<txt>` and `<srv>` inside `<dns>`.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{DnsSrv, DnsTxt};
use crate::source::Span;
use crate::value::Field;
use crate::xml::element::{Attribute, Element};
use crate::xml::fields::Fields;
use crate::xml::value::{character, line, number, settled};

/// As `virNetworkDNSTxtDefParseXML`; an empty name or value is fine.
pub(super) fn txt(element: &Element, sink: &mut Sink) -> Option<DnsTxt> {
    let mut fields = Fields::new(element);
    let name = fields.attribute("name");
    let value = fields.attribute("value");
    fields.finish(sink);
    let mut missing = |code, what: &str| {
        let problem = Diagnostic::new(code, element.name_span, format!("<txt> has no {what}"));
        sink.report(problem.help(format!("add {what}='…'")));
    };
    if name.is_none() {
        missing(Code::TxtWithoutName, "name");
    }
    if value.is_none() {
        missing(Code::TxtWithoutValue, "value");
    }
    let name = name.and_then(|name| txt_name(name, sink));
    let value = value?;
    let text = line(&value.value, value.span, Code::LineBreakInDnsRecord, sink)?;
    let reading = text.reading();
    if reading.open_quote {
        let message = format!("a '\"' in '{text}' has no second one, dnsmasq would not start");
        let problem = Diagnostic::new(Code::TxtUnbalancedQuote, value.span, message);
        sink.report(problem.help("add the closing '\"', or remove the opening one"));
        return None;
    }
    if reading.fields > 0 {
        let strings = reading.fields + 1;
        let message = format!("a comma splits '{text}' into {strings} strings");
        let problem = Diagnostic::new(Code::TxtValueSplit, value.span, message);
        sink.report(problem.help("put '\"' around the text if it is to be one string"));
    }
    if reading.comment {
        let message = format!("in '{text}' a '#' after a blank begins a comment for dnsmasq");
        let problem = Diagnostic::new(Code::TxtValueComment, value.span, message);
        sink.report(problem.help("put '\"' around the text if it is to be kept whole"));
    }
    Some(DnsTxt {
        name: name?,
        value: text,
    })
}

/// V039, and V125 for a line break, which libvirt notices at the start only.
fn txt_name(name: &Attribute, sink: &mut Sink) -> Option<Field> {
    let shown = name.value.escape_debug();
    let blank = name.value.chars().find(|c| *c == ' ');
    match (name.value.parse::<Field>(), blank) {
        (Ok(field), None) => return Some(field),
        (Ok(_), Some(_)) => {
            let message = format!("the name '{shown}' holds a blank, a TXT record's must not");
            let problem = Diagnostic::new(Code::TxtNameCharacter, name.span, message);
            sink.report(problem.help("write one name of letters, digits, '-', '_' and '.'"));
        }
        (Err(error), _) => {
            let code = character(error.0, Code::LineBreakInDnsRecord, Code::TxtNameCharacter);
            let message = format!("'{shown}' is no name of a record: {error}");
            let problem = Diagnostic::new(code, name.span, message);
            sink.report(problem.help("write one name of letters, digits, '-', '_' and '.'"));
        }
    }
    None
}

/// As `virNetworkDNSSrvDefParseXML`; the numbers count as absent when empty, the texts do not.
pub(super) fn srv(element: &Element, sink: &mut Sink) -> Option<DnsSrv> {
    let mut fields = Fields::new(element);
    let service = fields.attribute("service");
    let protocol = fields.attribute("protocol");
    let domain = fields.attribute("domain");
    let target = fields.attribute("target");
    let port = fields.filled("port");
    let priority = fields.filled("priority");
    let weight = fields.filled("weight");
    fields.finish(sink);

    let service = label(element, service, &SERVICE, sink);
    let protocol = label(element, protocol, &PROTOCOL, sink);
    let domain = domain.map(|domain| place(domain, sink));
    for numeric in [port, priority, weight].into_iter().flatten() {
        if target.is_none() && number::<u32>(&numeric.value).is_some() {
            let message = format!("{} needs a target, which has none here", numeric.name);
            let problem = Diagnostic::new(Code::SrvFieldWithoutTarget, numeric.span, message);
            sink.report(problem.help("add target='…', or remove port, priority and weight"));
        }
    }
    let target = target.map(|target| place(target, sink));
    // Of a number that lacks its target nothing else is said.
    let told =
        |attribute: &&Attribute| target.is_some() || number::<u32>(&attribute.value).is_none();
    let orphaned = [port, priority, weight]
        .into_iter()
        .flatten()
        .any(|each| !told(&each));
    let port = port.filter(told);
    let port = port.map(|port| numeric(port, 1, Code::SrvPortOutOfRange, sink));
    let rest = Code::SrvNumberOutOfRange;
    let priority = priority
        .filter(told)
        .map(|value| numeric(value, 0, rest, sink));
    let weight = weight
        .filter(told)
        .map(|value| numeric(value, 0, rest, sink));
    if orphaned {
        return None;
    }
    Some(DnsSrv {
        service: service?,
        protocol: protocol?,
        domain: settled(domain)?,
        target: settled(target)?,
        port: settled(port)?,
        priority: settled(priority)?,
        weight: settled(weight)?,
    })
}

/// What libvirt asks of a service or a protocol.
struct Kind {
    name: &'static str,
    example: &'static str,
    missing: Code,
    characters: &'static [u8],
    character: Code,
}

const SERVICE: Kind = Kind {
    name: "service",
    example: "sip",
    missing: Code::SrvWithoutService,
    characters: b"_-+/*",
    character: Code::SrvServiceCharacter,
};

const PROTOCOL: Kind = Kind {
    name: "protocol",
    example: "tcp",
    missing: Code::SrvWithoutProtocol,
    characters: b"-+/",
    character: Code::SrvProtocolCharacter,
};

fn label(
    element: &Element,
    attribute: Option<&Attribute>,
    kind: &Kind,
    sink: &mut Sink,
) -> Option<Field> {
    let Some(attribute) = attribute else {
        let message = format!("<srv> has no {}", kind.name);
        let problem = Diagnostic::new(kind.missing, element.name_span, message);
        sink.report(problem.help(format!("add {}='{}' or another", kind.name, kind.example)));
        return None;
    };
    let (text, span): (&str, Span) = (&attribute.value, attribute.span);
    let allowed = |c: char| {
        c.is_ascii_alphanumeric() || u8::try_from(c).is_ok_and(|c| kind.characters.contains(&c))
    };
    let mut refuse = |code, message: String, help: &str| {
        sink.report(Diagnostic::new(code, span, message).help(help));
        None
    };
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        let others = String::from_utf8_lossy(kind.characters);
        let (name, shown) = (kind.name, text.escape_debug());
        let message = format!(
            "the {name} '{shown}' holds '{}', which is none of A-Z a-z 0-9 {others}",
            c.escape_debug()
        );
        return refuse(
            kind.character,
            message,
            "write the name without its underscore and dot",
        );
    }
    if kind.missing == Code::SrvWithoutService && text.len() > 482 {
        let message = format!("the service has {} bytes, 482 is the most", text.len());
        return refuse(
            Code::SrvServiceTooLong,
            message,
            "write a name of at most 62 bytes",
        );
    }
    if text.len() > 62 {
        let name = kind.name;
        let message = format!(
            "the {name} has {} bytes, with '_' a label has 63",
            text.len()
        );
        return refuse(
            Code::SrvLabelTooLong,
            message,
            "write a name of at most 62 bytes",
        );
    }
    if kind.missing == Code::SrvWithoutProtocol && !matches!(text, "tcp" | "udp") {
        let message = format!("the protocol '{text}' is neither tcp nor udp");
        let problem = Diagnostic::new(Code::SrvProtocolUnusual, span, message);
        sink.report(problem.help("write 'tcp' or 'udp' unless clients ask for this one"));
    }
    text.parse().ok()
}

/// A domain or a target: one field.
fn place(attribute: &Attribute, sink: &mut Sink) -> Option<Field> {
    match attribute.value.parse::<Field>() {
        Ok(field) => Some(field),
        Err(error) => {
            let code = character(error.0, Code::LineBreakInDnsRecord, Code::SrvSeparator);
            let (name, shown) = (&attribute.name, attribute.value.escape_debug());
            let message = format!("the {name} '{shown}' is refused: {error}");
            let problem = Diagnostic::new(code, attribute.span, message);
            sink.report(problem.help("write one domain name"));
            None
        }
    }
}

fn numeric(attribute: &Attribute, least: u16, code: Code, sink: &mut Sink) -> Option<u16> {
    let read = number::<u16>(&attribute.value).filter(|number| *number >= least);
    if read.is_none() {
        let (name, text) = (&attribute.name, attribute.value.escape_debug());
        let message = format!("{name} is a number from {least} to 65535, not '{text}'");
        let problem = Diagnostic::new(code, attribute.span, message);
        sink.report(problem.help(format!("write a number from {least} to 65535")));
    }
    read
}
