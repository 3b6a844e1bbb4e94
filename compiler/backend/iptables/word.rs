//! The words of a line, as `iptables-restore` cuts them.
//!
//! Blanks part words; quotes hold blanks, and in them a backslash takes the next character as it
//! is (`add_param_to_argv` of `xshared.c`). Words are pieces of the line: nothing is copied.

use std::borrow::Cow;

/// A word of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// As it stands in the line, quotes included.
    pub raw: &'a str,
    /// Whether there are quotes.
    quoted: bool,
}

/// The words of a line that are still to be read.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    line: &'a str,
    /// Where what is still to be read begins.
    at: usize,
    /// Where the word that was read last begins.
    start: usize,
    /// Whether a quote was opened and not closed.
    open: bool,
}

impl<'a> Word<'a> {
    /// No word.
    pub(super) const EMPTY: Word<'static> = Word {
        raw: "",
        quoted: false,
    };

    /// A word that has no quotes.
    pub(super) fn plain(raw: &'a str) -> Self {
        Word { raw, quoted: false }
    }

    /// Whether there are quotes.
    pub(super) fn is_quoted(self) -> bool {
        self.quoted
    }

    /// What it says, without quotes.
    #[inline]
    pub(super) fn text(self) -> Cow<'a, str> {
        match self.quoted {
            false => Cow::Borrowed(self.raw),
            true => Cow::Owned(unquoted(self.raw)),
        }
    }
}

fn unquoted(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut inside = false;
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => inside = !inside,
            '\\' if inside => text.extend(chars.next()),
            _ => text.push(c),
        }
    }
    text
}

impl<'a> Words<'a> {
    /// The words of `line`.
    pub(super) fn new(line: &'a str) -> Self {
        Words {
            line,
            at: 0,
            start: 0,
            open: false,
        }
    }

    /// Where the word that was read last begins.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The line from a place to the end of the word that was read last.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.line.get(start..self.at).unwrap_or_default()
    }

    /// An error if a quote was opened and not closed.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.open {
            false => Ok(()),
            true => Err("a quote is not closed".to_owned()),
        }
    }

    /// The next word.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Word<'a>> {
        let bytes = self.line.as_bytes();
        let mut start = self.at;
        while let Some(b' ' | b'\t') = bytes.get(start) {
            start += 1;
        }
        self.start = start;
        let end = start + word_length(bytes.get(start..)?);
        if bytes.get(end) == Some(&b'"') {
            return Some(self.quoted(start, end));
        }
        self.at = end;
        let raw = self.line.get(start..end)?;
        (end > start).then_some(Word { raw, quoted: false })
    }

    /// The next word without reading it.
    pub(super) fn peek(self) -> Option<Word<'a>> {
        let mut ahead = self;
        ahead.next()
    }

    /// The word from `start` whose quote opens at `open`: it ends where the quote does.
    #[cold]
    fn quoted(&mut self, start: usize, open: usize) -> Word<'a> {
        let rest = self.line.as_bytes().get(open + 1..).unwrap_or_default();
        let mut escaped = false;
        let close = rest.iter().position(|byte| match byte {
            _ if escaped => {
                escaped = false;
                false
            }
            b'\\' => {
                escaped = true;
                false
            }
            byte => *byte == b'"',
        });
        self.open |= close.is_none();
        self.at = close.map_or(self.line.len(), |close| open + 2 + close);
        Word {
            raw: self.line.get(start..self.at).unwrap_or_default(),
            quoted: true,
        }
    }
}

/// Where a word ends, or a quote begins in it.
///
/// This is asked for every byte of a dump, so eight are looked at together: a byte of `bytes ^ …`
/// is zero where the character stands, and the lowest such byte is found without a loop.
fn word_length(mut rest: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zeros = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes & (ONES << 7);
    let mut length = 0;
    while let Some((eight, after)) = rest.split_first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        let marks = [b' ', b'\t', b'"'].map(|mark| zeros(eight ^ (ONES * u64::from(mark))));
        let marks = marks[0] | marks[1] | marks[2];
        if marks != 0 {
            return length + marks.trailing_zeros() as usize / 8;
        }
        (length, rest) = (length + 8, after);
    }
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"');
    length + rest.iter().position(ends).unwrap_or(rest.len())
}

/// Appends a blank and the value, in quotes where it holds more than letters, digits, `_` and `-`
/// (`xtables_save_string`).
pub(super) fn push_quoted(text: &mut String, value: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.push(' ');
    if !value.is_empty() && value.bytes().all(plain) {
        text.push_str(value);
        return;
    }
    text.push('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '\'') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Result<Vec<String>, String> {
        let mut words = Words::new(line);
        let mut all = Vec::new();
        while let Some(word) = words.next() {
            all.push(word.text().into_owned());
        }
        words.end().map(|()| all)
    }

    #[test]
    fn words_are_cut_as_iptables_restore_does() {
        let cut = |line| words(line).expect("all quotes are closed");
        assert_eq!(cut("  -A  X\t-j Y "), ["-A", "X", "-j", "Y"]);
        assert_eq!(cut(r#"--comment "a b" x"#), ["--comment", "a b", "x"]);
        assert_eq!(cut(r#""a \"b\" \\c""#), [r#"a "b" \c"#]);
        assert_eq!(cut(r#"a"b c"d """#), ["ab c", "d", ""]);
        assert_eq!(cut(r"a\b"), [r"a\b"]);
        assert_eq!(cut(""), [""; 0]);
        assert!(words(r#"-m "x"#).is_err());
        assert!(words(r#"-m "x\""#).is_err());
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(value in ".*") {
            let mut text = String::new();
            push_quoted(&mut text, &value);
            prop_assert_eq!(words(&text), Ok(vec![value]));
        }
    }
}
