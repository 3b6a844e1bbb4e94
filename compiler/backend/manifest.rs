//! `manifest.json`: what a tree was made from and what it holds.
//!
//! It has no clock, no version and no absolute path in it, so the same input gives the same
//! manifest. The next run reads it to know its own files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Artifact, Layout};
use crate::network::{BridgeChoice, Kind, Member, NetworkSet};
use crate::value::encode::sha256;

/// The name of the file, at the root of the tree.
pub const NAME: &str = "manifest.json";
/// What says that a tree is ours; the number is that of this shape.
const FORMAT: &str = "lanwright tree 1";

/// What a tree was made from and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Always `lanwright tree 1`.
    pub format: String,
    /// `native` or `libvirt`.
    pub layout: String,
    /// What was read, in the order given.
    pub inputs: Vec<Entry>,
    /// The networks, in their start order.
    pub networks: Vec<NetworkEntry>,
    /// What was warned of.
    pub warnings: Vec<Warning>,
    /// Every file of the tree but this one.
    pub files: Vec<Entry>,
}

/// A file and its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// An input's file name, or the path of a file within the tree.
    pub path: String,
    /// The SHA-256 of its content, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// A network of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkEntry {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub uuid: String,
    /// `isolated`, `nat`, `route`, `open`, `bridge`, `private`, `vepa`, `passthrough`, `hostdev`.
    pub mode: String,
    /// Its bridge, if it has one.
    pub bridge: Option<String>,
    /// What was not given and therefore derived from the name or chosen: `uuid`, `mac`, `bridge`.
    pub derived: Vec<String>,
}

/// Something that was warned of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// The diagnostic code.
    pub code: String,
    /// The input or the network it is about.
    pub about: String,
    /// The sentence.
    pub message: String,
}

impl Manifest {
    /// The manifest of a tree. `inputs` are names and contents of what was read.
    pub fn new<'a>(
        inputs: impl Iterator<Item = (&'a str, &'a str)>,
        set: &NetworkSet,
        layout: Layout,
        warnings: Vec<Warning>,
        artifacts: &[Artifact],
    ) -> Self {
        let entry = |path: &str, text: &str| Entry {
            path: path.to_owned(),
            sha256: sha256(text.as_bytes()),
        };
        Manifest {
            format: FORMAT.to_owned(),
            layout: layout.word().to_owned(),
            inputs: inputs
                .map(|(name, text)| entry(file_name(name), text))
                .collect(),
            networks: set.members().iter().map(network_entry).collect(),
            warnings,
            files: artifacts
                .iter()
                .map(|each| entry(&each.path, &each.text))
                .collect(),
        }
    }

    /// The manifest in this text; `None` if it is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let manifest: Manifest = serde_json::from_str(text).ok()?;
        (manifest.format == FORMAT).then_some(manifest)
    }

    /// The file itself.
    pub fn artifact(&self) -> Artifact {
        let text = serde_json::to_string_pretty(self)
            .expect("a manifest holds nothing but strings and lists of them");
        Artifact::file(NAME, text + "\n")
    }
}

/// The last part of a path: where an input lay is nobody's business.
fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn network_entry(member: &Member) -> NetworkEntry {
    NetworkEntry {
        name: member.network.name.to_string(),
        uuid: member.uuid.to_string(),
        mode: member.network.mode().unwrap_or("isolated").to_owned(),
        bridge: member.bridge.as_ref().map(ToString::to_string),
        derived: derived(member),
    }
}

/// What of a network was not given.
fn derived(member: &Member) -> Vec<String> {
    let mut derived = Vec::new();
    if member.network.uuid.is_none() {
        derived.push("uuid".to_owned());
    }
    if let Kind::Virtual(declared) = &member.network.kind {
        if declared.mac.is_none() {
            derived.push("mac".to_owned());
        }
        if matches!(declared.bridge.name, BridgeChoice::Numbered { .. }) {
            derived.push("bridge".to_owned());
        }
    }
    derived
}
