//! What a difference means for a guest, in one plain sentence.
//!
//! The sentences say what is certain from the rules at hand: an accept towards the host matters
//! only where the host drops what nobody accepts, and then it matters at once.

use super::expect::Role;
use crate::firewall::{Match, NormalRule, PortSide, Protocol, Target};

/// Which ways of a host are shut to what no rule accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gates {
    /// To the host.
    pub input: bool,
    /// Through it.
    pub forward: bool,
    /// From it.
    pub output: bool,
}

/// What a rule of a network is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duty {
    /// Guests may ask this service of the host.
    Ask(Service),
    /// The host may answer.
    Answer(Service),
    /// Guests may reach each other.
    Cross,
    /// Guests may send out.
    AllowOut,
    /// Replies may come in.
    RepliesIn,
    /// Anyone may come in.
    AllowIn,
    /// Nothing else goes out.
    RejectOut,
    /// Nothing else comes in.
    RejectIn,
    /// Sources of TCP or UDP are rewritten.
    RewritePorts(Protocol),
    /// Sources of the rest are rewritten.
    Rewrite,
    /// Sources are kept for what no router passes on.
    Keep,
    /// The checksum of DHCP answers is filled in.
    Checksum,
}

/// A service of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Dhcp,
    Dhcp6,
    Dns,
    Tftp,
}

/// What guests lose when a rule does not do its part, whether it is missing, changed or elsewhere.
pub fn lost(role: Role, rule: &NormalRule, gates: Gates) -> Option<String> {
    let text = match duty(role, rule)? {
        Duty::Ask(service) => return Some(unheard(service, gates.input)),
        Duty::Answer(service) if gates.output => {
            return Some(format!(
                "{}: the host drops its own answers",
                failing(service)
            ));
        }
        Duty::Answer(_) => {
            "nothing as long as the host's output chain lets pass what no rule accepts"
        }
        Duty::Cross => "guests whose packets to each other pass the host's firewall are refused",
        Duty::AllowOut => "guests cannot reach the outside: their packets are refused",
        Duty::RepliesIn => "replies from outside do not come back",
        Duty::AllowIn => "nobody outside reaches the guests",
        Duty::RejectOut if gates.forward => {
            "what guests may not send is dropped without telling them"
        }
        Duty::RejectOut => "guests can send where they are to be kept from",
        Duty::RejectIn if gates.forward => "whoever may not come in is dropped without being told",
        Duty::RejectIn => "others can open connections to guests",
        Duty::RewritePorts(protocol) if protocol == Protocol::TCP => {
            "TCP of guests is rewritten without its range of ports"
        }
        Duty::RewritePorts(_) => "UDP of guests is rewritten without its range of ports",
        Duty::Rewrite => "pings of guests leave with an address that nobody outside answers",
        Duty::Keep => "multicast or broadcast of guests is rewritten like everything else",
        Duty::Checksum => "some guests discard the host's DHCP answers for a wrong checksum",
    };
    Some(text.to_owned())
}

/// What a rule means that stands before those that it should stand behind, or the other way round.
pub fn moved(role: Role, rule: &NormalRule, gates: Gates) -> Option<String> {
    let text = match duty(role, rule)? {
        Duty::RejectOut => "guests cannot reach the outside: their packets are refused first",
        Duty::RejectIn => "what may come in is refused first",
        Duty::Rewrite => "TCP and UDP of guests are rewritten without their range of ports",
        Duty::Ask(_)
        | Duty::Answer(_)
        | Duty::Cross
        | Duty::AllowOut
        | Duty::RepliesIn
        | Duty::AllowIn
        | Duty::RewritePorts(_)
        | Duty::Keep
        | Duty::Checksum => return lost(role, rule, gates),
    };
    Some(text.to_owned())
}

/// What a rule means that is not expected.
pub fn gained(rule: &NormalRule, is_double: bool) -> Option<String> {
    if is_double {
        return Some("nothing: the rule is there twice".to_owned());
    }
    let text = if matches!(rule.target, Target::Accept) {
        "lets through what the network does not"
    } else if matches!(rule.target, Target::Drop | Target::Reject(_)) {
        "stops what the network lets through"
    } else if matches!(rule.target, Target::Masquerade { .. } | Target::Snat(_)) {
        "rewrites sources that the network leaves alone"
    } else {
        return None;
    };
    Some(text.to_owned())
}

/// What guests lose when all rules of a network are missing.
pub fn no_rules(gates: Gates, translates: bool) -> String {
    let text = match (gates.forward, translates) {
        (true, _) => "guests cannot reach the outside, and nobody outside reaches them",
        (false, true) => {
            "guests cannot reach the outside: their addresses are not rewritten; and whoever can \
             route to the bridge reaches them"
        }
        (false, false) => "whoever can route to the bridge reaches the guests, and they reach all",
    };
    text.to_owned()
}

fn failing(service: Service) -> &'static str {
    match service {
        Service::Dhcp => "guests get no DHCP lease",
        Service::Dhcp6 => "guests get no DHCPv6 lease",
        Service::Dns => "guests cannot resolve names",
        Service::Tftp => "guests cannot fetch what they boot from",
    }
}

fn unheard(service: Service, shut: bool) -> String {
    let failing = failing(service);
    match shut {
        true => format!("{failing}: the host drops their requests"),
        false => format!(
            "nothing as long as the host's input chain lets pass what no rule accepts; else \
             {failing}"
        ),
    }
}

fn duty(role: Role, rule: &NormalRule) -> Option<Duty> {
    let accepts = rule.target == Target::Accept;
    match role {
        Role::Input => service(rule).map(Duty::Ask),
        Role::Output => service(rule).map(Duty::Answer),
        Role::Cross => Some(Duty::Cross),
        Role::Out if accepts => Some(Duty::AllowOut),
        Role::Out => Some(Duty::RejectOut),
        Role::Into if accepts => Some(into(rule)),
        Role::Into => Some(Duty::RejectIn),
        Role::Mend => Some(Duty::Checksum),
        Role::Nat => Some(nat(rule)),
        Role::Forward => match (rule.iifname(), rule.oifname()) {
            (Some(one), Some(other)) if one == other => Some(Duty::Cross),
            (Some(_), _) if rule.source().is_some() => Some(Duty::AllowOut),
            (_, Some(_)) if rule.destination().is_some() => Some(into(rule)),
            (Some(_), None) => Some(Duty::RejectOut),
            (None, Some(_)) => Some(Duty::RejectIn),
            (_, _) => None,
        },
    }
}

/// Within one of our own chains, what comes from the bridge itself crosses; else who may come in.
fn into(rule: &NormalRule) -> Duty {
    let is_state = |each: &Match| matches!(each, Match::CtState { .. });
    if rule.conditions().any(is_state) {
        Duty::RepliesIn
    } else if rule.destination().is_none() && rule.iifname().is_some() {
        Duty::Cross
    } else {
        Duty::AllowIn
    }
}

fn nat(rule: &NormalRule) -> Duty {
    let protocol = rule.conditions().find_map(|each| {
        if let Match::Protocol {
            protocol,
            negated: false,
        } = each
        {
            Some(*protocol)
        } else {
            None
        }
    });
    match (protocol, rule.target == Target::Return) {
        (_, true) => Duty::Keep,
        (Some(protocol), false) => Duty::RewritePorts(protocol),
        (None, false) => Duty::Rewrite,
    }
}

fn service(rule: &NormalRule) -> Option<Service> {
    let port = rule.conditions().find_map(|each| {
        if let Match::Port {
            side: PortSide::Destination,
            ports,
            ..
        } = each
        {
            ports.ranges().first().map(|range| range.start())
        } else {
            None
        }
    });
    match port? {
        53 => Some(Service::Dns),
        67 | 68 => Some(Service::Dhcp),
        69 => Some(Service::Tftp),
        546 | 547 => Some(Service::Dhcp6),
        _ => None,
    }
}
