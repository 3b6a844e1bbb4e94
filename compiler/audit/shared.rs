//! What all networks of a layout share: tables, chains, and the jumps that lead packets to them.
//!
//! In chains that everyone shares only the jumps to chains of networks are looked at: that they
//! are there once each, in their order. What others put between them is not drift.

use compact_str::CompactString;

use super::align::align;
use super::expect::{self, MapElement, Role, Spot};
use super::generation::Generation;
use super::layer;
use super::observe::Seen;
use super::report::{Drift, DriftKind, Object, Place};
use super::rules::Scene;
use super::spell;
use crate::firewall::{
    Base, BaseKind, Chain, ChainPolicy, Element, Family, NormalRule, Policy, Rule, Table,
    TableFamily, Target,
};
use crate::lower::layout::native;

/// The differences in what the networks of `policy` share in this layout.
pub fn frame(scene: Scene<'_>, policy: &Policy, layout: Generation) -> Vec<Drift> {
    if layout == Generation::BuiltInChains {
        return Vec::new();
    }
    let mut drift = Vec::new();
    for table in expect::frame(policy, layout).tables {
        if !scene.looked_at(layout, table.family) || !is_needed(scene, policy, layout, &table) {
            continue;
        }
        let is_there = |spot: &&Spot<'_>| spot.family == table.family && spot.table == table.name;
        if !scene.observed.chains.keys().any(|spot| is_there(&spot)) {
            drift.push(no_table(&table));
            continue;
        }
        for chain in &table.chains {
            of_chain(scene, layout, &table, chain, &mut drift);
        }
    }
    drift
}

/// A family that no network has is left alone, unless there are chains of networks in it anyway.
fn is_needed(scene: Scene<'_>, policy: &Policy, layout: Generation, table: &Table) -> bool {
    let family = match table.family {
        TableFamily::Ip6 => Family::Ipv6,
        TableFamily::Ip
        | TableFamily::Inet
        | TableFamily::Arp
        | TableFamily::Bridge
        | TableFamily::Netdev => return true,
    };
    let is_own = |spot: &Spot<'_>| {
        spot.family == table.family
            && spot.table == table.name
            && expect::role(layout, *spot).is_some()
    };
    expect::has_family(policy, family) || scene.observed.chains.keys().any(is_own)
}

fn no_table(table: &Table) -> Drift {
    let name = spell::table(table.family, &table.name);
    Drift {
        kind: DriftKind::Missing,
        object: Object::Chain,
        expected: Some(format!("table {name}")),
        found: None,
        place: Place {
            table: Some(name),
            ..Place::default()
        },
        breaks: Some("none of its rules has any effect".to_owned()),
    }
}

fn of_chain(
    scene: Scene<'_>,
    layout: Generation,
    table: &Table,
    chain: &Chain,
    drift: &mut Vec<Drift>,
) {
    let spot = Spot {
        family: table.family,
        table: &table.name,
        chain: &chain.name,
    };
    let role = expect::role(layout, spot);
    if layout == Generation::Lanwright && (role.is_some() || expect::is_group(&chain.name)) {
        return;
    }
    let Some(seen) = scene.observed.chains.get(&spot) else {
        // A built-in chain that was never used may be left out of a listing.
        if layout != Generation::Chains || role.is_some() {
            drift.push(no_chain(scene, spot, role));
        } else {
            drift.extend(jumps(scene, layout, spot, chain, &[]));
        }
        return;
    };
    if layout != Generation::Chains {
        drift.extend(base(scene, spot, chain, seen.chain));
    }
    if role.is_none() {
        let found = found_jumps(layout, seen.layer, spot, table, seen.chain);
        drift.extend(jumps(scene, layout, spot, chain, &found));
    }
}

/// A chain that is missing.
pub fn no_chain(scene: Scene<'_>, spot: Spot<'_>, role: Option<Role>) -> Drift {
    Drift {
        kind: DriftKind::Missing,
        object: Object::Chain,
        expected: Some(format!("chain {}", spot.chain)),
        found: None,
        place: scene.chain(spot, None),
        breaks: Some(without(role).to_owned()),
    }
}

/// What guests lose without what a chain is for.
fn without(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Input) => "the host does not let in what guests ask of it",
        Some(Role::Output) => "the host does not let out what it answers guests",
        Some(Role::Into) => "nothing decides what may come in to guests",
        Some(Role::Out) => "nothing decides what guests may send out",
        Some(Role::Cross) => "guests whose packets to each other pass the firewall are refused",
        Some(Role::Nat) => "guests cannot reach the outside: their addresses are not rewritten",
        Some(Role::Mend) => "some guests discard the host's DHCP answers for a wrong checksum",
        Some(Role::Forward) | None => "packets of guests are not led to the rules for them",
    }
}

/// The rules of a chain that lead to chains of networks. In a table that is the layout's own, all.
fn found_jumps<'a>(
    layout: Generation,
    layer: usize,
    spot: Spot<'a>,
    table: &Table,
    chain: &'a Chain,
) -> Vec<Seen<'a>> {
    let leads = |rule: &Rule| match layout {
        Generation::Chains | Generation::BuiltInChains => jumps_to(rule)
            .is_some_and(|chain| chain.starts_with("LIBVIRT_") && layer::is_iptables(table)),
        Generation::Nftables | Generation::Lanwright => true,
    };
    let rules = chain.rules.iter().enumerate();
    rules
        .filter(|(_, rule)| leads(rule))
        .map(|(at, rule)| Seen {
            layer,
            spot,
            at,
            rule,
            normal: NormalRule::of(rule, spot.family),
        })
        .collect()
}

fn jumps_to(rule: &Rule) -> Option<&CompactString> {
    if let Target::Jump(chain) | Target::Goto(chain) = &rule.target {
        Some(chain)
    } else {
        None
    }
}

fn jumps(
    scene: Scene<'_>,
    layout: Generation,
    spot: Spot<'_>,
    expected: &Chain,
    found: &[Seen<'_>],
) -> Vec<Drift> {
    let wanted: Vec<NormalRule> = expected
        .rules
        .iter()
        .map(|rule| NormalRule::of(rule, spot.family))
        .collect();
    let there: Vec<&NormalRule> = found.iter().map(|seen| &seen.normal).collect();
    let mut fit = align(&wanted.iter().collect::<Vec<_>>(), &there);
    let iptables = layout == Generation::Chains;
    let spelt = |at: usize| {
        let rule = &expected.rules[at];
        spell::expected(iptables, spot.family, spot.chain, rule)
    };
    let breaks = |at: usize| {
        let role = jumps_to(&expected.rules[at]).and_then(|chain| {
            let spot = Spot { chain, ..spot };
            expect::role(layout, spot)
        });
        Some(without(role).to_owned())
    };
    let mut drift = Vec::new();
    for at in &fit.missing {
        let like = |found: &usize| {
            let target = &there[*found].target;
            *target == wanted[*at].target || there[*found].likeness(&wanted[*at]) > 0
        };
        let changed = fit.unexpected.iter().position(like);
        let found = changed.map(|place| &found[fit.unexpected.remove(place)]);
        drift.push(Drift {
            kind: found.map_or(DriftKind::Missing, |_| DriftKind::Changed),
            object: Object::Jump,
            expected: Some(spelt(*at)),
            found: found.map(|seen| scene.text(seen)),
            place: found.map_or_else(|| scene.chain(spot, None), |seen| scene.place(seen)),
            breaks: breaks(*at),
        });
    }
    for (at, place) in &fit.moved {
        drift.push(Drift {
            kind: DriftKind::Moved,
            object: Object::Jump,
            expected: Some(spelt(*at)),
            found: Some(scene.text(&found[*place])),
            place: scene.place(&found[*place]),
            breaks: Some("packets meet the rules of networks in the wrong order".to_owned()),
        });
    }
    for place in &fit.unexpected {
        let is_double = wanted.contains(there[*place]);
        drift.push(Drift {
            kind: DriftKind::Unexpected,
            object: Object::Jump,
            expected: None,
            found: Some(scene.text(&found[*place])),
            place: scene.place(&found[*place]),
            breaks: is_double.then(|| "nothing: the jump is there twice".to_owned()),
        });
    }
    drift
}

/// Where packets enter a chain, and what becomes of them at its end.
fn base(scene: Scene<'_>, spot: Spot<'_>, expected: &Chain, found: &Chain) -> Option<Drift> {
    let (wanted, there) = (base_line(expected), base_line(found));
    (wanted != there).then(|| Drift {
        kind: DriftKind::Changed,
        object: Object::Chain,
        expected: Some(wanted),
        found: Some(there),
        place: scene.chain(spot, None),
        breaks: Some("packets of guests come to the chain at another time, or not at all".into()),
    })
}

/// Where packets enter a chain, in nft's words.
pub fn base_line(chain: &Chain) -> String {
    let Some(base) = &chain.base else {
        return format!("chain {} that only other chains lead to", chain.name);
    };
    let Base {
        kind,
        hook,
        priority,
        policy,
        ..
    } = base;
    let kind = match kind {
        BaseKind::Filter => "filter",
        BaseKind::Nat => "nat",
        BaseKind::Mangle => "mangle",
        BaseKind::Route => "route",
    };
    let policy = match policy {
        ChainPolicy::Accept => "accept",
        ChainPolicy::Drop => "drop",
    };
    let hook = format!("{hook:?}").to_lowercase();
    format!("type {kind} hook {hook} priority {priority}; policy {policy};")
}

/// The differences in our own verdict maps: each with the bridge of the network that it concerns,
/// if it is one network's.
pub fn elements(scene: Scene<'_>, policy: &Policy) -> Vec<(Option<CompactString>, Drift)> {
    let Some(table) = own_table(scene) else {
        return Vec::new();
    };
    let (expected, groups) = expect::elements(policy);
    let mut drift = Vec::new();
    let mut there: Vec<(&str, &Element)> = Vec::new();
    for set in &table.sets {
        there.extend(set.elements.iter().map(|element| (&*set.name, element)));
    }
    let keyed = |map: &str, element: &Element| (map.to_owned(), element.key.clone());
    let mut by_key: std::collections::HashMap<_, _> = there
        .iter()
        .map(|(map, element)| (keyed(map, element), *element))
        .collect();
    let mut missing = Vec::new();
    for wanted in &expected {
        match by_key.remove(&keyed(&wanted.map, &wanted.element)) {
            Some(found) if found.value == wanted.element.value => {}
            Some(found) => drift.push(element(scene, wanted, Some(found))),
            None => missing.push(wanted),
        }
    }
    for wanted in missing {
        // Another key that leads where this one should was made of it.
        let leads = |(key, found): &(&(String, _), &&Element)| {
            key.0 == wanted.map && found.value == wanted.element.value
        };
        let key = by_key.iter().find(leads).map(|(key, _)| key.clone());
        let found = key.and_then(|key| by_key.remove(&key));
        drift.push(element(scene, wanted, found));
    }
    let known: Vec<&str> = policy.networks.iter().map(|n| n.bridge.as_str()).collect();
    let mut left: Vec<((String, _), &Element)> = by_key.into_iter().collect();
    left.sort_by(|one, other| one.0.cmp(&other.0));
    for ((map, _), found) in left {
        let bridge = bridge_of(scene, found);
        if bridge
            .as_ref()
            .is_some_and(|bridge| known.contains(&bridge.as_str()))
        {
            drift.push((bridge, not_expected(scene, &map, found)));
        }
    }
    for group in groups {
        drift.extend(
            group_chain(scene, &group)
                .into_iter()
                .map(|each| (None, each)),
        );
    }
    drift
}

/// The bridge that an element is for: its key, or the one of the chain it leads to.
fn bridge_of(scene: Scene<'_>, element: &Element) -> Option<CompactString> {
    if let Some(device) = element.key.device() {
        return Some(device.name().into());
    }
    let chain = expect::leads_to(element)?;
    Some(scene.observed.own_bridge(chain))
}

fn own_table(scene: Scene<'_>) -> Option<&Table> {
    let layers = scene.observed.used_layers();
    let mut tables = layers.map(|(_, layer)| layer.table);
    tables.find(|table| table.family == TableFamily::Inet && table.name == native::TABLE)
}

fn map_place(scene: Scene<'_>, map: &str) -> Place {
    let spot = Spot {
        family: TableFamily::Inet,
        table: native::TABLE,
        chain: map,
    };
    let mut layers = scene.observed.used_layers();
    let own = layers.find(|(_, layer)| layer.table.name == native::TABLE);
    scene.chain(spot, own.map(|(at, _)| at))
}

fn element(
    scene: Scene<'_>,
    wanted: &MapElement,
    found: Option<&Element>,
) -> (Option<CompactString>, Drift) {
    let text = match wanted.map.as_str() {
        "to" => "packets to guests are not led to the rules of their network",
        "from" => "packets of guests are not led to the rules of their network",
        _ => "guests cannot reach the outside: their addresses are not rewritten",
    };
    let drift = Drift {
        kind: found.map_or(DriftKind::Missing, |_| DriftKind::Changed),
        object: Object::MapElement,
        expected: Some(spell::element(&wanted.element)),
        found: found.map(spell::element),
        place: map_place(scene, &wanted.map),
        breaks: Some(text.to_owned()),
    };
    (wanted.bridge.clone(), drift)
}

fn not_expected(scene: Scene<'_>, map: &str, found: &Element) -> Drift {
    Drift {
        kind: DriftKind::Unexpected,
        object: Object::MapElement,
        expected: None,
        found: Some(spell::element(found)),
        place: map_place(scene, map),
        breaks: None,
    }
}

/// A chain that leads to several networks that share addresses; the order is that in which they
/// were started.
fn group_chain(scene: Scene<'_>, group: &Chain) -> Vec<Drift> {
    let spot = Spot {
        family: TableFamily::Inet,
        table: native::TABLE,
        chain: &group.name,
    };
    let Some(seen) = scene.observed.chains.get(&spot) else {
        return vec![no_chain(scene, spot, Some(Role::Nat))];
    };
    let in_order = |chain: &Chain| {
        let mut rules = chain.rules.clone();
        rules.sort_by(|one, other| one.target.cmp(&other.target));
        Chain {
            rules,
            ..chain.clone()
        }
    };
    let (expected, found) = (in_order(group), in_order(seen.chain));
    let found: Vec<Seen<'_>> = (found.rules.iter().enumerate())
        .map(|(at, rule)| Seen {
            layer: seen.layer,
            spot,
            at,
            rule,
            normal: NormalRule::of(rule, spot.family),
        })
        .collect();
    jumps(scene, Generation::Lanwright, spot, &expected, &found)
}
