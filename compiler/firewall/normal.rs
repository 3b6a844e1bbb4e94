//! The normal form of rules: two rules that say the same in other words are equal in it.
//!
//! A rule is a list of steps, each of which must let the packet through before the next is asked.
//! What only looks at the packet can be asked in any order, so between two steps that remember
//! something (a limit, a log line) conditions are sorted, and each is asked once. Besides:
//!
//! - what a match implies is a condition of its own: the protocol of a port, of flags, of an ICMP
//!   message; the family of an address, in a table of both families;
//! - what always holds is left out: the family of the table, a prefix of length 0, a comment;
//! - a prefix, a range and one address are all a first and a last address; a mask without holes is
//!   a prefix; ports of a list are sorted, and joined where they touch;
//! - a device is a device, whether it is asked for by name or was looked up by name as the rule was
//!   loaded. A number is none: the device that had it may be gone;
//! - a refusal in a table of one family is that family's message, however it was numbered;
//! - counters, handles and the place where a rule was read are left out.
//!
//! What we have no type for is compared word by word, and keeps its place unless it is known only
//! to look at the packet. Nothing here knows how a tool spells a rule.

use std::net::IpAddr;

use compact_str::CompactString;
use ipnet::IpNet;

use super::{
    AddressSide, Bound, CtStates, DevicePattern, Family, Log, MapKey, Match, NatAddress, NatFlags,
    PacketType, PortSide, Ports, Protocol, RejectWith, Rule, SetMark, TableFamily, Target,
};
use crate::value::PortRange;

/// A rule, in the one form of all its spellings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NormalRule {
    /// What is asked and done, in order.
    pub steps: Vec<Step>,
    /// What happens in the end.
    pub action: Action,
}

/// One step of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Something must hold.
    Ask(Condition),
    /// Something is done, and the packet goes on.
    Do(Action),
}

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// The packet is of this family.
    Family(Family),
    /// It is of this protocol, or not.
    Protocol(Protocol, Not),
    /// It came in through this device.
    In(Device, Not),
    /// It goes out through this device.
    Out(Device, Not),
    /// An address lies between two others, both included.
    Address(AddressSide, IpAddr, IpAddr, Not),
    /// An address under a mask with holes.
    Masked(AddressSide, IpAddr, IpAddr, Not),
    /// It is a fragment after the first.
    Fragment(Not),
    /// A port lies in one of these ranges.
    Port(PortSide, Vec<(u16, u16)>, Not),
    /// Of these TCP flags exactly those are set.
    TcpFlags(u8, u8, Not),
    /// It is this ICMP message.
    Icmp(u8, Option<u8>, Not),
    /// Its connection is in one of these states.
    States(CtStates, Not),
    /// Its mark under a mask.
    Mark(u32, u32, Not),
    /// The mark of its connection under a mask.
    CtMark(u32, u32, Not),
    /// It comes from this hardware address.
    Mac([u8; 6], Not),
    /// To whom it was sent on the link.
    PacketType(PacketType, Not),
    /// What we have no type for: its words.
    Other(CompactString),
}

/// Whether a condition must not hold.
pub type Not = bool;

/// A device, as a rule knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Device {
    /// By its name, or by how its name begins.
    Named(DevicePattern),
    /// By a number that has no name any more.
    Number(CompactString),
}

/// What happens to a packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// It goes on.
    Accept,
    /// It is gone.
    Drop,
    /// It is refused.
    Reject(RejectWith),
    /// Back to the chain that led here.
    Return,
    /// On to this chain, and back.
    Jump(CompactString),
    /// On to this chain.
    Goto(CompactString),
    /// To the chain that a map names.
    Vmap(MapKey, String),
    /// The source becomes the device's address.
    Masquerade(Option<(u16, u16)>, NatFlags),
    /// The source becomes one of these addresses.
    Snat(Option<(IpAddr, IpAddr)>, Option<(u16, u16)>, NatFlags),
    /// The destination becomes one of these addresses.
    Dnat(Option<(IpAddr, IpAddr)>, Option<(u16, u16)>, NatFlags),
    /// The destination becomes the host.
    Redirect(Option<(u16, u16)>, NatFlags),
    /// The checksum is computed.
    ChecksumFill,
    /// It is written to the log.
    Log {
        /// What the line begins with.
        prefix: Option<CompactString>,
        /// Syslog's level.
        level: u8,
        /// The group.
        group: Option<u16>,
        /// Further options, sorted.
        options: Vec<CompactString>,
    },
    /// Its mark changes.
    SetMark(SetMark),
    /// The mark of its connection changes.
    SetCtMark(SetMark),
    /// Its connection is not tracked.
    Notrack,
    /// The next rule is asked.
    Continue,
    /// What we have no type for: its words.
    Other(CompactString),
}

/// Syslog's level of log lines that name none: warning.
const DEFAULT_LEVEL: u8 = 4;
/// More steps than rules have.
const MANY: usize = 64;
/// Matches of iptables that only look at the packet, its way and its connection.
const LOOKS_ONLY: &[&str] = &[
    "addrtype",
    "ah",
    "connlabel",
    "cpu",
    "dscp",
    "ecn",
    "esp",
    "helper",
    "hl",
    "iprange",
    "length",
    "owner",
    "physdev",
    "policy",
    "realm",
    "rpfilter",
    "rt",
    "socket",
    "state",
    "tcpmss",
    "tos",
    "ttl",
];

impl NormalRule {
    /// The normal form of a rule in a table of this family.
    pub fn of(rule: &Rule, table: TableFamily) -> Self {
        let mut normal = Normal::new(table);
        let mut effects = rule.effects.iter().peekable();
        for (at, each) in rule.matches.iter().enumerate() {
            while let Some(effect) = effects.next_if(|effect| effect.after <= at) {
                normal.effect(&effect.what);
            }
            normal.ask(each);
        }
        effects.for_each(|effect| normal.effect(&effect.what));
        let action = normal.action(&rule.target);
        normal.settle();
        NormalRule {
            steps: normal.steps,
            action,
        }
    }

    /// The conditions, wherever they stand.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.steps.iter().filter_map(|step| match step {
            Step::Ask(condition) => Some(condition),
            Step::Do(_) => None,
        })
    }

    /// The device that a packet must come in through, if it is one by name.
    pub fn iifname(&self) -> Option<&str> {
        self.conditions().find_map(|condition| {
            if let Condition::In(Device::Named(pattern), false) = condition {
                (!pattern.prefix).then_some(pattern.name.as_str())
            } else {
                None
            }
        })
    }

    /// The device that a packet must go out through, if it is one by name.
    pub fn oifname(&self) -> Option<&str> {
        self.conditions().find_map(|condition| {
            if let Condition::Out(Device::Named(pattern), false) = condition {
                (!pattern.prefix).then_some(pattern.name.as_str())
            } else {
                None
            }
        })
    }

    /// The addresses that a packet must come from or go to: first and last.
    pub fn address(&self, wanted: AddressSide) -> Option<(IpAddr, IpAddr)> {
        self.conditions().find_map(|condition| {
            if let Condition::Address(side, start, end, false) = condition {
                (*side == wanted).then_some((*start, *end))
            } else {
                None
            }
        })
    }

    /// How many conditions two rules share, and one more for the same action: how much they look
    /// like each other.
    pub fn likeness(&self, other: &NormalRule) -> usize {
        let shared = self.conditions().filter(|one| {
            let mut others = other.conditions();
            others.any(|other| other == *one)
        });
        shared.count() + usize::from(self.action == other.action)
    }
}

/// A rule on its way to its normal form.
struct Normal {
    table: TableFamily,
    steps: Vec<Step>,
    /// Where the conditions begin that may change places.
    open: usize,
}

impl Normal {
    fn new(table: TableFamily) -> Self {
        Normal {
            table,
            steps: Vec::new(),
            open: 0,
        }
    }

    /// Sorts what may change places, each once and not if it holds already; from here on something
    /// else may.
    fn settle(&mut self) {
        let mut run = self.steps.split_off(self.open);
        run.sort();
        run.dedup();
        // A rule of a real host has a handful of steps; in longer ones a repetition may stay.
        if self.open <= MANY {
            run.retain(|step| !self.steps.contains(step));
        }
        self.steps.append(&mut run);
        self.open = self.steps.len();
    }

    fn effect(&mut self, what: &Target) {
        // A packet that goes on as it is has had nothing done to it.
        if *what == Target::Continue {
            return;
        }
        self.settle();
        let action = self.action(what);
        self.steps.push(Step::Do(action));
        self.open = self.steps.len();
    }

    fn push(&mut self, condition: Condition) {
        self.steps.push(Step::Ask(condition));
    }

    fn family(&mut self, family: Family) {
        let said = match self.table {
            TableFamily::Ip => family == Family::Ipv4,
            TableFamily::Ip6 => family == Family::Ipv6,
            TableFamily::Inet => false,
        };
        if !said {
            self.push(Condition::Family(family));
        }
    }

    fn protocol(&mut self, protocol: Protocol) {
        self.push(Condition::Protocol(protocol, false));
    }

    fn ask(&mut self, each: &Match) {
        match each {
            Match::InDevice {
                name,
                bound,
                negated,
            } => self.push(Condition::In(device(name, *bound), *negated)),
            Match::OutDevice {
                name,
                bound,
                negated,
            } => self.push(Condition::Out(device(name, *bound), *negated)),
            Match::Source { net, negated } => self.net(AddressSide::Source, net, *negated),
            Match::Destination { net, negated } => {
                self.net(AddressSide::Destination, net, *negated);
            }
            Match::AddressRange(range) => {
                self.range(range.side, range.start, range.end, range.negated);
            }
            Match::MaskedAddress(masked) => {
                self.masked(masked.side, masked.address, masked.mask, masked.negated);
            }
            Match::Family(family) => self.family(*family),
            Match::Protocol { protocol, negated } => {
                self.push(Condition::Protocol(*protocol, *negated));
            }
            Match::Fragment { negated } => self.push(Condition::Fragment(*negated)),
            Match::Port {
                side,
                protocol,
                ports,
                negated,
            } => {
                if let Some(protocol) = protocol {
                    self.protocol(*protocol);
                }
                self.push(Condition::Port(*side, joined(ports), *negated));
            }
            Match::TcpFlags { mask, set, negated } => {
                self.protocol(Protocol::TCP);
                self.push(Condition::TcpFlags(*mask, *set, *negated));
            }
            Match::Icmp {
                family,
                kind,
                code,
                negated,
            } => {
                self.protocol(match family {
                    Family::Ipv4 => Protocol::ICMP,
                    Family::Ipv6 => Protocol::ICMPV6,
                });
                self.push(Condition::Icmp(*kind, *code, *negated));
            }
            Match::CtState {
                states, negated, ..
            } => self.push(Condition::States(*states, *negated)),
            Match::Mark {
                value,
                mask,
                negated,
            } => self.push(Condition::Mark(*value, *mask, *negated)),
            Match::CtMark {
                value,
                mask,
                negated,
            } => self.push(Condition::CtMark(*value, *mask, *negated)),
            Match::SourceMac { mac, negated } => self.push(Condition::Mac(*mac, *negated)),
            Match::PacketType { kind, negated } => {
                self.push(Condition::PacketType(*kind, *negated));
            }
            Match::Comment(_) => {}
            Match::Other(words) => self.other(words),
        }
    }

    fn net(&mut self, side: AddressSide, net: &IpNet, negated: Not) {
        if net.prefix_len() == 0 && !negated {
            return self.family(Family::of(net));
        }
        self.range(side, net.network(), net.broadcast(), negated);
    }

    fn range(&mut self, side: AddressSide, start: IpAddr, end: IpAddr, negated: Not) {
        self.family(family_of(start));
        self.push(Condition::Address(side, start, end, negated));
    }

    fn masked(&mut self, side: AddressSide, address: IpAddr, mask: IpAddr, negated: Not) {
        match IpNet::with_netmask(address, mask) {
            Ok(net) => self.net(side, &net, negated),
            Err(_) => {
                self.family(family_of(address));
                self.push(Condition::Masked(side, address, mask, negated));
            }
        }
    }

    /// What may remember something is asked where it stands, and not twice as if it were once.
    fn other(&mut self, words: &str) {
        let looks_only = LOOKS_ONLY.iter().any(|name| {
            let rest = words.strip_prefix("-m ");
            rest.is_some_and(|rest| rest.split_whitespace().next() == Some(name))
        });
        let condition = Condition::Other(single_blanks(words));
        if looks_only {
            return self.push(condition);
        }
        self.settle();
        self.steps.push(Step::Ask(condition));
        self.open = self.steps.len();
    }

    fn action(&mut self, target: &Target) -> Action {
        match target {
            Target::Accept => Action::Accept,
            Target::Drop => Action::Drop,
            Target::Reject(with) => Action::Reject(self.reject(*with)),
            Target::Return => Action::Return,
            Target::Jump(chain) => Action::Jump(chain.clone()),
            Target::Goto(chain) => Action::Goto(chain.clone()),
            Target::Vmap { key, map } => Action::Vmap(*key, map.clone()),
            Target::Masquerade { ports, flags } => Action::Masquerade(ports.map(ends), *flags),
            Target::Snat(to) => Action::Snat(to.to.map(both), to.ports.map(ends), to.flags),
            Target::Dnat(to) => Action::Dnat(to.to.map(both), to.ports.map(ends), to.flags),
            Target::Redirect { ports, flags } => Action::Redirect(ports.map(ends), *flags),
            Target::ChecksumFill => Action::ChecksumFill,
            Target::Log(log) => logged(log),
            Target::SetMark(set) => Action::SetMark(*set),
            Target::SetCtMark(set) => Action::SetCtMark(*set),
            Target::Notrack => Action::Notrack,
            Target::Continue => Action::Continue,
            Target::Other(words) => Action::Other(single_blanks(words)),
        }
    }

    /// One message of one family has one name; what only one family or protocol knows is asked for
    /// that one, as nft does it by itself.
    fn reject(&mut self, with: RejectWith) -> RejectWith {
        match (with, self.table) {
            (RejectWith::PortUnreachable | RejectWith::Icmpx(1), _) => RejectWith::PortUnreachable,
            (RejectWith::Icmpx(number), TableFamily::Ip) => RejectWith::Icmp(match number {
                0 => 0,
                2 => 1,
                _ => 13,
            }),
            (RejectWith::Icmpx(number), TableFamily::Ip6) => RejectWith::Icmpv6(match number {
                0 => 0,
                2 => 3,
                _ => 1,
            }),
            (RejectWith::Icmpx(number), TableFamily::Inet) => RejectWith::Icmpx(number),
            (RejectWith::Icmp(code), _) => {
                self.family(Family::Ipv4);
                match code {
                    3 => RejectWith::PortUnreachable,
                    _ => RejectWith::Icmp(code),
                }
            }
            (RejectWith::Icmpv6(code), _) => {
                self.family(Family::Ipv6);
                match code {
                    4 => RejectWith::PortUnreachable,
                    _ => RejectWith::Icmpv6(code),
                }
            }
            (RejectWith::TcpReset, _) => {
                self.protocol(Protocol::TCP);
                RejectWith::TcpReset
            }
        }
    }
}

/// A name is a name, though it may have been looked up; only what has none is a number.
fn device(pattern: &DevicePattern, bound: Bound) -> Device {
    let is_number = !pattern.name.is_empty() && pattern.name.bytes().all(|b| b.is_ascii_digit());
    match bound {
        Bound::Index if is_number => Device::Number(pattern.name.clone()),
        Bound::Index | Bound::Name => Device::Named(pattern.clone()),
    }
}

fn family_of(address: IpAddr) -> Family {
    match address {
        IpAddr::V4(_) => Family::Ipv4,
        IpAddr::V6(_) => Family::Ipv6,
    }
}

/// Sorted ranges, joined where they touch.
fn joined(ports: &Ports) -> Vec<(u16, u16)> {
    let mut ranges: Vec<(u16, u16)> = ports.ranges().iter().copied().map(ends).collect();
    ranges.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match joined.last_mut() {
            Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
            Some(_) | None => joined.push((start, end)),
        }
    }
    joined
}

fn ends(range: PortRange) -> (u16, u16) {
    (range.start(), range.end())
}

fn both(addresses: NatAddress) -> (IpAddr, IpAddr) {
    (addresses.start, addresses.end)
}

fn logged(log: &Log) -> Action {
    let mut options = log.options.clone();
    options.sort();
    Action::Log {
        prefix: log.prefix.clone(),
        level: log.level.unwrap_or(DEFAULT_LEVEL),
        group: log.group,
        options,
    }
}

fn single_blanks(words: &str) -> CompactString {
    let mut text = CompactString::default();
    for word in words.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}
