//! How a sender is told that its packet was refused.

/// How a sender is told that its packet was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RejectWith {
    /// ICMP or ICMPv6 port unreachable: the default of nft, and libvirt's choice.
    PortUnreachable,
    /// Another ICMP unreachable message of IPv4, by its code.
    Icmp(u8),
    /// Another ICMPv6 unreachable message, by its code.
    Icmpv6(u8),
    /// nft's own numbering, for tables of both families: 0 no route, 2 host, 3 prohibited.
    Icmpx(u8),
    /// A TCP reset.
    TcpReset,
}
