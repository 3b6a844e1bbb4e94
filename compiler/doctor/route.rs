//! Routes and kernel settings: is the subnet the network's alone, does the host forward, and where
//! to?

use ipnet::IpNet;

use super::patient::{Patient, sysctl_name};
use super::report::{Check, Finding, Fix, Seen};
use crate::capture::{Role, Topic};
use crate::firewall::Family;
use crate::state::KernelRoute;

/// What is wrong with routes and forwarding.
pub fn examine(patient: &Patient<'_>, found: &mut Vec<Finding>) {
    for address in patient.addresses() {
        hidden(patient, address, found);
    }
    if !patient.forwards() {
        return;
    }
    for family in families(patient) {
        forwarding(patient, family, found);
        outward(patient, family, found);
    }
    advertisements(patient, found);
}

/// The families that the network has addresses of.
pub fn families(patient: &Patient<'_>) -> Vec<Family> {
    let mut families: Vec<Family> = patient
        .addresses()
        .map(|address| Family::of(&address))
        .collect();
    families.sort();
    families.dedup();
    families
}

fn seen_routes(patient: &Patient<'_>, family: Family, route: &KernelRoute) -> Seen {
    let device = route.link.as_ref().map(|link| format!(" dev {link}"));
    let gateway = route.gateway.map(|gateway| format!(" via {gateway}"));
    let destination = match route.destination.prefix_len() {
        0 => "default".to_owned(),
        _ => route.destination.to_string(),
    };
    let parts = [gateway, device].into_iter().flatten();
    Seen {
        text: Some(format!("{destination}{}", parts.collect::<String>())),
        ..patient.host.seen(|role| role == Role::Routes(family))
    }
}

/// A route that takes packets for guests elsewhere: a more specific one, or the same one through
/// another device.
fn hidden(patient: &Patient<'_>, address: IpNet, found: &mut Vec<Finding>) {
    let (capture, net) = (patient.capture(), address.trunc());
    let elsewhere = capture.kernel_routes.iter().filter(|route| {
        let other = route.link.as_ref() != Some(patient.bridge);
        other && net.contains(&route.destination) && !is_own(patient, route)
    });
    for route in elsewhere.take(4) {
        let to = match &route.link {
            Some(link) => format!("to {link}"),
            None => "nowhere".to_owned(),
        };
        let same = route.destination == net;
        let strict = strict(patient);
        let filter = match strict {
            true => "; and rp_filter=1 drops what those guests send",
            false => "",
        };
        found.push(Finding {
            check: Check::Route,
            // Of two equal routes the kernel takes the cheaper, or the first.
            certain: !same || is_taken(patient, route),
            fact: match same {
                true => {
                    format!("the subnet {net} is also behind another device: a route leads {to}")
                }
                false => format!("a route for {} within {net} leads {to}", route.destination),
            },
            owner: None,
            seen: seen_routes(patient, Family::of(&net), route),
            breaks: format!(
                "answers to guests with addresses of {} go {to}: they get no names and no \
                 internet{filter}",
                route.destination
            ),
            fix: Some(removal(route, same)),
        });
    }
}

/// A route that the network itself declares.
fn is_own(patient: &Patient<'_>, route: &KernelRoute) -> bool {
    let mut declared = patient.host.ir.state.routes.iter();
    declared.any(|own| own.destination == route.destination && Some(own.gateway) == route.gateway)
}

/// Whether the kernel takes this route rather than the bridge's.
fn is_taken(patient: &Patient<'_>, route: &KernelRoute) -> bool {
    let routes = patient.capture().kernel_routes.iter();
    let mut own = routes.filter(|each| {
        each.destination == route.destination && each.link.as_ref() == Some(patient.bridge)
    });
    own.all(|own| route.metric < own.metric)
}

/// Whether what comes from guests must be routed back where it came from.
fn strict(patient: &Patient<'_>) -> bool {
    let of = |device: &str| {
        let value = patient
            .host
            .sysctl(&["net", "ipv4", "conf", device, "rp_filter"]);
        value
            .and_then(|value| value.parse::<u8>().ok())
            .unwrap_or(0)
    };
    of("all").max(of(patient.bridge.as_str())) == 1
}

fn removal(route: &KernelRoute, same: bool) -> Fix {
    let destination = route.destination.to_string();
    if same && route.protocol.as_deref() == Some("kernel") {
        let device = route.link.as_ref().map_or("", |link| link.as_str());
        return Fix::run([&["ip", "address", "show", "dev", device]])
            .by_hand()
            .note("that device has an address of the same subnet: give the network another one");
    }
    let mut words = vec!["ip", "route", "del", &destination];
    let link = route.link.as_ref().map(ToString::to_string);
    if let Some(link) = &link {
        words.extend(["dev", link]);
    }
    Fix::run([&words])
        .by_hand()
        .note("or give the network a subnet of its own")
}

fn forwarding(patient: &Patient<'_>, family: Family, found: &mut Vec<Finding>) {
    let key: &[&str] = match family {
        Family::Ipv4 => &["net", "ipv4", "ip_forward"],
        Family::Ipv6 => &["net", "ipv6", "conf", "all", "forwarding"],
    };
    if patient.host.sysctl(key) != Some("0") {
        return;
    }
    let setting = format!("{}=1", sysctl_name(key));
    let fix = Fix::run([&["sysctl", "-w", &setting]]);
    found.push(Finding {
        check: Check::Forwarding,
        certain: true,
        fact: format!("the host does not forward {}", word(family)),
        owner: None,
        seen: patient.host.seen_sysctl(key),
        breaks: "a guest reaches the host, but nothing beyond it".to_owned(),
        fix: Some(match family {
            Family::Ipv4 => fix.note("until the next boot; lanwright apply keeps it"),
            Family::Ipv6 => fix.note(
                "the host then ignores router advertisements unless its uplink has accept_ra=2",
            ),
        }),
    });
}

/// IPv4 or IPv6.
pub fn word(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    }
}

/// Whether there is a way outside, and whether it is the network's.
fn outward(patient: &Patient<'_>, family: Family, found: &mut Vec<Finding>) {
    if !patient.capture().observed(Topic::Routes(family)) {
        return;
    }
    let Some(route) = patient.host.default_route(family) else {
        // Many hosts have IPv6 on their bridges only.
        if family == Family::Ipv4 {
            found.push(Finding {
                check: Check::DefaultRoute,
                certain: true,
                fact: "the host itself has no default route".to_owned(),
                owner: None,
                seen: patient.host.seen(|role| role == Role::Routes(family)),
                breaks: "a guest reaches no address that the host does not reach either".to_owned(),
                fix: None,
            });
        }
        return;
    };
    let outlet = patient.policy().and_then(|policy| policy.outlet.as_ref());
    let (Some(outlet), Some(link)) = (outlet, route.link.as_ref()) else {
        return;
    };
    if outlet == link {
        return;
    }
    found.push(Finding {
        check: Check::Outlet,
        certain: true,
        fact: format!("guests may leave through {outlet} only, but the default route is {link}'s"),
        owner: None,
        seen: seen_routes(patient, family, route),
        breaks: "a guest reaches nothing that lies behind the default route".to_owned(),
        fix: Some(
            patient
                .apply()
                .note("with <forward dev=…> changed in the network's XML"),
        ),
    });
}

/// A host that forwards takes no router's advertisements, unless told to.
fn advertisements(patient: &Patient<'_>, found: &mut Vec<Finding>) {
    let Some(route) = patient.host.default_route(Family::Ipv6) else {
        return;
    };
    let Some(link) = route
        .link
        .as_ref()
        .filter(|_| route.protocol.as_deref() == Some("ra"))
    else {
        return;
    };
    let key = ["net", "ipv6", "conf", link.as_str(), "accept_ra"];
    let forwards = patient
        .host
        .sysctl(&["net", "ipv6", "conf", "all", "forwarding"])
        == Some("1");
    if !forwards || patient.host.sysctl(&key) != Some("1") {
        return;
    }
    let setting = format!("{}=2", sysctl_name(&key));
    found.push(Finding {
        check: Check::RouterAdvertisements,
        certain: true,
        fact: format!(
            "the IPv6 default route of {link} comes from advertisements, which the host ignores \
             now that it forwards"
        ),
        owner: None,
        seen: patient.host.seen_sysctl(&key),
        breaks: "host and guests lose IPv6 when the route expires".to_owned(),
        fix: Some(Fix::run([&["sysctl", "-w", &setting]])),
    });
}
