//! Which bridge an address or a device of a rule belongs to.
//!
//! Most rules name their bridge. Those that rewrite sources name a subnet only, and a rule that
//! was tampered with may name neither; then what else it says may still tell.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use compact_str::CompactString;
use ipnet::IpNet;

/// Bridges and the subnets behind them, as far as declared networks and the host's rules tell.
#[derive(Clone, Debug, Default)]
pub struct Known {
    bridges: HashSet<CompactString>,
    subnets: HashMap<IpNet, Vec<CompactString>>,
    /// The subnets by their first address.
    starts: BTreeMap<IpAddr, IpNet>,
    /// The prefix lengths of the subnets.
    lengths: BTreeSet<u8>,
    /// Numbers of devices that are gone, and the bridges that had them.
    numbers: HashMap<CompactString, CompactString>,
}

impl Known {
    /// There is a network on this bridge.
    pub fn bridge(&mut self, bridge: &str) {
        if !self.bridges.contains(bridge) {
            self.bridges.insert(bridge.into());
        }
    }

    /// This subnet is behind this bridge.
    pub fn subnet(&mut self, net: IpNet, bridge: &str) {
        let bridges = self.subnets.entry(net).or_default();
        if !bridges.iter().any(|known| known == bridge) && bridges.len() < 64 {
            bridges.push(bridge.into());
            self.starts.insert(net.network(), net);
            self.lengths.insert(net.prefix_len());
        }
    }

    /// All that another one knows, but for numbers, which are a host's own.
    pub fn learn(&mut self, other: &Known) {
        other.bridges.iter().for_each(|bridge| self.bridge(bridge));
        for (net, bridges) in &other.subnets {
            bridges.iter().for_each(|bridge| self.subnet(*net, bridge));
        }
    }

    /// The device of this number was this bridge.
    pub fn number(&mut self, number: &str, bridge: &str) {
        let entry = self.numbers.entry(number.into());
        entry.or_insert_with(|| bridge.into());
    }

    /// All subnets, each with the first bridge that it is behind.
    pub fn subnets(&self) -> impl Iterator<Item = (IpNet, &CompactString)> {
        let subnets = self.subnets.iter();
        subnets.filter_map(|(net, bridges)| Some((*net, bridges.first()?)))
    }

    /// Whether there is a network on this bridge.
    pub fn is_bridge(&self, bridge: &str) -> bool {
        self.bridges.contains(bridge)
    }

    /// The bridge that had this number.
    pub fn of_number(&self, number: &str) -> Option<&CompactString> {
        self.numbers.get(number)
    }

    /// The bridges that this very subnet is behind.
    pub fn exactly(&self, net: IpNet) -> &[CompactString] {
        self.subnets.get(&net).map_or(&[], Vec::as_slice)
    }

    /// The bridges before a subnet that has addresses in common with this one.
    pub fn near(&self, net: IpNet) -> &[CompactString] {
        let exactly = self.exactly(net);
        if !exactly.is_empty() {
            return exactly;
        }
        let lengths = self.lengths.range(..net.prefix_len()).rev();
        let mut wider = lengths.filter_map(|length| {
            let wider = IpNet::new(net.addr(), *length).ok()?.trunc();
            self.subnets.get(&wider)
        });
        if let Some(bridges) = wider.next() {
            return bridges;
        }
        let within = self.starts.range(net.network()..=net.broadcast()).next();
        within.map_or(&[], |(_, narrower)| self.exactly(*narrower))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_is_known_also_when_its_length_was_changed() {
        let net = |text: &str| text.parse::<IpNet>().expect("a test uses good prefixes");
        let mut known = Known::default();
        known.subnet(net("192.168.122.0/24"), "virbr0");
        known.subnet(net("192.168.0.0/16"), "virbr1");
        let near = |text: &str| known.near(net(text)).to_vec();
        assert_eq!(near("192.168.122.0/24"), ["virbr0"]);
        assert_eq!(near("192.168.122.128/25"), ["virbr0"]);
        assert_eq!(near("192.168.123.0/24"), ["virbr1"]);
        assert_eq!(near("192.0.0.0/8"), ["virbr1"]);
        assert!(near("10.0.0.0/8").is_empty());
        assert!(known.exactly(net("192.168.122.0/25")).is_empty());
    }
}
