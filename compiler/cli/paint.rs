//! Differences and paragraphs as people read them, for 80 columns.
//!
//! Expected lines are red and begin with `-`, found ones are green and begin with `+`, and of a
//! pair the words that differ stand out.

use similar::{ChangeTag, TextDiff};

use super::PLAIN;
use crate::value::encode::visible;

/// Red, for what is expected and for what is wrong.
pub(super) const RED: &str = "\x1b[31m";
/// Green, for what was found and for what is well.
pub(super) const GREEN: &str = "\x1b[32m";
/// Yellow, for what is to be looked at.
pub(super) const YELLOW: &str = "\x1b[33m";
/// Dim, for what says little.
pub(super) const DIM: &str = "\x1b[2m";
/// Makes words of a line stand out, and ends that without ending the line's colour.
const STAND_OUT: &str = "\x1b[1;4m";
const STAND_BACK: &str = "\x1b[22;24m";

/// How wide lines are at most, if their words allow it.
const WIDTH: usize = 80;
/// What is expected and what was found; of both, the words that differ stand out.
pub(super) fn push_pair(text: &mut String, expected: Option<&str>, found: Option<&str>) {
    let (expected, found) = (expected.map(visible), found.map(visible));
    match (expected, found) {
        (Some(expected), Some(found)) if expected != found => {
            let diff = TextDiff::from_words(&expected, &found);
            let side = |shown: ChangeTag| {
                let changes = diff.iter_all_changes();
                changes
                    .filter(|change| change.tag() == shown || change.tag() == ChangeTag::Equal)
                    .map(|change| (change.value().to_owned(), change.tag() != ChangeTag::Equal))
                    .collect::<Vec<_>>()
            };
            push_line(text, RED, '-', side(ChangeTag::Delete));
            push_line(text, GREEN, '+', side(ChangeTag::Insert));
        }
        (Some(same), Some(_)) => push_line(text, GREEN, '+', vec![(same, false)]),
        (expected, found) => {
            if let Some(line) = expected {
                push_line(text, RED, '-', vec![(line, false)]);
            }
            if let Some(line) = found {
                push_line(text, GREEN, '+', vec![(line, false)]);
            }
        }
    }
}

/// One line of a pair, wrapped where a word would pass the margin.
pub(super) fn push_line(text: &mut String, colour: &str, sign: char, pieces: Vec<(String, bool)>) {
    text.push_str(&format!("  {colour}{sign} "));
    let mut column = 4;
    for (piece, stands_out) in pieces {
        if stands_out {
            text.push_str(STAND_OUT);
        }
        for word in piece.split_inclusive(' ') {
            let length = word.trim_end().chars().count();
            if column > 6 && column + length > WIDTH {
                while text.ends_with(' ') {
                    text.pop();
                }
                text.push_str("\n      ");
                column = 6;
            }
            text.push_str(word);
            column += word.chars().count();
        }
        if stands_out {
            text.push_str(STAND_BACK);
        }
    }
    text.push_str(&format!("{PLAIN}\n"));
}

/// A paragraph, every line of it behind the margin.
pub(super) fn push_wrapped(text: &mut String, margin: usize, paragraph: &str) {
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column == 0 {
            text.extend(std::iter::repeat_n(' ', margin));
            column = margin;
        } else if column + 1 + length > WIDTH {
            text.push('\n');
            let margin = margin + if paragraph.starts_with("=>") { 3 } else { 0 };
            text.extend(std::iter::repeat_n(' ', margin));
            column = margin;
        } else {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    if column > 0 {
        text.push('\n');
    }
}
