//! Diagnostics as people read them: the line, a caret under the smallest piece, what to do.
//!
//! The picture is drawn by annotate-snippets, rustc's own renderer; colour is always in the text
//! and taken out again by the stream that prints it (anstream). Only the lines around a place are
//! drawn from, so that a picture costs the same in a file of any size.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::source::{Sources, Span};
use crate::value::encode::{misleads, visible};

/// The most bytes of lines that one picture is drawn from, and the most between two places in it.
const LARGEST: usize = 16 * 1024;
/// What is left of a longer line on each side of a place; more than fits on a terminal.
const AROUND: usize = 256;

/// A place in a picture.
#[derive(Clone, Copy)]
struct Mark<'a> {
    span: Span,
    text: &'a str,
    kind: AnnotationKind,
}

/// One diagnostic with its pictures, styled; ends without a newline.
pub fn render(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(visible(&diagnostic.message));
    let mut group = title.id(diagnostic.code.name()).elements(
        pictures(diagnostic)
            .iter()
            .flat_map(|marks| picture(marks, sources)),
    );
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    Renderer::styled().render(&[group])
}

/// What is drawn together: places of one source that are near the first of them.
fn pictures(diagnostic: &Diagnostic) -> Vec<Vec<Mark<'_>>> {
    let first = Mark {
        span: diagnostic.place.span,
        text: &diagnostic.place.text,
        kind: AnnotationKind::Primary,
    };
    let mut pictures = vec![vec![first]];
    for label in &diagnostic.also {
        let mark = Mark {
            span: label.span,
            text: &label.text,
            kind: AnnotationKind::Context,
        };
        let near = |marks: &&mut Vec<Mark<'_>>| {
            let span = marks[0].span;
            span.source == mark.span.source
                && (span.start.abs_diff(mark.span.start) as usize) < LARGEST / 2
        };
        match pictures.iter_mut().find(near) {
            Some(marks) => marks.push(mark),
            None => pictures.push(vec![mark]),
        }
    }
    pictures
}

/// The lines around the marks, which are of one source.
fn picture<'a>(marks: &[Mark<'a>], sources: &Sources) -> Vec<Element<'a>> {
    let source = sources.get(marks[0].span.source);
    let (text, path) = (source.text(), visible(source.name()));
    let starts = marks.iter().map(|mark| source.line(mark.span.start).start);
    let ends = marks.iter().map(|mark| source.line(mark.span.end).end);
    let lines = starts.min().unwrap_or(0)..ends.max().unwrap_or(0);
    let whole = lines.len() <= LARGEST;
    let cut = if whole {
        lines
    } else {
        around(marks[0].span, text)
    };
    let at = source.position(u32::try_from(cut.start).unwrap_or(u32::MAX));
    let mut snippet = Snippet::source(drawable(&text[cut.clone()]))
        .line_start(at.line)
        .fold(true);
    for mark in marks {
        let span = within(mark.span, text);
        if whole || span == within(marks[0].span, text) {
            let clip = |byte: usize| byte.clamp(cut.start, cut.end) - cut.start;
            let span = mark.kind.span(clip(span.start)..clip(span.end));
            snippet = snippet.annotation(span.label(visible(mark.text)));
        }
    }
    if whole {
        return vec![snippet.path(path).into()];
    }
    let place = source.position(marks[0].span.start);
    let origin = Origin::path(path)
        .line(place.line)
        .char_column(place.column);
    vec![origin.into(), snippet.into()]
}

/// What is shown of a line that is too long.
fn around(span: Span, text: &str) -> Range<usize> {
    let span = within(span, text);
    let end = span.end.min(span.start + AROUND) + AROUND;
    boundary(text, span.start.saturating_sub(AROUND))..boundary(text, end)
}

/// The bytes of a span, kept inside the text and on character boundaries.
fn within(span: Span, text: &str) -> Range<usize> {
    let start = boundary(text, span.range().start);
    start..boundary(text, span.range().end).max(start)
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The text with nothing in it that a terminal would act on and that is not replaced when it is
/// drawn; places stay the same, to the byte.
fn drawable(text: &str) -> String {
    if !text.contains(misleads) {
        return text.to_owned();
    }
    let mut drawable = String::with_capacity(text.len());
    for c in text.chars() {
        match c.len_utf8() {
            _ if c.is_ascii() || !misleads(c) => drawable.push(c),
            2 => drawable.push('\u{b7}'),
            3 => drawable.push('\u{fffd}'),
            _ => drawable.push('\u{1f7a1}'),
        }
    }
    drawable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::Source;

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        let mut sources = Sources::default();
        let text = "\u{9b}2J\u{1b}[31m\u{202e}\u{e0041}<a>";
        let id = sources.add(Source::new("\u{1b}]0;x\u{7}\n.xml", text));
        let span = |start: usize| Span::new(id, start..start + 1);
        let start = text.find('<').expect("it is there");
        let problem = Diagnostic::new(Code::MalformedXml, span(start), text)
            .label(text)
            .also(span(0), text)
            .help(text);
        let rendered = render(&problem, &sources);
        let plain = anstream::adapter::strip_str(&rendered).to_string();
        assert!(!plain.contains(|c| misleads(c) && c != '\n'), "{plain:?}");
        assert!(!rendered.contains("31m\u{202e}") && !rendered.contains("2J\u{1b}[31m"));
    }

    #[test]
    fn a_picture_costs_the_same_in_a_long_line() {
        let mut sources = Sources::default();
        let text = format!("<a/>\n{}<b/>{}", "ü".repeat(100_000), "x".repeat(100_000));
        let at = text.find("<b").expect("it is there");
        let id = sources.add(Source::new("a.xml", text));
        let problem = Diagnostic::new(Code::MalformedXml, Span::new(id, at..at + 4), "no");
        let problem = problem.also(Span::new(id, 0..4), "the first");
        let rendered = render(&problem, &sources);
        let plain = anstream::adapter::strip_str(&rendered).to_string();
        assert!(plain.contains("--> a.xml:2:100001\n"), "{plain}");
        assert!(plain.contains("<b/>"), "{plain}");
        assert!(plain.contains("1 | <a/>"), "{plain}");
        assert!(rendered.len() < 4096);
    }
}
