//! Printing tables as `nft -s list ruleset` does: tables, maps, chains.

use std::fmt::Write as _;

use super::base::base_line;
use super::keyword;
use super::rule::{net, rule_words};
use crate::backend::gap::Inexpressible;
use crate::firewall::{
    Chain, Element, ElementValue, Expression, Rule, Ruleset, Set, SetType, Table, TableFamily,
    Target,
};

/// All tables, as a listing has them. Loading it adds to what is there.
pub fn print(ruleset: &Ruleset) -> Result<String, Inexpressible> {
    let mut text = String::new();
    for table in &ruleset.tables {
        print_table(&mut text, table)?;
    }
    Ok(text)
}

/// Appends one rule, without a line break.
pub fn print_rule(
    text: &mut String,
    rule: &Rule,
    family: TableFamily,
) -> Result<(), Inexpressible> {
    rule_words(text, rule, family)?;
    text.truncate(text.trim_end_matches(' ').len());
    Ok(())
}

/// Appends one element of a map: key, comment, chain.
pub fn print_element(text: &mut String, element: &Element) {
    // Writing into a String cannot fail.
    if let Expression::Net(prefix) = &element.key {
        let _ = write!(text, "{}", net(prefix));
    }
    if let Some(device) = element.key.device() {
        let _ = write!(text, "\"{}\"", device.name());
    }
    if let Some(comment) = element.comment() {
        let _ = write!(text, " {}", comment_line(comment));
    }
    if let Some(ElementValue::Verdict(Target::Jump(chain))) = &element.value {
        let _ = write!(text, " : jump {chain}");
    }
}

pub(super) fn comment_line(comment: &str) -> String {
    format!("comment \"{comment}\"")
}

/// What a map is looked up by. Never `type`: what newer versions of nft store for that makes older
/// ones crash as they list it.
pub(super) fn key_line(key: &SetType) -> String {
    match &key.of {
        Some(Expression::Field(field)) => format!("typeof {} : verdict", keyword::field(field)),
        Some(_) | None => String::new(),
    }
}

fn print_table(text: &mut String, table: &Table) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = writeln!(
        text,
        "table {} {} {{",
        keyword::family(table.family),
        table.name
    );
    if let Some(comment) = &table.comment {
        let _ = writeln!(text, "\t{}", comment_line(comment));
    }
    let mut first = table.comment.is_none();
    for map in &table.sets {
        separate(text, &mut first);
        print_map(text, map);
    }
    for chain in &table.chains {
        separate(text, &mut first);
        print_chain(text, chain, table.family)?;
    }
    text.push_str("}\n");
    Ok(())
}

fn separate(text: &mut String, first: &mut bool) {
    if !*first {
        text.push('\n');
    }
    *first = false;
}

fn print_map(text: &mut String, map: &Set) {
    // Writing into a String cannot fail.
    let _ = writeln!(text, "\tmap {} {{\n\t\t{}", map.name, key_line(&map.key));
    if map.flags.interval {
        text.push_str("\t\tflags interval\n");
    }
    for (at, element) in map.elements.iter().enumerate() {
        text.push_str(match at {
            0 => "\t\telements = { ",
            _ => ",\n\t\t\t     ",
        });
        print_element(text, element);
    }
    if !map.elements.is_empty() {
        text.push_str(" }\n");
    }
    text.push_str("\t}\n");
}

fn print_chain(text: &mut String, chain: &Chain, family: TableFamily) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = writeln!(text, "\tchain {} {{", chain.name);
    if let Some(comment) = &chain.comment {
        let _ = writeln!(text, "\t\t{}", comment_line(comment));
    }
    if let Some(base) = &chain.base {
        let _ = writeln!(text, "\t\t{}", base_line(base));
    }
    print_rules(text, chain, family)?;
    text.push_str("\t}\n");
    Ok(())
}

/// Appends the rules of a chain, one a line.
pub(super) fn print_rules(
    text: &mut String,
    chain: &Chain,
    family: TableFamily,
) -> Result<(), Inexpressible> {
    for rule in &chain.rules {
        text.push_str("\t\t");
        print_rule(text, rule, family)?;
        text.push('\n');
    }
    Ok(())
}
