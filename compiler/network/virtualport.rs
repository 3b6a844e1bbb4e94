//! `<virtualport>`: how a port is joined to a switch that is no Linux bridge.

use uuid::Uuid;

use crate::value::Line;

/// What the switch is told about a port. Fields foreign to the type are refused when read (V046).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Virtualport {
    /// The kind of switch; a portgroup may leave it open.
    pub kind: Option<VirtualportType>,
    /// 802.1Qbg: the VSI manager's number.
    pub managerid: Option<u8>,
    /// 802.1Qbg: the VSI type, 24 bits.
    pub typeid: Option<u32>,
    /// 802.1Qbg: the version of that type.
    pub typeidversion: Option<u8>,
    /// 802.1Qbg: this VSI; made at attach if not given.
    pub instanceid: Option<Uuid>,
    /// 802.1Qbh, openvswitch: the name of a profile, at most 39 bytes.
    pub profileid: Option<Line>,
    /// openvswitch, midonet: this interface; made at attach if not given.
    pub interfaceid: Option<Uuid>,
}

impl Virtualport {
    /// Whether it joins guests to Open vSwitch.
    pub fn is_openvswitch(&self) -> bool {
        self.kind == Some(VirtualportType::OpenVswitch)
    }
}

/// The kinds of switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VirtualportType {
    /// IEEE 802.1Qbg, VEPA with a VSI protocol.
    Qbg,
    /// IEEE 802.1Qbh, port extension.
    Qbh,
    /// Open vSwitch.
    OpenVswitch,
    /// MidoNet.
    Midonet,
}

impl VirtualportType {
    /// How `@type` spells it.
    pub fn word(self) -> &'static str {
        match self {
            VirtualportType::Qbg => "802.1Qbg",
            VirtualportType::Qbh => "802.1Qbh",
            VirtualportType::OpenVswitch => "openvswitch",
            VirtualportType::Midonet => "midonet",
        }
    }
}
