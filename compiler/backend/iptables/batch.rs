//! Many lines of rules at once, a piece of them on each core.
//!
//! In a dump of any size almost all lines are rules of one table, and none of them needs to know
//! of another. They are cut into pieces; what was read of each line is put into its chain in the
//! order of the text. A line that is no plain rule is left to who reads line by line.

use memchr::memchr;
use rayon::prelude::*;

use super::draft::Draft;
use super::reader::counters;
use super::rule::read_rule;
use super::word::{Word, Words};
use crate::firewall::{Counter, Family, Place, Rule};

/// How many lines are a piece: enough to be worth the way to another core.
const LINES: usize = 1024;

/// How many pieces are read at once; what was read of them waits to be put away.
const PIECES: usize = 16;

/// The lines of a text, one after another.
pub(super) struct Lines<'a> {
    /// What is still to be read.
    rest: &'a str,
    /// How many lines were read.
    read: usize,
}

/// Lines that begin as rules do.
pub(super) struct Piece<'a> {
    text: &'a str,
    /// The number of its first line.
    first: usize,
}

/// What a line of a piece says.
pub(super) enum Outcome<'a> {
    /// One rule at the end of a chain, or none if it is for the other family, and why something
    /// of it is kept as words.
    Rule(Word<'a>, Option<Rule>, Option<String>),
    /// Nothing that can be understood, and why.
    Wrong(String),
    /// Something else.
    Other(&'a str),
}

impl<'a> Lines<'a> {
    /// The lines of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Lines {
            rest: text,
            read: 0,
        }
    }

    /// The next line without blanks around it, and its number.
    pub(super) fn next(&mut self) -> Option<(&'a str, usize)> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', self.rest.as_bytes()).unwrap_or(self.rest.len());
        let line = self.rest.get(..end)?.trim_ascii();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        self.read += 1;
        Some((line, self.read))
    }

    /// The next lines, as far as they begin as rules do.
    pub(super) fn pieces(&mut self) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        while pieces.len() < PIECES && is_rule(self.rest) {
            let (text, first) = (self.rest, self.read + 1);
            while self.read + 1 < first + LINES && is_rule(self.rest) {
                self.next();
            }
            let text = &text[..text.len() - self.rest.len()];
            pieces.push(Piece { text, first });
        }
        pieces
    }
}

fn is_rule(text: &str) -> bool {
    matches!(text.as_bytes(), [b'-', b'A', b' ', ..] | [b'[', ..])
}

/// Reads the lines of pieces of a table for this family; each with its number, in order.
pub(super) fn read<'a>(
    pieces: &[Piece<'a>],
    family: Family,
) -> impl Iterator<Item = (usize, Outcome<'a>)> + use<'a> {
    let read: Vec<_> = match pieces {
        [piece] => vec![piece.read(family)],
        _ => pieces.par_iter().map(|piece| piece.read(family)).collect(),
    };
    let numbered = |(first, outcomes): (usize, Vec<_>)| (first..).zip(outcomes);
    read.into_iter().flat_map(numbered)
}

impl<'a> Piece<'a> {
    /// The number of its first line, and what each line says.
    fn read(&self, family: Family) -> (usize, Vec<Outcome<'a>>) {
        let mut draft = Draft::new(family);
        let mut outcomes = Vec::with_capacity(LINES);
        let mut lines = Lines::new(self.text);
        while let Some((line, number)) = lines.next() {
            let place = Place::line(self.first + number - 1);
            let outcome = read_line(line, place, &mut draft);
            outcomes.push(outcome.unwrap_or(Outcome::Other(line)));
        }
        (self.first, outcomes)
    }
}

/// What a line says; nothing if that is no rule, or several.
fn read_line<'a>(line: &'a str, place: Place, draft: &mut Draft<'a>) -> Option<Outcome<'a>> {
    let (counter, rest) = match line.starts_with('[') {
        true => counters(line)?,
        false => (Counter::default(), line),
    };
    let mut words = Words::new(rest);
    let command = words.next()?;
    let chain = words.next().filter(|_| command.raw == "-A")?;
    draft.clear(counter, place);
    if let Err(message) = read_rule(words, draft) {
        return Some(Outcome::Wrong(message));
    }
    let rule = draft.rules.pop();
    let is_one = draft.rules.is_empty();
    is_one.then(|| Outcome::Rule(chain, rule, draft.trouble.take()))
}
