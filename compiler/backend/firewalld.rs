//! firewalld's zones and policies for our bridges.
//!
//! Own zones equal in meaning to libvirt's, because a host without libvirt lacks those. A zone
//! that a network asks for belongs to the host: that its bridge goes there is a command in the
//! notes, not a file that would replace the zone.

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Limit, Output};
use crate::diagnostic::Code;
use crate::state::{ZoneBinding, ZoneChoice};
use crate::template;
use crate::value::encode::xml_entities;

static ZONE: Template = template!("firewalld.zone.j2");
static ROUTED_ZONE: Template = template!("firewalld.routed-zone.j2");
static TO_HOST: Template = template!("firewalld.to-host-policy.j2");
static CROSSING: Template = template!("firewalld.crossing-policy.j2");
static NOTES: Template = template!("firewalld.notes.j2");

/// A zone's bridges, escaped for XML.
#[derive(Serialize)]
struct ZoneView {
    interfaces: Vec<String>,
}

/// A policy that lets everything from one zone into another.
#[derive(Serialize)]
struct CrossingView {
    name: &'static str,
    ingress: &'static str,
    egress: &'static str,
}

/// Commands for bridges whose zone belongs to the host.
#[derive(Serialize)]
struct NotesView {
    commands: Vec<String>,
}

/// Zones with their bridges, the policies of routed ones, and what is left to be done by hand.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let (taken, refused): (Vec<_>, Vec<_>) = compiled
        .state
        .zones
        .iter()
        .partition(|binding| !binding.link.as_str().contains('!'));
    let bound = |choice: &ZoneChoice| -> Vec<String> {
        let bound = taken.iter().filter(|binding| binding.zone == *choice);
        bound
            .map(|binding| xml_entities(binding.link.as_str()))
            .collect()
    };
    let behind = bound(&ZoneChoice::Libvirt);
    let routed = bound(&ZoneChoice::LibvirtRouted);
    let mut artifacts = Vec::new();
    if !routed.is_empty() {
        artifacts.extend(policies());
    }
    let zones = [
        (&ZONE, ZoneChoice::Libvirt, behind),
        (&ROUTED_ZONE, ZoneChoice::LibvirtRouted, routed),
    ];
    for (template, zone, interfaces) in zones {
        if !interfaces.is_empty() {
            let name = zone_name(&zone);
            let text = template.render(&ZoneView { interfaces });
            artifacts.push(Artifact::file(format!("firewalld/zones/{name}.xml"), text));
        }
    }
    let commands: Vec<String> = taken.iter().filter_map(|it| command(it)).collect();
    if !commands.is_empty() || !artifacts.is_empty() {
        let text = NOTES.render(&NotesView { commands });
        artifacts.push(Artifact::file("firewalld/README", text));
    }
    let limits = refused
        .iter()
        .filter_map(|binding| limit(compiled, binding));
    Output {
        limits: limits.collect(),
        artifacts,
    }
}

fn policies() -> impl Iterator<Item = Artifact> {
    let crossings = [
        ("lanwright-in", "ANY", "lanwright-routed"),
        ("lanwright-out", "lanwright-routed", "ANY"),
    ];
    let crossings = crossings.map(|(name, ingress, egress)| {
        let view = CrossingView {
            name,
            ingress,
            egress,
        };
        (name, CROSSING.render(&view))
    });
    let to_host = ("lanwright-to-host", TO_HOST.render(&()));
    let policies = crossings.into_iter().chain([to_host]);
    policies.map(|(name, text)| Artifact::file(format!("firewalld/policies/{name}.xml"), text))
}

/// What firewalld calls the zone. Ours are equal in meaning to libvirt's, which a host without
/// libvirt lacks.
pub(crate) fn zone_name(zone: &ZoneChoice) -> &str {
    match zone {
        ZoneChoice::Declared(zone) => zone,
        ZoneChoice::Libvirt => "lanwright",
        ZoneChoice::LibvirtRouted => "lanwright-routed",
    }
}

/// The command that puts a bridge into a zone of the host's own. A device name has no quote.
fn command(binding: &ZoneBinding) -> Option<String> {
    match &binding.zone {
        ZoneChoice::Declared(zone) => Some(format!(
            "firewall-cmd --permanent --zone={zone} --change-interface='{}'",
            binding.link
        )),
        ZoneChoice::Libvirt | ZoneChoice::LibvirtRouted => None,
    }
}

fn limit(compiled: &Compiled<'_>, binding: &ZoneBinding) -> Option<Limit> {
    let link = &binding.link;
    Some(Limit {
        code: Code::FirewalldCannotExpress,
        network: compiled.state.network_on(link)?.clone(),
        message: format!("firewalld takes no interface with '!', so '{link}' is in no zone"),
        help: Some("choose a bridge name without '!'".to_owned()),
    })
}
