//! Names that a file gives to pieces of text: `define lan = { 192.0.2.0/24, 198.51.100.0/24 }`.

use std::collections::HashMap;

use super::token::{Kind, Token};

/// How many words names may stand for in one text: one that names itself twice, and so on, would
/// have no end.
const WORDS: usize = 1 << 20;

/// What was named so far.
pub(super) struct Definitions<'a> {
    known: HashMap<&'a str, Vec<Token<'a>>>,
    left: usize,
}

impl<'a> Definitions<'a> {
    pub(super) fn new() -> Self {
        Definitions {
            known: HashMap::new(),
            left: WORDS,
        }
    }

    /// From here on `name` stands for `tokens`, in which names stand for something already.
    pub(super) fn define(&mut self, name: &'a str, tokens: &[Token<'a>]) {
        self.known.insert(name, tokens.to_vec());
    }

    /// `name` stands for nothing any more.
    pub(super) fn forget(&mut self, name: &str) {
        self.known.remove(name);
    }

    /// Takes what `$name` stands for, or the word itself if it stands for nothing.
    pub(super) fn push(&mut self, token: Token<'a>, into: &mut Vec<Token<'a>>) {
        let name = match token.kind {
            Kind::Word => token.text.strip_prefix('$'),
            Kind::Quoted
            | Kind::Open
            | Kind::Close
            | Kind::Comma
            | Kind::OpenRound
            | Kind::CloseRound
            | Kind::End => None,
        };
        let words = name.and_then(|name| self.known.get(name));
        match words.filter(|words| words.len() <= self.left) {
            Some(words) => {
                self.left -= words.len();
                into.extend(words.iter().map(|word| word.elsewhere()));
            }
            None => into.push(token),
        }
    }
}
