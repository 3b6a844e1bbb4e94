//! libvirt's iptables layout: `LIBVIRT_…` chains in the tables filter, nat and mangle.
//!
//! Copied from `network_iptables.c`, in its order of operations. libvirt inserts every rule at the
//! head of its chain, so what it did last is asked first: the rules are collected in libvirt's
//! order here, and each chain is turned around at the end.

use ipnet::IpNet;

use super::{present, stacked, untranslated};
use crate::firewall::{
    Base, Chain, Family, Hook, Match, NetworkPolicy, Policy, Protocol, RejectWith, Rule, Ruleset,
    SubnetPolicy, Table, TableFamily, Target, Translation,
};
use crate::value::{DeviceName, PortRange};

/// The rules of one family, each chain in the order in which libvirt inserts.
#[derive(Default)]
struct Inserts {
    input: Vec<Rule>,
    output: Vec<Rule>,
    forward_out: Vec<Rule>,
    forward_in: Vec<Rule>,
    forward_cross: Vec<Rule>,
    nat: Vec<Rule>,
    mangle: Vec<Rule>,
}

/// The tables of both families, the network started last on top of each chain.
pub(super) fn encode(policy: &Policy) -> Ruleset {
    let (mut ipv4, mut ipv6) = (Inserts::default(), Inserts::default());
    for network in &policy.networks {
        add_firewall_rules(network, &mut ipv4, &mut ipv6);
    }
    let mut tables = ipv4.tables(TableFamily::Ip);
    tables.extend(ipv6.tables(TableFamily::Ip6));
    Ruleset { tables }
}

/// `iptablesAddFirewallRules`.
fn add_firewall_rules(network: &NetworkPolicy, ipv4: &mut Inserts, ipv6: &mut Inserts) {
    let bridge = &network.bridge;
    for family in &network.families {
        match family {
            Family::Ipv4 => {
                ipv4.allow_services(bridge, network.tftp);
                ipv4.reject_and_cross(bridge);
            }
            Family::Ipv6 => {
                ipv6.reject_and_cross(bridge);
                if network.ipv6_services {
                    ipv6.allow_ipv6_services(bridge);
                }
            }
        }
    }
    for subnet in &network.subnets {
        match Family::of(&subnet.net) {
            Family::Ipv4 => ipv4.cross_border(network, subnet),
            Family::Ipv6 => ipv6.cross_border(network, subnet),
        }
    }
    if network.dhcp_checksum {
        ipv4.fill_dhcp_checksum(bridge);
    }
}

impl Inserts {
    /// `iptablesAddGeneralIPv4FirewallRules`: the host's DHCP, DNS and TFTP.
    fn allow_services(&mut self, bridge: &DeviceName, tftp: bool) {
        for protocol in [Protocol::TCP, Protocol::UDP] {
            self.allow_input(bridge, protocol, 67);
        }
        for protocol in [Protocol::TCP, Protocol::UDP] {
            self.allow_output(bridge, protocol, 68);
        }
        self.allow_dns(bridge);
        if tftp {
            self.allow_input(bridge, Protocol::UDP, 69);
            self.allow_output(bridge, Protocol::UDP, 69);
        }
    }

    /// `iptablesAddGeneralIPv6FirewallRules`: the host's DNS and DHCPv6.
    fn allow_ipv6_services(&mut self, bridge: &DeviceName) {
        self.allow_dns(bridge);
        self.allow_input(bridge, Protocol::UDP, 547);
        self.allow_output(bridge, Protocol::UDP, 546);
    }

    fn allow_dns(&mut self, bridge: &DeviceName) {
        for protocol in [Protocol::TCP, Protocol::UDP] {
            self.allow_input(bridge, protocol, 53);
        }
        for protocol in [Protocol::TCP, Protocol::UDP] {
            self.allow_output(bridge, protocol, 53);
        }
    }

    /// `iptablesInput`.
    fn allow_input(&mut self, bridge: &DeviceName, protocol: Protocol, number: u16) {
        let matches = vec![Match::iifname(bridge), port(protocol, number)];
        self.input.push(Rule::new(matches, Target::Accept));
    }

    /// `iptablesOutput`.
    fn allow_output(&mut self, bridge: &DeviceName, protocol: Protocol, number: u16) {
        let matches = vec![Match::oifname(bridge), port(protocol, number)];
        self.output.push(Rule::new(matches, Target::Accept));
    }

    /// `iptablesForwardRejectOut`, `iptablesForwardRejectIn`, `iptablesForwardAllowCross`.
    fn reject_and_cross(&mut self, bridge: &DeviceName) {
        let reject = Target::Reject(RejectWith::PortUnreachable);
        let (from, to) = (Match::iifname(bridge), Match::oifname(bridge));
        self.forward_out
            .push(Rule::new(vec![from.clone()], reject.clone()));
        self.forward_in.push(Rule::new(vec![to.clone()], reject));
        self.forward_cross
            .push(Rule::new(vec![from, to], Target::Accept));
    }

    /// `iptablesAddIPSpecificFirewallRules`.
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

    /// `iptablesForwardAllowOut`.
    fn allow_out(&mut self, network: &NetworkPolicy, net: IpNet) {
        let matches = present([
            source(net),
            Some(Match::iifname(&network.bridge)),
            network.outlet.as_ref().map(Match::oifname),
        ]);
        self.forward_out.push(Rule::new(matches, Target::Accept));
    }

    /// `iptablesForwardAllowRelatedIn`.
    fn allow_related_in(&mut self, network: &NetworkPolicy, net: IpNet) {
        let mut matches = into(network, net);
        matches.push(Match::replies());
        self.forward_in.push(Rule::new(matches, Target::Accept));
    }

    /// `iptablesForwardAllowIn`.
    fn allow_in(&mut self, network: &NetworkPolicy, net: IpNet) {
        let rule = Rule::new(into(network, net), Target::Accept);
        self.forward_in.push(rule);
    }

    /// `iptablesAddMasqueradingFirewallRules`.
    ///
    /// Nothing lies outside a prefix of length 0, so no rule ever translates from there, and
    /// iptables on nf_tables refuses to load one: they are left out.
    fn masquerade(&mut self, network: &NetworkPolicy, net: IpNet, to: &Translation) {
        let outlet = network.outlet.as_ref().map(Match::oifname);
        if net.prefix_len() > 0 {
            let outside = Some(Match::not_destination(net));
            for protocol in [None, Some(Protocol::UDP), Some(Protocol::TCP)] {
                let matches = present([
                    source(net),
                    outside.clone(),
                    outlet.clone(),
                    protocol.map(Match::protocol),
                ]);
                let ports = protocol.map(|_| to.ports);
                self.nat.push(Rule::new(matches, to.target(ports)));
            }
        }
        for destination in untranslated(Family::of(&net)) {
            self.keep_source(net, *destination, outlet.clone());
        }
    }

    /// `iptablesForwardDontMasquerade`.
    fn keep_source(&mut self, net: IpNet, to: IpNet, outlet: Option<Match>) {
        let matches = present([source(net), Some(Match::destination(to)), outlet]);
        self.nat.push(Rule::new(matches, Target::Return));
    }

    /// `iptablesAddChecksumFirewallRules`.
    fn fill_dhcp_checksum(&mut self, bridge: &DeviceName) {
        let matches = vec![Match::oifname(bridge), port(Protocol::UDP, 68)];
        self.mangle.push(Rule::new(matches, Target::ChecksumFill));
    }

    /// `iptablesSetupPrivateChains`, and the chains it makes with what was inserted. Chains that
    /// belong to everyone come first, then libvirt's by name, as they are listed.
    fn tables(self, family: TableFamily) -> Vec<Table> {
        let filter = vec![
            shared("filter", Hook::Input, &["LIBVIRT_INP"]),
            shared(
                "filter",
                Hook::Forward,
                &["LIBVIRT_FWX", "LIBVIRT_FWI", "LIBVIRT_FWO"],
            ),
            shared("filter", Hook::Output, &["LIBVIRT_OUT"]),
            stacked("LIBVIRT_FWI", self.forward_in),
            stacked("LIBVIRT_FWO", self.forward_out),
            stacked("LIBVIRT_FWX", self.forward_cross),
            stacked("LIBVIRT_INP", self.input),
            stacked("LIBVIRT_OUT", self.output),
        ];
        let nat = vec![
            shared("nat", Hook::Prerouting, &[]),
            shared("nat", Hook::Input, &[]),
            shared("nat", Hook::Output, &[]),
            shared("nat", Hook::Postrouting, &["LIBVIRT_PRT"]),
            stacked("LIBVIRT_PRT", self.nat),
        ];
        let mangle = vec![
            shared("mangle", Hook::Prerouting, &[]),
            shared("mangle", Hook::Input, &[]),
            shared("mangle", Hook::Forward, &[]),
            shared("mangle", Hook::Output, &[]),
            shared("mangle", Hook::Postrouting, &["LIBVIRT_PRT"]),
            stacked("LIBVIRT_PRT", self.mangle),
        ];
        [("filter", filter), ("nat", nat), ("mangle", mangle)]
            .into_iter()
            .map(|(name, chains)| Table::new(family, name, chains))
            .collect()
    }
}

fn source(net: IpNet) -> Option<Match> {
    (net.prefix_len() > 0).then(|| Match::source(net))
}

fn into(network: &NetworkPolicy, net: IpNet) -> Vec<Match> {
    present([
        (net.prefix_len() > 0).then(|| Match::destination(net)),
        network.outlet.as_ref().map(Match::iifname),
        Some(Match::oifname(&network.bridge)),
    ])
}

fn port(protocol: Protocol, number: u16) -> Match {
    Match::destination_port(protocol, PortRange::single(number))
}

/// A built-in chain that leads to libvirt's.
fn shared(table: &str, hook: Hook, jumps: &[&str]) -> Chain {
    let jump = |chain: &&str| Rule::new(Vec::new(), Target::Jump((*chain).into()));
    Chain {
        base: Some(Base::of_iptables(table, hook)),
        ..Chain::regular(
            hook.iptables_chain().unwrap_or_default(),
            jumps.iter().map(jump).collect(),
        )
    }
}
