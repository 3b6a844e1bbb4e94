//! Chains, each turned into one diagram of what it comes to.
//!
//! A chain that is jumped to from many places is looked at once. Rules are joined halves first.
//! Chains that lead in a circle, or deeper than any kernel follows, are refused.

use std::collections::HashMap;

use super::diagram::{Diagram, Diagrams, Join, OverBudget};
use super::outcome::{End, Outcome, Outcomes, Then};
use super::program::{Plan, Program, ProgramRule, Step};
use super::question::{Field, Question};
use super::space::Space;

/// How deep chains are followed.
pub const DEEPEST: usize = 64;

/// Who decided: a rule, or the policy of a base chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decider {
    /// The table, by its place in the program.
    pub table: usize,
    /// The chain, by its place in the table.
    pub chain: usize,
    /// The rule, by its place in the chain; none for the policy.
    pub rule: Option<usize>,
}

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The reason, in words.
    pub why: String,
    /// The rule that cannot be followed, if it is one.
    pub at: Option<Decider>,
}

impl From<OverBudget> for Undecided {
    fn from(error: OverBudget) -> Self {
        Undecided {
            why: error.to_string(),
            at: None,
        }
    }
}

/// The diagrams of the chains of one program.
pub struct Summaries<'a> {
    /// The program.
    pub program: &'a Program,
    /// The packets.
    pub space: &'a Space,
    /// The diagrams.
    pub diagrams: &'a mut Diagrams,
    /// What they lead to.
    pub outcomes: &'a mut Outcomes,
    /// Who may have decided, if that is asked for.
    pub deciders: Option<&'a mut Vec<Decider>>,
    known: HashMap<(usize, usize), Diagram>,
    open: Vec<(usize, usize)>,
}

/// What follows is asked where no element of a map was met.
struct Otherwise;

impl Join for Otherwise {
    const KIND: u32 = 3;

    fn is_first(&self, first: u32) -> bool {
        first != 0
    }

    fn is_second(&self, first: u32) -> bool {
        first == 0
    }

    fn leaf(&mut self, first: u32, _: u32) -> u32 {
        first
    }
}

impl<'a> Summaries<'a> {
    /// Of no chain yet.
    pub fn new(
        program: &'a Program,
        space: &'a Space,
        diagrams: &'a mut Diagrams,
        outcomes: &'a mut Outcomes,
        deciders: Option<&'a mut Vec<Decider>>,
    ) -> Self {
        let (known, open) = (HashMap::new(), Vec::new());
        Summaries {
            program,
            space,
            diagrams,
            outcomes,
            deciders,
            known,
            open,
        }
    }

    /// What a chain comes to: an end, or that nothing was decided.
    pub fn chain(&mut self, table: usize, chain: usize) -> Result<Diagram, Undecided> {
        let key = (table, chain);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let refused = |why: &str| {
            let at = Some(Decider {
                table,
                chain,
                rule: None,
            });
            Err(Undecided {
                why: why.to_owned(),
                at,
            })
        };
        if self.open.contains(&key) {
            return refused("its chains lead in a circle");
        }
        if self.open.len() >= DEEPEST {
            return refused("its chains lead too deep");
        }
        self.open.push(key);
        let program = self.program;
        let rules = &program.tables[table].chains[chain].rules;
        let mut parts = Vec::with_capacity(rules.len());
        for (at, rule) in rules.iter().enumerate() {
            parts.push(self.rule(
                rule,
                Decider {
                    table,
                    chain,
                    rule: Some(at),
                },
            )?);
        }
        let whole = self.one_after_another(&parts)?;
        let whole = self.ends(whole, End::Back, End::On)?;
        self.open.pop();
        self.known.insert(key, whole);
        Ok(whole)
    }

    /// Diagrams of which each is asked where those before decided nothing.
    pub fn one_after_another(&mut self, parts: &[Diagram]) -> Result<Diagram, OverBudget> {
        match parts {
            [] => self.leaf(End::On, None),
            [one] => Ok(*one),
            many => {
                let (first, second) = many.split_at(many.len() / 2);
                let first = self.one_after_another(first)?;
                let second = self.one_after_another(second)?;
                self.then(first, second)
            }
        }
    }

    /// The second is asked where the first decided nothing.
    pub fn then(&mut self, first: Diagram, second: Diagram) -> Result<Diagram, OverBudget> {
        self.diagrams.join(first, second, &mut Then(self.outcomes))
    }

    /// One end in place of another.
    pub fn ends(&mut self, of: Diagram, from: End, to: End) -> Result<Diagram, OverBudget> {
        let outcomes = &mut *self.outcomes;
        self.diagrams.replace(of, &mut |leaf| {
            let outcome = outcomes.get(leaf);
            match outcome.end == from {
                true => outcomes.number(Outcome { end: to, ..outcome }),
                false => leaf,
            }
        })
    }

    /// An end, whatever the packet.
    pub fn leaf(&mut self, end: End, decider: Option<Decider>) -> Result<Diagram, OverBudget> {
        let decider = match (&mut self.deciders, decider) {
            (Some(all), Some(decider)) => {
                all.push(decider);
                u32::try_from(all.len() - 1).ok()
            }
            (_, _) => None,
        };
        let number = self.outcomes.number(Outcome::of(end, decider));
        self.diagrams.leaf(number)
    }

    fn rule(&mut self, rule: &ProgramRule, at: Decider) -> Result<Diagram, Undecided> {
        let on = self.leaf(End::On, None)?;
        let mut whole = self.plan(&rule.plan, at)?;
        for step in rule.steps.iter().rev() {
            whole = match step {
                Step::Ask(question) => {
                    let asked = self.space.diagram(question, self.diagrams)?;
                    self.diagrams.choose(asked, whole, on)?
                }
                Step::Do(effect) => {
                    let done = Outcome {
                        effects: vec![*effect],
                        ..Outcome::of(End::On, None)
                    };
                    let number = self.outcomes.number(done);
                    let done = self.diagrams.leaf(number)?;
                    self.then(done, whole)?
                }
                Step::Look(cases) => {
                    let looked = self.look(cases, at)?;
                    self.then(looked, whole)?
                }
                Step::Unknown(why) => {
                    return Err(Undecided {
                        why: why.clone(),
                        at: Some(at),
                    });
                }
            };
        }
        Ok(whole)
    }

    fn plan(&mut self, plan: &Plan, at: Decider) -> Result<Diagram, Undecided> {
        Ok(match plan {
            Plan::On => self.leaf(End::On, None)?,
            Plan::Accept => self.leaf(End::Accept, Some(at))?,
            Plan::Drop => self.leaf(End::Drop, Some(at))?,
            Plan::Back => self.leaf(End::Back, None)?,
            Plan::Reject(ipv4, ipv6) => {
                let ipv4 = self.leaf(End::Reject(*ipv4), Some(at))?;
                let ipv6 = self.leaf(End::Reject(*ipv6), Some(at))?;
                let is_ipv6 = Question::is(Field::Family, 1_u8);
                let is_ipv6 = self.space.diagram(&is_ipv6, self.diagrams)?;
                self.diagrams.choose(is_ipv6, ipv6, ipv4)?
            }
            Plan::Jump(chain) => self.chain(at.table, *chain)?,
            Plan::Goto(chain) => {
                let whole = self.chain(at.table, *chain)?;
                self.ends(whole, End::On, End::Back)?
            }
            Plan::Look(cases) => self.look(cases, at)?,
            Plan::Nat(to) => self.leaf(End::Nat(*to), Some(at))?,
            Plan::Unknown(why) => {
                return Err(Undecided {
                    why: why.clone(),
                    at: Some(at),
                });
            }
        })
    }

    fn look(&mut self, cases: &[(Question, Plan)], at: Decider) -> Result<Diagram, Undecided> {
        let mut parts = Vec::with_capacity(cases.len());
        for (question, plan) in cases {
            let asked = self.space.diagram(question, self.diagrams)?;
            let plan = self.plan(plan, at)?;
            parts.push(self.diagrams.choose(asked, plan, Diagrams::NO)?);
        }
        let found = self.first_found(&parts)?;
        let on = self.outcomes.number(Outcome::of(End::On, None));
        Ok(self
            .diagrams
            .replace(found, &mut |leaf| if leaf == 0 { on } else { leaf })?)
    }

    fn first_found(&mut self, parts: &[Diagram]) -> Result<Diagram, OverBudget> {
        match parts {
            [] => Ok(Diagrams::NO),
            [one] => Ok(*one),
            many => {
                let (first, second) = many.split_at(many.len() / 2);
                let first = self.first_found(first)?;
                let second = self.first_found(second)?;
                self.diagrams.join(first, second, &mut Otherwise)
            }
        }
    }
}
