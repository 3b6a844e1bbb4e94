//! What each forward mode lets a guest's port have: VLANs, virtual ports, bandwidth.
//!
//! VLANs and bandwidth where they cannot be had are refused when the network is defined
//! (`networkValidate`); a virtual port that does not fit only keeps guests from attaching
//! (`networkAllocatePort`), so it is a warning.

use super::element::Element;
use super::forward::Mode;
use super::kind::Parts;
use super::{bandwidth, virtualport};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Bandwidth, MacTable, Portgroup, Virtualport, VirtualportType};
use crate::source::{Span, Spanned};

/// Reports what guests' ports cannot have in `mode`.
pub fn check(parts: &Parts<'_>, mode: Mode, sink: &mut Sink) {
    refuse_bandwidth(parts, mode, sink);
    refuse_vlans(parts, mode, sink);
    note_filtering(parts, mode, sink);
    let network = parts.virtualport.as_ref();
    let place = parts.place("virtualport");
    if let Some(virtualport) = network {
        warn_of_virtualport(virtualport, place, parts, mode, sink);
        let groups = parts.portgroups.iter();
        let groups: Vec<_> = groups
            .filter_map(|each| each.value.virtualport.as_ref())
            .collect();
        virtualport::warn_missing(virtualport, &groups, place, sink);
    }
    for group in &parts.portgroups {
        let Some(virtualport) = &group.value.virtualport else {
            continue;
        };
        let here = within(parts, group, "virtualport");
        warn_of_virtualport(virtualport, here, parts, mode, sink);
        if let Some(field) = network.and_then(|network| difference(network, virtualport)) {
            let message = format!(
                "{field} is not what the network's own <virtualport> says, no guest can attach"
            );
            let problem = Diagnostic::new(Code::VirtualportMergeConflict, here, message);
            sink.report(
                problem
                    .also(place, "the network's own")
                    .help("make both say the same, or remove one"),
            );
        }
    }
}

/// The name of an element inside a portgroup, or the group's own place.
fn within(parts: &Parts<'_>, group: &Spanned<Portgroup>, name: &str) -> Span {
    let holds =
        |each: &Element| each.span.start <= group.span.start && group.span.end <= each.span.end;
    let element = parts.elements("portgroup").find(|each| holds(each));
    let mut children = element.into_iter().flat_map(|each| &each.children);
    let child = children.find(|child| child.namespace.is_none() && child.name == name);
    child.map_or(group.span, |child| child.name_span)
}

fn also_mode(problem: Diagnostic, parts: &Parts<'_>, mode: Mode) -> Diagnostic {
    match &parts.forward {
        Some(forward) => problem.also(forward.place, format!("the mode is '{}'", mode.word())),
        None => problem,
    }
}

/// V137, V138 and V148: only a bridge can be limited, and only so far.
fn refuse_bandwidth(parts: &Parts<'_>, mode: Mode, sink: &mut Sink) {
    if let (Some(element), Some(limits)) = (parts.element("bandwidth"), &parts.bandwidth) {
        bandwidth::check_limits(element, limits, sink);
    }
    if mode.has_own_bridge() || mode == Mode::Bridge && parts.bridge.name.is_some() {
        return;
    }
    let limits = |bandwidth: &Option<Bandwidth>| {
        bandwidth.is_some_and(|each| each.inbound.is_some() || each.outbound.is_some())
    };
    if limits(&parts.bandwidth) {
        let message = "<bandwidth> needs a bridge, this network has none";
        let span = parts.place("bandwidth");
        let problem = Diagnostic::new(Code::BandwidthUnsupportedMode, span, message);
        sink.report(
            also_mode(problem, parts, mode).help("remove it, and limit each guest instead"),
        );
    }
    for group in parts
        .portgroups
        .iter()
        .filter(|group| limits(&group.value.bandwidth))
    {
        let message = format!(
            "<bandwidth> in the portgroup '{}' needs a bridge, this network has none",
            group.value.name
        );
        let span = within(parts, group, "bandwidth");
        let problem = Diagnostic::new(Code::PortgroupBandwidthUnsupported, span, message);
        sink.report(
            also_mode(problem, parts, mode).help("remove it, and limit each guest instead"),
        );
    }
}

/// V145. A guest gets the tags of its portgroup, else the network's; so every portgroup counts,
/// and the network itself only where no default portgroup takes its place.
fn refuse_vlans(parts: &Parts<'_>, mode: Mode, sink: &mut Sink) {
    let network = parts.virtualport.as_ref();
    let allowed = match mode {
        Mode::Hostdev | Mode::Passthrough => true,
        Mode::Bridge => network.is_none_or(Virtualport::is_openvswitch),
        Mode::Isolated | Mode::Nat | Mode::Route | Mode::Open | Mode::Private | Mode::Vepa => false,
    };
    let tagged = parts.vlan.is_some();
    let place = parts.place("vlan");
    let default = parts.portgroups.iter().any(|group| group.value.default);
    let mut refuse = |span: Span, what: String| {
        let message = format!("{what} has VLAN tags, but no port could carry them");
        let problem = Diagnostic::new(Code::VlanUnsupported, span, message);
        sink.report(also_mode(problem, parts, mode).help(
            "remove <vlan>, or use a bridge of the host, Open vSwitch, passthrough or hostdev",
        ));
    };
    if tagged && !allowed {
        let alone = !default
            || parts
                .portgroups
                .iter()
                .any(|group| group.value.virtualport.is_none());
        if alone {
            refuse(place, "the network".to_owned());
        }
    }
    for group in &parts.portgroups {
        let own = group.value.vlan.is_some();
        let virtualport = group.value.virtualport.as_ref();
        let bad = match virtualport {
            Some(virtualport) => mode != Mode::Bridge || !virtualport.is_openvswitch(),
            None => !allowed,
        };
        // Where the network's own tags are to blame, that has been said above.
        if bad && (own || tagged && (allowed || virtualport.is_some())) {
            let name = if own { "vlan" } else { "virtualport" };
            let what = format!("the portgroup '{}'", group.value.name);
            refuse(within(parts, group, name), what);
        }
    }
}

/// A Linux bridge separates VLANs only while it filters them; with its own table of addresses
/// libvirt turns that on.
fn note_filtering(parts: &Parts<'_>, mode: Mode, sink: &mut Sink) {
    let kernel = |table: &Spanned<MacTable>| table.value == MacTable::Kernel;
    if mode != Mode::Bridge || !parts.bridge.mac_table.as_ref().is_none_or(kernel) {
        return;
    }
    let Some(bridge) = parts.bridge.name else {
        return;
    };
    let network = parts.virtualport.as_ref();
    let tagged = |group: &&Spanned<Portgroup>| {
        let virtualport = group.value.virtualport.as_ref().or(network);
        group.value.vlan.is_some() && !virtualport.is_some_and(Virtualport::is_openvswitch)
    };
    let span = if parts.vlan.is_some() && !network.is_some_and(Virtualport::is_openvswitch) {
        Some(parts.place("vlan"))
    } else {
        let group = parts.portgroups.iter().find(tagged);
        group.map(|group| within(parts, group, "vlan"))
    };
    if let Some(span) = span {
        let name = &bridge.value;
        let message = format!("VLAN tags separate guests only if '{name}' filters VLANs");
        let problem = Diagnostic::new(Code::VlanFilteringNeeded, span, message);
        let help = format!("run `ip link set {name} type bridge vlan_filtering 1` on the host");
        sink.report(problem.help(help));
    }
}

/// V181 to V184, which libvirt notices when a guest attaches.
fn warn_of_virtualport(
    virtualport: &Virtualport,
    span: Span,
    parts: &Parts<'_>,
    mode: Mode,
    sink: &mut Sink,
) {
    let Some(kind) = virtualport.kind else {
        if mode.has_own_bridge() {
            let message = "no guest can attach: a bridge of ours has no <virtualport>";
            let problem = Diagnostic::new(Code::VirtualportOnOwnBridge, span, message);
            sink.report(also_mode(problem, parts, mode).help("remove it"));
        }
        return;
    };
    let qbg_or_qbh = match kind {
        VirtualportType::Qbg | VirtualportType::Qbh => true,
        VirtualportType::OpenVswitch | VirtualportType::Midonet => false,
    };
    let (code, good, takes) = match mode {
        Mode::Isolated | Mode::Nat | Mode::Route | Mode::Open => (
            Code::VirtualportOnOwnBridge,
            false,
            "a bridge of ours takes none",
        ),
        Mode::Bridge if parts.bridge.name.is_some() => (
            Code::VirtualportOnLinuxBridge,
            kind == VirtualportType::OpenVswitch,
            "a bridge of the host takes openvswitch only",
        ),
        Mode::Bridge | Mode::Private | Mode::Vepa | Mode::Passthrough => (
            Code::VirtualportOnMacvtap,
            qbg_or_qbh,
            "macvtap takes 802.1Qbg and 802.1Qbh only",
        ),
        Mode::Hostdev => (
            Code::VirtualportOnHostdev,
            qbg_or_qbh,
            "PCI devices take 802.1Qbg and 802.1Qbh only",
        ),
    };
    if !good {
        let message = format!(
            "no guest can attach through a virtual port of type '{}': {takes}",
            kind.word()
        );
        let problem = Diagnostic::new(code, span, message);
        sink.report(also_mode(problem, parts, mode).help("remove it, or choose another mode"));
    }
}

/// The first field that two virtual ports fill differently (`virNetDevVPortProfileMerge3`).
fn difference(network: &Virtualport, group: &Virtualport) -> Option<&'static str> {
    fn differ<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
        a.is_some() && b.is_some() && a != b
    }
    [
        ("the type", differ(&network.kind, &group.kind)),
        ("managerid", differ(&network.managerid, &group.managerid)),
        ("typeid", differ(&network.typeid, &group.typeid)),
        (
            "typeidversion",
            differ(&network.typeidversion, &group.typeidversion),
        ),
        ("instanceid", differ(&network.instanceid, &group.instanceid)),
        ("profileid", differ(&network.profileid, &group.profileid)),
        (
            "interfaceid",
            differ(&network.interfaceid, &group.interfaceid),
        ),
    ]
    .into_iter()
    .find(|(_, differ)| *differ)
    .map(|(field, _)| field)
}
