//! The law of this room: any policy, encoded in any layout, is read back as far as it can be.

use proptest::prelude::*;

use super::*;
use crate::backend::{iptables, nftables};
use crate::capture::{CapturedRuleset, FileId, RuleTool, Variant};
use crate::firewall::Policy;
use crate::lower::layout::samples::{default_network, lab_network, policies as any_policies};
use crate::lower::{FirewallLayout, encode as lay_out};
use crate::value::encode::nft_comment;

/// A host of which iptables-save told this.
fn iptables_host(ipv4: &str, ipv6: &str) -> Capture {
    let mut capture = Capture::default();
    for (at, (text, family)) in [(ipv4, Family::Ipv4), (ipv6, Family::Ipv6)]
        .into_iter()
        .enumerate()
    {
        let read = iptables::parse(text, family);
        assert_eq!(read.unread, []);
        capture.rulesets.push(CapturedRuleset {
            file: FileId(at),
            tool: RuleTool::Iptables(Variant::Nft, family),
            ruleset: read.value,
            complete: true,
        });
    }
    capture
}

/// A host of which nft told this.
fn nft_host(text: &str) -> Capture {
    let read = nftables::parse(text);
    assert_eq!(read.unread, []);
    let mut capture = Capture::default();
    capture.rulesets.push(CapturedRuleset {
        file: FileId(0),
        tool: RuleTool::Nft,
        ruleset: read.value,
        complete: true,
    });
    capture
}

/// A host that holds this policy.
fn host(policy: &Policy, layout: FirewallLayout) -> Capture {
    let ruleset = lay_out(policy, layout);
    match layout {
        FirewallLayout::Iptables => {
            let [ipv4, ipv6] = [Family::Ipv4, Family::Ipv6]
                .map(|family| iptables::print(&ruleset, family).expect("iptables can say it"));
            iptables_host(&ipv4, &ipv6)
        }
        FirewallLayout::Lanwright | FirewallLayout::LibvirtNftables => {
            nft_host(&nftables::print(&ruleset).expect("nft can say it"))
        }
    }
}

fn read(capture: &Capture) -> Rules {
    policies(capture, &Bridges::new(), &Others::of(capture))
}

/// What can be known of a network from rules of this layout.
fn knowable(network: &NetworkPolicy, layout: FirewallLayout) -> NetworkPolicy {
    let mut known = network.clone();
    known.network = network.bridge.as_str().parse().expect("it is a name");
    known.subnets.sort_by_key(|subnet| Family::of(&subnet.net));
    let ipv6_subnet = known.subnets.iter().any(|it| it.net.addr().is_ipv6());
    if known.subnets.is_empty() {
        known.outlet = None;
    }
    let ports = |translation: &mut Translation| translation.ports = PortRange::UNPRIVILEGED;
    match layout {
        FirewallLayout::Iptables => {}
        FirewallLayout::LibvirtNftables | FirewallLayout::Lanwright => {
            known.ipv6_services = ipv6_subnet;
            known.tftp = false;
            known.dhcp_checksum = false;
        }
    }
    // Nothing lies outside a prefix of length 0, so no rule says what would become of it.
    for subnet in &mut known.subnets {
        let silent = layout != FirewallLayout::LibvirtNftables;
        if let Some(translation) = &mut subnet.translation
            && silent
            && subnet.net.prefix_len() == 0
        {
            translation.addresses = None;
            ports(translation);
        }
    }
    known
}

/// Networks whose subnets are their own, as on one host, and that are what `lower` makes.
fn sane(policy: Policy) -> Policy {
    let mut taken = BTreeSet::new();
    let networks = policy.networks.into_iter().map(|mut network| {
        network.subnets.retain(|subnet| taken.insert(subnet.net));
        let ipv6 = network.families.contains(&Family::Ipv6);
        let subnet = network.subnets.iter().any(|it| it.net.addr().is_ipv6());
        network.ipv6_services = subnet || ipv6 && network.ipv6_services;
        network
    });
    Policy {
        networks: networks.collect(),
    }
}

proptest! {
    #[test]
    fn what_was_encoded_is_recovered(policy in any_policies().prop_map(sane)) {
        for layout in FirewallLayout::ALL {
            let rules = read(&host(&policy, layout));
            let mut expected: Vec<NetworkPolicy> =
                policy.networks.iter().map(|it| knowable(it, layout)).collect();
            expected.sort_by(|one, other| one.bridge.cmp(&other.bridge));
            let found: Vec<NetworkPolicy> =
                rules.networks.iter().map(|it| it.policy.clone()).collect();
            prop_assert_eq!(&found, &expected, "{}", layout);
            prop_assert_eq!(&rules.findings, &[], "{}", layout);
            for network in &rules.networks {
                prop_assert_eq!(&network.findings, &[], "{}", layout);
                prop_assert!(!network.lines.network.is_empty());
                let lines = &network.lines;
                prop_assert!(lines.crossing.iter().all(|lines| !lines.is_empty()));
                let of = policy.networks.iter().find(|it| it.bridge == network.policy.bridge);
                let comment = of.map(|of| nft_comment(of.network.as_str()));
                let whole = comment.is_some_and(|comment| comment.len() < 120);
                let expected = of.map(|of| of.network.clone()).filter(|_| whole);
                let expected = expected.filter(|_| layout == FirewallLayout::Lanwright);
                prop_assert_eq!(&network.name, &expected);
            }
        }
    }
}

fn two() -> Policy {
    Policy {
        networks: vec![default_network(), lab_network()],
    }
}

fn iptables_text() -> (String, String) {
    let ruleset = lay_out(&two(), FirewallLayout::Iptables);
    let print = |family| iptables::print(&ruleset, family).expect("iptables can say it");
    (print(Family::Ipv4), print(Family::Ipv6))
}

/// The kinds and messages of what is found when the text was changed like this.
fn findings_after(change: impl Fn(&str) -> String) -> Vec<String> {
    let (ipv4, ipv6) = iptables_text();
    let rules = read(&iptables_host(&change(&ipv4), &ipv6));
    let of_networks = rules.networks.iter().flat_map(|network| &network.findings);
    let all = of_networks.chain(&rules.findings);
    all.map(|finding| format!("{:?}: {}", finding.kind, finding.message))
        .collect()
}

fn without(text: &str, line: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|each| *each != line).collect();
    assert_eq!(lines.len() + 1, text.lines().count(), "{line}");
    lines.join("\n") + "\n"
}

#[test]
fn every_rule_that_is_missing_is_said() {
    let (ipv4, _) = iptables_text();
    let rules: Vec<&str> = ipv4
        .lines()
        .filter(|it| it.starts_with("-A LIBVIRT_"))
        .collect();
    assert!(rules.len() > 30);
    for line in rules {
        // The policy says that there is DHCP and TFTP by these rules alone.
        let alone = line.contains("CHECKSUM");
        let found = findings_after(|text| without(text, line));
        assert_eq!(found.is_empty(), alone, "{line}: {found:?}");
    }
}

#[test]
fn every_rule_that_stands_twice_is_said() {
    let (ipv4, _) = iptables_text();
    for line in ipv4.lines().filter(|it| it.starts_with("-A LIBVIRT_")) {
        let found = findings_after(|text| text.replace(line, &format!("{line}\n{line}")));
        assert!(!found.is_empty(), "{line}");
    }
}

#[test]
fn rules_of_others_in_our_chains_are_said() {
    let drop = "-A LIBVIRT_FWI -o virbr0 -p tcp -m tcp --dport 22 -j ACCEPT\n";
    let anchor = "-A LIBVIRT_FWI -o virbr0 -j REJECT";
    let found = findings_after(|text| text.replace(anchor, &format!("{drop}{anchor}")));
    assert_eq!(
        found,
        ["Differs: a rule in the chain LIBVIRT_FWI is none that a network makes"]
    );
    let left = "-A LIBVIRT_PRT -s 203.0.113.0/24 -d 224.0.0.0/24 -j RETURN\n";
    let anchor = "-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN\n";
    let found = findings_after(|text| text.replace(anchor, &format!("{left}{anchor}")));
    assert_eq!(
        found,
        ["Note: rules about the sources of 203.0.113.0/24 belong to no network there is"]
    );
}

#[test]
fn an_accept_that_is_never_asked_is_said() {
    let accept = "-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT\n";
    let reject = "-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable\n";
    let found = findings_after(|text| {
        let moved = text.replace(&format!("{accept}{reject}"), &format!("{reject}{accept}"));
        assert_ne!(moved, text);
        moved
    });
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("lets 192.168.122.0/24 out stands below"),
        "{found:?}"
    );
}

#[test]
fn a_chain_that_nothing_leads_to_is_said() {
    let found = findings_after(|text| without(text, "-A FORWARD -j LIBVIRT_FWI"));
    assert_eq!(
        found,
        ["Differs: nothing leads to the chain LIBVIRT_FWI: its rules do nothing"]
    );
    let policy = two();
    let text = nftables::print(&lay_out(&policy, FirewallLayout::Lanwright));
    let text = text.expect("nft can say it");
    let element = "\"virbr0\" comment \"default\" : jump from-virbr0,\n\t\t\t     ";
    let cut = text.replace(element, "");
    assert!(cut != text);
    let rules = read(&nft_host(&cut));
    let messages = rules.networks[0]
        .findings
        .iter()
        .map(|finding| &finding.message);
    assert_eq!(
        messages.collect::<Vec<_>>(),
        ["nothing leads to the chain from-virbr0: its rules do nothing"]
    );
}

#[test]
fn rules_name_their_lines() {
    let (ipv4, ipv6) = iptables_text();
    let rules = read(&iptables_host(&ipv4, &ipv6));
    let line = |origin: &Origin| ipv4.lines().nth(origin.line.unwrap_or(0) - 1);
    let default = &rules.networks[0];
    let lines: Vec<_> = default.lines.translation[0]
        .iter()
        .filter_map(line)
        .collect();
    assert_eq!(lines.len(), 5);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("-A LIBVIRT_PRT -s 192.168.122.0/24 "))
    );
    let lines: Vec<_> = default.lines.network.iter().filter_map(line).collect();
    assert_eq!(lines.len(), 3);
}

#[test]
fn rules_in_built_in_chains_are_an_old_libvirts() {
    let text = "*nat\n:POSTROUTING ACCEPT [0:0]\n\
        -A POSTROUTING -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN\n\
        -A POSTROUTING -s 192.168.122.0/24 -d 255.255.255.255/32 -j RETURN\n\
        -A POSTROUTING -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp \
            -j MASQUERADE --to-ports 1024-65535\n\
        -A POSTROUTING -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p udp \
            -j MASQUERADE --to-ports 1024-65535\n\
        -A POSTROUTING -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE\n\
        COMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\
        -A INPUT -i virbr0 -p udp -m udp --dport 53 -j ACCEPT\n\
        -A INPUT -i virbr0 -p tcp -m tcp --dport 53 -j ACCEPT\n\
        -A INPUT -i virbr0 -p udp -m udp --dport 67 -j ACCEPT\n\
        -A INPUT -i virbr0 -p tcp -m tcp --dport 67 -j ACCEPT\n\
        -A FORWARD -d 192.168.122.0/24 -o virbr0 -m state --state RELATED,ESTABLISHED \
            -j ACCEPT\n\
        -A FORWARD -s 192.168.122.0/24 -i virbr0 -j ACCEPT\n\
        -A FORWARD -i virbr0 -o virbr0 -j ACCEPT\n\
        -A FORWARD -o virbr0 -j REJECT --reject-with icmp-port-unreachable\n\
        -A FORWARD -i virbr0 -j REJECT --reject-with icmp-port-unreachable\n\
        -A FORWARD -i eth0 -o eth1 -j ACCEPT\n\
        -A OUTPUT -o virbr0 -p udp -m udp --dport 68 -j ACCEPT\nCOMMIT\n";
    let rules = read(&iptables_host(text, ""));
    let [network] = rules.networks.as_slice() else {
        unreachable!("{rules:?}");
    };
    assert_eq!(network.arrangement, Arrangement::LibvirtBuiltIn);
    let expected = NetworkPolicy {
        network: "virbr0".parse().expect("it is a name"),
        dhcp_checksum: false,
        ..default_network()
    };
    assert_eq!(network.policy, expected);
    assert_eq!((&network.findings, &rules.findings), (&vec![], &vec![]));
}

#[test]
fn a_guide_makes_a_network_too() {
    let bridges = |bridge: &str, net: &str| {
        let parsed = (
            bridge.parse().expect("a name"),
            vec![net.parse().expect("a prefix")],
        );
        Bridges::from([parsed])
    };
    let text = "*nat\n:POSTROUTING ACCEPT [0:0]\n\
        -A POSTROUTING -s 192.0.2.0/24 -o eth0 -j MASQUERADE\nCOMMIT\n\
        *filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n\
        -A FORWARD -i br0 -o eth0 -j ACCEPT\n\
        -A FORWARD -i eth0 -o br0 -m state --state RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n";
    let host = iptables_host(text, "");
    let bridges = bridges("br0", "192.0.2.1/24");
    let rules = policies(&host, &bridges, &Others::of(&host));
    let [network] = rules.networks.as_slice() else {
        unreachable!("{rules:?}");
    };
    assert_eq!(network.arrangement, Arrangement::ByHand);
    let policy = &network.policy;
    assert_eq!(policy.outlet.as_ref().map(|it| it.as_str()), Some("eth0"));
    assert_eq!(policy.subnets[0].net.to_string(), "192.0.2.0/24");
    assert!(policy.subnets[0].translation.is_some());
    assert_eq!(network.lines.crossing[0].len(), 2);
    // Without the bridge nothing says which of the two it is.
    assert_eq!(read(&iptables_host(text, "")).networks, []);
}
