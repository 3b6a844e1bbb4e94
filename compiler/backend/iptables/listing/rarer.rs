//! Matches that seldom stand in rules, as their extensions print them behind the columns.

use super::matches::enclosed;
use super::pieces::{Pieces, option, quoted, say};

/// `recent: UPDATE seconds: 60 hit_count: 4 name: ssh side: source mask: 255.255.255.255`.
pub(super) fn read_recent<'a>(
    negated: bool,
    at: Pieces<'a>,
    words: &mut String,
) -> Option<Pieces<'a>> {
    let (kind, mut at) = at.word()?;
    let kind = match kind {
        "SET" => "--set",
        "CHECK" => "--rcheck",
        "UPDATE" => "--update",
        "REMOVE" => "--remove",
        _ => return None,
    };
    say(words, &["-m", "recent"]);
    if negated {
        words.push_str(" !");
    }
    say(words, &[kind]);
    // iptables-save prints the side last.
    let mut side = "--rsource";
    while let Some((word, after)) = at.word() {
        if matches!(word, "reap" | "TTL-Match") {
            say(words, &[if word == "reap" { "--reap" } else { "--rttl" }]);
            at = after;
            continue;
        }
        let Some((value, after)) = after.word() else {
            break;
        };
        match word {
            "seconds:" => say(words, &["--seconds", value]),
            "hit_count:" => say(words, &["--hitcount", value]),
            "name:" => say(words, &["--name", value]),
            "side:" if value == "dest" => side = "--rdest",
            "side:" => side = "--rsource",
            "mask:" => say(words, &["--mask", value]),
            _ => break,
        }
        at = after;
    }
    say(words, &[side]);
    Some(at)
}

/// `#conn src/32 > 3`, `connbytes 100:200 connbytes mode bytes connbytes direction both`.
pub(super) fn read_connections<'a>(
    negated: bool,
    word: &str,
    at: Pieces<'a>,
    words: &mut String,
) -> Option<Pieces<'a>> {
    let (first, at) = at.word()?;
    if word == "connbytes" {
        let (mode, at) = at.after(&["connbytes", "mode"])?.word()?;
        let (direction, at) = at.after(&["connbytes", "direction"])?.word()?;
        say(words, &["-m", "connbytes"]);
        option(words, negated, "--connbytes", first);
        say(
            words,
            &["--connbytes-mode", mode, "--connbytes-dir", direction],
        );
        return Some(at);
    }
    let (side, mask) = first.split_once('/')?;
    let (order, at) = at.word()?;
    let (count, at) = at.word()?;
    let name = match (order, negated) {
        (">", false) => "--connlimit-above",
        ("<=", false) => "--connlimit-upto",
        (_, _) => return None,
    };
    let side = match side {
        "src" | "" => "--connlimit-saddr",
        "dst" => "--connlimit-daddr",
        _ => return None,
    };
    say(
        words,
        &[
            "-m",
            "connlimit",
            name,
            count,
            "--connlimit-mask",
            mask,
            side,
        ],
    );
    Some(at)
}

/// `statistic mode random probability 0.5`, `statistic mode nth every 3 packet 1`.
pub(super) fn read_statistic<'a>(at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let (mode, at) = at.after(&["mode"])?.word()?;
    let (negated, start) = at.negation();
    let (name, at) = start.word()?;
    let (value, at) = at.word()?;
    say(words, &["-m", "statistic", "--mode", mode]);
    match (mode, name) {
        ("random", "probability") => option(words, negated, "--probability", value),
        ("nth", "every") => {
            option(words, negated, "--every", value);
            let packet = at.after(&["packet"]).and_then(Pieces::word);
            let (packet, at) = packet.unwrap_or(("0", at));
            say(words, &["--packet", packet]);
            return Some(at);
        }
        (_, _) => return None,
    }
    Some(at)
}

/// `STRING match "GET /x" ALGO name bm FROM 1 TO 100 ICASE`.
pub(super) fn read_string<'a>(at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let (negated, at) = at.after(&["match"])?.negation();
    let (pattern, at) = enclosed(at.rest.strip_prefix('"')?, "\"")?;
    let (algorithm, mut at) = at.after(&["ALGO", "name"])?.word()?;
    say(words, &["-m", "string"]);
    let name = match pattern.starts_with('|') {
        true => "--hex-string",
        false => "--string",
    };
    quoted(words, negated, name, pattern);
    say(words, &["--algo", algorithm]);
    while let Some((word, after)) = at.word() {
        if word == "ICASE" {
            say(words, &["--icase"]);
            at = after;
            continue;
        }
        let name = match word {
            "FROM" => "--from",
            "TO" => "--to",
            _ => break,
        };
        let Some((value, after)) = after.word() else {
            break;
        };
        say(words, &[name, value]);
        at = after;
    }
    Some(at)
}

/// Extensions that print a word or two and one value.
pub(super) fn read_simple<'a>(
    negated: bool,
    word: &str,
    at: Pieces<'a>,
    words: &mut String,
) -> Option<Pieces<'a>> {
    // A value may stand at the word before it: `tos match0x10/0xff`.
    let (module, name, (marked, value, after)) = match word {
        "mark" | "MARK" => ("mark", "--mark", at.after(&["match"])?.negatable()?),
        "connmark" | "CONNMARK" => ("connmark", "--mark", at.after(&["match"])?.negatable()?),
        "MAC" => ("mac", "--mac-source", at.negatable()?),
        "DSCP" => ("dscp", "--dscp", at.after(&["match"])?.negatable()?),
        "length" => ("length", "--length", at.negatable()?),
        "helper" => ("helper", "--helper", at.after(&["match"])?.negatable()?),
        "realm" => ("realm", "--realm", at.negatable()?),
        "tcpmss" => ("tcpmss", "--mss", at.after(&["match"])?.negatable()?),
        "src-group" => ("devgroup", "--src-group", at.negatable()?),
        "dst-group" => ("devgroup", "--dst-group", at.negatable()?),
        "cpu" => ("cpu", "--cpu", at.negatable()?),
        "cgroup" => ("cgroup", "--cgroup", at.negatable()?),
        "esp" => (
            "esp",
            "--espspi",
            (false, at.peek()?.strip_prefix("spi:")?, at.word()?.1),
        ),
        "PKTTYPE" | "TTL" | "HL" => return read_compared(word, at, words),
        "u32" => {
            let (test, after) = enclosed(at.rest.strip_prefix('"')?, "\"")?;
            say(words, &["-m", "u32"]);
            quoted(words, negated, "--u32", test);
            return Some(after);
        }
        "ECN" => {
            let (part, after) = at.after(&["match"])?.word()?;
            let value = part.strip_prefix("ECT=").filter(|_| !negated)?;
            say(words, &["-m", "ecn", "--ecn-ip-ect", value]);
            return Some(after);
        }
        "quota:" => {
            let (quota, after) = at.word()?;
            say(words, &["-m", "quota"]);
            option(words, negated, "--quota", quota);
            return after.after(&["bytes"]);
        }
        "tos" => {
            let (value, after) = at.word()?;
            let value = value.strip_prefix("match")?;
            let (marked, value) = value
                .strip_prefix('!')
                .map_or((false, value), |v| (true, v));
            ("tos", "--tos", (marked, value, after))
        }
        _ => return None,
    };
    say(words, &["-m", module]);
    option(words, negated || marked, name, value.trim_matches('"'));
    Some(after)
}

/// `PKTTYPE != multicast`, `TTL match TTL == 64`.
fn read_compared<'a>(word: &str, at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let at = match word {
        "PKTTYPE" => at,
        _ => at.after(&["match", word])?,
    };
    let (order, at) = at.word()?;
    let (value, at) = at.word()?;
    let (module, name) = match (word, order) {
        ("PKTTYPE", "=" | "!=") => ("pkttype", "--pkt-type"),
        ("TTL", "==" | "!=") => ("ttl", "--ttl-eq"),
        ("TTL", "<") => ("ttl", "--ttl-lt"),
        ("TTL", ">") => ("ttl", "--ttl-gt"),
        ("HL", "==" | "!=") => ("hl", "--hl-eq"),
        ("HL", "<") => ("hl", "--hl-lt"),
        ("HL", ">") => ("hl", "--hl-gt"),
        (_, _) => return None,
    };
    say(words, &["-m", module]);
    option(words, order == "!=", name, value);
    Some(at)
}
