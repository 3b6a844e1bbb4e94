//! The rules of others, as far as they may stop what goes to the host or through it.
//!
//! Most hosts have none, and a thousand networks of ours have many: chains are listed first,
//! without their rules, and then only the tables of others that rule there.

use std::collections::BTreeSet;

use super::{detect, run};
use crate::capture::{self, Capture, Text};
use crate::firewall::{Hook, TableFamily};

/// Tables that are ours, in one layout or another.
const OURS: &[&str] = &["lanwright", "libvirt_network"];

/// Tables that iptables makes.
const IPTABLES: &[&str] = &["filter", "nat", "mangle", "raw", "security"];

/// The rules, read; without any that can be looked at there are none.
pub fn rules() -> Capture {
    let mut texts = Vec::new();
    let mut programs: BTreeSet<&str> = BTreeSet::new();
    if detect::legacy_is_loaded() {
        programs.extend(["iptables-legacy-save", "ip6tables-legacy-save"]);
    }
    let mut tables = Vec::new();
    for (family, name) in ruling() {
        match family {
            "ip" if IPTABLES.contains(&name.as_str()) => {
                programs.insert("iptables-nft-save");
            }
            "ip6" if IPTABLES.contains(&name.as_str()) => {
                programs.insert("ip6tables-nft-save");
            }
            _ => tables.extend(ask("nft", &["-a", "list", "table", family, &name])),
        }
    }
    if !tables.is_empty() {
        texts.push(text("nft.txt", tables));
    }
    for program in programs {
        let printed = ask(program, &["-c"]);
        texts.push(text(&format!("{program}.txt"), printed));
    }
    capture::read(texts)
}

fn text(name: &str, bytes: Vec<u8>) -> Text {
    Text {
        name: name.to_owned(),
        bytes,
    }
}

fn ask(program: &str, arguments: &[&str]) -> Vec<u8> {
    run::output(program, arguments).unwrap_or_default()
}

/// The tables of others that have a chain where packets come to the host or cross it.
fn ruling() -> Vec<(&'static str, String)> {
    let listed = capture::read(vec![text("nft.txt", ask("nft", &["list", "chains"]))]);
    let tables = listed.rulesets.iter().flat_map(|each| &each.ruleset.tables);
    let mut found: Vec<(&'static str, String)> = tables
        .filter(|table| !OURS.contains(&table.name.as_str()))
        .filter(|table| {
            let mut bases = table.chains.iter().filter_map(|chain| chain.base.as_ref());
            bases.any(|base| [Hook::Input, Hook::Forward].contains(&base.hook))
        })
        .filter_map(|table| {
            let family = match table.family {
                TableFamily::Ip => "ip",
                TableFamily::Ip6 => "ip6",
                TableFamily::Inet => "inet",
                TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => return None,
            };
            Some((family, table.name.to_string()))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
