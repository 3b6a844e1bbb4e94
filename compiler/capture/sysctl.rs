//! Reading kernel settings as `sysctl` prints them: `net.ipv4.ip_forward = 1`.

use std::collections::BTreeMap;

use crate::backend::gap::{Reading, Unread};
use crate::state::Sysctl;

/// The settings of a text, by key; of one that stands there twice, the last.
pub(super) fn read(source: &str) -> Reading<Vec<Sysctl>> {
    let (mut settings, mut unread) = (BTreeMap::new(), Vec::new());
    for (at, line) in source.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        // A device's name may hold an equals sign, but no blank.
        match line.split_once(" = ").or_else(|| line.split_once('=')) {
            Some((key, value)) => {
                let setting = setting(key.trim(), value.trim());
                settings.insert(setting.key.clone(), setting);
            }
            None => unread.push(Unread {
                line: at + 1,
                message: "this is no 'key = value'".to_owned(),
            }),
        }
    }
    Reading {
        value: settings.into_values().collect(),
        unread,
    }
}

/// A device's name may hold dots, which `sysctl` prints as slashes, though not every tool does: of
/// a key of one link, all between `conf` and the last part is the name.
fn setting(key: &str, value: &str) -> Sysctl {
    let parts: Vec<&str> = key.split('.').collect();
    let owned = |parts: &[&str]| parts.iter().map(ToString::to_string).collect();
    let (key, link) = match parts.as_slice() {
        ["net", family, "conf", device @ .., name] if !device.is_empty() => {
            let device = device.join(".").replace('/', ".");
            let link = device.parse().ok();
            (owned(&["net", family, "conf", &device, name]), link)
        }
        parts => (owned(parts), None),
    };
    Sysctl {
        key,
        value: value.to_owned(),
        link,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_in_a_device_name_stays_in_it() {
        let text = "net.ipv4.ip_forward = 0\nnet.ipv6.conf.eth0/7.accept_ra = 0\n\
            # said\nnet.ipv6.conf.eth0.7.autoconf=1\nnet.ipv4.conf.all.forwarding = 1\nprose\n\
            net.ipv4.ip_forward = 1\n";
        let read = read(text);
        let dotted = Sysctl::of_link(&"eth0.7".parse().expect("a name"), "ipv6", "accept_ra", "0");
        assert!(read.value.contains(&dotted));
        assert!(read.value.contains(&Sysctl::all("ipv4", "forwarding", "1")));
        let forward = Sysctl::global(["net", "ipv4", "ip_forward"], "1");
        assert_eq!(
            read.value.iter().filter(|s| s.key == forward.key).count(),
            1
        );
        assert!(read.value.contains(&forward));
        assert_eq!(read.unread[0].line, 6);
    }
}
