//! `apply --root`: networks into the tree of an image, to come up when it boots.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::What;
use crate::cli::{Format, Outcome, counted, networks};
use crate::host::detect::Asked;
use crate::host::{apply, input, store, terminal};
use crate::plan::{FirewallManner, Manner};

/// Records them as good there; nothing of this machine is looked at.
pub(super) fn run(what: &What, root: &Path, format: Format) -> anyhow::Result<Outcome> {
    let manner = manner(what.asked())?;
    let root = &input::image(root)?;
    store::set_root(root);
    let standing = apply::standing()?;
    let inputs = match what.inputs.is_empty() {
        false => what.inputs.clone(),
        true => vec![below(root, networks::FOLDER)],
    };
    let Some(chosen) = networks::choose(&inputs, &what.uplink, &standing, what.prune, false)?
    else {
        return Ok(Outcome::CouldNot);
    };
    if chosen.named.is_empty() {
        bail!("there is no network to apply");
    }
    let manner = manner.or(standing.now.manner);
    let number = store::save(&chosen.set, standing.now.number, manner, &[], &[])?;
    store::set_current(number)?;
    store::set_last_good(number)?;
    store::tidy()?;
    let names = networks::names(&chosen.set);
    match format {
        Format::Json => {
            let report = super::Report {
                networks: names.iter().map(ToString::to_string).collect(),
                generation: Some(number),
                ..super::Report::default()
            };
            report.print(format)?;
        }
        Format::Text => {
            let count = counted(names.len(), "network");
            let place = root.display();
            terminal::print(&format!(
                "{count} kept as state {number} in {place}; 'lanwright boot enable --root {place}' \
                 has them come up\n"
            ))?;
        }
    }
    Ok(Outcome::Done)
}

/// How it is done is for the host to decide that boots, unless both halves of it are said.
fn manner(asked: Asked) -> anyhow::Result<Option<Manner>> {
    match (asked.firewall, asked.links) {
        (None, None) => Ok(None),
        (Some(layout), Some(links)) => Ok(Some(Manner {
            firewall: FirewallManner {
                layout,
                legacy: false,
            },
            links,
        })),
        (Some(_), None) | (None, Some(_)) => bail!(
            "with --root either both of --firewall and --links are said, or neither: then the host \
             decides when it boots"
        ),
    }
}

/// A path of the image, as this machine sees it.
fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}
