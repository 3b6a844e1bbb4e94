//! The report of an audit as one page of HTML that needs nothing else.
//!
//! This file and its submodules only choose and word; `templates/audit.html.j2` arranges, and the
//! template engine escapes every string for the place that it stands in. What comes from the host
//! is first made [`visible`](text::visible): no control character and no change of direction
//! reaches the page. Lists have a limit, since a page is for people; JSON has everything.

mod picture;
mod rows;
#[cfg(test)]
mod tests;
mod text;

use serde::Serialize;

use super::report::{NetworkReport, Report, Verdict};
use crate::backend::template::Template;
use picture::Picture;
use rows::{DriftRow, ForeignRows, InterferenceRow, UnexplainedRow, few};
use text::{count, sentence, visible};

static PAGE: Template = crate::template!("audit.html.j2");

/// How many rows one list has at most.
const LONGEST: usize = 500;

/// The page.
pub fn print(report: &Report) -> String {
    PAGE.render(&Page::of(report))
}

#[derive(Serialize)]
struct Page {
    host: String,
    headline: String,
    tone: &'static str,
    tiles: Vec<Tile>,
    facts: Vec<Fact>,
    pictures: Vec<Picture>,
    parts: Vec<Part>,
    calm: Vec<Line>,
    shared: Rows<DriftRow>,
    interference: Rows<InterferenceRow>,
    foreign: Vec<ForeignRows>,
    unexplained: Rows<UnexplainedRow>,
    files: Rows<Fact>,
}

/// One number of the summary.
#[derive(Serialize)]
struct Tile {
    number: String,
    label: &'static str,
    tone: &'static str,
}

/// A name and what is known of it.
#[derive(Serialize)]
struct Fact {
    name: String,
    value: String,
}

/// Rows up to the limit, and a sentence about those that were left out.
#[derive(Serialize)]
struct Rows<Row> {
    rows: Vec<Row>,
    more: Option<String>,
}

/// Networks under one heading.
#[derive(Serialize)]
struct Part {
    heading: &'static str,
    networks: Vec<Section>,
}

/// A network that there is something to say about.
#[derive(Serialize)]
struct Section {
    anchor: String,
    name: String,
    verdict: &'static str,
    tone: &'static str,
    about: String,
    breaks: Vec<String>,
    drift: Rows<DriftRow>,
}

/// A network that is as declared.
#[derive(Serialize)]
struct Line {
    anchor: String,
    name: String,
    bridge: String,
    mode: String,
    subnets: String,
    declared_in: String,
    not_observed: Option<String>,
}

impl<Row> Rows<Row> {
    fn of<Item>(items: &[Item], row: impl Fn(&Item) -> Row) -> Self {
        let left_out = items.len().saturating_sub(LONGEST);
        Rows {
            rows: items.iter().take(LONGEST).map(row).collect(),
            more: (left_out > 0).then(|| format!("{left_out} more are in the JSON report.")),
        }
    }
}

impl Page {
    fn of(report: &Report) -> Self {
        let (headline, tone) = headline(report);
        let (mut findings, mut unseen, mut calm) = (Vec::new(), Vec::new(), Vec::new());
        for (at, network) in report.networks.iter().enumerate() {
            let anchor = anchor(at);
            match network.verdict {
                Verdict::InSync => calm.push(Line::of(network, anchor)),
                Verdict::NotObserved => unseen.push(Section::of(network, anchor)),
                Verdict::Drifted | Verdict::Absent | Verdict::Orphan => {
                    findings.push(Section::of(network, anchor));
                }
            }
        }
        let parts = [
            ("Networks that need a look", findings),
            ("Networks that could not be looked at", unseen),
        ];
        let parts = parts
            .into_iter()
            .filter(|(_, networks)| !networks.is_empty());
        let parts = parts
            .map(|(heading, networks)| Part { heading, networks })
            .collect();
        Page {
            host: visible(&report.host.name),
            headline,
            tone,
            tiles: tiles(report),
            facts: facts(report),
            pictures: Picture::wide_and_narrow(report),
            parts,
            calm,
            shared: Rows::of(&report.shared, DriftRow::of),
            interference: Rows::of(&report.interference, InterferenceRow::of),
            foreign: report.foreign.iter().map(ForeignRows::of).collect(),
            unexplained: Rows::of(&report.unexplained, UnexplainedRow::of),
            files: Rows::of(&report.host.files, |file| Fact {
                name: visible(&file.name),
                value: visible(file.role.as_deref().unwrap_or("left aside")),
            }),
        }
    }
}

/// What a link within the page leads to.
fn anchor(at: usize) -> String {
    format!("network-{at}")
}

/// The class of a verdict, which gives the colour.
fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::InSync => "good",
        Verdict::Drifted | Verdict::Absent => "bad",
        Verdict::Orphan => "odd",
        Verdict::NotObserved => "unknown",
    }
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::InSync => "in sync",
        Verdict::Drifted => "drifted",
        Verdict::Absent => "absent",
        Verdict::Orphan => "nobody declared it",
        Verdict::NotObserved => "not observed",
    }
}

fn headline(report: &Report) -> (String, &'static str) {
    let all = report.networks.len();
    let differing = report
        .networks
        .iter()
        .filter(|each| each.verdict.is_finding());
    match (differing.count(), report.is_clean()) {
        (_, true) if all == 0 => (
            "No network is declared, and none was found.".into(),
            "unknown",
        ),
        (_, true) if report.summary.not_observed > 0 => {
            let unseen = count(report.summary.not_observed, "network", "networks");
            (
                format!("Nothing differs, but {unseen} could not be looked at."),
                "unknown",
            )
        }
        (_, true) => ("Everything is as declared.".into(), "good"),
        (0, false) => {
            let unexplained = report.unexplained.iter().filter(|each| each.is_finding);
            let found = count(
                report.interference.len() + report.shared.len() + unexplained.count(),
                "thing is",
                "things are",
            );
            (
                format!("Each network is as declared, but {found} not as it should be."),
                "bad",
            )
        }
        (differing, false) => {
            let of = count(all, "network needs", "networks need");
            (format!("{differing} of {of} a look."), "bad")
        }
    }
}

fn tiles(report: &Report) -> Vec<Tile> {
    let summary = &report.summary;
    let tile = |number: usize, label, tone| Tile {
        number: number.to_string(),
        label,
        tone: if number == 0 { "none" } else { tone },
    };
    vec![
        tile(summary.in_sync, "in sync", "good"),
        tile(summary.drifted, "drifted", "bad"),
        tile(summary.absent, "absent", "bad"),
        tile(summary.orphans, "not declared", "odd"),
        tile(summary.not_observed, "not observed", "unknown"),
        tile(summary.drift, "differences", "bad"),
        tile(summary.interference, "in the way", "bad"),
        tile(summary.unexplained, "unexplained", "unknown"),
    ]
}

fn facts(report: &Report) -> Vec<Fact> {
    let host = &report.host;
    let list = |words: &[String]| match words {
        [] => "none".to_owned(),
        words => visible(&words.join(", ")),
    };
    let mut facts = vec![("Firewall layout", list(&host.layouts))];
    let mut known = |name, value: &Option<String>| {
        facts.extend(value.as_ref().map(|value| (name, visible(value))));
    };
    known("iptables", &host.iptables_variant);
    known("libvirt", &host.libvirt);
    facts.push(("Looked at", list(&host.observed)));
    if !host.not_observed.is_empty() {
        facts.push(("Not looked at", list(&host.not_observed)));
    }
    let fact = |(name, value): (&str, String)| Fact {
        name: name.to_owned(),
        value,
    };
    facts.into_iter().map(fact).collect()
}

/// The name of a network; of an orphan without one, its bridge.
fn name(network: &NetworkReport) -> String {
    match (&network.name, &network.bridge) {
        (Some(name), _) => visible(name),
        (None, Some(bridge)) => visible(bridge),
        (None, None) => "without a name".to_owned(),
    }
}

impl Section {
    fn of(network: &NetworkReport, anchor: String) -> Self {
        Section {
            anchor,
            name: name(network),
            verdict: words(network.verdict),
            tone: tone(network.verdict),
            about: about(network),
            breaks: network.breaks.iter().map(|each| sentence(each)).collect(),
            drift: Rows::of(&network.drift, DriftRow::of),
        }
    }
}

/// What a network is, in one line.
fn about(network: &NetworkReport) -> String {
    let mut parts = Vec::new();
    let mut add = |before: &str, value: String| {
        if !value.is_empty() {
            parts.push(format!("{before}{value}"));
        }
    };
    let known = |value: &Option<String>| value.as_deref().map(visible).unwrap_or_default();
    add("bridge ", known(&network.bridge));
    add("", known(&network.mode));
    add("", few(&network.subnets));
    add("leaves by ", known(&network.outlet));
    add("layout ", known(&network.layout));
    add("declared in ", known(&network.declared_in));
    add("", known(&network.matched_by));
    add("not looked at: ", few(&network.not_observed));
    add("guests: ", few(&network.guests));
    parts.join(" · ")
}

impl Line {
    fn of(network: &NetworkReport, anchor: String) -> Self {
        let shown = |value: &Option<String>| visible(value.as_deref().unwrap_or("–"));
        let not_observed = few(&network.not_observed);
        Line {
            anchor,
            name: name(network),
            bridge: shown(&network.bridge),
            mode: shown(&network.mode),
            subnets: few(&network.subnets),
            declared_in: shown(&network.declared_in),
            not_observed: (!not_observed.is_empty()).then_some(not_observed),
        }
    }
}
