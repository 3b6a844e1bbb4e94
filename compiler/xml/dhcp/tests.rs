//! What is read as DHCP, and what is said of others.

use crate::diagnostic::Sink;
use crate::network::{Dhcp, HostIdentity};
use crate::source::{Source, SourceId};
use crate::value::{LeaseTime, LeaseUnit};

const V4: &str = "address='10.4.0.1' prefix='24'";
const V6: &str = "family='ipv6' address='fd04::1' prefix='64'";

fn check(ip: &str, inside: &str) -> (Option<Dhcp>, Vec<&'static str>) {
    let mut sink = Sink::default();
    let text = format!("<network><ip {ip}><dhcp>{inside}</dhcp></ip></network>");
    let element = crate::xml::element::parse(SourceId(0), &Source::new("a.xml", text), &mut sink);
    let element = element.expect("the tests write well-formed XML");
    let mut subnets = crate::xml::subnet::read_all(element.children.iter(), true, &mut sink);
    let codes = sink.sorted().iter().map(|each| each.code.name()).collect();
    (subnets.pop().and_then(|subnet| subnet.value.dhcp), codes)
}

#[test]
fn reads_ranges_leases_and_boot() {
    let (dhcp, codes) = check(
        V4,
        "<range start='10.4.0.2' end='10.4.0.9'><lease expiry='010' unit='hours'/></range>\
         <range start='10.4.0.20' end='10.4.0.20'><lease unit='hours'/></range>\
         <host name='a' ip='10.4.0.40'><lease expiry='0'/></host>\
         <bootp file='pxe linux.0' server='192.0.2.1'/>",
    );
    let dhcp = dhcp.expect("nothing is wrong with it");
    assert_eq!(codes, [""; 0]);
    let hours = LeaseTime::For {
        count: 8,
        unit: LeaseUnit::Hours,
    };
    let leases: Vec<_> = dhcp.ranges.iter().map(|range| range.lease).collect();
    assert_eq!(leases, [Some(hours), None]);
    assert_eq!(dhcp.hosts[0].lease, Some(LeaseTime::Infinite));
    assert_eq!(
        dhcp.bootp.map(|bootp| bootp.file.to_string()),
        Some("pxe linux.0".to_owned())
    );
}

#[test]
fn says_what_is_wrong_with_ranges() {
    for (ip, range, expected) in [
        (V4, "start='10.4.0.2'", &["dhcp-range-incomplete"][..]),
        (V4, "start='x' end='10.4.0.2'", &["dhcp-range-malformed"]),
        (
            V4,
            "start='fd04::2' end='fd04::9'",
            &["dhcp-range-other-family"],
        ),
        (
            V4,
            "start='10.4.0.9' end='10.4.1.9'",
            &["dhcp-range-outside-subnet"],
        ),
        (
            V4,
            "start='10.4.0.0' end='10.4.0.9'",
            &["dhcp-range-starts-at-network-address"],
        ),
        (
            V4,
            "start='10.4.0.9' end='10.4.0.255'",
            &["dhcp-range-ends-at-broadcast"],
        ),
        (
            V4,
            "start='10.4.0.9' end='10.4.0.8'",
            &["dhcp-range-reversed"],
        ),
        (
            V4,
            "start='10.4.0.1' end='10.4.0.8'",
            &["dhcp-range-contains-gateway"],
        ),
        (
            V6,
            "start='fd04::2' end='fd04::1:2'",
            &["dhcp-range-too-large"],
        ),
        (
            "address='10.1.0.1' prefix='8'",
            "start='10.0.255.255' end='10.1.0.0'",
            &["dhcp-range-too-large"],
        ),
        (
            "address='10.4.0.1' netmask='255.0.255.0'",
            "start='10.4.0.2' end='10.4.0.3'",
            &["dhcp-range-without-subnet"],
        ),
    ] {
        assert_eq!(
            check(ip, &format!("<range {range}/>")).1,
            expected,
            "{range}"
        );
    }
    let two = "<range start='10.4.0.2' end='10.4.0.9'/><range start='10.4.0.4' end='10.4.0.5'/>";
    assert_eq!(check(V4, two).1, ["dhcp-ranges-overlap"]);
    assert_eq!(check(V4, "").1, ["dhcp-without-range-or-host"]);
}

#[test]
fn says_what_is_wrong_with_leases_and_boot() {
    let lease = |lease: &str| {
        let range = format!("<range start='10.4.0.2' end='10.4.0.9'><lease {lease}/></range>");
        check(V4, &range).1
    };
    assert_eq!(lease("expiry='2'"), [""; 0]);
    assert_eq!(lease("expiry='1'"), ["lease-too-short"]);
    assert_eq!(lease("expiry='119' unit='seconds'"), ["lease-too-short"]);
    assert_eq!(lease("expiry=''"), ["lease-expiry-not-a-number"]);
    assert_eq!(lease("expiry='9' unit='days'"), ["lease-unit-unknown"]);
    assert_eq!(
        lease("expiry='18446744073709551615' unit='hours'"),
        ["lease-too-long"]
    );
    let boot = |ip, boot: &str, host: &str| check(ip, &format!("{host}<bootp {boot}/>")).1;
    let host = "<host name='a' ip='10.4.0.4'/>";
    assert_eq!(boot(V4, "", host), ["bootp-without-file"]);
    assert_eq!(boot(V4, "file='a,b'", host), ["bootp-separator"]);
    assert_eq!(
        boot(V4, "file='a' server='boot.test'", host),
        ["bootp-server-not-an-address"]
    );
    assert_eq!(
        boot(V6, "file='a'", "<host name='a' ip='fd04::4'/>"),
        ["bootp-on-ipv6"]
    );
}

#[test]
fn says_what_is_wrong_with_hosts() {
    for (ip, host, expected) in [
        (
            V4,
            "name='a b' ip='10.4.0.4'",
            &["dhcp-host-name-invalid"][..],
        ),
        (V4, "name='12' ip='10.4.0.4'", &["dhcp-host-name-invalid"]),
        (V4, "name='-a' ip='10.4.0.4'", &["dhcp-host-name-start"]),
        (
            V4,
            "name='a,set:b' ip='10.4.0.4'",
            &["dhcp-host-name-separator"],
        ),
        (V4, "name='a&#10;b' ip='10.4.0.4'", &["line-break-in-value"]),
        (
            V4,
            "mac='52:54:00:00:00' ip='10.4.0.4'",
            &["dhcp-host-mac-malformed"],
        ),
        (
            V4,
            "mac='01:54:00:00:00:01' ip='10.4.0.4'",
            &["dhcp-host-mac-multicast"],
        ),
        (
            V4,
            "id='0:1' ip='10.4.0.4'",
            &["dhcp-host-without-mac-or-name", "dhcp-host-id-ignored"],
        ),
        (V4, "name='a' ip='x'", &["dhcp-host-ip-malformed"]),
        (V4, "name='a'", &["dhcp-host-without-ip"]),
        (V4, "name='a' ip='10.4.0.1'", &["dhcp-host-is-gateway"]),
        (V4, "name='a' ip='10.5.0.4'", &["dhcp-host-outside-subnet"]),
        (V4, "name='a' ip='fd04::4'", &["dhcp-host-other-family"]),
        (
            V6,
            "mac='52:54:00:00:00:01' name='a' ip='fd04::4'",
            &["dhcp-host-mac-on-ipv6"],
        ),
        (V6, "id='zz' ip='fd04::4'", &["dhcp-host-id-character"]),
        (V6, "ip='fd04::4'", &["dhcp-host-without-id-or-name"]),
    ] {
        assert_eq!(check(ip, &format!("<host {host}/>")).1, expected, "{host}");
    }
    let host = "<host mac='52:54:00:00:00:0A' name='a' ip='10.4.0.4'/>";
    let again = "<host mac='52:54:0:0:0:a' name='A' ip='10.4.0.4'/>";
    let (dhcp, codes) = check(V4, &format!("{host}{again}"));
    assert_eq!(
        codes,
        [
            "dhcp-host-mac-repeated",
            "dhcp-host-name-repeated",
            "dhcp-host-ip-repeated"
        ]
    );
    let dhcp = dhcp.expect("these are warnings");
    let spelled = dhcp.hosts.iter().filter_map(|host| match &host.identity {
        HostIdentity::Ipv4 { mac, .. } => mac.as_ref().map(ToString::to_string),
        HostIdentity::Ipv6 { .. } => None,
    });
    assert_eq!(
        spelled.collect::<Vec<_>>(),
        ["52:54:00:00:00:0A", "52:54:0:0:0:a"]
    );
}
