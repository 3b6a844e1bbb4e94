//! How long a DHCP lease lasts.

use schemars::JsonSchema;
use serde::Serialize;

/// How long a lease lasts; never below two minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseTime {
    /// For ever: `expiry='0'`.
    Infinite,
    /// This many units.
    For {
        /// How many.
        count: u64,
        /// Of what.
        unit: LeaseUnit,
    },
}

/// The unit of a lease time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseUnit {
    /// Seconds.
    Seconds,
    /// Minutes, libvirt's default.
    #[default]
    Minutes,
    /// Hours.
    Hours,
}

impl LeaseTime {
    /// A lease of `count` units, zero for ever; `None` below two minutes (V080).
    pub fn new(count: u64, unit: LeaseUnit) -> Option<Self> {
        match (count, unit) {
            (0, _) => Some(LeaseTime::Infinite),
            (1..=119, LeaseUnit::Seconds) | (1, LeaseUnit::Minutes) => None,
            _ => Some(LeaseTime::For { count, unit }),
        }
    }
}
