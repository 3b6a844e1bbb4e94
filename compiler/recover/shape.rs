//! What a rule of a network looks like, without how it is spelt.
//!
//! libvirt, lanwright and people's guides make rules of a few matches: devices, a source, a
//! destination, a port, replies. A [`Shape`] holds those, each at most once, so that two spellings
//! of one rule are equal. A rule that asks for anything else has no shape and is somebody else's,
//! whatever else there will be to ask for: that is why matches and targets are not listed here one
//! by one.
#![allow(clippy::wildcard_enum_match_arm)]

use ipnet::IpNet;

use crate::firewall::{
    Bound, CtStates, Family, Match, NatAddress, NatFlags, PortSide, Ports, Protocol, RejectWith,
    Rule, Target,
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
    pub fn of(rule: &Rule) -> Option<Self> {
        let mut shape = Shape::default();
        for part in &rule.matches {
            shape.add(part)?;
        }
        Some(shape)
    }

    /// Takes in one match of those that rules of networks have.
    fn add(&mut self, part: &Match) -> Option<()> {
        if let Match::Comment(_) = part {
            return Some(());
        }
        self.device(part)
            .or_else(|| self.address(part))
            .or_else(|| self.rest(part))
    }

    fn device(&mut self, part: &Match) -> Option<()> {
        let (place, name, bound) = match part {
            Match::InDevice {
                name,
                bound,
                negated: false,
            } => (&mut self.came_in, name, bound),
            Match::OutDevice {
                name,
                bound,
                negated: false,
            } => (&mut self.goes_out, name, bound),
            _ => return None,
        };
        let single = !name.is_prefix();
        single.then(|| set(place, Device::new(name.name(), *bound)))?
    }

    fn address(&mut self, part: &Match) -> Option<()> {
        match part {
            Match::Source {
                net,
                negated: false,
            } => set_net(&mut self.source, *net),
            Match::Destination {
                net,
                negated: false,
            } => set_net(&mut self.destination, *net),
            Match::Destination { net, negated: true } => set(&mut self.beyond, *net),
            Match::Family(family) => set(&mut self.family, *family),
            _ => None,
        }
    }

    fn rest(&mut self, part: &Match) -> Option<()> {
        match part {
            Match::Protocol {
                protocol,
                negated: false,
            } => self.protocol(*protocol),
            Match::Port {
                side: PortSide::Destination,
                protocol,
                ports,
                negated: false,
            } => {
                if let Some(protocol) = protocol {
                    self.protocol(*protocol)?;
                }
                set(&mut self.ports, single(ports)?)
            }
            Match::CtState {
                states,
                negated: false,
                ..
            } if *states == CtStates::REPLIES => {
                self.replies = true;
                Some(())
            }
            _ => None,
        }
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

    /// nft lists the number of a device that is gone. A device may be called like a number, but
    /// libvirt's and ours never are.
    fn new(name: &str, bound: Bound) -> Self {
        let number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        Device {
            name: name.to_owned(),
            gone: number && bound == Bound::Index,
        }
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
    pub fn of(rule: &Rule) -> Option<Self> {
        if !rule.effects.is_empty() {
            return None;
        }
        match &rule.target {
            Target::Accept => Some(Act::Accept),
            Target::Drop => Some(Act::Drop),
            Target::Reject(RejectWith::PortUnreachable) => Some(Act::Reject),
            Target::Return => Some(Act::Return),
            Target::ChecksumFill => Some(Act::Checksum),
            Target::Masquerade { ports, flags } => Some(Act::Rewrite {
                addresses: None,
                ports: *ports,
                flags: *flags,
            }),
            Target::Snat(to) if to.to.is_some() => Some(Act::Rewrite {
                addresses: to.to,
                ports: to.ports,
                flags: to.flags,
            }),
            _ => None,
        }
    }
}
