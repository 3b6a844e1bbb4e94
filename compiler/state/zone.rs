//! firewalld's zones.

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::DeviceName;

/// Which zone a link belongs to where firewalld runs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ZoneBinding {
    /// The link.
    pub link: DeviceName,
    /// The zone.
    pub zone: ZoneChoice,
}

/// How the zone was chosen (`networkAddFirewallRules`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneChoice {
    /// The one that was asked for; firewalld must be running.
    Declared(String),
    /// The zone for networks that are not routed, which libvirt has one of its own for.
    Libvirt,
    /// The zone for routed networks, which libvirt has one of its own for.
    LibvirtRouted,
}
