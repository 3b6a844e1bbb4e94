//! A bucket for each of many: `hashlimit`.

use std::fmt::Write as _;

use super::rate;
use crate::backend::iptables::option::{
    Extension, Given, Matches, Opt, find, has, read_value, required,
};
use crate::backend::iptables::value;
use crate::firewall::{Family, HashKeys, HashLimit, Match, Rate, RateUnit, TimeUnit};

pub(super) static HASHLIMIT: Extension = Extension::of_match(
    "hashlimit",
    &[
        Opt::value("--hashlimit-upto").also(&["--hashlimit"]),
        Opt::value("--hashlimit-above"),
        Opt::value("--hashlimit-burst"),
        Opt::value("--hashlimit-mode"),
        Opt::value("--hashlimit-name"),
        Opt::value("--hashlimit-htable-size"),
        Opt::value("--hashlimit-htable-max"),
        Opt::value("--hashlimit-htable-gcinterval"),
        Opt::value("--hashlimit-htable-expire"),
        Opt::value("--hashlimit-srcmask"),
        Opt::value("--hashlimit-dstmask"),
        Opt::flag("--hashlimit-rate-match"),
        Opt::value("--hashlimit-rate-interval"),
    ],
    read,
);

/// How finely the kernel counts packets for `hashlimit`: steps in a second
/// (`XT_HASHLIMIT_SCALE_v2`).
const STEPS: u64 = 1_000_000;

/// What a bucket holds unless said otherwise, in packets.
const BURST: u64 = 5;

/// How often old buckets are looked for unless said otherwise, in milliseconds.
const COLLECT: u32 = 1_000;

/// How long idle buckets stay if bytes are counted, unless said otherwise, in milliseconds.
const EXPIRE_BYTES: u32 = 15_000;

/// Sizes by name, from the largest.
const SIZES: [(u64, &str); 3] = [(1 << 20, "m"), (1 << 10, "k"), (1, "")];

/// What the options say of the table, and of the parts of an address that count.
fn read(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let (limit, above) = match find(given, "--hashlimit-above") {
        Some(above) => (above, true),
        None => (required(given, "--hashlimit-upto")?, false),
    };
    let number = |name| read_value(given, name, value::fitting::<u32>);
    let burst = find(given, "--hashlimit-burst").map(|each| each.text());
    let amount = amount(&limit.text(), burst.as_deref())?;
    let expire = number("--hashlimit-htable-expire")?.or(amount.expire);
    let interval = number("--hashlimit-rate-interval")?;
    let keys = find(given, "--hashlimit-mode").map_or(Ok(HashKeys::default()), keys)?;
    let whole = match matches.family {
        Family::Ipv4 => 32,
        Family::Ipv6 => 128,
    };
    let prefix = |name| -> Result<Option<u8>, String> {
        let prefix = read_value(given, name, value::fitting)?;
        Ok(prefix.filter(|prefix| *prefix < whole))
    };
    matches.all.push(Match::HashLimit(Box::new(HashLimit {
        rate: amount.rate,
        burst: amount.burst,
        above: above != limit.negated,
        keys,
        name: required(given, "--hashlimit-name")?.text().into(),
        source_prefix: prefix("--hashlimit-srcmask")?,
        destination_prefix: prefix("--hashlimit-dstmask")?,
        rows: number("--hashlimit-htable-size")?.filter(|rows| *rows != 0),
        max: number("--hashlimit-htable-max")?.filter(|max| *max != 0),
        collect_milliseconds: number("--hashlimit-htable-gcinterval")?
            .filter(|interval| *interval != COLLECT),
        expire_milliseconds: expire.filter(|expire| *expire != usual_expire(amount.rate)),
        measured: has(given, "--hashlimit-rate-match"),
        measured_seconds: interval.filter(|seconds| *seconds != 1),
    })));
    Ok(())
}

/// A rate and what follows from it.
struct Amount {
    rate: Rate,
    burst: Option<u64>,
    /// How long idle buckets stay if that is not said.
    expire: Option<u32>,
}

fn amount(text: &str, burst: Option<&str>) -> Result<Amount, String> {
    if let Some(bytes) = text
        .strip_suffix("/s")
        .and_then(|text| text.strip_suffix('b'))
    {
        return amount_of_bytes(bytes, burst);
    }
    let (amount, unit) = rate::amount_per(text)?;
    let rate = rate::as_kept(amount, unit, STEPS)?;
    let usual = |unit| u32::try_from(rate::seconds(unit) * 1_000).ok();
    Ok(Amount {
        rate,
        burst: Some(match burst {
            Some(burst) => value::fitting(burst)?,
            None => BURST,
        }),
        expire: usual(unit),
    })
}

fn usual_expire(rate: Rate) -> u32 {
    match rate.unit {
        RateUnit::Packets => u32::try_from(rate::seconds(rate.per) * 1_000).unwrap_or(u32::MAX),
        RateUnit::Bytes => EXPIRE_BYTES,
    }
}

/// `512k`: bytes a second, as they come back from the kernel, which keeps what 16 bytes cost.
fn amount_of_bytes(text: &str, burst: Option<&str>) -> Result<Amount, String> {
    let wanted = bytes(text).filter(|wanted| (16..1 << 32).contains(wanted));
    let wanted = wanted.ok_or_else(|| format!("'{text}' is no number of bytes"))?;
    let kept = bytes_of(cost(wanted));
    let (unit, _) = unit_of_rate(kept);
    let burst = burst.map(|text| {
        let wanted = bytes(text.strip_suffix('b').unwrap_or(text));
        let wanted = wanted.ok_or_else(|| format!("'{text}' is no number of bytes"))?;
        let burst = kept * wanted.div_ceil(kept);
        let (unit, _) = unit_of(burst);
        Ok::<u64, String>(burst / unit * unit)
    });
    Ok(Amount {
        rate: Rate {
            amount: kept / unit * unit,
            unit: RateUnit::Bytes,
            per: TimeUnit::Second,
        },
        burst: burst.transpose()?,
        expire: None,
    })
}

fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 1 << 10),
        b'm' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    value::number(digits)?.checked_mul(unit)
}

/// `bytes_to_cost`.
fn cost(bytes: u64) -> u64 {
    u64::from(u32::MAX) / ((bytes >> 4) + 1)
}

/// `cost_to_bytes`.
fn bytes_of(cost: u64) -> u64 {
    match cost {
        0 => u64::from(u32::MAX),
        cost => ((u64::from(u32::MAX) / cost) - 1) << 4,
    }
}

/// The largest unit that says the rate exactly enough (`print_bytes`).
fn unit_of_rate(rate: u64) -> (u64, &'static str) {
    let same = |unit: u64| rate >= unit && cost(rate / unit * unit) == cost(rate);
    let unit = SIZES.into_iter().find(|(unit, _)| same(*unit));
    unit.unwrap_or((1, ""))
}

fn unit_of(bytes: u64) -> (u64, &'static str) {
    let unit = SIZES.into_iter().find(|(unit, _)| bytes >= *unit);
    unit.unwrap_or((1, ""))
}

fn keys(each: &Given<'_>) -> Result<HashKeys, String> {
    let mut keys = HashKeys::default();
    for word in each.text().split(',') {
        match word {
            "srcip" => keys.source = true,
            "srcport" => keys.source_port = true,
            "dstip" => keys.destination = true,
            "dstport" => keys.destination_port = true,
            _ => return Err(format!("there is nothing to tell apart by '{word}'")),
        }
    }
    Ok(keys)
}

pub(super) fn print(text: &mut String, limit: &HashLimit) {
    let option = if limit.above { "above" } else { "upto" };
    // Writing into a String cannot fail.
    let _ = write!(text, " --hashlimit-{option} ");
    match limit.rate.unit {
        RateUnit::Packets => rate::push_rate(text, limit.rate),
        RateUnit::Bytes => {
            let (unit, name) = unit_of_rate(limit.rate.amount);
            let _ = write!(text, "{}{name}b/s", limit.rate.amount / unit);
        }
    }
    match (limit.rate.unit, limit.burst) {
        (RateUnit::Packets, burst) => {
            let _ = write!(text, " --hashlimit-burst {}", burst.unwrap_or(BURST));
        }
        (RateUnit::Bytes, Some(burst)) => {
            let (unit, name) = unit_of(burst);
            let _ = write!(text, " --hashlimit-burst {}{name}b", burst / unit);
        }
        (RateUnit::Bytes, None) => {}
    }
    print_keys(text, limit.keys);
    text.push_str(" --hashlimit-name ");
    super::push_word(text, &limit.name);
    let numbers = [
        ("htable-size", limit.rows),
        ("htable-max", limit.max),
        ("htable-gcinterval", limit.collect_milliseconds),
        ("htable-expire", limit.expire_milliseconds),
        ("srcmask", limit.source_prefix.map(u32::from)),
        ("dstmask", limit.destination_prefix.map(u32::from)),
    ];
    for (option, number) in numbers {
        if let Some(number) = number {
            let _ = write!(text, " --hashlimit-{option} {number}");
        }
    }
    if limit.measured {
        text.push_str(" --hashlimit-rate-match");
    }
    if let Some(seconds) = limit.measured_seconds {
        let _ = write!(text, " --hashlimit-rate-interval {seconds}");
    }
}

fn print_keys(text: &mut String, keys: HashKeys) {
    let names = [
        (keys.source, "srcip"),
        (keys.source_port, "srcport"),
        (keys.destination, "dstip"),
        (keys.destination_port, "dstport"),
    ];
    let mut before = " --hashlimit-mode ";
    for (_, name) in names.into_iter().filter(|(set, _)| *set) {
        text.extend([before, name]);
        before = ",";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `iptables-save` gave back for each rate and burst.
    #[test]
    fn bytes_are_as_the_kernel_keeps_them() {
        for (rate, burst, kept, kept_burst) in [
            ("1000b/s", None, 992, None),
            ("512kb/s", None, 512 << 10, None),
            ("300000000b/s", None, 286 << 20, None),
            ("1mb/s", Some("2mb"), 1 << 20, Some(2 << 20)),
            ("3mb/s", Some("7000kb"), 3 << 20, Some(9 << 20)),
        ] {
            let amount = amount(rate, burst).expect("it is a rate");
            assert_eq!(
                (amount.rate.amount, amount.burst),
                (kept, kept_burst),
                "{rate}"
            );
        }
    }
}
