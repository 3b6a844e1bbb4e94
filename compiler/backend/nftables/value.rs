//! Values and expressions, read: what stands on either side of a comparison, in sets and maps.

use std::net::IpAddr;

use ipnet::IpNet;

use super::element;
use super::field;
use super::token::{Kind, Token};
use super::words::Words;
use crate::firewall::{BitOperator, Bits, Element, Expression, Lookup};

/// What may stand as an operand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    Field,
    Value,
    Any,
}

/// What the packet has: fields, joined bit by bit or side by side.
pub(super) fn left(words: &mut Words<'_>) -> Option<Expression> {
    words.take(|words| side_by_side(words, Operand::Field))
}

/// A value that is put somewhere: also what a map holds for a key, and flags.
pub(super) fn computed(words: &mut Words<'_>) -> Option<Expression> {
    words.take(|words| {
        let key = side_by_side(words, Operand::Any)?;
        if words.peek().is_some_and(|token| token.kind == Kind::Comma) {
            return list(words, key);
        }
        match words.the("map") {
            Some(()) => Some(Expression::Map(Box::new(Lookup {
                key,
                map: map(words)?,
            }))),
            None => Some(key),
        }
    })
}

/// A set or map: by name, or its elements.
pub(super) fn map(words: &mut Words<'_>) -> Option<Expression> {
    match words.peek()?.kind {
        Kind::Open => elements(words),
        Kind::Word
        | Kind::Quoted
        | Kind::Close
        | Kind::Comma
        | Kind::OpenRound
        | Kind::CloseRound
        | Kind::End => {
            let name = words.word()?.strip_prefix('@')?;
            Some(Expression::Named(name.into()))
        }
    }
}

/// Adds the elements of a set that stands in braces.
pub(super) fn append_elements(value: Option<Expression>, into: &mut Vec<Element>) -> Option<()> {
    if let Some(Expression::Elements(mut elements)) = value {
        into.append(&mut elements);
        return Some(());
    }
    None
}

/// What the packet must have: a value, a range, a set, flags.
pub(super) fn right(words: &mut Words<'_>) -> Option<Expression> {
    words.take(|words| {
        if words.peek()?.kind == Kind::Open {
            return elements(words);
        }
        let first = side_by_side(words, Operand::Value)?;
        if words.peek().is_none_or(|token| token.kind != Kind::Comma) {
            return Some(first);
        }
        list(words, first)
    })
}

/// Flags, of which the first was read.
fn list(words: &mut Words<'_>, first: Expression) -> Option<Expression> {
    let mut list = vec![first];
    while words.of(Kind::Comma).is_some() {
        list.push(joined(words, 0, Operand::Value)?);
    }
    Some(Expression::List(list))
}

/// The key of an element: values side by side, each perhaps a range, or flags joined.
pub(super) fn key(words: &mut Words<'_>) -> Option<Expression> {
    side_by_side(words, Operand::Value)
}

fn elements(words: &mut Words<'_>) -> Option<Expression> {
    let mut elements = Vec::new();
    element::read_all(words, &mut elements)?;
    Some(Expression::Elements(elements))
}

/// `a . b . c`.
fn side_by_side(words: &mut Words<'_>, of: Operand) -> Option<Expression> {
    let first = joined(words, 0, of)?;
    if words.peek_word() != Some(".") {
        return Some(first);
    }
    let mut parts = vec![first];
    while words.the(".").is_some() {
        parts.push(joined(words, 0, of)?);
    }
    Some(Expression::Concat(parts))
}

/// What binds tighter comes last.
const OPERATORS: [(&str, BitOperator, u8); 8] = [
    ("|", BitOperator::Or, 0),
    ("or", BitOperator::Or, 0),
    ("^", BitOperator::Xor, 1),
    ("xor", BitOperator::Xor, 1),
    ("&", BitOperator::And, 2),
    ("and", BitOperator::And, 2),
    ("<<", BitOperator::ShiftLeft, 3),
    (">>", BitOperator::ShiftRight, 3),
];

/// Operands with operators that bind at least as tight as `least`.
fn joined(words: &mut Words<'_>, least: u8, of: Operand) -> Option<Expression> {
    let mut left = operand(words, of)?;
    // What is joined from the left lies as deep as there are operands.
    let mut room = *words;
    loop {
        let known = words.peek_word().and_then(|word| {
            let mut all = OPERATORS.into_iter();
            all.find(|(name, _, binds)| *name == word && *binds >= least)
        });
        let Some((_, operator, binds)) = known else {
            return Some(left);
        };
        words.word()?;
        room = room.deeper()?;
        let mut below = words.deeper()?;
        let right = joined(&mut below, binds + 1, Operand::Any)?;
        words.skip_to(below);
        left = Expression::Bits(Box::new(Bits {
            left,
            operator,
            right,
        }));
    }
}

fn operand(words: &mut Words<'_>, of: Operand) -> Option<Expression> {
    if words.of(Kind::OpenRound).is_some() {
        let mut below = words.deeper()?;
        let inner = joined(&mut below, 0, of)?;
        below.of(Kind::CloseRound)?;
        words.skip_to(below);
        return Some(inner);
    }
    match of {
        Operand::Field => field::read(words).map(Expression::Field),
        Operand::Value => value(words),
        Operand::Any => match field::read(words) {
            Some(field) => Some(Expression::Field(field)),
            None => value(words),
        },
    }
}

/// A value, or a range of values whose ends are written apart.
fn value(words: &mut Words<'_>) -> Option<Expression> {
    let token = words.next()?;
    let start = end_of_range(token)?;
    if words.the("-").is_none() {
        return Some(start);
    }
    let ends = [start, end_of_range(words.next()?)?];
    let texts = ends.iter().all(|end| matches!(end, Expression::Text(_)));
    let values = ends.iter().all(|end| {
        matches!(
            end,
            Expression::Number(_) | Expression::Net(_) | Expression::Mac(_)
        )
    });
    (texts || values).then(|| Expression::Range(Box::new(ends)))
}

fn end_of_range(token: Token<'_>) -> Option<Expression> {
    match token.kind {
        Kind::Quoted => Some(Expression::Text(token.text.into())),
        Kind::Word if token.is_word() && !joins(token.text) => Some(literal(token.text)),
        Kind::Word
        | Kind::Open
        | Kind::Close
        | Kind::Comma
        | Kind::OpenRound
        | Kind::CloseRound
        | Kind::End => None,
    }
}

/// Whether a word joins values rather than being one.
fn joins(word: &str) -> bool {
    let operator = word.starts_with(['!', '=', '<', '>', '&', '|', '^']);
    operator || matches!(word, "." | "-" | ":" | "/")
}

/// What a word says.
pub(super) fn literal(word: &str) -> Expression {
    match known(word) {
        Some(value) => value,
        None => match range(word) {
            Some(range) => range,
            None => Expression::Word(word.into()),
        },
    }
}

/// `a-b`, unless the dash is part of a name.
fn range(word: &str) -> Option<Expression> {
    let (start, end) = word.split_once('-')?;
    let (start, end) = (known(start)?, known(end)?);
    Some(Expression::Range(Box::new([start, end])))
}

/// A value that is more than a name.
fn known(word: &str) -> Option<Expression> {
    let first = *word.as_bytes().first()?;
    match first {
        b'*' if word.len() == 1 => return Some(Expression::Any),
        b'@' => return Some(Expression::Named(word[1..].into())),
        b'0'..=b'9' => {}
        // IPv6 and hardware addresses may begin with a letter.
        b'a'..=b'f' | b'A'..=b'F' | b':' if word.contains(':') => {}
        _ => return None,
    }
    if let Some(number) = number(word) {
        return Some(Expression::Number(number));
    }
    if let Some((address, length)) = word.split_once('/') {
        return Some(Expression::Net(net(address, length)?));
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        return Some(Expression::Net(address.into()));
    }
    mac(word).map(Expression::Mac)
}

/// A number in decimal or hexadecimal digits. One with a leading zero is something else.
fn number(word: &str) -> Option<u64> {
    match word.as_bytes() {
        [b'0', b'x', _, ..] => u64::from_str_radix(&word[2..], 16).ok(),
        [b'0', _, ..] => None,
        digits if digits.iter().all(u8::is_ascii_digit) => word.parse().ok(),
        _ => None,
    }
}

/// A prefix; the kernel keeps no host bits.
fn net(address: &str, length: &str) -> Option<IpNet> {
    let address: IpAddr = address.parse().ok()?;
    let length: u8 = length.parse().ok()?;
    Some(IpNet::new(address, length).ok()?.trunc())
}

fn mac(word: &str) -> Option<[u8; 6]> {
    let bytes = word.as_bytes();
    if bytes.len() != 17 {
        return None;
    }
    let mut mac = [0; 6];
    for (at, byte) in mac.iter_mut().enumerate() {
        if at > 0 && bytes[at * 3 - 1] != b':' {
            return None;
        }
        let digit = |at: usize| char::from(bytes[at]).to_digit(16);
        let value = digit(at * 3)? * 16 + digit(at * 3 + 1)?;
        *byte = u8::try_from(value).ok()?;
    }
    Some(mac)
}
