//! What nft computes with: properties of a packet, values, sets of them, and what joins these.
//!
//! A match that has a type of its own is a [`Match`](super::Match); everything else that nft
//! compares is a [`Compare`] of two expressions. Named and anonymous sets and maps hold
//! expressions as keys and data. How a tool spells them is in `backend`.

use compact_str::{CompactString, format_compact};
use ipnet::IpNet;

use super::{DevicePattern, Element, Family, PortSide, Protocol};

/// A value, or something that has one when a packet comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Expression {
    /// A property of the packet.
    Field(Field),
    /// A number; how it is written depends on what it is compared with.
    Number(u64),
    /// An address (a prefix of full length) or a prefix, no host bits.
    Net(IpNet),
    /// A hardware address.
    Mac([u8; 6]),
    /// A value that nft has a word for: `established`, `echo-request`.
    Word(CompactString),
    /// A value in quotes: the name of a device (with `*` for all that begin so), a helper, a path.
    Text(CompactString),
    /// All values from the first to the second, both included.
    Range(Box<[Expression; 2]>),
    /// Any value: the element that is taken when no other is.
    Any,
    /// Several values, one of which must be there: flags.
    List(Vec<Expression>),
    /// Values side by side: `ip saddr . tcp dport`.
    Concat(Vec<Expression>),
    /// `{ … }`: the elements of an anonymous set or map.
    Elements(Vec<Element>),
    /// A set or map of the same table, by name.
    Named(CompactString),
    /// Two values joined bit by bit.
    Bits(Box<Bits>),
    /// What a map holds for a key.
    Map(Box<Lookup>),
    /// What we have no type for, word for word.
    Other(CompactString),
}

/// Two values joined bit by bit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bits {
    /// The first.
    pub left: Expression,
    /// How they are joined.
    pub operator: BitOperator,
    /// The second.
    pub right: Expression,
}

/// How bits are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BitOperator {
    /// Those that both have.
    And,
    /// Those that one of them has.
    Or,
    /// Those that just one of them has.
    Xor,
    /// Those of the first, moved up.
    ShiftLeft,
    /// Those of the first, moved down.
    ShiftRight,
}

/// A key, and the map in which it is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lookup {
    /// What is looked up.
    pub key: Expression,
    /// [`Expression::Named`] or [`Expression::Elements`].
    pub map: Expression,
}

/// Two expressions that must compare so.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Compare {
    /// What the packet has.
    pub left: Expression,
    /// How they must compare.
    pub operator: Operator,
    /// What it must have.
    pub right: Expression,
}

/// A change to a field of the packet or of its connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Assignment {
    /// The field.
    pub field: Expression,
    /// What it becomes.
    pub value: Expression,
}

/// How two expressions must compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// The usual way: equal, within a range, prefix or set; of flags at least one in common.
    Is,
    /// The same flags exactly, or the same value after bits were joined.
    Equal,
    /// Not equal, not within.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
    /// No flag in common.
    Without,
}

/// A property of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The name of the device it came in through.
    Iifname,
    /// The name of the device it goes out through.
    Oifname,
    /// The device it came in through, by its number.
    Iif,
    /// The device it goes out through, by its number.
    Oif,
    /// Its source address; implies the family.
    Saddr(Family),
    /// Its destination address; implies the family.
    Daddr(Family),
    /// A port; implies the protocol, and without one is whatever stands there. Never
    /// [`PortSide::Either`].
    Port(PortSide, Option<Protocol>),
    /// The protocol above IP, whatever headers lie between.
    L4proto,
    /// The family.
    Nfproto,
    /// The protocol field of IPv4.
    IpProtocol,
    /// The next-header field of IPv6.
    Ip6Nexthdr,
    /// The packet's mark.
    Mark,
    /// The mark of its connection.
    CtMark,
    /// The state of its connection.
    CtState,
    /// The status of its connection.
    CtStatus,
    /// Which way its connection it goes.
    CtDirection,
    /// The type of an ICMP or ICMPv6 message.
    IcmpType(Family),
    /// The code of an ICMP or ICMPv6 message.
    IcmpCode(Family),
    /// The flags of TCP.
    TcpFlags,
    /// Its source on the link.
    EtherSaddr,
    /// Its destination on the link.
    EtherDaddr,
    /// The protocol above the link, as its header says.
    EtherType,
    /// To whom it was sent on the link.
    Pkttype,
    /// Another one, in nft's words: `ip dscp`, `fib daddr type`, `@th,0,16`.
    Other(CompactString),
}

impl Field {
    /// nft's name for the type of its values; `None` for those that are in nft's words.
    pub fn type_name(&self) -> Option<&'static str> {
        Some(match self {
            Field::Iifname | Field::Oifname => "ifname",
            Field::Iif | Field::Oif => "iface_index",
            Field::Saddr(Family::Ipv4) | Field::Daddr(Family::Ipv4) => "ipv4_addr",
            Field::Saddr(Family::Ipv6) | Field::Daddr(Family::Ipv6) => "ipv6_addr",
            Field::Port(_, _) => "inet_service",
            Field::L4proto | Field::IpProtocol | Field::Ip6Nexthdr => "inet_proto",
            Field::Nfproto => "nf_proto",
            Field::Mark | Field::CtMark => "mark",
            Field::CtState => "ct_state",
            Field::CtStatus => "ct_status",
            Field::CtDirection => "ct_dir",
            Field::IcmpType(Family::Ipv4) => "icmp_type",
            Field::IcmpType(Family::Ipv6) => "icmpv6_type",
            Field::IcmpCode(Family::Ipv4) => "icmp_code",
            Field::IcmpCode(Family::Ipv6) => "icmpv6_code",
            Field::TcpFlags => "tcp_flag",
            Field::EtherSaddr | Field::EtherDaddr => "ether_addr",
            Field::EtherType => "ether_type",
            Field::Pkttype => "pkt_type",
            Field::Other(_) => return None,
        })
    }
}

impl Expression {
    /// One address.
    pub fn address(address: std::net::IpAddr) -> Self {
        Expression::Net(address.into())
    }

    /// The property of the packet, if it is one.
    pub fn field(&self) -> Option<&Field> {
        if let Expression::Field(field) = self {
            return Some(field);
        }
        None
    }

    /// The number, if it is one and small enough.
    pub fn number<T: TryFrom<u64>>(&self) -> Option<T> {
        if let Expression::Number(number) = self {
            return T::try_from(*number).ok();
        }
        None
    }

    /// The word, if it is one.
    pub fn word(&self) -> Option<&str> {
        if let Expression::Word(word) = self {
            return Some(word);
        }
        None
    }

    /// The address or prefix, if it is one.
    pub fn net(&self) -> Option<IpNet> {
        if let Expression::Net(net) = self {
            return Some(*net);
        }
        None
    }

    /// The hardware address, if it is one.
    pub fn mac(&self) -> Option<[u8; 6]> {
        if let Expression::Mac(mac) = self {
            return Some(*mac);
        }
        None
    }

    /// The devices that this value of a field for devices means.
    pub fn device(&self) -> Option<DevicePattern> {
        let Expression::Text(text) = self else {
            return None;
        };
        Some(match (text.strip_suffix("\\*"), text.strip_suffix('*')) {
            // A star that is part of the name is escaped.
            (Some(start), _) => DevicePattern::named(&format!("{start}*")),
            (None, Some(start)) => DevicePattern::starting(start),
            (None, None) => DevicePattern::named(text),
        })
    }
}

impl From<&DevicePattern> for Expression {
    fn from(device: &DevicePattern) -> Self {
        let name = device.name();
        Expression::Text(match (device.is_prefix(), name.strip_suffix('*')) {
            (true, _) => format_compact!("{name}*"),
            (false, Some(start)) => format_compact!("{start}\\*"),
            (false, None) => name.into(),
        })
    }
}

impl From<Field> for Expression {
    fn from(field: Field) -> Self {
        Expression::Field(field)
    }
}

impl From<IpNet> for Expression {
    fn from(net: IpNet) -> Self {
        Expression::Net(net)
    }
}
