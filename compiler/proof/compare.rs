//! Two rulesets, hook by hook: whether they treat every packet alike, and who decides where not.
//!
//! A hook's parts are compared for all packets that can come there ([`hook`]). Where two sides end
//! alike but do other things on the way, or where only the answer to something that is not
//! understood tells them apart, they *may* differ. Log lines and counters are not compared.

use std::collections::HashSet;

use super::chain::{Decider, Summaries, Undecided};
use super::diagram::{Diagram, Diagrams, OverBudget, Top};
use super::hook::{self, Asked, Part};
use super::outcome::{End, Outcomes, Unlike};
use super::program::{self, Program, Words};
use super::question::Packet;
use super::space::{Cuts, Space};
use crate::firewall::{Family, Hook};

/// How many nodes a comparison may have: some hundred megabytes.
const BUDGET: usize = 3_000_000;
/// How many pairs of deciders are looked for.
const MOST_GROUPS: usize = 200;
/// How long pairs of deciders are looked for.
const MOST_LOOKS: usize = 1_000_000;

/// What can be said of two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// They treat every packet alike.
    Equal,
    /// That was not found out.
    Undecided,
    /// Whether they do depends on what is not understood, or on what is done on the way.
    MayDiffer,
    /// They do not.
    Differs,
}

/// One part of a hook, compared.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The hook.
    pub hook: Hook,
    /// The part of it.
    pub part: Part,
    /// What can be said.
    pub verdict: Verdict,
    /// Packets that are treated differently, one for each pair of deciders.
    pub groups: Vec<Group>,
    /// Why it was not found out, and on which side.
    pub undecided: Option<(SideOf, Undecided)>,
}

/// One side, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideOf {
    /// The first.
    First,
    /// The second.
    Second,
    /// Both.
    Both,
}

/// Packets that two rules treat differently.
#[derive(Clone, Debug)]
pub struct Group {
    /// One of them.
    pub packet: Packet,
    /// How it ends on each side.
    pub ends: [End; 2],
    /// Who decides on each side; nobody where a policy lets it pass.
    pub deciders: [Option<Decider>; 2],
}

/// A part of a hook on both sides, as diagrams over one space.
struct Pair<'a> {
    programs: [&'a Program; 2],
    entries: [Vec<(i32, usize, usize)>; 2],
    space: Space,
    diagrams: Diagrams,
    outcomes: Outcomes,
    domain: Diagram,
}

/// Compares two programs that share their words, in every part of every hook that one of them
/// has rules in; for packets of one family only, if one is given.
pub fn compare(a: &Program, b: &Program, words: &Words, only: Option<Family>) -> Vec<Compared> {
    let mut compared = Vec::new();
    for hook in Hook::IP {
        for part in Part::ALL {
            let entries = [a, b].map(|program| hook::entries(program, hook, part));
            if entries.iter().all(Vec::is_empty) {
                continue;
            }
            let asked = Asked { hook, part, only };
            compared.push(compare_part([a, b], entries, asked, words));
        }
    }
    compared
}

fn compare_part(
    programs: [&Program; 2],
    entries: [Vec<(i32, usize, usize)>; 2],
    asked: Asked,
    words: &Words,
) -> Compared {
    let (verdict, groups, undecided) = match decide(programs, entries, asked, words) {
        Ok((verdict, groups)) => (verdict, groups, None),
        Err(undecided) => (Verdict::Undecided, Vec::new(), Some(undecided)),
    };
    Compared {
        hook: asked.hook,
        part: asked.part,
        verdict,
        groups,
        undecided,
    }
}

fn both(error: OverBudget) -> (SideOf, Undecided) {
    (SideOf::Both, error.into())
}

fn decide(
    programs: [&Program; 2],
    entries: [Vec<(i32, usize, usize)>; 2],
    asked: Asked,
    words: &Words,
) -> Result<(Verdict, Vec<Group>), (SideOf, Undecided)> {
    let mut rules = hook::reached(programs[0], &entries[0]);
    rules.extend(hook::reached(programs[1], &entries[1]));
    if hook::entangled(&rules) {
        let why = "rules change what other rules of the same hook ask for, such as a mark";
        return Err((
            SideOf::Both,
            Undecided {
                why: why.to_owned(),
                at: None,
            },
        ));
    }
    let mut cuts = Cuts::default();
    hook::cut(&rules, &mut cuts);
    let space = cuts.space().map_err(both)?;
    let mut diagrams = Diagrams::new(BUDGET);
    let domain = hook::domain(asked, &space, &mut diagrams).map_err(both)?;
    let outcomes = Outcomes::default();
    let mut pair = Pair {
        programs,
        entries,
        space,
        diagrams,
        outcomes,
        domain,
    };
    let first = pair.side(0, None).map_err(|why| (SideOf::First, why))?;
    let second = pair.side(1, None).map_err(|why| (SideOf::Second, why))?;
    if pair.asks_twice(first, words) || pair.asks_twice(second, words) {
        let why = "one packet may come twice to a rule that remembers something, such as a limit";
        return Err((
            SideOf::Both,
            Undecided {
                why: why.to_owned(),
                at: None,
            },
        ));
    }
    if first == second {
        return Ok((Verdict::Equal, Vec::new()));
    }
    pair.difference(first, second).map_err(both)
}

impl Pair<'_> {
    /// One side, wherever packets can come; where none can, both sides are never.
    fn side(
        &mut self,
        at: usize,
        deciders: Option<&mut Vec<Decider>>,
    ) -> Result<Diagram, Undecided> {
        let mut summaries = Summaries::new(
            self.programs[at],
            &self.space,
            &mut self.diagrams,
            &mut self.outcomes,
            deciders,
        );
        let whole = hook::part(&mut summaries, &self.entries[at])?;
        let on = summaries.leaf(End::On, None)?;
        Ok(self.diagrams.choose(self.domain, whole, on)?)
    }

    /// Whether one packet may be counted twice by one rule: then the two answers are two, and are
    /// only one here.
    fn asks_twice(&self, of: Diagram, words: &Words) -> bool {
        self.diagrams.leaves(of).into_iter().any(|leaf| {
            let mut seen = HashSet::new();
            let effects = self.outcomes.get(leaf).effects;
            let mut asked = effects
                .iter()
                .filter(|effect| program::consults(words.effects.text(**effect)));
            !asked.all(|effect| seen.insert(*effect))
        })
    }

    fn difference(
        &mut self,
        first: Diagram,
        second: Diagram,
    ) -> Result<(Verdict, Vec<Group>), OverBudget> {
        let outcomes = &self.outcomes;
        let ends = self
            .diagrams
            .join(first, second, &mut Unlike::<true>(outcomes))?;
        let space = &self.space;
        let surely = self
            .diagrams
            .always(ends, &|variable| space.is_opaque(variable))?;
        let (verdict, where_) = if surely != Diagrams::NO {
            (Verdict::Differs, surely)
        } else if ends != Diagrams::NO {
            (Verdict::MayDiffer, ends)
        } else {
            let all = self
                .diagrams
                .join(first, second, &mut Unlike::<false>(&self.outcomes))?;
            (Verdict::MayDiffer, all)
        };
        let groups = match self.groups(where_) {
            Some(groups) if !groups.is_empty() => groups,
            Some(_) | None => self.one_group(first, second, where_).into_iter().collect(),
        };
        Ok((verdict, groups))
    }

    /// One packet, without who decides.
    fn one_group(&self, first: Diagram, second: Diagram, of: Diagram) -> Option<Group> {
        let packet = self.space.packet(&self.diagrams.way(of)?);
        let answer = |variable| self.space.answer(&packet, variable);
        let ends = [first, second].map(|side| {
            let leaf = self.diagrams.value(side, &answer);
            self.outcomes.get(leaf).end
        });
        Some(Group {
            packet,
            ends,
            deciders: [None, None],
        })
    }

    /// One packet for each pair of deciders; nothing if that is too much.
    fn groups(&mut self, of: Diagram) -> Option<Vec<Group>> {
        let mut deciders = Vec::new();
        let first = self.side(0, Some(&mut deciders)).ok()?;
        let second = self.side(1, Some(&mut deciders)).ok()?;
        let mut search = Search {
            diagrams: &self.diagrams,
            outcomes: &self.outcomes,
            seen: HashSet::new(),
            pairs: HashSet::new(),
            way: Vec::new(),
            found: Vec::new(),
        };
        search.look(of, first, second);
        let found = std::mem::take(&mut search.found);
        let group = |(way, first, second): (Vec<(u32, bool)>, u32, u32)| {
            let outcomes = [first, second].map(|leaf| self.outcomes.get(leaf));
            let decider = |number: Option<u32>| deciders.get(number? as usize).copied();
            Group {
                packet: self.space.packet(&way),
                ends: [outcomes[0].end, outcomes[1].end],
                deciders: [decider(outcomes[0].decider), decider(outcomes[1].decider)],
            }
        };
        Some(found.into_iter().map(group).collect())
    }
}

/// A way through a diagram, and the leaves it ends at on both sides.
type Found = (Vec<(u32, bool)>, u32, u32);

/// The search for pairs of leaves in the places where two sides are unlike.
struct Search<'a> {
    diagrams: &'a Diagrams,
    outcomes: &'a Outcomes,
    seen: HashSet<(Diagram, Diagram, Diagram)>,
    pairs: HashSet<(Option<u32>, Option<u32>)>,
    way: Vec<(u32, bool)>,
    found: Vec<Found>,
}

impl Search<'_> {
    fn look(&mut self, of: Diagram, first: Diagram, second: Diagram) {
        let key = (of, first, second);
        let enough = self.found.len() >= MOST_GROUPS || self.seen.len() >= MOST_LOOKS;
        if of == Diagrams::NO || enough || !self.seen.insert(key) {
            return;
        }
        let tops = [of, first, second].map(|at| self.diagrams.top(at));
        let variable = tops.iter().filter_map(|top| match top {
            Top::Choice(variable, _, _) => Some(*variable),
            Top::Leaf(_) => None,
        });
        let Some(variable) = variable.min() else {
            if let [_, Top::Leaf(first), Top::Leaf(second)] = tops {
                self.note(first, second);
            }
            return;
        };
        for answer in [false, true] {
            let next = |top: Top, at: Diagram| match top {
                Top::Choice(asked, no, yes) if asked == variable => {
                    if answer {
                        yes
                    } else {
                        no
                    }
                }
                Top::Choice(_, _, _) | Top::Leaf(_) => at,
            };
            self.way.push((variable, answer));
            self.look(
                next(tops[0], of),
                next(tops[1], first),
                next(tops[2], second),
            );
            self.way.pop();
        }
    }

    fn note(&mut self, first: u32, second: u32) {
        let pair = [first, second].map(|leaf| self.outcomes.get(leaf).decider);
        if self.pairs.insert((pair[0], pair[1])) {
            self.found.push((self.way.clone(), first, second));
        }
    }
}
