//! Matches of extensions at random, whatever the protocol.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::super::extension::{kept_rate, module_of};
use super::values::{address, addresses, asked, device, name, net, ports, side, sides, text};
use crate::firewall::{
    AddressRange, AddressSide, AddressTypes, Asked, Comparison, ConnLimit, Conntrack,
    ConntrackTest, CountTest, CtDirection, CtStates, CtStatuses, DeviceSide, Family, HashKeys,
    HashLimit, IpsecMode, IpsecPolicy, Limit, Match, Owner, PacketType, Physdev, Protocol, Rate,
    RateUnit, Recent, RecentAction, RpFilter, SetMatch, SpiHeader, Statistic, TimeUnit, Transform,
};

fn conntrack(family: Family) -> impl Strategy<Value = Vec<Match>> {
    let states = any::<[bool; 7]>().prop_map(|set| CtStates {
        invalid: set[0] || set[1..].iter().all(|set| !set),
        new: set[1],
        related: set[2],
        established: set[3],
        untracked: set[4],
        snat: set[5],
        dnat: set[6],
    });
    let state = (states, any::<bool>()).prop_map(|(states, negated)| Match::CtState {
        states,
        negated,
        old: false,
    });
    let directions = [CtDirection::Original, CtDirection::Reply];
    let direction = select(directions.to_vec());
    let statuses = any::<[bool; 4]>().prop_map(|set| CtStatuses {
        expected: set[0],
        seen_reply: set[1],
        assured: set[2],
        confirmed: set[3],
    });
    let expiry = any::<(u32, u32)>().prop_map(|(one, other)| ConntrackTest::Expiry {
        min: one.min(other),
        max: one.max(other),
    });
    let test = prop_oneof![
        any::<u8>().prop_map(|number| ConntrackTest::Protocol(Protocol(number))),
        (direction.clone(), side(), net(family)).prop_map(|(direction, side, net)| {
            ConntrackTest::Address {
                direction,
                side,
                net,
            }
        }),
        (direction.clone(), side(), ports()).prop_map(|(direction, side, ports)| {
            ConntrackTest::Port {
                direction,
                side,
                ports,
            }
        }),
        statuses.prop_map(ConntrackTest::Status),
        expiry,
        direction.prop_map(ConntrackTest::Direction),
    ];
    let further = (test, any::<bool>()).prop_map(|(test, negated)| {
        let negated = negated && !matches!(test, ConntrackTest::Direction(_));
        Match::Conntrack(Box::new(Conntrack { test, negated }))
    });
    (option::of(state), vec(further, 0..4)).prop_filter_map(
        "it asks something",
        move |(state, further)| {
            let mut all: Vec<Match> = state.into_iter().chain(further).collect();
            let rank = |each: &Match| module_of(each, family).and_then(|module| module.rank);
            all.sort_by_key(rank);
            all.dedup_by_key(|each| rank(each));
            (!all.is_empty()).then_some(all)
        },
    )
}

fn state() -> impl Strategy<Value = Vec<Match>> {
    (any::<bool>(), any::<bool>()).prop_map(|(new, negated)| {
        let states = CtStates {
            new,
            ..CtStates::REPLIES
        };
        vec![Match::CtState {
            states,
            negated,
            old: true,
        }]
    })
}

fn about_addresses(family: Family) -> BoxedStrategy<Vec<Match>> {
    let range = move |side| {
        (addresses(family), any::<bool>()).prop_map(move |((start, end), negated)| {
            Match::AddressRange(Box::new(AddressRange {
                side,
                start,
                end,
                negated,
            }))
        })
    };
    let ranges = (
        option::of(range(AddressSide::Source)),
        range(AddressSide::Destination),
    );
    let ranges = ranges.prop_map(|(source, destination)| {
        source.into_iter().chain([destination]).collect::<Vec<_>>()
    });
    let types = || asked((1..1_u16 << 12).prop_map(AddressTypes));
    let devices = vec![None, Some(DeviceSide::In), Some(DeviceSide::Out)];
    let kinds = (types(), option::of(types()), select(devices)).prop_map(
        |(source, destination, device)| {
            let kind = |side, asked: Asked<AddressTypes>| Match::AddressType {
                side,
                types: asked.value,
                device,
                negated: asked.negated,
            };
            let destination = destination.map(|asked| kind(AddressSide::Destination, asked));
            let source = kind(AddressSide::Source, source);
            [Some(source), destination].into_iter().flatten().collect()
        },
    );
    prop_oneof![ranges, kinds].boxed()
}

fn rate(steps: u64) -> impl Strategy<Value = Rate> {
    let units = vec![
        TimeUnit::Second,
        TimeUnit::Minute,
        TimeUnit::Hour,
        TimeUnit::Day,
    ];
    (1..5000_u64, select(units)).prop_filter_map("it lasts", move |(amount, unit)| {
        let once = kept_rate(amount, unit, steps).ok()?;
        let twice = kept_rate(once.amount, once.per, steps).ok()?;
        (once == twice).then_some(once)
    })
}

fn buckets(family: Family) -> BoxedStrategy<Match> {
    let whole: u8 = if family == Family::Ipv4 { 32 } else { 128 };
    let limit = (rate(10_000), 1..1000_u64).prop_map(|(rate, burst)| {
        Match::Limit(Box::new(Limit {
            rate,
            burst,
            over: false,
        }))
    });
    let bytes = (1..1000_u64).prop_map(|kilobytes| Rate {
        amount: kilobytes << 10,
        unit: RateUnit::Bytes,
        per: TimeUnit::Second,
    });
    let rates = prop_oneof![rate(1_000_000), bytes];
    let table = (
        name(),
        option::of(0..whole),
        option::of(0..whole),
        option::of(1..1000_u32),
        option::of(1..1000_u32),
        option::of(2000..9000_u32),
        option::of(20_001..30_000_u32),
    );
    let hash = (
        rates,
        any::<[bool; 6]>(),
        table,
        option::of(2..9_u32),
        1..99_u64,
    )
        .prop_map(|(rate, set, table, measured_seconds, burst)| {
            let (name, source_prefix, destination_prefix, rows, max, collect, expire) = table;
            Match::HashLimit(Box::new(HashLimit {
                burst: (rate.unit == RateUnit::Packets).then_some(burst),
                rate,
                above: set[0],
                keys: HashKeys {
                    source: set[1],
                    source_port: set[2],
                    destination: set[3],
                    destination_port: set[4],
                },
                name,
                source_prefix,
                destination_prefix,
                rows,
                max,
                collect_milliseconds: collect,
                expire_milliseconds: expire,
                measured: set[5],
                measured_seconds,
            }))
        });
    prop_oneof![limit, hash].boxed()
}

fn seen(family: Family) -> BoxedStrategy<Match> {
    let actions = vec![
        RecentAction::Set,
        RecentAction::Check,
        RecentAction::Update,
        RecentAction::Remove,
    ];
    (
        (select(actions), any::<[bool; 3]>(), side()),
        (option::of(any::<u32>()), option::of(any::<u32>())),
        (name(), address(family)),
    )
        .prop_map(|((action, set, side), (seconds, hits), (name, mask))| {
            Match::Recent(Box::new(Recent {
                action,
                negated: set[0],
                seconds,
                reap: set[1],
                hits,
                ttl: set[2],
                name,
                mask,
                side,
            }))
        })
        .boxed()
}

fn ipsec(family: Family) -> BoxedStrategy<Match> {
    let end = move || net(family).prop_map(|net| (net.addr(), net.netmask()));
    let modes = vec![IpsecMode::Transport, IpsecMode::Tunnel];
    let transform = (
        option::of(asked(any::<u32>())),
        option::of(asked(any::<u32>())),
        option::of(asked((1..=255_u8).prop_map(Protocol))),
        option::of(asked(select(modes))),
        option::of(asked(end())),
        option::of(asked(end())),
    );
    let transform =
        transform.prop_map(
            |(reqid, spi, protocol, mode, source, destination)| Transform {
                reqid,
                spi,
                protocol,
                mode,
                tunnel_source: source,
                tunnel_destination: destination,
            },
        );
    (any::<[bool; 3]>(), vec(transform, 0..3))
        .prop_map(|(set, mut elements)| {
            // One that asks nothing is not told from none.
            if elements.len() == 1 && elements[0] == Transform::default() {
                elements.clear();
            }
            Match::Ipsec(Box::new(IpsecPolicy {
                inward: set[0],
                ipsec: set[1],
                strict: set[2],
                elements,
            }))
        })
        .boxed()
}

fn sets() -> BoxedStrategy<Match> {
    let comparisons = vec![Comparison::Equal, Comparison::Less, Comparison::Greater];
    let test = (select(comparisons), any::<u64>(), any::<bool>()).prop_map(
        |(comparison, value, negated)| CountTest {
            comparison,
            value,
            negated,
        },
    );
    (
        name(),
        sides(),
        any::<[bool; 4]>(),
        option::of(test.clone()),
        option::of(test),
    )
        .prop_map(|(name, sides, set, packets, bytes)| {
            Match::Set(Box::new(SetMatch {
                name,
                sides,
                negated: set[0],
                nomatch: set[1],
                counts: set[2],
                subcounts: set[3],
                packets,
                bytes,
            }))
        })
        .boxed()
}

fn host() -> BoxedStrategy<Match> {
    let ids = || {
        let ids = any::<(u32, u32)>().prop_map(|(one, other)| (one.min(other), one.max(other)));
        option::of(asked(ids))
    };
    let owner = (ids(), ids(), option::of(any::<bool>()), any::<bool>()).prop_filter_map(
        "it asks something",
        |(uid, gid, socket, supplementary_groups)| {
            let owner = Owner {
                uid,
                gid,
                socket,
                supplementary_groups,
            };
            (owner != Owner::default()).then(|| Match::Owner(Box::new(owner)))
        },
    );
    let filter = any::<[bool; 4]>().prop_map(|set| {
        Match::RpFilter(RpFilter {
            loose: set[0],
            valid_mark: set[1],
            accept_local: set[2],
            inverted: set[3],
        })
    });
    prop_oneof![owner, filter].boxed()
}

fn physdev() -> BoxedStrategy<Match> {
    let device = || option::of(asked(device()));
    let flag = || option::of(any::<bool>());
    (device(), device(), flag(), flag(), flag())
        .prop_filter_map(
            "it asks something",
            |(entry, exit, is_in, is_out, is_bridged)| {
                let physdev = Physdev {
                    entry,
                    exit,
                    is_in,
                    is_out,
                    is_bridged,
                };
                (physdev != Physdev::default()).then(|| Match::Physdev(Box::new(physdev)))
            },
        )
        .boxed()
}

/// What one number or name says.
fn simple(family: Family) -> BoxedStrategy<Match> {
    let most: u8 = if family == Family::Ipv4 { 32 } else { 128 };
    let comparisons = vec![Comparison::Equal, Comparison::Less, Comparison::Greater];
    let kinds = vec![
        PacketType::Unicast,
        PacketType::Broadcast,
        PacketType::Multicast,
    ];
    let headers = select(vec![SpiHeader::Ah, SpiHeader::Esp]);
    let limit = (any::<u32>(), any::<bool>(), 0..=most, side());
    let nth = (1..u32::MAX, any::<u32>()).prop_map(|(every, packet)| Statistic::Nth {
        every,
        packet: packet % every,
    });
    let random = (0..=1_u32 << 31).prop_map(|share| Statistic::Random { share });
    let not = any::<bool>;
    Union::new(vec![
        (any::<u32>(), any::<u32>(), not())
            .prop_map(|(value, mask, negated)| Match::Mark {
                value,
                mask,
                negated,
            })
            .boxed(),
        (any::<u32>(), any::<u32>(), not())
            .prop_map(|(value, mask, negated)| Match::CtMark {
                value,
                mask,
                negated,
            })
            .boxed(),
        (any::<[u8; 6]>(), not())
            .prop_map(|(mac, negated)| Match::SourceMac { mac, negated })
            .boxed(),
        (select(kinds), not())
            .prop_map(|(kind, negated)| Match::PacketType { kind, negated })
            .boxed(),
        (text(), not())
            .prop_map(|(name, negated)| Match::Helper { name, negated })
            .boxed(),
        text().prop_map(Match::Comment).boxed(),
        limit
            .prop_map(|(count, above, prefix, side)| {
                Match::ConnLimit(ConnLimit {
                    count,
                    above,
                    prefix,
                    side,
                })
            })
            .boxed(),
        (prop_oneof![nth, random], not())
            .prop_map(|(which, negated)| Match::Statistic { which, negated })
            .boxed(),
        (ports(), not())
            .prop_map(|(range, negated)| Match::Length {
                min: range.start().into(),
                max: range.end().into(),
                negated,
            })
            .boxed(),
        (select(comparisons), any::<u8>(), not())
            .prop_map(|(comparison, hops, negated)| Match::HopLimit {
                comparison,
                hops,
                negated,
            })
            .boxed(),
        (any::<u8>(), not())
            .prop_map(|(value, negated)| Match::Dscp { value, negated })
            .boxed(),
        (any::<u8>(), any::<u8>(), not())
            .prop_map(|(value, mask, negated)| Match::Tos {
                value,
                mask,
                negated,
            })
            .boxed(),
        (headers, 1..1000_u32, 1000..u32::MAX, not())
            .prop_map(|(header, min, max, negated)| Match::Spi {
                header,
                min,
                max,
                negated,
            })
            .boxed(),
    ])
    .boxed()
}

/// What one `-m` says, whatever the protocol.
pub(super) fn module(family: Family) -> BoxedStrategy<Vec<Match>> {
    let one = prop_oneof![
        3 => simple(family),
        1 => buckets(family),
        1 => seen(family),
        1 => ipsec(family),
        1 => sets(),
        1 => host(),
        1 => physdev(),
        1 => Just(Match::Other("-m geoip --source-country DE".into())),
        1 => Just(Match::Other("-m u32 --u32 \"0x6&0xff=0x1\"".into())),
    ];
    prop_oneof![
        4 => one.prop_map(|each| vec![each]),
        1 => conntrack(family),
        1 => state(),
        1 => about_addresses(family),
    ]
    .boxed()
}
