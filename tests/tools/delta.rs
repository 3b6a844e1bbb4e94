//! Does a live firewall hold what is wanted after the planned change, and all else as before?
//!
//! Each change is loaded by the real tool into a host where somebody else has rules in the same
//! chains and tables. Then nothing more may be planned, and the others' rules must be the same, in
//! the same order, with what they counted.

mod live;
mod networks;

use crate::common;
use lanwright::backend::gap::Reading;
use lanwright::backend::{iptables, nftables};
use lanwright::firewall::{Counter, Family, NormalRule, Policy, Rule, Ruleset};
use lanwright::lower::{FirewallLayout, encode};
use lanwright::plan::firewall::{self as plan, Delta, RuleLoader};
use live::Live;
use networks::{numbered, plain, policy, states};
use std::collections::HashSet;

/// What loads rules into a live host, and in which layout.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tool {
    /// `legacy` or `nft`.
    Iptables(&'static str),
    Nft(FirewallLayout),
}

const NATIVE: Tool = Tool::Nft(FirewallLayout::Lanwright);
const LIBVIRT: Tool = Tool::Nft(FirewallLayout::LibvirtNftables);
const LEGACY: Tool = Tool::Iptables("legacy");
const XTABLES: Tool = Tool::Iptables("nft");

/// What somebody else counted.
const COUNTED: Counter = Counter {
    packets: 7,
    bytes: 420,
};

impl Tool {
    /// Whether it is there.
    fn is_there(self) -> bool {
        common::require(match self {
            Tool::Iptables("legacy") => &[
                "unshare",
                "ip",
                "iptables-legacy-restore",
                "ip6tables-legacy-restore",
            ],
            Tool::Iptables(_) => &[
                "unshare",
                "ip",
                "iptables-nft-restore",
                "ip6tables-nft-restore",
            ],
            Tool::Nft(_) => &["unshare", "ip", "nft"],
        })
    }

    fn encode(self, policy: &Policy) -> Ruleset {
        encode(
            policy,
            match self {
                Tool::Iptables(_) => FirewallLayout::Iptables,
                Tool::Nft(layout) => layout,
            },
        )
    }

    /// What the host holds.
    fn observe(self, live: &mut Live) -> Result<Ruleset, String> {
        let whole = |read: Reading<Ruleset>| match read.unread.first() {
            None => Ok(read.value),
            Some(first) => Err(first.to_string()),
        };
        match self {
            Tool::Iptables(variant) => {
                let mut tables = Vec::new();
                for (tool, family) in [("iptables", Family::Ipv4), ("ip6tables", Family::Ipv6)] {
                    let text = live.run(&format!("{tool}-{variant}-save -c"))?;
                    tables.extend(whole(iptables::parse(&text, family))?.tables);
                }
                Ok(Ruleset { tables })
            }
            Tool::Nft(_) => {
                let text = live.run("nft -a list ruleset")?;
                let json = live.run("nft -j list ruleset")?;
                let (text, json) = (
                    whole(nftables::parse(&text))?,
                    whole(nftables::parse_json(&json))?,
                );
                let rules = |ruleset: &Ruleset| -> usize {
                    let chains = ruleset.tables.iter().flat_map(|table| &table.chains);
                    chains.map(|chain| chain.rules.len()).sum()
                };
                assert_eq!(rules(&text), rules(&json), "both listings are whole");
                Ok(text)
            }
        }
    }

    fn plan(self, wanted: &Ruleset, retired: &Ruleset, observed: &Ruleset) -> Vec<Delta> {
        match self {
            Tool::Iptables(_) => [Family::Ipv4, Family::Ipv6]
                .into_iter()
                .filter_map(|family| plan::iptables(wanted, retired, observed, family))
                .collect(),
            Tool::Nft(_) => plan::nftables(wanted, retired, observed)
                .into_iter()
                .collect(),
        }
    }

    fn load(self, live: &mut Live, delta: &Delta) -> Result<(), String> {
        let command = match (self, delta.tool) {
            (Tool::Iptables(variant), RuleLoader::Iptables) => {
                format!("iptables-{variant}-restore --noflush")
            }
            (Tool::Iptables(variant), RuleLoader::Ip6tables) => {
                format!("ip6tables-{variant}-restore --noflush")
            }
            (Tool::Nft(_), RuleLoader::Nft) => "nft -f -".to_owned(),
            (tool, loader) => return Err(format!("{loader:?} is no text for {tool:?}")),
        };
        live.load(&command, &delta.text)
    }

    /// Loads whole rules, with counters, into a host that has none of them.
    fn load_whole(self, live: &mut Live, ruleset: &Ruleset) -> Result<(), String> {
        match self {
            Tool::Iptables(variant) => {
                for (tool, family) in [("iptables", Family::Ipv4), ("ip6tables", Family::Ipv6)] {
                    let text = iptables::print_with(ruleset, family, iptables::Counters::Shown);
                    let command = format!("{tool}-{variant}-restore -c");
                    live.load(&command, &text.unwrap())?;
                }
                Ok(())
            }
            Tool::Nft(FirewallLayout::Lanwright) => {
                let text = nftables::transaction(ruleset).unwrap();
                live.load(
                    "nft -f -",
                    &text.replace(" counter ", " counter packets 7 bytes 420 "),
                )
            }
            Tool::Nft(_) => {
                let text = nftables::list(ruleset, nftables::Listing::State).unwrap();
                live.load("nft -f -", &text)
            }
        }
    }

    /// What somebody might do to our rules; the same each time for one number.
    fn tamper(self, live: &mut Live, number: usize) -> Result<(), String> {
        let deeds: &[&str] = match self {
            Tool::Iptables(_) => &[
                "$T -I INPUT 1 -j LIBVIRT_INP; $T -A FORWARD -j LIBVIRT_FWI",
                "$T -D FORWARD -j LIBVIRT_FWI",
                "$T -A LIBVIRT_FWI -o virbr1 -j REJECT",
                "$T -I LIBVIRT_FWO 1 -i virbr2 -j REJECT",
                "$T -D LIBVIRT_FWX -i virbr3 -o virbr3 -j ACCEPT",
                "$T -t nat -A LIBVIRT_PRT -s 10.4.0.0/24 -d 224.0.0.0/24 -j RETURN",
                "$T -A LIBVIRT_INP -i virbr5 -p udp --dport 67 -m comment --comment x -j ACCEPT",
            ],
            Tool::Nft(FirewallLayout::Lanwright) => &[
                "nft flush chain $T to-virbr1",
                "nft add rule $T from-virbr2 accept",
                "nft delete element $T to '{ virbr3 }'",
                "nft add element $T from '{ virbr4 : drop }'",
                "nft insert rule $T forward iifname vmap @from",
                "nft add rule $T postrouting ip daddr 255.255.255.255 return",
                "nft add rule $T other jump to-virbr1; nft add rule $T other jump nat-virbr2",
            ],
            Tool::Nft(_) => &[
                "nft insert rule $T forward counter jump guest_output",
                "nft add rule $T guest_input oifname virbr1 counter reject",
                "nft insert rule $T guest_output iifname virbr2 counter reject",
                "nft add rule $T guest_cross iifname virbr3 oifname virbr3 counter accept",
            ],
        };
        let prelude = match self {
            Tool::Iptables(variant) => format!("T=iptables-{variant}"),
            Tool::Nft(FirewallLayout::Lanwright) => "T='inet lanwright'".to_owned(),
            Tool::Nft(_) => "T='ip libvirt_network'".to_owned(),
        };
        // What is not there cannot be spoilt.
        let deed = deeds[number % deeds.len()];
        live.run(&format!("{prelude}\nset +e\n{deed}\ntrue"))
            .map(drop)
    }

    /// Rules of others, at the head, within and at the end of the chains that are shared.
    fn add_others(self, live: &mut Live) -> Result<(), String> {
        match self {
            Tool::Iptables(variant) => {
                let rules = r"
                    $T -I FORWARD 1 -i other0 -m comment --comment first -c 7 420 -j ACCEPT
                    $T -A FORWARD -o other0 -c 7 420 -j DROP
                    $T -N OTHERS
                    $T -A OTHERS -p tcp -m tcp --dport 80 -c 7 420 -j RETURN
                    $T -A INPUT -c 7 420 -j OTHERS
                    $T -t nat -A POSTROUTING -s 203.0.113.0/24 -c 7 420 -j MASQUERADE
                    $T -I LIBVIRT_FWI 2 -i other1 -c 7 420 -j DROP
                    $T -A LIBVIRT_FWO -o other1 -c 7 420 -j DROP
                    $T -t nat -I LIBVIRT_PRT 1 -s 203.0.113.0/24 -c 7 420 -j RETURN";
                live.run(&format!("T=iptables-{variant}{rules}")).map(drop)
            }
            Tool::Nft(FirewallLayout::Lanwright) => live
                .run(
                    r"
                    T='inet lanwright'
                    C='counter packets 7 bytes 420'
                    nft add rule $T forward iifname other1 $C drop
                    nft insert rule $T forward iifname other0 $C
                    nft add chain $T other
                    nft add rule $T other $C accept
                    nft add element $T to '{ other0 : jump other }'
                    nft add table ip other
                    nft add chain ip other input '{ type filter hook input priority 10; }'
                    nft add rule ip other input tcp dport 7 $C accept",
                )
                .map(drop),
            Tool::Nft(_) => live
                .run(
                    r"
                    T='ip libvirt_network'
                    C='counter packets 7 bytes 420'
                    nft insert rule $T forward iifname other0 $C accept
                    nft add rule $T guest_input iifname other1 $C drop
                    nft insert rule $T guest_output index 1 iifname other1 $C drop
                    nft insert rule $T guest_nat ip saddr 203.0.113.0/24 $C return",
                )
                .map(drop),
        }
    }
}

fn counted(mut ruleset: Ruleset) -> Ruleset {
    let chains = ruleset
        .tables
        .iter_mut()
        .flat_map(|table| &mut table.chains);
    for rule in chains.flat_map(|chain| &mut chain.rules) {
        rule.counter = rule.counter.map(|_| COUNTED);
    }
    ruleset
}

/// All rules that none of `ours` has in its chain, with what they counted; but for chains that are
/// one network's own, which are filled anew whole.
fn others(observed: &Ruleset, ours: &[&Ruleset]) -> Vec<String> {
    let spell = |table: &lanwright::firewall::Table, chain: &str, rule: &Rule| {
        let normal = NormalRule::of(rule, table.family);
        (table.family, table.name.clone(), chain.to_owned(), normal)
    };
    let mut known = HashSet::new();
    let mut own = HashSet::new();
    for table in ours.iter().flat_map(|ruleset| &ruleset.tables) {
        for chain in &table.chains {
            if table.name == "lanwright" && chain.base.is_none() {
                own.insert(chain.name.as_str());
            }
            known.extend(
                chain
                    .rules
                    .iter()
                    .map(|rule| spell(table, &chain.name, rule)),
            );
        }
    }
    let mut lines = Vec::new();
    for table in &observed.tables {
        for chain in &table.chains {
            for rule in &chain.rules {
                let spelt = spell(table, &chain.name, rule);
                if !known.contains(&spelt) && !own.contains(chain.name.as_str()) {
                    lines.push(format!("{spelt:?} {:?}", rule.counter));
                }
            }
        }
    }
    lines.sort_by_key(|line| line.split("NormalRule").next().map(str::to_owned));
    lines
}

/// Plans, loads, and sees that nothing more is planned and that others are as they were.
fn converge(
    tool: Tool,
    live: &mut Live,
    wanted: &Policy,
    retired: &Policy,
) -> Result<Vec<Delta>, String> {
    let (wanted, retired) = (tool.encode(wanted), tool.encode(retired));
    let before = tool.observe(live)?;
    let deltas = tool.plan(&wanted, &retired, &before);
    for delta in &deltas {
        tool.load(live, delta)?;
    }
    let after = tool.observe(live)?;
    let text = |deltas: &[Delta]| -> String { deltas.iter().map(|d| d.text.clone()).collect() };
    let again = tool.plan(&wanted, &retired, &after);
    if !again.is_empty() {
        return Err(format!(
            "{tool:?}: planned again\n{}\nafter\n{}",
            text(&again),
            text(&deltas)
        ));
    }
    let ours = [&wanted, &retired];
    let (before, after) = (others(&before, &ours), others(&after, &ours));
    match before == after {
        true => Ok(deltas),
        false => Err(format!(
            "{tool:?}: others' rules changed\n{}\nafter\n{}",
            common::difference(&before, &after),
            text(&deltas)
        )),
    }
}

fn check(tool: Tool, what: impl FnOnce(&mut Live) -> Result<(), String>) {
    if tool.is_there() {
        what(&mut Live::new()).unwrap_or_else(|why| panic!("{tool:?}: {why}"));
    }
}

/// What both chains and rules say, without order among chains.
fn content(ruleset: &Ruleset) -> Vec<String> {
    let mut lines = others(ruleset, &[]);
    for table in &ruleset.tables {
        for chain in table.chains.iter().filter(|chain| chain.base.is_none()) {
            lines.push(format!("{:?} {} {}", table.family, table.name, chain.name));
        }
        for set in &table.sets {
            let mut elements: Vec<String> = set
                .elements
                .iter()
                .map(|each| format!("{each:?}"))
                .collect();
            elements.sort();
            lines.push(format!("{} {:?} {elements:?}", set.name, set.flags));
        }
    }
    lines.sort();
    lines
}

/// From nothing the change makes what the whole text makes; to nothing it leaves nothing.
fn up_and_down(tool: Tool) {
    check(tool, |live| {
        let wanted = policy((1..8).map(|at| numbered(at, at)));
        converge(tool, live, &wanted, &Policy::default())?;
        let made = tool.observe(live)?;
        let mut whole = Live::new();
        tool.load_whole(&mut whole, &tool.encode(&wanted))?;
        let mut loaded = tool.observe(&mut whole)?;
        let chains = loaded.tables.iter_mut().flat_map(|table| &mut table.chains);
        for rule in chains.flat_map(|chain| &mut chain.rules) {
            rule.counter = rule.counter.map(|_| Counter::default());
        }
        let difference = common::difference(&content(&loaded), &content(&made));
        if !difference.is_empty() {
            return Err(format!("- whole, + changed\n{difference}"));
        }
        converge(tool, live, &Policy::default(), &wanted)?;
        let left = content(&tool.observe(live)?);
        match left.as_slice() {
            [] => Ok(()),
            left => Err(format!("left:\n{}", left.join("\n"))),
        }
    });
}

/// Any states one after another, beside a network that is not touched and others' rules.
fn wander(tool: Tool) {
    check(tool, |live| {
        let untouched = policy([plain("quiet", "quiet0", "192.0.2.0/24")]);
        tool.load_whole(live, &counted(tool.encode(&untouched)))?;
        tool.add_others(live)?;
        let mut before = Policy::default();
        for (number, state) in states(28).into_iter().enumerate() {
            converge(tool, live, &state, &before)?;
            tool.tamper(live, number)?;
            converge(tool, live, &state, &Policy::default())?;
            before = state;
        }
        converge(tool, live, &Policy::default(), &before)?;
        let quiet = tool.plan(
            &tool.encode(&untouched),
            &Ruleset::default(),
            &tool.observe(live)?,
        );
        match quiet.first() {
            None => Ok(()),
            Some(delta) => Err(format!("the network that was not touched:\n{}", delta.text)),
        }
    });
}

/// Among a thousand networks one comes: a few lines, whose number does not depend on the thousand.
fn one_of_many(tool: Tool) {
    check(tool, |live| {
        let many = (0..1000_u32).map(|at| {
            let net = format!("10.{}.{}.0/24", at / 250, at % 250);
            plain(&format!("net {at}"), &format!("many{at}"), &net)
        });
        let many = tool.encode(&policy(many));
        tool.load_whole(live, &counted(many))?;
        let one = policy([plain("new", "virbr7", "192.0.2.0/24")]);
        let deltas = converge(tool, live, &one, &Policy::default())?;
        let lines: usize = deltas.iter().map(|delta| delta.text.lines().count()).sum();
        match lines {
            1..=40 => {}
            _ => return Err(format!("{lines} lines for one network")),
        }
        let deltas = converge(tool, live, &Policy::default(), &one)?;
        let lines: usize = deltas.iter().map(|delta| delta.text.lines().count()).sum();
        match lines {
            1..=40 => Ok(()),
            _ => Err(format!("{lines} lines to remove one network")),
        }
    });
}

/// A map of another type is made anew: with the table where all of it is ours, else alone.
fn remade(others: &str) -> Result<Vec<String>, String> {
    let mut live = Live::new();
    let state = policy([numbered(1, 1), numbered(2, 3)]);
    converge(NATIVE, &mut live, &state, &Policy::default())?;
    let before = content(&NATIVE.observe(&mut live)?);
    let spoil = r"
        T='inet lanwright'
        nft flush chain $T postrouting
        nft delete map $T snat4
        nft add map $T snat4 '{ typeof ip saddr : verdict; }'
        nft add rule $T postrouting ip saddr vmap @snat4
    ";
    live.run(&format!("{spoil}{others}"))?;
    let deltas = converge(NATIVE, &mut live, &state, &Policy::default())?;
    let after = content(&NATIVE.observe(&mut live)?);
    let missing: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    if others.is_empty() && !missing.is_empty() {
        return Err(format!("missing: {missing:#?}"));
    }
    let changes = deltas.into_iter().flat_map(|delta| delta.changes);
    Ok(changes
        .map(|change| format!("{}: {}", change.object, change.action))
        .collect())
}

#[test]
fn a_map_of_another_type_is_made_anew() {
    if !NATIVE.is_there() {
        return;
    }
    let changes = remade("").unwrap();
    assert_eq!(changes[0], "table inet lanwright: make it anew");
    let changes = remade(
        r"
        nft add chain $T other
        nft add element $T snat4 '{ 203.0.113.1 : jump other }'
        nft insert rule $T postrouting iifname other0 counter packets 7 bytes 420
    ",
    );
    let changes = changes.unwrap();
    assert_eq!(changes[0], "map inet lanwright snat4: remove it");
}

#[test]
fn iptables_legacy_goes_up_and_down() {
    up_and_down(LEGACY);
}

#[test]
fn iptables_nft_goes_up_and_down() {
    up_and_down(XTABLES);
}

#[test]
fn nft_goes_up_and_down() {
    up_and_down(NATIVE);
}

#[test]
fn nft_goes_up_and_down_in_libvirts_layout() {
    up_and_down(LIBVIRT);
}

#[test]
fn iptables_legacy_holds_any_state_after_any_other() {
    wander(LEGACY);
}

#[test]
fn iptables_nft_holds_any_state_after_any_other() {
    wander(XTABLES);
}

#[test]
fn nft_holds_any_state_after_any_other() {
    wander(NATIVE);
}

#[test]
fn nft_holds_any_state_after_any_other_in_libvirts_layout() {
    wander(LIBVIRT);
}

#[test]
fn iptables_legacy_adds_one_network_to_many() {
    one_of_many(LEGACY);
}

#[test]
fn iptables_nft_adds_one_network_to_many() {
    one_of_many(XTABLES);
}

#[test]
fn nft_adds_one_network_to_many() {
    one_of_many(NATIVE);
}

#[test]
fn nft_adds_one_network_to_many_in_libvirts_layout() {
    one_of_many(LIBVIRT);
}
