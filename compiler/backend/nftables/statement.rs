//! Reading one rule of nft's language.
//!
//! Matches, a counter, a target, as far as there is a type for each; from the first word that has
//! none, the rest of the rule is kept as the piece of text it is.

use std::net::IpAddr;

use ipnet::IpNet;

use super::token::{Kind, Token};
use crate::firewall::{
    Bound, Counter, CtStates, DevicePattern, Expression, Family, Field, Lookup, Match, NatAddress,
    NatFlags, NatTarget, Place, Protocol, RejectWith, Rule, Target,
};
use crate::value::PortRange;

/// The rule that `tokens` say; `text` is what they were cut from.
pub(super) fn read_rule(tokens: &[Token<'_>], text: &str) -> Rule {
    let mut words = Words { tokens };
    let mut rule = Rule::uncounted(Vec::new(), Target::Continue);
    while let Some(each) = words.take(read_match) {
        rule.matches.push(each);
    }
    rule.place = Place::line(tokens.first().map_or(0, |token| token.line));
    rule.counter = words.take(read_counter);
    if let [first, .., last] | [first @ last] = words.tokens {
        let whole = |words: &mut Words<'_>| read_target(words).filter(|_| words.tokens.is_empty());
        rule.target = words
            .take(whole)
            .unwrap_or_else(|| Target::Other(text[first.start..last.end].into()));
    }
    rule
}

/// The words of a rule that are still to be read.
#[derive(Clone, Copy)]
struct Words<'a> {
    tokens: &'a [Token<'a>],
}

impl<'a> Words<'a> {
    /// What `read` makes of the next words; they stay if it makes nothing.
    fn take<T>(&mut self, read: impl Fn(&mut Words<'a>) -> Option<T>) -> Option<T> {
        let before = *self;
        let value = read(self);
        if value.is_none() {
            *self = before;
        }
        value
    }

    fn next(&mut self, kind: Kind) -> Option<&'a str> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        (first.kind == kind).then_some(first.text)
    }

    fn word(&mut self) -> Option<&'a str> {
        self.next(Kind::Word)
    }

    /// The next word, if it is this one.
    fn the(&mut self, wanted: &str) -> Option<()> {
        let found = self.take(|words| words.word().filter(|word| *word == wanted));
        found.map(|_| ())
    }
}

fn read_counter(words: &mut Words<'_>) -> Option<Counter> {
    words.the("counter")?;
    let counted = words.take(|words| {
        words.the("packets")?;
        let packets = words.word()?.parse().ok()?;
        words.the("bytes")?;
        let bytes = words.word()?.parse().ok()?;
        Some(Counter { packets, bytes })
    });
    Some(counted.unwrap_or_default())
}

fn read_match(words: &mut Words<'_>) -> Option<Match> {
    match words.word()? {
        "iifname" => read_device(words, Bound::Name, true),
        "oifname" => read_device(words, Bound::Name, false),
        "iif" => read_device(words, Bound::Index, true),
        "oif" => read_device(words, Bound::Index, false),
        family @ ("ip" | "ip6") => read_address(words, family == "ip"),
        "meta" => match words.word()? {
            "nfproto" => match words.word()? {
                "ipv4" => Some(Match::Family(Family::Ipv4)),
                "ipv6" => Some(Match::Family(Family::Ipv6)),
                _ => None,
            },
            "l4proto" => Protocol::read(words.word()?).map(Match::protocol),
            _ => None,
        },
        protocol @ ("tcp" | "udp") => {
            words.the("dport")?;
            let ports = read_ports(words.word()?)?;
            Some(Match::destination_port(Protocol::read(protocol)?, ports))
        }
        "ct" => {
            words.the("state")?;
            Some(Match::CtState {
                states: read_states(words)?,
                negated: false,
                old: false,
            })
        }
        _ => None,
    }
}

fn read_device(words: &mut Words<'_>, bound: Bound, incoming: bool) -> Option<Match> {
    let name = words.next(Kind::Quoted)?;
    let name = match name.strip_suffix('*') {
        Some(start) => DevicePattern::starting(start),
        None => DevicePattern::named(name),
    };
    Some(match incoming {
        true => Match::InDevice {
            name,
            bound,
            negated: false,
        },
        false => Match::OutDevice {
            name,
            bound,
            negated: false,
        },
    })
}

fn read_address(words: &mut Words<'_>, ipv4: bool) -> Option<Match> {
    let side = words.word()?;
    let negated = words.the("!=").is_some();
    let net = read_net(words.word()?).filter(|net| net.addr().is_ipv4() == ipv4)?;
    match side {
        "saddr" => Some(Match::Source { net, negated }),
        "daddr" => Some(Match::Destination { net, negated }),
        _ => None,
    }
}

/// A prefix without host bits, or a single address.
pub(super) fn read_net(word: &str) -> Option<IpNet> {
    let net = match word.parse::<IpNet>() {
        Ok(net) => net,
        Err(_) => IpNet::from(word.parse::<IpAddr>().ok()?),
    };
    (net == net.trunc()).then_some(net)
}

fn read_ports(word: &str) -> Option<PortRange> {
    match word.split_once('-') {
        Some((start, end)) => PortRange::new(start.parse().ok()?, end.parse().ok()?),
        None => Some(PortRange::single(word.parse().ok()?)),
    }
}

fn read_states(words: &mut Words<'_>) -> Option<CtStates> {
    let mut states = CtStates::default();
    loop {
        match words.word()? {
            "invalid" => states.invalid = true,
            "established" => states.established = true,
            "related" => states.related = true,
            "new" => states.new = true,
            "untracked" => states.untracked = true,
            _ => return None,
        }
        if words.take(|words| words.next(Kind::Comma)).is_none() {
            return Some(states);
        }
    }
}

fn read_target(words: &mut Words<'_>) -> Option<Target> {
    match words.word()? {
        "accept" => Some(Target::Accept),
        "drop" => Some(Target::Drop),
        "return" => Some(Target::Return),
        "reject" => read_reject(words),
        "jump" => Some(Target::Jump(words.word()?.into())),
        "masquerade" => {
            let ports = match words.the("to") {
                Some(()) => Some(read_ports(words.word()?.strip_prefix(':')?)?),
                None => None,
            };
            Some(Target::Masquerade {
                ports,
                flags: NatFlags::default(),
            })
        }
        "snat" => {
            // A table of both families says which one is meant; the addresses say it too.
            let _ = words.the("ip").or_else(|| words.the("ip6"));
            words.the("to")?;
            let (to, ports) = read_source(words.word()?)?;
            Some(Target::Snat(Box::new(NatTarget {
                to: Some(to),
                ports,
                flags: NatFlags::default(),
            })))
        }
        first => {
            let key = read_key(first, words)?;
            words.the("vmap")?;
            let map = words.word()?.strip_prefix('@')?;
            Some(Target::Vmap(Box::new(Lookup {
                key: key.into(),
                map: Expression::Named(map.into()),
            })))
        }
    }
}

/// The key of a map that begins with `first`: one word or two.
fn read_key(first: &str, words: &mut Words<'_>) -> Option<Field> {
    match first {
        "oifname" => Some(Field::Oifname),
        "iifname" => Some(Field::Iifname),
        "ip" | "ip6" => {
            words.the("saddr")?;
            Some(Field::Saddr(match first {
                "ip" => Family::Ipv4,
                _ => Family::Ipv6,
            }))
        }
        _ => None,
    }
}

/// What a listing adds to `reject` depends on the table and the matches before; it is the same.
fn read_reject(words: &mut Words<'_>) -> Option<Target> {
    if words.the("with").is_some() {
        let family = words.word()?;
        // Older listings say `icmp type port-unreachable`.
        let _ = words.the("type");
        if !matches!(family, "icmp" | "icmpv6" | "icmpx") {
            return None;
        }
        words.the("port-unreachable")?;
    }
    Some(Target::Reject(RejectWith::PortUnreachable))
}

/// `a-b:lo-hi`, `[a]-[b]:lo-hi`, and a range that is listed as a prefix: `a/126:lo-hi`, for which
/// nft leaves the brackets out.
fn read_source(word: &str) -> Option<(NatAddress, Option<PortRange>)> {
    let no_colons_from = match word.rfind([']', '/']) {
        Some(mark) => Some(mark),
        None => word.find('.'),
    };
    let colon = no_colons_from.and_then(|from| Some(from + word[from..].find(':')?));
    let (addresses, ports) = match colon {
        Some(colon) => (&word[..colon], Some(&word[colon + 1..])),
        None => (word, None),
    };
    let plain = addresses.replace(['[', ']'], "");
    let to = match plain.split_once('-') {
        Some((start, end)) => NatAddress {
            start: start.parse().ok()?,
            end: end.parse().ok()?,
        },
        None => {
            let net = read_net(&plain)?;
            NatAddress {
                start: net.network(),
                end: net.broadcast(),
            }
        }
    };
    let ports = match ports {
        Some(ports) => Some(read_ports(ports)?),
        None => None,
    };
    Some((to, ports))
}
