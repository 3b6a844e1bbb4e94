//! Rate limits, and the filter that fills in checksums: expected against found.
//!
//! `tc` rounds: its text cuts large rates short, and it keeps bursts as a time. What rounding
//! explains is no difference.

use super::device::place;
use super::report::{Drift, DriftKind, Object, Place};
use crate::backend::iproute2::traffic;
use crate::capture::{Capture, Queueing, Role};
use crate::state::{OnLink, Policing, Rate, Shaping};
use crate::value::DeviceName;

/// The differences in the rate limits of a link.
pub fn limits(
    capture: &Capture,
    on: &OnLink<'_>,
    found: Option<&Shaping>,
    rounded: bool,
) -> Vec<Drift> {
    let (sent, received) = (
        on.shaping.and_then(|it| it.egress),
        on.shaping.and_then(|it| it.ingress),
    );
    let (sends, receives) = (
        found.and_then(|it| it.egress),
        found.and_then(|it| it.ingress),
    );
    let mut drift = Vec::new();
    let mut compare = |same: bool, wanted: Option<String>, found: Option<String>, breaks: &str| {
        let kind = match (&wanted, &found) {
            (Some(_), Some(_)) if same => return,
            (None, None) => return,
            (Some(_), Some(_)) => DriftKind::Changed,
            (Some(_), None) => DriftKind::Missing,
            (None, Some(_)) => DriftKind::Unexpected,
        };
        drift.push(Drift {
            kind,
            object: Object::Shaping,
            expected: wanted,
            found,
            place: place(capture, Role::Traffic),
            breaks: Some(breaks.to_owned()),
        });
    };
    compare(
        sent.zip(sends)
            .is_some_and(|(it, other)| same_rate(it, other, rounded)),
        sent.as_ref().map(egress),
        sends.as_ref().map(egress),
        "guests receive at another rate",
    );
    compare(
        received
            .zip(receives)
            .is_some_and(|(it, other)| same_policing(it, other, rounded)),
        received.as_ref().map(ingress),
        receives.as_ref().map(ingress),
        "guests send at another rate",
    );
    drift
}

fn same_rate(wanted: Rate, found: Rate, rounded: bool) -> bool {
    let peak = |rate: Rate| rate.peak_kbps.unwrap_or(rate.average_kbps);
    let burst = match (wanted.burst_kib, found.burst_kib) {
        (Some(burst), Some(other)) => same_burst(burst, other, wanted.average_kbps),
        (one, other) => one == other,
    };
    burst
        && same_kbps(wanted.average_kbps, found.average_kbps, rounded)
        && same_kbps(peak(wanted), peak(found), rounded)
}

fn same_policing(wanted: Policing, found: Policing, rounded: bool) -> bool {
    let (burst, other) = (wanted.effective_burst_kib(), found.effective_burst_kib());
    let kbps = (wanted.average_kbps, found.average_kbps);
    same_burst(burst, other, kbps.0) && same_kbps(kbps.0, kbps.1, rounded)
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

/// What a link sends at most, in words.
pub fn egress(rate: &Rate) -> String {
    let peak = rate.peak_kbps.unwrap_or(rate.average_kbps);
    let burst = rate.burst_kib.map(|burst| format!(", burst {burst} KiB"));
    format!(
        "to guests {} kB/s, up to {peak} kB/s{}",
        rate.average_kbps,
        burst.unwrap_or_default()
    )
}

/// What a link takes at most, in words.
pub fn ingress(policing: &Policing) -> String {
    format!(
        "from guests {} kB/s, burst {} KiB",
        policing.average_kbps,
        policing.effective_burst_kib()
    )
}

/// The filter that fills in checksums of DHCP replies where it is missing, if filters were listed.
///
/// With nft libvirt puts one on every bridge, and starts no network without
/// (`nftablesApplyFirewallRules`).
pub fn checksum(capture: &Capture, bridge: &DeviceName, found: &Queueing) -> Option<Drift> {
    let missing = found.filters && !found.checksum;
    missing.then(|| Drift {
        kind: DriftKind::Missing,
        object: Object::Rule,
        expected: Some(format!("tc {}", traffic::checksum(bridge.as_str()))),
        found: None,
        place: Place {
            file: Some(capture.name(found.file).to_owned()),
            ..Place::default()
        },
        breaks: Some("some guests discard the host's DHCP answers for a wrong checksum".to_owned()),
    })
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
