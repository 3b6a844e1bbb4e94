//! The names by which programs are known: of tables, chains, devices, sets, and comments.
//!
//! Each is a name that its program chooses itself, not one that people like to give. Where a
//! program may have been told another name, it is not recognised by that, and says unknown.

use super::Owner;

/// How a name is compared with a mark.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pattern {
    /// It is exactly this.
    Is(&'static str),
    /// It begins with this.
    Starts(&'static str),
    /// It ends with this.
    Ends(&'static str),
    /// It begins with this, and then come digits only, at least one.
    Numbered(&'static str),
    /// It begins with this, and then come twelve digits of a hexadecimal number.
    Hex12(&'static str),
}

use Owner::*;
use Pattern::*;

type Marks = &'static [(Pattern, Owner)];

/// Tables of nft that belong to one program as a whole.
const TABLES: Marks = &[
    (Is("lanwright"), Lanwright),
    (Is("libvirt_network"), Libvirt),
    (Starts("libvirt_nwfilter_"), NetworkFilter),
    (Is("docker-bridges"), Docker),
    (Is("firewalld"), Firewalld),
    (Is("firewalld_policy_drop"), Firewalld),
    (Is("kube-proxy"), Kubernetes),
    (Is("calico"), Kubernetes),
    (Is("flannel-ipv4"), Kubernetes),
    (Is("flannel-ipv6"), Kubernetes),
    (Is("cni_hostport"), Cni),
    (Is("cni_plugins_masquerade"), Cni),
    (Is("netavark"), Podman),
    (Is("incus"), Incus),
    (Is("lxd"), Lxd),
    (Is("lxc"), Lxc),
    (Starts("nm-shared-"), NetworkManager),
    (Is("io.systemd.nat"), Systemd),
    (Is("proxmox-firewall"), Proxmox),
    (Is("proxmox-firewall-guests"), Proxmox),
    (Is("f2b-table"), Fail2ban),
    (Is("crowdsec"), CrowdSec),
    (Is("crowdsec6"), CrowdSec),
    (Is("sshguard"), Sshguard),
    (Is("netbird"), NetBird),
    (Starts("wg-quick-"), WireGuard),
    (Is("mullvad"), Mullvad),
    (Is("nixos-fw"), NixOs),
];

/// Chains, in iptables' tables or where nft shows them.
const CHAINS: Marks = &[
    (Starts("LIBVIRT_"), Libvirt),
    (Is("libvirt-in"), NetworkFilter),
    (Is("libvirt-in-post"), NetworkFilter),
    (Is("libvirt-out"), NetworkFilter),
    (Is("libvirt-host-in"), NetworkFilter),
    (Starts("libvirt-J-"), NetworkFilter),
    (Starts("libvirt-P-"), NetworkFilter),
    (Starts("libvirt-I-"), NetworkFilter),
    (Starts("libvirt-O-"), NetworkFilter),
    (Starts("FI-"), NetworkFilter),
    (Starts("FO-"), NetworkFilter),
    (Starts("HI-"), NetworkFilter),
    (Starts("FJ-"), NetworkFilter),
    (Starts("FP-"), NetworkFilter),
    (Starts("HJ-"), NetworkFilter),
    (Is("DOCKER"), Docker),
    (Starts("DOCKER-"), Docker),
    (Starts("DOCKER_"), Docker),
    (Starts("ufw-docker-"), UfwDocker),
    (Starts("ufw-"), Ufw),
    (Starts("ufw6-"), Ufw),
    (Ends("_direct"), Firewalld),
    (Ends("_ZONES"), Firewalld),
    (Ends("_ZONES_SOURCE"), Firewalld),
    (Ends("_POLICIES_pre"), Firewalld),
    (Ends("_POLICIES_post"), Firewalld),
    (Is("RFC3964_IPv4"), Firewalld),
    (Starts("KUBE-"), Kubernetes),
    (Starts("cali-"), Kubernetes),
    (Starts("CILIUM_"), Kubernetes),
    (Starts("OLD_CILIUM_"), Kubernetes),
    (Starts("FLANNEL-"), Kubernetes),
    (Starts("WEAVE-"), Kubernetes),
    (Is("WEAVE"), Kubernetes),
    (Starts("ANTREA-"), Kubernetes),
    (Starts("CNI-"), Cni),
    (Starts("NETAVARK"), Podman),
    (Starts("nm-sh-in-"), NetworkManager),
    (Starts("nm-sh-fw-"), NetworkManager),
    (Starts("PVEFW-"), Proxmox),
    (Starts("neutron-"), OpenStack),
    (Starts("f2b-"), Fail2ban),
    (Starts("fail2ban-"), Fail2ban),
    (Starts("CROWDSEC_"), CrowdSec),
    (Is("sshguard"), Sshguard),
    (Is("ts-input"), Tailscale),
    (Is("ts-forward"), Tailscale),
    (Is("ts-postrouting"), Tailscale),
    (Starts("NETBIRD-"), NetBird),
    (Starts("nixos-"), NixOs),
    (Starts("MINIUPNPD"), Miniupnpd),
    (Is("shorewall"), Shorewall),
    (Is("LOCALINPUT"), Csf),
    (Is("LOCALOUTPUT"), Csf),
];

/// Chains that a program makes for the administrator's own rules.
const FOR_ADMINISTRATOR: &[&str] = &["DOCKER-USER", "CNI-ADMIN"];

/// Chains whose program fills their table, so that more in it is its own than names alone say.
const FILLING: Marks = &[
    (Is("shorewall"), Shorewall),
    (Is("LOCALINPUT"), Csf),
    (Ends("_direct"), Firewalld),
    (Ends("_ZONES"), Firewalld),
];

/// Chains of firewalld's zones and policies, in a table that firewalld fills.
const ZONES: &[&str] = &["IN_", "OUT_", "FWD_", "FWDI_", "FWDO_", "PRE_", "POST_"];

/// Chains that name their program's own bridges only, so that a bridge can be learnt from them.
const TEACHING: Marks = &[
    (Is("DOCKER"), Docker),
    (Is("DOCKER-BRIDGE"), Docker),
    (Is("DOCKER-CT"), Docker),
    (Is("DOCKER-FORWARD"), Docker),
    (Is("DOCKER-INTERNAL"), Docker),
    (Starts("DOCKER-ISOLATION-STAGE-"), Docker),
    (Starts("NETAVARK_ISOLATION_"), Podman),
    (Starts("CNI-ISOLATION-STAGE-"), Cni),
];

/// Devices.
const DEVICES: Marks = &[
    (Numbered("virbr"), Libvirt),
    (Is("docker0"), Docker),
    (Is("docker_gwbridge"), Docker),
    (Hex12("br-"), Docker),
    (Numbered("cni-podman"), Podman),
    (Numbered("podman"), Podman),
    (Numbered("cni"), Cni),
    (Numbered("nerdctl"), Cni),
    (Starts("flannel."), Kubernetes),
    (Starts("cilium_"), Kubernetes),
    (Starts("cali"), Kubernetes),
    (Is("kube-bridge"), Kubernetes),
    (Is("kube-ipvs0"), Kubernetes),
    (Numbered("incusbr"), Incus),
    (Numbered("lxdbr"), Lxd),
    (Numbered("lxcbr"), Lxc),
    (Is("mpqemubr0"), Multipass),
    (Numbered("tailscale"), Tailscale),
    (Numbered("fwbr"), Proxmox),
];

/// What a program's comments begin with.
const COMMENTS: &[(&str, Owner)] = &[
    ("generated for LXD ", Lxd),
    ("generated for Incus ", Incus),
    ("generated for Multipass ", Multipass),
    ("wg-quick(8) rule for ", WireGuard),
    ("kubernetes ", Kubernetes),
    ("cali:", Kubernetes),
    ("cilium-", Kubernetes),
    ("flanneld ", Kubernetes),
    ("CNI ", Cni),
    ("nm-shared-", NetworkManager),
    ("DOCKER-INGRESS", Docker),
];

/// Sets of addresses.
const SETS: Marks = &[
    (Starts("f2b-"), Fail2ban),
    (Starts("crowdsec"), CrowdSec),
    (Starts("KUBE-"), Kubernetes),
    (Starts("cali"), Kubernetes),
];

impl Pattern {
    fn holds(self, name: &str) -> bool {
        let all_digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        match self {
            Is(whole) => name == whole,
            Starts(start) => name.starts_with(start),
            Ends(end) => name.ends_with(end),
            Numbered(start) => name.strip_prefix(start).is_some_and(all_digits),
            Hex12(start) => name
                .strip_prefix(start)
                .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(is_hex)),
        }
    }
}

fn find(marks: Marks, name: &str) -> Option<Owner> {
    let found = marks.iter().find(|(pattern, _)| pattern.holds(name));
    found.map(|(_, owner)| *owner)
}

/// Whose a table of nft of this name is, as a whole.
pub(super) fn table(name: &str) -> Option<Owner> {
    find(TABLES, name)
}

/// Whose a chain of this name is.
pub(super) fn chain(name: &str) -> Option<Owner> {
    find(CHAINS, name)
}

/// Whose a device of this name is.
pub(super) fn device(name: &str) -> Option<Owner> {
    find(DEVICES, name)
}

/// Whose a set of this name is.
pub(super) fn set(name: &str) -> Option<Owner> {
    find(SETS, name)
}

/// Who writes comments like this one.
pub(super) fn comment(text: &str) -> Option<Owner> {
    let found = COMMENTS.iter().find(|(start, _)| text.starts_with(start));
    found.map(|(_, owner)| *owner)
}

/// Whose bridges the rules of this chain name.
pub(super) fn teaches(chain: &str) -> Option<Owner> {
    find(TEACHING, chain)
}

/// Whether a program leaves this chain to the administrator.
pub(super) fn is_for_administrator(chain: &str) -> bool {
    FOR_ADMINISTRATOR.contains(&chain)
}

/// Who fills a table in which this chain stands.
pub(super) fn fills(chain: &str) -> Option<Owner> {
    find(FILLING, chain)
}

/// Whether a chain is of a zone or policy of firewalld, in a table that firewalld fills.
pub(super) fn is_zone(chain: &str) -> bool {
    ZONES.iter().any(|start| chain.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_of_docker_has_twelve_digits() {
        assert_eq!(device("br-0123456789ab"), Some(Docker));
        assert_eq!(device("br-lan"), None);
        assert_eq!(device("br-0123456789AB"), None);
        assert_eq!(device("virbr"), None);
        assert_eq!(device("virbr12"), Some(Libvirt));
    }

    #[test]
    fn the_first_mark_that_holds_decides() {
        assert_eq!(chain("ufw-docker-logging-deny"), Some(UfwDocker));
        assert_eq!(chain("ufw-user-forward"), Some(Ufw));
        assert_eq!(chain("DOCKERISH"), None);
        assert_eq!(chain("FORWARD"), None);
    }
}
