//! Texts that are looked for in packets: `string`.

use std::fmt::Write as _;

use crate::backend::iptables::option::{Given, find, has, push_always_quoted, required};
use crate::backend::iptables::value;
use crate::firewall::Family;

/// A text is spelt in hexadecimal if any byte of it cannot be printed (`string_save`).
pub(super) fn string(text: &mut String, _: Family, given: &[Given<'_>]) -> Result<(), String> {
    let (each, pattern) = match find(given, "--hex-string") {
        Some(each) => (each, from_hexadecimal(&each.text())?),
        None => {
            let each = required(given, "--string")?;
            (each, each.text().into_owned().into_bytes())
        }
    };
    text.push_str(super::not(each.negated));
    let printable = |byte: &u8| matches!(byte, b' '..=b'~');
    match std::str::from_utf8(&pattern) {
        Ok(plain) if pattern.iter().all(printable) => {
            text.push_str(" --string");
            push_always_quoted(text, plain);
        }
        Ok(_) | Err(_) => {
            text.push_str(" --hex-string \"|");
            for byte in &pattern {
                // Writing into a String cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
            text.push_str("|\"");
        }
    }
    text.extend([" --algo ", &required(given, "--algo")?.text()]);
    for (name, usual) in [("--from", 0), ("--to", u16::MAX)] {
        let Some(each) = find(given, name) else {
            continue;
        };
        let offset: u16 = value::fitting(&each.text())?;
        if offset != usual {
            // Writing into a String cannot fail.
            let _ = write!(text, " {name} {offset}");
        }
    }
    if has(given, "--icase") {
        text.push_str(" --icase");
    }
    Ok(())
}

/// Bytes between bars are in hexadecimal, others are themselves (`parse_hex_string`).
fn from_hexadecimal(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for (at, piece) in text.split('|').enumerate() {
        if at % 2 == 0 {
            bytes.extend(piece.bytes());
            continue;
        }
        let digits: Vec<u8> = piece.bytes().filter(|byte| *byte != b' ').collect();
        for pair in digits.chunks(2) {
            let pair = std::str::from_utf8(pair).ok();
            let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
            bytes.push(byte.ok_or_else(|| format!("'{piece}' is not hexadecimal"))?);
        }
    }
    Ok(bytes)
}
