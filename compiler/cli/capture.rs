//! `capture`: everything an audit needs from this host, as text files.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::{BOLD, Format, Outcome, PLAIN, counted};
use crate::capture::Text;
use crate::capture::inventory::{CommandEntry, CopyEntry, Inventory, MissingEntry, NAME};
use crate::host::live::{self, Fetched, Missing};
use crate::host::tree::{self, ContentCheck, Standing, TreeFile, Written};
use crate::host::{clock, terminal};
use crate::value::encode::visible;

/// Capture this host: everything an audit needs, as text files in one folder
///
/// Only looks: rules of both iptables variants and of nft, links, addresses, routes, ports of
/// bridges, rate limits, kernel settings, and copies of the files of dnsmasq and libvirt. Works
/// with the tools that are there and names those that are not. Needs root to see everything.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lanwright capture -o host1\n  \
    lanwright capture -o lab --netns lab\n  \
    lanwright capture -o pod --netns /proc/4711/ns/net\n\n\
    Exit status: 0 done, 1 something is there that could not be read, 2 could not.")]
pub struct Arguments {
    /// The folder to write
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Capture this network namespace: a name that 'ip netns' knows, or a path
    #[arg(long, value_name = "NAME")]
    netns: Option<String>,
    /// Replace a folder that is no capture; it is kept beside as DIR.old
    #[arg(long)]
    force: bool,
    /// How to print the summary; json prints the inventory
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    // A place that cannot be written is named before the host is asked.
    let standing = standing(&arguments.output, arguments.force)?;
    let fetched = live::texts(arguments.netns.as_deref())?;
    if fetched.commands.is_empty() {
        terminal::complain(&missing(&fetched.missing));
        bail!("nothing was captured: none of the tools that list something works");
    }
    let inventory = inventory(&fetched, arguments.netns.clone());
    let written = write(&arguments.output, &fetched.texts, &inventory, &standing)?;
    let text = match arguments.format {
        Format::Json => super::json(&inventory)?,
        Format::Text => {
            terminal::complain(&missing(&fetched.missing));
            summary(&arguments.output, &inventory, &written)
        }
    };
    terminal::print(&text).context("cannot print the summary")?;
    Ok(match fetched.missing.iter().any(|each| each.failed) {
        true => Outcome::Findings,
        false => Outcome::Done,
    })
}

fn standing(place: &Path, force: bool) -> anyhow::Result<Standing> {
    let standing = tree::standing(place, NAME, |text| {
        let files = Inventory::parse(text)?.files.into_iter();
        let check = |sha256| ContentCheck { sha256 };
        Some(files.map(|file| (file.path, check(file.sha256))).collect())
    })?;
    super::may_replace(place, &standing, force)?;
    Ok(standing)
}

fn inventory(fetched: &Fetched, netns: Option<String>) -> Inventory {
    let mut inventory = Inventory::new(clock::now().to_string(), netns, &fetched.texts);
    let commands = fetched.commands.iter().map(|asked| CommandEntry {
        file: asked.file.clone(),
        command: asked.command.clone(),
    });
    let copies = fetched.copies.iter().map(|copied| CopyEntry {
        file: copied.file.clone(),
        from: copied.from.clone(),
    });
    let missing = fetched.missing.iter().map(|missing| MissingEntry {
        file: missing.file.clone(),
        why: missing.why.clone(),
        failed: missing.failed,
    });
    inventory.commands = commands.collect();
    inventory.copies = copies.collect();
    inventory.missing = missing.collect();
    inventory
}

/// Rules and leases are nobody else's business, so only the owner may read them.
fn write(
    place: &Path,
    texts: &[Text],
    inventory: &Inventory,
    standing: &Standing,
) -> anyhow::Result<Written> {
    let list = super::json(inventory)?;
    let listed = texts
        .iter()
        .map(|text| (text.name.as_str(), text.bytes.as_slice()));
    let files: Vec<TreeFile<'_>> = listed
        .chain([(NAME, list.as_bytes())])
        .map(|(path, bytes)| TreeFile {
            path,
            bytes,
            mode: 0o600,
        })
        .collect();
    Ok(tree::write(place, &files, standing)?)
}

/// What is missing and why, each reason once.
pub(super) fn missing(missing: &[Missing]) -> String {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for each in missing {
        match reasons.iter_mut().find(|(why, _)| *why == each.why) {
            Some((_, files)) => files.push(&each.file),
            None => reasons.push((&each.why, vec![&each.file])),
        }
    }
    let mut text = String::new();
    for (why, files) in reasons {
        let line = format!("missing: {} ({why})", files.join(", "));
        text.push_str(&visible(&line));
        text.push('\n');
    }
    text
}

fn summary(place: &Path, inventory: &Inventory, written: &Written) -> String {
    let host = match &inventory.netns {
        Some(name) => format!("the namespace {}", visible(name)),
        None => "this host".to_owned(),
    };
    let copies = match inventory.copies.len() {
        1 => "1 copy".to_owned(),
        count => format!("{count} copies"),
    };
    let commands = counted(inventory.commands.len(), "command");
    let files = counted(inventory.files.len(), "file");
    let mut text = format!(
        "{BOLD}{host} captured into {files} in {}{PLAIN}: {commands}, {copies}\n",
        visible(&place.display().to_string())
    );
    if let Written::KeptAside(kept) = written {
        let kept = visible(&kept.display().to_string());
        text.push_str(&format!("what was there is kept in {kept}\n"));
    }
    text
}
