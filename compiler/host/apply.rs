//! Bringing the host from one generation to another, whole or not at all.
//!
//! ```text
//! observe ─▶ plan ─▶ record the new generation ─▶ journal ─▶ execute ─▶ observe and plan again
//!                                                                       nothing left: done
//!                                                   failure: the same way back to the old one
//! ```

mod handed;
mod lifelines;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::execute::{self, StepError};
use super::journal::{Journal, Passage};
use super::observe::{Blind, observe};
use super::store::{self, Generation, Number, StoreError};
use super::{HostError, detect, journal};
use crate::audit::owner::Owner;
use crate::doctor::{self, report::Check};
use crate::lower::{self, FirewallLayout, Ir};
use crate::network::{Member, NetworkSet};
use crate::plan::link::made;
use crate::plan::{
    Change, Degraded, Handed, Kind, Manner, Means, Observed, Plan, Refusal, Taken, Wish, plan,
    preflight, refuse,
};
use crate::value::{DeviceName, NetworkName};

/// How often it is tried to reach what is wanted: what one thing undoes, the next round mends.
const ROUNDS: usize = 3;

/// Something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The host does not tell what it holds.
    #[error(transparent)]
    Blind(#[from] Blind),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A step failed.
    #[error("{0}")]
    Step(String),
    /// The steps succeeded, and yet the host does not hold what is wanted.
    #[error("it was done, but the host does not hold it: {0}")]
    Unreached(String),
}

impl From<HostError> for ApplyError {
    fn from(error: HostError) -> Self {
        ApplyError::Store(error.into())
    }
}

/// A failure, and what became of the host.
#[derive(Debug)]
pub struct Failure {
    /// What failed.
    pub error: ApplyError,
    /// Whether the host is again as it was; else why not.
    pub reverted: Result<(), ApplyError>,
}

/// From one set of networks to another, as far as they differ or were named.
#[derive(Clone, Debug)]
pub struct Move {
    wanted: Ir,
    retired: Ir,
    /// How it was done before.
    before: Option<Manner>,
    /// How it is to be done.
    manner: Manner,
    taken: Vec<Taken>,
    /// Whether networks that libvirtd runs are taken over.
    take_over: bool,
    /// Whether somebody asked for just these rules.
    chosen: bool,
    /// What was taken from libvirt before.
    handed: Vec<Handed>,
    /// What of it goes back.
    returned: Vec<Handed>,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Done {
    /// What became different.
    pub changes: Vec<Change>,
    /// What this host cannot do.
    pub degraded: Vec<Degraded>,
    /// Steps that failed and that the rest went on without.
    pub skipped: Vec<String>,
}

/// A move, looked at.
#[derive(Debug)]
pub struct Prepared {
    moved: Move,
    means: Means,
    observed: Observed,
    /// What has to be done.
    pub plan: Plan,
    /// What forbids it.
    pub refusals: Vec<Refusal>,
    /// What deserves a word.
    pub warnings: Vec<Refusal>,
}

impl Move {
    /// From `old` to `new`: of the networks that are `named`, and of those that share a bridge
    /// or addresses with one of them.
    pub fn new(
        old: &NetworkSet,
        new: &NetworkSet,
        named: &BTreeSet<NetworkName>,
        before: Option<Manner>,
        manner: Manner,
        taken: Vec<Taken>,
    ) -> Self {
        let everything = before.is_some_and(|before| before != manner);
        let related = related(old, new, named);
        let touched = |member: &Member| everything || related.contains(&member.network.name);
        Move {
            wanted: lower::lower(&new.only(touched)),
            retired: lower::lower(&old.only(touched)),
            before,
            manner,
            taken,
            take_over: false,
            chosen: false,
            handed: Vec::new(),
            returned: Vec::new(),
        }
    }

    fn wish(&self) -> Wish<'_> {
        Wish {
            wanted: &self.wanted,
            retired: &self.retired,
            before: self.before.as_ref(),
            taken: &self.taken,
            take_over: self.take_over,
            returned: &self.returned,
        }
    }

    /// The way back.
    fn back(self, taken: Vec<Taken>, handed: Vec<Handed>) -> Self {
        let back = Move {
            wanted: self.retired,
            retired: self.wanted,
            manner: self.before.unwrap_or(self.manner),
            before: Some(self.manner),
            taken: self.taken.into_iter().chain(taken).collect(),
            // What was given back is taken again.
            take_over: !self.returned.is_empty(),
            chosen: false,
            handed: self.handed,
            returned: Vec::new(),
        };
        let returned = handed.into_iter().filter(|each| back.leaves(each));
        Move {
            returned: returned.collect(),
            ..back
        }
    }
}

/// The networks that are named and those that they have a bridge or addresses in common with, be it
/// through others: rules that are found by their addresses hold all that have them.
fn related(
    old: &NetworkSet,
    new: &NetworkSet,
    named: &BTreeSet<NetworkName>,
) -> BTreeSet<NetworkName> {
    let nets = |member: &Member| -> Vec<IpNet> {
        let subnets = member.network.as_virtual().into_iter();
        let subnets = subnets.flat_map(|network| &network.subnets);
        subnets.map(|subnet| subnet.network()).collect()
    };
    let members: Vec<(&Member, Vec<IpNet>)> = old
        .members()
        .iter()
        .chain(new.members())
        .map(|member| (member, nets(member)))
        .collect();
    let (mut inside, mut outside): (Vec<_>, Vec<_>) = members
        .iter()
        .partition(|(member, _)| named.contains(&member.network.name));
    let mut seen = 0;
    while let Some((one, nets)) = inside.get(seen).copied() {
        seen += 1;
        let meets = |net: &IpNet| {
            let mut nets = nets.iter();
            nets.any(|each| each.contains(net) || net.contains(each))
        };
        let belongs = |(other, others): &&(&Member, Vec<IpNet>)| {
            let same = one.bridge.is_some() && one.bridge == other.bridge;
            same || one.network.name == other.network.name || others.iter().any(meets)
        };
        let (more, rest): (Vec<_>, Vec<_>) = outside.into_iter().partition(belongs);
        inside.extend(more);
        outside = rest;
    }
    let names = inside.iter().map(|(member, _)| member.network.name.clone());
    names.collect()
}

/// Looks at the host and says what has to be done.
pub fn prepare(moved: Move) -> Result<Prepared, ApplyError> {
    let means = detect::means(moved.manner, &moved.wanted);
    let wish = moved.wish();
    let observed = observe(
        &wish,
        moved.manner.firewall,
        moved.manner.links,
        means.firewalld,
    )?;
    let plan = plan(&wish, &observed, &means);
    let (mut refusals, mut warnings) = refuse::refuse(&wish, &observed, &lifelines::lifelines());
    let (unready, doubtful) = preflight::refuse(&wish, &observed, &means);
    refusals.extend(unready);
    warnings.extend(doubtful);
    foresee(
        &moved,
        &means,
        &observed,
        &plan,
        &mut refusals,
        &mut warnings,
    );
    Ok(Prepared {
        plan,
        refusals,
        warnings,
        means,
        observed,
        moved,
    })
}

/// Rules in tables of nft open nothing that others shut: where they do, it is said at once.
fn foresee(
    moved: &Move,
    means: &Means,
    observed: &Observed,
    plan: &Plan,
    refusals: &mut Vec<Refusal>,
    warnings: &mut Vec<Refusal>,
) {
    let ruled = plan.changes().any(|change| change.kind == Kind::Firewall);
    if moved.manner.firewall.layout == FirewallLayout::Iptables || !ruled {
        return;
    }
    let mut capture = super::others::rules();
    if capture.rulesets.is_empty() {
        return;
    }
    capture
        .kernel_routes
        .clone_from(&observed.capture.kernel_routes);
    for (bridge, finding) in doctor::foresee(&moved.wanted, &capture) {
        let told = refuse::shut(&bridge, &finding, moved.chosen);
        match finding.owner {
            // The zone that the bridge comes into opens it.
            Some(Owner::Firewalld) if means.firewalld => {}
            _ if moved.chosen && finding.check == Check::Forward => refusals.push(told),
            _ => warnings.push(told),
        }
    }
}

impl Prepared {
    /// What uplinks hold that they lose, and what those lost before that are still uplinks, as far
    /// as is known of networks that the plan does not speak of.
    pub fn taken(&self) -> Vec<Taken> {
        let uplinks = |ir: &Ir| -> BTreeSet<DeviceName> {
            let uplinks = made(&ir.state).filter_map(|(_, bridge)| bridge.uplink.as_ref());
            uplinks.map(|uplink| uplink.dev.clone()).collect()
        };
        let (wanted, retired) = (uplinks(&self.moved.wanted), uplinks(&self.moved.retired));
        let now = &self.plan.taken;
        let before = self.moved.taken.iter().filter(|taken| {
            let goes = retired.contains(&taken.dev) && !wanted.contains(&taken.dev);
            !goes && now.iter().all(|each| each.dev != taken.dev)
        });
        before.chain(now).cloned().collect()
    }

    /// How it is done.
    pub fn manner(&self) -> Manner {
        self.moved.manner
    }

    /// Whether networks go that forwarded.
    pub fn forwarding_stays(&self) -> bool {
        let global = |ir: &Ir| ir.state.sysctls.iter().any(|sysctl| sysctl.link.is_none());
        global(&self.moved.retired) && !global(&self.moved.wanted)
    }

    /// Does it, between two generations that are both on the disk; on failure the host is brought
    /// back.
    pub fn carry_out(self, passage: Passage) -> Result<Done, Box<Failure>> {
        let Passage { from, to } = passage;
        let Prepared {
            moved, means, plan, ..
        } = self;
        let (taken, mut handed) = (plan.taken.clone(), plan.handed.clone());
        // After a crash the plan may see nothing any more of what is recorded.
        handed.extend(moved.handed.iter().cloned());
        let mut journal = match Journal::begin(passage) {
            Ok(journal) => journal,
            Err(error) => {
                let reverted = forget(passage).map_err(ApplyError::from);
                let error = error.into();
                return Err(Box::new(Failure { error, reverted }));
            }
        };
        let done = converge(&moved, &means, Some(plan), &mut journal);
        let done = done.and_then(|done| {
            store::set_current(to)?;
            Ok(done)
        });
        match done {
            // A journal that cannot be removed is gone through once more by the next command.
            Ok(done) => {
                let _ = journal.end();
                Ok(done)
            }
            Err(error) => {
                let back = moved.back(taken, handed);
                let means = detect::means(back.manner, &back.wanted);
                let reverted = converge(&back, &means, None, &mut journal).and_then(|_| {
                    if store::current()? != from {
                        store::set_current(from)?;
                    }
                    journal.end()?;
                    Ok(forget(passage)?)
                });
                Err(Box::new(Failure { error, reverted }))
            }
        }
    }
}

/// Forgets the new generation of a passage that came to nothing; one that was there before stays.
fn forget(passage: Passage) -> Result<(), StoreError> {
    match passage.to > passage.from {
        true => store::forget(passage.to),
        false => Ok(()),
    }
}

/// Executes plans until there is nothing left to do.
fn converge(
    moved: &Move,
    means: &Means,
    first: Option<Plan>,
    journal: &mut Journal,
) -> Result<Done, ApplyError> {
    let wish = moved.wish();
    let look = || -> Result<Plan, ApplyError> {
        let observed = observe(&wish, means.firewall, means.links, means.firewalld)?;
        Ok(plan(&wish, &observed, means))
    };
    let mut done = Done::default();
    let mut next = match first {
        Some(plan) => plan,
        None => look()?,
    };
    for round in 0..=ROUNDS {
        done.degraded.extend(next.degraded.iter().cloned());
        let left: Vec<String> = next
            .steps
            .iter()
            .filter(|step| !(step.optional && round > 0))
            .flat_map(|step| &step.changes)
            .map(|change| {
                format!(
                    "{} {}: {}",
                    change.kind.word(),
                    change.object,
                    change.action
                )
            })
            .collect();
        if next.steps.is_empty() || (left.is_empty() && round > 0) {
            done.degraded.sort();
            done.degraded.dedup();
            return Ok(done);
        }
        if round == ROUNDS {
            return Err(ApplyError::Unreached(left.join("; ")));
        }
        run(&next, journal, &mut done)?;
        if round == 0 {
            done.changes.extend(next.changes().cloned());
        }
        next = look()?;
    }
    Ok(done)
}

fn run(plan: &Plan, journal: &mut Journal, done: &mut Done) -> Result<(), ApplyError> {
    for (number, step) in plan.steps.iter().enumerate() {
        let words = step.changes.first().map(|change| {
            format!(
                "{} {}: {}",
                change.kind.word(),
                change.object,
                change.action
            )
        });
        let words = words.unwrap_or_default();
        journal.note(&format!("{} {words}", number + 1))?;
        match execute::execute(step) {
            Ok(()) => {}
            Err(error) if step.optional => done.skipped.push(error.to_string()),
            Err(error) => return Err(step_failed(&words, &error)),
        }
    }
    Ok(())
}

fn step_failed(words: &str, error: &StepError) -> ApplyError {
    match words {
        "" => ApplyError::Step(error.to_string()),
        words => ApplyError::Step(format!("{words}: {error}")),
    }
}

/// What a host holds of ours, and what was interrupted.
#[derive(Debug)]
pub struct Standing {
    /// The generation that it holds.
    pub now: Generation,
    /// Its networks.
    pub set: NetworkSet,
    /// A passage that was interrupted.
    pub interrupted: Option<Passage>,
}

/// Reads what is recorded.
pub fn standing() -> Result<Standing, ApplyError> {
    let interrupted = journal::interrupted()?;
    let now = store::load(store::current()?)?;
    let set = now.set()?;
    Ok(Standing {
        now,
        set,
        interrupted,
    })
}

/// What an apply of the very networks that the host is said to hold would change.
pub fn drift(standing: &Standing) -> Result<Vec<Change>, ApplyError> {
    let Some(manner) = standing.now.manner else {
        return Ok(Vec::new());
    };
    let members = standing.set.members().iter();
    let named = members.map(|member| member.network.name.clone()).collect();
    let taken = standing.now.taken.clone();
    let moved = Move::new(
        &standing.set,
        &standing.set,
        &named,
        Some(manner),
        manner,
        taken,
    );
    Ok(prepare(moved)?.plan.changes().cloned().collect())
}

/// Which networks two generations do not have alike.
pub fn differing(one: &NetworkSet, other: &NetworkSet) -> BTreeSet<NetworkName> {
    let by_name = |set: &NetworkSet| -> BTreeMap<NetworkName, Member> {
        let members = set.members().iter();
        members
            .map(|member| (member.network.name.clone(), member.clone()))
            .collect()
    };
    let (one, other) = (by_name(one), by_name(other));
    let names = one.keys().chain(other.keys());
    names
        .filter(|name| one.get(*name) != other.get(*name))
        .cloned()
        .collect()
}

/// Finishes what was interrupted: forward, and if that fails, back. Returns the generation that
/// the host holds then.
pub fn resume(passage: Passage) -> Result<Number, ApplyError> {
    let from = store::load(passage.from)?;
    let Ok(to) = store::load(passage.to) else {
        // It was forgotten, so the way back was done but for its last line.
        Journal::begin(passage)?.end()?;
        return Ok(passage.from);
    };
    let Err(failure) = pass(&from, &to) else {
        if store::unconfirmed()? != Some(passage.to) {
            store::set_last_good(passage.to)?;
        }
        return Ok(passage.to);
    };
    failure.reverted?;
    // It may have failed before anything was tried.
    match journal::interrupted()? {
        None => Ok(passage.from),
        Some(_) => Err(failure.error),
    }
}

/// Brings the host back to a generation, from the one that it holds or from somewhere between two.
pub fn go_back(standing: &Standing, target: &Generation) -> Result<Done, Box<Failure>> {
    let Some(passage) = standing.interrupted else {
        return pass(&standing.now, target);
    };
    let load = |number: Number| {
        store::load(number).map_err(|error| {
            let error = error.into();
            let reverted = Ok(());
            Box::new(Failure { error, reverted })
        })
    };
    let from = load(passage.from)?;
    if target.number == passage.to {
        return pass(&from, target);
    }
    // What only the old one has may be half gone: it is made whole before it is left.
    let mut done = match store::load(passage.to) {
        Ok(to) => pass(&to, &from)?,
        Err(_) => Done::default(),
    };
    if target.number != from.number {
        let rest = pass(&from, target)?;
        done.changes.extend(rest.changes);
        done.degraded = rest.degraded;
        done.skipped = rest.skipped;
    }
    Ok(done)
}

/// Brings the host from one generation to another that is on the disk.
pub fn pass(from: &Generation, to: &Generation) -> Result<Done, Box<Failure>> {
    let failed = |error: ApplyError| {
        Box::new(Failure {
            error,
            reverted: Ok(()),
        })
    };
    let (old, new) = match (from.set(), to.set()) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(error), _) | (_, Err(error)) => return Err(failed(error.into())),
    };
    let manner = to.manner.or(from.manner);
    let manner = manner.unwrap_or_else(|| detect::manner(detect::Asked::default(), None));
    let named = differing(&old, &new);
    // What is older is not what they had last.
    let newer = from.taken.iter();
    let older = to.taken.iter().filter(|taken| {
        let mut newer = from.taken.iter();
        newer.all(|each| each.dev != taken.dev)
    });
    let taken = newer.chain(older).cloned().collect();
    let moved = Move::new(&old, &new, &named, from.manner, manner, taken);
    let prepared = prepare(moved.between(from, to)).map_err(failed)?;
    prepared.carry_out(Passage {
        from: from.number,
        to: to.number,
    })
}
