//! Names, numbers and addresses at random.

use std::net::IpAddr;

use compact_str::CompactString;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::firewall::{AddressSide, Asked, DevicePattern, Family};
use crate::value::PortRange;

/// Any text of one word or several.
pub(super) fn text() -> impl Strategy<Value = CompactString> {
    "[ -~äß]{1,30}".prop_map(CompactString::from)
}

/// A name of letters.
pub(super) fn name() -> impl Strategy<Value = CompactString> {
    "[a-z][a-z0-9_]{0,12}".prop_map(CompactString::from)
}

pub(super) fn ports() -> impl Strategy<Value = PortRange> {
    any::<(u16, u16)>().prop_map(|(one, other)| {
        PortRange::new(one.min(other), one.max(other)).expect("it is sorted")
    })
}

pub(super) fn address(family: Family) -> BoxedStrategy<IpAddr> {
    match family {
        Family::Ipv4 => any::<[u8; 4]>().prop_map(IpAddr::from).boxed(),
        // Half of them embed an IPv4 address or have zeros.
        Family::Ipv6 => (any::<[u16; 8]>(), 0..8_usize)
            .prop_map(|(mut parts, zeros)| {
                parts[..zeros].fill(0);
                IpAddr::from(parts)
            })
            .boxed(),
    }
}

pub(super) fn addresses(family: Family) -> impl Strategy<Value = (IpAddr, IpAddr)> {
    (address(family), address(family)).prop_map(|(one, other)| (one.min(other), one.max(other)))
}

pub(super) fn net(family: Family) -> impl Strategy<Value = IpNet> {
    let most: u8 = if family == Family::Ipv4 { 32 } else { 128 };
    (address(family), 0..=most).prop_map(|(address, length)| match address {
        IpAddr::V4(address) => Ipv4Net::new(address, length).expect("it fits").into(),
        IpAddr::V6(address) => Ipv6Net::new(address, length).expect("it fits").into(),
    })
}

/// A prefix, no host bits.
pub(super) fn prefix(family: Family) -> impl Strategy<Value = IpNet> {
    net(family).prop_map(|net| net.trunc())
}

pub(super) fn side() -> impl Strategy<Value = AddressSide> {
    select(vec![AddressSide::Source, AddressSide::Destination])
}

pub(super) fn sides() -> impl Strategy<Value = Box<[AddressSide]>> {
    vec(side(), 1..4).prop_map(Vec::into_boxed_slice)
}

pub(super) fn asked<T: std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Asked<T>> {
    (value, any::<bool>()).prop_map(|(value, negated)| Asked { value, negated })
}

pub(super) fn device() -> impl Strategy<Value = DevicePattern> {
    "[a-z][a-z0-9.-]{0,13}".prop_flat_map(|name| {
        let patterns = vec![DevicePattern::named(&name), DevicePattern::starting(&name)];
        select(patterns)
    })
}
