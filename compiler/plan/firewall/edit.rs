//! The smallest change of a list of rules: which go, and which come where.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::firewall::NormalRule;

/// How a list of rules is changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Edits {
    /// The rules of the list that go, by their place, first to last.
    pub removed: Vec<usize>,
    /// The rules that come, first to last.
    pub inserted: Vec<Insert>,
}

/// A rule that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Insert {
    /// The place in the list, as it was, of the rule that it is to stand before, if that stays.
    pub before: usize,
    /// Which of the wanted rules it is.
    pub wanted: usize,
}

/// A wanted rule that stands in the list already.
#[derive(Clone, Copy)]
struct Kept {
    observed: usize,
    wanted: usize,
}

impl Edits {
    /// The change after which `observed` holds each of `wanted` once, in order, and nothing of
    /// `retired` besides. As many as possible stay where they are, and all that is in neither.
    pub(super) fn of<'a>(
        observed: &[NormalRule],
        wanted: &[NormalRule],
        retired: &[NormalRule],
        owner: impl Fn(&NormalRule) -> Option<&'a str>,
    ) -> Self {
        let ours: HashSet<&NormalRule> = wanted.iter().chain(retired).collect();
        let kept = in_order(observed, wanted);
        let mut stays = vec![false; observed.len()];
        kept.iter().for_each(|kept| stays[kept.observed] = true);
        let goes = |at: &usize| !stays[*at] && ours.contains(&observed[*at]);
        let removed: Vec<usize> = (0..observed.len()).filter(goes).collect();
        let owner_at = |list: &[NormalRule], at: usize| list.get(at).map(&owner);
        let mut inserted = Vec::new();
        for (places, missing) in gaps(&kept, observed.len(), wanted.len()) {
            let mut before = places.start;
            for at in missing {
                let mine = owner_at(wanted, at);
                let follows = at > 0 && owner_at(wanted, at - 1) == mine;
                if !follows {
                    let first = removed.partition_point(|gone| *gone < before);
                    let mut gone = removed[first..].iter().take_while(|at| **at < places.end);
                    let predecessor = gone.find(|at| owner_at(observed, **at) == mine);
                    before = match predecessor {
                        Some(place) => *place,
                        None if owner_at(observed, places.end) == mine => places.end,
                        None => before,
                    };
                }
                inserted.push(Insert { before, wanted: at });
            }
        }
        Edits { removed, inserted }
    }
}

/// The most of `wanted` that stand in `observed` in their order; of two that are equal the first.
///
/// Hunt and Szymanski's longest common subsequence: of the sequences found so far, for each length
/// the one that ends earliest in `wanted`.
fn in_order(observed: &[NormalRule], wanted: &[NormalRule]) -> Vec<Kept> {
    let mut places: HashMap<&NormalRule, Vec<usize>> = HashMap::new();
    for (at, rule) in wanted.iter().enumerate() {
        places.entry(rule).or_default().push(at);
    }
    // Each one found, with the one before it in its sequence; the last of the best sequences.
    let mut found: Vec<(Kept, Option<usize>)> = Vec::new();
    let mut best: Vec<usize> = Vec::new();
    for (at, rule) in observed.iter().enumerate() {
        for &place in places.get(rule).into_iter().flatten().rev() {
            let shorter = best.partition_point(|end| found[*end].0.wanted < place);
            let next = found.len();
            match best.get_mut(shorter) {
                Some(end) if found[*end].0.wanted == place => continue,
                Some(end) => *end = next,
                None => best.push(next),
            }
            let kept = Kept {
                observed: at,
                wanted: place,
            };
            let before = shorter.checked_sub(1).map(|last| best[last]);
            found.push((kept, before));
        }
    }
    let mut kept = Vec::with_capacity(best.len());
    let mut next = best.last().copied();
    while let Some(at) = next {
        let (one, before) = found[at];
        kept.push(one);
        next = before;
    }
    kept.reverse();
    kept
}

/// Between two that stay, at the head and at the end: the places where rules may come, and which
/// are missing there.
fn gaps(
    kept: &[Kept],
    observed: usize,
    wanted: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let ends = kept.iter().map(|kept| (kept.observed, kept.wanted));
    let mut from = (0, 0);
    ends.chain([(observed, wanted)]).map(move |to| {
        let gap = (from.0..to.0, from.1..to.1);
        from = (to.0 + 1, to.1 + 1);
        gap
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::{Match, Target};
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A rule of this number, that the network `number / 10` owns.
    fn rule(number: u8) -> NormalRule {
        NormalRule {
            steps: vec![crate::firewall::normal::Step::Ask(Match::Mark {
                value: number.into(),
                mask: u32::MAX,
                negated: false,
            })],
            target: Target::Accept,
        }
    }

    const OWNERS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    fn edited(observed: &[u8], wanted: &[u8], retired: &[u8]) -> (Edits, Vec<u8>) {
        let rules = |numbers: &[u8]| -> Vec<NormalRule> {
            numbers.iter().map(|number| rule(*number)).collect()
        };
        let owner = |one: &NormalRule| {
            let number = (0..100_u8).find(|number| rule(*number) == *one)?;
            OWNERS.get(usize::from(number / 10)).copied()
        };
        let edits = Edits::of(&rules(observed), &rules(wanted), &rules(retired), owner);
        let mut result = Vec::new();
        for at in 0..=observed.len() {
            let here = edits.inserted.iter().filter(|insert| insert.before == at);
            result.extend(here.map(|insert| wanted[insert.wanted]));
            if at < observed.len() && !edits.removed.contains(&at) {
                result.push(observed[at]);
            }
        }
        (edits, result)
    }

    #[test]
    fn rules_come_where_their_network_stood() {
        let result =
            |observed: &[u8], wanted: &[u8], retired: &[u8]| edited(observed, wanted, retired).1;
        // A network that is new comes at the head.
        assert_eq!(result(&[90, 10, 11], &[20, 21], &[]), [20, 21, 90, 10, 11]);
        assert_eq!(result(&[90, 10, 11], &[20, 10, 11], &[]), [20, 90, 10, 11]);
        // One that was there stays where it was, whichever of its rules changes.
        assert_eq!(result(&[90, 10, 11], &[12, 11], &[10, 11]), [90, 12, 11]);
        assert_eq!(result(&[90, 10, 91], &[12], &[10]), [90, 12, 91]);
        assert_eq!(result(&[90, 10, 91], &[12, 10], &[]), [90, 12, 10, 91]);
        assert_eq!(result(&[90, 10, 91], &[10, 12], &[]), [90, 10, 12, 91]);
        // A rule that stands twice stands once, where it stood first.
        assert_eq!(result(&[10, 90, 10], &[10], &[]), [10, 90]);
        // What stands in a wrong order is moved, as little as possible.
        let (edits, result) = edited(&[12, 90, 10, 11], &[10, 11, 12], &[]);
        assert_eq!(result, [90, 10, 11, 12]);
        assert_eq!(edits.removed, [0]);
    }

    proptest! {
        /// Whatever stood there: ours stand once and in order, others as they did, and that is it.
        #[test]
        fn a_change_is_whole(
            observed in vec(0..40_u8, 0..30),
            wanted in vec(0..25_u8, 0..12),
            retired in vec(10..30_u8, 0..12),
        ) {
            let (_, result) = edited(&observed, &wanted, &retired);
            let is_ours = |number: &u8| wanted.contains(number) || retired.contains(number);
            let (ours, others): (Vec<u8>, Vec<u8>) = result.iter().partition(|one| is_ours(one));
            prop_assert_eq!(&ours, &wanted);
            let before: Vec<u8> = observed.into_iter().filter(|one| !is_ours(one)).collect();
            prop_assert_eq!(others, before);
            let (again, _) = edited(&result, &wanted, &retired);
            prop_assert_eq!(again, Edits::default());
        }
    }
}
