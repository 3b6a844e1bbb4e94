//! `capture.json`: what a capture of ours holds, how it was taken, and what is missing from it.
//!
//! The next capture reads it to know the files that it may replace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Text;
use crate::value::encode::sha256;

/// The name of the file, at the root of the capture.
pub const NAME: &str = "capture.json";
/// What says that a folder is a capture of ours; the number is that of this shape.
const FORMAT: &str = "lanwright capture 1";

/// What a capture holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inventory {
    /// Always `lanwright capture 1`.
    pub format: String,
    /// When it was taken: UTC, RFC 3339.
    pub taken: String,
    /// The network namespace, as it was named; null for the one of the command itself.
    pub netns: Option<String>,
    /// The commands that were run.
    pub commands: Vec<CommandEntry>,
    /// The files of the host that were copied.
    pub copies: Vec<CopyEntry>,
    /// What could not be had, and why.
    pub missing: Vec<MissingEntry>,
    /// Every file of the capture but this one.
    pub files: Vec<FileEntry>,
}

/// A command that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandEntry {
    /// The file that holds what it printed.
    pub file: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// A file of the host that was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyEntry {
    /// The file that holds what stood there.
    pub file: String,
    /// Where it lies on the host.
    pub from: String,
}

/// Something that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MissingEntry {
    /// The file that would hold it.
    pub file: String,
    /// Why.
    pub why: String,
    /// Whether the host has it, but it could not be read.
    pub failed: bool,
}

/// A file and its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Its path within the capture.
    pub path: String,
    /// The SHA-256 of its content, in lower-case hexadecimal digits.
    pub sha256: String,
}

impl Inventory {
    /// The inventory of these texts; how they came to be is still to be filled in.
    pub fn new(taken: String, netns: Option<String>, texts: &[Text]) -> Self {
        let entry = |text: &Text| FileEntry {
            path: text.name.clone(),
            sha256: sha256(&text.bytes),
        };
        Inventory {
            format: FORMAT.to_owned(),
            taken,
            netns,
            commands: Vec::new(),
            copies: Vec::new(),
            missing: Vec::new(),
            files: texts.iter().map(entry).collect(),
        }
    }

    /// The inventory in this text; `None` if it is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let inventory: Inventory = serde_json::from_str(text).ok()?;
        (inventory.format == FORMAT).then_some(inventory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_is_read_back() {
        let texts = [Text {
            name: "nft.txt".to_owned(),
            bytes: Vec::new(),
        }];
        let inventory = Inventory::new("2026-01-01T00:00:00Z".to_owned(), None, &texts);
        let text = serde_json::to_string(&inventory).expect("strings are JSON");
        assert_eq!(Inventory::parse(&text), Some(inventory));
        assert_eq!(
            Inventory::parse(&text.replace("capture 1", "capture 0")),
            None
        );
        assert_eq!(Inventory::parse("[]"), None);
    }
}
