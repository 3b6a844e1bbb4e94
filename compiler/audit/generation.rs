//! Which firewall layouts a host's rules are in, and of which generation of libvirt.
//!
//! libvirt ruled its networks in the built-in chains until 5.0, in chains of its own since 5.1,
//! and can use nft instead since 10.4. A host has one of them, if nothing was left behind; what is
//! there twice, or can no longer match, is a finding. Rules of single networks are not looked at
//! here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use compact_str::CompactString;

use super::builtin::BuiltIn;
use super::layer::{self, Layer};
use crate::capture::{Capture, Origin, RuleTool, Variant};
use crate::firewall::{Bound, Chain, Match, Rule, Table, Target};

/// A layout of rules for networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Generation {
    /// Rules in the built-in chains of iptables: libvirt before 5.1.
    BuiltInChains,
    /// Chains `LIBVIRT_…` of iptables: libvirt since 5.1.
    Chains,
    /// Tables `libvirt_network` of nft: libvirt since 10.4.
    Nftables,
    /// The table `inet lanwright`.
    Lanwright,
}

/// What was found of the layouts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detected {
    /// The layouts that rule at least one bridge, and those bridges.
    pub used: BTreeMap<Generation, BTreeSet<CompactString>>,
    /// The layouts whose tables or chains are there, and rule no bridge.
    pub empty: BTreeSet<Generation>,
    /// Whether DHCP answers get their checksum filled in by a rule.
    pub checksum_by_rule: bool,
    /// The bridges where a filter of `tc` does, as libvirt has it wherever it uses nft.
    pub checksum_by_filter: BTreeSet<CompactString>,
    /// What is there twice, or can no longer match.
    pub findings: Vec<Finding>,
}

/// Something about the layouts that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: Irregular,
    /// Where, as far as it is one place.
    pub origin: Option<Origin>,
}

/// What can be wrong with the layouts of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Irregular {
    /// One bridge is ruled in two layouts.
    Twice {
        /// The bridge.
        bridge: CompactString,
        /// The layouts.
        layouts: Vec<Generation>,
    },
    /// Rules of the same layout are in both variants of iptables.
    BothVariants,
    /// A rule names a device by a number: the device it was made for is gone.
    Number {
        /// The number.
        number: CompactString,
        /// The table and chain.
        chain: CompactString,
    },
}

impl Generation {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Generation::BuiltInChains => "iptables, in the built-in chains (libvirt before 5.1)",
            Generation::Chains => "iptables, in chains of libvirt's own (libvirt 5.1 or later)",
            Generation::Nftables => "nftables (libvirt 10.4 or later)",
            Generation::Lanwright => "lanwright's own table",
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Irregular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Irregular::Twice { bridge, layouts } => {
                let layouts: Vec<_> = layouts.iter().map(|layout| layout.name()).collect();
                write!(
                    f,
                    "{bridge} is ruled more than once: {}",
                    layouts.join("; ")
                )
            }
            Irregular::BothVariants => f.write_str(
                "rules of libvirt are in iptables-legacy and in iptables-nft: packets meet both",
            ),
            Irregular::Number { number, chain } => write!(
                f,
                "{chain} names a device by its number, {number}: the device was deleted, and the \
                 rule matches nothing"
            ),
        }
    }
}

/// What the rules of a capture are in.
pub fn detect(capture: &Capture) -> Detected {
    let layers = layer::layers(capture);
    let tables: Vec<&Table> = layers.iter().map(|layer| layer.table).collect();
    let filtered = capture.queueing.iter().filter(|it| it.checksum);
    let mut detected = Detected {
        checksum_by_filter: filtered.map(|it| it.link.as_str().into()).collect(),
        ..Detected::default()
    };
    let built_in = BuiltIn::of(&tables);
    for bridge in built_in.bridges() {
        detected.rules(Generation::BuiltInChains, bridge);
    }
    let mut variants = BTreeSet::new();
    for layer in &layers {
        if detected.read(layer) {
            variants.insert(variant(layer.tool));
        }
    }
    detected.empty = std::mem::take(&mut detected.empty)
        .into_iter()
        .filter(|layout| !detected.used.contains_key(layout))
        .collect();
    detected.find_twice();
    if variants.len() > 1 {
        detected.findings.push(Finding {
            what: Irregular::BothVariants,
            origin: None,
        });
    }
    detected
}

/// Whether it is the one of the kernel's own tables. What does not say is taken for the usual one.
fn variant(tool: RuleTool) -> bool {
    matches!(tool, RuleTool::Iptables(Variant::Legacy, _))
}

impl Detected {
    /// The layout that a bridge was made for, where no rule tells: only libvirt's nft and our own
    /// table leave checksums to a filter.
    pub fn by_filter(&self, bridge: &str) -> Option<Generation> {
        let filtered = self.checksum_by_filter.contains(bridge);
        let lanwright = Generation::Lanwright;
        let own = self.empty.contains(&lanwright) || self.used.contains_key(&lanwright);
        filtered.then_some(match own {
            true => Generation::Lanwright,
            false => Generation::Nftables,
        })
    }

    fn rules(&mut self, layout: Generation, bridge: &str) {
        let bridges = self.used.entry(layout).or_default();
        if !bridges.contains(bridge) {
            bridges.insert(bridge.into());
        }
    }

    /// Whether there are rules of libvirt's for iptables in this table.
    fn read(&mut self, layer: &Layer<'_>) -> bool {
        let table = layer.table;
        let layout = match table.name.as_str() {
            "libvirt_network" => Generation::Nftables,
            "lanwright" => Generation::Lanwright,
            _ => Generation::Chains,
        };
        let mut found = false;
        for chain in &table.chains {
            if layout == Generation::Chains && !chain.name.starts_with("LIBVIRT_") {
                continue;
            }
            self.empty.insert(layout);
            for rule in &chain.rules {
                self.read_rule(layout, layer, chain, rule);
            }
            found |= layout == Generation::Chains && !chain.rules.is_empty();
        }
        if layout == Generation::Lanwright {
            for element in table.sets.iter().flat_map(|set| &set.elements) {
                if let Some(bridge) = element.key.device() {
                    self.rules(layout, bridge.name());
                }
            }
        }
        found
    }

    fn read_rule(&mut self, layout: Generation, layer: &Layer<'_>, chain: &Chain, rule: &Rule) {
        self.checksum_by_rule |= rule.target == Target::ChecksumFill;
        let mut devices = rule.matches.iter().filter_map(Match::device);
        if let Some(gone) = devices.find(|device| device.bound == Bound::Gone) {
            self.findings.push(Finding {
                what: Irregular::Number {
                    number: gone.name.name().into(),
                    chain: compact_str::format_compact!("{} {}", layer.table.name, chain.name),
                },
                origin: Some(Origin {
                    file: layer.file,
                    line: rule.place.get(),
                }),
            });
        }
        if layout != Generation::Lanwright
            && let Some(bridge) = crossed(rule)
        {
            self.rules(layout, bridge);
        }
    }

    fn find_twice(&mut self) {
        let mut layouts: BTreeMap<&CompactString, Vec<Generation>> = BTreeMap::new();
        for (layout, bridges) in &self.used {
            for bridge in bridges {
                layouts.entry(bridge).or_default().push(*layout);
            }
        }
        let twice = layouts.into_iter().filter(|(_, layouts)| layouts.len() > 1);
        let found = twice.map(|(bridge, layouts)| Finding {
            what: Irregular::Twice {
                bridge: bridge.clone(),
                layouts,
            },
            origin: None,
        });
        self.findings.extend(found.collect::<Vec<_>>());
    }
}

/// The bridge, if this is the rule that every network has one of: from its bridge to itself.
fn crossed(rule: &Rule) -> Option<&str> {
    let [one, other] = rule.matches.as_slice() else {
        return None;
    };
    let (one, other) = (one.device()?, other.device()?);
    let is_there = !one.name.is_prefix() && one.bound != Bound::Gone;
    let accepted = rule.target == Target::Accept && is_there;
    (accepted && one.name == other.name).then_some(one.name.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::sample::{IPTABLES, LEGACY, REJECT, capture, jump, rule, table};
    use crate::firewall::{ChainPolicy, DevicePattern, TableFamily};

    fn chains(bridge: &str) -> Table {
        let both = format!("-i {bridge} -o {bridge}");
        let crossed = vec![rule(&both, Target::Accept)];
        let forward = vec![rule("", jump("LIBVIRT_FWX"))];
        table(
            "filter",
            vec![("FORWARD", forward), ("LIBVIRT_FWX", crossed)],
        )
    }

    fn tables(bridge: &str, bound: Bound) -> Table {
        let name = DevicePattern::named(bridge);
        let matches = vec![
            Match::InDevice {
                name: name.clone(),
                bound,
                negated: false,
            },
            Match::OutDevice {
                name,
                bound,
                negated: false,
            },
        ];
        let rules = vec![Rule::new(matches, Target::Accept)];
        let chains = vec![Chain::regular("guest_cross", rules)];
        Table::new(TableFamily::Ip, "libvirt_network", chains)
    }

    fn used(detected: &Detected) -> Vec<(Generation, Vec<&str>)> {
        let mut used = Vec::new();
        for (layout, bridges) in &detected.used {
            used.push((*layout, bridges.iter().map(CompactString::as_str).collect()));
        }
        used
    }

    #[test]
    fn each_layout_is_known() {
        let detected = detect(&capture(vec![(IPTABLES, vec![chains("virbr0")])]));
        assert_eq!(used(&detected), [(Generation::Chains, vec!["virbr0"])]);
        assert!(detected.findings.is_empty() && detected.empty.is_empty());

        let nft = vec![(RuleTool::Nft, vec![tables("virbr0", Bound::Index)])];
        let detected = detect(&capture(nft));
        assert_eq!(used(&detected), [(Generation::Nftables, vec!["virbr0"])]);

        let forward = vec![
            rule("-i virbr0 -o virbr0", Target::Accept),
            rule("-o virbr0", REJECT),
            rule("-i virbr0", REJECT),
        ];
        let built_in = vec![table("filter", vec![("FORWARD", forward)])];
        let detected = detect(&capture(vec![(LEGACY, built_in)]));
        assert_eq!(
            used(&detected),
            [(Generation::BuiltInChains, vec!["virbr0"])]
        );
    }

    #[test]
    fn leftovers_rule_no_bridge() {
        let mut left = chains("virbr0");
        left.chains[1].rules.clear();
        let detected = detect(&capture(vec![(IPTABLES, vec![left])]));
        assert!(detected.used.is_empty());
        assert_eq!(detected.empty, BTreeSet::from([Generation::Chains]));
    }

    #[test]
    fn what_is_there_twice_is_found() {
        let both = capture(vec![
            (IPTABLES, vec![chains("virbr0")]),
            (LEGACY, vec![chains("virbr1")]),
            (RuleTool::Nft, vec![tables("virbr0", Bound::Name)]),
        ]);
        let what: Vec<_> = detect(&both)
            .findings
            .into_iter()
            .map(|each| each.what)
            .collect();
        let twice = Irregular::Twice {
            bridge: "virbr0".into(),
            layouts: vec![Generation::Chains, Generation::Nftables],
        };
        assert_eq!(what, [twice, Irregular::BothVariants]);
    }

    #[test]
    fn a_number_for_a_bridge_is_found() {
        let nft = vec![(RuleTool::Nft, vec![tables("7", Bound::Gone)])];
        let detected = detect(&capture(nft));
        let numbers = detected.findings.iter().map(|each| each.what.to_string());
        let all: Vec<_> = numbers.collect();
        assert!(all.iter().all(|text| text.contains("by its number, 7")) && !all.is_empty());
        assert!(detected.used.is_empty());
    }

    #[test]
    fn everyone_elses_policy_says_nothing() {
        let mut other = table("filter", vec![("FORWARD", vec![])]);
        for base in other
            .chains
            .iter_mut()
            .filter_map(|chain| chain.base.as_mut())
        {
            base.policy = ChainPolicy::Drop;
        }
        assert_eq!(
            detect(&capture(vec![(IPTABLES, vec![other])])),
            Detected::default()
        );
    }

    #[test]
    fn a_filter_for_checksums_tells_the_layout() {
        let filtered = |bridge: &str| crate::capture::Queueing {
            link: bridge.parse().expect("it is a name"),
            file: crate::capture::FileId(0),
            filters: true,
            checksum: true,
            rounded: false,
            shares: Vec::new(),
        };
        let mut bare = capture(Vec::new());
        bare.queueing.push(filtered("virbr0"));
        let detected = detect(&bare);
        assert_eq!(detected.by_filter("virbr0"), Some(Generation::Nftables));
        assert_eq!(detected.by_filter("virbr1"), None);
        let own = Table::new(
            TableFamily::Inet,
            "lanwright",
            vec![Chain::regular("c", Vec::new())],
        );
        let mut own = capture(vec![(RuleTool::Nft, vec![own])]);
        own.queueing.push(filtered("virbr0"));
        assert_eq!(
            detect(&own).by_filter("virbr0"),
            Some(Generation::Lanwright)
        );
    }
}
