//! Rules as `iptables-save` prints them and `iptables-restore` reads them.
//!
//! Two files: IPv4 for iptables, IPv6 for ip6tables. They carry libvirt's own layout, made by
//! [`lower::layout`](crate::lower::layout). [`print()`] and [`parse()`] are each other's inverse,
//! for any ruleset of one family; matches and targets without a type of ours pass word for word.

mod draft;
mod extension;
mod header;
mod line;
mod listing;
mod name;
mod option;
mod own;
mod parse;
mod print;
mod reader;
mod report;
mod rule;
mod table;
mod value;
mod word;

pub use listing::{Listing, Loss, LossKind, Remark, UNSEEN_DEVICES, is_listing, read_listing};
pub use parse::{Assumed, Dump, parse, parse_dumps};
pub use print::{Counters, print, print_rule, print_with};

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Output};
use crate::firewall::{Family, Ruleset};
use crate::lower::{FirewallLayout, encode};
use crate::template;

static RULES: Template = template!("iptables.rules.j2");

/// What the template fills in.
#[derive(Serialize)]
struct RulesFile {
    tool: &'static str,
    restore: &'static str,
    empty: bool,
    rules: String,
}

/// The rules of both families, as whole files for a host that has none.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let ruleset = encode(compiled.policy, FirewallLayout::Iptables);
    let artifacts = vec![
        file("firewall/iptables.rules", &ruleset, Family::Ipv4),
        file("firewall/ip6tables.rules", &ruleset, Family::Ipv6),
    ];
    Output {
        artifacts,
        limits: Vec::new(),
    }
}

fn file(path: &str, ruleset: &Ruleset, family: Family) -> Artifact {
    let (tool, restore) = match family {
        Family::Ipv4 => ("iptables", "iptables-restore"),
        Family::Ipv6 => ("ip6tables", "ip6tables-restore"),
    };
    let mut rules = print(ruleset, family)
        .expect("the iptables layout is made of what iptables can say, as every golden case shows");
    rules.truncate(rules.trim_end().len());
    let view = RulesFile {
        tool,
        restore,
        empty: rules.is_empty(),
        rules,
    };
    Artifact::file(path, RULES.render(&view))
}

#[cfg(test)]
mod tests {
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
    }
}
