//! Changes of tables, one statement each, as `nft -f` reads them.

use std::fmt::Write as _;

use super::keyword;
use super::print::{comment_line, named, print_element, print_head, print_rule, quotable};
use super::set::type_line;
use crate::backend::gap::Inexpressible;
use crate::firewall::{Chain, Element, Rule, Set, Table, TableFamily};

/// Changes of one table, in the order in which they are to be done. All of them are done, or none.
#[derive(Debug)]
pub struct Script {
    family: TableFamily,
    /// `inet lanwright`
    table: String,
    text: String,
}

impl Script {
    /// No change of this table.
    pub fn new(family: TableFamily, table: &str) -> Self {
        Script {
            family,
            table: format!("{} {table}", keyword::family(family)),
            text: String::new(),
        }
    }

    /// The text; nothing if nothing changes.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Makes a table that holds nothing.
    pub fn add_table(&mut self, table: &Table) -> Result<(), Inexpressible> {
        let _ = write!(self.text, "add table {}", self.table);
        if let Some(comment) = &table.comment {
            let _ = write!(self.text, " {{ {}; }}", comment_line(quotable(comment)?));
        }
        self.text.push('\n');
        Ok(())
    }

    /// Removes the table with all it holds.
    pub fn delete_table(&mut self) {
        let _ = writeln!(self.text, "delete table {}", self.table);
    }

    /// Makes a chain without rules; of one that exists, sets the policy.
    pub fn add_chain(&mut self, chain: &Chain) -> Result<(), Inexpressible> {
        let mut head = String::new();
        print_head(&mut head, chain, self.family)?;
        let name = named(&chain.name)?;
        let _ = write!(self.text, "add chain {} {name}", self.table);
        if !head.is_empty() {
            let _ = write!(self.text, " {{\n{head}}}");
        }
        self.text.push('\n');
        Ok(())
    }

    /// Removes all rules of a chain.
    pub fn flush_chain(&mut self, chain: &str) {
        let _ = writeln!(self.text, "flush chain {} {chain}", self.table);
    }

    /// Removes a chain, which must be empty by then and which nothing may lead to.
    pub fn delete_chain(&mut self, chain: &str) {
        let _ = writeln!(self.text, "delete chain {} {chain}", self.table);
    }

    /// Appends a rule.
    pub fn add_rule(&mut self, chain: &str, rule: &Rule) -> Result<(), Inexpressible> {
        let _ = write!(self.text, "add rule {} {chain} ", self.table);
        self.rule(rule)
    }

    /// Puts a rule before the one of this handle.
    pub fn insert_rule(
        &mut self,
        chain: &str,
        before: u64,
        rule: &Rule,
    ) -> Result<(), Inexpressible> {
        let _ = write!(
            self.text,
            "insert rule {} {chain} handle {before} ",
            self.table
        );
        self.rule(rule)
    }

    fn rule(&mut self, rule: &Rule) -> Result<(), Inexpressible> {
        print_rule(&mut self.text, rule, self.family)?;
        self.text.push('\n');
        Ok(())
    }

    /// Removes the rule of this handle.
    pub fn delete_rule(&mut self, chain: &str, handle: u64) {
        let _ = writeln!(
            self.text,
            "delete rule {} {chain} handle {handle}",
            self.table
        );
    }

    /// Makes a map without elements.
    pub fn add_map(&mut self, map: &Set) {
        let (name, key) = (&map.name, type_line(map));
        let _ = writeln!(self.text, "add map {} {name} {{\n\t\t{key}", self.table);
        if map.flags.interval {
            self.text.push_str("\t\tflags interval\n");
        }
        self.text.push_str("}\n");
    }

    /// Removes a map, which no rule may look into any more.
    pub fn delete_map(&mut self, map: &str) {
        let _ = writeln!(self.text, "delete map {} {map}", self.table);
    }

    /// Adds elements to a map.
    pub fn add_elements<'a>(&mut self, map: &Set, elements: impl IntoIterator<Item = &'a Element>) {
        self.elements("add", map, elements.into_iter().cloned());
    }

    /// Removes the elements of these keys from a map.
    pub fn delete_elements<'a>(
        &mut self,
        map: &Set,
        elements: impl IntoIterator<Item = &'a Element>,
    ) {
        let keys = elements.into_iter();
        let keys = keys.map(|element| Element::new(element.key.clone()));
        self.elements("delete", map, keys);
    }

    fn elements(&mut self, verb: &str, map: &Set, elements: impl Iterator<Item = Element>) {
        let name = &map.name;
        let mut before = format!("{verb} element {} {name} {{ ", self.table);
        let first = self.text.len();
        for element in elements {
            self.text.push_str(&before);
            print_element(&mut self.text, &element, map);
            ", ".clone_into(&mut before);
        }
        if self.text.len() > first {
            self.text.push_str(" }\n");
        }
    }
}
