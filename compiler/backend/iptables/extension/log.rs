//! Logs and programs that decide: `LOG`, `NFLOG`, `NFQUEUE`.

use std::fmt::Write as _;

use crate::backend::iptables::option::{Extension, Given, Opt, Spell, find, has, read_value};
use crate::backend::iptables::value;
use crate::backend::iptables::word::push_quoted;
use crate::firewall::{Family, Log, LogDetails, Queue, Target};

pub(super) static LOG: Extension = Extension::of_target(
    "LOG",
    &[
        Opt::value("--log-prefix").spelt(Spell::Quoted),
        Opt::value("--log-level"),
        Opt::flag("--log-tcp-sequence"),
        Opt::flag("--log-tcp-options"),
        Opt::flag("--log-ip-options"),
        Opt::flag("--log-uid"),
        Opt::flag("--log-macdecode"),
    ],
    read_log,
);

pub(super) static NFLOG: Extension = Extension::of_target(
    "NFLOG",
    &[
        Opt::value("--nflog-prefix").spelt(Spell::Quoted),
        Opt::value("--nflog-group"),
        Opt::value("--nflog-range"),
        Opt::value("--nflog-size"),
        Opt::value("--nflog-threshold"),
    ],
    read_nflog,
);

pub(super) static NFQUEUE: Extension = Extension::of_target(
    "NFQUEUE",
    &[
        Opt::value("--queue-num"),
        Opt::value("--queue-balance"),
        Opt::flag("--queue-bypass"),
        Opt::flag("--queue-cpu-fanout"),
    ],
    read_queue,
);

/// The level of `LOG` where nothing is said: warning.
const LEVEL: u8 = 4;

/// Syslog's levels by name.
const LEVELS: [(&str, u8); 11] = [
    ("emerg", 0),
    ("panic", 0),
    ("alert", 1),
    ("crit", 2),
    ("error", 3),
    ("err", 3),
    ("warning", 4),
    ("warn", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
];

fn read_log(_: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let level = read_value(given, "--log-level", level)?;
    Ok(Target::Log(Box::new(Log {
        prefix: find(given, "--log-prefix").map(|each| each.text().into()),
        level: level.filter(|level| *level != LEVEL),
        details: LogDetails {
            tcp_sequence: has(given, "--log-tcp-sequence"),
            tcp_options: has(given, "--log-tcp-options"),
            ip_options: has(given, "--log-ip-options"),
            uid: has(given, "--log-uid"),
            mac: has(given, "--log-macdecode"),
        },
        ..Log::default()
    })))
}

fn level(text: &str) -> Result<u8, String> {
    let named = LEVELS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    let level = match named {
        Some((_, level)) => Some(*level),
        None => value::fitting(text).ok().filter(|level| *level < 8),
    };
    level.ok_or_else(|| format!("there is no level '{text}'"))
}

fn read_nflog(_: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let range = find(given, "--nflog-range").map(|each| each.text());
    Ok(Target::Log(Box::new(Log {
        prefix: find(given, "--nflog-prefix").map(|each| each.text().into()),
        group: Some(read_value(given, "--nflog-group", value::fitting)?.unwrap_or(0)),
        snap_bytes: read_value(given, "--nflog-size", value::fitting)?,
        threshold: read_value(given, "--nflog-threshold", value::fitting)?,
        // It never did anything, and stands before the size.
        options: range
            .map(|range| format!("--nflog-range {range}").into())
            .into_iter()
            .collect(),
        ..Log::default()
    })))
}

fn read_queue(_: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let single = read_value(given, "--queue-num", value::fitting)?;
    let (first, last) = match read_value(given, "--queue-balance", |text| {
        value::range(text, b':', (0, u16::MAX))
    })? {
        Some(balance) => balance,
        None => single.map_or((0, 0), |number| (number, number)),
    };
    Ok(Target::Queue(Queue {
        first,
        last,
        bypass: has(given, "--queue-bypass"),
        fanout: has(given, "--queue-cpu-fanout"),
    }))
}

pub(super) fn print_log(text: &mut String, log: &Log) {
    if let Some(prefix) = &log.prefix {
        text.push_str(" --log-prefix");
        push_quoted(text, prefix);
    }
    if let Some(level) = log.level {
        // Writing into a String cannot fail.
        let _ = write!(text, " --log-level {level}");
    }
    let flags = [
        (log.details.tcp_sequence, " --log-tcp-sequence"),
        (log.details.tcp_options, " --log-tcp-options"),
        (log.details.ip_options, " --log-ip-options"),
        (log.details.uid, " --log-uid"),
        (log.details.mac, " --log-macdecode"),
    ];
    let set = flags.into_iter().filter(|(set, _)| *set);
    text.extend(set.map(|(_, option)| option));
}

pub(super) fn print_nflog(text: &mut String, log: &Log, group: u16) {
    if let Some(prefix) = &log.prefix {
        text.push_str(" --nflog-prefix");
        push_quoted(text, prefix);
    }
    // Writing into a String cannot fail.
    if group != 0 {
        let _ = write!(text, " --nflog-group {group}");
    }
    for option in &log.options {
        text.extend([" ", option]);
    }
    if let Some(bytes) = log.snap_bytes {
        let _ = write!(text, " --nflog-size {bytes}");
    }
    if let Some(packets) = log.threshold {
        let _ = write!(text, " --nflog-threshold {packets}");
    }
}

pub(super) fn print_queue(text: &mut String, queue: Queue) {
    // Writing into a String cannot fail.
    let _ = match (queue.first, queue.last) {
        (first, last) if first == last => write!(text, " --queue-num {first}"),
        (first, last) => write!(text, " --queue-balance {first}:{last}"),
    };
    if queue.bypass {
        text.push_str(" --queue-bypass");
    }
    if queue.fanout {
        text.push_str(" --queue-cpu-fanout");
    }
}
