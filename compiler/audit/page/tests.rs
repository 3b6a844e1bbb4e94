//! A page is a page, whatever the host is called.

use std::collections::HashSet;

use super::print;
use crate::audit::owner::Owner;
use crate::audit::report::{
    Drift, DriftKind, File, ForeignPiece, ForeignRules, Host, Interference, NetworkReport, Object,
    Place, Report, Summary, Unexplained, Verdict,
};

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\u{202e}\u{0}";

/// A report in which every text of the host is this one.
fn report(text: &str) -> Report {
    let some = || Some(text.to_owned());
    let place = || Place {
        file: some(),
        line: Some(7),
        table: some(),
        chain: some(),
        position: Some(2),
    };
    let drift = Drift {
        kind: DriftKind::Changed,
        object: Object::Rule,
        expected: some(),
        found: some(),
        place: place(),
        breaks: some(),
    };
    let network = |verdict| NetworkReport {
        name: some(),
        verdict,
        declared_in: some(),
        bridge: some(),
        matched_by: some(),
        mode: some(),
        subnets: vec![text.to_owned(); 2],
        outlet: some(),
        layout: some(),
        guests: vec![text.to_owned(); 20],
        not_observed: vec![text.to_owned()],
        drift: vec![drift.clone()],
        breaks: vec![text.to_owned()],
    };
    let mut report = Report {
        host: Host {
            name: text.to_owned(),
            layouts: vec![text.to_owned()],
            iptables_variant: some(),
            libvirt: some(),
            observed: vec![text.to_owned()],
            not_observed: vec![text.to_owned()],
            files: vec![File {
                name: text.to_owned(),
                role: some(),
            }],
        },
        summary: Summary::default(),
        networks: [
            Verdict::InSync,
            Verdict::Drifted,
            Verdict::Absent,
            Verdict::Orphan,
            Verdict::NotObserved,
        ]
        .map(network)
        .to_vec(),
        shared: vec![drift.clone()],
        foreign: vec![ForeignRules {
            owner: Owner::Docker,
            rules: 3,
            tables: vec![text.to_owned(); 20],
            pieces: vec![ForeignPiece {
                place: place(),
                last_line: Some(9),
                rules: 3,
                reason: text.to_owned(),
            }],
            effects: vec![text.to_owned()],
        }],
        interference: vec![Interference {
            owner: Owner::Unknown,
            what: text.to_owned(),
            place: place(),
            networks: vec![text.to_owned()],
            breaks: text.to_owned(),
        }],
        unexplained: vec![Unexplained {
            what: some(),
            why: text.to_owned(),
            is_finding: true,
            place: place(),
        }],
    };
    report.count();
    report
}

/// The tags of a page, without their attributes.
fn tags(page: &str) -> Vec<&str> {
    let starts = page.split('<').skip(1);
    let name = |rest: &'_ str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '/');
    starts
        .map(|rest| &rest[..name(rest).unwrap_or(0)])
        .collect()
}

#[test]
fn no_text_of_the_host_becomes_markup() {
    let (hostile, plain) = (print(&report(HOSTILE)), print(&report("x")));
    assert_eq!(tags(&hostile), tags(&plain));
    assert!(!hostile.contains("<script") && !hostile.contains("<img"));
    assert!(!hostile.contains(['\u{202e}', '\u{0}']));
    assert!(hostile.contains("&lt;script&gt;"));
    // An attribute ends at a quotation mark; outside the frame there is none but the template's.
    let quotes = |page: &str| page.matches('"').count();
    assert_eq!(quotes(&hostile), quotes(&plain));
}

#[test]
fn a_page_needs_nothing_else() {
    let page = print(&report("x"));
    for outside in [
        "http:", "https:", "//", "url(", "@import", "src=", "<link", "<script",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_link_leads_somewhere() {
    let page = print(&report("x"));
    let between = |open: &'static str| {
        let parts = page.split(open).skip(1);
        parts.filter_map(|rest| rest.split('"').next())
    };
    let ids: Vec<&str> = between(" id=\"").collect();
    let once: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), once.len());
    let links: HashSet<&str> = between("href=\"#").collect();
    assert_eq!(links, once);
}

#[test]
fn what_is_empty_is_left_out() {
    let mut empty = report("x");
    empty.networks.clear();
    empty.shared.clear();
    empty.foreign.clear();
    empty.interference.clear();
    empty.unexplained.clear();
    empty.count();
    let page = print(&empty);
    assert!(!page.contains("<h2>"), "{page}");
    assert!(page.contains("No network is declared, and none was found."));
}

#[test]
fn a_page_has_an_end() {
    let mut many = report("x");
    let (network, drift) = (many.networks[0].clone(), many.shared[0].clone());
    many.networks = vec![network; 5000];
    many.shared = vec![drift; 100_000];
    let page = print(&many);
    assert!(page.contains("99500 more are in the JSON report."));
    assert!(page.len() < 8_000_000, "{}", page.len());
}
