//! Routes: those that networks declare, and those that a host has.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::value::DeviceName;

/// A static route in the main table.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Route {
    /// The link it goes out through.
    pub link: DeviceName,
    /// Where to.
    #[schemars(with = "String")]
    pub destination: IpNet,
    /// Through whom.
    pub gateway: IpAddr,
    /// Its cost; `None` leaves it to the kernel.
    pub metric: Option<u32>,
}

/// A route of the main table as the kernel holds it, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelRoute {
    /// Where to.
    pub destination: IpNet,
    /// The link it goes out through; none where packets end, and of several the first.
    pub link: Option<DeviceName>,
    /// Through whom, if not to the link itself.
    pub gateway: Option<IpAddr>,
    /// Its cost.
    pub metric: u32,
    /// Who made it, in the kernel's word: `kernel`, `static`, `dhcp`, `ra`.
    pub protocol: Option<String>,
}
