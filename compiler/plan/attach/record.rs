//! What an attach did to a port, so that a detach can undo exactly that.
//!
//! It lies below /run, which ends with the devices themselves.

use serde::{Deserialize, Serialize};

use crate::capture::Share;
use crate::value::{DeviceName, Mac, NetworkName, encode};

/// Where records lie.
pub const FOLDER: &str = "/run/lanwright/ports";

/// A port that was attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The port.
    pub port: DeviceName,
    /// Its number in the kernel, if it was there before: another device may get its name.
    pub index: Option<u32>,
    /// The network.
    pub network: NetworkName,
    /// The bridge.
    pub bridge: DeviceName,
    /// What was asked for.
    pub asked: Asked,
    /// The guest's share of what the bridge sends.
    pub share: Option<Share>,
    /// What was changed of the port itself, as it was before.
    pub before: Before,
}

/// What a guest's port is to have beside what its network says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The portgroup; none for the default.
    pub portgroup: Option<String>,
    /// The guest's address.
    pub mac: Option<Mac>,
    /// A VLAN in place of the network's.
    pub vlan: Option<u16>,
    /// Whether it may not talk to other such ports, whatever the network says.
    pub isolated: bool,
    /// What it can count on receiving, in kilobytes (1000 bytes) a second.
    pub floor_kbps: Option<u64>,
}

/// What is given back. `None` and `false` where nothing was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// The port's own address.
    pub mac: Option<Mac>,
    /// Its largest packet.
    pub mtu: Option<u32>,
    /// Whether it was down.
    pub down: bool,
    /// Whether its queue was replaced.
    pub queued: bool,
    /// Whether what it receives is limited.
    pub policed: bool,
    /// Whether its VLANs were replaced.
    pub tagged: bool,
}

/// A record as a file holds it.
#[derive(Serialize, Deserialize)]
struct Kept {
    port: String,
    index: Option<u32>,
    network: String,
    bridge: String,
    portgroup: Option<String>,
    mac: Option<String>,
    vlan: Option<u16>,
    isolated: bool,
    floor_kbps: Option<u64>,
    class: Option<u16>,
    before: KeptBefore,
}

#[derive(Serialize, Deserialize)]
struct KeptBefore {
    mac: Option<String>,
    mtu: Option<u32>,
    down: bool,
    queued: bool,
    policed: bool,
    tagged: bool,
}

impl Record {
    /// Its file.
    pub fn path(port: &DeviceName) -> String {
        format!("{FOLDER}/{}.json", encode::file_stem(port.as_str()))
    }

    /// The text of its file.
    pub fn print(&self) -> String {
        let mac = |mac: Option<Mac>| mac.map(|mac| mac.to_string());
        let kept = Kept {
            port: self.port.to_string(),
            index: self.index,
            network: self.network.to_string(),
            bridge: self.bridge.to_string(),
            portgroup: self.asked.portgroup.clone(),
            mac: mac(self.asked.mac),
            vlan: self.asked.vlan,
            isolated: self.asked.isolated,
            floor_kbps: self.asked.floor_kbps,
            class: self.share.map(|share| share.class),
            before: KeptBefore {
                mac: mac(self.before.mac),
                mtu: self.before.mtu,
                down: self.before.down,
                queued: self.before.queued,
                policed: self.before.policed,
                tagged: self.before.tagged,
            },
        };
        serde_json::to_string_pretty(&kept).unwrap_or_default() + "\n"
    }

    /// What a file holds; `None` if it was not written by us, or is damaged.
    pub fn parse(text: &str) -> Option<Self> {
        let kept: Kept = serde_json::from_str(text).ok()?;
        let mac = |text: Option<String>| match text {
            Some(text) => text.parse().ok().map(Some),
            None => Some(None),
        };
        let share = kept.class.zip(kept.floor_kbps);
        Some(Record {
            port: kept.port.parse().ok()?,
            index: kept.index,
            network: kept.network.parse().ok()?,
            bridge: kept.bridge.parse().ok()?,
            share: share.map(|(class, rate_kbps)| Share { class, rate_kbps }),
            asked: Asked {
                portgroup: kept.portgroup,
                mac: mac(kept.mac)?,
                vlan: kept.vlan,
                isolated: kept.isolated,
                floor_kbps: kept.floor_kbps,
            },
            before: Before {
                mac: mac(kept.before.mac)?,
                mtu: kept.before.mtu,
                down: kept.before.down,
                queued: kept.before.queued,
                policed: kept.before.policed,
                tagged: kept.before.tagged,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_parsed() {
        let record = Record {
            port: "vnet0".parse().expect("a device name"),
            index: Some(7),
            network: "lan".parse().expect("a network name"),
            bridge: "br0".parse().expect("a device name"),
            asked: Asked {
                portgroup: Some("web".to_owned()),
                mac: "52:54:00:00:00:01".parse().ok(),
                vlan: Some(7),
                isolated: true,
                floor_kbps: Some(100),
            },
            share: Some(Share {
                class: 3,
                rate_kbps: 100,
            }),
            before: Before {
                mtu: Some(1500),
                down: true,
                ..Before::default()
            },
        };
        assert_eq!(Record::parse(&record.print()), Some(record));
        assert_eq!(Record::parse("{}"), None);
    }
}
