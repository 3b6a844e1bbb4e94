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

    /// The next word; an error if a quote is not closed.
    pub(super) fn next(&mut self) -> Option<Result<Word<'a>, String>> {
        let bytes = self.line.as_bytes();
        let mut start = self.at;
        while let Some(b' ' | b'\t') = bytes.get(start) {
            start += 1;
        }
        self.start = start;
        let rest = bytes.get(start..).unwrap_or_default();
        let stop = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"');
        let length = rest.iter().position(stop).unwrap_or(rest.len());
        if rest.get(length) == Some(&b'"') {
            return Some(self.quoted(start, start + length));
        }
        self.at = start + length;
        let raw = self.line.get(start..self.at).unwrap_or_default();
        (length > 0).then_some(Ok(Word { raw, quoted: false }))
    }

    /// The next word without reading it.
    pub(super) fn peek(self) -> Option<Word<'a>> {
        let mut ahead = self;
        ahead.next()?.ok()
    }

    /// The word from `start` whose quote opens at `open`: it ends where the quote does.
    fn quoted(&mut self, start: usize, open: usize) -> Result<Word<'a>, String> {
        let rest = self.line.as_bytes().get(open + 1..).unwrap_or_default();
        let mut escaped = false;
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.at = open + 2 + at;
                    let raw = self.line.get(start..self.at).unwrap_or_default();
                    return Ok(Word { raw, quoted: true });
                }
                _ => {}
            }
        }
        self.at = self.line.len();
        Err("a quote is not closed".to_owned())
    }
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
            all.push(word?.text().into_owned());
        }
        Ok(all)
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
