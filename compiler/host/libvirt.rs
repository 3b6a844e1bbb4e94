//! What libvirt has of the networks that are planned: its files, its dnsmasq, its daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{detect, process};
use crate::capture;
use crate::lower::FirewallLayout;
use crate::network::Network;
use crate::plan::handover::{self, DEFINITIONS, STATUS};
use crate::plan::{Daemon, FirewallManner, Libvirt, LibvirtNetwork, Wish};
use crate::value::{DeviceName, NetworkName};

/// The programs that run libvirt's networks.
const DAEMONS: &[&str] = &["libvirtd", "virtnetworkd"];

/// The most bytes of one of its files that are read.
const LARGEST: u64 = 16 << 20;

/// A network by its files.
#[derive(Default)]
struct Found {
    /// Its definition or its status: the text and what it says.
    text: Option<(String, Network)>,
    running: bool,
    aside: bool,
}

/// What libvirt has of the networks that are wanted, and of those that go back to it.
pub fn observe(wish: &Wish<'_>) -> Libvirt {
    let segments = || wish.wanted.state.networks.iter();
    let returned = wish.returned.iter().filter_map(handover::Handed::network);
    let mut names: BTreeSet<NetworkName> = segments().map(|each| each.network.clone()).collect();
    names.extend(returned.map(|network| network.name));
    let bridges: BTreeSet<DeviceName> = segments().filter_map(|each| each.link.clone()).collect();
    let networks: Vec<LibvirtNetwork> = found()
        .into_iter()
        .filter_map(|(stem, found)| known(stem, found))
        .filter(|each| {
            names.contains(&each.network.name)
                || each.bridge().is_some_and(|bridge| bridges.contains(bridge))
        })
        .map(with_processes)
        .collect();
    if networks.is_empty() {
        return Libvirt::default();
    }
    Libvirt {
        networks,
        daemon: daemon(),
        hook: has_hook(),
        resolves: resolves(),
    }
}

/// The networks that libvirt runs or left running, by name.
pub fn running() -> BTreeMap<NetworkName, Network> {
    let found = found().into_values().filter(|found| found.running);
    let networks = found.filter_map(|found| found.text);
    networks
        .map(|(_, network)| (network.name.clone(), network))
        .collect()
}

/// Every network of libvirt's, by the name of its files. Its status counts more than its
/// definition.
fn found() -> BTreeMap<String, Found> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for (folder, ending) in [
        (DEFINITIONS, ".xml".to_owned()),
        (STATUS, handover::aside("")),
        (STATUS, ".xml".to_owned()),
    ] {
        let ending = ending.rsplit('/').next().unwrap_or_default().to_owned();
        for (stem, text) in files(folder, &ending) {
            let Some(network) = capture::libvirt_network(&text) else {
                continue;
            };
            let each = found.entry(stem).or_default();
            each.running |= folder == STATUS && ending == ".xml";
            each.aside |= ending != ".xml";
            each.text = Some((text, network));
        }
    }
    found
}

fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let named = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let stem = path.file_name()?.to_str()?.strip_suffix(ending)?.to_owned();
        let data = fs::symlink_metadata(&path).ok()?;
        let plain = data.is_file() && data.len() <= LARGEST;
        Some((stem, plain.then(|| fs::read_to_string(&path).ok())??))
    });
    named.collect()
}

fn known(stem: String, found: Found) -> Option<LibvirtNetwork> {
    let (text, network) = found.text?;
    let link = format!("{DEFINITIONS}/autostart/{stem}.xml");
    Some(LibvirtNetwork {
        network,
        autostart: fs::symlink_metadata(link).is_ok(),
        stem,
        text,
        running: found.running,
        aside: found.aside,
        dnsmasq: Vec::new(),
        firewall: FirewallManner {
            layout: FirewallLayout::Iptables,
            legacy: false,
        },
    })
}

fn with_processes(network: LibvirtNetwork) -> LibvirtNetwork {
    let number = process::number(&handover::process(&network.network.name));
    LibvirtNetwork {
        dnsmasq: number.map(arguments).unwrap_or_default(),
        firewall: firewall(&network.text),
        ..network
    }
}

fn arguments(number: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
    let words = line
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty());
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// The status says it since 10.4; before there was iptables only.
fn firewall(status: &str) -> FirewallManner {
    let record = status.split_once("<firewall").map_or("", |(_, rest)| rest);
    let record = record.split_once('>').map_or("", |(tag, _)| tag);
    if record.contains("nftables") {
        return FirewallManner {
            layout: FirewallLayout::LibvirtNftables,
            legacy: false,
        };
    }
    FirewallManner {
        layout: FirewallLayout::Iptables,
        legacy: detect::legacy_holds("LIBVIRT_INP"),
    }
}

/// Whoever holds the lock of the network driver, if it runs in our network.
fn daemon() -> Option<Daemon> {
    let text = fs::read_to_string(format!("{STATUS}/driver.pid")).ok()?;
    let pid: u32 = text.trim().parse().ok()?;
    let program = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    let program = program.trim().to_owned();
    let here = fs::read_link("/proc/self/ns/net").ok();
    let there = fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    if !DAEMONS.contains(&program.as_str()) || here != there {
        return None;
    }
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let unit = groups.lines().find_map(|line| {
        let unit = line.rsplit('/').next()?;
        (unit.ends_with(".service") && detect::runs_systemd()).then(|| unit.to_owned())
    });
    Some(Daemon { pid, program, unit })
}

fn has_hook() -> bool {
    let holds = |folder: &str| fs::read_dir(folder).is_ok_and(|mut each| each.next().is_some());
    Path::new("/etc/libvirt/hooks/network").exists() || holds("/etc/libvirt/hooks/network.d")
}

fn resolves() -> bool {
    let text = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    let mut hosts = text.lines().filter_map(|line| line.strip_prefix("hosts:"));
    hosts.any(|sources| sources.contains("libvirt"))
}

/// Whether a program of this number still runs.
pub fn runs(daemon: &Daemon) -> bool {
    let program = fs::read_to_string(format!("/proc/{}/comm", daemon.pid)).unwrap_or_default();
    program.trim() == daemon.program
}
