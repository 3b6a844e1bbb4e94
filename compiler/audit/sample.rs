//! Rules, tables and captures for the tests of this room, as short as a tool's own lines.

use crate::capture::{Capture, CapturedFile, CapturedRuleset, FileId, RuleTool, Variant};
use crate::firewall::{
    Base, BaseKind, Bound, Chain, ChainPolicy, Counter, DevicePattern, Family, Hook, Match,
    NatFlags, RejectWith, Rule, Ruleset, Table, TableFamily, Target,
};
use crate::state::{Address, HostState, Segment};

pub(super) const REJECT: Target = Target::Reject(RejectWith::PortUnreachable);
pub(super) const MASQUERADE: Target = Target::Masquerade {
    ports: None,
    flags: NatFlags {
        random: false,
        fully_random: false,
        persistent: false,
    },
};

/// Matches in iptables' words: `-i DEV`, `-o DEV`, `-s NET`, `-d NET`, each also after `!`, and
/// `replies`.
pub(super) fn rule(words: &str, target: Target) -> Rule {
    let mut matches = Vec::new();
    let mut words = words.split_ascii_whitespace();
    let mut negated = false;
    while let Some(word) = words.next() {
        let bound = Bound::Name;
        let mut device = || DevicePattern::named(words.next().expect("a device follows"));
        matches.push(match word {
            "!" => {
                negated = true;
                continue;
            }
            "-i" => {
                let name = device();
                Match::InDevice {
                    name,
                    bound,
                    negated,
                }
            }
            "-o" => {
                let name = device();
                Match::OutDevice {
                    name,
                    bound,
                    negated,
                }
            }
            "replies" => Match::replies(),
            side => {
                let net = words.next().expect("a prefix follows");
                let net = net.parse().expect("it is a prefix");
                match side {
                    "-s" => Match::Source { net, negated },
                    "-d" => Match::Destination { net, negated },
                    other => panic!("{other} is no match of the samples"),
                }
            }
        });
        negated = false;
    }
    Rule::new(matches, target)
}

pub(super) fn jump(chain: &str) -> Target {
    Target::Jump(chain.into())
}

/// A chain; a built-in one of iptables, if it has such a name.
pub(super) fn chain(table: &str, name: &str, rules: Vec<Rule>) -> Chain {
    let mut chain = Chain::regular(name, rules);
    let built_in = |hook: &Hook| hook.iptables_chain() == Some(name);
    chain.base = Hook::IP.into_iter().find(built_in).map(|hook| Base {
        kind: BaseKind::of_iptables(table),
        hook,
        devices: Vec::new(),
        priority: 0,
        policy: ChainPolicy::Accept,
        counter: Counter::default(),
        offload: false,
    });
    chain
}

/// A table of iptables for IPv4.
pub(super) fn table(name: &str, chains: Vec<(&str, Vec<Rule>)>) -> Table {
    let made = chains.into_iter().map(|(at, rules)| chain(name, at, rules));
    Table::new(TableFamily::Ip, name, made.collect())
}

/// A host of which these rulesets were captured.
pub(super) fn capture(rulesets: Vec<(RuleTool, Vec<Table>)>) -> Capture {
    let mut capture = Capture::default();
    for (tool, tables) in rulesets {
        let file = FileId(capture.files.len());
        capture.files.push(CapturedFile {
            name: format!("rules-{}.txt", file.0),
            role: None,
        });
        capture.rulesets.push(CapturedRuleset {
            file,
            tool,
            ruleset: Ruleset { tables },
            complete: true,
        });
    }
    capture
}

pub(super) const IPTABLES: RuleTool = RuleTool::Iptables(Variant::Nft, Family::Ipv4);
pub(super) const LEGACY: RuleTool = RuleTool::Iptables(Variant::Legacy, Family::Ipv4);

/// The network `default` on virbr0.
pub(super) fn networks() -> HostState {
    let link: crate::value::DeviceName = "virbr0".parse().expect("a device name");
    HostState {
        networks: vec![Segment {
            network: "default".parse().expect("a network name"),
            uuid: String::new(),
            mode: "nat".to_owned(),
            link: Some(link.clone()),
        }],
        addresses: vec![Address {
            link,
            address: "192.168.122.1/24".parse().expect("an address"),
        }],
        ..HostState::default()
    }
}
