//! What a rule of a network looks like, without how it is spelt.
//!
//! libvirt, lanwright and people's guides make rules of a few matches: devices, a source, a
//! destination, a port, replies. A [`Shape`] holds those, each at most once, in their normal form.
//! A rule that asks for anything else has no shape and is somebody else's, whatever else there will
//! be to ask for: that is why matches and targets are not listed here one by one.

use ipnet::IpNet;

use crate::firewall::normal::{NormalRule, Step};
use crate::firewall::{
    Bound, CtStates, DevicePattern, Family, Match, NatAddress, NatFlags, PortSide, Ports, Protocol,
    RejectWith, Target,
};
use crate::value::{DeviceName, PortRange};

/// What a rule of a network asks of a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The device it came in through.
    pub came_in: Option<Device>,
    /// The device it goes out through.
    pub goes_out: Option<Device>,
    /// Where it comes from; a prefix of length 0 says nothing.
    pub source: Option<IpNet>,
    /// Where it goes to; a prefix of length 0 says nothing.
    pub destination: Option<IpNet>,
    /// Where it does not go to.
    pub beyond: Option<IpNet>,
    /// Its protocol, said or implied by a port.
    pub protocol: Option<Protocol>,
    /// Its destination port.
    pub ports: Option<PortRange>,
    /// Whether it must be a reply.
    pub replies: bool,
    /// Its family, where the rule says it by itself.
    pub family: Option<Family>,
}

/// A device that a rule names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Device {
    /// Its name as the rule says it.
    pub name: String,
    /// Whether the rule is bound to a device that is gone: its number stands in place of the name.
    pub gone: bool,
}

/// What a rule of a network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It lets the packet pass.
    Accept,
    /// It refuses the packet and tells the sender.
    Reject,
    /// It drops the packet.
    Drop,
    /// It ends the chain for the packet.
    Return,
    /// It rewrites the source.
    Rewrite {
        /// To these addresses; `None` is the outgoing device's.
        addresses: Option<NatAddress>,
        /// To these ports.
        ports: Option<PortRange>,
        /// How they are chosen; libvirt says nothing of it.
        flags: NatFlags,
    },
    /// It fills in the checksum.
    Checksum,
}

impl Shape {
    /// The shape of a rule; `None` if it asks for what no rule of a network asks for.
    pub fn of(rule: &NormalRule) -> Option<Self> {
        let mut shape = Shape::default();
        for step in &rule.steps {
            match step {
                Step::Ask(part) => shape.add(part)?,
                Step::Do(_) => return None,
            }
        }
        Some(shape)
    }

    /// Takes in one match of those that rules of networks have.
    fn add(&mut self, part: &Match) -> Option<()> {
        self.device(part)
            .or_else(|| self.address(part))
            .or_else(|| self.transport(part))
    }

    fn device(&mut self, part: &Match) -> Option<()> {
        if let Match::InDevice {
            name,
            bound,
            negated: false,
        } = part
        {
            return set(&mut self.came_in, Device::new(name, *bound)?);
        }
        if let Match::OutDevice {
            name,
            bound,
            negated: false,
        } = part
        {
            return set(&mut self.goes_out, Device::new(name, *bound)?);
        }
        None
    }

    fn address(&mut self, part: &Match) -> Option<()> {
        if let Match::Source {
            net,
            negated: false,
        } = part
        {
            return set_net(&mut self.source, *net);
        }
        if let Match::Destination { net, negated } = part {
            return match negated {
                false => set_net(&mut self.destination, *net),
                true => set(&mut self.beyond, *net),
            };
        }
        if let Match::Family(family) = part {
            return set(&mut self.family, *family);
        }
        None
    }

    fn transport(&mut self, part: &Match) -> Option<()> {
        if let Match::Protocol {
            protocol,
            negated: false,
        } = part
        {
            return self.protocol(*protocol);
        }
        if let Match::Port {
            side: PortSide::Destination,
            protocol,
            ports,
            negated: false,
        } = part
        {
            if let Some(protocol) = protocol {
                self.protocol(*protocol)?;
            }
            return set(&mut self.ports, single(ports)?);
        }
        if let Match::CtState {
            states: CtStates::REPLIES,
            negated: false,
            ..
        } = part
        {
            self.replies = true;
            return Some(());
        }
        None
    }

    /// A port says its protocol again.
    fn protocol(&mut self, protocol: Protocol) -> Option<()> {
        match self.protocol {
            Some(known) if known != protocol => None,
            Some(_) | None => {
                self.protocol = Some(protocol);
                Some(())
            }
        }
    }

    /// The family that the rule's addresses are of, or that it says by itself.
    pub fn family(&self) -> Option<Family> {
        let net = self.source.or(self.destination).or(self.beyond);
        self.family.or(net.as_ref().map(Family::of))
    }

    /// Whether it asks for nothing but devices.
    pub fn only_devices(&self) -> bool {
        *self
            == Shape {
                came_in: self.came_in.clone(),
                goes_out: self.goes_out.clone(),
                family: self.family,
                ..Shape::default()
            }
    }
}

impl Device {
    /// The device of this name.
    pub fn named(name: &DeviceName) -> Self {
        Device {
            name: name.to_string(),
            gone: false,
        }
    }

    fn new(name: &DevicePattern, bound: Bound) -> Option<Self> {
        (!name.is_prefix()).then(|| Device {
            name: name.name().to_owned(),
            gone: bound == Bound::Gone,
        })
    }
}

/// The second of a kind would narrow the first; no rule of a network does that.
fn set<Value>(place: &mut Option<Value>, value: Value) -> Option<()> {
    match place {
        Some(_) => None,
        None => {
            *place = Some(value);
            Some(())
        }
    }
}

fn set_net(place: &mut Option<IpNet>, net: IpNet) -> Option<()> {
    if net.prefix_len() == 0 {
        return Some(());
    }
    set(place, net.trunc())
}

fn single(ports: &Ports) -> Option<PortRange> {
    match ports.ranges() {
        [range] => Some(*range),
        _ => None,
    }
}

impl Act {
    /// What a rule does; `None` if no rule of a network does it.
    pub fn of(rule: &NormalRule) -> Option<Self> {
        if let Target::Masquerade { ports, flags } = &rule.target {
            return Some(Act::Rewrite {
                addresses: None,
                ports: *ports,
                flags: *flags,
            });
        }
        if let Target::Snat(to) = &rule.target {
            return to.to.map(|addresses| Act::Rewrite {
                addresses: Some(addresses),
                ports: to.ports,
                flags: to.flags,
            });
        }
        if let Target::Reject(with) = &rule.target {
            return is_port_unreachable(*with).then_some(Act::Reject);
        }
        let plain = [
            (Target::Accept, Act::Accept),
            (Target::Drop, Act::Drop),
            (Target::Return, Act::Return),
            (Target::ChecksumFill, Act::Checksum),
        ];
        let same = |(target, _): &(Target, Act)| *target == rule.target;
        plain.into_iter().find(same).map(|(_, act)| act)
    }
}

/// Whether the sender is told that nobody listens: nft spells it by family where a rule of a table
/// of both is for one.
fn is_port_unreachable(with: RejectWith) -> bool {
    match with {
        RejectWith::PortUnreachable => true,
        RejectWith::Icmp(code) => code == 3,
        RejectWith::Icmpv6(code) => code == 4,
        RejectWith::Icmpx(code) => code == 1,
        RejectWith::TcpReset => false,
    }
}
