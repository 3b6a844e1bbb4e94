//! libvirt's nft layout: the tables `ip libvirt_network` and `ip6 libvirt_network`.
//!
//! Copied from `network_nftables.c`, its order of matches included, so that a listing can be
//! compared line by line. One thing differs: the bridge is matched by name where libvirt matches
//! its number, because rules by name load before the bridge exists and outlive it. This layout
//! opens nothing towards the host itself.

use ipnet::IpNet;

use super::{present, stacked, untranslated};
use crate::firewall::{
    Base, BaseKind, Chain, Family, Hook, Match, NetworkPolicy, Policy, Protocol, RejectWith, Rule,
    Ruleset, SubnetPolicy, Table, TableFamily, Target, Translation,
};
use crate::value::DeviceName;

/// The name of both tables.
const TABLE: &str = "libvirt_network";

/// The rules of one family, each chain in the order in which libvirt inserts.
#[derive(Default)]
struct Inserts {
    output: Vec<Rule>,
    input: Vec<Rule>,
    cross: Vec<Rule>,
    nat: Vec<Rule>,
}

/// The tables of both families, the network started last on top of each chain.
pub(super) fn encode(policy: &Policy) -> Ruleset {
    let (mut ipv4, mut ipv6) = (Inserts::default(), Inserts::default());
    for network in &policy.networks {
        add_firewall_rules(network, &mut ipv4, &mut ipv6);
    }
    let tables = vec![ipv4.table(TableFamily::Ip), ipv6.table(TableFamily::Ip6)];
    Ruleset { tables }
}

/// `nftablesAddFirewallRules`.
fn add_firewall_rules(network: &NetworkPolicy, ipv4: &mut Inserts, ipv6: &mut Inserts) {
    for family in &network.families {
        match family {
            Family::Ipv4 => ipv4.reject_and_cross(&network.bridge),
            Family::Ipv6 => ipv6.reject_and_cross(&network.bridge),
        }
    }
    for subnet in &network.subnets {
        match Family::of(&subnet.net) {
            Family::Ipv4 => ipv4.cross_border(network, subnet),
            Family::Ipv6 => ipv6.cross_border(network, subnet),
        }
    }
}

impl Inserts {
    /// `nftablesAddForwardRejectOut`, `nftablesAddForwardRejectIn`,
    /// `nftablesAddForwardAllowCross`.
    fn reject_and_cross(&mut self, bridge: &DeviceName) {
        let reject = Target::Reject(RejectWith::PortUnreachable);
        let (from, to) = (Match::iifname(bridge), Match::oifname(bridge));
        self.output
            .push(Rule::new(vec![from.clone()], reject.clone()));
        self.input.push(Rule::new(vec![to.clone()], reject));
        self.cross.push(Rule::new(vec![from, to], Target::Accept));
    }

    /// `nftablesAddIPSpecificFirewallRules`.
    fn cross_border(&mut self, network: &NetworkPolicy, subnet: &SubnetPolicy) {
        self.allow_out(network, subnet.net);
        match &subnet.translation {
            Some(translation) => {
                self.allow_related_in(network, subnet.net);
                self.masquerade(network, subnet.net, translation);
            }
            None => self.allow_in(network, subnet.net),
        }
    }

    /// `nftablesAddForwardAllowOut`.
    fn allow_out(&mut self, network: &NetworkPolicy, net: IpNet) {
        let matches = present([
            Some(Match::source(net)),
            Some(Match::iifname(&network.bridge)),
            network.outlet.as_ref().map(Match::oifname),
        ]);
        self.output.push(Rule::new(matches, Target::Accept));
    }

    /// `nftablesAddForwardAllowRelatedIn`.
    fn allow_related_in(&mut self, network: &NetworkPolicy, net: IpNet) {
        let matches = present([
            network.outlet.as_ref().map(Match::iifname),
            Some(Match::oifname(&network.bridge)),
            Some(Match::destination(net)),
            Some(Match::replies()),
        ]);
        self.input.push(Rule::new(matches, Target::Accept));
    }

    /// `nftablesAddForwardAllowIn`.
    fn allow_in(&mut self, network: &NetworkPolicy, net: IpNet) {
        let matches = present([
            Some(Match::destination(net)),
            network.outlet.as_ref().map(Match::iifname),
            Some(Match::oifname(&network.bridge)),
        ]);
        self.input.push(Rule::new(matches, Target::Accept));
    }

    /// `nftablesAddMasqueradingFirewallRules`.
    fn masquerade(&mut self, network: &NetworkPolicy, net: IpNet, to: &Translation) {
        let outlet = network.outlet.as_ref().map(Match::oifname);
        for protocol in [None, Some(Protocol::UDP), Some(Protocol::TCP)] {
            let matches = present([
                protocol.map(Match::protocol),
                Some(Match::source(net)),
                Some(Match::not_destination(net)),
                outlet.clone(),
            ]);
            let ports = protocol.map(|_| to.ports);
            self.nat.push(Rule::new(matches, to.target(ports)));
        }
        for destination in untranslated(Family::of(&net)) {
            self.keep_source(net, *destination, outlet.clone());
        }
    }

    /// `nftablesAddDontMasquerade`.
    fn keep_source(&mut self, net: IpNet, to: IpNet, outlet: Option<Match>) {
        let matches = present([
            outlet,
            Some(Match::source(net)),
            Some(Match::destination(to)),
        ]);
        self.nat.push(Rule::new(matches, Target::Return));
    }

    /// `nftablesSetupPrivateChains`, and the chains it makes with what was inserted.
    fn table(self, family: TableFamily) -> Table {
        let jumps = ["guest_cross", "guest_input", "guest_output"];
        let jump = |chain: &str| Rule::new(Vec::new(), Target::Jump(chain.into()));
        let forward = Chain {
            base: Some(Base::new(BaseKind::Filter, Hook::Forward, 0)),
            ..Chain::regular("forward", jumps.map(jump).to_vec())
        };
        let nat = Chain {
            base: Some(Base::new(BaseKind::Nat, Hook::Postrouting, 100)),
            ..stacked("guest_nat", self.nat)
        };
        let chains = vec![
            forward,
            stacked("guest_output", self.output),
            stacked("guest_input", self.input),
            stacked("guest_cross", self.cross),
            nat,
        ];
        Table::new(family, TABLE, chains)
    }
}
