//! What is read as a name server, and what is said of others.

use super::*;
use crate::source::{Source, SourceId};

fn check(text: &str) -> (Option<Dns>, Vec<&'static str>) {
    let mut sink = Sink::default();
    let source = Source::new("a.xml", text);
    let element = crate::xml::element::parse(SourceId(0), &source, &mut sink);
    let dns = element.and_then(|element| read(&element, &mut sink));
    let codes = sink.sorted().iter().map(|each| each.code.name()).collect();
    (dns, codes)
}

#[test]
fn reads_everything_in_order() {
    let (dns, codes) = check(
        "<dns forwardPlainNames='no'>\
         <forwarder addr='192.0.2.53'/><forwarder domain='lab.test'/>\
         <txt name='' value='\"a,b\"'/><txt name='b' value=''/>\
         <srv service='sip' protocol='tcp' target='.' port='+5060' weight=''/>\
         <host ip='10.4.0.9'><hostname>a</hostname><hostname>b.test</hostname></host></dns>",
    );
    let dns = dns.expect("nothing is wrong with it");
    assert_eq!(codes, ["attribute-empty"]);
    assert_eq!(
        (dns.disabled, dns.forward_plain_names),
        (false, Some(false))
    );
    assert_eq!((dns.forwarders.len(), dns.txts.len()), (2, 2));
    assert_eq!((dns.srvs[0].port, dns.srvs[0].weight), (Some(5060), None));
    assert_eq!(dns.hosts[0].names[1].as_str(), "b.test");
}

#[test]
fn says_what_is_wrong() {
    for (inside, expected) in [
        ("<forwarder/>", &["forwarder-empty"][..]),
        (
            "<forwarder addr='x' domain='a/b'/>",
            &["forwarder-address-malformed", "forwarder-domain-separator"],
        ),
        ("<forwarder domain='a&#10;b'/>", &["line-break-in-value"]),
        (
            "<forwarder addr='192.0.2.1' port='54'/>",
            &["newer-libvirt"],
        ),
        ("<txt/>", &["txt-without-name", "txt-without-value"]),
        ("<txt name='a b' value='c'/>", &["txt-name-character"]),
        (
            "<txt name='a,b' value='c,d'/>",
            &["txt-name-character", "txt-value-split"],
        ),
        (
            "<txt name='a' value='b&#10;c'/>",
            &["line-break-in-dns-record"],
        ),
        ("<txt name='a' value='b\"c'/>", &["txt-unbalanced-quote"]),
        ("<txt name='a' value='b #c'/>", &["txt-value-comment"]),
        (
            "<srv port='1'/>",
            &[
                "srv-without-service",
                "srv-without-protocol",
                "srv-field-without-target",
            ],
        ),
        (
            "<srv service='a.b' protocol='_tcp'/>",
            &["srv-service-character", "srv-protocol-character"],
        ),
        (
            "<srv service='a' protocol='sctp' target='b' port='0'/>",
            &["srv-protocol-unusual", "srv-port-out-of-range"],
        ),
        (
            "<srv service='a' protocol='tcp' target='b,c' priority='65536'/>",
            &["srv-separator", "srv-number-out-of-range"],
        ),
        (
            "<srv service='a' protocol='tcp' target='b&#13;c'/>",
            &["line-break-in-dns-record"],
        ),
        (
            "<host/>",
            &["dns-host-address-invalid", "dns-host-without-hostname"],
        ),
        (
            "<host ip='10.4.0.300'><hostname/></host>",
            &["dns-host-address-invalid", "dns-host-without-hostname"],
        ),
        (
            "<host ip='10.4.0.3'><hostname>a b</hostname></host>",
            &["dns-hostname-separator"],
        ),
        (
            "<host ip='10.4.0.3'><hostname>a\nb</hostname></host>",
            &["line-break-in-value"],
        ),
    ] {
        assert_eq!(
            check(&format!("<dns>{inside}</dns>")).1,
            expected,
            "{inside}"
        );
    }
    let long = |count| {
        format!(
            "<dns><srv service='{}' protocol='tcp'/></dns>",
            "a".repeat(count)
        )
    };
    assert_eq!(check(&long(62)).1.len(), 0);
    assert_eq!(check(&long(63)).1, ["srv-label-too-long"]);
    assert_eq!(check(&long(483)).1, ["srv-service-too-long"]);
    assert_eq!(
        check("<dns enable='no'><txt name='a' value='b'/></dns>").1,
        ["dns-disabled-with-records"]
    );
    assert_eq!(check("<dns enable='maybe'/>").1, ["yes-no-value"]);
}
