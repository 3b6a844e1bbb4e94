//! The smallest text that a firewall tool is to load so that a host holds what is wanted.
//!
//! There are three sides: the rules that are wanted, those that an earlier run left and nobody
//! wants any more, and all that the host holds. What the host holds and neither of the others
//! says is somebody else's; it stays, in its order. Where a rule stands right already it stays,
//! so that its counter goes on. Rules are compared in their normal form.
//!
//! Both first sides come from [`encode`](crate::lower::encode) and need to hold the networks that
//! are touched only. Networks that share a subnet are touched together: rules that rewrite
//! sources name the subnet alone, and a map of prefixes has one key for all that overlap.
//!
//! A text is one transaction of its tool. After it was loaded there is nothing more to do: the
//! next answer is `None`. How a tool spells a change is in `backend`.

mod change;
mod edit;
mod iptables;
mod nftables;
mod owner;
mod sides;
#[cfg(test)]
mod tests;

pub use change::DeltaChange;
pub use iptables::iptables;
pub use nftables::nftables;

use schemars::JsonSchema;
use serde::Serialize;

use crate::firewall::Family;

/// What one tool is to load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Delta {
    /// The tool.
    pub tool: RuleLoader,
    /// Its input.
    pub text: String,
    /// What that changes, most important first.
    pub changes: Vec<DeltaChange>,
}

/// A tool that loads rules, as it is to be called for a [`Delta`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleLoader {
    /// `iptables-restore --noflush`.
    Iptables,
    /// `ip6tables-restore --noflush`.
    Ip6tables,
    /// `nft -f -`.
    Nft,
}

impl RuleLoader {
    /// The iptables of a family.
    pub fn iptables(family: Family) -> Self {
        match family {
            Family::Ipv4 => RuleLoader::Iptables,
            Family::Ipv6 => RuleLoader::Ip6tables,
        }
    }
}
