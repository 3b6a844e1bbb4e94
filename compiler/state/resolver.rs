//! Domains that the host's resolver is told of.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::DeviceName;

/// A routing domain of systemd-resolved: queries for it go to this server on this link
/// (`<domain register='yes'>`).
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Registration {
    /// The link.
    pub link: DeviceName,
    /// The domain.
    pub domain: String,
    /// Who answers: the network's first address.
    pub server: IpAddr,
}
