//! Printing one rule in the words of `iptables-save`.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::backend::gap::Inexpressible;
use crate::firewall::{
    Bound, CtStates, DevicePattern, Family, Match, NatAddress, PortSide, Ports, Protocol,
    RejectWith, Rule, Target,
};
use crate::value::PortRange;

/// Appends the rule's matches and target, each word after a blank.
pub(super) fn print_rule(
    text: &mut String,
    rule: &Rule,
    family: Family,
) -> Result<(), Inexpressible> {
    if rule.counter.is_none() {
        return Err(inexpressible("a rule that does not count"));
    }
    let mut protocol = None;
    for each in &rule.matches {
        print_match(text, each, &mut protocol)?;
    }
    print_target(text, &rule.target, family)
}

pub(super) fn inexpressible(what: impl Into<String>) -> Inexpressible {
    Inexpressible {
        language: "iptables",
        what: what.into(),
    }
}

/// `said` is the protocol that an earlier word of the rule has settled: it stands only once.
fn print_match(
    text: &mut String,
    each: &Match,
    said: &mut Option<Protocol>,
) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = match each {
        Match::InDevice {
            name,
            bound,
            negated,
        } => {
            let name = by_name(name, *bound)?;
            write!(text, "{} -i {}", not(*negated), device(name))
        }
        Match::OutDevice {
            name,
            bound,
            negated,
        } => {
            let name = by_name(name, *bound)?;
            write!(text, "{} -o {}", not(*negated), device(name))
        }
        Match::Source { net, negated } => write!(text, "{} -s {}", not(*negated), net),
        Match::Destination { net, negated } => write!(text, "{} -d {}", not(*negated), net),
        Match::Family(_) => return Err(inexpressible("a match of the family")),
        Match::Protocol { protocol, negated } => {
            *said = Some(*protocol).filter(|_| !negated);
            write!(text, "{} -p {protocol}", not(*negated))
        }
        Match::Port {
            side: PortSide::Destination,
            protocol: Some(protocol),
            ports: Ports::One(ports),
            negated: false,
        } => {
            if *said != Some(*protocol) {
                let _ = write!(text, " -p {protocol}");
            }
            *said = Some(*protocol);
            let _ = write!(text, " -m {protocol} --dport {}", ports.start());
            match ports.start() == ports.end() {
                true => Ok(()),
                false => write!(text, ":{}", ports.end()),
            }
        }
        Match::CtState { states, .. } => {
            text.push_str(" -m conntrack --ctstate ");
            print_states(text, *states);
            Ok(())
        }
        Match::Other(words) => write!(text, " {words}"),
        Match::AddressRange(_)
        | Match::MaskedAddress(_)
        | Match::Fragment { .. }
        | Match::Port { .. }
        | Match::TcpFlags { .. }
        | Match::TcpOption { .. }
        | Match::Icmp { .. }
        | Match::Conntrack(_)
        | Match::Helper { .. }
        | Match::ConnLimit(_)
        | Match::Mark { .. }
        | Match::CtMark { .. }
        | Match::SourceMac { .. }
        | Match::PacketType { .. }
        | Match::AddressType { .. }
        | Match::Physdev(_)
        | Match::Set(_)
        | Match::Limit(_)
        | Match::HashLimit(_)
        | Match::Recent(_)
        | Match::Statistic { .. }
        | Match::Owner(_)
        | Match::Ipsec(_)
        | Match::RpFilter(_)
        | Match::Length { .. }
        | Match::HopLimit { .. }
        | Match::Dscp { .. }
        | Match::Tos { .. }
        | Match::Spi { .. }
        | Match::Module(_)
        | Match::Compare(_)
        | Match::Comment(_) => return Err(inexpressible("this match")),
    };
    Ok(())
}

fn device(pattern: &DevicePattern) -> String {
    let plus = if pattern.is_prefix() { "+" } else { "" };
    format!("{}{plus}", pattern.name())
}

fn by_name<T>(name: T, bound: Bound) -> Result<T, Inexpressible> {
    match bound {
        Bound::Name => Ok(name),
        Bound::Index | Bound::Gone => Err(inexpressible("a match of a device's number")),
    }
}

fn not(negated: bool) -> &'static str {
    if negated { " !" } else { "" }
}

/// In the order of `libxt_conntrack`.
fn print_states(text: &mut String, states: CtStates) {
    let words = [
        (states.invalid, "INVALID"),
        (states.new, "NEW"),
        (states.related, "RELATED"),
        (states.established, "ESTABLISHED"),
        (states.untracked, "UNTRACKED"),
    ];
    let mut first = true;
    for (_, word) in words.into_iter().filter(|(set, _)| *set) {
        if !first {
            text.push(',');
        }
        first = false;
        text.push_str(word);
    }
}

fn print_target(text: &mut String, target: &Target, family: Family) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = match target {
        Target::Accept => write!(text, " -j ACCEPT"),
        Target::Drop => write!(text, " -j DROP"),
        Target::Return => write!(text, " -j RETURN"),
        Target::Reject(RejectWith::PortUnreachable) => match family {
            Family::Ipv4 => write!(text, " -j REJECT --reject-with icmp-port-unreachable"),
            Family::Ipv6 => write!(text, " -j REJECT --reject-with icmp6-port-unreachable"),
        },
        Target::Jump(chain) => write!(text, " -j {chain}"),
        Target::Vmap(_) => return Err(inexpressible("a look-up in a map")),
        Target::Masquerade { ports: None, .. } => write!(text, " -j MASQUERADE"),
        Target::Masquerade {
            ports: Some(ports), ..
        } => {
            write!(text, " -j MASQUERADE --to-ports {ports}")
        }
        Target::Snat(nat) => {
            text.push_str(" -j SNAT --to-source ");
            if let Some(to) = nat.to {
                print_source(text, to, nat.ports);
            }
            Ok(())
        }
        Target::ChecksumFill => write!(text, " -j CHECKSUM --checksum-fill"),
        Target::Continue => Ok(()),
        Target::Other(words) => write!(text, " {words}"),
        Target::Reject(_)
        | Target::Goto(_)
        | Target::Dnat(_)
        | Target::Redirect { .. }
        | Target::Netmap(_)
        | Target::Log(_)
        | Target::SetMark(_)
        | Target::SetCtMark(_)
        | Target::CopyMark(_)
        | Target::Ct(_)
        | Target::Tproxy(_)
        | Target::Queue(_)
        | Target::SegmentSize(_)
        | Target::SetDscp(_)
        | Target::SetTos(_)
        | Target::SetHops(_)
        | Target::Classify { .. }
        | Target::SetChange(_)
        | Target::Trace
        | Target::Translate(_)
        | Target::Assign(_)
        | Target::Count(_)
        | Target::Notrack => return Err(inexpressible("this target")),
    };
    Ok(())
}

/// `a-b:lo-hi`; IPv6 in brackets when ports follow (`print_range6` of `libxt_NAT`).
fn print_source(text: &mut String, to: NatAddress, ports: Option<PortRange>) {
    let brackets = ports.is_some() && matches!(to.start, IpAddr::V6(_));
    let (open, close) = if brackets { ("[", "]") } else { ("", "") };
    // Writing into a String cannot fail.
    let _ = write!(text, "{open}{}", to.start);
    if to.end != to.start {
        let _ = write!(text, "-{}", to.end);
    }
    text.push_str(close);
    if let Some(ports) = ports {
        let _ = write!(text, ":{ports}");
    }
}
