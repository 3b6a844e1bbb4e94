//! One policy, three rulesets that mean it.
//!
//! Two are libvirt's own, kept to the letter so that they can be compared with what libvirt leaves
//! on a host; the third is ours, whose cost per packet does not grow with the number of networks.
//! How a tool spells the result is in `backend`.

pub mod iptables;
pub mod libvirt_nftables;
#[cfg(test)]
mod meaning;
pub mod native;
#[cfg(test)]
pub(crate) mod samples;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::firewall::{Chain, Family, Match, Policy, Rule, Ruleset};

/// Which ruleset a policy becomes.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FirewallLayout {
    /// Ours: the table `inet lanwright`.
    #[default]
    Lanwright,
    /// libvirt's for nft: the tables `ip libvirt_network` and `ip6 libvirt_network`.
    LibvirtNftables,
    /// libvirt's for iptables: chains `LIBVIRT_…` in the tables that everyone shares.
    Iptables,
}

/// The word names no layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a firewall layout is one of lanwright, libvirt-nftables, iptables")]
pub struct UnknownLayout;

impl FirewallLayout {
    /// All layouts.
    pub const ALL: [FirewallLayout; 3] = [
        FirewallLayout::Lanwright,
        FirewallLayout::LibvirtNftables,
        FirewallLayout::Iptables,
    ];

    /// Its name in options and JSON.
    pub fn word(self) -> &'static str {
        match self {
            FirewallLayout::Lanwright => "lanwright",
            FirewallLayout::LibvirtNftables => "libvirt-nftables",
            FirewallLayout::Iptables => "iptables",
        }
    }
}

impl FromStr for FirewallLayout {
    type Err = UnknownLayout;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |layout: &FirewallLayout| layout.word() == text;
        Self::ALL.into_iter().find(named).ok_or(UnknownLayout)
    }
}

impl fmt::Display for FirewallLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The ruleset that does what `policy` says. Without networks it holds no table.
pub fn encode(policy: &Policy, layout: FirewallLayout) -> Ruleset {
    if policy.networks.is_empty() {
        return Ruleset::default();
    }
    match layout {
        FirewallLayout::Lanwright => native::encode(policy),
        FirewallLayout::LibvirtNftables => libvirt_nftables::encode(policy),
        FirewallLayout::Iptables => iptables::encode(policy),
    }
}

/// Destinations beyond no router, whose packets keep their source; in the order in which libvirt
/// adds the rules.
fn untranslated(family: Family) -> &'static [IpNet] {
    const BROADCAST: IpNet = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::BROADCAST, 32));
    const MULTICAST: IpNet = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 24));
    const LINK_MULTICAST: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0);
    const IPV6_MULTICAST: IpNet = IpNet::V6(Ipv6Net::new_assert(LINK_MULTICAST, 16));
    match family {
        Family::Ipv4 => &[BROADCAST, MULTICAST],
        Family::Ipv6 => &[IPV6_MULTICAST],
    }
}

/// A chain of libvirt's: what was inserted last is on top.
fn stacked(name: &str, mut inserted: Vec<Rule>) -> Chain {
    inserted.reverse();
    Chain::regular(name, inserted)
}

/// The matches that are there, in this order.
fn present<const N: usize>(parts: [Option<Match>; N]) -> Vec<Match> {
    let mut matches = Vec::with_capacity(N);
    matches.extend(parts.into_iter().flatten());
    matches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_known_by_their_words() {
        for layout in FirewallLayout::ALL {
            assert_eq!(layout.word().parse(), Ok(layout));
        }
        assert_eq!("nft".parse::<FirewallLayout>(), Err(UnknownLayout));
    }
}
