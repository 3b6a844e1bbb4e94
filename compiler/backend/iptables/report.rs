//! What was not understood of a text, and how much may be kept of what was.

use crate::backend::gap::Unread;
use crate::firewall::{Chain, Match, Rule};

/// How many lines are named one by one.
const MOST_NAMED: usize = 10_000;

/// How much memory any text may take; a larger one may take four times its size.
const ANY_TEXT: usize = 1 << 30;

/// What an allocation takes besides what it holds.
const OVERHEAD: usize = 16;

/// Lines that were not understood.
#[derive(Default)]
pub(super) struct Report {
    named: Vec<Unread>,
    /// The first line that is not named, and how many there are.
    unnamed: Option<(usize, usize)>,
}

impl Report {
    /// Names a line.
    pub(super) fn add(&mut self, line: usize, message: String) {
        if self.named.len() < MOST_NAMED {
            self.named.push(Unread { line, message });
            return;
        }
        let (first, count) = self.unnamed.unwrap_or((line, 0));
        self.unnamed = Some((first.min(line), count + 1));
    }

    /// All of them, in order.
    pub(super) fn finish(mut self) -> Vec<Unread> {
        self.named.sort_by_key(|unread| unread.line);
        self.named.extend(self.unnamed.map(|(line, count)| Unread {
            line,
            message: format!("{count} more lines from here on are not understood"),
        }));
        self.named
    }
}

/// The memory that a text may take once it is read.
///
/// A hostile text is all short rules and chains, which grow when they are read.
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    /// For a text of so many bytes.
    pub(super) fn for_text(length: usize) -> Self {
        Budget {
            left: length.saturating_mul(4).max(ANY_TEXT),
        }
    }

    /// Counts a rule.
    pub(super) fn take_rule(&mut self, rule: &Rule) {
        let matches = rule.matches.len() * size_of::<Match>();
        self.take(size_of::<Rule>() + matches + OVERHEAD);
    }

    /// Counts a chain, its name, and its place in the index.
    pub(super) fn take_chain(&mut self, name: &str) {
        self.take(2 * size_of::<Chain>() + 2 * name.len() + OVERHEAD);
    }

    fn take(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Whether nothing is left.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }
}
