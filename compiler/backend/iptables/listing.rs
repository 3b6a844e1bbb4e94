//! Rules as `iptables -L` lists them: what people paste into tickets and notes.
//!
//! A listing is made for the eye. Several tables may stand one after another with prose between
//! them, columns are wrapped or indented anew, somebody has written a remark behind a rule; with
//! `-v` or without, numbers or names, of iptables or ip6tables, of any age. What a listing shows
//! is put into the words of `iptables-save` and read as those are, so a rule comes out the same
//! from both. What it cannot show is a [`Loss`]: a listing never proves as much as a dump.

mod extras;
mod loss;
mod matches;
mod names;
mod options;
mod page;
mod pieces;
mod rarer;
mod row;
mod table;
mod target;
#[cfg(test)]
mod tests;

pub use loss::{Loss, LossKind, UNSEEN_DEVICES};

use std::collections::HashSet;

use self::loss::Losses;
use self::page::{Block, RawRow};
use self::row::Row;
use self::table::Placed;
use super::draft::Draft;
use super::rule::read_rule;
use super::word::Words;
use crate::backend::gap::Unread;
use crate::firewall::{
    Base, Chain, ChainPolicy, Counter, Family, Hook, Match, Place, Rule, Ruleset, Table,
    TableFamily, Target,
};
use crate::value::encode::visible;

/// What a listing said, and what it could not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The tables, as far as they were shown.
    pub ruleset: Ruleset,
    /// What the listing does not show, in the order of its lines.
    pub losses: Vec<Loss>,
    /// What somebody wrote behind a rule or a chain, in order.
    pub remarks: Vec<Remark>,
    /// The lines that were not understood, in order.
    pub unread: Vec<Unread>,
}

/// Words behind the columns of a listing that are not iptables' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The line, from 1.
    pub line: usize,
    /// The words; from a host, so they may be anything.
    pub text: String,
}

/// Whether a text looks like a listing of `iptables -L`.
pub fn is_listing(text: &str) -> bool {
    text.lines().any(page::is_chain_header)
}

/// Reads a listing. `family` is taken where neither the text nor an address says one.
pub fn read_listing(text: &str, family: Family) -> Listing {
    let mut listing = Listing::default();
    let mut losses = Losses::default();
    let blocks = page::read(text, &mut listing);
    let placed = table::place(&blocks, family, &mut losses);
    let chains: HashSet<(usize, &str)> = placed
        .iter()
        .zip(&blocks)
        .map(|(placed, block)| (placed.group, block.name))
        .collect();
    let mut shelf = Shelf::default();
    for (block, placed) in blocks.iter().zip(&placed) {
        let chain = read_chain(block, placed, &chains, &mut losses, &mut listing);
        shelf.put(placed, chain, &mut listing.ruleset);
    }
    listing.losses = losses.into_list();
    listing.unread.sort_by_key(|unread| unread.line);
    listing.remarks.sort_by_key(|remark| remark.line);
    listing
}

/// Where the table of each group stands in the ruleset.
#[derive(Default)]
struct Shelf {
    tables: Vec<usize>,
}

impl Shelf {
    /// Puts a chain into the table of its group; groups are numbered as they come.
    fn put(&mut self, placed: &Placed, chain: Chain, ruleset: &mut Ruleset) {
        let at = match self.tables.get(placed.group) {
            Some(at) => *at,
            None => {
                let family = match placed.family {
                    Family::Ipv4 => TableFamily::Ip,
                    Family::Ipv6 => TableFamily::Ip6,
                };
                let table = Table::new(family, placed.table, Vec::new());
                ruleset.tables.push(table);
                self.tables.push(ruleset.tables.len() - 1);
                ruleset.tables.len() - 1
            }
        };
        if let Some(table) = ruleset.tables.get_mut(at) {
            table.chains.push(chain);
        }
    }
}

fn read_chain(
    block: &Block<'_>,
    placed: &Placed,
    chains: &HashSet<(usize, &str)>,
    losses: &mut Losses,
    listing: &mut Listing,
) -> Chain {
    let base = read_base(block, placed.table).unwrap_or_else(|message| {
        listing.unread.push(Unread {
            line: block.line,
            message,
        });
        None
    });
    if block.counter.is_some_and(|counter| counter.rounded) {
        losses.add(block.line, LossKind::Counters);
    }
    let is_chain = |name: &str| chains.contains(&(placed.group, name));
    let mut rules = Vec::with_capacity(block.rows.len());
    for raw in &block.rows {
        // A row that did not read is not kept.
        if let Ok(row) = row::read(&raw.text, raw.layout) {
            let rule = read_row(raw, &row, placed.family, is_chain, losses, listing);
            rules.extend(rule);
        }
    }
    Chain {
        base,
        ..Chain::regular(block.name, rules)
    }
}

/// Where packets enter a chain, if it has a policy.
fn read_base(block: &Block<'_>, table: &str) -> Result<Option<Base>, String> {
    let policy = match block.policy {
        None => return Ok(None),
        Some("ACCEPT") => ChainPolicy::Accept,
        Some("DROP") => ChainPolicy::Drop,
        Some(other) => return Err(format!("'{}' is no policy", visible(other))),
    };
    let hook = Hook::IP
        .into_iter()
        .find(|hook| hook.iptables_chain() == Some(block.name))
        .ok_or_else(|| format!("'{}' is no built-in chain of iptables", visible(block.name)))?;
    let counter = block
        .counter
        .map_or(Counter::default(), |counter| counter.value);
    Ok(Some(Base {
        policy,
        counter,
        ..Base::of_iptables(table, hook)
    }))
}

/// A rule of its columns and of what stands behind them; nothing if it is none of iptables.
fn read_row(
    raw: &RawRow<'_>,
    row: &Row<'_>,
    family: Family,
    is_chain: impl Fn(&str) -> bool,
    losses: &mut Losses,
    listing: &mut Listing,
) -> Option<Rule> {
    let line = raw.line;
    let said = extras::read(row, family);
    let hides = said
        .losses
        .iter()
        .any(|kind| matches!(kind, LossKind::Option(_)));
    for kind in said.losses {
        losses.add(line, kind);
    }
    if let Some(text) = said.remark {
        listing.remarks.push(Remark {
            line,
            text: text.to_owned(),
        });
    }
    let mut complain = |message| listing.unread.push(Unread { line, message });
    let mut draft = Draft::new(family);
    if let Err(message) = read_rule(Words::new(&said.words), &mut draft) {
        complain(message);
        return None;
    }
    // A listing shows such an option of no rule, so that is no trouble with this one.
    if let Some(trouble) = draft.trouble.take().filter(|_| !hides) {
        complain(trouble);
    }
    let mut rule = draft.rules.pop()?;
    if let Target::Jump(chain) | Target::Goto(chain) = &rule.target
        && !is_chain(chain)
    {
        losses.add(line, LossKind::Chain(chain.to_string()));
    }
    if target::is_extension(row.target) && is_chain(row.target) {
        rule.target = Target::Jump(row.target.into());
    }
    let mut kept = said.kept.into_iter();
    for each in &mut rule.matches {
        if *each == Match::Other(extras::KEPT.into())
            && let Some(words) = kept.next()
        {
            *each = Match::Other(words.into());
        }
    }
    if row.devices.is_none() {
        rule.matches.insert(0, Match::Other(UNSEEN_DEVICES.into()));
    }
    rule.counter = Some(
        row.counter
            .map_or(Counter::default(), |counter| counter.value),
    );
    rule.place = Place::line(line);
    Some(rule)
}
