//! Whose is a table, a chain, a rule?
//!
//! A host's rules are made by many programs, and each of them is known by names that it chooses
//! itself ([`marks`]). A rule in a chain that everyone shares is somebody's by where it jumps to,
//! by its comment or set, by the bridge it names, or by the subnet behind such a bridge, in this
//! order; each answer says by which. What bears no mark is nobody's that we know, which mostly
//! means the administrator's. What belongs to a network, and what is wrong, is not decided here.

mod effect;
mod foreign;
mod judge;
mod learnt;
mod marks;
#[cfg(test)]
mod tests;

pub use effect::{Effect, EffectKind};
pub use foreign::{Foreign, Piece, foreign};
pub use judge::Judge;
pub use learnt::Learnt;

use std::fmt;

use compact_str::CompactString;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

/// A program that makes rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// libvirt's networks.
    Libvirt,
    /// This program.
    Lanwright,
    /// libvirt's filters of single guests (`<filterref>`).
    NetworkFilter,
    /// Docker.
    Docker,
    /// The script that makes ufw rule Docker's ports.
    UfwDocker,
    /// firewalld.
    Firewalld,
    /// ufw.
    Ufw,
    /// Kubernetes and the programs that build its networks.
    Kubernetes,
    /// Plugins of the Container Network Interface.
    Cni,
    /// Podman's netavark.
    Podman,
    /// Incus.
    Incus,
    /// LXD.
    Lxd,
    /// LXC's own bridge.
    Lxc,
    /// Multipass.
    Multipass,
    /// NetworkManager's shared connections.
    NetworkManager,
    /// systemd-networkd and systemd-nspawn.
    Systemd,
    /// Proxmox VE.
    Proxmox,
    /// OpenStack's Neutron.
    OpenStack,
    /// fail2ban.
    Fail2ban,
    /// CrowdSec.
    CrowdSec,
    /// SSHGuard.
    Sshguard,
    /// Tailscale.
    Tailscale,
    /// NetBird.
    NetBird,
    /// WireGuard's wg-quick.
    WireGuard,
    /// Mullvad VPN.
    Mullvad,
    /// The firewall of NixOS.
    NixOs,
    /// MiniUPnPd.
    Miniupnpd,
    /// Shorewall.
    Shorewall,
    /// ConfigServer Firewall.
    Csf,
    /// Nobody that we know: mostly the administrator.
    Unknown,
}

impl Owner {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Owner::Libvirt => "libvirt",
            Owner::Lanwright => "lanwright",
            Owner::NetworkFilter => "libvirt network filters",
            Owner::Docker => "Docker",
            Owner::UfwDocker => "ufw-docker",
            Owner::Firewalld => "firewalld",
            Owner::Ufw => "ufw",
            Owner::Kubernetes => "Kubernetes",
            Owner::Cni => "CNI plugins",
            Owner::Podman => "Podman",
            Owner::Incus => "Incus",
            Owner::Lxd => "LXD",
            Owner::Lxc => "LXC",
            Owner::Multipass => "Multipass",
            Owner::NetworkManager => "NetworkManager",
            Owner::Systemd => "systemd",
            Owner::Proxmox => "Proxmox VE",
            Owner::OpenStack => "OpenStack",
            Owner::Fail2ban => "fail2ban",
            Owner::CrowdSec => "CrowdSec",
            Owner::Sshguard => "SSHGuard",
            Owner::Tailscale => "Tailscale",
            Owner::NetBird => "NetBird",
            Owner::WireGuard => "WireGuard",
            Owner::Mullvad => "Mullvad VPN",
            Owner::NixOs => "NixOS firewall",
            Owner::Miniupnpd => "MiniUPnPd",
            Owner::Shorewall => "Shorewall",
            Owner::Csf => "ConfigServer Firewall",
            Owner::Unknown => "unknown",
        }
    }

    /// Whether a host that has it has no rules beside it but those of programs that are known.
    fn rules_everything(self) -> bool {
        matches!(self, Owner::Shorewall | Owner::Csf)
    }

    /// Whether it makes virtual networks as we do, so that its rules are looked at network by
    /// network instead.
    pub fn is_ours(self) -> bool {
        matches!(self, Owner::Libvirt | Owner::Lanwright)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose something is, and by what that is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Whose.
    pub owner: Owner,
    /// By what.
    pub reason: Reason,
}

/// By what an owner is known. Names come from the host, so they may be anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The table has this name.
    Table(CompactString),
    /// The chain has this name.
    Chain(CompactString),
    /// The rule jumps to this chain.
    Jump(CompactString),
    /// The rule has this comment.
    Comment(CompactString),
    /// The rule asks this set.
    Set(CompactString),
    /// The rule names this device.
    Device(CompactString),
    /// The rule names addresses of this subnet, which lies behind a device of the owner.
    Subnet(IpNet, CompactString),
    /// The rule belongs to the frame that the program of this chain puts around it.
    Beside(CompactString),
    /// The rule has the form of libvirt's rules for this bridge, in a chain that everyone shares.
    Form(CompactString),
    /// The chain of this name is left to the administrator by its program.
    LeftToAdministrator(CompactString),
    /// Nothing is.
    Nothing,
}

impl Claim {
    fn new(owner: Owner, reason: Reason) -> Self {
        Claim { owner, reason }
    }

    fn unknown() -> Self {
        Claim::new(Owner::Unknown, Reason::Nothing)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Table(name) => write!(f, "the table is called {name}"),
            Reason::Chain(name) => write!(f, "the chain is called {name}"),
            Reason::Jump(chain) => write!(f, "jumps to {chain}"),
            Reason::Comment(text) => write!(f, "has the comment '{text}'"),
            Reason::Set(name) => write!(f, "asks the set {name}"),
            Reason::Device(name) => write!(f, "names {name}"),
            Reason::Subnet(net, device) => write!(f, "names {net}, which is behind {device}"),
            Reason::Beside(chain) => write!(f, "stands beside the chain {chain}"),
            Reason::Form(bridge) => {
                write!(f, "has the form of libvirt's rules for {bridge}")
            }
            Reason::LeftToAdministrator(chain) => {
                write!(f, "the chain {chain} is left to the administrator")
            }
            Reason::Nothing => f.write_str("bears no mark that we know"),
        }
    }
}
