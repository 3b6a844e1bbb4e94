//! The types that nft gives to values: they decide how a number is written and what stands in
//! quotes.

use compact_str::CompactString;

use crate::firewall::{Expression, Field};

/// The types of values that stand side by side.
#[derive(Clone, Copy)]
pub(super) enum Kinds<'a> {
    /// All of this type.
    One(&'a str),
    /// As a set says them.
    Named(&'a [CompactString]),
    /// Those of the fields that the values are compared with.
    Of(&'a Expression),
}

impl<'a> Kinds<'a> {
    /// The type of the value at this place.
    pub(super) fn part(self, at: usize) -> &'a str {
        match self {
            Kinds::One(name) => name,
            Kinds::Named(names) => names.get(at).map_or(INTEGER, CompactString::as_str),
            Kinds::Of(Expression::Concat(parts)) => parts.get(at).map_or(INTEGER, of),
            Kinds::Of(whole) => of(whole),
        }
    }
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `5`.
    Decimal,
    /// In hexadecimal digits, at least so many: `0x00000005`.
    Hex(usize),
    /// `5s`.
    Seconds,
}

/// nft's name for the type of a field's values.
pub(super) fn of_field(field: &Field) -> &'static str {
    match field {
        Field::Other(words) => of_words(words),
        Field::Iifname
        | Field::Oifname
        | Field::Iif
        | Field::Oif
        | Field::Saddr(_)
        | Field::Daddr(_)
        | Field::Port(_, _)
        | Field::L4proto
        | Field::Nfproto
        | Field::IpProtocol
        | Field::Ip6Nexthdr
        | Field::Mark
        | Field::CtMark
        | Field::CtState
        | Field::CtStatus
        | Field::CtDirection
        | Field::IcmpType(_)
        | Field::IcmpCode(_)
        | Field::TcpFlags
        | Field::EtherSaddr
        | Field::EtherDaddr
        | Field::EtherType
        | Field::Pkttype => field.type_name().unwrap_or(INTEGER),
    }
}

/// The type of a number that nft knows no more of.
pub(super) const INTEGER: &str = "integer";

/// nft's name for the type of an expression's value.
pub(super) fn of(expression: &Expression) -> &'static str {
    match expression {
        Expression::Field(field) => of_field(field),
        Expression::Bits(bits) => of(&bits.left),
        Expression::Number(_)
        | Expression::Net(_)
        | Expression::Mac(_)
        | Expression::Word(_)
        | Expression::Text(_)
        | Expression::Range(_)
        | Expression::Any
        | Expression::List(_)
        | Expression::Concat(_)
        | Expression::Elements(_)
        | Expression::Named(_)
        | Expression::Map(_)
        | Expression::Other(_) => INTEGER,
    }
}

/// The names of the types of an expression, side by side.
pub(super) fn names(expression: &Expression) -> Vec<CompactString> {
    if let Expression::Concat(parts) = expression {
        return parts.iter().map(|part| of(part).into()).collect();
    }
    vec![of(expression).into()]
}

fn of_words(words: &str) -> &'static str {
    if words.starts_with('@') {
        return "raw";
    }
    if let Some(result) = words.strip_prefix("fib ") {
        return match result.rsplit(' ').next() {
            Some("type") => "fib_addrtype",
            Some("oif") => "iface_index",
            Some("oifname") => "ifname",
            Some(_) | None => INTEGER,
        };
    }
    if words.starts_with("socket cgroupv2") {
        return "cgroupsv2";
    }
    if words.starts_with("osf ") {
        return "string";
    }
    match words {
        "iifgroup" | "oifgroup" => "devgroup",
        "meta protocol" | "vlan type" => "ether_type",
        "meta iiftype" | "meta oiftype" => "iface_type",
        "meta skuid" => "uid",
        "meta skgid" => "gid",
        "meta rtclassid" | "rt classid" => "realm",
        "meta priority" => "tc_handle",
        "meta hour" => "hour",
        "meta day" => "day",
        "meta time" => "time",
        "meta sdif" => "iface_index",
        "meta iifkind" | "meta oifkind" => "ifkind",
        "meta sdifname" | "meta ibrname" | "meta obrname" => "ifname",
        "ct helper" | "ct timeout" | "ct expectation" => "string",
        "ct expiration" => "ct_time",
        "ct label" => "ct_label",
        "ct event" => "ct_event",
        "ct protocol"
        | "ct original protocol"
        | "ct reply protocol"
        | "hbh nexthdr"
        | "frag nexthdr"
        | "dst nexthdr"
        | "mh nexthdr"
        | "rt nexthdr"
        | "ah nexthdr"
        | "comp nexthdr" => "inet_proto",
        "ct l3proto" | "ct original l3proto" | "ct reply l3proto" => "nf_proto",
        "ct original proto-src"
        | "ct original proto-dst"
        | "ct reply proto-src"
        | "ct reply proto-dst"
        | "dccp sport"
        | "dccp dport" => "inet_service",
        "ct original ip saddr"
        | "ct original ip daddr"
        | "ct reply ip saddr"
        | "ct reply ip daddr"
        | "rt ip nexthop"
        | "arp saddr ip"
        | "arp daddr ip" => "ipv4_addr",
        "ct original ip6 saddr"
        | "ct original ip6 daddr"
        | "ct reply ip6 saddr"
        | "ct reply ip6 daddr"
        | "rt ip6 nexthop" => "ipv6_addr",
        "arp saddr ether" | "arp daddr ether" => "ether_addr",
        "arp operation" => "arp_op",
        "ip dscp" | "ip6 dscp" => "dscp",
        "ip ecn" | "ip6 ecn" => "ecn",
        "socket mark" => "mark",
        "igmp type" => "igmp_type",
        "dccp type" => "dccp_pkttype",
        "mh type" => "mh_type",
        "meta ipsec" => "boolean",
        _ => INTEGER,
    }
}

/// How numbers of this type are written.
pub(super) fn style(name: &str) -> Style {
    match name {
        "mark" => Style::Hex(8),
        "ether_type" => Style::Hex(4),
        "dscp" | "tcp_flag" => Style::Hex(2),
        "raw" => Style::Hex(1),
        "ct_time" => Style::Seconds,
        _ => Style::Decimal,
    }
}

/// Whether a value of this type shares flags with another, rather than being equal to it.
pub(super) fn is_flags(name: &str) -> bool {
    matches!(
        name,
        "tcp_flag" | "ct_state" | "ct_status" | "ct_label" | "ct_event"
    )
}

/// Whether a name of this type stands in quotes.
pub(super) fn is_quoted(name: &str) -> bool {
    matches!(
        name,
        "ifname"
            | "iface_index"
            | "devgroup"
            | "realm"
            | "string"
            | "cgroupsv2"
            | "time"
            | "hour"
            | "day"
            | "ct_label"
            | "ifkind"
            | "uid"
            | "gid"
    )
}
