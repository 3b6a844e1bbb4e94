//! Arbitrary settings of a guest's port.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use super::words::{free, tristate};
use crate::network::{Bandwidth, NativeMode, Portgroup, Rates, Virtualport, VirtualportType, Vlan};

/// Limits of at most this rate and burst.
pub fn bandwidth(rate: u64, burst: u64) -> impl Strategy<Value = Bandwidth> {
    let rates = move || {
        let rates = (0..=rate, option::of(0..=rate), option::of(0..=burst));
        option::of(rates.prop_map(|(average, peak, burst)| Rates {
            average,
            peak,
            burst,
        }))
    };
    let directions = (rates(), rates());
    directions.prop_filter_map("no limit at all", |(inbound, outbound)| {
        let bandwidth = Bandwidth { inbound, outbound };
        (bandwidth != Bandwidth::default()).then_some(bandwidth)
    })
}

/// Tags; several of them are a trunk.
pub fn vlan() -> impl Strategy<Value = Vlan> {
    let mode = prop_oneof![Just(NativeMode::Tagged), Just(NativeMode::Untagged)];
    let native = option::of((any::<Index>(), mode));
    let parts = (vec(0u16..4096, 1..4), any::<bool>(), native);
    parts.prop_map(|(tags, trunk, native)| Vlan {
        trunk: trunk || tags.len() > 1,
        native: native.map(|(at, mode)| (*at.get(&tags), mode)),
        tags,
    })
}

/// A virtual port with what its type allows.
pub fn virtualport(required_type: bool) -> impl Strategy<Value = Virtualport> {
    let kind = prop_oneof![
        Just(Some(VirtualportType::Qbg)),
        Just(Some(VirtualportType::Qbh)),
        Just(Some(VirtualportType::OpenVswitch)),
        Just(Some(VirtualportType::Midonet)),
        Just(None),
    ];
    let id = || option::of(any::<u128>().prop_map(Uuid::from_u128));
    let numbers = (
        option::of(any::<u8>()),
        option::of(0u32..1 << 24),
        option::of(any::<u8>()),
    );
    let parts = (kind, numbers, id(), option::of(free()), id());
    parts.prop_filter_map(
        "no type",
        move |(kind, numbers, instanceid, profileid, interfaceid)| {
            let all = Virtualport {
                kind,
                managerid: numbers.0,
                typeid: numbers.1,
                typeidversion: numbers.2,
                instanceid,
                profileid,
                interfaceid,
            };
            let bare = Virtualport {
                kind,
                ..Virtualport::default()
            };
            match kind {
                None if required_type => None,
                None | Some(VirtualportType::Midonet) => Some(all),
                Some(VirtualportType::Qbg) => Some(Virtualport {
                    profileid: None,
                    interfaceid: None,
                    ..all
                }),
                Some(VirtualportType::Qbh) => Some(Virtualport {
                    profileid: all.profileid,
                    ..bare
                }),
                Some(VirtualportType::OpenVswitch) => Some(Virtualport {
                    profileid: all.profileid,
                    interfaceid,
                    ..bare
                }),
            }
        },
    )
}

/// Portgroups of different names, the first perhaps the default.
pub fn portgroups() -> impl Strategy<Value = Vec<Portgroup>> {
    let group = (
        "[ -~\t\nü]{0,8}",
        any::<bool>(),
        tristate(),
        option::of(virtualport(false)),
        option::of(bandwidth(u64::MAX, u64::MAX)),
        option::of(vlan()),
    );
    vec(group, 0..3).prop_map(|groups| {
        let groups = groups.into_iter().enumerate();
        let group = groups.map(
            |(at, (name, default, trust, virtualport, bandwidth, vlan))| Portgroup {
                name: crate::value::Line::lossy(&format!("{at}{name}")),
                default: default && at == 0,
                trust_guest_rx_filters: trust,
                virtualport,
                bandwidth,
                vlan,
            },
        );
        group.collect()
    })
}
