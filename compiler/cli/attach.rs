//! `attach`: a guest's tap or veth into a network.

use anyhow::{anyhow, bail};
use clap::Args;
use std::collections::BTreeSet;

use super::apply::recovered;
use super::networks::{hint, names};
use super::{Format, Outcome};
use crate::host::apply::{self, Standing};
use crate::host::ports::{self, PortError};
use crate::lower::{self, Ir};
use crate::plan::Refusal;
use crate::plan::attach::refuse::{Ours, joined, refuse};
use crate::plan::attach::{self, Asked, Record, Seen, Tap, Wanted};
use crate::state::{GuestPort, LinkKind};
use crate::value::{DeviceName, Mac, NetworkName};
pub use report::Report;

pub mod report;

/// Make a device a guest's port of a network that was applied
///
/// A tap or the host's end of a veth gets what the network gives its guests: bridge, MTU, VLAN,
/// isolation, limits. Only what differs is changed; 'detach' undoes it. 'apply' never touches
/// ports, so what is attached stays.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lanwright attach vnet0 default\n  lanwright attach tap0 default \
                  --create-tap --owner alice --mac 52:54:00:12:34:56"
)]
pub struct Arguments {
    /// The device
    #[arg(value_name = "PORT")]
    port: DeviceName,
    /// The network
    #[arg(value_name = "NETWORK")]
    network: String,
    /// The portgroup [default: the network's default one, if there is one]
    #[arg(long, value_name = "GROUP")]
    portgroup: Option<String>,
    /// The guest's address; needed where the bridge learns none, and for --floor
    #[arg(long, value_name = "ADDRESS")]
    mac: Option<Mac>,
    /// Make a tap of that name if there is no such device
    #[arg(long)]
    create_tap: bool,
    /// Who may open the tap that is made: a user
    #[arg(long, value_name = "USER", requires = "create_tap")]
    owner: Option<String>,
    /// A VLAN in place of the network's
    #[arg(long, value_name = "TAG", value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: Option<u16>,
    /// Keep it apart from other isolated ports, whatever the network says
    #[arg(long)]
    isolated: bool,
    /// What the guest can count on receiving, in kilobytes a second, of the network's <inbound>
    #[arg(long, value_name = "KBPS")]
    floor: Option<u64>,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let _lock = match arguments.dry_run {
        true => None,
        false => Some(super::alone("attach")?),
    };
    let networks = Networks::look(arguments.dry_run)?;
    let asked = Asked {
        portgroup: arguments.portgroup.clone(),
        mac: arguments.mac,
        vlan: arguments.vlan,
        isolated: arguments.isolated,
        floor_kbps: arguments.floor,
    };
    let recipe = networks.recipe(&arguments.network, arguments.portgroup.as_deref())?;
    let mut report = Report::new(&arguments.port, Some(&recipe.network));
    report.portgroup.clone_from(&recipe.portgroup);
    report.dry_run = arguments.dry_run;
    let bridge = match joined(recipe) {
        Ok(bridge) => bridge,
        Err(refusal) => return report.refused(vec![refusal], arguments.format),
    };
    report.bridge = Some(bridge.to_string());
    let tap = arguments.create_tap.then(|| Tap {
        owner: arguments.owner.clone(),
    });
    let wanted = Wanted {
        port: &arguments.port,
        recipe,
        bridge,
        asked: &asked,
        tap: tap.as_ref(),
    };
    carry_out(&wanted, &networks, report, arguments.format)
}

fn carry_out(
    wanted: &Wanted<'_>,
    networks: &Networks,
    mut report: Report,
    format: Format,
) -> anyhow::Result<Outcome> {
    let limits = &networks.ir.state.shaping;
    let look = || ports::look(wanted.port, &[wanted.bridge], limits);
    let seen = look()?;
    let (refusals, warnings) = refuse(wanted, &seen, &networks.ours());
    report.warnings = warnings;
    if !refusals.is_empty() {
        return report.refused(refusals, format);
    }
    let kernel = ports::kernel(wanted);
    let plan = attach::attach(wanted, &seen, kernel);
    report.plan(&plan);
    if report.dry_run {
        return report.show(&plan, format);
    }
    let again = || Ok(attach::attach(wanted, &look()?, kernel));
    match ports::carry_out(&plan, again) {
        Ok(done) => {
            report.skipped = done.skipped;
            report.print(format)?;
            Ok(Outcome::Done)
        }
        Err(error) => Err(undone(wanted, &seen, networks, &error)),
    }
}

/// Puts it back, and says so.
fn undone(
    wanted: &Wanted<'_>,
    seen: &Seen,
    networks: &Networks,
    error: &PortError,
) -> anyhow::Error {
    let old = seen.valid_record(wanted.port);
    let old = old.and_then(|record| networks.again(record));
    match ports::undo(wanted, seen, old.as_ref()) {
        Ok(()) => anyhow!("{error}; everything was put back as it was"),
        Err(again) => anyhow!(
            "{error}; and it could not be put back: {again}; 'lanwright detach {}' goes on from \
             here",
            wanted.port
        ),
    }
}

/// The networks that were applied, and what they say of ports.
pub(super) struct Networks {
    names: BTreeSet<NetworkName>,
    pub(super) ir: Ir,
}

impl Networks {
    /// Reads what is recorded; an apply that was interrupted is finished first.
    pub(super) fn look(dry_run: bool) -> anyhow::Result<Self> {
        let Standing { set, .. } = match dry_run {
            true => apply::standing()?,
            false => recovered()?,
        };
        Ok(Networks {
            names: names(&set),
            ir: lower::lower(&set),
        })
    }

    fn recipe(&self, network: &str, group: Option<&str>) -> anyhow::Result<&GuestPort> {
        if !self.names.iter().any(|name| name.as_str() == network) {
            bail!(
                "there is no network '{network}'{}",
                hint(network, &self.names)
            );
        }
        let recipes = self.ir.state.ports.iter();
        let recipes: Vec<&GuestPort> = recipes
            .filter(|recipe| recipe.network.as_str() == network)
            .collect();
        let mut matching = recipes.iter().filter(|recipe| match group {
            Some(_) => recipe.portgroup.as_deref() == group,
            None => recipe.default,
        });
        if let Some(recipe) = matching.next() {
            return Ok(recipe);
        }
        let groups = recipes
            .iter()
            .filter_map(|recipe| recipe.portgroup.as_deref());
        let groups: Vec<&str> = groups.collect();
        let there = match groups.is_empty() {
            true => "it has none".to_owned(),
            false => format!("there are: {}", groups.join(", ")),
        };
        let group = group.unwrap_or_default();
        bail!("network '{network}' has no portgroup '{group}'; {there}")
    }

    /// What was wanted when this was recorded.
    fn again<'a>(&'a self, record: &'a Record) -> Option<Wanted<'a>> {
        let group = record.asked.portgroup.as_deref();
        let recipe = self.recipe(record.network.as_str(), group).ok()?;
        Some(Wanted {
            port: &record.port,
            recipe,
            bridge: &record.bridge,
            asked: &record.asked,
            tap: None,
        })
    }

    /// Whose bridges and uplinks are whose.
    pub(super) fn ours(&self) -> Ours {
        let mut ours = Ours::default();
        for recipe in &self.ir.state.ports {
            if let Ok(bridge) = joined(recipe) {
                let network = recipe.network.clone();
                ours.bridges.entry(bridge.clone()).or_insert(network);
            }
        }
        for link in &self.ir.state.links {
            let (LinkKind::Bridge(bridge), Some(network)) =
                (&link.kind, ours.bridges.get(&link.name))
            else {
                continue;
            };
            if let Some(uplink) = &bridge.uplink {
                ours.uplinks.insert(uplink.dev.clone(), network.clone());
            }
        }
        ours
    }
}

/// A refusal that is not of a single port.
pub(super) fn refusal(message: String, help: String) -> Vec<Refusal> {
    vec![Refusal::new(message, help)]
}
