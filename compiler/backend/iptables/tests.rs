//! What goes in comes out: rules of every kind, texts of every kind.

mod matches;
mod samples;
mod targets;
mod texts;
mod values;

use super::*;
use crate::firewall::{Policy, TableFamily, Target};
use crate::lower::layout::samples::{default_network, lab_network, policies};
use proptest::prelude::*;

fn printed(policy: &Policy, family: Family) -> String {
    print(&encode(policy, FirewallLayout::Iptables), family).expect("iptables can say it")
}

fn of_chain<'a>(text: &'a str, chain: &str) -> Vec<&'a str> {
    let start = format!("-A {chain} ");
    let rules = text.lines().filter_map(|line| line.strip_prefix(&start));
    rules.collect()
}

const FROM: &str = "-s 192.168.122.0/24";
const OUT: &str = "-s 192.168.122.0/24 ! -d 192.168.122.0/24";

#[test]
fn the_default_network_is_as_libvirt_leaves_it() {
    let policy = Policy {
        networks: vec![default_network()],
    };
    let text = printed(&policy, Family::Ipv4);
    assert_eq!(
        of_chain(&text, "FORWARD"),
        ["-j LIBVIRT_FWX", "-j LIBVIRT_FWI", "-j LIBVIRT_FWO"]
    );
    assert_eq!(
        of_chain(&text, "LIBVIRT_FWI"),
        [
            "-d 192.168.122.0/24 -o virbr0 \
             -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "-o virbr0 -j REJECT --reject-with icmp-port-unreachable",
        ]
    );
    assert_eq!(
        of_chain(&text, "LIBVIRT_INP"),
        [
            "-i virbr0 -p udp -m udp --dport 53 -j ACCEPT",
            "-i virbr0 -p tcp -m tcp --dport 53 -j ACCEPT",
            "-i virbr0 -p udp -m udp --dport 67 -j ACCEPT",
            "-i virbr0 -p tcp -m tcp --dport 67 -j ACCEPT",
        ]
    );
    assert_eq!(
        of_chain(&text, "LIBVIRT_PRT"),
        [
            &format!("{FROM} -d 224.0.0.0/24 -j RETURN"),
            &format!("{FROM} -d 255.255.255.255/32 -j RETURN"),
            &format!("{OUT} -p tcp -j MASQUERADE --to-ports 1024-65535"),
            &format!("{OUT} -p udp -j MASQUERADE --to-ports 1024-65535"),
            &format!("{OUT} -j MASQUERADE"),
            "-o virbr0 -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill",
        ]
    );
    let ipv6 = printed(&policy, Family::Ipv6);
    assert_eq!(ipv6.matches("-A LIBVIRT").count(), 0);
    assert_eq!(ipv6.matches("-j LIBVIRT").count(), 7);
}

#[test]
fn the_network_started_last_stands_on_top() {
    let policy = Policy {
        networks: vec![default_network(), lab_network()],
    };
    let text = printed(&policy, Family::Ipv4);
    let out = of_chain(&text, "LIBVIRT_FWO");
    assert_eq!(out[0], "-s 192.168.0.0/16 -i virbr1 -o eth0 -j ACCEPT");
    assert_eq!(out[2], "-s 192.168.122.0/24 -i virbr0 -j ACCEPT");
    assert!(text.contains("-j SNAT --to-source 198.51.100.20-198.51.100.23:20000-29999\n"));
}

#[test]
fn unknown_words_pass_as_they_are() {
    let text = "*filter\n:INPUT DROP [0:0]\n:DOCKER - [0:0]\n\
        -A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT\n\
        -A INPUT -p tcp -m tcp --dport 22 --tcp-flags FIN,SYN SYN -j DOCKER\n\
        -A INPUT ! -i lo -m comment --comment \"a -j b\" -j LOG --log-prefix \"x y \"\n\
        -A INPUT -i eth+ -p icmp -m limit --limit 5/sec -g DOCKER\n\
        -A INPUT -s 10.0.0.1/32 -m comment --comment -j -m addrtype ! --dst-type LOCAL\n\
        COMMIT\n";
    let read = parse(text, Family::Ipv4);
    assert_eq!(read.unread, []);
    assert_eq!(print(&read.value, Family::Ipv4).as_deref(), Ok(text));
    let rules = &read.value.tables[0].chains[0].rules;
    assert_eq!(rules[0].target, Target::Accept);
    assert_eq!(rules[1].target, Target::Jump("DOCKER".into()));
    assert_eq!(rules[4].target, Target::Continue);
}

#[test]
fn what_is_not_understood_is_named_by_its_line() {
    let text = "prose\n*filter\n:INPUT ACCEPT [1:2]\n[3:4] -A INPUT -j DROP\n\
        -A GONE -j DROP\n*nat\n:X - [0:0]\n";
    let read = parse(text, Family::Ipv4);
    let lines: Vec<usize> = read.unread.iter().map(|unread| unread.line).collect();
    assert_eq!(lines, [1, 5, 6, 7]);
    assert_eq!(read.value.tables[0].chains[0].rules.len(), 1);
}

proptest! {
    #[test]
    fn reading_takes_printing_back(policy in policies()) {
        let ruleset = encode(&policy, FirewallLayout::Iptables);
        for (family, tables) in [
            (Family::Ipv4, TableFamily::Ip),
            (Family::Ipv6, TableFamily::Ip6),
        ] {
            let text = print(&ruleset, family).expect("iptables can say it");
            let wanted = ruleset.tables.iter().filter(|table| table.family == tables);
            let wanted = Ruleset { tables: wanted.cloned().collect() };
            prop_assert_eq!(parse(&text, family).complete(), Some(wanted));
        }
    }

    #[test]
    fn rules_of_every_kind_read_back(
        (family, ruleset) in prop_oneof![Just(Family::Ipv4), Just(Family::Ipv6)]
            .prop_flat_map(|family| (Just(family), samples::ruleset(family)))
    ) {
        let text = print_with(&ruleset, family, Counters::Shown);
        let text = text.expect("iptables can say it");
        let read = parse(&text, family);
        prop_assert_eq!(&read.unread, &[], "{}", text);
        prop_assert_eq!(read.value, ruleset, "{}", text);
    }

    #[test]
    fn any_text_is_read_to_its_end(text in texts::any_text(), family: bool) {
        let family = if family { Family::Ipv4 } else { Family::Ipv6 };
        let read = parse(&text, family);
        // What was made of it can be said again, and is the same then.
        if let Ok(said) = print_with(&read.value, family, Counters::Shown) {
            let again = parse(&said, family);
            prop_assert_eq!(
                print_with(&again.value, family, Counters::Shown),
                Ok(said.clone()),
                "{}", said
            );
        }
    }
}
