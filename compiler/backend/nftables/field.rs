//! Properties of a packet in nft's words, and the types of their values.

use compact_str::{CompactString, format_compact};

use super::keyword;
use super::token::Kind;
use super::words::Words;
use crate::firewall::{Family, Field, PortSide, Protocol};

/// The property that the next words say.
pub(super) fn read(words: &mut Words<'_>) -> Option<Field> {
    words.take(|words| {
        let first = words.word()?;
        Some(match first {
            "iifname" => Field::Iifname,
            "oifname" => Field::Oifname,
            "iif" => Field::Iif,
            "oif" => Field::Oif,
            "mark" => Field::Mark,
            "pkttype" => Field::Pkttype,
            "iifgroup" | "oifgroup" => Field::Other(first.into()),
            "iiftype" | "oiftype" | "skuid" | "skgid" | "nftrace" | "rtclassid" | "ibriport"
            | "obriport" | "ibrname" | "obrname" | "cpu" | "cgroup" => {
                Field::Other(format_compact!("meta {first}"))
            }
            "meta" => read_meta(words.word()?),
            "ip" | "ip6" => read_ip(first, words)?,
            "tcp" | "udp" | "udplite" | "sctp" | "dccp" | "th" => read_transport(first, words)?,
            "icmp" | "icmpv6" => read_icmp(first, words)?,
            "ether" => match words.word()? {
                "saddr" => Field::EtherSaddr,
                "daddr" => Field::EtherDaddr,
                "type" => Field::EtherType,
                other => pair(first, other),
            },
            "ct" => read_ct(words)?,
            "fib" => read_fib(words)?,
            "rt" => read_rt(words)?,
            "arp" => match words.word()? {
                side @ ("saddr" | "daddr") => triple(first, side, words.word()?),
                other => pair(first, other),
            },
            "vlan" | "igmp" | "ah" | "esp" | "comp" | "hbh" | "rt0" | "rt2" | "srh" | "frag"
            | "dst" | "mh" | "exthdr" | "tunnel" => pair(first, words.word()?),
            "vxlan" | "geneve" | "gre" | "gretap" => read_tunnelled(first, words)?,
            "socket" => read_socket(words)?,
            "osf" => match words.word()? {
                "ttl" => {
                    let (ttl, key) = (words.word()?, words.word()?);
                    Field::Other(format_compact!("osf ttl {ttl} {key}"))
                }
                key => pair(first, key),
            },
            "ipsec" => read_ipsec(words)?,
            "numgen" => {
                let mode = words.word()?;
                modulus(words, format_compact!("numgen {mode}"))?
            }
            "symhash" => modulus(words, "symhash".into())?,
            "jhash" => read_jhash(words)?,
            "@ll" | "@nh" | "@th" | "@ih" => {
                words.of(Kind::Comma)?;
                let offset: u32 = words.number()?;
                words.of(Kind::Comma)?;
                let bits: u32 = words.number()?;
                Field::Other(format_compact!("{first},{offset},{bits}"))
            }
            _ => return None,
        })
    })
}

fn pair(first: &str, second: &str) -> Field {
    Field::Other(format_compact!("{first} {second}"))
}

fn triple(first: &str, second: &str, third: &str) -> Field {
    Field::Other(format_compact!("{first} {second} {third}"))
}

fn read_meta(key: &str) -> Field {
    match key {
        "iifname" => Field::Iifname,
        "oifname" => Field::Oifname,
        "iif" => Field::Iif,
        "oif" => Field::Oif,
        "mark" => Field::Mark,
        "pkttype" => Field::Pkttype,
        "l4proto" => Field::L4proto,
        "nfproto" => Field::Nfproto,
        "iifgroup" | "oifgroup" => Field::Other(key.into()),
        // Names that older versions used.
        "ibriport" => Field::Other("meta ibrname".into()),
        "obriport" => Field::Other("meta obrname".into()),
        "secpath" => Field::Other("meta ipsec".into()),
        other => pair("meta", other),
    }
}

fn read_ip(first: &str, words: &mut Words<'_>) -> Option<Field> {
    let family = match first {
        "ip" => Family::Ipv4,
        _ => Family::Ipv6,
    };
    Some(match (family, words.word()?) {
        (_, "saddr") => Field::Saddr(family),
        (_, "daddr") => Field::Daddr(family),
        (Family::Ipv4, "protocol") => Field::IpProtocol,
        (Family::Ipv6, "nexthdr") => Field::Ip6Nexthdr,
        (_, "option") => option(first, words)?,
        (_, other) => pair(first, other),
    })
}

/// `tcp option maxseg size`; without the last word it is whether the option is there.
fn option(first: &str, words: &mut Words<'_>) -> Option<Field> {
    const FIELDS: [&str; 15] = [
        "length", "kind", "size", "count", "left", "right", "tsval", "tsecr", "type", "ptr",
        "addr", "value", "offset", "subtype", "field",
    ];
    let name = words.word()?;
    if name.starts_with('@') {
        words.of(Kind::Comma)?;
        let (offset, _) = (words.word()?, words.of(Kind::Comma)?);
        let bits = words.word()?;
        return Some(triple(first, "option", &format!("{name},{offset},{bits}")));
    }
    let field = words.peek_word().filter(|word| FIELDS.contains(word));
    Some(match field {
        Some(field) => {
            words.word()?;
            triple(first, "option", &format!("{name} {field}"))
        }
        None => triple(first, "option", name),
    })
}

fn read_transport(first: &str, words: &mut Words<'_>) -> Option<Field> {
    let protocol = match first {
        "th" => None,
        name => Protocol::read(name),
    };
    // A protocol that only some tools know by name has a field of its own.
    let known = protocol.is_some() || first == "th";
    Some(match words.word()? {
        "sport" if known => Field::Port(PortSide::Source, protocol),
        "dport" if known => Field::Port(PortSide::Destination, protocol),
        "flags" if first == "tcp" => Field::TcpFlags,
        "option" => option(first, words)?,
        "chunk" => {
            const FIELDS: [&str; 12] = [
                "type",
                "flags",
                "length",
                "tsn",
                "stream",
                "ssn",
                "ppid",
                "init-tag",
                "a-rwnd",
                "num-outbound-streams",
                "num-inbound-streams",
                "cum-tsn-ack",
            ];
            let name = words.word()?;
            match words.peek_word().filter(|word| FIELDS.contains(word)) {
                Some(field) => {
                    words.word()?;
                    triple(first, "chunk", &format!("{name} {field}"))
                }
                None => triple(first, "chunk", name),
            }
        }
        other => pair(first, other),
    })
}

fn read_icmp(first: &str, words: &mut Words<'_>) -> Option<Field> {
    let family = match first {
        "icmp" => Family::Ipv4,
        _ => Family::Ipv6,
    };
    Some(match words.word()? {
        "type" => Field::IcmpType(family),
        "code" => Field::IcmpCode(family),
        other => pair(first, other),
    })
}

fn read_ct(words: &mut Words<'_>) -> Option<Field> {
    Some(match words.word()? {
        "state" => Field::CtState,
        "status" => Field::CtStatus,
        "mark" => Field::CtMark,
        "direction" => Field::CtDirection,
        side @ ("original" | "reply") => match words.word()? {
            family @ ("ip" | "ip6") => {
                let key = words.word()?;
                Field::Other(format_compact!("ct {side} {family} {key}"))
            }
            key => triple("ct", side, key),
        },
        // `ct count` is a statement.
        "count" => return None,
        family @ ("ip" | "ip6") => triple("ct", family, words.word()?),
        key => pair("ct", key),
    })
}

/// `fib saddr . iif oif`.
fn read_fib(words: &mut Words<'_>) -> Option<Field> {
    let mut flags = CompactString::from(words.word()?);
    while words.the(".").is_some() {
        flags.push_str(" . ");
        flags.push_str(words.word()?);
    }
    let result = words.word()?;
    Some(match words.the("check") {
        Some(()) => Field::Other(format_compact!("fib {flags} check {result}")),
        None => Field::Other(format_compact!("fib {flags} {result}")),
    })
}

/// What a route says, or a routing header.
fn read_rt(words: &mut Words<'_>) -> Option<Field> {
    Some(match words.word()? {
        family @ ("ip" | "ip6") => triple("rt", family, words.word()?),
        other => pair("rt", other),
    })
}

fn read_socket(words: &mut Words<'_>) -> Option<Field> {
    Some(match words.word()? {
        "cgroupv2" => {
            words.the("level")?;
            let level: u32 = words.number()?;
            Field::Other(format_compact!("socket cgroupv2 level {level}"))
        }
        key => pair("socket", key),
    })
}

fn read_ipsec(words: &mut Words<'_>) -> Option<Field> {
    let mut text = format_compact!("ipsec {}", words.word()?);
    if words.the("spnum").is_some() {
        let number: u32 = words.number()?;
        if number > 0 {
            text.push_str(&format!(" spnum {number}"));
        }
    }
    text.push(' ');
    text.push_str(words.word()?);
    if text.ends_with(" ip") || text.ends_with(" ip6") {
        text.push(' ');
        text.push_str(words.word()?);
    }
    Some(Field::Other(text))
}

/// `mod 4 offset 3`, after what makes the number.
fn modulus(words: &mut Words<'_>, before: CompactString) -> Option<Field> {
    words.the("mod")?;
    let modulus: u64 = words.number()?;
    let mut text = format_compact!("{before} mod {modulus}");
    if words.the("seed").is_some() {
        text.push_str(&format!(" seed {}", words.word()?));
    }
    if words.the("offset").is_some() {
        let offset: u64 = words.number()?;
        if offset > 0 {
            text.push_str(&format!(" offset {offset}"));
        }
    }
    Some(Field::Other(text))
}

fn read_jhash(words: &mut Words<'_>) -> Option<Field> {
    let mut below = words.deeper()?;
    let mut text = CompactString::from("jhash");
    loop {
        let field = read(&mut below)?;
        text.push(' ');
        text.push_str(&keyword::field(&field));
        match below.the(".") {
            Some(()) => text.push_str(" ."),
            None => break,
        }
    }
    let field = modulus(&mut below, text)?;
    words.skip_to(below);
    Some(field)
}

/// A field of a tunnel's header, or of what it carries.
fn read_tunnelled(first: &str, words: &mut Words<'_>) -> Option<Field> {
    let mut below = words.deeper()?;
    Some(match read(&mut below) {
        Some(field) => {
            words.skip_to(below);
            pair(first, &keyword::field(&field))
        }
        None => pair(first, words.word()?),
    })
}
