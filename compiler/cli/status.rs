//! `status`: the networks of a host, a line each.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use self::applied::Applied;
use self::report::{NetworkEntry, Report};
use super::host::{LIVE, is_live, look_at_host};
use super::table::Table;
use super::{Format, Outcome, counted};
use crate::host::terminal;
use crate::value::encode::visible;

mod applied;
mod counter;
pub mod report;

/// Show the networks of a host: bridge, mode, addresses, guests, leases, rules
///
/// Of this machine as it is now, or of a capture. Nothing is compared; see audit for that.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lanwright status\n  lanwright status host1\n  \
    lanwright status live --format json"
)]
pub struct Arguments {
    /// A capture's folder, or live for this machine
    #[arg(value_name = "DIR|live", default_value = LIVE)]
    host: PathBuf,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let capture = look_at_host(&arguments.host)?;
    if capture.files.iter().all(|file| file.role.is_none()) {
        bail!("nothing in {} tells of a host", arguments.host.display());
    }
    let mut report = Report::new(&capture);
    if is_live(&arguments.host) {
        match Applied::look() {
            Ok(applied) => report.applied = applied,
            Err(error) => super::warn(&format!("what was applied cannot be told: {error}")),
        }
    }
    let text = match arguments.format {
        Format::Json => super::json(&report)?,
        Format::Text => text(&report),
    };
    terminal::print(&text).context("cannot print the status")?;
    Ok(Outcome::Done)
}

fn text(report: &Report) -> String {
    if report.networks.is_empty() {
        return "no networks\n".to_owned() + &applied(report) + &remarks(report);
    }
    let mut headings = vec![
        "NETWORK", "BRIDGE", "MODE", "STATE", "ADDRESS", "LEASES", "RULES",
    ];
    // Not every listing has counters.
    let counts = report.networks.iter().any(|each| each.counters.is_some());
    headings.extend(counts.then_some("PASSED"));
    let mut table = Table::new(&headings);
    for network in &report.networks {
        let mut addresses = network.addresses.iter();
        let mut cells = line(network, addresses.next());
        cells.truncate(headings.len());
        table.row(cells);
        for further in addresses {
            let mut cells = vec![String::new(); headings.len()];
            cells[4].clone_from(further);
            table.row(cells);
        }
    }
    let mut text = table.print("");
    let mut ports = Table::new(&["PORT", "NETWORK", "STATE", "GUEST", "MAC", "ISOLATED"]);
    for network in &report.networks {
        for port in &network.ports {
            ports.row(vec![
                port.name.clone(),
                network.name.clone(),
                word(port.up, "up", "down"),
                port.guest.clone().unwrap_or_default(),
                port.guest_mac.clone().unwrap_or_default(),
                if port.isolated == Some(true) {
                    "yes"
                } else {
                    ""
                }
                .to_owned(),
            ]);
        }
    }
    if report
        .networks
        .iter()
        .any(|network| !network.ports.is_empty())
    {
        text += "\n";
        text += &ports.print("");
    }
    text + &applied(report) + &remarks(report)
}

fn applied(report: &Report) -> String {
    report
        .applied
        .as_ref()
        .map(Applied::text)
        .unwrap_or_default()
}

/// What is not known is a question mark.
fn line(network: &NetworkEntry, address: Option<&String>) -> Vec<String> {
    let known = |value: Option<&str>| value.unwrap_or("?").to_owned();
    vec![
        network.name.clone(),
        network.bridge.clone().unwrap_or_else(|| "-".to_owned()),
        known(network.mode.as_deref()),
        known(network.state),
        match address {
            Some(address) => address.clone(),
            None => "-".to_owned(),
        },
        leases(network),
        network.rules.unwrap_or("-").to_owned(),
        match &network.counters {
            Some(counters) => bytes(counters.accepted_bytes),
            None => "-".to_owned(),
        },
    ]
}

/// How many leases there are, if a dnsmasq gives any.
fn leases(network: &NetworkEntry) -> String {
    match (network.dnsmasq, network.leases) {
        (Some(false), None | Some(0)) => "-".to_owned(),
        (_, Some(count)) => count.to_string(),
        (_, None) => "?".to_owned(),
    }
}

/// `0 B`, `12.3 MB`.
fn bytes(count: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    let mut tenths = u128::from(count) * 10;
    let mut unit = "B";
    for larger in units {
        if tenths < 10_000 {
            break;
        }
        tenths /= 1000;
        unit = larger;
    }
    match unit {
        "B" => format!("{count} B"),
        unit => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

fn word(is: bool, yes: &str, no: &str) -> String {
    if is { yes } else { no }.to_owned()
}

/// What was not looked at or not understood, a line each.
fn remarks(report: &Report) -> String {
    let mut text = String::new();
    if !report.not_observed.is_empty() {
        text += &format!("\nnot looked at: {}\n", report.not_observed.join(", "));
    }
    if report.unread > 0 {
        let lines = counted(report.unread, "line");
        text += &format!("\n{lines} not understood; 'lanwright recover' names them\n");
    }
    if !report.aside.is_empty() {
        text += &format!("\nleft aside: {}\n", visible(&report.aside.join(", ")));
    }
    text
}
