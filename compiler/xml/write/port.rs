//! Writing what a guest's port gets: `<vlan>`, `<bandwidth>`, `<virtualport>`, `<portgroup>`.

use super::tag::{Printer, Tag};
use super::word;
use crate::network::{Bandwidth, NativeMode, Portgroup, Virtualport, Vlan};

/// `<vlan>`.
pub fn print_vlan(vlan: &Vlan, printer: &mut Printer<'_>) {
    printer.open(Tag::new("vlan").some("trunk", vlan.trunk.then_some("yes")));
    let mut native = vlan.native;
    for id in &vlan.tags {
        // Only one tag may say it, even if an id is there twice.
        let mode = native
            .take_if(|(tag, _)| tag == id)
            .map(|(_, mode)| match mode {
                NativeMode::Tagged => "tagged",
                NativeMode::Untagged => "untagged",
            });
        printer.empty(Tag::new("tag").with("id", id).some("nativeMode", mode));
    }
    printer.close("vlan");
}

/// `<bandwidth>`.
pub fn print_bandwidth(bandwidth: &Bandwidth, printer: &mut Printer<'_>) {
    printer.open(Tag::new("bandwidth"));
    let directions = [
        ("inbound", bandwidth.inbound),
        ("outbound", bandwidth.outbound),
    ];
    for (name, rates) in directions {
        if let Some(rates) = rates {
            let tag = Tag::new(name)
                .with("average", rates.average)
                .some("peak", rates.peak)
                .some("burst", rates.burst);
            printer.empty(tag);
        }
    }
    printer.close("bandwidth");
}

/// `<virtualport>`.
pub fn print_virtualport(virtualport: &Virtualport, printer: &mut Printer<'_>) {
    let Virtualport {
        kind,
        managerid,
        typeid,
        typeidversion,
        instanceid,
        profileid,
        interfaceid,
    } = virtualport;
    let tag = Tag::new("virtualport").some("type", kind.map(|kind| kind.word()));
    let bare = Virtualport {
        kind: *kind,
        ..Virtualport::default()
    };
    if *virtualport == bare {
        return printer.empty(tag);
    }
    printer.open(tag);
    let parameters = Tag::new("parameters")
        .some("managerid", *managerid)
        .some("typeid", *typeid)
        .some("typeidversion", *typeidversion)
        .some("instanceid", *instanceid)
        .some("interfaceid", *interfaceid)
        .some(
            "profileid",
            profileid.as_ref().map(|profile| profile.as_str()),
        );
    printer.empty(parameters);
    printer.close("virtualport");
}

/// `<portgroup>`.
pub fn print_portgroup(group: &Portgroup, printer: &mut Printer<'_>) {
    let tag = Tag::new("portgroup")
        .with("name", group.name.as_str())
        .some("default", group.default.then_some("yes"))
        .some(
            "trustGuestRxFilters",
            group.trust_guest_rx_filters.map(word),
        );
    printer.open(tag);
    if let Some(vlan) = &group.vlan {
        print_vlan(vlan, printer);
    }
    if let Some(virtualport) = &group.virtualport {
        print_virtualport(virtualport, printer);
    }
    if let Some(bandwidth) = &group.bandwidth {
        print_bandwidth(bandwidth, printer);
    }
    printer.close("portgroup");
}
