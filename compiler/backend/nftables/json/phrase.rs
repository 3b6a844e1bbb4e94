//! Words of nft's language that were never text: put together from JSON, and read as a listing is.

use crate::backend::nftables::token::{self, Kind, Token};
use crate::backend::nftables::words::Words;

/// Words one after the other. A string that is put in is one word, whatever it holds.
#[derive(Default)]
pub(super) struct Phrase {
    text: String,
    words: Vec<(Kind, std::ops::Range<usize>)>,
}

/// Whether a string can be a word of nft's language, and is no operator and no name for others.
pub(super) fn is_word(text: &str) -> bool {
    let special = text.starts_with(['!', '=', '<', '>', '&', '|', '^', '$', '#']);
    let control = text.contains(char::is_control);
    !special && !control && token::is_one_word(text)
}

impl Phrase {
    fn push(&mut self, kind: Kind, text: &str, quote: &str) {
        if !self.text.is_empty() && kind != Kind::Comma {
            self.text.push(' ');
        }
        self.text.push_str(quote);
        let start = self.text.len();
        self.text.push_str(text);
        self.words.push((kind, start..self.text.len()));
        self.text.push_str(quote);
    }

    /// A word of ours.
    pub(super) fn say(&mut self, word: &str) {
        self.push(Kind::Word, word, "");
    }

    /// Words of ours, with blanks between them.
    pub(super) fn say_all(&mut self, words: &str) {
        words.split(' ').for_each(|word| self.say(word));
    }

    /// A string as a word; nothing if it can be none.
    pub(super) fn word(&mut self, text: &str) -> Option<()> {
        is_word(text).then(|| self.say(text))
    }

    /// A string in quotes; nothing if it cannot stand in them.
    pub(super) fn quoted(&mut self, text: &str) -> Option<()> {
        let fits = !text.contains(['"', '\n']);
        fits.then(|| self.push(Kind::Quoted, text, "\""))
    }

    /// `{`.
    pub(super) fn open(&mut self) {
        self.push(Kind::Open, "{", "");
    }

    /// `}`.
    pub(super) fn close(&mut self) {
        self.push(Kind::Close, "}", "");
    }

    /// `,`.
    pub(super) fn comma(&mut self) {
        self.push(Kind::Comma, ",", "");
    }

    /// `(`.
    pub(super) fn open_round(&mut self) {
        self.push(Kind::OpenRound, "(", "");
    }

    /// `)`.
    pub(super) fn close_round(&mut self) {
        self.push(Kind::CloseRound, ")", "");
    }

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// What `read` makes of the words from this one on; nothing if it leaves some.
    pub(super) fn read_from<T>(
        &self,
        first: usize,
        read: impl FnOnce(&mut Words<'_>) -> Option<T>,
    ) -> Option<T> {
        let words = self.words.get(first..)?.iter();
        let tokens: Vec<Token<'_>> = words
            .map(|(kind, range)| Token {
                kind: *kind,
                start: start_of(*kind, range.start),
                text: &self.text[range.clone()],
            })
            .collect();
        let mut words = Words::new(&self.text, &tokens);
        let value = read(&mut words);
        value.filter(|_| words.is_empty())
    }

    /// What `read` makes of all words; nothing if it leaves some.
    pub(super) fn read<T>(&self, read: impl FnOnce(&mut Words<'_>) -> Option<T>) -> Option<T> {
        self.read_from(0, read)
    }
}

/// Where a word begins, quotes included.
fn start_of(kind: Kind, start: usize) -> u32 {
    let quote = usize::from(kind == Kind::Quoted);
    u32::try_from(start - quote).unwrap_or(u32::MAX)
}
