//! Keeping an element of another namespace word for word.
//!
//! The piece gets the namespace declarations that it had from the elements around it, so that it
//! stays well formed wherever it is put.

use std::collections::BTreeMap;

use crate::value::encode::xml_entities;
use crate::xml::element::Element;
use crate::xml::scope::Scope;

/// The text of `element` with the declarations it needs from `outer`, the scope of the element
/// around it; the undeclared prefix if there is one.
pub fn piece(element: &Element, outer: &Scope, source_text: &str) -> Result<String, String> {
    let mut needed = BTreeMap::new();
    collect(element, outer, &mut needed)?;
    let text = source_text.get(element.span.range()).unwrap_or_default();
    let name_end = element.name_span.range().end;
    let at = name_end.saturating_sub(element.span.range().start);
    let Some((start, rest)) = text.split_at_checked(at) else {
        return Ok(String::new());
    };
    let mut piece = start.to_owned();
    for (prefix, namespace) in needed {
        let name = match prefix.as_str() {
            "" => "xmlns".to_owned(),
            prefix => format!("xmlns:{prefix}"),
        };
        piece.push_str(&format!(" {name}='{}'", xml_entities(&namespace)));
    }
    piece.push_str(rest);
    Ok(piece)
}

/// The prefixes in and below `element` that are declared in `outer` or above.
fn collect(
    element: &Element,
    outer: &Scope,
    needed: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let attributes = element.attributes.iter();
    let prefixes = attributes.filter_map(|each| each.name.split_once(':').map(|name| name.0));
    let own = element.prefix.as_deref().unwrap_or("");
    for prefix in prefixes.chain([own]).filter(|prefix| *prefix != "xml") {
        match element.scope.resolve(prefix) {
            Some(Some(namespace)) if element.scope.inherits(prefix, outer) => {
                needed.insert(prefix.to_owned(), namespace.to_string());
            }
            Some(Some(_)) => {}
            Some(None) | None if prefix.is_empty() => {}
            Some(None) | None => return Err(prefix.to_owned()),
        }
    }
    let mut children = element.children.iter();
    children.try_for_each(|child| collect(child, outer, needed))
}
