//! Diagnostics as programs read them: the stable shape of `check --format json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Diagnostic, Sink};
use crate::source::Sources;

/// What `check --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Everything there is to say, in the order of the inputs and of the places in them.
    pub diagnostics: Vec<Entry>,
}

/// One thing to say. Lines and columns count from 1, columns in characters.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// The name of the code; `lanwright explain CODE` tells more.
    pub code: &'static str,
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    /// The rule that libvirt enforces too, such as `V063`; null where the strictness is ours.
    pub rule: Option<&'static str>,
    /// The sentence.
    pub message: String,
    /// The input, as it was named.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First character.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last character.
    pub end_column: usize,
    /// What to do about it.
    pub help: Option<String>,
}

impl Report {
    /// The report of everything in `sink`.
    pub fn new(sink: &Sink, sources: &Sources) -> Self {
        let diagnostics = sink
            .sorted()
            .into_iter()
            .map(|each| entry(each, sources))
            .collect();
        Report { diagnostics }
    }
}

fn entry(diagnostic: &Diagnostic, sources: &Sources) -> Entry {
    let span = diagnostic.place.span;
    let source = sources.get(span.source);
    let (start, end) = (source.position(span.start), source.position(span.end));
    Entry {
        code: diagnostic.code.name(),
        severity: diagnostic.severity().word(),
        rule: diagnostic.code.rule(),
        message: diagnostic.message.clone(),
        file: source.name().to_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        help: diagnostic.help.clone(),
    }
}
