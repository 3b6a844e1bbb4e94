//! `leases`: who holds which address.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::host::{LIVE, is_live, look_at_host};
use super::table::Table;
use super::{BOLD, Format, Outcome, PLAIN};
use crate::capture::{Capture, Topic};
use crate::host::{clock, terminal};
use crate::recover;
use crate::state::Lease;
use crate::value::DeviceName;
use crate::value::encode::visible;

/// List the DHCP leases of a host: who holds which address, and until when
///
/// Reads the files that dnsmasq and libvirt's lease helper keep, of this machine or of a capture.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lanwright leases\n  lanwright leases host1\n  \
    lanwright leases /var/lib/misc/dnsmasq.leases --format json"
)]
pub struct Arguments {
    /// A capture's folder, one file of leases, - for standard input, or live for this machine
    #[arg(value_name = "DIR|FILE|live", default_value = LIVE)]
    host: PathBuf,
    /// How to print the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What `leases --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Whether any file of leases was found.
    pub observed: bool,
    /// The leases, by network and address.
    pub leases: Vec<Entry>,
}

/// One lease.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// The network, if it is known.
    pub network: Option<String>,
    /// The bridge it was given on, if it is known.
    pub bridge: Option<String>,
    /// The address.
    pub address: String,
    /// The guest's hardware address, as far as known.
    pub mac: Option<String>,
    /// The guest's name, as far as known.
    pub name: Option<String>,
    /// The client identifier or DUID, as far as known.
    pub client_id: Option<String>,
    /// When it ends: UTC, RFC 3339; null for never.
    pub expires: Option<String>,
    /// How many seconds are left, 0 if it is over; null for never, and in a capture.
    pub remaining_seconds: Option<u64>,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let capture = look_at_host(&arguments.host)?;
    let now = is_live(&arguments.host).then(clock::now);
    let report = Report::new(&capture, now);
    let text = match arguments.format {
        Format::Json => super::json(&report)?,
        Format::Text => text(&report),
    };
    terminal::print(&text).context("cannot print the leases")?;
    complain_gaps(&capture, &arguments.host);
    Ok(Outcome::Done)
}

/// Says which lines of files of leases were not understood.
fn complain_gaps(capture: &Capture, place: &Path) {
    use crate::capture::Role;
    let of_leases = |gap: &&crate::capture::Gap| {
        let file = capture.files.get(gap.file.0);
        file.is_some_and(|file| file.role == Some(Role::Leases))
    };
    for gap in capture.gaps.iter().filter(of_leases) {
        let line = format!("{}: {}", capture.name(gap.file), gap.unread);
        terminal::complain(&format!("not read: {}\n", visible(&line)));
    }
    let aside = capture.files.iter().all(|file| file.role.is_none());
    if aside && !capture.observed(Topic::Leases) {
        let place = visible(&place.display().to_string());
        terminal::complain(&format!("nothing in {place} is a file of leases\n"));
    }
}

impl Report {
    fn new(capture: &Capture, now: Option<Timestamp>) -> Self {
        let segments = recover::segments(capture).into_iter();
        let names: BTreeMap<DeviceName, String> = segments
            .filter_map(|segment| Some((segment.bridge, segment.name?.to_string())))
            .collect();
        let network = |lease: &Lease| names.get(lease.link.as_ref()?).cloned();
        let mut leases: Vec<&Lease> = capture.state.leases.iter().collect();
        leases.sort_by_cached_key(|lease| (network(lease), lease.link.clone(), lease.ip));
        Report {
            observed: capture.observed(Topic::Leases),
            leases: leases
                .into_iter()
                .map(|lease| Entry::new(lease, network(lease), now))
                .collect(),
        }
    }
}

impl Entry {
    fn new(lease: &Lease, network: Option<String>, now: Option<Timestamp>) -> Self {
        let remaining = |(end, now): (u64, Timestamp)| {
            end.saturating_sub(u64::try_from(now.as_second()).unwrap_or_default())
        };
        Entry {
            network,
            bridge: lease.link.as_ref().map(ToString::to_string),
            address: lease.ip.to_string(),
            mac: lease.mac.clone(),
            name: lease.hostname.clone(),
            client_id: lease.client_id.clone(),
            expires: lease.expires.map(|end| time(end).to_string()),
            remaining_seconds: lease.expires.zip(now).map(remaining),
        }
    }

    /// The identifier, unless it only repeats the hardware address.
    fn telling_id(&self) -> Option<&str> {
        let id = self.client_id.as_deref()?;
        let repeats = self
            .mac
            .as_ref()
            .is_some_and(|mac| id.ends_with(mac.as_str()));
        (!repeats).then_some(id)
    }
}

/// A time as a person can read it; the last one that has a name, if it is later.
fn time(seconds: u64) -> Timestamp {
    let second = i64::try_from(seconds).ok();
    let time = second.and_then(|second| Timestamp::from_second(second).ok());
    time.unwrap_or(Timestamp::MAX)
}

/// A table for each network.
fn text(report: &Report) -> String {
    if report.leases.is_empty() {
        return match report.observed {
            true => "no leases\n".to_owned(),
            false => "no leases: there is no file of them\n".to_owned(),
        };
    }
    let mut text = String::new();
    let groups = report
        .leases
        .chunk_by(|one, other| (&one.network, &one.bridge) == (&other.network, &other.bridge));
    for group in groups {
        text += &heading(&group[0]);
        let mut table = Table::new(&["ADDRESS", "MAC", "NAME", "ENDS", "LEFT"]);
        for entry in group {
            table.row(vec![
                entry.address.clone(),
                entry.mac.clone().unwrap_or_default(),
                entry.name.clone().unwrap_or_default(),
                entry.expires.clone().unwrap_or_else(|| "never".to_owned()),
                entry.remaining_seconds.map(left).unwrap_or_default(),
            ]);
            // Identifiers are long, and mostly say nothing new.
            if let Some(id) = entry.telling_id() {
                table.note(format!("  client id {id}"));
            }
        }
        text += &table.print("  ");
    }
    text
}

fn heading(entry: &Entry) -> String {
    let network = entry.network.as_deref().map(visible);
    let bridge = entry.bridge.as_deref().map(visible);
    match (network, bridge) {
        (Some(network), Some(bridge)) => format!("{BOLD}{network}{PLAIN} on {bridge}\n"),
        (Some(network), None) => format!("{BOLD}{network}{PLAIN}\n"),
        (None, Some(bridge)) => format!("{BOLD}{bridge}{PLAIN}\n"),
        (None, None) => format!("{BOLD}of an unknown network{PLAIN}\n"),
    }
}

/// How long is left, to a person's precision.
fn left(seconds: u64) -> String {
    match seconds {
        0 => "over".to_owned(),
        1..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_for_people() {
        assert_eq!(time(1_795_000_000).to_string(), "2026-11-18T11:06:40Z");
        assert_eq!(time(u64::MAX), Timestamp::MAX);
        let shown: Vec<String> = [0, 119, 120, 7_199, 7_200, 172_800].map(left).to_vec();
        assert_eq!(shown, ["over", "119 s", "2 min", "119 min", "2 h", "2 d"]);
    }

    #[test]
    fn an_identifier_that_repeats_the_address_is_not_shown() {
        let mut entry = Entry::new(
            &Lease {
                link: None,
                ip: "192.0.2.1".parse().expect("an address"),
                mac: Some("52:54:00:00:00:01".to_owned()),
                hostname: None,
                client_id: Some("01:52:54:00:00:00:01".to_owned()),
                expires: Some(100),
            },
            None,
            Some(Timestamp::UNIX_EPOCH),
        );
        assert_eq!(entry.telling_id(), None);
        assert_eq!(entry.remaining_seconds, Some(100));
        entry.client_id = Some("ff:00".to_owned());
        assert_eq!(entry.telling_id(), Some("ff:00"));
    }
}
