//! The plain listings of `tc`, which are complete where its JSON is not.
//!
//! A listing of one device does not name it; a heading with the command does:
//! `# tc class show dev virbr0`.

use super::{Class, Found, Police, unit};

/// Takes in all lines.
pub(super) fn read(source: &str, found: &mut Found) {
    let lines: Vec<&str> = source.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let block = 1 + lines[at + 1..]
            .iter()
            .take_while(|line| line.starts_with([' ', '\t']))
            .count();
        take(at + 1, &lines[at..at + block], found);
        at += block;
    }
}

/// A line and those that are indented below it, which belong to it.
fn take(line: usize, block: &[&str], found: &mut Found) {
    let words: Vec<&str> = block[0].split_whitespace().collect();
    let strange = |found: &mut Found| {
        let shown: String = block[0].chars().take(60).collect();
        found.leave(line, format!("'{shown}' is not understood"));
    };
    match words.as_slice() {
        [] => {}
        [first, ..] if first.starts_with('#') => {
            if let Some(device) = after(&words, "dev") {
                found.device = device.to_owned();
                let all = words.contains(&"filter") && words.last() == Some(&device);
                found.queues(device).filters |= all;
            }
        }
        ["qdisc", kind, ..] => {
            let device = device(&words, found);
            let default = after(&words, "default").and_then(hexadecimal);
            found.qdisc(line, &device, kind, default);
        }
        // A class of another qdisc lies in what is named already.
        ["class", kind, id, ..] => match class(&words) {
            Some(class) if *kind == "htb" => {
                let device = device(&words, found);
                found.queues(&device).rounded = true;
                found.class(&device, id, class);
            }
            None if *kind == "htb" => strange(found),
            Some(_) | None => {}
        },
        ["filter", ..] => filter(line, &words, block, found),
        [_, ..] => strange(found),
    }
}

fn device(words: &[&str], found: &Found) -> String {
    after(words, "dev").map_or_else(|| found.device.clone(), str::to_owned)
}

/// The word that follows another one.
fn after<'a>(words: &[&'a str], key: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| *word == key)?;
    words.get(at + 1).copied()
}

fn hexadecimal(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x").unwrap_or(word), 16).ok()
}

fn class(words: &[&str]) -> Option<Class> {
    let bits = after(words, "rate").and_then(unit::bits)?;
    Some(Class {
        parent: after(words, "parent").map(str::to_owned),
        bits,
        ceiling_bits: after(words, "ceil").and_then(unit::bits).unwrap_or(bits),
        burst_bytes: after(words, "burst").and_then(unit::bytes)?,
    })
}

/// A filter is listed as a heading for its kind, then itself with what it matches and does.
fn filter(line: usize, words: &[&str], block: &[&str], found: &mut Found) {
    let device = device(words, found);
    let kind = match words.iter().position(|word| *word == "pref") {
        Some(at) => words.get(at + 2).copied().unwrap_or_default(),
        None => "",
    };
    let all: Vec<&str> = block.iter().flat_map(|it| it.split_whitespace()).collect();
    if after(words, "parent") != Some("ffff:") {
        let checksum = after(&all, "csum").is_some();
        found.sent(&device, checksum);
    }
    let policed: Vec<&str> = (all.into_iter())
        .skip_while(|word| *word != "police")
        .collect();
    if policed.is_empty() {
        found.filter(line, &device, kind, None);
        return;
    }
    let bits = after(&policed, "rate").and_then(unit::bits);
    let burst = after(&policed, "burst").and_then(unit::bytes);
    match (bits, burst) {
        (Some(bits), Some(burst_bytes)) => {
            let police = Police { bits, burst_bytes };
            found.queues(&device).rounded = true;
            found.filter(line, &device, kind, Some(police));
        }
        (_, _) => found.leave(line, format!("the policer of '{device}' says no rate")),
    }
}
