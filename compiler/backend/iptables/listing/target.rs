//! Targets: what each prints of its options behind the columns.
//!
//! A name that is no target of iptables is a chain.

use super::matches::enclosed;
use super::pieces::{Pieces, say};

/// The targets that extensions of iptables bring along.
const EXTENSIONS: [&str; 42] = [
    "AUDIT",
    "CHECKSUM",
    "CLASSIFY",
    "CLUSTERIP",
    "CONNMARK",
    "CONNSECMARK",
    "CT",
    "DNAT",
    "DNPT",
    "DSCP",
    "ECN",
    "HL",
    "HMARK",
    "IDLETIMER",
    "LED",
    "LOG",
    "MARK",
    "MASQUERADE",
    "MIRROR",
    "NETMAP",
    "NFLOG",
    "NFQUEUE",
    "NOTRACK",
    "RATEEST",
    "REDIRECT",
    "REJECT",
    "SAME",
    "SECMARK",
    "SET",
    "SNAT",
    "SNPT",
    "SYNPROXY",
    "TARPIT",
    "TCPMSS",
    "TCPOPTSTRIP",
    "TEE",
    "TOS",
    "TPROXY",
    "TRACE",
    "TTL",
    "ULOG",
    "XLOG",
];

/// Whether this ends a rule without an extension, or is nothing at all.
pub(super) fn is_verdict(name: &str) -> bool {
    matches!(name, "" | "ACCEPT" | "DROP" | "RETURN" | "QUEUE")
}

/// Whether this is a target that an extension brings along.
pub(super) fn is_extension(name: &str) -> bool {
    EXTENSIONS.contains(&name)
}

/// Whether a word begins the options of some target.
pub(super) fn begins(word: &str) -> bool {
    let first = [
        "reject-with",
        "masq",
        "redir",
        "random",
        "random-fully",
        "persistent",
    ];
    first.contains(&word)
        || word.starts_with("to:")
        || word.starts_with("nflog-")
        || is_extension(word)
}

/// Reads the options of `target` that stand here; `options` may have grown even if there are none.
pub(super) fn read<'a>(at: Pieces<'a>, target: &str, options: &mut String) -> Option<Pieces<'a>> {
    let length = options.len();
    let read = read_options(at, target, options);
    if read.is_none() {
        options.truncate(length);
    }
    read
}

fn read_options<'a>(at: Pieces<'a>, target: &str, options: &mut String) -> Option<Pieces<'a>> {
    let (word, after) = at.word()?;
    match target {
        "REJECT" => {
            let (with, after) = at.after(&["reject-with"])?.word()?;
            say(options, &["--reject-with", with]);
            Some(after)
        }
        "DNAT" | "SNAT" | "NETMAP" | "MASQUERADE" | "REDIRECT" | "SAME" => {
            read_translation(target, word, after, options)
        }
        "LOG" => read_log(at, options),
        "NFLOG" => read_nflog(at, options),
        "MARK" => read_mark(after, word, options),
        "CONNMARK" => read_connection_mark(after, word, options),
        "CHECKSUM" => {
            say(options, &["--checksum-fill"]);
            at.after(&["CHECKSUM", "fill"])
        }
        "NOTRACK" => at.after(&["NOTRACK"]),
        "TRACE" => at.after(&["TRACE"]),
        "CT" if word == "NOTRACK" => Some(after),
        "CT" => {
            say(options, &["--notrack"]);
            at.after(&["CT", "notrack"])
        }
        "CLASSIFY" => read_set(at, &["CLASSIFY", "set"], "--set-class", options),
        "TCPMSS" => match at.after(&["TCPMSS", "clamp", "to", "PMTU"]) {
            Some(after) => {
                say(options, &["--clamp-mss-to-pmtu"]);
                Some(after)
            }
            None => read_set(at, &["TCPMSS", "set"], "--set-mss", options),
        },
        "DSCP" => read_set(at, &["DSCP", "set"], "--set-dscp", options),
        "TOS" => read_set(at, &["TOS", "set"], "--set-tos", options),
        "TTL" | "HL" => read_hops(at, target, options),
        "TEE" => {
            let gateway = after
                .peek()?
                .strip_prefix("gw:")
                .filter(|_| word == "TEE")?;
            say(options, &["--gateway", gateway]);
            after.word().map(|(_, after)| after)
        }
        "TPROXY" => read_proxy(at.after(&["TPROXY", "redirect"])?, options),
        "NFQUEUE" => read_queue(at.after(&["NFQUEUE"])?, options),
        "TCPOPTSTRIP" => read_set(at, &["TCPOPTSTRIP", "options"], "--strip-options", options),
        "ECN" => {
            say(options, &["--ecn-tcp-remove"]);
            at.after(&["ECN", "TCP", "remove"])
        }
        _ => None,
    }
}

fn read_set<'a>(
    at: Pieces<'a>,
    before: &[&str],
    name: &str,
    options: &mut String,
) -> Option<Pieces<'a>> {
    let (value, after) = at.after(before)?.word()?;
    say(options, &[name, value]);
    Some(after)
}

/// `to:192.0.2.1:80`, `masq ports: 1024-65535`, `redir ports 3128`, and how they are chosen.
fn read_translation<'a>(
    target: &str,
    word: &str,
    after: Pieces<'a>,
    options: &mut String,
) -> Option<Pieces<'a>> {
    if matches!(word, "random" | "random-fully" | "persistent") {
        say(options, &[&format!("--{word}")]);
        return Some(after);
    }
    let (name, value, after) = match (target, word) {
        ("MASQUERADE", "masq") => {
            let (ports, after) = after.after(&["ports:"])?.word()?;
            ("--to-ports", ports, after)
        }
        ("REDIRECT", "redir") => {
            let (ports, after) = after.after(&["ports"])?.word()?;
            ("--to-ports", ports, after)
        }
        ("DNAT", _) => ("--to-destination", word.strip_prefix("to:")?, after),
        ("SNAT", _) => ("--to-source", word.strip_prefix("to:")?, after),
        ("NETMAP", _) => ("--to", word.strip_prefix("to:")?, after),
        (_, _) => return None,
    };
    say(options, &[name, value]);
    Some(after)
}

/// `LOG flags 15 level 7 prefix "abc: "`, `LOG level warning tcp-options prefix "abc: "`.
fn read_log<'a>(at: Pieces<'a>, options: &mut String) -> Option<Pieces<'a>> {
    const FLAGS: [(&str, &str); 5] = [
        ("tcp-sequence", "--log-tcp-sequence"),
        ("tcp-options", "--log-tcp-options"),
        ("ip-options", "--log-ip-options"),
        ("uid", "--log-uid"),
        ("macdecode", "--log-macdecode"),
    ];
    let mut at = at.after(&["LOG"])?;
    let (mut prefix, mut level, mut flags) = (None, None, 0_u8);
    while let Some((word, after)) = at.word() {
        at = if let Some(bit) = FLAGS.iter().position(|(name, _)| *name == word) {
            flags |= 1 << bit;
            after
        } else if word == "flags" {
            let (value, after) = after.word()?;
            flags = value.parse().ok()?;
            after
        } else if word == "level" {
            let (value, after) = after.word()?;
            level = Some(log_level(value)?);
            after
        } else if word == "prefix" {
            let open = after
                .rest
                .chars()
                .next()
                .filter(|c| matches!(c, '"' | '`'))?;
            let close = if open == '"' { "\"" } else { "'" };
            let (text, after) = enclosed(after.rest.get(1..)?, close)?;
            prefix = Some(text);
            after
        } else {
            break;
        };
    }
    if flags >> FLAGS.len() != 0 {
        return None;
    }
    if let Some(prefix) = prefix {
        say(options, &["--log-prefix", prefix]);
    }
    if let Some(level) = level.filter(|level| *level != 4) {
        say(options, &["--log-level", &level.to_string()]);
    }
    for (at, (_, option)) in FLAGS.iter().enumerate() {
        if flags & (1 << at) != 0 {
            say(options, &[option]);
        }
    }
    Some(at)
}

/// The number of a level of syslog.
fn log_level(word: &str) -> Option<u8> {
    let level = match word {
        "emerg" | "panic" => 0,
        "alert" => 1,
        "crit" => 2,
        "err" | "error" => 3,
        "warn" | "warning" => 4,
        "notice" => 5,
        "info" => 6,
        "debug" => 7,
        number => number.parse().ok().filter(|level| *level < 8)?,
    };
    Some(level)
}

/// `nflog-prefix "a b" nflog-group 5 nflog-threshold 10`.
fn read_nflog<'a>(at: Pieces<'a>, options: &mut String) -> Option<Pieces<'a>> {
    let (word, after) = at.word()?;
    let name = match word {
        "nflog-prefix" => {
            // Old versions print it without quotes.
            let (prefix, after) = match after.rest.strip_prefix('"') {
                Some(text) => enclosed(text, "\"")?,
                None => after.word()?,
            };
            say(options, &["--nflog-prefix", prefix]);
            return Some(after);
        }
        "nflog-group" => "--nflog-group",
        "nflog-range" => "--nflog-range",
        "nflog-size" => "--nflog-size",
        "nflog-threshold" => "--nflog-threshold",
        _ => return None,
    };
    let (value, after) = after.word()?;
    say(options, &[name, value]);
    Some(after)
}

/// `MARK set 0x1`, `MARK xset 0x1/0xff`, `MARK and 0xff`: all are one operation.
fn read_mark<'a>(at: Pieces<'a>, word: &str, options: &mut String) -> Option<Pieces<'a>> {
    let (kind, at) = at.word().filter(|_| word == "MARK")?;
    let (text, after) = at.word()?;
    let value = hex(text.split_once('/').map_or(text, |(value, _)| value))?;
    let (value, mask) = match (kind, text.split_once('/')) {
        ("set", None) => (value, u32::MAX),
        ("set", Some((_, mask))) => (value, hex(mask)? | value),
        ("xset", Some((_, mask))) => (value, hex(mask)?),
        ("and", None) => (0, !value),
        ("or", None) => (value, value),
        ("xor", None) => (value, 0),
        (_, _) => return None,
    };
    say(
        options,
        &["--set-xmark", &format!("0x{value:x}/0x{mask:x}")],
    );
    Some(after)
}

fn hex(word: &str) -> Option<u32> {
    match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

/// `CONNMARK save mask 0xff`, `CONNMARK restore`, `CONNMARK xset 0x1/0xff`.
fn read_connection_mark<'a>(
    at: Pieces<'a>,
    word: &str,
    options: &mut String,
) -> Option<Pieces<'a>> {
    let (kind, after) = at.word().filter(|_| word == "CONNMARK")?;
    let name = match kind {
        "save" => "--save-mark",
        "restore" => "--restore-mark",
        _ => return read_mark(at, "MARK", options),
    };
    let all = "0xffffffff";
    let (from, to, after) = match after.word() {
        Some(("mask", after)) => {
            let (mask, after) = after.word()?;
            (mask, mask, after)
        }
        Some(("nfmask", after)) => {
            let (from, after) = after.word()?;
            let (to, after) = after.after(&["ctmask"])?.word()?;
            (from, to, after)
        }
        Some(("ctmask", after)) => {
            let (to, after) = after.word()?;
            let (from, after) = after.after(&["nfmask"])?.word()?;
            (from, to, after)
        }
        Some(_) | None => (all, all, after),
    };
    say(options, &[name, "--nfmask", from, "--ctmask", to]);
    Some(after)
}

/// `TTL set to 64`, `HL decrement by 1`.
fn read_hops<'a>(at: Pieces<'a>, target: &str, options: &mut String) -> Option<Pieces<'a>> {
    let (kind, after) = at.after(&[target])?.word()?;
    let verb = match kind {
        "set" => "set",
        "increment" => "inc",
        "decrement" => "dec",
        _ => return None,
    };
    let preposition = if kind == "set" { "to" } else { "by" };
    let (value, after) = after.after(&[preposition])?.word()?;
    let name = format!("--{}-{verb}", target.to_ascii_lowercase());
    say(options, &[&name, value]);
    Some(after)
}

/// `TPROXY redirect 0.0.0.0:3129 mark 0x1/0x1`.
fn read_proxy<'a>(at: Pieces<'a>, options: &mut String) -> Option<Pieces<'a>> {
    let (to, at) = at.word()?;
    let (address, port) = to.rsplit_once(':')?;
    let (mark, at) = at.after(&["mark"])?.word()?;
    let words = ["--on-port", port, "--on-ip", address, "--tproxy-mark", mark];
    say(options, &words);
    Some(at)
}

/// `NFQUEUE num 3 bypass`, `NFQUEUE balance 3:5`.
fn read_queue<'a>(at: Pieces<'a>, options: &mut String) -> Option<Pieces<'a>> {
    let (kind, at) = at.word()?;
    let (value, mut at) = at.word()?;
    let name = match kind {
        "num" => "--queue-num",
        "balance" => "--queue-balance",
        _ => return None,
    };
    say(options, &[name, value]);
    for (word, option) in [
        ("bypass", "--queue-bypass"),
        ("cpu-fanout", "--queue-cpu-fanout"),
    ] {
        if let Some(after) = at.after(&[word]) {
            say(options, &[option]);
            at = after;
        }
    }
    Some(at)
}
