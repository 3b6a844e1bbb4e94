//! Static routes.

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
