//! Targets in nft's words.

use std::fmt::Write as _;

use super::assign;
use super::expression;
use super::keyword;
use super::log;
use super::nat;
use super::print::{Listing, inexpressible, kept, print_counter, quotable};
use super::reject;
use super::types::Kinds;
use crate::backend::gap::Inexpressible;
use crate::firewall::{CopyMark, Field, NatKind, Queue, SegmentSize, TableFamily, Target};

/// Appends what an element of a verdict map leads to.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other target is a verdict"
)]
pub(super) fn print_verdict(text: &mut String, verdict: &Target) {
    // Writing into a String cannot fail.
    let _ = match verdict {
        Target::Accept => write!(text, "accept"),
        Target::Drop => write!(text, "drop"),
        Target::Return => write!(text, "return"),
        Target::Jump(chain) => write!(text, "jump {chain}"),
        Target::Goto(chain) => write!(text, "goto {chain}"),
        Target::Other(words) => write!(text, "{words}"),
        _ => write!(text, "continue"),
    };
}

/// Appends a target, in a table of this family.
pub(super) fn print(
    text: &mut String,
    target: &Target,
    family: TableFamily,
    listing: Listing,
) -> Result<(), Inexpressible> {
    match target {
        Target::Other(words) => {
            kept(words)?;
            print_verdict(text, target);
        }
        Target::Accept
        | Target::Drop
        | Target::Return
        | Target::Jump(_)
        | Target::Goto(_)
        | Target::Continue => print_verdict(text, target),
        Target::Reject(with) => reject::print(text, *with),
        Target::Vmap(lookup) => {
            let keys = Kinds::Of(&lookup.key);
            expression::print(text, &lookup.key, keys, listing);
            text.push_str(" vmap ");
            expression::print_map(text, &lookup.map, keys, keys, listing);
        }
        Target::Masquerade { ports, flags } => {
            nat::print_ports_only(text, NatKind::Masquerade, *ports, *flags);
        }
        Target::Redirect { ports, flags } => {
            nat::print_ports_only(text, NatKind::Redirect, *ports, *flags);
        }
        Target::Snat(to) => nat::print_target(text, NatKind::Snat, to, family, listing),
        Target::Dnat(to) => nat::print_target(text, NatKind::Dnat, to, family, listing),
        Target::Translate(translate) => nat::print_translate(text, translate, listing),
        Target::Log(line) => {
            quotable(line.prefix.as_deref().unwrap_or_default())?;
            log::print(text, line);
        }
        Target::SetMark(change) => assign::print_mark(text, &Field::Mark, *change),
        Target::SetCtMark(change) => assign::print_mark(text, &Field::CtMark, *change),
        Target::CopyMark(copy) => return print_copy(text, *copy),
        Target::Assign(assignment) => assign::print(text, assignment, listing),
        Target::Count(counter) => print_counter(text, *counter, listing),
        Target::Notrack => text.push_str("notrack"),
        Target::Queue(queue) => print_queue(text, *queue),
        Target::SegmentSize(SegmentSize::PathMtu) => {
            text.push_str("tcp option maxseg size set rt mtu");
        }
        Target::SegmentSize(SegmentSize::Bytes(bytes)) => {
            let _ = write!(text, "tcp option maxseg size set {bytes}");
        }
        Target::ChecksumFill => return Err(inexpressible("to fill in a checksum")),
        Target::Netmap(_)
        | Target::Ct(_)
        | Target::Tproxy(_)
        | Target::SetDscp(_)
        | Target::SetTos(_)
        | Target::SetHops(_)
        | Target::Classify { .. }
        | Target::SetChange(_)
        | Target::Trace => return Err(inexpressible("this target")),
    }
    Ok(())
}

fn print_copy(text: &mut String, copy: CopyMark) -> Result<(), Inexpressible> {
    if copy.packet_mask != u32::MAX || copy.ct_mask != u32::MAX {
        return Err(inexpressible("to copy some bits of a mark"));
    }
    let (to, from) = match copy.save {
        true => (&Field::CtMark, &Field::Mark),
        false => (&Field::Mark, &Field::CtMark),
    };
    // Writing into a String cannot fail.
    let _ = write!(text, "{} set {}", keyword::field(to), keyword::field(from));
    Ok(())
}

fn print_queue(text: &mut String, queue: Queue) {
    let flags = match (queue.bypass, queue.fanout) {
        (true, true) => " flags bypass,fanout",
        (true, false) => " flags bypass",
        (false, true) => " flags fanout",
        (false, false) => "",
    };
    // Writing into a String cannot fail.
    let _ = write!(text, "queue{flags} to {}", queue.first);
    if queue.last != queue.first {
        let _ = write!(text, "-{}", queue.last);
    }
}
