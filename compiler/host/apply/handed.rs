//! What a move takes from libvirt, and what it gives back.

use std::net::IpAddr;

use super::{Move, Prepared};
use crate::host::store::Generation;
use crate::lower::Ir;
use crate::plan::Handed;
use crate::plan::link::made;
use crate::value::DeviceName;

impl Move {
    /// The same, where somebody asked for just these rules, or did not.
    pub fn chosen(self, chosen: bool) -> Self {
        Move { chosen, ..self }
    }

    /// The same, where networks that libvirtd runs are taken over, or not; `before` is what was
    /// taken from it earlier.
    pub fn taking_over(self, take_over: bool, before: &[Handed]) -> Self {
        Move {
            take_over,
            handed: before.to_vec(),
            ..self
        }
    }

    /// The same between these generations: what only the old one had taken from libvirt goes back,
    /// if it is there.
    pub(super) fn between(mut self, old: &Generation, new: &Generation) -> Self {
        self.take_over = !new.handed.is_empty();
        self.handed.clone_from(&new.handed);
        let given = old.handed.iter();
        let given = given.filter(|each| !new.handed.contains(each));
        self.returned = given.filter(|each| self.leaves(each)).cloned().collect();
        self
    }

    /// Whether a network that was taken from libvirt is ours and will not be.
    pub(super) fn leaves(&self, handed: &Handed) -> bool {
        let network = handed.network();
        let bridge = network.as_ref().and_then(|network| network.named_bridge());
        let on = |ir: &Ir| {
            let mut segments = ir.state.networks.iter();
            bridge.is_some() && segments.any(|segment| segment.link.as_ref() == bridge)
        };
        on(&self.retired) && !on(&self.wanted)
    }
}

impl Prepared {
    /// What is taken from libvirt, and what was before.
    pub fn handed(&self) -> Vec<Handed> {
        let mut handed = self.moved.handed.clone();
        let names = |each: &Handed| each.network().map(|network| network.name);
        handed.retain(|old| !self.plan.handed.iter().any(|new| names(new) == names(old)));
        handed.extend(self.plan.handed.iter().cloned());
        handed
    }
}

impl Prepared {
    /// The device through which this very session came in, if the move takes it away: an uplink
    /// that becomes a port of a bridge, or a bridge whose uplink gets its addresses back.
    pub fn cuts(&self) -> Option<DeviceName> {
        let local = std::env::var("SSH_CONNECTION").ok()?;
        let local: IpAddr = local.split_whitespace().nth(2)?.parse().ok()?;
        let mut addresses = self.observed.capture.state.addresses.iter();
        let device = &addresses.find(|each| each.address.addr() == local)?.link;
        let [wanted, retired] = [&self.moved.wanted, &self.moved.retired].map(|ir| {
            let all = made(&ir.state);
            all.filter_map(|(link, bridge)| Some((&link.name, &bridge.uplink.as_ref()?.dev)))
                .collect::<Vec<_>>()
        });
        let joins = wanted.iter().any(|(_, port)| *port == device);
        let goes = retired.iter().any(|(bridge, _)| *bridge == device)
            && wanted.iter().all(|(bridge, _)| *bridge != device);
        (joins || goes).then(|| device.clone())
    }
}
