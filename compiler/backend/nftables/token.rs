//! The words of nft's language, one after the other.
//!
//! A text is never held as tokens as a whole: whoever reads takes what it needs, mostly one
//! statement. Comments are left out; the number in `# handle 7`, which a listing with handles has
//! behind everything, is kept for whoever asks.

use memchr::memchr;

use super::define::Definitions;

/// How older versions list what iptables put into a rule. It looks like a comment, but the rule
/// goes on behind it.
const XT: &[u8] = b"# xt_";

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
    /// `(`.
    OpenRound,
    /// `)`.
    CloseRound,
    /// `;`, or a line break: the end of a statement.
    End,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Where it begins, quotes included, from where its statement begins.
    pub start: u32,
    /// The text itself, without quotes.
    pub text: &'a str,
}

impl Token<'_> {
    /// Where it ends, quotes included.
    pub fn end(&self) -> usize {
        let quotes = if self.kind == Kind::Quoted { 2 } else { 0 };
        self.start as usize + self.text.len() + quotes
    }

    /// Whether it is a word that can be printed again: at the end of a line a backslash would
    /// join the next.
    pub fn is_word(&self) -> bool {
        self.kind == Kind::Word && !self.text.ends_with('\\')
    }

    /// The same word, taken from elsewhere in the text.
    pub fn elsewhere(self) -> Self {
        Token {
            start: u32::MAX,
            ..self
        }
    }
}

/// Walks over a text.
#[derive(Clone, Copy)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    handle: Option<u64>,
    /// Whether a comment or the end of a line was left out.
    skipped: bool,
}

impl<'a> Lexer<'a> {
    /// Before the first word of `text`, which may begin with a byte-order mark.
    pub(super) fn new(text: &'a str) -> Self {
        Lexer {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            at: 0,
            line: 1,
            handle: None,
            skipped: false,
        }
    }

    /// The line of what comes next, if blanks were skipped.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The handle that the last comments gave, once.
    pub(super) fn take_handle(&mut self) -> Option<u64> {
        self.handle.take()
    }

    /// Over blanks and comments, to a word or the end of a line.
    pub(super) fn skip_blanks(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') => match continued(&bytes[self.at..]) {
                    Some(length) => {
                        self.at += length;
                        self.line += 1;
                        self.skipped = true;
                    }
                    None => return,
                },
                Some(b'#') if !bytes[self.at..].starts_with(XT) => {
                    let rest = &bytes[self.at..];
                    let end = self.at + memchr(b'\n', rest).unwrap_or(rest.len());
                    let comment = self.text[self.at + 1..end].trim();
                    if let Some(handle) = comment.strip_prefix("handle ") {
                        self.handle = handle.parse().ok();
                    }
                    self.at = end;
                    self.skipped = true;
                }
                Some(_) | None => return,
            }
        }
    }

    /// The next token; its place is counted from `base`.
    pub(super) fn next_from(&mut self, base: usize) -> Option<Token<'a>> {
        self.skip_blanks();
        let bytes = self.text.as_bytes();
        let first = *bytes.get(self.at)?;
        let start = self.at;
        let (kind, inner) = match CLASSES[usize::from(first)] {
            Class::Single(kind) => (kind, start..start + 1),
            Class::Quote => {
                let rest = &bytes[start + 1..];
                let close = rest.iter().position(|byte| matches!(byte, b'"' | b'\n'));
                let end = start + 1 + close.unwrap_or(rest.len());
                (Kind::Quoted, start + 1..end)
            }
            Class::Blank if bytes[start..].starts_with(XT) => {
                (Kind::Word, start..run(bytes, start + XT.len(), Class::Word))
            }
            Class::Operator => (Kind::Word, start..run(bytes, start, Class::Operator)),
            Class::Word | Class::Blank => (Kind::Word, start..word_end(bytes, start)),
        };
        self.at = inner.end;
        if kind == Kind::Quoted && bytes.get(inner.end) == Some(&b'"') {
            self.at += 1;
        }
        if first == b'\n' {
            self.line += 1;
        }
        Some(Token {
            kind,
            start: u32::try_from(start - base).unwrap_or(u32::MAX),
            text: &self.text[inner],
        })
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        self.next_from(self.at)
    }

    /// The next token, which stays.
    pub(super) fn peek(&self) -> Option<Token<'a>> {
        let mut ahead = *self;
        ahead.next()
    }

    /// Whether the next token is of this kind; then over it.
    pub(super) fn over(&mut self, kind: Kind) -> bool {
        let mut ahead = *self;
        let found = ahead.next().is_some_and(|token| token.kind == kind);
        if found {
            *self = ahead;
        }
        found
    }

    /// Takes the tokens of the statement that begins here, with all its blocks, up to its end or a
    /// closing brace that is not its own; their places are counted from here.
    pub(super) fn statement(
        &mut self,
        into: &mut Vec<Token<'a>>,
        names: &mut Definitions<'a>,
    ) -> &'a str {
        self.piece(into, names, Kind::End)
    }

    /// Takes the tokens of the element that begins here, up to a comma or a closing brace.
    pub(super) fn element(
        &mut self,
        into: &mut Vec<Token<'a>>,
        names: &mut Definitions<'a>,
    ) -> &'a str {
        self.piece(into, names, Kind::Comma)
    }

    fn piece(
        &mut self,
        into: &mut Vec<Token<'a>>,
        names: &mut Definitions<'a>,
        end: Kind,
    ) -> &'a str {
        into.clear();
        self.skip_blanks();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let mut before = *self;
            let Some(token) = self.next_from(start) else {
                break;
            };
            // A comment at the end is about what stands before it.
            before.handle = self.handle;
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 0 => {
                    *self = before;
                    break;
                }
                Kind::Close => depth -= 1,
                kind if depth == 0 && kind == end => {
                    *self = before;
                    break;
                }
                // A line may break within braces.
                Kind::End if token.text == "\n" => continue,
                Kind::Word
                | Kind::Quoted
                | Kind::Comma
                | Kind::OpenRound
                | Kind::CloseRound
                | Kind::End => {}
            }
            names.push(token, into);
        }
        &self.text[start..self.at]
    }

    /// Over the statement that begins here, with all its blocks; always over something.
    pub(super) fn skip_statement(&mut self) {
        let mut depth = 0_usize;
        let mut first = true;
        loop {
            let before = *self;
            let Some(token) = self.next() else { return };
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 0 => {
                    if !first {
                        *self = before;
                    }
                    return;
                }
                Kind::Close => depth -= 1,
                Kind::End if depth == 0 => return,
                Kind::Word
                | Kind::Quoted
                | Kind::Comma
                | Kind::OpenRound
                | Kind::CloseRound
                | Kind::End => {}
            }
            first = false;
        }
    }

    /// Over empty statements; whether anything follows.
    pub(super) fn skip_ends(&mut self) -> bool {
        loop {
            self.skip_blanks();
            match self.text.as_bytes().get(self.at) {
                Some(b'\n') => self.line += 1,
                Some(b';') => {}
                Some(_) => return true,
                None => return false,
            }
            self.at += 1;
        }
    }
}

/// What a byte is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Single(Kind),
    Quote,
    Operator,
    Blank,
    Word,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Word; 256];
    classes[b'{' as usize] = Class::Single(Kind::Open);
    classes[b'}' as usize] = Class::Single(Kind::Close);
    classes[b'(' as usize] = Class::Single(Kind::OpenRound);
    classes[b')' as usize] = Class::Single(Kind::CloseRound);
    classes[b',' as usize] = Class::Single(Kind::Comma);
    classes[b';' as usize] = Class::Single(Kind::End);
    classes[b'\n' as usize] = Class::Single(Kind::End);
    classes[b'"' as usize] = Class::Quote;
    let mut at = 0;
    while at < 7 {
        classes[b"!=<>&|^"[at] as usize] = Class::Operator;
        at += 1;
    }
    classes[b' ' as usize] = Class::Blank;
    classes[b'\t' as usize] = Class::Blank;
    classes[b'\r' as usize] = Class::Blank;
    // A comment may stand right behind a word.
    classes[b'#' as usize] = Class::Blank;
    classes
};

/// The first place from `at` on whose byte is not of this class.
fn run(bytes: &[u8], at: usize, class: Class) -> usize {
    let rest = &bytes[at..];
    let differs = |byte: &u8| CLASSES[usize::from(*byte)] != class;
    at + rest.iter().position(differs).unwrap_or(rest.len())
}

/// Where the word at `start` ends: a colon behind it stands for itself, as in `{ 22: accept }`.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let end = run(bytes, start + 1, Class::Word);
    match bytes[start..end] {
        [.., b':', b':'] => end,
        [_, .., b':'] => end - 1,
        _ => end,
    }
}

/// How long the end of a line is that goes on in the next.
fn continued(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\\', b'\n', ..] => Some(2),
        [b'\\', b'\r', b'\n', ..] => Some(3),
        _ => None,
    }
}

/// Whether a text is one statement and nothing else, whatever stands behind it.
pub(super) fn is_one_statement(text: &str) -> bool {
    let mut lexer = Lexer::new(text);
    let mut depth = 0_usize;
    loop {
        let before = lexer.at;
        let Some(token) = lexer.next() else { break };
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close if depth == 0 => return false,
            Kind::Close => depth -= 1,
            Kind::End if depth == 0 || token.text == "\n" => return false,
            // A quote that is not closed would go on behind the text.
            Kind::Quoted if before + token.end() != lexer.at => return false,
            Kind::Quoted
            | Kind::Word
            | Kind::Comma
            | Kind::OpenRound
            | Kind::CloseRound
            | Kind::End => {}
        }
    }
    depth == 0 && !lexer.skipped && !text.trim().is_empty() && !text.ends_with('\\')
}

/// Whether a text is one word and nothing else.
pub(super) fn is_one_word(text: &str) -> bool {
    let word = Lexer::new(text).next();
    word.is_some_and(|word| word.is_word() && word.text == text)
}
