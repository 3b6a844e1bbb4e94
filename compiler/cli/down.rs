//! `down`: networks off this host.

use anyhow::bail;
use clap::Args;
use std::collections::BTreeSet;

use super::apply::{Report, nothing_waits, recovered, told};
use super::{Format, Outcome, networks};
use crate::host::apply::{self, Move};
use crate::host::detect::{self, Asked};
use crate::host::journal::Passage;
use crate::host::store;
use crate::value::NetworkName;

/// Take networks off this host: exactly what 'apply' put there
///
/// Ports of guests stay, without a bridge; leases are kept for the next apply. Forwarding stays on:
/// something else may rely on it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The networks
    #[arg(
        value_name = "NAME",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    names: Vec<String>,
    /// All networks that were applied
    #[arg(long)]
    all: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let _lock = super::alone("down")?;
    let standing = recovered()?;
    nothing_waits()?;
    let there = networks::names(&standing.set);
    let gone: BTreeSet<NetworkName> = match arguments.all {
        true => there.clone(),
        false => {
            let mut gone = BTreeSet::new();
            for name in &arguments.names {
                match there.iter().find(|each| each.as_str() == name) {
                    Some(name) => gone.insert(name.clone()),
                    None => bail!(
                        "there is no network '{name}'{}",
                        networks::hint(name, &there)
                    ),
                };
            }
            gone
        }
    };
    let set = networks::without(&standing, &gone)?;
    let before = standing.now.manner;
    let manner = detect::manner(Asked::default(), before);
    let taken = standing.now.taken.clone();
    let moved = Move::new(&standing.set, &set, &gone, before, manner, taken);
    let moved = moved.taking_over(false, &standing.now.handed);
    let prepared = apply::prepare(moved)?;
    let mut report = Report::new(&set, &prepared);
    report.refusals.clear();
    if gone.is_empty() {
        report.print(arguments.format)?;
        return Ok(Outcome::Done);
    }
    let from = standing.now.number;
    let forwards = prepared.forwarding_stays();
    let to = store::save(&set, from, manner, &prepared.taken(), &prepared.handed())?;
    match prepared.carry_out(Passage { from, to }) {
        Ok(done) => {
            report.done(done, to);
            store::set_last_good(to)?;
            store::tidy()?;
            report.print(arguments.format)?;
            if forwards {
                super::note("forwarding stays on, since something else may rely on it");
            }
            Ok(Outcome::Done)
        }
        Err(failure) => Err(told(&failure)),
    }
}
