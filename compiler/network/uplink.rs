//! The physical port of a host bridge, and how the host is addressed there.
//!
//! Declared as `<lan:uplink>` in a network's metadata, or on the command line
//! ([`parse_uplink`]). A mistake here costs the host its connection, so much is refused.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::value::{DeviceName, DeviceNameError};

/// `<lan:uplink>`: the physical port of a host bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// The device that becomes a port of the bridge.
    pub dev: DeviceName,
    /// How the host itself is addressed on the bridge.
    pub addressing: Addressing,
}

/// How the host itself is addressed on a bridge that took its uplink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// By DHCP and router advertisements.
    Dhcp,
    /// With these addresses; at least one. Made by [`Addressing::fixed`].
    Static {
        /// The addresses with their prefixes.
        addresses: Vec<IpNet>,
        /// Default gateways, at most one a family, IPv4 first.
        gateways: Vec<IpAddr>,
        /// Name servers, in order.
        dns: Vec<IpAddr>,
    },
    /// Not at all: the bridge is for guests only.
    None,
}

/// Why addresses, gateways and name servers do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressingError {
    /// There must be one.
    #[error("static addressing needs an address")]
    NoAddress,
    /// It is unspecified, multicast or loopback.
    #[error("no host has the address '{0}' on a wire")]
    Address(IpAddr),
    /// The kernel refuses the second one.
    #[error("the address '{0}' is given twice")]
    AddressTwice(IpAddr),
    /// The kernel refuses the route.
    #[error("the gateway '{0}' lies in the subnet of no address")]
    GatewayOutside(IpAddr),
    /// A host is not its own gateway.
    #[error("the gateway '{0}' is the host's own address")]
    GatewayIsHost(IpAddr),
    /// Which of the two would be used is not to be foreseen.
    #[error("the gateway '{0}' is the second one of its family")]
    GatewayTwice(IpAddr),
    /// It is unspecified or multicast.
    #[error("no name server has the address '{0}'")]
    NameServer(IpAddr),
}

impl Addressing {
    /// Static addressing, if the parts fit together.
    pub fn fixed(
        addresses: Vec<IpNet>,
        mut gateways: Vec<IpAddr>,
        dns: Vec<IpAddr>,
    ) -> Result<Self, AddressingError> {
        if addresses.is_empty() {
            return Err(AddressingError::NoAddress);
        }
        for (at, net) in addresses.iter().enumerate() {
            let address = net.addr();
            if !is_host(address) || address.is_loopback() {
                return Err(AddressingError::Address(address));
            }
            if addresses[..at].iter().any(|each| each.addr() == address) {
                return Err(AddressingError::AddressTwice(address));
            }
        }
        for (at, gateway) in gateways.iter().enumerate() {
            let earlier = &gateways[..at];
            if earlier
                .iter()
                .any(|each| each.is_ipv4() == gateway.is_ipv4())
            {
                return Err(AddressingError::GatewayTwice(*gateway));
            }
            if addresses.iter().any(|net| net.addr() == *gateway) {
                return Err(AddressingError::GatewayIsHost(*gateway));
            }
            if !addresses.iter().any(|net| reaches(*net, *gateway)) || !is_host(*gateway) {
                return Err(AddressingError::GatewayOutside(*gateway));
            }
        }
        if let Some(server) = dns.iter().find(|server| !is_host(**server)) {
            return Err(AddressingError::NameServer(*server));
        }
        gateways.sort_unstable();
        Ok(Addressing::Static {
            addresses,
            gateways,
            dns,
        })
    }
}

fn is_host(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_unspecified() && !address.is_multicast() && !broadcast
}

/// A link-local router is on the wire whatever the addresses are.
fn reaches(net: IpNet, gateway: IpAddr) -> bool {
    match (net, gateway) {
        (IpNet::V6(_), IpAddr::V6(gateway)) if gateway.is_unicast_link_local() => true,
        _ => net.contains(&gateway),
    }
}

/// Why the value of `--uplink` says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UplinkError {
    /// It has another form.
    #[error(
        "an uplink is written BRIDGE=DEVICE,dhcp or BRIDGE=DEVICE,none or \
         BRIDGE=DEVICE,static,ADDRESS/PREFIX[,gateway=ADDRESS][,dns=ADDRESS]…"
    )]
    Form,
    /// Bridge and device are one.
    #[error("the bridge '{0}' cannot be its own uplink")]
    Itself(DeviceName),
    /// A name is none.
    #[error("'{0}': {1}")]
    Device(String, DeviceNameError),
    /// The second word is not known.
    #[error("addressing is 'dhcp', 'static' or 'none', not '{0}'")]
    Addressing(String),
    /// Something follows `dhcp` or `none`.
    #[error("'{0}' only goes with static addressing")]
    WithoutStatic(String),
    /// Not `key=address`, not `address/prefix`.
    #[error("'{0}' is neither ADDRESS/PREFIX nor gateway=ADDRESS nor dns=ADDRESS")]
    Part(String),
    /// The parts do not fit together.
    #[error(transparent)]
    Parts(#[from] AddressingError),
}

/// Reads `br0=eno1,static,192.0.2.10/24,gateway=192.0.2.1,dns=192.0.2.53`: the bridge, its port,
/// and how the host is addressed there.
pub fn parse_uplink(text: &str) -> Result<(DeviceName, Uplink), UplinkError> {
    let (bridge, rest) = text.split_once('=').ok_or(UplinkError::Form)?;
    let mut parts = rest.split(',');
    let dev = device(parts.next().unwrap_or(""))?;
    let bridge = device(bridge)?;
    if bridge == dev {
        return Err(UplinkError::Itself(bridge));
    }
    let addressing = match parts.next().ok_or(UplinkError::Form)? {
        "dhcp" => Addressing::Dhcp,
        "none" => Addressing::None,
        "static" => parse_static(parts.by_ref())?,
        other => return Err(UplinkError::Addressing(other.to_owned())),
    };
    match parts.next() {
        Some(part) => Err(UplinkError::WithoutStatic(part.to_owned())),
        None => Ok((bridge, Uplink { dev, addressing })),
    }
}

fn device(text: &str) -> Result<DeviceName, UplinkError> {
    let error = |error| UplinkError::Device(text.to_owned(), error);
    text.parse().map_err(error)
}

fn parse_static<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Addressing, UplinkError> {
    let (mut addresses, mut gateways, mut dns) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        let unknown = || UplinkError::Part(part.to_owned());
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| unknown());
        match part.split_once('=') {
            Some(("gateway", text)) => gateways.push(address(text)?),
            Some(("dns", text)) => dns.push(address(text)?),
            Some(_) => return Err(unknown()),
            None => addresses.push(part.parse::<IpNet>().map_err(|_| unknown())?),
        }
    }
    Ok(Addressing::fixed(addresses, gateways, dns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_names_an_uplink() {
        let (bridge, uplink) = parse_uplink("br0=eno1,dhcp").expect("it is an uplink");
        assert_eq!((bridge.as_str(), uplink.dev.as_str()), ("br0", "eno1"));
        assert_eq!(uplink.addressing, Addressing::Dhcp);
        let (_, uplink) = parse_uplink("br0=eno1,none").expect("it is an uplink");
        assert_eq!(uplink.addressing, Addressing::None);
        let text = "br0=eno1,static,gateway=fe80::1,192.0.2.10/24,gateway=192.0.2.1,\
            2001:db8::2/64,dns=192.0.2.53,dns=2001:db8::53";
        let (_, uplink) = parse_uplink(text).expect("it is an uplink");
        let Addressing::Static {
            addresses,
            gateways,
            dns,
        } = uplink.addressing
        else {
            unreachable!("it is static");
        };
        let words = |ips: &[IpAddr]| ips.iter().map(IpAddr::to_string).collect::<Vec<_>>();
        assert_eq!(addresses.len(), 2);
        assert_eq!(words(&gateways), ["192.0.2.1", "fe80::1"]);
        assert_eq!(words(&dns), ["192.0.2.53", "2001:db8::53"]);
    }

    #[test]
    fn what_would_cut_the_host_off_is_refused() {
        use AddressingError as Parts;
        let error = |text: &str| parse_uplink(text).expect_err("it is no uplink");
        let parts = |text: &str| {
            let error = error(&format!("br0=eno1,static,{text}"));
            let UplinkError::Parts(error) = error else {
                unreachable!("{error}");
            };
            error
        };
        assert_eq!(error("br0"), UplinkError::Form);
        assert_eq!(error("br0=eno1"), UplinkError::Form);
        assert!(matches!(error("br0=br0,dhcp"), UplinkError::Itself(_)));
        assert!(matches!(error("br0=,dhcp"), UplinkError::Device(..)));
        assert!(matches!(error("br+=eno1,dhcp"), UplinkError::Device(..)));
        assert!(matches!(error("br0=eno1,auto"), UplinkError::Addressing(_)));
        assert!(matches!(
            error("br0=eno1,dhcp,x"),
            UplinkError::WithoutStatic(_)
        ));
        assert!(matches!(
            error("br0=eno1,static,192.0.2.1"),
            UplinkError::Part(_)
        ));
        assert!(matches!(
            error("br0=eno1,static,mtu=9000"),
            UplinkError::Part(_)
        ));
        assert_eq!(error("br0=eno1,static"), Parts::NoAddress.into());
        assert!(matches!(parts("0.0.0.0/24"), Parts::Address(_)));
        assert!(matches!(
            parts("192.0.2.1/24,192.0.2.1/25"),
            Parts::AddressTwice(_)
        ));
        assert!(matches!(
            parts("192.0.2.1/24,gateway=192.0.3.1"),
            Parts::GatewayOutside(_)
        ));
        assert!(matches!(
            parts("192.0.2.1/24,gateway=192.0.2.1"),
            Parts::GatewayIsHost(_)
        ));
        assert!(matches!(
            parts("192.0.2.1/24,gateway=fe80::1"),
            Parts::GatewayOutside(_)
        ));
        let two = "192.0.2.1/24,gateway=192.0.2.2,gateway=192.0.2.3";
        assert!(matches!(parts(two), Parts::GatewayTwice(_)));
        assert!(matches!(parts("192.0.2.1/24,dns=::"), Parts::NameServer(_)));
    }
}
