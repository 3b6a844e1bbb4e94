//! Rate limits, and the filter that fills in checksums of DHCP replies.
//!
//! A kernel may lack any part of it. What it lacks is left out and named; the rest limits all the
//! same.

use std::collections::HashMap;

use super::step::{Change, Command, Deed, Impact, Kind, Step};
use super::{Degraded, Means, Observed, Wish};
use crate::backend::iproute2::traffic;
use crate::capture::{Queueing, Share};
use crate::lower::FirewallLayout;
use crate::state::{Policing, Rate, Shaping};
use crate::value::DeviceName;

/// The parts of the kernel's traffic control that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficControl {
    /// Classes with rates.
    pub htb: bool,
    /// Fair queues inside a class.
    pub sfq: bool,
    /// Filters by mark.
    pub fw: bool,
    /// Filters by content.
    pub u32: bool,
    /// Dropping what comes too fast.
    pub police: bool,
    /// Filling in checksums.
    pub csum: bool,
}

impl Default for TrafficControl {
    /// Everything: what is not known to be missing is there.
    fn default() -> Self {
        TrafficControl {
            htb: true,
            sfq: true,
            fw: true,
            u32: true,
            police: true,
            csum: true,
        }
    }
}

/// What `wanted` and `retired` say of the links, in the last network's words.
fn by_link(shaping: &[Shaping]) -> HashMap<&DeviceName, &Shaping> {
    shaping.iter().map(|each| (&each.link, each)).collect()
}

/// The limits that differ.
pub(super) fn traffic(
    wish: &Wish<'_>,
    observed: &Observed,
    means: &Means,
    degraded: &mut Vec<Degraded>,
) -> Vec<Step> {
    let wanted = by_link(&wish.wanted.state.shaping);
    let there = by_link(&observed.capture.state.shaping);
    let mut steps = Vec::new();
    for on in wish.wanted.state.on_links() {
        let name = &on.link.name;
        if let Some(shaping) = wanted.get(name) {
            let feasible = reduced(shaping, means.traffic, degraded);
            let queueing = observed.capture.queueing.iter();
            let queueing = queueing.into_iter().find(|each| each.link == *name);
            let there = there.get(name).copied();
            steps.extend(shape(&feasible, there, queueing, means.traffic));
        }
    }
    steps.extend(clear(wish, &wanted, &there));
    steps.extend(checksums(wish, observed, means, degraded));
    steps
}

/// What of a limit this kernel can do.
pub(super) fn reduced(
    shaping: &Shaping,
    kernel: TrafficControl,
    degraded: &mut Vec<Degraded>,
) -> Shaping {
    let mut feasible = shaping.clone();
    let mut lacks = |what: &str, then: &str| {
        degraded.push(Degraded {
            object: shaping.link.to_string(),
            message: format!("this kernel has no {what}: {then}"),
        });
    };
    if shaping.egress.is_some() {
        if !kernel.htb {
            lacks("htb", "what guests receive is not limited");
            feasible.egress = None;
        } else {
            if !kernel.sfq {
                lacks("sfq", "the limit is not shared out fairly");
            }
            if !kernel.fw {
                lacks("fw filter", "marked packets are not classed");
            }
        }
    }
    if shaping.ingress.is_some() && !(kernel.police && kernel.u32) {
        lacks("policing", "what guests send is not limited");
        feasible.ingress = None;
    }
    feasible
}

fn shape(
    wanted: &Shaping,
    there: Option<&Shaping>,
    queueing: Option<&Queueing>,
    kernel: TrafficControl,
) -> Option<Step> {
    let device = wanted.link.as_str();
    let mut lines = Vec::new();
    let shares = queueing.map_or(&[][..], |queueing| &queueing.shares);
    let rounded = queueing.is_some_and(|queueing| queueing.rounded);
    match (wanted.egress, there.and_then(|there| there.egress)) {
        (None, None) => {}
        (Some(rate), Some(found)) if is_shown(rate, found, shares, rounded) => {}
        // Guests keep their shares.
        (Some(rate), Some(_)) if !shares.is_empty() => {
            lines.extend(traffic::change_whole(device, &rate, shares));
        }
        (rate, found) => {
            lines.extend(found.map(|_| format!("qdisc del dev {device} root")));
            let egress = rate.iter();
            let egress = egress.flat_map(|rate| traffic::bridge_egress(device, rate));
            lines.extend(feasible(egress.collect(), kernel));
        }
    }
    lines.extend(police(
        wanted.ingress,
        there.and_then(|there| there.ingress),
        device,
        rounded,
    ));
    let change = Change::new(Kind::Shaping, device, "set rate limits");
    batch(vec![change], lines)
}

/// Once a guest has a share, the class of the others has no burst.
fn is_shown(mut rate: Rate, found: Rate, shares: &[Share], rounded: bool) -> bool {
    rate.burst_kib = rate.burst_kib.filter(|_| shares.is_empty());
    rate.is_shown_as(found, rounded)
}

/// The lines that this kernel can do.
pub(super) fn feasible(lines: Vec<String>, kernel: TrafficControl) -> Vec<String> {
    let can = |line: &String| {
        (kernel.sfq || !line.contains(" sfq "))
            && (kernel.fw || !line.contains(" fw "))
            && (kernel.u32 || !line.contains(" u32 "))
    };
    lines.into_iter().filter(can).collect()
}

/// From the policing that is there to what is wanted.
pub(super) fn police(
    wanted: Option<Policing>,
    there: Option<Policing>,
    device: &str,
    rounded: bool,
) -> Vec<String> {
    let mut lines = Vec::new();
    let same = match (wanted, there) {
        (Some(wanted), Some(there)) => wanted.is_shown_as(there, rounded),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !same {
        lines.extend(there.map(|_| format!("qdisc del dev {device} ingress")));
        let wanted = wanted.iter();
        lines.extend(wanted.flat_map(|policing| traffic::ingress(device, policing)));
    }
    lines
}

/// Limits that an earlier apply set and that are not wanted any more, on bridges that stay.
fn clear(
    wish: &Wish<'_>,
    wanted: &HashMap<&DeviceName, &Shaping>,
    there: &HashMap<&DeviceName, &Shaping>,
) -> Option<Step> {
    let kept: Vec<&DeviceName> = wish
        .wanted
        .state
        .links
        .iter()
        .map(|link| &link.name)
        .collect();
    let (mut lines, mut changes) = (Vec::new(), Vec::new());
    for (link, _) in by_link(&wish.retired.state.shaping) {
        let Some(there) = there.get(link) else {
            continue;
        };
        let foreign = wish
            .retired
            .state
            .links
            .iter()
            .any(|each| each.name == *link)
            && !super::link::made(&wish.retired.state).any(|(each, _)| each.name == *link);
        if wanted.contains_key(link) || !(kept.contains(&link) || foreign) {
            continue;
        }
        lines.extend(there.egress.map(|_| format!("qdisc del dev {link} root")));
        lines.extend(
            there
                .ingress
                .map(|_| format!("qdisc del dev {link} ingress")),
        );
        changes.push(Change::new(
            Kind::Shaping,
            link.as_str(),
            "remove rate limits",
        ));
    }
    batch(changes, lines)
}

/// The nft layouts cannot fill in checksums, so a filter does; iptables has a rule for it.
fn checksums(
    wish: &Wish<'_>,
    observed: &Observed,
    means: &Means,
    degraded: &mut Vec<Degraded>,
) -> Option<Step> {
    if means.firewall.layout == FirewallLayout::Iptables {
        return None;
    }
    let (mut lines, mut changes) = (Vec::new(), Vec::new());
    let shaped = by_link(&wish.wanted.state.shaping);
    let networks = wish.wanted.policy.networks.iter();
    for network in networks.filter(|network| network.dhcp_checksum) {
        let device = network.bridge.as_str();
        if !(means.traffic.csum && means.traffic.htb && means.traffic.u32) {
            degraded.push(Degraded {
                object: device.to_owned(),
                message: "this kernel cannot fill in the checksums of DHCP replies: a very old \
                          DHCP client may refuse them"
                    .to_owned(),
            });
            continue;
        }
        let mut queueing = observed.capture.queueing.iter();
        if queueing.any(|each| each.checksum && each.link == network.bridge) {
            continue;
        }
        let limited = shaped
            .get(&network.bridge)
            .is_some_and(|each| each.egress.is_some());
        if !limited && !observed.roots.contains(&network.bridge) {
            lines.push(traffic::root(device));
        }
        lines.push(traffic::checksum(device));
        changes.push(Change::new(
            Kind::Shaping,
            device,
            "fill in checksums of DHCP replies",
        ));
    }
    batch(changes, lines)
}

pub(super) fn batch(changes: Vec<Change>, lines: Vec<String>) -> Option<Step> {
    if lines.is_empty() {
        return None;
    }
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let command = Command::reading("tc", &["-batch", "-"], input);
    let changes = changes
        .into_iter()
        .map(|change| change.with(Impact::InPlace));
    Some(Step::new(changes.collect(), Deed::Run(vec![command])))
}
