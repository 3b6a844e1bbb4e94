//! Rows of listings against the rules of dumps.

mod hostile;
mod page;

use super::*;
use crate::backend::iptables::parse;

fn read(text: &str) -> Listing {
    read_listing(text, Family::Ipv4)
}

/// The rule of `iptables-save` in a chain `X`, which leads to `DOCKER` at most.
fn saved(rule: &str) -> Rule {
    let text = format!("*filter\n:X - [0:0]\n:DOCKER - [0:0]\n-A X {rule}\nCOMMIT\n");
    let read = parse(&text, Family::Ipv4);
    assert_eq!(read.unread, [], "{rule}");
    read.value.tables[0].chains[0].rules[0].clone()
}

/// The one rule whose target is `target` and whose extras are `extras`.
fn listed(target: &str, protocol: &str, extras: &str) -> (Rule, Listing) {
    let text = format!(
        "Chain X (1 references)\n\
         pkts bytes target prot opt in out source destination\n\
         0 0 {target} {protocol} -- * * 0.0.0.0/0 0.0.0.0/0 {extras}\n\
         Chain DOCKER (1 references)\n\
         pkts bytes target prot opt in out source destination\n"
    );
    let listing = read(&text);
    assert_eq!(listing.unread, [], "{extras}");
    (
        listing.ruleset.tables[0].chains[0].rules[0].clone(),
        listing,
    )
}

#[test]
fn matches_are_those_of_a_dump() {
    for (protocol, extras, rule) in [
        ("6", "tcp dpt:22", "-p tcp -m tcp --dport 22"),
        (
            "tcp",
            "tcp spts:1024:65535 dpt:!22",
            "-p tcp -m tcp --sport 1024:65535 ! --dport 22",
        ),
        (
            "udp",
            "udp dpts:bootps:bootpc",
            "-p udp -m udp --dport 67:68",
        ),
        (
            "all",
            "state RELATED,ESTABLISHED",
            "-m state --state RELATED,ESTABLISHED",
        ),
        (
            "0",
            "! ctstate NEW ctdir ORIGINAL",
            "-m conntrack ! --ctstate NEW --ctdir ORIGINAL",
        ),
        ("icmp", "icmptype 8", "-p icmp -m icmp --icmp-type 8"),
        (
            "icmp",
            "icmp !type 3 code 4",
            "-p icmp -m icmp ! --icmp-type 3/4",
        ),
        ("icmp", "icmp echo-request", "-p icmp -m icmp --icmp-type 8"),
        ("icmp", "icmptype 255", "-p icmp -m icmp --icmp-type any"),
        (
            "tcp",
            "multiport sports  !80,443,1000:2000",
            "-p tcp -m multiport ! --sports 80,443,1000:2000",
        ),
        ("all", "mark match ! 0x1/0xff", "-m mark ! --mark 0x1/0xff"),
        ("all", "connmark match  0x1", "-m connmark --mark 0x1"),
        (
            "all",
            "limit: avg 5/min burst 7",
            "-m limit --limit 5/min --limit-burst 7",
        ),
        (
            "all",
            "source IP range 192.0.2.1-192.0.2.9",
            "-m iprange --src-range 192.0.2.1-192.0.2.9",
        ),
        (
            "all",
            "! match-set a\"b src,dst",
            "-m set ! --match-set \"a\\\"b\" src,dst",
        ),
        (
            "all",
            "PHYSDEV match ! --physdev-in vnet0 --physdev-is-bridged",
            "-m physdev ! --physdev-in vnet0 --physdev-is-bridged",
        ),
        (
            "all",
            "ADDRTYPE match src-type UNICAST dst-type !LOCAL limit-in",
            "-m addrtype --src-type UNICAST ! --dst-type LOCAL --limit-iface-in",
        ),
        (
            "tcp",
            "tcp flags:0x17/0x02",
            "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
        ),
        (
            "all",
            "MAC ! 52:54:00:00:00:01",
            "-m mac ! --mac-source 52:54:00:00:00:01",
        ),
        (
            "all",
            "! owner UID match 0-99 owner GID match 100",
            "-m owner ! --uid-owner 0-99 --gid-owner 100",
        ),
        (
            "all",
            "PKTTYPE != multicast",
            "-m pkttype ! --pkt-type multicast",
        ),
        (
            "all",
            "#conn src/32 > 3",
            "-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr",
        ),
        (
            "all",
            "/* it's \"a\" */",
            "-m comment --comment \"it\\'s \\\"a\\\"\"",
        ),
        (
            "all",
            "/* a */ b */ ctstate NEW",
            "-m comment --comment \"a */ b\" -m conntrack --ctstate NEW",
        ),
    ] {
        let (rule_read, listing) = listed("ACCEPT", protocol, extras);
        assert_eq!(rule_read, saved(&format!("{rule} -j ACCEPT")), "{extras}");
        let told = listing
            .losses
            .iter()
            .filter(|loss| !matches!(loss.kind, LossKind::Table(_)));
        assert_eq!(told.count(), 0, "{extras}: {:?}", listing.losses);
    }
}

#[test]
fn targets_are_those_of_a_dump() {
    for (target, extras, rule) in [
        ("ACCEPT", "", "-j ACCEPT"),
        ("", "", ""),
        ("DOCKER", "", "-j DOCKER"),
        ("DOCKER", "[goto] ", "-g DOCKER"),
        (
            "DOCKER",
            "[goto]  ctstate NEW",
            "-m conntrack --ctstate NEW -g DOCKER",
        ),
        (
            "REJECT",
            "reject-with icmp-admin-prohibited",
            "-j REJECT --reject-with icmp-admin-prohibited",
        ),
        (
            "LOG",
            "LOG flags 0 level 4 prefix \"x \"y z \"",
            "-j LOG --log-prefix \"x \\\"y z \"",
        ),
        (
            "LOG",
            "LOG flags 9 level 7 prefix `a '",
            "-j LOG --log-prefix \"a \" --log-level 7 --log-tcp-sequence --log-uid",
        ),
        (
            "LOG",
            "LOG level warn tcp-options prefix \"a\"",
            "-j LOG --log-prefix a --log-tcp-options",
        ),
        (
            "DNAT",
            "to:192.0.2.1-192.0.2.9:80-90 random persistent",
            "-j DNAT --to-destination 192.0.2.1-192.0.2.9:80-90 --random --persistent",
        ),
        ("SNAT", "to:192.0.2.7", "-j SNAT --to-source 192.0.2.7"),
        (
            "MASQUERADE",
            "masq ports: 1024-65535 random",
            "-j MASQUERADE --to-ports 1024-65535 --random",
        ),
        (
            "REDIRECT",
            "redir ports 3128",
            "-j REDIRECT --to-ports 3128",
        ),
        (
            "NETMAP",
            "to:198.51.100.0/24",
            "-j NETMAP --to 198.51.100.0/24",
        ),
        ("MARK", "MARK set 0x1", "-j MARK --set-xmark 0x1/0xffffffff"),
        (
            "MARK",
            "MARK and 0xff",
            "-j MARK --set-xmark 0x0/0xffffff00",
        ),
        (
            "CONNMARK",
            "CONNMARK restore mask 0xff",
            "-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff",
        ),
        ("CHECKSUM", "CHECKSUM fill", "-j CHECKSUM --checksum-fill"),
        (
            "TCPMSS",
            "TCPMSS clamp to PMTU",
            "-j TCPMSS --clamp-mss-to-pmtu",
        ),
        (
            "NFLOG",
            "nflog-prefix \"a b\" nflog-group 5",
            "-j NFLOG --nflog-prefix \"a b\" --nflog-group 5",
        ),
    ] {
        let (rule_read, _) = listed(target, "all", extras);
        assert_eq!(rule_read, saved(rule), "{extras}");
    }
}

#[test]
fn what_is_not_understood_is_kept_word_for_word() {
    let (rule, listing) = listed("ACCEPT", "tcp", "frobnicate a  b tcp dpt:22 quux");
    assert_eq!(
        rule.matches,
        [
            Match::Other("frobnicate a  b".into()),
            saved("-p tcp -m tcp --dport 22").matches[0].clone(),
            Match::Other("quux".into()),
        ]
    );
    let lost = ["frobnicate a  b", "quux"].map(|words| LossKind::Words(words.to_owned()));
    let kinds = listing.losses.into_iter().map(|loss| loss.kind);
    let words: Vec<LossKind> = kinds
        .filter(|kind| matches!(kind, LossKind::Words(_)))
        .collect();
    assert_eq!(words, lost);
}

#[test]
fn remarks_end_a_rule() {
    for remark in [
        "<-- this one",
        "# comment",
        "<= ?",
        "\u{2190} why",
        "// here",
    ] {
        let (rule, listing) = listed("ACCEPT", "tcp", &format!("tcp dpt:22 {remark}"));
        assert_eq!(rule, saved("-p tcp -m tcp --dport 22 -j ACCEPT"));
        assert_eq!(
            listing.remarks,
            [Remark {
                line: 3,
                text: remark.to_owned()
            }]
        );
    }
}
