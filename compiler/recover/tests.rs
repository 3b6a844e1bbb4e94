//! Whole hosts, as small as they can be, each with one thing that is not as usual.

use super::*;
use crate::capture::{Definition, FileId, Text, read};
use crate::diagnostic::Sink;
use crate::network::Network;
use crate::source::{Source, SourceId};
use crate::xml;

const RULES: &str = "*nat\n:POSTROUTING ACCEPT [0:0]\n:LIBVIRT_PRT - [0:0]\n\
    -A POSTROUTING -j LIBVIRT_PRT\n\
    -A LIBVIRT_PRT -s 192.0.2.0/24 -d 224.0.0.0/24 -j RETURN\n\
    -A LIBVIRT_PRT -s 192.0.2.0/24 -d 255.255.255.255/32 -j RETURN\n\
    -A LIBVIRT_PRT -s 192.0.2.0/24 ! -d 192.0.2.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535\n\
    -A LIBVIRT_PRT -s 192.0.2.0/24 ! -d 192.0.2.0/24 -p udp -j MASQUERADE --to-ports 1024-65535\n\
    -A LIBVIRT_PRT -s 192.0.2.0/24 ! -d 192.0.2.0/24 -j MASQUERADE\nCOMMIT\n\
    *filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\
    :LIBVIRT_FWI - [0:0]\n:LIBVIRT_FWO - [0:0]\n:LIBVIRT_FWX - [0:0]\n\
    :LIBVIRT_INP - [0:0]\n:LIBVIRT_OUT - [0:0]\n\
    -A INPUT -j LIBVIRT_INP\n-A FORWARD -j LIBVIRT_FWX\n-A FORWARD -j LIBVIRT_FWI\n\
    -A FORWARD -j LIBVIRT_FWO\n-A OUTPUT -j LIBVIRT_OUT\n\
    -A LIBVIRT_FWI -d 192.0.2.0/24 -o virbr9 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
    -A LIBVIRT_FWI -o virbr9 -j REJECT --reject-with icmp-port-unreachable\n\
    -A LIBVIRT_FWO -s 192.0.2.0/24 -i virbr9 -j ACCEPT\n\
    -A LIBVIRT_FWO -i virbr9 -j REJECT --reject-with icmp-port-unreachable\n\
    -A LIBVIRT_FWX -i virbr9 -o virbr9 -j ACCEPT\n\
    -A LIBVIRT_INP -i virbr9 -p udp -m udp --dport 53 -j ACCEPT\n\
    -A LIBVIRT_INP -i virbr9 -p tcp -m tcp --dport 53 -j ACCEPT\n\
    -A LIBVIRT_INP -i virbr9 -p udp -m udp --dport 67 -j ACCEPT\n\
    -A LIBVIRT_INP -i virbr9 -p tcp -m tcp --dport 67 -j ACCEPT\n\
    -A LIBVIRT_OUT -o virbr9 -p udp -m udp --dport 53 -j ACCEPT\n\
    -A LIBVIRT_OUT -o virbr9 -p tcp -m tcp --dport 53 -j ACCEPT\n\
    -A LIBVIRT_OUT -o virbr9 -p udp -m udp --dport 68 -j ACCEPT\n\
    -A LIBVIRT_OUT -o virbr9 -p tcp -m tcp --dport 68 -j ACCEPT\nCOMMIT\n";

const LINKS: &str = r#"[{"ifname":"virbr9","flags":["UP"],"mtu":1500,"link_type":"ether",
    "address":"52:54:00:00:00:09","linkinfo":{"info_kind":"bridge","info_data":
    {"forward_delay":200,"stp_state":1,"vlan_filtering":0}}}]"#;

const ADDRESSES: &str = r#"[{"ifname":"virbr9","addr_info":[
    {"family":"inet","local":"192.0.2.1","prefixlen":24,"scope":"global"}]}]"#;

const CONF: &str = "strict-order\npid-file=/run/libvirt/network/lab.pid\nexcept-interface=lo\n\
    bind-dynamic\ninterface=virbr9\naddn-hosts=/var/lib/libvirt/dnsmasq/lab.addnhosts\n";

/// A host with the network `lab`; `more` comes in addition, or in place of what is called so.
fn host(more: &[(&str, &str)]) -> Capture {
    let usual = [
        ("addr.json", ADDRESSES),
        ("dnsmasq/lab.conf", CONF),
        ("iptables-save.txt", RULES),
        ("link.json", LINKS),
    ];
    let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
    let usual = usual.iter().filter(|(name, _)| !replaced(name));
    let texts = usual.chain(more).map(|(name, text)| Text {
        name: (*name).to_owned(),
        bytes: text.as_bytes().to_vec(),
    });
    read(texts.collect())
}

fn network(text: &str) -> Network {
    let mut sink = Sink::default();
    let declared = xml::read(SourceId(0), &Source::new("a.xml", text), &mut sink);
    declared.expect("it is fine").network
}

/// The only network of a host, and the messages of its gaps.
fn only(capture: &Capture) -> (Recovered, Vec<String>) {
    let mut recovery = recover(capture);
    assert_eq!(recovery.networks.len(), 1, "{recovery:#?}");
    let recovered = recovery.networks.remove(0);
    let gaps = recovered.gaps().map(|gap| gap.message.clone()).collect();
    (recovered, gaps)
}

#[test]
fn a_whole_host_has_no_gaps() {
    let (recovered, gaps) = only(&host(&[]));
    let expected = network(
        "<network><name>lab</name><forward mode='nat'/><bridge name='virbr9'/>\
         <mac address='52:54:00:00:00:09'/><ip address='192.0.2.1' prefix='24'/></network>",
    );
    assert_eq!(recovered.network, expected);
    assert_eq!(gaps, Vec::<String>::new());
    let of = |element: Element| {
        let mut evidence = recovered.evidence.iter();
        evidence
            .find(|each| each.element == element)
            .map(|each| each.origins.len())
    };
    assert_eq!(of(Element::Name), Some(1));
    assert_eq!(of(Element::Ip(0)), Some(1 + 2 + 5));
}

#[test]
fn a_definition_is_the_base() {
    let mut capture = host(&[]);
    let text = "<network><name>lab</name><uuid>11111111-2222-4333-8444-555555555555</uuid>\
        <title>The lab</title><forward mode='nat'/><ip address='192.0.2.1' prefix='24'/>\
        <portgroup name='a'/></network>";
    capture.definitions.push(Definition {
        file: FileId(0),
        network: network(text),
        live: false,
    });
    let (recovered, gaps) = only(&capture);
    assert_eq!(gaps, Vec::<String>::new());
    assert_eq!(
        recovered.network.title.as_ref().map(|it| it.as_str()),
        Some("The lab")
    );
    assert_eq!(
        recovered.network.named_bridge().map(|it| it.as_str()),
        Some("virbr9")
    );

    let other = text
        .replace("192.0.2.1", "198.51.100.1")
        .replace("'nat'", "'route'");
    capture.definitions[0].network = network(&other);
    let (recovered, gaps) = only(&capture);
    assert_eq!(recovered.network.mode(), Some("route"));
    assert_eq!(
        gaps,
        [
            "the mode: its definition says route, the host nat",
            "the addresses: its definition says 198.51.100.1/24, the host 192.0.2.1/24"
        ]
    );
}

#[test]
fn networks_without_a_bridge_are_known_from_definitions() {
    let mut capture = host(&[]);
    for text in [
        "<network><name>wire</name><forward mode='vepa' dev='eth7'/></network>",
        "<network><name>off</name><bridge name='virbr8'/></network>",
    ] {
        capture.definitions.push(Definition {
            file: FileId(1),
            network: network(text),
            live: false,
        });
    }
    let recovery = recover(&capture);
    let names = recovery.networks.iter().map(|it| it.network.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["lab", "wire", "off"]);
    let notes = recovery.networks[2]
        .findings
        .iter()
        .map(|it| it.message.as_str());
    let expected = "the network is defined, but does not run: nothing on the host is of it";
    assert_eq!(notes.collect::<Vec<_>>(), [expected]);
}

#[test]
fn what_is_left_of_a_network_is_none() {
    let empty: Vec<&str> = RULES
        .lines()
        .filter(|line| !line.starts_with("-A LIBVIRT_"))
        .collect();
    let empty = empty.join("\n") + "\n";
    let more = [
        ("iptables-save.txt", empty.as_str()),
        ("link.json", "[]"),
        ("addr.json", "[]"),
    ];
    let recovery = recover(&host(&more));
    assert_eq!(recovery.networks, []);
    let notes = recovery.findings.iter().map(|it| it.message.as_str());
    assert_eq!(
        notes.collect::<Vec<_>>(),
        [
            "libvirt's iptables chains are there and empty: no network is up that they are for",
            "dnsmasq's files of 'lab' are left over: its bridge virbr9 is gone"
        ]
    );
}

#[test]
fn what_is_refused_is_left_out_and_said() {
    let routes = r#"[{"dst":"198.51.100.0/24","gateway":"203.0.113.9","dev":"virbr9","metric":1},
        {"dst":"198.51.100.0/25","gateway":"192.0.2.9","dev":"virbr9","metric":1}]"#;
    let (recovered, gaps) = only(&host(&[("route.json", routes)]));
    let routes = recovered.network.as_virtual().map(|it| it.routes.len());
    assert_eq!(routes, Some(1));
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].contains("203.0.113.9"), "{gaps:?}");
    let kept = recovered
        .evidence
        .iter()
        .any(|it| it.element == Element::Route(1));
    assert!(!kept);
}

#[test]
fn addresses_and_rules_that_disagree_are_said() {
    let addresses = ADDRESSES.replace("192.0.2.1", "198.51.100.1");
    let (_, gaps) = only(&host(&[("addr.json", &addresses)]));
    assert_eq!(
        gaps,
        [
            "no rule lets 198.51.100.0/24 cross the border as those of its network do",
            "the host knows the subnet 192.0.2.0/24 but has no address in it"
        ]
    );
}

#[test]
fn lines_that_dnsmasq_was_told_beyond_its_network_are_said() {
    let conf = CONF.replace("addn-hosts", "no-resolv\naddn-hosts");
    let (_, gaps) = only(&host(&[("dnsmasq/lab.conf", &conf)]));
    assert_eq!(gaps, ["dnsmasq was told 'no-resolv'"]);
}

#[test]
fn two_networks_of_one_name_are_set_apart() {
    let second = LINKS.replace("virbr9", "br5").replace("00:09", "00:05");
    let both = format!(
        "{},{}",
        LINKS.trim_end_matches(']'),
        second.trim_start_matches('[')
    );
    let conf = CONF.replace("virbr9", "br5");
    let more = [
        ("link.json", both.as_str()),
        ("dnsmasq/more/lab.conf", conf.as_str()),
    ];
    let recovery = recover(&host(&more));
    let names: Vec<&str> = recovery
        .networks
        .iter()
        .map(|it| it.network.name.as_str())
        .collect();
    assert_eq!(names, ["lab", "lab-virbr9"]);
}

#[test]
fn any_bytes_are_a_host() {
    for text in [
        "*filter\n-A",
        "[{\"ifname\":",
        "<network",
        "interface=\n",
        "table ip x {",
    ] {
        let texts = [
            "iptables-save.txt",
            "link.json",
            "a.xml",
            "x.conf",
            "nft.txt",
        ];
        let texts = texts.map(|name| Text {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
        });
        assert_eq!(recover(&read(texts.to_vec())).networks, []);
    }
}

#[test]
fn what_all_ports_of_guests_have_is_the_networks() {
    let port = |name: &str, isolated: bool| {
        format!(
            r#"{{"ifname":"{name}","master":"virbr9","isolated":{isolated},"learning":true}},
            {{"ifname":"{name}","vlans":[{{"vlan":42,"flags":["PVID","Egress Untagged"]}}]}}"#
        )
    };
    let both = format!("[{},{}]", port("vnet0", true), port("vnet1", true));
    let (recovered, gaps) = only(&host(&[("bridge.json", &both)]));
    assert_eq!(gaps, Vec::<String>::new());
    assert_eq!(recovered.network.isolated_ports, Some(true));
    // No network with addresses of its own has tags.
    assert_eq!(recovered.network.vlan, None);

    let one = format!("[{},{}]", port("vnet0", true), port("vnet1", false));
    let (recovered, _) = only(&host(&[("bridge.json", &one)]));
    assert_eq!(recovered.network.isolated_ports, None);
    let notes = recovered
        .findings
        .iter()
        .filter(|it| it.about == Element::Port);
    assert_eq!(notes.count(), 1);
}

#[test]
fn a_bridge_with_a_nic_is_a_host_bridge() {
    let links = LINKS.replace(
        "}}]",
        r#"}},{"ifname":"eno1","flags":["UP"],"link_type":"ether","master":"virbr9",
        "address":"52:54:00:00:00:01"},{"ifname":"vnet0","flags":["UP"],"link_type":"ether",
        "master":"virbr9","linkinfo":{"info_kind":"tun"}}]"#,
    );
    let ports = r#"[{"ifname":"vnet0","master":"virbr9","isolated":false,"learning":true},
        {"ifname":"eno1","master":"virbr9","isolated":false,"learning":true},
        {"ifname":"vnet0","vlans":[{"vlan":42,"flags":["PVID","Egress Untagged"]}]}]"#;
    let route = r#"[{"dst":"default","gateway":"192.0.2.254","dev":"virbr9"}]"#;
    let more = [
        ("link.json", links.as_str()),
        ("bridge.json", ports),
        ("route.json", route),
        (
            "iptables-save.txt",
            "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n",
        ),
        ("dnsmasq/lab.conf", ""),
    ];
    let (recovered, _) = only(&host(&more));
    let expected = network(
        "<network><name>virbr9</name><metadata><lan:network xmlns:lan='urn:lanwright:network:1'>\
         <lan:uplink dev='eno1' addressing='static'>\
         <lan:ip address='192.0.2.1' prefix='24' gateway='192.0.2.254'/></lan:uplink>\
         </lan:network></metadata><forward mode='bridge'/><bridge name='virbr9'/>\
         <vlan><tag id='42'/></vlan></network>",
    );
    assert_eq!(recovered.network, expected);
}

/// Rules alone, with the one that fills in checksums of DHCP replies.
fn with_checksum(rules: &str) -> Capture {
    let mangle = "*mangle\n:POSTROUTING ACCEPT [0:0]\n:LIBVIRT_PRT - [0:0]\n\
        -A POSTROUTING -j LIBVIRT_PRT\n\
        -A LIBVIRT_PRT -o virbr9 -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill\nCOMMIT\n";
    read(vec![Text {
        name: "iptables-save.txt".to_owned(),
        bytes: format!("{mangle}{rules}").into_bytes(),
    }])
}

#[test]
fn a_rule_for_checksums_proves_that_there_is_dhcp() {
    let proved = |recovered: &Recovered, element: Element| {
        let lines = recovered.evidence.iter();
        let mut of = lines.filter(|it| it.element == element);
        of.any(|it| it.origins.iter().any(|origin| origin.line == Some(5)))
    };
    let says = |gaps: &[String], what: &str| gaps.iter().any(|gap| gap.contains(what));
    let (recovered, gaps) = only(&with_checksum(RULES));
    assert!(proved(&recovered, Element::Ip(0)), "{recovered:#?}");
    assert!(says(&gaps, "shows that there is DHCP for IPv4"), "{gaps:?}");
    // Of an isolated network rules show no address; that there is one they do.
    let crosses = |line: &&str| !line.contains("192.0.2.0/24");
    let isolated: Vec<&str> = RULES.lines().filter(crosses).collect();
    let (recovered, gaps) = only(&with_checksum(&(isolated.join("\n") + "\n")));
    assert!(proved(&recovered, Element::Network), "{recovered:#?}");
    assert!(
        says(&gaps, "that there is DHCP shows that it has one"),
        "{gaps:?}"
    );
    assert!(
        !says(&gaps, "whether the network has addresses"),
        "{gaps:?}"
    );
}

#[test]
fn checksums_for_nobody_are_said() {
    let mut capture = with_checksum(RULES);
    capture.topics.insert(Topic::Services);
    let (_, gaps) = only(&capture);
    let lonely = "the host fills in checksums for DHCP, but no dnsmasq serves the bridge";
    assert!(gaps.iter().any(|gap| gap == lonely), "{gaps:?}");
}
