//! What rules come to: the leaves of diagrams.
//!
//! An outcome is how the packet's way ends, what was done to it on the way, in order, and, if that
//! is asked for, which rule decided. Log lines and counters are no part of it.

use std::collections::HashMap;

use super::diagram::Join;

/// How a packet's way through rules ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// No rule decided: on to what follows.
    On,
    /// Back to the chain that led here.
    Back,
    /// It passes.
    Accept,
    /// It is gone.
    Drop,
    /// It is refused, and its sender told.
    Reject(Refusal),
    /// It passes, its addresses rewritten so, by the number of the words for it.
    Nat(u32),
}

/// How a sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A TCP reset.
    Reset,
    /// An ICMP unreachable message of this code.
    Icmp(u8),
    /// An ICMPv6 unreachable message of this code.
    Icmpv6(u8),
}

/// What rules come to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outcome {
    /// The end.
    pub end: End,
    /// What was done, by the numbers of the words for it.
    pub effects: Vec<u32>,
    /// Who decided, by number; nobody if it is not asked for.
    pub decider: Option<u32>,
}

/// All outcomes, each once. Their numbers begin behind *no* and *yes*.
#[derive(Debug, Default)]
pub struct Outcomes {
    known: Vec<Outcome>,
    numbers: HashMap<Outcome, u32>,
}

/// The first number of an outcome.
const FIRST: u32 = 2;

impl Outcome {
    /// An end, and nothing done.
    pub fn of(end: End, decider: Option<u32>) -> Self {
        Outcome {
            end,
            effects: Vec::new(),
            decider,
        }
    }
}

impl Outcomes {
    /// The number of an outcome.
    pub fn number(&mut self, outcome: Outcome) -> u32 {
        if let Some(number) = self.numbers.get(&outcome) {
            return *number;
        }
        let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX - FIRST) + FIRST;
        self.known.push(outcome.clone());
        self.numbers.insert(outcome, number);
        number
    }

    /// The outcome of a number; that nothing was decided for one that is none.
    pub fn get(&self, number: u32) -> Outcome {
        let known = number
            .checked_sub(FIRST)
            .and_then(|at| self.known.get(at as usize));
        known.cloned().unwrap_or(Outcome::of(End::On, None))
    }
}

/// What follows is asked where nothing was decided.
pub struct Then<'a>(pub &'a mut Outcomes);

impl Join for Then<'_> {
    const KIND: u32 = 0;

    fn is_first(&self, first: u32) -> bool {
        self.0.get(first).end != End::On
    }

    fn is_second(&self, first: u32) -> bool {
        let first = self.0.get(first);
        first.end == End::On && first.effects.is_empty() && first.decider.is_none()
    }

    fn leaf(&mut self, first: u32, second: u32) -> u32 {
        let (mut whole, second) = (self.0.get(first), self.0.get(second));
        whole.effects.extend(second.effects);
        whole.end = second.end;
        // The first rule that let the packet pass says more than the last policy that did.
        whole.decider = match (second.end, whole.decider) {
            (End::On | End::Accept, Some(first)) => Some(first),
            (_, _) => second.decider,
        };
        self.0.number(whole)
    }
}

/// Where two outcomes are not the same; with `ENDS`, where they do not even end alike.
pub struct Unlike<'a, const ENDS: bool>(pub &'a Outcomes);

impl<const ENDS: bool> Join for Unlike<'_, ENDS> {
    const KIND: u32 = if ENDS { 1 } else { 2 };

    fn is_first(&self, _: u32) -> bool {
        false
    }

    fn is_second(&self, _: u32) -> bool {
        false
    }

    fn leaf(&mut self, first: u32, second: u32) -> u32 {
        let (first, second) = (self.0.get(first), self.0.get(second));
        let unlike = first.end != second.end || (!ENDS && first.effects != second.effects);
        u32::from(unlike)
    }
}
