//! What is read as a route, and what is said of others.

use super::*;
use crate::source::{Source, SourceId};

fn check(routes: &str) -> (Vec<String>, Vec<&'static str>) {
    let mut sink = Sink::default();
    let source = Source::new("a.xml", format!("<network>{routes}</network>"));
    let element = crate::xml::element::parse(SourceId(0), &source, &mut sink);
    let element = element.expect("the tests write well-formed XML");
    let subnet = |address: &str, prefix| {
        let subnet = Subnet::new(address.parse().expect("an address"), prefix);
        Spanned::new(subnet.expect("a subnet"), element.span)
    };
    let subnets = [subnet("10.4.0.1", 24), subnet("fd04::1", 64)];
    let routes = read_all(element.children.iter(), &subnets, &mut sink);
    let print = |route: &Spanned<Route>| {
        let Route {
            destination,
            gateway,
            metric,
        } = route.value;
        format!("{destination} {gateway} {metric:?}")
    };
    (
        routes.iter().map(print).collect(),
        sink.sorted().iter().map(|each| each.code.name()).collect(),
    )
}

#[test]
fn reads_both_families() {
    let (routes, codes) = check(
        "<route address='10.9.0.0' netmask='255.255.0.0' gateway='10.4.0.2'/>\
         <route family='ipv6' address='fd09::' prefix='48' gateway='fd04::2' metric='7'/>",
    );
    assert_eq!(
        routes,
        ["10.9.0.0/16 10.4.0.2 None", "fd09::/48 fd04::2 Some(7)"]
    );
    assert!(codes.is_empty());
}

#[test]
fn says_what_is_wrong() {
    for (attributes, expected) in [
        ("", &["route-without-address", "route-without-gateway"][..]),
        (
            "address='x' gateway='10.4.0.2'",
            &["route-address-malformed"],
        ),
        (
            "family='' address='10.9.0.0' gateway='10.4.0.2'",
            &["route-family-unknown"],
        ),
        (
            "address='fd09::' prefix='64' gateway='fd04::2'",
            &["route-address-other-family"],
        ),
        (
            "address='10.9.0.0' gateway='10.4.0.2'",
            &["route-host-bits-set"],
        ),
        (
            "address='10.9.0.1' prefix='24' gateway='10.4.0.2'",
            &["route-host-bits-set"],
        ),
        (
            "address='10.9.0.0' prefix='0' netmask='255.0.0.0' gateway='10.4.0.2'",
            &["route-netmask-and-prefix"],
        ),
        (
            "address='10.9.0.0' netmask='255.0.255.0' gateway='10.5.0.2' metric='0'",
            &[
                "route-netmask-malformed",
                "route-gateway-unreachable",
                "route-metric-invalid",
            ],
        ),
        (
            "family='ipv6' address='fd09::' netmask='255.0.0.0' gateway='fd04::2'",
            &["route-netmask-on-ipv6"],
        ),
        (
            "address='10.9.0.0' prefix='24' gateway='10.4.0.1'",
            &["route-gateway-is-bridge"],
        ),
        (
            "address='0.0.0.0' gateway='10.4.0.2'",
            &["route-is-default"],
        ),
    ] {
        assert_eq!(
            check(&format!("<route {attributes}/>")).1,
            expected,
            "{attributes}"
        );
    }
    let route = "<route address='10.9.0.0' prefix='24' gateway='10.4.0.2'/>";
    assert_eq!(check(&route.repeat(2)).1, ["route-repeated"]);
}
