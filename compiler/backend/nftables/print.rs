//! Printing tables as `nft list ruleset` does: objects, sets, chains.

use std::fmt::Write as _;

use super::base::base_line;
use super::keyword;
use super::object;
use super::rule;
use super::set;
use super::token;
use crate::backend::gap::Inexpressible;
use crate::firewall::{Chain, Counter, Element, Rule, Ruleset, Set, Table, TableFamily};

/// Which of nft's listings a text is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// For a file: as `nft -s list ruleset`, but for what nft lists in a way that it cannot load.
    Loadable,
    /// `nft -s list ruleset`: without what was counted.
    Rules,
    /// `nft list ruleset`.
    State,
}

/// All tables, for a file. Loading it adds to what is there.
pub fn print(ruleset: &Ruleset) -> Result<String, Inexpressible> {
    list(ruleset, Listing::Loadable)
}

/// All tables, as nft lists them.
pub fn list(ruleset: &Ruleset, listing: Listing) -> Result<String, Inexpressible> {
    let mut text = String::new();
    for table in &ruleset.tables {
        print_table(&mut text, table, listing)?;
    }
    Ok(text)
}

/// Appends one rule, without a line break.
pub fn print_rule(
    text: &mut String,
    rule: &Rule,
    family: TableFamily,
) -> Result<(), Inexpressible> {
    rule::print(text, rule, family, Listing::Loadable)
}

/// Appends one element of a set or map.
pub fn print_element(text: &mut String, element: &Element, set: &Set) {
    set::print_element(text, element, set, Listing::Loadable);
}

pub(super) fn comment_line(comment: &str) -> String {
    format!("comment \"{comment}\"")
}

pub(super) fn print_counter(text: &mut String, counter: Counter, listing: Listing) {
    match listing {
        Listing::Loadable | Listing::Rules => text.push_str("counter"),
        Listing::State => {
            let Counter { packets, bytes } = counter;
            // Writing into a String cannot fail.
            let _ = write!(text, "counter packets {packets} bytes {bytes}");
        }
    }
}

/// A text that can stand in quotes: nft has no way to write a quote.
pub(super) fn quotable(text: &str) -> Result<&str, Inexpressible> {
    match text.contains(['"', '\n']) {
        true => Err(inexpressible(format!("the text '{}'", text.escape_debug()))),
        false => Ok(text),
    }
}

/// Words that were kept as they were, if they are one statement of nft's language: not iptables'
/// words, and nothing that would begin another statement.
pub(super) fn kept(words: &str) -> Result<&str, Inexpressible> {
    let foreign = words.trim_start_matches(['!', ' ']).starts_with('-');
    match foreign || !token::is_one_statement(words) {
        true => Err(inexpressible(format!("'{}'", words.escape_debug()))),
        false => Ok(words),
    }
}

/// A name that can stand in a text as it is.
pub(super) fn named(name: &str) -> Result<&str, Inexpressible> {
    match name.is_empty() || name.contains(|c: char| c.is_whitespace() || "{};,\"#".contains(c)) {
        true => Err(inexpressible(format!("the name '{}'", name.escape_debug()))),
        false => Ok(name),
    }
}

pub(super) fn inexpressible(what: impl Into<String>) -> Inexpressible {
    Inexpressible {
        language: "nft",
        what: what.into(),
    }
}

/// The words of the flags that are set, with commas between; none if none is.
pub(super) fn words_of(flags: &[(bool, &str)]) -> Option<String> {
    let set = flags.iter().filter(|(on, _)| *on);
    let words: Vec<&str> = set.map(|(_, word)| *word).collect();
    (!words.is_empty()).then(|| words.join(","))
}

fn print_table(text: &mut String, table: &Table, listing: Listing) -> Result<(), Inexpressible> {
    let family = keyword::family(table.family);
    // Writing into a String cannot fail.
    let _ = writeln!(text, "table {family} {} {{", named(&table.name)?);
    let mut first = true;
    let flags = [
        (table.flags.dormant, "dormant"),
        (table.flags.owner, "owner"),
        (table.flags.persist, "persist"),
    ];
    if let Some(flags) = words_of(&flags) {
        let _ = writeln!(text, "\tflags {flags}");
        first = false;
    }
    if let Some(comment) = &table.comment {
        let _ = writeln!(text, "\t{}", comment_line(quotable(comment)?));
    }
    for each in &table.objects {
        named(&each.name)?;
        separate(text, &mut first);
        object::print(text, each, listing)?;
    }
    for each in &table.sets {
        named(&each.name)?;
        separate(text, &mut first);
        set::print(text, each, listing)?;
    }
    for chain in &table.chains {
        named(&chain.name)?;
        separate(text, &mut first);
        print_chain(text, chain, table.family, listing)?;
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

fn print_chain(
    text: &mut String,
    chain: &Chain,
    family: TableFamily,
    listing: Listing,
) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    let _ = writeln!(text, "\tchain {} {{", chain.name);
    print_head(text, chain, family)?;
    print_rules(text, chain, family, listing)?;
    text.push_str("\t}\n");
    Ok(())
}

/// Appends what a chain says before its rules.
pub(super) fn print_head(
    text: &mut String,
    chain: &Chain,
    family: TableFamily,
) -> Result<(), Inexpressible> {
    // Writing into a String cannot fail.
    if let Some(comment) = &chain.comment {
        let _ = writeln!(text, "\t\t{}", comment_line(quotable(comment)?));
    }
    if let Some(base) = &chain.base {
        let _ = writeln!(text, "\t\t{}", base_line(base, family));
        if base.offload {
            text.push_str("\t\tflags offload;\n");
        }
    }
    Ok(())
}

/// Appends the rules of a chain, one a line.
pub(super) fn print_rules(
    text: &mut String,
    chain: &Chain,
    family: TableFamily,
    listing: Listing,
) -> Result<(), Inexpressible> {
    for each in &chain.rules {
        text.push_str("\t\t");
        rule::print(text, each, family, listing)?;
        text.push('\n');
    }
    Ok(())
}
