//! Which tables of a capture are looked at, so that no rule counts twice.
//!
//! The tables of iptables-nft are in two texts of a capture: as iptables prints them, and as nft
//! does. Each table of the kernel is looked at once, where iptables spells it if it can: a table
//! with chains that iptables has no words for is nft's. Tables of iptables-legacy are others,
//! though they have the same names.

use std::collections::{BTreeMap, BTreeSet};

use crate::capture::{Capture, CapturedRuleset, FileId, RuleTool, Variant};
use crate::firewall::{Chain, Family, Table, TableFamily};

/// One table of the host, and which text tells of it.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// The file it was read from.
    pub file: FileId,
    /// Which tool listed it.
    pub tool: RuleTool,
    /// The table.
    pub table: &'a Table,
}

/// Where in the kernel a table is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    Legacy,
    NfTables,
}

/// The tables of a capture, each once, those that iptables spells first.
pub fn layers(capture: &Capture) -> Vec<Layer<'_>> {
    let by_iptables = |ruleset: &&CapturedRuleset| matches!(ruleset.tool, RuleTool::Iptables(_, _));
    let (iptables, nft): (Vec<_>, Vec<_>) = capture.present().into_iter().partition(by_iptables);
    let shown = shown_by_nft(&nft);
    let mut seen: BTreeMap<(Home, TableFamily, &str), FileId> = BTreeMap::new();
    let mut layers = Vec::new();
    for ruleset in iptables.into_iter().chain(nft) {
        for table in &ruleset.ruleset.tables {
            let other = shown.get(&(table.family, table.name.as_str()));
            let home = home(ruleset.tool, table, other.copied());
            let left_out = other.is_some_and(|other| !is_iptables(other));
            if left_out && home == Home::NfTables && ruleset.tool != RuleTool::Nft {
                continue;
            }
            let key = (home, table.family, table.name.as_str());
            // One text may bring a table in two parts.
            if *seen.entry(key).or_insert(ruleset.file) == ruleset.file {
                layers.push(Layer {
                    file: ruleset.file,
                    tool: ruleset.tool,
                    table,
                });
            }
        }
    }
    layers
}

/// The tables that nft lists.
fn shown_by_nft<'a>(nft: &[&'a CapturedRuleset]) -> BTreeMap<(TableFamily, &'a str), &'a Table> {
    let tables = nft.iter().flat_map(|ruleset| &ruleset.ruleset.tables);
    let key = |table: &'a Table| (table.family, table.name.as_str());
    tables.map(|table| (key(table), table)).collect()
}

/// Where a table is, which nft may list, too.
fn home(tool: RuleTool, table: &Table, other: Option<&Table>) -> Home {
    match tool {
        RuleTool::Nft | RuleTool::Iptables(Variant::Nft, _) => Home::NfTables,
        RuleTool::Iptables(Variant::Legacy, _) => Home::Legacy,
        RuleTool::Iptables(Variant::Unknown, _) => {
            match other.is_some_and(|other| same_chains(table, other)) {
                true => Home::NfTables,
                false => Home::Legacy,
            }
        }
    }
}

/// nft shows no built-in chain that was never used, so only the others are compared, and how many
/// rules there are.
fn same_chains(one: &Table, other: &Table) -> bool {
    let own = |table: &Table| -> BTreeSet<String> {
        let regular = table.chains.iter().filter(|chain| chain.base.is_none());
        regular.map(|chain| chain.name.clone()).collect()
    };
    let rules = |table: &Table| -> usize { table.chains.iter().map(|c| c.rules.len()).sum() };
    rules(one) == rules(other) && own(one) == own(other)
}

/// Whether a table is one that iptables makes, whichever tool shows it: the name, and that its
/// base chains are the built-in ones.
pub fn is_iptables(table: &Table) -> bool {
    let named = matches!(
        table.name.as_str(),
        "filter" | "nat" | "mangle" | "raw" | "security"
    );
    let built_in = |chain: &Chain| {
        let base = chain.base.as_ref();
        base.is_none_or(|base| base.hook.iptables_chain() == Some(&chain.name))
    };
    named && family(table).is_some() && table.chains.iter().all(built_in)
}

/// The family of a table of iptables.
pub fn family(table: &Table) -> Option<Family> {
    if table.family == TableFamily::Ip {
        Some(Family::Ipv4)
    } else if table.family == TableFamily::Ip6 {
        Some(Family::Ipv6)
    } else {
        None
    }
}
