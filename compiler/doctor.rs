//! Why does a guest get no lease, no name, no internet?
//!
//! The way of a guest's packet is followed through what a capture tells of a host: the port, the
//! bridge, dnsmasq, the firewall, routes. The first broken link is the cause, with the smallest
//! command that mends it; the rest follows from it or comes after it. What was not captured is
//! not judged. Nothing here knows where the capture came from, and nothing is changed.

mod compare;
mod crossing;
mod gate;
mod link;
mod open;
mod packet;
mod patient;
mod port;
pub mod report;
mod route;
mod rule;
mod service;
mod walk;

use crate::audit::layer;
use crate::audit::matching;
use crate::audit::owner::Learnt;
use crate::audit::report::Report as Audit;
use crate::audit::{self};
use crate::capture::{Capture, Topic};
use crate::firewall::{Family, Table};
use crate::lower::{self, Ir};
use crate::network::NetworkSet;
use crate::state::Segment;
use crate::value::DeviceName;

use patient::{Host, Patient};
use report::{Check, Diagnosis, Finding, Report, Verdict};
use walk::Walker;

/// What is examined.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The networks.
    pub networks: &'a NetworkSet,
    /// The file that declares each of them, in the same order, as far as known.
    pub files: &'a [String],
    /// Whether the networks were declared by somebody, and not guessed from the capture itself.
    pub declared: bool,
    /// What the host holds.
    pub capture: &'a Capture,
    /// Where the capture came from, as it was named.
    pub host: &'a str,
    /// Whether it is this machine, as it is now.
    pub live: bool,
}

/// Examines networks on a host.
pub fn examine(question: Question<'_>) -> Report {
    let capture = question.capture;
    let (networks, _) = matching::settle(question.networks, capture);
    let ir = lower::lower(&networks);
    let layers = layer::layers(capture);
    let tables: Vec<&Table> = layers.iter().map(|layer| layer.table).collect();
    let learnt = Learnt::of(&tables, &capture.state, &ir.state);
    let walker = Walker::new(layers.into_iter());
    let host = Host {
        capture,
        ir: &ir,
        live: question.live,
        walker: &walker,
        learnt: &learnt,
    };
    // What was made of the capture itself differs from it nowhere.
    let audit = question.declared.then(|| {
        audit::audit(audit::Question {
            networks: question.networks,
            files: question.files,
            capture,
            host: question.host,
        })
    });
    let patients: Vec<Option<Patient<'_>>> = ir
        .state
        .networks
        .iter()
        .enumerate()
        .map(|(at, segment)| patient(&host, segment, question.files.get(at)))
        .collect();
    let waiting = patients
        .iter()
        .flatten()
        .filter(|patient| port::waits(patient))
        .count();
    let segments = ir.state.networks.iter().zip(&patients);
    let networks = segments.map(|(segment, patient)| match patient {
        Some(patient) => diagnose(patient, audit.as_ref(), waiting == 1),
        None => without_bridge(segment),
    });
    Report {
        host: question.host.to_owned(),
        networks: networks.collect(),
    }
}

/// What the rules of others will do to guests of these networks, which need not be there yet:
/// the bridge and what was found. The rules of the networks themselves are not asked.
pub fn foresee(ir: &Ir, capture: &Capture) -> Vec<(DeviceName, Finding)> {
    let layers = layer::layers(capture);
    let tables: Vec<&Table> = layers.iter().map(|layer| layer.table).collect();
    let learnt = Learnt::of(&tables, &capture.state, &ir.state);
    let walker = Walker::new(layers.into_iter());
    let host = Host {
        capture,
        ir,
        live: true,
        walker: &walker,
        learnt: &learnt,
    };
    let segments = ir.state.networks.iter();
    let patients = segments.filter_map(|segment| patient(&host, segment, None));
    let examined = patients.filter(Patient::is_virtual).flat_map(|patient| {
        let (mut found, mut notes) = (Vec::new(), Vec::new());
        gate::examine(&patient, &mut found, &mut notes);
        let bridge = patient.bridge.clone();
        found
            .into_iter()
            .map(move |finding| (bridge.clone(), finding))
    });
    examined.filter(|(_, finding)| finding.certain).collect()
}

fn patient<'a>(
    host: &'a Host<'a>,
    segment: &'a Segment,
    file: Option<&'a String>,
) -> Option<Patient<'a>> {
    Some(Patient {
        host,
        segment,
        bridge: segment.link.as_ref()?,
        file: file.map(String::as_str),
    })
}

fn diagnose(patient: &Patient<'_>, audit: Option<&Audit>, alone: bool) -> Diagnosis {
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    link::examine(patient, &mut found);
    // What hangs on a bridge that is not there is no news.
    if !found.iter().any(|finding| finding.check == Check::Bridge) {
        port::examine(patient, alone, &mut found, &mut notes);
        service::examine(patient, &mut found);
        route::examine(patient, &mut found);
        gate::examine(patient, &mut found, &mut notes);
        rule::examine(patient, audit, &mut found);
    }
    found.sort_by_key(|finding| finding.check);
    let first = found.iter().position(|finding| finding.certain);
    let cause = (!found.is_empty()).then(|| found.remove(first.unwrap_or(0)));
    let not_observed = not_observed(patient);
    Diagnosis {
        network: patient.segment.network.to_string(),
        mode: patient.segment.mode.clone(),
        bridge: Some(patient.bridge.to_string()),
        verdict: verdict(cause.as_ref(), &not_observed),
        cause,
        further: found,
        notes,
        not_observed,
    }
}

fn verdict(cause: Option<&Finding>, not_observed: &[&str]) -> Verdict {
    match cause {
        Some(cause) if cause.certain => Verdict::Broken,
        Some(_) => Verdict::Doubtful,
        None if ["links", "rules"]
            .iter()
            .all(|topic| not_observed.contains(topic)) =>
        {
            Verdict::NotObserved
        }
        None => Verdict::Healthy,
    }
}

/// The guests of macvtap and hostdev sit on a device itself: the host is in nobody's way.
fn without_bridge(segment: &Segment) -> Diagnosis {
    Diagnosis {
        network: segment.network.to_string(),
        mode: segment.mode.clone(),
        bridge: None,
        verdict: Verdict::NotObserved,
        cause: None,
        further: Vec::new(),
        notes: vec![
            "its guests sit on a device of the host, which has no part in their packets' \
                     way"
            .to_owned(),
        ],
        not_observed: Vec::new(),
    }
}

/// What of this network's way was not looked at.
fn not_observed(patient: &Patient<'_>) -> Vec<&'static str> {
    let capture = patient.capture();
    let mut missing = Vec::new();
    let mut need = |needed: bool, seen: bool, word| {
        if needed && !seen {
            missing.push(word);
        }
    };
    let serves = patient.service().is_some();
    need(true, capture.observed(Topic::Links), "links");
    need(
        patient.is_virtual(),
        capture.observed(Topic::Addresses),
        "addresses",
    );
    need(
        true,
        !capture.bridging.ports.is_empty() || port::waits(patient),
        "ports",
    );
    need(serves, capture.observed(Topic::Services), "services");
    need(serves, capture.observed(Topic::Processes), "processes");
    need(serves, capture.observed(Topic::Leases), "leases");
    need(true, patient.host.has_rules(Family::Ipv4), "rules");
    for family in route::families(patient) {
        let seen = capture.observed(Topic::Routes(family));
        need(patient.forwards() && family == Family::Ipv4, seen, "routes");
    }
    need(true, capture.observed(Topic::Sysctls), "sysctls");
    missing
}
