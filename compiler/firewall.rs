//! Rulesets, in netfilter's own terms, whichever tool spells them.
//!
//! One shape for iptables and nft: tables of chains of rules, a rule being matches and a target.
//! A built-in chain of iptables is a chain with a [`Base`], as in nft. What a tool's text calls
//! these things is in `backend`; what rules a network needs is in `lower`.

pub mod expression;
pub mod matches;
pub mod normal;
pub mod policy;
pub mod set;
pub mod target;

pub use expression::{Assignment, BitOperator, Bits, Compare, Expression, Field, Lookup, Operator};
pub use matches::{
    AddressRange, AddressSide, AddressTypes, Asked, Bound, Comparison, ConnLimit, Conntrack,
    ConntrackTest, CountTest, CtDirection, CtStates, CtStatuses, DevicePattern, DeviceSide, Family,
    HashKeys, HashLimit, IpsecMode, IpsecPolicy, Limit, MaskedAddress, Match, Owner, PacketType,
    Physdev, PortSide, Ports, Protocol, Rate, RateUnit, Recent, RecentAction, RpFilter, SetMatch,
    SpiHeader, Statistic, TimeUnit, Transform,
};
pub use normal::NormalRule;
pub use policy::{NetworkPolicy, Outlet, Policy, SubnetPolicy, Translation};
pub use set::{
    Element, ElementExtra, ElementValue, Object, ObjectKind, Set, SetFlags, SetType, SetValue,
};
pub use target::{
    CopyMark, CtAssign, CtZone, Log, LogDetails, NatAddress, NatFlags, NatKind, NatTarget, Queue,
    RejectWith, SegmentSize, SetAction, SetChange, SetHops, SetMark, SetTos, Target, Tproxy,
    Translate,
};

use compact_str::CompactString;

/// All tables that one file or one host holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ruleset {
    /// The tables, in order.
    pub tables: Vec<Table>,
}

/// A table: iptables' `filter`, `nat`, `mangle`, or one of nft's.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Which packets come here. iptables' tables are `Ip` or `Ip6`.
    pub family: TableFamily,
    /// Its name.
    pub name: String,
    /// How it behaves (nft only).
    pub flags: TableFlags,
    /// A comment on the table (nft only).
    pub comment: Option<String>,
    /// The number by which the kernel knows it (nft only, and only where a listing shows it).
    pub handle: Option<u64>,
    /// Its stateful objects and flowtables, in order (nft only).
    pub objects: Vec<Object>,
    /// Its sets and maps, in order (nft only).
    pub sets: Vec<Set>,
    /// Its chains, in order.
    pub chains: Vec<Chain>,
}

/// How a table behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableFlags {
    /// No packet comes to it.
    pub dormant: bool,
    /// It belongs to a running program, and goes with it.
    pub owner: bool,
    /// It stays when the program that it belongs to has gone.
    pub persist: bool,
}

/// Which packets come to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TableFamily {
    /// IPv4.
    Ip,
    /// IPv6.
    Ip6,
    /// Both.
    Inet,
    /// ARP (nft only).
    Arp,
    /// Frames that cross a bridge (nft only).
    Bridge,
    /// Frames of single devices (nft only).
    Netdev,
}

/// A chain of rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// Where packets enter it, if not from other chains only.
    pub base: Option<Base>,
    /// A comment on the chain (nft only).
    pub comment: Option<String>,
    /// The number by which the kernel knows it (nft only, and only where a listing shows it).
    pub handle: Option<u64>,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// Where packets enter a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Base {
    /// What it may do.
    pub kind: BaseKind,
    /// The place in the kernel.
    pub hook: Hook,
    /// The devices whose frames enter it, for `Ingress` and `Egress` (nft only).
    pub devices: Vec<CompactString>,
    /// The order among chains of one hook; lower comes first. `filter` is 0, `srcnat` 100.
    pub priority: i32,
    /// What happens to a packet that no rule decided.
    pub policy: ChainPolicy,
    /// How often that happened; iptables always counts, nft never.
    pub counter: Counter,
    /// Whether the device itself is to do the work (nft only).
    pub offload: bool,
}

/// What a base chain may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseKind {
    /// Accept or drop.
    Filter,
    /// Rewrite addresses of a connection's first packet.
    Nat,
    /// Change packets: a built-in chain of iptables' `mangle`.
    Mangle,
    /// Change packets that the host sends, and find their way anew.
    Route,
}

/// Netfilter's hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// As a packet comes in.
    Prerouting,
    /// To the host itself.
    Input,
    /// Through the host.
    Forward,
    /// From the host itself.
    Output,
    /// As a packet goes out.
    Postrouting,
    /// As a frame comes in, before all else (nft only).
    Ingress,
    /// As a frame goes out, after all else (nft only).
    Egress,
}

/// What happens to a packet that no rule of a base chain decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainPolicy {
    /// It goes on.
    Accept,
    /// It is gone.
    Drop,
}

/// A rule: if all matches hold, the target.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What must hold, in the order of evaluation.
    pub matches: Vec<Match>,
    /// The counter after the last match; iptables always counts.
    pub counter: Option<Counter>,
    /// What is done on the way, in order; nft only, and mostly nothing.
    pub effects: Vec<Effect>,
    /// What then happens.
    pub target: Target,
    /// The number by which the kernel knows it (nft only, and only where a listing shows it).
    pub handle: Option<u64>,
    /// Where it was read.
    pub place: Place,
}

/// What a rule counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Counter {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Something that a rule does before it ends: nft lets a rule log, mark or count on the way.
///
/// A rule that counts once, right after its last match, has a [`Rule::counter`]; a counter that
/// stands elsewhere is an effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// How many of the rule's matches must hold for it to be done.
    pub after: usize,
    /// What is done: a target that lets the packet go on; only a verdict map may end its way.
    pub what: Target,
}

/// The line that something was read from; nothing for what was never text.
///
/// Where a rule stands is no part of what it says: all places are equal.
#[derive(Clone, Copy, Default)]
pub struct Place(Option<std::num::NonZeroU32>);

impl Place {
    /// This line, from 1; nothing for 0.
    pub fn line(line: usize) -> Self {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Place(std::num::NonZeroU32::new(line))
    }

    /// The line, from 1.
    pub fn get(self) -> Option<usize> {
        self.0.map(|line| line.get() as usize)
    }
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.get() {
            Some(line) => write!(f, "line {line}"),
            None => f.write_str("nowhere"),
        }
    }
}

impl Table {
    /// A table of chains alone.
    pub fn new(family: TableFamily, name: impl Into<String>, chains: Vec<Chain>) -> Self {
        Table {
            family,
            name: name.into(),
            flags: TableFlags::default(),
            comment: None,
            handle: None,
            objects: Vec::new(),
            sets: Vec::new(),
            chains,
        }
    }
}

impl BaseKind {
    /// What the built-in chains of a table of iptables may do.
    pub fn of_iptables(table: &str) -> Self {
        match table {
            "nat" => BaseKind::Nat,
            "mangle" => BaseKind::Mangle,
            _ => BaseKind::Filter,
        }
    }
}

impl Hook {
    /// Its name in netfilter, and in nft.
    pub fn word(self) -> &'static str {
        match self {
            Hook::Prerouting => "prerouting",
            Hook::Input => "input",
            Hook::Forward => "forward",
            Hook::Output => "output",
            Hook::Postrouting => "postrouting",
            Hook::Ingress => "ingress",
            Hook::Egress => "egress",
        }
    }

    /// The hooks that packets of IP come to.
    pub const IP: [Hook; 5] = [
        Hook::Prerouting,
        Hook::Input,
        Hook::Forward,
        Hook::Output,
        Hook::Postrouting,
    ];

    /// The built-in chain of iptables; none where only frames come by.
    pub fn iptables_chain(self) -> Option<&'static str> {
        match self {
            Hook::Prerouting => Some("PREROUTING"),
            Hook::Input => Some("INPUT"),
            Hook::Forward => Some("FORWARD"),
            Hook::Output => Some("OUTPUT"),
            Hook::Postrouting => Some("POSTROUTING"),
            Hook::Ingress | Hook::Egress => None,
        }
    }

    /// Where a table of iptables stands among the chains of this hook
    /// (`enum nf_ip_hook_priorities`).
    pub fn iptables_priority(self, table: &str) -> i32 {
        match (table, self) {
            ("raw", _) => -300,
            ("mangle", _) => -150,
            ("nat", Hook::Prerouting | Hook::Output) => -100,
            ("nat", _) => 100,
            ("security", _) => 50,
            (_, _) => 0,
        }
    }
}

impl Base {
    /// A base chain that lets pass what no rule decided.
    pub fn new(kind: BaseKind, hook: Hook, priority: i32) -> Self {
        Base {
            kind,
            hook,
            devices: Vec::new(),
            priority,
            policy: ChainPolicy::Accept,
            counter: Counter::default(),
            offload: false,
        }
    }

    /// The built-in chain at `hook` of a table of iptables.
    pub fn of_iptables(table: &str, hook: Hook) -> Self {
        let kind = BaseKind::of_iptables(table);
        Base::new(kind, hook, hook.iptables_priority(table))
    }
}

impl Rule {
    /// A rule that counts.
    pub fn new(matches: Vec<Match>, target: Target) -> Self {
        Rule {
            counter: Some(Counter::default()),
            ..Rule::uncounted(matches, target)
        }
    }

    /// A rule that does not count (nft only).
    pub fn uncounted(matches: Vec<Match>, target: Target) -> Self {
        Rule {
            matches,
            counter: None,
            effects: Vec::new(),
            target,
            handle: None,
            place: Place::default(),
        }
    }
}

impl Chain {
    /// A chain that only other chains lead to.
    pub fn regular(name: impl Into<String>, rules: Vec<Rule>) -> Self {
        Chain {
            name: name.into(),
            base: None,
            comment: None,
            handle: None,
            rules,
        }
    }
}
