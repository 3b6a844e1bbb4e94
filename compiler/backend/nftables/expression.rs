//! Expressions in nft's words.

use std::fmt;
use std::fmt::Write as _;

use ipnet::IpNet;

use super::duration::Duration;
use super::element;
use super::keyword;
use super::print::Listing;
use super::types::{self, Kinds, Style};
use crate::firewall::{BitOperator, Bits, Element, Expression};

/// A prefix as nft lists it: a single address has no length.
pub(super) struct NetWord(pub IpNet);

impl fmt::Display for NetWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

/// Appends an expression; values are of these types.
pub(super) fn print(
    text: &mut String,
    expression: &Expression,
    kinds: Kinds<'_>,
    listing: Listing,
) {
    // Writing into a String cannot fail.
    let _ = match expression {
        Expression::Field(field) => write!(text, "{}", keyword::field(field)),
        Expression::Number(number) => print_number(text, *number, types::style(kinds.part(0))),
        Expression::Net(net) => write!(text, "{}", NetWord(*net)),
        Expression::Mac([a, b, c, d, e, f]) => {
            write!(text, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
        }
        Expression::Word(word) => write!(text, "{word}"),
        Expression::Text(words) => write!(text, "\"{words}\""),
        Expression::Range(ends) => {
            let [start, end] = ends.as_ref();
            print(text, start, kinds, listing);
            text.push('-');
            print(text, end, kinds, listing);
            Ok(())
        }
        Expression::Any => write!(text, "*"),
        Expression::List(values) => {
            print_list(text, values, ",", |_| kinds, listing);
            Ok(())
        }
        Expression::Concat(parts) => {
            let part = |at| Kinds::One(kinds.part(at));
            print_list(text, parts, " . ", part, listing);
            Ok(())
        }
        Expression::Elements(elements) => {
            print_elements(text, elements, kinds, kinds, listing);
            Ok(())
        }
        Expression::Named(name) => write!(text, "@{name}"),
        Expression::Bits(bits) => {
            print_bits(text, bits, kinds, listing);
            Ok(())
        }
        Expression::Map(lookup) => {
            print(text, &lookup.key, Kinds::Of(&lookup.key), listing);
            text.push_str(" map ");
            print_map(text, &lookup.map, Kinds::Of(&lookup.key), kinds, listing);
            Ok(())
        }
        Expression::Other(words) => write!(text, "{words}"),
    };
}

/// Appends a set or map, named or not, with keys and values of these types.
pub(super) fn print_map(
    text: &mut String,
    map: &Expression,
    keys: Kinds<'_>,
    values: Kinds<'_>,
    listing: Listing,
) {
    if let Expression::Elements(elements) = map {
        print_elements(text, elements, keys, values, listing);
    } else {
        print(text, map, keys, listing);
    }
}

fn print_elements(
    text: &mut String,
    elements: &[Element],
    keys: Kinds<'_>,
    values: Kinds<'_>,
    listing: Listing,
) {
    for (at, each) in elements.iter().enumerate() {
        text.push_str(if at == 0 { "{ " } else { ", " });
        element::print(text, each, keys, values, listing);
    }
    text.push_str(if elements.is_empty() { "{ }" } else { " }" });
}

fn print_list<'a>(
    text: &mut String,
    values: &[Expression],
    between: &str,
    kinds: impl Fn(usize) -> Kinds<'a>,
    listing: Listing,
) {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            text.push_str(between);
        }
        print(text, value, kinds(at), listing);
    }
}

fn print_number(text: &mut String, number: u64, style: Style) -> fmt::Result {
    match style {
        Style::Decimal => write!(text, "{number}"),
        Style::Hex(digits) => write!(text, "0x{number:0digits$x}"),
        Style::Seconds => write!(text, "{}", Duration(number.saturating_mul(1_000))),
    }
}

/// How tight an operator binds, and its word.
fn operator(operator: BitOperator) -> (u8, &'static str) {
    match operator {
        BitOperator::Or => (0, "|"),
        BitOperator::Xor => (1, "^"),
        BitOperator::And => (2, "&"),
        BitOperator::ShiftLeft => (3, "<<"),
        BitOperator::ShiftRight => (3, ">>"),
    }
}

fn print_bits(text: &mut String, bits: &Bits, kinds: Kinds<'_>, listing: Listing) {
    let (binds, word) = operator(bits.operator);
    let left = match bits.left.field().is_some() || matches!(bits.left, Expression::Bits(_)) {
        true => Kinds::Of(&bits.left),
        false => kinds,
    };
    print_operand(text, &bits.left, binds, left, listing);
    text.push(' ');
    text.push_str(word);
    text.push(' ');
    // A number of bits is no value of the field's type.
    let right = match bits.operator {
        BitOperator::ShiftLeft | BitOperator::ShiftRight => Kinds::One(types::INTEGER),
        BitOperator::And | BitOperator::Or | BitOperator::Xor => left,
    };
    print_operand(text, &bits.right, binds + 1, right, listing);
}

/// In parentheses if its own operator binds less than this.
fn print_operand(
    text: &mut String,
    operand: &Expression,
    least: u8,
    kinds: Kinds<'_>,
    listing: Listing,
) {
    let loose = matches!(operand, Expression::Bits(bits) if operator(bits.operator).0 < least);
    if loose {
        text.push('(');
    }
    print(text, operand, kinds, listing);
    if loose {
        text.push(')');
    }
}
