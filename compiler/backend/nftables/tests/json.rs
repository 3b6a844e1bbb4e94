//! JSON of any host, read.

use crate::backend::nftables::{Listing, list, parse, parse_json};
use crate::firewall::{Bound, Match, Rule, Ruleset, Target};

/// One rule of the chain `c` in the table `inet t`, from its statements.
fn rule(statements: &str) -> Rule {
    let text = format!(
        "{{\"rule\": {{\"family\": \"inet\", \"table\": \"t\", \"chain\": \"c\", \
         \"expr\": [{statements}]}}}}"
    );
    let mut read = parse_json(&text);
    assert_eq!(read.unread, [], "{statements}");
    read.value.tables[0].chains[0].rules.remove(0)
}

const TABLE: &str = r#"{"table": {"family": "ip", "name": "t", "handle": 1}}"#;
const CHAIN: &str = r#"{"chain": {"family": "ip", "table": "t", "name": "c", "handle": 1,
    "type": "filter", "hook": "input", "prio": -5, "policy": "drop"}}"#;
const RULE: &str = r#"{"rule": {"family": "ip", "table": "t", "chain": "c", "handle": 2,
    "comment": "x", "expr": [{"counter": {"packets": 1, "bytes": 2}}, {"accept": null}]}}"#;

fn expected() -> Ruleset {
    let text = "table ip t { # handle 1\n\tchain c { # handle 1\n\
        \t\ttype filter hook input priority filter - 5; policy drop;\n\
        \t\tcounter packets 1 bytes 2 accept comment \"x\" # handle 2\n\t}\n}\n";
    parse(text).complete().expect("it is nft's")
}

#[test]
fn a_document_and_an_object_a_line_are_read_alike() {
    let meta = r#"{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}"#;
    let lines = format!("{meta}\n{TABLE}\n{CHAIN}\n{RULE}\n");
    let document = format!("{{\"nftables\": [{meta}, {TABLE}, {CHAIN}, {RULE}]}}\n");
    let commands = format!("{{\"nftables\": [{{\"add\": {TABLE}}}, {CHAIN}, {RULE}]}}");
    for text in [&lines, &document, &commands] {
        assert_eq!(parse_json(text).complete(), Some(expected()), "{text}");
    }
}

#[test]
fn a_document_that_ends_too_early_is_read_up_to_there() {
    let document = format!("{{\"nftables\": [{TABLE}, {CHAIN}, {RULE}]}}");
    for end in 1..document.len() - 1 {
        let read = parse_json(&document[..end]);
        assert_ne!(read.unread, [], "{}", &document[..end]);
    }
    let read = parse_json(&document[..document.len() - 3]);
    assert_eq!(read.value.tables[0].chains.len(), 1);
}

#[test]
fn one_unknown_object_loses_nothing_else() {
    let text =
        format!("{TABLE}\n{{\"palace\": {{\"family\": \"ip\"}}}}\nnonsense\n{CHAIN}\n{RULE}\n");
    let read = parse_json(&text);
    let lines: Vec<usize> = read.unread.iter().map(|unread| unread.line).collect();
    assert_eq!(lines, [2, 3]);
    assert_eq!(read.value, expected());
}

#[test]
fn an_unknown_statement_is_kept() {
    let read = rule(r#"{"frobnicate": {"a": [1]}}, {"accept": null}"#);
    assert_eq!(
        read.matches,
        [Match::Other(r#"{"frobnicate":{"a":[1]}}"#.into())]
    );
    assert_eq!(read.target, Target::Accept);
    let last = rule(r#"{"frobnicate": null}"#);
    assert_eq!(last.target, Target::Other(r#"{"frobnicate":null}"#.into()));
}

#[test]
fn a_device_that_is_gone_is_a_number() {
    let stale = rule(r#"{"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "7"}}"#);
    assert!(matches!(
        &stale.matches[0],
        Match::InDevice {
            bound: Bound::Gone,
            ..
        }
    ));
    let named =
        rule(r#"{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "7"}}"#);
    assert!(matches!(
        &named.matches[0],
        Match::InDevice {
            bound: Bound::Name,
            ..
        }
    ));
}

/// A string is one word, whatever it holds, and what can be none is not put into words.
#[test]
fn no_string_becomes_a_statement() {
    for name in [
        "x accept",
        "x; accept",
        "x\naccept",
        "x\\\" accept",
        "{",
        "x#",
        "",
    ] {
        let name = name.replace('\n', "\\n");
        for statement in [
            format!(r#"{{"jump": {{"target": "{name}"}}}}"#),
            format!(
                r#"{{"match": {{"op": "==", "left": {{"meta": {{"key": "l4proto"}}}},
                    "right": "{name}"}}}}"#
            ),
            format!(r#"{{"ct helper": "{name}"}}"#),
            format!(r#"{{"xt": {{"type": "match", "name": "{name}"}}}}"#),
        ] {
            let text = format!(
                "{{\"rule\": {{\"family\": \"inet\", \"table\": \"t\", \"chain\": \"c\", \
                 \"expr\": [{statement}]}}}}"
            );
            let read = parse_json(&text);
            let rule = &read.value.tables[0].chains[0].rules[0];
            assert!(!matches!(rule.target, Target::Accept), "{statement}");
            // Either it prints as one rule that reads the same, or not at all.
            if let Ok(printed) = list(&read.value, Listing::State) {
                assert_eq!(
                    parse(&printed).complete().as_ref(),
                    Some(&read.value),
                    "{printed}"
                );
            }
        }
    }
    let bad = r#"{"table": {"family": "ip", "name": "x { }"}}"#;
    assert_eq!(parse_json(bad).value, Ruleset::default());
}

#[test]
fn newer_types_are_read() {
    let set = r#"{"map": {"family": "inet", "table": "t", "name": "to", "handle": 3,
        "type": {"typeof": {"meta": {"key": "oifname"}}}, "map": "verdict",
        "elem": [[{"elem": {"val": "virbr0", "comment": "x"}}, {"jump": {"target": "c"}}]]}}"#;
    let text = "table inet t {\n\tmap to { # handle 3\n\t\ttypeof oifname : verdict\n\
        \t\telements = { \"virbr0\" comment \"x\" : jump c }\n\t}\n}\n";
    assert_eq!(parse_json(set).complete(), parse(text).complete());
}
