//! A host's state for the tests of this room: one network on one bridge.

use crate::firewall::Policy;
use crate::state::{Bridge, HostState, Link, LinkKind, Segment, Uplink, UplinkAddressing};

use super::{Compiled, Layout, Output};

/// A network and its bridge, with nothing on it.
pub fn state(network: &str, link: &str) -> HostState {
    let link: crate::value::DeviceName = link.parse().expect("a device name");
    HostState {
        networks: vec![Segment {
            network: network.parse().expect("a network name"),
            uuid: "6a2c1e9a-8f44-4b54-9d4c-0f1a5a0f8b11".to_owned(),
            mode: "isolated".to_owned(),
            link: Some(link.clone()),
        }],
        links: vec![Link {
            name: link,
            mac: None,
            mtu: None,
            kind: LinkKind::Bridge(Bridge {
                stp: true,
                delay_seconds: 0,
                vlan_filtering: false,
                uplink: None,
            }),
        }],
        ..HostState::default()
    }
}

/// The bridge `br0` that takes the port `eno1`.
pub fn uplinked(addressing: UplinkAddressing) -> HostState {
    let mut state = state("lan", "br0");
    state.links[0].kind = LinkKind::Bridge(Bridge {
        stp: false,
        delay_seconds: 0,
        vlan_filtering: false,
        uplink: Some(Uplink {
            dev: "eno1".parse().expect("a device name"),
            addressing,
        }),
    });
    state
}

/// What a backend makes of it.
pub fn emitted(emit: fn(&Compiled<'_>) -> Output, state: &HostState) -> Output {
    emit(&Compiled {
        state,
        policy: &Policy::default(),
        layout: Layout::Native,
    })
}

/// The paths of the files.
pub fn paths(output: &Output) -> Vec<&str> {
    let paths = output.artifacts.iter();
    paths.map(|artifact| artifact.path.as_str()).collect()
}
