//! Chains that belong to libvirt or lanwright alone.

use std::collections::HashSet;

use super::{
    Arrangement, Fact, NatFact, Role, Stranger, Unreached, View, families, nat, origin, says, view,
};
use crate::capture::{CapturedRuleset, Origin};
use crate::firewall::normal::NormalRule;
use crate::firewall::{Chain, ElementValue, Family, Rule, Table, TableFamily, Target};
use crate::lower::layout::native;
use crate::recover::shape::{Act, Device, Shape};
use crate::value::{DeviceName, encode};

/// A chain of ours: how it is arranged, what it is for, and the bridge that it is for alone.
struct Own {
    arrangement: Arrangement,
    role: Role,
    bridge: Option<DeviceName>,
}

/// Takes from a table what its own chains say.
pub(super) fn read(views: &mut Vec<View>, captured: &CapturedRuleset, table: &Table) {
    let reached = reached(table);
    for chain in &table.chains {
        let Some(own) = own(table, chain) else {
            continue;
        };
        let view = view(views, captured, own.arrangement);
        view.families.extend(families(table));
        for rule in &chain.rules {
            let at = origin(captured, rule);
            if take(view, &own, table, rule, at).is_none() {
                let chain = chain.name.clone();
                view.strangers.push(Stranger { chain, origin: at });
            }
        }
        if chain.base.is_none() && !chain.rules.is_empty() && !reached.contains(&*chain.name) {
            view.unreached.push(Unreached {
                chain: chain.name.clone(),
                bridge: own.bridge.clone(),
                origins: chain
                    .rules
                    .iter()
                    .map(|rule| origin(captured, rule))
                    .collect(),
            });
        }
        if let (Some(bridge), Some(comment)) = (own.bridge, &chain.comment) {
            view.names.push((bridge, comment.clone()));
        }
    }
}

/// The chains that rules and maps of a table lead to.
fn reached(table: &Table) -> HashSet<&str> {
    let rules = table.chains.iter().flat_map(|chain| &chain.rules);
    let targets = rules.map(|rule| &rule.target);
    let elements = table.sets.iter().flat_map(|set| &set.elements);
    let verdicts = elements.filter_map(|element| {
        if let Some(ElementValue::Verdict(verdict)) = &element.value {
            Some(verdict)
        } else {
            None
        }
    });
    targets
        .chain(verdicts)
        .filter_map(|target| {
            if let Target::Jump(chain) | Target::Goto(chain) = target {
                Some(chain.as_str())
            } else {
                None
            }
        })
        .collect()
}

fn own(table: &Table, chain: &Chain) -> Option<Own> {
    let single = matches!(table.family, TableFamily::Ip | TableFamily::Ip6);
    if table.family == TableFamily::Inet && table.name == native::TABLE {
        return of_lanwright(&chain.name);
    }
    let of = |arrangement, role| {
        Some(Own {
            arrangement,
            role,
            bridge: None,
        })
    };
    let nft = Arrangement::LibvirtNftables;
    let iptables = Arrangement::LibvirtIptables;
    match (table.name.as_str(), chain.name.as_str()) {
        ("libvirt_network", "guest_output") if single => of(nft, Role::Out),
        ("libvirt_network", "guest_input") if single => of(nft, Role::In),
        ("libvirt_network", "guest_cross") if single => of(nft, Role::Cross),
        ("libvirt_network", "guest_nat") if single => of(nft, Role::Nat),
        ("filter", "LIBVIRT_INP") if single => of(iptables, Role::Input),
        ("filter", "LIBVIRT_OUT") if single => of(iptables, Role::Output),
        ("filter", "LIBVIRT_FWO") if single => of(iptables, Role::Out),
        ("filter", "LIBVIRT_FWI") if single => of(iptables, Role::In),
        ("filter", "LIBVIRT_FWX") if single => of(iptables, Role::Cross),
        ("nat", "LIBVIRT_PRT") if single => of(iptables, Role::Nat),
        ("mangle", "LIBVIRT_PRT") if single => of(iptables, Role::Mangle),
        (_, _) => None,
    }
}

/// `to-`, `from-` and `nat-` are followed by the bridge.
fn of_lanwright(chain: &str) -> Option<Own> {
    let (role, bridge) = [("to-", Role::In), ("from-", Role::Out), ("nat-", Role::Nat)]
        .into_iter()
        .find_map(|(start, role)| Some((role, chain.strip_prefix(start)?)))?;
    let bridge = encode::from_nft_identifier(bridge)?.parse().ok()?;
    Some(Own {
        arrangement: Arrangement::Lanwright,
        role,
        bridge: Some(bridge),
    })
}

fn take(view: &mut View, own: &Own, table: &Table, rule: &Rule, origin: Origin) -> Option<()> {
    let normal = NormalRule::of(rule, table.family);
    let (mut shape, act) = (Shape::of(&normal)?, Act::of(&normal)?);
    let said = shape.family();
    let families = families(table).iter().copied();
    let families: Vec<Family> = families
        .filter(|family| said.is_none_or(|said| said == *family))
        .collect();
    if own.role == Role::Nat {
        let [family] = families[..] else {
            return None;
        };
        let fact = nat(&shape, act, family, origin)?;
        view.nat.push(NatFact {
            bridge: own.bridge.clone(),
            ..fact
        });
        return Some(());
    }
    if let Some(bridge) = &own.bridge {
        let device = Device::named(bridge);
        match own.role {
            Role::In => shape.goes_out = shape.goes_out.or(Some(device)),
            Role::Out => shape.came_in = shape.came_in.or(Some(device)),
            Role::Input | Role::Output | Role::Cross | Role::Nat | Role::Mangle => {}
        }
    }
    let within = own.role == Role::In && shape.came_in == shape.goes_out;
    let role = if within { Role::Cross } else { own.role };
    let (bridge, what) = says(role, &shape, act)?;
    view.facts.extend(families.into_iter().map(|family| Fact {
        bridge: bridge.clone(),
        family,
        what: what.clone(),
        origin,
    }));
    Some(())
}
