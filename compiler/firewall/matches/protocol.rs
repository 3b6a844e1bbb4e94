//! Protocols above IP, their ports, and what else their headers say.

use crate::value::PortRange;

/// A protocol above IP, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(pub u8);

/// The protocols that every tool knows by name without asking `/etc/protocols`.
const PROTOCOLS: [(Protocol, &str); 8] = [
    (Protocol::TCP, "tcp"),
    (Protocol::UDP, "udp"),
    (Protocol::ICMP, "icmp"),
    (Protocol::ICMPV6, "ipv6-icmp"),
    (Protocol(132), "sctp"),
    (Protocol(136), "udplite"),
    (Protocol(50), "esp"),
    (Protocol(51), "ah"),
];

impl Protocol {
    /// TCP.
    pub const TCP: Protocol = Protocol(6);
    /// UDP.
    pub const UDP: Protocol = Protocol(17);
    /// ICMP.
    pub const ICMP: Protocol = Protocol(1);
    /// ICMPv6.
    pub const ICMPV6: Protocol = Protocol(58);

    /// Its name, if all tools agree on one.
    pub fn name(self) -> Option<&'static str> {
        let known = PROTOCOLS.iter().find(|(protocol, _)| *protocol == self);
        known.map(|(_, name)| *name)
    }

    /// The protocol of this name or number.
    pub fn read(word: &str) -> Option<Self> {
        let known = PROTOCOLS.iter().find(|(_, name)| *name == word);
        match (known, word) {
            (Some((protocol, _)), _) => Some(*protocol),
            (None, "icmpv6") => Some(Protocol::ICMPV6),
            (None, _) => word.parse().ok().map(Protocol),
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

/// Which of a packet's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortSide {
    /// Where it comes from.
    Source,
    /// Where it goes to.
    Destination,
    /// One of both (`-m multiport --ports`).
    Either,
}

/// Ports that a rule names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ports {
    /// One port or range: `--dport`.
    One(PortRange),
    /// A list, even of one: `-m multiport --dports`, or a set of nft.
    List(Box<[PortRange]>),
}

impl Ports {
    /// The ranges.
    pub fn ranges(&self) -> &[PortRange] {
        match self {
            Ports::One(range) => std::slice::from_ref(range),
            Ports::List(ranges) => ranges,
        }
    }
}

/// What a number in a header is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Comparison {
    /// This number.
    Equal,
    /// A lower one.
    Less,
    /// A higher one.
    Greater,
}

/// The header of IPsec that a security parameters index stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpiHeader {
    /// Authentication.
    Ah,
    /// Encapsulated payload.
    Esp,
}
