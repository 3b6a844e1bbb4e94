//! Whose a table, its chains and their rules are.

use std::collections::HashMap;

use compact_str::CompactString;

use super::learnt::{devices, prefixes};
use super::{Claim, Learnt, Owner, Reason, marks};
use crate::audit::layer;
use crate::firewall::{Chain, DevicePattern, Expression, Hook, Match, Rule, Table, Target};

/// Says whose the parts of one table are.
#[derive(Debug)]
pub struct Judge<'a> {
    learnt: &'a Learnt,
    table: &'a Table,
    /// Whether all programs share its built-in chains.
    shared: bool,
    whole: Option<Claim>,
    /// Who fills the table, and the chain that tells.
    filled: Option<(Owner, &'a str)>,
    /// Whose the regular chains are.
    chains: HashMap<&'a str, Owner>,
}

impl<'a> Judge<'a> {
    /// The judge of this table.
    pub fn new(learnt: &'a Learnt, table: &'a Table) -> Self {
        let named = marks::table(&table.name);
        let whole = named.map(|owner| Claim::new(owner, Reason::Table(table.name.as_str().into())));
        let fills = |chain: &'a Chain| Some((marks::fills(&chain.name)?, chain.name.as_str()));
        let filled = table.chains.iter().find_map(fills);
        let mut judge = Judge {
            learnt,
            table,
            shared: layer::is_iptables(table),
            whole,
            filled: filled.or_else(|| learnt.filled(table)),
            chains: HashMap::new(),
        };
        for chain in &table.chains {
            if let Some(owner) = judge.owner_of_chain(&chain.name) {
                judge.chains.insert(&chain.name, owner);
            }
        }
        judge
    }

    /// Whose the whole table is, if it is one program's.
    pub fn table(&self) -> Option<&Claim> {
        self.whole.as_ref()
    }

    fn owner_of_chain(&self, name: &str) -> Option<Owner> {
        let filled_by = |owner| self.filled.is_some_and(|(by, _)| by == owner);
        let zone = filled_by(Owner::Firewalld) && marks::is_zone(name);
        marks::chain(name).or(zone.then_some(Owner::Firewalld))
    }

    /// Whose a whole chain is; none if each of its rules is to be asked.
    pub fn chain(&self, chain: &Chain) -> Option<Claim> {
        if let Some(claim) = &self.whole {
            return Some(claim.clone());
        }
        if chain.base.is_some() || marks::is_for_administrator(&chain.name) {
            return None;
        }
        let named = || Reason::Chain(chain.name.as_str().into());
        let known = self.chains.get(chain.name.as_str());
        let claim = known.map(|owner| Claim::new(*owner, named()));
        claim.or_else(|| Some(self.filler().unwrap_or_else(Claim::unknown)))
    }

    /// The program that makes all of this table but what is somebody else's by name.
    fn filler(&self) -> Option<Claim> {
        let (owner, beside) = self.filled?;
        let all = owner.rules_everything();
        all.then(|| Claim::new(owner, Reason::Beside(beside.into())))
    }

    /// Whose a rule is, in a chain that [`chain`](Judge::chain) says nothing of.
    pub fn rule(&self, chain: &Chain, rule: &Rule) -> Claim {
        if let Some(claim) = self.by_jump(rule).or_else(|| by_words(rule)) {
            return claim;
        }
        if marks::is_for_administrator(&chain.name) {
            return left_to_administrator(chain, rule);
        }
        if !self.shared {
            return Claim::unknown();
        }
        if let Some(bridge) = self.learnt.built_in.bridge_of(self.table, chain, rule) {
            return Claim::new(Owner::Libvirt, Reason::Form(bridge.into()));
        }
        self.by_device(rule)
            .or_else(|| self.by_subnet(rule))
            .or_else(|| self.filler())
            .or_else(|| self.by_frame(rule))
            .unwrap_or_else(Claim::unknown)
    }

    /// Who set the policy of a built-in chain, as far as one can tell: the programs that do so and
    /// have chains here.
    pub fn policy(&self, chain: &Chain) -> Owner {
        let has = |owner| self.chains.values().any(|each| *each == owner);
        let is_forward = chain
            .base
            .as_ref()
            .is_some_and(|base| base.hook == Hook::Forward);
        let setting = [Owner::Ufw, Owner::Docker, Owner::Shorewall, Owner::Csf];
        let mut likely = setting.into_iter().filter(|owner| has(*owner));
        let docker_only_forwards = |owner: &Owner| *owner != Owner::Docker || is_forward;
        likely.find(docker_only_forwards).unwrap_or(Owner::Unknown)
    }

    fn by_jump(&self, rule: &Rule) -> Option<Claim> {
        let to = jump(&rule.target)?;
        let known = self.chains.get(to).copied();
        let owner = known.or_else(|| marks::chain(to))?;
        Some(Claim::new(owner, Reason::Jump(to.into())))
    }

    /// By the devices that the rule names. One that also names a network's bridge was made by
    /// somebody who knows of both.
    fn by_device(&self, rule: &Rule) -> Option<Claim> {
        if devices(rule).any(|device| self.learnt.is_network(device)) {
            return None;
        }
        let known = |device: &DevicePattern| {
            let owner = self.learnt.device(device)?;
            let name = device.name().into();
            (!owner.is_ours()).then(|| Claim::new(owner, Reason::Device(name)))
        };
        devices(rule).find_map(known)
    }

    fn by_subnet(&self, rule: &Rule) -> Option<Claim> {
        if devices(rule).any(|device| self.learnt.is_network(device)) {
            return None;
        }
        prefixes(rule).find_map(|net| {
            let (wider, device, owner) = self.learnt.subnet(net)?;
            Some(Claim::new(owner, Reason::Subnet(wider, device.clone())))
        })
    }

    /// firewalld puts a frame around its chains: loopback, replies, what is invalid, the end.
    fn by_frame(&self, rule: &Rule) -> Option<Claim> {
        let (owner, beside) = self.filled?;
        let is_loopback = |each: &Match| {
            matches!(each, Match::InDevice { name, .. } | Match::OutDevice { name, .. }
                if name.name() == "lo" && !name.is_prefix())
        };
        let is_state = |each: &Match| matches!(each, Match::CtState { .. } | Match::RpFilter(_));
        let mut matches = rule.matches.iter();
        let plain = matches.all(|each| is_loopback(each) || is_state(each));
        plain.then(|| Claim::new(owner, Reason::Beside(beside.into())))
    }
}

/// The chain that a target leads to; word for word where the chain is not in the text.
fn jump(target: &Target) -> Option<&str> {
    if let Target::Jump(chain) | Target::Goto(chain) = target {
        return Some(chain);
    }
    let Target::Other(words) = target else {
        return None;
    };
    let mut words = words.split_ascii_whitespace();
    let leads = matches!(words.next()?, "-j" | "-g" | "jump" | "goto");
    words.next().filter(|_| leads)
}

/// By a comment, or a set that is asked.
fn by_words(rule: &Rule) -> Option<Claim> {
    rule.matches.iter().find_map(|each| {
        if let Match::Comment(text) = each {
            let owner = marks::comment(text)?;
            return Some(Claim::new(owner, Reason::Comment(text.clone())));
        }
        let name = set(each)?;
        Some(Claim::new(marks::set(name)?, Reason::Set(name.into())))
    })
}

/// The set that is asked: an ipset, or one of nft.
fn set(each: &Match) -> Option<&str> {
    if let Match::Set(set) = each {
        return Some(&set.name);
    }
    let Match::Compare(compare) = each else {
        return None;
    };
    let Expression::Named(name) = &compare.right else {
        return None;
    };
    Some(name)
}

/// The one rule that Docker itself puts into its chain for the administrator says nothing.
fn left_to_administrator(chain: &Chain, rule: &Rule) -> Claim {
    let name = CompactString::from(chain.name.as_str());
    if rule.matches.is_empty() && rule.target == Target::Return {
        let owner = marks::chain(&name).unwrap_or(Owner::Unknown);
        return Claim::new(owner, Reason::Chain(name));
    }
    Claim::new(Owner::Unknown, Reason::LeftToAdministrator(name))
}
