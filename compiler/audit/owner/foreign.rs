//! The rules of a host that belong to no network, gathered by owner.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::effect::{Effect, Networks};
use super::{Claim, Judge, Learnt, Owner, Reason};
use crate::audit::layer::{self, Layer};
use crate::capture::{Capture, FileId, Origin};
use crate::firewall::{Chain, Rule, Table, TableFamily};
use crate::state::HostState;

/// What one program, or nobody known, has in a host's rulesets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Whose it is.
    pub owner: Owner,
    /// What there is, in the order in which it was found.
    pub pieces: Vec<Piece>,
    /// What of it matters to networks.
    pub effects: Vec<Effect>,
}

/// Neighbouring rules of one owner that are known by the same mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub file: FileId,
    /// The table, with its family where one tool lists several: `filter`, `inet firewalld`.
    pub table: CompactString,
    /// The chain; none for a whole table.
    pub chain: Option<CompactString>,
    /// How many rules.
    pub rules: usize,
    /// The lines of the first and the last rule, if lines are known.
    pub lines: Option<(usize, usize)>,
    /// By what its owner is known.
    pub reason: Reason,
}

impl Foreign {
    /// Chains without a rule say nothing, unless there is nothing else.
    fn without_empty(mut self) -> Self {
        if self.rules() > 0 {
            self.pieces.retain(|piece| piece.rules > 0);
        }
        self
    }

    /// How many rules there are.
    pub fn rules(&self) -> usize {
        self.pieces.iter().map(|piece| piece.rules).sum()
    }

    /// The tables, each once, in order.
    pub fn tables(&self) -> Vec<&str> {
        let mut tables: Vec<&str> = self.pieces.iter().map(|piece| &*piece.table).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }
}

/// The rules of a host that are of no network, by owner. `networks` are those that are looked at
/// by themselves, and `is_theirs` knows the rules that were found to belong to one.
pub fn foreign(
    capture: &Capture,
    networks: &HostState,
    is_theirs: impl Fn(&Layer<'_>, &Chain, &Rule) -> bool,
) -> Vec<Foreign> {
    let layers = layer::layers(capture);
    let tables: Vec<&Table> = layers.iter().map(|layer| layer.table).collect();
    let learnt = Learnt::of(&tables, &capture.state, networks);
    let networks = Networks::of(networks);
    let mut gathered = BTreeMap::new();
    for layer in &layers {
        let judge = Judge::new(&learnt, layer.table);
        let mut sorted = Sorting {
            layer,
            name: table_name(layer.table),
            gathered: &mut gathered,
        };
        sorted.table(&judge, &is_theirs);
        networks.effects(layer, &judge, |owner, effect| {
            if let Some(foreign) = gathered.get_mut(&owner) {
                foreign.effects.push(effect);
            }
        });
    }
    gathered.into_values().map(Foreign::without_empty).collect()
}

/// `filter` for iptables, whose families have a file each; `inet firewalld` for nft.
pub(super) fn table_name(table: &Table) -> CompactString {
    let family = match table.family {
        TableFamily::Ip => "ip",
        TableFamily::Ip6 => "ip6",
        TableFamily::Inet => "inet",
        TableFamily::Arp => "arp",
        TableFamily::Bridge => "bridge",
        TableFamily::Netdev => "netdev",
    };
    compact_str::format_compact!("{family} {}", table.name)
}

/// One table being sorted.
struct Sorting<'a, 'b> {
    layer: &'b Layer<'a>,
    name: CompactString,
    gathered: &'b mut BTreeMap<Owner, Foreign>,
}

impl Sorting<'_, '_> {
    fn table(&mut self, judge: &Judge<'_>, is_theirs: &impl Fn(&Layer<'_>, &Chain, &Rule) -> bool) {
        let chains = &self.layer.table.chains;
        if let Some(claim) = judge.table() {
            let rules = chains.iter().flat_map(|chain| &chain.rules);
            self.whole(claim.clone(), None, rules);
            return;
        }
        for chain in chains {
            let of_none = |rule: &&Rule| !is_theirs(self.layer, chain, rule);
            let rules: Vec<&Rule> = chain.rules.iter().filter(of_none).collect();
            let emptied = rules.is_empty() && !chain.rules.is_empty();
            match judge.chain(chain) {
                Some(_) if emptied => {}
                Some(claim) => self.whole(claim, Some(chain), rules.into_iter()),
                None => self.each(judge, chain, &rules),
            }
        }
    }

    fn whole<'r>(
        &mut self,
        claim: Claim,
        chain: Option<&Chain>,
        rules: impl Iterator<Item = &'r Rule>,
    ) {
        let mut piece = self.piece(chain, claim.reason);
        rules.for_each(|rule| piece.add(rule));
        self.put(claim.owner, piece);
    }

    fn each(&mut self, judge: &Judge<'_>, chain: &Chain, rules: &[&Rule]) {
        let mut open: Option<(Owner, Piece)> = None;
        for rule in rules {
            let Claim { owner, reason } = judge.rule(chain, rule);
            let same =
                |(before, piece): &(Owner, Piece)| *before == owner && piece.reason == reason;
            if !open.as_ref().is_some_and(same) {
                let next = (owner, self.piece(Some(chain), reason));
                if let Some((owner, piece)) = open.replace(next) {
                    self.put(owner, piece);
                }
            }
            if let Some((_, piece)) = &mut open {
                piece.add(rule);
            }
        }
        if let Some((owner, piece)) = open {
            self.put(owner, piece);
        }
    }

    fn piece(&self, chain: Option<&Chain>, reason: Reason) -> Piece {
        Piece {
            file: self.layer.file,
            table: self.name.clone(),
            chain: chain.map(|chain| chain.name.as_str().into()),
            rules: 0,
            lines: None,
            reason,
        }
    }

    fn put(&mut self, owner: Owner, piece: Piece) {
        if !owner.is_ours() {
            let gathered = self.gathered.entry(owner).or_insert_with(|| Foreign {
                owner,
                pieces: Vec::new(),
                effects: Vec::new(),
            });
            gathered.pieces.push(piece);
        }
    }
}

impl Piece {
    fn add(&mut self, rule: &Rule) {
        self.rules += 1;
        if let Some(line) = rule.place.get() {
            let (first, last) = self.lines.unwrap_or((line, line));
            self.lines = Some((first.min(line), last.max(line)));
        }
    }

    /// The file and the first line.
    pub fn origin(&self) -> Origin {
        Origin {
            file: self.file,
            line: self.lines.map(|(first, _)| first),
        }
    }
}
