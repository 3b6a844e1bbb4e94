//! `<bandwidth>`: the limits of the bridge as a whole.
//!
//! What the bridge sends is what guests receive.

use super::evidence::{Draft, Element};
use super::seen::Seen;
use crate::capture::{Role, Topic};
use crate::network::{Bandwidth, Rates};
use crate::state::{Policing, Rate};

/// The limits, if there are any.
pub(super) fn read(seen: &Seen<'_>, draft: &mut Draft) -> Option<Bandwidth> {
    let Some(shaping) = seen.shaping else {
        if seen.device.is_some() && !seen.capture.observed(Topic::Traffic) {
            let message = format!(
                "rate limits were not captured: 'tc -j class show dev {0}', 'tc -j filter show \
                 dev {0} ingress'",
                seen.bridge
            );
            draft.note(Element::Network, message);
        }
        return None;
    };
    let files = || seen.files_of(Role::Traffic);
    if shaping.egress.is_some() {
        draft.proves(Element::Inbound, files());
    }
    if shaping.ingress.is_some() {
        draft.proves(Element::Outbound, files());
    }
    let bandwidth = Bandwidth {
        inbound: shaping.egress.map(inbound),
        outbound: shaping.ingress.map(outbound),
    };
    (bandwidth.inbound.is_some() || bandwidth.outbound.is_some()).then_some(bandwidth)
}

fn inbound(rate: Rate) -> Rates {
    Rates {
        average: rate.average_kbps,
        peak: rate.peak_kbps,
        burst: rate.burst_kib,
    }
}

/// A burst that nobody asked for follows from the rate.
fn outbound(policing: Policing) -> Rates {
    let usual = Policing {
        burst_kib: None,
        ..policing
    };
    let asked = policing.burst_kib;
    Rates {
        average: policing.average_kbps,
        peak: None,
        burst: asked.filter(|burst| *burst != usual.effective_burst_kib()),
    }
}
