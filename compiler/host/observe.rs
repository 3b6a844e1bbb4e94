//! What a plan has to know of the live machine, and no more.
//!
//! A host may hold a thousand networks: asked is for its devices, addresses and routes, the rules
//! of the tools that are used, and for the rest only of the networks that the plan speaks of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::run::{self, RunError};
use super::{libvirt, process};
use crate::capture::question::{self, LISTINGS, SETTINGS_FILE, setting_line};
use crate::capture::{self, RuleTool, Text, Variant};
use crate::firewall::Family;
use crate::plan::{self, FirewallManner, LinkManager, Observed, Wish};
use crate::state::HostState;
use crate::value::DeviceName;

/// A tool could not tell.
#[derive(Debug, thiserror::Error)]
#[error("cannot look at the host: '{command}': {reason}")]
pub struct Blind {
    /// What was run.
    pub command: String,
    /// Why there is no answer.
    pub reason: RunError,
}

/// What the host holds now.
pub fn observe(
    wish: &Wish<'_>,
    firewall: FirewallManner,
    links: LinkManager,
    firewalld: bool,
) -> Result<Observed, Blind> {
    let mut texts = Vec::new();
    for file in ["link.json", "addr.json", "route.json", "route6.json"] {
        texts.push(listing(file)?);
    }
    let before = wish.before.map(|before| before.firewall);
    let mut tools = firewall.tools();
    tools.extend(
        before
            .filter(|before| *before != firewall)
            .into_iter()
            .flat_map(FirewallManner::tools),
    );
    let libvirt = libvirt::observe(wish);
    let taken = libvirt.networks.iter().filter(|_| wish.take_over);
    let theirs = taken.map(|each| each.firewall);
    let theirs = theirs.chain(wish.returned.iter().map(|each| each.firewall));
    tools.extend(theirs.flat_map(FirewallManner::tools));
    tools.sort();
    tools.dedup();
    for tool in tools {
        texts.extend(rules(tool)?);
    }
    let touched = touched(wish);
    texts.push(settings(&touched));
    let (mut checksums, mut roots) = (BTreeSet::new(), BTreeSet::new());
    for bridge in shaped(wish, firewall).intersection(&touched) {
        if let Some(text) = traffic(bridge) {
            let plain = String::from_utf8_lossy(&text.bytes).into_owned();
            if plain.contains("action order") && plain.contains("csum") {
                checksums.insert(bridge.clone());
            }
            if plain.contains("qdisc htb 1:") {
                roots.insert(bridge.clone());
            }
            texts.push(text);
        }
    }
    let running = process::running(&plan::service::processes(wish));
    let mut files = BTreeMap::new();
    let paths = plan::service::files(wish)
        .into_iter()
        .chain(plan::manager::files(wish, links));
    for path in paths {
        if let Ok(text) = fs::read_to_string(&path) {
            files.insert(path, text);
        }
    }
    Ok(Observed {
        capture: capture::read(texts),
        files,
        running,
        checksums,
        roots,
        missing: plan::service::folders(wish)
            .into_iter()
            .filter(|folder| !Path::new(folder).is_dir())
            .collect(),
        zones: zones(&touched, firewalld),
        known_zones: known_zones(firewalld),
        libvirt,
    })
}

/// The answer to one of the commands that a capture is made of.
fn listing(file: &str) -> Result<Text, Blind> {
    let listing = LISTINGS.iter().find(|listing| listing.file == file);
    let (program, arguments) =
        listing.map_or(("ip", &[][..]), |each| (each.program, each.arguments));
    ask(file, program, arguments)
}

fn ask(file: &str, program: &str, arguments: &[&str]) -> Result<Text, Blind> {
    let bytes = run::output(program, arguments).map_err(|reason| Blind {
        command: format!("{program} {}", arguments.join(" ")),
        reason,
    })?;
    Ok(Text {
        name: file.to_owned(),
        bytes,
    })
}

/// The rules that a tool lists. Of nft only the tables that are ours or libvirt's, which other
/// layouts of ours are named after.
fn rules(tool: RuleTool) -> Result<Option<Text>, Blind> {
    let saved = |file: &str, program: &str| ask(file, program, &["-c"]);
    match tool {
        RuleTool::Nft => ask("nft.txt", "nft", &["-a", "list", "ruleset"]).map(Some),
        RuleTool::Iptables(variant, family) => {
            let (word, prefix) = match (variant, family) {
                (Variant::Legacy, Family::Ipv4) => ("-legacy", ""),
                (Variant::Legacy, Family::Ipv6) => ("-legacy", "6"),
                (Variant::Nft, Family::Ipv4) => ("-nft", ""),
                (Variant::Nft, Family::Ipv6) => ("-nft", "6"),
                (Variant::Unknown, Family::Ipv4) => ("", ""),
                (Variant::Unknown, Family::Ipv6) => ("", "6"),
            };
            let program = format!("ip{prefix}tables{word}-save");
            saved(&format!("{program}.txt"), &program).map(Some)
        }
    }
}

/// The devices that the plan speaks of.
fn touched(wish: &Wish<'_>) -> BTreeSet<DeviceName> {
    let of = |state: &HostState| -> Vec<DeviceName> {
        state.links.iter().map(|link| link.name.clone()).collect()
    };
    let both = of(&wish.wanted.state)
        .into_iter()
        .chain(of(&wish.retired.state));
    both.collect()
}

/// Devices whose queues matter: those with a limit, and those with a checksum filter.
fn shaped(wish: &Wish<'_>, firewall: FirewallManner) -> BTreeSet<DeviceName> {
    let both = [wish.wanted, wish.retired];
    let limited = both.into_iter().flat_map(|ir| &ir.state.shaping);
    let mut devices: BTreeSet<DeviceName> = limited.map(|each| each.link.clone()).collect();
    if firewall.layout != crate::lower::FirewallLayout::Iptables {
        let filled = wish.wanted.policy.networks.iter();
        let filled = filled.filter(|network| network.dhcp_checksum);
        devices.extend(filled.map(|network| network.bridge.clone()));
    }
    devices
}

/// Without the device, or without traffic control, there is nothing.
fn traffic(bridge: &DeviceName) -> Option<Text> {
    let mut bytes = Vec::new();
    for arguments in question::traffic(bridge) {
        bytes.extend_from_slice(format!("# tc {}\n", arguments.join(" ")).as_bytes());
        bytes.extend(run::output("tc", &arguments).ok()?);
    }
    Some(Text {
        name: question::traffic_file(bridge),
        bytes,
    })
}

fn settings(touched: &BTreeSet<DeviceName>) -> Text {
    let touched: Vec<DeviceName> = touched.iter().cloned().collect();
    let lines: Vec<String> = question::settings(&touched, &[])
        .iter()
        .filter_map(|path| {
            let value = fs::read_to_string(Path::new("/proc/sys").join(path)).ok()?;
            Some(setting_line(path, &value))
        })
        .collect();
    Text {
        name: SETTINGS_FILE.to_owned(),
        bytes: lines.concat().into_bytes(),
    }
}

fn zones(touched: &BTreeSet<DeviceName>, firewalld: bool) -> BTreeMap<DeviceName, String> {
    if !firewalld {
        return BTreeMap::new();
    }
    let zone = |device: &DeviceName| {
        let question = format!("--get-zone-of-interface={device}");
        let zone = run::output("firewall-cmd", &[&question]).ok()?;
        Some((
            device.clone(),
            String::from_utf8_lossy(&zone).trim().to_owned(),
        ))
    };
    touched.iter().filter_map(zone).collect()
}

fn known_zones(firewalld: bool) -> BTreeSet<String> {
    if !firewalld {
        return BTreeSet::new();
    }
    let printed = run::output("firewall-cmd", &["--get-zones"]).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    printed.split_whitespace().map(str::to_owned).collect()
}

/// The devices of this network namespace.
pub fn device_names() -> BTreeSet<DeviceName> {
    let table = fs::read_to_string("/proc/thread-self/net/dev").unwrap_or_default();
    let names = table.lines().filter_map(|line| line.split_once(':'));
    names
        .filter_map(|(name, _)| name.trim().parse().ok())
        .collect()
}
