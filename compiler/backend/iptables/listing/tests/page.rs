//! Listings as they stand in tickets.

use super::*;

/// What a ticket looks like: prompts, prose, several tables, a remark, a wrapped row.
pub(super) const TICKET: &str = "\
> Guests have no network since this morning, see below.

root@host:~# iptables -L FORWARD -n -v
Chain FORWARD (policy DROP 12 packets, 34K bytes)   <-- why?
 pkts bytes target     prot opt in     out     source               destination
 120K  99M LIBVIRT_FWI  all  --  *      *       0.0.0.0/0            0.0.0.0/0
    0     0 REJECT     all  --  *      virbr0  0.0.0.0/0
   0.0.0.0/0            reject-with
icmp-port-unreachable

root@host:~# sudo /sbin/iptables -t nat -nvL --line-numbers
Chain PREROUTING (policy ACCEPT 1 packets, 60 bytes)
num   pkts bytes target     prot opt in     out     source               destination

Chain POSTROUTING (policy ACCEPT 1 packets, 60 bytes)
num   pkts bytes target     prot opt in     out     source               destination
1 3 180 MASQUERADE tcp -- * * 192.168.122.0/24 !192.168.122.0/24 masq ports: 1024-65535
";

fn names(listing: &Listing) -> Vec<(TableFamily, &str, Vec<&str>)> {
    let tables = listing.ruleset.tables.iter();
    let named = tables.map(|table| {
        let chains = table.chains.iter().map(|chain| chain.name.as_str());
        (table.family, table.name.as_str(), chains.collect())
    });
    named.collect()
}

#[test]
fn a_ticket_is_read() {
    let listing = read(TICKET);
    assert_eq!(
        names(&listing),
        [
            (TableFamily::Ip, "filter", vec!["FORWARD"]),
            (TableFamily::Ip, "nat", vec!["PREROUTING", "POSTROUTING"]),
        ]
    );
    let forward = &listing.ruleset.tables[0].chains[0];
    let base = forward.base.as_ref().expect("it has a policy");
    assert_eq!(
        (base.policy, base.counter.bytes),
        (ChainPolicy::Drop, 34_000)
    );
    assert_eq!(forward.rules[0].target, Target::Jump("LIBVIRT_FWI".into()));
    assert_eq!(
        forward.rules[0].counter,
        Some(Counter {
            packets: 120_000,
            bytes: 99_000_000
        })
    );
    let reject = saved("-o virbr0 -j REJECT --reject-with icmp-port-unreachable");
    assert_eq!(forward.rules[1], reject);
    assert_eq!(forward.rules[1].place.get(), Some(7));
    let masquerade = &listing.ruleset.tables[1].chains[1].rules[0];
    let wanted = saved(
        "-s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535",
    );
    assert_eq!(
        (&masquerade.matches, &masquerade.target),
        (&wanted.matches, &wanted.target)
    );
    assert_eq!(listing.unread, []);
    let remarks: Vec<usize> = listing.remarks.iter().map(|remark| remark.line).collect();
    assert_eq!(remarks, [1, 4]);
    let losses = [
        Loss {
            line: 4,
            kind: LossKind::Counters,
        },
        Loss {
            line: 6,
            kind: LossKind::Chain("LIBVIRT_FWI".to_owned()),
        },
    ];
    assert_eq!(listing.losses, losses);
}

#[test]
fn devices_that_are_not_shown_are_not_absent() {
    let listing = read(
        "Chain INPUT (policy ACCEPT)\ntarget prot opt source destination\n\
         ACCEPT  all  --  anywhere  anywhere\n\
         ACCEPT  udp  --  anywhere  base-address.mcast.net/24 udp dpt:domain\n",
    );
    let rules = &listing.ruleset.tables[0].chains[0].rules;
    assert_eq!(rules[0].matches, [Match::Other(UNSEEN_DEVICES.into())]);
    let wanted = saved("-d 224.0.0.0/24 -p udp -m udp --dport 53");
    assert_eq!(rules[1].matches[1..], wanted.matches);
    let kinds: Vec<LossKind> = listing.losses.into_iter().map(|loss| loss.kind).collect();
    assert_eq!(
        kinds,
        [
            LossKind::Table("filter"),
            LossKind::Family(Family::Ipv4),
            LossKind::Devices,
            LossKind::Names,
        ]
    );
}

#[test]
fn tables_are_told_by_what_works_in_them_alone() {
    let chain = |name: &str, targets: &[&str]| {
        let mut text = match name.chars().all(|c| c.is_ascii_uppercase()) {
            true => format!("Chain {name} (policy ACCEPT 0 packets, 0 bytes)\n"),
            false => format!("Chain {name} (1 references)\n"),
        };
        text += " pkts bytes target prot opt in out source destination\n";
        for target in targets {
            let options = match *target {
                "SNAT" | "DNAT" => "to:192.0.2.1",
                "CHECKSUM" => "CHECKSUM fill",
                _ => "",
            };
            text += &format!("0 0 {target} all -- * * 0.0.0.0/0 0.0.0.0/0 {options}\n");
        }
        text + "\n"
    };
    for (chains, wanted) in [
        // Each table as a whole.
        (
            &[("PREROUTING", &[][..]), ("OUTPUT", &[])][..],
            &["raw"; 2][..],
        ),
        (
            &[("PREROUTING", &[]), ("POSTROUTING", &[]), ("OUTPUT", &[])],
            &["nat"; 3],
        ),
        (
            &[("INPUT", &[]), ("FORWARD", &[]), ("POSTROUTING", &[])],
            &["mangle"; 3],
        ),
        // Parts of two, one after another.
        (
            &[
                ("FORWARD", &["REJECT"]),
                ("POSTROUTING", &["x_nat"]),
                ("x_nat", &["SNAT"]),
            ],
            &["filter", "nat", "nat"],
        ),
        (
            &[("OUTPUT", &["ACCEPT"]), ("OUTPUT", &["DNAT"])],
            &["filter", "nat"],
        ),
        (
            &[
                ("POSTROUTING", &["x_p"]),
                ("x_p", &["CHECKSUM"]),
                ("POSTROUTING", &["x_p"]),
                ("x_p", &["SNAT"]),
            ],
            &["mangle", "mangle", "nat", "nat"],
        ),
    ] {
        let text: String = chains
            .iter()
            .map(|(name, targets)| chain(name, targets))
            .collect();
        let listing = read(&text);
        let found: Vec<&str> = names(&listing)
            .iter()
            .flat_map(|(_, table, chains)| vec![*table; chains.len()])
            .collect();
        assert_eq!(found, wanted, "{text}");
        assert_eq!(listing.unread, []);
    }
}

#[test]
fn headings_name_tables_until_chains_contradict_them() {
    let input = "Chain INPUT (policy ACCEPT)\ntarget prot opt source destination\n\n";
    let forward = "Chain FORWARD (policy ACCEPT)\ntarget prot opt source destination\n\n";
    for (heading, wanted) in [
        ("Table: mangle", "mangle"),
        ("*security", "security"),
        ("# IPv6 nat table", "nat"),
        ("$ ip6tables-legacy -n -L -t nat", "nat"),
        ("$ iptables -L; ip6tables -t nat -L", "filter"),
        ("we looked at the nat table, and", "filter"),
    ] {
        let listing = read(&format!("{heading}\n{input}"));
        assert_eq!(names(&listing)[0].1, wanted, "{heading}");
        let ipv6 = heading.contains('6') && !heading.contains(';');
        assert_eq!(names(&listing)[0].0 == TableFamily::Ip6, ipv6, "{heading}");
    }
    let listing = read(&format!("*nat\n{input}{forward}{input}"));
    let tables: Vec<&str> = names(&listing).iter().map(|(_, table, _)| *table).collect();
    assert_eq!(tables, ["nat", "filter"]);
    let twice = read(&format!(
        "*filter\n{input}*filter\n{input}*filter\n{forward}"
    ));
    assert_eq!(names(&twice)[1].2, ["INPUT", "FORWARD"]);
    assert_eq!(
        twice.losses[2].kind,
        LossKind::Again("filter"),
        "{:?}",
        twice.losses
    );
}

#[test]
fn nothing_that_may_have_been_a_rule_is_prose() {
    let listing = read(
        "as I said\n-A INPUT -j DROP\nChain INPUT (policy ACCEPT)\n\
         target prot opt source destination\nDROP broken\n\nDROP -- broken\n\
         ACCEPT all 192.0.2.1\n# Warning: iptables-legacy tables present\nthanks\n",
    );
    let lines = |lines: &[usize]| lines.to_vec();
    let unread: Vec<usize> = listing.unread.iter().map(|unread| unread.line).collect();
    let remarks: Vec<usize> = listing.remarks.iter().map(|remark| remark.line).collect();
    assert_eq!(
        (unread, remarks),
        (lines(&[2, 5, 7, 8]), lines(&[1, 9, 10]))
    );
}

#[test]
fn old_and_odd_columns_are_read() {
    let listing = read(
        "| Chain INPUT (policy ACCEPT 0 packets, 0 bytes)\r\n\
         | pkts bytes target prot opt in out source destination\r\n\
         | 1 2 ACCEPT     all      lo     any     anywhere             anywhere\r\n\
         | 1 2          tcp  any    any     2001:db8::/32   !fe80::/10          tcp dpt:http\r\n\
         | 1 2 DROP      !tcp  -f  !eth+  *       ::/0       ::/0\r\n\
         | 1 2 tcp        6    --  *      *       ::/0       ::/0\r\n\
         | x y DROP       all      *      *       ::/0       ::/0\r\n\
         | 99999999999999999999T 2 DROP all  --  *  *  ::/0  ::/0\r\n",
    );
    let table = &listing.ruleset.tables[0];
    assert_eq!(table.family, TableFamily::Ip6);
    let targets: Vec<&Target> = table.chains[0]
        .rules
        .iter()
        .map(|rule| &rule.target)
        .collect();
    let chain = Target::Jump("tcp".into());
    assert_eq!(
        targets,
        [
            &Target::Accept,
            &Target::Continue,
            &Target::Drop,
            &chain,
            &Target::Drop
        ]
    );
    assert_eq!(
        table.chains[0].rules[4]
            .counter
            .map(|counter| counter.packets),
        Some(u64::MAX)
    );
    let lines: Vec<usize> = listing.unread.iter().map(|unread| unread.line).collect();
    assert_eq!(lines, [7]);
}
