//! The recipes for guests on physical devices: macvtap, and PCI devices of their own.
//!
//! As `networkAllocatePort`, `virNetDevMacVLanCreateWithVPortProfile` and
//! `virHostdevPreparePCIDevices`.

use serde::Serialize;

use super::subject;
use crate::backend::template::Template;
use crate::state::{GuestPort, SwitchProfile};
use crate::template;
use crate::value::{DeviceName, encode};

static MACVTAP: Template = template!("guest-ports.macvtap.j2");
static HOSTDEV: Template = template!("guest-ports.hostdev.j2");

/// What guests choose from.
pub(super) struct Pool<'a> {
    /// The devices, by name or by PCI address.
    pub devices: Vec<String>,
    /// Whose virtual functions are the devices.
    pub physical_function: Option<&'a DeviceName>,
    /// What the switch outside is told.
    pub switch: Option<&'a SwitchProfile>,
}

#[derive(Serialize)]
struct MacvtapView<'a> {
    subject: String,
    mode: &'a str,
    exclusive: bool,
    shared: bool,
    devices: Vec<String>,
    physical_function: Option<String>,
    switch: Option<String>,
    vlan: Option<String>,
    trusts_filters: bool,
}

#[derive(Serialize)]
struct HostdevView<'a> {
    subject: String,
    devices: Vec<String>,
    physical_function: Option<String>,
    managed: bool,
    unmanaged: bool,
    driver: &'a str,
    switch: Option<String>,
    vlan: String,
}

pub(super) fn print_macvtap(port: &GuestPort, mode: &str, pool: &Pool<'_>) -> String {
    let is_qbh = pool
        .switch
        .is_some_and(|switch| switch.protocol == "802.1Qbh");
    let exclusive = mode == "passthrough" || (mode == "private" && is_qbh);
    MACVTAP.render(&MacvtapView {
        subject: subject(port),
        mode: if mode == "passthrough" {
            "passthru"
        } else {
            mode
        },
        exclusive,
        shared: !exclusive,
        devices: pool.devices.clone(),
        physical_function: physical_function(pool),
        switch: pool.switch.map(told),
        vlan: vlan(port),
        trusts_filters: port.trust_guest_rx_filters,
    })
}

pub(super) fn print_hostdev(
    port: &GuestPort,
    managed: bool,
    driver: Option<&str>,
    pool: &Pool<'_>,
) -> String {
    HOSTDEV.render(&HostdevView {
        subject: subject(port),
        devices: pool.devices.clone(),
        physical_function: physical_function(pool),
        managed,
        unmanaged: !managed,
        driver: match driver {
            Some("xen") => "pciback",
            Some(_) | None => "vfio-pci",
        },
        switch: pool.switch.map(told),
        vlan: vlan(port).map_or(String::new(), |tag| format!(" vlan {tag}")),
    })
}

fn physical_function(pool: &Pool<'_>) -> Option<String> {
    pool.physical_function
        .map(|name| encode::shell_word(name.as_str()))
}

/// A virtual function has one tag.
fn vlan(port: &GuestPort) -> Option<String> {
    let tags = &port.vlan.as_ref()?.tags;
    tags.first().map(ToString::to_string)
}

/// What the switch is told, on one line.
fn told(switch: &SwitchProfile) -> String {
    let mut told = switch.protocol.clone();
    let fields = [
        ("managerid", switch.managerid.map(|id| id.to_string())),
        ("typeid", switch.typeid.map(|id| id.to_string())),
        (
            "typeidversion",
            switch.typeidversion.map(|id| id.to_string()),
        ),
        ("instanceid", switch.instanceid.clone()),
        ("profileid", switch.profileid.clone()),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            told.push_str(&format!(", {name} {value}"));
        }
    }
    told
}
