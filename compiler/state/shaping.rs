//! Rate limits of links.

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::DeviceName;

/// The rate limits of one link, seen from the link: it sends what guests receive.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Shaping {
    /// The link.
    pub link: DeviceName,
    /// What it sends.
    pub egress: Option<Rate>,
    /// What it receives.
    pub ingress: Option<Policing>,
}

/// Shaping by an htb class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rate {
    /// The rate in kilobytes (1000 bytes) a second.
    pub average_kbps: u64,
    /// The rate that may be borrowed up to, in the same unit.
    pub peak_kbps: Option<u64>,
    /// What may go at peak rate at once, in KiB.
    pub burst_kib: Option<u64>,
}

/// Policing: what comes faster is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Policing {
    /// The rate in kilobytes (1000 bytes) a second.
    pub average_kbps: u64,
    /// What may come at once, in KiB, if it was said (else the average, at most 4194303).
    pub burst_kib: Option<u64>,
}

impl Rate {
    /// The htb quantum: a 1500-byte packet's share, as `virNetDevBandwidthSet` computes it.
    pub fn quantum(&self) -> u64 {
        (u128::from(self.average_kbps) * 1024 / 8 / 1500).clamp(1, u128::from(u32::MAX)) as u64
    }
}

impl Policing {
    /// The burst that the policer is given.
    pub fn effective_burst_kib(&self) -> u64 {
        self.burst_kib.unwrap_or(self.average_kbps.min(4_194_303))
    }
}
