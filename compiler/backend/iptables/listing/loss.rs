//! What a listing does not show of the rules it lists.

use std::collections::HashSet;
use std::fmt;

use crate::firewall::Family;
use crate::value::encode::visible;

/// The match that stands first in each rule of a listing without devices: what the rule asks of
/// them is unknown, so it is not the rule without them.
pub const UNSEEN_DEVICES: &str = "(devices are not shown)";

/// What a listing does not show, as it is found.
///
/// What is missing everywhere is said once.
#[derive(Debug, Default)]
pub(super) struct Losses {
    list: Vec<Loss>,
    devices: bool,
    names: bool,
    counters: bool,
    chains: HashSet<String>,
}

impl Losses {
    /// Takes note of something that is missing from a line.
    pub(super) fn add(&mut self, line: usize, kind: LossKind) {
        let said = match &kind {
            LossKind::Devices => std::mem::replace(&mut self.devices, true),
            LossKind::Names => std::mem::replace(&mut self.names, true),
            LossKind::Counters => std::mem::replace(&mut self.counters, true),
            LossKind::Chain(name) => !self.chains.insert(name.clone()),
            LossKind::Table(_)
            | LossKind::Family(_)
            | LossKind::Again(_)
            | LossKind::Option(_)
            | LossKind::Words(_) => false,
        };
        if !said {
            self.list.push(Loss { line, kind });
        }
    }

    /// All of them, in the order of their lines.
    pub(super) fn into_list(mut self) -> Vec<Loss> {
        self.list.sort_by_key(|loss| loss.line);
        self.list
    }
}

/// Something that a listing does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The first line that it is missing from, from 1.
    pub line: usize,
    /// What is missing.
    pub kind: LossKind,
}

/// What a listing does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// Devices: a listing without `-v`. Every such rule begins with [`UNSEEN_DEVICES`].
    Devices,
    /// Addresses, ports and protocols are names: a listing without `-n`.
    Names,
    /// Counters are rounded to thousands or more: a listing without `-x`.
    Counters,
    /// The table: this one was guessed from its chains.
    Table(&'static str),
    /// The family: this one was taken since nothing says another.
    Family(Family),
    /// Which of two tables of one name and family is the one: this is the later one.
    Again(&'static str),
    /// A chain that a rule leads to; it stands nowhere in its table.
    Chain(String),
    /// An option that a listing leaves out, and the value that some rule has.
    Option(&'static str),
    /// What these words say; they are kept as they are.
    Words(String),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

impl fmt::Display for LossKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LossKind::Devices => f.write_str("devices are not shown: iptables -L without -v"),
            LossKind::Names => f.write_str(
                "names stand for addresses and ports: iptables -L without -n; \
                 only the best known are understood",
            ),
            LossKind::Counters => f.write_str("counters are rounded: iptables -L without -x"),
            LossKind::Table(table) => {
                write!(f, "the table is not named; its chains look like '{table}'")
            }
            LossKind::Family(family) => {
                let name = match family {
                    Family::Ipv4 => "IPv4",
                    Family::Ipv6 => "IPv6",
                };
                write!(f, "no address tells the family; taken for {name}")
            }
            LossKind::Again(table) => write!(f, "the table '{table}' was listed before"),
            LossKind::Chain(name) => {
                write!(f, "the chain '{}' is not listed", visible(name))
            }
            LossKind::Option(option) => write!(f, "a listing does not show {option}"),
            LossKind::Words(words) => {
                write!(
                    f,
                    "'{}' is not understood and kept as it is",
                    visible(words)
                )
            }
        }
    }
}
