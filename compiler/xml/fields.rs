//! Asking an element for what it holds, and saying what nobody asked for.
//!
//! A reader asks for every attribute and child that its element may have; what it never asked
//! for is unknown, and [`Fields::finish`] warns of it with the nearest name that was asked for.
//! So the readers are the only list of known names.

use super::element::{Attribute, Element};
use crate::diagnostic::{Code, Diagnostic, Sink};

/// One element while it is being read.
pub struct Fields<'a> {
    element: &'a Element,
    attributes: Vec<&'static str>,
    filled: Vec<&'static str>,
    single: Vec<&'static str>,
    many: Vec<&'static str>,
    namespaces: Vec<&'static str>,
    foreign: bool,
}

impl<'a> Fields<'a> {
    /// Begins to read `element`.
    pub fn new(element: &'a Element) -> Self {
        Fields {
            element,
            attributes: Vec::new(),
            filled: Vec::new(),
            single: Vec::new(),
            many: Vec::new(),
            namespaces: Vec::new(),
            foreign: false,
        }
    }

    /// The element itself, for its spans and text.
    pub fn element(&self) -> &'a Element {
        self.element
    }

    /// The attribute of this name, even if it is empty.
    pub fn attribute(&mut self, name: &'static str) -> Option<&'a Attribute> {
        self.attributes.push(name);
        self.element
            .attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// The attribute of this name unless it is empty: libvirt's XPath reads count that as absent.
    pub fn filled(&mut self, name: &'static str) -> Option<&'a Attribute> {
        self.filled.push(name);
        self.attribute(name)
            .filter(|attribute| !attribute.value.is_empty())
    }

    /// The first child of this name; further ones are a warning, since libvirt ignores them.
    pub fn child(&mut self, name: &'static str) -> Option<&'a Element> {
        self.single.push(name);
        own(self.element, name).next()
    }

    /// Every child of this name.
    pub fn children(&mut self, name: &'static str) -> impl Iterator<Item = &'a Element> + use<'a> {
        self.many.push(name);
        own(self.element, name)
    }

    /// Children of this namespace are expected here.
    pub fn allow_namespace(&mut self, namespace: &'static str) {
        self.namespaces.push(namespace);
    }

    /// Children of other namespaces are expected here.
    pub fn allow_foreign(&mut self) {
        self.foreign = true;
    }

    /// Warns of attributes that nobody asked for, and of empty ones; the children are the reader's
    /// own business.
    pub fn finish_attributes(&self, sink: &mut Sink) {
        for attribute in &self.element.attributes {
            if !self.attributes.contains(&attribute.name.as_str()) {
                self.unknown_attribute(attribute, sink);
            } else if attribute.value.is_empty() && self.filled.contains(&attribute.name.as_str()) {
                let message = format!("'{}' is empty, which counts as absent", attribute.name);
                let problem = Diagnostic::new(Code::AttributeEmpty, attribute.name_span, message);
                sink.report(problem.help("remove it, or give it a value"));
            }
        }
    }

    /// Warns of attributes and children that nobody asked for, of repeated and of empty ones.
    pub fn finish(self, sink: &mut Sink) {
        self.finish_attributes(sink);
        self.unexpected_text(sink);
        let mut seen: Vec<&Element> = Vec::new();
        for child in &self.element.children {
            let name = child.name.as_str();
            let ours = child.namespace.is_none();
            if !ours && self.expects_foreign(child) {
                continue;
            }
            if ours && self.single.contains(&name) {
                match seen.iter().find(|earlier| earlier.name == name) {
                    None => seen.push(child),
                    Some(first) => sink.report(repeated(child, first)),
                }
            } else if !(ours && self.many.contains(&name)) {
                self.unknown_element(child, sink);
            }
        }
    }

    fn expects_foreign(&self, child: &Element) -> bool {
        let known = |known: &&'static str| child.namespace.as_deref() == Some(*known);
        self.foreign || self.namespaces.iter().any(known)
    }

    /// An element that holds elements holds no text.
    fn unexpected_text(&self, sink: &mut Sink) {
        let text = self.element.text.trim();
        if text.is_empty() || (self.single.is_empty() && self.many.is_empty()) {
            return;
        }
        let start: String = text.chars().take(40).collect();
        let message = format!(
            "<{}> holds the text '{start}', it is ignored",
            self.element.name
        );
        let problem = Diagnostic::new(Code::UnexpectedText, self.element.name_span, message);
        sink.report(problem.help("remove it, or put it into a comment"));
    }

    fn unknown_attribute(&self, attribute: &Attribute, sink: &mut Sink) {
        let (name, owner) = (&attribute.name, &self.element.name);
        let message = format!("<{owner}> has no attribute '{name}', it is ignored");
        let problem = Diagnostic::new(Code::UnknownAttribute, attribute.name_span, message);
        sink.report(match nearest(name, &self.attributes) {
            Some(known) => problem.help(format!("write '{known}' if that is what is meant")),
            None => problem.help("remove it, or correct its name"),
        });
    }

    fn unknown_element(&self, child: &Element, sink: &mut Sink) {
        let (name, owner) = (&child.name, &self.element.name);
        if let (Some(""), Some(prefix)) = (child.namespace.as_deref(), &child.prefix) {
            let message = format!(
                "the prefix '{prefix}' is declared nowhere, so <{prefix}:{name}> is ignored"
            );
            let problem =
                Diagnostic::new(Code::UndeclaredNamespacePrefix, child.name_span, message);
            let help = format!("declare it with xmlns:{prefix}='…' on this element or around it");
            return sink.report(problem.help(help));
        }
        let message = format!("<{owner}> has no element <{name}>, it is ignored");
        let problem = Diagnostic::new(Code::UnknownElement, child.name_span, message);
        let known: Vec<&'static str> = self.single.iter().chain(&self.many).copied().collect();
        sink.report(match nearest(name, &known) {
            Some(known) if child.namespace.is_none() && known != name => {
                problem.help(format!("write <{known}> if that is what is meant"))
            }
            _ => problem.help("remove it, or put it where it belongs"),
        });
    }
}

fn own<'a>(
    element: &'a Element,
    name: &'static str,
) -> impl Iterator<Item = &'a Element> + use<'a> {
    let ours = move |child: &&Element| child.namespace.is_none() && child.name == name;
    element.children.iter().filter(ours)
}

fn repeated(child: &Element, first: &Element) -> Diagnostic {
    let message = format!(
        "<{}> stands here again, only the first one counts",
        child.name
    );
    Diagnostic::new(Code::RepeatedElement, child.name_span, message)
        .also(first.name_span, "the first one")
        .help("remove it, or merge it into the first")
}

/// The known name that is most like `name`, if one is like it at all.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    known
        .iter()
        .map(|known| {
            (
                strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase()),
                *known,
            )
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
