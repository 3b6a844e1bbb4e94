//! Where rules of networks stand: the inverse of [`lower::layout`](crate::lower::layout).
//!
//! Five arrangements are known: the three that are made today, libvirt's before 5.1, which put
//! the same rules straight into the built-in chains, and what people build by hand from guides.
//! Each rule becomes a [`Fact`] about a bridge or a subnet, with the line that says it; what makes
//! a network of the facts is in [`policy`](super::policy).

mod built_in;
mod chains;
mod others;
mod stale;

pub use others::Others;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::policy::Bridges;
use super::shape::{Act, Device, Shape};
use crate::audit::layer;
use crate::capture::{Capture, CapturedRuleset, FileId, Origin, RuleTool, Variant};
use crate::firewall::{Family, NatAddress, NatFlags, Protocol, Rule, Table, TableFamily};
use crate::value::{DeviceName, PortRange};

/// How the rules of a network are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arrangement {
    /// libvirt's chains `LIBVIRT_…`, also made by lanwright.
    LibvirtIptables,
    /// libvirt's tables `libvirt_network`, also made by lanwright.
    LibvirtNftables,
    /// lanwright's table.
    Lanwright,
    /// libvirt's rules in the built-in chains, as before 5.1.
    LibvirtBuiltIn,
    /// Rules of somebody's own, as guides give them.
    ByHand,
}

/// One thing that a rule says about a bridge.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    /// The bridge.
    pub bridge: Device,
    /// The families that it says it for.
    pub family: Family,
    /// What it says.
    pub what: What,
    /// Where.
    pub origin: Origin,
}

/// What a rule says about a bridge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// A port of the host is open to guests, or one of theirs to the host.
    Service {
        /// Whether the host sends.
        outbound: bool,
        /// The protocol.
        protocol: Protocol,
        /// The port.
        port: u16,
    },
    /// Guests reach each other.
    Cross,
    /// Whatever else comes out of the network is refused.
    RejectOut,
    /// Whatever else goes into the network is refused.
    RejectIn,
    /// What comes from this subnet may leave.
    AllowOut(Crossing),
    /// What goes to this subnet may come in.
    AllowIn(Crossing, Replies),
    /// The checksum of DHCP replies is filled in.
    Checksum,
}

/// Whether only replies may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Replies {
    /// Only replies.
    Only,
    /// Anything.
    OrNot,
}

/// What may cross the border of a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Crossing {
    /// The subnet; `None` if the rule names none.
    pub net: Option<IpNet>,
    /// The only device that it may go through.
    pub outlet: Option<String>,
}

/// One thing that a rule says about the sources of packets.
#[derive(Clone, Debug)]
pub(super) struct NatFact {
    /// The bridge, where the layout says it.
    pub bridge: Option<DeviceName>,
    /// The family.
    pub family: Family,
    /// The sources; `None` if the rule names none.
    pub net: Option<IpNet>,
    /// The only device that it is for.
    pub outlet: Option<String>,
    /// What is done with them.
    pub what: NatWhat,
    /// Where it is said.
    pub origin: Origin,
}

/// What is done with the sources of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NatWhat {
    /// They are kept, towards this destination.
    Keep(IpNet),
    /// They are rewritten.
    Rewrite {
        /// Packets of this protocol only.
        protocol: Option<Protocol>,
        /// Only what goes beyond this; libvirt says the subnet again.
        beyond: Option<IpNet>,
        /// To these addresses; `None` is the outgoing device's.
        addresses: Option<NatAddress>,
        /// To these ports.
        ports: Option<PortRange>,
        /// How they are chosen.
        flags: NatFlags,
    },
}

/// A rule that stands in a chain of ours and says nothing that we would.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    /// The chain.
    pub chain: String,
    /// Where.
    pub origin: Origin,
}

/// A chain of ours that nothing leads to.
#[derive(Clone, Debug)]
pub(super) struct Unreached {
    /// The chain.
    pub chain: String,
    /// The bridge that it is for, if it is for one alone.
    pub bridge: Option<DeviceName>,
    /// Its rules.
    pub origins: Vec<Origin>,
}

/// All that one tool's listing says in one arrangement.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The arrangement.
    pub arrangement: Arrangement,
    /// The tool; which of the families is of no account here.
    pub tool: Tool,
    /// Facts about bridges, in the order of the rules.
    pub facts: Vec<Fact>,
    /// Facts about sources, in the order of the rules.
    pub nat: Vec<NatFact>,
    /// Names that comments give to networks on bridges.
    pub names: Vec<(DeviceName, String)>,
    /// Bridges whose rules are bound to a device that is gone, and its number.
    pub stale: BTreeMap<DeviceName, String>,
    /// Rules that stand where they do not belong.
    pub strangers: Vec<Stranger>,
    /// Chains whose rules no packet comes to.
    pub unreached: Vec<Unreached>,
    /// The families whose rules were seen whole.
    pub families: BTreeSet<Family>,
}

/// Which tool listed rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// iptables, this variant.
    Iptables(Variant),
    /// nft, this file.
    Nft(FileId),
}

/// What a chain is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// To the host.
    Input,
    /// From the host.
    Output,
    /// Through the host, within a network.
    Cross,
    /// Through the host, into a network.
    In,
    /// Through the host, out of a network.
    Out,
    /// Sources are rewritten.
    Nat,
    /// Packets are changed.
    Mangle,
}

/// Everything that the rules of a host say of networks, a view at a time.
///
/// `bridges` are the devices that are known to be bridges: where a rule names two devices and
/// nothing else, they tell which of them the network is on.
pub(super) fn views(capture: &Capture, bridges: &Bridges, others: &Others) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    let present = capture.present();
    for captured in &present {
        for table in &captured.ruleset.tables {
            if !told_otherwise(&present, captured, table) {
                chains::read(&mut views, captured, table);
                built_in::read(&mut views, captured, table, bridges, others);
            }
        }
    }
    for view in &mut views {
        stale::resolve(view, bridges);
    }
    views
}

/// nft lists the tables of iptables on nf_tables, too: what iptables-save told is not told again.
fn told_otherwise(present: &[&CapturedRuleset], captured: &CapturedRuleset, table: &Table) -> bool {
    let by_iptables = |family: Family| {
        present.iter().any(|each| match each.tool {
            RuleTool::Iptables(Variant::Nft | Variant::Unknown, of) => of == family,
            RuleTool::Iptables(Variant::Legacy, _) | RuleTool::Nft => false,
        })
    };
    captured.tool == RuleTool::Nft
        && layer::is_iptables(table)
        && families(table).iter().all(|family| by_iptables(*family))
}

/// What one ruleset of ours says, in the arrangement that it is made in.
pub(super) fn views_of(captured: &CapturedRuleset) -> View {
    let mut views = Vec::new();
    for table in &captured.ruleset.tables {
        chains::read(&mut views, captured, table);
    }
    let none = View::empty(Arrangement::ByHand, Tool::Nft(captured.file));
    views.into_iter().next().unwrap_or(none)
}

/// The view of this arrangement and tool, made if it is not there.
fn view<'a>(
    views: &'a mut Vec<View>,
    captured: &CapturedRuleset,
    arrangement: Arrangement,
) -> &'a mut View {
    let tool = match captured.tool {
        RuleTool::Iptables(variant, _) => Tool::Iptables(variant),
        RuleTool::Nft => Tool::Nft(captured.file),
    };
    let there = |view: &View| view.arrangement == arrangement && view.tool == tool;
    let at = views.iter().position(there).unwrap_or_else(|| {
        views.push(View::empty(arrangement, tool));
        views.len() - 1
    });
    &mut views[at]
}

fn origin(captured: &CapturedRuleset, rule: &Rule) -> Origin {
    Origin {
        file: captured.file,
        line: rule.place.get(),
    }
}

/// The families that packets in a table can be of.
fn families(table: &Table) -> &'static [Family] {
    match table.family {
        TableFamily::Ip => &[Family::Ipv4],
        TableFamily::Ip6 => &[Family::Ipv6],
        TableFamily::Inet => &[Family::Ipv4, Family::Ipv6],
        TableFamily::Arp | TableFamily::Bridge | TableFamily::Netdev => &[],
    }
}

/// What a rule of this role says about a bridge, and about which.
fn says(role: Role, shape: &Shape, act: Act) -> Option<(Device, What)> {
    match role {
        Role::Input => service(shape, act, false),
        Role::Output => service(shape, act, true),
        Role::Cross => cross(shape, act),
        Role::In => comes_in(shape, act),
        Role::Out => goes_out(shape, act),
        Role::Mangle => checksum(shape, act),
        Role::Nat => None,
    }
}

fn service(shape: &Shape, act: Act, outbound: bool) -> Option<(Device, What)> {
    let (device, other) = match outbound {
        false => (&shape.came_in, &shape.goes_out),
        true => (&shape.goes_out, &shape.came_in),
    };
    let (protocol, ports) = (shape.protocol?, shape.ports?);
    let plain = Shape {
        came_in: shape.came_in.clone(),
        goes_out: shape.goes_out.clone(),
        protocol: shape.protocol,
        ports: shape.ports,
        family: shape.family,
        ..Shape::default()
    };
    let single = ports.start() == ports.end();
    if act != Act::Accept || other.is_some() || *shape != plain || !single {
        return None;
    }
    let port = ports.start();
    let what = What::Service {
        outbound,
        protocol,
        port,
    };
    Some((device.clone()?, what))
}

fn cross(shape: &Shape, act: Act) -> Option<(Device, What)> {
    let bridge = shape.came_in.as_ref()?;
    let within = shape.only_devices() && shape.goes_out.as_ref() == Some(bridge);
    (act == Act::Accept && within).then(|| (bridge.clone(), What::Cross))
}

fn comes_in(shape: &Shape, act: Act) -> Option<(Device, What)> {
    let bridge = shape.goes_out.clone()?;
    let plain = Shape {
        came_in: shape.came_in.clone(),
        goes_out: shape.goes_out.clone(),
        destination: shape.destination,
        replies: shape.replies,
        family: shape.family,
        ..Shape::default()
    };
    match act {
        Act::Reject if shape.came_in.is_none() && shape.only_devices() => {
            Some((bridge, What::RejectIn))
        }
        Act::Accept if *shape == plain => {
            let replies = match shape.replies {
                true => Replies::Only,
                false => Replies::OrNot,
            };
            let crossing = crossing(shape.destination, &shape.came_in);
            Some((bridge, What::AllowIn(crossing, replies)))
        }
        Act::Accept
        | Act::Reject
        | Act::Drop
        | Act::Return
        | Act::Rewrite { .. }
        | Act::Checksum => None,
    }
}

fn goes_out(shape: &Shape, act: Act) -> Option<(Device, What)> {
    let bridge = shape.came_in.clone()?;
    let plain = Shape {
        came_in: shape.came_in.clone(),
        goes_out: shape.goes_out.clone(),
        source: shape.source,
        family: shape.family,
        ..Shape::default()
    };
    match act {
        Act::Reject if shape.goes_out.is_none() && shape.only_devices() => {
            Some((bridge, What::RejectOut))
        }
        Act::Accept if *shape == plain => Some((
            bridge,
            What::AllowOut(crossing(shape.source, &shape.goes_out)),
        )),
        Act::Accept
        | Act::Reject
        | Act::Drop
        | Act::Return
        | Act::Rewrite { .. }
        | Act::Checksum => None,
    }
}

fn crossing(net: Option<IpNet>, outlet: &Option<Device>) -> Crossing {
    Crossing {
        net,
        outlet: outlet.as_ref().map(|device| device.name.clone()),
    }
}

fn checksum(shape: &Shape, act: Act) -> Option<(Device, What)> {
    let wanted = Shape {
        goes_out: shape.goes_out.clone(),
        protocol: Some(Protocol::UDP),
        ports: Some(PortRange::single(68)),
        family: shape.family,
        ..Shape::default()
    };
    let fits = act == Act::Checksum && *shape == wanted;
    fits.then(|| Some((shape.goes_out.clone()?, What::Checksum)))?
}

/// What a rule says about sources.
fn nat(shape: &Shape, act: Act, family: Family, origin: Origin) -> Option<NatFact> {
    if shape.came_in.is_some() || shape.replies || shape.ports.is_some() {
        return None;
    }
    let what = match act {
        Act::Return if shape.protocol.is_none() && shape.beyond.is_none() => {
            NatWhat::Keep(shape.destination?)
        }
        Act::Rewrite {
            addresses,
            ports,
            flags,
        } if shape.destination.is_none() => NatWhat::Rewrite {
            protocol: shape.protocol,
            beyond: shape.beyond,
            addresses,
            ports,
            flags,
        },
        Act::Accept
        | Act::Reject
        | Act::Drop
        | Act::Return
        | Act::Rewrite { .. }
        | Act::Checksum => return None,
    };
    Some(NatFact {
        bridge: None,
        family,
        net: shape.source,
        outlet: shape.goes_out.as_ref().map(|device| device.name.clone()),
        what,
        origin,
    })
}

impl View {
    fn empty(arrangement: Arrangement, tool: Tool) -> Self {
        View {
            arrangement,
            tool,
            facts: Vec::new(),
            nat: Vec::new(),
            names: Vec::new(),
            stale: BTreeMap::new(),
            strangers: Vec::new(),
            unreached: Vec::new(),
            families: BTreeSet::new(),
        }
    }
}

impl Arrangement {
    /// What it is called among people.
    pub fn title(self) -> &'static str {
        match self {
            Arrangement::LibvirtIptables => "libvirt's iptables chains",
            Arrangement::LibvirtNftables => "libvirt's nft tables",
            Arrangement::Lanwright => "lanwright's nft table",
            Arrangement::LibvirtBuiltIn => "libvirt's rules of before 5.1",
            Arrangement::ByHand => "rules made by hand",
        }
    }
}
