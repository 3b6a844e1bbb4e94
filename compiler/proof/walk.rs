//! One packet on its way through the rules of a part of a hook, rule by rule.
//!
//! Nothing is shared with the diagrams but the questions themselves, so that each checks the
//! other.

use super::chain::{DEEPEST, Decider};
use super::outcome::End;
use super::program::{Plan, Program, Step};
use super::question::{Field, Packet, Question};
use crate::firewall::{ChainPolicy, TableFamily};

/// How many rules one packet is asked.
const MOST: usize = 2_000_000;

/// Where a packet ends, and how it came there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// How it ends.
    pub end: End,
    /// What was done to it, by the numbers of the words for it.
    pub effects: Vec<u32>,
    /// The rules that matched, in order, and last the policy that stopped it if one did.
    pub path: Vec<Decider>,
}

/// The rules cannot be followed so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// A packet on its way.
struct Walk<'a> {
    program: &'a Program,
    packet: &'a Packet,
    asked: usize,
    effects: Vec<u32>,
    path: Vec<Decider>,
}

/// Follows a packet through base chains, given with their priorities.
pub fn walk(
    program: &Program,
    entries: &[(i32, usize, usize)],
    packet: &Packet,
) -> Result<Walked, Lost> {
    let mut walk = Walk {
        program,
        packet,
        asked: 0,
        effects: Vec::new(),
        path: Vec::new(),
    };
    let mut end = End::Accept;
    for (_, table, chain) in entries {
        let of = &program.tables[*table];
        let is_ipv6 = packet.value(Field::Family) == 1;
        let comes = match of.family {
            TableFamily::Ip => !is_ipv6,
            TableFamily::Ip6 => is_ipv6,
            TableFamily::Inet => true,
            TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => false,
        };
        if !comes {
            continue;
        }
        let policy = of.chains[*chain].base.as_ref().map(|base| base.policy);
        match walk.chain(*table, *chain, 0)? {
            End::On | End::Back if policy == Some(ChainPolicy::Drop) => {
                walk.path.push(Decider {
                    table: *table,
                    chain: *chain,
                    rule: None,
                });
                end = End::Drop;
            }
            End::On | End::Back | End::Accept => {}
            decided @ (End::Drop | End::Reject(_) | End::Nat(_)) => end = decided,
        }
        if end != End::Accept {
            break;
        }
    }
    Ok(Walked {
        end,
        effects: walk.effects,
        path: walk.path,
    })
}

impl Walk<'_> {
    fn chain(&mut self, table: usize, chain: usize, deep: usize) -> Result<End, Lost> {
        if deep > DEEPEST {
            return Err(Lost);
        }
        let program = self.program;
        'rules: for (at, rule) in program.tables[table].chains[chain].rules.iter().enumerate() {
            self.asked += 1;
            if self.asked > MOST {
                return Err(Lost);
            }
            let here = Decider {
                table,
                chain,
                rule: Some(at),
            };
            for step in &rule.steps {
                match step {
                    Step::Ask(question) if !self.packet.answers(question) => continue 'rules,
                    Step::Ask(_) => {}
                    Step::Do(effect) => self.effects.push(*effect),
                    Step::Look(cases) => {
                        let end = self.look(cases, here, deep)?;
                        if end != End::On {
                            return Ok(end);
                        }
                    }
                    Step::Unknown(_) => return Err(Lost),
                }
            }
            self.path.push(here);
            let end = self.plan(&rule.plan, here, deep)?;
            if end != End::On {
                return Ok(end);
            }
        }
        Ok(End::On)
    }

    fn plan(&mut self, plan: &Plan, at: Decider, deep: usize) -> Result<End, Lost> {
        Ok(match plan {
            Plan::On => End::On,
            Plan::Accept => End::Accept,
            Plan::Drop => End::Drop,
            Plan::Back => End::Back,
            Plan::Reject(ipv4, ipv6) => End::Reject(match self.packet.value(Field::Family) {
                1 => *ipv6,
                _ => *ipv4,
            }),
            Plan::Jump(chain) => {
                let end = self.chain(at.table, *chain, deep + 1)?;
                if end == End::Back { End::On } else { end }
            }
            Plan::Goto(chain) => {
                let end = self.chain(at.table, *chain, deep + 1)?;
                if end == End::On { End::Back } else { end }
            }
            Plan::Look(cases) => self.look(cases, at, deep)?,
            Plan::Nat(to) => End::Nat(*to),
            Plan::Unknown(_) => return Err(Lost),
        })
    }

    fn look(&mut self, cases: &[(Question, Plan)], at: Decider, deep: usize) -> Result<End, Lost> {
        let mut met = cases
            .iter()
            .filter(|(question, _)| self.packet.answers(question));
        match met.next() {
            Some((_, plan)) => self.plan(plan, at, deep),
            None => Ok(End::On),
        }
    }
}
