//! Printing tables as `iptables-save` does.

use std::fmt::Write as _;

use super::extension::push_word;
use super::line;
use crate::backend::gap::Inexpressible;
use crate::firewall::{Base, ChainPolicy, Counter, Family, Rule, Ruleset, Table, TableFamily};

/// Whether rules are printed with what they counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counters {
    /// No, as `iptables-save` does; policies say it all the same.
    #[default]
    Hidden,
    /// Yes, as `iptables-save -c` does.
    Shown,
}

/// The tables of one family, each with its chains first, its rules, and COMMIT.
pub fn print(ruleset: &Ruleset, family: Family) -> Result<String, Inexpressible> {
    print_with(ruleset, family, Counters::Hidden)
}

/// The same, with counters if they are wanted.
pub fn print_with(
    ruleset: &Ruleset,
    family: Family,
    counters: Counters,
) -> Result<String, Inexpressible> {
    let mut text = String::new();
    for table in &ruleset.tables {
        if table_family(table) == Some(family) {
            print_table(&mut text, table, family, counters)?;
        }
    }
    Ok(text)
}

/// One rule of a chain, without what it counted.
pub fn print_rule(chain: &str, rule: &Rule, family: Family) -> Result<String, Inexpressible> {
    let mut text = String::from("-A ");
    push_word(&mut text, chain);
    line::print_rule(&mut text, rule, family)?;
    Ok(text)
}

fn table_family(table: &Table) -> Option<Family> {
    match table.family {
        TableFamily::Ip => Some(Family::Ipv4),
        TableFamily::Ip6 => Some(Family::Ipv6),
        TableFamily::Inet | TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => None,
    }
}

fn print_table(
    text: &mut String,
    table: &Table,
    family: Family,
    counters: Counters,
) -> Result<(), Inexpressible> {
    if let Some(set) = table.sets.first() {
        return Err(line::inexpressible(format!("the set '{}'", set.name)));
    }
    if let Some(object) = table.objects.first() {
        return Err(line::inexpressible(format!("the object '{}'", object.name)));
    }
    // Writing into a String cannot fail.
    let _ = writeln!(text, "*{}", table.name);
    for chain in &table.chains {
        text.push(':');
        push_word(text, &chain.name);
        let (policy, Counter { packets, bytes }) = match &chain.base {
            Some(base) => (policy_word(base), base.counter),
            None => ("-", Counter::default()),
        };
        let _ = writeln!(text, " {policy} [{packets}:{bytes}]");
    }
    for chain in &table.chains {
        for rule in &chain.rules {
            if let (Counters::Shown, Some(Counter { packets, bytes })) = (counters, rule.counter) {
                let _ = write!(text, "[{packets}:{bytes}] ");
            }
            text.push_str("-A ");
            push_word(text, &chain.name);
            line::print_rule(text, rule, family)?;
            text.push('\n');
        }
    }
    text.push_str("COMMIT\n");
    Ok(())
}

fn policy_word(base: &Base) -> &'static str {
    match base.policy {
        ChainPolicy::Accept => "ACCEPT",
        ChainPolicy::Drop => "DROP",
    }
}
