//! `man`: manual pages.

use anyhow::{Context, bail};
use clap::{Args, CommandFactory};

use super::{Cli, Outcome};
use crate::host::terminal;

/// Print a manual page, of the program or of one command
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lanwright man compile | man -l -")]
pub struct Arguments {
    /// The command; none for the program itself
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut program = Cli::command();
    program.build();
    let page = match &arguments.command {
        None => program,
        Some(wanted) => match program.find_subcommand(wanted) {
            Some(command) => command.clone().name(format!("lanwright-{wanted}")),
            None => bail!("there is no command '{wanted}'; 'lanwright --help' lists them"),
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .context("cannot make the page")?;
    terminal::print(&String::from_utf8_lossy(&text)).context("cannot print the page")?;
    Ok(Outcome::Done)
}
