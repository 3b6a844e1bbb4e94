//! JSON as tools print it: one document or several, lists of objects or objects alone.

use serde_json::Value;

use crate::backend::gap::Unread;

/// All objects of a text: those of each list, and those that stand alone. What is no JSON is named
/// by its line, and ends the reading: after it nothing can be told apart.
pub(super) fn objects(text: &str) -> (Vec<Value>, Vec<Unread>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document {
            Ok(Value::Array(items)) => found.extend(items),
            Ok(other) => found.push(other),
            Err(error) => unread.push(Unread {
                line: error.line(),
                message: "this is no JSON".to_owned(),
            }),
        }
    }
    // `ip -j` prints an empty object for what it filtered out.
    found.retain(|value| value.as_object().is_none_or(|object| !object.is_empty()));
    (found, unread)
}

/// A text of an object.
pub(super) fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

/// An object that could not be taken, and why. JSON has no lines to speak of.
pub(super) fn refused(message: String) -> Unread {
    Unread { line: 0, message }
}

/// The name of a file without its folder and ending; libvirt names some files after bridges.
pub(super) fn stem(name: &str) -> &str {
    let base = name.rsplit('/').next().unwrap_or(name);
    base.rsplit_once('.').map_or(base, |(stem, _)| stem)
}
