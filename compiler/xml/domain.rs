//! Reading `<domain>`.
//!
//! It becomes a [`Domain`] of a virtual network; in other modes libvirt refuses it, which the
//! reader of the network says.

use super::element::Element;
use super::fields::Fields;
use super::value::{character, yes_no};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Domain, DomainName};
use crate::source::Span;

/// Reads `<domain>`; `None` without a usable name, which libvirt counts as no domain at all.
pub fn read(element: &Element, sink: &mut Sink) -> Option<Domain> {
    let mut fields = Fields::new(element);
    let name = fields.attribute("name");
    let local_only = fields.attribute("localOnly");
    let local_only = local_only.map(|value| (value, yes_no(value, sink)));
    let register = fields.attribute("register");
    let register = register.map(|value| (value, yes_no(value, sink)));
    fields.finish(sink);
    let local = local_only.and_then(|(_, value)| value);
    if let Some((attribute, Some(true))) = register {
        match local_only {
            // That value was refused already.
            Some((_, None)) => {}
            Some((_, Some(true))) => sink.report(
                Diagnostic::new(
                    Code::ResolvedNeeded,
                    attribute.span,
                    "register='yes' tells systemd-resolved of the domain, which must run here",
                )
                .help("remove register if the host has another resolver"),
            ),
            Some((other, Some(false))) => {
                sink.report(not_local(attribute.span).also(other.span, "it is not local only"));
            }
            None => sink.report(not_local(attribute.span)),
        }
    }
    let Some(name) = name else {
        let message = "<domain> has no name, it counts as absent";
        let problem = Diagnostic::new(Code::DomainWithoutName, element.name_span, message);
        sink.report(problem.help("give it a name, such as name='example.test', or remove it"));
        return None;
    };
    let known = match name.value.as_str() {
        "#" => Err(crate::network::dns::DomainNameError('#')),
        text => text.parse::<DomainName>(),
    };
    match known {
        Ok(known) => Some(Domain {
            name: known,
            local_only: local,
            register: register.and_then(|(_, value)| value),
        }),
        Err(error) => {
            let code = character(error.0, Code::LineBreakInValue, Code::DomainNameSeparator);
            let shown = name.value.escape_debug();
            let message = format!("'{shown}' is no domain: {error}");
            sink.report(
                Diagnostic::new(code, name.span, message)
                    .help("write one domain of letters, digits, '-' and '.'"),
            );
            None
        }
    }
}

fn not_local(span: Span) -> Diagnostic {
    let message = "register='yes' needs localOnly='yes': only then is the domain this network's";
    Diagnostic::new(Code::DomainRegisterWithoutLocalOnly, span, message)
        .help("add localOnly='yes', or remove register")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, SourceId};

    fn check(text: &str) -> (Option<Domain>, Vec<&'static str>) {
        let mut sink = Sink::default();
        let source = Source::new("a.xml", text);
        let element = crate::xml::element::parse(SourceId(0), &source, &mut sink);
        let domain = element.and_then(|element| read(&element, &mut sink));
        (
            domain,
            sink.sorted().iter().map(|each| each.code.name()).collect(),
        )
    }

    #[test]
    fn reads_name_and_reach() {
        let (domain, codes) = check("<domain name='lab.test' localOnly='yes'/>");
        let domain = domain.expect("nothing is wrong with it");
        assert_eq!(domain.name.as_str(), "lab.test");
        assert_eq!((domain.local_only, domain.register), (Some(true), None));
        assert!(codes.is_empty());
    }

    #[test]
    fn says_what_is_wrong() {
        let codes = |text| check(text).1;
        assert_eq!(codes("<domain/>"), ["domain-without-name"]);
        assert_eq!(
            codes("<domain name='a' register='yes' localOnly='no'/>"),
            ["domain-register-without-local-only"]
        );
        assert_eq!(
            codes("<domain name='a/b' localOnly='maybe'/>"),
            ["domain-name-separator", "yes-no-value"]
        );
        assert_eq!(codes("<domain name='a&#10;b'/>"), ["line-break-in-value"]);
        assert_eq!(codes("<domain name='#'/>"), ["domain-name-separator"]);
    }
}
