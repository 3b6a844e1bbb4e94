//! Declared networks to what a host holds and what its firewall does.
//!
//! One file per concern, each a function of one network. The firewall's meaning is lowered once,
//! into a [`Policy`], and each [`layout`] encodes it. Nothing here knows text.

pub mod address;
pub mod layout;
pub mod link;
pub mod policy;
pub mod port;
pub mod resolver;
pub mod route;
pub mod service;
pub mod shaping;
pub mod sysctl;
pub mod zone;

pub use layout::{FirewallLayout, encode};

use schemars::JsonSchema;
use serde::Serialize;

use crate::firewall::Policy;
use crate::network::{Member, NetworkSet};
use crate::state::{HostState, Segment};

/// What networks are lowered to, as `compile --emit ir` prints it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Ir {
    /// What the host holds, rules aside.
    pub state: HostState,
    /// What its firewall does.
    pub policy: Policy,
}

/// What a host holds when these networks are up, and what its firewall does for them.
pub fn lower(set: &NetworkSet) -> Ir {
    let makers = link::makers(set);
    let mut state = HostState {
        sysctls: sysctl::lower(set, &makers),
        ..HostState::default()
    };
    for (place, member) in set.members().iter().enumerate() {
        state.networks.push(segment(member));
        if makers.contains(&place) {
            state.links.extend(link::lower(member));
            state.addresses.extend(address::lower(member));
            state.routes.extend(route::lower(member));
        }
        state.shaping.extend(shaping::lower(member));
        state.services.extend(service::lower(member));
        state.registrations.extend(resolver::lower(member));
        state.zones.extend(zone::lower(member));
        state.ports.extend(port::lower(member));
    }
    link::filter_where_asked(set, &mut state.links);
    Ir {
        state,
        policy: policy::policy(set),
    }
}

fn segment(member: &Member) -> Segment {
    Segment {
        network: member.network.name.clone(),
        uuid: member.uuid.to_string(),
        mode: member.network.mode().unwrap_or("isolated").to_owned(),
        link: member.bridge.clone(),
    }
}
