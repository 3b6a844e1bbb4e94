//! `plan`: what `apply` would do.

use clap::Args;

use super::apply::{self, What};
use super::{Format, Outcome};

/// Show what 'apply' would change on this host: the commands, the files, and who notices
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 nothing to do, 1 there are changes, 2 it would be refused.")]
pub struct Arguments {
    #[command(flatten)]
    what: What,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    apply::show(&arguments.what, arguments.format)
}
