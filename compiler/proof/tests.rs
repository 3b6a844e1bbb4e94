//! Known answers, and diagrams against one packet at a time.

use proptest::collection::vec;
use proptest::prelude::*;

use super::chain::Summaries;
use super::compare::{Compared, Verdict, compare};
use super::diagram::Diagrams;
use super::hook::{self, Part};
use super::outcome::{End, Outcomes};
use super::program::{Program, Words, program};
use super::question::{Field, Packet};
use super::space::Cuts;
use super::walk::walk;
use crate::firewall::{
    AddressSide, Base, BaseKind, Chain, ChainPolicy, Compare, CtStates, DevicePattern, Element,
    ElementValue, Expression, Family, Hook, Limit, Lookup, MaskedAddress, Match, Operator, Policy,
    PortSide, Ports, Protocol, Rate, RateUnit, RejectWith, Rule, Ruleset, SetMark, Table,
    TableFamily, Target, TimeUnit,
};
use crate::lower::layout::samples::{default_network, lab_network, many, name, policies};
use crate::lower::{FirewallLayout, encode};
use crate::value::PortRange;

fn of(ruleset: &Ruleset, words: &mut Words) -> Program {
    program(ruleset.tables.iter().map(|table| (table, None)), words)
}

fn compared(a: &Ruleset, b: &Ruleset) -> Vec<Compared> {
    let mut words = Words::default();
    let (a, b) = (of(a, &mut words), of(b, &mut words));
    compare(&a, &b, &words, None)
}

/// What of a comparison is about packets that cross the host.
fn crossing(a: &Ruleset, b: &Ruleset) -> Vec<Compared> {
    let mut all = compared(a, b);
    all.retain(|it| {
        it.hook == Hook::Forward || (it.hook, it.part) == (Hook::Postrouting, Part::Nat)
    });
    all
}

fn assert_layouts_are_equal(policy: &Policy) {
    let [first, others @ ..] = FirewallLayout::ALL.map(|layout| encode(policy, layout));
    for other in others {
        for each in crossing(&first, &other) {
            assert_eq!(each.verdict, Verdict::Equal, "{each:?} for {policy:?}");
        }
    }
}

#[test]
fn the_layouts_mean_the_same() {
    for networks in [
        vec![default_network()],
        vec![lab_network()],
        vec![default_network(), lab_network()],
    ] {
        assert_layouts_are_equal(&Policy { networks });
    }
    assert_layouts_are_equal(&many(40));
}

#[test]
fn the_wrong_order_is_refuted() {
    let policy = Policy {
        networks: vec![default_network(), lab_network()],
    };
    let right = encode(&policy, FirewallLayout::Lanwright);
    let mut wrong = right.clone();
    for chain in wrong.tables.iter_mut().flat_map(|table| &mut table.chains) {
        if chain.name == "forward" {
            chain.rules.reverse();
        }
    }
    let differing = crossing(&right, &wrong);
    let forward = differing
        .iter()
        .find(|it| it.hook == Hook::Forward)
        .expect("it is compared");
    assert_eq!(forward.verdict, Verdict::Differs);
    let group = forward.groups.first().expect("there is a packet");
    assert_ne!(group.ends[0], group.ends[1]);
    assert!(group.packet.came_in.is_some() && group.packet.goes_out.is_some());
    assert!(group.deciders.iter().any(Option::is_some));
}

/// The packet that shows it comes from the bridge, from outside its subnet, and is established.
#[test]
fn an_early_accept_of_replies_is_refuted() {
    let policy = Policy {
        networks: vec![default_network()],
    };
    let right = encode(&policy, FirewallLayout::Lanwright);
    let mut early = right.clone();
    for chain in early.tables.iter_mut().flat_map(|table| &mut table.chains) {
        if chain.name == "forward" {
            chain
                .rules
                .insert(0, Rule::new(vec![Match::replies()], Target::Accept));
        }
    }
    let differing = crossing(&right, &early);
    let forward = differing
        .iter()
        .find(|it| it.hook == Hook::Forward)
        .expect("it is compared");
    assert_eq!(forward.verdict, Verdict::Differs);
    let from_bridge = |packet: &Packet| {
        let source = packet.value(Field::Source4);
        let replies = [super::question::ESTABLISHED, super::question::RELATED];
        packet.came_in.as_deref() == Some("virbr0")
            && replies.contains(&packet.value(Field::State))
            && source >> 8 != 0xc0_a8_7a
    };
    assert!(
        forward
            .groups
            .iter()
            .any(|group| from_bridge(&group.packet)),
        "{:?}",
        forward.groups
    );
}

#[test]
fn a_rule_that_is_gone_is_missed() {
    let policy = Policy {
        networks: vec![default_network()],
    };
    for layout in FirewallLayout::ALL {
        let whole = encode(&policy, layout);
        for (table, tables) in whole.tables.iter().enumerate() {
            for (chain, chains) in tables.chains.iter().enumerate() {
                for rule in 0..chains.rules.len() {
                    let mut less = whole.clone();
                    let gone = less.tables[table].chains[chain].rules.remove(rule);
                    let same = crossing(&whole, &less)
                        .iter()
                        .all(|it| it.verdict == Verdict::Equal);
                    // What is open to the host anyway, and what goes out of it, is not of these.
                    let elsewhere = [
                        "LIBVIRT_INP",
                        "LIBVIRT_OUT",
                        "LIBVIRT_PRT",
                        "INPUT",
                        "OUTPUT",
                    ];
                    let is_mangle = tables.name == "mangle";
                    let is_elsewhere =
                        elsewhere.contains(&chains.name.as_str()) && tables.name == "filter";
                    if !is_mangle && !is_elsewhere && tables.family != TableFamily::Ip6 {
                        let other_hook = chains.base.as_ref().is_some_and(|base| {
                            !matches!(base.hook, Hook::Forward | Hook::Postrouting)
                        });
                        let is_ipv6 = gone
                            .matches
                            .iter()
                            .any(|it| it.net().is_some_and(|it| it.net.addr().is_ipv6()))
                            || format!("{:?}", gone.target).contains("snat6");
                        assert!(
                            !same || other_hook || is_ipv6,
                            "{layout} {} {gone:?}",
                            chains.name
                        );
                    }
                }
            }
        }
    }
}

fn limit() -> Match {
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

fn forward(rules: Vec<Rule>) -> Ruleset {
    let chain = Chain {
        base: Some(Base::new(BaseKind::Filter, Hook::Forward, 0)),
        ..Chain::regular("FORWARD", rules)
    };
    Ruleset {
        tables: vec![Table::new(TableFamily::Ip, "filter", vec![chain])],
    }
}

fn verdict(a: Vec<Rule>, b: Vec<Rule>) -> Verdict {
    let all = compared(&forward(a), &forward(b));
    all.iter()
        .map(|it| it.verdict)
        .max()
        .expect("one is compared")
}

#[test]
fn a_limit_is_the_same_only_for_the_same_packets() {
    let tcp = || Match::protocol(Protocol::TCP);
    let one = vec![Rule::new(vec![tcp(), limit()], Target::Accept)];
    assert_eq!(verdict(one.clone(), one.clone()), Verdict::Equal);
    // All packets pass either way, but others use the limit up.
    let other = vec![Rule::new(vec![limit(), tcp()], Target::Accept)];
    assert_eq!(verdict(one.clone(), other), Verdict::MayDiffer);
    // Whatever the limit says, UDP is dropped on one side only.
    let mut drops = one.clone();
    drops.push(Rule::new(
        vec![Match::protocol(Protocol::UDP)],
        Target::Drop,
    ));
    assert_eq!(verdict(one, drops), Verdict::Differs);
}

#[test]
fn what_cannot_be_followed_is_never_equal() {
    let unknown = || vec![Rule::new(Vec::new(), Target::Other("whatever".into()))];
    assert_eq!(verdict(unknown(), unknown()), Verdict::Undecided);
    let circle = || vec![Rule::new(Vec::new(), Target::Jump("FORWARD".into()))];
    assert_eq!(verdict(circle(), circle()), Verdict::Undecided);
    let marks = || {
        let set = SetMark {
            value: 1,
            mask: u32::MAX,
        };
        let asked = Match::Mark {
            value: 1,
            mask: u32::MAX,
            negated: false,
        };
        vec![
            Rule::new(Vec::new(), Target::SetMark(set)),
            Rule::new(vec![asked], Target::Drop),
        ]
    };
    assert_eq!(verdict(marks(), marks()), Verdict::Undecided);
}

#[test]
fn an_absent_device_has_no_name() {
    let not = |name: &str| Match::OutDevice {
        name: DevicePattern::named(name),
        bound: Default::default(),
        negated: true,
    };
    let input = |rules| {
        let mut ruleset = forward(rules);
        if let Some(base) = &mut ruleset.tables[0].chains[0].base {
            base.hook = Hook::Input;
        }
        ruleset
    };
    let asked = input(vec![Rule::new(vec![not("eth0")], Target::Drop)]);
    let always = input(vec![Rule::new(Vec::new(), Target::Drop)]);
    assert_eq!(compared(&asked, &always)[0].verdict, Verdict::Equal);
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
                left: crate::firewall::Field::Iifname.into(),
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
        crate::firewall::Field::Iifname,
        vec![
            (Expression::Any, Target::Jump("c1".into())),
            (device("eth0"), Target::Drop),
            (device("virbr0"), Target::Goto("c2".into())),
        ],
    );
    let by_port = map(
        crate::firewall::Field::Port(PortSide::Destination, Some(Protocol::TCP)),
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
fn rulesets() -> impl Strategy<Value = Ruleset> {
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

fn packets() -> impl Strategy<Value = Packet> {
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

/// What the diagram of a ruleset's forward hook says of a packet, and what walking says.
fn assert_agree(ruleset: &Ruleset, packets: &[Packet]) {
    let mut words = Words::default();
    let program = of(ruleset, &mut words);
    let entries = hook::entries(&program, Hook::Forward, Part::Filter);
    let mut cuts = Cuts::default();
    hook::cut(&hook::reached(&program, &entries), &mut cuts);
    let space = cuts.space().expect("few variables");
    let (mut diagrams, mut outcomes) = (Diagrams::new(1_000_000), Outcomes::default());
    let mut summaries = Summaries::new(&program, &space, &mut diagrams, &mut outcomes, None);
    let whole = hook::part(&mut summaries, &entries).expect("it can be followed");
    for packet in packets {
        let walked = walk(&program, &entries, packet).expect("it can be followed");
        let leaf = diagrams.value(whole, &|variable| space.answer(packet, variable));
        let said = outcomes.get(leaf);
        assert_eq!(
            (said.end, &said.effects),
            (walked.end, &walked.effects),
            "{packet:?}"
        );
    }
}

proptest! {
    #[test]
    fn diagrams_say_what_walking_says(ruleset in rulesets(), packets in vec(packets(), 64)) {
        assert_agree(&ruleset, &packets);
    }

    #[test]
    fn a_witness_is_one(a in rulesets(), b in rulesets()) {
        let mut words = Words::default();
        let (one, other) = (of(&a, &mut words), of(&b, &mut words));
        for each in compare(&one, &other, &words, None) {
            for group in &each.groups {
                let ends = [&one, &other].map(|program| {
                    let entries = hook::entries(program, each.hook, each.part);
                    walk(program, &entries, &group.packet).expect("it can be followed")
                });
                prop_assert_eq!([ends[0].end, ends[1].end], group.ends);
                prop_assert!(ends[0].end != ends[1].end || ends[0].effects != ends[1].effects);
            }
        }
        for each in compare(&one, &one, &words, None) {
            prop_assert!(matches!(each.verdict, Verdict::Equal | Verdict::Undecided));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_layouts_of_any_policy_mean_the_same(policy in policies()) {
        let [first, others @ ..] = FirewallLayout::ALL.map(|layout| encode(&policy, layout));
        for other in others {
            for each in crossing(&first, &other) {
                if each.hook == Hook::Forward {
                    prop_assert_eq!(each.verdict, Verdict::Equal, "{:?}", each.groups.first());
                }
            }
        }
    }
}

#[test]
fn an_end_is_small() {
    assert!(size_of::<End>() <= 8);
}
