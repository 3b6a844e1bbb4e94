//! A port's rate limits, and its guest's share of what the bridge sends.

use super::{Before, Draft, Record, Seen, batch};
use crate::backend::iproute2::traffic as lines;
use crate::capture::Share;
use crate::plan::Degraded;
use crate::plan::step::{Change, Command, Deed, Kind, Step};
use crate::plan::traffic::{feasible, police, reduced};
use crate::state::{Rate, Shaping};
use crate::value::DeviceName;

/// The first class that a guest's share may have: 0 to 2 are the bridge's own.
const FIRST_CLASS: u16 = 3;

impl Draft<'_> {
    /// What the guest receives is shaped, what it sends is policed.
    pub(super) fn limit(&mut self) {
        let (port, recipe) = (self.wanted.port, self.wanted.recipe);
        let wanted = Shaping {
            link: port.clone(),
            egress: recipe.inbound,
            ingress: recipe.outbound,
        };
        let wanted = reduced(&wanted, self.kernel.traffic, &mut self.degraded);
        let capture = &self.seen.capture;
        let found = capture.state.shaping.iter().find(|it| it.link == *port);
        let (sent, received) = (
            found.and_then(|it| it.egress),
            found.and_then(|it| it.ingress),
        );
        let rounded = capture
            .queueing
            .iter()
            .any(|it| it.link == *port && it.rounded);
        let mut batch_lines = Vec::new();
        match (wanted.egress, sent) {
            (Some(rate), Some(there)) if rate.is_shown_as(there, rounded) => {}
            (Some(rate), _) => {
                if self.seen.root.as_ref().is_some_and(|root| !root.default) {
                    batch_lines.push(format!("qdisc del dev {port} root"));
                }
                let egress = lines::port_egress(port.as_str(), &rate);
                batch_lines.extend(feasible(egress, self.kernel.traffic));
                self.before.queued = true;
            }
            (None, _) => self.unqueue(sent.is_some()),
        }
        let policing = police(wanted.ingress, received, port.as_str(), rounded);
        self.before.policed |= !policing.is_empty() && wanted.ingress.is_some();
        batch_lines.extend(policing);
        let change = Change::new(Kind::Shaping, port.as_str(), "set rate limits");
        self.run("tc", vec![change], &batch_lines);
    }

    /// A tap's packets wait in the guest's own queue; another in front of it only delays them
    /// (`virNetDevSetRootQDisc`). A kernel that cannot do it works all the same.
    fn unqueue(&mut self, limited: bool) {
        let port = self.wanted.port;
        let root = self.seen.root.as_ref();
        let queues = match (root, self.device) {
            (Some(root), _) => root.kind != "noqueue",
            (None, device) => device.is_none(),
        };
        let ours = limited && self.before.queued;
        if !(ours || (self.is_tap() && queues)) {
            return;
        }
        self.before.queued = true;
        let change = Change::new(Kind::Shaping, port.as_str(), "send without a queue");
        let command = Command::new(
            "tc",
            &["qdisc", "replace", "dev", port.as_str(), "root", "noqueue"],
        );
        self.steps
            .push(Step::optional(vec![change], Deed::Run(vec![command])));
    }

    /// What the guest can count on, beside what the others share (`networkPlugBandwidthImpl`).
    pub(super) fn share(&mut self) {
        let (wanted, seen) = (self.wanted, self.seen);
        let bridge = wanted.bridge;
        let asked = wanted.asked.floor_kbps.zip(wanted.asked.mac);
        let asked = asked.zip(seen.whole(bridge));
        let old = seen.record.as_ref();
        let kept = old.filter(|old| {
            let same = old.bridge == *bridge && old.asked.mac == wanted.asked.mac;
            same && seen.valid_record(wanted.port).is_some()
        });
        let kept = kept.and_then(|old| old.share);
        let there = seen.shares(bridge);
        let kept = kept.filter(|share| {
            let listed = there.iter().any(|each| each.class == share.class);
            listed && Some(share.rate_kbps) == wanted.asked.floor_kbps
        });
        if kept.is_none() {
            self.steps.extend(old.and_then(|old| release(old, seen)));
        }
        let Some(((rate_kbps, mac), whole)) = asked else {
            return;
        };
        if !self.kernel.traffic.htb {
            self.degraded.push(Degraded {
                object: wanted.port.to_string(),
                message: "this kernel has no htb: its guest has no share for sure".to_owned(),
            });
            return;
        }
        self.share = kept;
        if kept.is_some() {
            return;
        }
        let gone = old.filter(|old| old.bridge == *bridge);
        let gone = gone.and_then(|old| old.share);
        let mut rest: Vec<Share> = there
            .iter()
            .copied()
            .filter(|it| Some(*it) != gone)
            .collect();
        let taken = |class: &u16| rest.iter().any(|share| share.class == *class);
        let Some(class) = (FIRST_CLASS..).find(|class| !taken(class)) else {
            return;
        };
        let share = Share { class, rate_kbps };
        let quantum = wanted.recipe.inbound.unwrap_or(Rate {
            average_kbps: rate_kbps,
            peak_kbps: None,
            burst_kib: None,
        });
        let name = bridge.as_str();
        let added = lines::share(name, &whole, share, mac, quantum.quantum());
        let mut batch_lines = feasible(added, self.kernel.traffic);
        rest.push(share);
        batch_lines.push(lines::change_rest(name, &whole, &rest));
        let words = format!("keep {rate_kbps} kB/s for {}", wanted.port);
        let change = Change::new(Kind::Shaping, name, words);
        self.run("tc", vec![change], &batch_lines);
        self.share = Some(share);
    }
}

/// Takes away what an attach set on the port.
pub(super) fn lift(port: &DeviceName, seen: &Seen, before: Before) -> Option<Step> {
    let mut batch_lines = Vec::new();
    if before.queued && seen.root.as_ref().is_some_and(|root| !root.default) {
        batch_lines.push(format!("qdisc del dev {port} root"));
    }
    if before.policed && seen.ingress {
        batch_lines.push(format!("qdisc del dev {port} ingress"));
    }
    let change = Change::new(Kind::Shaping, port.as_str(), "give it back its queue");
    batch("tc", vec![change], &batch_lines)
}

/// The others get the share of a guest that leaves.
pub(super) fn release(record: &Record, seen: &Seen) -> Option<Step> {
    let share = record.share?;
    let bridge = &record.bridge;
    let mut shares = seen.shares(bridge);
    if !shares.iter().any(|each| each.class == share.class) {
        return None;
    }
    shares.retain(|each| each.class != share.class);
    let mut batch_lines = lines::unshare(bridge.as_str(), share.class);
    let whole = seen.whole(bridge);
    batch_lines.extend(whole.map(|whole| lines::change_rest(bridge.as_str(), &whole, &shares)));
    let words = format!("keep nothing for {} any more", record.port);
    let change = Change::new(Kind::Shaping, bridge.as_str(), words);
    batch("tc", vec![change], &batch_lines)
}
