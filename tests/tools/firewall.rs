//! Rulesets, loaded into the kernel and listed again.

use crate::common::room::Room;
use crate::common::{self, difference};
use std::collections::BTreeMap;
use std::path::Path;

/// Loads `$1` beside somebody else's table, and with `$2` = twice a second time.
const NFT: &str = r#"
nft add table ip other
nft add chain ip other input '{ type filter hook input priority 10; policy accept; }'
nft add rule ip other input tcp dport 7 counter accept
nft -s list ruleset >/run/before
nft -c -f "$1"
nft -s list ruleset | diff /run/before - >&2
nft -f "$1"
nft -s list ruleset >/run/once
nft -s list table ip other | diff /run/before - >&2
if [[ $2 == twice ]]; then
  nft -f "$1"
  nft -s list ruleset | diff /run/once - >&2
fi
"#;

fn nft(file: &Path, times: &str) -> Result<(), String> {
    let room = Room::new(NFT).argument(file).argument(times);
    room.run()
        .stdout()
        .map(drop)
        .map_err(|why| format!("{}: {why}", file.display()))
}

#[test]
fn nft_loads_lanwright_twice_and_leaves_other_tables_alone() {
    if !common::require(&["unshare", "ip", "nft"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| {
        nft(&tree.join("firewall/lanwright.nft"), "twice")
    });
}

#[test]
fn nft_loads_libvirts_layout_and_leaves_other_tables_alone() {
    if !common::require(&["unshare", "ip", "nft"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| {
        nft(&tree.join("firewall/libvirt.nft"), "once")
    });
}

/// What an iptables-save text holds: for each table its chains, and its rules in order.
fn rules(text: &str) -> Vec<String> {
    let mut tables: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
    let mut table = "";
    for line in text.lines().map(str::trim_end) {
        if let Some(name) = line.strip_prefix('*') {
            table = name;
        } else if let Some(chain) = line.strip_prefix(':') {
            // `:INPUT ACCEPT [12:3456]`: the counters are the host's.
            let chain = chain.split(" [").next().unwrap_or(chain);
            tables.entry(table).or_default().0.push(format!(":{chain}"));
        } else if !line.is_empty() && !line.starts_with('#') && line != "COMMIT" {
            let rule = match line.strip_prefix('[') {
                Some(counted) => counted.split_once("] ").map_or(line, |(_, rule)| rule),
                None => line,
            };
            tables.entry(table).or_default().1.push(rule.to_owned());
        }
    }
    let mut lines = Vec::new();
    for (table, (mut chains, rules)) in tables {
        chains.sort();
        // The rules of one chain keep their order; that of the chains means nothing.
        let mut rules = rules;
        rules.sort_by_key(|rule| rule.split(' ').nth(1).map(str::to_owned));
        lines.extend(
            chains
                .into_iter()
                .chain(rules)
                .map(|line| format!("{table}: {line}")),
        );
    }
    lines
}

fn iptables(tree: &Path, variant: &str) -> Result<(), String> {
    for family in ["iptables", "ip6tables"] {
        let file = tree.join(format!("firewall/{family}.rules"));
        if !file.exists() {
            continue;
        }
        let script = r#"
            "$1-restore" "$2"
            "$1-save"
        "#;
        let tool = format!("{family}-{variant}");
        let room = Room::new(script).argument(&tool).argument(&file);
        let saved = room
            .run()
            .stdout()
            .map_err(|why| format!("{tool}-restore: {why}"))?;
        let difference = difference(&rules(&common::text(&file)), &rules(&saved));
        if !difference.is_empty() {
            return Err(format!(
                "{tool}: - the file, + what was loaded\n{difference}"
            ));
        }
    }
    Ok(())
}

#[test]
fn iptables_nft_loads_and_saves_the_same() {
    let tools = [
        "iptables-nft-restore",
        "iptables-nft-save",
        "ip6tables-nft-restore",
    ];
    if !common::require(&[&["unshare", "ip"], tools.as_slice()].concat()) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| iptables(tree, "nft"));
}

#[test]
fn iptables_legacy_loads_and_saves_the_same() {
    let tools = [
        "iptables-legacy-restore",
        "iptables-legacy-save",
        "ip6tables-legacy-restore",
    ];
    if !common::require(&[&["unshare", "ip"], tools.as_slice()].concat()) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| iptables(tree, "legacy"));
}

#[test]
fn saved_texts_are_compared_by_table_and_chain() {
    let one = "# x\n*nat\n:A - [0:0]\n:B - [1:2]\n[3:4] -A B -j A\n-A A -j ACCEPT\nCOMMIT\n";
    let other = "*nat\n:B - [0:0]\n:A - [0:0]\n-A A -j ACCEPT\n-A B -j A\nCOMMIT\n# y\n";
    assert_eq!(rules(one), rules(other));
    assert_eq!(
        rules(one),
        [
            "nat: :A -",
            "nat: :B -",
            "nat: -A A -j ACCEPT",
            "nat: -A B -j A"
        ]
    );
    assert_ne!(
        rules(one),
        rules(&other.replace("-A B -j A", "-A B -j ACCEPT"))
    );
}
