//! `compile`: network XML to the tree of files that a host needs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::load::{self, Loaded};
use super::{Format, Outcome};
use crate::backend::manifest::{self, Manifest, NetworkEntry, Warning};
use crate::backend::{Artifact, BACKENDS, Backend, Compiled, Layout, Limit};
use crate::diagnostic::{Severity, json};
use crate::host::terminal;
use crate::host::tree::{self, ContentCheck, TreeFile, Written};
use crate::lower::{self, Ir};
use crate::network::{Declared, Kind, NetworkSet, Uplink, uplink};
use crate::value::DeviceName;

mod summary;

/// Compile network XML into everything a host needs to run the networks
///
/// Writes one folder with firewall rules in three layouts, dnsmasq files, bridges for
/// systemd-networkd, NetworkManager and ip, sysctl, tc and systemd units. The same input gives
/// the same bytes. Needs no privilege and no daemon. The folder appears whole or not at all.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lanwright compile -o out\n  \
    lanwright compile default.xml lab.xml -o out\n  \
    lanwright compile networks/ --only dnsmasq,firewall -o out\n  \
    lanwright compile br0.xml --uplink br0=eno1,dhcp -o out\n\n\
    The order of the networks is the order in which they start.")]
pub struct Arguments {
    /// Files, folders of .xml files, or - for standard input; none for the default network
    #[arg(value_name = "XML")]
    inputs: Vec<PathBuf>,
    /// The folder to write
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Make these parts of the tree only: firewall, dnsmasq, networkd, network-manager, iproute2, …
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
    /// Whose paths and file names the dnsmasq files have
    #[arg(long, value_enum, default_value_t)]
    layout: LayoutName,
    /// The physical port of a host bridge: BRIDGE=DEV,dhcp | BRIDGE=DEV,none |
    /// BRIDGE=DEV,static,ADDRESS/PREFIX[,gateway=…][,dns=…]
    #[arg(long, value_name = "UPLINK")]
    uplink: Vec<String>,
    /// Print this instead of writing files
    #[arg(long, value_enum, conflicts_with = "output")]
    emit: Option<Emit>,
    /// Replace a folder that lanwright did not write; it is kept beside as DIR.old
    #[arg(long)]
    force: bool,
    /// Make nothing if there is a warning
    #[arg(long)]
    deny_warnings: bool,
    /// How to print the summary
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Whose paths and file names.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LayoutName {
    /// Ours, under /etc/lanwright
    #[default]
    Native,
    /// libvirt's, under /var/lib/libvirt
    Libvirt,
}

/// What can be printed instead of written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Emit {
    /// What the host is to hold, as JSON
    Ir,
}

/// What `compile --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Summary {
    /// The folder as it was named.
    pub output: Option<String>,
    /// `new`, `replaced`, `kept-aside`; null if nothing was written.
    pub written: Option<&'static str>,
    /// Where the folder that stood there is kept.
    pub kept_aside: Option<String>,
    /// The networks, in their start order.
    pub networks: Vec<NetworkEntry>,
    /// Every file of the tree.
    pub files: Vec<String>,
    /// What tools cannot express.
    pub limits: Vec<Warning>,
    /// What there is to say of the input.
    pub diagnostics: Vec<json::Entry>,
}

/// Everything that was made.
struct Tree {
    artifacts: Vec<Artifact>,
    limits: Vec<Limit>,
    manifest: Manifest,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let backends = chosen(&arguments.only)?;
    let mut uplinks = Uplinks::parse(&arguments.uplink)?;
    let loaded = load::load(&arguments.inputs, |declared| uplinks.apply(declared));
    let json = arguments.format == Format::Json;
    if json {
        loaded.complain_unreadable();
    } else {
        loaded.complain();
    }
    if !loaded.unreadable.is_empty() {
        return Ok(Outcome::CouldNot);
    }
    let denied = arguments.deny_warnings && loaded.sink.count(Severity::Warning) > 0;
    let Some(set) = loaded.set.as_ref().filter(|_| !denied) else {
        return refused(&loaded, json);
    };
    uplinks.all_used()?;
    let ir = lower::lower(set);
    if let Some(Emit::Ir) = arguments.emit {
        let text = super::json(&ir)?;
        terminal::print(&text).context("cannot print the result")?;
        return Ok(Outcome::Done);
    }
    let layout = match arguments.layout {
        LayoutName::Native => Layout::Native,
        LayoutName::Libvirt => Layout::Libvirt,
    };
    let made = make(&ir, set, layout, &backends, &loaded);
    if !json {
        terminal::complain(&summary::limits(&made.limits));
    }
    let written = match &arguments.output {
        Some(place) => Some(put(place, &made, arguments.force)?),
        None => None,
    };
    let text = if json {
        let summary = report(
            arguments.output.as_deref(),
            written.as_ref(),
            &made,
            &loaded,
        );
        super::json(&summary)?
    } else {
        summary::text(
            arguments.output.as_deref(),
            written.as_ref(),
            &made.manifest,
            &ir,
        )
    };
    terminal::print(&text).context("cannot print the summary")?;
    if written.is_none() {
        super::complain("nothing was written: name a folder with --output DIR");
        return Ok(Outcome::CouldNot);
    }
    Ok(Outcome::Done)
}

/// Says that the input was not good enough.
fn refused(loaded: &Loaded, json: bool) -> anyhow::Result<Outcome> {
    if json {
        let report = json::Report::new(&loaded.sink, &loaded.sources);
        let text = super::json(&report)?;
        terminal::print(&text).context("cannot print the result")?;
    } else if let Some(tally) = loaded.tally() {
        super::complain(&format!("nothing was made, because of {tally}"));
    }
    Ok(Outcome::Findings)
}

/// The backends that were asked for, all by default.
fn chosen(only: &[String]) -> anyhow::Result<Vec<&'static Backend>> {
    let known: BTreeSet<&str> = BACKENDS
        .iter()
        .flat_map(|backend| [backend.folder, backend.name])
        .collect();
    if let Some(unknown) = only.iter().find(|part| !known.contains(part.as_str())) {
        let known: Vec<&str> = known.into_iter().collect();
        bail!(
            "there is no part '{unknown}'; the parts are {}",
            known.join(", ")
        );
    }
    let wanted = |backend: &&Backend| {
        only.is_empty()
            || only
                .iter()
                .any(|part| part == backend.name || part == backend.folder)
    };
    Ok(BACKENDS.iter().filter(wanted).collect())
}

/// Runs the backends and lists what they made.
fn make(
    ir: &Ir,
    set: &NetworkSet,
    layout: Layout,
    backends: &[&'static Backend],
    loaded: &Loaded,
) -> Tree {
    let compiled = Compiled {
        state: &ir.state,
        policy: &ir.policy,
        layout,
    };
    let outputs: Vec<_> = backends
        .par_iter()
        .map(|backend| (backend.emit)(&compiled))
        .collect();
    let (mut artifacts, mut limits) = (Vec::new(), Vec::new());
    for output in outputs {
        artifacts.extend(output.artifacts);
        limits.extend(output.limits);
    }
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    let inputs = loaded
        .sources
        .iter()
        .map(|(_, source)| (source.name(), source.text()));
    let mut warnings = summary::input_warnings(loaded);
    warnings.extend(limits.iter().map(summary::limit_warning));
    let manifest = Manifest::new(inputs, set, layout, warnings, &artifacts);
    Tree {
        artifacts,
        limits,
        manifest,
    }
}

/// Puts the tree where it was asked for.
fn put(place: &Path, made: &Tree, force: bool) -> anyhow::Result<Written> {
    let standing = tree::standing(place, manifest::NAME, |text| {
        let files = Manifest::parse(text)?.files.into_iter();
        Some(
            files
                .map(|file| {
                    (
                        file.path,
                        ContentCheck {
                            sha256: file.sha256,
                        },
                    )
                })
                .collect(),
        )
    })?;
    super::may_replace(place, &standing, force)?;
    let listed = made.manifest.artifact();
    let files: Vec<TreeFile<'_>> = made
        .artifacts
        .iter()
        .chain([&listed])
        .map(|each| TreeFile {
            path: &each.path,
            bytes: each.text.as_bytes(),
            mode: each.mode,
        })
        .collect();
    Ok(tree::write(place, &files, &standing)?)
}

fn report(
    output: Option<&Path>,
    written: Option<&Written>,
    made: &Tree,
    loaded: &Loaded,
) -> Summary {
    Summary {
        output: output.map(|path| path.display().to_string()),
        written: written.map(|written| match written {
            Written::New => "new",
            Written::Replaced => "replaced",
            Written::KeptAside(_) => "kept-aside",
        }),
        kept_aside: written.and_then(|written| match written {
            Written::KeptAside(path) => Some(path.display().to_string()),
            Written::New | Written::Replaced => None,
        }),
        networks: made.manifest.networks.clone(),
        files: made
            .artifacts
            .iter()
            .map(|each| each.path.clone())
            .collect(),
        limits: made.limits.iter().map(summary::limit_warning).collect(),
        diagnostics: json::Report::new(&loaded.sink, &loaded.sources).diagnostics,
    }
}

/// What `--uplink` said, and which of it found its bridge.
pub(super) struct Uplinks(Vec<(DeviceName, Uplink, bool)>);

impl Uplinks {
    pub(super) fn parse(texts: &[String]) -> anyhow::Result<Self> {
        let parse = |text: &String| -> anyhow::Result<(DeviceName, Uplink, bool)> {
            let (bridge, uplink) = uplink::parse_uplink(text)
                .with_context(|| format!("--uplink {text} cannot be read"))?;
            Ok((bridge, uplink, false))
        };
        Ok(Uplinks(
            texts.iter().map(parse).collect::<anyhow::Result<_>>()?,
        ))
    }

    /// Gives a host bridge its uplink, in place of what its metadata says.
    pub(super) fn apply(&mut self, declared: &mut Declared) {
        let Kind::HostBridge(host_bridge) = &mut declared.network.kind else {
            return;
        };
        let ours = self
            .0
            .iter_mut()
            .find(|(bridge, _, _)| *bridge == host_bridge.bridge);
        if let Some((_, uplink, used)) = ours {
            host_bridge.uplink = Some(uplink.clone());
            *used = true;
        }
    }

    pub(super) fn all_used(&self) -> anyhow::Result<()> {
        match self.0.iter().find(|(_, _, used)| !used) {
            None => Ok(()),
            Some((bridge, _, _)) => bail!(
                "--uplink names the bridge '{bridge}', but no network with <forward \
                 mode='bridge'/> uses it"
            ),
        }
    }
}
