//! Reading rate limits from `tc qdisc`, `tc class` and `tc filter`, as text or as JSON.
//!
//! The inverse of `backend::iproute2`: an htb tree of a class with a class in it is what a bridge
//! sends, one class alone what a port sends, and a policer is what the device receives. The root
//! that only carries the filter which fills in checksums limits nothing. Another program's
//! limits are named, not taken.

mod json;
mod lines;
mod unit;

use std::collections::BTreeMap;

use super::{FileId, Queueing, Share};
use crate::backend::gap::{Reading, Unread};
use crate::state::{Policing, Rate, Shaping};
use crate::value::DeviceName;

/// What a listing tells.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    /// The limits.
    pub(super) shaping: Vec<Shaping>,
    /// The rest, of every device.
    pub(super) queueing: Vec<Queueing>,
}

/// What a listing tells. `name` is the file's: where neither the text nor a heading says which
/// device a listing is of, `tc-virbr0.txt` does.
pub(super) fn read(source: &str, name: &str, file: FileId) -> Reading<Told> {
    let mut found = Found {
        device: device_of(name),
        ..Found::default()
    };
    match source.trim_start().starts_with(['[', '{']) {
        true => json::read(source, &mut found),
        false => lines::read(source, &mut found),
    }
    let mut unread = found.unread;
    let mut told = Told::default();
    for (device, queues) in found.devices {
        match device.parse::<DeviceName>() {
            Ok(link) => {
                told.queueing.push(Queueing {
                    link: link.clone(),
                    file,
                    filters: queues.filters,
                    checksum: queues.checksum,
                    rounded: queues.rounded,
                    shares: queues.shares(),
                });
                told.shaping.extend(queues.shaping(link, &mut unread));
            }
            Err(_) if device.is_empty() => {
                complain(
                    &mut unread,
                    "the listing does not say of which device it is",
                );
            }
            Err(why) => complain(&mut unread, &format!("'{device}' is left out: {why}")),
        }
    }
    unread.sort_by_key(|why| why.line);
    Reading {
        value: told,
        unread,
    }
}

/// The device that a file is named after: `tc-virbr0.txt`, `tc/virbr0.json`.
fn device_of(name: &str) -> String {
    let (folder, base) = name.rsplit_once('/').unwrap_or(("", name));
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let in_folder = folder.rsplit('/').next() == Some("tc");
    let named = stem.strip_prefix("tc-").or(in_folder.then_some(stem));
    named.unwrap_or_default().to_owned()
}

fn complain(unread: &mut Vec<Unread>, message: &str) {
    unread.push(Unread {
        line: 0,
        message: message.to_owned(),
    });
}

/// What a listing holds, before it is known what it means.
#[derive(Default)]
struct Found {
    /// The device that is spoken of now.
    device: String,
    devices: BTreeMap<String, Queues>,
    unread: Vec<Unread>,
}

/// The queues of one device.
#[derive(Default)]
struct Queues {
    /// The class of what no filter chose, if there is an htb root.
    default: Option<u64>,
    /// Classes of htb by their name: `1:2`.
    classes: BTreeMap<String, Class>,
    police: Option<Police>,
    /// Whether filters of what the device sends were listed.
    filters: bool,
    /// Whether one of them fills in checksums.
    checksum: bool,
    /// Whether rates were read from text.
    rounded: bool,
}

/// A class of htb.
struct Class {
    /// The class it lies in; none for one at the root.
    parent: Option<String>,
    bits: u64,
    ceiling_bits: u64,
    burst_bytes: u64,
}

/// A policer of what a device receives.
struct Police {
    bits: u64,
    burst_bytes: u64,
}

impl Found {
    fn queues(&mut self, device: &str) -> &mut Queues {
        self.devices.entry(device.to_owned()).or_default()
    }

    fn leave(&mut self, line: usize, message: String) {
        self.unread.push(Unread { line, message });
    }

    /// A qdisc. Many kinds share the link or order packets; what limits it in another way than
    /// ours is named.
    fn qdisc(&mut self, line: usize, device: &str, kind: &str, default: Option<u64>) {
        const WITHOUT_LIMIT: [&str; 15] = [
            "bfifo",
            "clsact",
            "codel",
            "fq",
            "fq_codel",
            "fq_pie",
            "ingress",
            "mq",
            "noqueue",
            "pfifo",
            "pfifo_fast",
            "pie",
            "prio",
            "sfq",
            "skbprio",
        ];
        let queues = self.queues(device);
        match kind {
            "htb" => queues.default = Some(default.unwrap_or(0)),
            kind if WITHOUT_LIMIT.contains(&kind) => {}
            kind => self.leave(
                line,
                format!("the qdisc '{kind}' of '{device}' is not ours"),
            ),
        }
    }

    fn class(&mut self, device: &str, id: &str, class: Class) {
        self.queues(device).classes.insert(id.to_owned(), class);
    }

    /// A filter of what a device sends.
    fn sent(&mut self, device: &str, checksum: bool) {
        let queues = self.queues(device);
        queues.filters = true;
        queues.checksum |= checksum;
    }

    /// Filters that choose a class or fill in a checksum do not limit anything.
    fn filter(&mut self, line: usize, device: &str, kind: &str, police: Option<Police>) {
        match (kind, police) {
            (_, Some(police)) => self.queues(device).police = Some(police),
            ("fw" | "u32", None) => {}
            (kind, None) => {
                self.leave(
                    line,
                    format!("the filter '{kind}' of '{device}' is not ours"),
                );
            }
        }
    }
}

impl Queues {
    /// The classes beside 1:2 (`networkPlugBandwidthImpl`).
    fn shares(&self) -> Vec<Share> {
        let inner = self.classes.iter();
        let inner = inner.filter(|(_, class)| class.parent.as_deref() == Some("1:1"));
        let shares = inner.filter_map(|(id, class)| {
            let minor = id.strip_prefix("1:")?;
            Some(Share {
                class: u16::from_str_radix(minor, 16).ok()?,
                rate_kbps: class.bits / 8000,
            })
        });
        shares.filter(|share| share.class > 2).collect()
    }

    fn shaping(self, link: DeviceName, unread: &mut Vec<Unread>) -> Option<Shaping> {
        let mut strange = Vec::new();
        let egress = self.egress(&mut strange);
        let ingress = self.ingress(&mut strange);
        for message in strange {
            complain(unread, &format!("'{link}': {message}"));
        }
        let limited = egress.is_some() || ingress.is_some();
        limited.then_some(Shaping {
            link,
            egress,
            ingress,
        })
    }

    /// `virNetDevBandwidthSet`: the whole is class 1:1. On a bridge, guests without a share of
    /// their own are in 1:2, which loses its burst and some of its rate once a guest has a share.
    fn egress(&self, strange: &mut Vec<String>) -> Option<Rate> {
        if self.classes.is_empty() {
            return None;
        }
        let whole = self
            .classes
            .get("1:1")
            .filter(|class| class.parent.is_none());
        let shared = self.classes.get("1:2");
        let shared = shared.filter(|class| class.parent.as_deref() == Some("1:1"));
        let (Some(whole), true) = (whole, shared.is_some() || self.default == Some(1)) else {
            strange.push("its classes are not those of a network's rate limit".to_owned());
            return None;
        };
        let leaf = shared.unwrap_or(whole);
        let average_kbps = unit::kilobytes(whole.bits, strange);
        let peak = (whole.ceiling_bits != whole.bits).then_some(whole.ceiling_bits);
        Some(Rate {
            average_kbps,
            peak_kbps: peak.map(|bits| unit::kilobytes(bits, strange)),
            burst_kib: (leaf.bits == whole.bits)
                .then(|| leaf.burst_kib())
                .flatten(),
        })
    }

    fn ingress(&self, strange: &mut Vec<String>) -> Option<Policing> {
        let police = self.police.as_ref()?;
        let mut policing = Policing {
            average_kbps: unit::kilobytes(police.bits, strange),
            burst_kib: None,
        };
        let burst = unit::kibibytes(police.burst_bytes);
        // The burst that is taken where none is said.
        if burst != policing.effective_burst_kib() {
            policing.burst_kib = Some(burst);
        }
        Some(policing)
    }
}

impl Class {
    /// `None` if it is what `tc` takes when none is said: 1600 bytes, one tick of 64 ns more or
    /// less, with the clock of today's kernels (`htb_parse_class_opt`). Many releases also drop
    /// the part of a microsecond in which it is sent (`tc_calc_xmittime`).
    fn burst_kib(&self) -> Option<u64> {
        const UNSAID: u64 = 1600;
        let tick = u128::from(self.bits) * 64 / 8 / 1_000_000_000;
        let near = u64::try_from(tick).unwrap_or(u64::MAX).clamp(16, 400);
        let dropped = near.max((self.bits / 8 / 1_000_000).min(UNSAID));
        let unsaid = (UNSAID.saturating_sub(dropped)..=UNSAID + near).contains(&self.burst_bytes);
        (!unsaid).then(|| unit::kibibytes(self.burst_bytes))
    }
}

#[cfg(test)]
mod tests;
