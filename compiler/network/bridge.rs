//! `<bridge>`, `<mtu>`: the device of a virtual network.

use std::fmt;
use std::str::FromStr;

use crate::value::DeviceName;

/// The bridge of a virtual network.
#[derive(Clone, Debug, PartialEq)]
pub struct Bridge {
    /// What it is to be called.
    pub name: BridgeChoice,
    /// Whether it takes part in the spanning tree; libvirt's default is yes.
    pub stp: bool,
    /// How long a new port listens and learns before it forwards, in seconds.
    pub delay_seconds: u64,
    /// The firewalld zone, if one is asked for.
    pub zone: Option<ZoneName>,
    /// Who keeps the bridge's forwarding table.
    pub mac_table: MacTable,
}

impl Bridge {
    /// The longest delay that the kernel takes: hundredths of a second in 32 bits.
    pub const MAX_DELAY_SECONDS: u64 = 42_949_672;
}

/// What was said about the bridge's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BridgeChoice {
    /// This name.
    Named(DeviceName),
    /// The first free number after this prefix: `virbr` if nothing was said, else the text
    /// before `%d`, with the text after it.
    Numbered {
        /// Before the number.
        prefix: String,
        /// After the number.
        suffix: String,
    },
}

impl BridgeChoice {
    /// The name, if one was chosen.
    pub fn named(&self) -> Option<&DeviceName> {
        match self {
            BridgeChoice::Named(name) => Some(name),
            BridgeChoice::Numbered { .. } => None,
        }
    }

    /// What libvirt does without a name: `virbr%d`.
    pub fn automatic() -> Self {
        BridgeChoice::Numbered {
            prefix: "virbr".to_owned(),
            suffix: String::new(),
        }
    }
}

/// Who keeps a bridge's forwarding table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MacTable {
    /// The kernel learns addresses and floods.
    #[default]
    Kernel,
    /// Entries are set for each guest; nothing is learnt or flooded to its port.
    Libvirt,
}

/// The largest packet of a bridge, in bytes: 68 to 65535, what the kernel takes for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mtu(u16);

impl Mtu {
    /// The size, if a bridge can have it.
    pub fn new(bytes: u32) -> Option<Self> {
        u16::try_from(bytes)
            .ok()
            .filter(|bytes| *bytes >= 68)
            .map(Mtu)
    }

    /// The size in bytes.
    pub fn bytes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Mtu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A firewalld zone: `[A-Za-z0-9_-]+`, as libvirt's schema has it.
///
/// It becomes a file name and a command argument, so nothing else is taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZoneName(String);

/// The text is no zone name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a zone name is made of letters, digits, '_' and '-', and does not begin with '-'")]
pub struct ZoneNameError;

impl ZoneName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ZoneName {
    type Err = ZoneNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let good = !text.is_empty() && text.bytes().all(plain) && !text.starts_with('-');
        good.then(|| ZoneName(text.to_owned())).ok_or(ZoneNameError)
    }
}
