//! `completions`: for the shell.

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Outcome};
use crate::host::terminal;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lanwright completions bash \
    > /usr/share/bash-completion/completions/lanwright")]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "lanwright", &mut text);
    terminal::print(&String::from_utf8_lossy(&text)).context("cannot print the completions")?;
    Ok(Outcome::Done)
}
