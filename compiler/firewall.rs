//! Rulesets, in netfilter's own terms, whichever tool spells them.
//!
//! One shape for iptables and nft: tables of chains of rules, a rule being matches and a target.
//! A built-in chain of iptables is a chain with a [`Base`], as in nft. What a tool's text calls
//! these things is in `backend`; what rules a network needs is in `lower`.

pub mod matches;
pub mod policy;
pub mod target;

pub use matches::{Bound, CtStates, Family, Match, Protocol};
pub use policy::{NetworkPolicy, Outlet, Policy, SubnetPolicy, Translation};
pub use target::{NatAddress, RejectWith, Target};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::value::DeviceName;

/// All tables that one file or one host holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Ruleset {
    /// The tables, in order.
    pub tables: Vec<Table>,
}

/// A table: iptables' `filter`, `nat`, `mangle`, or one of nft's.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Table {
    /// Which packets come here. iptables' tables are `Ip` or `Ip6`.
    pub family: TableFamily,
    /// Its name.
    pub name: String,
    /// A comment on the table (nft only).
    pub comment: Option<String>,
    /// Its chains, in order.
    pub chains: Vec<Chain>,
    /// Its verdict maps, in order (nft only).
    pub maps: Vec<VerdictMap>,
}

/// Which packets come to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TableFamily {
    /// IPv4.
    Ip,
    /// IPv6.
    Ip6,
    /// Both.
    Inet,
}

/// A chain of rules.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// Where packets enter it, if not from other chains only.
    pub base: Option<Base>,
    /// A comment on the chain (nft only).
    pub comment: Option<String>,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// Where packets enter a chain.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Base {
    /// What it may do.
    pub kind: BaseKind,
    /// The place in the kernel.
    pub hook: Hook,
    /// The order among chains of one hook; lower comes first. `filter` is 0, `srcnat` 100.
    pub priority: i32,
    /// What happens to a packet that no rule decided.
    pub policy: ChainPolicy,
}

/// What a base chain may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseKind {
    /// Accept or drop.
    Filter,
    /// Rewrite addresses of a connection's first packet.
    Nat,
    /// Change packets: iptables' `mangle`, nft's `route`.
    Mangle,
}

/// Netfilter's hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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
}

/// What happens to a packet that no rule of a base chain decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChainPolicy {
    /// It goes on.
    Accept,
    /// It is gone.
    Drop,
}

/// A rule: if all matches hold, the target.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rule {
    /// What must hold, in the order of evaluation.
    pub matches: Vec<Match>,
    /// Whether packets are counted (iptables always counts).
    pub counter: bool,
    /// What then happens.
    pub target: Target,
}

/// A verdict map of nft: a key of the packet leads to a chain.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct VerdictMap {
    /// Its name.
    pub name: String,
    /// What it is looked up by.
    pub key: MapKey,
    /// Its elements, in order.
    pub elements: Vec<MapElement>,
}

/// What a verdict map is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MapKey {
    /// The name of the device a packet goes out through.
    Oifname,
    /// The name of the device a packet came in through.
    Iifname,
    /// The IPv4 source; elements are prefixes.
    IpSaddr,
    /// The IPv6 source; elements are prefixes.
    Ip6Saddr,
}

/// One element of a verdict map.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MapElement {
    /// The key that leads on.
    pub key: ElementKey,
    /// The networks it belongs to.
    pub comment: Option<String>,
    /// The chain it leads to.
    pub jump: String,
}

/// A key of a verdict map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ElementKey {
    /// A device.
    Device(DeviceName),
    /// A prefix.
    Prefix(#[schemars(with = "String")] IpNet),
}

impl Table {
    /// A table of chains alone.
    pub fn new(family: TableFamily, name: impl Into<String>, chains: Vec<Chain>) -> Self {
        Table {
            family,
            name: name.into(),
            comment: None,
            chains,
            maps: Vec::new(),
        }
    }
}

impl MapKey {
    /// All keys.
    pub const ALL: [MapKey; 4] = [
        MapKey::Oifname,
        MapKey::Iifname,
        MapKey::IpSaddr,
        MapKey::Ip6Saddr,
    ];
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
    /// All hooks.
    pub const ALL: [Hook; 5] = [
        Hook::Prerouting,
        Hook::Input,
        Hook::Forward,
        Hook::Output,
        Hook::Postrouting,
    ];

    /// The built-in chain of iptables.
    pub fn iptables_chain(self) -> &'static str {
        match self {
            Hook::Prerouting => "PREROUTING",
            Hook::Input => "INPUT",
            Hook::Forward => "FORWARD",
            Hook::Output => "OUTPUT",
            Hook::Postrouting => "POSTROUTING",
        }
    }

    /// Where a table of iptables stands among the chains of this hook
    /// (`enum nf_ip_hook_priorities`).
    pub fn iptables_priority(self, table: &str) -> i32 {
        match (table, self) {
            ("raw", _) => -300,
            ("mangle", _) => -150,
            ("nat", Hook::Prerouting | Hook::Output) => -100,
            ("nat", Hook::Input | Hook::Forward | Hook::Postrouting) => 100,
            ("security", _) => 50,
            (_, _) => 0,
        }
    }
}

impl Rule {
    /// A rule that counts.
    pub fn new(matches: Vec<Match>, target: Target) -> Self {
        Rule {
            matches,
            counter: true,
            target,
        }
    }

    /// A rule that does not count (nft only).
    pub fn uncounted(matches: Vec<Match>, target: Target) -> Self {
        Rule {
            matches,
            counter: false,
            target,
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
            rules,
        }
    }
}
