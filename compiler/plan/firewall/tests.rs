//! What is to be loaded, to the letter. That real tools take it is seen in `tests/tools`.

use proptest::prelude::*;

use super::*;
use crate::backend::{iptables as restore, nftables as nft};
use crate::firewall::{Bound, Match, NetworkPolicy, Policy, Ruleset};
use crate::lower::layout::samples::{
    default_network, lab_network, many, masqueraded, name, policies,
};
use crate::lower::{FirewallLayout, encode};

fn policy(networks: &[NetworkPolicy]) -> Policy {
    Policy {
        networks: networks.to_vec(),
    }
}

fn made(networks: &[NetworkPolicy], layout: FirewallLayout) -> Ruleset {
    encode(&policy(networks), layout)
}

/// The text for iptables of IPv4; nothing if nothing changes.
fn text_of(delta: Option<Delta>) -> String {
    delta.map(|delta| delta.text).unwrap_or_default()
}

fn saved(text: &str) -> Ruleset {
    let read = restore::parse(text, Family::Ipv4);
    assert_eq!(read.unread, []);
    read.value
}

fn print(ruleset: &Ruleset) -> String {
    restore::print(ruleset, Family::Ipv4).unwrap()
}

/// Rules with handles, as nft lists them with `-a`.
fn numbered(mut ruleset: Ruleset) -> Ruleset {
    let chains = ruleset
        .tables
        .iter_mut()
        .flat_map(|table| &mut table.chains);
    for (number, rule) in chains.flat_map(|chain| &mut chain.rules).enumerate() {
        rule.handle = Some(number as u64 + 100);
    }
    ruleset
}

const IPTABLES: FirewallLayout = FirewallLayout::Iptables;
const LANWRIGHT: FirewallLayout = FirewallLayout::Lanwright;
const LIBVIRT: FirewallLayout = FirewallLayout::LibvirtNftables;

/// A network that leaves little to read: nothing crosses its border.
fn lonely() -> NetworkPolicy {
    NetworkPolicy {
        dhcp_checksum: false,
        subnets: Vec::new(),
        ..default_network()
    }
}

proptest! {
    #[test]
    fn what_is_there_needs_nothing(policy in policies()) {
        let none = Ruleset::default();
        let there = encode(&policy, IPTABLES);
        for family in [Family::Ipv4, Family::Ipv6] {
            prop_assert_eq!(iptables(&there, &none, &there, family), None);
            prop_assert_eq!(iptables(&there, &there, &there, family), None);
        }
        for layout in [LANWRIGHT, LIBVIRT] {
            let there = encode(&policy, layout);
            prop_assert_eq!(nftables(&there, &none, &numbered(there.clone())), None);
        }
    }

    /// Whatever stood there, making a text of it does not fail.
    #[test]
    fn any_state_leads_to_any_other(before in policies(), after in policies()) {
        let (one, other) = (encode(&after, IPTABLES), encode(&before, IPTABLES));
        iptables(&one, &other, &other, Family::Ipv4);
        iptables(&one, &other, &other, Family::Ipv6);
        for layout in [LANWRIGHT, LIBVIRT] {
            let (one, other) = (encode(&after, layout), encode(&before, layout));
            nftables(&one, &other, &numbered(other.clone()));
        }
    }
}

#[test]
fn nothing_of_nothing_needs_nothing() {
    let none = Ruleset::default();
    assert_eq!(iptables(&none, &none, &none, Family::Ipv4), None);
    assert_eq!(nftables(&none, &none, &none), None);
    let gone = made(&[lab_network()], IPTABLES);
    assert_eq!(iptables(&none, &gone, &none, Family::Ipv6), None);
    for layout in [LANWRIGHT, LIBVIRT] {
        assert_eq!(
            nftables(&none, &made(&[lab_network()], layout), &none),
            None
        );
    }
}

#[test]
fn chains_of_iptables_are_made_with_their_jumps() {
    let wanted = made(&[lonely()], IPTABLES);
    let observed = saved("*filter\n:INPUT DROP [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n");
    let delta = iptables(&wanted, &Ruleset::default(), &observed, Family::Ipv4).unwrap();
    assert_eq!(delta.tool, RuleLoader::Iptables);
    let text = delta.text;
    assert!(
        text.starts_with("*filter\n:LIBVIRT_FWI - [0:0]\n"),
        "{text}"
    );
    let jumps = "-I FORWARD 1 -j LIBVIRT_FWX\n-I FORWARD 2 -j LIBVIRT_FWI\n\
                 -I FORWARD 3 -j LIBVIRT_FWO\n";
    assert!(text.contains(jumps), "{text}");
    assert!(!text.contains(":INPUT"), "{text}");
    assert!(text.contains("*mangle\n:LIBVIRT_PRT - [0:0]\n-I POSTROUTING 1 -j LIBVIRT_PRT\n"));
    assert_eq!(delta.changes[0].object, "chain filter LIBVIRT_FWI");
    let action = "add 1 rule (virbr0)".to_owned();
    assert!(delta.changes.iter().any(|change| change.action == action));
}

#[test]
fn a_jump_that_stands_twice_stands_once() {
    let wanted = made(&[lonely()], IPTABLES);
    let twice = print(&wanted).replace(
        "-A FORWARD -j LIBVIRT_FWO\n",
        "-A FORWARD -j LIBVIRT_FWO\n-A FORWARD -i eth7 -j DROP\n-A FORWARD -j LIBVIRT_FWI\n",
    );
    let text = text_of(iptables(
        &wanted,
        &Ruleset::default(),
        &saved(&twice),
        Family::Ipv4,
    ));
    assert_eq!(text, "*filter\n-D FORWARD 5\nCOMMIT\n");
}

/// The rule is deleted as it stands there, whatever it is commented with.
#[test]
fn a_changed_network_of_iptables_stays_where_it_was() {
    let before = made(&[lonely()], IPTABLES);
    let after = NetworkPolicy {
        tftp: true,
        ..lonely()
    };
    let (before, after) = (before, made(&[after], IPTABLES));
    let text = print(&before)
        .replace(
            "-A LIBVIRT_OUT -o virbr0 -p udp -m udp --dport 53 -j ACCEPT\n",
            "-A LIBVIRT_OUT -o virbr9 -j DROP\n\
             -A LIBVIRT_OUT -o virbr0 -p udp -m udp --dport 53 -m comment --comment x -j ACCEPT\n",
        )
        .replace(
            "-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT\n",
            "-A LIBVIRT_INP -i virbr9 -j DROP\n\
             -A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT\n",
        );
    let there = saved(&text);
    assert_eq!(
        text_of(iptables(&after, &before, &there, Family::Ipv4)),
        "*filter\n\
         -I LIBVIRT_INP 2 -i virbr0 -p udp -m udp --dport 69 -j ACCEPT\n\
         -I LIBVIRT_OUT 2 -o virbr0 -p udp -m udp --dport 69 -j ACCEPT\n\
         COMMIT\n"
    );
    let down = text_of(iptables(&Ruleset::default(), &before, &there, Family::Ipv4));
    let deleted = "-D LIBVIRT_OUT -o virbr0 -p udp -m udp --dport 53 \
                   -m comment --comment x -j ACCEPT\n";
    assert!(down.contains(deleted), "{down}");
    assert!(
        !down.contains("-X"),
        "somebody else's rules are there: {down}"
    );
}

#[test]
fn the_last_network_of_iptables_takes_the_chains_along() {
    let gone = made(&[lonely()], IPTABLES);
    let down = |text: &str| {
        text_of(iptables(
            &Ruleset::default(),
            &gone,
            &saved(text),
            Family::Ipv4,
        ))
    };
    let text = down(&print(&gone));
    let end = "-D INPUT -j LIBVIRT_INP\n-D FORWARD -j LIBVIRT_FWX\n-D FORWARD -j LIBVIRT_FWI\n\
               -D FORWARD -j LIBVIRT_FWO\n-D OUTPUT -j LIBVIRT_OUT\n-X LIBVIRT_FWI\n\
               -X LIBVIRT_FWO\n-X LIBVIRT_FWX\n-X LIBVIRT_INP\n-X LIBVIRT_OUT\nCOMMIT\n";
    assert!(text.contains(end), "{text}");
    // A chain that somebody leads to cannot go.
    let used = print(&gone).replacen("COMMIT", "-A INPUT -i eth7 -j LIBVIRT_FWX\nCOMMIT", 1);
    let text = down(&used);
    assert!(!text.contains("-X LIBVIRT_FWX"), "{text}");
    assert!(text.contains("-X LIBVIRT_FWI"), "{text}");
}

#[test]
fn one_network_of_ours_comes_changes_and_goes() {
    let others = many(3);
    let all = encode(&others, LANWRIGHT);
    let dmz = NetworkPolicy {
        network: name("dmz"),
        bridge: name("virbr9"),
        ..lonely()
    };
    let new = made(std::slice::from_ref(&dmz), LANWRIGHT);
    let text = text_of(nftables(&new, &Ruleset::default(), &numbered(all.clone())));
    assert_eq!(
        text,
        "add chain inet lanwright to-virbr9 {\n\t\tcomment \"dmz\"\n}\n\
         add chain inet lanwright from-virbr9 {\n\t\tcomment \"dmz\"\n}\n\
         add rule inet lanwright to-virbr9 iifname \"virbr9\" counter accept\n\
         add rule inet lanwright to-virbr9 meta nfproto ipv4 counter reject\n\
         add rule inet lanwright from-virbr9 meta nfproto ipv4 counter reject\n\
         add element inet lanwright to { \"virbr9\" comment \"dmz\" : jump to-virbr9 }\n\
         add element inet lanwright from { \"virbr9\" comment \"dmz\" : jump from-virbr9 }\n"
    );
    let mut with = others;
    with.networks.push(dmz.clone());
    let with = numbered(encode(&with, LANWRIGHT));
    let routed = NetworkPolicy {
        subnets: vec![masqueraded("192.0.2.0/24")],
        ..dmz
    };
    let changed = made(&[routed], LANWRIGHT);
    let text = text_of(nftables(&changed, &new, &with));
    let start = "flush chain inet lanwright to-virbr9\nflush chain inet lanwright from-virbr9\n\
                 add chain inet lanwright nat-virbr9 ";
    assert!(text.starts_with(start), "{text}");
    let end = "add element inet lanwright snat4 { 192.0.2.0/24 comment \"dmz\" : \
               jump nat-virbr9 }\n";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(
        text_of(nftables(&Ruleset::default(), &new, &with)),
        "delete element inet lanwright to { \"virbr9\" }\n\
         delete element inet lanwright from { \"virbr9\" }\n\
         flush chain inet lanwright to-virbr9\nflush chain inet lanwright from-virbr9\n\
         delete chain inet lanwright to-virbr9\ndelete chain inet lanwright from-virbr9\n"
    );
    let delta = nftables(&Ruleset::default(), &all, &numbered(all.clone())).unwrap();
    assert_eq!(delta.text, "delete table inet lanwright\n");
    assert_eq!(delta.changes[0].action, "remove it");
}

/// libvirt binds rules to the bridge's number; they mean the same.
#[test]
fn rules_that_libvirt_made_are_taken_as_they_are() {
    let wanted = made(&[default_network()], LIBVIRT);
    let mut there = numbered(wanted.clone());
    let chains = there.tables.iter_mut().flat_map(|table| &mut table.chains);
    for rule in chains.flat_map(|chain| &mut chain.rules) {
        for each in &mut rule.matches {
            if let Match::InDevice { bound, .. } | Match::OutDevice { bound, .. } = each {
                *bound = Bound::Index;
            }
        }
    }
    assert_eq!(nftables(&wanted, &Ruleset::default(), &there), None);
    let down = nftables(&Ruleset::default(), &wanted, &there);
    assert_eq!(
        text_of(down),
        "delete table ip libvirt_network\ndelete table ip6 libvirt_network\n"
    );
    let lab = made(&[lab_network()], LIBVIRT);
    let text = text_of(nftables(&lab, &wanted, &there));
    let input = "delete rule ip libvirt_network guest_input handle 105\n";
    assert!(text.contains(input), "{text}");
    let new = text_of(nftables(&lab, &Ruleset::default(), &there));
    let head = "insert rule ip libvirt_network guest_cross handle 107 iifname \"virbr1\" \
                oifname \"virbr1\" counter accept\n";
    assert!(new.contains(head), "{new}");
}

#[test]
fn texts_of_nft_are_read_as_what_they_make() {
    for layout in [LANWRIGHT, LIBVIRT] {
        let wanted = made(&[default_network(), lab_network()], layout);
        let delta = nftables(&wanted, &Ruleset::default(), &Ruleset::default());
        let read = nft::parse(&text_of(delta));
        assert_eq!(read.unread, [], "{layout}");
        assert_eq!(nftables(&wanted, &Ruleset::default(), &read.value), None);
    }
}
