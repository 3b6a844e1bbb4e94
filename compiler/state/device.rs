//! Devices as the kernel shows them, of any kind, with the values that they hold now.
//!
//! A [`Link`](super::Link) says what is to be made; this says what is there, so it holds whatever
//! the kernel can: a delay of half a second, a bridge that is nobody's network.

use crate::value::{DeviceName, Mac};

/// A device that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name.
    pub name: DeviceName,
    /// Its number in the kernel, if the listing shows it.
    pub index: Option<u32>,
    /// Whether it was set up; it may still have no carrier.
    pub up: bool,
    /// Its hardware address, if it has one of six bytes.
    pub mac: Option<Mac>,
    /// Its largest packet in bytes, if the listing shows it.
    pub mtu: Option<u32>,
    /// The bridge, bond or the like that it is a port of.
    pub master: Option<DeviceName>,
    /// What it is.
    pub kind: DeviceKind,
}

/// What a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// A bridge, with its settings if the listing shows them (`ip -d`).
    Bridge(Option<BridgeSettings>),
    /// Anything else, by the kernel's word for it: `veth`, `tun`, `vlan`; nothing for a plain NIC.
    Other(String),
}

/// The settings of a bridge, as the kernel holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BridgeSettings {
    /// Whether it takes part in the spanning tree, in the kernel or by a program.
    pub stp: bool,
    /// How long a new port listens and learns, in hundredths of a second.
    pub forward_delay_centiseconds: u64,
    /// Whether ports are kept apart by VLAN tag.
    pub vlan_filtering: bool,
}

impl Device {
    /// The settings, if it is a bridge and the listing shows them.
    pub fn bridge(&self) -> Option<&BridgeSettings> {
        match &self.kind {
            DeviceKind::Bridge(settings) => settings.as_ref(),
            DeviceKind::Other(_) => None,
        }
    }

    /// Whether it is a bridge.
    pub fn is_bridge(&self) -> bool {
        match self.kind {
            DeviceKind::Bridge(_) => true,
            DeviceKind::Other(_) => false,
        }
    }
}
