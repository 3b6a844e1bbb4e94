//! Reading the text of `iptables-save` and `iptables -S`.
//!
//! Anything may stand in such a file: counters, prose, a table without its end, the dumps of
//! several tools or moments in a row. Every line that is not understood is named, and reading
//! goes on.

use super::batch::{self, Lines};
use super::reader::TextReader;
use crate::backend::gap::{Reading, Unread};
use crate::capture::Variant;
use crate::firewall::{Family, Ruleset};

/// What is taken for granted where a text does not say it.
#[derive(Clone, Copy, Debug)]
pub struct Assumed<'t> {
    /// The family; a header names it.
    pub family: Family,
    /// The table that `iptables -S` listed, which it never says.
    pub table: &'t str,
}

/// What one run of one tool showed.
///
/// A text may hold several. Another one begins where a table comes a second time, and where a
/// header names the other family or variant: dumps of two moments are never merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Dump {
    /// For which packets.
    pub family: Family,
    /// Who wrote it, if it says so.
    pub variant: Variant,
    /// Its tables.
    pub ruleset: Ruleset,
    /// Whether it is whole: every table ends, every line was understood, and the tool left out
    /// nothing.
    pub complete: bool,
    /// Whether it says that the other variant has rules, too.
    pub other_variant: bool,
    /// The line of its first table.
    pub line: usize,
}

/// The tables of `text`, which iptables or ip6tables printed: of its first dump, if it holds
/// several, and then each further one is named among what was not read.
pub fn parse(text: &str, family: Family) -> Reading<Ruleset> {
    let assumed = Assumed {
        family,
        table: "filter",
    };
    let Reading { value, mut unread } = parse_dumps(text, assumed);
    let mut dumps = value.into_iter();
    let first = dumps.next().map(|dump| dump.ruleset);
    let more = dumps.map(|dump| Unread {
        line: dump.line,
        message: "another dump begins here".to_owned(),
    });
    unread.extend(more);
    unread.sort_by_key(|unread| unread.line);
    Reading {
        value: first.unwrap_or_default(),
        unread,
    }
}

/// All dumps of `text`, in order.
pub fn parse_dumps(text: &str, assumed: Assumed<'_>) -> Reading<Vec<Dump>> {
    // Some editors put a mark there.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = TextReader::new(assumed, text.len());
    let mut lines = Lines::new(text);
    loop {
        if let Some(family) = reader.awaits_rules() {
            let rules = batch::read(&lines.pieces(), family);
            if !reader.take_rules(rules) {
                break;
            }
        }
        let Some((line, number)) = lines.next() else {
            break;
        };
        if !reader.read_line(line, number) {
            break;
        }
    }
    reader.finish()
}
