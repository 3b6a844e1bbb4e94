//! The smallest commands that open a way that a firewall shuts, by whose firewall it is.
//!
//! A program that rules the host is told in its own words, since it writes its rules anew; where a
//! chain is left to the administrator, rules go there.

use super::patient::Patient;
use super::report::Fix;
use super::walk::Stop;
use crate::audit::layer;
use crate::audit::owner::{Judge, Owner};
use crate::audit::spell;
use crate::capture::{RuleTool, Variant};
use crate::firewall::{Family, Table};

/// A way that is to be opened for a network's guests.
#[derive(Clone, Debug)]
pub enum Way {
    /// To the host.
    Input {
        /// These ports of UDP.
        udp: Vec<u16>,
        /// These ports of TCP.
        tcp: Vec<u16>,
        /// Messages of ICMPv6.
        icmp: bool,
    },
    /// From the host to guests.
    Output,
    /// Outwards, and for answers if they are shut out, too.
    Outwards {
        /// Whether answers are.
        replies: bool,
    },
    /// Inwards, for answers only.
    Inwards,
    /// From one port of the bridge to another.
    Across,
}

/// Whose the rule or policy is that stops a packet.
pub fn owner(patient: &Patient<'_>, stop: &Stop<'_>) -> Owner {
    let judge = Judge::new(patient.host.learnt, stop.layer.table);
    let Some(rule) = stop.rule else {
        return judge.policy(stop.base);
    };
    let whole = judge.chain(stop.chain).map(|claim| claim.owner);
    whole.unwrap_or_else(|| judge.rule(stop.chain, rule).owner)
}

/// What opens it.
pub fn fix(patient: &Patient<'_>, stop: &Stop<'_>, owner: Owner, way: &Way, family: Family) -> Fix {
    let bridge = patient.bridge.as_str();
    let table = stop.layer.table;
    if owner.is_ours() {
        return patient.apply();
    }
    if owner == Owner::Firewalld {
        let zone = zone(table);
        let zone = format!("--zone={zone}");
        let interface = format!("--change-interface={bridge}");
        return Fix::run([&["firewall-cmd", &zone, &interface]])
            .note("again with --permanent to keep it");
    }
    if owner == Owner::Ufw
        && let Some(fix) = ufw(bridge, way)
    {
        return fix;
    }
    let fix = match layer::is_iptables(table) {
        true => by_iptables(patient, stop, way, family),
        false => by_nft(bridge, stop, way),
    };
    fix.note(match owner == Owner::Docker {
        true => "Docker leaves DOCKER-USER to you; lanwright apply keeps these rules there",
        false => "until the rules are loaded anew: save them the way this host does",
    })
}

/// The zone for bridges of networks that is there, else the one that lets all in.
fn zone(table: &Table) -> &'static str {
    let known = ["lanwright", "libvirt"];
    let has = |zone: &&str| {
        let mut chains = table.chains.iter();
        chains.any(|chain| chain.name.ends_with(&format!("IN_{zone}")))
    };
    known.into_iter().find(has).unwrap_or("trusted")
}

fn ufw(bridge: &str, way: &Way) -> Option<Fix> {
    match way {
        // ufw lets ICMPv6 in by itself.
        Way::Input { udp, tcp, .. } => {
            let ports = udp.iter().map(|port| (*port, "udp"));
            let ports = ports.chain(tcp.iter().map(|port| (*port, "tcp")));
            let command = |(port, protocol): (u16, &str)| {
                let port = port.to_string();
                let words = [
                    "ufw", "allow", "in", "on", bridge, "to", "any", "port", &port, "proto",
                    protocol,
                ];
                words.map(str::to_owned).to_vec()
            };
            Some(Fix {
                commands: ports.map(command).collect(),
                ..Fix::run([])
            })
        }
        Way::Outwards { .. } => Some(Fix::run([&["ufw", "route", "allow", "in", "on", bridge]])),
        Way::Across => Some(Fix::run([&[
            "ufw", "route", "allow", "in", "on", bridge, "out", "on", bridge,
        ]])),
        Way::Output | Way::Inwards => None,
    }
}

/// What rules ask, a rule each, as words of iptables.
fn asked(bridge: &str, way: &Way, routed: bool) -> Vec<Vec<String>> {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<String>>()
    };
    let replies = [
        "-o",
        bridge,
        "-m",
        "conntrack",
        "--ctstate",
        "RELATED,ESTABLISHED",
    ];
    // Guests of a routed network may be called from outside.
    let replies = if routed { &replies[..2] } else { &replies[..] };
    match way {
        Way::Input { udp, tcp, icmp } => {
            let ports = [(udp, "udp"), (tcp, "tcp")].into_iter();
            let ports = ports.filter_map(|(ports, protocol)| {
                let listed = list(ports, ",");
                let some = ["-i", bridge, "-p", protocol];
                Some(match ports.as_slice() {
                    [] => return None,
                    [_] => words(&[&some[..], &["--dport", &listed]].concat()),
                    [_, ..] => {
                        words(&[&some[..], &["-m", "multiport", "--dports", &listed]].concat())
                    }
                })
            });
            let icmp = icmp.then(|| words(&["-i", bridge, "-p", "ipv6-icmp"]));
            ports.chain(icmp).collect()
        }
        Way::Output => vec![words(&["-o", bridge])],
        Way::Outwards { replies: false } => vec![words(&["-i", bridge])],
        Way::Outwards { replies: true } => vec![words(&["-i", bridge]), words(replies)],
        Way::Inwards => vec![words(replies)],
        Way::Across => vec![words(&["-i", bridge, "-o", bridge])],
    }
}

fn list(ports: &[u16], between: &str) -> String {
    let ports = ports.iter().map(ToString::to_string);
    ports.collect::<Vec<String>>().join(between)
}

fn by_iptables(patient: &Patient<'_>, stop: &Stop<'_>, way: &Way, family: Family) -> Fix {
    let table = stop.layer.table;
    let program = program(patient, stop.layer.tool, family);
    let user = "DOCKER-USER";
    let is_led_to = table.chains.iter().any(|chain| chain.name == user);
    let chain = match way {
        Way::Outwards { .. } | Way::Inwards | Way::Across if is_led_to => user,
        Way::Outwards { .. } | Way::Inwards | Way::Across | Way::Input { .. } | Way::Output => {
            &stop.base.name
        }
    };
    let routed = patient.segment.mode != "nat";
    let command = |asked: Vec<String>| {
        let mut command = vec![program.clone()];
        if table.name != "filter" {
            command.extend(["-t".to_owned(), table.name.clone()]);
        }
        command.extend(["-I".to_owned(), chain.to_owned()]);
        command.extend(asked);
        command.extend(["-j".to_owned(), "ACCEPT".to_owned()]);
        command
    };
    let asked = asked(patient.bridge.as_str(), way, routed);
    Fix {
        commands: asked.into_iter().map(command).collect(),
        ..Fix::run([])
    }
}

/// The program that changes the rules. A host with rules in both variants has one under the plain
/// name, and nothing tells which.
pub fn program(patient: &Patient<'_>, tool: RuleTool, family: Family) -> String {
    let plain = match family {
        Family::Ipv4 => "iptables",
        Family::Ipv6 => "ip6tables",
    };
    let present = patient.capture().present();
    let has = |wanted: Variant| {
        present.iter().any(|each| {
            let rules = each.ruleset.tables.iter().flat_map(|table| &table.chains);
            each.tool == RuleTool::Iptables(wanted, family)
                && rules.map(|chain| chain.rules.len()).sum::<usize>() > 0
        })
    };
    let both = has(Variant::Legacy) && has(Variant::Nft);
    match tool {
        RuleTool::Iptables(Variant::Legacy, _) if both => format!("{plain}-legacy"),
        RuleTool::Iptables(Variant::Nft, _) if both => format!("{plain}-nft"),
        RuleTool::Iptables(_, _) | RuleTool::Nft => plain.to_owned(),
    }
}

fn by_nft(bridge: &str, stop: &Stop<'_>, way: &Way) -> Fix {
    let table = stop.layer.table;
    let words = |words: &[&str]| {
        words
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<String>>()
    };
    let replies = || words(&["oifname", bridge, "ct", "state", "established,related"]);
    let input = |(port, protocol): (&u16, &str)| {
        let port = port.to_string();
        words(&["iifname", bridge, protocol, "dport", &port])
    };
    let asked: Vec<Vec<String>> = match way {
        Way::Input { udp, tcp, icmp } => {
            let udp = udp.iter().map(|port| (port, "udp"));
            let ports = udp.chain(tcp.iter().map(|port| (port, "tcp"))).map(input);
            let icmp = icmp.then(|| words(&["iifname", bridge, "meta", "l4proto", "ipv6-icmp"]));
            ports.chain(icmp).collect()
        }
        Way::Output => vec![words(&["oifname", bridge])],
        Way::Outwards { replies: false } => vec![words(&["iifname", bridge])],
        Way::Outwards { replies: true } => vec![words(&["iifname", bridge]), replies()],
        Way::Inwards => vec![replies()],
        Way::Across => vec![words(&["iifname", bridge, "oifname", bridge])],
    };
    let start = ["nft", "insert", "rule", spell::family_word(table.family)];
    let command = |asked: Vec<String>| {
        let mut command = words(&start);
        command.extend([table.name.clone(), stop.base.name.clone()]);
        command.extend(asked);
        command.push("accept".to_owned());
        command
    };
    Fix {
        commands: asked.into_iter().map(command).collect(),
        ..Fix::run([])
    }
}
