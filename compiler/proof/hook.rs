//! The base chains of a hook, one after another as the kernel asks them.
//!
//! A hook has up to four parts: before connections are tracked, before addresses are rewritten,
//! the rewriting itself, and behind it. Packets may change between the parts, so each part is
//! asked about all packets that could come to it. Within a part every base chain must let a packet
//! pass; of those that rewrite addresses the first that does is the last.

use super::asked::of_family;
use super::chain::{Decider, Summaries, Undecided};
use super::diagram::{Diagram, Diagrams, OverBudget};
use super::outcome::End;
use super::program::{Plan, Program, ProgramRule, Step, touch};
use super::question::{self, Field, Question};
use super::space::{Cuts, Space};
use crate::firewall::{BaseKind, ChainPolicy, DeviceSide, Family, Hook, TableFamily};

/// Where connections begin to be tracked (`NF_IP_PRI_CONNTRACK`).
const TRACKING: i32 = -200;

/// A part of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Before connections are tracked.
    BeforeTracking,
    /// Before addresses are rewritten, if they are at all.
    Filter,
    /// Where addresses are rewritten.
    Nat,
    /// Behind it.
    AfterNat,
}

/// Which packets are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The hook that they come to.
    pub hook: Hook,
    /// The part of it.
    pub part: Part,
    /// Their family, if it is one only.
    pub only: Option<Family>,
}

impl Part {
    /// All parts, in the order in which packets come to them.
    pub const ALL: [Part; 4] = [
        Part::BeforeTracking,
        Part::Filter,
        Part::Nat,
        Part::AfterNat,
    ];

    /// The part that a base chain belongs to.
    fn of(kind: BaseKind, hook: Hook, priority: i32) -> Self {
        let comes_in = matches!(hook, Hook::Prerouting | Hook::Output);
        let rewriting = match hook {
            Hook::Prerouting | Hook::Output => Some(-100),
            Hook::Input | Hook::Postrouting => Some(100),
            Hook::Forward | Hook::Ingress | Hook::Egress => None,
        };
        if kind == BaseKind::Nat {
            Part::Nat
        } else if comes_in && priority < TRACKING {
            Part::BeforeTracking
        } else if rewriting.is_some_and(|rewriting| priority >= rewriting) {
            Part::AfterNat
        } else {
            Part::Filter
        }
    }
}

/// A base chain: its priority, its table and its place there.
type Entry = (i32, usize, usize);

/// The base chains of a part of a hook, by priority.
pub fn entries(program: &Program, hook: Hook, part: Part) -> Vec<Entry> {
    let mut found = Vec::new();
    for (table_at, table) in program.tables.iter().enumerate() {
        for (at, chain) in table.chains.iter().enumerate() {
            let Some(base) = &chain.base else { continue };
            if base.hook == hook && Part::of(base.kind, hook, base.priority) == part {
                found.push((base.priority, table_at, at));
            }
        }
    }
    found.sort_by_key(|(priority, _, _)| *priority);
    found
}

/// The rules that packets may come to from these base chains.
pub fn reached<'a>(program: &'a Program, entries: &[Entry]) -> Vec<&'a ProgramRule> {
    let mut open: Vec<_> = entries
        .iter()
        .map(|(_, table, chain)| (*table, *chain))
        .collect();
    let mut seen = std::collections::HashSet::new();
    let mut rules = Vec::new();
    while let Some((table, chain)) = open.pop() {
        if !seen.insert((table, chain)) {
            continue;
        }
        for rule in &program.tables[table].chains[chain].rules {
            rules.push(rule);
            let mut lead = |plan: &Plan| leads(plan, &mut |to| open.push((table, to)));
            lead(&rule.plan);
            for step in &rule.steps {
                if let Step::Look(cases) = step {
                    cases.iter().for_each(|(_, plan)| lead(plan));
                }
            }
        }
    }
    rules
}

fn leads(plan: &Plan, to: &mut dyn FnMut(usize)) {
    match plan {
        Plan::Jump(chain) | Plan::Goto(chain) => to(*chain),
        Plan::Look(cases) => cases.iter().for_each(|(_, plan)| leads(plan, to)),
        Plan::On
        | Plan::Accept
        | Plan::Drop
        | Plan::Back
        | Plan::Reject(_, _)
        | Plan::Nat(_)
        | Plan::Unknown(_) => {}
    }
}

/// Takes in what rules tell apart.
pub fn cut(rules: &[&ProgramRule], cuts: &mut Cuts) {
    for rule in rules {
        cut_plan(&rule.plan, cuts);
        for step in &rule.steps {
            match step {
                Step::Ask(question) => cuts.add(question),
                Step::Look(cases) => cut_cases(cases, cuts),
                Step::Do(_) | Step::Unknown(_) => {}
            }
        }
    }
    for state in question::NEW..=question::UNTRACKED {
        cuts.add(&Question::is(Field::State, state));
    }
    cuts.add(&Question::is(Field::Family, 1_u8));
}

fn cut_plan(plan: &Plan, cuts: &mut Cuts) {
    if let Plan::Look(cases) = plan {
        cut_cases(cases, cuts);
    }
}

fn cut_cases(cases: &[(Question, Plan)], cuts: &mut Cuts) {
    for (question, plan) in cases {
        cuts.add(question);
        cut_plan(plan, cuts);
    }
}

/// Whether rules change what others of the same part ask for.
pub fn entangled(rules: &[&ProgramRule]) -> bool {
    let (reads, writes) = rules.iter().fold((0, 0), |(reads, writes), rule| {
        (reads | rule.reads, writes | rule.writes)
    });
    reads & writes & touch::ALL != 0
}

/// What a part of a hook comes to: every packet passes, is stopped, or is rewritten.
pub fn part(summaries: &mut Summaries<'_>, entries: &[Entry]) -> Result<Diagram, Undecided> {
    let mut parts: Vec<(i32, Diagram)> = Vec::with_capacity(entries.len());
    for (priority, table, chain) in entries {
        let whole = base(summaries, *table, *chain)?;
        parts.push((*priority, whole));
    }
    for (at, (priority, one)) in parts.iter().enumerate() {
        let same = parts[at + 1..]
            .iter()
            .take_while(|(other, _)| other == priority);
        for (_, other) in same {
            // Who of them is first is not to be seen, so it must not matter.
            let (forth, back) = (summaries.then(*one, *other)?, summaries.then(*other, *one)?);
            if forth != back && summaries.deciders.is_none() {
                return Err(Undecided {
                    why: format!("two chains of priority {priority} depend on who is asked first"),
                    at: None,
                });
            }
        }
    }
    let parts: Vec<Diagram> = parts.into_iter().map(|(_, whole)| whole).collect();
    let whole = summaries.one_after_another(&parts)?;
    Ok(summaries.ends(whole, End::On, End::Accept)?)
}

/// A base chain, with its policy, for the packets of its family; *on* where it accepts.
fn base(summaries: &mut Summaries<'_>, table: usize, chain: usize) -> Result<Diagram, Undecided> {
    let of = &summaries.program.tables[table];
    let family = of.family;
    let policy = of.chains[chain].base.as_ref().map(|base| base.policy);
    let rules = summaries.chain(table, chain)?;
    let policy = match policy {
        Some(ChainPolicy::Drop) => summaries.leaf(
            End::Drop,
            Some(Decider {
                table,
                chain,
                rule: None,
            }),
        )?,
        Some(ChainPolicy::Accept) | None => summaries.leaf(End::On, None)?,
    };
    let whole = summaries.then(rules, policy)?;
    let whole = summaries.ends(whole, End::Accept, End::On)?;
    let on = summaries.leaf(End::On, None)?;
    let is_ipv6 = Question::is(Field::Family, 1_u8);
    let is_ipv6 = summaries.space.diagram(&is_ipv6, summaries.diagrams)?;
    Ok(match family {
        TableFamily::Ip => summaries.diagrams.choose(is_ipv6, on, whole)?,
        TableFamily::Ip6 => summaries.diagrams.choose(is_ipv6, whole, on)?,
        TableFamily::Inet => whole,
        TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => on,
    })
}

/// The packets that can come to a part of a hook.
pub fn domain(asked: Asked, space: &Space, diagrams: &mut Diagrams) -> Result<Diagram, OverBudget> {
    let no_in = space.absent(DeviceSide::In, diagrams)?;
    let no_out = space.absent(DeviceSide::Out, diagrams)?;
    let (has_in, has_out) = (diagrams.not(no_in)?, diagrams.not(no_out)?);
    let devices = match asked.hook {
        Hook::Prerouting | Hook::Input => diagrams.and(has_in, no_out)?,
        Hook::Forward => diagrams.and(has_in, has_out)?,
        Hook::Output => diagrams.and(no_in, has_out)?,
        Hook::Postrouting => has_out,
        Hook::Ingress | Hook::Egress => Diagrams::YES,
    };
    let family = asked.only.map_or(Question::Always, of_family);
    let family = space.diagram(&family, diagrams)?;
    let devices = diagrams.and(devices, family)?;
    let states = match asked.part {
        Part::BeforeTracking => [question::INVALID, question::UNTRACKED].as_slice(),
        // Only first packets are asked where addresses are rewritten.
        Part::Nat => &[question::NEW, question::RELATED],
        Part::Filter | Part::AfterNat => return Ok(devices),
    };
    let states = states
        .iter()
        .map(|state| Question::is(Field::State, *state))
        .collect();
    let states = space.diagram(&Question::Any(states), diagrams)?;
    diagrams.and(devices, states)
}
