//! Values of options: numbers, ranges, ports, addresses, masks.
//!
//! Every reader gives `Err` with what is wrong, for the line's report. Numbers are read as
//! `strtoul` does: `0x` makes them hexadecimal, a leading zero octal.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use super::name;
use crate::firewall::{DevicePattern, Family};
use crate::value::PortRange;

/// The text before and behind the first `separator`, which is ASCII.
///
/// Values are short, so a plain walk is faster than `split_once`.
pub(super) fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A number of C.
pub(super) fn number(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    match bytes {
        [b'0', b'x' | b'X', _, ..] => radix(&bytes[2..], 16),
        [b'0', _, ..] => radix(&bytes[1..], 8),
        _ => radix(bytes, 10),
    }
}

fn radix(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    for digit in digits {
        let digit = char::from(*digit).to_digit(radix)?;
        value = value
            .checked_mul(u64::from(radix))?
            .checked_add(u64::from(digit))?;
    }
    Some(value)
}

/// A number that fits.
pub(super) fn fitting<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let value = number(text).and_then(|value| T::try_from(value).ok());
    value.ok_or_else(|| format!("'{text}' is no number that fits here"))
}

/// `a` or `a:b`; a side that is left out is the least, or the greatest.
pub(super) fn range<T: TryFrom<u64> + Copy>(
    text: &str,
    separator: u8,
    (least, greatest): (T, T),
) -> Result<(T, T), String> {
    let side = |text: &str, missing: T| match text {
        "" => Ok(missing),
        _ => fitting(text),
    };
    match cut(text, separator) {
        Some((start, end)) => Ok((side(start, least)?, side(end, greatest)?)),
        None => fitting(text).map(|value| (value, value)),
    }
}

/// `value` or `value/mask`.
pub(super) fn masked<T: TryFrom<u64>>(text: &str, whole: T) -> Result<(T, T), String> {
    match cut(text, b'/') {
        Some((value, mask)) => Ok((fitting(value)?, fitting(mask)?)),
        None => Ok((fitting(text)?, whole)),
    }
}

/// A port by number or service.
pub(super) fn port(text: &str) -> Result<u16, String> {
    let known = match number(text) {
        Some(number) => u16::try_from(number).ok(),
        None => name::service(text),
    };
    known.ok_or_else(|| format!("'{text}' is no port"))
}

/// `80`, `80:90`, `80:`, `:90`; with another separator for targets.
pub(super) fn ports(text: &str, separator: u8) -> Result<PortRange, String> {
    let backwards = || format!("the ports '{text}' are the wrong way round");
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic());
    // A name may hold the separator of targets: `ftp-data`.
    if is_name && let Ok(single) = port(text) {
        return Ok(PortRange::single(single));
    }
    let Some((start, end)) = cut(text, separator) else {
        return port(text).map(PortRange::single);
    };
    let start = if start.is_empty() { 0 } else { port(start)? };
    let end = if end.is_empty() { u16::MAX } else { port(end)? };
    PortRange::new(start, end).ok_or_else(backwards)
}

/// An address of the family.
pub(super) fn address(text: &str, family: Family) -> Result<IpAddr, String> {
    let read = match family {
        Family::Ipv4 => ipv4(text).map(IpAddr::V4),
        Family::Ipv6 => text.parse().ok().map(IpAddr::V6),
    };
    read.ok_or_else(|| match looks_like_name(text) {
        true => format!("the host name '{text}' is not looked up"),
        false => format!("'{text}' is no address"),
    })
}

fn looks_like_name(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or_default();
    let part_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.bytes().all(part_of_name) && last.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Four numbers; missing ones are zero, as `10/8` is meant (`numeric_to_ipaddr`).
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let (mut octets, mut at, mut digits) = ([0_u8; 4], 0, 0);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 3 => {
                let octet = octets.get_mut(at)?;
                *octet = octet.checked_mul(10)?.checked_add(byte - b'0')?;
                digits += 1;
            }
            b'.' if digits > 0 => (at, digits) = (at + 1, 0),
            _ => return None,
        }
    }
    (digits > 0).then(|| Ipv4Addr::from(octets))
}

/// An address and what of it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Net {
    /// A prefix.
    Prefix(IpNet),
    /// A mask with holes.
    Masked(IpAddr, IpAddr),
}

/// `address`, `address/length` or `address/mask`; what the mask leaves out is cut off.
pub(super) fn net(text: &str, family: Family) -> Result<Net, String> {
    if let (Family::Ipv4, Some(net)) = (family, ipv4_prefix(text)) {
        return Ok(Net::Prefix(IpNet::V4(net)));
    }
    Ok(match address_and_mask(text, family)? {
        Net::Prefix(net) => Net::Prefix(net.trunc()),
        Net::Masked(address, mask) => Net::Masked(under(address, mask), mask),
    })
}

/// `192.0.2.0/24`, the way almost all of a dump's addresses are written, in one walk.
fn ipv4_prefix(text: &str) -> Option<Ipv4Net> {
    let (mut bits, mut number, mut parts) = (0_u32, 0_u32, 0);
    let mut digits = 0;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 3 => {
                number = number * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' | b'/' if digits > 0 && number < 256 && (byte == b'/') == (parts == 3) => {
                bits = bits << 8 | number;
                (number, digits, parts) = (0, 0, parts + 1);
            }
            _ => return None,
        }
    }
    if parts != 4 || digits == 0 || number > 32 {
        return None;
    }
    let mask = u32::MAX.checked_shl(32 - number).unwrap_or(0);
    let length = u8::try_from(number).ok()?;
    Ipv4Net::new(Ipv4Addr::from(bits & mask), length).ok()
}

/// The same, with what the mask leaves out: some extensions keep it, though it does not count.
pub(super) fn address_and_mask(text: &str, family: Family) -> Result<Net, String> {
    let (start, mask) = match cut(text, b'/') {
        Some((start, mask)) => (start, Some(mask)),
        None => (text, None),
    };
    let start = address(start, family)?;
    let bits = match family {
        Family::Ipv4 => 32,
        Family::Ipv6 => 128,
    };
    let prefix = |length| {
        let net = IpNet::new(start, length).map(Net::Prefix);
        net.map_err(|_| format!("a prefix has no more than {bits} bits: '{text}'"))
    };
    let Some(mask) = mask else {
        return prefix(bits);
    };
    if let Ok(length) = mask.parse::<u8>() {
        return prefix(length);
    }
    let mask = address(mask, family).map_err(|_| format!("'{mask}' is no mask"))?;
    match ipnet::ip_mask_to_prefix(mask) {
        Ok(length) => prefix(length),
        Err(_) => Ok(Net::Masked(start, mask)),
    }
}

/// The bits of the address that the mask keeps.
fn under(address: IpAddr, mask: IpAddr) -> IpAddr {
    match (address, mask) {
        (IpAddr::V4(address), IpAddr::V4(mask)) => IpAddr::V4(address & mask),
        (IpAddr::V6(address), IpAddr::V6(mask)) => IpAddr::V6(address & mask),
        (address, _) => address,
    }
}

/// An address as C prints it: an IPv6 address that embeds an IPv4 one ends in dots.
pub(super) struct Address(pub IpAddr);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => match address.segments() {
                [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
                    let low = u32::from(high) << 16 | u32::from(low);
                    write!(f, "::{}", Ipv4Addr::from(low))
                }
                _ => Ipv6Addr::fmt(&address, f),
            },
        }
    }
}

/// `first-last`, or one address for both.
pub(super) fn addresses(text: &str, family: Family) -> Result<(IpAddr, IpAddr), String> {
    let (start, end) = cut(text, b'-').unwrap_or((text, text));
    let (start, end) = (address(start, family)?, address(end, family)?);
    match start <= end {
        true => Ok((start, end)),
        false => Err(format!("the addresses '{text}' are the wrong way round")),
    }
}

/// A device, or with `+` behind it all whose names begin so.
pub(super) fn device(text: &str) -> Result<DevicePattern, String> {
    let (name, pattern) = match text.as_bytes().split_last() {
        Some((b'+', start)) => {
            let name = text.get(..start.len()).unwrap_or_default();
            (name, DevicePattern::starting(name))
        }
        Some(_) | None => (text, DevicePattern::named(text)),
    };
    // A NUL would have cut it.
    let is_whole = pattern.name().len() == name.len();
    match is_whole && !text.is_empty() && text.len() <= 15 {
        true => Ok(pattern),
        false => Err(format!("'{text}' is no name of a device")),
    }
}

/// Six bytes in hexadecimal with colons between.
pub(super) fn mac(text: &str) -> Result<[u8; 6], String> {
    let wrong = || format!("'{text}' is no hardware address");
    let mut parts = text.split(':');
    let mut mac = [0; 6];
    for byte in &mut mac {
        let part = parts.next().filter(|part| matches!(part.len(), 1 | 2));
        let digits = part.ok_or_else(wrong)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    match parts.next() {
        None => Ok(mac),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_c() {
        assert_eq!(number("10"), Some(10));
        assert_eq!(number("0x1F"), Some(31));
        assert_eq!(number("010"), Some(8));
        assert_eq!(number("0"), Some(0));
        for wrong in ["", "0x", "08", "1a", "-1", "+1", "99999999999999999999"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
        assert!(fitting::<u16>("65536").is_err());
    }

    #[test]
    fn ports_are_numbers_services_and_ranges() {
        let range = |start, end| PortRange::new(start, end).expect("it is a range");
        assert_eq!(ports("domain", b':'), Ok(PortRange::single(53)));
        assert_eq!(ports("1024:", b':'), Ok(range(1024, 65535)));
        assert_eq!(ports(":22", b':'), Ok(range(0, 22)));
        assert_eq!(ports("ftp-data-ftp", b'-').ok(), None);
        assert_eq!(ports("80-90", b'-'), Ok(range(80, 90)));
        assert!(ports("90:80", b':').is_err());
        assert!(ports("65536", b':').is_err());
    }

    #[test]
    fn nets_lose_their_host_bits() {
        let read = |text| net(text, Family::Ipv4);
        let prefix = |text: &str| Ok(Net::Prefix(text.parse().expect("a prefix")));
        assert_eq!(read("10.0.0.1"), prefix("10.0.0.1/32"));
        assert_eq!(read("10.1.2.3/8"), prefix("10.0.0.0/8"));
        assert_eq!(read("10/8"), prefix("10.0.0.0/8"));
        assert_eq!(read("0/0"), prefix("0.0.0.0/0"));
        assert_eq!(read("10.1.2.3/255.255.255.0"), prefix("10.1.2.0/24"));
        let (address, mask) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(255, 0, 0, 255));
        let masked = Net::Masked(address.into(), mask.into());
        assert_eq!(read("10.9.9.1/255.0.0.255"), Ok(masked));
        for wrong in [
            "10.0.0.256",
            "1.2.3.4.5",
            "10..1",
            "10.0.0.1/33",
            "",
            "::1",
            "a.example",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let read = |text| net(text, Family::Ipv6);
        assert_eq!(read("2001:db8::1/64"), prefix("2001:db8::/64"));
        assert_eq!(read("2001:db8::1/ffff:ffff::"), prefix("2001:db8::/32"));
    }

    #[test]
    fn addresses_print_as_c_does() {
        let print = |text: &str| Address(text.parse().expect("an address")).to_string();
        for same in [
            "::1.2.3.4",
            "::ffff:1.2.3.4",
            "::1",
            "::",
            "2001:db8::1:0:0:1",
        ] {
            assert_eq!(print(same), same);
        }
    }
}
