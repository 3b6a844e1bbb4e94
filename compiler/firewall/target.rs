//! What a rule does with a packet.

pub mod log;
pub mod mark;
pub mod nat;
pub mod packet;
pub mod refuse;
pub mod set;

pub use log::{Log, LogDetails, Queue};
pub use mark::{CopyMark, CtAssign, CtZone, SetMark, Tproxy};
pub use nat::{NatAddress, NatFlags, NatKind, NatTarget, Translate};
pub use packet::{SegmentSize, SetHops, SetTos};
pub use refuse::RejectWith;
pub use set::{SetAction, SetChange};

use compact_str::CompactString;
use ipnet::IpNet;

use super::{Assignment, Counter, Lookup};
use crate::value::PortRange;

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The packet goes on.
    Accept,
    /// The packet is gone.
    Drop,
    /// The packet is refused and its sender told.
    Reject(RejectWith),
    /// Back to the chain that led here.
    Return,
    /// On to this chain, and back.
    Jump(CompactString),
    /// On to this chain, and from its end to where this chain would have gone.
    Goto(CompactString),
    /// What a verdict map says of the packet; on, if it says nothing (nft only).
    Vmap(Box<Lookup>),
    /// The source becomes the outgoing device's address.
    Masquerade {
        /// The ports to take.
        ports: Option<PortRange>,
        /// How they are chosen.
        flags: NatFlags,
    },
    /// The source becomes one of these addresses.
    Snat(Box<NatTarget>),
    /// The destination becomes one of these addresses.
    Dnat(Box<NatTarget>),
    /// The destination becomes the host itself.
    Redirect {
        /// The ports to take.
        ports: Option<PortRange>,
        /// How they are chosen.
        flags: NatFlags,
    },
    /// The address becomes the one at the same place in this prefix: the destination as a packet
    /// comes in, the source as it goes out.
    Netmap(IpNet),
    /// An address or port is rewritten to what only the packet tells, or in a way that no simpler
    /// target says (nft only).
    Translate(Box<Translate>),
    /// The checksum is computed, for receivers that look at it too early (iptables only).
    ChecksumFill,
    /// The packet is written to the log, and goes on.
    Log(Box<Log>),
    /// The packet's mark is changed, and it goes on.
    SetMark(SetMark),
    /// The connection's mark is changed, and the packet goes on.
    SetCtMark(SetMark),
    /// A mark is copied, and the packet goes on.
    CopyMark(CopyMark),
    /// The packet's connection is tracked in a way of its own.
    Ct(Box<CtAssign>),
    /// A field of the packet or of its connection is changed in another way, and it goes on
    /// (nft only).
    Assign(Box<Assignment>),
    /// The packet is counted, and goes on (nft only, where it is not the rule's own counter).
    Count(Counter),
    /// The connection is not tracked (`-j NOTRACK`, nft's `notrack`; `-j CT --notrack` is a
    /// [`CtAssign`]).
    Notrack,
    /// A socket of this host gets the packet.
    Tproxy(Box<Tproxy>),
    /// A program decides.
    Queue(Queue),
    /// TCP's largest segment is changed, and the packet goes on.
    SegmentSize(SegmentSize),
    /// The DSCP becomes this, and the packet goes on.
    SetDscp(u8),
    /// The type of service is changed, and the packet goes on.
    SetTos(SetTos),
    /// The hops that are left change, and the packet goes on.
    SetHops(SetHops),
    /// The class for traffic shaping becomes this, and the packet goes on.
    Classify {
        /// The qdisc.
        major: u16,
        /// The class within.
        minor: u16,
    },
    /// An ipset is changed, and the packet goes on.
    SetChange(Box<SetChange>),
    /// The packet's way is written to the log (`-j TRACE`), and it goes on.
    Trace,
    /// The next rule is asked: the rule only counts.
    Continue,
    /// What we have no type for, word for word.
    Other(CompactString),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A million rules fit into memory because a target does not grow: large ones are boxed.
    #[test]
    fn a_target_is_small() {
        assert!(size_of::<Target>() <= 40, "{} bytes", size_of::<Target>());
    }
}
