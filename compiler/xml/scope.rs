//! Which namespace a prefix stands for at one element.
//!
//! Filled while the tree is built; asked when a prefix is resolved, and when a piece of a
//! document is to be kept word for word with the declarations it needs.

use std::collections::BTreeMap;
use std::rc::Rc;

/// The declarations of one element, and those around it.
#[derive(Debug, Default)]
pub struct Scope {
    declared: BTreeMap<String, Option<Rc<str>>>,
    outer: Option<Rc<Scope>>,
}

impl Scope {
    /// The scope of an element that declares these prefixes (`""` is the default namespace).
    pub fn new(declared: BTreeMap<String, Option<Rc<str>>>, outer: Option<&Rc<Scope>>) -> Rc<Self> {
        match outer {
            Some(outer) if declared.is_empty() => Rc::clone(outer),
            _ => Rc::new(Scope {
                declared,
                outer: outer.cloned(),
            }),
        }
    }

    /// What a prefix stands for: nothing known, or a namespace, or none at all.
    pub fn resolve(&self, prefix: &str) -> Option<&Option<Rc<str>>> {
        self.holder(prefix)?.declared.get(prefix)
    }

    /// Whether a prefix means the same by the same declaration in `outer`.
    pub fn inherits(&self, prefix: &str, outer: &Scope) -> bool {
        match (self.holder(prefix), outer.holder(prefix)) {
            (Some(here), Some(there)) => std::ptr::eq(here, there),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn holder(&self, prefix: &str) -> Option<&Scope> {
        let mut scope = self;
        while !scope.declared.contains_key(prefix) {
            scope = scope.outer.as_deref()?;
        }
        Some(scope)
    }
}
