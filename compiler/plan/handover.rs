//! Networks that libvirtd runs or left behind, and how they change hands.
//!
//! libvirtd knows which networks run from its status files, and reads them when it starts; a bridge
//! that it does not know it leaves alone. So a network is taken from it like this: its rules and
//! its dnsmasq are replaced by ours, with the leases; then its status file goes and the daemon is
//! started anew, so that it forgets. `virsh net-destroy` would delete the bridge, and with it every
//! guest's connection. Given back is a network the other way round: the bridge stays, the status
//! file comes back, and libvirtd takes up what it finds (`networkUpdateState`,
//! `networkReloadFirewallRules`).

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::made;
use super::refuse::Refusal;
use super::step::{
    Carriage, Change, Command, Daemon, Deed, Direction, File, Impact, Kind, Process, Step,
};
use super::{FirewallManner, Observed, Wish};
use crate::backend::Layout;
use crate::backend::dnsmasq::Paths;
use crate::capture;
use crate::firewall::Policy;
use crate::lower::{self, FirewallLayout};
use crate::network::{Network, NetworkSet};
use crate::value::encode::xml_entities;
use crate::value::{DeviceName, NetworkName};

/// Where libvirtd keeps what it knows of running networks.
pub const STATUS: &str = "/run/libvirt/network";

/// Where libvirt's networks are defined.
pub const DEFINITIONS: &str = "/etc/libvirt/qemu/networks";

/// The ending of a status file that libvirtd does not look at any more.
const ASIDE: &str = ".lanwright";

/// libvirt on this host, as far as it has to do with the networks that are planned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Libvirt {
    /// Its networks that have the name or the bridge of one of ours.
    pub networks: Vec<LibvirtNetwork>,
    /// The daemon that runs its networks, if it does.
    pub daemon: Option<Daemon>,
    /// Whether it has a hook for networks.
    pub hook: bool,
    /// Whether the host resolves names of guests through its modules.
    pub resolves: bool,
}

/// A network of libvirt's.
#[derive(Clone, Debug, PartialEq)]
pub struct LibvirtNetwork {
    /// As it runs, or as it is defined.
    pub network: Network,
    /// The name of its files, without ending.
    pub stem: String,
    /// Its status file, or its definition where it does not run.
    pub text: String,
    /// Whether there is a status file: the network runs, whether libvirtd does or not.
    pub running: bool,
    /// Whether its status file is put aside already, but libvirtd was not made to forget.
    pub aside: bool,
    /// Whether libvirtd starts it when the host boots.
    pub autostart: bool,
    /// The command line of its dnsmasq, if that runs.
    pub dnsmasq: Vec<String>,
    /// In which rules libvirt puts it.
    pub firewall: FirewallManner,
}

impl LibvirtNetwork {
    /// The bridge that it is on.
    pub fn bridge(&self) -> Option<&DeviceName> {
        self.network.named_bridge()
    }

    /// Whether anything of it is there, so that it has to be taken over.
    pub fn is_held(&self, wish: &Wish<'_>, observed: &Observed) -> bool {
        let own = self.network.as_virtual().and_then(|_| self.bridge());
        let left = own.is_some_and(|bridge| {
            let ours = made(&wish.retired.state).any(|(link, _)| link.name == *bridge);
            !ours && observed.capture.device(bridge).is_some()
        });
        self.running || self.aside || !self.dnsmasq.is_empty() || left
    }

    fn files(&self) -> Files {
        Files::of(&self.network.name, &self.stem)
    }
}

/// What was taken from libvirt, so that it can be given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Handed {
    /// The name of its files, without ending.
    pub stem: String,
    /// Its status file, or its definition where libvirtd had left it.
    pub text: String,
    /// Whether there was a status file.
    pub running: bool,
    /// Whether libvirtd started it when the host booted.
    pub autostart: bool,
    /// The command line of its dnsmasq.
    pub dnsmasq: Vec<String>,
    /// In which rules libvirt puts it.
    pub firewall: FirewallManner,
}

impl Handed {
    /// The network; none if the record is damaged.
    pub fn network(&self) -> Option<Network> {
        capture::libvirt_network(&self.text)
    }

    /// Its status file as it comes back. libvirtd knows its rules of nft by their numbers, which
    /// are others when the rules were gone in the meantime: it must not remove by them.
    fn status(&self, wish: &Wish<'_>) -> String {
        let stayed = wish.before.map(|before| before.firewall) == Some(self.firewall);
        if self.firewall.layout == FirewallLayout::Iptables || stayed {
            return self.text.clone();
        }
        let record = self.text.split_once("<firewall");
        match record.and_then(|(start, rest)| Some((start, rest.split_once("</firewall>")?.1))) {
            Some((start, end)) => format!("{start}{end}"),
            None => self.text.clone(),
        }
    }
}

/// The files of a network of libvirt's.
struct Files {
    status: String,
    aside: String,
    autostart: String,
    definition: String,
    process: Process,
}

impl Files {
    fn of(name: &NetworkName, stem: &str) -> Self {
        let paths = Paths::new(name, Layout::Libvirt);
        let status = format!("{STATUS}/{stem}.xml");
        Files {
            aside: format!("{status}{ASIDE}"),
            status,
            autostart: format!("{DEFINITIONS}/autostart/{stem}.xml"),
            definition: format!("{DEFINITIONS}/{stem}.xml"),
            process: Process {
                pid_file: paths.pid,
                conf: paths.conf,
            },
        }
    }
}

/// The process that a network's dnsmasq of libvirt's is.
pub fn process(name: &NetworkName) -> Process {
    Files::of(name, &xml_entities(name.as_str())).process
}

/// The file that is put aside.
pub fn aside(stem: &str) -> String {
    format!("{STATUS}/{stem}.xml{ASIDE}")
}

/// The rules of networks that change hands: what libvirt's way is to hold of them, and what not.
pub(super) struct Handover {
    /// How libvirt rules.
    pub manner: FirewallManner,
    /// What it is to hold.
    pub wanted: Policy,
    /// What it is not to hold any more.
    pub retired: Policy,
}

/// The steps of networks that change hands.
#[derive(Default)]
pub(super) struct HandoverSteps {
    /// After our dnsmasq ended where it has to, before one of ours starts.
    pub services: Vec<Step>,
    /// When all else is done.
    pub last: Vec<Step>,
    /// What is taken.
    pub handed: Vec<Handed>,
}

/// The networks that are taken from libvirt now.
fn taken<'a>(wish: &Wish<'_>, observed: &'a Observed) -> impl Iterator<Item = &'a LibvirtNetwork> {
    let networks: &[LibvirtNetwork] = match wish.take_over {
        true => &observed.libvirt.networks,
        false => &[],
    };
    let names: BTreeSet<NetworkName> = named(wish);
    let bridges: BTreeSet<DeviceName> = bridges(wish);
    networks.iter().filter(move |each| {
        names.contains(&each.network.name)
            || each.bridge().is_some_and(|bridge| bridges.contains(bridge))
    })
}

fn named(wish: &Wish<'_>) -> BTreeSet<NetworkName> {
    let wanted = wish.wanted.state.networks.iter();
    wanted.map(|segment| segment.network.clone()).collect()
}

fn bridges(wish: &Wish<'_>) -> BTreeSet<DeviceName> {
    let wanted = wish.wanted.state.networks.iter();
    wanted.filter_map(|segment| segment.link.clone()).collect()
}

/// The bridges that go back to libvirt, which are not removed.
pub(super) fn returned(wish: &Wish<'_>) -> BTreeSet<DeviceName> {
    let networks = wish.returned.iter().filter_map(Handed::network);
    networks
        .filter_map(|network| network.named_bridge().cloned())
        .collect()
}

/// Rules in libvirt's way: they go with a network that is taken, and come, or stay, with one that
/// is given back, for nobody knows when libvirtd makes them.
pub(super) fn rules(wish: &Wish<'_>, observed: &Observed) -> Vec<Handover> {
    let mut all = Vec::new();
    for each in taken(wish, observed) {
        all.push(Handover {
            manner: each.firewall,
            wanted: Policy::default(),
            retired: policy(each.network.clone()),
        });
    }
    for each in wish.returned {
        if let Some(network) = each.network() {
            all.push(Handover {
                manner: each.firewall,
                wanted: policy(network),
                retired: Policy::default(),
            });
        }
    }
    all
}

fn policy(network: Network) -> Policy {
    let set = NetworkSet::new(vec![network]).unwrap_or_default();
    lower::policy::policy(&set)
}

/// The steps that take networks from libvirt, and that give others back.
pub(super) fn steps(wish: &Wish<'_>, observed: &Observed) -> HandoverSteps {
    let mut steps = HandoverSteps::default();
    let mut restart = Vec::new();
    for each in taken(wish, observed) {
        if each.is_held(wish, observed) {
            take(each, wish, observed, &mut steps);
        }
        forget(each, observed, &mut steps, &mut restart);
    }
    for each in wish.returned {
        if let Some(network) = each.network() {
            give_back(each, &network, (wish, observed), &mut steps, &mut restart);
        }
    }
    let daemon = observed.libvirt.daemon.as_ref();
    if let Some(step) = daemon.filter(|_| !restart.is_empty()).map(start_anew) {
        steps.last.push(step);
    }
    // Only when the daemon forgot the record is over.
    let aside: Vec<String> = restart.into_iter().flatten().collect();
    if !aside.is_empty() {
        steps.last.push(Step::new(Vec::new(), Deed::Remove(aside)));
    }
    steps
}

fn take(each: &LibvirtNetwork, wish: &Wish<'_>, observed: &Observed, steps: &mut HandoverSteps) {
    let name = &each.network.name;
    steps.handed.push(Handed {
        stem: each.stem.clone(),
        text: each.text.clone(),
        running: each.running || each.aside,
        autostart: each.autostart,
        dnsmasq: each.dnsmasq.clone(),
        firewall: each.firewall,
    });
    if !each.dnsmasq.is_empty() {
        let change = Change::new(Kind::Service, name.as_str(), "stop libvirt's dnsmasq");
        steps.services.push(Step::new(
            vec![change.with(Impact::Restart)],
            Deed::Stop(vec![each.files().process]),
        ));
    }
    let services = wish.wanted.state.services.iter();
    let serving = services.filter(|service| Some(&service.link) == each.bridge());
    for service in serving.filter(|service| service.dhcp4.is_some() || service.dhcp6.is_some()) {
        let paths = Paths::new(&service.network, Layout::Applied);
        // One that runs has them in its memory.
        if let (Some(leases), false) = (paths.leases, observed.running.contains(&paths.conf)) {
            let change = Change::new(Kind::Service, service.network.as_str(), "take over leases");
            let carriage = Carriage {
                status: status_of_leases(&service.link),
                leases,
                direction: Direction::FromLibvirt,
            };
            let step = Step::new(vec![change], Deed::Carry(vec![carriage]));
            steps.services.push(step);
        }
    }
}

fn status_of_leases(bridge: &DeviceName) -> String {
    format!("/var/lib/libvirt/dnsmasq/{bridge}.status")
}

/// libvirtd is made to forget: the files go first, so that it cannot read them again.
fn forget(
    each: &LibvirtNetwork,
    observed: &Observed,
    steps: &mut HandoverSteps,
    restart: &mut Vec<Option<String>>,
) {
    let (name, files) = (each.network.name.as_str(), each.files());
    if each.autostart {
        let change = Change::new(Kind::File, files.autostart.as_str(), "remove");
        let step = Step::new(vec![change], Deed::Remove(vec![files.autostart]));
        steps.last.push(step);
    }
    if !each.running && !each.aside {
        return;
    }
    let words = match observed.libvirt.daemon {
        Some(_) => "make libvirtd forget that it runs",
        None => "remove what libvirtd left of it",
    };
    let change = Change::new(Kind::Service, name, words);
    let names = vec![(files.status, files.aside.clone())];
    let step = Step::new(vec![change], Deed::Rename(names));
    steps.last.push(step);
    restart.push(Some(files.aside));
}

fn start_anew(daemon: &Daemon) -> Step {
    let change = |words: &str| {
        let change = Change::new(Kind::Service, daemon.program.as_str(), words);
        vec![change.with(Impact::Restart)]
    };
    match &daemon.unit {
        Some(unit) => Step::new(
            change("restart; guests run on"),
            Deed::Run(vec![Command::new("systemctl", &["restart", unit])]),
        ),
        None => Step::new(
            change("end it, guests run on; to be started again by whoever started it"),
            Deed::End(daemon.clone()),
        ),
    }
}

fn give_back(
    each: &Handed,
    network: &Network,
    (wish, observed): (&Wish<'_>, &Observed),
    steps: &mut HandoverSteps,
    restart: &mut Vec<Option<String>>,
) {
    let files = Files::of(&network.name, &each.stem);
    let name = network.name.as_str();
    let mut there = observed.libvirt.networks.iter();
    let there = there.find(|there| there.network.name == network.name);
    let bridge = network.named_bridge();
    if there.is_none_or(|there| there.dnsmasq.is_empty()) && !each.dnsmasq.is_empty() {
        let leases = Paths::new(&network.name, Layout::Applied).leases;
        if let (Some(bridge), Some(leases)) = (bridge, leases) {
            let carriage = Carriage {
                status: status_of_leases(bridge),
                leases,
                direction: Direction::ToLibvirt,
            };
            let change = Change::new(Kind::Service, name, "give libvirt the leases");
            let step = Step::new(vec![change], Deed::Carry(vec![carriage]));
            steps.services.push(step);
            let mut command = Command::new("env", &[&format!("VIR_BRIDGE_NAME={bridge}")]);
            command.arguments.extend(each.dnsmasq.iter().cloned());
            let change = Change::new(Kind::Service, name, "start libvirt's dnsmasq");
            let step = Step::new(vec![change], Deed::Run(vec![command]));
            steps.services.push(step);
        }
    }
    if each.autostart && there.is_none_or(|there| !there.autostart) {
        let change = Change::new(Kind::File, files.autostart.as_str(), "link");
        let link = (files.autostart, files.definition);
        steps
            .last
            .push(Step::new(vec![change], Deed::Link(vec![link])));
    }
    if each.running && there.is_none_or(|there| !there.running) {
        let change = Change::new(Kind::File, files.status.as_str(), "write");
        let file = File {
            path: files.status,
            text: each.status(wish),
            before: None,
            mode: 0o600,
        };
        let step = Step::new(vec![change], Deed::Write(vec![file]));
        steps.last.push(step);
        restart.push(there.filter(|there| there.aside).map(|_| files.aside));
    }
}

/// Whether a bridge is libvirt's, by its files.
pub(super) fn is_of_libvirt(bridge: &DeviceName, observed: &Observed) -> bool {
    let mut networks = observed.libvirt.networks.iter();
    networks.any(|each| each.network.as_virtual().is_some() && each.bridge() == Some(bridge))
}

/// What libvirt runs or left behind is not touched unless that is asked for; if it is, it is said
/// what ends with it.
pub(super) fn refuse(
    wish: &Wish<'_>,
    observed: &Observed,
    refusals: &mut Vec<Refusal>,
    warnings: &mut Vec<Refusal>,
) {
    for each in &observed.libvirt.networks {
        match (each.is_held(wish, observed), wish.take_over) {
            (true, false) => refusals.push(in_the_way(each, observed)),
            (true, true) => {
                refusals.extend(elsewhere(each, wish));
                warnings.extend(ends(each, observed));
            }
            (false, false) if each.autostart => warnings.push(Refusal::new(
                format!(
                    "libvirtd starts its network '{}' when the host boots",
                    each.network.name
                ),
                format!("virsh net-autostart --disable {}", each.network.name),
            )),
            (false, _) => {}
        }
    }
}

fn in_the_way(each: &LibvirtNetwork, observed: &Observed) -> Refusal {
    let name = &each.network.name;
    let bridge = match each.bridge() {
        Some(bridge) => format!(" on '{bridge}'"),
        None => String::new(),
    };
    let what = match &observed.libvirt.daemon {
        Some(daemon) if each.running => {
            format!("{} runs the network '{name}'{bridge}", daemon.program)
        }
        Some(_) | None => format!("the network '{name}'{bridge} was left by libvirtd"),
    };
    let mut help = "--take-over takes it from libvirt; guests stay connected".to_owned();
    if each.running && observed.libvirt.daemon.is_some() {
        help.push_str(&format!(
            " ('virsh net-destroy {name}' would end it and drop them)"
        ));
    }
    Refusal::new(what, help)
}

/// Guests stay where they are, so the bridge has to be the same one.
fn elsewhere(each: &LibvirtNetwork, wish: &Wish<'_>) -> Option<Refusal> {
    let bridge = each.bridge()?;
    let mut wanted = wish.wanted.state.networks.iter();
    let other = wanted.find(|segment| {
        segment.network == each.network.name && segment.link.as_ref() != Some(bridge)
    })?;
    let name = &each.network.name;
    let ours = other.link.as_ref().map_or("no bridge", DeviceName::as_str);
    Some(Refusal::new(
        format!("libvirt runs '{name}' on '{bridge}', where its guests are, and not on '{ours}'"),
        format!("name that bridge: <bridge name='{bridge}'/>"),
    ))
}

/// What a network had from libvirt that nobody does any more.
fn ends(each: &LibvirtNetwork, observed: &Observed) -> Vec<Refusal> {
    let (name, libvirt) = (&each.network.name, &observed.libvirt);
    let mut told = Vec::new();
    let mut tell = |message: String, help: String| told.push(Refusal::new(message, help));
    if each.running || each.autostart {
        let bridge = each.bridge().map_or("BRIDGE", DeviceName::as_str);
        tell(
            format!(
                "to libvirt '{name}' is stopped from now on and not started at boot: guests run \
                 on, but one that names the network does not start again"
            ),
            format!(
                "in the guest: <interface type='bridge'><source bridge='{bridge}'/>; at boot: \
                 lanwright boot enable"
            ),
        );
    }
    if libvirt.hook {
        tell(
            format!("libvirt's hook for networks is not run for '{name}' any more"),
            "what /etc/libvirt/hooks does for it has to be done elsewhere".to_owned(),
        );
    }
    if libvirt.resolves {
        tell(
            format!("the host does not find guests of '{name}' through libvirt's NSS modules"),
            "ask its dnsmasq for their names".to_owned(),
        );
    }
    if let Some(daemon) = libvirt
        .daemon
        .as_ref()
        .filter(|daemon| daemon.unit.is_none())
    {
        tell(
            format!("{} is ended, as systemd does not manage it", daemon.program),
            "start it again as it was started; guests run on".to_owned(),
        );
    }
    told
}
