//! Matches that print their options one by one, nearly as they are given.

use super::pieces::{Pieces, option, say};

/// Extensions that print their options nearly as they are given.
pub(super) fn read_options<'a>(
    word: &str,
    at: Pieces<'a>,
    words: &mut String,
) -> Option<Pieces<'a>> {
    match word {
        "PHYSDEV" => {
            say(words, &["-m", "physdev"]);
            read_physdev(at.after(&["match"])?, words)
        }
        "ADDRTYPE" => {
            say(words, &["-m", "addrtype"]);
            Some(read_address_types(at.after(&["match"])?, words))
        }
        "policy" => {
            say(words, &["-m", "policy"]);
            Some(read_policy(at.after(&["match"])?, words))
        }
        "socket" => {
            say(words, &["-m", "socket"]);
            Some(read_flags(
                at,
                words,
                &["--transparent", "--nowildcard", "--restore-skmark"],
            ))
        }
        _ => {
            say(words, &["-m", "rpfilter"]);
            Some(read_flags(
                at,
                words,
                &["loose", "validmark", "accept-local", "invert"],
            ))
        }
    }
}

/// Options without a value, with or without their dashes.
fn read_flags<'a>(at: Pieces<'a>, words: &mut String, known: &[&str]) -> Pieces<'a> {
    let mut at = at;
    while let Some((word, after)) = at.word().filter(|(word, _)| known.contains(word)) {
        say(words, &[&format!("--{}", word.trim_start_matches('-'))]);
        at = after;
    }
    at
}

/// `PHYSDEV match ! --physdev-in eth0 --physdev-is-bridged`.
fn read_physdev<'a>(at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let mut at = at;
    loop {
        let (negated, start) = at.negation();
        let Some((name, after)) = start.word() else {
            return Some(at);
        };
        match name {
            "--physdev-in" | "--physdev-out" => {
                let (device, after) = after.word()?;
                option(words, negated, name, device);
                at = after;
            }
            "--physdev-is-in" | "--physdev-is-out" | "--physdev-is-bridged" => {
                if negated {
                    words.push_str(" !");
                }
                say(words, &[name]);
                at = after;
            }
            _ => return Some(at),
        }
    }
}

/// `ADDRTYPE match src-type UNICAST dst-type !LOCAL limit-in`.
fn read_address_types<'a>(at: Pieces<'a>, words: &mut String) -> Pieces<'a> {
    let mut at = at;
    while let Some((word, after)) = at.word() {
        at = match (word, after.negatable()) {
            ("src-type" | "dst-type", Some((negated, kinds, after))) => {
                option(words, negated, &format!("--{word}"), kinds);
                after
            }
            ("limit-in", _) => {
                say(words, &["--limit-iface-in"]);
                after
            }
            ("limit-out", _) => {
                say(words, &["--limit-iface-out"]);
                after
            }
            (_, _) => break,
        };
    }
    at
}

/// `policy match dir in pol ipsec reqid 1 proto 50`.
fn read_policy<'a>(at: Pieces<'a>, words: &mut String) -> Pieces<'a> {
    let mut at = at;
    loop {
        let (negated, start) = at.negation();
        let Some((word, after)) = start.word() else {
            return at;
        };
        if word == "strict" {
            say(words, &["--strict"]);
            at = after;
            continue;
        }
        let known = [
            "dir",
            "pol",
            "reqid",
            "spi",
            "proto",
            "mode",
            "tunnel-src",
            "tunnel-dst",
        ];
        let Some((value, after)) = after.word().filter(|_| known.contains(&word)) else {
            return at;
        };
        let value = match (word, value) {
            ("proto", "50") => "esp",
            ("proto", "51") => "ah",
            ("proto", "108") => "ipcomp",
            (_, value) => value,
        };
        option(words, negated, &format!("--{word}"), value);
        at = after;
    }
}

/// `owner UID match 1000`, `! owner GID match 100`, `owner socket exists`: all of one match.
pub(super) fn read_owner<'a>(
    negated: bool,
    at: Pieces<'a>,
    words: &mut String,
) -> Option<Pieces<'a>> {
    say(words, &["-m", "owner"]);
    let mut at = read_owner_option(negated, at, words)?;
    loop {
        let (negated, start) = at.negation();
        let next = start.after(&["owner"]);
        match next.and_then(|next| read_owner_option(negated, next, words)) {
            Some(after) => at = after,
            None => return Some(at),
        }
    }
}

fn read_owner_option<'a>(negated: bool, at: Pieces<'a>, words: &mut String) -> Option<Pieces<'a>> {
    let (kind, after) = at.word()?;
    let name = match kind {
        "UID" => "--uid-owner",
        "GID" => "--gid-owner",
        "socket" => {
            let after = after.after(&["exists"])?;
            if negated {
                words.push_str(" !");
            }
            say(words, &["--socket-exists"]);
            return Some(after);
        }
        _ => return None,
    };
    let (value, after) = after.after(&["match"])?.word()?;
    // Users other than root have other numbers on other hosts.
    let value = if value == "root" { "0" } else { value };
    let number = |byte: u8| byte.is_ascii_digit() || byte == b'-';
    if !value.bytes().all(number) {
        return None;
    }
    option(words, negated, name, value);
    Some(after)
}

/// `match-set X src,dst`, and what an ipset match can ask besides.
pub(super) fn read_set<'a>(
    negated: bool,
    at: Pieces<'a>,
    words: &mut String,
) -> Option<Pieces<'a>> {
    let (set, at) = at.word()?;
    let (sides, at) = at.word()?;
    if !sides.split(',').all(|side| matches!(side, "src" | "dst")) {
        return None;
    }
    say(words, &["-m", "set"]);
    if negated {
        words.push_str(" !");
    }
    say(words, &["--match-set", set, sides]);
    Some(read_flags(at, words, &["return-nomatch"]))
}
