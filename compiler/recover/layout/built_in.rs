//! Rules that stand in chains of everyone's: libvirt's before 5.1, and those of people.

use super::{
    Arrangement, Fact, Others, Replies, Role, View, What, families, nat, origin, others, says, view,
};
use crate::capture::CapturedRuleset;
use crate::firewall::normal::NormalRule;
use crate::firewall::{BaseKind, Chain, Family, Hook, Rule, Table};
use crate::recover::policy::Bridges;
use crate::recover::shape::{Act, Device, Shape};

/// Takes from a table what its built-in chains say of bridges.
///
/// Everyone has rules there, so a rule that says nothing of a network is nobody's mistake.
pub(super) fn read(
    views: &mut Vec<View>,
    captured: &CapturedRuleset,
    table: &Table,
    bridges: &Bridges,
    others: &Others,
) {
    let judge = others.judge(table);
    for chain in &table.chains {
        let roles = roles(table, chain);
        if roles.is_empty() {
            continue;
        }
        let view = view(views, captured, Arrangement::LibvirtBuiltIn);
        view.families.extend(families(table));
        let ours = |rule: &&Rule| others::foreign(&judge, chain, rule).is_none();
        for rule in chain.rules.iter().filter(ours) {
            take(view, captured, table, rule, roles, bridges);
        }
    }
}

/// What a chain may be for, the surest first.
fn roles(table: &Table, chain: &Chain) -> &'static [Role] {
    let Some(base) = &chain.base else {
        return &[];
    };
    // Tables of iptables for other things have chains of the same hooks.
    if matches!(
        table.name.as_str(),
        "raw" | "security" | "libvirt_network" | "lanwright"
    ) {
        return &[];
    }
    match (base.kind, base.hook) {
        (BaseKind::Filter, Hook::Input) => &[Role::Input],
        (BaseKind::Filter, Hook::Output) => &[Role::Output],
        (BaseKind::Filter, Hook::Forward) => &[Role::Cross, Role::Out, Role::In],
        (BaseKind::Nat, Hook::Postrouting) => &[Role::Nat],
        (BaseKind::Mangle, Hook::Postrouting) => &[Role::Mangle],
        (BaseKind::Filter | BaseKind::Nat | BaseKind::Mangle | BaseKind::Route, _) => &[],
    }
}

fn take(
    view: &mut View,
    captured: &CapturedRuleset,
    table: &Table,
    rule: &Rule,
    roles: &[Role],
    bridges: &Bridges,
) {
    let normal = NormalRule::of(rule, table.family);
    let (Some(shape), Some(act)) = (Shape::of(&normal), Act::of(&normal)) else {
        return;
    };
    let at = origin(captured, rule);
    let said = shape.family();
    let families = families(table).iter().copied();
    let families: Vec<Family> = families
        .filter(|family| said.is_none_or(|said| said == *family))
        .collect();
    if roles == [Role::Nat] {
        let facts = families
            .iter()
            .filter_map(|family| nat(&shape, act, *family, at));
        view.nat.extend(facts);
        return;
    }
    let Some((bridge, what)) = meant(&shape, act, roles, bridges) else {
        return;
    };
    view.facts.extend(families.into_iter().map(|family| Fact {
        bridge: bridge.clone(),
        family,
        what: what.clone(),
        origin: at,
    }));
}

/// What a rule says, and about which of its two devices.
fn meant(shape: &Shape, act: Act, roles: &[Role], bridges: &Bridges) -> Option<(Device, What)> {
    let known = |device: &Device| bridges.keys().any(|bridge| bridge.as_str() == device.name);
    let said: Vec<(Device, What)> = roles
        .iter()
        .filter_map(|role| says(*role, shape, act))
        .collect();
    let sure = said
        .iter()
        .find(|(device, what)| known(device) || is_certain(what));
    sure.or(said.first()).cloned()
}

/// Whether a rule can only be about the bridge it says it of.
fn is_certain(what: &What) -> bool {
    match what {
        What::Service { .. } | What::Cross | What::RejectOut | What::RejectIn | What::Checksum => {
            true
        }
        What::AllowOut(crossing) => crossing.net.is_some(),
        What::AllowIn(crossing, replies) => crossing.net.is_some() || *replies == Replies::Only,
    }
}
