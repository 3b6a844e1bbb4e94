//! The recipe for a tap or veth on a Linux bridge.
//!
//! As `virNetDevTapCreateInBridgePort`, `virNetDevBridgeSetupVlans` and `virNetDevBandwidthSet`.

use serde::Serialize;

use super::subject;
use crate::backend::iproute2::traffic;
use crate::backend::template::Template;
use crate::state::{GuestPort, PortVlan};
use crate::template;
use crate::value::{DeviceName, encode};

static RECIPE: Template = template!("guest-ports.bridge.j2");

/// Stands for the port's name.
const PORT: &str = "@PORT@";

#[derive(Serialize)]
struct View {
    subject: String,
    bridge: String,
    mtu: Option<String>,
    default_mtu: bool,
    vlans: Vec<String>,
    isolated: bool,
    static_macs: bool,
    trusts_filters: bool,
    unshaped: bool,
    traffic: Vec<String>,
}

pub(super) fn print(port: &GuestPort, link: &DeviceName) -> String {
    let egress = port
        .inbound
        .iter()
        .flat_map(|rate| traffic::port_egress(PORT, rate));
    let ingress = port
        .outbound
        .iter()
        .flat_map(|policing| traffic::ingress(PORT, policing));
    RECIPE.render(&View {
        subject: subject(port),
        bridge: encode::shell_word(link.as_str()),
        mtu: port.mtu.map(|mtu| mtu.to_string()),
        default_mtu: port.mtu.is_none(),
        vlans: port.vlan.as_ref().map(vlans).unwrap_or_default(),
        isolated: port.isolated,
        static_macs: port.static_macs,
        trusts_filters: port.trust_guest_rx_filters,
        unshaped: port.inbound.is_none(),
        traffic: egress.chain(ingress).collect(),
    })
}

/// The port leaves VLAN 1, which a new port is in.
fn vlans(vlan: &PortVlan) -> Vec<String> {
    let mut lines = vec![format!("vlan del dev {PORT} vid 1")];
    let memberships = vlan.memberships().into_iter();
    lines.extend(memberships.map(|each| format!("vlan add dev {PORT} {}", each.words())));
    lines
}
