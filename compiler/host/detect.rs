//! How things are done on this host: which firewall, which link manager, what the kernel can.

use std::fs;
use std::path::Path;
use std::thread;

use super::run;
use crate::firewall::Policy;
use crate::lower::{FirewallLayout, Ir};
use crate::plan::{FirewallManner, LinkManager, Manner, Means, Services, TrafficControl};
use crate::state::{Bridge, LinkKind};

/// What was asked for on the command line; the rest is by what is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The encoding of the rules.
    pub firewall: Option<FirewallLayout>,
    /// Who makes bridges.
    pub links: Option<LinkManager>,
}

/// How it is to be done: as asked, else as before, else by what is there.
pub fn manner(asked: Asked, before: Option<Manner>) -> Manner {
    let firewall = match (asked.firewall, before) {
        (Some(layout), Some(before)) if before.firewall.layout == layout => before.firewall,
        (Some(layout), _) => FirewallManner {
            layout,
            legacy: layout == FirewallLayout::Iptables && legacy(),
        },
        (None, Some(before)) => before.firewall,
        (None, None) => default_firewall(),
    };
    let links = asked.links.or(before.map(|before| before.links));
    Manner {
        firewall,
        links: links.unwrap_or_else(default_links),
    }
}

/// Where FORWARD drops, an accept in another table changes nothing: then the rules have to stand
/// in the same table.
fn default_firewall() -> FirewallManner {
    for (program, legacy) in [("iptables-nft-save", false), ("iptables-legacy-save", true)] {
        // Asking the older one would load its tables.
        if legacy && !legacy_is_loaded() {
            continue;
        }
        if forward_drops(program) {
            return FirewallManner {
                layout: FirewallLayout::Iptables,
                legacy,
            };
        }
    }
    match run::find("nft") {
        Some(_) => FirewallManner {
            layout: FirewallLayout::Lanwright,
            legacy: false,
        },
        None => FirewallManner {
            layout: FirewallLayout::Iptables,
            legacy: legacy(),
        },
    }
}

/// Whether `FORWARD` ends in a drop: by its policy, or by a last rule without a condition.
fn forward_drops(save: &str) -> bool {
    let Ok(printed) = run::output(save, &["-t", "filter"]) else {
        return false;
    };
    let text = String::from_utf8_lossy(&printed);
    let policy = text.lines().any(|line| line.starts_with(":FORWARD DROP"));
    let last = text.lines().rfind(|line| line.starts_with("-A FORWARD "));
    let refuses = ["-A FORWARD -j DROP", "-A FORWARD -j REJECT"];
    policy || last.is_some_and(|last| refuses.iter().any(|rule| last.starts_with(rule)))
}

/// Whether the kernel's own tables hold a chain of this name.
pub fn legacy_holds(chain: &str) -> bool {
    let printed = match legacy_is_loaded() {
        true => run::output("iptables-legacy-save", &["-t", "filter"]).unwrap_or_default(),
        false => Vec::new(),
    };
    let text = String::from_utf8_lossy(&printed);
    text.lines()
        .any(|line| line.starts_with(&format!(":{chain} ")))
}

/// Whether the kernel's own tables of iptables are in use.
pub fn legacy_is_loaded() -> bool {
    let tables = fs::read_to_string("/proc/net/ip_tables_names").unwrap_or_default();
    !tables.trim().is_empty()
}

/// Whether iptables here means the kernel's own tables: where they are in use, or where there is
/// no other.
fn legacy() -> bool {
    if run::find("iptables-nft-restore").is_none() {
        return true;
    }
    if legacy_is_loaded() {
        return true;
    }
    let version = run::output("iptables", &["--version"]).unwrap_or_default();
    String::from_utf8_lossy(&version).contains("(legacy)")
}

/// Whoever runs.
fn default_links() -> LinkManager {
    if !runs_systemd() {
        return LinkManager::Iproute2;
    }
    let active = |unit: &str| run::output("systemctl", &["is-active", "--quiet", unit]).is_ok();
    if active("systemd-networkd.service") {
        LinkManager::Networkd
    } else if active("NetworkManager.service") {
        LinkManager::NetworkManager
    } else {
        LinkManager::Iproute2
    }
}

/// Whether systemd manages this machine, and this network namespace is the machine's own.
pub fn runs_systemd() -> bool {
    let here = fs::read_link("/proc/self/ns/net").ok();
    let first = fs::read_link("/proc/1/ns/net").ok();
    Path::new("/run/systemd/system").is_dir() && here == first
}

/// What can be done here, as far as `wanted` needs it.
pub fn means(manner: Manner, wanted: &Ir) -> Means {
    let checksums = manner.firewall.layout != FirewallLayout::Iptables && fills(&wanted.policy);
    let limits = !wanted.state.shaping.is_empty();
    let traffic = match limits || checksums {
        true => traffic_control(limits),
        false => TrafficControl::default(),
    };
    let filters = wanted.state.links.iter().any(|link| match &link.kind {
        LinkKind::Bridge(Bridge { vlan_filtering, .. })
        | LinkKind::ExistingBridge { vlan_filtering } => *vlan_filtering,
    });
    Means {
        firewall: manner.firewall,
        links: manner.links,
        services: match runs_systemd() {
            true => Services::Systemd,
            false => Services::Direct,
        },
        traffic,
        vlan_filtering: !filters || vlan_filtering(),
        firewalld: firewalld(),
    }
}

/// Whether the kernel can keep the ports of a bridge apart by VLAN.
pub(super) fn vlan_filtering() -> bool {
    probe("ip", "link add name probe0 type bridge vlan_filtering 1\n")
}

fn fills(policy: &Policy) -> bool {
    policy.networks.iter().any(|network| network.dhcp_checksum)
}

/// Whether firewalld runs in this namespace's reach.
pub fn firewalld() -> bool {
    Path::new("/run/firewalld.pid").exists() && run::output("firewall-cmd", &["--state"]).is_ok()
}

/// Each part that is needed is tried in a network namespace of its own, on its loopback device:
/// those for limits only where there are limits.
pub(super) fn traffic_control(limits: bool) -> TrafficControl {
    const ROOT: &str = "qdisc add dev lo root handle 1: htb default 2\n";
    let with_root = |line: &str| probe("tc", &format!("{ROOT}{line}\n"));
    let ingress = |line: &str| probe("tc", &format!("qdisc add dev lo ingress\n{line}\n"));
    let police = "filter add dev lo parent ffff: protocol all u32 match u32 0 0 \
                  police rate 1kbps burst 1kb mtu 64kb drop flowid :1";
    let fw = "filter add dev lo parent 1:0 protocol all prio 1 handle 1 fw flowid 1";
    let u32 = "filter add dev lo parent 1:0 protocol ip prio 1 u32 match u32 0 0 flowid 1:2";
    let csum = "filter add dev lo prio 2 protocol ip parent 1: \
                u32 match ip dport 68 ffff action csum ip and udp";
    // Making and removing a namespace takes a while, most of it waiting.
    thread::scope(|scope| {
        let htb = scope.spawn(|| limits && probe("tc", ROOT));
        let sfq = scope.spawn(|| limits && probe("tc", "qdisc add dev lo root sfq perturb 10\n"));
        let fw = scope.spawn(|| limits && with_root(fw));
        let police = scope.spawn(|| limits && ingress(police));
        let u32 = scope.spawn(|| with_root(u32));
        let csum = scope.spawn(|| with_root(csum));
        let can = |answer: thread::ScopedJoinHandle<'_, bool>| answer.join().unwrap_or(true);
        let (u32, csum) = (can(u32), can(csum));
        TrafficControl {
            // A filter needs its root.
            htb: can(htb) || (!limits && u32),
            sfq: can(sfq),
            fw: can(fw),
            u32,
            police: can(police),
            csum,
        }
    })
}

/// Whether a tool takes these lines in an empty network namespace. Where none can be made, it is
/// taken to.
fn probe(tool: &str, lines: &str) -> bool {
    if run::find("unshare").is_none() {
        return true;
    }
    run::feed("unshare", &["--net", tool, "-batch", "-"], lines.as_bytes()).is_ok()
}
