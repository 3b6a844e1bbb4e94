//! Values of attributes as libvirt reads them: yes and no, numbers, UUIDs, addresses.
//!
//! The readers of all elements use these, so that one spelling means one thing everywhere. What
//! a value is good for is the element's business.

use std::net::{IpAddr, Ipv4Addr};

use uuid::Uuid;

use super::element::Attribute;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::source::Span;
use crate::value::Line;

/// White space for C's `isspace`, which `strtoul` skips.
const WHITE: [char; 6] = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];

/// What may be left out but must be good where it is given: absent is fine, refused is not.
pub fn settled<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| value.map(Some))
}

/// `yes` or `no`, exactly (V007); anything else is an error and `None`.
///
/// As `virXMLPropTristateBool`: no other case, no blanks, not empty.
pub fn yes_no(attribute: &Attribute, sink: &mut Sink) -> Option<bool> {
    match attribute.value.as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        other => {
            let name = &attribute.name;
            let message = format!("{name} is 'yes' or 'no', not '{other}'");
            let problem = Diagnostic::new(Code::YesNoValue, attribute.span, message);
            sink.report(problem.help(format!("write {name}='yes' or {name}='no'")));
            None
        }
    }
}

/// An unsigned decimal number that fits into `T`.
///
/// As `virStrToLong_uip` and `virStrToLong_ullp` of base 10, which are `strtoull` without `-`:
/// white space and one `+` may stand before the digits, nothing may follow them.
pub fn number<T: TryFrom<u64>>(text: &str) -> Option<T> {
    let text = text.trim_start_matches(WHITE);
    let digits = text.strip_prefix('+').unwrap_or(text);
    // FromStr would take a second '+'.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| plain)?;
    T::try_from(number).ok()
}

/// An unsigned number in C's notation that fits into `T`: decimal, octal after `0`, hexadecimal
/// after `0x`.
///
/// As `virStrToLong_uip` and `virStrToLong_ullp` of base 0, by which libvirt reads lease times,
/// PCI addresses and the numbers of virtual ports.
pub fn c_number<T: TryFrom<u64>>(text: &str) -> Option<T> {
    let text = text.trim_start_matches(WHITE);
    c_unsigned(text.strip_prefix('+').unwrap_or(text))
}

/// The digits of a number in C's notation, nothing around them.
fn c_unsigned<T: TryFrom<u64>>(text: &str) -> Option<T> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    // from_str_radix would take a '+'.
    let plain = digits.chars().all(|c| c.is_digit(radix));
    let number = u64::from_str_radix(digits, radix).ok().filter(|_| plain)?;
    T::try_from(number).ok()
}

/// A UUID as `virUUIDParse` reads it: dashes and spaces may stand before each pair of digits, any
/// white space around the whole.
pub fn uuid(text: &str) -> Option<Uuid> {
    let mut rest = text.trim_start_matches(WHITE);
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        rest = rest.trim_start_matches(['-', ' ']);
        let pair = rest.get(..2)?;
        let digits = pair.bytes().all(|each| each.is_ascii_hexdigit());
        *byte = u8::from_str_radix(pair, 16).ok().filter(|_| digits)?;
        rest = &rest[2..];
    }
    let end = rest.trim_start_matches(WHITE).is_empty();
    end.then(|| Uuid::from_bytes(bytes))
}

/// An address as `getaddrinfo` reads it with `AI_NUMERICHOST` (`virSocketAddrParse`).
///
/// IPv4 goes by `inet_aton`: one to four numbers, decimal, octal with a leading `0` or
/// hexadecimal with `0x`, of which the last fills the bytes that are left: `10.1` is `10.0.0.1`.
/// IPv6 may end in a dotted quad. A zone (`%eth0`) is refused: libvirt takes one only where the
/// interface exists, and then drops or keeps it from place to place.
pub fn ip(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse().ok();
    }
    let parts: Vec<u32> = text.split('.').map(c_unsigned).collect::<Option<_>>()?;
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 {
        return None;
    }
    let mut address: u32 = 0;
    for (at, byte) in leading.iter().enumerate() {
        address |= u32::from(u8::try_from(*byte).ok()?) << (24 - 8 * at);
    }
    let room = u32::MAX >> (8 * leading.len());
    let last = Some(*last).filter(|last| *last <= room)?;
    Some(IpAddr::V4(Ipv4Addr::from_bits(address | last)))
}

/// An attribute's address; an error of this code if it is none, a warning if its spelling deceives.
pub fn address(attribute: &Attribute, code: Code, sink: &mut Sink) -> Option<IpAddr> {
    let text = &attribute.value;
    let Some(ip) = ip(text) else {
        let message = format!("'{text}' is no IP address");
        let problem = Diagnostic::new(code, attribute.span, message);
        sink.report(problem.help("write a numeric address, such as 192.168.100.1 or fd00::1"));
        return None;
    };
    if !is_canonical_ip(text) {
        let message = format!("'{text}' is read as {ip}: a leading 0 is octal, bytes are filled");
        let problem = Diagnostic::new(Code::AddressNotCanonical, attribute.span, message);
        sink.report(problem.help(format!("write '{ip}' if that is what is meant")));
    }
    Some(ip)
}

/// A text that becomes a line of a file, or part of one; an error if it would not stay on it.
pub fn line(text: &str, span: Span, line_break: Code, sink: &mut Sink) -> Option<Line> {
    match text.parse::<Line>() {
        Ok(line) => Some(line),
        Err(error) => {
            let code = character(error.0, line_break, Code::ControlCharacter);
            let shown = text.escape_debug();
            let problem = Diagnostic::new(code, span, format!("'{shown}' is refused: {error}"));
            sink.report(problem.help("keep the value on one line, without control characters"));
            None
        }
    }
}

/// The code for a character that may not stand in a value: a line break, any other control
/// character, or a separator of the place.
pub fn character(c: char, line_break: Code, separator: Code) -> Code {
    match c {
        '\n' | '\r' => line_break,
        '\t' => separator,
        _ if c.is_control() => Code::ControlCharacter,
        _ => separator,
    }
}

/// Whether an address is spelt so that every reader takes it for the same: no shorthand, no
/// leading zeros in IPv4. Any spelling of IPv6 will do.
pub fn is_canonical_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_strtoul_takes() {
        assert_eq!(number::<u8>("255"), Some(255));
        assert_eq!(number::<u8>("256"), None);
        assert_eq!(number::<u32>(" \t+012"), Some(12));
        assert_eq!(
            number::<u64>("18446744073709551615"),
            Some(u64::MAX),
            "the largest fits"
        );
        for text in ["", " ", "+", "++1", "-1", "1 ", "0x1", "1.0", "1e3", "٣"] {
            assert_eq!(number::<u64>(text), None, "{text:?}");
        }
        assert_eq!(number::<u64>("18446744073709551616"), None);
        assert_eq!(c_number::<u64>("010"), Some(8));
        assert_eq!(c_number::<u64>(" +0X10"), Some(16));
        assert_eq!(c_number::<u64>("120"), Some(120));
        assert_eq!(c_number::<u64>("0"), Some(0));
        for text in ["", "08", "0x", "0x+1", "-1", "1h"] {
            assert_eq!(c_number::<u64>(text), None, "{text:?}");
        }
    }

    #[test]
    fn uuids_may_be_spaced() {
        let plain = uuid("0123456789abcdef0123456789ABCDEF").expect("32 digits");
        let spaced = " 01 23-4567-89abcdef 0123456789abcdef\n";
        assert_eq!(uuid(spaced), Some(plain));
        assert_eq!(uuid(&"0".repeat(32)), Some(Uuid::nil()));
        for bad in ["", "0", "0-123456789abcdef0123456789abcdef", "ü"] {
            assert_eq!(uuid(bad), None, "{bad}");
        }
        assert_eq!(uuid(&"0".repeat(33)), None);
    }

    #[test]
    fn addresses_are_what_inet_aton_takes() {
        let read = |text: &str| ip(text).map(|ip| ip.to_string());
        for (text, address) in [
            ("10.0.0.1", "10.0.0.1"),
            ("10.1", "10.0.0.1"),
            ("10.1.258", "10.1.1.2"),
            ("167772161", "10.0.0.1"),
            ("010.0.0.1", "8.0.0.1"),
            ("0x0A.0.0.0X1", "10.0.0.1"),
            ("0", "0.0.0.0"),
            ("00.0.0.00", "0.0.0.0"),
            ("FD00::0:1", "fd00::1"),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ] {
            assert_eq!(read(text).as_deref(), Some(address), "{text:?}");
        }
        for text in [
            "",
            ".",
            "10.",
            ".1",
            "1.2.3.4.5",
            "256.0.0.1",
            "10.1.65536",
            "10.16777216",
            "09.0.0.1",
            "0x",
            "0xg",
            "10.0.0.1 ",
            " 10.0.0.1",
            "+1",
            "10.0.0.1/8",
            "4294967296",
            "1:2",
            ":::",
            "::ffff:010.0.0.1",
            "fe80::1%eth0",
            "host",
            "1٣",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert!(is_canonical_ip("10.0.0.1") && is_canonical_ip("FD00::1"));
        assert!(!is_canonical_ip("10.1") && !is_canonical_ip("010.0.0.1"));
    }
}
