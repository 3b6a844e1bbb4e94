//! libvirt's layout: rules come and go in the chains that all networks share.
//!
//! Both tables stay, empty or not, as long as one of them holds anything of somebody else's.

use super::{SAYABLE, Script, edit_chain, family_word, make_chain, object};
use crate::firewall::Table;
use crate::plan::firewall::change::DeltaChange;
use crate::plan::firewall::owner::Owners;
use crate::plan::firewall::sides::{ChainEdit, Sides, chain};

/// The changes of each table.
pub(super) fn changes(tables: &[Sides<'_>], owners: &Owners) -> Vec<(Script, Vec<DeltaChange>)> {
    let is_wanted = tables.iter().any(|sides| sides.wanted.is_some());
    let going = !is_wanted && !tables.iter().any(has_others);
    let change = |sides: &Sides<'_>| match (going, sides.observed) {
        (true, Some(_)) => remove(sides),
        (true, None) => (Script::new(sides.family, sides.name), Vec::new()),
        (false, _) => mend(sides, owners),
    };
    tables.iter().map(change).collect()
}

/// Whether a table holds anything that is not ours.
fn has_others(sides: &Sides<'_>) -> bool {
    let Some(table) = sides.observed else {
        return false;
    };
    let ours = sides.chains();
    let is_ours = |name: &str| ours.iter().any(|chain| chain.name == name);
    let mut chains = table.chains.iter();
    holds_more_than_chains(table)
        || chains.any(|chain| !is_ours(&chain.name) || sides.has_others(&chain.name))
}

fn holds_more_than_chains(table: &Table) -> bool {
    !table.sets.is_empty() || !table.objects.is_empty()
}

fn remove(sides: &Sides<'_>) -> (Script, Vec<DeltaChange>) {
    let mut script = Script::new(sides.family, sides.name);
    script.delete_table();
    let table = format!("table {} {}", family_word(sides.family), sides.name);
    (script, vec![DeltaChange::new(table, "remove it")])
}

fn mend(sides: &Sides<'_>, owners: &Owners) -> (Script, Vec<DeltaChange>) {
    let mut script = Script::new(sides.family, sides.name);
    let mut changes = Vec::new();
    if let (Some(table), None) = (sides.wanted, sides.observed) {
        script.add_table(table).expect(SAYABLE);
    }
    // A chain is there before rules lead to it.
    let wanted = sides.wanted.iter().flat_map(|table| &table.chains);
    for each in wanted {
        if chain(sides.observed, &each.name).is_none() {
            make_chain(&mut script, &mut changes, sides, each);
        }
    }
    let mut edits: Vec<ChainEdit<'_>> = Vec::new();
    for each in sides.chains() {
        edits.push(sides.edit(&each.name, false, owners));
    }
    // Jumps come last.
    edits.sort_by_key(|edit| edit.chain == "forward");
    for edit in &edits {
        edit_chain(&mut script, edit);
        changes.extend(edit.change(object(sides, edit.chain)));
    }
    (script, changes)
}
