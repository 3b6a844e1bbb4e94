//! Sets of `ipset`: the match `set` and the target `SET`.

use std::fmt::Write as _;

use super::packet::comparison;
use super::{not, push_word};
use crate::backend::iptables::option::{
    Extension, Given, Matches, Opt, find, has, read_value, required,
};
use crate::backend::iptables::value;
use crate::firewall::{
    AddressSide, Comparison, CountTest, Family, Match, SetAction, SetChange, SetMatch, Target,
};

pub(super) static SET: Extension = Extension::of_match(
    "set",
    &[
        Opt::pair("--match-set").also(&["--set"]),
        Opt::flag("--return-nomatch"),
        Opt::flag("--update-counters"),
        Opt::flag("--update-subcounters"),
        Opt::value("--packets-eq"),
        Opt::value("--packets-lt"),
        Opt::value("--packets-gt"),
        Opt::value("--bytes-eq"),
        Opt::value("--bytes-lt"),
        Opt::value("--bytes-gt"),
    ],
    read_match,
);

pub(super) static SET_TARGET: Extension = Extension::of_target(
    "SET",
    &[
        Opt::pair("--add-set"),
        Opt::pair("--del-set"),
        Opt::pair("--map-set"),
        Opt::flag("--exist"),
        Opt::value("--timeout"),
        Opt::flag("--map-mark"),
        Opt::flag("--map-prio"),
        Opt::flag("--map-queue"),
    ],
    read_target,
);

fn read_match(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let set = required(given, "--match-set")?;
    let switched = |name| find(given, name).is_none_or(|each| !each.negated);
    let mut found = SetMatch {
        name: set.text().into(),
        sides: sides(&set.second())?,
        negated: set.negated,
        nomatch: has(given, "--return-nomatch"),
        counts: switched("--update-counters"),
        subcounts: switched("--update-subcounters"),
        packets: None,
        bytes: None,
    };
    for each in given {
        let (of_packets, kind) = match each.name() {
            "--packets-eq" => (true, Comparison::Equal),
            "--packets-lt" => (true, Comparison::Less),
            "--packets-gt" => (true, Comparison::Greater),
            "--bytes-eq" => (false, Comparison::Equal),
            "--bytes-lt" => (false, Comparison::Less),
            "--bytes-gt" => (false, Comparison::Greater),
            _ => continue,
        };
        let test = CountTest {
            comparison: kind,
            value: value::fitting(&each.text())?,
            negated: each.negated,
        };
        let place = match of_packets {
            true => &mut found.packets,
            false => &mut found.bytes,
        };
        if place.replace(test).is_some() {
            return Err("a counter is compared once".to_owned());
        }
    }
    matches.all.push(Match::Set(Box::new(found)));
    Ok(())
}

fn sides(text: &str) -> Result<Box<[AddressSide]>, String> {
    let words = text.split(',').map(|word| match word {
        "src" => Ok(AddressSide::Source),
        "dst" => Ok(AddressSide::Destination),
        other => Err(format!("a set is looked up by src or dst, not '{other}'")),
    });
    words.collect()
}

fn read_target(_: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let changes = ["--add-set", "--del-set", "--map-set"];
    let mut sets = given.iter().filter(|each| changes.contains(&each.name()));
    let (Some(set), None) = (sets.next(), sets.next()) else {
        return Err("SET does one thing with one set".to_owned());
    };
    let action = match set.name() {
        "--add-set" => SetAction::Add {
            exist: has(given, "--exist"),
            timeout: read_value(given, "--timeout", value::fitting)?,
        },
        "--del-set" => SetAction::Delete,
        _ => SetAction::Map {
            mark: has(given, "--map-mark"),
            priority: has(given, "--map-prio"),
            queue: has(given, "--map-queue"),
        },
    };
    Ok(Target::SetChange(Box::new(SetChange {
        action,
        name: set.text().into(),
        sides: sides(&set.second())?,
    })))
}

fn push_set(text: &mut String, name: &str, sides: &[AddressSide]) {
    text.push(' ');
    push_word(text, name);
    let mut before = ' ';
    for side in sides {
        text.push(before);
        text.push_str(match side {
            AddressSide::Source => "src",
            AddressSide::Destination => "dst",
        });
        before = ',';
    }
}

pub(super) fn print_match(text: &mut String, set: &SetMatch) {
    text.extend([not(set.negated), " --match-set"]);
    push_set(text, &set.name, &set.sides);
    let flags = [
        (set.nomatch, " --return-nomatch"),
        (!set.counts, " ! --update-counters"),
        (!set.subcounts, " ! --update-subcounters"),
    ];
    let set_flags = flags.into_iter().filter(|(set, _)| *set);
    text.extend(set_flags.map(|(_, option)| option));
    for (test, what) in [(set.packets, "packets"), (set.bytes, "bytes")] {
        if let Some(test) = test {
            let (not, how) = (not(test.negated), comparison(test.comparison));
            // Writing into a String cannot fail.
            let _ = write!(text, "{not} --{what}-{how} {}", test.value);
        }
    }
}

pub(super) fn print_target(text: &mut String, change: &SetChange) {
    text.push_str(match change.action {
        SetAction::Add { .. } => " --add-set",
        SetAction::Delete => " --del-set",
        SetAction::Map { .. } => " --map-set",
    });
    push_set(text, &change.name, &change.sides);
    match change.action {
        SetAction::Add { exist, timeout } => {
            if exist {
                text.push_str(" --exist");
            }
            if let Some(seconds) = timeout {
                // Writing into a String cannot fail.
                let _ = write!(text, " --timeout {seconds}");
            }
        }
        SetAction::Delete => {}
        SetAction::Map {
            mark,
            priority,
            queue,
        } => {
            let flags = [
                (mark, " --map-mark"),
                (priority, " --map-prio"),
                (queue, " --map-queue"),
            ];
            let set_flags = flags.into_iter().filter(|(set, _)| *set);
            text.extend(set_flags.map(|(_, option)| option));
        }
    }
}
