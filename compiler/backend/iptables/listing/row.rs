//! One row of a listing: its columns, and what stands behind them.
//!
//! Columns are parted by blanks alone, so indenting them anew changes nothing. Two may be empty:
//! the target, and in old ip6tables the fragment column.

use super::names;
use super::pieces::Pieces;
use crate::firewall::Counter;

/// Which columns a listing has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The number of the rule stands first (`--line-numbers`).
    pub(super) numbered: bool,
    /// Counters stand before the target and devices before the addresses (`-v`).
    pub(super) verbose: bool,
}

impl Layout {
    /// Every layout, the fullest first.
    pub(super) const ALL: [Layout; 4] = [
        Layout::new(true, true),
        Layout::new(false, true),
        Layout::new(true, false),
        Layout::new(false, false),
    ];

    const fn new(numbered: bool, verbose: bool) -> Self {
        Layout { numbered, verbose }
    }
}

/// The columns of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    /// What the rule counted, if it is shown.
    pub(super) counter: Option<Shown>,
    /// The target or chain; empty for a rule that only counts.
    pub(super) target: &'a str,
    /// The protocol by name or number; `None` for all.
    pub(super) protocol: Option<Column<'a>>,
    /// `-f`, or `! -f`.
    pub(super) fragment: Option<bool>,
    /// The devices a packet comes in and goes out through, if they are shown.
    pub(super) devices: Option<(Column<'a>, Column<'a>)>,
    /// The source.
    pub(super) source: Column<'a>,
    /// The destination.
    pub(super) destination: Column<'a>,
    /// What stands behind the columns.
    pub(super) extras: &'a str,
}

/// A column that may say what must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column<'a> {
    /// Whether it is negated.
    pub(super) negated: bool,
    /// What it says.
    pub(super) text: &'a str,
}

/// A counter as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Its value.
    pub(super) value: Counter,
    /// Whether it was rounded to thousands or more.
    pub(super) rounded: bool,
}

/// Why a line is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends before its last column.
    Short,
    /// A column holds what it cannot hold.
    Foreign,
}

/// Reads the columns of a line.
pub(super) fn read(line: &str, layout: Layout) -> Result<Row<'_>, Fault> {
    let mut at = Pieces::new(line);
    if layout.numbered {
        let (number, after) = at.word().ok_or(Fault::Short)?;
        if !is_number(number) {
            return Err(Fault::Foreign);
        }
        at = after;
    }
    let counter = match layout.verbose {
        true => {
            let (shown, after) = read_counter(at)?;
            at = after;
            Some(shown)
        }
        false => None,
    };
    let (target, at) = read_target(at)?;
    let (protocol, at) = read_column(at)?;
    let (fragment, at) = read_fragment(at);
    let (devices, at) = match layout.verbose {
        true => {
            let (from, at) = read_column(at)?;
            let (to, at) = read_column(at)?;
            (Some((from, to)), at)
        }
        false => (None, at),
    };
    let (source, at) = read_address(at)?;
    let (destination, at) = read_address(at)?;
    Ok(Row {
        counter,
        target,
        protocol: Some(protocol).filter(|column| !matches!(column.text, "all" | "0")),
        fragment,
        devices,
        source,
        destination,
        extras: at.rest,
    })
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_counter(at: Pieces<'_>) -> Result<(Shown, Pieces<'_>), Fault> {
    let (packets, at) = at.word().ok_or(Fault::Short)?;
    let (packets, rounded_packets) = read_count(packets).ok_or(Fault::Foreign)?;
    let (bytes, at) = at.word().ok_or(Fault::Short)?;
    let (bytes, rounded_bytes) = read_count(bytes).ok_or(Fault::Foreign)?;
    let shown = Shown {
        value: Counter { packets, bytes },
        rounded: rounded_packets || rounded_bytes,
    };
    Ok((shown, at))
}

/// A count, perhaps in thousands, millions and so on; more than fits is the most there is.
pub(super) fn read_count(word: &str) -> Option<(u64, bool)> {
    let (digits, factor) = match word.as_bytes().last()? {
        b'K' => (word.len() - 1, 1_000),
        b'M' => (word.len() - 1, 1_000_000),
        b'G' => (word.len() - 1, 1_000_000_000),
        b'T' => (word.len() - 1, 1_000_000_000_000),
        _ => (word.len(), 1_u64),
    };
    let digits = word.get(..digits).filter(|digits| is_number(digits))?;
    let count = digits.parse().unwrap_or(u64::MAX);
    Some((count.saturating_mul(factor), factor > 1))
}

/// The target, which may be empty: then the protocol stands here.
///
/// The column behind the protocol tells where the protocol is. Where that one is empty too, a
/// protocol that is known as one does.
fn read_target(at: Pieces<'_>) -> Result<(&str, Pieces<'_>), Fault> {
    let (first, after) = at.word().ok_or(Fault::Short)?;
    let second = after.peek().ok_or(Fault::Short)?;
    let third = after.word().and_then(|(_, rest)| rest.peek());
    let is_protocol = |word: &str| names::is_protocol(word.strip_prefix('!').unwrap_or(word));
    if is_fragment(second) && is_protocol(first) {
        return Ok(("", at));
    }
    if is_protocol(second) || third.is_some_and(is_fragment) {
        return Ok((first, after));
    }
    if is_protocol(first) {
        return Ok(("", at));
    }
    Err(Fault::Foreign)
}

fn is_fragment(word: &str) -> bool {
    matches!(word, "--" | "-f" | "!f")
}

fn read_fragment(at: Pieces<'_>) -> (Option<bool>, Pieces<'_>) {
    match at.word() {
        Some(("-f", after)) => (Some(true), after),
        Some(("!f", after)) => (Some(false), after),
        Some(("--", after)) => (None, after),
        Some(_) | None => (None, at),
    }
}

fn read_column(at: Pieces<'_>) -> Result<(Column<'_>, Pieces<'_>), Fault> {
    let (negated, text, at) = at.negatable().ok_or(Fault::Short)?;
    Ok((Column { negated, text }, at))
}

fn read_address(at: Pieces<'_>) -> Result<(Column<'_>, Pieces<'_>), Fault> {
    let (column, at) = read_column(at)?;
    match names::is_address(column.text) {
        true => Ok((column, at)),
        false => Err(Fault::Foreign),
    }
}
