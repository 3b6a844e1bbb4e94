//! Changes to a packet or its connection: `meta mark set 0x1`, read and printed.

use std::fmt::Write as _;

use super::expression;
use super::keyword;
use super::print::Listing;
use super::types::Kinds;
use crate::firewall::{
    Assignment, BitOperator, CopyMark, Expression, Field, SegmentSize, SetMark, Target,
};

/// The target with the simplest type that changes `field` to `value`.
pub(super) fn typed(field: Expression, value: Expression) -> Target {
    let found = match field.field() {
        Some(changed @ (Field::Mark | Field::CtMark)) => mark(changed, &value),
        Some(Field::Other(words)) if words == "tcp option maxseg size" => segment_size(&value),
        Some(_) | None => None,
    };
    found.unwrap_or_else(|| Target::Assign(Box::new(Assignment { field, value })))
}

fn mark(field: &Field, value: &Expression) -> Option<Target> {
    let save = *field == Field::CtMark;
    let source = if save { Field::Mark } else { Field::CtMark };
    if value.field() == Some(&source) {
        return Some(Target::CopyMark(CopyMark {
            save,
            packet_mask: u32::MAX,
            ct_mask: u32::MAX,
        }));
    }
    let (kept, value) = folded(field, value)?;
    let change = SetMark { value, mask: !kept };
    Some(match save {
        true => Target::SetCtMark(change),
        false => Target::SetMark(change),
    })
}

/// The bits of the field that are kept, and those that are then turned around.
fn folded(field: &Field, value: &Expression) -> Option<(u32, u32)> {
    if let Expression::Bits(bits) = value {
        let (kept, turned) = folded(field, &bits.left)?;
        let operand: u32 = bits.right.number()?;
        return match bits.operator {
            BitOperator::And => Some((kept & operand, turned & operand)),
            BitOperator::Or => Some((kept & !operand, turned | operand)),
            BitOperator::Xor => Some((kept, turned ^ operand)),
            BitOperator::ShiftLeft | BitOperator::ShiftRight => None,
        };
    }
    match value.field() {
        Some(same) => (same == field).then_some((u32::MAX, 0)),
        None => Some((0, value.number()?)),
    }
}

fn segment_size(value: &Expression) -> Option<Target> {
    if let Some(Field::Other(words)) = value.field() {
        return (words == "rt mtu").then_some(Target::SegmentSize(SegmentSize::PathMtu));
    }
    let bytes = value.number()?;
    Some(Target::SegmentSize(SegmentSize::Bytes(bytes)))
}

/// Appends a change of a mark as the kernel's two masks are listed
/// (`netlink_parse_bitwise_mask_xor` of nft).
pub(super) fn print_mark(text: &mut String, field: &Field, change: SetMark) {
    let field = keyword::field(field);
    let _ = write!(text, "{field} set ");
    let SetMark { value, mask } = change;
    if mask == u32::MAX {
        let _ = write!(text, "{value:#010x}");
        return;
    }
    let (set, turned) = (value & mask, value & !mask);
    let kept = !mask | set;
    let _ = write!(text, "{field}");
    for (word, bits, shown) in [
        ("&", kept, kept != u32::MAX),
        ("^", turned, turned != 0),
        ("|", set, set != 0),
    ] {
        if shown {
            let _ = write!(text, " {word} {bits:#010x}");
        }
    }
}

/// Appends any other change.
pub(super) fn print(text: &mut String, assignment: &Assignment, listing: Listing) {
    let kinds = Kinds::Of(&assignment.field);
    expression::print(text, &assignment.field, kinds, listing);
    text.push_str(" set ");
    expression::print(text, &assignment.value, kinds, listing);
}
