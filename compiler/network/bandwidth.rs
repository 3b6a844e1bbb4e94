//! `<bandwidth>`: limits as guests see them.

/// Limits in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bandwidth {
    /// Towards the guests: what the bridge sends, which is shaped.
    pub inbound: Option<Rates>,
    /// From the guests: what the bridge receives, which is policed. A peak is kept, but without
    /// effect: policing has none.
    pub outbound: Option<Rates>,
}

/// How much may pass in one direction. There is always an average (V009, V010).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The rate in kilobytes (1000 bytes) a second.
    pub average: u64,
    /// The rate that may be borrowed up to, in the same unit.
    pub peak: Option<u64>,
    /// What may go at once above the average, in KiB.
    pub burst: Option<u64>,
}
