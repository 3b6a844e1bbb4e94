//! Decision diagrams: functions of many yes-or-no variables, each function once.
//!
//! A diagram is a number. Two diagrams are equal exactly if their numbers are, because no node is
//! made twice and none that decides nothing. Leaves are numbers that the caller understands; of
//! them 0 and 1 are *no* and *yes*. The nodes have a budget, and work that needs more is given up.
//! Nothing here knows what a variable asks.

use std::collections::HashMap;

/// A diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Diagram(u32);

/// The work needs more memory than it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rules are too many and too mixed to compare within the memory that is set aside")]
pub struct OverBudget;

/// One choice, or a leaf: then the variable is [`LEAF`] and both ways are its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    variable: u32,
    no: u32,
    yes: u32,
}

/// The variable of leaves: behind all others.
const LEAF: u32 = u32::MAX;

/// All diagrams, sharing what they have in common.
#[derive(Debug)]
pub struct Diagrams {
    nodes: Vec<Node>,
    unique: HashMap<Node, u32>,
    choices: HashMap<(u32, u32, u32), u32>,
    joined: HashMap<(u32, u32, u32), u32>,
    budget: usize,
}

/// How the leaves of two diagrams are joined.
pub trait Join {
    /// Tells results of different joins apart.
    const KIND: u32;
    /// Whether the result is the first diagram, whatever the second is.
    fn is_first(&self, first: u32) -> bool;
    /// Whether the result is the second diagram, whatever that is.
    fn is_second(&self, first: u32) -> bool;
    /// The leaf of two leaves.
    fn leaf(&mut self, first: u32, second: u32) -> u32;
}

/// What a diagram is at its top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Top {
    /// A leaf.
    Leaf(u32),
    /// A choice by a variable: what it comes to if not, and if so.
    Choice(u32, Diagram, Diagram),
}

impl Diagrams {
    /// None yet, and at most so many nodes.
    pub fn new(budget: usize) -> Self {
        let mut diagrams = Diagrams {
            nodes: Vec::new(),
            unique: HashMap::new(),
            choices: HashMap::new(),
            joined: HashMap::new(),
            budget: budget.min(LEAF as usize - 1),
        };
        for value in [0, 1] {
            let node = Node {
                variable: LEAF,
                no: value,
                yes: value,
            };
            diagrams.nodes.push(node);
            diagrams.unique.insert(node, value);
        }
        diagrams
    }

    /// Never.
    pub const NO: Diagram = Diagram(0);
    /// Always.
    pub const YES: Diagram = Diagram(1);

    /// The diagram that is this leaf everywhere.
    pub fn leaf(&mut self, value: u32) -> Result<Diagram, OverBudget> {
        let node = Node {
            variable: LEAF,
            no: value,
            yes: value,
        };
        self.intern(node).map(Diagram)
    }

    /// What is at the top of a diagram.
    pub fn top(&self, of: Diagram) -> Top {
        let node = self.node(of.0);
        match node.variable {
            LEAF => Top::Leaf(node.no),
            variable => Top::Choice(variable, Diagram(node.no), Diagram(node.yes)),
        }
    }

    /// The choice by one variable.
    pub fn choice(
        &mut self,
        variable: u32,
        no: Diagram,
        yes: Diagram,
    ) -> Result<Diagram, OverBudget> {
        self.make(variable, no.0, yes.0).map(Diagram)
    }

    /// `yes` where the condition holds, else `no`.
    pub fn choose(
        &mut self,
        condition: Diagram,
        yes: Diagram,
        no: Diagram,
    ) -> Result<Diagram, OverBudget> {
        self.choose_numbers(condition.0, yes.0, no.0).map(Diagram)
    }

    /// Where the condition does not hold.
    pub fn not(&mut self, condition: Diagram) -> Result<Diagram, OverBudget> {
        self.choose(condition, Self::NO, Self::YES)
    }

    /// Where both hold.
    pub fn and(&mut self, one: Diagram, other: Diagram) -> Result<Diagram, OverBudget> {
        self.choose(one, other, Self::NO)
    }

    /// Where one of both holds.
    pub fn or(&mut self, one: Diagram, other: Diagram) -> Result<Diagram, OverBudget> {
        self.choose(one, Self::YES, other)
    }

    /// Joins two diagrams leaf by leaf.
    pub fn join<J: Join>(
        &mut self,
        first: Diagram,
        second: Diagram,
        join: &mut J,
    ) -> Result<Diagram, OverBudget> {
        self.join_numbers(first.0, second.0, join).map(Diagram)
    }

    /// The diagram with every leaf replaced.
    pub fn replace(
        &mut self,
        of: Diagram,
        leaf: &mut dyn FnMut(u32) -> u32,
    ) -> Result<Diagram, OverBudget> {
        let mut known = HashMap::new();
        self.replace_in(of.0, leaf, &mut known).map(Diagram)
    }

    /// Where a condition holds whatever the variables are that `free` names.
    pub fn always(
        &mut self,
        condition: Diagram,
        free: &dyn Fn(u32) -> bool,
    ) -> Result<Diagram, OverBudget> {
        let mut known = HashMap::new();
        self.always_in(condition.0, free, &mut known).map(Diagram)
    }

    /// The values of the leaves of a diagram.
    pub fn leaves(&self, of: Diagram) -> Vec<u32> {
        let (mut open, mut seen, mut found) =
            (vec![of.0], std::collections::HashSet::new(), vec![]);
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            let node = self.node(at);
            match node.variable {
                LEAF => found.push(node.no),
                _ => open.extend([node.no, node.yes]),
            }
        }
        found
    }

    /// The choices on one way to a leaf that is not 0, `no` being preferred; none if there is no
    /// such leaf.
    pub fn way(&self, condition: Diagram) -> Option<Vec<(u32, bool)>> {
        let mut way = Vec::new();
        let mut at = condition;
        loop {
            match self.top(at) {
                Top::Leaf(0) => return None,
                Top::Leaf(_) => return Some(way),
                // No node leads to 0 both ways.
                Top::Choice(variable, no, yes) => {
                    let taken = no == Self::NO;
                    way.push((variable, taken));
                    at = if taken { yes } else { no };
                }
            }
        }
    }

    /// The value of the leaf that these answers lead to.
    pub fn value(&self, of: Diagram, answer: &dyn Fn(u32) -> bool) -> u32 {
        let mut at = of;
        loop {
            match self.top(at) {
                Top::Leaf(value) => return value,
                Top::Choice(variable, no, yes) => at = if answer(variable) { yes } else { no },
            }
        }
    }

    fn node(&self, at: u32) -> Node {
        self.nodes[at as usize]
    }

    fn intern(&mut self, node: Node) -> Result<u32, OverBudget> {
        if let Some(at) = self.unique.get(&node) {
            return Ok(*at);
        }
        if self.nodes.len() >= self.budget {
            return Err(OverBudget);
        }
        let at = u32::try_from(self.nodes.len()).map_err(|_| OverBudget)?;
        self.nodes.push(node);
        self.unique.insert(node, at);
        Ok(at)
    }

    fn make(&mut self, variable: u32, no: u32, yes: u32) -> Result<u32, OverBudget> {
        match no == yes {
            true => Ok(no),
            false => self.intern(Node { variable, no, yes }),
        }
    }

    /// What a diagram comes to if this variable is no, and if it is yes.
    fn ways(&self, at: u32, variable: u32) -> (u32, u32) {
        let node = self.node(at);
        match node.variable == variable {
            true => (node.no, node.yes),
            false => (at, at),
        }
    }

    fn choose_numbers(&mut self, condition: u32, yes: u32, no: u32) -> Result<u32, OverBudget> {
        if condition == 1 || yes == no {
            return Ok(yes);
        }
        if condition == 0 {
            return Ok(no);
        }
        if (yes, no) == (1, 0) {
            return Ok(condition);
        }
        let key = (condition, yes, no);
        if let Some(known) = self.choices.get(&key) {
            return Ok(*known);
        }
        let tops = [condition, yes, no].map(|at| self.node(at).variable);
        let variable = tops[0].min(tops[1]).min(tops[2]);
        let (condition, yes, no) = (
            self.ways(condition, variable),
            self.ways(yes, variable),
            self.ways(no, variable),
        );
        let left = self.choose_numbers(condition.0, yes.0, no.0)?;
        let right = self.choose_numbers(condition.1, yes.1, no.1)?;
        let made = self.make(variable, left, right)?;
        self.remember(true, key, made);
        Ok(made)
    }

    fn join_numbers<J: Join>(
        &mut self,
        first: u32,
        second: u32,
        join: &mut J,
    ) -> Result<u32, OverBudget> {
        let (one, other) = (self.node(first), self.node(second));
        if one.variable == LEAF {
            if join.is_first(one.no) {
                return Ok(first);
            }
            if join.is_second(one.no) {
                return Ok(second);
            }
            if other.variable == LEAF {
                let value = join.leaf(one.no, other.no);
                return self.intern(Node {
                    variable: LEAF,
                    no: value,
                    yes: value,
                });
            }
        }
        let key = (J::KIND, first, second);
        if let Some(known) = self.joined.get(&key) {
            return Ok(*known);
        }
        let variable = one.variable.min(other.variable);
        let (one, other) = (self.ways(first, variable), self.ways(second, variable));
        let left = self.join_numbers(one.0, other.0, join)?;
        let right = self.join_numbers(one.1, other.1, join)?;
        let made = self.make(variable, left, right)?;
        self.remember(false, key, made);
        Ok(made)
    }

    /// Results are remembered as long as they are not far more than the nodes.
    fn remember(&mut self, is_choice: bool, key: (u32, u32, u32), made: u32) {
        let most = self.budget.saturating_mul(2);
        let known = if is_choice {
            &mut self.choices
        } else {
            &mut self.joined
        };
        if known.len() >= most {
            known.clear();
        }
        known.insert(key, made);
    }

    fn replace_in(
        &mut self,
        at: u32,
        leaf: &mut dyn FnMut(u32) -> u32,
        known: &mut HashMap<u32, u32>,
    ) -> Result<u32, OverBudget> {
        if let Some(known) = known.get(&at) {
            return Ok(*known);
        }
        let node = self.node(at);
        let made = if node.variable == LEAF {
            let value = leaf(node.no);
            self.intern(Node {
                variable: LEAF,
                no: value,
                yes: value,
            })?
        } else {
            let no = self.replace_in(node.no, leaf, known)?;
            let yes = self.replace_in(node.yes, leaf, known)?;
            self.make(node.variable, no, yes)?
        };
        known.insert(at, made);
        Ok(made)
    }

    fn always_in(
        &mut self,
        at: u32,
        free: &dyn Fn(u32) -> bool,
        known: &mut HashMap<u32, u32>,
    ) -> Result<u32, OverBudget> {
        if let Some(known) = known.get(&at) {
            return Ok(*known);
        }
        let node = self.node(at);
        if node.variable == LEAF {
            return Ok(at);
        }
        let no = self.always_in(node.no, free, known)?;
        let yes = self.always_in(node.yes, free, known)?;
        let made = match free(node.variable) {
            true => self.choose_numbers(no, yes, 0)?,
            false => self.make(node.variable, no, yes)?,
        };
        known.insert(at, made);
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_functions_are_equal_numbers() {
        let mut all = Diagrams::new(1000);
        let mut var = |at| all.choice(at, Diagrams::NO, Diagrams::YES).expect("enough");
        let (a, b) = (var(0), var(1));
        let (both, not_a, not_b) = (
            all.and(a, b).unwrap(),
            all.not(a).unwrap(),
            all.not(b).unwrap(),
        );
        let neither = all.or(not_a, not_b).unwrap();
        assert_eq!(all.not(neither), Ok(both));
        assert_eq!(all.way(both), Some(vec![(0, true), (1, true)]));
        assert_eq!(all.always(both, &|at| at == 1), Ok(Diagrams::NO));
        assert_eq!(all.always(a, &|at| at == 1), Ok(a));
    }

    #[test]
    fn too_much_is_given_up() {
        let mut all = Diagrams::new(3);
        assert!(all.choice(0, Diagrams::NO, Diagrams::YES).is_ok());
        assert_eq!(all.choice(1, Diagrams::NO, Diagrams::YES), Err(OverBudget));
    }
}
