//! The words of nft's language, with the place of each.

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of anything else: a keyword, an address, `!=`, `:`.
    Word,
    /// A text in quotes, without them.
    Quoted,
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// `,`.
    Comma,
    /// A line break or `;`: the end of a statement.
    End,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// The text itself, without quotes.
    pub text: &'a str,
    /// Where it begins, quotes included.
    pub start: usize,
    /// Where it ends, quotes included.
    pub end: usize,
    /// Its line, from 1.
    pub line: usize,
}

/// The tokens of `text`. Comments are left out; a quote that is not closed ends with its line.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let single = match bytes[at] {
            b'{' => Some(Kind::Open),
            b'}' => Some(Kind::Close),
            b',' => Some(Kind::Comma),
            b';' | b'\n' => Some(Kind::End),
            _ => None,
        };
        let (kind, inner, end) = match (single, bytes[at]) {
            (Some(kind), _) => (kind, at..at + 1, at + 1),
            (None, b' ' | b'\t' | b'\r') => {
                at += 1;
                continue;
            }
            (None, b'#') => {
                at = run(bytes, at, |byte| byte != b'\n');
                continue;
            }
            (None, b'"') => {
                let close = run(bytes, at + 1, |byte| !matches!(byte, b'"' | b'\n'));
                let closed = bytes.get(close) == Some(&b'"');
                (Kind::Quoted, at + 1..close, close + usize::from(closed))
            }
            (None, _) => {
                let end = run(bytes, at, is_word);
                (Kind::Word, at..end, end)
            }
        };
        tokens.push(Token {
            kind,
            text: &text[inner],
            start: at,
            end,
            line,
        });
        line += usize::from(bytes[at] == b'\n');
        at = end;
    }
    tokens
}

fn is_word(byte: u8) -> bool {
    !matches!(
        byte,
        b'{' | b'}' | b',' | b';' | b'"' | b'#' | b' ' | b'\t' | b'\r' | b'\n'
    )
}

/// The first place from `at` on whose byte does not hold.
fn run(bytes: &[u8], at: usize, holds: impl Fn(u8) -> bool) -> usize {
    let rest = &bytes[at..];
    at + rest
        .iter()
        .position(|byte| !holds(*byte))
        .unwrap_or(rest.len())
}
