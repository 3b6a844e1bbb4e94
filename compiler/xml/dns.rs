//! Reading `<dns>`: forwarders, records, fixed names.
//!
//! The newtypes of [`network::dns`](crate::network::dns) refuse what would not stay in its place
//! of a dnsmasq file; this file gives the refusal a span and a code. That the mode allows records
//! is for the reader of the network to say.

mod record;

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::{address, character, settled, yes_no};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::dns::{DnsName, DnsNameError};
use crate::network::{Dns, DnsHost, DomainName, Forwarder};

/// Reads `<dns>`; `None` if something in it is wrong.
pub fn read(element: &Element, sink: &mut Sink) -> Option<Dns> {
    let mut fields = Fields::new(element);
    let enable = fields.attribute("enable");
    let enabled = enable.map(|attribute| yes_no(attribute, sink));
    let plain = fields.attribute("forwardPlainNames");
    let plain = plain.map(|attribute| yes_no(attribute, sink));
    let forwarders = all(fields.children("forwarder"), sink, forwarder);
    let txts = all(fields.children("txt"), sink, record::txt);
    let srvs = all(fields.children("srv"), sink, record::srv);
    let hosts = all(fields.children("host"), sink, host);
    fields.finish(sink);
    if let (Some(enable), Some(Some(false))) = (enable, enabled) {
        refuse_records(element, enable, sink)?;
    }
    Some(Dns {
        disabled: enabled.map_or(Some(false), |enabled| enabled.map(|yes| !yes))?,
        forward_plain_names: settled(plain)?,
        forwarders: forwarders?,
        txts: txts?,
        srvs: srvs?,
        hosts: hosts?,
    })
}

/// Reads every element, so that all complaints are made; `None` if one was refused.
fn all<'a, T>(
    elements: impl Iterator<Item = &'a Element>,
    sink: &mut Sink,
    mut read: impl FnMut(&'a Element, &mut Sink) -> Option<T>,
) -> Option<Vec<T>> {
    let read: Vec<Option<T>> = elements.map(|element| read(element, sink)).collect();
    read.into_iter().collect()
}

/// V040: what is switched off has nothing inside.
fn refuse_records(element: &Element, enable: &Attribute, sink: &mut Sink) -> Option<()> {
    let known = |child: &&Element| {
        child.namespace.is_none()
            && ["forwarder", "txt", "srv", "host"].contains(&child.name.as_str())
    };
    let Some(first) = element.children.iter().find(known) else {
        return Some(());
    };
    let message = format!(
        "enable='no' switches DNS off, and yet <dns> holds a <{}>",
        first.name
    );
    sink.report(
        Diagnostic::new(Code::DnsDisabledWithRecords, enable.span, message)
            .also(first.name_span, "the first of them")
            .help("remove everything inside <dns>, or write enable='yes'"),
    );
    None
}

fn forwarder(element: &Element, sink: &mut Sink) -> Option<Forwarder> {
    let mut fields = Fields::new(element);
    let addr = fields.attribute("addr");
    let domain = fields.attribute("domain");
    if let Some(port) = element.attributes.iter().find(|each| each.name == "port") {
        fields.attribute("port");
        let message = "a forwarder's port is read by libvirt 12.0 and later only, it is ignored";
        let problem = Diagnostic::new(Code::NewerLibvirt, port.name_span, message);
        sink.report(problem.help("remove it; queries go to port 53"));
    }
    fields.finish(sink);
    if addr.is_none() && domain.is_none() {
        let message = "a forwarder needs an address, a domain, or both";
        let problem = Diagnostic::new(Code::ForwarderEmpty, element.name_span, message);
        sink.report(problem.help("add addr='…', domain='…' or both"));
        return None;
    }
    let addr = addr.map(|attribute| address(attribute, Code::ForwarderAddressMalformed, sink));
    let domain = domain.map(|attribute| forwarder_domain(attribute, sink));
    Some(Forwarder {
        addr: settled(addr)?,
        domain: settled(domain)?,
    })
}

fn forwarder_domain(attribute: &Attribute, sink: &mut Sink) -> Option<DomainName> {
    match attribute.value.parse::<DomainName>() {
        Ok(domain) => Some(domain),
        Err(error) => {
            let code = character(
                error.0,
                Code::LineBreakInValue,
                Code::ForwarderDomainSeparator,
            );
            let shown = attribute.value.escape_debug();
            let message = format!("'{shown}' is no domain: {error}");
            let problem = Diagnostic::new(code, attribute.span, message);
            sink.report(problem.help("write one domain, and a <forwarder> for each further one"));
            None
        }
    }
}

fn host(element: &Element, sink: &mut Sink) -> Option<DnsHost> {
    let mut fields = Fields::new(element);
    let ip = fields.attribute("ip");
    let hostnames: Vec<&Element> = fields.children("hostname").collect();
    fields.finish(sink);
    if ip.is_none() {
        let message = "<host> has no ip";
        let problem = Diagnostic::new(Code::DnsHostAddressInvalid, element.name_span, message);
        sink.report(problem.help("add ip='…', the address of these names"));
    }
    let ip = ip.and_then(|attribute| address(attribute, Code::DnsHostAddressInvalid, sink));
    if hostnames.is_empty() {
        let message = "<host> has no <hostname>";
        let problem = Diagnostic::new(Code::DnsHostWithoutHostname, element.name_span, message);
        sink.report(problem.help("add <hostname>…</hostname> inside, once for each name"));
        return None;
    }
    let names = all(hostnames.into_iter(), sink, hostname);
    Some(DnsHost {
        ip: ip?,
        names: names?,
    })
}

fn hostname(element: &Element, sink: &mut Sink) -> Option<DnsName> {
    Fields::new(element).finish(sink);
    let (code, error) = match element.text.parse::<DnsName>() {
        Ok(name) => return Some(name),
        Err(error @ DnsNameError::Empty) => (Code::DnsHostWithoutHostname, error),
        Err(error @ DnsNameError::Separator(c)) => {
            let separator = Code::DnsHostnameSeparator;
            (character(c, Code::LineBreakInValue, separator), error)
        }
    };
    let (span, message) = match error {
        DnsNameError::Empty => (element.name_span, "<hostname> is empty".to_owned()),
        DnsNameError::Separator(_) => {
            let shown = element.text.escape_debug();
            (
                element.text_span,
                format!("'{shown}' is no host name: {error}"),
            )
        }
    };
    let problem = Diagnostic::new(code, span, message);
    sink.report(problem.help("write one name without blanks, and a <hostname> for each"));
    None
}

#[cfg(test)]
mod tests;
