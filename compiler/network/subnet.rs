//! `<ip>`: an address of the bridge and the subnet behind it.

use std::net::IpAddr;

use ipnet::IpNet;

use super::dhcp::{Dhcp, DhcpRange, RangeError};
use crate::value::Field;

/// One `<ip>` element: the bridge's address, its subnet, and what is served there.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    interface: IpNet,
    /// Whether reverse look-ups of the subnet are answered here and never sent on.
    pub local_ptr: bool,
    /// The folder that TFTP serves; IPv4 only.
    pub tftp_root: Option<Field>,
    /// What DHCP does; present iff there is a range or a host.
    pub dhcp: Option<Dhcp>,
}

/// Why an address and a prefix make no subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubnetError {
    /// The prefix is longer than the address.
    #[error("the prefix is longer than the address")]
    PrefixTooLong,
}

impl Subnet {
    /// A subnet around `address`, with nothing served.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, SubnetError> {
        let interface = IpNet::new(address, prefix).map_err(|_| SubnetError::PrefixTooLong)?;
        Ok(Subnet {
            interface,
            local_ptr: false,
            tftp_root: None,
            dhcp: None,
        })
    }

    /// The bridge's own address with the prefix, host bits and all.
    pub fn interface(&self) -> IpNet {
        self.interface
    }

    /// The bridge's own address.
    pub fn address(&self) -> IpAddr {
        self.interface.addr()
    }

    /// The address masked by the prefix.
    pub fn network(&self) -> IpNet {
        self.interface.trunc()
    }

    /// Whether it is an IPv4 subnet.
    pub fn is_ipv4(&self) -> bool {
        self.interface.addr().is_ipv4()
    }

    /// A range of addresses to lease, inside this subnet (`virSocketAddrGetRange`).
    pub fn range(&self, start: IpAddr, end: IpAddr) -> Result<DhcpRange, RangeError> {
        DhcpRange::new(self.interface, start, end)
    }
}
