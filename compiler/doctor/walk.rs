//! The way of one packet through the chains of a host.
//!
//! Every base chain of a hook is asked in the order of their priorities, as the kernel does: what
//! one accepts another may still drop. Where a rule can only be known to match perhaps, both ways
//! are followed, and what comes of it is no longer certain.

use std::collections::HashMap;

use super::compare;
use super::packet::{self, Packet, Truth};
use crate::audit::layer::Layer;
use crate::firewall::{
    BaseKind, Chain, ChainPolicy, Family, Hook, Rule, Table, TableFamily, Target,
};

/// How deep chains are followed.
const DEEPEST: usize = 16;
/// How many rules one packet is asked: more than any host has for one.
const MOST: usize = 2_000_000;

/// Where a packet ends.
#[derive(Clone, Copy, Debug)]
pub struct Stop<'a> {
    /// The table.
    pub layer: Layer<'a>,
    /// The base chain by which the packet came there.
    pub base: &'a Chain,
    /// The chain.
    pub chain: &'a Chain,
    /// The rule; none if it is the policy of the chain.
    pub rule: Option<&'a Rule>,
    /// Whether it certainly ends there.
    pub certain: bool,
}

/// What a chain comes to.
#[derive(Clone, Copy)]
enum End<'a> {
    Accepted,
    Stopped(&'a Chain, Option<&'a Rule>),
    Translated,
    Fell,
}

/// An end, and whether it is certain that the chain comes to it.
type Ended<'a> = (End<'a>, bool);

/// All tables of a host, to be asked about packets.
pub struct Walker<'a> {
    layers: Vec<(Layer<'a>, HashMap<&'a str, &'a Chain>)>,
}

impl<'a> Walker<'a> {
    /// Of these tables.
    pub fn new(layers: impl Iterator<Item = Layer<'a>>) -> Self {
        let named = |layer: Layer<'a>| {
            let chains = layer.table.chains.iter();
            let chains = chains.map(|chain| (chain.name.as_str(), chain));
            (layer, chains.collect())
        };
        Walker {
            layers: layers.map(named).collect(),
        }
    }

    /// Where the packet ends on its way through these hooks; nothing if it passes.
    pub fn stop(&self, packet: &Packet, hooks: &[Hook]) -> Option<Stop<'a>> {
        let mut packet = packet.clone();
        let goes_out = packet.goes_out.take();
        let mut perhaps = None;
        for hook in hooks {
            // Where it goes is known only behind the first hook.
            if *hook != Hook::Prerouting {
                packet.goes_out.clone_from(&goes_out);
            }
            for (at, chain) in self.bases(*hook, &packet, false) {
                let mut walk = self.walk(at, &mut packet);
                let end = walk.chain(chain, 0);
                let doubted = walk.may_accept || !end.1;
                let may_stop = walk.may_stop;
                let layer = self.layers[at].0;
                let stop = |(chain_of, rule): (&'a Chain, Option<&'a Rule>), certain| Stop {
                    layer,
                    base: chain,
                    chain: chain_of,
                    rule,
                    certain,
                };
                if let Some(found) = stopped(end.0, chain) {
                    if !doubted {
                        return Some(stop(found, true));
                    }
                    perhaps = perhaps.or(Some(stop(found, false)));
                } else if let Some((chain_of, rule)) = may_stop {
                    perhaps = perhaps.or(Some(stop((chain_of, Some(rule)), false)));
                }
            }
        }
        perhaps
    }

    /// Whether the packet's source is rewritten as it leaves.
    pub fn translated(&self, packet: &Packet) -> Truth {
        let mut packet = packet.clone();
        let mut truth = Truth::No;
        for (at, chain) in self.bases(Hook::Postrouting, &packet, true) {
            let mut walk = self.walk(at, &mut packet);
            let (end, sure) = walk.chain(chain, 0);
            let doubted = walk.may_accept || walk.may_translate || !sure;
            match end {
                End::Translated if !doubted => return Truth::Yes,
                End::Translated => truth = Truth::Maybe,
                End::Accepted | End::Stopped(_, _) | End::Fell if walk.may_translate => {
                    truth = Truth::Maybe;
                }
                End::Accepted | End::Stopped(_, _) | End::Fell => {}
            }
        }
        truth
    }

    /// The chains that a packet enters at a hook, in the order of their priorities.
    fn bases(&self, hook: Hook, packet: &Packet, nat: bool) -> Vec<(usize, &'a Chain)> {
        let mut found: Vec<(i32, usize, &Chain)> = Vec::new();
        for (at, (layer, _)) in self.layers.iter().enumerate() {
            if !comes_to(layer.table, packet.family()) {
                continue;
            }
            for chain in &layer.table.chains {
                if let Some(base) = &chain.base
                    && base.hook == hook
                    && (base.kind == BaseKind::Nat) == nat
                {
                    found.push((base.priority, at, chain));
                }
            }
        }
        found.sort_by_key(|(priority, _, _)| *priority);
        let found = found.into_iter();
        found.map(|(_, at, chain)| (at, chain)).collect()
    }

    fn walk<'w>(&'w self, at: usize, packet: &'w mut Packet) -> Walk<'a, 'w> {
        let (layer, chains) = &self.layers[at];
        Walk {
            table: layer.table,
            chains,
            packet,
            asked: 0,
            may_stop: None,
            may_accept: false,
            may_translate: false,
        }
    }
}

fn comes_to(table: &Table, family: Family) -> bool {
    let comes = match table.family {
        TableFamily::Ip => family == Family::Ipv4,
        TableFamily::Ip6 => family == Family::Ipv6,
        TableFamily::Inet => true,
        TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => false,
    };
    comes && !table.flags.dormant
}

/// Where a packet ends that came so through a base chain.
fn stopped<'a>(end: End<'a>, base: &'a Chain) -> Option<(&'a Chain, Option<&'a Rule>)> {
    match end {
        End::Stopped(chain, rule) => Some((chain, rule)),
        End::Fell => {
            let policy = base.base.as_ref().map(|base| base.policy);
            (policy == Some(ChainPolicy::Drop)).then_some((base, None))
        }
        End::Accepted | End::Translated => None,
    }
}

/// A packet on its way through the chains of one table.
struct Walk<'a, 'w> {
    table: &'a Table,
    chains: &'w HashMap<&'a str, &'a Chain>,
    packet: &'w mut Packet,
    asked: usize,
    may_stop: Option<(&'a Chain, &'a Rule)>,
    may_accept: bool,
    may_translate: bool,
}

impl<'a> Walk<'a, '_> {
    fn chain(&mut self, chain: &'a Chain, deep: usize) -> Ended<'a> {
        let mut sure = true;
        for rule in &chain.rules {
            self.asked += 1;
            if self.asked > MOST {
                return (End::Fell, false);
            }
            let truth = packet::all(&rule.matches, self.packet, self.table);
            if truth == Truth::No {
                continue;
            }
            for effect in &rule.effects {
                self.change(&effect.what);
            }
            let targets = if let Target::Vmap(lookup) = &rule.target {
                compare::looked_up(lookup, self.packet, self.table)
            } else {
                vec![(&rule.target, Truth::Yes)]
            };
            for (target, held) in targets {
                let Some((end, certain)) = self.target(chain, rule, target, deep) else {
                    continue;
                };
                if certain && truth.and(held) == Truth::Yes {
                    return (end, sure);
                }
                self.note(end, rule, &mut sure);
            }
        }
        (End::Fell, sure)
    }

    /// What may have come of a rule that the packet may have met.
    fn note(&mut self, end: End<'a>, rule: &'a Rule, sure: &mut bool) {
        match end {
            End::Accepted => self.may_accept = true,
            End::Translated => self.may_translate = true,
            End::Stopped(chain, inner) => {
                let found = (chain, inner.unwrap_or(rule));
                self.may_stop.get_or_insert(found);
            }
            End::Fell => *sure = false,
        }
    }

    /// What a target comes to; nothing if the next rule is asked.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "all targets but the few that end a way or lead on let the packet go on"
    )]
    fn target(
        &mut self,
        chain: &'a Chain,
        rule: &'a Rule,
        target: &'a Target,
        deep: usize,
    ) -> Option<Ended<'a>> {
        match target {
            Target::Accept => Some((End::Accepted, true)),
            Target::Drop | Target::Reject(_) => Some((End::Stopped(chain, Some(rule)), true)),
            Target::Return => Some((End::Fell, true)),
            Target::Jump(name) => match self.follow(name, deep) {
                (End::Fell, _) => None,
                decided => Some(decided),
            },
            Target::Goto(name) => Some(self.follow(name, deep)),
            Target::Masquerade { .. } | Target::Snat(_) | Target::Netmap(_) => {
                Some((End::Translated, true))
            }
            Target::Translate(_) => Some((End::Translated, false)),
            Target::Queue(_) | Target::Tproxy(_) => Some((End::Accepted, false)),
            other => {
                self.change(other);
                None
            }
        }
    }

    fn follow(&mut self, name: &str, deep: usize) -> Ended<'a> {
        match self.chains.get(name) {
            Some(next) if deep < DEEPEST => self.chain(next, deep + 1),
            Some(_) => (End::Fell, false),
            // It would be an error to load such rules: the chain is one that was not listed.
            None => (End::Fell, true),
        }
    }

    /// Marks that rules leave are not followed.
    fn change(&mut self, what: &Target) {
        let assigns =
            |what: &Target| matches!(what, Target::Assign(change) if compare::marks(&change.field));
        let marks = matches!(what, Target::SetMark(_) | Target::CopyMark(_)) || assigns(what);
        if marks {
            self.packet.mark = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::layer;
    use crate::capture::{Text, read};
    use crate::firewall::Protocol;

    /// Where a guest's DNS query ends in these rules of the chain INPUT and others.
    fn ends(rules: &str) -> Option<(Option<usize>, bool)> {
        let text = format!("*filter\n{rules}COMMIT\n");
        let capture = read(vec![Text {
            name: "iptables-save.txt".to_owned(),
            bytes: text.into_bytes(),
        }]);
        let walker = Walker::new(layer::layers(&capture).into_iter());
        let address = |text: &str| text.parse().expect("an address");
        let mut packet = Packet::between(address("192.0.2.9"), address("192.0.2.1"), Protocol::UDP);
        packet.came_in = Some("virbr0".into());
        packet.destination_port = 53;
        let stop = walker.stop(&packet, &[Hook::Prerouting, Hook::Input])?;
        Some((stop.rule.and_then(|rule| rule.place.get()), stop.certain))
    }

    #[test]
    fn chains_are_followed_and_left_as_the_kernel_does() {
        let chains = ":INPUT DROP [0:0]\n:A - [0:0]\n:B - [0:0]\n";
        let ends = |rules: &str| ends(&format!("{chains}{rules}"));
        assert_eq!(ends(""), Some((None, true)));
        assert_eq!(
            ends("-A INPUT -i virbr0 -j A\n-A A -p udp -j ACCEPT\n"),
            None
        );
        // A return leads back, and a goto past the rest of its chain.
        let back = "-A INPUT -j A\n-A INPUT -j ACCEPT\n-A A -j RETURN\n-A A -j DROP\n";
        assert_eq!(ends(back), None);
        let past = "-A INPUT -g A\n-A INPUT -j ACCEPT\n-A A -i eth0 -j ACCEPT\n";
        assert_eq!(ends(past), Some((None, true)));
        let inner = "-A INPUT -j A\n-A A -j B\n-A B -j REJECT\n";
        assert_eq!(ends(inner), Some((Some(7), true)));
    }

    #[test]
    fn what_may_match_leaves_it_open() {
        let set = "-m set --match-set guests src";
        let accepted = format!(":INPUT DROP [0:0]\n-A INPUT {set} -j ACCEPT\n");
        assert_eq!(ends(&accepted), Some((None, false)));
        let dropped = format!(":INPUT ACCEPT [0:0]\n-A INPUT {set} -j DROP\n");
        assert_eq!(ends(&dropped), Some((Some(3), false)));
        let returned = format!(
            ":INPUT ACCEPT [0:0]\n:A - [0:0]\n-A INPUT -j A\n-A A {set} -j RETURN\n-A A -j DROP\n"
        );
        assert_eq!(ends(&returned), Some((Some(6), false)));
    }

    #[test]
    fn chains_without_end_are_left() {
        let mut rules = ":INPUT ACCEPT [0:0]\n-A INPUT -j C0\n".to_owned();
        for chain in 0..40 {
            rules += &format!(":C{chain} - [0:0]\n");
        }
        for chain in 0..40 {
            let next = (chain + 1) % 40;
            rules += &format!("-A C{chain} -j C{next}\n-A C{chain} -j C{next}\n");
        }
        assert_eq!(ends(&rules), None);
    }
}
