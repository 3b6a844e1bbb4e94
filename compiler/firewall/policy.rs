//! What the firewall is to do for each network, before anyone spells it.
//!
//! `lower` makes one policy; each layout encodes it (`lower::layout`). The three layouts must mean
//! the same for forwarded and translated packets, so all of that meaning is here.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Family, NatAddress, NatFlags, NatTarget, Target};
use crate::value::{DeviceName, NetworkName, PortRange};

/// What the firewall is to do, a network at a time, in their start order. Networks that libvirt
/// makes no rules for (open, bridge, macvtap, hostdev) are not here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Policy {
    /// The networks, in their start order.
    pub networks: Vec<NetworkPolicy>,
}

/// What the firewall is to do for one network.
///
/// Always: guests talk to each other (*cross*), whatever else goes in or out is rejected, and the
/// host's DHCP and DNS are open to guests (in the layout that opens anything at all).
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NetworkPolicy {
    /// The network.
    pub network: NetworkName,
    /// Its bridge.
    pub bridge: DeviceName,
    /// The families that are ruled: always IPv4; IPv6 with an IPv6 `<ip>` or `ipv6='yes'`.
    pub families: Vec<Family>,
    /// Whether some `<ip>` is IPv6: then the host's DNS and DHCPv6 are open over IPv6 too.
    pub ipv6_services: bool,
    /// Whether the host's TFTP is open: the first IPv4 `<ip>` with DHCP or TFTP has TFTP.
    pub tftp: bool,
    /// Whether replies to DHCP clients need their checksum filled in: some IPv4 `<ip>` has DHCP.
    pub dhcp_checksum: bool,
    /// The only device that packets may leave or come in through.
    pub outlet: Outlet,
    /// What crosses the border, a subnet at a time, in document order; none for isolated.
    pub subnets: Vec<SubnetPolicy>,
}

/// The only device that packets may leave or come in through; `None` is any.
pub type Outlet = Option<DeviceName>;

/// What of one subnet crosses the border.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SubnetPolicy {
    /// The subnet, no host bits.
    #[schemars(with = "String")]
    pub net: IpNet,
    /// How its packets leave. `None`: as they are, and anything may come in (route).
    pub translation: Option<Translation>,
}

/// How the source of leaving packets is rewritten; only replies come back in.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Translation {
    /// The addresses to take; `None` is the outgoing device's.
    pub addresses: Option<NatAddress>,
    /// The ports to take for TCP and UDP.
    pub ports: PortRange,
}

impl Translation {
    /// What a rule does for it; to `ports` if they are rewritten too.
    pub fn target(&self, ports: Option<PortRange>) -> Target {
        match self.addresses {
            Some(to) => Target::Snat(Box::new(NatTarget {
                to: Some(to),
                ports,
                flags: NatFlags::default(),
            })),
            None => Target::Masquerade {
                ports,
                flags: NatFlags::default(),
            },
        }
    }
}
