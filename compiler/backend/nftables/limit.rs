//! Rates, read and printed: `limit rate 10/minute burst 7 packets`.

use std::fmt::Write as _;

use super::words::Words;
use crate::firewall::{Limit, Rate, RateUnit, TimeUnit};

/// How many packets may come at once if nothing is said.
pub(super) const BURST: u64 = 5;

/// What nft calls so many bytes.
const BYTES: [(&str, u64); 3] = [("mbytes", 1 << 20), ("kbytes", 1 << 10), ("bytes", 1)];

/// nft's words for times.
const TIMES: [(&str, TimeUnit); 5] = [
    ("second", TimeUnit::Second),
    ("minute", TimeUnit::Minute),
    ("hour", TimeUnit::Hour),
    ("day", TimeUnit::Day),
    ("week", TimeUnit::Week),
];

/// `limit rate [over] 10/minute` or `10 mbytes/second`, and a burst.
pub(super) fn read(words: &mut Words<'_>) -> Option<Limit> {
    words.the("limit")?;
    words.the("rate")?;
    let over = words.the("over").is_some();
    let word = words.word()?;
    let (amount, unit, per) = match word.split_once('/') {
        Some((amount, per)) => (amount.parse().ok()?, RateUnit::Packets, per),
        None => {
            let (unit, per) = words.word()?.split_once('/')?;
            let amount: u64 = word.parse().ok()?;
            (amount.checked_mul(bytes(unit)?)?, RateUnit::Bytes, per)
        }
    };
    let (_, per) = TIMES.into_iter().find(|(name, _)| *name == per)?;
    let burst = match words.the("burst") {
        Some(()) => {
            let count: u64 = words.number()?;
            match words.word()? {
                "packets" => count,
                unit => count.checked_mul(bytes(unit)?)?,
            }
        }
        None => match unit {
            RateUnit::Packets => BURST,
            RateUnit::Bytes => 0,
        },
    };
    Some(Limit {
        rate: Rate { amount, unit, per },
        burst,
        over,
    })
}

fn bytes(unit: &str) -> Option<u64> {
    let known = BYTES.iter().find(|(name, _)| *name == unit);
    known.map(|(_, bytes)| *bytes)
}

/// So many bytes in the largest unit that leaves no rest.
pub(super) fn in_units(count: u64) -> (u64, &'static str) {
    let even = BYTES
        .iter()
        .find(|(_, bytes)| count > 0 && count.is_multiple_of(*bytes));
    even.map_or((count, "bytes"), |(name, bytes)| (count / bytes, *name))
}

/// Appends a rate; the usual burst is not listed.
pub(super) fn print(text: &mut String, limit: &Limit) {
    let per = TIMES.iter().find(|(_, per)| *per == limit.rate.per);
    let per = per.map_or("second", |(name, _)| *name);
    let over = if limit.over { "over " } else { "" };
    // Writing into a String cannot fail.
    let _ = match limit.rate.unit {
        RateUnit::Packets => {
            let _ = write!(text, "limit rate {over}{}/{per}", limit.rate.amount);
            match limit.burst {
                0 | BURST => Ok(()),
                burst => write!(text, " burst {burst} packets"),
            }
        }
        RateUnit::Bytes => {
            let (amount, unit) = in_units(limit.rate.amount);
            let _ = write!(text, "limit rate {over}{amount} {unit}/{per}");
            match in_units(limit.burst) {
                (0, _) => Ok(()),
                (burst, unit) => write!(text, " burst {burst} {unit}"),
            }
        }
    };
}
