//! Changes of one table, as `iptables-restore --noflush` reads them.

use std::fmt::Write as _;

use super::extension::push_word;
use super::line;
use crate::backend::gap::Inexpressible;
use crate::firewall::{Family, Rule};

/// Changes of a table, in the order in which they are to be done. All of them are done, or none.
#[derive(Debug)]
pub struct Script {
    table: String,
    family: Family,
    lines: String,
}

impl Script {
    /// No change of this table.
    pub fn new(table: &str, family: Family) -> Self {
        Script {
            table: table.to_owned(),
            family,
            lines: String::new(),
        }
    }

    /// Makes a chain. One that exists would be emptied.
    pub fn make_chain(&mut self, chain: &str) {
        self.lines.push(':');
        push_word(&mut self.lines, chain);
        self.lines.push_str(" - [0:0]\n");
    }

    /// Removes the first rule that says this.
    pub fn delete_rule(&mut self, chain: &str, rule: &Rule) -> Result<(), Inexpressible> {
        let mut words = String::new();
        line::print_rule(&mut words, rule, self.family)?;
        self.command("-D", chain);
        self.lines.push_str(&words);
        self.lines.push('\n');
        Ok(())
    }

    /// Removes the rule that has this number by then, from 1.
    pub fn delete_number(&mut self, chain: &str, number: usize) {
        self.command("-D", chain);
        // Writing into a String cannot fail.
        let _ = writeln!(self.lines, " {number}");
    }

    /// Makes a rule the one of this number, from 1.
    pub fn insert_rule(
        &mut self,
        chain: &str,
        number: usize,
        rule: &Rule,
    ) -> Result<(), Inexpressible> {
        let mut words = String::new();
        line::print_rule(&mut words, rule, self.family)?;
        self.command("-I", chain);
        // Writing into a String cannot fail.
        let _ = writeln!(self.lines, " {number}{words}");
        Ok(())
    }

    /// Removes a chain, which must be empty by then and lead nowhere.
    pub fn delete_chain(&mut self, chain: &str) {
        self.command("-X", chain);
        self.lines.push('\n');
    }

    /// The text; nothing if nothing changes.
    pub fn text(&self) -> String {
        match self.lines.is_empty() {
            true => String::new(),
            false => format!("*{}\n{}COMMIT\n", self.table, self.lines),
        }
    }

    fn command(&mut self, option: &str, chain: &str) {
        self.lines.push_str(option);
        self.lines.push(' ');
        push_word(&mut self.lines, chain);
    }
}
