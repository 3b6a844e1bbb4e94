//! The space of all packets, cut along what the rules of both sides tell apart.
//!
//! Of each field only the classes count that some question distinguishes; they are numbered, and
//! diagrams ask for the bits of the number. Numbers beyond the last class stand for the last, so
//! every way through a diagram is a packet that can be. Devices are told apart by every name that
//! is asked for, by every beginning, and by being absent.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::{CompactString, format_compact};

use super::diagram::{Diagram, Diagrams, OverBudget};
use super::question::{Field, Packet, Question};
use crate::firewall::{DevicePattern, DeviceSide};

/// The longest name of a device.
const LONGEST_NAME: usize = 15;
/// More variables than any comparison ends with.
const MOST_VARIABLES: usize = 3000;

/// What questions tell apart.
#[derive(Debug, Default)]
pub struct Cuts {
    values: BTreeMap<Field, BTreeSet<u128>>,
    bits: BTreeMap<Field, u32>,
    devices: [BTreeSet<DevicePattern>; 2],
    opaque: BTreeSet<u32>,
}

/// Classes of something, numbered, and the variables of the number.
#[derive(Debug)]
struct Classes<T> {
    first: u32,
    bits: u32,
    all: Vec<T>,
}

/// Devices that no question tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum DeviceClass {
    /// None of those that are named.
    Other,
    /// This one.
    Named(CompactString),
    /// Another one whose name begins so.
    Starting(CompactString),
    /// There is no device.
    Absent,
}

/// What a variable asks.
#[derive(Clone, Copy, Debug)]
enum Meaning {
    Class(Field, u32),
    Bit(Field, u32),
    Device(DeviceSide, u32),
    Opaque(u32),
}

/// All packets, as variables.
#[derive(Debug)]
pub struct Space {
    meanings: Vec<Meaning>,
    values: BTreeMap<Field, Classes<u128>>,
    bits: BTreeMap<(Field, u32), u32>,
    devices: [Classes<DeviceClass>; 2],
    opaque: BTreeMap<u32, u32>,
}

impl Cuts {
    /// Takes in what a question tells apart.
    pub fn add(&mut self, question: &Question) {
        match question {
            Question::Always => {}
            Question::Between(field, first, last) => {
                let cuts = self.values.entry(*field).or_default();
                cuts.insert(*first);
                cuts.extend(last.checked_add(1).filter(|next| *next <= field.last()));
            }
            Question::Bits(field, mask, _) => *self.bits.entry(*field).or_default() |= mask,
            Question::Device(side, pattern) => {
                self.devices[place(*side)].insert(pattern.clone());
            }
            Question::Opaque(number) => {
                self.opaque.insert(*number);
            }
            Question::Not(other) => self.add(other),
            Question::All(all) | Question::Any(all) => all.iter().for_each(|each| self.add(each)),
        }
    }

    /// The space with just these distinctions.
    pub fn space(self) -> Result<Space, OverBudget> {
        let mut meanings = Vec::new();
        let mut values = BTreeMap::new();
        let mut bits = BTreeMap::new();
        let mut opaque = BTreeMap::new();
        let mut devices = None;
        for field in Field::ALL {
            // What is not understood and the devices stand between what is the same for many
            // networks and what is each network's own.
            if field == Field::Source4 {
                for number in &self.opaque {
                    opaque.insert(*number, next(&meanings)?);
                    meanings.push(Meaning::Opaque(*number));
                }
                let mut side = |side| {
                    let classes = device_classes(&self.devices[place(side)]);
                    classes_of(classes, &mut meanings, |bit| Meaning::Device(side, bit))
                };
                let goes_out = side(DeviceSide::Out)?;
                devices = Some([side(DeviceSide::In)?, goes_out]);
            }
            if field.is_bits() {
                let mask = self.bits.get(&field).copied().unwrap_or_default();
                for bit in (0..32).filter(|bit| mask >> bit & 1 == 1) {
                    bits.insert((field, bit), next(&meanings)?);
                    meanings.push(Meaning::Bit(field, bit));
                }
                continue;
            }
            let mut starts = self.values.get(&field).cloned().unwrap_or_default();
            starts.insert(0);
            let starts = starts.into_iter().collect();
            let classes = classes_of(starts, &mut meanings, |bit| Meaning::Class(field, bit))?;
            values.insert(field, classes);
        }
        let devices = devices.ok_or(OverBudget)?;
        Ok(Space {
            meanings,
            values,
            bits,
            devices,
            opaque,
        })
    }
}

fn next(meanings: &[Meaning]) -> Result<u32, OverBudget> {
    match meanings.len() < MOST_VARIABLES {
        true => u32::try_from(meanings.len()).map_err(|_| OverBudget),
        false => Err(OverBudget),
    }
}

fn classes_of<T>(
    all: Vec<T>,
    meanings: &mut Vec<Meaning>,
    meaning: impl Fn(u32) -> Meaning,
) -> Result<Classes<T>, OverBudget> {
    let first = next(meanings)?;
    let bits = usize::BITS - all.len().saturating_sub(1).leading_zeros();
    // The highest bit is asked first.
    for bit in (0..bits).rev() {
        next(meanings)?;
        meanings.push(meaning(bit));
    }
    Ok(Classes { first, bits, all })
}

fn place(side: DeviceSide) -> usize {
    match side {
        DeviceSide::In => 0,
        DeviceSide::Out => 1,
    }
}

fn device_classes(patterns: &BTreeSet<DevicePattern>) -> Vec<DeviceClass> {
    let mut names = BTreeSet::new();
    let mut starts = BTreeSet::new();
    for pattern in patterns {
        let name = CompactString::from(pattern.name());
        let has_more = name.len() < LONGEST_NAME;
        match pattern.is_prefix() && has_more {
            true => starts.insert(name),
            false => names.insert(name),
        };
    }
    let real = |name: &CompactString| (1..=LONGEST_NAME).contains(&name.len());
    let mut classes = vec![DeviceClass::Other, DeviceClass::Absent];
    classes.extend(names.into_iter().filter(real).map(DeviceClass::Named));
    classes.extend(starts.into_iter().filter(real).map(DeviceClass::Starting));
    classes
}

/// Whether the devices of a class are meant.
fn covers(pattern: &DevicePattern, class: &DeviceClass) -> bool {
    let all = |start: &str| pattern.is_prefix() && start.starts_with(pattern.name());
    match class {
        DeviceClass::Other => all(""),
        DeviceClass::Absent => pattern.covers(""),
        DeviceClass::Named(name) => pattern.covers(name),
        DeviceClass::Starting(start) => all(start),
    }
}

impl Space {
    /// The packets that answer yes.
    pub fn diagram(
        &self,
        question: &Question,
        diagrams: &mut Diagrams,
    ) -> Result<Diagram, OverBudget> {
        match question {
            Question::Always => Ok(Diagrams::YES),
            Question::Between(field, first, last) => {
                let Some(classes) = self.values.get(field) else {
                    return Ok(Diagrams::NO);
                };
                let within = |start: &u128| first <= start && start <= last;
                classes.diagram(&within, diagrams)
            }
            Question::Bits(field, mask, value) => {
                let mut all = Diagrams::YES;
                for bit in (0..32).rev().filter(|bit| mask >> bit & 1 == 1) {
                    let Some(variable) = self.bits.get(&(*field, bit)) else {
                        return Ok(Diagrams::NO);
                    };
                    all = match value >> bit & 1 {
                        1 => diagrams.choice(*variable, Diagrams::NO, all)?,
                        _ => diagrams.choice(*variable, all, Diagrams::NO)?,
                    };
                }
                Ok(all)
            }
            Question::Device(side, pattern) => {
                let meant = |class: &DeviceClass| covers(pattern, class);
                self.devices[place(*side)].diagram(&meant, diagrams)
            }
            Question::Opaque(number) => match self.opaque.get(number) {
                Some(variable) => diagrams.choice(*variable, Diagrams::NO, Diagrams::YES),
                None => Ok(Diagrams::NO),
            },
            Question::Not(other) => {
                let other = self.diagram(other, diagrams)?;
                diagrams.not(other)
            }
            Question::All(all) => self.fold(all, true, diagrams),
            Question::Any(any) => self.fold(any, false, diagrams),
        }
    }

    /// All of them, or any, halves first so that nothing large is made again and again.
    fn fold(
        &self,
        questions: &[Question],
        all: bool,
        diagrams: &mut Diagrams,
    ) -> Result<Diagram, OverBudget> {
        match questions {
            [] if all => Ok(Diagrams::YES),
            [] => Ok(Diagrams::NO),
            [one] => self.diagram(one, diagrams),
            many => {
                let (first, second) = many.split_at(many.len() / 2);
                let first = self.fold(first, all, diagrams)?;
                let second = self.fold(second, all, diagrams)?;
                match all {
                    true => diagrams.and(first, second),
                    false => diagrams.or(first, second),
                }
            }
        }
    }

    /// The packets without a device on this side.
    pub fn absent(&self, side: DeviceSide, diagrams: &mut Diagrams) -> Result<Diagram, OverBudget> {
        let absent = |class: &DeviceClass| *class == DeviceClass::Absent;
        self.devices[place(side)].diagram(&absent, diagrams)
    }

    /// Whether a variable is a question that nobody here understands.
    pub fn is_opaque(&self, variable: u32) -> bool {
        matches!(
            self.meanings.get(variable as usize),
            Some(Meaning::Opaque(_))
        )
    }

    /// What a packet answers to a variable.
    pub fn answer(&self, packet: &Packet, variable: u32) -> bool {
        let Some(meaning) = self.meanings.get(variable as usize) else {
            return false;
        };
        match meaning {
            Meaning::Class(field, bit) => {
                let value = packet.value(*field);
                let classes = self.values.get(field);
                let class = classes.map_or(0, |classes| {
                    classes
                        .all
                        .partition_point(|start| *start <= value)
                        .saturating_sub(1)
                });
                class >> bit & 1 == 1
            }
            Meaning::Bit(field, bit) => packet.value(*field) >> bit & 1 == 1,
            Meaning::Device(side, bit) => {
                let name = match side {
                    DeviceSide::In => packet.came_in.as_deref(),
                    DeviceSide::Out => packet.goes_out.as_deref(),
                };
                let class = class_of(name, &self.devices[place(*side)].all);
                class >> bit & 1 == 1
            }
            Meaning::Opaque(number) => packet.granted.contains(number),
        }
    }

    /// A packet with these answers; what they leave open is as plain as can be.
    pub fn packet(&self, answers: &[(u32, bool)]) -> Packet {
        let yes: BTreeSet<u32> = answers
            .iter()
            .filter(|(_, answer)| *answer)
            .map(|(variable, _)| *variable)
            .collect();
        let mut packet = Packet::default();
        for (field, classes) in &self.values {
            let variables = classes.first..classes.first + classes.bits;
            if !answers.iter().any(|(asked, _)| variables.contains(asked)) {
                packet.values.insert(*field, plain(*field, 0, field.last()));
                continue;
            }
            let class = classes.class(&yes);
            let start = classes.all.get(class).copied().unwrap_or(0);
            let end = classes
                .all
                .get(class + 1)
                .map_or(field.last(), |next| next - 1);
            packet.values.insert(*field, plain(*field, start, end));
        }
        for ((field, bit), variable) in &self.bits {
            if yes.contains(variable) {
                *packet.values.entry(*field).or_default() |= 1 << bit;
            }
        }
        let name = |side| {
            let classes: &Classes<DeviceClass> = &self.devices[place(side)];
            name_in(classes.all.get(classes.class(&yes)), &classes.all)
        };
        packet.came_in = name(DeviceSide::In);
        packet.goes_out = name(DeviceSide::Out);
        let granted = self
            .opaque
            .iter()
            .filter(|(_, variable)| yes.contains(variable));
        packet.granted = granted.map(|(number, _)| *number).collect();
        packet
    }
}

/// The class of the device of this name.
fn class_of(name: Option<&str>, classes: &[DeviceClass]) -> usize {
    let (mut found, mut length) = (0, 0);
    for (at, class) in classes.iter().enumerate() {
        match (class, name) {
            (DeviceClass::Absent, None) => return at,
            (DeviceClass::Named(one), Some(name)) if one == name => return at,
            (DeviceClass::Starting(start), Some(name))
                if name.starts_with(start.as_str()) && start.len() >= length =>
            {
                (found, length) = (at, start.len());
            }
            (
                DeviceClass::Other
                | DeviceClass::Named(_)
                | DeviceClass::Starting(_)
                | DeviceClass::Absent,
                _,
            ) => {}
        }
    }
    found
}

/// A name of this class.
fn name_in(class: Option<&DeviceClass>, classes: &[DeviceClass]) -> Option<CompactString> {
    let start = match class? {
        DeviceClass::Absent => return None,
        DeviceClass::Named(name) => return Some(name.clone()),
        DeviceClass::Other => "other",
        DeviceClass::Starting(start) => start,
    };
    let fits = |name: &CompactString| {
        name.len() <= LONGEST_NAME && classes.get(class_of(Some(name), classes)) == class
    };
    let letters = ('0'..='9').chain('a'..='z');
    let mut longer = letters.map(|letter| format_compact!("{start}{letter}"));
    let last = CompactString::from(start);
    Some(longer.find(fits).unwrap_or(last))
}

/// Values that read well in an example.
const PLAIN: [(Field, u128); 9] = [
    (Field::Source4, 0xc633_6407),
    (Field::Destination4, 0xcb00_7107),
    (Field::Source6, 0x2001_0db8 << 96 | 7),
    (Field::Destination6, 0x2001_0db8 << 96 | 9),
    (Field::SourcePort, 40_000),
    (Field::DestinationPort, 443),
    (Field::Protocol, 6),
    (Field::Length, 60),
    (Field::Hops, 64),
];

/// A value of a class that reads well.
fn plain(field: Field, start: u128, end: u128) -> u128 {
    let known = PLAIN.iter().find(|(of, _)| *of == field);
    let known = known.map_or(start, |(_, value)| *value);
    if (start..=end).contains(&known) {
        known
    } else {
        start
    }
}

impl<T> Classes<T> {
    fn class(&self, yes: &BTreeSet<u32>) -> usize {
        let bits = (self.first..self.first + self.bits).map(|variable| yes.contains(&variable));
        let number = bits.fold(0, |number, bit| number << 1 | usize::from(bit));
        number.min(self.all.len().saturating_sub(1))
    }

    /// The packets in those classes that are meant.
    fn diagram(
        &self,
        meant: &dyn Fn(&T) -> bool,
        diagrams: &mut Diagrams,
    ) -> Result<Diagram, OverBudget> {
        let mut whole = Diagrams::NO;
        let mut run: Option<usize> = None;
        for at in 0..=self.all.len() {
            let is_meant = self.all.get(at).is_some_and(meant);
            match (run, is_meant) {
                (None, true) => run = Some(at),
                (Some(start), false) => {
                    let last = if at == self.all.len() {
                        usize::MAX
                    } else {
                        at - 1
                    };
                    let part = self.run(0, 0, start, last, diagrams)?;
                    whole = diagrams.or(whole, part)?;
                    run = None;
                }
                (None, false) | (Some(_), true) => {}
            }
        }
        Ok(whole)
    }

    /// The numbers from `first` to `last`, of those whose upper bits are `above`.
    fn run(
        &self,
        deep: u32,
        above: usize,
        first: usize,
        last: usize,
        diagrams: &mut Diagrams,
    ) -> Result<Diagram, OverBudget> {
        let left = self.bits - deep;
        let lowest = above << left;
        let highest = lowest + ((1 << left) - 1);
        if first <= lowest && highest <= last {
            return Ok(Diagrams::YES);
        }
        if highest < first || last < lowest {
            return Ok(Diagrams::NO);
        }
        let no = self.run(deep + 1, above << 1, first, last, diagrams)?;
        let yes = self.run(deep + 1, above << 1 | 1, first, last, diagrams)?;
        diagrams.choice(self.first + deep, no, yes)
    }
}
