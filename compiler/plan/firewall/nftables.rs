//! What nft is to load: changes of our own table, and of the two tables of libvirt's layout.

mod libvirt;
mod native;

use super::change::DeltaChange;
use super::edit::Insert;
use super::owner::Owners;
use super::sides::{ChainEdit, Sides};
use super::{Delta, RuleLoader};
use crate::backend::nftables::{Script, family_word};
use crate::firewall::{Chain, Ruleset};
use crate::lower::layout::native::TABLE;

/// What nft is to load so that `observed`, whose rules have their handles, holds what is wanted.
///
/// A rule without a handle cannot be named, and stays.
pub fn nftables(wanted: &Ruleset, retired: &Ruleset, observed: &Ruleset) -> Option<Delta> {
    let owners = Owners::of([wanted, retired]);
    let sides = Sides::of(wanted, retired, observed);
    let (own, libvirts): (Vec<_>, Vec<_>) =
        sides.into_iter().partition(|sides| sides.name == TABLE);
    let own = own.into_iter().map(|sides| native::change(sides, &owners));
    let changed = own.chain(libvirt::changes(&libvirts, &owners));
    let (mut text, mut changes) = (String::new(), Vec::new());
    for (script, said) in changed {
        text.push_str(&script.into_text());
        changes.extend(said);
    }
    (!text.is_empty()).then_some(Delta {
        tool: RuleLoader::Nft,
        text,
        changes,
    })
}

/// Why what is wanted can be printed.
const SAYABLE: &str = "the layout is made of what nft can say, as compiling shows";

/// Makes a chain, and says so.
fn make_chain(
    script: &mut Script,
    changes: &mut Vec<DeltaChange>,
    sides: &Sides<'_>,
    chain: &Chain,
) {
    script.add_chain(chain).expect(SAYABLE);
    changes.push(DeltaChange::new(object(sides, &chain.name), "make it"));
}

/// Removes and adds rules of a chain in place.
fn edit_chain(script: &mut Script, edit: &ChainEdit<'_>) {
    let removed = &edit.edits.removed;
    for handle in removed.iter().filter_map(|at| edit.observed[*at].handle) {
        script.delete_rule(edit.chain, handle);
    }
    for Insert { before, wanted } in &edit.edits.inserted {
        let stays = (*before..edit.observed.len()).find(|at| removed.binary_search(at).is_err());
        let rule = &edit.wanted[*wanted];
        let printed = match stays.and_then(|at| edit.observed[at].handle) {
            Some(next) => script.insert_rule(edit.chain, next, rule),
            None => script.add_rule(edit.chain, rule),
        };
        printed.expect(SAYABLE);
    }
}

/// `chain ip libvirt_network guest_nat`.
fn object(sides: &Sides<'_>, chain: &str) -> String {
    format!("chain {} {} {chain}", family_word(sides.family), sides.name)
}
