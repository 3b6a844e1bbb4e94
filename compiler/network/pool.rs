//! Devices that guests are given directly: macvtap pools and PCI devices.

use std::fmt;

use crate::value::DeviceName;

/// Physical devices for macvtap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// How guests share a device.
    pub mode: PoolMode,
    /// The devices, in order, each once.
    pub devices: Vec<DeviceName>,
    /// A physical function whose virtual functions are the devices.
    pub physical_function: Option<DeviceName>,
}

/// How guests share a physical device through macvtap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// Guests on one device talk directly.
    Bridge,
    /// They do not talk at all.
    Private,
    /// They talk through the switch outside.
    Vepa,
    /// One guest a device.
    Passthrough,
}

impl PoolMode {
    /// The mode as `forward/@mode` spells it.
    pub fn word(self) -> &'static str {
        match self {
            PoolMode::Bridge => "bridge",
            PoolMode::Private => "private",
            PoolMode::Vepa => "vepa",
            PoolMode::Passthrough => "passthrough",
        }
    }
}

/// PCI devices that guests own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostdevPool {
    /// A physical function whose virtual functions are the devices.
    pub physical_function: Option<DeviceName>,
    /// The devices, in order, each once.
    pub addresses: Vec<PciAddress>,
    /// Whether the host's driver is detached and attached again; unset is no.
    pub managed: Option<bool>,
    /// The driver to attach with, and its model.
    pub driver: Option<(String, Option<String>)>,
}

/// Where a PCI device sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PciAddress {
    /// The domain, 16 bits on most machines.
    pub domain: u32,
    /// The bus, at most 0xff.
    pub bus: u32,
    /// The slot, at most 0x1f.
    pub slot: u32,
    /// The function, at most 7.
    pub function: u32,
}

impl fmt::Display for PciAddress {
    /// As the kernel names it: `0000:03:10.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PciAddress {
            domain,
            bus,
            slot,
            function,
        } = self;
        write!(f, "{domain:04x}:{bus:02x}:{slot:02x}.{function:x}")
    }
}
