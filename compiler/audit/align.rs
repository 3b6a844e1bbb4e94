//! Which of the things that are there are the things that are expected.
//!
//! Two lists are laid side by side: the longest part that both have in the same order stays in
//! place; what is in both but not in that part has moved; the rest is missing or unexpected. The
//! work grows with the length of the lists, not with its square, whatever is in them.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// How two lists fit. Numbers are places in the lists, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    /// In both, in the same order.
    pub kept: Vec<(usize, usize)>,
    /// In both, elsewhere in the order.
    pub moved: Vec<(usize, usize)>,
    /// Expected, and not there.
    pub missing: Vec<usize>,
    /// There, and not expected, or once too often.
    pub unexpected: Vec<usize>,
}

/// How often one thing may be there before it is matched first with first, second with second.
const REPEATED: usize = 32;

/// Lays the lists side by side.
pub fn align<Item: Hash + Eq>(expected: &[Item], found: &[Item]) -> Alignment {
    let start = common(expected.iter(), found.iter());
    let (rest, other) = (&expected[start..], &found[start..]);
    let end = common(rest.iter().rev(), other.iter().rev());
    let (rest, other) = (&rest[..rest.len() - end], &other[..other.len() - end]);
    let mut alignment = Alignment::default();
    let kept = &mut alignment.kept;
    kept.extend((0..start).map(|at| (at, at)));
    let inner = longest(&candidates(rest, other));
    kept.extend(inner.iter().map(|(e, f)| (e + start, f + start)));
    let tails = (expected.len() - end..).zip(found.len() - end..);
    kept.extend(tails.take(end));
    alignment.leftovers(expected, found);
    alignment
}

/// Gives each expected row that has none yet the first row of `left` with the same key, and takes
/// that out of `left`. The order of rows does not count.
pub fn pair<'a, Row, Key: Hash + Eq>(
    expected: &[&Row],
    pairs: &mut [Option<&'a Row>],
    left: &mut Vec<&'a Row>,
    key: impl Fn(&Row) -> Key,
) {
    let mut places: HashMap<Key, VecDeque<usize>> = HashMap::new();
    for (at, row) in left.iter().enumerate() {
        places.entry(key(row)).or_default().push_back(at);
    }
    let mut taken = vec![false; left.len()];
    let open = expected
        .iter()
        .zip(pairs)
        .filter(|(_, pair)| pair.is_none());
    for (row, pair) in open {
        if let Some(at) = places.get_mut(&key(row)).and_then(VecDeque::pop_front) {
            *pair = Some(left[at]);
            taken[at] = true;
        }
    }
    let mut taken = taken.into_iter();
    left.retain(|_| taken.next() == Some(false));
}

/// How many things two lists have in common from here on.
fn common<'a, Item: Eq + 'a>(
    one: impl Iterator<Item = &'a Item>,
    other: impl Iterator<Item = &'a Item>,
) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// Every pair of equal things, by place in the first list, then backwards in the second: the order
/// in which an increasing sequence takes at most one of each.
fn candidates<Item: Hash + Eq>(expected: &[Item], found: &[Item]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&Item, Vec<usize>> = HashMap::new();
    for (at, item) in found.iter().enumerate() {
        places.entry(item).or_default().push(at);
    }
    let mut seen: HashMap<&Item, usize> = HashMap::new();
    let mut pairs = Vec::new();
    for (at, item) in expected.iter().enumerate() {
        let Some(places) = places.get(item) else {
            continue;
        };
        let before = seen.entry(item).or_default();
        if places.len() <= REPEATED && *before < REPEATED {
            pairs.extend(places.iter().rev().map(|place| (at, *place)));
        } else if let Some(place) = places.get(*before) {
            pairs.push((at, *place));
        }
        *before += 1;
    }
    pairs
}

/// The longest sequence of pairs in which both places grow (patience sorting).
fn longest(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, the pair that a sequence of that length ends with at the lowest place.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < pair.1);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut sequence = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        sequence.push(pairs[at]);
        next = before[at];
    }
    sequence.reverse();
    sequence
}

impl Alignment {
    /// Sorts what is in no common order.
    fn leftovers<Item: Hash + Eq>(&mut self, expected: &[Item], found: &[Item]) {
        let (mut has_place, mut is_placed) =
            (vec![false; expected.len()], vec![false; found.len()]);
        for (e, f) in &self.kept {
            has_place[*e] = true;
            is_placed[*f] = true;
        }
        let free = |placed: &[bool], at: &usize| !placed[*at];
        let mut waiting: HashMap<&Item, Vec<usize>> = HashMap::new();
        for at in (0..found.len()).rev().filter(|at| free(&is_placed, at)) {
            waiting.entry(&found[at]).or_default().push(at);
        }
        for at in (0..expected.len()).filter(|at| free(&has_place, at)) {
            match waiting.get_mut(&expected[at]).and_then(Vec::pop) {
                Some(place) => self.moved.push((at, place)),
                None => self.missing.push(at),
            }
        }
        self.unexpected = waiting.into_values().flatten().collect();
        self.unexpected.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn aligned(expected: &str, found: &str) -> Alignment {
        align(expected.as_bytes(), found.as_bytes())
    }

    #[test]
    fn what_was_touched_is_named_and_nothing_else() {
        let touched = |found| {
            let Alignment {
                moved,
                missing,
                unexpected,
                ..
            } = aligned("abcde", found);
            (moved, missing, unexpected)
        };
        assert_eq!(touched("abcde"), (vec![], vec![], vec![]));
        assert_eq!(touched("abde"), (vec![], vec![2], vec![]));
        assert_eq!(touched("abccde"), (vec![], vec![], vec![3]));
        assert_eq!(touched("cabcde"), (vec![], vec![], vec![0]));
        assert_eq!(touched("abXde"), (vec![], vec![2], vec![2]));
        assert_eq!(touched("bcdea"), (vec![(0, 4)], vec![], vec![]));
        assert_eq!(touched("abdce").0.len(), 1);
    }

    #[test]
    fn a_million_of_the_same_are_no_work() {
        let (one, other) = (vec![0_u8; 1_000_000], vec![0_u8; 900_000]);
        assert_eq!(align(&one, &other).missing.len(), 100_000);
        let mut other = other;
        other.insert(0, 1);
        other.push(1);
        assert_eq!(align(&one, &other).unexpected.len(), 2);
    }

    proptest! {
        #[test]
        fn everything_is_somewhere_once(expected in "[a-e]{0,40}", found in "[a-e]{0,40}") {
            let Alignment { kept, moved, missing, unexpected } = aligned(&expected, &found);
            let mut there: Vec<usize> = kept.iter().chain(&moved).map(|(e, _)| *e).collect();
            there.extend(&missing);
            there.sort_unstable();
            prop_assert_eq!(there, (0..expected.len()).collect::<Vec<_>>());
            let mut there: Vec<usize> = kept.iter().chain(&moved).map(|(_, f)| *f).collect();
            there.extend(&unexpected);
            there.sort_unstable();
            prop_assert_eq!(there, (0..found.len()).collect::<Vec<_>>());
            for (e, f) in kept.iter().chain(&moved) {
                prop_assert_eq!(expected.as_bytes()[*e], found.as_bytes()[*f]);
            }
            for pair in kept.windows(2) {
                prop_assert!(pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
            }
        }
    }

    #[test]
    fn very_many_rows_are_paired_in_any_order() {
        let numbers: Vec<u32> = (0..100_000).collect();
        let expected: Vec<&u32> = numbers.iter().collect();
        let mut left: Vec<&u32> = numbers.iter().rev().filter(|it| **it % 3 > 0).collect();
        let mut pairs = vec![None; expected.len()];
        pair(&expected, &mut pairs, &mut left, |it| *it);
        assert!(left.is_empty());
        let fits = |(row, pair): (&&u32, &Option<&u32>)| pair.is_none_or(|pair| pair == *row);
        assert!(expected.iter().zip(&pairs).all(fits));
        assert_eq!(pairs.iter().flatten().count(), 66_666);
    }

    #[test]
    fn a_row_is_paired_once() {
        let (expected, found) = ([1, 1, 2], [2, 1, 3]);
        let expected: Vec<&u32> = expected.iter().collect();
        let mut left: Vec<&u32> = found.iter().collect();
        let mut pairs = vec![None; 3];
        pair(&expected, &mut pairs, &mut left, |it| *it);
        assert_eq!(pairs, [Some(&1), None, Some(&2)]);
        assert_eq!(left, [&3]);
        // What has a row keeps it.
        pair(&expected, &mut pairs, &mut left, |_| 0);
        assert_eq!((pairs[1], left.len()), (Some(&3), 0));
    }
}
