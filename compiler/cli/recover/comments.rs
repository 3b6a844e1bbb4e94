//! A recovered network as XML: what proves each element stands above it, what is not known too.

use std::collections::BTreeSet;

use crate::capture::{Capture, Origin};
use crate::recover::{Element, Finding, FindingKind, Recovered};
use crate::xml::write::{self, Comments};

/// How many places a comment names; more prove nothing more.
const SHOWN: usize = 6;

/// The text of a recovered network.
pub fn print(recovered: &Recovered, capture: &Capture) -> String {
    let plain = write::print_with(&recovered.network, &Comments::default());
    let there: BTreeSet<&str> = plain.places.iter().map(|(_, path)| path.as_str()).collect();
    let mut comments = Comments::default();
    for evidence in &recovered.evidence {
        let path = evidence.element.to_string();
        let places = places(&evidence.origins, capture);
        match (evidence.element, there.contains(path.as_str())) {
            (Element::Network, _) => comments.first("/network", places),
            (_, true) => comments.before(path, places),
            (element, false) => {
                comments.first("/network", format!("{}: {places}", absent(element)));
            }
        }
    }
    for finding in &recovered.findings {
        let text = finding_text(finding, capture);
        let path = finding.about.to_string();
        match (finding.about, there.contains(path.as_str())) {
            (Element::Network, _) | (_, false) => comments.last("/network", text),
            (_, true) => comments.before(path, text),
        }
    }
    write::print_with(&recovered.network, &comments).text
}

/// What an element that is not there stands for.
fn absent(element: Element) -> String {
    if element == Element::Forward {
        return "isolated, so no <forward>".to_owned();
    }
    let path = element.to_string();
    let name = path.rsplit('/').next().unwrap_or(&path);
    format!("<{name}>, as it is by default")
}

/// A finding as one line.
pub fn finding_text(finding: &Finding, capture: &Capture) -> String {
    let kind = match finding.kind {
        FindingKind::Unknown => "not known",
        FindingKind::Guessed => "guessed",
        FindingKind::Differs => "differs",
        FindingKind::Note => "note",
    };
    let mut text = format!("{kind}: {}", finding.message);
    if !finding.origins.is_empty() {
        text += &format!(" ({})", places(&finding.origins, capture));
    }
    if let Some(help) = &finding.help {
        text += &format!("; {help}");
    }
    text
}

/// `iptables-save.txt:12-14,20, addr.json`.
pub fn places(origins: &[Origin], capture: &Capture) -> String {
    let mut files: Vec<(&str, Vec<usize>)> = Vec::new();
    for origin in origins {
        let name = capture.name(origin.file);
        let at = match files.iter().position(|(file, _)| *file == name) {
            Some(at) => at,
            None => {
                files.push((name, Vec::new()));
                files.len() - 1
            }
        };
        files[at].1.extend(origin.line);
    }
    let texts: Vec<String> = files
        .into_iter()
        .map(|(file, lines)| match ranges(lines) {
            None => file.to_owned(),
            Some(ranges) => format!("{file}:{ranges}"),
        })
        .collect();
    texts.join(", ")
}

/// Lines that follow each other as ranges.
fn ranges(mut lines: Vec<usize>) -> Option<String> {
    lines.sort_unstable();
    lines.dedup();
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == line => *end = line,
            Some(_) | None => ranges.push((line, line)),
        }
    }
    let more = ranges.len().saturating_sub(SHOWN);
    let shown = ranges
        .iter()
        .take(SHOWN)
        .map(|(start, end)| match start == end {
            true => start.to_string(),
            false => format!("{start}-{end}"),
        });
    let shown: Vec<String> = shown.collect();
    let tail = if more > 0 { ",…" } else { "" };
    (!shown.is_empty()).then(|| shown.join(",") + tail)
}
