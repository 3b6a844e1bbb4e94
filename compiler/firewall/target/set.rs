//! Changing an ipset by a packet.

use compact_str::CompactString;

use crate::firewall::AddressSide;

/// What is done to an ipset (`-j SET`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetChange {
    /// What is done.
    pub action: SetAction,
    /// The set.
    pub name: CompactString,
    /// Which side each dimension of the set is taken from, in order.
    pub sides: Box<[AddressSide]>,
}

/// What is done to an ipset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetAction {
    /// The packet's addresses are put in.
    Add {
        /// Whether an element that is there begins its time anew.
        exist: bool,
        /// For so many seconds.
        timeout: Option<u32>,
    },
    /// They are taken out.
    Delete,
    /// The packet takes over what the element says.
    Map {
        /// Its mark.
        mark: bool,
        /// Its class for traffic shaping.
        priority: bool,
        /// Its hardware queue.
        queue: bool,
    },
}
