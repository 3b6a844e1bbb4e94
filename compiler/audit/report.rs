//! What an audit found: the shape of `audit --format json`, and what the other reports are made of.
//!
//! Everything here is finished text and numbers. Every key is always there, and what is not known
//! is null. Names, rules and lines come from the host, so they may be anything; who prints them
//! makes them safe for the place.

use schemars::JsonSchema;
use serde::Serialize;

use super::owner::Owner;

/// What an audit found on one host.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The host, and what of it was looked at.
    pub host: Host,
    /// How many networks have each verdict, and how many findings there are.
    pub summary: Summary,
    /// The networks: declared ones in the order in which they were given, then orphans by bridge.
    pub networks: Vec<NetworkReport>,
    /// What is wrong with what all networks share: built-in chains and the jumps from them, tables,
    /// forwarding, layouts that are there twice.
    pub shared: Vec<Drift>,
    /// Rules of other programs, by owner.
    pub foreign: Vec<ForeignRules>,
    /// What of others gets in the way of networks.
    pub interference: Vec<Interference>,
    /// What stands where only networks' rules stand, and belongs to none that is known; and lines
    /// of the capture that were not understood.
    pub unexplained: Vec<Unexplained>,
}

/// The host, and what of it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Host {
    /// Where it was read from, as it was named; `live` for this machine.
    pub name: String,
    /// The firewall layouts that rule at least one bridge: `iptables`, `iptables-built-in` (libvirt
    /// before 5.1), `libvirt-nftables`, `lanwright`. More than one is a finding.
    pub layouts: Vec<String>,
    /// Which iptables holds the rules, if one does: `legacy`, `nft` or `unknown`.
    pub iptables_variant: Option<String>,
    /// Which libvirt leaves such rules: `before 5.1`, `5.1 or later`, `10.4 or later`; null if none
    /// did.
    pub libvirt: Option<String>,
    /// What was looked at: `iptables`, `ip6tables`, `nft`, `links`, `addresses`, `routes`,
    /// `routes6`, `sysctls`, `services`, `traffic`, `leases`.
    pub observed: Vec<String>,
    /// What was not. Nothing is said about it: it is neither in sync nor drift.
    pub not_observed: Vec<String>,
    /// The files of the capture.
    pub files: Vec<File>,
}

/// One file of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct File {
    /// Its name within the capture.
    pub name: String,
    /// What it was taken for; null if it was left aside.
    pub role: Option<String>,
}

/// How the networks and findings come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Networks as declared.
    pub in_sync: usize,
    /// Networks that differ from what was declared.
    pub drifted: usize,
    /// Declared networks of which the host has nothing.
    pub absent: usize,
    /// Networks that the host has and nobody declared.
    pub orphans: usize,
    /// Networks of which nothing was looked at.
    pub not_observed: usize,
    /// All drift, that of what is shared included.
    pub drift: usize,
    /// What gets in the way.
    pub interference: usize,
    /// What could not be explained.
    pub unexplained: usize,
}

/// One network: what was declared against what the host has.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NetworkReport {
    /// Its name; null for an orphan whose name nothing tells.
    pub name: Option<String>,
    /// How it comes out.
    pub verdict: Verdict,
    /// The file that declares it; null for an orphan.
    pub declared_in: Option<String>,
    /// The bridge that it was found on; else the declared one.
    pub bridge: Option<String>,
    /// How the bridge was found where its name is not the declared one, or none was declared: a
    /// sentence.
    pub matched_by: Option<String>,
    /// `isolated`, `nat`, `route`, `open`, `bridge`, `private`, `vepa`, `passthrough`, `hostdev`;
    /// null if the host does not tell.
    pub mode: Option<String>,
    /// Its subnets, as prefixes.
    pub subnets: Vec<String>,
    /// The only device that its packets leave through, if there is only one.
    pub outlet: Option<String>,
    /// The layout in which its rules were looked at; null where it has none or none was looked at.
    pub layout: Option<String>,
    /// The guests that libvirt has noted on its bridge.
    pub guests: Vec<String>,
    /// What of it was not looked at, in the words of [`Host::observed`].
    pub not_observed: Vec<String>,
    /// Where it differs.
    pub drift: Vec<Drift>,
    /// What this means for guests, each sentence once.
    pub breaks: Vec<String>,
}

/// How a network comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The host has it as declared, as far as was looked.
    InSync,
    /// The host has it, and something differs.
    Drifted,
    /// It is declared, and the host has nothing of it.
    Absent,
    /// The host has it, and nobody declared it.
    Orphan,
    /// Nothing was looked at that could tell.
    NotObserved,
}

/// One difference between what is expected and what is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Drift {
    /// In what way it differs.
    pub kind: DriftKind,
    /// What differs.
    pub object: Object,
    /// What is expected, as the tool spells it; null for what is not expected at all.
    pub expected: Option<String>,
    /// What was found; null for what is missing.
    pub found: Option<String>,
    /// Where it was found, or where it should be.
    pub place: Place,
    /// What it means for a guest, as a sentence; null where it means nothing that we know.
    pub breaks: Option<String>,
}

/// In what way something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// It is not there.
    Missing,
    /// It is there and should not be, or is there more often than it should be.
    Unexpected,
    /// It is there, but not in its place among its like.
    Moved,
    /// Something is there in its stead.
    Changed,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// A firewall rule.
    Rule,
    /// A jump from a built-in or base chain to a chain of networks.
    Jump,
    /// A chain, or the hook, priority or policy of one.
    Chain,
    /// An element of a verdict map.
    MapElement,
    /// The firewall layout as a whole.
    Layout,
    /// A bridge.
    Link,
    /// A setting of a bridge.
    LinkSetting,
    /// An address of a bridge.
    Address,
    /// A static route.
    Route,
    /// A kernel setting.
    Sysctl,
    /// The files of dnsmasq as a whole.
    Service,
    /// A line of one of dnsmasq's files.
    DnsmasqLine,
    /// A rate limit.
    Shaping,
}

/// Where something is, or should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Place {
    /// The file of the capture.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The table with its family: `ip filter`.
    pub table: Option<String>,
    /// The chain, or the verdict map.
    pub chain: Option<String>,
    /// The place among the rules of the chain, or the lines of the file, from 1; of what is
    /// missing, the place that it should have.
    pub position: Option<usize>,
}

/// Rules of another program, or of nobody that is known.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ForeignRules {
    /// Whose they are.
    pub owner: Owner,
    /// How many rules.
    pub rules: usize,
    /// The tables that they are in.
    pub tables: Vec<String>,
    /// The rules, neighbours together.
    pub pieces: Vec<ForeignPiece>,
    /// What of them matters to networks, each a sentence.
    pub effects: Vec<String>,
}

/// Neighbouring rules of one owner that are known by the same mark.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ForeignPiece {
    /// Where the first of them is.
    pub place: Place,
    /// The line of the last one.
    pub last_line: Option<usize>,
    /// How many rules.
    pub rules: usize,
    /// By what the owner is known.
    pub reason: String,
}

/// Something of others that gets in the way of networks.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Interference {
    /// Whose it is.
    pub owner: Owner,
    /// The rule or policy, as the tool spells it.
    pub what: String,
    /// Where it is.
    pub place: Place,
    /// The networks that it gets in the way of.
    pub networks: Vec<String>,
    /// What it means for guests, as a sentence.
    pub breaks: String,
}

/// Something that was not understood, or that belongs to nothing that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unexplained {
    /// The rule or line; null where only the reason can be told.
    pub what: Option<String>,
    /// Why it is here, as a sentence.
    pub why: String,
    /// Whether it is a finding: a rule among those of networks is, a line that was not understood
    /// is not.
    pub is_finding: bool,
    /// Where it is.
    pub place: Place,
}

impl Verdict {
    /// Its word in JSON and in text.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::InSync => "in-sync",
            Verdict::Drifted => "drifted",
            Verdict::Absent => "absent",
            Verdict::Orphan => "orphan",
            Verdict::NotObserved => "not-observed",
        }
    }

    /// Whether it is a finding.
    pub fn is_finding(self) -> bool {
        match self {
            Verdict::Drifted | Verdict::Absent | Verdict::Orphan => true,
            Verdict::InSync | Verdict::NotObserved => false,
        }
    }
}

impl Report {
    /// Whether there is nothing to complain of: no drift, nothing absent, no orphan, nothing in the
    /// way, no rule among those of networks that is none. Foreign rules that are in nobody's way
    /// are no finding, nor are lines that were not understood.
    pub fn is_clean(&self) -> bool {
        let networks = self.networks.iter().any(|each| each.verdict.is_finding());
        let unexplained = self.unexplained.iter().any(|each| each.is_finding);
        !networks && !unexplained && self.shared.is_empty() && self.interference.is_empty()
    }

    /// Counts the summary.
    pub fn count(&mut self) {
        let mut summary = Summary {
            drift: self.shared.len(),
            interference: self.interference.len(),
            unexplained: self.unexplained.len(),
            ..Summary::default()
        };
        for network in &self.networks {
            summary.drift += network.drift.len();
            *match network.verdict {
                Verdict::InSync => &mut summary.in_sync,
                Verdict::Drifted => &mut summary.drifted,
                Verdict::Absent => &mut summary.absent,
                Verdict::Orphan => &mut summary.orphans,
                Verdict::NotObserved => &mut summary.not_observed,
            } += 1;
        }
        self.summary = summary;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_json_says() {
        for verdict in [
            Verdict::InSync,
            Verdict::Drifted,
            Verdict::Absent,
            Verdict::Orphan,
            Verdict::NotObserved,
        ] {
            let json = serde_json::to_string(&verdict).expect("a word is JSON");
            assert_eq!(json, format!("\"{}\"", verdict.word()));
        }
    }
}
