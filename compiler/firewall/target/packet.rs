//! Fields of a packet's headers that a rule changes.

/// What becomes of the hops that are left to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetHops {
    /// This number.
    To(u8),
    /// So many more.
    Up(u8),
    /// So many fewer.
    Down(u8),
}

/// What becomes of the largest segment that TCP will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SegmentSize {
    /// What fits through the route.
    PathMtu,
    /// This number of bytes.
    Bytes(u16),
}

/// New bits for the type of service: `(tos & !mask) ^ value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetTos {
    /// What is put in.
    pub value: u8,
    /// The bits that are cleared first.
    pub mask: u8,
}
