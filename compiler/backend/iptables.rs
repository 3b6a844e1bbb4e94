//! Rules as `iptables-save` prints them and `iptables-restore` reads them.
//!
//! Two files: IPv4 for iptables, IPv6 for ip6tables. They carry libvirt's own layout, made by
//! [`lower::layout`](crate::lower::layout). [`print()`] and [`parse()`] are each other's inverse,
//! for any ruleset of one family; matches and targets without a type of ours pass word for word.

mod batch;
mod draft;
mod extension;
mod header;
mod line;
mod listing;
mod name;
mod option;
mod own;
mod parse;
mod print;
mod reader;
mod report;
mod rule;
mod script;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod word;

pub use listing::{Listing, Loss, LossKind, Remark, UNSEEN_DEVICES, is_listing, read_listing};
pub use parse::{Assumed, Dump, parse, parse_dumps};
pub use print::{Counters, print, print_rule, print_with};
pub use script::Script;

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Output};
use crate::firewall::{Family, Ruleset};
use crate::lower::{FirewallLayout, encode};
use crate::template;

static RULES: Template = template!("iptables.rules.j2");

/// What the template fills in.
#[derive(Serialize)]
struct RulesFile {
    tool: &'static str,
    restore: &'static str,
    empty: bool,
    rules: String,
}

/// The rules of both families, as whole files for a host that has none.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let ruleset = encode(compiled.policy, FirewallLayout::Iptables);
    let artifacts = vec![
        file("firewall/iptables.rules", &ruleset, Family::Ipv4),
        file("firewall/ip6tables.rules", &ruleset, Family::Ipv6),
    ];
    Output {
        artifacts,
        limits: Vec::new(),
    }
}

fn file(path: &str, ruleset: &Ruleset, family: Family) -> Artifact {
    let (tool, restore) = match family {
        Family::Ipv4 => ("iptables", "iptables-restore"),
        Family::Ipv6 => ("ip6tables", "ip6tables-restore"),
    };
    let mut rules = print(ruleset, family)
        .expect("the iptables layout is made of what iptables can say, as every golden case shows");
    rules.truncate(rules.trim_end().len());
    let view = RulesFile {
        tool,
        restore,
        empty: rules.is_empty(),
        rules,
    };
    Artifact::file(path, RULES.render(&view))
}
