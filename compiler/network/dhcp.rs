//! `<dhcp>` inside `<ip>`: ranges, reserved hosts, network boot.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::value::{Field, LeaseTime, Mac};

/// What DHCP does in one subnet. There is at least one range or one host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dhcp {
    /// Addresses to lease, in order.
    pub ranges: Vec<DhcpRange>,
    /// Addresses kept for known guests, in order.
    pub hosts: Vec<DhcpHost>,
    /// What a guest boots from; IPv4 only.
    pub bootp: Option<Bootp>,
}

/// Addresses to lease, from start to end, inside their subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DhcpRange {
    start: IpAddr,
    end: IpAddr,
    /// How long a lease lasts, if it was said.
    pub lease: Option<LeaseTime>,
}

/// Why two addresses make no range of a subnet, in the order of `virSocketAddrGetRange`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// V062.
    #[error("start, end and the subnet are not of one family")]
    Family,
    /// V063: the address that lies outside.
    #[error("{0} lies outside the subnet")]
    Outside(IpAddr),
    /// V064.
    #[error("the range begins with the network address")]
    NetworkAddress,
    /// V065.
    #[error("the range ends with the broadcast address")]
    Broadcast,
    /// V066.
    #[error("the range is reversed")]
    Reversed,
    /// V067: all but the last two bytes must be the same.
    #[error("start and end of the range differ in more than the last 16 bits")]
    TooLarge,
}

impl DhcpRange {
    pub(super) fn new(subnet: IpNet, start: IpAddr, end: IpAddr) -> Result<Self, RangeError> {
        if start.is_ipv4() != end.is_ipv4() || start.is_ipv4() != subnet.addr().is_ipv4() {
            return Err(RangeError::Family);
        }
        if let Some(outside) = [start, end].into_iter().find(|each| !subnet.contains(each)) {
            return Err(RangeError::Outside(outside));
        }
        if start.is_ipv4() && start == subnet.network() {
            return Err(RangeError::NetworkAddress);
        }
        if end.is_ipv4() && end == subnet.broadcast() {
            return Err(RangeError::Broadcast);
        }
        if start > end {
            return Err(RangeError::Reversed);
        }
        let too_large = match (start, end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => (u32::from(start) ^ u32::from(end)) >> 16 != 0,
            (IpAddr::V6(start), IpAddr::V6(end)) => {
                (u128::from(start) ^ u128::from(end)) >> 16 != 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        };
        if too_large {
            return Err(RangeError::TooLarge);
        }
        Ok(DhcpRange {
            start,
            end,
            lease: None,
        })
    }

    /// The first address.
    pub fn start(&self) -> IpAddr {
        self.start
    }

    /// The last address, included.
    pub fn end(&self) -> IpAddr {
        self.end
    }

    /// How many addresses there are, at most 65536.
    pub fn size(&self) -> u32 {
        let distance = match (self.start, self.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => u32::from(end) - u32::from(start),
            (IpAddr::V6(start), IpAddr::V6(end)) => {
                u32::try_from(u128::from(end) - u128::from(start)).unwrap_or(u32::MAX - 1)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
        };
        distance + 1
    }
}

/// An address kept for a known guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhcpHost {
    /// How the guest is known.
    pub identity: HostIdentity,
    /// What it gets. libvirt does not ask that it lies in the subnet or is of its family.
    pub ip: IpAddr,
    /// How long its lease lasts, if it was said.
    pub lease: Option<LeaseTime>,
}

/// How DHCP knows a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostIdentity {
    /// In an IPv4 subnet: hardware address, name, or both.
    Ipv4 {
        /// The hardware address, spelt as it was: libvirt keeps the spelling.
        mac: Option<SpelledMac>,
        /// The host name.
        name: Option<HostName>,
    },
    /// In an IPv6 subnet: DHCP unique identifier, name, or both.
    Ipv6 {
        /// The DUID: hexadecimal digits and colons.
        id: Option<Duid>,
        /// The host name.
        name: Option<HostName>,
    },
}

/// A hardware address together with how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpelledMac {
    /// The address.
    pub mac: Mac,
    text: String,
}

impl std::str::FromStr for SpelledMac {
    type Err = crate::value::MacError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(SpelledMac {
            mac: text.parse()?,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for SpelledMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The name of a DHCP host: begins with a letter or digit, and holds nothing that would begin
/// another field, tag or line of a dnsmasq hosts file. Inner blanks stay in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(String);

/// Why a text is no host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostNameError {
    /// V073: libvirt looks at the first character only.
    #[error("a host name begins with a letter or a digit")]
    Start,
    /// A character that ends the name in the hosts file, or makes it a tag or an address.
    #[error("'{}' would end the name in dnsmasq's hosts file", .0.escape_debug())]
    Separator(char),
}

impl HostName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(HostNameError::Start);
        }
        if let Err(crate::value::FieldError(c)) = text.parse::<Field>() {
            return Err(HostNameError::Separator(c));
        }
        match text.chars().find(|c| matches!(c, ':' | '\t')) {
            Some(c) => Err(HostNameError::Separator(c)),
            None => Ok(HostName(text.to_owned())),
        }
    }
}

/// A DHCP unique identifier: hexadecimal digits and colons only (V072).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Duid(String);

/// The text holds something else than hexadecimal digits and colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client identifier is made of hexadecimal digits and ':'")]
pub struct DuidError;

impl Duid {
    /// The identifier as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Duid {
    type Err = DuidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b':');
        good.then(|| Duid(text.to_owned())).ok_or(DuidError)
    }
}

/// What a guest boots from, told by DHCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootp {
    /// The file to ask for.
    pub file: Field,
    /// Who serves it; the bridge itself if not said.
    pub server: Option<IpAddr>,
}
