//! What a dnsmasq needs besides its files, looked at before anything is changed: the program, its
//! user, its ports, a way to watch files, a profile that lets it read.
//!
//! The facts are gathered only where a dnsmasq is to be started; where one runs there is nothing
//! to ask.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use super::step::{Change, Deed, Kind, Step};
use super::{Means, Observed, Refusal, Services, Wish};
use crate::backend::systemd::{DNSMASQ_UNIT, applied_dnsmasq};
use crate::state::Dnsmasq;
use crate::value::DeviceName;

/// The oldest dnsmasq that understands what is written (V170).
const OLDEST: (u32, u32) = (2, 67);

/// The kernel setting that limits how many programs of one user watch files.
const INSTANCES: [&str; 3] = ["fs", "inotify", "max_user_instances"];

/// What was found out about this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The program, if it was looked for.
    pub program: Option<Program>,
    /// Who listens on the ports of DNS and DHCP.
    pub listeners: Vec<Listener>,
    /// How many programs may watch files, if the kernel says so, and how many do.
    pub watchers: Option<Watchers>,
    /// The profile that confines dnsmasq, with what the administrator added to it.
    pub profile: Option<String>,
    /// The unit that starts a dnsmasq, and its text, where one is installed for good.
    pub unit: Option<(String, String)>,
}

/// The program dnsmasq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// It is not installed.
    Missing,
    /// It is there.
    There {
        /// Major and minor version, if it told.
        version: Option<(u32, u32)>,
        /// The user that it becomes, and whether there is one of that name.
        user: Option<(String, bool)>,
    },
}

/// A socket that waits for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its address; none for all addresses.
    pub address: Option<IpAddr>,
    /// The only device that it listens on, if it keeps to one.
    pub device: Option<String>,
    /// Its port.
    pub port: u16,
    /// The program, as far as that can be told.
    pub program: Option<String>,
}

/// Programs that watch files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watchers {
    /// How many there may be.
    pub limit: u64,
    /// How many there are.
    pub there: u64,
}

/// The services that are to be started.
pub fn starting<'a>(
    wish: &'a Wish<'_>,
    observed: &'a Observed,
) -> impl Iterator<Item = &'a Dnsmasq> {
    let services = wish.wanted.state.services.iter();
    services.filter(|service| {
        let conf = super::service::process(service).conf;
        !observed.running.contains(&conf)
    })
}

/// What forbids to start them, and what may be amiss.
pub fn refuse(wish: &Wish<'_>, observed: &Observed, means: &Means) -> (Vec<Refusal>, Vec<Refusal>) {
    let (mut refusals, mut warnings) = (Vec::new(), Vec::new());
    let services: Vec<&Dnsmasq> = starting(wish, observed).collect();
    if services.is_empty() {
        return (refusals, warnings);
    }
    let facts = &observed.facts;
    refusals.extend(facts.program.as_ref().and_then(program));
    for service in &services {
        refusals.extend(taken(service, wish, observed));
    }
    if let (Services::Systemd, Some((path, text))) = (means.services, &facts.unit) {
        refusals.extend(foreign_unit(path, text));
    }
    let profile = facts.profile.as_ref();
    warnings.extend(profile.and_then(|profile| confined(profile, &services)));
    (refusals, warnings)
}

fn program(program: &Program) -> Option<Refusal> {
    const INSTALL: &str = "apt install dnsmasq-base, or dnf install dnsmasq";
    match program {
        Program::Missing => Some(Refusal::new(
            "dnsmasq is not installed, and a network needs it for DHCP or DNS",
            INSTALL,
        )),
        Program::There {
            version: Some((major, minor)),
            ..
        } if (*major, *minor) < OLDEST => Some(Refusal::new(
            format!("dnsmasq is too old: it is {major}.{minor}"),
            format!("version {}.{} or a newer one is needed", OLDEST.0, OLDEST.1),
        )),
        Program::There {
            user: Some((user, false)),
            ..
        } => Some(Refusal::new(
            format!("dnsmasq becomes the user '{user}', and there is no such user"),
            format!("useradd --system --no-create-home --shell /usr/sbin/nologin {user}"),
        )),
        Program::There { .. } => None,
    }
}

/// A port that somebody else has on an address or on the device of a service.
fn taken(service: &Dnsmasq, wish: &Wish<'_>, observed: &Observed) -> Option<Refusal> {
    let link: &DeviceName = &service.link;
    let addresses: Vec<IpAddr> = wish
        .wanted
        .state
        .addresses
        .iter()
        .filter(|each| each.link == *link)
        .map(|each| each.address.addr())
        .collect();
    let needs = |port: u16| match port {
        53 => service.dns,
        67 => service.dhcp4.is_some(),
        _ => false,
    };
    let mut listeners = observed.facts.listeners.iter();
    let in_the_way = listeners.find(|each| {
        if is_going(each, link, wish, observed) {
            return false;
        }
        let device = each.device.as_ref();
        let here = device.is_none_or(|device| device == link.as_str());
        let address = each.address;
        needs(each.port) && here && address.is_none_or(|ip| addresses.contains(&ip))
    })?;
    let by = match &in_the_way.program {
        Some(program) => format!("'{program}'"),
        None => "another program".to_owned(),
    };
    let place = match in_the_way.address {
        Some(ip) => ip.to_string(),
        None => "all addresses".to_owned(),
    };
    let what = match in_the_way.port {
        67 => "DHCP",
        _ => "DNS",
    };
    let (network, port) = (&service.network, in_the_way.port);
    Some(Refusal::new(
        format!(
            "{by} listens on port {port} of {place}: dnsmasq of '{network}' cannot serve {what}"
        ),
        format!("stop it, or have it listen on other addresses: ss -lnptu 'sport = :{port}'"),
    ))
}

/// Whether a dnsmasq is stopped before the new one is started: that of a network of ours that goes
/// or changes its name, or libvirt's on a bridge that is taken over.
fn is_going(there: &Listener, link: &DeviceName, wish: &Wish<'_>, observed: &Observed) -> bool {
    if there
        .program
        .as_deref()
        .is_some_and(|program| program != "dnsmasq")
    {
        return false;
    }
    let retired = &wish.retired.state;
    let mut ours = retired.services.iter().filter(|service| {
        let conf = super::service::process(service).conf;
        observed.running.contains(&conf)
    });
    let of_ours = ours.any(|service| {
        let device = there.device.as_deref() == Some(service.link.as_str());
        let mut addresses = retired.addresses.iter();
        device
            || addresses
                .any(|each| each.link == service.link && Some(each.address.addr()) == there.address)
    });
    let mut theirs = observed.libvirt.networks.iter();
    let of_theirs = wish.take_over
        && theirs.any(|network| !network.dnsmasq.is_empty() && network.bridge() == Some(link));
    of_ours || of_theirs
}

/// A unit of that name that starts another dnsmasq than ours.
fn foreign_unit(path: &str, text: &str) -> Option<Refusal> {
    if text.contains("/run/lanwright/dnsmasq/%I.conf") {
        return None;
    }
    Some(Refusal::new(
        format!("{path} does not start dnsmasq from /run/lanwright: it is not a unit of apply"),
        "it is that of a compiled tree: disable lanwright.service and remove the units of the \
         tree, or go on without apply",
    ))
}

/// A profile of AppArmor that does not speak of our files.
fn confined(profile: &str, services: &[&Dnsmasq]) -> Option<Refusal> {
    if profile.contains("/lanwright/") {
        return None;
    }
    let mut lines = vec![
        "/run/lanwright/dnsmasq/* r,".to_owned(),
        "/run/lanwright/dnsmasq/*.pid rw,".to_owned(),
        "/var/lib/lanwright/dnsmasq/*.leases rw,".to_owned(),
    ];
    let roots = services.iter().flat_map(|service| &service.tftp_roots);
    lines.extend(roots.map(|root| format!("\"{root}/**\" r,")));
    lines.dedup();
    Some(Refusal::new(
        "AppArmor confines dnsmasq, and its profile does not speak of the files of lanwright",
        format!(
            "add to /etc/apparmor.d/local/usr.sbin.dnsmasq, then run \
             'apparmor_parser -r /etc/apparmor.d/usr.sbin.dnsmasq': {}",
            lines.join(" ")
        ),
    ))
}

/// The step that lets more programs watch files, where dnsmasq would otherwise not start.
pub(super) fn watchers(wish: &Wish<'_>, observed: &Observed) -> Option<Step> {
    let watchers = observed.facts.watchers?;
    let new = starting(wish, observed)
        .filter(|service| service.dns)
        .count();
    let needed = watchers.there.saturating_add(new as u64);
    if new == 0 || needed <= watchers.limit {
        return None;
    }
    // Some room for what comes next, and for others.
    let value = needed.saturating_add(64).next_power_of_two().to_string();
    let key = INSTANCES.map(str::to_owned).to_vec();
    let action = format!(
        "raise from {} to {value}: each dnsmasq watches files, and {needed} would",
        watchers.limit
    );
    Some(Step::new(
        vec![Change::new(Kind::Sysctl, key.join("/"), action)],
        Deed::Set(vec![(key, value)]),
    ))
}

/// Where `apply` puts the unit where none is installed; it is gone after a reboot.
pub fn runtime_unit() -> String {
    format!("/run/systemd/system/{DNSMASQ_UNIT}")
}

/// What that unit says.
pub fn unit_text() -> String {
    applied_dnsmasq()
}
