//! Times of the day, the week, the month: `time`.

use std::fmt::Write as _;

use crate::backend::iptables::option::{Extension, Given, Opt, find, has};
use crate::backend::iptables::value;
use crate::firewall::Family;

pub(super) static TIME: Extension = Extension::kept_match(
    "time",
    &[
        Opt::value("--timestart"),
        Opt::value("--timestop"),
        Opt::value("--monthdays"),
        Opt::value("--weekdays"),
        Opt::value("--datestart"),
        Opt::value("--datestop"),
        Opt::flag("--kerneltz"),
        Opt::flag("--localtz"),
        Opt::flag("--utc"),
        Opt::flag("--contiguous"),
    ],
)
.spelt(spell);

/// Days of the week as they are printed; they may be given by their whole names, or by number.
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The last second that the kernel can count to, which it always says.
const END_OF_TIME: &str = "2038-01-19T03:14:07";

/// As `time_save` of `libxt_time`.
fn spell(text: &mut String, _: Family, given: &[Given<'_>]) -> Result<(), String> {
    let daytime = |name, usual: &str| match find(given, name) {
        Some(each) => clock(&each.text()),
        None => Ok(usual.to_owned()),
    };
    let start = daytime("--timestart", "00:00:00")?;
    let stop = daytime("--timestop", "23:59:59")?;
    // Writing into a String cannot fail.
    if (start.as_str(), stop.as_str()) != ("00:00:00", "23:59:59") {
        let _ = write!(text, " --timestart {start} --timestop {stop}");
    }
    if let Some(each) = find(given, "--monthdays") {
        push_days(text, each, 31, value::fitting, |day| day.to_string())?;
    }
    if let Some(each) = find(given, "--weekdays") {
        let name = |day: u32| WEEKDAYS[day as usize - 1].to_owned();
        push_days(text, each, 7, weekday, name)?;
    }
    if let Some(each) = find(given, "--datestart") {
        let _ = write!(text, " --datestart {}", date(&each.text())?);
    }
    let stop = find(given, "--datestop").map(|each| date(&each.text()));
    let stop = stop.transpose()?;
    let _ = write!(
        text,
        " --datestop {}",
        stop.as_deref().unwrap_or(END_OF_TIME)
    );
    if has(given, "--kerneltz") || has(given, "--localtz") {
        text.push_str(" --kerneltz");
    }
    if has(given, "--contiguous") {
        text.push_str(" --contiguous");
    }
    Ok(())
}

/// `hh:mm:ss`; the seconds may be missing.
fn clock(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is no time of the day");
    let mut numbers = [0_u8; 3];
    let mut parts = text.split(':');
    for (number, (least, limit)) in numbers
        .iter_mut()
        .zip([(true, 24), (true, 60), (false, 60)])
    {
        match parts.next() {
            Some(part) => {
                let read = part.parse().ok().filter(|read| *read < limit);
                *number = read.ok_or_else(wrong)?;
            }
            None if least => return Err(wrong()),
            None => {}
        }
    }
    let [hours, minutes, seconds] = numbers;
    match parts.next() {
        None => Ok(format!("{hours:02}:{minutes:02}:{seconds:02}")),
        Some(_) => Err(wrong()),
    }
}

/// `yyyy-mm-ddThh:mm:ss`, of which all behind the year may be missing.
fn date(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is no date");
    let (date, time) = text.split_once('T').unwrap_or((text, "00"));
    let numbers = |text: &str, separator: char, usual: [u16; 3]| {
        let mut numbers = usual;
        let mut parts = text.split(separator);
        for (number, part) in numbers.iter_mut().zip(parts.by_ref()) {
            *number = part.parse().ok()?;
        }
        parts.next().is_none().then_some(numbers)
    };
    let [year, month, day] = numbers(date, '-', [0, 1, 1]).ok_or_else(wrong)?;
    let [hours, minutes, seconds] = numbers(time, ':', [0, 0, 0]).ok_or_else(wrong)?;
    Ok(format!(
        "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}"
    ))
}

fn weekday(word: &str) -> Result<u32, String> {
    let start = word.get(..3).unwrap_or(word);
    let known = (1..).zip(WEEKDAYS);
    let mut named = known.filter(|(_, name)| name.eq_ignore_ascii_case(start));
    match named.next() {
        Some((day, _)) => Ok(day),
        None => value::fitting(word),
    }
}

/// Days in their order; those that a `!` leaves over if it stands with them.
fn push_days(
    text: &mut String,
    each: &Given<'_>,
    last: u32,
    read: impl Fn(&str) -> Result<u32, String>,
    name: impl Fn(u32) -> String,
) -> Result<(), String> {
    let mut days = Vec::new();
    for word in each.text().split(',') {
        let day = read(word)?;
        if !(1..=last).contains(&day) {
            return Err(format!("there is no day '{word}'"));
        }
        days.push(day);
    }
    let said = (1..=last).filter(|day| days.contains(day) != each.negated);
    let said: Vec<String> = said.map(name).collect();
    if said.len() < last as usize {
        text.extend([" ", each.name(), " ", &said.join(",")]);
    }
    Ok(())
}
