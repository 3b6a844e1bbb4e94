//! Printing one rule in nft's words.

use std::fmt;
use std::fmt::Write as _;
use std::net::IpAddr;

use ipnet::IpNet;

use super::keyword;
use crate::backend::gap::Inexpressible;
use crate::firewall::{
    Bound, CtStates, Expression, Family, Match, NatAddress, PortSide, Ports, RejectWith, Rule,
    TableFamily, Target,
};
use crate::value::PortRange;

/// Appends the rule's matches, counter and target, each word with a blank after it.
pub(super) fn rule_words(
    text: &mut String,
    rule: &Rule,
    family: TableFamily,
) -> Result<(), Inexpressible> {
    for each in &rule.matches {
        match_words(text, each)?;
    }
    if rule.counter.is_some() {
        text.push_str("counter ");
    }
    target_words(text, &rule.target, family)
}

fn inexpressible(what: impl Into<String>) -> Inexpressible {
    Inexpressible {
        language: "nft",
        what: what.into(),
    }
}

/// A prefix as nft lists it: a single address has no length.
pub(super) fn net(net: &IpNet) -> impl fmt::Display {
    NetWord(*net)
}

struct NetWord(IpNet);

impl fmt::Display for NetWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

fn match_words(text: &mut String, each: &Match) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = match each {
        Match::InDevice { name, bound, .. } => {
            write!(text, "i{} \"{}\" ", device(*bound), name.name())
        }
        Match::OutDevice { name, bound, .. } => {
            write!(text, "o{} \"{}\" ", device(*bound), name.name())
        }
        Match::Source { net, negated } => address(text, "saddr", net, *negated),
        Match::Destination { net, negated } => address(text, "daddr", net, *negated),
        Match::Family(Family::Ipv4) => write!(text, "meta nfproto ipv4 "),
        Match::Family(Family::Ipv6) => write!(text, "meta nfproto ipv6 "),
        Match::Protocol { protocol, .. } => write!(text, "meta l4proto {protocol} "),
        Match::Port {
            side: PortSide::Destination,
            protocol: Some(protocol),
            ports: Ports::One(ports),
            negated: false,
        } => {
            write!(text, "{protocol} dport {ports} ")
        }
        Match::CtState { states, .. } if *states == CtStates::default() => {
            return Err(inexpressible("a match of no connection state"));
        }
        Match::CtState { states, .. } => state_words(text, *states),
        Match::Other(words) => write!(text, "{words} "),
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

fn device(bound: Bound) -> &'static str {
    match bound {
        Bound::Name => "ifname",
        Bound::Index | Bound::Gone => "if",
    }
}

fn address(text: &mut String, side: &str, prefix: &IpNet, negated: bool) -> fmt::Result {
    let family = match Family::of(prefix) {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ip6",
    };
    let not = if negated { "!= " } else { "" };
    write!(text, "{family} {side} {not}{} ", net(prefix))
}

/// In the order of the kernel's bits, as nft lists them.
fn state_words(text: &mut String, states: CtStates) -> fmt::Result {
    let words = [
        (states.invalid, "invalid"),
        (states.established, "established"),
        (states.related, "related"),
        (states.new, "new"),
        (states.untracked, "untracked"),
    ];
    text.push_str("ct state");
    let mut before = ' ';
    for (_, word) in words.into_iter().filter(|(set, _)| *set) {
        write!(text, "{before}{word}")?;
        before = ',';
    }
    write!(text, " ")
}

fn target_words(
    text: &mut String,
    target: &Target,
    family: TableFamily,
) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = match target {
        Target::Accept => write!(text, "accept"),
        Target::Drop => write!(text, "drop"),
        Target::Reject(RejectWith::PortUnreachable) => write!(text, "reject"),
        Target::Return => write!(text, "return"),
        Target::Jump(chain) => write!(text, "jump {chain}"),
        Target::Vmap(lookup) => match (&lookup.key, &lookup.map) {
            (Expression::Field(field), Expression::Named(map)) => {
                write!(text, "{} vmap @{map}", keyword::field(field))
            }
            (_, _) => return Err(inexpressible("this map")),
        },
        Target::Masquerade { ports: None, .. } => write!(text, "masquerade"),
        Target::Masquerade {
            ports: Some(ports), ..
        } => {
            write!(text, "masquerade to :{}-{}", ports.start(), ports.end())
        }
        Target::Snat(nat) => match nat.to {
            Some(to) => snat(text, to, nat.ports, family),
            None => return Err(inexpressible("a source without an address")),
        },
        Target::ChecksumFill => return Err(inexpressible("to fill in a checksum")),
        Target::Continue => Ok(()),
        Target::Other(words) => write!(text, "{words}"),
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

/// `snat to a-b:lo-hi`; IPv6 in brackets when ports follow; a table of both families says which.
fn snat(
    text: &mut String,
    to: NatAddress,
    ports: Option<PortRange>,
    family: TableFamily,
) -> fmt::Result {
    text.push_str(match (family, to.start) {
        (
            TableFamily::Inet | TableFamily::Bridge | TableFamily::Netdev | TableFamily::Arp,
            IpAddr::V4(_),
        ) => "snat ip to ",
        (
            TableFamily::Inet | TableFamily::Bridge | TableFamily::Netdev | TableFamily::Arp,
            IpAddr::V6(_),
        ) => "snat ip6 to ",
        (TableFamily::Ip | TableFamily::Ip6, _) => "snat to ",
    });
    let brackets = ports.is_some() && to.start.is_ipv6();
    let (open, close) = if brackets { ("[", "]") } else { ("", "") };
    write!(text, "{open}{}{close}", to.start)?;
    if to.end != to.start {
        write!(text, "-{open}{}{close}", to.end)?;
    }
    match ports {
        Some(ports) => write!(text, ":{}-{}", ports.start(), ports.end()),
        None => Ok(()),
    }
}
