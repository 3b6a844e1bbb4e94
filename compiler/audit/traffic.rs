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
    queueing: Option<&Queueing>,
) -> Vec<Drift> {
    let rounded = queueing.is_some_and(|it| it.rounded);
    // The class of those without a share loses its burst once a guest has one.
    let shared = queueing.is_some_and(|it| !it.shares.is_empty());
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
        sent.zip(sends).is_some_and(|(mut it, other)| {
            it.burst_kib = it.burst_kib.filter(|_| !shared);
            it.is_shown_as(other, rounded)
        }),
        sent.as_ref().map(egress),
        sends.as_ref().map(egress),
        "guests receive at another rate",
    );
    compare(
        received
            .zip(receives)
            .is_some_and(|(it, other)| it.is_shown_as(other, rounded)),
        received.as_ref().map(ingress),
        receives.as_ref().map(ingress),
        "guests send at another rate",
    );
    drift
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
