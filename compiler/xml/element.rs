//! Bytes to a tree of elements that know where they stand.
//!
//! quick-xml tokenises; this file builds the tree, resolves namespaces, and refuses what is not
//! well formed, document types, entities, and anything deeper or larger than a network ever is.
//! It does not know what an element means.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::source::{Source, SourceId, Span};

/// The deepest nesting that is read; libvirt's own documents use six levels.
pub const MAX_DEPTH: usize = 64;
/// The largest input that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// One element with all that is inside.
#[derive(Clone, Debug)]
pub struct Element {
    /// The name without its prefix.
    pub name: String,
    /// The namespace that the prefix stands for; `None` for libvirt's own elements.
    pub namespace: Option<Rc<str>>,
    /// The prefix as written, which may be undeclared.
    pub prefix: Option<String>,
    /// From `<` to the last `>`.
    pub span: Span,
    /// The name in the start tag, prefix included.
    pub name_span: Span,
    /// What prefixes stand for inside this element.
    pub scope: Rc<Scope>,
    /// In the order written; namespace declarations are not among them.
    pub attributes: Vec<Attribute>,
    /// The elements inside.
    pub children: Vec<Element>,
    /// All character data directly inside, references resolved.
    pub text: String,
    /// From the first to the last byte of character data; a point when there is none.
    pub text_span: Span,
}

/// One attribute of an element.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name, prefix included.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The value, references resolved and white space normalised.
    pub value: String,
    /// What is between the quotes.
    pub span: Span,
}

/// Reads the one element that a document is, or says why there is none.
pub fn parse(id: SourceId, source: &Source, sink: &mut Sink) -> Option<Element> {
    let mut builder = Builder {
        id,
        text: source.text(),
        open: Vec::new(),
        root: None,
    };
    match builder.run() {
        Ok(()) => builder.root,
        Err(problem) => {
            sink.report(*problem);
            None
        }
    }
}

type Refusal = Box<Diagnostic>;

struct Builder<'a> {
    id: SourceId,
    text: &'a str,
    open: Vec<Element>,
    root: Option<Element>,
}

/// The prefixes that one tag declares.
type Declared = BTreeMap<String, Option<Rc<str>>>;

impl Builder<'_> {
    fn run(&mut self) -> Result<(), Refusal> {
        if self.text.len() > MAX_BYTES {
            let message = format!("the file holds {} bytes, over the limit", self.text.len());
            return Err(self.refuse(Code::FileTooLarge, 0..0, message));
        }
        self.check_characters()?;
        let mut reader = Reader::from_str(&self.text[self.marks()..]);
        reader.config_mut().check_comments = true;
        loop {
            let start = self.offset(reader.buffer_position());
            let event = reader.read_event().map_err(|error| {
                let at = self.offset(reader.error_position());
                self.malformed(at..at, error.to_string())
            })?;
            let end = self.offset(reader.buffer_position());
            match event {
                Event::Start(tag) => self.begin(&tag, start..end)?,
                Event::Empty(tag) => {
                    self.begin(&tag, start..end)?;
                    self.end(end)?;
                }
                Event::End(_) => self.end(end)?,
                Event::Text(text) => self.characters(&text.xml10_content(), start..end)?,
                Event::CData(data) => self.characters(&data.xml10_content(), start..end)?,
                Event::GeneralRef(reference) => self.reference(&reference, start..end)?,
                Event::DocType(_) => {
                    let message = "a document type declaration is not read";
                    return Err(self.refuse(Code::XmlDoctype, start..end, message));
                }
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().and_then(Result::ok);
                    self.check_encoding(encoding.as_deref(), start..end)?;
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return self.finish(),
            }
        }
    }

    /// How many bytes of byte order marks the text begins with. The reader would take one away
    /// without counting it.
    fn marks(&self) -> usize {
        self.text.len() - self.text.trim_start_matches('\u{feff}').len()
    }

    fn offset(&self, position: u64) -> usize {
        usize::try_from(position)
            .unwrap_or(usize::MAX)
            .saturating_add(self.marks())
            .min(self.text.len())
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.id, range)
    }

    fn refuse(
        &self,
        code: Code,
        range: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Refusal {
        Box::new(Diagnostic::new(code, self.span(range), message))
    }

    fn malformed(&self, range: std::ops::Range<usize>, reason: impl Into<String>) -> Refusal {
        let reason = reason.into();
        let reason = reason
            .strip_prefix("ill-formed document: ")
            .unwrap_or(&reason);
        self.refuse(
            Code::MalformedXml,
            range,
            format!("this is not well-formed XML: {reason}"),
        )
    }

    /// Characters that XML 1.0 does not have at all, such as NUL.
    fn check_characters(&self) -> Result<(), Refusal> {
        let bad = self
            .text
            .char_indices()
            .find(|(_, c)| !is_xml_character(*c));
        match bad {
            None => Ok(()),
            Some((at, c)) => {
                let reason = format!("the character U+{:04X} is not allowed", u32::from(c));
                Err(self.malformed(at..at + c.len_utf8(), reason))
            }
        }
    }

    fn check_encoding(
        &self,
        encoding: Option<&str>,
        range: std::ops::Range<usize>,
    ) -> Result<(), Refusal> {
        match encoding.map(str::to_ascii_lowercase) {
            Some(name) if !is_read(&name, self.text.is_ascii()) => {
                let message = format!("the encoding '{name}' is not read, only UTF-8 is");
                Err(self.refuse(Code::NotUtf8, range, message))
            }
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        tag: &BytesStart<'_>,
        range: std::ops::Range<usize>,
    ) -> Result<(), Refusal> {
        if self.root.is_some() {
            return Err(self.malformed(range, "there is a second root element"));
        }
        if self.open.len() == MAX_DEPTH {
            let message = format!("elements are nested more than {MAX_DEPTH} levels deep");
            return Err(self.refuse(Code::XmlTooDeep, range, message));
        }
        let written = tag.name();
        let written = written.as_ref();
        let name_start = range.start + 1;
        let name_span = self.span(name_start..name_start + written.len());
        if !is_xml_name(written) {
            let reason = format!("'{written}' is not a name");
            return Err(self.malformed(name_span.range(), reason));
        }
        let (attributes, declared) = self.attributes(tag, &range)?;
        let (prefix, name) = match written.split_once(':') {
            Some((prefix, name)) => (Some(prefix.to_owned()), name),
            None => (None, written),
        };
        let scope = Scope::new(declared, self.open.last().map(|open| &open.scope));
        let namespace = match scope.resolve(prefix.as_deref().unwrap_or("")) {
            Some(namespace) => namespace.clone(),
            None if prefix.is_none() => None,
            // An undeclared prefix is no error for libvirt; the element is just unknown.
            None => Some(Rc::from("")),
        };
        let element = Element {
            name: name.to_owned(),
            namespace,
            prefix,
            span: self.span(range.clone()),
            name_span,
            scope,
            attributes,
            children: Vec::new(),
            text: String::new(),
            text_span: self.span(range.end..range.end),
        };
        self.open.push(element);
        Ok(())
    }

    /// The attributes of a tag, and the prefixes it declares.
    fn attributes(
        &self,
        tag: &BytesStart<'_>,
        range: &std::ops::Range<usize>,
    ) -> Result<(Vec<Attribute>, Declared), Refusal> {
        let (mut attributes, mut declared) = (Vec::new(), Declared::new());
        // quick-xml's own search for repeated names takes quadratic time.
        let mut seen = HashSet::new();
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| {
                let at = range.start + 1 + attribute_error_position(&error);
                self.malformed(at..at, error.to_string())
            })?;
            let name = attribute.key.as_ref();
            let name_span = self.piece(name, range);
            let span = self.piece(&attribute.value, range);
            if !seen.insert(name.to_owned()) {
                let reason = format!("the attribute '{name}' stands here twice");
                return Err(self.malformed(name_span.range(), reason));
            }
            if attribute.value.contains('<') {
                return Err(self.malformed(span.range(), "'<' stands in an attribute value"));
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| self.entity(&attribute.value, span.range()))?
                .into_owned();
            self.check_resolved(&value, span.range())?;
            match name.strip_prefix("xmlns") {
                Some("") => {
                    declared.insert(String::new(), namespace_of(&value));
                }
                Some(prefix) if prefix.starts_with(':') => {
                    declared.insert(prefix[1..].to_owned(), namespace_of(&value));
                }
                _ => attributes.push(Attribute {
                    name: name.to_owned(),
                    name_span,
                    value,
                    span,
                }),
            }
        }
        Ok((attributes, declared))
    }

    /// Where a piece that quick-xml borrowed from the text stands; the whole tag if it did not.
    fn piece(&self, piece: &str, tag: &std::ops::Range<usize>) -> Span {
        let start = (piece.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        match start.checked_add(piece.len()) {
            Some(end) if end <= self.text.len() => self.span(start..end),
            _ => self.span(tag.clone()),
        }
    }

    fn end(&mut self, end: usize) -> Result<(), Refusal> {
        let Some(mut element) = self.open.pop() else {
            return Err(self.malformed(end..end, "an end tag has no start tag"));
        };
        element.span.end = self.span(end..end).end;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn characters(&mut self, text: &str, range: std::ops::Range<usize>) -> Result<(), Refusal> {
        let span = self.span(range.clone());
        match self.open.last_mut() {
            Some(element) => {
                if element.text.is_empty() {
                    element.text_span.start = span.start;
                }
                element.text_span.end = span.end;
                element.text.push_str(text);
                Ok(())
            }
            None if text
                .trim_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
                .is_empty() =>
            {
                Ok(())
            }
            None => Err(self.malformed(range, "there is text outside of the root element")),
        }
    }

    fn reference(
        &mut self,
        reference: &BytesRef<'_>,
        range: std::ops::Range<usize>,
    ) -> Result<(), Refusal> {
        let resolved = match reference.resolve_char_ref() {
            Ok(Some(c)) => Some(c),
            Ok(None) => predefined(reference),
            Err(_) => return Err(self.malformed(range, "a character reference is broken")),
        };
        let Some(c) = resolved else {
            return Err(self.entity(&format!("&{};", &**reference), range));
        };
        self.check_resolved(c.encode_utf8(&mut [0; 4]), range.clone())?;
        self.characters(c.encode_utf8(&mut [0; 4]), range)
    }

    fn check_resolved(&self, value: &str, range: std::ops::Range<usize>) -> Result<(), Refusal> {
        match value.chars().find(|c| !is_xml_character(*c)) {
            None => Ok(()),
            Some(c) => {
                let reason = format!("the character U+{:04X} is not allowed", u32::from(c));
                Err(self.malformed(range, reason))
            }
        }
    }

    fn entity(&self, text: &str, range: std::ops::Range<usize>) -> Refusal {
        let message = format!("an entity in '{text}' is none of the five that XML defines");
        self.refuse(Code::UndefinedEntity, range, message)
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        let end = self.text.len();
        if let Some(open) = self.open.last() {
            let reason = format!("<{}> is never closed", open.name);
            return Err(self.malformed(open.name_span.range(), reason));
        }
        match self.root {
            Some(_) => Ok(()),
            None => Err(self.malformed(end..end, "there is no element in it")),
        }
    }
}

/// Whether text of this encoding is what its bytes say in UTF-8: many differ above ASCII only.
fn is_read(encoding: &str, is_ascii: bool) -> bool {
    matches!(encoding, "utf-8" | "utf8" | "us-ascii" | "ascii")
        || is_ascii
            && ["iso-8859-", "windows-125"]
                .iter()
                .any(|each| encoding.starts_with(each))
}

fn namespace_of(value: &str) -> Option<Rc<str>> {
    (!value.is_empty()).then(|| Rc::from(value))
}

fn predefined(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    }
}

/// The `Char` production of XML 1.0.
fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// The `Name` production of XML 1.0, near enough to refuse what no parser takes.
fn is_xml_name(name: &str) -> bool {
    let first = |c: char| c.is_alphabetic() || c == '_' || c == ':' || u32::from(c) > 0x7f;
    let later = |c: char| first(c) || c.is_ascii_digit() || c == '-' || c == '.';
    name.chars().next().is_some_and(first) && name.chars().all(later)
}

fn attribute_error_position(error: &AttrError) -> usize {
    match error {
        AttrError::ExpectedEq(at)
        | AttrError::ExpectedValue(at)
        | AttrError::UnquotedValue(at)
        | AttrError::ExpectedQuote(at, _)
        | AttrError::Duplicated(at, _) => *at,
    }
}

/// What the readers' tests begin and end with.
#[cfg(test)]
pub mod fixture {
    use super::*;

    /// The tree of a text that is well formed.
    pub fn element(text: &str) -> Element {
        let mut sink = Sink::default();
        let source = Source::new("test.xml", text);
        parse(SourceId(0), &source, &mut sink).expect("the test's own XML is well formed")
    }

    /// The codes of all that was said, in the order of the text.
    pub fn codes(sink: &Sink) -> Vec<Code> {
        sink.sorted().iter().map(|each| each.code).collect()
    }
}
