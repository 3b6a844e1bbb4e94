//! Printing tables as `iptables-save` does.

use std::fmt::Write as _;

use super::line;
use crate::backend::gap::Inexpressible;
use crate::firewall::{Base, ChainPolicy, Family, Rule, Ruleset, Table, TableFamily};

/// The tables of one family, each with its chains first, its rules, and COMMIT.
pub fn print(ruleset: &Ruleset, family: Family) -> Result<String, Inexpressible> {
    let mut text = String::new();
    for table in &ruleset.tables {
        if table_family(table) == Some(family) {
            print_table(&mut text, table, family)?;
        }
    }
    Ok(text)
}

/// One rule of a chain, without what it counted.
pub fn print_rule(chain: &str, rule: &Rule, family: Family) -> Result<String, Inexpressible> {
    let mut text = format!("-A {chain}");
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

fn print_table(text: &mut String, table: &Table, family: Family) -> Result<(), Inexpressible> {
    if let Some(map) = table.sets.first() {
        return Err(line::inexpressible(format!("the map '{}'", map.name)));
    }
    // Writing into a String cannot fail.
    let _ = writeln!(text, "*{}", table.name);
    for chain in &table.chains {
        let policy = chain.base.as_ref().map_or("-", policy_word);
        let _ = writeln!(text, ":{} {policy} [0:0]", chain.name);
    }
    for chain in &table.chains {
        for rule in &chain.rules {
            let _ = write!(text, "-A {}", chain.name);
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
