//! A report as people read it: a block a network, its verdict first.
//!
//! Made for 80 columns. Expected lines are red and begin with `-`, found ones are green and begin
//! with `+`, and of a pair the words that differ stand out.

use super::super::paint::{DIM, GREEN, RED, YELLOW, push_line, push_pair, push_wrapped};
use super::super::{BOLD, PLAIN, counted};
use crate::audit::owner::Owner;
use crate::audit::report::{
    Drift, DriftKind, Interference, NetworkReport, Object, Place, Report, Unexplained, Verdict,
};
use crate::value::encode::visible;

/// How many differences of one network are shown: more than anyone reads.
const SHOWN: usize = 200;

/// The whole report.
pub fn print(report: &Report) -> String {
    let mut text = String::new();
    for network in &report.networks {
        push_network(&mut text, network);
    }
    if !report.shared.is_empty() {
        text.push_str(&format!(
            "{RED}drifted{PLAIN}      {BOLD}shared by all networks{PLAIN}\n"
        ));
        push_drift(&mut text, &report.shared);
        text.push('\n');
    }
    for each in &report.interference {
        push_interference(&mut text, each);
    }
    push_unexplained(&mut text, &report.unexplained);
    push_foreign(&mut text, report);
    push_summary(&mut text, report);
    text
}

fn colour(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::InSync => GREEN,
        Verdict::Drifted | Verdict::Absent => RED,
        Verdict::Orphan => YELLOW,
        Verdict::NotObserved => DIM,
    }
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::InSync => "in sync",
        Verdict::Drifted => "drifted",
        Verdict::Absent => "absent",
        Verdict::Orphan => "orphan",
        Verdict::NotObserved => "not observed",
    }
}

fn push_network(text: &mut String, network: &NetworkReport) {
    let name = match &network.name {
        Some(name) => visible(name),
        None => "(no name)".to_owned(),
    };
    let (colour, verdict) = (colour(network.verdict), words(network.verdict));
    text.push_str(&format!(
        "{colour}{verdict:<12}{PLAIN} {BOLD}{name}{PLAIN}\n"
    ));
    push_wrapped(text, 13, &about(network));
    if let Some(by) = &network.matched_by {
        push_wrapped(text, 13, &visible(by));
    }
    if !network.not_observed.is_empty() {
        let what = network.not_observed.join(", ");
        push_wrapped(text, 13, &format!("not looked at: {what}"));
    }
    match network.verdict {
        Verdict::Absent => {
            for sentence in &network.breaks {
                push_wrapped(text, 13, &visible(sentence));
            }
        }
        Verdict::Orphan => push_wrapped(text, 13, "nobody declared it"),
        Verdict::InSync | Verdict::Drifted | Verdict::NotObserved => {}
    }
    push_drift(text, &network.drift);
    text.push('\n');
}

/// `nat on virbr0, 192.168.122.0/24, rules in the layout iptables`.
fn about(network: &NetworkReport) -> String {
    let mut parts = Vec::new();
    match (&network.mode, &network.bridge) {
        (Some(mode), Some(bridge)) => parts.push(format!("{mode} on {bridge}")),
        (Some(one), None) | (None, Some(one)) => parts.push(one.clone()),
        (None, None) => {}
    }
    parts.extend(network.subnets.iter().cloned());
    parts.extend(
        network
            .layout
            .iter()
            .map(|layout| format!("rules in the layout {layout}")),
    );
    visible(&parts.join(", "))
}

fn push_drift(text: &mut String, drift: &[Drift]) {
    for each in drift.iter().take(SHOWN) {
        text.push('\n');
        push_wrapped(text, 2, &heading(each));
        push_pair(text, each.expected.as_deref(), each.found.as_deref());
        if let Some(breaks) = &each.breaks {
            push_wrapped(text, 4, &format!("=> {}", visible(breaks)));
        }
    }
    if let Some(more) = drift.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        push_wrapped(
            text,
            2,
            &format!("and {more} more: --format json lists them all"),
        );
    }
}

/// `missing rule in ip filter LIBVIRT_FWI, place 2 (iptables-save.txt:14)`.
fn heading(drift: &Drift) -> String {
    let kind = match drift.kind {
        DriftKind::Missing => "missing",
        DriftKind::Unexpected => "unexpected",
        DriftKind::Moved => "moved",
        DriftKind::Changed => "changed",
    };
    let place = place(&drift.place);
    format!("{kind} {}{place}", object(drift.object))
}

fn object(object: Object) -> &'static str {
    match object {
        Object::Rule => "rule",
        Object::Jump => "jump",
        Object::Chain => "chain",
        Object::MapElement => "element",
        Object::Layout => "layout",
        Object::Link => "bridge",
        Object::LinkSetting => "bridge setting",
        Object::Address => "address",
        Object::Route => "route",
        Object::Sysctl => "kernel setting",
        Object::Service => "service",
        Object::DnsmasqLine => "line of dnsmasq",
        Object::Shaping => "rate limit",
    }
}

fn place(place: &Place) -> String {
    let mut text = String::new();
    let names = [&place.table, &place.chain];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    if !names.is_empty() {
        text.push_str(&format!(" in {}", visible(&names.join(" "))));
    }
    if let Some(position) = place.position {
        text.push_str(&format!(", place {position}"));
    }
    match (&place.file, place.line) {
        (Some(file), Some(line)) => text.push_str(&format!(" ({}:{line})", visible(file))),
        (Some(file), None) => text.push_str(&format!(" ({})", visible(file))),
        (None, _) => {}
    }
    text
}

fn push_interference(text: &mut String, each: &Interference) {
    let whose = match each.owner == Owner::Unknown {
        true => "a rule of nobody known".to_owned(),
        false => format!("a rule of {}", each.owner),
    };
    text.push_str(&format!(
        "{YELLOW}in the way{PLAIN}   {BOLD}{whose}{PLAIN}\n"
    ));
    let networks: Vec<&str> = each.networks.iter().map(String::as_str).collect();
    push_wrapped(text, 13, &format!("of {}", visible(&few(&networks))));
    text.push('\n');
    push_wrapped(text, 2, &format!("found{}", place(&each.place)));
    push_line(text, GREEN, '+', vec![(visible(&each.what), false)]);
    push_wrapped(text, 4, &format!("=> {}", visible(&each.breaks)));
    text.push('\n');
}

/// A few names, and how many more there are.
fn few(names: &[&str]) -> String {
    let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(5).filter(|more| *more > 0) {
        Some(more) => format!("{shown} and {more} more"),
        None => shown,
    }
}

fn push_unexplained(text: &mut String, unexplained: &[Unexplained]) {
    if unexplained.is_empty() {
        return;
    }
    text.push_str(&format!("{YELLOW}unexplained{PLAIN}\n"));
    for each in unexplained.iter().take(SHOWN) {
        push_wrapped(
            text,
            2,
            &format!("{}{}", visible(&each.why), place(&each.place)),
        );
        if let Some(what) = &each.what {
            push_line(text, GREEN, '+', vec![(visible(what), false)]);
        }
    }
    if let Some(more) = unexplained
        .len()
        .checked_sub(SHOWN)
        .filter(|more| *more > 0)
    {
        push_wrapped(
            text,
            2,
            &format!("and {more} more: --format json lists them all"),
        );
    }
    text.push('\n');
}

fn push_foreign(text: &mut String, report: &Report) {
    if report.foreign.is_empty() {
        return;
    }
    let owners: Vec<String> = (report.foreign.iter())
        .map(|each| format!("{} {}", each.owner.name(), each.rules))
        .collect();
    push_wrapped(text, 0, &format!("Rules of others: {}.", owners.join(", ")));
    text.push('\n');
}

fn push_summary(text: &mut String, report: &Report) {
    let summary = &report.summary;
    let verdicts = [
        (summary.in_sync, "in sync"),
        (summary.drifted, "drifted"),
        (summary.absent, "absent"),
        (summary.orphans, "orphan"),
        (summary.not_observed, "not observed"),
    ];
    let verdicts: Vec<String> = verdicts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let mut line = format!(
        "{}: {}",
        counted(report.networks.len(), "network"),
        verdicts.join(", ")
    );
    let extras = [
        (summary.drift, "difference"),
        (summary.interference, "rule of others in the way"),
        (summary.unexplained, "unexplained line"),
    ];
    for (count, noun) in extras.into_iter().filter(|(count, _)| *count > 0) {
        line.push_str(&format!("; {}", several(count, noun)));
    }
    push_wrapped(text, 0, &line);
}

/// Counts a noun that may have words behind it.
fn several(count: usize, noun: &str) -> String {
    match noun.split_once(' ') {
        Some((first, rest)) if first == "rule" => format!("{} {rest}", counted(count, first)),
        Some(_) | None => counted(count, noun),
    }
}
