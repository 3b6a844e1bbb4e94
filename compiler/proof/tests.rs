//! Known answers, and diagrams against one packet at a time.

mod random;

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
    Base, BaseKind, Chain, DevicePattern, Hook, Match, Policy, Protocol, Rule, Ruleset, SetMark,
    Table, TableFamily, Target,
};
use crate::lower::layout::samples::{default_network, lab_network, many, policies};
use crate::lower::{FirewallLayout, encode};
use random::{limit, packets, rulesets};

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
