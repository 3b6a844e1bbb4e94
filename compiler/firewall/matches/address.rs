//! Addresses that a rule names in more ways than by a prefix.

use std::net::IpAddr;

/// An address that lies in a range.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    /// Which of the packet's addresses.
    pub side: AddressSide,
    /// The first.
    pub start: IpAddr,
    /// The last, included; of the same family.
    pub end: IpAddr,
    /// Whether it must lie outside.
    pub negated: bool,
}

/// An address that is compared under a mask with holes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MaskedAddress {
    /// Which of the packet's addresses.
    pub side: AddressSide,
    /// What it must be under the mask.
    pub address: IpAddr,
    /// The bits that are looked at; of the same family.
    pub mask: IpAddr,
    /// Whether it must be another one.
    pub negated: bool,
}

/// Which of a packet's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressSide {
    /// Where it comes from.
    Source,
    /// Where it goes to.
    Destination,
}

/// Kinds of addresses as the host's routes see them, a bit each: the kernel's `XT_ADDRTYPE_…`,
/// which are `RTN_…` of `rtnetlink`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressTypes(pub u16);

impl AddressTypes {
    /// All kinds with the names that iptables gives them, in the order of their bits.
    pub const NAMES: [(AddressTypes, &str); 12] = [
        (AddressTypes(1 << 0), "UNSPEC"),
        (AddressTypes(1 << 1), "UNICAST"),
        (AddressTypes(1 << 2), "LOCAL"),
        (AddressTypes(1 << 3), "BROADCAST"),
        (AddressTypes(1 << 4), "ANYCAST"),
        (AddressTypes(1 << 5), "MULTICAST"),
        (AddressTypes(1 << 6), "BLACKHOLE"),
        (AddressTypes(1 << 7), "UNREACHABLE"),
        (AddressTypes(1 << 8), "PROHIBIT"),
        (AddressTypes(1 << 9), "THROW"),
        (AddressTypes(1 << 10), "NAT"),
        (AddressTypes(1 << 11), "XRESOLVE"),
    ];

    /// An address of this host.
    pub const LOCAL: AddressTypes = AddressTypes(1 << 2);

    /// Whether all of `other` are among these.
    pub fn contains(self, other: AddressTypes) -> bool {
        self.0 & other.0 == other.0
    }
}
