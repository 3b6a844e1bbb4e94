//! The rows of the page's tables.

use serde::Serialize;

use super::text::{count, sentence, visible};
use super::{LONGEST, Rows};
use crate::audit::report::{
    Drift, DriftKind, ForeignPiece, ForeignRules, Interference, Object, Place, Unexplained,
};

/// One difference.
#[derive(Serialize)]
pub(super) struct DriftRow {
    kind: &'static str,
    object: &'static str,
    expected: Option<String>,
    found: Option<String>,
    place: String,
    breaks: Option<String>,
}

/// Something that gets in the way.
#[derive(Serialize)]
pub(super) struct InterferenceRow {
    owner: &'static str,
    what: String,
    networks: String,
    place: String,
    breaks: String,
}

/// The rules of one owner.
#[derive(Serialize)]
pub(super) struct ForeignRows {
    owner: &'static str,
    rules: String,
    tables: String,
    effects: Vec<String>,
    pieces: Rows<PieceRow>,
}

/// Neighbouring rules.
#[derive(Serialize)]
pub(super) struct PieceRow {
    place: String,
    rules: String,
    reason: String,
}

/// Something that was not understood.
#[derive(Serialize)]
pub(super) struct UnexplainedRow {
    what: Option<String>,
    why: String,
    place: String,
}

impl DriftRow {
    pub(super) fn of(drift: &Drift) -> Self {
        let shown = |text: &Option<String>| text.as_deref().map(visible);
        DriftRow {
            kind: kind(drift.kind),
            object: object(drift.object),
            expected: shown(&drift.expected),
            found: shown(&drift.found),
            place: place(&drift.place, None),
            breaks: drift.breaks.as_deref().map(sentence),
        }
    }
}

fn kind(kind: DriftKind) -> &'static str {
    match kind {
        DriftKind::Missing => "missing",
        DriftKind::Unexpected => "unexpected",
        DriftKind::Moved => "moved",
        DriftKind::Changed => "changed",
    }
}

fn object(object: Object) -> &'static str {
    match object {
        Object::Rule => "rule",
        Object::Jump => "jump",
        Object::Chain => "chain",
        Object::MapElement => "map element",
        Object::Layout => "firewall layout",
        Object::Link => "bridge",
        Object::LinkSetting => "bridge setting",
        Object::Address => "address",
        Object::Route => "route",
        Object::Sysctl => "kernel setting",
        Object::Service => "dnsmasq",
        Object::DnsmasqLine => "dnsmasq line",
        Object::Shaping => "rate limit",
    }
}

/// `iptables-save.txt:12 · ip filter · LIBVIRT_FWI · place 3`.
fn place(place: &Place, last_line: Option<usize>) -> String {
    let lines = match (place.line, last_line) {
        (Some(first), Some(last)) if first < last => format!(":{first}–{last}"),
        (Some(line), _) => format!(":{line}"),
        (None, _) => String::new(),
    };
    let mut parts = Vec::new();
    parts.extend(place.file.as_ref().map(|file| format!("{file}{lines}")));
    parts.extend(place.table.clone());
    parts.extend(place.chain.clone());
    if place.line.is_none() {
        parts.extend(place.position.map(|at| format!("place {at}")));
    }
    visible(&parts.join(" · "))
}

impl InterferenceRow {
    pub(super) fn of(found: &Interference) -> Self {
        InterferenceRow {
            owner: found.owner.name(),
            what: visible(&found.what),
            networks: few(&found.networks),
            place: place(&found.place, None),
            breaks: sentence(&found.breaks),
        }
    }
}

/// A list for people: the first few, and how many more.
pub(super) fn few(names: &[String]) -> String {
    const FEW: usize = 12;
    let mut few: Vec<String> = names.iter().take(FEW).map(|name| visible(name)).collect();
    if names.len() > FEW {
        few.push(format!("{} more", names.len() - FEW));
    }
    few.join(", ")
}

impl ForeignRows {
    pub(super) fn of(foreign: &ForeignRules) -> Self {
        ForeignRows {
            owner: foreign.owner.name(),
            rules: count(foreign.rules, "rule", "rules"),
            tables: few(&foreign.tables),
            effects: foreign
                .effects
                .iter()
                .take(LONGEST)
                .map(|each| visible(each))
                .collect(),
            pieces: Rows::of(&foreign.pieces, PieceRow::of),
        }
    }
}

impl PieceRow {
    fn of(piece: &ForeignPiece) -> Self {
        PieceRow {
            place: place(&piece.place, piece.last_line),
            rules: count(piece.rules, "rule", "rules"),
            reason: visible(&piece.reason),
        }
    }
}

impl UnexplainedRow {
    pub(super) fn of(found: &Unexplained) -> Self {
        UnexplainedRow {
            what: found.what.as_deref().map(visible),
            why: sentence(&found.why),
            place: place(&found.place, None),
        }
    }
}
