//! `<route>`: what lies behind a guest.

use std::net::IpAddr;

use ipnet::IpNet;

/// A static route through a guest or router on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where to; no host bits are set (V094).
    pub destination: IpNet,
    /// Through whom; of the same family.
    pub gateway: IpAddr,
    /// How costly, if it was said; libvirt takes 1 otherwise. Never 0.
    pub metric: Option<u32>,
}

impl Route {
    /// The cost that the kernel is told.
    pub fn effective_metric(&self) -> u32 {
        self.metric.unwrap_or(1)
    }
}
