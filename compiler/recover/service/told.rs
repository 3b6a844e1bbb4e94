//! What the recovered network would tell dnsmasq, against what its files say.

use std::collections::BTreeMap;

use crate::backend::{Layout, dnsmasq};
use crate::lower;
use crate::network::Member;
use crate::recover::evidence::{Draft, Element};
use crate::recover::seen::{Maker, Seen};
use crate::state::{DhcpPool, DhcpService, Dnsmasq};

/// Says what dnsmasq's files lack or say beyond what the network tells.
pub fn compare(seen: &Seen<'_>, member: &Member, draft: &mut Draft) {
    let Some(held) = &seen.service else {
        return;
    };
    let Some(mut expected) = lower::service::lower(member) else {
        draft.differs(Element::Dns, "a dnsmasq serves a network that needs none");
        return;
    };
    // Names are compared elsewhere; they are in paths and headings only.
    expected.network.clone_from(&held.network);
    leave_prefix(&mut expected.dhcp4, &held.dhcp4);
    leave_prefix(&mut expected.dhcp6, &held.dhcp6);
    let (missing, more) = differences(&expected, held);
    if seen.maker != Maker::Tool && !missing.is_empty() {
        let message = format!(
            "the network's own dnsmasq would also be told: {}",
            missing.join("; ")
        );
        draft.note(Element::Dns, message);
    } else {
        for line in missing {
            draft.differs(Element::Dns, format!("dnsmasq was not told '{line}'"));
        }
    }
    for line in more {
        draft.differs(Element::Dns, format!("dnsmasq was told '{line}'"));
    }
}

/// A prefix that is left to the link is not told otherwise.
fn leave_prefix(expected: &mut Option<DhcpService>, held: &Option<DhcpService>) {
    let held = held.as_ref().map(|dhcp| &dhcp.pool);
    if let (Some(DhcpService { pool, .. }), Some(DhcpPool::Ranges { prefix: None, .. })) =
        (expected, held)
        && let DhcpPool::Ranges { prefix, .. } = pool
    {
        *prefix = None;
    }
}

/// The lines that only one of the two would have.
fn differences(expected: &Dnsmasq, held: &Dnsmasq) -> (Vec<String>, Vec<String>) {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (service, step) in [(expected, 1), (held, -1)] {
        let conf = dnsmasq::print_conf(service, Layout::Libvirt);
        let hosts = dnsmasq::print_hosts(service);
        let names = dnsmasq::print_names(service);
        let conf = conf.lines().filter(|line| !line.starts_with('#'));
        for line in conf.chain(hosts.lines()).chain(names.lines()) {
            *counts.entry(line.to_owned()).or_default() += step;
        }
    }
    let (mut missing, mut more) = (Vec::new(), Vec::new());
    for (line, count) in counts {
        match count {
            0 => {}
            1.. => missing.push(line),
            ..0 => more.push(line),
        }
    }
    (missing, more)
}
