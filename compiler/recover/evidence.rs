//! What proves each element of a recovered network, and what could not be known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::capture::Origin;

/// An element of network XML, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Element {
    /// `<network>` itself.
    Network,
    /// `<name>`.
    Name,
    /// `<uuid>`.
    Uuid,
    /// `<lan:uplink>` in `<metadata>`.
    Uplink,
    /// `<forward>`; also that there is none.
    Forward,
    /// `<nat>` in it.
    Nat,
    /// `<address>` in `<nat>`.
    NatAddress,
    /// `<port>` in `<nat>`.
    NatPort,
    /// `<bridge>`.
    Bridge,
    /// `<mtu>`.
    Mtu,
    /// `<mac>`.
    Mac,
    /// `<domain>`.
    Domain,
    /// `<dns>`.
    Dns,
    /// One of its forwarders, from 0.
    Forwarder(usize),
    /// One of its TXT records.
    Txt(usize),
    /// One of its SRV records.
    Srv(usize),
    /// One of its hosts.
    DnsHost(usize),
    /// `<vlan>`.
    Vlan,
    /// `<inbound>` in `<bandwidth>`.
    Inbound,
    /// `<outbound>` in `<bandwidth>`.
    Outbound,
    /// `<port>`.
    Port,
    /// One `<ip>`, from 0.
    Ip(usize),
    /// `<tftp>` in an `<ip>`.
    Tftp(usize),
    /// `<dhcp>` in an `<ip>`.
    Dhcp(usize),
    /// A range: of which `<ip>`, and which.
    Range(usize, usize),
    /// A host: of which `<ip>`, and which.
    DhcpHost(usize, usize),
    /// `<bootp>` in the `<dhcp>` of an `<ip>`.
    Bootp(usize),
    /// One `<route>`.
    Route(usize),
    /// One `<dnsmasq:option>`.
    Option(usize),
}

impl Element {
    /// The place of this element once those of `gone`, which is sorted, are away; `None` if it
    /// went with them.
    pub(super) fn without(self, gone: &[Element]) -> Option<Element> {
        use Element::{
            Bootp, Dhcp, DhcpHost, DnsHost, Forwarder, Ip, Option, Range, Route, Srv, Tftp, Txt,
        };
        let before = |element: Element| gone.partition_point(|it| *it < element);
        let is_gone = |element: Element| gone.binary_search(&element).is_ok();
        // How far an element moves up: by those of its kind between the first and itself.
        let up = |first: Element, element: Element| before(element) - before(first);
        let ip = |ip: usize| (!is_gone(Ip(ip))).then(|| ip - up(Ip(0), Ip(ip)));
        if is_gone(self) {
            return None;
        }
        Some(match self {
            Forwarder(at) => Forwarder(at - up(Forwarder(0), self)),
            Txt(at) => Txt(at - up(Txt(0), self)),
            Srv(at) => Srv(at - up(Srv(0), self)),
            DnsHost(at) => DnsHost(at - up(DnsHost(0), self)),
            Route(at) => Route(at - up(Route(0), self)),
            Option(at) => Option(at - up(Option(0), self)),
            Ip(at) => Ip(ip(at)?),
            Tftp(at) => Tftp(ip(at)?),
            Dhcp(at) => Dhcp(ip(at)?),
            Bootp(at) if !is_gone(Dhcp(at)) => Bootp(ip(at)?),
            Range(of, at) if !is_gone(Dhcp(of)) => Range(ip(of)?, at - up(Range(of, 0), self)),
            DhcpHost(of, at) if !is_gone(Dhcp(of)) => {
                DhcpHost(ip(of)?, at - up(DhcpHost(of, 0), self))
            }
            Bootp(_) | Range(..) | DhcpHost(..) => return None,
            Element::Network
            | Element::Name
            | Element::Uuid
            | Element::Uplink
            | Element::Forward
            | Element::Nat
            | Element::NatAddress
            | Element::NatPort
            | Element::Bridge
            | Element::Mtu
            | Element::Mac
            | Element::Domain
            | Element::Dns
            | Element::Vlan
            | Element::Inbound
            | Element::Outbound
            | Element::Port => self,
        })
    }
}

impl fmt::Display for Element {
    /// An XPath, so that any tool finds the element.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/network")?;
        match self {
            Element::Network => Ok(()),
            Element::Name => f.write_str("/name"),
            Element::Uuid => f.write_str("/uuid"),
            Element::Uplink => f.write_str("/metadata/lan:network/lan:uplink"),
            Element::Forward => f.write_str("/forward"),
            Element::Nat => f.write_str("/forward/nat"),
            Element::NatAddress => f.write_str("/forward/nat/address"),
            Element::NatPort => f.write_str("/forward/nat/port"),
            Element::Bridge => f.write_str("/bridge"),
            Element::Mtu => f.write_str("/mtu"),
            Element::Mac => f.write_str("/mac"),
            Element::Domain => f.write_str("/domain"),
            Element::Dns => f.write_str("/dns"),
            Element::Forwarder(at) => write!(f, "/dns/forwarder[{}]", at + 1),
            Element::Txt(at) => write!(f, "/dns/txt[{}]", at + 1),
            Element::Srv(at) => write!(f, "/dns/srv[{}]", at + 1),
            Element::DnsHost(at) => write!(f, "/dns/host[{}]", at + 1),
            Element::Vlan => f.write_str("/vlan"),
            Element::Inbound => f.write_str("/bandwidth/inbound"),
            Element::Outbound => f.write_str("/bandwidth/outbound"),
            Element::Port => f.write_str("/port"),
            Element::Ip(ip) => write!(f, "/ip[{}]", ip + 1),
            Element::Tftp(ip) => write!(f, "/ip[{}]/tftp", ip + 1),
            Element::Dhcp(ip) => write!(f, "/ip[{}]/dhcp", ip + 1),
            Element::Range(ip, at) => write!(f, "/ip[{}]/dhcp/range[{}]", ip + 1, at + 1),
            Element::DhcpHost(ip, at) => write!(f, "/ip[{}]/dhcp/host[{}]", ip + 1, at + 1),
            Element::Bootp(ip) => write!(f, "/ip[{}]/dhcp/bootp", ip + 1),
            Element::Route(at) => write!(f, "/route[{}]", at + 1),
            Element::Option(at) => {
                write!(f, "/dnsmasq:options/dnsmasq:option[{}]", at + 1)
            }
        }
    }
}

/// What proves an element: the lines that say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The element.
    pub element: Element,
    /// The lines, in order, each once.
    pub origins: Vec<Origin>,
}

/// What there is to say about a recovered network beyond what it declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding it is.
    pub kind: FindingKind,
    /// The element that it is about.
    pub about: Element,
    /// What was found; lower case first, no full stop.
    pub message: String,
    /// How to find out, or what to do about it; begins with a verb.
    pub help: Option<String>,
    /// Where it was seen.
    pub origins: Vec<Origin>,
}

/// The kinds of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// It could not be known from what was there.
    Unknown,
    /// It was guessed.
    Guessed,
    /// The host holds something else than the network would make.
    Differs,
    /// It is good to know, and nothing is missing.
    Note,
}

impl FindingKind {
    /// Whether the network is not fully told because of it.
    pub fn is_gap(self) -> bool {
        match self {
            FindingKind::Unknown | FindingKind::Guessed | FindingKind::Differs => true,
            FindingKind::Note => false,
        }
    }
}

impl Finding {
    /// A finding of this kind about an element.
    pub fn new(kind: FindingKind, about: Element, message: impl Into<String>) -> Self {
        Finding {
            kind,
            about,
            message: message.into(),
            help: None,
            origins: Vec::new(),
        }
    }

    /// Adds how to find out.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds where it was seen.
    pub fn at(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.origins.extend(origins);
        self
    }
}

/// What is gathered while a network is recovered: what proves its elements, and what was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    proofs: BTreeMap<Element, BTreeSet<Origin>>,
    findings: Vec<Finding>,
}

impl Draft {
    /// These lines prove the element.
    pub fn proves(&mut self, element: Element, origins: impl IntoIterator<Item = Origin>) {
        self.proofs.entry(element).or_default().extend(origins);
    }

    /// There is something to say.
    pub fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// What an element could not be known from what was there, and how to find out.
    pub fn unknown(&mut self, about: Element, message: &str, help: &str) {
        self.say(Finding::new(FindingKind::Unknown, about, message).help(help));
    }

    /// What an element was guessed to be, and how to find out.
    pub fn guessed(&mut self, about: Element, message: impl Into<String>, help: &str) {
        self.say(Finding::new(FindingKind::Guessed, about, message).help(help));
    }

    /// The host holds something else than the network would make.
    pub fn differs(&mut self, about: Element, message: impl Into<String>) {
        self.say(Finding::new(FindingKind::Differs, about, message));
    }

    /// It is good to know.
    pub fn note(&mut self, about: Element, message: impl Into<String>) {
        self.say(Finding::new(FindingKind::Note, about, message));
    }

    /// Whether the element was guessed.
    pub fn guesses(&self, element: Element) -> bool {
        let guess = |it: &&Finding| it.kind == FindingKind::Guessed && it.about == element;
        self.findings.iter().any(|finding| guess(&finding))
    }

    /// Something tells all that was unknown or guessed so far.
    pub fn settled(&mut self) {
        self.findings.retain(|finding| match finding.kind {
            FindingKind::Unknown | FindingKind::Guessed => false,
            FindingKind::Differs | FindingKind::Note => true,
        });
    }

    /// These elements, which are sorted, were taken away: what was of them goes, and later ones of
    /// their kind move up.
    pub fn gone(&mut self, gone: &[Element]) {
        let proofs = std::mem::take(&mut self.proofs).into_iter();
        let kept = proofs.filter_map(|(element, lines)| Some((element.without(gone)?, lines)));
        self.proofs = kept.collect();
        for finding in &mut self.findings {
            finding.about = finding.about.without(gone).unwrap_or(Element::Network);
        }
    }

    /// All of it, elements in their order.
    pub fn finish(self) -> (Vec<Evidence>, Vec<Finding>) {
        let evidence = self.proofs.into_iter().map(|(element, origins)| Evidence {
            element,
            origins: origins.into_iter().collect(),
        });
        let evidence = evidence.filter(|evidence| !evidence.origins.is_empty());
        (evidence.collect(), self.findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_gone_element_moves_up() {
        let ip = [Element::Ip(1)];
        assert_eq!(Element::Ip(0).without(&ip), Some(Element::Ip(0)));
        assert_eq!(Element::Ip(1).without(&ip), None);
        assert_eq!(Element::Dhcp(1).without(&ip), None);
        assert_eq!(
            Element::Range(2, 3).without(&ip),
            Some(Element::Range(1, 3))
        );
        let ranges = [Element::Range(0, 0), Element::Range(0, 2)];
        assert_eq!(
            Element::Range(0, 1).without(&ranges),
            Some(Element::Range(0, 0))
        );
        assert_eq!(
            Element::Range(0, 3).without(&ranges),
            Some(Element::Range(0, 1))
        );
        assert_eq!(
            Element::Range(1, 1).without(&ranges),
            Some(Element::Range(1, 1))
        );
        assert_eq!(Element::Range(1, 1).without(&[Element::Dhcp(1)]), None);
        assert_eq!(Element::Mac.without(&[Element::Mac]), None);
    }

    #[test]
    fn an_element_is_found_by_its_path() {
        assert_eq!(
            Element::Range(0, 1).to_string(),
            "/network/ip[1]/dhcp/range[2]"
        );
    }
}
