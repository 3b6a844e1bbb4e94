//! Which `-m` each match belongs to.

use super::{connection, transport};
use crate::firewall::{AddressSide, Family, Match, PortSide, Ports, Protocol, SpiHeader};

/// A module of iptables, as a match belongs to it.
pub(in crate::backend::iptables) struct Module {
    /// Its name.
    pub name: &'static str,
    /// Where the match stands among the options of the module, where each of them is a match of
    /// its own; nothing where one match is all options.
    pub rank: Option<usize>,
    /// The protocol that the match is about, which `-p` must say.
    pub protocol: Option<Protocol>,
}

impl Module {
    fn whole(name: &'static str) -> Self {
        Module {
            name,
            rank: None,
            protocol: None,
        }
    }

    fn part(name: &'static str, rank: usize) -> Self {
        Module {
            name,
            rank: Some(rank),
            protocol: None,
        }
    }

    fn of(mut self, protocol: Option<Protocol>) -> Self {
        self.protocol = protocol;
        self
    }
}

/// The module of a match; nothing for what iptables itself asks, for words, and for what it
/// cannot ask.
pub(in crate::backend::iptables) fn module_of(each: &Match, family: Family) -> Option<Module> {
    let of_family = |ipv4, ipv6| match family {
        Family::Ipv4 => Module::whole(ipv4),
        Family::Ipv6 => Module::whole(ipv6),
    };
    Some(match each {
        Match::Port {
            ports: Ports::List(_),
            protocol,
            ..
        } => Module::whole("multiport").of(*protocol),
        Match::Port { side, protocol, .. } => {
            let rank = usize::from(*side != PortSide::Source);
            Module::part(transport::module((*protocol)?)?, rank).of(*protocol)
        }
        Match::TcpOption { .. } => Module::part("tcp", 2).of(Some(Protocol::TCP)),
        Match::TcpFlags { .. } => Module::part("tcp", 3).of(Some(Protocol::TCP)),
        Match::Icmp { family, .. } => match family {
            Family::Ipv4 => Module::whole("icmp").of(Some(Protocol::ICMP)),
            Family::Ipv6 => Module::whole("icmp6").of(Some(Protocol::ICMPV6)),
        },
        Match::CtState { old: true, .. } => Module::whole("state"),
        Match::CtState { .. } => Module::part("conntrack", 0),
        Match::Conntrack(asked) => Module::part("conntrack", connection::rank(&asked.test)),
        Match::AddressRange(range) => Module::part("iprange", rank_of(range.side)),
        Match::AddressType { side, .. } => Module::part("addrtype", rank_of(*side)),
        Match::Helper { .. } => Module::whole("helper"),
        Match::ConnLimit(_) => Module::whole("connlimit"),
        Match::Mark { .. } => Module::whole("mark"),
        Match::CtMark { .. } => Module::whole("connmark"),
        Match::SourceMac { .. } => Module::whole("mac"),
        Match::PacketType { .. } => Module::whole("pkttype"),
        Match::Physdev(_) => Module::whole("physdev"),
        Match::Set(_) => Module::whole("set"),
        Match::Limit(_) => Module::whole("limit"),
        Match::HashLimit(_) => Module::whole("hashlimit"),
        Match::Recent(_) => Module::whole("recent"),
        Match::Statistic { .. } => Module::whole("statistic"),
        Match::Owner(_) => Module::whole("owner"),
        Match::Ipsec(_) => Module::whole("policy"),
        Match::RpFilter(_) => Module::whole("rpfilter"),
        Match::Length { .. } => Module::whole("length"),
        Match::HopLimit { .. } => of_family("ttl", "hl"),
        Match::Dscp { .. } => Module::whole("dscp"),
        Match::Tos { .. } => Module::whole("tos"),
        Match::Spi { header, .. } => Module::whole(match header {
            SpiHeader::Ah => "ah",
            SpiHeader::Esp => "esp",
        }),
        Match::Comment(_) => Module::whole("comment"),
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
        | Match::Other(_) => return None,
    })
}

fn rank_of(side: AddressSide) -> usize {
    match side {
        AddressSide::Source => 0,
        AddressSide::Destination => 1,
    }
}

/// Whether a match goes on within the `-m` of the one before it.
pub(in crate::backend::iptables) fn joins(last: &Match, next: &Match, family: Family) -> bool {
    let Some(Module {
        name,
        rank: Some(rank),
        ..
    }) = module_of(next, family)
    else {
        return false;
    };
    if let Match::Module(open) = last {
        return open == name;
    }
    if let (Match::AddressType { device, .. }, Match::AddressType { device: other, .. }) =
        (last, next)
        && device != other
    {
        return false;
    }
    let goes_on = |open: Module| open.name == name && open.rank.is_some_and(|last| last < rank);
    module_of(last, family).is_some_and(goes_on)
}
