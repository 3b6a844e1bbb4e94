//! Any small ruleset, of matches and targets of every kind, and any packet that it may tell apart.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::firewall::expression::Field as Asked;
use crate::firewall::{
    AddressSide, Base, BaseKind, Chain, ChainPolicy, Compare, CtStates, DevicePattern, Element,
    ElementValue, Expression, Family, Hook, Limit, Lookup, MaskedAddress, Match, Operator,
    PortSide, Ports, Protocol, Rate, RateUnit, RejectWith, Rule, Ruleset, Table, TableFamily,
    Target, TimeUnit,
};
use crate::lower::layout::samples::name;
use crate::proof::question::{Field, Packet};
use crate::value::PortRange;

/// Five packets a second.
pub(in crate::proof) fn limit() -> Match {
    let rate = Rate {
        amount: 5,
        unit: RateUnit::Packets,
        per: TimeUnit::Second,
    };
    Match::Limit(Box::new(Limit {
        rate,
        burst: 5,
        over: false,
    }))
}

/// One match, of every kind that rules of hosts ask.
fn asked() -> impl Strategy<Value = Match> {
    let device = prop::sample::select(vec![
        DevicePattern::named("virbr0"),
        DevicePattern::named("eth0"),
        DevicePattern::starting("virbr"),
        DevicePattern::starting(""),
    ]);
    let net = prop::sample::select(vec![
        "192.0.2.0/24",
        "192.0.2.128/25",
        "198.51.100.7/32",
        "2001:db8::/32",
        "0.0.0.0/0",
    ]);
    let protocol = prop::sample::select(vec![1_u8, 6, 17, 58]);
    let ports = (0..4_u16, 0..4_u16).prop_map(|(a, b)| {
        Ports::One(PortRange::new(a.min(b) + 52, a.max(b) + 52).expect("they are in order"))
    });
    let side = prop::sample::select(vec![
        PortSide::Source,
        PortSide::Destination,
        PortSide::Either,
    ]);
    let flag = any::<bool>();
    prop_oneof![
        (device.clone(), flag).prop_map(|(name, negated)| Match::InDevice {
            name,
            bound: Default::default(),
            negated
        }),
        (device, flag).prop_map(|(name, negated)| Match::OutDevice {
            name,
            bound: Default::default(),
            negated
        }),
        (net.clone(), flag).prop_map(|(net, negated)| Match::Source {
            net: name(net),
            negated
        }),
        (net, flag).prop_map(|(net, negated)| Match::Destination {
            net: name(net),
            negated
        }),
        (protocol.clone(), flag).prop_map(|(protocol, negated)| Match::Protocol {
            protocol: Protocol(protocol),
            negated
        }),
        (side, prop::option::of(protocol), ports, flag).prop_map(
            |(side, protocol, ports, negated)| {
                let protocol = protocol.filter(|it| [6, 17].contains(it)).map(Protocol);
                Match::Port {
                    side,
                    protocol,
                    ports,
                    negated,
                }
            }
        ),
        (0..6_u8, flag).prop_map(|(kind, negated)| Match::Icmp {
            family: Family::Ipv4,
            kind,
            code: None,
            negated
        }),
        (flag, flag, flag, flag).prop_map(|(new, established, snat, negated)| Match::CtState {
            states: CtStates {
                new,
                established,
                snat,
                ..CtStates::default()
            },
            negated,
            old: false,
        }),
        (0..4_u32, 1..4_u32, flag).prop_map(|(value, mask, negated)| Match::Mark {
            value,
            mask,
            negated
        }),
        flag.prop_map(|negated| Match::MaskedAddress(Box::new(MaskedAddress {
            side: AddressSide::Source,
            address: name("192.0.0.1"),
            mask: name("255.0.0.255"),
            negated,
        }))),
        Just(limit()),
        flag.prop_map(|is| {
            let elements = ["eth0", "virbr*"].map(|it| Element::new(Expression::Text(it.into())));
            Match::Compare(Box::new(Compare {
                left: Asked::Iifname.into(),
                operator: if is { Operator::Is } else { Operator::NotEqual },
                right: Expression::Elements(elements.to_vec()),
            }))
        }),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    let map = |key: crate::firewall::Field, elements: Vec<(Expression, Target)>| {
        let element = |(key, to)| Element {
            value: Some(ElementValue::Verdict(to)),
            ..Element::new(key)
        };
        let map = Expression::Elements(elements.into_iter().map(element).collect());
        Target::Vmap(Box::new(Lookup {
            key: key.into(),
            map,
        }))
    };
    let device = |name: &str| Expression::Text(name.into());
    let by_device = map(
        Asked::Iifname,
        vec![
            (Expression::Any, Target::Jump("c1".into())),
            (device("eth0"), Target::Drop),
            (device("virbr0"), Target::Goto("c2".into())),
        ],
    );
    let by_port = map(
        Asked::Port(PortSide::Destination, Some(Protocol::TCP)),
        vec![
            (Expression::Number(53), Target::Accept),
            (Expression::Any, Target::Return),
        ],
    );
    prop::sample::select(vec![
        Target::Accept,
        Target::Drop,
        Target::Reject(RejectWith::PortUnreachable),
        Target::Return,
        Target::Continue,
        Target::ChecksumFill,
        Target::Jump("c1".into()),
        Target::Jump("c2".into()),
        Target::Goto("c2".into()),
        by_device,
        by_port,
    ])
}

/// Two base chains and two others, of which each leads only further down.
pub(super) fn rulesets() -> impl Strategy<Value = Ruleset> {
    let rules = || {
        vec(
            (vec(asked(), 0..3), target()).prop_map(|(matches, target)| Rule::new(matches, target)),
            0..6,
        )
    };
    let leads_on = |rules: Vec<Rule>, from: usize| -> Vec<Rule> {
        let text = |rule: &Rule| format!("{:?}", rule.target);
        let fine = |rule: &Rule| {
            let text = text(rule);
            !(from >= 1 && text.contains("\"c1\"") || from >= 2 && text.contains("\"c2\""))
        };
        rules.into_iter().filter(fine).collect()
    };
    (rules(), rules(), rules(), rules(), any::<bool>()).prop_map(move |(a, b, c1, c2, drops)| {
        let base = |name: &str, priority, rules, policy| Chain {
            base: Some(Base {
                policy,
                ..Base::new(BaseKind::Filter, Hook::Forward, priority)
            }),
            ..Chain::regular(name, rules)
        };
        let policy = if drops {
            ChainPolicy::Drop
        } else {
            ChainPolicy::Accept
        };
        let chains = vec![
            base("a", 0, a, policy),
            base("b", 10, b, ChainPolicy::Accept),
            Chain::regular("c1", leads_on(c1, 1)),
            Chain::regular("c2", leads_on(c2, 2)),
        ];
        Ruleset {
            tables: vec![Table::new(TableFamily::Inet, "t", chains)],
        }
    })
}

pub(super) fn packets() -> impl Strategy<Value = Packet> {
    let device = || prop::sample::select(vec!["virbr0", "virbr1", "virbr", "eth0", "lo"]);
    let address = || prop::sample::select(vec![0xc000_0201_u128, 0xc000_0281, 0xc633_6407, 9]);
    let values = (
        0..2_u128,
        prop::sample::select(vec![1_u128, 6, 17, 58, 47]),
        0..5_u128,
        0..2_u128,
    );
    let ports = (
        50..60_u128,
        50..60_u128,
        0..6_u128,
        0..4_u128,
        any::<bool>(),
    );
    (
        device(),
        device(),
        address(),
        address(),
        values,
        ports,
        vec(0..12_u32, 0..6),
    )
        .prop_map(
            |(
                came_in,
                goes_out,
                source,
                destination,
                (family, protocol, state, fragment),
                ports,
                granted,
            )| {
                let values = [
                    (Field::Family, family),
                    (Field::Source4, source),
                    (Field::Destination4, destination),
                    (Field::Source6, 0x2001_0db8 << 96 | source),
                    (Field::Destination6, source << 90),
                    (Field::Protocol, protocol),
                    (Field::State, state),
                    (Field::Fragment, fragment),
                    (Field::SourcePort, ports.0),
                    (Field::DestinationPort, ports.1),
                    (Field::IcmpType, ports.2),
                    (Field::Mark, ports.3),
                    (Field::SourceTranslated, u128::from(ports.4)),
                ];
                Packet {
                    values: values.into_iter().collect(),
                    came_in: Some(came_in.into()),
                    goes_out: Some(goes_out.into()),
                    granted,
                }
            },
        )
}
