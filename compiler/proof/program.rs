//! A ruleset, as what its rules ask and do, ready to be followed.
//!
//! Rules are taken in their normal form. What is done to a packet, and where its addresses are
//! rewritten to, is kept as numbered words; so is that a rule was asked which remembers something,
//! because then it matters which packets come to it. A rule that cannot be followed says why.

use std::collections::HashMap;

use super::asked::{self, WITH_PORTS};
use super::compared;
use super::outcome::Refusal;
use super::question::{Opaque, Question};
use crate::firewall::expression::Field as Asked;
use crate::firewall::normal::Step as NormalStep;
use crate::firewall::{
    Base, ElementValue, Expression, Lookup, Match, NatFlags, NatTarget, NormalRule, Protocol,
    RejectWith, Rule, Table, TableFamily, Target,
};
use crate::value::PortRange;

/// The words that two programs share.
#[derive(Debug, Default)]
pub struct Words {
    /// Questions that nobody here understands.
    pub opaque: Opaque,
    /// What is done to packets.
    pub effects: Opaque,
    /// What addresses become.
    pub translations: Opaque,
}

/// A ruleset, ready to be followed.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The tables that packets of IP come to.
    pub tables: Vec<ProgramTable>,
}

/// A table.
#[derive(Clone, Debug)]
pub struct ProgramTable {
    /// Which packets come to it.
    pub family: TableFamily,
    /// Its name.
    pub name: String,
    /// The name of the file it was read from.
    pub file: Option<String>,
    /// Its chains.
    pub chains: Vec<ProgramChain>,
}

/// A chain.
#[derive(Clone, Debug)]
pub struct ProgramChain {
    /// Its name.
    pub name: String,
    /// Where packets enter it.
    pub base: Option<Base>,
    /// Its rules.
    pub rules: Vec<ProgramRule>,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct ProgramRule {
    /// What is asked and done, in order.
    pub steps: Vec<Step>,
    /// What then happens.
    pub plan: Plan,
    /// The line it was read from.
    pub line: Option<usize>,
    /// What is asked that a rule may have changed, of [`touch`].
    pub reads: u8,
    /// What is changed that a rule may ask for.
    pub writes: u8,
}

/// One step of a rule.
#[derive(Clone, Debug)]
pub enum Step {
    /// Something must hold.
    Ask(Question),
    /// Something is done, by the number of the words for it.
    Do(u32),
    /// A verdict map may end the packet's way.
    Look(Vec<(Question, Plan)>),
    /// It cannot be followed.
    Unknown(String),
}

/// What a rule does.
#[derive(Clone, Debug)]
pub enum Plan {
    /// The packet goes on.
    On,
    /// It passes.
    Accept,
    /// It is gone.
    Drop,
    /// It goes back to the chain that led here.
    Back,
    /// It is refused, by family: IPv4, IPv6.
    Reject(Refusal, Refusal),
    /// On to this chain, and back.
    Jump(usize),
    /// On to this chain, and from its end to where this chain would have gone.
    Goto(usize),
    /// By the first answer that is yes.
    Look(Vec<(Question, Plan)>),
    /// Its addresses are rewritten, by the number of the words for it.
    Nat(u32),
    /// It cannot be followed.
    Unknown(String),
}

/// What rules may change and other rules ask for, a bit each.
pub mod touch {
    /// The packet's mark.
    pub const MARK: u8 = 1;
    /// The mark of its connection.
    pub const CT_MARK: u8 = 2;
    /// How its connection is tracked.
    pub const STATE: u8 = 4;
    /// The type of service.
    pub const TOS: u8 = 8;
    /// The hops.
    pub const HOPS: u8 = 16;
    /// What sets hold.
    pub const SET: u8 = 32;
    /// Any of them.
    pub const ALL: u8 = u8::MAX;
}

/// The program of tables, each with the name of its file.
pub fn program<'a>(
    tables: impl Iterator<Item = (&'a Table, Option<String>)>,
    words: &mut Words,
) -> Program {
    let mut counts = HashMap::new();
    let tables = tables.filter(|(table, _)| is_ip(table) && !table.flags.dormant);
    let tables = tables.map(|(table, file)| {
        let mut numbers = HashMap::new();
        for (at, chain) in table.chains.iter().enumerate() {
            numbers.entry(chain.name.as_str()).or_insert(at);
        }
        let mut reader = Reader {
            table,
            numbers,
            words,
            counts: &mut counts,
            touched: (0, 0),
        };
        let chains = table.chains.iter().map(|chain| ProgramChain {
            name: chain.name.clone(),
            base: chain.base.clone(),
            rules: chain.rules.iter().map(|rule| reader.rule(rule)).collect(),
        });
        ProgramTable {
            family: table.family,
            name: table.name.clone(),
            file,
            chains: chains.collect(),
        }
    });
    Program {
        tables: tables.collect(),
    }
}

/// Whether packets of IP come to a table.
pub fn is_ip(table: &Table) -> bool {
    matches!(
        table.family,
        TableFamily::Ip | TableFamily::Ip6 | TableFamily::Inet
    )
}

/// The rules of one table, on their way into a program.
struct Reader<'a, 'w> {
    table: &'a Table,
    numbers: HashMap<&'a str, usize>,
    words: &'w mut Words,
    counts: &'w mut HashMap<String, usize>,
    /// What the rule reads and writes.
    touched: (u8, u8),
}

impl Reader<'_, '_> {
    fn rule(&mut self, rule: &Rule) -> ProgramRule {
        let normal = NormalRule::of(rule, self.table.family);
        let has_ports = |asked: &Match| {
            matches!(asked, Match::Protocol { protocol: Protocol(number), negated: false }
                if WITH_PORTS.contains(number))
        };
        let ported = normal.conditions().any(has_ports);
        self.touched = (0, 0);
        let mut steps = Vec::with_capacity(normal.steps.len());
        for step in &normal.steps {
            match step {
                NormalStep::Ask(asked) => self.ask(asked, ported, &mut steps),
                NormalStep::Do(target) => steps.push(match self.target(target) {
                    (Some(effect), Plan::On) => Step::Do(effect),
                    (_, Plan::Look(cases)) => Step::Look(cases),
                    (None, Plan::On) => continue,
                    (_, Plan::Unknown(why)) => Step::Unknown(why),
                    (_, _) => Step::Unknown("a verdict before the end of its rule".to_owned()),
                }),
            }
        }
        let (effect, plan) = self.target(&normal.target);
        steps.extend(effect.map(Step::Do));
        let (reads, writes) = self.touched;
        ProgramRule {
            steps,
            plan,
            line: rule.place.get(),
            reads,
            writes,
        }
    }

    fn ask(&mut self, asked: &Match, ported: bool, steps: &mut Vec<Step>) {
        self.touched.0 |= reads(asked);
        if !asked::remembers(asked) {
            let opaque = &mut self.words.opaque;
            steps.push(Step::Ask(asked::question(
                asked, self.table, ported, opaque,
            )));
            return;
        }
        let mut text = format!("{asked:?}");
        if matches!(asked, Match::Other(_)) {
            text = format!("{:?} {} {text}", self.table.family, self.table.name);
        }
        let count = self.counts.entry(text.clone()).or_insert(0);
        *count += 1;
        let text = format!("{text} no. {count}");
        steps.push(Step::Do(
            self.words.effects.number(format!("{CONSULTS}{text}")),
        ));
        steps.push(Step::Ask(Question::Opaque(self.words.opaque.number(text))));
    }

    /// What a target does on the way, and then.
    fn target(&mut self, target: &Target) -> (Option<u32>, Plan) {
        let plan = match target {
            Target::Accept => Plan::Accept,
            Target::Drop => Plan::Drop,
            Target::Return => Plan::Back,
            Target::Reject(with) => reject(*with),
            Target::Jump(name) => self.chain(name).map_or_else(|| missing(name), Plan::Jump),
            Target::Goto(name) => self.chain(name).map_or_else(|| missing(name), Plan::Goto),
            Target::Vmap(lookup) => self.look(lookup),
            Target::Masquerade { .. }
            | Target::Snat(_)
            | Target::Dnat(_)
            | Target::Redirect { .. }
            | Target::Netmap(_) => Plan::Nat(self.words.translations.number(translation(target))),
            Target::Log(_) | Target::Trace | Target::Count(_) | Target::Continue => Plan::On,
            Target::ChecksumFill | Target::SegmentSize(_) | Target::Classify { .. } => {
                return self.change(target, 0);
            }
            Target::SetMark(_) => return self.change(target, touch::MARK),
            Target::SetCtMark(_) => return self.change(target, touch::CT_MARK),
            Target::CopyMark(copy) if copy.save => return self.change(target, touch::CT_MARK),
            Target::CopyMark(_) => return self.change(target, touch::MARK),
            Target::Ct(_) | Target::Notrack => return self.change(target, touch::STATE),
            Target::SetDscp(_) | Target::SetTos(_) => return self.change(target, touch::TOS),
            Target::SetHops(_) => return self.change(target, touch::HOPS),
            Target::SetChange(_) => return self.change(target, touch::SET | touch::MARK),
            Target::Assign(_)
            | Target::Translate(_)
            | Target::Tproxy(_)
            | Target::Queue(_)
            | Target::Other(_) => {
                Plan::Unknown(format!("what it does is not followed: {target:?}"))
            }
        };
        (None, plan)
    }

    fn change(&mut self, target: &Target, writes: u8) -> (Option<u32>, Plan) {
        self.touched.1 |= writes;
        (
            Some(self.words.effects.number(format!("{target:?}"))),
            Plan::On,
        )
    }

    fn chain(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    fn look(&mut self, lookup: &Lookup) -> Plan {
        self.touched.0 |= expression_reads(&lookup.key);
        self.cases(lookup).unwrap_or_else(|| {
            Plan::Unknown(format!("what its map holds is not known: {:?}", lookup.map))
        })
    }

    fn cases(&mut self, lookup: &Lookup) -> Option<Plan> {
        let table = self.table;
        let present = compared::present(&lookup.key)?;
        let (mut cases, mut other) = (Vec::new(), None);
        for element in compared::elements(&lookup.map, table)? {
            let Some(ElementValue::Verdict(target)) = &element.value else {
                return None;
            };
            let (None, plan) = self.target(target) else {
                return None;
            };
            // What stands in for all others comes last.
            if element.key == Expression::Any {
                other = Some((present.clone(), plan));
                continue;
            }
            let met = compared::meets(&lookup.key, &element.key, table)?;
            let met = match present {
                Question::Always => met,
                Question::Between(..)
                | Question::Bits(..)
                | Question::Device(..)
                | Question::Opaque(_)
                | Question::Not(_)
                | Question::All(_)
                | Question::Any(_) => Question::All(vec![present.clone(), met]),
            };
            cases.push((met, plan));
        }
        cases.extend(other);
        Some(Plan::Look(cases))
    }
}

/// How the words begin for asking what remembers something.
const CONSULTS: &str = "asks ";

/// Whether an effect is that something was asked which remembers.
pub fn consults(words: &str) -> bool {
    words.starts_with(CONSULTS)
}

/// A translation in words, the same only for the same.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "what rewrites no address is never asked for"
)]
fn translation(target: &Target) -> String {
    let ports = |ports: &Option<PortRange>| match ports {
        Some(ports) => format!(", ports {}-{}", ports.start(), ports.end()),
        None => String::new(),
    };
    let flags = |flags: &NatFlags| {
        let said = [
            (flags.random, ", random"),
            (flags.fully_random, ", fully random"),
            (flags.persistent, ", persistent"),
        ];
        said.into_iter()
            .filter(|(said, _)| *said)
            .map(|(_, word)| word)
            .collect::<String>()
    };
    let to = |to: &NatTarget| {
        let addresses = to.to.map_or("the same address".to_owned(), |to| {
            match to.start == to.end {
                true => to.start.to_string(),
                false => format!("{}-{}", to.start, to.end),
            }
        });
        format!("{addresses}{}{}", ports(&to.ports), flags(&to.flags))
    };
    match target {
        Target::Masquerade {
            ports: range,
            flags: how,
        } => {
            format!("masquerade{}{}", ports(range), flags(how))
        }
        Target::Redirect {
            ports: range,
            flags: how,
        } => {
            format!("redirect{}{}", ports(range), flags(how))
        }
        Target::Snat(target) => format!("source to {}", to(target)),
        Target::Dnat(target) => format!("destination to {}", to(target)),
        Target::Netmap(net) => format!("netmap to {net}"),
        other => format!("{other:?}"),
    }
}

fn missing(name: &str) -> Plan {
    Plan::Unknown(format!("there is no chain '{name}' to go to"))
}

fn reject(with: RejectWith) -> Plan {
    let (ipv4, ipv6) = match with {
        RejectWith::PortUnreachable => (Refusal::Icmp(3), Refusal::Icmpv6(4)),
        RejectWith::Icmp(code) => (Refusal::Icmp(code), Refusal::Icmp(code)),
        RejectWith::Icmpv6(code) => (Refusal::Icmpv6(code), Refusal::Icmpv6(code)),
        RejectWith::Icmpx(0) => (Refusal::Icmp(0), Refusal::Icmpv6(0)),
        RejectWith::Icmpx(1) => (Refusal::Icmp(3), Refusal::Icmpv6(4)),
        RejectWith::Icmpx(2) => (Refusal::Icmp(1), Refusal::Icmpv6(3)),
        RejectWith::Icmpx(_) => (Refusal::Icmp(13), Refusal::Icmpv6(1)),
        RejectWith::TcpReset => (Refusal::Reset, Refusal::Reset),
    };
    Plan::Reject(ipv4, ipv6)
}

/// What a condition asks for that a rule may have changed.
fn reads(asked: &Match) -> u8 {
    if let Match::Compare(compare) = asked {
        return expression_reads(&compare.left);
    }
    if matches!(asked, Match::Other(_) | Match::RpFilter(_)) {
        return touch::ALL;
    }
    let reads = [
        (matches!(asked, Match::Mark { .. }), touch::MARK),
        (matches!(asked, Match::CtMark { .. }), touch::CT_MARK),
        (matches!(asked, Match::CtState { .. }), touch::STATE),
        (
            matches!(asked, Match::Conntrack(_) | Match::Helper { .. }),
            touch::STATE,
        ),
        (
            matches!(asked, Match::Dscp { .. } | Match::Tos { .. }),
            touch::TOS,
        ),
        (
            matches!(asked, Match::HopLimit { .. } | Match::Recent(_)),
            touch::HOPS,
        ),
        (matches!(asked, Match::Set(_)), touch::SET),
        (matches!(asked, Match::ConnLimit(_)), touch::STATE),
    ];
    reads
        .iter()
        .filter(|(reads, _)| *reads)
        .fold(0, |all, (_, bit)| all | bit)
}

/// Fields of headers that no rule changes are harmless; anything else may have been.
fn expression_reads(key: &Expression) -> u8 {
    if let Expression::Concat(parts) = key {
        return parts
            .iter()
            .fold(0, |all, part| all | expression_reads(part));
    }
    let harmless = |field: &Asked| {
        matches!(
            field,
            Asked::Iifname
                | Asked::Oifname
                | Asked::Iif
                | Asked::Oif
                | Asked::Saddr(_)
                | Asked::Daddr(_)
                | Asked::Port(_, _)
                | Asked::L4proto
                | Asked::Nfproto
                | Asked::IpProtocol
                | Asked::IcmpType(_)
                | Asked::IcmpCode(_)
                | Asked::TcpFlags
        )
    };
    match key.field().is_some_and(harmless) {
        true => 0,
        false => touch::ALL,
    }
}
