//! Whatever is read, nft's own or not, prints as something that reads as the same again.

use crate::backend::nftables::{Listing, list, parse, parse_json};
use crate::firewall::{
    Chain, Match, PortSide, Ports, Protocol, Rule, Ruleset, Table, TableFamily, Target,
};

/// Holds that nothing of a ruleset is lost on the way through its text.
fn reads_again(ruleset: &Ruleset, what: &str) {
    for listing in [Listing::Loadable, Listing::Rules, Listing::State] {
        let Ok(once) = list(ruleset, listing) else {
            continue;
        };
        let read = parse(&once);
        assert_eq!(read.unread, [], "{what}: {once}");
        assert_eq!(list(&read.value, listing), Ok(once), "{what}");
    }
}

/// Holds that for a rule, and gives its text.
fn rule(line: &str) -> String {
    let text = format!("table inet t {{\n\tchain c {{\n\t\t{line}\n\t}}\n}}\n");
    let read = parse(&text).value;
    reads_again(&read, line);
    list(&read, Listing::Rules).unwrap_or_default()
}

/// Holds that for an object of JSON, and gives what was not read and the text of the rest.
fn object(text: &str) -> (Vec<String>, String) {
    let read = parse_json(text);
    reads_again(&read.value, text);
    let unread = read.unread.into_iter().map(|each| each.message).collect();
    (
        unread,
        list(&read.value, Listing::State).unwrap_or_default(),
    )
}

#[test]
fn only_flags_are_looked_at_under_a_mask() {
    let same = rule("tcp flags syn / fin,syn drop");
    assert!(same.contains("tcp flags syn / fin,syn drop"), "{same}");
    for line in [
        "tcp dport 1 / 2",
        "tcp flags 1 / 2",
        "tcp flags < syn / fin",
        "tcp flags ! syn / fin",
        "tcp flags { syn, fin } / rst",
        "meta mark @a / syn",
    ] {
        let kept = rule(line);
        assert!(kept.contains(line), "{kept}");
    }
}

#[test]
fn no_port_is_no_match_of_ports() {
    rule("tcp dport { } accept");
    rule("tcp dport {}");
    let ports = Match::Port {
        protocol: Some(Protocol::TCP),
        side: PortSide::Destination,
        ports: Ports::List(Box::default()),
        negated: false,
    };
    let chain = Chain::regular("c", vec![Rule::new(vec![ports], Target::Accept)]);
    let table = Table::new(TableFamily::Ip, "t", vec![chain]);
    let tables = Ruleset {
        tables: vec![table],
    };
    assert!(list(&tables, Listing::Rules).is_err());
}

#[test]
fn what_follows_a_verdict_stays_behind_it() {
    for line in [
        "accept palace",
        "accept comment \"a\" palace",
        "drop palace counter accept",
        "palace accept ip saddr 192.0.2.1",
        "jump d e f",
    ] {
        rule(line);
    }
}

#[test]
fn a_range_has_values_at_its_ends() {
    for line in [
        "ip saddr 192.0.2.1 - !",
        "ip saddr a - 192.0.2.1",
        "meta mark 1 - \"a\"",
        "meta mark . - .",
        "meta mark == !=",
        "ct mark & & 1",
        "tcp dport { 1 - - , : }",
    ] {
        rule(line);
    }
    let range = rule("tcp dport 1 - 2 accept");
    assert!(range.contains("tcp dport 1-2 accept"), "{range}");
}

#[test]
fn a_word_does_not_join_the_next_line() {
    for line in [
        "palace\\",
        "jump a\\",
        "iifname a\\ accept",
        "ip saddr a\\",
        "accept a\\",
    ] {
        rule(line);
        rule(&format!("{line}\n\t\taccept"));
    }
    for text in [
        "table ip a\\ { }\n",
        "table ip a {\n chain b\\ {\n }\n}\n",
        "table ip a {\n set b\\ {\n type ipv4_addr\n }\n}\n",
    ] {
        reads_again(&parse(text).value, text);
    }
}

#[test]
fn a_type_ends_with_its_line() {
    for line in [
        "type ipv4_addr palace",
        "type ipv4_addr : verdict palace",
        "typeof ip saddr : a b",
    ] {
        let text = format!("table ip a {{\n map b {{\n {line}\n }}\n}}\n");
        let read = parse(&text);
        assert_ne!(read.unread, [], "{line}");
        reads_again(&read.value, &text);
    }
}

#[test]
fn words_of_objects_are_words() {
    let helper = |kind: &str, protocol: &str| {
        object(&format!(
            "{{\"ct helper\": {{\"family\": \"ip\", \"table\": \"t\", \"name\": \"a\", \
             \"type\": \"{kind}\", \"protocol\": \"{protocol}\", \"l3proto\": \"ip\"}}}}"
        ))
    };
    let (unread, text) = helper("ftp", "tcp");
    assert!(
        unread.is_empty() && text.contains("type \"ftp\" protocol tcp"),
        "{text}"
    );
    for (kind, protocol) in [
        ("a b", "tcp"),
        ("ftp", "tcp }"),
        ("a;", "tcp"),
        ("", "tcp"),
        ("$a", "tcp"),
    ] {
        let (unread, text) = helper(kind, protocol);
        assert_eq!(unread.len(), 1, "{text}");
    }
    let limit = |per: &str| {
        object(&format!(
            "{{\"limit\": {{\"family\": \"ip\", \"table\": \"t\", \"name\": \"a\", \
             \"rate\": 1, \"per\": \"{per}\"}}}}"
        ))
    };
    assert!(limit("second").0.is_empty());
    assert_eq!(limit("second {").0.len(), 1);
    let timeout = |state: &str| {
        object(&format!(
            "{{\"ct timeout\": {{\"family\": \"ip\", \"table\": \"t\", \"name\": \"a\", \
             \"protocol\": \"tcp\", \"l3proto\": \"ip\", \"policy\": {{\"{state}\": 5}}}}}}"
        ))
    };
    assert!(timeout("established").0.is_empty());
    assert_eq!(timeout("a, b").0.len(), 1);
}

#[test]
fn a_set_without_what_is_done_is_said() {
    let set = |kind: &str, statement: &str| {
        object(&format!(
            "{{\"set\": {{\"family\": \"ip\", \"table\": \"t\", \"name\": \"a\", \
             \"type\": \"{kind}\", \"stmt\": [{statement}]}}}}"
        ))
    };
    let (unread, text) = set("ipv4_addr", "{\"counter\": null}");
    assert!(
        unread.is_empty() && text.contains("counter"),
        "{unread:?} {text}"
    );
    let (unread, text) = set("ipv4_addr", "{\"palace\": {\"a\": 1}}");
    assert_eq!(unread, ["'{\"palace\":{\"a\":1}}' in a set is not read"]);
    assert!(
        text.contains("set a {") && !text.contains("palace"),
        "{text}"
    );
    assert_eq!(set("ipv4 addr", "").0.len(), 1);
    assert_eq!(set("a;b", "").0.len(), 1);
}

#[test]
fn an_odd_blank_is_part_of_its_word() {
    for line in ["\u{b}iif{{\n", "iif {\u{c}eth0 }", "\u{a0}iif {{ }}"] {
        let text = format!("table inet t {{\nchain c {{\n{line}\n}}\n}}\n");
        reads_again(&crate::backend::nftables::parse(&text).value, line);
    }
}
