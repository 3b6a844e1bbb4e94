//! Listings and files of any host, read.

use crate::backend::nftables::{Listing, list, parse};
use crate::firewall::{
    Bound, Compare, Counter, Effect, Element, Expression, Field, Match, Operator, RejectWith, Rule,
    Ruleset, SetMark, Target,
};

/// The rules of one chain.
fn rules(lines: &str) -> Vec<Rule> {
    let read = parse(&format!(
        "table inet t {{\n\tchain c {{\n{lines}\n\t}}\n}}\n"
    ));
    assert_eq!(read.unread, [], "{lines}");
    read.value.tables[0].chains[0].rules.clone()
}

fn rule(line: &str) -> Rule {
    let mut rules = rules(line);
    assert_eq!(rules.len(), 1, "{line}");
    rules.remove(0)
}

fn printed(rule: &Rule) -> String {
    let mut text = String::new();
    let family = crate::firewall::TableFamily::Inet;
    super::super::rule::print(&mut text, rule, family, Listing::State).expect("nft can say it");
    text
}

fn unread(text: &str) -> Vec<(usize, String)> {
    let unread = parse(text).unread;
    unread
        .into_iter()
        .map(|each| (each.line, each.message))
        .collect()
}

#[test]
fn a_number_in_place_of_a_device_is_a_device_that_is_gone() {
    let stale = rule("iif 7 accept");
    let name = rule("iif \"7\" accept");
    assert!(matches!(
        &stale.matches[0],
        Match::InDevice {
            bound: Bound::Gone,
            ..
        }
    ));
    assert!(matches!(
        &name.matches[0],
        Match::InDevice {
            bound: Bound::Index,
            ..
        }
    ));
    assert_ne!(stale, name);
    assert_eq!(printed(&stale), "iif 7 accept");
    assert_eq!(printed(&name), "iif \"7\" accept");
}

#[test]
fn a_wildcard_is_no_star_in_a_name() {
    let all = rule("iifname \"eth*\"");
    let one = rule("iifname \"eth\\*\"");
    assert_ne!(all, one);
    assert_eq!(printed(&all), "iifname \"eth*\"");
    assert_eq!(printed(&one), "iifname \"eth\\*\"");
}

#[test]
fn what_is_done_on_the_way_keeps_its_place() {
    let read = rule("ip saddr 192.0.2.1 log ip daddr 192.0.2.2 counter packets 1 bytes 2 drop");
    assert_eq!(read.matches.len(), 2);
    assert!(matches!(
        &read.effects[..],
        [Effect {
            after: 1,
            what: Target::Log(_)
        }]
    ));
    assert_eq!(
        (read.counter, &read.target),
        (
            Some(Counter {
                packets: 1,
                bytes: 2
            }),
            &Target::Drop
        )
    );
    let late = rule("log counter packets 1 bytes 2 drop");
    assert_eq!((late.counter, late.effects.len()), (None, 2));
    for line in [
        "log counter packets 1 bytes 2 drop",
        "counter packets 1 bytes 2 log counter packets 3 bytes 4",
        "ip saddr 192.0.2.1 counter packets 1 bytes 2 ip daddr 192.0.2.1 counter packets 0 bytes 0",
        "continue",
        "ip saddr vmap { 192.0.2.1 : accept } counter packets 0 bytes 0 comment \"x\"",
    ] {
        assert_eq!(printed(&rule(line)), line);
    }
}

#[test]
fn an_unknown_statement_leaves_the_rest_of_the_rule_as_it_is() {
    let read = rule("tcp dport 22 frobnicate { a, b } now counter accept comment \"x\"");
    assert_eq!(
        read.matches[1],
        Match::Other("frobnicate { a, b } now".into())
    );
    assert_eq!(
        (read.counter, &read.target),
        (Some(Counter::default()), &Target::Accept)
    );
    assert_eq!(read.matches[2], Match::Comment("x".into()));
    // What follows might belong to it.
    let all = rule("frobnicate tcp dport 22");
    assert_eq!(all.target, Target::Other("frobnicate tcp dport 22".into()));
    // Nothing can follow a verdict.
    let odd = rule("tcp dport 22 accept tcp dport 23");
    assert_eq!(odd.target, Target::Other("accept tcp dport 23".into()));
}

#[test]
fn what_iptables_put_in_is_kept() {
    let read = rule("xt match string counter packets 0 bytes 0 xt target CHECKSUM");
    assert_eq!(read.matches, [Match::Other("xt match string".into())]);
    assert_eq!(read.target, Target::Other("xt target CHECKSUM".into()));
    // Older versions list it as if it were a comment, and go on behind it.
    let old = rule("meta l4proto tcp # xt_multiport counter packets 0 bytes 0 accept # handle 9");
    assert_eq!(old.matches[1], Match::Other("# xt_multiport".into()));
    assert_eq!((&old.target, old.handle), (&Target::Accept, Some(9)));
}

#[test]
fn a_refusal_is_that_of_its_table() {
    let with = |family: &str, line: &str| {
        let text = format!("table {family} t {{\nchain c {{\n{line}\n}}\n}}\n");
        let read = parse(&text).complete().expect("it is nft's");
        read.tables[0].chains[0].rules[0].target.clone()
    };
    let port = Target::Reject(RejectWith::PortUnreachable);
    assert_eq!(with("ip", "reject with icmp port-unreachable"), port);
    assert_eq!(with("ip", "reject with icmp type port-unreachable"), port);
    assert_eq!(with("ip6", "reject with icmpv6 port-unreachable"), port);
    assert_eq!(
        with("inet", "reject with icmpx type port-unreachable"),
        port
    );
    assert_eq!(
        with("inet", "reject with icmp port-unreachable"),
        Target::Reject(RejectWith::Icmp(3))
    );
    assert_eq!(
        with("ip", "reject with icmp host-prohibited"),
        Target::Reject(RejectWith::Icmp(10))
    );
}

#[test]
fn marks_are_what_the_kernel_makes_of_them() {
    let set = |line: &str| rule(line).target;
    let change = |value, mask| Target::SetMark(SetMark { value, mask });
    assert_eq!(set("meta mark set 0x1"), change(1, u32::MAX));
    assert_eq!(
        set("meta mark set mark and 0xffffff00 or 0x1"),
        change(1, 0xff)
    );
    assert_eq!(
        set("meta mark set meta mark & 0xffffff01 | 0x00000001"),
        change(1, 0xff)
    );
    assert_eq!(set("meta mark set meta mark ^ 0xff"), change(0xff, 0));
    assert_eq!(
        rule("mark & 0xff == 0x10").matches,
        [Match::Mark {
            value: 0x10,
            mask: 0xff,
            negated: false
        }]
    );
}

#[test]
fn flags_in_common_are_not_equal_flags() {
    let flags = |mask, set, negated| Match::TcpFlags { mask, set, negated };
    let one = |line: &str| rule(line).matches.remove(0);
    assert_eq!(
        one("tcp flags syn / fin,syn,rst,ack"),
        flags(0x17, 2, false)
    );
    assert_eq!(
        one("tcp flags & (fin | syn | rst | ack) == syn"),
        flags(0x17, 2, false)
    );
    assert_eq!(one("tcp flags fin,syn"), flags(3, 0, true));
    assert_eq!(one("tcp flags & (fin | syn) != 0"), flags(3, 0, true));
    assert_eq!(one("tcp flags ! syn"), flags(2, 0, false));
    let exactly = Match::Compare(Box::new(Compare {
        left: Field::TcpFlags.into(),
        operator: Operator::Equal,
        right: Expression::Word("syn".into()),
    }));
    assert_eq!(one("tcp flags == syn"), exactly);
    assert_eq!(
        printed(&rule("tcp flags { syn | ack, syn }")),
        "tcp flags { syn | ack, syn }"
    );
}

#[test]
fn tables_say_how_they_behave() {
    let text = "table ip t {\n\tflags dormant,owner\n\tcomment \"x\"\n\n\tchain c {\n\t}\n}\n";
    let read = parse(text).complete().expect("it is nft's");
    assert!(read.tables[0].flags.dormant && read.tables[0].flags.owner);
    assert_eq!(list(&read, Listing::State).as_deref(), Ok(text));
}

#[test]
fn handles_are_those_of_what_they_stand_behind() {
    let text = "table ip t { # handle 1\n\tset s { # handle 2\n\t\ttype ipv4_addr\n\t}\n\n\t\
        chain c { # handle 3\n\t\taccept # handle 4\n\t\tdrop\n\t}\n}\n";
    let table = parse(text)
        .complete()
        .expect("it is nft's")
        .tables
        .remove(0);
    let chain = &table.chains[0];
    assert_eq!(
        (table.handle, table.sets[0].handle, chain.handle),
        (Some(1), Some(2), Some(3))
    );
    let handles: Vec<_> = chain.rules.iter().map(|rule| rule.handle).collect();
    assert_eq!(handles, [Some(4), None]);
    assert_eq!(chain.rules[0].place.get(), Some(7));
}

#[test]
fn names_stand_for_what_they_were_given() {
    let text = "define a = { 192.0.2.1 }\ndefine b = { $a, 192.0.2.2 }\n\
        table ip t {\n chain c {\n ip saddr $b accept\n ip saddr $c drop\n }\n}\n";
    let read = parse(text).value;
    let rules = &read.tables[0].chains[0].rules;
    assert!(matches!(
        &rules[0].matches[0],
        Match::Compare(compare)
            if matches!(&compare.right, Expression::Elements(all) if all.len() == 2)
    ));
    // Twenty doublings would be a million times the word.
    let mut bomb = "define x0 = a\n".to_owned();
    for at in 1..64 {
        bomb.push_str(&format!("define x{at} = $x{0} $x{0}\n", at - 1));
    }
    bomb.push_str("table ip t {\n chain c {\n $x63 accept\n }\n}\n");
    let read = parse(&bomb).value;
    assert_eq!(read.tables[0].chains[0].rules[0].target, Target::Accept);
}

#[test]
fn a_file_ends_with_what_is_left() {
    let read = parse(
        "add table inet t\nadd chain inet t a\nadd chain inet t b\n\
         add rule inet t a accept\ninsert rule inet t a drop\nadd rule inet t b accept\n\
         delete chain inet t b\nadd set inet t s { type inet_service; }\n\
         add element inet t s { 1, 2, 3 }\ndelete element inet t s { 2 }\n\
         add table gone\ndestroy table ip gone\ndestroy table ip never\n",
    );
    assert_eq!(read.unread, []);
    let table = &read.value.tables[0];
    assert_eq!((read.value.tables.len(), table.chains.len()), (1, 1));
    let targets = table.chains[0].rules.iter().map(|rule| &rule.target);
    assert!(targets.eq([&Target::Drop, &Target::Accept]));
    let keys = [1, 3].map(|port| Element::new(Expression::Number(port)));
    assert_eq!(table.sets[0].elements, keys);
}

#[test]
fn what_only_the_host_knows_is_named() {
    let text = "table ip t {\n chain c {\n }\n}\ndelete rule ip t c handle 4\n\
        insert rule ip t c position 3 accept\ninclude \"x\"\ndelete table ip other\n\
        add element ip t s { 1 }\nmonitor\n";
    let lines: Vec<usize> = unread(text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_listing_that_ends_too_early_is_partial() {
    let text = "table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\
        \t\telements = { 192.0.2.1, 192.0.2.2 }\n\t}\n\tchain c {\n\t\taccept\n\t\tdrop\n\t}\n}\n";
    assert_eq!(unread(text), []);
    // Without its brace the first line is a command of its own.
    for end in "table ip t {".len()..text.len() - 1 {
        assert_ne!(unread(&text[..end]), [], "{:?}", &text[..end]);
    }
}

#[test]
fn what_lies_too_deep_is_kept_word_for_word() {
    for (open, close) in [
        ("{ ", " }"),
        ("( ", " )"),
        ("meta mark & ", ""),
        ("vxlan ", " vni 5"),
    ] {
        let deep = format!(
            "ip saddr {}1{} accept",
            open.repeat(5000),
            close.repeat(5000)
        );
        let read = rule(&deep);
        assert_eq!(read.target, Target::Accept);
        assert_eq!(printed(&read), deep.trim_end());
    }
}

#[test]
fn the_corpus_is_read_as_it_is_printed() {
    let texts = [
        include_str!("../../../../corpus/rulesets/addresses.nft"),
        include_str!("../../../../corpus/rulesets/chains.nft"),
        include_str!("../../../../corpus/rulesets/objects.nft"),
        include_str!("../../../../corpus/rulesets/packets.nft"),
        include_str!("../../../../corpus/rulesets/sets.nft"),
        include_str!("../../../../corpus/rulesets/statements.nft"),
        include_str!("../../../../corpus/rulesets/translations.nft"),
        include_str!("../../../../corpus/rulesets/file.nft"),
    ];
    for text in texts {
        let read: Ruleset = parse(text).complete().expect("the corpus is nft's");
        for listing in [Listing::Loadable, Listing::State] {
            let printed = list(&read, listing).expect("nft can say it");
            let again = parse(&printed).complete().expect("it is a listing");
            assert_eq!(list(&again, listing).as_deref(), Ok(printed.as_str()));
        }
        let printed = list(&read, Listing::State).expect("nft can say it");
        assert!(parse(&printed).complete() == Some(read), "{printed}");
    }
}
