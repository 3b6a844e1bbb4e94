//! `<dns>` and `<domain>`: what the network's name server does.

use std::net::IpAddr;
use std::str::FromStr;

use crate::value::{Field, Line};

/// What the name server does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// `enable='no'`: there is no name server at all.
    pub disabled: bool,
    /// `forwardPlainNames`: whether names without a dot are sent on; unset is yes.
    pub forward_plain_names: Option<bool>,
    /// Where queries are sent on to, in order.
    pub forwarders: Vec<Forwarder>,
    /// TXT records, in order.
    pub txts: Vec<DnsTxt>,
    /// SRV records, in order.
    pub srvs: Vec<DnsSrv>,
    /// Fixed names, in order.
    pub hosts: Vec<DnsHost>,
}

/// `<domain>`: the DNS domain of the guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The domain.
    pub name: DomainName,
    /// Whether queries for it are answered here or not at all; unset is no.
    pub local_only: Option<bool>,
    /// Whether the host's resolver is told of it; unset is no.
    pub register: Option<bool>,
}

/// A domain as dnsmasq reads it in `domain=`, `local=/…/`, `server=/…/`: no slash, comma, line
/// break or outer blank, which would end it there. Inner blanks stay in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DomainName(String);

/// The character would end the domain in dnsmasq's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' would end the domain in dnsmasq's configuration", .0.escape_debug())]
pub struct DomainNameError(pub char);

impl DomainName {
    /// The domain itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DomainName {
    type Err = DomainNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let outer = text.starts_with(' ') || text.ends_with(' ');
        let mut after_blank = false;
        for c in text.chars() {
            let ends = matches!(c, '/' | ',' | '"') || c.is_control();
            let blank = c.is_whitespace() && (c != ' ' || outer);
            if ends || blank || c == '#' && after_blank {
                return Err(DomainNameError(c));
            }
            after_blank = c == ' ';
        }
        Ok(DomainName(text.to_owned()))
    }
}

/// `<forwarder>`: where queries are sent on to. At least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarder {
    /// The server; without one, the host's own for that domain.
    pub addr: Option<IpAddr>,
    /// Only queries for this domain.
    pub domain: Option<DomainName>,
}

/// `<txt>`: a TXT record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsTxt {
    /// Its name: no blank either.
    pub name: Field,
    /// Its text; a comma separates strings.
    pub value: Line,
}

/// `<srv>`: a SRV record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsSrv {
    /// The service, without its underscore.
    pub service: Field,
    /// The protocol, without its underscore.
    pub protocol: Field,
    /// The domain; the network's own if not said.
    pub domain: Option<Field>,
    /// Who offers it.
    pub target: Option<Field>,
    /// On which port, if said.
    pub port: Option<u16>,
    /// How early it is to be tried; lower is earlier.
    pub priority: Option<u16>,
    /// How often it is to be chosen among equals.
    pub weight: Option<u16>,
}

/// `<host>` inside `<dns>`: an address with its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsHost {
    /// The address.
    pub ip: IpAddr,
    /// Its names, at least one.
    pub names: Vec<DnsName>,
}

/// A name in an addn-hosts file: no blank, which would end it, and no line break.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsName(String);

/// Why a text is no name for a hosts file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsNameError {
    /// V029.
    #[error("a host name is empty")]
    Empty,
    /// A character that would end it.
    #[error("'{}' would end the name in the hosts file", .0.escape_debug())]
    Separator(char),
}

impl DnsName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(DnsNameError::Empty);
        }
        let ends = |c: &char| c.is_control() || c.is_whitespace() || *c == '#';
        match text.chars().find(ends) {
            Some(c) => Err(DnsNameError::Separator(c)),
            None => Ok(DnsName(text.to_owned())),
        }
    }
}
