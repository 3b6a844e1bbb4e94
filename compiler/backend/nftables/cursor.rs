//! Walking over the tokens of nft's language, with the few steps that every statement needs.

use super::token::{Kind, Token};

/// Why a statement was not understood.
pub(super) type Refusal = String;

/// The tokens that are still to be read.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    tokens: &'a [Token<'a>],
}

impl<'a> Cursor<'a> {
    /// Before the first of `tokens`.
    pub(super) fn new(tokens: &'a [Token<'a>]) -> Self {
        Cursor { tokens }
    }

    /// The line of the next token.
    pub(super) fn line(self) -> usize {
        self.tokens.first().map_or(0, |token| token.line)
    }

    /// Over empty statements; whether anything follows.
    pub(super) fn skip_ends(&mut self) -> bool {
        let full = self.tokens.iter().position(|token| token.kind != Kind::End);
        self.tokens = &self.tokens[full.unwrap_or(self.tokens.len())..];
        !self.tokens.is_empty()
    }

    /// Over the statement that begins here, with all its blocks; always over something.
    pub(super) fn skip_statement(&mut self) -> &'a [Token<'a>] {
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
            Kind::End => depth == 0,
            Kind::Word | Kind::Quoted | Kind::Comma => false,
        });
        let statement = &self.tokens[..end.unwrap_or(self.tokens.len())];
        self.tokens = &self.tokens[statement.len().max(1)..];
        statement
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(*first)
    }

    pub(super) fn word(&mut self) -> Result<&'a str, Refusal> {
        match self.next() {
            Some(token) if token.kind == Kind::Word => Ok(token.text),
            Some(token) => Err(format!("a word is missing before '{}'", token.text.trim())),
            None => Err("the text ends too early".to_owned()),
        }
    }

    pub(super) fn expect(&mut self, kind: Kind, what: &str) -> Result<Token<'a>, Refusal> {
        match self.next() {
            Some(token) if token.kind == kind => Ok(token),
            Some(_) | None => Err(format!("{what} is missing")),
        }
    }

    /// Whether the next token is of this kind; then over it.
    pub(super) fn over(&mut self, kind: Kind) -> bool {
        let found = self.tokens.first().is_some_and(|token| token.kind == kind);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }
}
