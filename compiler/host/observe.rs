//! What a plan has to know of the live machine, and no more.
//!
//! A host may hold a thousand networks: asked is for its devices, addresses and routes, the rules
//! of the tools that are used, and for the rest only of the networks that the plan speaks of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::thread;

use super::live::setting;
use super::run::{self, RunError};
use super::{facts, libvirt, process};
use crate::capture::question::{self, LISTINGS, SETTINGS_FILE};
use crate::capture::{self, RuleTool, Text, Variant};
use crate::firewall::Family;
use crate::lower::FirewallLayout;
use crate::plan::{self, Facts, FirewallManner, LinkManager, Observed, Wish};
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
    let before = wish.before.map(|before| before.firewall);
    let before = before.filter(|before| *before != firewall);
    let libvirt = libvirt::observe(wish);
    let taken = libvirt.networks.iter().filter(|_| wish.take_over);
    let theirs = taken.map(|each| each.firewall);
    let theirs = theirs.chain(wish.returned.iter().map(|each| each.firewall));
    let manners: Vec<FirewallManner> = std::iter::once(firewall)
        .chain(before)
        .chain(theirs)
        .collect();
    let mut tools: Vec<RuleTool> = manners.iter().flat_map(|manner| manner.tools()).collect();
    tools.sort();
    tools.dedup();
    // Each once: a table that was listed twice would hold its rules twice.
    let layouts: Vec<FirewallLayout> = FirewallLayout::ALL
        .into_iter()
        .filter(|layout| manners.iter().any(|manner| manner.layout == *layout))
        .collect();
    let mut texts = side_by_side(&tools, &layouts)?;
    let touched = touched(wish);
    texts.push(settings(&touched));
    let mut roots = BTreeSet::new();
    let shaped = shaped(wish, firewall);
    let queued = queued(&shaped);
    for bridge in queued.intersection(&touched) {
        if let Some(text) = traffic(bridge) {
            let plain = String::from_utf8_lossy(&text.bytes).into_owned();
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
    let mut observed = Observed {
        capture: capture::read(texts),
        files,
        running,
        roots,
        missing: plan::service::folders(wish)
            .into_iter()
            .filter(|folder| !Path::new(folder).is_dir())
            .collect(),
        zones: zones(&touched, firewalld),
        known_zones: known_zones(firewalld),
        libvirt,
        configurations: configurations(),
        facts: Facts::default(),
    };
    observed.facts = facts::facts(wish, &observed);
    Ok(observed)
}

/// The configurations of dnsmasq in the folder of `apply`.
pub(super) fn configurations() -> BTreeSet<String> {
    let entries = fs::read_dir("/run/lanwright/dnsmasq").into_iter().flatten();
    let paths = entries.filter_map(|entry| entry.ok()?.path().to_str().map(str::to_owned));
    paths.filter(|path| path.ends_with(".conf")).collect()
}

/// The answers of `ip` and of the tools of the firewall, which are asked at the same time.
fn side_by_side(tools: &[RuleTool], layouts: &[FirewallLayout]) -> Result<Vec<Text>, Blind> {
    thread::scope(|scope| {
        let files = ["link.json", "addr.json", "route.json", "route6.json"];
        let links = scope.spawn(move || files.into_iter().map(listing).collect::<Vec<_>>());
        let mut texts = Vec::new();
        for tool in tools {
            texts.push(rules(*tool, layouts)?);
        }
        for text in links.join().unwrap_or_default() {
            texts.push(text?);
        }
        Ok(texts)
    })
}

/// The answer to one of the commands that a capture is made of.
pub(super) fn listing(file: &str) -> Result<Text, Blind> {
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

/// The rules that a tool lists; of nft only the tables that these layouts are made of.
fn rules(tool: RuleTool, layouts: &[FirewallLayout]) -> Result<Text, Blind> {
    match tool {
        RuleTool::Nft => tables(layouts),
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
            ask(&format!("{program}.txt"), &program, &["-c"])
        }
    }
}

/// The tables of nft that are ours in one of these layouts. One that is not there is empty.
fn tables(layouts: &[FirewallLayout]) -> Result<Text, Blind> {
    let names = layouts.iter().flat_map(|layout| match layout {
        FirewallLayout::Lanwright => &[["inet", "lanwright"]][..],
        FirewallLayout::LibvirtNftables => &[["ip", "libvirt_network"], ["ip6", "libvirt_network"]],
        FirewallLayout::Iptables => &[],
    });
    let mut bytes = Vec::new();
    for [family, name] in names {
        match ask("nft.txt", "nft", &["-a", "list", "table", family, name]) {
            Ok(text) => bytes.extend(text.bytes),
            Err(blind) if blind.reason.is_absence() => {}
            Err(blind) => return Err(blind),
        }
    }
    Ok(Text {
        name: "nft.txt".to_owned(),
        bytes,
    })
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
    if firewall.layout != FirewallLayout::Iptables {
        let filled = wish.wanted.policy.networks.iter();
        let filled = filled.filter(|network| network.dhcp_checksum);
        devices.extend(filled.map(|network| network.bridge.clone()));
    }
    devices
}

/// Those of the devices that have a queue of somebody's making; one question for all of them.
fn queued(devices: &BTreeSet<DeviceName>) -> BTreeSet<DeviceName> {
    if devices.is_empty() {
        return BTreeSet::new();
    }
    let printed = run::output("tc", &["qdisc", "show"]).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    let lines = printed
        .lines()
        .filter(|line| !line.starts_with("qdisc noqueue "));
    let named = lines.filter_map(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "dev");
        words.nth(1)?.parse().ok()
    });
    named.filter(|device| devices.contains(device)).collect()
}

/// Without the device, or without traffic control, there is nothing.
pub(super) fn traffic(bridge: &DeviceName) -> Option<Text> {
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
    Text {
        name: SETTINGS_FILE.to_owned(),
        bytes: setting::lines(&touched, &[]).into_bytes(),
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
