//! `confirm`: what was applied is kept.

use anyhow::bail;
use clap::Args;

use super::Outcome;
use crate::host::{store, terminal};

/// Keep what 'apply --confirm' did
#[derive(Debug, Args)]
pub struct Arguments {}

/// Does it.
pub fn run(_: &Arguments) -> anyhow::Result<Outcome> {
    let _lock = super::alone("confirm")?;
    let Some(number) = store::unconfirmed()? else {
        bail!("nothing waits to be confirmed");
    };
    if store::current()? != number {
        bail!("state {number} is not what the host holds any more");
    }
    store::set_last_good(number)?;
    store::set_unconfirmed(None)?;
    terminal::print(&format!("state {number} is kept\n"))?;
    Ok(Outcome::Done)
}
