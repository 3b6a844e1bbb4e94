//! The network's own rules: are they there, in their places, and do they name a device that is?

use super::patient::Patient;
use super::report::{Check, Finding, Seen};
use crate::audit::layer;
use crate::audit::report::{Drift, DriftKind, Object, Report};
use crate::audit::spell;
use crate::firewall::{Bound, Match, NormalRule};

/// What an audit says of the network's rules, and rules that name a device that is gone.
pub fn examine(patient: &Patient<'_>, audit: Option<&Report>, found: &mut Vec<Finding>) {
    stale(patient, found);
    let name = Some(patient.segment.network.as_str());
    let mut networks = audit.into_iter().flat_map(|audit| &audit.networks);
    let Some(network) = networks.find(|network| network.name.as_deref() == name) else {
        return;
    };
    let shared = audit.into_iter().flat_map(|audit| &audit.shared);
    let wrong: Vec<&Drift> = network
        .drift
        .iter()
        .chain(shared)
        .filter(|it| matters(it))
        .collect();
    let Some(first) = wrong.first() else {
        return;
    };
    let chain = first.place.chain.as_deref().unwrap_or_default();
    let more = match wrong.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let kind = match first.kind {
        DriftKind::Missing => "missing from",
        DriftKind::Moved => "at the wrong place in",
        DriftKind::Changed => "changed in",
        DriftKind::Unexpected => "one too many in",
    };
    found.push(Finding {
        check: Check::Rules,
        certain: true,
        fact: format!("a rule of the network is {kind} {chain}{more}"),
        owner: None,
        seen: Seen {
            file: first.place.file.clone().filter(|_| !patient.host.live),
            line: first.place.line.filter(|_| !patient.host.live),
            command: Some("lanwright audit".to_owned()),
            text: first.expected.clone().or_else(|| first.found.clone()),
        },
        breaks: first.breaks.clone().unwrap_or_default(),
        fix: Some(patient.apply()),
    });
}

/// What breaks something, of what can be wrong with rules.
fn matters(drift: &Drift) -> bool {
    let is_rule = match drift.object {
        Object::Rule | Object::Jump | Object::Chain | Object::MapElement => true,
        Object::Layout
        | Object::Link
        | Object::LinkSetting
        | Object::Address
        | Object::Route
        | Object::Sysctl
        | Object::Service
        | Object::DnsmasqLine
        | Object::Shaping => false,
    };
    is_rule && drift.breaks.is_some()
}

/// Rules that are bound to a device by its number match nothing once that is gone.
fn stale(patient: &Patient<'_>, found: &mut Vec<Finding>) {
    let is_gone = |each: &Match| {
        matches!(
            each,
            Match::InDevice {
                bound: Bound::Gone,
                ..
            } | Match::OutDevice {
                bound: Bound::Gone,
                ..
            }
        )
    };
    for layer in layer::layers(patient.capture()) {
        for chain in &layer.table.chains {
            for rule in chain
                .rules
                .iter()
                .filter(|rule| rule.matches.iter().any(is_gone))
            {
                let normal = NormalRule::of(rule, layer.table.family);
                let mut nets = normal.source().into_iter().chain(normal.destination());
                if !nets.any(|net| patient.addresses().any(|own| own.trunc() == net)) {
                    continue;
                }
                let table = spell::table(layer.table.family, &layer.table.name);
                found.push(Finding {
                    check: Check::StaleDevice,
                    certain: true,
                    fact: format!(
                        "a rule of the network in {} ({table}) is bound to a device that is gone: \
                         {} was made anew",
                        chain.name, patient.bridge
                    ),
                    owner: None,
                    seen: Seen {
                        text: Some(spell::rule(layer.table, chain, rule)),
                        ..patient.host.seen_in(layer.file, rule.place.get())
                    },
                    breaks: "it matches nothing, so what it was to let through is refused, and \
                             what it was to refuse goes through"
                        .to_owned(),
                    fix: Some(patient.apply()),
                });
                return;
            }
        }
    }
}
