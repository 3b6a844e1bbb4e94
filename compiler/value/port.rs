//! A range of ports.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// Ports from `start` to `end`, both included, start not above end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct PortRange {
    start: u16,
    end: u16,
}

impl PortRange {
    /// The unprivileged ports that libvirt masquerades to unless told otherwise.
    pub const UNPRIVILEGED: PortRange = PortRange {
        start: 1024,
        end: 65535,
    };

    /// The ports from `start` to `end`; `None` if they are the wrong way round.
    pub fn new(start: u16, end: u16) -> Option<Self> {
        (start <= end).then_some(PortRange { start, end })
    }

    /// One port.
    pub fn single(port: u16) -> Self {
        PortRange {
            start: port,
            end: port,
        }
    }

    /// The first port.
    pub fn start(self) -> u16 {
        self.start
    }

    /// The last port, included.
    pub fn end(self) -> u16 {
        self.end
    }
}

impl fmt::Display for PortRange {
    /// `80` or `8000-8010`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.start == self.end {
            write!(f, "{}", self.start)
        } else {
            write!(f, "{}-{}", self.start, self.end)
        }
    }
}
