//! nft's words for what the firewall has types for.

use std::borrow::Cow;

use crate::firewall::{Family, Field, Hook, PortSide, TableFamily};

/// The word for the family of a table.
pub fn family(family: TableFamily) -> &'static str {
    match family {
        TableFamily::Ip => "ip",
        TableFamily::Ip6 => "ip6",
        TableFamily::Inet => "inet",
        TableFamily::Arp => "arp",
        TableFamily::Bridge => "bridge",
        TableFamily::Netdev => "netdev",
    }
}

/// The family that a word means.
pub(super) fn read_family(word: &str) -> Option<TableFamily> {
    const ALL: [TableFamily; 6] = [
        TableFamily::Ip,
        TableFamily::Ip6,
        TableFamily::Inet,
        TableFamily::Arp,
        TableFamily::Bridge,
        TableFamily::Netdev,
    ];
    ALL.into_iter().find(|each| family(*each) == word)
}

/// All hooks.
pub(super) const HOOKS: [Hook; 7] = [
    Hook::Prerouting,
    Hook::Input,
    Hook::Forward,
    Hook::Output,
    Hook::Postrouting,
    Hook::Ingress,
    Hook::Egress,
];

/// The hook that a word means.
pub(super) fn read_hook(word: &str) -> Option<Hook> {
    HOOKS.into_iter().find(|each| each.word() == word)
}

/// The words for a property of a packet.
pub(super) fn field(field: &Field) -> Cow<'_, str> {
    Cow::Borrowed(match field {
        Field::Iifname => "iifname",
        Field::Oifname => "oifname",
        Field::Iif => "iif",
        Field::Oif => "oif",
        Field::Saddr(Family::Ipv4) => "ip saddr",
        Field::Saddr(Family::Ipv6) => "ip6 saddr",
        Field::Daddr(Family::Ipv4) => "ip daddr",
        Field::Daddr(Family::Ipv6) => "ip6 daddr",
        Field::Port(side, protocol) => {
            let side = match side {
                PortSide::Source => "sport",
                PortSide::Destination | PortSide::Either => "dport",
            };
            return Cow::Owned(match protocol {
                Some(protocol) => format!("{protocol} {side}"),
                None => format!("th {side}"),
            });
        }
        Field::L4proto => "meta l4proto",
        Field::Nfproto => "meta nfproto",
        Field::IpProtocol => "ip protocol",
        Field::Ip6Nexthdr => "ip6 nexthdr",
        Field::Mark => "meta mark",
        Field::CtMark => "ct mark",
        Field::CtState => "ct state",
        Field::CtStatus => "ct status",
        Field::CtDirection => "ct direction",
        Field::IcmpType(Family::Ipv4) => "icmp type",
        Field::IcmpType(Family::Ipv6) => "icmpv6 type",
        Field::IcmpCode(Family::Ipv4) => "icmp code",
        Field::IcmpCode(Family::Ipv6) => "icmpv6 code",
        Field::TcpFlags => "tcp flags",
        Field::EtherSaddr => "ether saddr",
        Field::EtherDaddr => "ether daddr",
        Field::EtherType => "ether type",
        Field::Pkttype => "meta pkttype",
        Field::Other(words) => words,
    })
}
