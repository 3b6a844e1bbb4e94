//! Addresses of links.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::value::DeviceName;

/// An address of a link.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Address {
    /// The link.
    pub link: DeviceName,
    /// The address with its prefix, host bits and all.
    #[schemars(with = "String")]
    pub address: IpNet,
}

impl Address {
    /// The broadcast address that is set with it: IPv4 only (`virNetDevIPAddrAdd`).
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        match self.address {
            IpNet::V4(net) => Some(net.broadcast()),
            IpNet::V6(_) => None,
        }
    }

    /// The address without its prefix.
    pub fn ip(&self) -> IpAddr {
        self.address.addr()
    }
}
