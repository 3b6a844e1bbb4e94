//! Targets of every kind that iptables can say, at random.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::values::{address, addresses, name, ports, prefix, sides, text};
use crate::firewall::{
    CopyMark, CtAssign, CtDirection, CtZone, Family, Log, LogDetails, NatAddress, NatFlags,
    NatTarget, Queue, RejectWith, SegmentSize, SetAction, SetChange, SetHops, SetMark, SetTos,
    Target, Tproxy,
};

fn mark() -> impl Strategy<Value = SetMark> {
    any::<(u32, u32)>().prop_map(|(value, mask)| SetMark { value, mask })
}

fn plain() -> BoxedStrategy<Target> {
    let targets = vec![
        Target::Accept,
        Target::Drop,
        Target::Return,
        Target::Continue,
        Target::ChecksumFill,
        Target::Notrack,
        Target::Trace,
        Target::Jump("own".into()),
        Target::Goto("own".into()),
        Target::SegmentSize(SegmentSize::PathMtu),
        Target::Other("-j QUEUE".into()),
        Target::Other("-j UNKNOWN --option value".into()),
        Target::Other("-j AUDIT --type accept".into()),
    ];
    select(targets).boxed()
}

fn refusal(family: Family) -> BoxedStrategy<Target> {
    let own: Vec<RejectWith> = match family {
        Family::Ipv4 => [0, 1, 2, 9, 10, 13].map(RejectWith::Icmp).to_vec(),
        Family::Ipv6 => [0, 1, 3, 5, 6].map(RejectWith::Icmpv6).to_vec(),
    };
    let both = [RejectWith::PortUnreachable, RejectWith::TcpReset];
    let all: Vec<RejectWith> = own.into_iter().chain(both).collect();
    select(all).prop_map(Target::Reject).boxed()
}

fn nat(family: Family) -> BoxedStrategy<Target> {
    let to = (
        option::of(addresses(family)),
        option::of(ports()),
        any::<[bool; 4]>(),
    );
    let rewritten = to.prop_filter_map("it says something", |(to, ports, set)| {
        let to = to.map(|(start, end)| NatAddress { start, end });
        if to.is_none() && ports.is_none() {
            return None;
        }
        let source = set[3];
        let flags = NatFlags {
            random: set[0],
            // `DNAT` has no such option.
            fully_random: set[1] && source,
            persistent: set[2],
        };
        let nat = Box::new(NatTarget { to, ports, flags });
        Some(match source {
            true => Target::Snat(nat),
            false => Target::Dnat(nat),
        })
    });
    let local = (option::of(ports()), any::<[bool; 3]>()).prop_map(|(ports, set)| {
        let flags = NatFlags {
            random: set[0],
            fully_random: set[1] && set[2],
            persistent: false,
        };
        match set[2] {
            true => Target::Masquerade { ports, flags },
            false => Target::Redirect { ports, flags },
        }
    });
    let mapped = prefix(family).prop_map(Target::Netmap);
    prop_oneof![rewritten, local, mapped].boxed()
}

fn log() -> BoxedStrategy<Target> {
    let details = any::<[bool; 5]>().prop_map(|set| LogDetails {
        tcp_sequence: set[0],
        tcp_options: set[1],
        ip_options: set[2],
        uid: set[3],
        mac: set[4],
    });
    let levels = option::of(select(vec![0, 1, 2, 3, 5, 6, 7]));
    let kernel = (option::of(text()), levels, details).prop_map(|(prefix, level, details)| Log {
        prefix,
        level,
        details,
        ..Log::default()
    });
    let numbers = (
        any::<u16>(),
        option::of(any::<u32>()),
        option::of(any::<u16>()),
    );
    let program =
        (option::of(text()), numbers).prop_map(|(prefix, (group, snap_bytes, threshold))| Log {
            prefix,
            group: Some(group),
            snap_bytes,
            threshold,
            ..Log::default()
        });
    let log = prop_oneof![kernel, program];
    log.prop_map(|log| Target::Log(Box::new(log))).boxed()
}

fn tracking(family: Family) -> BoxedStrategy<Target> {
    let directions = vec![None, Some(CtDirection::Original), Some(CtDirection::Reply)];
    let zone = (option::of(1..u16::MAX), select(directions))
        .prop_map(|(id, direction)| CtZone { id, direction });
    let events = || {
        let some = vec!["new", "new,destroy", "related,reply,assured"];
        option::of(select(some).prop_map(Into::into))
    };
    let assigned = (
        any::<bool>(),
        option::of(name()),
        events(),
        events(),
        option::of(zone),
        option::of(name()),
    );
    let assigned = assigned.prop_map(|(notrack, helper, events, expected, zone, timeout)| {
        Target::Ct(Box::new(CtAssign {
            notrack,
            helper,
            events,
            expected_events: expected,
            zone,
            timeout,
        }))
    });
    let address = option::of(address(family));
    let socket = (any::<u16>(), address, mark()).prop_map(|(port, address, mark)| {
        Target::Tproxy(Box::new(Tproxy {
            port,
            address: address.filter(|address| !address.is_unspecified()),
            mark,
        }))
    });
    let queue = (any::<(u16, u16)>(), any::<(bool, bool)>()).prop_map(
        |((one, other), (bypass, fanout))| {
            Target::Queue(Queue {
                first: one.min(other),
                last: one.max(other),
                bypass,
                fanout,
            })
        },
    );
    prop_oneof![assigned, socket, queue].boxed()
}

fn changed() -> BoxedStrategy<Target> {
    let hops = prop_oneof![
        any::<u8>().prop_map(SetHops::To),
        any::<u8>().prop_map(SetHops::Up),
        any::<u8>().prop_map(SetHops::Down),
    ];
    let copy = any::<(bool, u32, u32)>();
    let action = prop_oneof![
        (any::<bool>(), option::of(any::<u32>()))
            .prop_map(|(exist, timeout)| SetAction::Add { exist, timeout }),
        Just(SetAction::Delete),
        any::<(bool, bool, bool)>().prop_map(|(mark, priority, queue)| SetAction::Map {
            mark,
            priority,
            queue,
        }),
    ];
    let set = (action, name(), sides()).prop_map(|(action, name, sides)| {
        Target::SetChange(Box::new(SetChange {
            action,
            name,
            sides,
        }))
    });
    Union::new(vec![
        mark().prop_map(Target::SetMark).boxed(),
        mark().prop_map(Target::SetCtMark).boxed(),
        copy.prop_map(|(save, packet_mask, ct_mask)| {
            Target::CopyMark(CopyMark {
                save,
                packet_mask,
                ct_mask,
            })
        })
        .boxed(),
        any::<u16>()
            .prop_map(|bytes| Target::SegmentSize(SegmentSize::Bytes(bytes)))
            .boxed(),
        any::<u8>().prop_map(Target::SetDscp).boxed(),
        any::<(u8, u8)>()
            .prop_map(|(value, mask)| Target::SetTos(SetTos { value, mask }))
            .boxed(),
        hops.prop_map(Target::SetHops).boxed(),
        any::<(u16, u16)>()
            .prop_map(|(major, minor)| Target::Classify { major, minor })
            .boxed(),
        set.boxed(),
    ])
    .boxed()
}

/// Any target.
pub(super) fn target(family: Family) -> BoxedStrategy<Target> {
    prop_oneof![
        2 => plain(),
        1 => refusal(family),
        1 => nat(family),
        1 => log(),
        1 => tracking(family),
        2 => changed(),
    ]
    .boxed()
}
