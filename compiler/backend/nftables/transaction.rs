//! The table of ours as one transaction: declare, flush, rules, elements.
//!
//! Deleting the table and making it anew would be one transaction too, and yet leave packets
//! between the old hooks and the new ones without rules. Maps come after the chains they lead to
//! and get their elements last: nft 1.0.6 sends a new map's elements with the map.

use serde::Serialize;

use super::print::{Listing, comment_line, print_element, print_head, print_rules};
use super::set::type_line;
use crate::backend::gap::Inexpressible;
use crate::backend::template::Template;
use crate::firewall::{Chain, Ruleset, Set, Table, TableFamily};
use crate::lower::layout::native::TABLE;
use crate::template;

static NATIVE: Template = template!("nftables.native.j2");

#[derive(Default, Serialize)]
struct NativeFile {
    name: &'static str,
    empty: bool,
    filled: bool,
    comment: String,
    regular_chains: String,
    base_chains: String,
    maps: Vec<MapView>,
    rules: String,
}

#[derive(Serialize)]
struct MapView {
    name: String,
    key: String,
    interval: bool,
    elements: String,
}

/// The file that makes the table `inet lanwright` what `ruleset` says; without it in the ruleset,
/// the table goes.
pub fn transaction(ruleset: &Ruleset) -> Result<String, Inexpressible> {
    let table = ruleset.tables.iter().find(|table| table.name == TABLE);
    let view = match table {
        Some(table) => native_file(table)?,
        None => NativeFile {
            name: TABLE,
            empty: true,
            ..NativeFile::default()
        },
    };
    Ok(NATIVE.render(&view))
}

fn native_file(table: &Table) -> Result<NativeFile, Inexpressible> {
    let (mut regular, mut base, mut rules) = (String::new(), String::new(), String::new());
    for chain in &table.chains {
        let declared = match chain.base {
            Some(_) => &mut base,
            None => &mut regular,
        };
        declare(declared, chain, table.family)?;
        open(&mut rules, chain);
        print_rules(&mut rules, chain, table.family, Listing::Loadable)?;
        close(&mut rules);
    }
    Ok(NativeFile {
        name: TABLE,
        empty: false,
        filled: true,
        comment: table.comment.as_deref().map_or(String::new(), comment_line),
        regular_chains: finished(regular),
        base_chains: finished(base),
        maps: table.sets.iter().map(map_view).collect(),
        rules: finished(rules),
    })
}

/// A chain without its rules.
fn declare(text: &mut String, chain: &Chain, family: TableFamily) -> Result<(), Inexpressible> {
    open(text, chain);
    print_head(text, chain, family)?;
    close(text);
    Ok(())
}

fn open(text: &mut String, chain: &Chain) {
    text.push_str("\tchain ");
    text.push_str(&chain.name);
    text.push_str(" {\n");
}

fn close(text: &mut String) {
    text.push_str("\t}\n");
}

/// Without the last line break, which the template has.
fn finished(mut lines: String) -> String {
    lines.pop();
    lines
}

fn map_view(map: &Set) -> MapView {
    let mut elements = String::new();
    for element in &map.elements {
        elements.push('\t');
        print_element(&mut elements, element, map);
        elements.push_str(",\n");
    }
    MapView {
        name: map.name.clone(),
        key: type_line(map),
        interval: map.flags.interval,
        elements: finished(elements),
    }
}
