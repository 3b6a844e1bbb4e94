//! Rules and elements in the words of the tool that people know them by.

use crate::backend::{iptables, nftables};
use crate::firewall::{Chain, Counter, Element, Family, Field, Rule, Set, Table, TableFamily};

use super::layer;

/// A rule as the tool of its table prints it, without what it counted.
pub fn rule(table: &Table, chain: &Chain, rule: &Rule) -> String {
    let family = layer::family(table).filter(|_| layer::is_iptables(table));
    spelt(family, table.family, &chain.name, rule)
}

/// A rule that is not on the host, as the tool of such a table would print it.
pub fn expected(iptables: bool, table: TableFamily, chain: &str, rule: &Rule) -> String {
    let family = match table {
        TableFamily::Ip6 => Family::Ipv6,
        TableFamily::Ip
        | TableFamily::Inet
        | TableFamily::Arp
        | TableFamily::Bridge
        | TableFamily::Netdev => Family::Ipv4,
    };
    spelt(iptables.then_some(family), table, chain, rule)
}

/// In the words of iptables if a family of it is given, else of nft.
fn spelt(iptables: Option<Family>, table: TableFamily, chain: &str, rule: &Rule) -> String {
    let counting = Rule {
        counter: rule.counter.map(|_| Counter::default()),
        ..rule.clone()
    };
    let by_nft = || {
        let mut text = String::new();
        let printed = nftables::print_rule(&mut text, &counting, table);
        printed.map(|()| text)
    };
    let printed = match iptables {
        Some(family) => {
            let counting = Rule {
                counter: Some(Counter::default()),
                ..rule.clone()
            };
            iptables::print_rule(chain, &counting, family).or_else(|_| by_nft())
        }
        None => by_nft(),
    };
    // A rule that no tool can spell was never read from one; only its shape can be told.
    printed.unwrap_or_else(|_| format!("{:?}", rule.target))
}

/// An element of one of our maps, without its comment.
pub fn element(element: &Element) -> String {
    let mut text = String::new();
    let of_devices = element.key.device().is_some();
    let field = if of_devices {
        Field::Oifname
    } else {
        Field::Saddr(Family::Ipv4)
    };
    let bare = Element {
        extra: None,
        ..element.clone()
    };
    nftables::print_element(&mut text, &bare, &Set::verdicts("", field, Vec::new()));
    text
}

/// A table's name with its family, as in `ip filter`.
pub fn table(family: TableFamily, name: &str) -> String {
    format!("{} {name}", family_word(family))
}

/// nft's word for a family of tables.
pub fn family_word(family: TableFamily) -> &'static str {
    match family {
        TableFamily::Ip => "ip",
        TableFamily::Ip6 => "ip6",
        TableFamily::Inet => "inet",
        TableFamily::Arp => "arp",
        TableFamily::Bridge => "bridge",
        TableFamily::Netdev => "netdev",
    }
}
