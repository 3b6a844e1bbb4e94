//! How `iptables-save` spells values of options that we keep as words.

use std::fmt::Write as _;

use crate::backend::iptables::option::{Given, find, required};
use crate::backend::iptables::value;
use crate::firewall::Family;

/// In decimal.
pub(super) fn number(text: &str) -> Result<String, String> {
    value::fitting::<u64>(text).map(|number| number.to_string())
}

/// `a`, or `a:b` in decimal.
pub(super) fn range(text: &str) -> Result<String, String> {
    let (start, end) = value::range(text, b':', (0, u32::MAX))?;
    Ok(match start == end {
        true => start.to_string(),
        false => format!("{start}:{end}"),
    })
}

/// In hexadecimal.
pub(super) fn hexadecimal(text: &str) -> Result<String, String> {
    value::fitting::<u32>(text).map(|number| format!("{number:#x}"))
}

/// In hexadecimal, all digits.
pub(super) fn wide(text: &str) -> Result<String, String> {
    value::fitting::<u32>(text).map(|number| format!("{number:#010x}"))
}

/// In hexadecimal, with its mask unless that is whole.
pub(super) fn hexadecimal_masked(text: &str) -> Result<String, String> {
    let (value, mask) = value::masked(text, u32::MAX)?;
    Ok(match mask {
        u32::MAX => format!("{value:#x}"),
        _ => format!("{value:#x}/{mask:#x}"),
    })
}

/// `from`, or `from:to`.
pub(super) fn connbytes(text: &str) -> Result<String, String> {
    let (start, end) = match text.split_once(':') {
        Some(_) => value::range(text, b':', (0, u64::MAX))?,
        None => (value::fitting(text)?, u64::MAX),
    };
    Ok(match end {
        u64::MAX => start.to_string(),
        _ => format!("{start}:{end}"),
    })
}

/// A time in the largest unit that it fills (`print_time` of `libxt_RATEEST`).
pub(super) fn time(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is no time");
    let end = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text[..text.len() - end.len()]
        .parse()
        .map_err(|_| wrong())?;
    let seconds = match end {
        "s" | "sec" | "secs" => number,
        "ms" | "msec" | "msecs" => number / 1e3,
        "" | "us" | "usec" | "usecs" => number / 1e6,
        _ => return Err(wrong()),
    };
    Ok(match seconds {
        _ if seconds >= 1.0 => format!("{seconds:.1}s"),
        _ if seconds >= 1e-3 => format!("{:.1}ms", seconds * 1e3),
        _ => format!("{:.0}us", seconds * 1e6),
    })
}

/// Names of a list, in the order of `known`.
fn sorted(text: &str, known: &[&str], what: &str) -> Result<String, String> {
    let given: Vec<String> = text.split(',').map(str::to_ascii_uppercase).collect();
    let name = |word: &str| word.split(':').next().unwrap_or_default().to_owned();
    if let Some(unknown) = given.iter().find(|word| !known.contains(&&*name(word))) {
        return Err(format!("there is no {what} '{unknown}'"));
    }
    let mut places: Vec<(usize, &str)> = text
        .split(',')
        .zip(&given)
        .map(|(word, upper)| {
            let place = known.iter().position(|each| *each == name(upper));
            (place.unwrap_or_default(), word)
        })
        .collect();
    places.sort_by_key(|(place, _)| *place);
    let words: Vec<String> = places
        .into_iter()
        .map(|(place, word)| match word.split_once(':') {
            Some((_, flags)) => format!("{}:{flags}", known[place]),
            None => known[place].to_owned(),
        })
        .collect();
    Ok(words.join(","))
}

/// Kinds of chunks of SCTP, in the order of their numbers; `any`, `all`, `only` before them pass.
pub(super) fn chunk_types(text: &str) -> Result<String, String> {
    const KNOWN: [&str; 26] = [
        "DATA",
        "INIT",
        "INIT_ACK",
        "SACK",
        "HEARTBEAT",
        "HEARTBEAT_ACK",
        "ABORT",
        "SHUTDOWN",
        "SHUTDOWN_ACK",
        "ERROR",
        "COOKIE_ECHO",
        "COOKIE_ACK",
        "ECN_ECNE",
        "ECN_CWR",
        "SHUTDOWN_COMPLETE",
        "I_DATA",
        "ASCONF_ACK",
        "RE_CONFIG",
        "PAD",
        "FORWARD_TSN",
        "ASCONF",
        "I_FORWARD_TSN",
        "ALL",
        "NONE",
        "",
        "-",
    ];
    match text {
        "any" | "all" | "only" => Ok(text.to_owned()),
        list => sorted(list, &KNOWN[..24], "kind of chunk"),
    }
}

/// Kinds of packets of DCCP, in the order of their numbers.
pub(super) fn dccp_types(text: &str) -> Result<String, String> {
    const KNOWN: [&str; 11] = [
        "REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC",
        "SYNCACK", "INVALID",
    ];
    sorted(text, &KNOWN, "kind of packet")
}

/// Extension headers of IPv6, in the order of the kernel's bits.
pub(super) fn headers(text: &str) -> Result<String, String> {
    const KNOWN: [(&str, &str); 8] = [
        ("hop-by-hop", "hop"),
        ("ipv6-opts", "dst"),
        ("ipv6-route", "route"),
        ("ipv6-frag", "frag"),
        ("ah", "auth"),
        ("esp", "esp"),
        ("ipv6-nonxt", "none"),
        ("protocol", "prot"),
    ];
    let mut places = Vec::new();
    for word in text.split(',') {
        let known = KNOWN
            .iter()
            .position(|(name, short)| *name == word || *short == word);
        places.push(known.ok_or_else(|| format!("there is no header '{word}'"))?);
    }
    places.sort_unstable();
    places.dedup();
    let names: Vec<&str> = places.into_iter().map(|place| KNOWN[place].0).collect();
    Ok(names.join(","))
}

/// Kinds of messages of Mobile IPv6, by number.
pub(super) fn mobility(text: &str) -> Result<String, String> {
    const KNOWN: [(&str, &str); 8] = [
        ("binding-refresh-request", "brr"),
        ("home-test-init", "hoti"),
        ("careof-test-init", "coti"),
        ("home-test", "hot"),
        ("careof-test", "cot"),
        ("binding-update", "bu"),
        ("binding-acknowledgement", "ba"),
        ("binding-error", "be"),
    ];
    let number = |word: &str| {
        let known = KNOWN
            .iter()
            .position(|(name, short)| *name == word || *short == word);
        known.map_or_else(|| word.to_owned(), |number| number.to_string())
    };
    let numbers: Vec<String> = text.split(':').map(number).collect();
    match numbers.as_slice() {
        [first, last] if first == last => range(first),
        _ => range(&numbers.join(":")),
    }
}

/// Options of TCP, by number.
pub(super) fn tcp_options(text: &str) -> Result<String, String> {
    let mut numbers = Vec::new();
    for word in text.split(',') {
        numbers.push(match word {
            "mss" => 2,
            "wscale" => 3,
            "sack-permitted" => 4,
            "sack" => 5,
            "timestamp" => 8,
            "md5" => 19,
            number => value::fitting::<u8>(number)?,
        });
    }
    numbers.sort_unstable();
    numbers.dedup();
    let words: Vec<String> = numbers.iter().map(u8::to_string).collect();
    Ok(words.join(","))
}

/// What `u32` looks at: all numbers in hexadecimal, no blanks.
pub(super) fn words_of_u32(text: &str) -> Result<String, String> {
    let mut spelt = String::from("\"");
    let mut rest = text.trim_ascii_start();
    while let Some(first) = rest.chars().next() {
        let is_number = |c: char| c.is_ascii_alphanumeric();
        if is_number(first) {
            let end = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
            let number: u32 = value::fitting(&rest[..end])?;
            // Writing into a String cannot fail.
            let _ = write!(spelt, "{number:#x}");
            rest = &rest[end..];
        } else if "&<>=@:,".contains(first) {
            spelt.push(first);
            rest = &rest[1..];
        } else {
            return Err(format!("u32 knows no '{first}'"));
        }
        rest = rest.trim_ascii_start();
    }
    spelt.push('"');
    Ok(spelt)
}

/// Nodes of a cluster as a mask.
pub(super) fn cluster(text: &mut String, _: Family, given: &[Given<'_>]) -> Result<(), String> {
    let number = |each: &Given<'_>| value::fitting::<u32>(&each.text());
    let (node, mask) = match find(given, "--cluster-local-node") {
        Some(each) => {
            let shift = number(each)?.checked_sub(1);
            let mask = shift.and_then(|shift| 1_u32.checked_shl(shift));
            (each, mask.ok_or("a cluster has 32 nodes")?)
        }
        None => {
            let each = required(given, "--cluster-local-nodemask")?;
            (each, number(each)?)
        }
    };
    let total = number(required(given, "--cluster-total-nodes")?)?;
    let seed = number(required(given, "--cluster-hash-seed")?)?;
    let not = super::not(node.negated);
    // Writing into a String cannot fail.
    let _ = write!(
        text,
        "{not} --cluster-local-nodemask {mask:#010x} --cluster-total-nodes {total} \
         --cluster-hash-seed {seed:#010x}"
    );
    Ok(())
}

/// What a mark is made of; a tuple is short for whole prefixes and masks.
pub(super) fn hmark(text: &mut String, family: Family, given: &[Given<'_>]) -> Result<(), String> {
    let prefix = match family {
        Family::Ipv4 => " 32",
        Family::Ipv6 => " 128",
    };
    if let Some(tuple) = find(given, "--hmark-tuple") {
        let tuple = tuple.text();
        let parts = [
            ("src", " --hmark-src-prefix", prefix),
            ("dst", " --hmark-dst-prefix", prefix),
            ("sport", " --hmark-sport-mask", " 0xffff"),
            ("dport", " --hmark-dport-mask", " 0xffff"),
            ("spi", " --hmark-spi-mask", " 0xffffffff"),
            ("ct", " --hmark-tuple ct", ""),
        ];
        let is_part = |word: &str| parts.iter().any(|(name, _, _)| *name == word);
        if let Some(unknown) = tuple.split(',').find(|word| !is_part(word)) {
            return Err(format!("a mark is not made of '{unknown}'"));
        }
        for (name, option, value) in parts {
            if tuple.split(',').any(|word| word == name) {
                text.extend([option, value]);
            }
        }
    }
    let mut rest = given.iter().filter(|each| each.name() != "--hmark-tuple");
    rest.try_for_each(|each| each.push(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `iptables-save` gave back for each.
    #[test]
    fn values_are_spelt_as_they_come_back() {
        let same = |spelt: Result<String, String>, expected: &str| {
            assert_eq!(spelt.as_deref(), Ok(expected));
        };
        same(connbytes("10:"), "10");
        same(connbytes(":10"), "0:10");
        same(chunk_types("INIT,DATA:Be"), "DATA:Be,INIT");
        same(
            chunk_types("ABORT:T,INIT_ACK,ASCONF,FORWARD_TSN"),
            "INIT_ACK,ABORT:T,FORWARD_TSN,ASCONF",
        );
        same(dccp_types("DATA,REQUEST"), "REQUEST,DATA");
        same(headers("dst,hop"), "hop-by-hop,ipv6-opts");
        same(mobility("binding-update:5"), "5");
        same(tcp_options("mss,wscale,5"), "2,3,5");
        same(hexadecimal_masked("5/0xf"), "0x5/0xf");
        same(time("250ms"), "250.0ms");
        same(
            words_of_u32("0 >> 22 & 0x3C @ 4 >> 8 & 0xFFFF = 0x10:0x20 , 5 && 12=1"),
            "\"0x0>>0x16&0x3c@0x4>>0x8&0xffff=0x10:0x20,0x5&&0xc=0x1\"",
        );
        assert!(words_of_u32("6;7").is_err() && chunk_types("DATUM").is_err());
    }
}
