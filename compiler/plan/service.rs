//! dnsmasq: files, and the processes that use them.
//!
//! Where only reserved hosts or fixed names changed it reads them again; where its configuration
//! changed it is started anew. Leases are kept when it goes, as libvirt keeps them.

use std::collections::HashSet;

use super::preflight::{runtime_unit, starting, unit_text};
use super::step::{Change, Command, Deed, File, Impact, Kind, Process, Step};
use super::{Degraded, Means, Observed, Services, Wish};
use crate::backend::dnsmasq::{self, Paths};
use crate::backend::{Compiled, Layout};
use crate::state::Dnsmasq;
use crate::value::encode::{file_stem, unit_instance};

/// The steps for services: what ends before links go, and what begins when they are there.
#[derive(Debug, Default)]
pub(super) struct ServiceSteps {
    /// Services that go end.
    pub stop: Vec<Step>,
    /// Files, then processes.
    pub start: Vec<Step>,
}

/// A folder of TFTP that is missing is no reason to give no addresses; it is named (see
/// [`missing_folders`]).
const NO_FAIL: &str = "--tftp-no-fail";

/// What has to happen to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Start,
    Restart,
    Reload,
}

/// The paths of the files that the plan looks at, of the services that are wanted or go.
pub fn files(wish: &Wish<'_>) -> Vec<String> {
    let states = [&wish.wanted.state, &wish.retired.state];
    let services = states.into_iter().flat_map(|state| &state.services);
    let mut paths: Vec<String> = services
        .flat_map(|service| {
            let paths = Paths::new(&service.network, Layout::Applied);
            [paths.conf, paths.hosts, paths.names]
        })
        .collect();
    paths.push(runtime_unit());
    paths.sort();
    paths.dedup();
    paths
}

/// The processes that the plan looks at.
pub fn processes(wish: &Wish<'_>) -> Vec<Process> {
    let states = [&wish.wanted.state, &wish.retired.state];
    let services = states.into_iter().flat_map(|state| &state.services);
    services.map(process).collect()
}

pub(super) fn process(service: &Dnsmasq) -> Process {
    let paths = Paths::new(&service.network, Layout::Applied);
    Process {
        pid_file: paths.pid,
        conf: paths.conf,
    }
}

/// The folders that TFTP is to serve.
pub fn folders(wish: &Wish<'_>) -> Vec<String> {
    let services = wish.wanted.state.services.iter();
    let roots = services.flat_map(|service| &service.tftp_roots);
    roots.map(ToString::to_string).collect()
}

/// The folders among them that are not there.
pub(super) fn missing_folders(wish: &Wish<'_>, observed: &Observed) -> Vec<Degraded> {
    let services = wish.wanted.state.services.iter();
    let missing = services.flat_map(|service| {
        let roots = service.tftp_roots.iter().map(ToString::to_string);
        let missing = roots.filter(|root| observed.missing.contains(root));
        missing.map(|root| Degraded {
            object: service.network.to_string(),
            message: format!("the folder {root} is not there: nothing is served by TFTP from it"),
        })
    });
    missing.collect()
}

/// What has to be done about services.
pub(super) fn services(wish: &Wish<'_>, observed: &Observed, means: &Means) -> ServiceSteps {
    let mut steps = ServiceSteps::default();
    let wanted: HashSet<_> = wish
        .wanted
        .state
        .services
        .iter()
        .map(|each| &each.network)
        .collect();
    let gone = wish.retired.state.services.iter();
    let gone: Vec<&Dnsmasq> = gone
        .filter(|each| !wanted.contains(&each.network))
        .collect();
    steps.stop = stop(&gone, observed, means);
    if wanted.is_empty() {
        steps.stop.extend(remove_unit(&gone, observed));
    }
    steps.start = start(wish, observed, means);
    steps
}

fn stop(gone: &[&Dnsmasq], observed: &Observed, means: &Means) -> Vec<Step> {
    let running: Vec<&Dnsmasq> = gone
        .iter()
        .copied()
        .filter(|service| observed.running.contains(&process(service).conf))
        .collect();
    let mut steps = Vec::new();
    if !running.is_empty() {
        let change = |service: &&Dnsmasq| {
            let change = Change::new(Kind::Service, service.network.as_str(), "stop dnsmasq");
            change.with(Impact::Disruptive)
        };
        let changes = running.iter().map(change).collect();
        let deed = match means.services {
            Services::Systemd => systemctl("stop", &running),
            Services::Direct => Deed::Stop(running.iter().map(|each| process(each)).collect()),
        };
        steps.push(Step::new(changes, deed));
    }
    let files: Vec<String> = gone
        .iter()
        .flat_map(|service| {
            let paths = Paths::new(&service.network, Layout::Applied);
            [paths.conf, paths.hosts, paths.names]
        })
        .filter(|path| observed.files.contains_key(path))
        .collect();
    if !files.is_empty() {
        let changes = files
            .iter()
            .map(|path| Change::new(Kind::File, path, "remove"));
        steps.push(Step::new(changes.collect(), Deed::Remove(files.clone())));
    }
    steps
}

/// The unit goes with the last network that used it.
fn remove_unit(gone: &[&Dnsmasq], observed: &Observed) -> Vec<Step> {
    let gone: HashSet<String> = gone.iter().map(|each| process(each).conf).collect();
    let others = observed.configurations.iter();
    let used = others.into_iter().any(|conf| !gone.contains(conf));
    if gone.is_empty() || used || !observed.files.contains_key(&runtime_unit()) {
        return Vec::new();
    }
    let change = Change::new(Kind::File, runtime_unit(), "remove");
    vec![
        Step::new(vec![change], Deed::Remove(vec![runtime_unit()])),
        Step::new(Vec::new(), reread_units()),
    ]
}

/// The unit that starts each dnsmasq, where none is installed.
fn write_unit(wish: &Wish<'_>, observed: &Observed, means: &Means) -> Vec<Step> {
    let before = observed.files.get(&runtime_unit());
    let file = File {
        path: runtime_unit(),
        text: unit_text(),
        before: before.cloned(),
        mode: 0o644,
    };
    let needed = means.services == Services::Systemd && starting(wish, observed).next().is_some();
    if !needed || observed.facts.unit.is_some() || file.before.as_ref() == Some(&file.text) {
        return Vec::new();
    }
    let change = Change::new(Kind::File, runtime_unit(), "write");
    vec![
        Step::new(vec![change], Deed::Write(vec![file])),
        Step::new(Vec::new(), reread_units()),
    ]
}

fn reread_units() -> Deed {
    Deed::Run(vec![Command::new("systemctl", &["daemon-reload"])])
}

fn start(wish: &Wish<'_>, observed: &Observed, means: &Means) -> Vec<Step> {
    let compiled = Compiled {
        state: &wish.wanted.state,
        policy: &wish.wanted.policy,
        layout: Layout::Applied,
    };
    let artifacts = dnsmasq::emit(&compiled).artifacts;
    let files: Vec<File> = artifacts
        .into_iter()
        .map(|artifact| {
            let path = format!("/run/lanwright/{}", artifact.path);
            File {
                before: observed.files.get(&path).cloned(),
                path,
                text: artifact.text,
                mode: artifact.mode,
            }
        })
        .filter(|file| file.before.as_ref() != Some(&file.text))
        .collect();
    let differing: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let needs: Vec<(&Dnsmasq, Need)> = wish
        .wanted
        .state
        .services
        .iter()
        .filter_map(|service| Some((service, need(service, &differing, observed)?)))
        .collect();
    let mut steps = Vec::new();
    if !files.is_empty() {
        let changes = files.iter().map(|file| {
            let action = match file.before {
                Some(_) => "rewrite",
                None => "write",
            };
            Change::new(Kind::File, file.path.as_str(), action)
        });
        steps.push(Step::new(changes.collect(), Deed::Write(files.clone())));
    }
    steps.extend(write_unit(wish, observed, means));
    steps.extend(act(&needs, means));
    steps
}

fn need(service: &Dnsmasq, differing: &HashSet<&str>, observed: &Observed) -> Option<Need> {
    let paths = Paths::new(&service.network, Layout::Applied);
    let differs = |path: &String| differing.contains(path.as_str());
    if !observed.running.contains(&paths.conf) {
        return Some(Need::Start);
    }
    if differs(&paths.conf) {
        return Some(Need::Restart);
    }
    (differs(&paths.hosts) || differs(&paths.names)).then_some(Need::Reload)
}

/// The steps that bring the processes to what they need.
fn act(needs: &[(&Dnsmasq, Need)], means: &Means) -> Vec<Step> {
    let of = |need: Need| -> Vec<&Dnsmasq> {
        let matching = needs.iter().filter(|(_, each)| *each == need);
        matching.map(|(service, _)| *service).collect()
    };
    let mut steps = Vec::new();
    let reload = of(Need::Reload);
    if !reload.is_empty() {
        let deed = match means.services {
            Services::Systemd => systemctl("reload", &reload),
            Services::Direct => Deed::Reload(reload.iter().map(|each| process(each)).collect()),
        };
        steps.push(Step::new(
            changes(&reload, "reload dnsmasq", Impact::Reload),
            deed,
        ));
    }
    let restart = of(Need::Restart);
    if !restart.is_empty() {
        let told = changes(&restart, "restart dnsmasq", Impact::Restart);
        match means.services {
            Services::Systemd => steps.push(Step::new(told, systemctl("restart", &restart))),
            Services::Direct => {
                let stopped = restart.iter().map(|each| process(each)).collect();
                steps.push(Step::new(Vec::new(), Deed::Stop(stopped)));
                steps.push(Step::new(told, run(&restart)));
            }
        }
    }
    let start = of(Need::Start);
    if !start.is_empty() {
        let deed = match means.services {
            // What failed before is started all the same.
            Services::Systemd => systemctl("restart", &start),
            Services::Direct => {
                let folders = ["/run/lanwright/dnsmasq", "/var/lib/lanwright/dnsmasq"];
                let folders = folders.map(str::to_owned).to_vec();
                steps.push(Step::new(Vec::new(), Deed::Folder(folders)));
                run(&start)
            }
        };
        steps.push(Step::new(
            changes(&start, "start dnsmasq", Impact::InPlace),
            deed,
        ));
    }
    steps
}

fn changes(services: &[&Dnsmasq], action: &str, impact: Impact) -> Vec<Change> {
    let change = |service: &&Dnsmasq| {
        Change::new(Kind::Service, service.network.as_str(), action).with(impact)
    };
    services.iter().map(change).collect()
}

fn run(services: &[&Dnsmasq]) -> Deed {
    let command = |service: &&Dnsmasq| {
        let conf = format!("--conf-file={}", process(service).conf);
        Command::new("dnsmasq", &[&conf, NO_FAIL])
    };
    Deed::Run(services.iter().map(command).collect())
}

fn systemctl(verb: &str, services: &[&Dnsmasq]) -> Deed {
    let mut command = Command::new("systemctl", &[verb]);
    command
        .arguments
        .extend(services.iter().map(|service| unit(service)));
    Deed::Run(vec![command])
}

/// The unit of a network's dnsmasq.
pub fn unit(service: &Dnsmasq) -> String {
    let stem = file_stem(service.network.as_str());
    format!("lanwright-dnsmasq@{}.service", unit_instance(&stem))
}
