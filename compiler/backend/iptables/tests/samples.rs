//! Rules of every kind that iptables can say, at random, in the order in which it says them.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::extension::{joins, module_of};
use super::matches::module;
use super::targets::target;
use super::values::{address, asked, device, ports, prefix};
use crate::firewall::{
    AddressSide, Asked, Base, Bound, Chain, Counter, Family, Hook, MaskedAddress, Match, PortSide,
    Ports, Protocol, Rule, Ruleset, Table, TableFamily,
};
use crate::value::PortRange;

/// Where an address lies: a prefix that says something, or a mask with holes.
fn end(family: Family, side: AddressSide) -> BoxedStrategy<Match> {
    let prefix = asked(prefix(family)).prop_filter_map("it says something", move |asked| {
        let Asked {
            value: net,
            negated,
        } = asked;
        (net.prefix_len() > 0 || negated).then_some(match side {
            AddressSide::Source => Match::Source { net, negated },
            AddressSide::Destination => Match::Destination { net, negated },
        })
    });
    let masked = (address(family), any::<bool>()).prop_map(move |(address, negated)| {
        // Every other bit.
        let cut = |address: IpAddr| match address {
            IpAddr::V4(address) => IpAddr::from((u32::from(address) & 0x5555_5555).to_be_bytes()),
            IpAddr::V6(address) => {
                let bits = u128::from(address) & (u128::MAX / 3);
                IpAddr::from(bits.to_be_bytes())
            }
        };
        let all = match address {
            IpAddr::V4(_) => IpAddr::from([255; 4]),
            IpAddr::V6(_) => IpAddr::from([255; 16]),
        };
        Match::MaskedAddress(Box::new(MaskedAddress {
            side,
            address: cut(address),
            mask: cut(all),
            negated,
        }))
    });
    prop_oneof![4 => prefix, 1 => masked].boxed()
}

/// The matches of iptables itself but for the protocol.
fn own(family: Family) -> impl Strategy<Value = Vec<Match>> {
    let entry = asked(device()).prop_map(|Asked { value, negated }| Match::InDevice {
        name: value,
        bound: Bound::Name,
        negated,
    });
    let exit = asked(device()).prop_map(|Asked { value, negated }| Match::OutDevice {
        name: value,
        bound: Bound::Name,
        negated,
    });
    (
        option::of(end(family, AddressSide::Source)),
        option::of(end(family, AddressSide::Destination)),
        option::of(entry),
        option::of(exit),
    )
        .prop_map(|(source, destination, entry, exit)| {
            let all = [source, destination, entry, exit];
            all.into_iter().flatten().collect()
        })
}

/// What one `-m` says that goes with a protocol.
fn of_protocol(protocol: Protocol, family: Family) -> Option<BoxedStrategy<Vec<Match>>> {
    let protocol_of = Some(protocol);
    let one = move |side| {
        let meaningful = |(range, negated): &(PortRange, bool)| {
            *negated || (range.start(), range.end()) != (0, u16::MAX)
        };
        let asked = (ports(), any::<bool>()).prop_filter("it says something", meaningful);
        asked.prop_map(move |(range, negated)| Match::Port {
            side,
            protocol: protocol_of,
            ports: Ports::One(range),
            negated,
        })
    };
    let both = (
        option::of(one(PortSide::Source)),
        option::of(one(PortSide::Destination)),
    );
    let list = (
        select(vec![
            PortSide::Source,
            PortSide::Destination,
            PortSide::Either,
        ]),
        vec(ports(), 1..=7),
        any::<bool>(),
    )
        .prop_map(move |(side, list, negated)| {
            vec![Match::Port {
                side,
                protocol: protocol_of,
                ports: Ports::List(list.into()),
                negated,
            }]
        });
    let message = (any::<u8>(), option::of(any::<u8>()), any::<bool>()).prop_map(
        move |(kind, code, negated)| {
            vec![Match::Icmp {
                family,
                kind,
                code: code.filter(|_| kind != 255),
                negated,
            }]
        },
    );
    match protocol {
        Protocol::TCP => {
            let flags = (0..64_u8, 0..64_u8, any::<bool>());
            let flags =
                flags.prop_map(|(mask, set, negated)| Match::TcpFlags { mask, set, negated });
            let option = (any::<u8>(), any::<bool>())
                .prop_map(|(option, negated)| Match::TcpOption { option, negated });
            let whole = (both, option::of(option), option::of(flags)).prop_map(
                |((source, destination), option, flags)| {
                    let all = [source, destination, option, flags];
                    all.into_iter().flatten().collect()
                },
            );
            Some(prop_oneof![whole, list].boxed())
        }
        Protocol::UDP => {
            let whole = both.prop_map(|(source, destination)| {
                [source, destination].into_iter().flatten().collect()
            });
            Some(prop_oneof![whole, list].boxed())
        }
        Protocol::ICMP if family == Family::Ipv4 => Some(message.boxed()),
        Protocol::ICMPV6 if family == Family::Ipv6 => Some(message.boxed()),
        _ => None,
    }
}

/// A rule that iptables prints as it is.
pub(super) fn rule(family: Family) -> BoxedStrategy<Rule> {
    let protocols = option::of(1..=255_u8);
    let protocols = prop_oneof![
        protocols.prop_map(|number| number.map(Protocol)),
        select(vec![
            Protocol::TCP,
            Protocol::UDP,
            Protocol::ICMP,
            Protocol::ICMPV6
        ])
        .prop_map(Some),
    ];
    protocols
        .prop_flat_map(move |protocol| {
            let specific = protocol.and_then(|protocol| of_protocol(protocol, family));
            let specific = specific.unwrap_or_else(|| Just(Vec::new()).boxed());
            let negated = any::<bool>();
            let counter = any::<(u64, u64)>();
            let modules = vec(module(family), 0..4);
            let rule = (
                own(family),
                specific,
                modules,
                negated,
                counter,
                target(family),
            );
            rule.prop_map(move |(own, specific, modules, negated, counter, target)| {
                let mut others: Vec<Match> = Vec::new();
                for module in modules.into_iter().chain([specific]) {
                    let starts =
                        |last: &Match| module.first().map(|next| joins(last, next, family));
                    if let (Some(true), Some(place)) = (
                        others.last().and_then(starts),
                        module.first().and_then(|next| module_of(next, family)),
                    ) {
                        others.push(Match::Module(place.name.into()));
                    }
                    others.extend(module);
                }
                let said = |each: &Match| {
                    module_of(each, family).is_some_and(|module| module.protocol.is_some())
                };
                let mut matches = own;
                if let Some(protocol) = protocol.filter(|_| !others.iter().any(said)) {
                    matches.push(Match::Protocol { protocol, negated });
                }
                matches.append(&mut others);
                let (packets, bytes) = counter;
                Rule {
                    counter: Some(Counter { packets, bytes }),
                    ..Rule::new(matches, target)
                }
            })
        })
        .boxed()
}

/// Tables of one family with rules of every kind.
pub(super) fn ruleset(family: Family) -> impl Strategy<Value = Ruleset> {
    let of_tables = match family {
        Family::Ipv4 => TableFamily::Ip,
        Family::Ipv6 => TableFamily::Ip6,
    };
    (
        vec(rule(family), 0..5),
        vec(rule(family), 0..5),
        any::<(u64, u64)>(),
    )
        .prop_map(move |(rules, own, (packets, bytes))| {
            let input = Chain {
                base: Some(Base {
                    counter: Counter { packets, bytes },
                    ..Base::of_iptables("filter", Hook::Input)
                }),
                ..Chain::regular("INPUT", rules)
            };
            let chains = vec![input, Chain::regular("own", own)];
            Ruleset {
                tables: vec![Table::new(of_tables, "filter", chains)],
            }
        })
}
