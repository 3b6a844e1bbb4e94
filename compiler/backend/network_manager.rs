//! NetworkManager: a profile a bridge and a profile a port, as keyfiles and as `nmcli` commands.
//!
//! NetworkManager sets up bridges and addresses only; rules and dnsmasq are as without it. What it
//! has no property for is a [`Limit`].

mod keyfile;
mod nmcli;
pub mod profile;

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Limit, Output};
use crate::diagnostic::Code;
use crate::state::{LinkKind, OnLink};
use crate::template;
use crate::value::encode;
use profile::Profile;

static SCRIPT: Template = template!("network-manager.nmcli.j2");

#[derive(Default, Serialize)]
struct ScriptView {
    bridges: Vec<ProfileView>,
    ports: Vec<ProfileView>,
}

#[derive(Serialize)]
struct ProfileView {
    network: String,
    uuid: String,
    command: String,
    activation: String,
}

/// The keyfiles of every bridge that is made, and one script with commands for all of them.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let mut output = Output::default();
    let mut script = ScriptView::default();
    for on in compiled.state.on_links() {
        output.limits.extend(limits(&on));
        let LinkKind::Bridge(bridge) = &on.link.kind else {
            continue;
        };
        let profile = profile::bridge(&on, bridge);
        output.limits.extend(unsettled(&on, &profile));
        let path = format!("network-manager/lanwright-{}.nmconnection", on.link.name);
        output.artifacts.push(keyfile(&on, path, &profile));
        script.bridges.push(view(&on, &profile));
        if let Some(uplink) = &bridge.uplink {
            let profile = profile::port(&on, uplink);
            let path = format!("network-manager/lanwright-{}.nmconnection", uplink.dev);
            output.artifacts.push(keyfile(&on, path, &profile));
            script.ports.push(view(&on, &profile));
        }
    }
    if !script.bridges.is_empty() {
        let text = SCRIPT.render(&script);
        let script = Artifact::script("network-manager/nmcli.sh", text);
        output.artifacts.push(script);
    }
    output
}

/// NetworkManager refuses a keyfile that others may read.
fn keyfile(on: &OnLink<'_>, path: String, profile: &Profile) -> Artifact {
    let text = keyfile::print(on.segment.network.as_str(), profile);
    Artifact::private(path, text)
}

/// The lines that make and start a profile, by the functions of the script.
fn view(on: &OnLink<'_>, profile: &Profile) -> ProfileView {
    let mut words = vec![format!("profile {} {}", profile.uuid, profile.kind)];
    words.extend(nmcli::properties(profile));
    let device = encode::shell_word(&profile.device);
    let mut activation = format!("activate {} {device}", profile.uuid);
    if !profile.settles_alone() {
        activation.push_str(" --wait=0");
    }
    ProfileView {
        network: on.segment.network.to_string(),
        uuid: profile.uuid.clone(),
        command: words.join(" \\\n    "),
        activation,
    }
}

/// That NetworkManager waits, and with it whatever waits for the network at boot.
fn unsettled(on: &OnLink<'_>, profile: &Profile) -> Option<Limit> {
    (!profile.settles_alone()).then(|| Limit {
        code: Code::NetworkManagerCannotExpress,
        network: on.segment.network.clone(),
        message: format!(
            "with IPv6 alone, '{}' stays 'activating' in NetworkManager until a guest is there",
            on.link.name
        ),
        help: Some("do not let the boot wait for NetworkManager-wait-online.service".to_owned()),
    })
}

fn limits(on: &OnLink<'_>) -> Vec<Limit> {
    let name = &on.link.name;
    let limit = |message: String, help: &str| Limit {
        code: Code::NetworkManagerCannotExpress,
        network: on.segment.network.clone(),
        message,
        help: Some(help.to_owned()),
    };
    let mut limits = Vec::new();
    if on.shaping.is_some() {
        limits.push(limit(
            format!("NetworkManager cannot limit the rate of '{name}'"),
            "load iproute2/tc.batch once the bridge is up",
        ));
    }
    let filtering = LinkKind::ExistingBridge {
        vlan_filtering: true,
    };
    if on.link.kind == filtering {
        limits.push(limit(
            format!("'{name}' has a profile of its own, which has to say 'vlan-filtering' itself"),
            "set 'bridge.vlan-filtering yes' there, or load iproute2/bridge.batch",
        ));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::sample::{emitted, paths, state, uplinked};
    use crate::state::UplinkAddressing;

    #[test]
    fn keyfiles_are_private_and_the_script_runs() {
        let output = emitted(emit, &uplinked(UplinkAddressing::Dhcp));
        let wanted = [
            "network-manager/lanwright-br0.nmconnection",
            "network-manager/lanwright-eno1.nmconnection",
            "network-manager/nmcli.sh",
        ];
        assert_eq!(paths(&output), wanted);
        let modes: Vec<u32> = output.artifacts.iter().map(|each| each.mode).collect();
        assert_eq!(modes, [0o600, 0o600, 0o755]);
        assert!(
            output.artifacts[0]
                .text
                .contains("\nautoconnect-slaves=1\n")
        );
    }

    #[test]
    fn odd_names_are_quoted_in_both() {
        let output = emitted(emit, &state("n", r"a\$b"));
        assert!(
            output.artifacts[0]
                .text
                .contains("\ninterface-name=a\\\\$b\n")
        );
        assert!(output.artifacts[1].text.contains("interface-name 'a\\$b'"));
    }

    #[test]
    fn ipv6_alone_does_not_settle() {
        let mut state = state("n", "br0");
        state.addresses.push(crate::state::Address {
            link: state.links[0].name.clone(),
            address: "fd00::1/64".parse().expect("an address"),
        });
        let output = emitted(emit, &state);
        assert_eq!(output.limits.len(), 1);
        assert!(output.artifacts[1].text.contains(" br0 --wait=0\n"));
    }
}
