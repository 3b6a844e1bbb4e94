//! `apply`: networks onto this host.

mod boot;
mod image;
pub(super) mod report;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::networks::{self, Chosen};
use super::{Format, Outcome};
use crate::host::apply::{self, Failure, Move, Prepared, Standing};
use crate::host::detect::{self, Asked};
use crate::host::journal::Passage;
use crate::host::{store, terminal};
use crate::lower::FirewallLayout;
use crate::plan::LinkManager;
pub use report::Report;

/// Put networks onto this host: bridges, rules, DHCP and DNS. Only what differs is changed
///
/// Other networks of lanwright stay as they are, unless --prune is given. If anything fails the
/// host is put back as it was.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lanwright apply default.xml\n  lanwright apply --dry-run \
                        /etc/lanwright/networks\n  lanwright apply --confirm 60 br0.xml"
)]
pub struct Arguments {
    #[command(flatten)]
    what: What,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Go back by itself after SECONDS unless 'lanwright confirm' comes first
    #[arg(long, value_name = "SECONDS", conflicts_with = "no_confirm")]
    confirm: Option<u64>,
    /// Do not ask for --confirm where this very session might be cut off
    #[arg(long)]
    no_confirm: bool,
    /// Bring up what was good last, as at boot; see 'lanwright boot'
    #[arg(long, conflicts_with_all = OF_WHAT)]
    boot: bool,
    /// Say nothing where there was nothing to do
    #[arg(long)]
    quiet: bool,
    /// Write the networks under DIR, to come up when that boots; nothing is changed here
    #[arg(long, value_name = "DIR", conflicts_with_all = ["boot", "dry_run", "confirm"])]
    root: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What says which networks, and how; at boot that was decided before.
const OF_WHAT: [&str; 8] = [
    "inputs", "prune", "firewall", "links", "strict", "uplink", "dry_run", "confirm",
];

/// What is to be put onto the host, and how.
#[derive(Debug, Args)]
pub(super) struct What {
    /// Network XML: files, folders, - for standard input [default: /etc/lanwright/networks]
    #[arg(value_name = "XML")]
    inputs: Vec<PathBuf>,
    /// Remove networks of lanwright that are not named
    #[arg(long)]
    prune: bool,
    /// The encoding of the rules [default: by what the host uses]
    #[arg(long, value_enum)]
    firewall: Option<FirewallName>,
    /// Who makes bridges [default: who runs on the host]
    #[arg(long, value_enum)]
    links: Option<LinksName>,
    /// Take over networks that libvirtd runs, without dropping guests; leases are carried over
    #[arg(long)]
    take_over: bool,
    /// Refuse where this host lacks something, such as rate limits
    #[arg(long)]
    strict: bool,
    /// The physical port of a host bridge: BRIDGE=DEV,dhcp | BRIDGE=DEV,none |
    /// BRIDGE=DEV,static,ADDRESS/PREFIX[,gateway=…][,dns=…]
    #[arg(long, value_name = "UPLINK")]
    uplink: Vec<String>,
}

/// The encodings of the rules.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FirewallName {
    /// The table inet lanwright
    Lanwright,
    /// libvirt's tables for nft
    LibvirtNftables,
    /// libvirt's chains, in the tables of iptables
    Iptables,
}

/// Who makes bridges.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LinksName {
    /// The command ip
    Iproute2,
    /// systemd-networkd
    Networkd,
    /// NetworkManager
    NetworkManager,
}

impl What {
    fn asked(&self) -> Asked {
        Asked {
            firewall: self.firewall.map(|name| match name {
                FirewallName::Lanwright => FirewallLayout::Lanwright,
                FirewallName::LibvirtNftables => FirewallLayout::LibvirtNftables,
                FirewallName::Iptables => FirewallLayout::Iptables,
            }),
            links: self.links.map(|name| match name {
                LinksName::Iproute2 => LinkManager::Iproute2,
                LinksName::Networkd => LinkManager::Networkd,
                LinksName::NetworkManager => LinkManager::NetworkManager,
            }),
        }
    }
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    if arguments.dry_run {
        return show(&arguments.what, arguments.format);
    }
    if let Some(root) = &arguments.root {
        return image::run(&arguments.what, root, arguments.format);
    }
    if arguments.boot {
        super::must_be_root("apply")?;
        return boot::run(arguments.quiet, arguments.format);
    }
    let _lock = super::alone("apply")?;
    let standing = recovered()?;
    if arguments.confirm.is_none() {
        nothing_waits()?;
    }
    let Some((chosen, prepared)) = look(&arguments.what, &standing)? else {
        return Ok(Outcome::CouldNot);
    };
    let mut report = Report::new(&chosen.set, &prepared);
    if refused(&arguments.what, &prepared, &mut report) {
        report.print(arguments.format)?;
        return Ok(Outcome::CouldNot);
    }
    let asked = arguments.confirm.is_some() || arguments.no_confirm;
    if let Some(device) = prepared.cuts().filter(|_| !asked) {
        bail!(
            "this session came in through '{device}', which changes: --confirm 60 goes back by \
             itself if you are cut off, --no-confirm does not; nothing was changed"
        );
    }
    let before = standing.now.number;
    let unchanged = apply::differing(&standing.set, &chosen.set).is_empty()
        && standing.now.manner == Some(prepared.manner());
    if unchanged && prepared.plan.steps.is_empty() {
        report.generation = Some(before);
        if !arguments.quiet {
            report.print(arguments.format)?;
        }
        return Ok(Outcome::Done);
    }
    // Where only the host had drifted the generation stays.
    let to = match unchanged {
        true => before,
        false => store::save(
            &chosen.set,
            before,
            prepared.manner(),
            &prepared.taken(),
            &prepared.handed(),
        )?,
    };
    if let Some(seconds) = arguments.confirm {
        // Where this one follows another that nobody confirmed, both go back.
        let back = match store::unconfirmed()? {
            Some(_) => store::last_good()?,
            None => before,
        };
        super::revert::watch(back, to, seconds)?;
    }
    let passage = Passage { from: before, to };
    match prepared.carry_out(passage) {
        Ok(done) => {
            report.done(done, to);
            if arguments.confirm.is_none() {
                store::set_last_good(to)?;
            }
            store::tidy()?;
            report.confirm_seconds = arguments.confirm;
            report.print(arguments.format)?;
            Ok(Outcome::Done)
        }
        Err(failure) => {
            if arguments.confirm.is_some() && failure.reverted.is_ok() {
                store::set_unconfirmed(None)?;
            }
            Err(told(&failure))
        }
    }
}

/// Why it failed, and what the host is now.
pub(super) fn told(failure: &Failure) -> anyhow::Error {
    let error = &failure.error;
    match &failure.reverted {
        Ok(()) => anyhow::anyhow!("{error}; everything was put back as it was"),
        Err(again) => anyhow::anyhow!(
            "{error}; and it could not be put back: {again}; the next 'lanwright apply' or \
             'lanwright revert' goes on from here"
        ),
    }
}

/// What nobody confirmed yet may go back by itself, and what comes after it would be lost with it.
pub(super) fn nothing_waits() -> anyhow::Result<()> {
    match store::unconfirmed()? {
        Some(number) => bail!(
            "state {number} waits to be confirmed: 'lanwright confirm' keeps it, 'lanwright \
             revert' takes it back"
        ),
        None => Ok(()),
    }
}

/// What the host holds, after what was interrupted is finished.
pub(super) fn recovered() -> anyhow::Result<Standing> {
    let standing = apply::standing()?;
    let Some(passage) = standing.interrupted else {
        return Ok(standing);
    };
    super::note("an earlier run was interrupted; finishing it first");
    let number = apply::resume(passage).context("what was interrupted cannot be finished")?;
    store::set_current(number)?;
    Ok(apply::standing()?)
}

/// Shows what would be done.
pub(super) fn show(what: &What, format: Format) -> anyhow::Result<Outcome> {
    let mut standing = apply::standing()?;
    if let Some(passage) = standing.interrupted {
        super::note("an earlier run was interrupted; 'apply' would finish it first");
        standing.now = store::load(passage.to).or_else(|_| store::load(passage.from))?;
        standing.set = standing.now.set()?;
    }
    let Some((chosen, prepared)) = look(what, &standing)? else {
        return Ok(Outcome::CouldNot);
    };
    let mut report = Report::new(&chosen.set, &prepared);
    let refused = refused(what, &prepared, &mut report);
    report.print_plan(&prepared.plan, format)?;
    Ok(match (refused, prepared.plan.steps.is_empty()) {
        (true, _) => Outcome::CouldNot,
        (false, false) => Outcome::Findings,
        (false, true) => Outcome::Done,
    })
}

fn look(what: &What, standing: &Standing) -> anyhow::Result<Option<(Chosen, Prepared)>> {
    let chosen = networks::choose(
        &what.inputs,
        &what.uplink,
        standing,
        what.prune,
        what.take_over,
    )?;
    let Some(chosen) = chosen else {
        return Ok(None);
    };
    if chosen.set.members().is_empty() && chosen.named.is_empty() {
        bail!("there is no network to apply");
    }
    let before = standing.now.manner;
    let manner = detect::manner(what.asked(), before);
    let taken = standing.now.taken.clone();
    let moved = Move::new(
        &standing.set,
        &chosen.set,
        &chosen.named,
        before,
        manner,
        taken,
    );
    let moved = moved
        .taking_over(what.take_over, &standing.now.handed)
        .chosen(what.firewall.is_some());
    let prepared = apply::prepare(moved)?;
    Ok(Some((chosen, prepared)))
}

/// Whether it is not done; the reasons are in the report.
fn refused(what: &What, prepared: &Prepared, report: &mut Report) -> bool {
    if what.strict {
        report.refuse_degraded();
    }
    !prepared.refusals.is_empty() || (what.strict && !prepared.plan.degraded.is_empty())
}

/// Prints a text, as the last thing.
fn print(text: &str) -> anyhow::Result<()> {
    terminal::print(text).context("cannot print the result")
}
