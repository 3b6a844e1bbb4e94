//! What does not pass between a tool's text and our types.
//!
//! Printing fails closed: a rule that a language cannot carry is named. Reading goes on: a line
//! that was not understood is named, and the rest is read.

/// Something that the language of a tool cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{language} cannot say {what}")]
pub struct Inexpressible {
    /// Whose language.
    pub language: &'static str,
    /// What it has no words for.
    pub what: String,
}

/// A line that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Unread {
    /// The line, from 1.
    pub line: usize,
    /// Why; lower case first, no full stop.
    pub message: String,
}

/// What a text held, as far as it was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<T> {
    /// What was understood.
    pub value: T,
    /// The lines that were not, in order.
    pub unread: Vec<Unread>,
}

impl<T> Reading<T> {
    /// The value, if every line was understood.
    pub fn complete(self) -> Option<T> {
        self.unread.is_empty().then_some(self.value)
    }
}
