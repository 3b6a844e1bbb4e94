//! What there is to say about the input: codes, messages, places.
//!
//! Every phase reports into a [`Sink`] and goes on; the command line renders what was collected
//! ([`render`] for people, [`json`] for programs). Nothing here knows which phase speaks.

pub mod code;
pub mod json;
pub mod render;

pub use code::Code;

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// The result may not be what was meant; it is made all the same.
    Warning,
    /// Nothing is made.
    Error,
}

impl Severity {
    /// The word for it, as JSON and people read it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A place with a few words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The piece of text that is meant.
    pub span: Span,
    /// What to know about it; may be empty.
    pub text: String,
}

/// One thing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of thing it is.
    pub code: Code,
    /// Lower case first, no full stop, quotes the value, states the rule.
    pub message: String,
    /// The smallest piece of text that is to blame.
    pub place: Label,
    /// The other halves of a conflict.
    pub also: Vec<Label>,
    /// What to do; begins with a verb.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Says `message` about the text at `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        let place = Label {
            span,
            text: String::new(),
        };
        Diagnostic {
            code,
            message: message.into(),
            place,
            also: Vec::new(),
            help: None,
        }
    }

    /// Adds a few words beside the caret.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.place.text = text.into();
        self
    }

    /// Points at a second place, the other half of a conflict.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.also.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// How bad it is: a property of the code.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// Collects what the phases report.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    diagnostics: Vec<Diagnostic>,
}

impl Sink {
    /// Takes in one more.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether something was said that forbids a result.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many of one severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics
            .iter()
            .filter(|each| each.severity() == severity)
            .count()
    }

    /// Everything said, in the order of the inputs and of the places in them.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<&Diagnostic> = self.diagnostics.iter().collect();
        all.sort_by_key(|each| (each.place.span, std::cmp::Reverse(each.severity())));
        all
    }

    /// Takes over what another sink collected.
    pub fn absorb(&mut self, other: Sink) {
        self.diagnostics.extend(other.diagnostics);
    }
}
