//! How often a rule may match: rates, buckets, chance, and lists of who was seen when.

use std::net::IpAddr;

use compact_str::CompactString;

use super::AddressSide;

/// An amount in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate {
    /// How many.
    pub amount: u64,
    /// Of what.
    pub unit: RateUnit,
    /// In which time.
    pub per: TimeUnit,
}

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RateUnit {
    /// Packets.
    Packets,
    /// Bytes.
    Bytes,
}

/// The time of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimeUnit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week (nft only).
    Week,
}

/// One bucket for all packets (`-m limit`, nft's `limit rate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Limit {
    /// What may pass.
    pub rate: Rate,
    /// How much of it may come at once; of the same unit.
    pub burst: u64,
    /// Whether what is above matches rather than what is within (nft only).
    pub over: bool,
}

/// A bucket for each of many, told apart by addresses and ports (`-m hashlimit`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HashLimit {
    /// What may pass.
    pub rate: Rate,
    /// How much of it may come at once; of the same unit. `None` for a rate of bytes as it comes.
    pub burst: Option<u64>,
    /// Whether what is above matches rather than what is within.
    pub above: bool,
    /// What they are told apart by.
    pub keys: HashKeys,
    /// The name of the table in `/proc/net/ipt_hashlimit`.
    pub name: CompactString,
    /// How many first bits of the source count; all of them if `None`.
    pub source_prefix: Option<u8>,
    /// How many first bits of the destination count; all of them if `None`.
    pub destination_prefix: Option<u8>,
    /// How many rows the table has, if that is said.
    pub rows: Option<u32>,
    /// How many buckets there may be, if that is said.
    pub max: Option<u32>,
    /// How often old buckets are looked for, in milliseconds, if that is said.
    pub collect_milliseconds: Option<u32>,
    /// How long an idle bucket stays, in milliseconds, if that is said.
    pub expire_milliseconds: Option<u32>,
    /// Whether the rate is measured rather than paid out of the bucket.
    pub measured: bool,
    /// Over how many seconds it is measured, if that is said.
    pub measured_seconds: Option<u32>,
}

/// What the buckets of [`HashLimit`] are told apart by; nothing is one bucket for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HashKeys {
    /// The source.
    pub source: bool,
    /// The source's port.
    pub source_port: bool,
    /// The destination.
    pub destination: bool,
    /// The destination's port.
    pub destination_port: bool,
}

/// Packets taken by count or by chance (`-m statistic`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Statistic {
    /// By chance: so many of 2³¹.
    Random {
        /// How many.
        share: u32,
    },
    /// One of so many.
    Nth {
        /// How many.
        every: u32,
        /// Which of them, from 0.
        packet: u32,
    },
}

/// A list of addresses and when each was seen (`-m recent`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Recent {
    /// What is done.
    pub action: RecentAction,
    /// Whether the rule matches if the address was not found.
    pub negated: bool,
    /// Only those count that were seen within so many seconds.
    pub seconds: Option<u32>,
    /// Whether older ones are dropped.
    pub reap: bool,
    /// Only those count that were seen so often.
    pub hits: Option<u32>,
    /// Whether the packet's TTL must be the same, too.
    pub ttl: bool,
    /// The list.
    pub name: CompactString,
    /// The bits of the address that count.
    pub mask: IpAddr,
    /// Which of the packet's addresses.
    pub side: AddressSide,
}

/// What is done with a list of [`Recent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecentAction {
    /// The address is put in, or seen now.
    Set,
    /// It is looked up.
    Check,
    /// It is looked up, and seen now.
    Update,
    /// It is looked up and taken out.
    Remove,
}
