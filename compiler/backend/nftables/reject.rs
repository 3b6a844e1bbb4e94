//! Refusing a packet, read and printed: `reject with icmp host-prohibited`.

use std::fmt::Write as _;

use super::symbol::{self, Symbols};
use super::words::Words;
use crate::firewall::{Family, RejectWith, TableFamily};

/// What `reject` says in a table of this family; what it says if it says nothing is the same.
pub(super) fn read(words: &mut Words<'_>, family: TableFamily) -> Option<RejectWith> {
    words.the("reject")?;
    if words.the("with").is_none() {
        return Some(RejectWith::PortUnreachable);
    }
    let with = match words.word()? {
        "tcp" => {
            words.the("reset")?;
            RejectWith::TcpReset
        }
        "icmp" => RejectWith::Icmp(code(words, symbol::icmp_codes(Family::Ipv4))?),
        "icmpv6" => RejectWith::Icmpv6(code(words, symbol::icmp_codes(Family::Ipv6))?),
        "icmpx" => RejectWith::Icmpx(code(words, symbol::ICMPX_CODES)?),
        _ => return None,
    };
    Some(match (family, with) {
        (TableFamily::Ip, RejectWith::Icmp(3))
        | (TableFamily::Ip6, RejectWith::Icmpv6(4))
        | (TableFamily::Inet | TableFamily::Bridge | TableFamily::Netdev, RejectWith::Icmpx(1)) => {
            RejectWith::PortUnreachable
        }
        (_, with) => with,
    })
}

/// Older listings say `icmp type port-unreachable`.
fn code(words: &mut Words<'_>, symbols: Symbols) -> Option<u8> {
    let _ = words.the("type").or_else(|| words.the("code"));
    symbol::number(symbols, words.word()?)
}

/// Appends what it is refused with; nothing for port unreachable.
pub(super) fn print(text: &mut String, with: RejectWith) {
    let (family, symbols, code) = match with {
        RejectWith::PortUnreachable => return text.push_str("reject"),
        RejectWith::TcpReset => return text.push_str("reject with tcp reset"),
        RejectWith::Icmp(code) => ("icmp", symbol::icmp_codes(Family::Ipv4), code),
        RejectWith::Icmpv6(code) => ("icmpv6", symbol::icmp_codes(Family::Ipv6), code),
        RejectWith::Icmpx(code) => ("icmpx", symbol::ICMPX_CODES, code),
    };
    // Writing into a String cannot fail.
    let _ = match symbol::word(symbols, code) {
        Some(word) => write!(text, "reject with {family} {word}"),
        None => write!(text, "reject with {family} {code}"),
    };
}
