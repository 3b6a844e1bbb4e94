//! What a guest's port needs.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Policing, Rate};
use crate::value::{DeviceName, NetworkName};

/// What the port of a guest needs on one network, or in one of its portgroups.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GuestPort {
    /// The network.
    pub network: NetworkName,
    /// The portgroup; `None` for a guest that names none and there is no default one.
    pub portgroup: Option<String>,
    /// Whether guests that name no group get this.
    pub default: bool,
    /// What the port is made on.
    pub device: PortDevice,
    /// The largest packet of the network, which a tap takes over before it joins.
    pub mtu: Option<u16>,
    /// VLAN tags, where there are any.
    pub vlan: Option<PortVlan>,
    /// Whether the port may not talk to other isolated ports.
    pub isolated: bool,
    /// Whether nothing is learnt or flooded: the guest's MAC is entered by hand.
    pub static_macs: bool,
    /// Whether a guest may change its receive filters.
    pub trust_guest_rx_filters: bool,
    /// What the guest may receive.
    pub inbound: Option<Rate>,
    /// What the guest may send.
    pub outbound: Option<Policing>,
}

/// What a guest's port is made on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortDevice {
    /// A tap or veth that joins this bridge.
    Bridge(DeviceName),
    /// A port of this Open vSwitch bridge.
    OpenVswitch {
        /// The switch.
        bridge: DeviceName,
        /// The port profile, if there is one.
        profile: Option<String>,
        /// The interface's identity, if it was given.
        interface_id: Option<String>,
    },
    /// A macvtap on one of these devices.
    Macvtap {
        /// `bridge`, `private`, `vepa` or `passthrough`.
        mode: String,
        /// The devices, in order.
        devices: Vec<DeviceName>,
        /// A physical function whose virtual functions are the devices.
        physical_function: Option<DeviceName>,
        /// What the switch outside is told, if it is told anything.
        switch: Option<SwitchProfile>,
    },
    /// One of these PCI devices is the guest's own.
    Hostdev {
        /// The devices, as the kernel names them.
        addresses: Vec<String>,
        /// A physical function whose virtual functions are the devices.
        physical_function: Option<DeviceName>,
        /// Whether the host's driver is detached first.
        managed: bool,
        /// The driver to attach with.
        driver: Option<String>,
        /// What the switch outside is told, if it is told anything.
        switch: Option<SwitchProfile>,
    },
}

/// What the switch outside is told about a guest that sits on a physical device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SwitchProfile {
    /// How it is told: `802.1Qbg` or `802.1Qbh`.
    pub protocol: String,
    /// 802.1Qbg: the manager's number.
    pub managerid: Option<u8>,
    /// 802.1Qbg: the type, 24 bits.
    pub typeid: Option<u32>,
    /// 802.1Qbg: the version of that type.
    pub typeidversion: Option<u8>,
    /// 802.1Qbg: this guest's identity, if it was given.
    pub instanceid: Option<String>,
    /// 802.1Qbh: the name of a profile.
    pub profileid: Option<String>,
}

/// The VLAN tags of a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PortVlan {
    /// Whether frames keep their tags.
    pub trunk: bool,
    /// The tags, in order.
    pub tags: Vec<u16>,
    /// The tag of untagged frames in a trunk, and whether they are sent tagged.
    pub native: Option<(u16, bool)>,
}

/// A VLAN that a port is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// Its tag.
    pub tag: u16,
    /// Whether untagged frames that come in get this tag.
    pub pvid: bool,
    /// Whether frames go out without it.
    pub untagged: bool,
}

impl PortVlan {
    /// As `virNetDevBridgeSetupVlans`: one tag is the port's own; a trunk carries all, and its
    /// native one is the port's own.
    pub fn memberships(&self) -> Vec<Membership> {
        let own = |tag: u16, tagged: bool| Membership {
            tag,
            pvid: true,
            untagged: !tagged,
        };
        if !self.trunk {
            let first = self.tags.first();
            return first.map(|tag| own(*tag, false)).into_iter().collect();
        }
        let in_trunk = |tag: &u16| match self.native {
            Some((native, tagged)) if native == *tag => own(*tag, tagged),
            Some(_) | None => Membership {
                tag: *tag,
                pvid: false,
                untagged: false,
            },
        };
        self.tags.iter().map(in_trunk).collect()
    }
}

impl Membership {
    /// Its words for `bridge`.
    pub fn words(self) -> String {
        let pvid = if self.pvid { " pvid" } else { "" };
        let untagged = if self.untagged { " untagged" } else { "" };
        format!("vid {}{pvid}{untagged}", self.tag)
    }
}
