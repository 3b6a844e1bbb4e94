//! Links: bridges, and the physical ports that become part of one.

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::{DeviceName, Mac};

/// A network device.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Link {
    /// Its name.
    pub name: DeviceName,
    /// Its hardware address; `None` leaves it to the kernel.
    pub mac: Option<Mac>,
    /// Its largest packet in bytes; `None` leaves it to the kernel.
    pub mtu: Option<u16>,
    /// What it is.
    pub kind: LinkKind,
}

/// What a link is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// A bridge that is made.
    Bridge(Bridge),
    /// A bridge that the host has already; only what stands here is set on it.
    ExistingBridge {
        /// Whether ports are kept apart by VLAN tag.
        vlan_filtering: bool,
    },
}

/// The settings of a bridge that is made.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Bridge {
    /// Whether it takes part in the spanning tree.
    pub stp: bool,
    /// How long a new port listens and learns, in seconds, as declared. With the spanning tree on
    /// the kernel holds 2 to 30 instead (see [`Bridge::effective_delay_seconds`]).
    pub delay_seconds: u64,
    /// Whether ports are kept apart by VLAN tag.
    pub vlan_filtering: bool,
    /// The physical port that joins it, and the host's own addressing.
    pub uplink: Option<Uplink>,
}

impl Bridge {
    /// The delay that the kernel ends up with: turning the spanning tree on clamps it to
    /// 2 to 30 s (`br_stp_start`, kernel).
    pub fn effective_delay_seconds(&self) -> u64 {
        if self.stp {
            self.delay_seconds.clamp(2, 30)
        } else {
            self.delay_seconds
        }
    }
}

/// The physical port of a host bridge.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Uplink {
    /// The port.
    pub dev: DeviceName,
    /// How the host itself is addressed on the bridge. Static addresses and gateways are in
    /// [`HostState::addresses`](super::HostState) and routes.
    pub addressing: UplinkAddressing,
}

/// How the host is addressed on a bridge that took its uplink.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UplinkAddressing {
    /// By DHCP and router advertisements.
    Dhcp,
    /// By what is in the address and route tables; these are the name servers.
    Static {
        /// Name servers, in order.
        dns: Vec<std::net::IpAddr>,
    },
    /// Not at all.
    None,
}
