//! Printing the matches and targets of one rule, as `iptables-save` does.

use std::fmt::Write as _;

use super::module::{joins, module_of};
use super::{address, change, connection, hashlimit, host, icmp, log, nat, packet, push_word};
use super::{rate, refuse, set, track, transport};
use crate::backend::gap::Inexpressible;
use crate::backend::iptables::line::inexpressible;
use crate::backend::iptables::word::push_quoted;
use crate::firewall::{CtStates, Family, Match, PortSide, Ports, SegmentSize, Target};

/// How many ports `multiport` takes; a range counts for two (`XT_MULTI_PORTS`).
const MULTIPORT_SLOTS: usize = 15;

/// Appends the matches of extensions, each in its `-m`, and skips those of iptables itself.
pub(in crate::backend::iptables) fn print_matches(
    text: &mut String,
    matches: &[Match],
    family: Family,
) -> Result<(), Inexpressible> {
    let mut last: Option<&Match> = None;
    for (at, each) in matches.iter().enumerate() {
        if let Match::Module(name) = each {
            text.push_str(" -m ");
            push_word(text, name);
        } else if let Match::Other(words) = each {
            text.extend([" ", words]);
        } else if let Some(module) = module_of(each, family) {
            if !last.is_some_and(|last| joins(last, each, family)) {
                text.extend([" -m ", module.name]);
            }
            print_match(text, each, family)?;
        } else if !super::super::own::is_own(each) {
            return Err(inexpressible("this match"));
        }
        // The device stands behind all kinds of addresses it is for.
        if let Match::AddressType { device, .. } = each {
            let next = matches.get(at + 1);
            if !next.is_some_and(|next| joins(each, next, family)) {
                address::print_device(text, *device);
            }
        }
        last = Some(each);
    }
    Ok(())
}

/// Appends the options of one match; those of iptables itself have none here.
fn print_match(text: &mut String, each: &Match, family: Family) -> Result<(), Inexpressible> {
    if let Some(what) = unsayable(each, family) {
        return Err(inexpressible(what));
    }
    match each {
        Match::Port {
            side,
            ports,
            negated,
            ..
        } => match ports {
            Ports::One(range) => transport::print_port(text, *side, *range, *negated),
            Ports::List(list) => transport::print_ports(text, *side, list, *negated),
        },
        Match::TcpFlags { mask, set, negated } => {
            transport::print_tcp_flags(text, *mask, *set, *negated);
        }
        Match::TcpOption { option, negated } => {
            packet::print_number(text, "--tcp-option", u32::from(*option), *negated);
        }
        Match::Icmp {
            kind,
            code,
            negated,
            ..
        } => icmp::print(text, family, *kind, *code, *negated),
        Match::CtState {
            states,
            negated,
            old,
        } => connection::print_states(text, *states, *negated, *old),
        Match::Conntrack(asked) => connection::print_test(text, asked),
        Match::Helper { name, negated } => connection::print_helper(text, name, *negated),
        Match::ConnLimit(limit) => connection::print_connlimit(text, *limit),
        Match::Mark {
            value,
            mask,
            negated,
        }
        | Match::CtMark {
            value,
            mask,
            negated,
        } => packet::print_mark(text, *value, *mask, *negated),
        Match::SourceMac { mac, negated } => packet::print_mac(text, *mac, *negated),
        Match::PacketType { kind, negated } => packet::print_packet_type(text, *kind, *negated),
        Match::AddressRange(range) => address::print_range(text, range),
        Match::AddressType {
            side,
            types,
            negated,
            ..
        } => address::print_types(text, *side, *types, *negated),
        Match::Physdev(physdev) => packet::print_physdev(text, physdev),
        Match::Set(found) => set::print_match(text, found),
        Match::Limit(limit) => rate::print_limit(text, limit),
        Match::HashLimit(limit) => hashlimit::print(text, limit),
        Match::Recent(recent) => rate::print_recent(text, recent),
        Match::Statistic { which, negated } => rate::print_statistic(text, *which, *negated),
        Match::Owner(owner) => host::print_owner(text, owner),
        Match::Ipsec(policy) => host::print_policy(text, policy),
        Match::RpFilter(filter) => host::print_rpfilter(text, *filter),
        Match::Length { min, max, negated } => {
            packet::print_range(text, "--length", (*min, *max), *negated);
        }
        Match::HopLimit {
            comparison,
            hops,
            negated,
        } => packet::print_hops(text, family, *comparison, *hops, *negated),
        Match::Dscp { value, negated } => packet::print_dscp(text, *value, *negated),
        Match::Tos {
            value,
            mask,
            negated,
        } => packet::print_tos(text, *value, *mask, *negated),
        Match::Spi {
            header,
            min,
            max,
            negated,
        } => packet::print_spi(text, *header, (*min, *max), *negated),
        Match::Comment(comment) => {
            text.push_str(" --comment");
            push_quoted(text, comment);
        }
        Match::InDevice { .. }
        | Match::OutDevice { .. }
        | Match::Source { .. }
        | Match::Destination { .. }
        | Match::MaskedAddress(_)
        | Match::Family(_)
        | Match::Protocol { .. }
        | Match::Fragment { .. }
        | Match::Module(_)
        | Match::Compare(_)
        | Match::Other(_) => {}
    }
    Ok(())
}

/// What of a match only nft, or only the other family, has words for.
fn unsayable(each: &Match, family: Family) -> Option<&'static str> {
    if let Match::Port { side, ports, .. } = each {
        let slots = |list: &[crate::value::PortRange]| {
            let count = |range: &crate::value::PortRange| match range.start() == range.end() {
                true => 1,
                false => 2,
            };
            list.iter().map(count).sum::<usize>()
        };
        return match ports {
            Ports::One(_) if *side == PortSide::Either => Some("one port of either side"),
            Ports::List(list) if list.is_empty() => Some("a list of no ports"),
            Ports::List(list) if slots(list) > MULTIPORT_SLOTS => {
                Some("a list of more than 15 ports")
            }
            Ports::One(_) | Ports::List(_) => None,
        };
    }
    let wrong = |is_wrong: bool, what| is_wrong.then_some(what);
    if let Match::CtState { states, .. } = each {
        return wrong(*states == CtStates::default(), "a match of no state");
    }
    if let Match::TcpFlags { mask, set, .. } = each {
        return wrong((mask | set) > 63, "the flags ECE and CWR");
    }
    if let Match::Icmp { family: of, .. } = each {
        return wrong(*of != family, "a message of the other family");
    }
    if let Match::AddressType { types, .. } = each {
        return wrong(types.0 == 0, "an address of no kind");
    }
    if let Match::Length { max, .. } = each {
        return wrong(*max > u32::from(u16::MAX), "a length of more than 65535");
    }
    if let Match::Limit(limit) = each {
        return wrong(!rate::is_limit(limit), "this rate");
    }
    None
}

/// Appends `-j` and what follows, or nothing for a rule that only counts.
pub(in crate::backend::iptables) fn print_target(
    text: &mut String,
    target: &Target,
    family: Family,
) -> Result<(), Inexpressible> {
    let named = |text: &mut String, name: &str| text.extend([" -j ", name]);
    // Writing into a String cannot fail.
    let _ = match target {
        Target::Accept => write!(text, " -j ACCEPT"),
        Target::Drop => write!(text, " -j DROP"),
        Target::Return => write!(text, " -j RETURN"),
        Target::Trace => write!(text, " -j TRACE"),
        Target::Notrack => write!(text, " -j NOTRACK"),
        Target::ChecksumFill => write!(text, " -j CHECKSUM --checksum-fill"),
        Target::Continue => Ok(()),
        Target::Other(words) => write!(text, " {words}"),
        Target::Jump(chain) => {
            text.push_str(" -j ");
            push_word(text, chain);
            Ok(())
        }
        Target::Goto(chain) => {
            text.push_str(" -g ");
            push_word(text, chain);
            Ok(())
        }
        Target::Vmap(_) => return Err(inexpressible("a look-up in a map")),
        Target::Translate(_) => return Err(inexpressible("a translation like this")),
        Target::Assign(_) => return Err(inexpressible("to change this field")),
        Target::Count(_) => return Err(inexpressible("to count twice")),
        Target::Reject(with) => match refuse::word(*with, family) {
            Some(word) => write!(text, " -j REJECT --reject-with {word}"),
            None => return Err(inexpressible("to refuse a packet in this way")),
        },
        Target::Masquerade { ports, flags } => {
            named(text, "MASQUERADE");
            nat::print_ports(text, *ports, *flags);
            Ok(())
        }
        Target::Redirect { ports, flags } => {
            named(text, "REDIRECT");
            nat::print_ports(text, *ports, *flags);
            Ok(())
        }
        Target::Snat(to) => {
            named(text, "SNAT");
            nat::print_nat(text, "--to-source", to);
            Ok(())
        }
        Target::Dnat(to) => {
            named(text, "DNAT");
            nat::print_nat(text, "--to-destination", to);
            Ok(())
        }
        Target::Netmap(net) => {
            named(text, "NETMAP");
            nat::print_netmap(text, net);
            Ok(())
        }
        Target::Log(log) => {
            match log.group {
                None => {
                    named(text, "LOG");
                    log::print_log(text, log);
                }
                Some(group) => {
                    named(text, "NFLOG");
                    log::print_nflog(text, log, group);
                }
            }
            Ok(())
        }
        Target::Queue(queue) => {
            named(text, "NFQUEUE");
            log::print_queue(text, *queue);
            Ok(())
        }
        Target::SetMark(mark) => {
            named(text, "MARK");
            change::print_mark(text, *mark);
            Ok(())
        }
        Target::SetCtMark(mark) => {
            named(text, "CONNMARK");
            change::print_mark(text, *mark);
            Ok(())
        }
        Target::CopyMark(copy) => {
            named(text, "CONNMARK");
            change::print_copy(text, *copy);
            Ok(())
        }
        Target::Ct(ct) => {
            named(text, "CT");
            track::print_ct(text, ct);
            Ok(())
        }
        Target::Tproxy(tproxy) => {
            named(text, "TPROXY");
            track::print_tproxy(text, tproxy, family);
            Ok(())
        }
        Target::SegmentSize(SegmentSize::PathMtu) => {
            write!(text, " -j TCPMSS --clamp-mss-to-pmtu")
        }
        Target::SegmentSize(SegmentSize::Bytes(bytes)) => {
            write!(text, " -j TCPMSS --set-mss {bytes}")
        }
        Target::SetDscp(value) => write!(text, " -j DSCP --set-dscp {value:#04x}"),
        Target::SetTos(tos) => {
            let (value, mask) = (tos.value, tos.mask);
            write!(text, " -j TOS --set-tos {value:#04x}/{mask:#04x}")
        }
        Target::SetHops(hops) => {
            named(
                text,
                match family {
                    Family::Ipv4 => "TTL",
                    Family::Ipv6 => "HL",
                },
            );
            change::print_hops(text, *hops, family);
            Ok(())
        }
        Target::Classify { major, minor } => {
            write!(text, " -j CLASSIFY --set-class {major:04x}:{minor:04x}")
        }
        Target::SetChange(change) => {
            named(text, "SET");
            set::print_target(text, change);
            Ok(())
        }
    };
    Ok(())
}
