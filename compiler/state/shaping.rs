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

    /// The rate that is never exceeded.
    pub fn ceiling_kbps(&self) -> u64 {
        self.peak_kbps.unwrap_or(self.average_kbps)
    }

    /// Whether `found` is what `tc` shows of this rate. Its text cuts large rates short
    /// (`rounded`), and it keeps bursts as a time.
    pub fn is_shown_as(&self, found: Rate, rounded: bool) -> bool {
        let burst = match (self.burst_kib, found.burst_kib) {
            (Some(burst), Some(other)) => same_burst(burst, other, self.average_kbps),
            (one, other) => one == other,
        };
        burst
            && same_kbps(self.average_kbps, found.average_kbps, rounded)
            && same_kbps(self.ceiling_kbps(), found.ceiling_kbps(), rounded)
    }
}

impl Policing {
    /// The burst that the policer is given.
    pub fn effective_burst_kib(&self) -> u64 {
        self.burst_kib.unwrap_or(self.average_kbps.min(4_194_303))
    }

    /// As [`Rate::is_shown_as`].
    pub fn is_shown_as(&self, found: Policing, rounded: bool) -> bool {
        let (burst, other) = (self.effective_burst_kib(), found.effective_burst_kib());
        same_burst(burst, other, self.average_kbps)
            && same_kbps(self.average_kbps, found.average_kbps, rounded)
    }
}

/// `tc` prints whole megabits from one gigabit on, and whole gigabits from one terabit on, cut or
/// rounded as the release has it (`print_rate`).
fn same_kbps(wanted: u64, found: u64, rounded: bool) -> bool {
    const MEGABIT: u64 = 125;
    let step = match found {
        _ if !rounded => 1,
        125_000_000.. => 1000 * MEGABIT,
        125_000.. => MEGABIT,
        0..125_000 => 1,
    };
    wanted.abs_diff(found) < step
}

/// A burst is kept as the time that it takes, many releases of `tc` to the whole microsecond
/// below (`tc_calc_xmittime`).
fn same_burst(wanted: u64, found: u64, kbps: u64) -> bool {
    let bytes_a_microsecond = kbps / 1000;
    let lost = (bytes_a_microsecond + 511) / 1024;
    (wanted.saturating_sub(lost)..=wanted).contains(&found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_difference() {
        // 1501.008 Mbit/s, as text and as JSON.
        assert!(same_kbps(187_626, 187_625, true));
        assert!(!same_kbps(187_626, 187_625, false));
        // A megabit too few or too many is one.
        assert!(!same_kbps(187_626, 187_500, true));
        assert!(!same_kbps(187_500, 187_625, true));
        // Below a gigabit nothing is rounded.
        assert!(!same_kbps(124_999, 124_998, true));
        // 1234.5 Gbit/s.
        assert!(same_kbps(154_312_500, 154_250_000, true));
        assert!(!same_kbps(154_500_000, 154_250_000, true));
    }

    #[test]
    fn a_burst_loses_what_a_microsecond_sends() {
        assert!(same_burst(1024, 1024, 1000));
        assert!(!same_burst(1024, 1023, 1000));
        assert!(same_burst(1024, 1023, 1_250_000));
        assert!(!same_burst(1024, 1025, 1_250_000));
        assert!(!same_burst(1024, 1022, 1_250_000));
    }
}
