//! Ports of bridges as the kernel holds them: settings, hardware addresses, VLAN tags.
//!
//! A [`GuestPort`](super::GuestPort) says what a guest's port is to get; this says what is there,
//! as far as a listing shows it.

use crate::value::{DeviceName, Mac};

/// A device that is a port of a bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgePort {
    /// The port.
    pub link: DeviceName,
    /// The bridge.
    pub bridge: DeviceName,
    /// Whether it may not talk to other isolated ports.
    pub isolated: Option<bool>,
    /// Whether the bridge learns addresses from what comes in there.
    pub learning: Option<bool>,
    /// Whether packets to unknown addresses go out there.
    pub flood: Option<bool>,
    /// Its state, in the kernel's word: `disabled`, `listening`, `learning`, `forwarding`,
    /// `blocking`.
    pub state: Option<String>,
}

/// An entry of a bridge's table of hardware addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMac {
    /// The device behind which the address is.
    pub link: DeviceName,
    /// The bridge.
    pub bridge: DeviceName,
    /// The address.
    pub mac: Mac,
    /// The VLAN it is in, if ports are kept apart by tag.
    pub vlan: Option<u16>,
    /// Whether it was learnt from packets, rather than entered.
    pub learnt: bool,
}

/// VLAN tags of a port, or of a bridge itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortTag {
    /// The device.
    pub link: DeviceName,
    /// The first tag.
    pub first: u16,
    /// The last tag; the same as the first for one.
    pub last: u16,
    /// Whether untagged frames that come in get this tag.
    pub pvid: bool,
    /// Whether frames go out without it.
    pub untagged: bool,
}
