//! Named sets and maps of nft, and their elements.

use compact_str::CompactString;

use super::{Counter, Expression, Field, Target};

/// A named set, or a map: then its elements have values.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// What its elements are.
    pub key: SetType,
    /// What each leads to, if it is a map.
    pub value: Option<SetValue>,
    /// How it may be used.
    pub flags: SetFlags,
    /// Whether elements that touch become one.
    pub auto_merge: bool,
    /// Whether little memory counts more than speed (`policy memory`).
    pub memory: bool,
    /// After how long an element goes.
    pub timeout_milliseconds: Option<u64>,
    /// How often the kernel looks for elements that should go.
    pub gc_interval_milliseconds: Option<u64>,
    /// How many elements it may have.
    pub size: Option<u64>,
    /// What is done when an element is met, word for word: `counter`, `limit rate 5/second`.
    pub statements: Vec<CompactString>,
    /// A comment on it.
    pub comment: Option<String>,
    /// The number by which the kernel knows it (only where a listing shows it).
    pub handle: Option<u64>,
    /// Its elements, in order.
    pub elements: Vec<Element>,
}

/// The type of an element, or of what it leads to.
///
/// Two that have the same types are equal, even if only one says which fields they are of:
/// `type ipv4_addr`, `typeof ip saddr`.
#[derive(Clone, Debug)]
pub struct SetType {
    /// nft's names of the types, side by side; empty if they cannot be known from the fields.
    pub names: Vec<CompactString>,
    /// The expression whose type it is, if it is said so.
    pub of: Option<Expression>,
}

/// What the elements of a map lead to.
#[derive(Clone, Debug, PartialEq)]
pub enum SetValue {
    /// What happens to the packet.
    Verdict,
    /// Values.
    Data(SetType),
    /// Objects of this kind, by name: `counter`, `quota`, `ct helper`.
    Object(CompactString),
}

/// How a set may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetFlags {
    /// Its elements never change.
    pub constant: bool,
    /// Its elements may be ranges and prefixes.
    pub interval: bool,
    /// Its elements may go after a time.
    pub timeout: bool,
    /// Rules add and remove elements.
    pub dynamic: bool,
}

/// An element of a set or map, named or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Element {
    /// The value, range, prefix or concatenation.
    pub key: Expression,
    /// What it leads to, in a map.
    pub value: Option<ElementValue>,
    /// What few elements have.
    pub extra: Option<Box<ElementExtra>>,
}

/// What an element of a map leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ElementValue {
    /// What happens to the packet.
    Verdict(Target),
    /// A value, or the name of an object.
    Data(Expression),
}

/// What few elements have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ElementExtra {
    /// A comment.
    pub comment: Option<CompactString>,
    /// After how long it goes.
    pub timeout_milliseconds: Option<u64>,
    /// In how long it goes, as seen when it was listed.
    pub expires_milliseconds: Option<u64>,
    /// What it counted.
    pub counter: Option<Counter>,
    /// What else is done when it is met, word for word.
    pub statements: Vec<CompactString>,
}

/// A stateful object or flowtable of nft.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// What it says, a line at a time, word for word; for a counter what it counted.
    pub body: Vec<CompactString>,
    /// A comment on it.
    pub comment: Option<String>,
    /// The number by which the kernel knows it (only where a listing shows it).
    pub handle: Option<u64>,
}

/// What an object of nft is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// It counts.
    Counter,
    /// It lets a number of bytes pass.
    Quota,
    /// It lets some packets pass in a time.
    Limit,
    /// A connection-tracking helper.
    CtHelper,
    /// Time-outs of connections.
    CtTimeout,
    /// A connection that is to come.
    CtExpectation,
    /// A SYN proxy.
    Synproxy,
    /// A label of SELinux.
    Secmark,
    /// Connections that skip the rules.
    Flowtable,
}

impl Set {
    /// An empty set of this type.
    pub fn new(name: impl Into<String>, key: SetType) -> Self {
        Set {
            name: name.into(),
            key,
            value: None,
            flags: SetFlags::default(),
            auto_merge: false,
            memory: false,
            timeout_milliseconds: None,
            gc_interval_milliseconds: None,
            size: None,
            statements: Vec::new(),
            comment: None,
            handle: None,
            elements: Vec::new(),
        }
    }

    /// A map from a field to chains.
    pub fn verdicts(name: impl Into<String>, field: Field, elements: Vec<Element>) -> Self {
        let interval = matches!(field, Field::Saddr(_) | Field::Daddr(_));
        Set {
            value: Some(SetValue::Verdict),
            flags: SetFlags {
                interval,
                ..SetFlags::default()
            },
            elements,
            ..Set::new(name, SetType::of(field))
        }
    }
}

impl SetType {
    /// The type of a field.
    pub fn of(field: Field) -> Self {
        SetType {
            names: field.type_name().into_iter().map(Into::into).collect(),
            of: Some(field.into()),
        }
    }
}

impl PartialEq for SetType {
    fn eq(&self, other: &Self) -> bool {
        match self.names.is_empty() || other.names.is_empty() {
            true => self.names == other.names && self.of == other.of,
            false => self.names == other.names,
        }
    }
}

impl Element {
    /// An element of a set.
    pub fn new(key: Expression) -> Self {
        Element {
            key,
            value: None,
            extra: None,
        }
    }

    /// An element that leads to a chain.
    pub fn jump(key: Expression, comment: &str, chain: &str) -> Self {
        Element {
            key,
            value: Some(ElementValue::Verdict(Target::Jump(chain.into()))),
            extra: Some(Box::new(ElementExtra {
                comment: Some(comment.into()),
                ..ElementExtra::default()
            })),
        }
    }

    /// Its comment.
    pub fn comment(&self) -> Option<&str> {
        self.extra.as_ref()?.comment.as_deref()
    }
}
