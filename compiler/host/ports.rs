//! Ports of guests on the live machine: what they hold, what was recorded of them, and putting them
//! into a network or taking them out.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::execute::execute;
use super::observe::{Blind, listing, traffic};
use super::{HostError, detect};
use crate::capture;
use crate::plan::attach::record::FOLDER;
use crate::plan::attach::{Kernel, Record, Root, Seen, Wanted, attach, detach};
use crate::plan::{Plan, TrafficControl};
use crate::state::Shaping;
use crate::value::DeviceName;

/// Something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The host does not tell what it holds.
    #[error(transparent)]
    Blind(#[from] Blind),
    /// The records cannot be read.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A step failed.
    #[error("{0}")]
    Step(String),
    /// The steps succeeded, and yet the port is not as it should be.
    #[error("it was done, but the host does not hold it: {0}")]
    Unreached(String),
}

/// Everything that was recorded of ports.
pub fn records() -> Result<Vec<Record>, HostError> {
    let folder = Path::new(FOLDER);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(HostError::io("read", folder))?,
    };
    let mut records = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        // One that is written is not there yet.
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(HostError::io("read", &path))?;
        let record = Record::parse(&text).ok_or_else(|| HostError::Refused {
            path,
            reason: "is no record of a port; remove it".to_owned(),
        })?;
        records.push(record);
    }
    records.sort_by(|one, other| one.port.cmp(&other.port));
    Ok(records)
}

/// What the host holds of a port, and of the bridges that it is or becomes a port of.
pub fn look(
    port: &DeviceName,
    bridges: &[&DeviceName],
    limits: &[Shaping],
) -> Result<Seen, PortError> {
    let (own, others): (Vec<Record>, Vec<Record>) = records()?
        .into_iter()
        .partition(|record| record.port == *port);
    let record = own.into_iter().next();
    let mut texts = Vec::new();
    for file in [
        "link.json",
        "addr.json",
        "route.json",
        "route6.json",
        "bridge-link.json",
        "bridge-fdb.json",
        "bridge-vlan.json",
    ] {
        texts.push(listing(file)?);
    }
    let limited = bridges
        .iter()
        .copied()
        .chain(record.iter().map(|it| &it.bridge));
    let limited: BTreeSet<&DeviceName> = limited.collect();
    texts.extend(limited.into_iter().filter_map(traffic));
    let (mut root, mut ingress) = (None, false);
    if let Some(text) = traffic(port) {
        let plain = String::from_utf8_lossy(&text.bytes);
        // A device that was never up has none yet, and gets the kernel's own.
        let none = || Root {
            kind: "noop".to_owned(),
            default: true,
        };
        root = Some(plain.lines().find_map(root_of).unwrap_or_else(none));
        ingress = plain.lines().any(|line| line.starts_with("qdisc ingress "));
        texts.push(text);
    }
    Ok(Seen {
        capture: capture::read(texts),
        root,
        ingress,
        record,
        others,
        limits: limits.to_vec(),
    })
}

/// `qdisc noqueue 0: root refcnt 2`: the kernel gives its own no number. Of several queues of a
/// device with as many senders the root is first.
fn root_of(line: &str) -> Option<Root> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["qdisc", kind, handle, "root", ..] => Some(Root {
            kind: kind.to_owned(),
            default: handle == "0:",
        }),
        _ => None,
    }
}

/// What the kernel can do of what this port needs.
pub fn kernel(wanted: &Wanted<'_>) -> Kernel {
    let recipe = wanted.recipe;
    let limits =
        recipe.inbound.is_some() || recipe.outbound.is_some() || wanted.asked.floor_kbps.is_some();
    let tags = recipe.vlan.is_some() || wanted.asked.vlan.is_some();
    Kernel {
        traffic: match limits {
            true => detect::traffic_control(true),
            false => TrafficControl::default(),
        },
        vlan_filtering: !tags || detect::vlan_filtering(),
    }
}

/// What was done, and what the rest went on without.
#[derive(Debug, Default)]
pub struct Done {
    /// Steps that failed and that the rest went on without.
    pub skipped: Vec<String>,
}

/// Does what a plan says, and looks again: `again` says what is left then.
pub fn carry_out(
    plan: &Plan,
    again: impl FnOnce() -> Result<Plan, PortError>,
) -> Result<Done, PortError> {
    let done = run(plan)?;
    let left = again()?;
    let left = left.steps.iter().filter(|step| !step.optional);
    let left: Vec<String> = left
        .flat_map(|step| &step.changes)
        .map(|change| format!("{}: {}", change.object, change.action))
        .collect();
    match left.is_empty() {
        true => Ok(done),
        false => Err(PortError::Unreached(left.join("; "))),
    }
}

fn run(plan: &Plan) -> Result<Done, PortError> {
    let mut done = Done::default();
    for step in &plan.steps {
        match execute(step) {
            Ok(()) => {}
            Err(error) if step.optional => done.skipped.push(error.to_string()),
            Err(error) => {
                let change = step.changes.first();
                let words = change.map(|change| format!("{}: {}: ", change.object, change.action));
                return Err(PortError::Step(format!(
                    "{}{error}",
                    words.unwrap_or_default()
                )));
            }
        }
    }
    Ok(done)
}

/// Undoes what was begun: the port leaves, and is then what it was before. A tap that was made
/// goes.
pub fn undo(wanted: &Wanted<'_>, before: &Seen, old: Option<&Wanted<'_>>) -> Result<(), PortError> {
    let bridges = [wanted.bridge];
    let seen = look(wanted.port, &bridges, &before.limits)?;
    let mut plan = detach(wanted.port, &seen);
    let device = before.capture.device(wanted.port);
    if device.is_none() && seen.capture.device(wanted.port).is_some() {
        plan.steps.push(delete(wanted.port));
    }
    run(&plan)?;
    let master = device.and_then(|device| device.master.as_ref());
    if let Some(old) = old {
        let seen = look(old.port, &[old.bridge], &before.limits)?;
        run(&attach(old, &seen, kernel(old)))?;
    } else if let Some(master) = master {
        run(&join(wanted.port, master))?;
    }
    Ok(())
}

fn delete(port: &DeviceName) -> crate::plan::Step {
    let command = crate::plan::Command::new("ip", &["link", "delete", "dev", port.as_str()]);
    crate::plan::Step::new(Vec::new(), crate::plan::Deed::Run(vec![command]))
}

fn join(port: &DeviceName, bridge: &DeviceName) -> Plan {
    let words = [
        "link",
        "set",
        "dev",
        port.as_str(),
        "master",
        bridge.as_str(),
    ];
    let command = crate::plan::Command::new("ip", &words);
    let step = crate::plan::Step::new(Vec::new(), crate::plan::Deed::Run(vec![command]));
    Plan {
        steps: vec![step],
        ..Plan::default()
    }
}
