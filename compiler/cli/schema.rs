//! `schema`: the published shapes of JSON output.

use anyhow::Context;
use clap::{Args, ValueEnum};
use schemars::{Schema, schema_for};

use super::compile::Summary;
use super::{Outcome, apply, attach, boot, leases, recover, status};
use crate::audit;
use crate::backend::manifest::Manifest;
use crate::capture::inventory::Inventory;
use crate::diagnostic::json::Report;
use crate::host::terminal;
use crate::lower::Ir;

/// Print the JSON schema of what a command prints with --format json
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which
    #[arg(value_enum)]
    name: Name,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// What `check --format json` prints
    Check,
    /// What `plan`, `apply`, `revert` and `down` print with --format json
    Apply,
    /// What `attach` and `detach` print with --format json
    Attach,
    /// What `audit --format json` prints
    Audit,
    /// What `boot status --format json` prints
    Boot,
    /// The capture.json of a capture
    Capture,
    /// What `compile --format json` prints
    Compile,
    /// What `diff --format json` prints
    Diff,
    /// What `diff --meaning --format json` prints
    DiffMeaning,
    /// What `doctor --format json` prints
    Doctor,
    /// What `compile --emit ir` prints
    Ir,
    /// What `leases --format json` prints
    Leases,
    /// The manifest.json of an artifact tree
    Manifest,
    /// What `recover --format json` prints
    Recover,
    /// What `status --format json` prints
    Status,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let schema: Schema = match arguments.name {
        Name::Check => schema_for!(Report),
        Name::Apply => schema_for!(apply::Report),
        Name::Attach => schema_for!(attach::Report),
        Name::Audit => schema_for!(audit::report::Report),
        Name::Boot => schema_for!(boot::Status),
        Name::Capture => schema_for!(Inventory),
        Name::Compile => schema_for!(Summary),
        Name::Diff => schema_for!(audit::difference::DiffReport),
        Name::DiffMeaning => schema_for!(audit::difference::meaning::MeaningReport),
        Name::Doctor => schema_for!(crate::doctor::report::Report),
        Name::Ir => schema_for!(Ir),
        Name::Leases => schema_for!(leases::Report),
        Name::Manifest => schema_for!(Manifest),
        Name::Recover => schema_for!(recover::report::Report),
        Name::Status => schema_for!(status::report::Report),
    };
    let text = serde_json::to_string_pretty(&schema)? + "\n";
    terminal::print(&text).context("cannot print the schema")?;
    Ok(Outcome::Done)
}
