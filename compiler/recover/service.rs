//! `<dns>`, `<domain>`, `<dhcp>`, `<tftp>` and the options: what dnsmasq was told.
//!
//! The inverse of [`lower::service`](crate::lower::service): what a network would tell dnsmasq is
//! compared with what its files say in [`told`].

pub(super) mod by_hand;
mod dhcp;
mod dns;
pub(super) mod told;

use super::evidence::{Draft, Element, Finding, FindingKind};
use super::seen::Seen;
use crate::capture::{Origin, Topic};
use crate::network::{Dns, DnsmasqOption, Domain, Subnet};

/// What was learnt of a network's services; what belongs to a subnet was put there.
pub(super) struct Services {
    /// The domain of the guests.
    pub domain: Option<Domain>,
    /// What the name server does.
    pub dns: Dns,
    /// Further lines, word for word.
    pub options: Vec<DnsmasqOption>,
}

/// Reads what dnsmasq was told, and gives each subnet what is served there.
pub(super) fn read(seen: &Seen<'_>, subnets: &mut [Subnet], draft: &mut Draft) -> Services {
    let Some(service) = &seen.service else {
        return Services {
            domain: None,
            dns: without(seen, subnets, draft),
            options: Vec::new(),
        };
    };
    dhcp::read(seen, service, subnets, draft);
    dhcp::tftp(seen, service, subnets, draft);
    let mut options = dns::local_reverse(seen, service, subnets, draft);
    options.extend(service.options.iter().map(ToString::to_string));
    let options: Vec<DnsmasqOption> = options
        .iter()
        .filter_map(|line| line.parse().ok().map(DnsmasqOption))
        .collect();
    let lines = seen.conf_by_line();
    for (at, option) in options.iter().enumerate() {
        let proof = lines.get(option.0.as_str()).cloned();
        draft.proves(Element::Option(at), proof.unwrap_or_default());
    }
    Services {
        domain: dns::domain(seen, service, draft),
        dns: dns::read(seen, service, draft),
        options,
    }
}

/// No dnsmasq serves the bridge, as far as is known.
fn without(seen: &Seen<'_>, subnets: &[Subnet], draft: &mut Draft) -> Dns {
    let mut dns = Dns::default();
    let signs = seen.dhcp_signs();
    if !seen.capture.observed(Topic::Services) {
        shown(seen, subnets, signs, draft);
        draft.unknown(
            Element::Network,
            "DHCP, DNS, the domain and TFTP",
            "look into /var/lib/libvirt/dnsmasq, /etc/lanwright/dnsmasq or /etc/dnsmasq.d",
        );
    } else if !subnets.is_empty() {
        if !signs.is_empty() {
            let message = "the host fills in checksums for DHCP, but no dnsmasq serves the bridge";
            let finding = Finding::new(FindingKind::Differs, Element::Network, message);
            draft.say(finding.at(signs));
        }
        draft.note(Element::Dns, "no dnsmasq serves this network");
        dns.disabled = true;
    }
    dns
}

/// Rules and filters show that something is served, but not what.
fn shown(seen: &Seen<'_>, subnets: &[Subnet], dhcp: Vec<Origin>, draft: &mut Draft) {
    let first = subnets.iter().position(Subnet::is_ipv4);
    let about = first.map_or(Element::Network, Element::Ip);
    let unknown = |message: &str| Finding::new(FindingKind::Unknown, about, message);
    if !dhcp.is_empty() {
        draft.proves(about, dhcp.iter().copied());
        let finding = unknown(
            "ranges and hosts of DHCP: that checksums are filled in shows that there is DHCP for \
             IPv4",
        );
        draft.say(finding.at(dhcp));
    }
    if let Some(ruled) = seen.rules.filter(|ruled| ruled.policy.tftp) {
        let finding = unknown("the folder of TFTP: a rule shows that there is one");
        draft.say(finding.at(ruled.lines.tftp.iter().copied()));
    }
}
