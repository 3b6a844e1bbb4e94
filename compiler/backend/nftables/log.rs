//! Writing to a log, read and printed.

use std::fmt::Write as _;

use compact_str::CompactString;

use super::symbol;
use super::token::Kind;
use super::words::Words;
use crate::firewall::{Log, LogDetails};

/// What `log` says, in any order.
pub(super) fn read(words: &mut Words<'_>) -> Option<Log> {
    words.the("log")?;
    let mut log = Log::default();
    loop {
        match words.peek_word() {
            Some("prefix") => {
                words.word()?;
                log.prefix = Some(words.next()?.text.into());
            }
            Some("group") => {
                words.word()?;
                log.group = Some(words.number()?);
            }
            Some("snaplen") => {
                words.word()?;
                log.snap_bytes = Some(words.number()?).filter(|bytes| *bytes > 0);
            }
            Some("queue-threshold") => {
                words.word()?;
                log.threshold = Some(words.number()?).filter(|packets| *packets > 0);
            }
            Some("level") => {
                words.word()?;
                read_level(words.word()?, &mut log)?;
            }
            Some("flags") => {
                words.word()?;
                read_flags(words, &mut log.details)?;
            }
            Some(_) | None => return Some(log),
        }
    }
}

/// The usual level is not listed, and neither kept.
fn read_level(word: &str, log: &mut Log) -> Option<()> {
    match word {
        "audit" => log.options.push("level audit".into()),
        word => {
            let level = symbol::number(symbol::LOG_LEVELS, word)?;
            log.level = Some(level).filter(|level| *level != 4);
        }
    }
    Some(())
}

fn read_flags(words: &mut Words<'_>, details: &mut LogDetails) -> Option<()> {
    match words.word()? {
        "all" => {
            *details = LogDetails {
                tcp_sequence: true,
                tcp_options: true,
                ip_options: true,
                uid: true,
                mac: true,
            }
        }
        "skuid" => details.uid = true,
        "ether" => details.mac = true,
        "ip" => {
            words.the("options")?;
            details.ip_options = true;
        }
        "tcp" => loop {
            match words.word()? {
                "sequence" => details.tcp_sequence = true,
                "options" => details.tcp_options = true,
                _ => return None,
            }
            if words.of(Kind::Comma).is_none() {
                break;
            }
        },
        _ => return None,
    }
    Some(())
}

/// Appends what is logged, in nft's order.
pub(super) fn print(text: &mut String, log: &Log) {
    text.push_str("log");
    // Writing into a String cannot fail.
    if let Some(prefix) = &log.prefix {
        let _ = write!(text, " prefix \"{prefix}\"");
    }
    if let Some(group) = log.group {
        let _ = write!(text, " group {group}");
    }
    if let Some(bytes) = log.snap_bytes {
        let _ = write!(text, " snaplen {bytes}");
    }
    if let Some(packets) = log.threshold {
        let _ = write!(text, " queue-threshold {packets}");
    }
    match log
        .level
        .map(|level| (level, symbol::word(symbol::LOG_LEVELS, level)))
    {
        None | Some((4, _)) => {}
        Some((_, Some(word))) => {
            let _ = write!(text, " level {word}");
        }
        Some((level, None)) => {
            let _ = write!(text, " level {level}");
        }
    }
    for option in &log.options {
        let _ = write!(text, " {option}");
    }
    for flags in flags(log.details) {
        let _ = write!(text, " flags {flags}");
    }
}

fn flags(details: LogDetails) -> Vec<CompactString> {
    let LogDetails {
        tcp_sequence,
        tcp_options,
        ip_options,
        uid,
        mac,
    } = details;
    if tcp_sequence && tcp_options && ip_options && uid && mac {
        return vec!["all".into()];
    }
    let tcp = match (tcp_sequence, tcp_options) {
        (true, true) => Some("tcp sequence,options"),
        (true, false) => Some("tcp sequence"),
        (false, true) => Some("tcp options"),
        (false, false) => None,
    };
    let words = [
        tcp,
        ip_options.then_some("ip options"),
        uid.then_some("skuid"),
        mac.then_some("ether"),
    ];
    words.into_iter().flatten().map(Into::into).collect()
}
