//! `<forward>`: how packets leave, from the rules or from their absence.

use super::evidence::{Draft, Element, Finding, FindingKind};
use super::layout::Arrangement;
use super::policy::Ruled;
use super::seen::Seen;
use crate::capture::{Origin, Role};
use crate::firewall::{Family, NatAddress, NetworkPolicy, SubnetPolicy, Translation};
use crate::network::{Forward, Nat, NatAddresses};
use crate::value::PortRange;

/// How packets leave the network.
pub(super) fn read(seen: &Seen<'_>, draft: &mut Draft) -> Forward {
    match seen.rules {
        Some(ruled) => {
            for finding in &ruled.findings {
                draft.say(finding.clone());
            }
            draft.proves(Element::Forward, proof(ruled));
            from_rules(seen, ruled, draft)
        }
        None if seen.rules_observed(Family::Ipv4) => without_rules(seen, draft),
        None => unseen(seen, draft),
    }
}

/// The lines that tell the mode.
fn proof(ruled: &Ruled) -> Vec<Origin> {
    let lines = &ruled.lines;
    match lines.crossing.is_empty() {
        true => lines.network.clone(),
        false => lines.crossing.concat(),
    }
}

fn from_rules(seen: &Seen<'_>, ruled: &Ruled, draft: &mut Draft) -> Forward {
    let policy = &ruled.policy;
    let of = |ipv4: bool| {
        let subnets = policy.subnets.iter();
        subnets.filter(move |subnet| subnet.net.addr().is_ipv4() == ipv4)
    };
    let translated = |subnet: &&SubnetPolicy| subnet.translation.is_some();
    let (ipv4, ipv6) = (
        of(true).any(|it| translated(&it)),
        of(false).any(|it| translated(&it)),
    );
    if ipv4 || ipv6 {
        return Forward::Nat(nat(ruled, ipv6, draft));
    }
    if of(true).next().is_some() {
        return Forward::Route(policy.outlet.clone());
    }
    if of(false).next().is_some() {
        return ipv6_only(seen, policy, draft);
    }
    without_crossing(seen, ruled, draft)
}

/// IPv6 alone, and not masqueraded: two modes make the same rules.
///
/// Who routes a prefix of the outside world mostly leaves it to guests to choose an address there,
/// so DHCP speaks for a network that was meant to hide.
fn ipv6_only(seen: &Seen<'_>, policy: &NetworkPolicy, draft: &mut Draft) -> Forward {
    draft.guessed(
        Element::Forward,
        "for IPv6 alone, mode='route' and mode='nat' without <nat ipv6='yes'> are the same",
        "ask whoever made the network; it matters once it has an IPv4 address",
    );
    let dev = policy.outlet.clone();
    let leases = seen
        .service
        .as_ref()
        .is_some_and(|service| service.dhcp6.is_some());
    match leases {
        true => Forward::Nat(Nat {
            dev,
            ..Nat::default()
        }),
        false => Forward::Route(dev),
    }
}

/// Nothing crosses the border, by rules.
fn without_crossing(seen: &Seen<'_>, ruled: &Ruled, draft: &mut Draft) -> Forward {
    let served = seen
        .service
        .as_ref()
        .is_some_and(|service| !service.isolated);
    let by_hand = ruled.arrangement == Arrangement::ByHand;
    if by_hand && served {
        return Forward::Open;
    }
    if served {
        draft.differs(
            Element::Forward,
            "rules let nothing cross the border, but the network's dnsmasq gives guests a \
             default route",
        );
    }
    Forward::Isolated
}

fn nat(ruled: &Ruled, ipv6: bool, draft: &mut Draft) -> Nat {
    let policy = &ruled.policy;
    let ipv4 = translation_of(policy, true);
    let first = ipv4.or_else(|| translation_of(policy, false));
    let addresses = ipv4.and_then(|(_, translation)| translation.addresses);
    let lines = |at: usize| ruled.lines.translation.get(at).cloned().unwrap_or_default();
    let nat = Nat {
        dev: policy.outlet.clone(),
        ipv6,
        addresses: addresses.and_then(|it| nat_addresses(it, draft)),
        ports: first
            .map(|(_, translation)| translation.ports)
            .filter(|ports| *ports != PortRange::UNPRIVILEGED),
    };
    if let (Some(_), Some((at, _))) = (nat.addresses, ipv4) {
        draft.proves(Element::NatAddress, lines(at));
    }
    if let (Some(_), Some((at, _))) = (nat.ports, first) {
        draft.proves(Element::NatPort, lines(at));
    }
    if let (true, Some((at, _))) = (ipv6, translation_of(policy, false)) {
        draft.proves(Element::Nat, lines(at));
    }
    for subnet in &policy.subnets {
        if !agrees(subnet, &nat) {
            let message = format!(
                "the rules of {} rewrite sources in another way than those of the other subnets",
                subnet.net
            );
            draft.differs(Element::Forward, message);
        }
    }
    nat
}

fn translation_of(policy: &NetworkPolicy, ipv4: bool) -> Option<(usize, &Translation)> {
    let subnets = policy.subnets.iter().enumerate();
    let mut of = subnets.filter(|(_, subnet)| subnet.net.addr().is_ipv4() == ipv4);
    of.find_map(|(at, subnet)| Some((at, subnet.translation.as_ref()?)))
}

fn nat_addresses(to: NatAddress, draft: &mut Draft) -> Option<NatAddresses> {
    if let (std::net::IpAddr::V4(start), std::net::IpAddr::V4(end)) = (to.start, to.end)
        && let Some(addresses) = NatAddresses::new(start, end)
    {
        return Some(addresses);
    }
    let message = format!(
        "sources become {} to {}, which <nat> cannot say",
        to.start, to.end
    );
    draft.differs(Element::Forward, message);
    None
}

/// Whether a subnet is treated as `nat` would treat it. Nothing lies outside a prefix of length
/// 0, so of that no rule tells.
fn agrees(subnet: &SubnetPolicy, nat: &Nat) -> bool {
    let ipv4 = subnet.net.addr().is_ipv4();
    match &subnet.translation {
        None => !ipv4 && !nat.ipv6,
        Some(_) if subnet.net.prefix_len() == 0 => true,
        Some(translation) => {
            let addresses = nat.addresses.filter(|_| ipv4).map(|it| NatAddress {
                start: it.start().into(),
                end: it.end().into(),
            });
            translation.ports == nat.effective_ports() && translation.addresses == addresses
        }
    }
}

/// The rules were looked at, and none is this network's.
fn without_rules(seen: &Seen<'_>, draft: &mut Draft) -> Forward {
    if let Some(service) = seen.service.as_ref().filter(|service| service.isolated) {
        let message = format!(
            "the network's dnsmasq keeps '{}' to itself, but there are no rules that do",
            service.network
        );
        let finding = Finding::new(FindingKind::Differs, Element::Forward, message)
            .help("load the rules of this network again, or find out who removed them")
            .at(seen.conf_lines("ra-param=*,0,0"));
        draft.say(finding);
        return Forward::Isolated;
    }
    draft.proves(Element::Forward, seen.files_of(Role::Sysctls));
    match forwarding(seen) {
        Some(true) => draft.note(
            Element::Forward,
            "there are no rules for this bridge and the host forwards packets: mode='open', or a \
             firewall that was stopped",
        ),
        Some(false) => draft.guessed(
            Element::Forward,
            "there are no rules for this bridge and the host forwards nothing",
            "look whether a firewall was stopped: 'systemctl status nftables firewalld libvirtd'",
        ),
        None => draft.guessed(
            Element::Forward,
            "there are no rules for this bridge: mode='open', or a firewall that was stopped",
            "ask the host: 'sysctl net.ipv4.ip_forward' is 1 with mode='open'",
        ),
    }
    Forward::Open
}

/// Whether the host forwards packets of the families that the bridge has; `None` if not captured.
fn forwarding(seen: &Seen<'_>) -> Option<bool> {
    let ipv4 = seen.sysctl(&["net", "ipv4", "ip_forward"]);
    let ipv6 = seen.sysctl(&["net", "ipv6", "conf", "all", "forwarding"]);
    let mut families = seen
        .addresses
        .iter()
        .map(|address| match address.ip().is_ipv4() {
            true => ipv4,
            false => ipv6,
        });
    let first = families.next().unwrap_or(ipv4)?;
    Some(first == "1" || families.any(|value| value == Some("1")))
}

/// Rules were not looked at.
fn unseen(seen: &Seen<'_>, draft: &mut Draft) -> Forward {
    let service = seen.service.as_ref();
    if service.is_some_and(|service| service.isolated) {
        draft.proves(Element::Forward, seen.conf_lines("ra-param=*,0,0"));
        return Forward::Isolated;
    }
    draft.guessed(
        Element::Forward,
        "without the host's rules, nat, route and open cannot be told apart",
        "capture the rules: 'iptables-save', 'ip6tables-save', 'nft list ruleset'",
    );
    Forward::Nat(Nat::default())
}
