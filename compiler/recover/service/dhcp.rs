//! `<dhcp>` and `<tftp>`: what is served in which subnet.

use std::collections::HashMap;

use crate::capture::Origin;
use crate::network::{Bootp, Dhcp, DhcpHost, HostIdentity, Subnet};
use crate::recover::evidence::{Draft, Element, Finding, FindingKind};
use crate::recover::seen::Seen;
use crate::state::{DhcpPool, DhcpService, Dnsmasq, DynamicRange, ReservedHost};

/// Gives its subnet what DHCP does for each family.
pub(super) fn read(seen: &Seen<'_>, service: &Dnsmasq, subnets: &mut [Subnet], draft: &mut Draft) {
    // Reserved hosts of both families stand in one file.
    let mut line = 0;
    for dhcp in [&service.dhcp4, &service.dhcp6].into_iter().flatten() {
        let first = line;
        line += dhcp.hosts.len();
        let Some(at) = subnet_of(dhcp, subnets) else {
            let message = "dnsmasq leases addresses that lie in no subnet of the bridge";
            let finding = Finding::new(FindingKind::Differs, Element::Network, message);
            draft.say(finding.at(seen.conf_lines("dhcp-range=")));
            continue;
        };
        let served = in_subnet(seen, dhcp, (at, first), &subnets[at], draft);
        if served.ranges.is_empty() && served.hosts.is_empty() {
            let message = "dnsmasq would answer DHCP here, but has nothing to lease";
            draft.differs(Element::Ip(at), message);
        } else {
            subnets[at].dhcp = Some(served);
        }
    }
    if service.dhcp4.is_none()
        && let Some(ruled) = seen.rules.filter(|ruled| ruled.policy.dhcp_checksum)
    {
        let message = "a rule fills in checksums for DHCP, but dnsmasq serves no IPv4 addresses";
        let finding = Finding::new(FindingKind::Differs, Element::Network, message);
        draft.say(finding.at(ruled.lines.checksum.iter().copied()));
    }
}

/// The subnet that is leased from.
fn subnet_of(dhcp: &DhcpService, subnets: &[Subnet]) -> Option<usize> {
    let (ip, length) = match &dhcp.pool {
        DhcpPool::Ranges { ranges, prefix } => (ranges.first()?.start, *prefix),
        DhcpPool::Reserved { address, prefix } => (*address, *prefix),
    };
    let holds = |subnet: &Subnet| subnet.network().contains(&ip);
    let is_its = |subnet: &Subnet| {
        let same = length.is_none_or(|length| subnet.network().prefix_len() == length);
        holds(subnet) && same && (length.is_some() || subnet.address() == ip)
    };
    let sure = subnets.iter().position(is_its);
    sure.or_else(|| subnets.iter().position(holds))
}

/// What DHCP does in a subnet; `at` are its place and the line of its first reserved host.
fn in_subnet(
    seen: &Seen<'_>,
    dhcp: &DhcpService,
    (at, first): (usize, usize),
    subnet: &Subnet,
    draft: &mut Draft,
) -> Dhcp {
    let mut served = Dhcp::default();
    draft.proves(Element::Dhcp(at), seen.conf_lines("dhcp-authoritative"));
    if subnet.is_ipv4() {
        draft.proves(Element::Dhcp(at), seen.dhcp_signs());
    }
    match &dhcp.pool {
        DhcpPool::Ranges { ranges, prefix } => {
            let own = subnet.network().prefix_len();
            if let Some(told) = prefix.filter(|told| *told != own) {
                let message = format!("guests are told a prefix of {told}, the bridge's is {own}");
                draft.differs(Element::Dhcp(at), message);
            }
            let lines = seen.ranges(2);
            for range in ranges {
                add_range(&lines, range, (at, subnet), &mut served, draft);
            }
        }
        DhcpPool::Reserved { address, .. } => {
            let start = format!("dhcp-range={address},static");
            draft.proves(Element::Dhcp(at), seen.conf_lines(&start));
        }
    }
    let lines = seen.hosts_lines();
    for (place, reserved) in dhcp.hosts.iter().enumerate() {
        let line = lines.get(first + place).copied();
        match host(reserved, subnet.is_ipv4()) {
            Some(host) => {
                let element = Element::DhcpHost(at, served.hosts.len());
                draft.proves(element, line);
                served.hosts.push(host);
            }
            None => {
                let message = format!("the host of {} cannot be said in network XML", reserved.ip);
                let finding = Finding::new(FindingKind::Differs, Element::Dhcp(at), message);
                draft.say(finding.at(line));
            }
        }
    }
    if let Some(boot) = &dhcp.boot {
        match boot.file.as_str().parse() {
            Ok(file) => {
                draft.proves(Element::Bootp(at), seen.conf_lines("dhcp-boot="));
                let server = boot.server;
                served.bootp = Some(Bootp { file, server });
            }
            Err(error) => draft.differs(Element::Dhcp(at), format!("the boot file: {error}")),
        }
    }
    served
}

fn add_range(
    lines: &HashMap<&str, Vec<Origin>>,
    range: &DynamicRange,
    (at, subnet): (usize, &Subnet),
    served: &mut Dhcp,
    draft: &mut Draft,
) {
    match subnet.range(range.start, range.end) {
        Ok(mut taken) => {
            taken.lease = range.lease;
            let element = Element::Range(at, served.ranges.len());
            let told = format!("{},{}", range.start, range.end);
            let proof = lines.get(told.as_str()).into_iter().flatten();
            draft.proves(element, proof.copied());
            served.ranges.push(taken);
        }
        Err(error) => {
            let message = format!("the range {} to {}: {error}", range.start, range.end);
            draft.differs(Element::Dhcp(at), message);
        }
    }
}

fn host(reserved: &ReservedHost, ipv4: bool) -> Option<DhcpHost> {
    let name = reserved.name.as_ref().map(|name| name.as_str().parse());
    let name = name.transpose().ok()?;
    let identity = if ipv4 {
        let mac = reserved.mac.as_ref().map(|mac| mac.as_str().parse());
        let mac = mac.transpose().ok()?;
        HostIdentity::Ipv4 { mac, name }
    } else {
        let id = reserved.id.as_ref().map(|id| id.as_str().parse());
        let id = id.transpose().ok()?;
        HostIdentity::Ipv6 { id, name }
    };
    Some(DhcpHost {
        identity,
        ip: reserved.ip,
        lease: reserved.lease,
    })
}

/// Gives folders of TFTP to subnets: dnsmasq's files keep their order, and rules tell whether the
/// first subnet that serves anything has one.
pub(super) fn tftp(seen: &Seen<'_>, service: &Dnsmasq, subnets: &mut [Subnet], draft: &mut Draft) {
    let roots = &service.tftp_roots;
    let ipv4: Vec<usize> = (0..subnets.len())
        .filter(|at| subnets[*at].is_ipv4())
        .collect();
    let served = ipv4.iter().position(|at| subnets[*at].dhcp.is_some());
    let ruled = seen.rules.filter(|ruled| ruled.opens_services());
    let closed = ruled.is_some_and(|ruled| !ruled.policy.tftp);
    let first = match served {
        Some(served) if closed => served + 1,
        Some(served) => served.min(ipv4.len().saturating_sub(roots.len())),
        None => 0,
    };
    let lines = seen.conf_lines("tftp-root=");
    for (place, root) in roots.iter().enumerate() {
        let at = ipv4.get(first + place).copied();
        let root = root.as_str().parse().ok();
        match (at, root) {
            (Some(at), Some(root)) => {
                subnets[at].tftp_root = Some(root);
                draft.proves(Element::Tftp(at), lines.get(place).copied());
                if let Some(ruled) = ruled.filter(|_| place == 0 && !closed) {
                    draft.proves(Element::Tftp(at), ruled.lines.tftp.iter().copied());
                }
            }
            (None, _) | (_, None) => {
                let message = "a folder that dnsmasq serves by TFTP has no <ip> to stand in";
                let finding = Finding::new(FindingKind::Differs, Element::Network, message);
                draft.say(finding.at(lines.get(place).copied()));
            }
        }
    }
    if let Some(ruled) = ruled.filter(|ruled| ruled.policy.tftp && roots.is_empty()) {
        let message = "rules open TFTP, but dnsmasq serves no folder";
        let finding = Finding::new(FindingKind::Differs, Element::Network, message);
        draft.say(finding.at(ruled.lines.tftp.iter().copied()));
    }
}
