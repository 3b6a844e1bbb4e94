//! What `compile` says when it is done: what was made, and what to do next.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::load::Loaded;
use super::super::{BOLD, PLAIN, counted};
use crate::backend::Limit;
use crate::backend::manifest::{Manifest, NetworkEntry, Warning};
use crate::diagnostic::{Severity, json};
use crate::host::tree::Written;
use crate::lower::Ir;
use crate::value::encode::{shell_word, visible};

/// How many networks are listed before the rest is only counted.
const LISTED: usize = 20;

/// The summary for people.
pub fn text(
    output: Option<&Path>,
    written: Option<&Written>,
    manifest: &Manifest,
    ir: &Ir,
) -> String {
    let networks = counted(manifest.networks.len(), "network");
    let files = counted(manifest.files.len() + 1, "file");
    let mut text = match output {
        Some(place) => {
            format!(
                "{BOLD}{networks} compiled into {files} in {}{PLAIN}\n",
                visible(&place.display().to_string())
            )
        }
        None => format!("{BOLD}{networks} would be compiled into {files}{PLAIN}\n"),
    };
    if let Some(Written::KeptAside(kept)) = written {
        text.push_str(&format!(
            "what was there is kept in {}\n",
            visible(&kept.display().to_string())
        ));
    }
    text.push('\n');
    text.push_str(&listed_networks(manifest, ir));
    text.push('\n');
    text.push_str(&listed_folders(manifest));
    if let Some(place) = output {
        text.push('\n');
        text.push_str(&next(place, manifest));
    }
    text
}

fn listed_networks(manifest: &Manifest, ir: &Ir) -> String {
    let mut text = String::new();
    let shown = || manifest.networks.iter().take(LISTED);
    let name_width = shown()
        .map(|each| visible(&each.name).chars().count())
        .max()
        .unwrap_or(0);
    let bridge = |each: &NetworkEntry| visible(each.bridge.as_deref().unwrap_or("-"));
    let bridge_width = shown()
        .map(|each| bridge(each).chars().count())
        .max()
        .unwrap_or(0);
    for each in shown() {
        let name = visible(&each.name);
        let (mode, bridge) = (&each.mode, bridge(each));
        let addresses: Vec<String> = ir
            .state
            .addresses
            .iter()
            .filter(|address| each.bridge.as_deref() == Some(address.link.as_str()))
            .map(|address| address.address.to_string())
            .collect();
        let addresses = addresses.join(" ");
        let line =
            format!("  {name:<name_width$}  {mode:<11}  {bridge:<bridge_width$}  {addresses}");
        text.push_str(line.trim_end());
        text.push_str(&derived(each));
        text.push('\n');
    }
    if manifest.networks.len() > LISTED {
        text.push_str(&format!(
            "  and {} more\n",
            manifest.networks.len() - LISTED
        ));
    }
    text
}

/// What was derived, unless it is only the identity, which nothing on the host depends on.
fn derived(network: &NetworkEntry) -> String {
    let told: Vec<&str> = network
        .derived
        .iter()
        .filter_map(|what| match what.as_str() {
            "mac" => Some("MAC derived from the name"),
            "bridge" => Some("first free bridge name"),
            _ => None,
        })
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!("  ({})", told.join(", "))
    }
}

fn listed_folders(manifest: &Manifest) -> String {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in &manifest.files {
        let (folder, name) = file.path.split_once('/').unwrap_or((".", &file.path));
        folders.entry(folder).or_default().push(name);
    }
    let width = folders.keys().map(|folder| folder.len()).max().unwrap_or(0) + 1;
    let mut text = String::new();
    for (folder, names) in folders {
        let folder = format!("{folder}/");
        let names = match names.as_slice() {
            few if few.len() <= 4 => few.join("  "),
            many => format!("{}  {}  … {} files", many[0], many[1], many.len()),
        };
        text.push_str(&format!("  {folder:<width$}  {}\n", visible(&names)));
    }
    text
}

/// What to do with the tree.
fn next(place: &Path, manifest: &Manifest) -> String {
    let listed = |path: &str| manifest.files.iter().any(|file| file.path == path);
    if !listed("systemd/lanwright.service") {
        return "The first lines of each file say how to load it.\n".to_owned();
    }
    let place = visible(&shell_word(&place.display().to_string()));
    format!(
        "Next, as root on the host that is to run it:\n  \
         cp -rT {place} /etc/lanwright\n  \
         cp /etc/lanwright/systemd/* /etc/systemd/system/\n  \
         systemctl enable --now lanwright.service\n\
         The first lines of each file say how to load it by hand.\n"
    )
}

/// What tools cannot express, for people.
pub fn limits(limits: &[Limit]) -> String {
    let mut text = String::new();
    for limit in limits {
        let (code, network) = (limit.code.name(), visible(limit.network.as_str()));
        let message = visible(&limit.message);
        text.push_str(&format!(
            "\x1b[1;33mwarning[{code}]\x1b[0m: {network}: {message}\n"
        ));
        if let Some(help) = &limit.help {
            text.push_str(&format!("  help: {}\n", visible(help)));
        }
    }
    text
}

/// A limit as the manifest and JSON have it.
pub fn limit_warning(limit: &Limit) -> Warning {
    Warning {
        code: limit.code.name().to_owned(),
        about: limit.network.to_string(),
        message: limit.message.clone(),
    }
}

/// The warnings about the input, as the manifest has them.
pub fn input_warnings(loaded: &Loaded) -> Vec<Warning> {
    let warning = Severity::Warning.word();
    json::Report::new(&loaded.sink, &loaded.sources)
        .diagnostics
        .into_iter()
        .filter(|each| each.severity == warning)
        .map(|each| {
            let file = each.file.rsplit('/').next().unwrap_or_default();
            let about = format!("{file}:{}:{}", each.line, each.column);
            Warning {
                code: each.code.to_owned(),
                about,
                message: each.message,
            }
        })
        .collect()
}
