//! systemd units that bring the tree up at boot, from `/etc/lanwright`, with the real tools only.
//!
//! The firewall first, then each bridge, then their settings, then rate limits and each dnsmasq.
//! A bridge or a dnsmasq is an instance of a template unit, so that one that fails is alone.
//! `lanwright.service` wants all of them and is all that is enabled.

pub mod boot;

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Layout, Output, iproute2, sysctl};
use crate::template;
use crate::value::encode::{file_stem, unit_instance};

static MAIN: Template = template!("systemd.main.j2");
static FIREWALL: Template = template!("systemd.firewall.j2");
static TRAFFIC: Template = template!("systemd.traffic.j2");
static LINK: Template = template!("systemd.link.j2");
static DNSMASQ: Template = template!("systemd.dnsmasq.j2");

/// The batch files of `iproute2` that are not one network's, in the order in which they are
/// loaded, and the tool that loads them.
const SHARED: [(&str, &str); 3] = [
    ("iproute2/bridge.batch", "ip"),
    ("iproute2/tc.batch", "tc"),
    ("iproute2/checksum.batch", "tc"),
];

/// The template unit of every dnsmasq that has systemd.
pub const DNSMASQ_UNIT: &str = "lanwright-dnsmasq@.service";

/// What the units are made of.
#[derive(Serialize)]
struct View {
    folder: String,
    applied: bool,
    firewall: bool,
    links: Vec<String>,
    services: Vec<String>,
    sysctl: bool,
    batches: Vec<String>,
}

/// The units, if there is anything to bring up.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let view = View::new(compiled);
    let (links, services) = (!view.links.is_empty(), !view.services.is_empty());
    let traffic = !view.batches.is_empty();
    let any = view.firewall || view.sysctl || links || services || traffic;
    let units = [
        ("lanwright.service", &MAIN, any),
        ("lanwright-firewall.service", &FIREWALL, view.firewall),
        ("lanwright-link@.service", &LINK, links),
        ("lanwright-traffic.service", &TRAFFIC, traffic),
        (DNSMASQ_UNIT, &DNSMASQ, services),
    ];
    let needed = units.into_iter().filter(|(_, _, needed)| *needed);
    Output {
        artifacts: needed
            .map(|(name, template, _)| unit(name, template.render(&view)))
            .collect(),
        limits: Vec::new(),
    }
}

/// The unit of every dnsmasq that `apply` starts: its configuration lies in `/run/lanwright`.
pub fn applied_dnsmasq() -> String {
    DNSMASQ.render(&Applied {
        folder: "/run/lanwright".to_owned(),
        applied: true,
    })
}

/// What the unit of `apply` is made of.
#[derive(Serialize)]
struct Applied {
    folder: String,
    applied: bool,
}

fn unit(name: &str, text: String) -> Artifact {
    Artifact::file(format!("systemd/{name}"), text)
}

impl View {
    fn new(compiled: &Compiled<'_>) -> Self {
        let files = iproute2::paths(compiled);
        let links = files.iter().filter_map(|file| network_stem(file));
        let batches = SHARED
            .iter()
            .filter(|(path, _)| files.iter().any(|file| file == path));
        // What is laid out for libvirt is libvirt's to start.
        let ours = compiled.layout == Layout::Native;
        let services = compiled.state.services.iter().filter(|_| ours);
        View {
            folder: "/etc/lanwright".to_owned(),
            applied: false,
            firewall: !compiled.policy.networks.is_empty(),
            links: links
                .map(|stem| format!("lanwright-link@{}.service", unit_instance(stem)))
                .collect(),
            services: services
                .map(|service| dnsmasq_unit(&file_stem(service.network.as_str())))
                .collect(),
            sysctl: sysctl::is_needed(compiled),
            batches: batches
                .map(|(path, tool)| format!("{tool} -force -batch /etc/lanwright/{path}"))
                .collect(),
        }
    }
}

/// The unit of the dnsmasq whose configuration has this file stem.
fn dnsmasq_unit(stem: &str) -> String {
    format!("lanwright-dnsmasq@{}.service", unit_instance(stem))
}

/// The stem of a batch file that is one network's.
fn network_stem(path: &str) -> Option<&str> {
    if SHARED.iter().any(|(shared, _)| *shared == path) {
        return None;
    }
    path.strip_prefix("iproute2/")?.strip_suffix(".batch")
}
