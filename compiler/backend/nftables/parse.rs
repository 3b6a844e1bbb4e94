//! Reading nft's language: listings, and files for `nft -f`.
//!
//! The result is what a host that had nothing holds afterwards: a listing and the transaction that
//! made it read alike. What only the host itself could know (a rule by its handle, a file that is
//! included) is named, as is every statement that was not understood.

mod block;
mod command;
mod store;

use super::define::Definitions;
use super::token::{Kind, Lexer, Token};
use super::words::{Refusal, Words};
use crate::backend::gap::{Reading, Unread};
use crate::firewall::Ruleset;
pub(super) use store::Store;

/// The tables of `text`.
pub fn parse(text: &str) -> Reading<Ruleset> {
    let mut reader = Reader {
        at: Lexer::new(text),
        names: Definitions::new(),
        tokens: Vec::new(),
        store: Store::default(),
        unread: Vec::new(),
    };
    while reader.at.skip_ends() {
        let start = reader.at;
        if let Err(message) = reader.command() {
            reader.refuse(start, message);
        }
    }
    let value = reader.store.finish();
    Reading {
        value,
        unread: reader.unread,
    }
}

struct Reader<'a> {
    at: Lexer<'a>,
    names: Definitions<'a>,
    /// The words of the statement that is being read; kept for its memory.
    tokens: Vec<Token<'a>>,
    store: Store,
    unread: Vec<Unread>,
}

impl<'a> Reader<'a> {
    /// Names the statement that begins at `start`, and goes on behind it.
    fn refuse(&mut self, start: Lexer<'a>, message: Refusal) {
        self.note(start.line(), message);
        self.at = start;
        self.at.skip_statement();
    }

    fn note(&mut self, line: usize, message: Refusal) {
        self.unread.push(Unread { line, message });
    }

    fn word(&mut self) -> Result<&'a str, Refusal> {
        match self.at.next() {
            Some(token) if token.is_word() || token.kind == Kind::Quoted => Ok(token.text),
            Some(token) => Err(match token.text.trim() {
                "" => "the line ends too early".to_owned(),
                text => format!("a word is missing before '{text}'"),
            }),
            None => Err("the text ends too early".to_owned()),
        }
    }

    /// Whether the next word is this one; then over it.
    fn the(&mut self, wanted: &str) -> bool {
        let mut ahead = self.at;
        let next = ahead.next();
        let found = next.is_some_and(|token| token.kind == Kind::Word && token.text == wanted);
        if found {
            self.at = ahead;
        }
        found
    }

    fn expect(&mut self, kind: Kind, what: &str) -> Result<(), Refusal> {
        match self.at.over(kind) {
            true => Ok(()),
            false => Err(format!("{what} is missing")),
        }
    }

    /// The handle in a comment behind an opening brace.
    fn opening_handle(&mut self) -> Option<u64> {
        self.at.take_handle();
        self.at.skip_blanks();
        self.at.take_handle()
    }

    /// Takes the words of one statement, gives them to `read`, and goes on behind it. The place is
    /// that of its first word, the handle that of the comment behind it.
    fn statement<T>(
        &mut self,
        read: impl FnOnce(&mut Store, &mut Words<'_>, Statement) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut tokens = std::mem::take(&mut self.tokens);
        self.at.take_handle();
        let line = self.at.line();
        let source = self.at.statement(&mut tokens, &mut self.names);
        let about = Statement {
            line,
            handle: self.at.take_handle(),
        };
        let result = read(&mut self.store, &mut Words::new(source, &tokens), about);
        self.tokens = tokens;
        result
    }

    /// Statements up to the closing brace; one that is refused is named and left out.
    fn block(
        &mut self,
        mut statement: impl FnMut(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let line = self.at.line();
        loop {
            if !self.at.skip_ends() {
                self.note(line, "the text ends before its '}'".to_owned());
                return Ok(());
            }
            if self.at.over(Kind::Close) {
                return Ok(());
            }
            let start = self.at;
            if let Err(message) = statement(self) {
                self.refuse(start, message);
            }
        }
    }
}

/// Where a statement stands, and the number by which the kernel knows what it says.
#[derive(Clone, Copy)]
struct Statement {
    line: usize,
    handle: Option<u64>,
}
