//! A guest's port into a network, and out of it: from what is there to the steps between.
//!
//! A port gets what [`GuestPort`] says, in the order of `virDomainInterfaceBridgeConnect`, and only
//! where it differs. What was changed is recorded before it is, so that whatever happens a detach
//! gives the port back as it was. `apply` never touches ports.

mod limit;
pub mod record;
pub mod refuse;

pub use record::{Asked, Before, Record};

use super::step::{Change, Command, Deed, File, Impact, Kind, Step};
use super::{Degraded, Plan, TrafficControl};
use crate::backend::iproute2::statement::Statement;
use crate::capture::{Capture, Share};
use crate::state::{
    BridgePort, Device, DeviceKind, GuestPort, Membership, PortVlan, Rate, Shaping,
};
use crate::value::{DeviceName, Mac, encode};

/// The largest packet of a device that was just made.
const NEW_MTU: u32 = 1500;

/// What a port is to become.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The port.
    pub port: &'a DeviceName,
    /// What its network gives it.
    pub recipe: &'a GuestPort,
    /// The bridge that it joins.
    pub bridge: &'a DeviceName,
    /// What else was asked for.
    pub asked: &'a Asked,
    /// Make a tap of that name if there is no device.
    pub tap: Option<&'a Tap>,
}

/// A tap that is made.
#[derive(Clone, Debug, Default)]
pub struct Tap {
    /// Who may open it, besides root: a user's name or number.
    pub owner: Option<String>,
}

/// What the host holds of what matters to a port.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Devices, ports, tags, and the limits of the port and of the bridges.
    pub capture: Capture,
    /// The port's queue, if it is known.
    pub root: Option<Root>,
    /// Whether what the port receives goes through a queue.
    pub ingress: bool,
    /// What was recorded of the port.
    pub record: Option<Record>,
    /// What was recorded of other ports.
    pub others: Vec<Record>,
    /// What networks say of the limits of their bridges.
    pub limits: Vec<Shaping>,
}

/// The queue at the root of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its kind.
    pub kind: String,
    /// Whether it is the one that the kernel gives.
    pub default: bool,
}

/// What the kernel can do of what ports may need.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Its traffic control.
    pub traffic: TrafficControl,
    /// Whether it keeps ports apart by VLAN.
    pub vlan_filtering: bool,
}

impl Seen {
    /// The port's device.
    fn device(&self, port: &DeviceName) -> Option<&Device> {
        self.capture.device(port)
    }

    /// What was recorded of this very device.
    pub fn valid_record(&self, port: &DeviceName) -> Option<&Record> {
        let device = self.device(port)?;
        let record = self.record.as_ref()?;
        let same = record.index.is_none() || record.index == device.index;
        same.then_some(record)
    }

    /// What a bridge sends in all, if its network limits it.
    fn whole(&self, bridge: &DeviceName) -> Option<Rate> {
        let mut limits = self.limits.iter();
        limits.find(|it| it.link == *bridge)?.egress
    }

    /// The shares that guests have on a bridge, as exactly as they are known.
    fn shares(&self, bridge: &DeviceName) -> Vec<Share> {
        let mut queueing = self.capture.queueing.iter();
        let listed = queueing.find(|each| each.link == *bridge);
        let listed = listed.map_or(&[][..], |each| &each.shares);
        let records = || self.others.iter().chain(&self.record);
        let exact = |share: &Share| {
            let mut shares = records()
                .filter(|record| record.bridge == *bridge)
                .filter_map(|record| record.share);
            shares.find(|each| each.class == share.class)
        };
        listed
            .iter()
            .map(|share| exact(share).unwrap_or(*share))
            .collect()
    }
}

/// Steps on the way, and what they change of the port.
struct Draft<'a> {
    wanted: &'a Wanted<'a>,
    seen: &'a Seen,
    kernel: Kernel,
    device: Option<&'a Device>,
    /// Its settings on this bridge, if it is there already.
    settings: Option<&'a BridgePort>,
    steps: Vec<Step>,
    degraded: Vec<Degraded>,
    before: Before,
    share: Option<Share>,
}

/// The steps that make it a port.
pub fn attach(wanted: &Wanted<'_>, seen: &Seen, kernel: Kernel) -> Plan {
    let device = seen.device(wanted.port);
    let mut ports = seen.capture.bridging.ports.iter();
    let settings = ports.find(|it| it.link == *wanted.port && it.bridge == *wanted.bridge);
    let record = seen.valid_record(wanted.port);
    let mut draft = Draft {
        wanted,
        seen,
        kernel,
        device,
        settings,
        steps: Vec::new(),
        degraded: Vec::new(),
        before: record.map(|record| record.before).unwrap_or_default(),
        share: None,
    };
    draft.join();
    draft.separate();
    draft.up();
    draft.enter();
    draft.limit();
    draft.share();
    let mut steps: Vec<Step> = draft.create().into_iter().collect();
    steps.extend(draft.record());
    steps.append(&mut draft.steps);
    draft.degraded.sort();
    draft.degraded.dedup();
    Plan {
        steps,
        degraded: draft.degraded,
        taken: Vec::new(),
        handed: Vec::new(),
    }
}

impl Draft<'_> {
    fn change(&self, action: impl Into<String>) -> Change {
        Change::new(Kind::Link, self.wanted.port.as_str(), action)
    }

    fn run(&mut self, program: &str, changes: Vec<Change>, lines: &[String]) {
        self.steps.extend(batch(program, changes, lines));
    }

    fn create(&self) -> Option<Step> {
        let tap = self.wanted.tap.filter(|_| self.device.is_none())?;
        let mut words = vec![
            "tuntap",
            "add",
            "dev",
            self.wanted.port.as_str(),
            "mode",
            "tap",
        ];
        if let Some(owner) = &tap.owner {
            words.extend(["user", owner]);
        }
        let command = Command::new("ip", &words);
        Some(Step::new(
            vec![self.change("create tap")],
            Deed::Run(vec![command]),
        ))
    }

    fn is_tap(&self) -> bool {
        self.device.is_none_or(is_tap)
    }

    /// Its address, its largest packet, its bridge, in this order: a bridge whose MTU was never set
    /// follows its smallest port.
    fn join(&mut self) {
        let Wanted { port, bridge, .. } = *self.wanted;
        let (mut changes, mut lines) = (Vec::new(), Vec::new());
        if self.is_tap() {
            let own = self.device.and_then(|device| device.mac);
            let mac = tap_mac(own, self.wanted.asked.mac, port);
            if own != Some(mac) {
                self.before.mac = self.before.mac.or(own);
                changes.push(self.change(format!("set address {mac}")));
                lines.push(Statement::Mac(port.clone(), mac).to_string());
            }
            let mtu = self.seen.device(bridge).and_then(|bridge| bridge.mtu);
            let own = self.device.and_then(|device| device.mtu).unwrap_or(NEW_MTU);
            if let Some(mtu) = mtu.filter(|mtu| *mtu != own) {
                self.before.mtu.get_or_insert(own);
                changes.push(self.change(format!("set mtu {mtu}")));
                lines.push(format!("link set dev {port} mtu {mtu}"));
            }
        }
        let master = self.device.and_then(|device| device.master.as_ref());
        if master != Some(bridge) {
            let change = self.change(format!("make it a port of {bridge}"));
            changes.push(match master {
                Some(_) => change.with(Impact::Disruptive),
                None => change,
            });
            lines.push(Statement::Join(port.clone(), bridge.clone()).to_string());
        }
        self.run("ip", changes, &lines);
    }

    /// Who it can talk to, and what the bridge finds out about it.
    fn separate(&mut self) {
        let Wanted { port, recipe, .. } = *self.wanted;
        let (mut changes, mut lines) = self.tags();
        let mut set = |differs: bool, on: bool, words: &str, action: &str| {
            if differs {
                let value = if on { "on" } else { "off" };
                lines.push(format!("link set dev {port} {words} {value}"));
                changes.push(Change::new(
                    Kind::Link,
                    port.as_str(),
                    format!("{action} {value}"),
                ));
            }
        };
        let settings = self.settings;
        let isolated = recipe.isolated || self.wanted.asked.isolated;
        let there = settings.and_then(|it| it.isolated).unwrap_or(false);
        set(there != isolated, isolated, "isolated", "set isolated");
        let learns = !recipe.static_macs;
        let there = settings.and_then(|it| it.learning).unwrap_or(true);
        set(there != learns, learns, "learning", "set learning");
        let there = settings.and_then(|it| it.flood).unwrap_or(true);
        set(there != learns, learns, "flood", "set flood");
        self.run("bridge", changes, &lines);
    }

    /// The VLANs it leaves and joins. A new port is in VLAN 1.
    fn tags(&mut self) -> (Vec<Change>, Vec<String>) {
        const NEW: Membership = Membership {
            tag: 1,
            pvid: true,
            untagged: true,
        };
        let port = self.wanted.port;
        let asked = self.wanted.asked.vlan.map(|tag| PortVlan {
            trunk: false,
            tags: vec![tag],
            native: None,
        });
        let wanted = match asked.as_ref().or(self.wanted.recipe.vlan.as_ref()) {
            Some(vlan) => vlan.memberships(),
            None if self.before.tagged => vec![NEW],
            None => return (Vec::new(), Vec::new()),
        };
        if !self.filters() {
            return (Vec::new(), Vec::new());
        }
        let there = match self.settings {
            Some(_) => memberships(&self.seen.capture, port),
            None => vec![NEW],
        };
        let gone = there.iter().filter(|it| !wanted.contains(it));
        let mut lines: Vec<String> = gone
            .map(|it| format!("vlan del dev {port} vid {}", it.tag))
            .collect();
        let fresh = wanted.iter().filter(|it| !there.contains(it));
        lines.extend(fresh.map(|it| format!("vlan add dev {port} {}", it.words())));
        if lines.is_empty() {
            return (Vec::new(), Vec::new());
        }
        self.before.tagged = true;
        let tags: Vec<String> = wanted.iter().map(|it| it.tag.to_string()).collect();
        let change = self.change(format!("put it into VLAN {}", tags.join(", ")));
        (vec![change], lines)
    }

    /// Whether tags have an effect, or at least can be set.
    fn filters(&mut self) -> bool {
        let bridge = self
            .seen
            .device(self.wanted.bridge)
            .and_then(Device::bridge);
        let message = match (self.kernel.vlan_filtering, bridge) {
            (false, _) => "this kernel cannot keep ports apart by VLAN: it is with all others",
            (true, Some(bridge)) if !bridge.vlan_filtering => {
                "its bridge does not filter by VLAN: its tags have no effect"
            }
            (true, _) => return true,
        };
        self.degraded.push(Degraded {
            object: self.wanted.port.to_string(),
            message: message.to_owned(),
        });
        self.kernel.vlan_filtering
    }

    fn up(&mut self) {
        if self.device.is_some_and(|device| device.up) {
            return;
        }
        self.before.down |= self.device.is_some();
        let line = Statement::Up(self.wanted.port.clone()).to_string();
        self.run("ip", vec![self.change("set up")], &[line]);
    }

    /// The guest's address, where the bridge does not learn it.
    fn enter(&mut self) {
        let port = self.wanted.port;
        let wanted = self
            .wanted
            .asked
            .mac
            .filter(|_| self.wanted.recipe.static_macs);
        let there: Vec<Mac> = match self.settings {
            Some(_) => entered(self.seen, port),
            None => Vec::new(),
        };
        let (mut changes, mut lines) = (Vec::new(), Vec::new());
        let before = self.seen.valid_record(port);
        let before = before.and_then(|record| record.asked.mac);
        if let Some(mac) = before.filter(|mac| Some(*mac) != wanted && there.contains(mac)) {
            lines.push(format!("fdb del {mac} dev {port} master static"));
            changes.push(self.change(format!("forget the guest's address {mac}")));
        }
        if let Some(mac) = wanted.filter(|mac| !there.contains(mac)) {
            lines.push(format!("fdb add {mac} dev {port} master static"));
            changes.push(self.change(format!("enter the guest's address {mac}")));
        }
        self.run("bridge", changes, &lines);
    }

    fn record(&self) -> Option<Step> {
        let Wanted {
            port,
            recipe,
            bridge,
            asked,
            ..
        } = *self.wanted;
        let valid = self.seen.valid_record(port);
        let record = Record {
            port: port.clone(),
            index: match valid {
                Some(record) => record.index,
                None => self.device.and_then(|device| device.index),
            },
            network: recipe.network.clone(),
            bridge: bridge.clone(),
            asked: asked.clone(),
            share: self.share,
            before: self.before,
        };
        let before = self.seen.record.as_ref();
        if before == Some(&record) {
            return None;
        }
        let file = File {
            path: Record::path(port),
            text: record.print(),
            before: before.map(Record::print),
            mode: 0o644,
        };
        Some(Step::new(Vec::new(), Deed::Write(vec![file])))
    }
}

/// The steps that give a port back as it was before an attach; of one that was made a port by
/// somebody else, only its place on the bridge goes.
pub fn detach(port: &DeviceName, seen: &Seen) -> Plan {
    let mut steps = Vec::new();
    let before = seen.valid_record(port).map(|record| record.before);
    let before = before.unwrap_or_default();
    steps.extend(limit::lift(port, seen, before));
    if let Some(record) = &seen.record {
        steps.extend(limit::release(record, seen));
    }
    let (mut changes, mut lines) = (Vec::new(), Vec::new());
    if let Some(device) = seen.device(port) {
        let change = |action: String| Change::new(Kind::Link, port.as_str(), action);
        if let Some(bridge) = &device.master {
            changes.push(change(format!("take it out of {bridge}")).with(Impact::Disruptive));
            lines.push(Statement::Leave(port.clone()).to_string());
        }
        if let Some(mac) = before.mac.filter(|mac| device.mac != Some(*mac)) {
            changes.push(change(format!("set address {mac}")));
            lines.push(Statement::Mac(port.clone(), mac).to_string());
        }
        if let Some(mtu) = before.mtu.filter(|mtu| device.mtu != Some(*mtu)) {
            changes.push(change(format!("set mtu {mtu}")));
            lines.push(format!("link set dev {port} mtu {mtu}"));
        }
        if before.down && device.up {
            changes.push(change("set down".to_owned()));
            lines.push(Statement::Down(port.clone()).to_string());
        }
    }
    steps.extend(batch("ip", changes, &lines));
    if seen.record.is_some() {
        let path = Record::path(port);
        let change = Change::new(Kind::File, path.as_str(), "remove");
        steps.push(Step::new(vec![change], Deed::Remove(vec![path])));
    }
    Plan {
        steps,
        ..Plan::default()
    }
}

fn is_tap(device: &Device) -> bool {
    match &device.kind {
        DeviceKind::Other(kind) => kind == "tun",
        DeviceKind::Bridge(_) => false,
    }
}

/// `virDomainInterfaceBridgeConnect`: never the guest's own address, or the kernel would keep the
/// guest's packets for itself; and never the lowest on the bridge, which would take it over.
fn tap_mac(own: Option<Mac>, guest: Option<Mac>, port: &DeviceName) -> Mac {
    let with = |first: u8, mac: Mac| {
        let [_, b, c, d, e, f] = mac.bytes();
        Mac::new([first, b, c, d, e, f])
    };
    match (guest, own) {
        (Some(guest), _) if guest.bytes()[0] == 0xfe => with(0xfa, guest),
        (Some(guest), _) => with(0xfe, guest),
        (None, Some(own)) if matches!(own.bytes()[0], 0xfe | 0xfa) => own,
        (None, Some(own)) => with(0xfe, own),
        (None, None) => {
            let hash = encode::short_hash(port.as_str());
            let number = u32::from_str_radix(&hash[..6], 16).unwrap_or_default();
            let [_, d, e, f] = number.to_be_bytes();
            Mac::new([0xfe, 0x54, 0x00, d, e, f])
        }
    }
}

/// The VLANs that a port is in.
fn memberships(capture: &Capture, port: &DeviceName) -> Vec<Membership> {
    let tags = capture.bridging.tags.iter();
    let tags = tags.filter(|tag| tag.link == *port);
    tags.flat_map(|tag| {
        (tag.first..=tag.last).map(|each| Membership {
            tag: each,
            pvid: tag.pvid,
            untagged: tag.untagged,
        })
    })
    .collect()
}

/// The addresses that were entered for a port by hand.
fn entered(seen: &Seen, port: &DeviceName) -> Vec<Mac> {
    let macs = seen.capture.bridging.macs.iter();
    let macs = macs.filter(|entry| entry.link == *port && !entry.learnt);
    macs.map(|entry| entry.mac).collect()
}

fn batch(program: &str, changes: Vec<Change>, lines: &[String]) -> Option<Step> {
    if lines.is_empty() {
        return None;
    }
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let command = Command::reading(program, &["-batch", "-"], input);
    Some(Step::new(changes, Deed::Run(vec![command])))
}
