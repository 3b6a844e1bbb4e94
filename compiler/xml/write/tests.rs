//! The law of this room: what is printed reads back as the same network.

mod address;
mod network;
mod port;
mod words;

use proptest::prelude::*;

use super::print;
use crate::diagnostic::Sink;
use crate::network::{
    Bridge, BridgeChoice, Dns, Forward, Kind, MacTable, Metadata, Network, Virtual,
};
use crate::source::{Source, SourceId};
use crate::xml;

/// Reads a text that must be accepted.
fn reread(text: &str) -> Network {
    let mut sink = Sink::default();
    let source = Source::new("printed.xml", text);
    let declared = xml::read(SourceId(0), &source, &mut sink);
    assert!(declared.is_some(), "{:#?}\n{text}", sink.sorted());
    declared.expect("it was accepted").network
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back(network in network::any()) {
        let text = print(&network);
        let read = reread(&text);
        prop_assert_eq!(&read, &network, "{}", text);
        prop_assert_eq!(print(&read), text);
    }
}

#[test]
fn the_form_is_libvirts() {
    let network = Network {
        name: "it's <odd>".parse().expect("it is a name"),
        uuid: None,
        title: None,
        description: Some("one\ntwo".to_owned()),
        metadata: Metadata {
            forwards: Vec::new(),
            foreign: vec!["<a:b xmlns:a='urn:a'/>".to_owned()],
        },
        trust_guest_rx_filters: Some(true),
        isolated_ports: Some(true),
        vlan: None,
        virtualport: None,
        portgroups: Vec::new(),
        kind: Kind::Virtual(Box::new(Virtual {
            forward: Forward::Route("eth7".parse().ok()),
            bridge: Bridge {
                name: BridgeChoice::automatic(),
                stp: true,
                delay_seconds: 0,
                zone: None,
                mac_table: MacTable::Libvirt,
            },
            mac: "52:54:00:0A:0b:0c".parse().ok(),
            mtu: None,
            guest_ipv6: true,
            domain: None,
            dns: Dns {
                forward_plain_names: Some(false),
                ..Dns::default()
            },
            bandwidth: None,
            subnets: Vec::new(),
            routes: Vec::new(),
            options: vec![crate::network::DnsmasqOption(
                "cname=a,b".parse().expect("it is a line"),
            )],
        })),
    };
    let expected = "\
<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0' ipv6='yes' \
trustGuestRxFilters='yes'>
  <name>it&apos;s &lt;odd&gt;</name>
  <description>one
two</description>
  <metadata>
    <a:b xmlns:a='urn:a'/>
  </metadata>
  <forward dev='eth7' mode='route'>
    <interface dev='eth7'/>
  </forward>
  <bridge stp='on' delay='0' macTableManager='libvirt'/>
  <mac address='52:54:00:0a:0b:0c'/>
  <dns forwardPlainNames='no'/>
  <port isolated='yes'/>
  <dnsmasq:options>
    <dnsmasq:option value='cname=a,b'/>
  </dnsmasq:options>
</network>
";
    assert_eq!(print(&network), expected);
}
