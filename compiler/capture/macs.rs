//! Reading libvirt's `BRIDGE.macs`: which guest has which hardware addresses on a bridge.

use serde_json::Value;

use super::Guest;
use super::json::{objects, refused, stem, text};
use crate::backend::gap::Reading;
use crate::value::DeviceName;

/// The guests on the bridge that the file is named after (`virMacMapLoadFile`).
pub(super) fn read(source: &str, name: &str) -> Reading<Vec<Guest>> {
    let (objects, mut unread) = objects(source);
    let mut guests = Vec::new();
    let Ok(link) = stem(name).parse() else {
        unread.push(refused("the file is not named after a bridge".to_owned()));
        return Reading {
            value: guests,
            unread,
        };
    };
    for object in &objects {
        let Some(name) = text(object, "domain") else {
            unread.push(refused("an entry names no guest".to_owned()));
            continue;
        };
        let macs = object.get("macs").and_then(Value::as_array);
        let macs = macs.into_iter().flatten().filter_map(Value::as_str);
        guests.push(Guest {
            link: DeviceName::clone(&link),
            name: name.to_owned(),
            macs: macs.map(str::to_owned).collect(),
        });
    }
    Reading {
        value: guests,
        unread,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_read_with_their_addresses() {
        let text = r#"[{"domain": "web", "macs": ["52:54:00:00:00:01", "52:54:00:00:00:02"]},
            {"domain": "idle"}, {"macs": []}, 7]"#;
        let read = read(text, "dnsmasq/virbr0.macs");
        assert_eq!(read.value[0].link.as_str(), "virbr0");
        assert_eq!(read.value[0].macs.len(), 2);
        assert_eq!(read.value[1].name, "idle");
        assert_eq!(read.unread.len(), 2);
    }
}
