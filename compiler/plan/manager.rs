//! Bridges that a network manager makes: its files, and what makes it look at them.
//!
//! The files are those of `compile`, in the folders that are gone after a reboot: at boot they are
//! written again. A manager that has its files but not their effect is asked once more.

use std::collections::HashSet;
use std::net::IpAddr;

use super::link::There;
use super::step::{Change, Command, Deed, File, Impact, Kind, Step};
use super::{Degraded, LinkManager, Means, Observed, Wish};
use crate::backend::firewalld::zone_name;
use crate::backend::{Artifact, Compiled, Layout, network_manager, networkd};
use crate::lower::Ir;
use crate::state::{LinkKind, OnLink, ZoneChoice};
use crate::value::DeviceName;

/// The steps around a manager.
#[derive(Debug, Default)]
pub(super) struct Managed {
    /// What goes.
    pub before: Vec<Step>,
    /// What is made.
    pub make: Vec<Step>,
}

/// Where a manager reads files that do not outlive a reboot.
fn folder(manager: LinkManager) -> &'static str {
    match manager {
        LinkManager::Iproute2 => "",
        LinkManager::Networkd => "/run/systemd/network",
        LinkManager::NetworkManager => "/run/NetworkManager/system-connections",
    }
}

/// The files of a manager for these networks, with the paths that they have on the host.
fn artifacts(ir: &Ir, manager: LinkManager) -> Vec<Artifact> {
    let compiled = Compiled {
        state: &ir.state,
        policy: &ir.policy,
        layout: Layout::Applied,
    };
    let output = match manager {
        LinkManager::Iproute2 => return Vec::new(),
        LinkManager::Networkd => networkd::emit(&compiled),
        LinkManager::NetworkManager => network_manager::emit(&compiled),
    };
    let files = output.artifacts.into_iter();
    files
        .filter(|artifact| !artifact.path.ends_with(".sh"))
        .map(|artifact| {
            let name = artifact.path.rsplit('/').next().unwrap_or_default();
            Artifact {
                path: format!("{}/{name}", folder(manager)),
                ..artifact
            }
        })
        .collect()
}

/// The paths of the files that the plan looks at.
pub fn files(wish: &Wish<'_>, manager: LinkManager) -> Vec<String> {
    let old = wish.before.map_or(manager, |before| before.links);
    let mut paths: Vec<String> = artifacts(wish.wanted, manager)
        .into_iter()
        .chain(artifacts(wish.retired, old))
        .map(|artifact| artifact.path)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// What has to be done for a manager to make the bridges, and to forget those that go.
pub(super) fn managed(wish: &Wish<'_>, observed: &Observed, means: &Means) -> Managed {
    let mut managed = Managed::default();
    let wanted = artifacts(wish.wanted, means.links);
    let old = wish.before.map_or(means.links, |before| before.links);
    managed.before = forget(wish, observed, means, old, &wanted);
    let differing: Vec<File> = wanted
        .into_iter()
        .map(|artifact| File {
            before: observed.files.get(&artifact.path).cloned(),
            path: artifact.path,
            text: artifact.text,
            mode: artifact.mode,
        })
        .filter(|file| file.before.as_ref() != Some(&file.text))
        .collect();
    if means.links == LinkManager::Iproute2 {
        return managed;
    }
    let there = There::new(observed);
    let amiss: Vec<DeviceName> = wish
        .wanted
        .state
        .on_links()
        .iter()
        .filter(|on| is_amiss(on, &there) || is_told(on, &differing))
        .map(|on| on.link.name.clone())
        .collect();
    if amiss.is_empty() {
        return managed;
    }
    if !differing.is_empty() {
        let told = differing.iter();
        let changes = told.map(|file| Change::new(Kind::File, file.path.as_str(), "write"));
        managed
            .make
            .push(Step::new(changes.collect(), Deed::Write(differing.clone())));
    }
    managed
        .make
        .extend(bring_up(means.links, &amiss, &differing));
    managed
        .make
        .push(Step::new(Vec::new(), Deed::Await(amiss.clone())));
    let gateways = gateways(wish, &amiss).map(Deed::Reach);
    let reach = gateways.map(|deed| Step::new(Vec::new(), deed));
    managed.make.extend(reach);
    managed
}

/// The gateways of the host itself on bridges that a manager made.
fn gateways<'a>(wish: &'a Wish<'_>, links: &'a [DeviceName]) -> impl Iterator<Item = IpAddr> + 'a {
    let with_uplink = super::link::made(&wish.wanted.state)
        .filter(|(link, bridge)| bridge.uplink.is_some() && links.contains(&link.name));
    let on = with_uplink.flat_map(|(link, _)| {
        let routes = wish.wanted.state.routes.iter();
        routes.filter(|route| route.link == link.name && route.destination.prefix_len() == 0)
    });
    on.map(|route| route.gateway)
}

fn is_told(on: &OnLink<'_>, differing: &[File]) -> bool {
    let name = on.link.name.as_str();
    differing.iter().any(|file| {
        let base = file.path.rsplit('/').next().unwrap_or_default();
        base.split_once("lanwright-")
            .and_then(|(_, rest)| rest.rsplit_once('.'))
            .is_some_and(|(stem, _)| stem == name || stem.starts_with(&format!("{name}-")))
            || file.text.contains(&format!("={name}\n"))
    })
}

/// Whether a bridge that is made is not as it should be.
fn is_amiss(on: &OnLink<'_>, there: &There<'_>) -> bool {
    let LinkKind::Bridge(bridge) = &on.link.kind else {
        return false;
    };
    let Some(device) = there.device(&on.link.name) else {
        return true;
    };
    let missing = on.addresses.iter().any(|wanted| !there.has_address(wanted));
    let unrouted = on.routes.iter().any(|wanted| !there.has_route(wanted));
    let apart = bridge.uplink.as_ref().is_some_and(|uplink| {
        let port = there.device(&uplink.dev);
        port.is_some_and(|port| port.master.as_ref() != Some(&on.link.name))
    });
    !device.up || missing || unrouted || apart
}

fn bring_up(manager: LinkManager, links: &[DeviceName], files: &[File]) -> Vec<Step> {
    let changes = |action: &str| -> Vec<Change> {
        let change = |link: &DeviceName| Change::new(Kind::Link, link.as_str(), action);
        links.iter().map(change).collect()
    };
    match manager {
        LinkManager::Iproute2 => Vec::new(),
        LinkManager::Networkd => {
            let mut commands = vec![Command::new("networkctl", &["reload"])];
            // A file that was there and now says something else is not acted upon by reload alone.
            if files.iter().any(|file| file.before.is_some()) || files.is_empty() {
                commands.push(named("networkctl", &["reconfigure"], links));
                commands.push(named("networkctl", &["up"], links));
            }
            vec![Step::new(
                changes("set up by systemd-networkd"),
                Deed::Run(commands),
            )]
        }
        LinkManager::NetworkManager => {
            let mut load = Command::new("nmcli", &["connection", "load"]);
            load.arguments
                .extend(files.iter().map(|file| file.path.clone()));
            let loads = (!files.is_empty()).then_some(load);
            let up = links.iter().map(|link| {
                let id = format!("lanwright-{link}");
                Command::new("nmcli", &["--wait", "20", "connection", "up", "id", &id])
            });
            let commands = loads.into_iter().chain(up).collect();
            vec![Step::new(
                changes("set up by NetworkManager"),
                Deed::Run(commands),
            )]
        }
    }
}

fn named(program: &str, arguments: &[&str], links: &[DeviceName]) -> Command {
    let mut command = Command::new(program, arguments);
    command
        .arguments
        .extend(links.iter().map(ToString::to_string));
    command
}

/// Files of a manager that are not wanted any more, and the devices that it made of them.
fn forget(
    wish: &Wish<'_>,
    observed: &Observed,
    means: &Means,
    old: LinkManager,
    wanted: &[Artifact],
) -> Vec<Step> {
    let kept: HashSet<&str> = wanted
        .iter()
        .map(|artifact| artifact.path.as_str())
        .collect();
    let gone: Vec<String> = artifacts(wish.retired, old)
        .into_iter()
        .map(|artifact| artifact.path)
        .filter(|path| !kept.contains(path.as_str()) && observed.files.contains_key(path))
        .collect();
    let names: HashSet<&DeviceName> = super::link::made(&wish.wanted.state)
        .map(|(link, _)| &link.name)
        .collect();
    // Where `ip` makes bridges now, it also takes them away.
    let links: Vec<DeviceName> = super::link::made(&wish.retired.state)
        .map(|(link, _)| &link.name)
        .filter(|name| !names.contains(name) && means.links != LinkManager::Iproute2)
        .filter(|name| {
            observed
                .capture
                .devices
                .iter()
                .any(|device| device.name == **name)
        })
        .cloned()
        .collect();
    if gone.is_empty() && links.is_empty() {
        return Vec::new();
    }
    let mut steps = Vec::new();
    if old == LinkManager::NetworkManager && !links.is_empty() {
        let down = links.iter().map(|link| {
            let id = format!("lanwright-{link}");
            Command::new("nmcli", &["connection", "delete", "id", &id])
        });
        steps.push(Step::optional(Vec::new(), Deed::Run(down.collect())));
    }
    if !gone.is_empty() {
        let changes = gone
            .iter()
            .map(|path| Change::new(Kind::File, path, "remove"));
        steps.push(Step::new(changes.collect(), Deed::Remove(gone.clone())));
    }
    let mut commands = Vec::new();
    if old == LinkManager::Networkd {
        commands.push(Command::new("networkctl", &["reload"]));
    }
    let deleted = links.iter().filter(|_| old == LinkManager::Networkd);
    commands.extend(deleted.map(|link| Command::new("ip", &["link", "del", "dev", link.as_str()])));
    let changes = links.iter().map(|link| {
        Change::new(Kind::Link, link.as_str(), "remove bridge").with(Impact::Disruptive)
    });
    steps.push(Step::new(changes.collect(), Deed::Run(commands)));
    steps
}

/// Bridges belong into zones where firewalld runs, and leave them when they go. Where it has no
/// zone of ours it may have those of libvirt, which are the same in meaning.
pub(super) fn zones(
    wish: &Wish<'_>,
    observed: &Observed,
    means: &Means,
    degraded: &mut Vec<Degraded>,
) -> Vec<Step> {
    if !means.firewalld {
        return Vec::new();
    }
    let mut steps = Vec::new();
    let mut bound = HashSet::new();
    for on in wish.wanted.state.on_links() {
        let Some(binding) = on.zone else { continue };
        let link = &on.link.name;
        bound.insert(link);
        let choices = match &binding.zone {
            ZoneChoice::Declared(zone) => vec![zone.as_str()],
            ZoneChoice::Libvirt => vec![zone_name(&binding.zone), "libvirt"],
            ZoneChoice::LibvirtRouted => vec![zone_name(&binding.zone), "libvirt-routed"],
        };
        let there = observed.zones.get(link).map(String::as_str);
        if there.is_some_and(|there| choices.contains(&there)) {
            continue;
        }
        let known = |zone: &&&str| observed.known_zones.contains(**zone);
        let Some(zone) = choices.iter().find(known) else {
            degraded.push(Degraded {
                object: link.to_string(),
                message: format!(
                    "firewalld has no zone '{}', so its default zone decides what guests may: \
                     'lanwright compile' writes one, for /etc/firewalld/zones",
                    choices[0]
                ),
            });
            continue;
        };
        steps.push(zone_step(link, zone, "--change-interface", "put into"));
    }
    for binding in &wish.retired.state.zones {
        if let Some(zone) = observed.zones.get(&binding.link)
            && !bound.contains(&binding.link)
        {
            let step = zone_step(&binding.link, zone, "--remove-interface", "take out of");
            steps.push(step);
        }
    }
    steps
}

fn zone_step(link: &DeviceName, zone: &str, verb: &str, words: &str) -> Step {
    let change = Change::new(Kind::Zone, link.as_str(), format!("{words} {zone}"));
    let (zone, device) = (format!("--zone={zone}"), format!("{verb}={link}"));
    let command = Command::new("firewall-cmd", &[&zone, &device]);
    Step::new(vec![change], Deed::Run(vec![command]))
}
