//! How often a rule may match: `limit`, `statistic`, `recent`.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::not;
use crate::backend::iptables::option::{
    Extension, Given, Matches, Opt, find, has, read_value, required,
};
use crate::backend::iptables::value::{self, Address};
use crate::firewall::{
    AddressSide, Family, Limit, Match, Rate, RateUnit, Recent, RecentAction, Statistic, TimeUnit,
};

pub(super) static LIMIT: Extension = Extension::of_match(
    "limit",
    &[Opt::value("--limit"), Opt::value("--limit-burst")],
    read_limit,
);

pub(super) static STATISTIC: Extension = Extension::of_match(
    "statistic",
    &[
        Opt::value("--mode"),
        Opt::value("--probability"),
        Opt::value("--every"),
        Opt::value("--packet"),
    ],
    read_statistic,
);

pub(super) static RECENT: Extension = Extension::of_match(
    "recent",
    &[
        Opt::flag("--set"),
        Opt::flag("--rcheck"),
        Opt::flag("--update"),
        Opt::flag("--remove"),
        Opt::value("--seconds"),
        Opt::flag("--reap"),
        Opt::value("--hitcount"),
        Opt::flag("--rttl"),
        Opt::value("--name"),
        Opt::value("--mask"),
        Opt::flag("--rsource"),
        Opt::flag("--rdest"),
    ],
    read_recent,
);

/// The rate and burst of `libxt_limit` where nothing is said.
const DEFAULT_LIMIT: &str = "3/hour";
const DEFAULT_BURST: u64 = 5;

/// How finely the kernel counts for `limit`: steps in a second (`XT_LIMIT_SCALE`).
const LIMIT_STEPS: u64 = 10_000;

/// The units with their seconds, from the longest.
const UNITS: [(TimeUnit, u64, &str); 4] = [
    (TimeUnit::Day, 24 * 60 * 60, "day"),
    (TimeUnit::Hour, 60 * 60, "hour"),
    (TimeUnit::Minute, 60, "min"),
    (TimeUnit::Second, 1, "sec"),
];

/// The seconds of a unit.
pub(super) fn seconds(unit: TimeUnit) -> u64 {
    let known = UNITS.iter().find(|(each, _, _)| *each == unit);
    known.map_or(7 * 24 * 60 * 60, |(_, seconds, _)| *seconds)
}

fn read_limit(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let rate = find(given, "--limit").map(|each| each.text());
    let (amount, unit) = amount_per(rate.as_deref().unwrap_or(DEFAULT_LIMIT))?;
    let burst = read_value(given, "--limit-burst", value::fitting::<u32>)?;
    matches.all.push(Match::Limit(Box::new(Limit {
        rate: as_kept(amount, unit, LIMIT_STEPS)?,
        burst: burst.map_or(DEFAULT_BURST, u64::from),
        over: false,
    })));
    Ok(())
}

/// `5`, `5/sec`, `5/second`, `5/m`: an amount, in a second unless said otherwise.
pub(super) fn amount_per(text: &str) -> Result<(u64, TimeUnit), String> {
    let wrong = || format!("'{text}' is no rate");
    let (amount, unit) = text.split_once('/').unwrap_or((text, "second"));
    let long = ["day", "hour", "minute", "second"];
    let begins = |name: &str| !unit.is_empty() && name.starts_with(&unit.to_ascii_lowercase());
    let at = long
        .iter()
        .position(|name| begins(name))
        .ok_or_else(wrong)?;
    let amount = value::number(amount).filter(|amount| *amount > 0 && *amount <= 1 << 40);
    Ok((amount.ok_or_else(wrong)?, UNITS[at].0))
}

/// A rate as it comes back from the kernel, which keeps the time between two packets in steps.
///
/// A longer unit is taken where the division leaves less than the amount (`print_rate`).
pub(in crate::backend::iptables) fn as_kept(
    amount: u64,
    unit: TimeUnit,
    steps: u64,
) -> Result<Rate, String> {
    let period = steps * seconds(unit) / amount;
    if period == 0 {
        return Err("the rate is too high".to_owned());
    }
    let mut best = UNITS[0];
    for each in &UNITS[1..] {
        let whole = each.1 * steps;
        if period > whole || whole / period < whole % period {
            break;
        }
        best = *each;
    }
    Ok(Rate {
        amount: best.1 * steps / period,
        unit: RateUnit::Packets,
        per: best.0,
    })
}

pub(super) fn push_rate(text: &mut String, rate: Rate) {
    let known = UNITS.iter().find(|(unit, _, _)| *unit == rate.per);
    let name = known.map_or("week", |(_, _, name)| *name);
    // Writing into a String cannot fail.
    let _ = write!(text, "{}/{name}", rate.amount);
}

/// Whether `limit` can say it: packets within a rate.
pub(super) fn is_limit(limit: &Limit) -> bool {
    let Rate { unit, per, .. } = limit.rate;
    !limit.over && unit == RateUnit::Packets && per != TimeUnit::Week
}

pub(super) fn print_limit(text: &mut String, limit: &Limit) {
    text.push_str(" --limit ");
    push_rate(text, limit.rate);
    if limit.burst != DEFAULT_BURST {
        // Writing into a String cannot fail.
        let _ = write!(text, " --limit-burst {}", limit.burst);
    }
}

/// What stands for certainty in the kernel.
const CERTAIN: f64 = 2_147_483_648.0;

fn read_statistic(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let mode = required(given, "--mode")?.text();
    let (which, negated) = match &*mode {
        "random" => {
            let each = required(given, "--probability")?;
            let share = each.text().parse::<f64>().ok();
            let share = share.filter(|share| (0.0..=1.0).contains(share));
            let share = share.ok_or("a probability is between 0 and 1")?;
            // It is at most 2³¹, so nothing is cut off.
            let share = (CERTAIN * share).round() as u32;
            (Statistic::Random { share }, each.negated)
        }
        "nth" => {
            let each = required(given, "--every")?;
            let every = value::fitting(&each.text())?;
            let packet = read_value(given, "--packet", value::fitting)?.unwrap_or(0);
            if every == 0 || packet >= every {
                return Err(format!(
                    "of {every} packets there is none of number {packet}"
                ));
            }
            (Statistic::Nth { every, packet }, each.negated)
        }
        other => return Err(format!("there is no mode '{other}'")),
    };
    matches.all.push(Match::Statistic { which, negated });
    Ok(())
}

pub(super) fn print_statistic(text: &mut String, which: Statistic, negated: bool) {
    let not = not(negated);
    // Writing into a String cannot fail.
    let _ = match which {
        Statistic::Random { share } => {
            let share = f64::from(share) / CERTAIN;
            write!(text, " --mode random{not} --probability {share:.11}")
        }
        Statistic::Nth { every, packet } => {
            write!(text, " --mode nth{not} --every {every} --packet {packet}")
        }
    };
}

fn read_recent(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let mut actions = given.iter().filter_map(|each| {
        let action = match each.name() {
            "--set" => RecentAction::Set,
            "--rcheck" => RecentAction::Check,
            "--update" => RecentAction::Update,
            "--remove" => RecentAction::Remove,
            _ => return None,
        };
        Some((action, each.negated))
    });
    let (Some((action, negated)), None) = (actions.next(), actions.next()) else {
        return Err("recent does one thing with its list".to_owned());
    };
    let name = find(given, "--name").map(|each| each.text());
    let whole = match matches.family {
        Family::Ipv4 => IpAddr::V4(Ipv4Addr::BROADCAST),
        Family::Ipv6 => IpAddr::V6(Ipv6Addr::from(u128::MAX)),
    };
    let mask = read_value(given, "--mask", |text| value::address(text, matches.family))?;
    let side = match has(given, "--rdest") {
        true => AddressSide::Destination,
        false => AddressSide::Source,
    };
    matches.all.push(Match::Recent(Box::new(Recent {
        action,
        negated,
        seconds: read_value(given, "--seconds", value::fitting)?,
        reap: has(given, "--reap"),
        hits: read_value(given, "--hitcount", value::fitting)?,
        ttl: has(given, "--rttl"),
        name: name.as_deref().unwrap_or("DEFAULT").into(),
        mask: mask.unwrap_or(whole),
        side,
    })));
    Ok(())
}

pub(super) fn print_recent(text: &mut String, recent: &Recent) {
    let action = match recent.action {
        RecentAction::Set => "set",
        RecentAction::Check => "rcheck",
        RecentAction::Update => "update",
        RecentAction::Remove => "remove",
    };
    // Writing into a String cannot fail.
    let _ = write!(text, "{} --{action}", not(recent.negated));
    if let Some(seconds) = recent.seconds {
        let _ = write!(text, " --seconds {seconds}");
    }
    if recent.reap {
        text.push_str(" --reap");
    }
    if let Some(hits) = recent.hits {
        let _ = write!(text, " --hitcount {hits}");
    }
    if recent.ttl {
        text.push_str(" --rttl");
    }
    text.push_str(" --name ");
    super::push_word(text, &recent.name);
    let side = match recent.side {
        AddressSide::Source => "rsource",
        AddressSide::Destination => "rdest",
    };
    let _ = write!(text, " --mask {} --{side}", Address(recent.mask));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `iptables-save` gave back for each rate.
    #[test]
    fn rates_are_as_the_kernel_keeps_them() {
        for (given, kept) in [
            ("3/hour", "3/hour"),
            ("5/sec", "5/sec"),
            ("300/hour", "5/min"),
            ("3001/sec", "3333/sec"),
            ("100000/min", "1666/sec"),
            ("90/min", "90/min"),
            ("100", "100/sec"),
            ("7/s", "7/sec"),
        ] {
            let (amount, unit) = amount_per(given).expect("it is a rate");
            let rate = as_kept(amount, unit, LIMIT_STEPS).expect("it is not too high");
            let mut text = String::new();
            push_rate(&mut text, rate);
            assert_eq!(text, kept, "{given}");
        }
        assert!(amount_per("5/year").is_err() && amount_per("0/sec").is_err());
    }
}
