//! Durations as nft writes them: `1d2h3m4s5ms`.

use std::fmt;

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A duration that prints itself.
pub(super) struct Duration(pub u64);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        for (unit, milliseconds) in UNITS {
            let count = left / milliseconds;
            left %= milliseconds;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        match self.0 {
            0 => f.write_str("0s"),
            _ => Ok(()),
        }
    }
}

/// The milliseconds that a word says; a bare number is seconds.
pub(super) fn read(word: &str) -> Option<u64> {
    if let Ok(seconds) = word.parse::<u64>() {
        return seconds.checked_mul(1_000);
    }
    let mut total = 0_u64;
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let end = unit.find(|c: char| c.is_ascii_digit());
        let (unit, after) = unit.split_at(end.unwrap_or(unit.len()));
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, milliseconds) = known?;
        total = total.checked_add(count.checked_mul(*milliseconds)?)?;
        rest = after;
    }
    (!word.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_they_are_printed() {
        for word in ["1d2h3m4s", "5ms", "59m58s912ms", "0s", "1h"] {
            assert_eq!(
                read(word).map(|at| Duration(at).to_string()).as_deref(),
                Some(word)
            );
        }
        assert_eq!(read("90"), Some(90_000));
        for word in ["", "s", "1x", "1s2", "99999999999999999999d"] {
            assert_eq!(read(word), None, "{word}");
        }
    }
}
