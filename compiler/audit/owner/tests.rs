//! Whose rules are, on hosts that fit a screen.

use super::{EffectKind, Foreign, Owner, Piece, foreign};
use crate::audit::sample::{
    IPTABLES, LEGACY, MASQUERADE, REJECT, capture, jump, networks, rule, table,
};
use crate::capture::{Capture, RuleTool};
use crate::firewall::{ChainPolicy, Match, NatAddress, NatFlags, NatTarget, Table, Target};

fn of(capture: &Capture) -> Vec<Foreign> {
    foreign(capture, &networks(), |_, _, _| false)
}

fn alone(tables: Vec<Table>) -> Vec<Foreign> {
    of(&capture(vec![(IPTABLES, tables)]))
}

/// `Docker ip filter FORWARD 2: names docker0`.
fn lines(found: &[Foreign]) -> Vec<String> {
    let line = |owner: Owner, piece: &Piece| {
        let chain = piece.chain.as_deref().unwrap_or("*");
        let Piece {
            table,
            rules,
            reason,
            ..
        } = piece;
        format!("{owner} {table} {chain} {rules}: {reason}")
    };
    let pieces = found
        .iter()
        .flat_map(|each| each.pieces.iter().map(|piece| (each.owner, piece)));
    pieces.map(|(owner, piece)| line(owner, piece)).collect()
}

#[test]
fn rules_of_shared_chains_are_known_one_by_one() {
    let forward = vec![
        rule("", jump("LIBVIRT_FWX")),
        rule("", jump("DOCKER-USER")),
        rule("-o docker0 replies", Target::Accept),
        rule("-i docker0 ! -o docker0", Target::Accept),
        rule("-i virbr0 -o docker0", Target::Drop),
        rule("-i eth0", Target::Accept),
    ];
    let found = alone(vec![table("filter", vec![("FORWARD", forward)])]);
    assert_eq!(
        lines(&found),
        [
            "Docker ip filter FORWARD 1: jumps to DOCKER-USER",
            "Docker ip filter FORWARD 2: names docker0",
            "unknown ip filter FORWARD 2: bears no mark that we know",
        ]
    );
}

#[test]
fn bridges_and_subnets_are_learnt() {
    let stage = vec![rule("-i web ! -o web", jump("DOCKER-ISOLATION-STAGE-2"))];
    let filter = table(
        "filter",
        vec![
            ("FORWARD", vec![rule("-i web -o web", Target::Accept)]),
            ("DOCKER-ISOLATION-STAGE-1", stage),
        ],
    );
    let postrouting = vec![
        rule("-s 172.30.0.0/24 ! -o web", MASQUERADE),
        rule("-s 172.30.0.2/32 -d 172.30.0.2/32", MASQUERADE),
        rule("-s 172.31.0.2/32", MASQUERADE),
    ];
    let nat = table("nat", vec![("POSTROUTING", postrouting)]);
    assert_eq!(
        lines(&alone(vec![filter, nat])),
        [
            "Docker ip filter FORWARD 1: names web",
            "Docker ip filter DOCKER-ISOLATION-STAGE-1 1: the chain is called \
             DOCKER-ISOLATION-STAGE-1",
            "Docker ip nat POSTROUTING 1: names web",
            "Docker ip nat POSTROUTING 1: names 172.30.0.0/24, which is behind web",
            "unknown ip nat POSTROUTING 1: bears no mark that we know",
        ]
    );
}

#[test]
fn comments_and_frames_tell() {
    let mut of_lxd = rule("-s 10.1.0.0/24", MASQUERADE);
    let comment = "generated for LXD network lxdbr7";
    of_lxd.matches.push(Match::Comment(comment.into()));
    let nat = table("nat", vec![("POSTROUTING", vec![of_lxd])]);
    let input = vec![
        rule("replies", Target::Accept),
        rule("", jump("INPUT_ZONES")),
        rule("-s 203.0.113.0/24", Target::Accept),
    ];
    let zone = vec![rule("", Target::Accept)];
    let filter = table(
        "filter",
        vec![
            ("INPUT", input),
            ("INPUT_ZONES", vec![]),
            ("IN_public", zone),
        ],
    );
    assert_eq!(
        lines(&alone(vec![nat, filter])),
        [
            "firewalld ip filter INPUT 1: stands beside the chain INPUT_ZONES",
            "firewalld ip filter INPUT 1: jumps to INPUT_ZONES",
            "firewalld ip filter IN_public 1: the chain is called IN_public",
            "LXD ip nat POSTROUTING 1: has the comment 'generated for LXD network lxdbr7'",
            "unknown ip filter INPUT 1: bears no mark that we know",
        ]
    );
}

#[test]
fn the_chain_for_the_administrator_is_not_dockers() {
    let user = vec![
        rule("-i docker0 -s 203.0.113.0/24", Target::Drop),
        rule("", jump("ufw-user-forward")),
        rule("", Target::Return),
    ];
    let found = alone(vec![table("filter", vec![("DOCKER-USER", user)])]);
    assert_eq!(
        lines(&found),
        [
            "Docker ip filter DOCKER-USER 1: the chain is called DOCKER-USER",
            "ufw ip filter DOCKER-USER 1: jumps to ufw-user-forward",
            "unknown ip filter DOCKER-USER 1: the chain DOCKER-USER is left to the administrator",
        ]
    );
}

#[test]
fn libvirt_before_5_1_is_known_by_its_three_rules() {
    let own = || {
        vec![
            rule("-d 10.5.0.0/24 -o virbr5 replies", Target::Accept),
            rule("-s 10.5.0.0/24 -i virbr5", Target::Accept),
            rule("-i virbr5 -o virbr5", Target::Accept),
            rule("-o virbr5", REJECT),
            rule("-i virbr5", REJECT),
        ]
    };
    let translated = vec![rule("-s 10.5.0.0/24 ! -d 10.5.0.0/24", MASQUERADE)];
    let mut forward = own();
    forward.push(rule("-i virbr5 -d 203.0.113.0/24", Target::Drop));
    let tables = |forward| {
        vec![
            table("filter", vec![("FORWARD", forward)]),
            table("nat", vec![("POSTROUTING", translated.clone())]),
        ]
    };
    let unknown = "unknown ip filter FORWARD 1: bears no mark that we know";
    assert_eq!(lines(&alone(tables(forward))), [unknown]);
    for missing in [2, 3, 4] {
        let mut forward = own();
        forward.remove(missing);
        let found = alone(tables(forward));
        assert_eq!(found.iter().map(Foreign::rules).sum::<usize>(), 5);
    }
}

#[test]
fn tables_of_iptables_nft_count_once() {
    let filter = || {
        let forward = vec![rule("-i docker0", Target::Accept)];
        table("filter", vec![("FORWARD", forward), ("DOCKER", vec![])])
    };
    let rules = |capture: &Capture| of(capture).iter().map(Foreign::rules).sum::<usize>();
    let once = capture(vec![
        (RuleTool::Nft, vec![filter()]),
        (IPTABLES, vec![filter()]),
    ]);
    assert_eq!(rules(&once), 1);
    let both = capture(vec![
        (RuleTool::Nft, vec![filter()]),
        (LEGACY, vec![filter()]),
    ]);
    assert_eq!(rules(&both), 2);
    let text_and_json = vec![
        (RuleTool::Nft, vec![filter()]),
        (RuleTool::Nft, vec![filter()]),
    ];
    assert_eq!(rules(&capture(text_and_json)), 1);
}

#[test]
fn a_table_that_iptables_cannot_print_is_nfts() {
    let mut own = table("nat", vec![("POSTROUTING", vec![rule("", MASQUERADE)])]);
    own.chains[0].name = "postrouting".to_owned();
    let printed = table("nat", vec![("POSTROUTING", vec![])]);
    let both = capture(vec![(IPTABLES, vec![printed]), (RuleTool::Nft, vec![own])]);
    let unknown = "unknown ip nat postrouting 1: bears no mark that we know";
    assert_eq!(lines(&of(&both)), [unknown]);
}

#[test]
fn what_matters_is_said_with_its_owner() {
    let mut filter = table("filter", vec![("FORWARD", vec![]), ("DOCKER", vec![])]);
    for chain in &mut filter.chains {
        if let Some(base) = &mut chain.base {
            base.policy = ChainPolicy::Drop;
        }
    }
    let guest = NatAddress {
        start: [192, 168, 122, 10].into(),
        end: [192, 168, 122, 10].into(),
    };
    let to_guest = Target::Dnat(Box::new(NatTarget {
        to: Some(guest),
        ports: None,
        flags: NatFlags::default(),
    }));
    let nat = table(
        "nat",
        vec![
            ("PREROUTING", vec![rule("-i eth0", to_guest)]),
            (
                "POSTROUTING",
                vec![
                    rule("-s 192.168.0.0/16", MASQUERADE),
                    rule("-s 10.0.0.0/8", MASQUERADE),
                    rule("-o eth0", MASQUERADE),
                ],
            ),
        ],
    );
    let found = alone(vec![filter, nat]);
    let effects = |owner| {
        let of_owner = found.iter().filter(move |each| each.owner == owner);
        let effects = of_owner.flat_map(|each| &each.effects);
        effects
            .map(|effect| (effect.kind, effect.to_string()))
            .collect::<Vec<_>>()
    };
    let forward = "ip filter FORWARD forwards nothing that no rule of its own accepts";
    assert_eq!(
        effects(Owner::Docker),
        [(EffectKind::ForwardDrops, forward.to_owned())]
    );
    let sources = "ip nat POSTROUTING rewrites sources of";
    assert_eq!(
        effects(Owner::Unknown),
        [
            (
                EffectKind::LeadsToGuest,
                "ip nat PREROUTING leads connections to a guest of the network 'default'"
                    .to_owned()
            ),
            (
                EffectKind::Translates,
                format!("{sources} the network 'default'")
            ),
            (EffectKind::Translates, format!("{sources} every network")),
        ]
    );
}
