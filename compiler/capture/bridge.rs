//! Reading `bridge -j link`, `bridge -j fdb` and `bridge -j vlan`.
//!
//! Each object says by its keys which of the three it is of, so that one file may hold all.

use serde_json::Value;

use super::Bridging;
use super::json::{objects, refused, text};
use crate::backend::gap::{Reading, Unread};
use crate::state::{BridgePort, PortMac, PortTag};
use crate::value::DeviceName;

/// Everything that the listings show.
pub(super) fn read(source: &str) -> Reading<Bridging> {
    let (objects, unread) = objects(source);
    let mut reader = Reader {
        found: Bridging::default(),
        unread,
    };
    for object in &objects {
        if let Err(why) = reader.take(object) {
            reader.unread.push(why);
        }
    }
    Reading {
        value: reader.found,
        unread: reader.unread,
    }
}

struct Reader {
    found: Bridging,
    unread: Vec<Unread>,
}

impl Reader {
    fn take(&mut self, object: &Value) -> Result<(), Unread> {
        if let Some(tags) = object.get("vlans") {
            let link = named(object, "ifname")?;
            return self.tags(&link, tags);
        }
        if object.get("mac").is_some() {
            return self.mac(object);
        }
        if object.get("ifname").is_some() {
            return self.port(object);
        }
        self.older_tags(object)
    }

    /// A device without a master has settings of its own, but is no port.
    fn port(&mut self, object: &Value) -> Result<(), Unread> {
        if object.get("master").is_none() {
            return Ok(());
        }
        self.found.ports.push(BridgePort {
            link: named(object, "ifname")?,
            bridge: named(object, "master")?,
            isolated: switched(object, "isolated"),
            learning: switched(object, "learning"),
            flood: switched(object, "flood"),
            state: text(object, "state").map(str::to_owned),
        });
        Ok(())
    }

    /// What a device receives for itself (`self`) is not in a bridge's table.
    fn mac(&mut self, object: &Value) -> Result<(), Unread> {
        if object.get("master").is_none() {
            return Ok(());
        }
        let said = text(object, "mac").unwrap_or_default();
        let mac: crate::value::Mac = said
            .parse()
            .map_err(|_| refused(format!("'{said}' is no hardware address")))?;
        if mac.is_multicast() {
            return Ok(());
        }
        let vlan = object.get("vlan").and_then(Value::as_u64);
        let state = text(object, "state").unwrap_or_default();
        self.found.macs.push(PortMac {
            link: named(object, "ifname")?,
            bridge: named(object, "master")?,
            mac,
            vlan: vlan.and_then(|tag| u16::try_from(tag).ok()),
            learnt: !matches!(state, "permanent" | "static"),
        });
        Ok(())
    }

    /// Before iproute2 4.19 each device is a key: `{"br0": [{"vlan": 1, "flags": […]}]}`.
    fn older_tags(&mut self, object: &Value) -> Result<(), Unread> {
        let devices = object.as_object().into_iter().flatten();
        for (name, tags) in devices {
            let link = device(name)?;
            self.tags(&link, tags)?;
        }
        Ok(())
    }

    fn tags(&mut self, link: &DeviceName, tags: &Value) -> Result<(), Unread> {
        let strange = || refused(format!("the VLAN tags of '{link}' are not understood"));
        for tag in tags.as_array().ok_or_else(strange)? {
            let number = |key: &str| tag.get(key)?.as_u64()?.try_into().ok();
            let first = number("vlan").ok_or_else(strange)?;
            let flags = tag.get("flags").and_then(Value::as_array);
            let flagged = |flag: &str| flags.is_some_and(|all| all.iter().any(|one| one == flag));
            self.found.tags.push(PortTag {
                link: link.clone(),
                first,
                last: number("vlanEnd").unwrap_or(first),
                pvid: flagged("PVID"),
                untagged: flagged("Egress Untagged"),
            });
        }
        Ok(())
    }
}

fn named(object: &Value, key: &str) -> Result<DeviceName, Unread> {
    device(text(object, key).unwrap_or_default())
}

fn device(name: &str) -> Result<DeviceName, Unread> {
    let read = name.parse();
    read.map_err(|why| refused(format!("the link '{name}' is left out: {why}")))
}

/// A setting; before iproute2 4.19 it is `on` or `off`.
fn switched(object: &Value, key: &str) -> Option<bool> {
    match object.get(key)? {
        Value::Bool(on) => Some(*on),
        Value::String(word) => Some(word == "on"),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DeviceName {
        text.parse().expect("a name")
    }

    #[test]
    fn ports_are_read_with_their_settings() {
        let text = r#"[{"ifindex":4,"link":"v1","ifname":"v0","flags":["UP"],"mtu":1500,
            "master":"br0","state":"disabled","priority":32,"cost":2,"hairpin":false,
            "learning":false,"flood":false,"mcast_flood":true,"isolated":true,"locked":false},
            {"ifname":"tap0","master":"br0","learning":"on","flood":"off"},
            {"ifname":"vxlan0","state":"forwarding"}]"#;
        let found = read(text).complete().expect("all is read");
        let [veth, tap] = found.ports.as_slice() else {
            unreachable!("two devices have a master");
        };
        assert_eq!(veth.isolated, Some(true));
        assert_eq!(veth.learning, Some(false));
        assert_eq!(veth.state.as_deref(), Some("disabled"));
        assert_eq!(tap.isolated, None);
        assert_eq!((tap.learning, tap.flood), (Some(true), Some(false)));
    }

    #[test]
    fn groups_and_the_own_addresses_of_devices_are_no_entries() {
        let text = r#"[{"mac":"33:33:00:00:00:01","ifname":"br0","flags":["self"],
            "state":"permanent"},
            {"mac":"e2:84:16:8e:ed:61","ifname":"v0","flags":[],"master":"br0",
            "state":"permanent"},
            {"mac":"52:54:00:00:00:01","ifname":"v0","master":"br0","vlan":7,"state":""},
            {"mac":"nonsense","ifname":"v0","master":"br0"}]"#;
        let read = read(text);
        let learnt: Vec<bool> = read.value.macs.iter().map(|mac| mac.learnt).collect();
        assert_eq!(learnt, [false, true]);
        assert_eq!(read.value.macs[1].vlan, Some(7));
        assert_eq!(read.unread.len(), 1);
    }

    #[test]
    fn tags_are_read_in_both_spellings() {
        let text = r#"[{"ifname":"v0","vlans":[{"vlan":1,"flags":["PVID","Egress Untagged"]},
            {"vlan":10,"vlanEnd":20}]}]
            {"br0":[{"vlan":1,"flags":["PVID"]}]}"#;
        let tags = read(text).complete().expect("all is read").tags;
        assert_eq!(tags[1].last, 20);
        assert!(tags[0].pvid && tags[0].untagged && !tags[1].untagged);
        assert_eq!((&tags[2].link, tags[2].pvid), (&name("br0"), true));
    }
}
