//! What iptables itself asks of a packet: addresses, devices, the protocol, fragments.
//!
//! These options stand first in every rule of `iptables-save`, in a fixed order, however they
//! were given.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::extension::{module_of, not, push_device, push_word};
use super::line::inexpressible;
use super::name::{self, ProtocolName};
use super::value::{self, Address, Net};
use crate::backend::gap::Inexpressible;
use crate::firewall::{
    AddressSide, Asked, Bound, DevicePattern, Family, MaskedAddress, Match, Protocol,
};

/// How many rules one line may stand for.
const MOST_RULES: usize = 4096;

/// An option of iptables itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// Where packets come from.
    Source,
    /// Where they go to.
    Destination,
    /// The device they come in through.
    In,
    /// The device they go out through.
    Out,
    /// Their protocol.
    Protocol,
    /// Whether they are fragments.
    Fragment,
    /// A match of an extension.
    Match,
    /// A target.
    Jump,
    /// A chain to go to for good.
    Goto,
    /// What was counted.
    Counters,
    /// The rule is for IPv4 only.
    Ipv4,
    /// The rule is for IPv6 only.
    Ipv6,
}

/// The long names, the usual one of each first.
const LONG: [(&str, Own); 17] = [
    ("--source", Own::Source),
    ("--destination", Own::Destination),
    ("--in-interface", Own::In),
    ("--out-interface", Own::Out),
    ("--protocol", Own::Protocol),
    ("--fragments", Own::Fragment),
    ("--match", Own::Match),
    ("--jump", Own::Jump),
    ("--goto", Own::Goto),
    ("--set-counters", Own::Counters),
    ("--ipv4", Own::Ipv4),
    ("--ipv6", Own::Ipv6),
    ("--src", Own::Source),
    ("--dst", Own::Destination),
    ("--proto", Own::Protocol),
    ("--fragment", Own::Fragment),
    ("--in", Own::In),
];

impl Own {
    /// The option of this letter.
    pub(super) fn short(letter: u8) -> Option<Self> {
        Some(match letter {
            b's' => Own::Source,
            b'd' => Own::Destination,
            b'i' => Own::In,
            b'o' => Own::Out,
            b'p' => Own::Protocol,
            b'f' => Own::Fragment,
            b'm' => Own::Match,
            b'j' => Own::Jump,
            b'g' => Own::Goto,
            b'c' => Own::Counters,
            b'4' => Own::Ipv4,
            b'6' => Own::Ipv6,
            _ => return None,
        })
    }

    /// The option of this long name.
    pub(super) fn long(word: &str) -> Option<Self> {
        let known = LONG.iter().find(|(name, _)| *name == word);
        known.map(|(_, own)| *own)
    }

    /// The only option whose long name begins so.
    pub(super) fn shortened(word: &str) -> Option<Self> {
        let mut found = LONG.iter().filter(|(name, _)| name.starts_with(word));
        let (_, first) = found.next()?;
        found.all(|(_, own)| own == first).then_some(*first)
    }

    /// Whether a `!` can stand with it.
    pub(super) fn is_negatable(self) -> bool {
        match self {
            Own::Source | Own::Destination | Own::In | Own::Out | Own::Protocol | Own::Fragment => {
                true
            }
            Own::Match | Own::Jump | Own::Goto | Own::Counters | Own::Ipv4 | Own::Ipv6 => false,
        }
    }

    /// Whether a word is such an option.
    pub(super) fn is(word: &str) -> bool {
        match word.as_bytes() {
            [b'-', letter] => Own::short(*letter).is_some(),
            _ => word.starts_with("--") && Own::long(word).is_some(),
        }
    }
}

/// What a rule asks with these options, as it is read.
#[derive(Default)]
pub(super) struct Asks<'a> {
    source: Option<Asked<Cow<'a, str>>>,
    destination: Option<Asked<Cow<'a, str>>>,
    entry: Option<Asked<Cow<'a, str>>>,
    exit: Option<Asked<Cow<'a, str>>>,
    protocol: Option<Asked<Cow<'a, str>>>,
    fragment: Option<bool>,
}

impl<'a> Asks<'a> {
    /// Takes an option and its value; `Err` if it was given before.
    pub(super) fn take(
        &mut self,
        own: Own,
        value: Cow<'a, str>,
        negated: bool,
    ) -> Result<(), String> {
        let place = match own {
            Own::Source => &mut self.source,
            Own::Destination => &mut self.destination,
            Own::In => &mut self.entry,
            Own::Out => &mut self.exit,
            Own::Protocol => &mut self.protocol,
            Own::Fragment => {
                return match self.fragment.replace(negated) {
                    None => Ok(()),
                    Some(_) => Err("-f stands twice".to_owned()),
                };
            }
            Own::Match | Own::Jump | Own::Goto | Own::Counters | Own::Ipv4 | Own::Ipv6 => {
                return Ok(());
            }
        };
        match place.replace(Asked { value, negated }) {
            None => Ok(()),
            Some(_) => Err(format!("{own:?} is asked twice").to_lowercase()),
        }
    }

    /// The protocol, unless it must be another one.
    pub(super) fn protocol(&self) -> Option<Protocol> {
        let asked = self.protocol.as_ref().filter(|asked| !asked.negated)?;
        name::protocol(&asked.value).filter(|protocol| protocol.0 != 0)
    }

    /// How many matches there are at most.
    pub(super) fn count(&self) -> usize {
        let texts = [
            &self.source,
            &self.destination,
            &self.entry,
            &self.exit,
            &self.protocol,
        ];
        let given = texts.into_iter().filter(|asked| asked.is_some()).count();
        given + usize::from(self.fragment.is_some())
    }

    /// What stands for the source and the destination: one of each, unless there are lists.
    ///
    /// A rule with lists is short for one rule for each pair.
    pub(super) fn ends(&self) -> Result<Vec<Ends<'_>>, String> {
        let mut all = Vec::new();
        for source in each_of(&self.source) {
            for destination in each_of(&self.destination) {
                all.push(Ends {
                    source,
                    destination,
                });
                if all.len() > MOST_RULES {
                    return Err(format!("a line stands for more than {MOST_RULES} rules"));
                }
            }
        }
        Ok(all)
    }

    /// Whether `-s` or `-d` is a list.
    pub(super) fn is_list(&self) -> bool {
        let is_list = |asked: &Option<Asked<Cow<'_, str>>>| {
            asked
                .as_ref()
                .is_some_and(|asked| asked.value.contains(','))
        };
        is_list(&self.source) || is_list(&self.destination)
    }

    /// The source and destination of a rule without lists.
    pub(super) fn single(&self) -> Ends<'_> {
        Ends {
            source: self.source.as_ref().map(|asked| &*asked.value),
            destination: self.destination.as_ref().map(|asked| &*asked.value),
        }
    }

    /// Appends the matches, in the order of `iptables-save`; `said` if other matches say the
    /// protocol. What cannot be read is kept as words, and `trouble` says why.
    pub(super) fn push(
        &self,
        ends: Ends<'_>,
        said: bool,
        family: Family,
        all: &mut Vec<Match>,
        trouble: &mut Option<String>,
    ) {
        let sides = [
            ("-s", AddressSide::Source, ends.source, &self.source),
            (
                "-d",
                AddressSide::Destination,
                ends.destination,
                &self.destination,
            ),
        ];
        for (option, side, text, asked) in sides {
            if let (Some(text), Some(Asked { negated, .. })) = (text, asked) {
                let read = net(side, text, *negated, family);
                keep(all, option, text, *negated, read, trouble);
            }
        }
        for (option, asked) in [("-i", &self.entry), ("-o", &self.exit)] {
            if let Some(Asked { value, negated }) = asked {
                let read = device(option, value, *negated);
                keep(all, option, value, *negated, read, trouble);
            }
        }
        if let Some(Asked { value, negated }) = self.protocol.as_ref().filter(|_| !said) {
            keep(
                all,
                "-p",
                value,
                *negated,
                protocol(value, *negated),
                trouble,
            );
        }
        if let Some(negated) = self.fragment {
            all.push(Match::Fragment { negated });
        }
    }
}

/// A source and a destination, as they are written.
#[derive(Clone, Copy)]
pub(super) struct Ends<'t> {
    source: Option<&'t str>,
    destination: Option<&'t str>,
}

fn each_of<'t>(asked: &'t Option<Asked<Cow<'_, str>>>) -> impl Iterator<Item = Option<&'t str>> {
    let text = asked.as_ref().map(|asked| &*asked.value);
    let several = text.into_iter().flat_map(|text| text.split(',')).map(Some);
    several.chain(text.is_none().then_some(None))
}

/// Appends what was read, if it asks anything; else the words themselves.
fn keep(
    all: &mut Vec<Match>,
    option: &str,
    value: &str,
    negated: bool,
    read: Result<Option<Match>, String>,
    trouble: &mut Option<String>,
) {
    match read {
        Ok(asked) => all.extend(asked),
        Err(why) => {
            let not = if negated { "! " } else { "" };
            let mut words = format!("{not}{option} ");
            push_word(&mut words, value);
            all.push(Match::Other(words.into()));
            trouble.get_or_insert(why);
        }
    }
}

/// Every address lies in a prefix of length 0, so it is asked only if negated.
fn net(
    side: AddressSide,
    text: &str,
    negated: bool,
    family: Family,
) -> Result<Option<Match>, String> {
    Ok(match value::net(text, family)? {
        Net::Prefix(net) if net.prefix_len() == 0 && !negated => None,
        Net::Prefix(net) => Some(match side {
            AddressSide::Source => Match::Source { net, negated },
            AddressSide::Destination => Match::Destination { net, negated },
        }),
        Net::Masked(address, mask) => Some(Match::MaskedAddress(Box::new(MaskedAddress {
            side,
            address,
            mask,
            negated,
        }))),
    })
}

/// Every device has a name that begins with nothing, so that is asked only if negated.
fn device(option: &str, text: &str, negated: bool) -> Result<Option<Match>, String> {
    let name = value::device(text)?;
    if name.is_prefix() && name.name().is_empty() && !negated {
        return Ok(None);
    }
    let bound = Bound::Name;
    Ok(Some(match option {
        "-i" => Match::InDevice {
            name,
            bound,
            negated,
        },
        _ => Match::OutDevice {
            name,
            bound,
            negated,
        },
    }))
}

/// Every packet is of protocol 0.
fn protocol(text: &str, negated: bool) -> Result<Option<Match>, String> {
    match name::protocol(text) {
        Some(Protocol(0)) if negated => Err("no packet is of no protocol".to_owned()),
        Some(Protocol(0)) => Ok(None),
        Some(protocol) => Ok(Some(Match::Protocol { protocol, negated })),
        None => Err(format!("there is no protocol '{text}'")),
    }
}

/// Whether iptables itself has an option for a match.
pub(super) fn is_own(each: &Match) -> bool {
    matches!(
        each,
        Match::InDevice { .. }
            | Match::OutDevice { .. }
            | Match::Source { .. }
            | Match::Destination { .. }
            | Match::MaskedAddress(_)
            | Match::Protocol { .. }
            | Match::Fragment { .. }
    )
}

/// Appends those of a rule's matches that iptables itself asks, in the order of `iptables-save`.
pub(super) fn print(
    text: &mut String,
    matches: &[Match],
    family: Family,
) -> Result<(), Inexpressible> {
    let mut slots = Slots::default();
    for each in matches {
        slots.put(each, family)?;
    }
    for (option, asked) in [("-s", slots.source), ("-d", slots.destination)] {
        if let Some(Asked { value, negated }) = asked {
            text.extend([not(negated), " ", option, " "]);
            push_net(text, value);
        }
    }
    for (option, asked) in [(" -i ", slots.entry), (" -o ", slots.exit)] {
        if let Some(Asked { value, negated }) = asked {
            text.extend([not(negated), option]);
            push_device(text, value);
        }
    }
    if let Some(Asked { value, negated }) = slots.protocol {
        // Writing into a String cannot fail.
        let _ = write!(text, "{} -p {}", not(negated), ProtocolName(value));
    }
    if let Some(negated) = slots.fragment {
        text.extend([not(negated), " -f"]);
    }
    Ok(())
}

/// What a rule can ask by iptables' own options: each once.
#[derive(Default)]
struct Slots<'r> {
    source: Option<Asked<Net>>,
    destination: Option<Asked<Net>>,
    entry: Option<Asked<&'r DevicePattern>>,
    exit: Option<Asked<&'r DevicePattern>>,
    protocol: Option<Asked<Protocol>>,
    fragment: Option<bool>,
}

impl<'r> Slots<'r> {
    fn put(&mut self, each: &'r Match, family: Family) -> Result<(), Inexpressible> {
        let taken = if let Match::Source { net, negated } = each {
            set(
                &mut self.source,
                of_family(Net::Prefix(*net), family)?,
                *negated,
            )
        } else if let Match::Destination { net, negated } = each {
            let net = of_family(Net::Prefix(*net), family)?;
            set(&mut self.destination, net, *negated)
        } else if let Match::MaskedAddress(asked) = each {
            let net = of_family(Net::Masked(asked.address, asked.mask), family)?;
            let place = match asked.side {
                AddressSide::Source => &mut self.source,
                AddressSide::Destination => &mut self.destination,
            };
            set(place, net, asked.negated)
        } else if let Match::InDevice {
            name,
            bound,
            negated,
        } = each
        {
            set(&mut self.entry, by_name(name, *bound)?, *negated)
        } else if let Match::OutDevice {
            name,
            bound,
            negated,
        } = each
        {
            set(&mut self.exit, by_name(name, *bound)?, *negated)
        } else if let Match::Protocol { protocol, negated } = each {
            set(&mut self.protocol, *protocol, *negated)
        } else if let Match::Fragment { negated } = each {
            self.fragment.replace(*negated).is_some()
        } else if let Some(protocol) = module_of(each, family).and_then(|it| it.protocol) {
            let said = self.protocol.get_or_insert(Asked {
                value: protocol,
                negated: false,
            });
            (said.value, said.negated) != (protocol, false)
        } else {
            false
        };
        match taken {
            false => Ok(()),
            true => Err(inexpressible("to ask the same twice")),
        }
    }
}

/// Fills a place; says whether it was filled by something else.
fn set<T: PartialEq>(place: &mut Option<Asked<T>>, value: T, negated: bool) -> bool {
    let asked = Asked { value, negated };
    match place {
        Some(before) => *before != asked,
        None => {
            *place = Some(asked);
            false
        }
    }
}

fn of_family(net: Net, family: Family) -> Result<Net, Inexpressible> {
    let is_ipv4 = match net {
        Net::Prefix(net) => net.addr().is_ipv4(),
        Net::Masked(address, _) => address.is_ipv4(),
    };
    match is_ipv4 == (family == Family::Ipv4) {
        true => Ok(net),
        false => Err(inexpressible("an address of the other family")),
    }
}

/// A name that iptables reads back as it is meant: it sees a pattern in a last `+`.
fn by_name(name: &DevicePattern, bound: Bound) -> Result<&DevicePattern, Inexpressible> {
    match bound {
        Bound::Index | Bound::Gone => return Err(inexpressible("a match of a device's number")),
        Bound::Name => {}
    }
    let text = name.name();
    let longest = if name.is_prefix() { 14 } else { 15 };
    let misread = !name.is_prefix() && (text.ends_with('+') || text.is_empty());
    match text.len() <= longest && !misread {
        true => Ok(name),
        false => Err(inexpressible(format!("a device called '{text}'"))),
    }
}

fn push_net(text: &mut String, net: Net) {
    // Writing into a String cannot fail.
    let _ = match net {
        Net::Prefix(net) => write!(text, "{}/{}", Address(net.addr()), net.prefix_len()),
        Net::Masked(address, mask) => write!(text, "{}/{}", Address(address), Address(mask)),
    };
}
