//! From what is wanted and what is there to the steps between.
//!
//! Everything that `apply` does is one function: starting, changing, removing, going back, going on
//! after a crash differ only in what is wanted and in what was before. It touches only what an
//! earlier apply recorded (`retired`) and what is asked for (`wanted`); what it finds right it
//! leaves alone, so a plan for a host that is as it should be has no steps. The order is that of
//! `networkStartNetworkVirtual` and `networkShutdownNetworkVirtual`. Nothing here touches the
//! machine; `host` observes and executes.

pub mod attach;
pub mod firewall;
pub mod handover;
pub mod link;
pub mod manager;
pub mod preflight;
pub mod refuse;
pub mod service;
mod setting;
pub mod step;
pub mod traffic;

pub use handover::{Handed, Libvirt, LibvirtNetwork};
pub use preflight::Facts;
pub use refuse::Refusal;
pub use step::{
    Carriage, Change, Command, Daemon, Deed, Direction, File, Impact, Kind, Process, Step,
};
pub use traffic::TrafficControl;

use handover::Handover;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::capture::{Capture, RuleTool, Variant};
use crate::firewall::{Family, Policy, Ruleset};
use crate::lower::{FirewallLayout, Ir, encode};
use crate::state::{Address, Route};
use crate::value::DeviceName;

/// What is to become of a host, as far as the networks go that are spoken of.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// What it is to hold.
    pub wanted: &'a Ir,
    /// What an earlier apply made it hold, of the same networks and of those that go.
    pub retired: &'a Ir,
    /// How that was done.
    pub before: Option<&'a Manner>,
    /// What uplinks held before they became ports.
    pub taken: &'a [Taken],
    /// Whether networks that libvirtd runs are taken over.
    pub take_over: bool,
    /// What was taken from libvirt and goes back to it.
    pub returned: &'a [Handed],
}

/// How networks are put onto a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manner {
    /// In which rules.
    pub firewall: FirewallManner,
    /// Who makes bridges.
    pub links: LinkManager,
}

/// In which rules networks are encoded, and who loads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FirewallManner {
    /// The encoding.
    pub layout: FirewallLayout,
    /// For iptables: whether it is the kernel's own tables that are used.
    pub legacy: bool,
}

/// Who makes bridges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkManager {
    /// `ip`: nobody else manages links.
    Iproute2,
    /// systemd-networkd.
    Networkd,
    /// NetworkManager.
    NetworkManager,
}

/// Who runs dnsmasq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Services {
    /// systemd, a unit a network.
    Systemd,
    /// Nobody: each runs by itself and is known by its pid file.
    Direct,
}

/// How it can be done on this host.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    /// In which rules.
    pub firewall: FirewallManner,
    /// Who makes bridges.
    pub links: LinkManager,
    /// Who runs dnsmasq.
    pub services: Services,
    /// What the kernel's traffic control can do.
    pub traffic: TrafficControl,
    /// Whether the kernel can keep ports apart by VLAN.
    pub vlan_filtering: bool,
    /// Whether firewalld runs, so that bridges belong into its zones.
    pub firewalld: bool,
}

/// What a host holds of what matters to a plan.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Devices, addresses, routes, settings, rules, limits.
    pub capture: Capture,
    /// Files by their paths, as far as there are such files.
    pub files: BTreeMap<String, String>,
    /// The configurations that a running dnsmasq was started with.
    pub running: BTreeSet<String>,
    /// Devices with an htb root.
    pub roots: BTreeSet<DeviceName>,
    /// Folders that TFTP is to serve and that are not there.
    pub missing: BTreeSet<String>,
    /// firewalld's zone of each device that has one.
    pub zones: BTreeMap<DeviceName, String>,
    /// The configurations of dnsmasq that lie in the folder of `apply`, of any network.
    pub configurations: BTreeSet<String>,
    /// What a dnsmasq that is to be started depends on.
    pub facts: Facts,
    /// The zones that firewalld has.
    pub known_zones: BTreeSet<String>,
    /// What libvirt has of the networks that are planned.
    pub libvirt: Libvirt,
}

/// What a physical port held before it became a port of a bridge.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Taken {
    /// The port.
    pub dev: DeviceName,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// The routes through it that had a gateway.
    pub routes: Vec<Route>,
}

/// Something that this host cannot do, and that the rest goes on without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Degraded {
    /// The device or network it concerns.
    pub object: String,
    /// What is missing, and what that means.
    pub message: String,
}

/// What has to be done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What this host cannot do.
    pub degraded: Vec<Degraded>,
    /// What uplinks hold that now lose it; to be recorded before anything is done.
    pub taken: Vec<Taken>,
    /// What is taken from libvirt; to be recorded before anything is done.
    pub handed: Vec<Handed>,
}

impl Plan {
    /// All that becomes different, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().flat_map(|step| &step.changes)
    }
}

/// The steps from what is there to what is wanted.
pub fn plan(wish: &Wish<'_>, observed: &Observed, means: &Means) -> Plan {
    let mut degraded = Vec::new();
    let mut links = match means.links {
        LinkManager::Iproute2 => link::links(wish, observed),
        LinkManager::Networkd | LinkManager::NetworkManager => link::Links::default(),
    };
    let taken = std::mem::take(&mut links.taken);
    let gateways = std::mem::take(&mut links.gateways);
    let managed = manager::managed(wish, observed, means);
    let (of_links, global) = setting::settings(wish, observed);
    let services = service::services(wish, observed, means);
    let handover = handover::steps(wish, observed);
    let traffic = traffic::traffic(wish, observed, means, &mut degraded);
    degraded.extend(service::missing_folders(wish, observed));
    if !means.vlan_filtering {
        links.filter.refuse(&mut degraded);
    }

    let mut steps = services.stop;
    steps.extend(links.down.step());
    steps.extend(links.make.step());
    if means.links == LinkManager::Iproute2 {
        steps.extend(of_links.clone());
    }
    let (ours, theirs) = rules(wish, observed, means);
    steps.extend(ours);
    steps.extend(managed.before);
    steps.extend(links.delete.step());
    steps.extend(links.filter.step());
    steps.extend(links.address.step());
    let reach = |gateway| Step::new(Vec::new(), Deed::Reach(gateway));
    steps.extend(gateways.into_iter().map(reach));
    steps.extend(managed.make);
    if means.links != LinkManager::Iproute2 {
        steps.extend(of_links);
    }
    steps.extend(manager::zones(wish, observed, means, &mut degraded));
    steps.extend(global);
    steps.extend(preflight::watchers(wish, observed));
    steps.extend(handover.services);
    steps.extend(services.start);
    steps.extend(traffic);
    steps.extend(theirs);
    steps.extend(handover.last);
    degraded.sort();
    degraded.dedup();
    Plan {
        steps,
        degraded,
        taken,
        handed: handover.handed,
    }
}

/// The rules that change: those of the encoding that is used, and those of another that was, be it
/// ours or libvirt's. What goes goes after what comes; what is libvirt's and stands apart from ours
/// goes when all else is done, so that it is there if anything fails before.
fn rules(wish: &Wish<'_>, observed: &Observed, means: &Means) -> (Vec<Step>, Vec<Step>) {
    let before = wish.before.map_or(means.firewall, |before| before.firewall);
    let mut ways = vec![
        Handover {
            manner: means.firewall,
            wanted: wish.wanted.policy.clone(),
            retired: Policy::default(),
        },
        Handover {
            manner: before,
            wanted: Policy::default(),
            retired: wish.retired.policy.clone(),
        },
    ];
    let (apart, beside): (Vec<Handover>, Vec<Handover>) = handover::rules(wish, observed)
        .into_iter()
        .partition(|way| way.manner != means.firewall && !way.retired.networks.is_empty());
    ways.extend(beside);
    let mut joined: Vec<Handover> = Vec::new();
    for way in ways {
        match joined.iter_mut().find(|each| each.manner == way.manner) {
            Some(same) => {
                same.wanted.networks.extend(way.wanted.networks);
                same.retired.networks.extend(way.retired.networks);
            }
            None => joined.push(way),
        }
    }
    joined.sort_by_key(|way| way.wanted.networks.is_empty());
    let load = |way: &Handover| load(&way.wanted, &way.retired, observed, way.manner);
    let first = joined.iter().flat_map(load).collect();
    (first, apart.iter().flat_map(load).collect())
}

fn load(
    wanted: &Policy,
    retired: &Policy,
    observed: &Observed,
    manner: FirewallManner,
) -> Vec<Step> {
    let wanted = encode(wanted, manner.layout);
    let retired = encode(retired, manner.layout);
    let tools = manner.tools();
    // Both families together: chains that one of them still needs stay in the other, too.
    let there = Ruleset {
        tables: tools
            .iter()
            .filter_map(|tool| ruleset(&observed.capture, *tool))
            .flat_map(|ruleset| ruleset.tables.iter().cloned())
            .collect(),
    };
    tools
        .into_iter()
        .filter_map(|tool| {
            let delta = match tool {
                RuleTool::Nft => firewall::nftables(&wanted, &retired, &there),
                RuleTool::Iptables(_, family) => {
                    firewall::iptables(&wanted, &retired, &there, family)
                }
            }?;
            let changes = delta.changes.into_iter().map(|change| {
                let object = match tool {
                    RuleTool::Nft => change.object,
                    RuleTool::Iptables(_, family) => of_family(family, &change.object),
                };
                Change::new(Kind::Firewall, object, change.action)
            });
            let (program, arguments) = loader(tool);
            let command = Command::reading(program, arguments, delta.text);
            Some(Step::new(changes.collect(), Deed::Run(vec![command])))
        })
        .collect()
}

/// Both families have chains of the same names.
fn of_family(family: Family, chain: &str) -> String {
    let tool = match family {
        Family::Ipv4 => "iptables",
        Family::Ipv6 => "ip6tables",
    };
    format!("{tool} {}", chain.strip_prefix("chain ").unwrap_or(chain))
}

/// The rules of this tool, if they were looked at.
fn ruleset(capture: &Capture, tool: RuleTool) -> Option<&Ruleset> {
    let matching = capture.rulesets.iter().find(|each| each.tool == tool);
    matching.map(|each| &each.ruleset)
}

impl FirewallManner {
    /// The tools that list and load these rules.
    pub fn tools(self) -> Vec<RuleTool> {
        let variant = match self.legacy {
            true => Variant::Legacy,
            false => Variant::Nft,
        };
        match self.layout {
            FirewallLayout::Iptables => [Family::Ipv4, Family::Ipv6]
                .map(|family| RuleTool::Iptables(variant, family))
                .to_vec(),
            FirewallLayout::Lanwright | FirewallLayout::LibvirtNftables => vec![RuleTool::Nft],
        }
    }
}

/// The program that loads rules for a tool, and its arguments.
pub fn loader(tool: RuleTool) -> (&'static str, &'static [&'static str]) {
    const NOFLUSH: &[&str] = &["--noflush", "--wait"];
    match tool {
        RuleTool::Nft => ("nft", &["-f", "-"]),
        RuleTool::Iptables(Variant::Legacy, Family::Ipv4) => ("iptables-legacy-restore", NOFLUSH),
        RuleTool::Iptables(Variant::Legacy, Family::Ipv6) => ("ip6tables-legacy-restore", NOFLUSH),
        RuleTool::Iptables(Variant::Nft, Family::Ipv4) => ("iptables-nft-restore", NOFLUSH),
        RuleTool::Iptables(Variant::Nft, Family::Ipv6) => ("ip6tables-nft-restore", NOFLUSH),
        RuleTool::Iptables(Variant::Unknown, Family::Ipv4) => ("iptables-restore", NOFLUSH),
        RuleTool::Iptables(Variant::Unknown, Family::Ipv6) => ("ip6tables-restore", NOFLUSH),
    }
}
