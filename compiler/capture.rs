//! The texts of a host, read: what it holds, and what of it was looked at.
//!
//! A capture is a folder of text files, or the same texts taken live; `host` fetches the bytes,
//! and this room makes of them what the rest of the way back works on. Every text is taken by its
//! name or its content, or is listed as left aside; what could not be read is a [`Gap`]. What no
//! text told of is not observed ([`Capture::observed`]), which is not the same as absent. Nothing
//! here knows the live machine, nor what was expected.

mod address;
mod bridge;
mod definition;
mod device;
pub mod inventory;
mod json;
mod lease;
mod macs;
mod process;
pub mod question;
mod read;
mod role;
mod route;
mod service;
mod sysctl;
mod traffic;

pub use definition::libvirt_network;
pub use process::{Process, Socket};
pub use read::read;

use std::collections::BTreeSet;

use crate::backend::gap::Unread;
use crate::firewall::{Family, Ruleset};
use crate::network::Network;
use crate::state::{BridgePort, Device, HostState, KernelRoute, PortMac, PortTag};
use crate::value::DeviceName;

/// One text of a host, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its name: the path within the capture, `dnsmasq/default.conf`.
    pub name: String,
    /// What it holds; from a host, so it may be anything.
    pub bytes: Vec<u8>,
}

/// Which of the [`Capture::files`] something was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub usize);

/// A file, and a line of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The file.
    pub file: FileId,
    /// The line, from 1; none for a file without lines, such as JSON.
    pub line: Option<usize>,
}

/// One file of a capture and what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedFile {
    /// Its name within the capture.
    pub name: String,
    /// What it was taken for; `None` if it was left aside.
    pub role: Option<Role>,
}

/// What a text of a host can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// `iptables-save` or `iptables -S`, of one family.
    Iptables(Variant, Family),
    /// `iptables -L`, which does not show all that rules say; of one family, as far as is known
    /// before it is read.
    Listing(Variant, Family),
    /// `nft list ruleset`.
    NftText,
    /// `nft -j list ruleset`, also one object a line.
    NftJson,
    /// `ip -j -d link`.
    Links,
    /// `ip -j addr`.
    Addresses,
    /// `ip -j route`, of one family.
    Routes(Family),
    /// `bridge -j link`, `fdb` or `vlan`.
    BridgePorts,
    /// `tc -j qdisc`, `class` or `filter`.
    Traffic,
    /// `key = value` lines.
    Sysctls,
    /// A configuration of dnsmasq.
    DnsmasqConf,
    /// Reserved hosts of dnsmasq.
    DnsmasqHosts,
    /// Fixed names of dnsmasq.
    DnsmasqNames,
    /// Leases: dnsmasq's own file, or libvirt's `.status`.
    Leases,
    /// libvirt's `.macs`.
    Macs,
    /// A network as libvirt defines it, or its live status.
    Definition,
    /// Every dnsmasq that runs, as `capture` writes it.
    Processes,
    /// The list of what a capture of ours holds.
    Inventory,
}

/// Which of the two iptables a dump is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Variant {
    /// The kernel's own tables.
    Legacy,
    /// On top of nf_tables.
    Nft,
    /// The text does not say.
    Unknown,
}

/// A ruleset that was captured.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturedRuleset {
    /// The file it was read from; rules know their lines ([`Rule::place`](crate::firewall::Rule)).
    pub file: FileId,
    /// Which tool listed it.
    pub tool: RuleTool,
    /// What it holds.
    pub ruleset: Ruleset,
    /// Whether it is a whole dump: every table ends, and nothing was left out.
    pub complete: bool,
}

/// Which tool listed a ruleset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleTool {
    /// iptables or ip6tables.
    Iptables(Variant, Family),
    /// nft: all families that nft lists.
    Nft,
}

/// The texts of one dnsmasq; what could be understood of them is in [`HostState::services`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFiles {
    /// The name of the configuration file without folder and ending.
    pub stem: String,
    /// The configuration and its text.
    pub conf: (FileId, String),
    /// Reserved hosts, if there is such a file.
    pub hosts: Option<(FileId, String)>,
    /// Fixed names, if there is such a file.
    pub names: Option<(FileId, String)>,
}

/// A network that libvirt's own files of the host define.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The file.
    pub file: FileId,
    /// What it says.
    pub network: Network,
    /// Whether the file says that the network is running (libvirt's status XML).
    pub live: bool,
}

/// What of a host was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Rules of iptables for one family, in whichever variant.
    Iptables(Family),
    /// Rules of nft.
    Nft,
    /// Links and their settings.
    Links,
    /// Addresses.
    Addresses,
    /// Routes of one family.
    Routes(Family),
    /// Kernel settings; a single one may still be missing.
    Sysctls,
    /// dnsmasq's files.
    Services,
    /// Rate limits.
    Traffic,
    /// Leases.
    Leases,
    /// Which dnsmasq run.
    Processes,
}

/// Something in a file that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The file.
    pub file: FileId,
    /// The line and why.
    pub unread: Unread,
}

/// What the texts of a host told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capture {
    /// All files, in the order of their names.
    pub files: Vec<CapturedFile>,
    /// What the host holds, rules aside: its addresses but for the link-local ones that the kernel
    /// makes, routes with a gateway, kernel settings, shaping, services, leases. Its networks are
    /// empty, since who they are is `recover`'s, and so are its links, which are in
    /// [`devices`](Self::devices).
    pub state: HostState,
    /// Devices.
    pub devices: Vec<Device>,
    /// What `tc` told of devices beside their rate limits.
    pub queueing: Vec<Queueing>,
    /// Ports of bridges, and what is behind them.
    pub bridging: Bridging,
    /// The main table of routes, whoever made them.
    pub kernel_routes: Vec<KernelRoute>,
    /// Every dnsmasq that runs.
    pub processes: Vec<Process>,
    /// Rules, a dump at a time.
    pub rulesets: Vec<CapturedRuleset>,
    /// The files of each dnsmasq.
    pub services: Vec<ServiceFiles>,
    /// Networks that libvirt's files define.
    pub definitions: Vec<Definition>,
    /// Bridges that libvirt keeps `.macs` for: the guests and their addresses.
    pub guests: Vec<Guest>,
    /// What was looked at.
    pub topics: BTreeSet<Topic>,
    /// What was not understood.
    pub gaps: Vec<Gap>,
}

/// A guest and its hardware addresses on one bridge, from libvirt's `.macs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The bridge.
    pub link: DeviceName,
    /// The guest's name; from the host, so it may be anything.
    pub name: String,
    /// Its addresses.
    pub macs: Vec<String>,
}

/// What a listing of `tc` says of a device beside its rate limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queueing {
    /// The device.
    pub link: DeviceName,
    /// The file.
    pub file: FileId,
    /// Whether the filters of what the device sends were listed, even if there were none.
    pub filters: bool,
    /// Whether one of them fills in checksums.
    pub checksum: bool,
    /// Whether its rates were read from text, which rounds large ones.
    pub rounded: bool,
    /// What single guests have for sure of what a bridge sends.
    pub shares: Vec<Share>,
}

/// A guest's share of what a bridge sends: a class of its own beside the one of all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The class; 3 is the first.
    pub class: u16,
    /// The rate, in kilobytes (1000 bytes) a second.
    pub rate_kbps: u64,
}

/// What listings say of the ports of bridges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bridging {
    /// The ports and their settings.
    pub ports: Vec<BridgePort>,
    /// The hardware addresses behind them, but for those of groups, which the kernel enters.
    pub macs: Vec<PortMac>,
    /// The VLAN tags of ports and of bridges themselves.
    pub tags: Vec<PortTag>,
}

impl Bridging {
    /// Takes in what another listing says.
    pub fn extend(&mut self, other: Bridging) {
        self.ports.extend(other.ports);
        self.macs.extend(other.macs);
        self.tags.extend(other.tags);
    }
}

impl Capture {
    /// Whether this was looked at.
    pub fn observed(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    /// The device of this name, if it was seen.
    pub fn device(&self, name: &DeviceName) -> Option<&Device> {
        self.devices.iter().find(|device| device.name == *name)
    }

    /// What rules now: for each tool the one dump that counts. Of several dumps of one tool it is
    /// the last by name, and a listing only if there is no other; of a text and the JSON of one
    /// nft it is the text, which has lines.
    pub fn present(&self) -> Vec<&CapturedRuleset> {
        let mut present: Vec<&CapturedRuleset> = Vec::new();
        for ruleset in &self.rulesets {
            match present.iter_mut().find(|each| each.tool == ruleset.tool) {
                Some(earlier) if self.counts_more(ruleset, earlier) => *earlier = ruleset,
                Some(_) => {}
                None => present.push(ruleset),
            }
        }
        present
    }

    /// Files come in the order of their names, so a later one is a later dump.
    fn counts_more(&self, later: &CapturedRuleset, earlier: &CapturedRuleset) -> bool {
        let role = |ruleset: &CapturedRuleset| {
            let file = self.files.get(ruleset.file.0);
            file.and_then(|file| file.role)
        };
        let is_json = |ruleset: &CapturedRuleset| role(ruleset) == Some(Role::NftJson);
        let is_listing =
            |ruleset: &CapturedRuleset| matches!(role(ruleset), Some(Role::Listing(_, _)));
        if is_listing(later) != is_listing(earlier) {
            return is_listing(earlier);
        }
        let stem = |ruleset: &CapturedRuleset| {
            let name = self.name(ruleset.file);
            name.rsplit_once('.').map_or(name, |(stem, _)| stem)
        };
        stem(later) != stem(earlier) || (is_json(earlier) && !is_json(later))
    }

    /// The name of a file.
    pub fn name(&self, file: FileId) -> &str {
        self.files.get(file.0).map_or("", |file| &file.name)
    }
}
