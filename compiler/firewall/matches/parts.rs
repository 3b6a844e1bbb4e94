//! What a match asks of an address or of a device, whichever side it is about.

use ipnet::IpNet;

use super::{AddressSide, Bound, DevicePattern, DeviceSide, Match};

/// What is asked of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedDevice<'a> {
    /// The side.
    pub side: DeviceSide,
    /// The device.
    pub name: &'a DevicePattern,
    /// By what it is known.
    pub bound: Bound,
    /// Whether it must be another one.
    pub negated: bool,
}

/// What is asked of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedNet {
    /// The side.
    pub side: AddressSide,
    /// The prefix.
    pub net: IpNet,
    /// Whether the address must lie outside.
    pub negated: bool,
}

impl Match {
    /// The device that is asked for, if it is one.
    pub fn device(&self) -> Option<AskedDevice<'_>> {
        let (side, name, bound, negated) = if let Match::InDevice {
            name,
            bound,
            negated,
        } = self
        {
            (DeviceSide::In, name, *bound, *negated)
        } else if let Match::OutDevice {
            name,
            bound,
            negated,
        } = self
        {
            (DeviceSide::Out, name, *bound, *negated)
        } else {
            return None;
        };
        Some(AskedDevice {
            side,
            name,
            bound,
            negated,
        })
    }

    /// The prefix that is asked for, if it is one.
    pub fn net(&self) -> Option<AskedNet> {
        let (side, net, negated) = if let Match::Source { net, negated } = self {
            (AddressSide::Source, *net, *negated)
        } else if let Match::Destination { net, negated } = self {
            (AddressSide::Destination, *net, *negated)
        } else {
            return None;
        };
        Some(AskedNet { side, net, negated })
    }
}
