//! `<route>`: static routes through the bridge.

use super::evidence::{Draft, Element};
use super::seen::Seen;
use crate::capture::{Role, Topic};
use crate::firewall::Family;
use crate::network::Route;

/// The static routes, in the order of the host's tables.
pub(super) fn read(seen: &Seen<'_>, draft: &mut Draft) -> Vec<Route> {
    let mut routes = Vec::new();
    for held in seen.routes.iter() {
        let about = Element::Route(routes.len());
        // libvirt gives every route a metric, 1 unless told otherwise.
        let metric = match held.metric {
            Some(1) => None,
            Some(metric) if metric > 0 => Some(metric),
            Some(_) | None => {
                let message = format!(
                    "the route to {} has no metric, libvirt would give it 1",
                    held.destination
                );
                draft.differs(about, message);
                None
            }
        };
        let family = Family::of(&held.destination);
        draft.proves(about, seen.files_of(Role::Routes(family)));
        routes.push(Route {
            destination: held.destination.trunc(),
            gateway: held.gateway,
            metric,
        });
    }
    let family = Topic::Routes(Family::Ipv4);
    if !seen.capture.observed(family) && seen.device.is_none() {
        draft.unknown(
            Element::Network,
            "static routes through the bridge",
            &format!(
                "run 'ip route show dev {0}' and 'ip -6 route show dev {0}'",
                seen.bridge
            ),
        );
    }
    routes
}
