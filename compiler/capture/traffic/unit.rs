//! Rates and sizes as `tc` prints them (`print_rate`, `print_size`), and in our units.

/// Bits a second: `8Mbit`, `1024Kbit`, `1Kibit`; also `125Kbps`, which is bytes.
pub(super) fn bits(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit = unit.to_ascii_lowercase();
    let (scale, bits) = match unit.strip_suffix("bit") {
        Some(scale) => (scale, 1.0),
        None => (unit.strip_suffix("bps")?, 8.0),
    };
    let scale = match scale {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        "t" => 1e12,
        "ki" => 1024.0,
        "mi" => 1024.0 * 1024.0,
        "gi" => 1024.0 * 1024.0 * 1024.0,
        "ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    whole(number * scale * bits)
}

/// Bytes: `1600b`, `256Kb`, `1Mb`. Some releases print the size of a cell after a slash.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.split_once('/').map_or(text, |(size, _)| size);
    let (number, unit) = split(text)?;
    let scale = match unit {
        "b" => 1.0,
        "Kb" => 1024.0,
        "Mb" => 1024.0 * 1024.0,
        _ => return None,
    };
    whole(number * scale)
}

fn split(text: &str) -> Option<(f64, &str)> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    Some((number.parse().ok()?, unit))
}

/// A number that a rate or a size can be; the cast saturates.
fn whole(number: f64) -> Option<u64> {
    (number.is_finite() && number >= 0.0).then(|| number.round() as u64)
}

/// Kilobytes (1000 bytes) a second, the unit of network XML; says so if a part is lost.
pub(super) fn kilobytes(bits: u64, strange: &mut Vec<String>) -> u64 {
    if !bits.is_multiple_of(8000) {
        strange.push(format!(
            "the rate of {bits} bits a second is no whole number of kilobytes"
        ));
    }
    bits / 8000
}

/// KiB, to the nearest: `tc` computes bursts back from times, which loses a few bytes.
pub(super) fn kibibytes(bytes: u64) -> u64 {
    bytes.saturating_add(512) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_tc() {
        assert_eq!(bits("8Mbit"), Some(8_000_000));
        assert_eq!(bits("1024Kbit"), Some(1_024_000));
        assert_eq!(bits("12bit"), Some(12));
        assert_eq!(bits("1Kibit"), Some(1024));
        assert_eq!(bits("2Kbps"), Some(16_000));
        assert_eq!(bytes("1600b"), Some(1600));
        assert_eq!(bytes("1Mb/1"), Some(1 << 20));
        assert_eq!(bytes("1.5Kb"), Some(1536));
        for broken in ["", "fast", "-1bit", "8", "8Xbit", "é5bit"] {
            assert_eq!(bits(broken), None, "{broken}");
        }
        assert_eq!(kibibytes(1_048_550), 1024);
    }
}
