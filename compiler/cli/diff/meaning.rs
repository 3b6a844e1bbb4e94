//! `diff --meaning`: whether two sides' rules treat every packet alike.

use anyhow::Context;

use super::outcome;
use crate::audit::difference::DiffVerdict;
use crate::audit::difference::meaning::{Decision, MeaningReport, Open, Witness, meaning};
use crate::audit::difference::side::Side;
use crate::audit::report::Place;
use crate::cli::{BOLD, Format, Outcome, PLAIN, counted, json, paint};
use crate::host::terminal;
use crate::value::encode::visible;

/// How many differences are shown: more than anyone reads.
const SHOWN: usize = 100;

/// Does it.
pub(super) fn run(a: &Side, b: &Side, format: Format) -> anyhow::Result<Outcome> {
    let report = meaning(a, b);
    let printed = match format {
        Format::Text => text(&report),
        Format::Json => json(&report)?,
    };
    terminal::print(&printed).context("cannot print the result")?;
    Ok(outcome(report.verdict))
}

fn text(report: &MeaningReport) -> String {
    let mut text = String::new();
    for each in report.differences.iter().take(SHOWN) {
        let sure = if each.certain { "" } else { " (perhaps)" };
        text.push_str(&format!("{BOLD}{} {}{PLAIN}{sure}\n", each.hook, each.part));
        paint::push_wrapped(&mut text, 2, &packet(&each.witness));
        for (side, decision) in [("first", &each.a), ("second", &each.b)] {
            paint::push_wrapped(&mut text, 4, &format!("{side}: {}", decided(decision)));
        }
    }
    if report.differences.len() > SHOWN {
        text.push_str("there are more: --format json lists them all\n");
    }
    for each in &report.undecided {
        paint::push_wrapped(&mut text, 0, &undecided(each));
    }
    if !report.not_compared.is_empty() {
        let what = report.not_compared.join(", ");
        paint::push_wrapped(&mut text, 0, &format!("Only one side tells of {what}."));
    }
    text.push_str(&match report.verdict {
        DiffVerdict::Equal => "equal\n".to_owned(),
        DiffVerdict::Differs => format!("{}\n", counted(report.differences.len(), "difference")),
        DiffVerdict::MayDiffer => "may differ\n".to_owned(),
        DiffVerdict::Undecided => "undecided\n".to_owned(),
    });
    text
}

/// A packet in one line.
fn packet(witness: &Witness) -> String {
    let mut words = format!("{} {}", witness.state, witness.protocol);
    if witness.fragment {
        words.push_str(", a later fragment,");
    }
    if let Some([kind, code]) = witness.icmp {
        words.push_str(&format!(" type {kind} code {code}"));
    }
    let end = |address: &str, port: Option<u16>| match port {
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
        None => address.to_owned(),
    };
    let from = end(&witness.source, witness.source_port);
    let to = end(&witness.destination, witness.destination_port);
    words.push_str(&format!(" from {from} to {to}"));
    for (word, device) in [("in", &witness.iif), ("out", &witness.oif)] {
        if let Some(device) = device {
            words.push_str(&format!(", {word} {}", visible(device)));
        }
    }
    if witness.mark != 0 {
        words.push_str(&format!(", mark {:#x}", witness.mark));
    }
    for assumed in &witness.assumed {
        words.push_str(&format!("; if {}", visible(assumed)));
    }
    words
}

fn decided(decision: &Decision) -> String {
    match &decision.place {
        Some(place) => format!("{}, {}", visible(&decision.verdict), at(place)),
        None => format!("{}, as no rule stops it", visible(&decision.verdict)),
    }
}

fn at(place: &Place) -> String {
    let parts = [&place.table, &place.chain];
    let mut words: Vec<String> = parts
        .into_iter()
        .flatten()
        .map(|part| visible(part))
        .collect();
    words.push(match place.position {
        Some(position) => format!("rule {position}"),
        None => "policy".to_owned(),
    });
    if let (Some(file), Some(line)) = (&place.file, place.line) {
        words.push(format!("({}:{line})", visible(file)));
    }
    words.join(" ")
}

fn undecided(open: &Open) -> String {
    let place = open
        .place
        .as_ref()
        .map(|place| match (&place.table, &place.file, place.line) {
            (Some(_), _, _) => at(place),
            (None, Some(file), Some(line)) => format!("{}:{line}", visible(file)),
            (None, _, _) => open.side.clone(),
        });
    let place = place
        .or(open.hook.clone())
        .unwrap_or_else(|| open.side.clone());
    format!("{place}: {}", visible(&open.why))
}
