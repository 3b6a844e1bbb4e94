//! What is found out, and what is said of it.

use super::*;
use crate::firewall::Policy;
use crate::lower::{FirewallLayout, Ir};
use crate::network::sample::value;
use crate::plan::{FirewallManner, LinkManager, TrafficControl, plan};
use crate::state::{Address, HostState};

fn nothing() -> Ir {
    Ir {
        state: HostState::default(),
        policy: Policy::default(),
    }
}

/// Networks `n0`, `n1` … on bridges of the same names, the first with an address.
fn wanted(count: usize) -> Ir {
    let mut ir = nothing();
    for number in 0..count {
        let name = format!("n{number}");
        ir.state
            .services
            .push(Dnsmasq::plain(value(&name), value(&name)));
    }
    ir.state.addresses.push(Address {
        link: value("n0"),
        address: value("192.0.2.1/24"),
    });
    ir
}

fn means(services: Services) -> Means {
    Means {
        firewall: FirewallManner {
            layout: FirewallLayout::Lanwright,
            legacy: false,
        },
        links: LinkManager::Iproute2,
        services,
        traffic: TrafficControl::default(),
        vlan_filtering: true,
        firewalld: false,
    }
}

fn said(facts: Facts, services: Services) -> (Vec<String>, Vec<String>) {
    let (wanted, retired) = (wanted(1), nothing());
    let observed = Observed {
        facts,
        ..Observed::default()
    };
    let (refusals, warnings) = refuse(&wish(&wanted, &retired), &observed, &means(services));
    let words = |said: Vec<Refusal>| said.into_iter().map(|each| each.message).collect();
    (words(refusals), words(warnings))
}

fn wish<'a>(wanted: &'a Ir, retired: &'a Ir) -> Wish<'a> {
    Wish {
        wanted,
        retired,
        before: None,
        taken: &[],
        returned: &[],
        take_over: false,
    }
}

fn there(version: (u32, u32), user: bool) -> Facts {
    Facts {
        program: Some(Program::There {
            version: Some(version),
            user: Some(("nobody".to_owned(), user)),
        }),
        ..Facts::default()
    }
}

#[test]
fn dnsmasq_has_to_be_there_new_enough_and_with_its_user() {
    let refusals = |facts| said(facts, Services::Direct).0;
    assert!(refusals(there((2, 90), true)).is_empty());
    assert_eq!(
        refusals(there((2, 66), true)),
        ["dnsmasq is too old: it is 2.66"]
    );
    assert_eq!(refusals(there((2, 90), false)).len(), 1);
    let missing = Facts {
        program: Some(Program::Missing),
        ..Facts::default()
    };
    assert_eq!(refusals(missing).len(), 1);
}

#[test]
fn a_port_is_taken_where_it_is_needed_only() {
    let listener = |address: Option<&str>, device: Option<&str>, port| Facts {
        listeners: vec![Listener {
            address: address.map(value),
            device: device.map(str::to_owned),
            port,
            program: Some("named".to_owned()),
        }],
        ..Facts::default()
    };
    let refused = |facts| !said(facts, Services::Direct).0.is_empty();
    assert!(refused(listener(None, None, 53)));
    assert!(refused(listener(Some("192.0.2.1"), None, 53)));
    assert!(refused(listener(None, Some("n0"), 53)));
    assert!(!refused(listener(Some("127.0.0.53"), Some("lo"), 53)));
    assert!(!refused(listener(Some("198.51.100.1"), None, 53)));
    assert!(!refused(listener(None, Some("virbr0"), 53)));
    // It gives no addresses.
    assert!(!refused(listener(None, None, 67)));
}

#[test]
fn a_unit_of_another_kind_is_in_the_way_of_systemd_only() {
    let facts = |text: &str| Facts {
        unit: Some(("/etc/systemd/system/x".to_owned(), text.to_owned())),
        ..Facts::default()
    };
    let foreign = "ExecStart=dnsmasq --conf-file=/etc/lanwright/dnsmasq/%I.conf\n";
    assert_eq!(said(facts(foreign), Services::Systemd).0.len(), 1);
    assert!(said(facts(foreign), Services::Direct).0.is_empty());
    assert!(said(facts(&unit_text()), Services::Systemd).0.is_empty());
}

#[test]
fn a_profile_that_does_not_speak_of_our_files_is_named() {
    let facts = |profile: &str| Facts {
        profile: Some(profile.to_owned()),
        ..Facts::default()
    };
    let warnings = |facts| said(facts, Services::Direct).1;
    assert_eq!(warnings(facts("@{run}/dnsmasq/ r,\n")).len(), 1);
    assert!(warnings(facts("/run/lanwright/dnsmasq/* r,\n")).is_empty());
}

#[test]
fn watchers_are_raised_only_where_more_are_needed() {
    let raised = |count, there| {
        let (wanted, retired) = (wanted(count), nothing());
        let mut observed = Observed::default();
        let limit = 128;
        observed.facts.watchers = Some(Watchers { limit, there });
        let step = watchers(&wish(&wanted, &retired), &observed);
        step.map(|step| step.deed)
    };
    assert_eq!(raised(100, 28), None);
    let key = INSTANCES.map(str::to_owned).to_vec();
    let set = |value: &str| Some(Deed::Set(vec![(key.clone(), value.to_owned())]));
    assert_eq!(raised(101, 28), set("256"));
    assert_eq!(raised(1000, 10), set("2048"));
}

#[test]
fn the_unit_comes_with_the_first_network_and_goes_with_the_last() {
    let (some, none) = (wanted(1), nothing());
    let touches = |wanted: &Ir, retired: &Ir, observed: &Observed| {
        let plan = plan(&wish(wanted, retired), observed, &means(Services::Systemd));
        let unit = runtime_unit();
        plan.changes().any(|change| change.object == unit)
    };
    let mut observed = Observed::default();
    assert!(touches(&some, &none, &observed));
    observed.files.insert(runtime_unit(), unit_text());
    assert!(!touches(&some, &none, &observed));
    let ours = crate::plan::service::process(&some.state.services[0]).conf;
    observed.configurations.insert(ours);
    assert!(touches(&none, &some, &observed));
    let other = "/run/lanwright/dnsmasq/other.conf".to_owned();
    observed.configurations.insert(other);
    assert!(!touches(&none, &some, &observed));
    // Where one is installed for good there is no need for another.
    let mut observed = Observed::default();
    observed.facts.unit = Some(("/usr/lib/systemd/system/x".to_owned(), unit_text()));
    assert!(!touches(&some, &none, &observed));
}
