//! What of a network leaves a trace on its host.

use lanwright::lower::FirewallLayout;
use lanwright::network::{
    Addressing, BridgeChoice, Dns, Forward, HostBridge, Kind, Member, Nat, Network, NetworkSet,
    Uplink, Virtual,
};
use lanwright::recover::{Finding, FindingKind};
use lanwright::value::PortRange;

/// What can be known of these networks: those with a bridge that is made, by bridge.
pub fn set(declared: &NetworkSet, layout: FirewallLayout) -> NetworkSet {
    let members = declared.members().iter();
    let mut networks: Vec<(String, Network)> = members
        .filter_map(|member| network(member, layout))
        .collect();
    networks.sort_by(|one, other| one.0.cmp(&other.0));
    networks.dedup_by(|one, other| one.0 == other.0);
    let networks = networks.into_iter().map(|(_, network)| network);
    NetworkSet::new(networks.collect()).expect("bridges are named")
}

/// Whether this is said of networks that are on a host as they were made.
pub fn may_say(gap: &Finding) -> bool {
    match gap.kind {
        FindingKind::Guessed => true,
        FindingKind::Unknown | FindingKind::Differs | FindingKind::Note => false,
    }
}

fn network(member: &Member, layout: FirewallLayout) -> Option<(String, Network)> {
    let bridge = member.bridge.clone()?;
    let mut name = member.network.name.clone();
    let kind = match &member.network.kind {
        Kind::Virtual(declared) => {
            let mut known = declared.as_ref().clone();
            known.bridge.name = BridgeChoice::Named(bridge.clone());
            known.mac = member.mac;
            // Our own rules carry the name.
            let commented = layout == FirewallLayout::Lanwright && known.forward != Forward::Open;
            if !virtual_network(&mut known) && !commented {
                name = bridge.as_str().parse().expect("it is a name");
            }
            Kind::Virtual(Box::new(known))
        }
        Kind::HostBridge(declared) => {
            let uplink = declared.uplink.clone()?;
            name = bridge.as_str().parse().expect("it is a name");
            Kind::HostBridge(HostBridge {
                bandwidth: None,
                uplink: Some(Uplink {
                    addressing: addressing(uplink.addressing),
                    ..uplink
                }),
                ..declared.clone()
            })
        }
        Kind::Macvtap(_) | Kind::Hostdev(_) => return None,
    };
    Some((bridge.to_string(), Network::plain(name, kind)))
}

/// Leaves what can be known of a network; whether its name is among it.
fn virtual_network(known: &mut Virtual) -> bool {
    known.bridge.zone = None;
    let ipv6 = |subnet: &lanwright::network::Subnet| !subnet.is_ipv4();
    known.subnets.sort_by_key(ipv6);
    let served = known
        .subnets
        .iter()
        .any(|it| it.dhcp.is_some() || it.tftp_root.is_some());
    let silent = known.dns.disabled && !served || known.subnets.is_empty();
    if known.dns.disabled || silent {
        known.dns = Dns {
            disabled: !known.subnets.is_empty(),
            ..Dns::default()
        };
    }
    if silent {
        known.domain = None;
        known.options = Vec::new();
        known
            .subnets
            .iter_mut()
            .for_each(|subnet| subnet.local_ptr = false);
    }
    if let Some(domain) = &mut known.domain {
        domain.register = None;
    }
    known.forward = forward(known);
    !silent
}

/// How packets leave, as rules show it.
fn forward(known: &Virtual) -> Forward {
    let ipv4 = known.subnets.iter().any(|subnet| subnet.is_ipv4());
    let dhcp6 = known
        .subnets
        .iter()
        .any(|it| !it.is_ipv4() && it.dhcp.is_some());
    match &known.forward {
        Forward::Isolated => Forward::Isolated,
        Forward::Open => Forward::Open,
        Forward::Nat(_) | Forward::Route(_) if known.subnets.is_empty() => Forward::Isolated,
        // For IPv6 alone both make the same rules.
        Forward::Nat(Nat {
            ipv6: false, dev, ..
        })
        | Forward::Route(dev)
            if !ipv4 =>
        {
            match dhcp6 {
                true => Forward::Nat(Nat {
                    dev: dev.clone(),
                    ..Nat::default()
                }),
                false => Forward::Route(dev.clone()),
            }
        }
        Forward::Nat(nat) => Forward::Nat(Nat {
            ports: nat.ports.filter(|ports| *ports != PortRange::UNPRIVILEGED),
            ..nat.clone()
        }),
        Forward::Route(dev) => Forward::Route(dev.clone()),
    }
}

/// How the host is addressed, as far as its tables show it: not by whom.
fn addressing(declared: Addressing) -> Addressing {
    match declared {
        Addressing::Dhcp | Addressing::None => Addressing::None,
        Addressing::Static {
            addresses,
            gateways,
            ..
        } => Addressing::Static {
            addresses,
            gateways,
            dns: Vec::new(),
        },
    }
}
