//! Tags with single quotes, and the printer that indents them and puts comments between them.
//!
//! quick-xml puts attribute values in double quotes, libvirt in single ones, so the content of a
//! tag is put together here; line breaks and indentation are quick-xml's.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

use super::Comments;

use crate::value::encode::{visible, xml_entities};

/// The name and attributes of one element.
pub struct Tag {
    content: String,
    name: &'static str,
}

impl Tag {
    /// A tag without attributes.
    pub fn new(name: &'static str) -> Self {
        Tag {
            content: name.to_owned(),
            name,
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
        BytesStart::from_content(self.content.as_str(), self.name.len())
    }
}

/// Elements that stand several times in their parent, so that their path tells which.
const REPEATED: [&str; 15] = [
    "address",
    "dnsmasq:option",
    "forwarder",
    "host",
    "hostname",
    "interface",
    "ip",
    "lan:dns",
    "lan:forward",
    "lan:ip",
    "portgroup",
    "range",
    "route",
    "srv",
    "txt",
];

/// Puts elements into a text, each on a line of its own.
pub struct Printer<'a> {
    writer: Writer<Vec<u8>>,
    comments: &'a Comments,
    /// The elements that are open: their paths, and how often each name was in them so far.
    open: Vec<(String, HashMap<&'static str, usize>)>,
    /// Where each element begins, in bytes, and its path.
    places: Vec<(usize, String)>,
}

impl<'a> Printer<'a> {
    /// A printer that puts these comments where they belong.
    pub fn new(comments: &'a Comments) -> Self {
        Printer {
            writer: Writer::new_with_indent(Vec::new(), b' ', 2),
            comments,
            open: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Begins an element.
    pub fn open(&mut self, tag: Tag) {
        let path = self.begin(tag.name);
        self.event(Event::Start(tag.event()));
        self.comment(&path, |comments| &comments.first);
        self.open.push((path, HashMap::new()));
    }

    /// Ends it.
    pub fn close(&mut self, name: &'static str) {
        if let Some((path, _)) = self.open.pop() {
            self.comment(&path, |comments| &comments.last);
        }
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element with nothing inside.
    pub fn empty(&mut self, tag: Tag) {
        self.begin(tag.name);
        self.event(Event::Empty(tag.event()));
    }

    /// Notes where an element begins, after what is to be said before it; its path.
    fn begin(&mut self, name: &'static str) -> String {
        let (parent, count) = match self.open.last_mut() {
            Some((parent, counts)) => {
                let count = counts.entry(name).or_default();
                *count += 1;
                (parent.as_str(), *count)
            }
            None => ("", 1),
        };
        let path = match REPEATED.contains(&name) && !parent.ends_with("/nat") {
            true => format!("{parent}/{name}[{count}]"),
            false => format!("{parent}/{name}"),
        };
        self.comment(&path, |comments| &comments.before);
        self.places
            .push((self.writer.get_ref().len(), path.clone()));
        path
    }

    fn comment(&mut self, path: &str, of: fn(&Comments) -> &HashMap<String, Vec<String>>) {
        let comments: &'a Comments = self.comments;
        for text in of(comments).get(path).into_iter().flatten() {
            let text = format!(" {} ", comment_text(text));
            self.event(Event::Comment(BytesText::from_escaped(text)));
        }
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

    /// The whole text, and where each element begins in it.
    pub fn finish(self) -> (String, Vec<(usize, String)>) {
        let mut text = String::from_utf8_lossy(&self.writer.into_inner()).into_owned();
        text.push('\n');
        (text, self.places)
    }

    fn event(&mut self, event: Event<'_>) {
        // Writing into a Vec cannot fail.
        let _ = self.writer.write_event(event);
    }
}

/// Text for a comment: what a terminal or an editor would act on is replaced, and of two hyphens,
/// which would end the comment, the second one is written `%2d`.
fn comment_text(text: &str) -> String {
    let text = visible(text);
    let mut safe = String::with_capacity(text.len());
    let mut hyphen = false;
    for c in text.chars() {
        match c {
            '-' if hyphen => safe.push_str("%2d"),
            _ => safe.push(c),
        }
        hyphen = c == '-' && !hyphen;
    }
    safe
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
        let comments = Comments::default();
        let mut printer = Printer::new(&comments);
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
        assert_eq!(printer.finish().0, expected);
    }

    #[test]
    fn comments_stand_where_they_belong() {
        let mut comments = Comments::default();
        comments.before("/a/ip[2]", "x--y-");
        comments.first("/a", "first");
        comments.last("/a", "last \u{1b}");
        let mut printer = Printer::new(&comments);
        printer.open(Tag::new("a"));
        printer.empty(Tag::new("ip"));
        printer.empty(Tag::new("ip"));
        printer.close("a");
        let (text, places) = printer.finish();
        let expected = "<a>\n  <!-- first -->\n  <ip/>\n  <!-- x-%2dy- -->\n  <ip/>\n  \
            <!-- last \u{fffd} -->\n</a>\n";
        assert_eq!(text, expected);
        let paths: Vec<&str> = places.iter().map(|(_, path)| path.as_str()).collect();
        assert_eq!(paths, ["/a", "/a/ip[1]", "/a/ip[2]"]);
    }
}
