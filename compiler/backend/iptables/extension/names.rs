//! Names for the type of service: classes of DSCP, and the old five of TOS.

use crate::backend::iptables::value;

/// `ds_classes` of `dscp_helper.c`.
const CLASSES: [(&str, u8); 23] = [
    ("CS0", 0x00),
    ("CS1", 0x08),
    ("CS2", 0x10),
    ("CS3", 0x18),
    ("CS4", 0x20),
    ("CS5", 0x28),
    ("CS6", 0x30),
    ("CS7", 0x38),
    ("BE", 0x00),
    ("AF11", 0x0a),
    ("AF12", 0x0c),
    ("AF13", 0x0e),
    ("AF21", 0x12),
    ("AF22", 0x14),
    ("AF23", 0x16),
    ("AF31", 0x1a),
    ("AF32", 0x1c),
    ("AF33", 0x1e),
    ("AF41", 0x22),
    ("AF42", 0x24),
    ("AF43", 0x26),
    ("EF", 0x2e),
    ("VA", 0x2c),
];

/// `tos_symbol_names` of `tos_values.c`.
const SERVICES: [(&str, u8); 5] = [
    ("Minimize-Delay", 0x10),
    ("Maximize-Throughput", 0x08),
    ("Maximize-Reliability", 0x04),
    ("Minimize-Cost", 0x02),
    ("Normal-Service", 0x00),
];

/// What of the type of service the old names are about.
const SERVICE_MASK: u8 = 0x3f;

/// The DSCP of a class.
pub(super) fn dscp(text: &str) -> Result<u8, String> {
    let known = CLASSES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    let value = known.map(|(_, value)| *value);
    value.ok_or_else(|| format!("there is no class '{text}'"))
}

/// A type of service and its mask: a name, a number, or both numbers.
pub(super) fn tos(text: &str) -> Result<(u8, u8), String> {
    let known = SERVICES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    match known {
        Some((_, value)) => Ok((*value, SERVICE_MASK)),
        None => value::masked(text, u8::MAX),
    }
}
