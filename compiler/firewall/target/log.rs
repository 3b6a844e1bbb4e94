//! What is written to a log, or given to programs.

use compact_str::CompactString;

/// What is written to the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Log {
    /// What the line begins with.
    pub prefix: Option<CompactString>,
    /// Syslog's level, 0 to 7; `None` for the default, 4.
    pub level: Option<u8>,
    /// The group of `NFLOG`, or of nft's `log group`; `None` for the kernel's log.
    pub group: Option<u16>,
    /// What else of the packet is written.
    pub details: LogDetails,
    /// How many bytes of the packet are passed on; all of it if `None`.
    pub snap_bytes: Option<u32>,
    /// How many packets are passed on at once, if that is said.
    pub threshold: Option<u16>,
    /// Further options, word for word.
    pub options: Vec<CompactString>,
}

/// What of a packet is written to the kernel's log beside the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogDetails {
    /// TCP's sequence numbers.
    pub tcp_sequence: bool,
    /// TCP's options.
    pub tcp_options: bool,
    /// IP's options.
    pub ip_options: bool,
    /// The user who sent it.
    pub uid: bool,
    /// Its hardware addresses, readable.
    pub mac: bool,
}

/// The queues of programs that decide on packets (`-j NFQUEUE`, nft's `queue`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue {
    /// The first.
    pub first: u16,
    /// The last, included.
    pub last: u16,
    /// Whether packets pass while no program listens.
    pub bypass: bool,
    /// Whether the processor chooses the queue.
    pub fanout: bool,
}
