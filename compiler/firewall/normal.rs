//! The normal form of rules: two rules that say the same in other words are equal in it.
//!
//! A rule is a list of steps, each of which must let the packet through before the next is asked.
//! What only looks at the packet can be asked in any order, so between two steps that remember
//! something (a limit, a log line) conditions are sorted, and each is asked once. Besides:
//!
//! - what a match implies is a condition of its own: the protocol of a port, of flags, of an ICMP
//!   message; the family of an address, in a table of both families;
//! - what always holds is left out: the family of the table, a prefix of length 0, a comment, a
//!   module of iptables without options;
//! - a range that is a prefix is one, and so is a mask without holes; ports of a list are sorted,
//!   and joined where they touch, and a list of one is that one;
//! - elements of a set without a name are sorted;
//! - a device is a device, whether it is asked for by name or was looked up by name as the rule was
//!   loaded. One that is gone is none;
//! - `-m state` is the state of connection tracking;
//! - a refusal in a table of one family is that family's message, however it was numbered;
//! - counters, handles and the place where a rule was read are left out.
//!
//! What we have no type for is compared word by word, and keeps its place. Nothing here knows how
//! a tool spells a rule.

use std::net::IpAddr;

use compact_str::CompactString;
use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use super::{
    AddressRange, AddressSide, Bits, Bound, Compare, DevicePattern, DeviceSide, Element,
    ElementExtra, Expression, Family, Log, Lookup, Match, Ports, Protocol, RejectWith, Rule,
    TableFamily, Target,
};
use crate::value::PortRange;

/// A rule, in the one form of all its spellings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NormalRule {
    /// What is asked and done, in order.
    pub steps: Vec<Step>,
    /// What happens in the end.
    pub target: Target,
}

/// One step of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Something must hold.
    Ask(Match),
    /// Something is done, and the packet goes on.
    Do(Target),
}

/// Syslog's level of log lines that name none: warning.
const DEFAULT_LEVEL: u8 = 4;
/// How deep expressions are looked into; no tool prints deeper ones.
const DEEP: usize = 16;
/// More steps than rules have.
const MANY: usize = 64;

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
        let target = normal.target(&rule.target);
        normal.settle();
        NormalRule {
            steps: normal.steps,
            target,
        }
    }

    /// The conditions, wherever they stand.
    pub fn conditions(&self) -> impl Iterator<Item = &Match> {
        self.steps.iter().filter_map(|step| match step {
            Step::Ask(condition) => Some(condition),
            Step::Do(_) => None,
        })
    }

    /// The device that a packet must come in through, if it is one by name.
    pub fn iifname(&self) -> Option<&str> {
        self.device(DeviceSide::In)
    }

    /// The device that a packet must go out through, if it is one by name.
    pub fn oifname(&self) -> Option<&str> {
        self.device(DeviceSide::Out)
    }

    fn device(&self, side: DeviceSide) -> Option<&str> {
        let mut asked = self.conditions().filter_map(Match::device);
        asked.find_map(|it| {
            let wanted = it.side == side && !it.negated;
            one_device(it.name, it.bound).filter(|_| wanted)
        })
    }

    /// The prefix that a packet must come from.
    pub fn source(&self) -> Option<IpNet> {
        self.net(AddressSide::Source)
    }

    /// The prefix that a packet must go to.
    pub fn destination(&self) -> Option<IpNet> {
        self.net(AddressSide::Destination)
    }

    fn net(&self, side: AddressSide) -> Option<IpNet> {
        let asked = self.conditions().filter_map(Match::net);
        let mut wanted = asked.filter(|it| it.side == side && !it.negated);
        wanted.next().map(|it| it.net)
    }

    /// How many conditions two rules share, and one more for the same target: how much they look
    /// like each other.
    pub fn likeness(&self, other: &NormalRule) -> usize {
        let shared = self.conditions().filter(|one| {
            let mut others = other.conditions();
            others.any(|other| other == *one)
        });
        shared.count() + usize::from(self.target == other.target)
    }
}

fn one_device(pattern: &DevicePattern, bound: Bound) -> Option<&str> {
    (!pattern.is_prefix() && bound == Bound::Name).then_some(pattern.name())
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
        run.sort_unstable();
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
        if matches!(what, Target::Continue | Target::Count(_)) {
            return;
        }
        self.settle();
        let target = self.target(what);
        self.steps.push(Step::Do(target));
        self.open = self.steps.len();
    }

    fn push(&mut self, condition: Match) {
        self.steps.push(Step::Ask(condition));
    }

    fn family(&mut self, family: Family) {
        let said = match self.table {
            TableFamily::Ip => family == Family::Ipv4,
            TableFamily::Ip6 => family == Family::Ipv6,
            TableFamily::Inet | TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => {
                false
            }
        };
        if !said {
            self.push(Match::Family(family));
        }
    }

    fn protocol(&mut self, protocol: Protocol) {
        self.push(Match::protocol(protocol));
    }

    fn ask(&mut self, each: &Match) {
        match each {
            Match::InDevice {
                name,
                bound,
                negated,
            } => self.push(Match::InDevice {
                name: name.clone(),
                bound: known(*bound),
                negated: *negated,
            }),
            Match::OutDevice {
                name,
                bound,
                negated,
            } => self.push(Match::OutDevice {
                name: name.clone(),
                bound: known(*bound),
                negated: *negated,
            }),
            Match::Source { net, negated } => self.net(AddressSide::Source, *net, *negated),
            Match::Destination { net, negated } => {
                self.net(AddressSide::Destination, *net, *negated);
            }
            Match::AddressRange(range) => self.range(range),
            Match::MaskedAddress(masked) => {
                match IpNet::with_netmask(masked.address, masked.mask) {
                    Ok(net) => self.net(masked.side, net.trunc(), masked.negated),
                    Err(_) => {
                        self.family(family_of(masked.address));
                        self.push(each.clone());
                    }
                }
            }
            Match::Family(family) => self.family(*family),
            Match::Port {
                side,
                protocol,
                ports,
                negated,
            } => {
                if let Some(protocol) = protocol {
                    self.protocol(*protocol);
                }
                self.push(Match::Port {
                    side: *side,
                    protocol: None,
                    ports: joined(ports),
                    negated: *negated,
                });
            }
            Match::TcpFlags { .. } | Match::TcpOption { .. } => {
                self.protocol(Protocol::TCP);
                self.push(each.clone());
            }
            Match::Icmp { family, .. } => {
                self.protocol(match family {
                    Family::Ipv4 => Protocol::ICMP,
                    Family::Ipv6 => Protocol::ICMPV6,
                });
                self.push(each.clone());
            }
            Match::CtState {
                states, negated, ..
            } => self.push(Match::CtState {
                states: *states,
                negated: *negated,
                old: false,
            }),
            Match::Module(_) | Match::Comment(_) => {}
            Match::Compare(compare) => self.push(Match::Compare(Box::new(Compare {
                left: expression(&compare.left, DEEP),
                operator: compare.operator,
                right: expression(&compare.right, DEEP),
            }))),
            Match::Other(words) => self.in_place(Match::Other(single_blanks(words))),
            Match::Limit(_)
            | Match::HashLimit(_)
            | Match::Recent(_)
            | Match::Statistic { .. }
            | Match::ConnLimit(_) => self.in_place(each.clone()),
            Match::Protocol { .. }
            | Match::Fragment { .. }
            | Match::Conntrack(_)
            | Match::Helper { .. }
            | Match::Mark { .. }
            | Match::CtMark { .. }
            | Match::SourceMac { .. }
            | Match::PacketType { .. }
            | Match::AddressType { .. }
            | Match::Physdev(_)
            | Match::Set(_)
            | Match::Owner(_)
            | Match::Ipsec(_)
            | Match::RpFilter(_)
            | Match::Length { .. }
            | Match::HopLimit { .. }
            | Match::Dscp { .. }
            | Match::Tos { .. }
            | Match::Spi { .. } => self.push(each.clone()),
        }
    }

    /// What remembers something, or may, is asked where it stands, and as often as it stands.
    fn in_place(&mut self, condition: Match) {
        self.settle();
        self.push(condition);
        self.open = self.steps.len();
    }

    fn net(&mut self, side: AddressSide, net: IpNet, negated: bool) {
        self.family(Family::of(&net));
        if net.prefix_len() > 0 || negated {
            self.push(match side {
                AddressSide::Source => Match::Source { net, negated },
                AddressSide::Destination => Match::Destination { net, negated },
            });
        }
    }

    fn range(&mut self, range: &AddressRange) {
        match as_prefix(range.start, range.end) {
            Some(net) => self.net(range.side, net, range.negated),
            None => {
                self.family(family_of(range.start));
                self.push(Match::AddressRange(Box::new(range.clone())));
            }
        }
    }

    fn target(&mut self, target: &Target) -> Target {
        match target {
            Target::Reject(with) => Target::Reject(self.reject(*with)),
            Target::Log(log) => Target::Log(Box::new(logged(log))),
            // As nft lists what iptables-nft made of the one form that the target has.
            Target::Other(words) if words.contains("xt target") && words.contains("CHECKSUM") => {
                Target::ChecksumFill
            }
            Target::Other(words) => Target::Other(single_blanks(words)),
            Target::Vmap(lookup) => Target::Vmap(Box::new(Lookup {
                key: expression(&lookup.key, DEEP),
                map: expression(&lookup.map, DEEP),
            })),
            Target::Count(_) => Target::Continue,
            Target::Accept
            | Target::Drop
            | Target::Return
            | Target::Jump(_)
            | Target::Goto(_)
            | Target::Masquerade { .. }
            | Target::Snat(_)
            | Target::Dnat(_)
            | Target::Redirect { .. }
            | Target::Netmap(_)
            | Target::Translate(_)
            | Target::Assign(_)
            | Target::ChecksumFill
            | Target::SetMark(_)
            | Target::SetCtMark(_)
            | Target::CopyMark(_)
            | Target::Ct(_)
            | Target::Notrack
            | Target::Tproxy(_)
            | Target::Queue(_)
            | Target::SegmentSize(_)
            | Target::SetDscp(_)
            | Target::SetTos(_)
            | Target::SetHops(_)
            | Target::Classify { .. }
            | Target::SetChange(_)
            | Target::Trace
            | Target::Continue => target.clone(),
        }
    }

    /// One message of one family has one name; what only one family or protocol knows is asked for
    /// that one, as nft does it by itself.
    fn reject(&mut self, with: RejectWith) -> RejectWith {
        let with = match (with, self.table) {
            (RejectWith::Icmpx(1), _) => RejectWith::PortUnreachable,
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
            (
                RejectWith::PortUnreachable
                | RejectWith::Icmp(_)
                | RejectWith::Icmpv6(_)
                | RejectWith::Icmpx(_)
                | RejectWith::TcpReset,
                _,
            ) => with,
        };
        match with {
            RejectWith::Icmp(code) => {
                self.family(Family::Ipv4);
                if code == 3 {
                    return RejectWith::PortUnreachable;
                }
            }
            RejectWith::Icmpv6(code) => {
                self.family(Family::Ipv6);
                if code == 4 {
                    return RejectWith::PortUnreachable;
                }
            }
            RejectWith::TcpReset => self.protocol(Protocol::TCP),
            RejectWith::PortUnreachable | RejectWith::Icmpx(_) => {}
        }
        with
    }
}

/// A name is a name, though it may have been looked up as the rule was loaded.
fn known(bound: Bound) -> Bound {
    match bound {
        Bound::Name | Bound::Index => Bound::Name,
        Bound::Gone => Bound::Gone,
    }
}

fn family_of(address: IpAddr) -> Family {
    match address {
        IpAddr::V4(_) => Family::Ipv4,
        IpAddr::V6(_) => Family::Ipv6,
    }
}

/// The prefix that holds exactly these addresses, if there is one.
fn as_prefix(start: IpAddr, end: IpAddr) -> Option<IpNet> {
    let mut nets: Box<dyn Iterator<Item = IpNet>> = match (start, end) {
        (IpAddr::V4(start), IpAddr::V4(end)) => {
            Box::new(Ipv4Subnets::new(start, end, 0).map(IpNet::V4))
        }
        (IpAddr::V6(start), IpAddr::V6(end)) => {
            Box::new(Ipv6Subnets::new(start, end, 0).map(IpNet::V6))
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    let first = nets.next()?;
    nets.next().is_none().then_some(first)
}

/// Sorted ranges, joined where they touch.
fn joined(ports: &Ports) -> Ports {
    let mut ranges = ports.ranges().to_vec();
    ranges.sort_unstable();
    let mut joined: Vec<PortRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        let last = joined.last_mut();
        let touching = last.filter(|last| u32::from(range.start()) <= u32::from(last.end()) + 1);
        let wider = |last: &PortRange| PortRange::new(last.start(), last.end().max(range.end()));
        match touching.and_then(|last| Some((wider(last)?, last))) {
            Some((wider, last)) => *last = wider,
            None => joined.push(range),
        }
    }
    match joined.as_slice() {
        [one] => Ports::One(*one),
        _ => Ports::List(joined.into_boxed_slice()),
    }
}

/// An expression with the elements of every set in it sorted, and without what they counted.
fn expression(written: &Expression, deep: usize) -> Expression {
    let Some(deep) = deep.checked_sub(1) else {
        return written.clone();
    };
    let each = |list: &[Expression]| list.iter().map(|it| expression(it, deep)).collect();
    match written {
        Expression::Elements(elements) => {
            let mut elements: Vec<Element> = elements.iter().map(|it| element(it, deep)).collect();
            elements.sort_unstable();
            elements.dedup();
            Expression::Elements(elements)
        }
        Expression::List(list) => {
            let mut list: Vec<Expression> = each(list);
            list.sort_unstable();
            Expression::List(list)
        }
        Expression::Concat(list) => Expression::Concat(each(list)),
        Expression::Bits(bits) => Expression::Bits(Box::new(Bits {
            left: expression(&bits.left, deep),
            operator: bits.operator,
            right: expression(&bits.right, deep),
        })),
        Expression::Map(lookup) => Expression::Map(Box::new(Lookup {
            key: expression(&lookup.key, deep),
            map: expression(&lookup.map, deep),
        })),
        Expression::Other(words) => Expression::Other(single_blanks(words)),
        Expression::Field(_)
        | Expression::Number(_)
        | Expression::Net(_)
        | Expression::Mac(_)
        | Expression::Word(_)
        | Expression::Text(_)
        | Expression::Range(_)
        | Expression::Any
        | Expression::Named(_) => written.clone(),
    }
}

fn element(written: &Element, deep: usize) -> Element {
    let statements = |extra: &ElementExtra| extra.statements.clone();
    let extra = written.extra.as_deref().map(statements).unwrap_or_default();
    Element {
        key: expression(&written.key, deep),
        value: written.value.clone(),
        extra: (!extra.is_empty()).then(|| {
            Box::new(ElementExtra {
                statements: extra,
                ..ElementExtra::default()
            })
        }),
    }
}

fn logged(log: &Log) -> Log {
    let mut log = log.clone();
    log.level = Some(log.level.unwrap_or(DEFAULT_LEVEL)).filter(|_| log.group.is_none());
    log.options.sort();
    log
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

#[cfg(test)]
mod tests;
