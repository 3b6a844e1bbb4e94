//! Spellings that are one rule, and rules that are not.

use proptest::prelude::*;

use super::NormalRule;
use crate::backend::{iptables, nftables};
use crate::firewall::{Family, Ruleset, Table};
use crate::lower::layout::samples::policies;
use crate::lower::{FirewallLayout, encode};

fn one(ruleset: Ruleset) -> NormalRule {
    let table = ruleset.tables.first().expect("there is a table");
    let mut rules = table.chains.iter().flat_map(|chain| &chain.rules);
    let rule = rules.next().expect("there is a rule");
    NormalRule::of(rule, table.family)
}

fn iptables(rule: &str) -> NormalRule {
    let text = format!("*filter\n:c - [0:0]\n:d - [0:0]\n-A c {rule}\nCOMMIT\n");
    let read = iptables::parse(&text, Family::Ipv4);
    assert_eq!(read.unread, [], "{rule}");
    one(read.value)
}

fn nft(table: &str, rule: &str) -> NormalRule {
    let text = format!("table {table} t {{\n\tchain c {{\n\t\t{rule}\n\t}}\n\tchain d {{ }}\n}}\n");
    let read = nftables::parse(&text);
    assert_eq!(read.unread, [], "{rule}");
    one(read.value)
}

#[test]
fn equal_spellings_of_iptables_are_equal() {
    let same = [
        (
            "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "-m state --state ESTABLISHED,RELATED -j ACCEPT",
        ),
        (
            "-i br0 -p udp -m udp --dport 53 -j ACCEPT",
            "-p udp --dport 53 -i br0 -j ACCEPT",
        ),
        (
            "-p udp -m multiport --dports 53 -j ACCEPT",
            "-p udp -m udp --dport 53 -j ACCEPT",
        ),
        (
            "-p tcp -m multiport --dports 80,443,81 -j ACCEPT",
            "-p tcp -m multiport --dports 443,80:81 -j ACCEPT",
        ),
        ("-p tcp -m tcp -j ACCEPT", "-p tcp -j ACCEPT"),
        ("-s 192.0.2.1/32 -j DROP", "-s 192.0.2.1 -j DROP"),
        ("-s 0.0.0.0/0 -j DROP", "-j DROP"),
        (
            "-m iprange --src-range 192.0.2.0-192.0.2.255 -j DROP",
            "-s 192.0.2.0/24 -j DROP",
        ),
        ("-j REJECT", "-j REJECT --reject-with icmp-port-unreachable"),
        (
            "-m comment --comment \"the host's\" -d 192.0.2.0/24 -j d",
            "-d 192.0.2.0/24 -j d",
        ),
        (
            "-m mark --mark 0x1 -m addrtype --dst-type LOCAL -j DROP",
            "-m addrtype --dst-type LOCAL -m mark --mark 0x1 -j DROP",
        ),
        ("-j LOG --log-level 4", "-j LOG"),
    ];
    for (rule, other) in same {
        assert_eq!(iptables(rule), iptables(other), "{rule}\n{other}");
    }
}

#[test]
fn equal_spellings_of_nft_are_equal() {
    let same = [
        (
            "ip",
            "iif \"lo\" counter packets 3 bytes 9 accept",
            "iifname \"lo\" accept comment \"loopback\"",
        ),
        (
            "ip",
            "ct state established,related accept",
            "ct state related,established accept",
        ),
        (
            "inet",
            "meta nfproto ipv4 ip saddr 192.0.2.1 accept",
            "ip saddr 192.0.2.1/32 accept",
        ),
        (
            "inet",
            "meta nfproto ipv4 reject with icmp port-unreachable",
            "meta nfproto ipv4 reject",
        ),
        ("ip", "reject with icmpx port-unreachable", "reject"),
        (
            "ip",
            "tcp dport 80 ip saddr 192.0.2.0/24 accept",
            "ip saddr 192.0.2.0/24 meta l4proto tcp th dport 80 accept",
        ),
    ];
    for (table, rule, other) in same {
        assert_eq!(nft(table, rule), nft(table, other), "{rule}\n{other}");
    }
}

#[test]
fn what_differs_is_not_equal() {
    let other = [
        ("-i br0 -j DROP", "-i br0 -j REJECT"),
        ("-i br0 -j DROP", "! -i br0 -j DROP"),
        ("-i br+ -j DROP", "-i br -j DROP"),
        ("-i br0 -j DROP", "-o br0 -j DROP"),
        ("-s 192.0.2.0/24 -j DROP", "-s 192.0.2.0/25 -j DROP"),
        ("-p tcp -j DROP", "-p udp -j DROP"),
        ("-j d", "-g d"),
        (
            "-m limit --limit 1/sec -m mark --mark 0x1 -j DROP",
            "-m mark --mark 0x1 -m limit --limit 1/sec -j DROP",
        ),
    ];
    for (rule, other) in other {
        assert_ne!(iptables(rule), iptables(other), "{rule}\n{other}");
    }
    assert_ne!(nft("ip", "iif 4 accept"), nft("ip", "iifname \"4\" accept"));
    assert_ne!(
        nft("ip", "log prefix \"x\" tcp dport 22 accept"),
        nft("ip", "tcp dport 22 log prefix \"x\" accept")
    );
}

/// Another spelling of a rule as `iptables-save` prints it; `how` has a bit for each liberty.
fn respelt(line: &str, how: u16) -> String {
    let Some(rest) = line.strip_prefix("-A ") else {
        return line.to_owned();
    };
    let (chain, rule) = rest.split_once(' ').expect("a rule has words");
    let mut rule = rule.to_owned();
    let mut liberty = |bit: u16, old: &str, new: &str| {
        if how & (1 << bit) != 0 {
            rule = rule.replace(old, new);
        }
    };
    liberty(
        0,
        "-m conntrack --ctstate RELATED,ESTABLISHED",
        "-m state --state ESTABLISHED,RELATED",
    );
    liberty(1, " -m tcp ", " ");
    liberty(2, " -m udp ", " ");
    liberty(3, "-m udp --dport ", "-m multiport --dports ");
    liberty(4, "/32", "");
    liberty(5, " --reject-with icmp-port-unreachable", "");
    liberty(6, " -j ", " -m comment --comment \"said\" -j ");
    if how & (1 << 7) != 0 {
        rule = two_swapped(&rule);
    }
    let count = if how & (1 << 8) != 0 { "[7:420] " } else { "" };
    format!("{count}-A {chain} {rule}")
}

/// The device first, where a rule begins with an address.
fn two_swapped(rule: &str) -> String {
    let words: Vec<&str> = rule.split(' ').collect();
    match words.as_slice() {
        [
            address @ ("-s" | "-d"),
            net,
            device @ ("-i" | "-o"),
            name,
            rest @ ..,
        ] => {
            let rest = rest.join(" ");
            format!("{device} {name} {address} {net} {rest}")
        }
        _ => rule.to_owned(),
    }
}

fn normal(tables: &[Table]) -> Vec<NormalRule> {
    let rules = tables.iter().flat_map(|table| {
        let rules = table.chains.iter().flat_map(|chain| &chain.rules);
        rules.map(|rule| NormalRule::of(rule, table.family))
    });
    rules.collect()
}

proptest! {
    #[test]
    fn another_spelling_is_the_same_rule(policy in policies(), how in 0_u16..512) {
        let ruleset = encode(&policy, FirewallLayout::Iptables);
        let text = iptables::print(&ruleset, Family::Ipv4).expect("iptables can say it");
        let respelt: Vec<String> = text.lines().map(|line| respelt(line, how)).collect();
        let one = iptables::parse(&text, Family::Ipv4).complete().expect("it is read");
        let other = iptables::parse(&respelt.join("\n"), Family::Ipv4);
        prop_assert_eq!(&other.unread, &[]);
        prop_assert_eq!(normal(&one.tables), normal(&other.value.tables));
    }

    #[test]
    fn an_index_in_a_listing_is_the_same_rule(policy in policies()) {
        let ruleset = encode(&policy, FirewallLayout::LibvirtNftables);
        let text = nftables::print(&ruleset).expect("nft can say it");
        let by_index = text.replace("iifname \"", "iif \"").replace("oifname \"", "oif \"");
        let counted = by_index.replace("counter ", "counter packets 5 bytes 300 ");
        let other = nftables::parse(&counted);
        prop_assert_eq!(&other.unread, &[]);
        prop_assert_eq!(normal(&ruleset.tables), normal(&other.value.tables));
    }
}
