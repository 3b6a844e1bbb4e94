//! What iptables itself asks of a packet: addresses, devices, the protocol, fragments.
//!
//! These options stand first in every rule of `iptables-save`, in a fixed order, however they
//! were given.

use std::fmt::Write as _;

use super::extension::{module_of, not, push_device, push_word};
use super::line::inexpressible;
use super::name::{self, ProtocolName};
use super::value::{self, Address, Net};
use super::word::Word;
use crate::backend::gap::Inexpressible;
use crate::firewall::{
    AddressSide, Asked, Bound, DevicePattern, DeviceSide, Family, MaskedAddress, Match, Protocol,
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
#[derive(Clone, Copy, Default)]
pub(super) struct Asks<'a> {
    source: Option<Asked<Word<'a>>>,
    destination: Option<Asked<Word<'a>>>,
    entry: Option<Asked<Word<'a>>>,
    exit: Option<Asked<Word<'a>>>,
    protocol: Option<Asked<Word<'a>>>,
    /// What `protocol` says, unless negated.
    number: Option<Protocol>,
    fragment: Option<bool>,
}

impl<'a> Asks<'a> {
    /// Takes an option and its value; `Err` if it was given before.
    pub(super) fn take(&mut self, own: Own, value: Word<'a>, negated: bool) -> Result<(), String> {
        let place = match own {
            Own::Source => &mut self.source,
            Own::Destination => &mut self.destination,
            Own::In => &mut self.entry,
            Own::Out => &mut self.exit,
            Own::Protocol => {
                let number = name::protocol(&value.text()).filter(|number| number.0 != 0);
                self.number = number.filter(|_| !negated);
                &mut self.protocol
            }
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
        self.number
    }

    /// How many matches there are at most.
    pub(super) fn count(&self) -> usize {
        let given = [
            self.source.is_some(),
            self.destination.is_some(),
            self.entry.is_some(),
            self.exit.is_some(),
            self.protocol.is_some(),
            self.fragment.is_some(),
        ];
        given.into_iter().map(usize::from).sum()
    }

    /// Whether `-s` or `-d` is a list.
    pub(super) fn is_list(&self) -> bool {
        let ends = [self.source, self.destination];
        let mut ends = ends.into_iter().flatten();
        ends.any(|asked| asked.value.raw.contains(','))
    }

    /// What stands for each of the rules that lists stand for: one for each pair.
    pub(super) fn each(self) -> Result<Vec<Asks<'a>>, String> {
        let mut all = Vec::new();
        for source in each_of(self.source) {
            for destination in each_of(self.destination) {
                all.push(Asks {
                    source,
                    destination,
                    ..self
                });
                if all.len() > MOST_RULES {
                    return Err(format!("a line stands for more than {MOST_RULES} rules"));
                }
            }
        }
        Ok(all)
    }

    /// Appends the matches, in the order of `iptables-save`; `said` if other matches say the
    /// protocol. What cannot be read is kept as words, and `trouble` says why.
    pub(super) fn push(
        &self,
        said: bool,
        family: Family,
        all: &mut Vec<Match>,
        trouble: &mut Option<String>,
    ) {
        let mut keep =
            |option, asked: Asked<Word<'_>>, read: Result<Option<Match>, String>| match read {
                Ok(asked) => all.extend(asked),
                Err(why) => {
                    all.push(as_words(option, asked));
                    trouble.get_or_insert(why);
                }
            };
        if let Some(asked) = self.source {
            keep("-s", asked, net(AddressSide::Source, asked, family));
        }
        if let Some(asked) = self.destination {
            keep("-d", asked, net(AddressSide::Destination, asked, family));
        }
        if let Some(asked) = self.entry {
            keep("-i", asked, device(DeviceSide::In, asked));
        }
        if let Some(asked) = self.exit {
            keep("-o", asked, device(DeviceSide::Out, asked));
        }
        if let Some(asked) = self.protocol.filter(|_| !said) {
            keep("-p", asked, protocol(asked));
        }
        if let Some(negated) = self.fragment {
            all.push(Match::Fragment { negated });
        }
    }
}

/// The parts of a list, or nothing once.
fn each_of(asked: Option<Asked<Word<'_>>>) -> impl Iterator<Item = Option<Asked<Word<'_>>>> {
    let parts = asked.into_iter().flat_map(|asked| {
        let parts = asked.value.raw.split(',');
        parts.map(move |part| {
            Some(Asked {
                value: Word::plain(part),
                negated: asked.negated,
            })
        })
    });
    parts.chain(asked.is_none().then_some(None))
}

fn as_words(option: &str, asked: Asked<Word<'_>>) -> Match {
    let not = if asked.negated { "! " } else { "" };
    let mut words = format!("{not}{option} ");
    push_word(&mut words, &asked.value.text());
    Match::Other(words.into())
}

/// Every address lies in a prefix of length 0, so it is asked only if negated.
fn net(side: AddressSide, asked: Asked<Word<'_>>, family: Family) -> Result<Option<Match>, String> {
    let negated = asked.negated;
    Ok(match value::net(&asked.value.text(), family)? {
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
fn device(side: DeviceSide, asked: Asked<Word<'_>>) -> Result<Option<Match>, String> {
    let negated = asked.negated;
    let name = value::device(&asked.value.text())?;
    if name.is_prefix() && name.name().is_empty() && !negated {
        return Ok(None);
    }
    let bound = Bound::Name;
    Ok(Some(match side {
        DeviceSide::In => Match::InDevice {
            name,
            bound,
            negated,
        },
        DeviceSide::Out => Match::OutDevice {
            name,
            bound,
            negated,
        },
    }))
}

/// Every packet is of protocol 0.
fn protocol(asked: Asked<Word<'_>>) -> Result<Option<Match>, String> {
    let (text, negated) = (asked.value.text(), asked.negated);
    match name::protocol(&text) {
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
