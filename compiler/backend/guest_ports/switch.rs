//! The recipe for a port of an Open vSwitch bridge.
//!
//! As `virNetDevOpenvswitchAddPort`. The switch itself is not ours to make.

use serde::Serialize;

use super::subject;
use crate::backend::template::Template;
use crate::state::{GuestPort, Policing, PortVlan, Rate};
use crate::template;
use crate::value::{DeviceName, encode};

static RECIPE: Template = template!("guest-ports.openvswitch.j2");

#[derive(Serialize)]
struct View {
    subject: String,
    bridge: String,
    columns: String,
    interface_id: String,
    profile: Option<String>,
    inbound: Option<String>,
    outbound: Option<String>,
}

pub(super) fn print(
    port: &GuestPort,
    bridge: &DeviceName,
    profile: Option<&str>,
    interface_id: Option<&str>,
) -> String {
    let profile = profile.map(|profile| {
        encode::shell_word(&format!("external_ids:port-profile={}", string(profile)))
    });
    RECIPE.render(&View {
        subject: subject(port),
        bridge: encode::shell_word(bridge.as_str()),
        columns: port.vlan.as_ref().map(columns).unwrap_or_default(),
        interface_id: interface_id.unwrap_or("@INTERFACE_UUID@").to_owned(),
        profile,
        inbound: port.inbound.as_ref().map(queue),
        outbound: port.outbound.as_ref().map(policing),
    })
}

/// The columns of a port with VLANs; each begins with a blank.
fn columns(vlan: &PortVlan) -> String {
    let mut columns = String::new();
    let mut add = |column: String| {
        columns.push(' ');
        columns.push_str(&column);
    };
    if let Some((native, tagged)) = vlan.native {
        let mode = if tagged {
            "native-tagged"
        } else {
            "native-untagged"
        };
        add(format!("vlan_mode={mode}"));
        add(format!("tag={native}"));
    }
    if vlan.trunk {
        let tags: Vec<String> = vlan.tags.iter().map(ToString::to_string).collect();
        add(format!("trunks={}", tags.join(",")));
    } else if vlan.native.is_none() {
        vlan.tags
            .iter()
            .take(1)
            .for_each(|tag| add(format!("tag={tag}")));
    }
    columns
}

/// What the switch sends to the guest, as a queue's settings in bits: tc would fight with the
/// switch over the port's root.
fn queue(rate: &Rate) -> String {
    let bits = |kbps: u64| u128::from(kbps) * 8000;
    let peak = bits(rate.peak_kbps.unwrap_or(rate.average_kbps));
    let mut queue = format!("other_config:min-rate={}", bits(rate.average_kbps));
    queue.push_str(&format!(" other_config:max-rate={peak}"));
    if let Some(burst) = rate.burst_kib {
        queue.push_str(&format!(" other_config:burst={}", u128::from(burst) * 8192));
    }
    queue
}

/// What the switch takes from the guest, in thousands of bits.
fn policing(policing: &Policing) -> String {
    let rate = u128::from(policing.average_kbps) * 8;
    let burst = (u128::from(policing.effective_burst_kib()) * 8192).div_ceil(1000);
    format!("ingress_policing_rate={rate} ingress_policing_burst={burst}")
}

/// A string of ovs-vsctl, in double quotes.
fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
