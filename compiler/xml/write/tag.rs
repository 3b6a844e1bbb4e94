//! Tags with single quotes, and the printer that indents them.
//!
//! quick-xml puts attribute values in double quotes, libvirt in single ones, so the content of a
//! tag is put together here; line breaks and indentation are quick-xml's.

use std::fmt::{Display, Write as _};

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

use crate::value::encode::xml_entities;

/// The name and attributes of one element.
pub struct Tag {
    content: String,
    name_length: usize,
}

impl Tag {
    /// A tag without attributes.
    pub fn new(name: &'static str) -> Self {
        Tag {
            content: name.to_owned(),
            name_length: name.len(),
        }
    }

    /// Adds an attribute.
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        let value = attribute(&value.to_string());
        // Writing into a String cannot fail.
        let _ = write!(self.content, " {name}='{value}'");
        self
    }

    /// Adds an attribute if it has a value.
    pub fn some(self, name: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn event(&self) -> BytesStart<'_> {
        BytesStart::from_content(self.content.as_str(), self.name_length)
    }
}

/// Puts elements into a text, each on a line of its own.
pub struct Printer {
    writer: Writer<Vec<u8>>,
}

impl Default for Printer {
    fn default() -> Self {
        Printer {
            writer: Writer::new_with_indent(Vec::new(), b' ', 2),
        }
    }
}

impl Printer {
    /// Begins an element.
    pub fn open(&mut self, tag: Tag) {
        self.event(Event::Start(tag.event()));
    }

    /// Ends it.
    pub fn close(&mut self, name: &'static str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element with nothing inside.
    pub fn empty(&mut self, tag: Tag) {
        self.event(Event::Empty(tag.event()));
    }

    /// An element that holds a text.
    pub fn text(&mut self, name: &'static str, text: &str) {
        self.open(Tag::new(name));
        let text = escaped(text).replace('\r', "&#13;");
        self.event(Event::Text(BytesText::from_escaped(text)));
        self.close(name);
    }

    /// A finished piece of XML, word for word.
    pub fn piece(&mut self, piece: &str) {
        // Writing into a Vec cannot fail.
        let _ = self.writer.write_indent();
        self.writer.get_mut().extend_from_slice(piece.as_bytes());
    }

    /// The whole text.
    pub fn finish(self) -> String {
        let mut text = String::from_utf8_lossy(&self.writer.into_inner()).into_owned();
        text.push('\n');
        text
    }

    fn event(&mut self, event: Event<'_>) {
        // Writing into a Vec cannot fail.
        let _ = self.writer.write_event(event);
    }
}

/// A value between single quotes; white space that a parser would turn into blanks is kept.
fn attribute(value: &str) -> String {
    escaped(value)
        .replace('\t', "&#9;")
        .replace('\n', "&#10;")
        .replace('\r', "&#13;")
}

/// Text with entities, and U+FFFD for what XML cannot hold at all.
fn escaped(text: &str) -> String {
    let held = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let text = text.replace(|c| !held(c), "\u{fffd}");
    xml_entities(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive() {
        let mut printer = Printer::default();
        printer.open(
            Tag::new("a")
                .with("b", "<'\"&>\t\n\r\u{1}ü")
                .some("c", None::<u8>),
        );
        printer.text("d", "x\r\ny & z");
        printer.piece("<e/>");
        printer.close("a");
        let expected = "<a b='&lt;&apos;&quot;&amp;&gt;&#9;&#10;&#13;\u{fffd}ü'>\n  \
            <d>x&#13;\ny &amp; z</d>\n  <e/>\n</a>\n";
        assert_eq!(printer.finish(), expected);
    }
}
