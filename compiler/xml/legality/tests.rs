//! Whole networks, one for each thing that a mode refuses or ignores.

use crate::diagnostic::{Code, Sink};
use crate::source::{Source, SourceId};

/// The codes said about a network with these elements, notes left out.
fn codes(elements: &str) -> Vec<Code> {
    let mut sink = Sink::default();
    let text = format!("<network><name>n</name>{elements}</network>");
    let declared = crate::xml::read(SourceId(0), &Source::new("n.xml", text), &mut sink);
    assert_eq!(declared.is_none(), sink.has_errors(), "{elements}");
    let said = sink.sorted();
    let codes = said.iter().map(|each| each.code);
    codes
        .filter(|code| code.severity() != crate::diagnostic::Severity::Note)
        .collect()
}

const IP: &str = "<ip address='10.4.0.1' prefix='24'/>";

#[test]
fn a_bridge_of_the_hosts_has_no_settings_of_ours() {
    let bridge = |further: &str| {
        let start = "<forward mode='bridge'/><bridge name='br0'";
        codes(&format!("{start}{further}"))
    };
    let refused = Code::BridgeSettingWithoutOwnBridge;
    assert_eq!(bridge(" macTableManager='libvirt' delay='0'/>"), []);
    assert_eq!(bridge(" stp='on'/>"), [refused]);
    assert_eq!(bridge(" delay='3' zone='z'/>"), [refused, refused]);
    assert_eq!(bridge("/><mtu size='0'/>"), []);
    assert_eq!(bridge("/><mtu size='1500'/>"), [Code::MtuWithoutOwnBridge]);
    let mac = "/><mac address='52:54:00:00:00:01'/>";
    assert_eq!(bridge(mac), [Code::MacWithoutOwnBridge]);
    assert_eq!(bridge(&format!("/>{IP}")), [Code::IpWithoutOwnBridge]);
    let domain = "/><domain name='d'/>";
    assert_eq!(bridge(domain), [Code::DomainWithoutOwnBridge]);
    let txt = "/><dns><txt name='a' value='b'/></dns>";
    assert_eq!(bridge(txt), [Code::DnsRecordsWithoutOwnBridge]);
    assert_eq!(bridge("/><dns enable='no'/>"), [Code::ElementIgnoredInMode]);
}

#[test]
fn devices_stand_where_the_mode_has_a_use_for_them() {
    let nat = |forward: &str| codes(&format!("{forward}{IP}"));
    assert_eq!(nat("<forward dev='eno1'/>"), []);
    let one = "<forward dev='eno1'><interface dev='eno1'/></forward>";
    assert_eq!(nat(one), []);
    let two = "<forward dev='eno1'><interface dev='eno1'/><interface dev='eno2'/></forward>";
    assert_eq!(nat(two), [Code::ForwardSeveralInterfaces]);
    let open = "<forward mode='open' dev='eno1'/>";
    assert_eq!(nat(open), [Code::ForwardDevInOpenMode]);
    let none = "<forward mode='none' dev='eno1'/>";
    assert_eq!(nat(none), [Code::AttributeIgnoredInMode]);
    let pf = "<forward mode='open'><pf dev='eno1'/></forward>";
    assert_eq!(nat(pf), [Code::ElementIgnoredInMode]);
    let hostdev = "<forward mode='hostdev' dev='eno1'/>";
    assert_eq!(codes(hostdev), [Code::HostdevNamesNetdev]);
    let pci = "<address type='pci' bus='3' slot='0x10' function='1'/>";
    let pool = |mode: &str| codes(&format!("<forward mode='{mode}'>{pci}</forward>"));
    assert_eq!(pool("hostdev"), []);
    assert!(pool("vepa").contains(&Code::PciAddressOutsideHostdev));
    let both = "<forward mode='bridge' dev='eno1'/><bridge name='br0'/>";
    assert_eq!(codes(both), [Code::BridgeNameWithInterfaces]);
    let private = "<forward mode='private' dev='eno1'/><bridge name='br0'/>";
    assert_eq!(codes(private), [Code::BridgeNameInDeviceMode]);
}

#[test]
fn vlans_need_a_port_that_can_carry_them() {
    let vlan = "<vlan><tag id='7'/></vlan>";
    let nat = codes(&format!("<forward/>{IP}{vlan}"));
    assert_eq!(nat, [Code::VlanUnsupported]);
    let group = format!("<portgroup name='g' default='yes'>{vlan}</portgroup>");
    let nat = codes(&format!("<forward/>{IP}{group}"));
    assert_eq!(nat, [Code::VlanUnsupported]);
    let bridge = "<forward mode='bridge'/><bridge name='br0'/>";
    assert_eq!(codes(&format!("{bridge}{vlan}{group}")), []);
    let passthrough = "<forward mode='passthrough' dev='eno1'/>";
    assert_eq!(codes(&format!("{passthrough}{vlan}")), []);
    let qbh = "<virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport>";
    let refused = codes(&format!(
        "{passthrough}<portgroup name='g'>{vlan}{qbh}</portgroup>"
    ));
    assert_eq!(refused, [Code::VlanUnsupported]);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let said = codes(
        "<uuid>x</uuid><forward mode='nat'><nat><port start='9' end='8'/></nat></forward>\
         <bridge name='a b' delay='x'/><mtu size='5'/>",
    );
    let expected = [
        Code::UuidMalformed,
        Code::ForwardWithoutIp,
        Code::NatPortReversed,
        Code::BridgeNameInvalid,
        Code::BridgeDelayNotANumber,
        Code::MtuOutOfRange,
    ];
    assert_eq!(said, expected);
}
