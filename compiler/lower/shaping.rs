//! Rate limits of bridges, from the network's `<bandwidth>`.
//!
//! What is declared is seen from the guests: what they receive is what the bridge sends.

use crate::network::{Bandwidth, Kind, Member, Rates};
use crate::state::{Policing, Rate, Shaping};

/// The limits of a network's bridge as a whole.
pub fn lower(member: &Member) -> Option<Shaping> {
    let bandwidth = match &member.network.kind {
        Kind::Virtual(network) => network.bandwidth,
        Kind::HostBridge(network) => network.bandwidth,
        Kind::Macvtap(_) | Kind::Hostdev(_) => None,
    }?;
    let (egress, ingress) = limits(Some(bandwidth));
    (egress.is_some() || ingress.is_some()).then_some(Shaping {
        link: member.bridge.clone()?,
        egress,
        ingress,
    })
}

/// The limits towards the guests, and from them.
pub(super) fn limits(bandwidth: Option<Bandwidth>) -> (Option<Rate>, Option<Policing>) {
    let Some(Bandwidth { inbound, outbound }) = bandwidth else {
        return (None, None);
    };
    (inbound.and_then(rate), outbound.map(policing))
}

/// `virNetDevBandwidthSet` leaves out shaping without a rate.
fn rate(inbound: Rates) -> Option<Rate> {
    (inbound.average > 0).then_some(Rate {
        average_kbps: inbound.average,
        peak_kbps: inbound.peak,
        burst_kib: inbound.burst,
    })
}

fn policing(outbound: Rates) -> Policing {
    Policing {
        average_kbps: outbound.average,
        burst_kib: outbound.burst,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{host_bridge, member, network};

    #[test]
    fn what_guests_receive_is_what_the_bridge_sends() {
        let mut declared = host_bridge(None);
        declared.bandwidth = Some(Bandwidth {
            inbound: Some(Rates {
                average: 1000,
                peak: None,
                burst: None,
            }),
            outbound: None,
        });
        let shaping = lower(&member(network(Kind::HostBridge(declared)))).expect("it is limited");
        let egress = shaping.egress.expect("guests receive at a limited rate");
        assert_eq!(egress.quantum(), 85);
        assert_eq!(shaping.ingress, None);
    }

    #[test]
    fn a_rate_of_zero_shapes_nothing() {
        let inbound = Rates {
            average: 0,
            peak: None,
            burst: None,
        };
        let outbound = Rates {
            average: 0,
            peak: None,
            burst: None,
        };
        let (egress, ingress) = limits(Some(Bandwidth {
            inbound: Some(inbound),
            outbound: Some(outbound),
        }));
        assert_eq!(egress, None);
        assert_eq!(
            ingress.map(|ingress| ingress.effective_burst_kib()),
            Some(0)
        );
    }
}
