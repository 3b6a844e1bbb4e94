//! Arbitrary words: names, lines, addresses.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use proptest::option;
use proptest::prelude::*;

use crate::value::{DeviceName, LeaseTime, LeaseUnit, Mac};

/// Whatever of the pattern `T` takes.
pub fn parsed<T: FromStr + Debug>(pattern: &'static str) -> impl Strategy<Value = T> {
    pattern.prop_filter_map("no such value", |text: String| text.parse().ok())
}

/// A line or a field, with all that XML would read otherwise.
pub fn free<T: FromStr + Debug>() -> impl Strategy<Value = T> {
    parsed("[ -~\tü€\u{fffd}]{1,12}")
}

/// A device that is no bridge.
pub fn device() -> impl Strategy<Value = DeviceName> {
    parsed("e[a-z0-9._&<>@ü-]{0,8}")
}

/// A device that is a bridge.
pub fn bridge() -> impl Strategy<Value = DeviceName> {
    parsed("b[a-z0-9._&<>@ü-]{0,8}")
}

/// A domain.
pub fn domain<T: FromStr + Debug>() -> impl Strategy<Value = T> {
    parsed("[a-z][a-z0-9&<'.-]{0,10}")
}

/// Yes, no, or nothing.
pub fn tristate() -> impl Strategy<Value = Option<bool>> {
    option::of(any::<bool>())
}

/// A hardware address that a device can have.
pub fn mac() -> impl Strategy<Value = Mac> {
    any::<[u8; 6]>().prop_map(|bytes| {
        Mac::new([
            bytes[0] & 0xfe | 2,
            bytes[1],
            bytes[2],
            bytes[3],
            bytes[4],
            bytes[5],
        ])
    })
}

/// An address of either family.
pub fn ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<Ipv4Addr>().prop_map(IpAddr::from),
        any::<Ipv6Addr>().prop_map(IpAddr::from),
    ]
}

/// A lease time.
pub fn lease() -> impl Strategy<Value = Option<LeaseTime>> {
    let unit = prop_oneof![
        Just(LeaseUnit::Seconds),
        Just(LeaseUnit::Minutes),
        Just(LeaseUnit::Hours),
    ];
    let count = prop_oneof![Just(0), 120..100_000u64];
    let lease = (count, unit).prop_map(|(count, unit)| LeaseTime::new(count, unit));
    prop_oneof![Just(None), lease]
}
