//! Layouts of ours, printed and read back.

mod again;
mod json;
mod text;

use super::*;
use crate::firewall::{Policy, Target};
use crate::lower::layout::samples::{default_network, lab_network, many, policies};
use proptest::prelude::*;

fn both() -> Policy {
    Policy {
        networks: vec![default_network(), lab_network()],
    }
}

/// The lines of a chain of a listing, without what opens and closes it.
fn chain<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("chain {name} {{");
    let body = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != start);
    body.skip(1).take_while(|line| *line != "}").collect()
}

#[test]
fn the_default_network_is_as_libvirt_leaves_it() {
    let policy = Policy {
        networks: vec![default_network()],
    };
    let text = print(&encode(&policy, FirewallLayout::LibvirtNftables));
    let text = text.expect("nft can say it");
    assert_eq!(
        chain(&text, "guest_input"),
        [
            "oifname \"virbr0\" ip daddr 192.168.122.0/24 \
             ct state established,related counter accept",
            "oifname \"virbr0\" counter reject",
        ]
    );
    assert_eq!(
        chain(&text, "guest_nat"),
        [
            "type nat hook postrouting priority srcnat; policy accept;",
            "ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return",
            "ip saddr 192.168.122.0/24 ip daddr 255.255.255.255 counter return",
            "meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 \
             counter masquerade to :1024-65535",
            "meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 \
             counter masquerade to :1024-65535",
            "ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade",
        ]
    );
}

#[test]
fn our_table_leads_each_packet_to_its_network() {
    let text = print(&encode(&both(), FirewallLayout::Lanwright)).expect("nft can say it");
    assert_eq!(
        chain(&text, "to-virbr0"),
        [
            "comment \"default\"",
            "iifname \"virbr0\" counter accept",
            "ip daddr 192.168.122.0/24 ct state established,related counter accept",
            "meta nfproto ipv4 counter reject",
        ]
    );
    assert_eq!(
        chain(&text, "from-virbr1"),
        [
            "comment \"lab\"",
            "oifname \"eth0\" ip saddr 192.168.0.0/16 counter accept",
            "oifname \"eth0\" ip6 saddr fd00:1::/64 counter accept",
            "counter reject",
        ]
    );
    assert_eq!(
        chain(&text, "nat4-192.168.0.0/16"),
        ["jump nat-virbr1", "jump nat-virbr0"]
    );
    assert!(text.contains("{ 192.168.0.0/16 comment \"lab, default\" : jump nat4-192"));
    assert!(text.contains("{ fd00:1::/64 comment \"lab\" : jump nat-virbr1 }"));
    assert!(text.contains("hook postrouting priority srcnat - 5; policy accept;"));
}

#[test]
fn what_has_no_type_passes_as_it_is() {
    let text = "table inet filter {\n\
        \tchain input {\n\
        \t\ttype filter hook input priority filter; policy drop;\n\
        \t\tct state vmap { established : accept, invalid : drop }\n\
        \t\ttcp dport { 22, 80 } counter accept comment \"ssh; http\"\n\
        \t\tiifname \"lo\" accept\n\
        \t\tcounter\n\
        \t}\n}\n";
    let read = parse(text);
    assert_eq!(read.unread, []);
    assert_eq!(print(&read.value).as_deref(), Ok(text));
    assert_eq!(
        read.value.tables[0].chains[0].rules[2].target,
        Target::Accept
    );
}

#[test]
fn what_is_not_understood_is_named_by_its_line() {
    let text = "table bridge x {\n\tchain y {\n\t}\n}\ntable ip z {\n\tset s {\n\t\t\
        colour red\n\t}\n\tchain c {\n\t\taccept\n\t}\n\tpalace p {\n\t\tx\n\t}\n}\n\
        list ruleset\ninclude \"other.nft\"\n";
    let read = parse(text);
    let lines: Vec<usize> = read.unread.iter().map(|unread| unread.line).collect();
    assert_eq!(lines, [7, 6, 12, 16, 17]);
    let names = read.value.tables.iter().map(|table| table.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["x", "z"]);
    assert_eq!(read.value.tables[1].chains[0].rules.len(), 1);
}

#[test]
fn the_transaction_never_deletes_a_table_in_use() {
    let ruleset = encode(&both(), FirewallLayout::Lanwright);
    let text = transaction(&ruleset).expect("nft can say it");
    assert!(!text.contains("delete"));
    assert_eq!(parse(&text).complete(), Some(ruleset));
    let none = transaction(&Default::default()).expect("nft can say it");
    assert_eq!(parse(&none).complete(), Some(Default::default()));
}

#[test]
fn a_thousand_networks_are_read_back() {
    let ruleset = encode(&many(1000), FirewallLayout::Lanwright);
    let text = transaction(&ruleset).expect("nft can say it");
    assert!(parse(&text).complete() == Some(ruleset));
}

proptest! {
    #[test]
    fn reading_takes_printing_back(policy in policies()) {
        for layout in [FirewallLayout::Lanwright, FirewallLayout::LibvirtNftables] {
            let ruleset = encode(&policy, layout);
            let text = print(&ruleset).expect("nft can say it");
            prop_assert_eq!(parse(&text).complete(), Some(ruleset));
        }
        let ruleset = encode(&policy, FirewallLayout::Lanwright);
        let text = transaction(&ruleset).expect("nft can say it");
        prop_assert_eq!(parse(&text).complete(), Some(ruleset));
    }

    #[test]
    fn any_text_is_read_to_its_end(text in "[a-z{};,\"\n #:=@!]{0,200}") {
        parse(&text);
        parse(&format!("table ip x {{ {text}"));
    }
}
