//! Rules as `nft list ruleset` prints them and `nft -f` reads them.
//!
//! Two files: our own table, as one transaction that replaces its content without a gap, and
//! libvirt's layout for a host that has nothing. [`print()`] and [`parse()`] are each other's
//! inverse. What any host holds is read by [`parse()`] from a listing or a file, and by
//! [`parse_json`] from `nft -j list ruleset`; [`list`] prints it as nft would list it.

mod assign;
mod base;
mod compare;
mod define;
mod duration;
mod element;
mod expression;
mod field;
mod json;
mod keyword;
mod limit;
mod log;
mod matches;
mod nat;
mod object;
mod parse;
mod print;
mod reject;
mod rule;
mod script;
mod set;
mod statement;
mod symbol;
mod target;
#[cfg(test)]
mod tests;
mod token;
mod transaction;
mod types;
mod value;
mod verdict;
mod words;

pub use json::parse_json;
pub use keyword::family as family_word;
pub use parse::parse;
pub use print::{Listing, list, print, print_element, print_rule};
pub use script::Script;
pub use transaction::transaction;

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Output};
use crate::lower::{FirewallLayout, encode};
use crate::template;

static LIBVIRT: Template = template!("nftables.libvirt.j2");

/// What the template of libvirt's layout fills in.
#[derive(Serialize)]
struct LibvirtFile {
    empty: bool,
    ruleset: String,
}

/// Our own table, and libvirt's layout.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let native = transaction(&encode(compiled.policy, FirewallLayout::Lanwright))
        .expect("our layout is made of what nft can say, as every golden case shows");
    let mut ruleset = print(&encode(compiled.policy, FirewallLayout::LibvirtNftables))
        .expect("libvirt's layout is made of what nft can say, as every golden case shows");
    ruleset.truncate(ruleset.trim_end().len());
    let artifacts = vec![
        Artifact::file("firewall/lanwright.nft", native),
        Artifact::file(
            "firewall/libvirt.nft",
            LIBVIRT.render(&LibvirtFile {
                empty: ruleset.is_empty(),
                ruleset,
            }),
        ),
    ];
    Output {
        artifacts,
        limits: Vec::new(),
    }
}
