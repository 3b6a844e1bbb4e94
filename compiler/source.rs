//! Text as it was given, and places in it.
//!
//! A [`Source`] is one input with the name a person knows it by; a [`Span`] is a piece of one.
//! Nothing here knows what the text means.

use std::ops::Range;

/// Which of the [`Sources`] a span belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A piece of one source, in bytes from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The text this is a piece of.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte; equal to `start` for a point.
    pub end: u32,
}

impl Span {
    /// The piece of `source` that `range` covers.
    ///
    /// Inputs are at most 16 MiB, so an offset always fits.
    pub fn new(source: SourceId, range: Range<usize>) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            source,
            start: offset(range.start),
            end: offset(range.end),
        }
    }

    /// The bytes it covers.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and where it was written.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<T> {
    /// What was written there.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Spanned { value, span }
    }
}

/// One input: a file, standard input, or a text that is built in.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<u32>,
    /// How many characters begin before each [`STRIDE`]th byte.
    characters: Vec<u32>,
}

/// How many bytes are counted for a column at most, however long the line.
const STRIDE: usize = 1024;

/// Where a byte stands, as a person counts: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
}

impl Source {
    /// A text under the name to show in messages.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = breaks.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
        let line_starts = std::iter::once(0).chain(starts).collect();
        let mut before = 0;
        let chunks = text.as_bytes().chunks(STRIDE);
        let characters = chunks.map(|chunk| {
            let here = before;
            before += u32::try_from(beginning(chunk)).unwrap_or(u32::MAX);
            here
        });
        let characters = characters.collect();
        Source {
            name: name.into(),
            text,
            line_starts,
            characters,
        }
    }

    /// The name to show: a path as it was given, or `<stdin>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and column of a byte.
    pub fn position(&self, byte: u32) -> Position {
        let line = self.line_starts.partition_point(|start| *start <= byte);
        let start = self.line(byte).start;
        let mut end = (byte as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        Position {
            line,
            column: self.characters_before(end) - self.characters_before(start) + 1,
        }
    }

    /// The line that a byte stands in, without the line break.
    pub fn line(&self, byte: u32) -> Range<usize> {
        let next = self.line_starts.partition_point(|start| *start <= byte);
        let end = self.line_starts.get(next);
        let end = end.map_or(self.text.len(), |start| *start as usize - 1);
        self.line_starts[next - 1] as usize..end
    }

    fn characters_before(&self, byte: usize) -> usize {
        let Some(counted) = self.characters.get(byte / STRIDE) else {
            let last = self.characters.len().saturating_sub(1);
            let counted = self.characters.last().map_or(0, |count| *count as usize);
            return counted + beginning(&self.text.as_bytes()[last * STRIDE..byte]);
        };
        let rest = &self.text.as_bytes()[byte / STRIDE * STRIDE..byte];
        *counted as usize + beginning(rest)
    }
}

/// How many characters begin in these bytes.
fn beginning(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

/// All inputs of one run.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Takes in one more text.
    pub fn add(&mut self, source: Source) -> SourceId {
        let id = SourceId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(source);
        id
    }

    /// The text with this number, which [`Sources::add`] gave out.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    /// Every text with its number, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.0
            .iter()
            .enumerate()
            .map(|(id, source)| (SourceId(u32::try_from(id).unwrap_or(u32::MAX)), source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("a.xml", "<a>\nüx\n");
        let position = |byte| source.position(byte);
        assert_eq!(position(0), Position { line: 1, column: 1 });
        assert_eq!(position(4), Position { line: 2, column: 1 });
        assert_eq!(position(6), Position { line: 2, column: 2 });
        assert_eq!(position(8), Position { line: 3, column: 1 });
        assert_eq!(position(900), Position { line: 3, column: 1 });
    }

    #[test]
    fn positions_in_long_lines_are_the_same() {
        let text = "xü€\n".to_owned() + &"ü€x".repeat(1024);
        let source = Source::new("a.xml", text.clone());
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let column = text[line..at].chars().count() + 1;
            let position = source.position(u32::try_from(at).expect("it is short"));
            assert_eq!(position.column, column, "{at}");
        }
    }
}
