//! Files for the tools that run a host's networks: one file of code a tool.
//!
//! A backend is a pure function from what was compiled to [`Artifact`]s; what it cannot express it
//! says ([`Limit`]), never silently leaves out. The tool's own words are in `templates/`. A new
//! backend is one file here, its templates, and one line in [`BACKENDS`]. Nothing here knows the
//! machine.

pub mod dnsmasq;
pub mod firewalld;
pub mod gap;
pub mod guest_ports;
pub mod iproute2;
pub mod iptables;
pub mod manifest;
pub mod network_manager;
pub mod networkd;
pub mod nftables;
#[cfg(test)]
mod sample;
pub mod sysctl;
pub mod systemd;
pub mod template;

use crate::diagnostic::Code;
use crate::firewall::Policy;
use crate::state::HostState;
use crate::value::NetworkName;

/// What a backend is given: everything that was compiled.
#[derive(Clone, Copy, Debug)]
pub struct Compiled<'a> {
    /// What the host is to hold, rules aside.
    pub state: &'a HostState,
    /// What the firewall is to do.
    pub policy: &'a Policy,
    /// How files of libvirt's own are laid out.
    pub layout: Layout,
}

/// Whose paths and file names the service files follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Ours: `/etc/lanwright`, `/var/lib/lanwright`, `/run/lanwright`.
    #[default]
    Native,
    /// Ours on a host that `apply` works on: configurations in `/run/lanwright`, for they are made
    /// anew at every boot.
    Applied,
    /// libvirt's: `/var/lib/libvirt/dnsmasq`, `/run/libvirt/network`.
    Libvirt,
}

impl Layout {
    /// The word for it, on the command line and in the manifest.
    pub fn word(self) -> &'static str {
        match self {
            Layout::Native => "native",
            Layout::Applied => "applied",
            Layout::Libvirt => "libvirt",
        }
    }
}

/// One file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Where it stands in the tree: `dnsmasq/default.conf`. Made of checked names only.
    pub path: String,
    /// What it holds.
    pub text: String,
    /// Its permission bits: 0o644, 0o600 where the tool asks for it, 0o755 for scripts.
    pub mode: u32,
}

/// Something that a tool cannot express.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What kind of limit it is; a warning.
    pub code: Code,
    /// The network that asked for it.
    pub network: NetworkName,
    /// What cannot be expressed, and what happens instead.
    pub message: String,
    /// What to do about it, if there is something.
    pub help: Option<String>,
}

/// What a backend made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Its files.
    pub artifacts: Vec<Artifact>,
    /// What it could not express.
    pub limits: Vec<Limit>,
}

/// A tool that files are made for.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// The tool, which is also a word for `--only`.
    pub name: &'static str,
    /// The folder of the tree that its files are in, the other word for `--only`.
    pub folder: &'static str,
    /// One line about it, for help texts.
    pub summary: &'static str,
    /// Makes the files.
    pub emit: fn(&Compiled<'_>) -> Output,
}

/// All backends, in the order in which their files are listed.
pub const BACKENDS: &[Backend] = &[
    Backend {
        name: "iptables",
        folder: "firewall",
        summary: "rules as libvirt's iptables backend leaves them",
        emit: iptables::emit,
    },
    Backend {
        name: "nftables",
        folder: "firewall",
        summary: "rules for nft: our own layout and libvirt's",
        emit: nftables::emit,
    },
    Backend {
        name: "firewalld",
        folder: "firewalld",
        summary: "zones and policies for hosts where firewalld runs",
        emit: firewalld::emit,
    },
    Backend {
        name: "dnsmasq",
        folder: "dnsmasq",
        summary: "DHCP, DNS, TFTP and router advertisements",
        emit: dnsmasq::emit,
    },
    Backend {
        name: "networkd",
        folder: "networkd",
        summary: "bridges and uplinks for systemd-networkd",
        emit: networkd::emit,
    },
    Backend {
        name: "network-manager",
        folder: "network-manager",
        summary: "bridges and uplinks for NetworkManager",
        emit: network_manager::emit,
    },
    Backend {
        name: "iproute2",
        folder: "iproute2",
        summary: "bridges, rate limits and checksum filters for ip and tc",
        emit: iproute2::emit,
    },
    Backend {
        name: "sysctl",
        folder: "sysctl",
        summary: "forwarding and IPv6 settings",
        emit: sysctl::emit,
    },
    Backend {
        name: "systemd",
        folder: "systemd",
        summary: "units that bring it all up at boot",
        emit: systemd::emit,
    },
    Backend {
        name: "guest-ports",
        folder: "guest-ports",
        summary: "what a guest's tap, veth or macvtap needs",
        emit: guest_ports::emit,
    },
];

impl Artifact {
    /// A file that everyone may read.
    pub fn file(path: impl Into<String>, text: String) -> Self {
        Artifact {
            path: path.into(),
            text,
            mode: 0o644,
        }
    }

    /// A file for root alone.
    pub fn private(path: impl Into<String>, text: String) -> Self {
        Artifact {
            path: path.into(),
            text,
            mode: 0o600,
        }
    }

    /// A file to be run.
    pub fn script(path: impl Into<String>, text: String) -> Self {
        Artifact {
            path: path.into(),
            text,
            mode: 0o755,
        }
    }
}
