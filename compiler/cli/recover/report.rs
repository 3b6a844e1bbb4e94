//! What `recover --format json` prints.

use schemars::JsonSchema;
use serde::Serialize;

use crate::capture::{self, Capture, Origin};
use crate::recover::{Arrangement, Evidence, Finding, FindingKind, Recovered, Recovery};

/// What was recovered of a host.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// The networks.
    pub networks: Vec<NetworkEntry>,
    /// What there is to say of the host as a whole.
    pub findings: Vec<FindingEntry>,
    /// Lines that were not understood.
    pub unread: Vec<UnreadEntry>,
    /// Files that were left aside, because nothing reads them.
    pub aside: Vec<String>,
}

/// One network.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NetworkEntry {
    /// Its name.
    pub name: String,
    /// The bridge it lives on; null for macvtap and hostdev.
    pub bridge: Option<String>,
    /// How its rules are laid out: `lanwright`, `libvirt-nftables`, `iptables`,
    /// `libvirt-built-in` (libvirt before 5.1), `by-hand`; null without rules.
    pub rules: Option<&'static str>,
    /// The network XML, with comments.
    pub xml: String,
    /// What proves its elements.
    pub evidence: Vec<EvidenceEntry>,
    /// What could not be known, was guessed, or is otherwise on the host.
    pub gaps: Vec<FindingEntry>,
    /// What else is good to know.
    pub notes: Vec<FindingEntry>,
}

/// What proves an element.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EvidenceEntry {
    /// The element, as an XPath.
    pub element: String,
    /// Where it is said.
    pub places: Vec<Place>,
}

/// Something that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingEntry {
    /// `unknown`, `guessed`, `differs`, `note`.
    pub kind: &'static str,
    /// The element that it is about, as an XPath.
    pub element: String,
    /// What was found.
    pub message: String,
    /// How to find out, or what to do.
    pub help: Option<String>,
    /// Where it was seen.
    pub places: Vec<Place>,
}

/// A line that was not understood.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnreadEntry {
    /// Where.
    pub place: Place,
    /// Why.
    pub message: String,
}

/// A place in a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Place {
    /// The file, by its name in what was read.
    pub file: String,
    /// The line, from 1; null for a file as a whole.
    pub line: Option<usize>,
}

impl Report {
    /// The report of a recovery; `printed` are the networks' texts.
    pub fn new(recovery: &Recovery, printed: &[String], capture: &Capture) -> Self {
        let networks = recovery.networks.iter().zip(printed);
        let aside = capture.files.iter().filter(|file| file.role.is_none());
        Report {
            networks: networks
                .map(|(network, xml)| entry(network, xml, capture))
                .collect(),
            findings: findings(recovery.findings.iter(), capture),
            unread: capture
                .gaps
                .iter()
                .map(|gap| unread(gap, capture))
                .collect(),
            aside: aside.map(|file| file.name.clone()).collect(),
        }
    }
}

fn entry(recovered: &Recovered, xml: &str, capture: &Capture) -> NetworkEntry {
    let notes = recovered
        .findings
        .iter()
        .filter(|finding| !finding.kind.is_gap());
    NetworkEntry {
        name: recovered.network.name.to_string(),
        bridge: recovered.bridge.as_ref().map(ToString::to_string),
        rules: recovered.rules.map(layout),
        xml: xml.to_owned(),
        evidence: recovered
            .evidence
            .iter()
            .map(|it| evidence(it, capture))
            .collect(),
        gaps: findings(recovered.gaps(), capture),
        notes: findings(notes, capture),
    }
}

/// The word for a layout.
pub fn layout(arrangement: Arrangement) -> &'static str {
    match arrangement {
        Arrangement::LibvirtIptables => "iptables",
        Arrangement::LibvirtNftables => "libvirt-nftables",
        Arrangement::Lanwright => "lanwright",
        Arrangement::LibvirtBuiltIn => "libvirt-built-in",
        Arrangement::ByHand => "by-hand",
    }
}

/// The word for a kind of finding.
pub fn word(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Unknown => "unknown",
        FindingKind::Guessed => "guessed",
        FindingKind::Differs => "differs",
        FindingKind::Note => "note",
    }
}

fn evidence(evidence: &Evidence, capture: &Capture) -> EvidenceEntry {
    EvidenceEntry {
        element: evidence.element.to_string(),
        places: places(&evidence.origins, capture),
    }
}

fn findings<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    capture: &Capture,
) -> Vec<FindingEntry> {
    let entry = |finding: &Finding| FindingEntry {
        kind: word(finding.kind),
        element: finding.about.to_string(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        places: places(&finding.origins, capture),
    };
    findings.map(entry).collect()
}

fn unread(gap: &capture::Gap, capture: &Capture) -> UnreadEntry {
    let line = Some(gap.unread.line).filter(|line| *line > 0);
    UnreadEntry {
        place: Place {
            file: capture.name(gap.file).to_owned(),
            line,
        },
        message: gap.unread.message.clone(),
    }
}

fn places(origins: &[Origin], capture: &Capture) -> Vec<Place> {
    let place = |origin: &Origin| Place {
        file: capture.name(origin.file).to_owned(),
        line: origin.line,
    };
    origins.iter().map(place).collect()
}
