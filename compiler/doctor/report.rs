//! What an examination found: the shape of `doctor --format json`.
//!
//! Everything here is finished text. Every key is always there, and what is not known is null.
//! Names come from the host, so they may be anything; who prints them makes them safe.

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::owner::Owner;

/// What was found on one host.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// Where it was read from, as it was named; `live` for this machine.
    pub host: String,
    /// The networks, in the order in which they were given.
    pub networks: Vec<Diagnosis>,
}

/// One network.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Diagnosis {
    /// Its name.
    pub network: String,
    /// `isolated`, `nat`, `route`, `open`, `bridge`, `private`, `vepa`, `passthrough`, `hostdev`.
    pub mode: String,
    /// Its bridge; null where guests sit on a device itself.
    pub bridge: Option<String>,
    /// How it comes out.
    pub verdict: Verdict,
    /// The first broken link of a packet's way; null if none is.
    pub cause: Option<Finding>,
    /// What else is wrong, in the order of a packet's way.
    pub further: Vec<Finding>,
    /// What is worth knowing and nothing wrong, each a sentence.
    pub notes: Vec<String>,
    /// What could not be looked at: `rules`, `links`, `addresses`, `ports`, `routes`, `sysctls`,
    /// `services`, `processes`, `leases`.
    pub not_observed: Vec<&'static str>,
}

/// How a network comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands in a guest's way, as far as was looked.
    Healthy,
    /// Something may stand in a guest's way.
    Doubtful,
    /// Something certainly does.
    Broken,
    /// Nothing was looked at that could tell.
    NotObserved,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// Whether it is certain; else it may be so.
    pub certain: bool,
    /// The fact, as a sentence without a full stop.
    pub fact: String,
    /// Whose doing it is, if another program's.
    pub owner: Option<Owner>,
    /// Where it was seen.
    pub seen: Seen,
    /// What it means for a guest, as a sentence without a full stop.
    pub breaks: String,
    /// What puts it right; null where no command does.
    pub fix: Option<Fix>,
}

/// Where something was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Seen {
    /// The file of the capture; null on this machine.
    pub file: Option<String>,
    /// The line, from 1; null where files have none.
    pub line: Option<usize>,
    /// The command that shows it.
    pub command: Option<String>,
    /// The rule or line itself.
    pub text: Option<String>,
}

/// What puts something right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fix {
    /// Commands, in order, each its program and arguments.
    pub commands: Vec<Vec<String>>,
    /// Whether `--fix` may run them: they touch nothing but what is wrong.
    pub runnable: bool,
    /// What to know about it, as a sentence.
    pub note: Option<String>,
}

/// What is checked, in the order of a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The bridge is there.
    Bridge,
    /// The bridge is up.
    BridgeUp,
    /// The bridge has its addresses.
    Address,
    /// The guest's device is a port of the bridge.
    PortAttached,
    /// The port is up.
    PortUp,
    /// The port forwards.
    PortForwards,
    /// The port is in the VLAN of its network.
    PortVlan,
    /// The bridge speaks IPv6 where it has such an address.
    Ipv6,
    /// dnsmasq has a configuration for the network.
    Service,
    /// dnsmasq runs.
    ServiceRuns,
    /// dnsmasq listens on the bridge.
    ServiceListens,
    /// There are addresses left to lease.
    Leases,
    /// The host lets in what guests ask of it.
    Input,
    /// The host lets out its answers.
    Output,
    /// The subnet is this network's alone.
    Route,
    /// The host forwards.
    Forwarding,
    /// The host has a way to the outside.
    DefaultRoute,
    /// The way to the outside goes through the network's device.
    Outlet,
    /// The firewall lets guests out.
    Forward,
    /// The firewall lets answers in.
    Replies,
    /// Guests' addresses are translated.
    Translation,
    /// The host's own IPv6 route outlives forwarding.
    RouterAdvertisements,
    /// Guests of one bridge reach each other.
    Neighbours,
    /// Rules name devices that are there.
    StaleDevice,
    /// The network's rules are there, in their places.
    Rules,
}

impl Verdict {
    /// Whether it is a finding.
    pub fn is_finding(self) -> bool {
        match self {
            Verdict::Broken | Verdict::Doubtful => true,
            Verdict::Healthy | Verdict::NotObserved => false,
        }
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        !self
            .networks
            .iter()
            .any(|network| network.verdict.is_finding())
    }
}

impl Fix {
    /// Commands that touch nothing but what is wrong.
    pub fn run<const N: usize>(commands: [&[&str]; N]) -> Self {
        let owned = |command: &[&str]| command.iter().map(ToString::to_string).collect();
        Fix {
            commands: commands.into_iter().map(owned).collect(),
            runnable: true,
            note: None,
        }
    }

    /// The same, left to people.
    pub fn by_hand(self) -> Self {
        Fix {
            runnable: false,
            ..self
        }
    }

    /// The same, with something to know.
    pub fn note(self, note: &str) -> Self {
        Fix {
            note: Some(note.to_owned()),
            ..self
        }
    }
}
