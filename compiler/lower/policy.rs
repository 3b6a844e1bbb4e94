//! What the firewall is to do for each declared network.
//!
//! Who gets rules and which is decided here, once, as libvirt decides it
//! (`networkAddFirewallRules`); how a rule reads and where it stands is in
//! [`layout`](super::layout).

use std::net::IpAddr;

use crate::firewall::{Family, NatAddress, NetworkPolicy, Policy, SubnetPolicy, Translation};
use crate::network::{Forward, Member, Nat, NatAddresses, NetworkSet, Subnet, Virtual};

/// The policy of every network that libvirt makes rules for, in their start order.
pub fn policy(set: &NetworkSet) -> Policy {
    let networks = set.members().iter().filter_map(network_policy).collect();
    Policy { networks }
}

/// `networkAddFirewallRules`: open networks get nothing, nor does one without an own bridge.
fn network_policy(member: &Member) -> Option<NetworkPolicy> {
    let declared = member.network.as_virtual()?;
    let crossing = match &declared.forward {
        Forward::Isolated => Crossing::Nothing,
        Forward::Nat(nat) => Crossing::Translated(nat),
        Forward::Route(_) => Crossing::Routed,
        Forward::Open => return None,
    };
    let has_ipv6 = declared.subnets.iter().any(|subnet| !subnet.is_ipv4());
    Some(NetworkPolicy {
        network: member.network.name.clone(),
        bridge: member.bridge.clone()?,
        families: families(declared, has_ipv6),
        ipv6_services: has_ipv6,
        tftp: tftp_is_open(declared),
        dhcp_checksum: ipv4(declared).any(|subnet| subnet.dhcp.is_some()),
        outlet: declared.forward.dev().cloned(),
        subnets: crossing.subnets(declared),
    })
}

/// How packets of a network cross its border.
#[derive(Clone, Copy)]
enum Crossing<'a> {
    Nothing,
    Translated(&'a Nat),
    Routed,
}

impl Crossing<'_> {
    fn subnets(self, declared: &Virtual) -> Vec<SubnetPolicy> {
        let all = declared.subnets.iter();
        match self {
            Crossing::Nothing => Vec::new(),
            Crossing::Routed => all.map(route).collect(),
            Crossing::Translated(nat) => all.map(|subnet| translate(subnet, nat)).collect(),
        }
    }
}

/// `iptablesAddRoutingFirewallRules`.
fn route(subnet: &Subnet) -> SubnetPolicy {
    SubnetPolicy {
        net: subnet.network(),
        translation: None,
    }
}

/// `iptablesAddIPSpecificFirewallRules`: IPv6 is routed unless `<nat ipv6='yes'>` asks for more;
/// `<address>` is only ever for IPv4.
fn translate(subnet: &Subnet, nat: &Nat) -> SubnetPolicy {
    if !subnet.is_ipv4() && !nat.ipv6 {
        return route(subnet);
    }
    let addresses = nat.addresses.filter(|_| subnet.is_ipv4());
    SubnetPolicy {
        net: subnet.network(),
        translation: Some(Translation {
            addresses: addresses.map(nat_address),
            ports: nat.effective_ports(),
        }),
    }
}

fn nat_address(addresses: NatAddresses) -> NatAddress {
    NatAddress {
        start: IpAddr::V4(addresses.start()),
        end: IpAddr::V4(addresses.end()),
    }
}

/// `iptablesAddGeneralFirewallRules`: IPv4 always; IPv6 if the network has it or asks for it.
fn families(declared: &Virtual, has_ipv6: bool) -> Vec<Family> {
    let mut families = vec![Family::Ipv4];
    if has_ipv6 || declared.guest_ipv6 {
        families.push(Family::Ipv6);
    }
    families
}

/// `iptablesAddGeneralIPv4FirewallRules`: only the first IPv4 `<ip>` with DHCP or TFTP is asked.
fn tftp_is_open(declared: &Virtual) -> bool {
    ipv4(declared)
        .find(|subnet| subnet.dhcp.is_some() || subnet.tftp_root.is_some())
        .is_some_and(|subnet| subnet.tftp_root.is_some())
}

fn ipv4(declared: &Virtual) -> impl Iterator<Item = &Subnet> {
    declared.subnets.iter().filter(|subnet| subnet.is_ipv4())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{self, value};
    use crate::network::{Dhcp, Kind, Network};

    fn subnet(address: &str, prefix: u8) -> Subnet {
        Subnet::new(value(address), prefix).expect("a test uses good subnets")
    }

    fn network(forward: Forward, subnets: Vec<Subnet>) -> Network {
        sample::network(Kind::Virtual(Box::new(Virtual {
            forward,
            subnets,
            ..sample::virtual_kind(&[])
        })))
    }

    fn policy_of(forward: Forward, subnets: Vec<Subnet>) -> Policy {
        let set = NetworkSet::new(vec![network(forward, subnets)]);
        policy(&set.expect("a bridge name is free"))
    }

    #[test]
    fn open_networks_get_no_rules() {
        let subnets = vec![subnet("10.0.0.1", 24)];
        assert_eq!(policy_of(Forward::Open, subnets), Policy::default());
    }

    #[test]
    fn isolated_networks_let_nothing_cross() {
        let policy = policy_of(Forward::Isolated, vec![subnet("fd00::1", 64)]);
        let network = &policy.networks[0];
        assert_eq!(network.families, [Family::Ipv4, Family::Ipv6]);
        assert!(network.ipv6_services && !network.dhcp_checksum);
        assert_eq!(network.subnets, []);
    }

    #[test]
    fn ipv6_is_routed_unless_asked_otherwise() {
        let subnets = vec![subnet("10.0.0.1", 24), subnet("fd00::1", 64)];
        for ipv6 in [false, true] {
            let nat = Nat {
                ipv6,
                addresses: NatAddresses::new(value("192.0.2.1"), value("192.0.2.2")),
                ..Nat::default()
            };
            let policy = policy_of(Forward::Nat(nat), subnets.clone());
            let [v4, v6] = policy.networks[0].subnets.as_slice() else {
                unreachable!("every subnet crosses the border");
            };
            assert_eq!(v4.net, value("10.0.0.0/24"));
            let addresses = |subnet: &SubnetPolicy| {
                let translation = subnet.translation.as_ref();
                translation.map(|translation| translation.addresses.is_some())
            };
            assert_eq!(addresses(v4), Some(true));
            assert_eq!(addresses(v6), ipv6.then_some(false));
        }
    }

    #[test]
    fn tftp_is_open_if_the_first_subnet_that_serves_has_it() {
        let plain = subnet("10.0.0.1", 24);
        let mut dhcp = subnet("10.0.1.1", 24);
        dhcp.dhcp = Some(Dhcp::default());
        let mut tftp = subnet("10.0.2.1", 24);
        tftp.tftp_root = Some(value("/srv/tftp"));
        let is_open = |subnets: &[&Subnet]| {
            let subnets = subnets.iter().map(|subnet| (*subnet).clone()).collect();
            policy_of(Forward::Isolated, subnets).networks[0].tftp
        };
        assert!(is_open(&[&plain, &tftp, &dhcp]));
        assert!(!is_open(&[&plain, &dhcp, &tftp]));
    }
}
