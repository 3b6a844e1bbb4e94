//! Reading `ip -j -d link`.

use serde_json::Value;

use super::json::{objects, refused, text};
use crate::backend::gap::{Reading, Unread};
use crate::state::{BridgeSettings, Device, DeviceKind};

/// The devices that the listing shows, in its order.
pub(super) fn read(source: &str) -> Reading<Vec<Device>> {
    let (objects, mut unread) = objects(source);
    let mut devices = Vec::new();
    for object in &objects {
        match device(object) {
            Ok(device) => devices.push(device),
            Err(why) => unread.push(why),
        }
    }
    Reading {
        value: devices,
        unread,
    }
}

fn device(object: &Value) -> Result<Device, Unread> {
    let said = text(object, "ifname").ok_or_else(|| refused("a link without a name".to_owned()))?;
    let name = said.parse();
    let name = name.map_err(|why| refused(format!("the link '{said}' is left out: {why}")))?;
    let flags = object.get("flags").and_then(Value::as_array);
    let number = |key: &str| object.get(key)?.as_u64()?.try_into().ok();
    Ok(Device {
        name,
        index: number("ifindex"),
        up: flags.is_some_and(|flags| flags.iter().any(|flag| flag == "UP")),
        mac: text(object, "address").and_then(|mac| mac.parse().ok()),
        mtu: number("mtu"),
        master: text(object, "master").and_then(|master| master.parse().ok()),
        kind: kind(object.get("linkinfo")),
    })
}

fn kind(info: Option<&Value>) -> DeviceKind {
    let word = info.and_then(|info| text(info, "info_kind"));
    match word.unwrap_or_default() {
        "bridge" => {
            let data = info.and_then(|info| info.get("info_data"));
            DeviceKind::Bridge(data.and_then(settings))
        }
        other => DeviceKind::Other(other.to_owned()),
    }
}

/// `None` if the listing was made without `-d`.
fn settings(data: &Value) -> Option<BridgeSettings> {
    let number = |key: &str| data.get(key)?.as_u64();
    Some(BridgeSettings {
        stp: number("stp_state")? != 0,
        forward_delay_centiseconds: number("forward_delay")?,
        vlan_filtering: number("vlan_filtering").unwrap_or(0) != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_is_read_with_what_the_kernel_holds() {
        let text = r#"[{"ifindex":2,"ifname":"virbr0","flags":["BROADCAST","UP"],"mtu":1500,
            "address":"52:54:00:0a:0b:0c","linkinfo":{"info_kind":"bridge","info_data":
            {"forward_delay":150,"stp_state":1,"vlan_filtering":0}}},
            {"ifname":"tap0","flags":[],"master":"virbr0","mtu":1400},
            {"ifname":"a;b","flags":[]}]"#;
        let read = read(text);
        let [bridge, tap] = read.value.as_slice() else {
            unreachable!("two devices have a name that is one");
        };
        assert!(bridge.up && !tap.up);
        let settings = bridge.bridge().expect("it is a bridge");
        assert_eq!(settings.forward_delay_centiseconds, 150);
        assert_eq!(tap.master.as_ref(), Some(&bridge.name));
        assert_eq!(read.unread.len(), 1);
    }

    #[test]
    fn broken_json_is_named_by_its_line() {
        let read = read("[{\"ifname\":\"a\"}]\n[{");
        assert_eq!(read.value.len(), 1);
        assert_eq!(read.unread[0].line, 2);
    }
}
