//! Devices that a rule names, by name or by what their names begin with.

use std::fmt;

use compact_str::CompactString;

use super::Asked;
use crate::value::DeviceName;

/// A device by name, or all devices whose names begin alike: `eth+` for iptables, `eth*` for nft.
///
/// As a rule says it, so the name may be anything but NUL, at which every tool's names end: that
/// a longer name matches, too, is kept as one NUL behind the name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DevicePattern(CompactString);

/// Whether a device match is bound to a name or to a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bound {
    /// To the name, whatever device has it (`iifname`).
    #[default]
    Name,
    /// To the device that has the name as the rule is loaded (`iif`).
    Index,
    /// To a device that is gone: only its number is left, in place of a name, and no packet
    /// matches (nft only).
    Gone,
}

/// The ports of a bridge that a packet crosses (`-m physdev`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Physdev {
    /// The port it came in through.
    pub entry: Option<Asked<DevicePattern>>,
    /// The port it goes out through.
    pub exit: Option<Asked<DevicePattern>>,
    /// Whether it came in through a port at all; false: it must not have.
    pub is_in: Option<bool>,
    /// Whether it goes out through a port at all; false: it must not.
    pub is_out: Option<bool>,
    /// Whether it is bridged and not routed; false: it must not be.
    pub is_bridged: Option<bool>,
}

impl DevicePattern {
    /// All devices whose names begin with `start`.
    pub fn starting(start: &str) -> Self {
        let mut pattern = DevicePattern::named(start);
        pattern.0.push('\0');
        pattern
    }

    /// The one device of this name.
    pub fn named(name: &str) -> Self {
        let end = name.bytes().position(|byte| byte == 0);
        DevicePattern(name[..end.unwrap_or(name.len())].into())
    }

    /// The name, or what it begins with.
    pub fn name(&self) -> &str {
        self.0.strip_suffix('\0').unwrap_or(&self.0)
    }

    /// Whether longer names match, too.
    pub fn is_prefix(&self) -> bool {
        self.0.ends_with('\0')
    }

    /// Whether this says exactly this device.
    pub fn is(&self, name: &DeviceName) -> bool {
        self.0 == name.as_str()
    }

    /// Whether a device of this name matches.
    pub fn covers(&self, name: &str) -> bool {
        match self.is_prefix() {
            true => name.starts_with(self.name()),
            false => self.name() == name,
        }
    }
}

impl From<&DeviceName> for DevicePattern {
    fn from(name: &DeviceName) -> Self {
        DevicePattern::named(name.as_str())
    }
}

impl fmt::Debug for DevicePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.is_prefix() { "…" } else { "" };
        write!(f, "{:?}{more}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_begins_alike() {
        let all = DevicePattern::starting("vnet");
        assert!(all.covers("vnet") && all.covers("vnet12") && !all.covers("vne"));
        assert_eq!((all.name(), all.is_prefix()), ("vnet", true));
        let one = DevicePattern::named("vnet1");
        assert!(one.covers("vnet1") && !one.covers("vnet12"));
        assert_eq!((one.name(), one.is_prefix()), ("vnet1", false));
        // A name ends at a NUL, so none can pass for a pattern.
        assert_eq!(DevicePattern::named("vnet1\0"), one);
        assert_eq!(DevicePattern::starting("vnet\0x"), all);
    }
}
