//! The host and its networks as a picture.
//!
//! A box is the host. Where packets leave it there is a port on its edge; the networks that leave
//! there hang on a line below. Other programs stand at the bottom. The picture is laid out twice,
//! for a wide window and for a narrow one. Shapes and numbers are computed here and drawn by the
//! template, which escapes the names.

use std::collections::BTreeMap;

use serde::Serialize;

use super::text::{count, shortened, visible};
use super::{anchor, name, tone, words};
use crate::audit::report::{ForeignRules, NetworkReport, Report, Verdict};

/// One picture.
#[derive(Serialize)]
pub(super) struct Picture {
    class: &'static str,
    label: String,
    width: String,
    height: String,
    host: Rectangle,
    title: Label,
    groups: Vec<Group>,
    heading: Option<Label>,
    programs: Vec<Chip>,
}

#[derive(Serialize)]
struct Rectangle {
    x: String,
    y: String,
    width: String,
    height: String,
}

#[derive(Serialize)]
struct Label {
    x: String,
    y: String,
    text: String,
}

/// The networks that leave by one port, or by none.
#[derive(Serialize)]
struct Group {
    class: &'static str,
    port: Rectangle,
    label: Label,
    lines: Option<String>,
    cards: Vec<Card>,
    more: Option<Label>,
}

/// One network.
#[derive(Serialize)]
struct Card {
    anchor: String,
    tone: &'static str,
    mark: &'static str,
    full: String,
    around: Rectangle,
    bar: Rectangle,
    name: Label,
    about: Label,
    subnets: Label,
    sign: Label,
}

/// One program.
#[derive(Serialize)]
struct Chip {
    class: &'static str,
    full: String,
    around: Rectangle,
    label: Label,
}

/// What decides the form of a picture, in units of the picture.
struct Form {
    class: &'static str,
    width: usize,
    columns: usize,
    /// Whether a card has two lines instead of three, because there are many.
    low: bool,
}

/// How many networks still have high cards.
const FEW: usize = 24;

/// The edge of the host, left of which a port sticks out.
const EDGE: usize = 14;
/// Where the line of a group runs down.
const LINE: usize = 36;
/// Where cards begin.
const CARDS: usize = 54;
const GAP: usize = 14;
const PORT_HEIGHT: usize = 28;
/// How many networks one group shows.
const MOST: usize = 120;

/// Where the packets of a network leave the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Any,
    Device(String),
    Physical,
    None,
    Unknown,
}

impl Way {
    fn of(network: &NetworkReport) -> Self {
        match (network.mode.as_deref(), &network.outlet) {
            (_, Some(device)) => Way::Device(device.clone()),
            (Some("nat" | "route" | "open"), None) => Way::Any,
            (Some("isolated"), None) => Way::None,
            (Some(_), None) => Way::Physical,
            (None, None) => Way::Unknown,
        }
    }

    fn label(&self) -> String {
        match self {
            Way::Any => "any way out".to_owned(),
            Way::Device(device) => shortened(device, 24),
            Way::Physical => "the physical network".to_owned(),
            Way::None => "no way out".to_owned(),
            Way::Unknown => "way out not known".to_owned(),
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Way::Any | Way::Device(_) | Way::Physical => "open",
            Way::None | Way::Unknown => "closed",
        }
    }
}

impl Picture {
    /// The picture for a wide window and the one for a narrow window.
    pub(super) fn wide_and_narrow(report: &Report) -> Vec<Self> {
        let form = |class, width, columns| Form {
            class,
            width,
            columns,
            low: report.networks.len() > FEW,
        };
        [form("wide", 980, 3), form("narrow", 380, 1)]
            .map(|form| Picture::of(report, &form))
            .into()
    }

    fn of(report: &Report, form: &Form) -> Self {
        let mut ways: BTreeMap<Way, Vec<(usize, &NetworkReport)>> = BTreeMap::new();
        for (at, network) in report.networks.iter().enumerate() {
            ways.entry(Way::of(network))
                .or_default()
                .push((at, network));
        }
        let mut y = 48;
        let mut groups = Vec::new();
        for (way, networks) in ways {
            let (group, below) = form.group(&way, &networks, y);
            groups.push(group);
            y = below + 22;
        }
        let (heading, programs, y) = form.programs(&report.foreign, y);
        let host = rectangle(EDGE, 1, form.width - EDGE - 2, y);
        Picture {
            class: form.class,
            label: format!(
                "The host {} with {}",
                visible(&report.host.name),
                count(report.networks.len(), "network", "networks")
            ),
            width: form.width.to_string(),
            height: (y + 3).to_string(),
            host,
            title: label(CARDS, 28, shortened(&report.host.name, form.letters(8))),
            groups,
            heading,
            programs,
        }
    }
}

impl Form {
    fn card_height(&self) -> usize {
        if self.low { 54 } else { 74 }
    }

    fn card_width(&self) -> usize {
        (self.width - CARDS - EDGE - GAP * (self.columns - 1)) / self.columns
    }

    /// How many letters of this width, in tenths of a letter of a card, go into the picture.
    fn letters(&self, wide: usize) -> usize {
        (self.width - CARDS - EDGE) / wide
    }

    /// A group whose port begins at `y`, and where it ends.
    fn group(&self, way: &Way, networks: &[(usize, &NetworkReport)], y: usize) -> (Group, usize) {
        let text = way.label();
        let inside = way.class() == "closed";
        let left = if inside { LINE - 14 } else { 0 };
        let port = rectangle(left, y, super::text::width(&text) * 8 + 30, PORT_HEIGHT);
        let first = y + PORT_HEIGHT + GAP;
        let cards = networks.iter().take(MOST).enumerate();
        let cards: Vec<Card> = cards
            .map(|(at, (number, network))| self.card(at, first, *number, network))
            .collect();
        let rows = cards.len().div_ceil(self.columns);
        let mut end = first + rows * (self.card_height() + GAP) - GAP;
        let left_out = networks.len() - cards.len();
        let more = (left_out > 0).then(|| {
            end += 26;
            label(
                CARDS,
                end - 6,
                format!("and {}", count(left_out, "network", "networks")),
            )
        });
        let lines = (!inside).then(|| self.lines(cards.len(), y + PORT_HEIGHT, first));
        let group = Group {
            class: way.class(),
            port,
            label: label(left + 15, y + 19, text),
            lines,
            cards,
            more,
        };
        (group, end)
    }

    /// The line down from a port, and along each row behind its cards.
    fn lines(&self, cards: usize, from: usize, first: usize) -> String {
        let middle = |row: usize| first + row * (self.card_height() + GAP) + self.card_height() / 2;
        let rows = cards.div_ceil(self.columns);
        let mut path = format!("M{LINE} {from}V{}", middle(rows.saturating_sub(1)));
        for row in 0..rows {
            let last = (cards - row * self.columns).min(self.columns) - 1;
            let to = CARDS + last * (self.card_width() + GAP) + 8;
            path.push_str(&format!("M{LINE} {}H{to}", middle(row)));
        }
        path
    }

    fn card(&self, at: usize, first: usize, number: usize, network: &NetworkReport) -> Card {
        let width = self.card_width();
        let x = CARDS + at % self.columns * (width + GAP);
        let y = first + at / self.columns * (self.card_height() + GAP);
        let letters = (width - 56) / 9;
        let mut about: Vec<String> = [&network.bridge, &network.mode]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let mut subnets = subnets(network, letters + 4);
        if self.low && !subnets.is_empty() {
            about.push(std::mem::take(&mut subnets));
        }
        Card {
            anchor: anchor(number),
            tone: tone(network.verdict),
            mark: words(network.verdict),
            full: format!("{}: {}", name(network), words(network.verdict)),
            around: rectangle(x, y, width, self.card_height()),
            bar: rectangle(x, y, 5, self.card_height()),
            name: label(x + 18, y + 26, shortened(&name(network), letters)),
            about: label(x + 18, y + 45, shortened(&about.join(" · "), letters + 8)),
            subnets: label(x + 18, y + 62, subnets),
            sign: label(x + width - 22, y + 26, sign(network.verdict).to_owned()),
        }
    }

    /// The other programs, in rows from `y` on, and where they end.
    fn programs(
        &self,
        foreign: &[ForeignRules],
        mut y: usize,
    ) -> (Option<Label>, Vec<Chip>, usize) {
        if foreign.is_empty() {
            return (None, Vec::new(), y);
        }
        let heading = label(CARDS, y + 14, "rules of others".to_owned());
        y += 26;
        let mut x = CARDS;
        let mut chips = Vec::new();
        for each in foreign {
            let rules = count(each.rules, "rule", "rules");
            let text = format!("{} · {rules}", each.owner.name());
            let width = super::text::width(&text) * 71 / 10 + 24;
            if x > CARDS && x + width > self.width - EDGE - 8 {
                x = CARDS;
                y += 38;
            }
            chips.push(Chip {
                class: if each.effects.is_empty() {
                    "quiet"
                } else {
                    "matters"
                },
                full: text.clone(),
                around: rectangle(x, y, width, 28),
                label: label(x + 13, y + 19, text),
            });
            x += width + 10;
        }
        (Some(heading), chips, y + 46)
    }
}

/// The first subnet, and how many more there are.
fn subnets(network: &NetworkReport, letters: usize) -> String {
    match network.subnets.as_slice() {
        [] => String::new(),
        [only] => shortened(only, letters),
        [first, more @ ..] => {
            format!(
                "{} +{}",
                shortened(first, letters.saturating_sub(4)),
                more.len()
            )
        }
    }
}

/// A verdict as a sign, for eyes that do not tell colours.
fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::InSync => "✓",
        Verdict::Drifted => "≠",
        Verdict::Absent => "∅",
        Verdict::Orphan => "+",
        Verdict::NotObserved => "?",
    }
}

fn rectangle(x: usize, y: usize, width: usize, height: usize) -> Rectangle {
    Rectangle {
        x: x.to_string(),
        y: y.to_string(),
        width: width.to_string(),
        height: height.to_string(),
    }
}

fn label(x: usize, y: usize, text: String) -> Label {
    Label {
        x: x.to_string(),
        y: y.to_string(),
        text,
    }
}
