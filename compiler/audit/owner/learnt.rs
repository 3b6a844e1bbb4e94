//! What the whole host tells about bridges and the subnets behind them.
//!
//! Docker names a bridge as its user likes, but puts it into chains of its own; an address of a
//! bridge, or a rule that masquerades what does not go back to it, tells of the subnet.

use std::collections::{BTreeSet, HashMap, HashSet};

use compact_str::CompactString;
use ipnet::IpNet;

use super::{Owner, marks};
use crate::audit::builtin::BuiltIn;
use crate::audit::layer;
use crate::firewall::{
    AddressSide, DevicePattern, DeviceSide, Hook, Match, Rule, Table, TableFamily,
};
use crate::state::HostState;

/// Whose bridges and subnets are whose, on one host.
#[derive(Clone, Debug, Default)]
pub struct Learnt {
    /// Bridges of networks that are looked at by themselves.
    networks: HashSet<CompactString>,
    devices: HashMap<CompactString, Owner>,
    subnets: HashMap<IpNet, (CompactString, Owner)>,
    /// The prefix lengths of the subnets.
    lengths: BTreeSet<u8>,
    pub(super) built_in: BuiltIn,
    /// Who fills all tables of iptables of a family, and the chain that tells.
    filled: Vec<(TableFamily, Owner, CompactString)>,
}

impl Learnt {
    /// What these tables and the host's addresses tell; `networks` are those that are looked at
    /// by themselves.
    pub fn of(tables: &[&Table], host: &HostState, networks: &HostState) -> Self {
        let links = networks.networks.iter();
        let bridges = links.filter_map(|segment| Some(segment.link.as_ref()?.as_str().into()));
        let built_in = BuiltIn::of(tables);
        let mut learnt = Learnt {
            networks: bridges
                .chain(built_in.bridges().map(CompactString::from))
                .collect(),
            built_in,
            ..Learnt::default()
        };
        for table in tables {
            learnt.read_bridges(table);
            learnt.read_filler(table);
        }
        for address in &host.addresses {
            let link = DevicePattern::from(&address.link);
            if let Some(owner) = learnt.device(&link) {
                learnt.add(address.address.trunc(), link.name(), owner);
            }
        }
        for table in tables {
            learnt.read_subnets(table);
        }
        learnt
    }

    fn read_filler(&mut self, table: &Table) {
        for chain in &table.chains {
            let owner = marks::fills(&chain.name).filter(|owner| owner.rules_everything());
            if let Some(owner) = owner.filter(|_| layer::is_iptables(table)) {
                let name = chain.name.as_str().into();
                self.filled.push((table.family, owner, name));
                return;
            }
        }
    }

    /// Who fills this table, as far as another one tells.
    pub(super) fn filled(&self, table: &Table) -> Option<(Owner, &str)> {
        let mut filled = self.filled.iter();
        let found = filled.find(|(family, _, _)| *family == table.family);
        let (_, owner, chain) = found.filter(|_| layer::is_iptables(table))?;
        Some((*owner, chain))
    }

    fn read_bridges(&mut self, table: &Table) {
        for chain in &table.chains {
            let Some(owner) = marks::teaches(&chain.name) else {
                continue;
            };
            for device in chain.rules.iter().flat_map(devices) {
                let known = marks::device(device.name()).is_some();
                if !device.is_prefix() && !known && !self.networks.contains(device.name()) {
                    self.devices.entry(device.name().into()).or_insert(owner);
                }
            }
        }
    }

    /// `-s SUBNET ! -o BRIDGE`: what comes from the subnet and does not go back to the bridge.
    fn read_subnets(&mut self, table: &Table) {
        for chain in &table.chains {
            let base = chain.base.as_ref();
            if base.is_none_or(|base| base.hook != Hook::Postrouting) {
                continue;
            }
            for rule in &chain.rules {
                let (Some(device), Some(net)) = (not_out(rule), sources(rule).next()) else {
                    continue;
                };
                if let Some(owner) = self.device(device) {
                    self.add(net, device.name(), owner);
                }
            }
        }
    }

    fn add(&mut self, net: IpNet, device: &str, owner: Owner) {
        // A whole family, or one address, tells of no subnet.
        if !owner.is_ours() && net.prefix_len() > 0 && net.prefix_len() < net.max_prefix_len() {
            self.lengths.insert(net.prefix_len());
            let entry = self.subnets.entry(net);
            entry.or_insert_with(|| (device.into(), owner));
        }
    }

    /// Whose this device is, if it is no network's that is looked at by itself.
    pub fn device(&self, device: &DevicePattern) -> Option<Owner> {
        if self.networks.contains(device.name()) {
            return None;
        }
        let learnt = self
            .devices
            .get(device.name())
            .filter(|_| !device.is_prefix());
        learnt.copied().or_else(|| marks::device(device.name()))
    }

    /// Whether this device belongs to a network that is looked at by itself.
    pub(super) fn is_network(&self, device: &DevicePattern) -> bool {
        !device.is_prefix() && self.networks.contains(device.name())
    }

    /// The subnet that this prefix lies in, the device before it, and whose that is.
    pub(super) fn subnet(&self, net: IpNet) -> Option<(IpNet, &CompactString, Owner)> {
        let lengths = self.lengths.range(..=net.prefix_len()).rev();
        lengths
            .filter_map(|length| Some(IpNet::new(net.addr(), *length).ok()?.trunc()))
            .find_map(|wider| {
                let (device, owner) = self.subnets.get(&wider)?;
                Some((wider, device, *owner))
            })
    }
}

/// The devices that a rule names, also those that it must not be.
pub(super) fn devices(rule: &Rule) -> impl Iterator<Item = &DevicePattern> {
    let devices = rule.matches.iter().filter_map(Match::device);
    devices.map(|device| device.name)
}

/// The prefixes that a packet must come from.
pub(super) fn sources(rule: &Rule) -> impl Iterator<Item = IpNet> {
    let nets = rule.matches.iter().filter_map(Match::net);
    let sources = nets.filter(|it| it.side == AddressSide::Source && !it.negated);
    sources.map(|it| it.net)
}

/// The prefixes that a packet must come from or go to.
pub(super) fn prefixes(rule: &Rule) -> impl Iterator<Item = IpNet> {
    let nets = rule.matches.iter().filter_map(Match::net);
    nets.filter(|it| !it.negated).map(|it| it.net)
}

/// The device that a packet must not leave through.
fn not_out(rule: &Rule) -> Option<&DevicePattern> {
    let mut devices = rule.matches.iter().filter_map(Match::device);
    let not_out = devices.find(|it| it.side == DeviceSide::Out && it.negated);
    not_out.map(|it| it.name)
}
