//! Looking a packet up in an ipset.

use compact_str::CompactString;

use super::{AddressSide, Comparison};

/// A look-up in an ipset (`-m set`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetMatch {
    /// The set.
    pub name: CompactString,
    /// Which side each dimension of the set is looked up by, in order.
    pub sides: Box<[AddressSide]>,
    /// Whether the packet must not be found.
    pub negated: bool,
    /// Whether an element of the set that is marked `nomatch` is found, too.
    pub nomatch: bool,
    /// Whether a look-up counts.
    pub counts: bool,
    /// Whether a look-up counts in the members of a list of sets.
    pub subcounts: bool,
    /// What the element's packets must be.
    pub packets: Option<CountTest>,
    /// What the element's bytes must be.
    pub bytes: Option<CountTest>,
}

/// What the counter of an element of a set is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountTest {
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub value: u64,
    /// Whether the comparison must not hold.
    pub negated: bool,
}
