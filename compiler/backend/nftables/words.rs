//! The tokens of one statement, and the few steps that everyone who reads them needs.

use compact_str::CompactString;

use super::token::{Kind, Token};

/// What nft takes for blanks; any other is a part of a word.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Why a statement was not understood.
pub(super) type Refusal = String;

/// How deep blocks and expressions may lie in each other.
const DEPTH: u8 = 16;

/// The words of a statement that are still to be read.
#[derive(Clone, Copy)]
pub(super) struct Words<'t> {
    source: &'t str,
    tokens: &'t [Token<'t>],
    /// How much of the next word was taken already.
    cut: usize,
    depth: u8,
}

impl<'t> Words<'t> {
    /// All of `tokens`, whose places are counted in `source`.
    pub(super) fn new(source: &'t str, tokens: &'t [Token<'t>]) -> Self {
        Words {
            source,
            tokens,
            cut: 0,
            depth: 0,
        }
    }

    /// The same words, a step further down; nothing if it is too deep.
    pub(super) fn deeper(self) -> Option<Self> {
        let depth = self.depth + 1;
        (depth <= DEPTH).then_some(Words { depth, ..self })
    }

    /// To where `ahead` is, which walked on from here.
    pub(super) fn skip_to(&mut self, ahead: Words<'t>) {
        self.tokens = ahead.tokens;
        self.cut = ahead.cut;
    }

    pub(super) fn is_empty(self) -> bool {
        self.tokens.is_empty()
    }

    /// The words that are left from the last so many tokens on.
    pub(super) fn last(self, count: usize) -> Words<'t> {
        let start = self.tokens.len().saturating_sub(count);
        Words {
            tokens: &self.tokens[start..],
            cut: 0,
            ..self
        }
    }

    /// How many tokens are left.
    pub(super) fn len(self) -> usize {
        self.tokens.len()
    }

    /// The next token, which stays.
    pub(super) fn peek(self) -> Option<Token<'t>> {
        let token = *self.tokens.first()?;
        Some(Token {
            text: &token.text[self.cut..],
            ..token
        })
    }

    fn step(&mut self) {
        self.tokens = &self.tokens[1..];
        self.cut = 0;
    }

    /// Over the first so many bytes of the next word, which may be all of it.
    pub(super) fn cut(&mut self, bytes: usize) -> Option<()> {
        match self.peek_word()? {
            word if word.len() == bytes => self.step(),
            word if word.is_char_boundary(bytes) => self.cut += bytes,
            _ => return None,
        }
        Some(())
    }

    /// The next token, if it is a word; it stays.
    pub(super) fn peek_word(self) -> Option<&'t str> {
        let token = self.peek().filter(Token::is_word)?;
        Some(token.text)
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Option<Token<'t>> {
        let token = self.peek()?;
        self.step();
        Some(token)
    }

    /// What `read` makes of the next words; they stay if it makes nothing.
    pub(super) fn take<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = *self;
        let value = read(self);
        if value.is_none() {
            *self = before;
        }
        value
    }

    /// The next token, if it is of this kind.
    pub(super) fn of(&mut self, kind: Kind) -> Option<&'t str> {
        let token = self.peek().filter(|token| token.kind == kind)?;
        if kind == Kind::Word && !token.is_word() {
            return None;
        }
        self.step();
        Some(token.text)
    }

    /// The next token, if it is a word.
    pub(super) fn word(&mut self) -> Option<&'t str> {
        self.of(Kind::Word)
    }

    /// The next token, if it is a text in quotes.
    pub(super) fn quoted(&mut self) -> Option<&'t str> {
        self.of(Kind::Quoted)
    }

    /// The next word, if it is this one.
    pub(super) fn the(&mut self, wanted: &str) -> Option<()> {
        (self.peek_word()? == wanted).then(|| self.step())
    }

    /// The next word, if it is a number.
    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Option<T> {
        let number = self.peek_word()?.parse().ok()?;
        self.step();
        Some(number)
    }

    /// The tokens between an opening brace, which is next, and its closing one.
    pub(super) fn block(&mut self) -> Option<Words<'t>> {
        self.of(Kind::Open)?;
        let mut depth = 0_usize;
        let end = self.tokens.iter().position(|token| match token.kind {
            Kind::Open => {
                depth += 1;
                false
            }
            Kind::Close if depth == 0 => true,
            Kind::Close => {
                depth -= 1;
                false
            }
            Kind::Word
            | Kind::Quoted
            | Kind::Comma
            | Kind::OpenRound
            | Kind::CloseRound
            | Kind::End => false,
        })?;
        let inner = Words {
            tokens: &self.tokens[..end],
            ..*self
        };
        self.tokens = &self.tokens[end + 1..];
        inner.deeper()
    }

    /// The tokens up to the next comma between elements; over the comma.
    pub(super) fn element(&mut self) -> Option<Words<'t>> {
        while self.of(Kind::Comma).is_some() {}
        if self.is_empty() {
            return None;
        }
        let mut depth = 0_usize;
        let end = self.tokens.iter().position(|token| match token.kind {
            Kind::Open => {
                depth += 1;
                false
            }
            Kind::Close => {
                depth = depth.saturating_sub(1);
                false
            }
            Kind::Comma => depth == 0,
            Kind::Word | Kind::Quoted | Kind::OpenRound | Kind::CloseRound | Kind::End => false,
        });
        let (element, rest) = self.tokens.split_at(end.unwrap_or(self.tokens.len()));
        self.tokens = rest;
        Some(Words {
            tokens: element,
            ..*self
        })
    }

    /// The words from `start`, of which these are the rest, up to here, as they were written.
    pub(super) fn since(self, start: Words<'t>) -> CompactString {
        let count = start.tokens.len() - self.tokens.len();
        start.first(count)
    }

    /// The first so many words, as they were written.
    pub(super) fn first(self, count: usize) -> CompactString {
        let tokens = &self.tokens[..count.min(self.tokens.len())];
        let ([first, .., last] | [first @ last]) = tokens else {
            return CompactString::default();
        };
        let moved = tokens.iter().any(|token| token.start == u32::MAX);
        let written = self.source.get(first.start as usize..last.end());
        match written.filter(|_| !moved) {
            // A line that goes on, or a comment within, ends with a line break.
            Some(written) if !written.contains('\n') => written.trim_end_matches(BLANKS).into(),
            Some(_) | None => joined(tokens),
        }
    }

    /// All words that are left, as they were written.
    pub(super) fn all(self) -> CompactString {
        self.first(self.tokens.len())
    }
}

/// Tokens with blanks between them: for those that were not written side by side.
fn joined(tokens: &[Token<'_>]) -> CompactString {
    let mut text = CompactString::default();
    for token in tokens {
        if !text.is_empty() && token.kind != Kind::Comma {
            text.push(' ');
        }
        if token.kind == Kind::Quoted {
            text.push('"');
            text.push_str(token.text);
            text.push('"');
        } else {
            text.push_str(token.text.trim_matches(BLANKS));
        }
    }
    text
}
