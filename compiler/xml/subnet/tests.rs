//! What is read as a subnet, and what is said of others.

use super::*;
use crate::source::{Source, SourceId};

fn check(text: &str) -> (Vec<Subnet>, Vec<&'static str>) {
    let mut sink = Sink::default();
    let source = Source::new("a.xml", format!("<network>{text}</network>"));
    let element = crate::xml::element::parse(SourceId(0), &source, &mut sink);
    let element = element.expect("the tests write well-formed XML");
    let subnets = read_all(element.children.iter(), true, &mut sink);
    (
        subnets.into_iter().map(|subnet| subnet.value).collect(),
        sink.sorted().iter().map(|each| each.code.name()).collect(),
    )
}

#[test]
fn reads_every_way_to_say_a_prefix() {
    for (attributes, interface) in [
        ("address='10.4.0.1' netmask='255.255.255.0'", "10.4.0.1/24"),
        ("address='10.4.0.1' prefix='24'", "10.4.0.1/24"),
        (
            "address='10.4.0.1' prefix='0' netmask='255.255.0.0'",
            "10.4.0.1/16",
        ),
        ("family='ipv6' address='fd04::1'", "fd04::1/64"),
        (
            "family='ipv6' address='fd04::1' prefix='64' localPtr='yes'",
            "fd04::1/64",
        ),
    ] {
        let (subnets, codes) = check(&format!("<ip {attributes}/>"));
        assert_eq!(codes, [""; 0], "{attributes}");
        assert_eq!(subnets[0].interface().to_string(), interface);
    }
    let (subnets, codes) = check("<ip address='10.4.0.1'/>");
    assert_eq!(subnets[0].interface().to_string(), "10.4.0.1/8");
    assert_eq!(codes, ["prefix-assumed"]);
}

#[test]
fn says_what_is_wrong_with_one() {
    for (attributes, expected) in [
        ("", &["ip-without-address"][..]),
        (
            "address='10.4.0.300' prefix='x'",
            &["ip-address-malformed", "prefix-not-a-number"],
        ),
        ("address='10.4.0.1' prefix=''", &["prefix-not-a-number"]),
        ("address='10.4.0.1' prefix='33'", &["prefix-too-long"]),
        ("address='10.4.1' prefix='24'", &["address-not-canonical"]),
        ("address='10.4.0.1' netmask='x'", &["netmask-malformed"]),
        ("address='10.4.0.1' netmask='ffff::'", &["netmask-not-ipv4"]),
        (
            "address='10.4.0.1' netmask='255.0.255.0'",
            &["ip-without-prefix"],
        ),
        (
            "address='10.4.0.1' netmask='255.0.0.0' prefix='8'",
            &["netmask-and-prefix"],
        ),
        ("address='fd04::1' prefix='64'", &["ip-family-missing"]),
        (
            "address='fd04::1' family='ipv6' netmask='255.0.0.0'",
            &["netmask-on-ipv6"],
        ),
        (
            "address='fd04::1' family='ipv6' prefix='129'",
            &["ipv6-prefix-too-long"],
        ),
        (
            "address='10.4.0.1' family='ipv6' prefix='24'",
            &["ip-not-ipv6"],
        ),
        (
            "address='10.4.0.1' family='x' prefix='24'",
            &["ip-family-unknown"],
        ),
        (
            "address='10.4.0.1' prefix='25' localPtr='yes'",
            &["local-ptr-prefix"],
        ),
        (
            "address='10.4.0.1' prefix='24' localPtr='on'",
            &["yes-no-value"],
        ),
        ("address='10.4.0.0' prefix='24'", &["ip-is-network-address"]),
        (
            "address='10.4.0.255' prefix='24'",
            &["ip-is-broadcast-address"],
        ),
        ("address='127.0.0.1' prefix='8'", &["ip-is-loopback"]),
        ("address='0.0.0.0' prefix='24'", &["ip-is-zero"]),
        ("address='239.0.0.1' prefix='24'", &["ip-is-multicast"]),
        ("address='239.0.0.1'", &["ip-without-prefix"]),
        ("address='10.4.0.1' prefix='32'", &["subnet-without-guests"]),
        ("address='10.4.0.1' prefix='31'", &[]),
        (
            "address='fd04::1' family='ipv6' prefix='63'",
            &["ipv6-prefix-not-64"],
        ),
    ] {
        assert_eq!(
            check(&format!("<ip {attributes}/>")).1,
            expected,
            "{attributes}"
        );
    }
}

#[test]
fn reads_tftp() {
    let codes = |tftp| check(&format!("<ip address='10.4.0.1' prefix='24'>{tftp}</ip>")).1;
    assert_eq!(codes("<tftp root='/srv/my files'/>"), [""; 0]);
    assert_eq!(codes("<tftp/>"), ["tftp-without-root"]);
    assert_eq!(codes("<tftp root='srv'/>"), ["tftp-root-relative"]);
    assert_eq!(codes("<tftp root='/srv,x'/>"), ["tftp-root-separator"]);
    assert_eq!(codes("<tftp root='/srv&#10;x'/>"), ["line-break-in-value"]);
    assert_eq!(
        check("<ip address='fd04::1' family='ipv6'><tftp/></ip>").1,
        ["tftp-on-ipv6"]
    );
}

#[test]
fn says_what_is_wrong_between_two() {
    let ip = |address: &str, inside: &str| format!("<ip {address}>{inside}</ip>");
    let dhcp = |range: &str| format!("<dhcp><range {range}/></dhcp>");
    let (a, b) = (
        "address='10.4.0.1' prefix='24'",
        "address='10.4.1.1' prefix='24'",
    );
    let (dhcp_a, dhcp_b) = (
        dhcp("start='10.4.0.9' end='10.4.0.10'"),
        dhcp("start='10.4.1.9' end='10.4.1.10'"),
    );
    let tftp = "<tftp root='/srv'/>";
    assert_eq!(
        check(&(ip(a, &dhcp_a) + &ip(b, &dhcp_b))).1,
        ["dhcp-on-two-ipv4"]
    );
    assert_eq!(check(&(ip(a, &dhcp_a) + &ip(b, tftp))).1, ["tftp-blocked"]);
    assert_eq!(
        check(&(ip(a, tftp) + &ip(b, tftp))).1,
        ["tftp-root-repeated"]
    );
    assert_eq!(check(&ip(a, "").repeat(2)).1, ["ip-repeated"]);
    let wider = "address='10.4.0.1' prefix='16'";
    assert_eq!(check(&(ip(wider, "") + &ip(b, ""))).1, ["subnets-overlap"]);
    let v6 = |n: u8, inside: &str| ip(&format!("family='ipv6' address='fd0{n}::1'"), inside);
    let dhcp6 = |n: u8| dhcp(&format!("start='fd0{n}::2' end='fd0{n}::9'"));
    assert_eq!(
        check(&(v6(1, &dhcp6(1)) + &v6(2, ""))).1,
        ["ra-lost-beside-dhcp6"]
    );
    assert_eq!(
        check(&(v6(1, &dhcp6(1)) + &v6(2, &dhcp6(2)))).1,
        ["dhcp-on-two-ipv6"]
    );
    assert_eq!(check(&(ip(a, &dhcp_a) + &v6(1, &dhcp6(1)))).1, [""; 0]);
}
