//! What can be asked of a packet: fields with values, and yes-or-no questions about them.
//!
//! Rules of every tool come down to these ([`asked`](super::asked)). The order of the fields is
//! the order in which diagrams ask for them, which decides how large they grow.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;

use crate::firewall::{DevicePattern, DeviceSide};

/// A field of a packet with numbers for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// 0 for IPv4, 1 for IPv6.
    Family,
    /// Destination of IPv4.
    Destination4,
    /// Destination of IPv6.
    Destination6,
    /// Port that it goes to.
    DestinationPort,
    /// Protocol above IP.
    Protocol,
    /// State of its connection: [`NEW`] and those behind it.
    State,
    /// Whether the source of its connection is rewritten.
    SourceTranslated,
    /// Whether the destination of its connection is rewritten.
    DestinationTranslated,
    /// Whether it is a later fragment, without a header of its protocol.
    Fragment,
    /// Flags of TCP, each for itself.
    TcpFlags,
    /// Its mark, each bit for itself.
    Mark,
    /// The mark of its connection, each bit for itself.
    CtMark,
    /// Type of service, each bit for itself.
    Tos,
    /// To whom it was sent on the link: unicast, broadcast, multicast, another.
    PacketType,
    /// Its length.
    Length,
    /// The hops that are left to it.
    Hops,
    /// Source of IPv4.
    Source4,
    /// Source of IPv6.
    Source6,
    /// Whether it has an address of the link.
    HasMac,
    /// That address.
    SourceMac,
    /// Port that it comes from.
    SourcePort,
    /// Type of an ICMP message.
    IcmpType,
    /// Code of an ICMP message.
    IcmpCode,
}

/// The first packet of a connection.
pub const NEW: u128 = 0;
/// Packets were seen in both directions.
pub const ESTABLISHED: u128 = 1;
/// It belongs to another connection.
pub const RELATED: u128 = 2;
/// It fits no connection.
pub const INVALID: u128 = 3;
/// It is not tracked.
pub const UNTRACKED: u128 = 4;

impl Field {
    /// All fields.
    pub const ALL: [Field; 23] = [
        Field::Family,
        Field::Destination4,
        Field::Destination6,
        Field::DestinationPort,
        Field::Protocol,
        Field::State,
        Field::SourceTranslated,
        Field::DestinationTranslated,
        Field::Fragment,
        Field::TcpFlags,
        Field::Mark,
        Field::CtMark,
        Field::Tos,
        Field::PacketType,
        Field::Length,
        Field::Hops,
        Field::Source4,
        Field::Source6,
        Field::HasMac,
        Field::SourceMac,
        Field::SourcePort,
        Field::IcmpType,
        Field::IcmpCode,
    ];

    /// Its highest value.
    pub fn last(self) -> u128 {
        match self {
            Field::Family
            | Field::SourceTranslated
            | Field::DestinationTranslated
            | Field::Fragment
            | Field::HasMac => 1,
            Field::PacketType => 3,
            Field::State => UNTRACKED,
            Field::Protocol
            | Field::TcpFlags
            | Field::Tos
            | Field::Hops
            | Field::IcmpType
            | Field::IcmpCode => u128::from(u8::MAX),
            Field::DestinationPort | Field::SourcePort | Field::Length => u128::from(u16::MAX),
            Field::Destination4 | Field::Source4 | Field::Mark | Field::CtMark => {
                u128::from(u32::MAX)
            }
            Field::SourceMac => (1 << 48) - 1,
            Field::Destination6 | Field::Source6 => u128::MAX,
        }
    }

    /// Whether its bits are asked for one by one.
    pub fn is_bits(self) -> bool {
        matches!(
            self,
            Field::TcpFlags | Field::Mark | Field::CtMark | Field::Tos
        )
    }
}

/// A question that a packet answers with yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Yes.
    Always,
    /// Is the value of the field from the first to the second, both included?
    Between(Field, u128, u128),
    /// Is the field, cut by the mask, this value?
    Bits(Field, u32, u32),
    /// Is a device of the packet one of these? One that is absent has the empty name.
    Device(DeviceSide, DevicePattern),
    /// Is what nobody here understands true, by its number in [`Opaque`]?
    Opaque(u32),
    /// Is the answer no?
    Not(Box<Question>),
    /// Are all answers yes?
    All(Vec<Question>),
    /// Is one of the answers yes?
    Any(Vec<Question>),
}

/// What nobody here understands, word for word, each text once.
#[derive(Clone, Debug, Default)]
pub struct Opaque {
    texts: Vec<String>,
    numbers: HashMap<String, u32>,
}

/// One packet: the values of its fields, its devices, and the answers to opaque questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// The values; what is not said is 0.
    pub values: BTreeMap<Field, u128>,
    /// The device it came in through.
    pub came_in: Option<CompactString>,
    /// The device it goes out through.
    pub goes_out: Option<CompactString>,
    /// The opaque questions whose answer is yes.
    pub granted: Vec<u32>,
}

impl Opaque {
    /// The number of a text.
    pub fn number(&mut self, text: String) -> u32 {
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.texts.len()
    }
}

impl Question {
    /// Is the field this value?
    pub fn is(field: Field, value: impl Into<u128>) -> Self {
        let value = value.into();
        Question::Between(field, value, value)
    }

    /// No.
    pub fn never() -> Self {
        Question::Any(Vec::new())
    }

    /// The other way round if it is asked so.
    pub fn turned(self, negated: bool) -> Self {
        match negated {
            true => Question::Not(Box::new(self)),
            false => self,
        }
    }
}

impl Packet {
    /// The value of a field.
    pub fn value(&self, field: Field) -> u128 {
        self.values.get(&field).copied().unwrap_or(0)
    }

    /// What the packet answers.
    pub fn answers(&self, question: &Question) -> bool {
        match question {
            Question::Always => true,
            Question::Between(field, first, last) => (*first..=*last).contains(&self.value(*field)),
            Question::Bits(field, mask, value) => {
                self.value(*field) & u128::from(*mask) == u128::from(*value)
            }
            Question::Device(side, pattern) => {
                let name = match side {
                    DeviceSide::In => &self.came_in,
                    DeviceSide::Out => &self.goes_out,
                };
                pattern.covers(name.as_deref().unwrap_or_default())
            }
            Question::Opaque(number) => self.granted.contains(number),
            Question::Not(other) => !self.answers(other),
            Question::All(all) => all.iter().all(|each| self.answers(each)),
            Question::Any(any) => any.iter().any(|each| self.answers(each)),
        }
    }
}
