//! systemd-networkd makes the bridges. There is no checker for its files but itself: it starts
//! whatever they hold, and says in its log what it did not understand.

use crate::common::room::Room;
use crate::common::{self, entries, text, with_extension};
use crate::kernel::lacking;
use std::fs;
use std::path::{Path, PathBuf};

/// Starts networkd on the folder `$1` and waits for the devices and addresses that follow, as
/// `name` or `name,address`. Its log is the output.
const NETWORKD: &str = r#"
mkdir -p /run/systemd/network /run/systemd/system /run/systemd/netif/links \
  /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network:systemd-network /run/systemd/netif
rm -rf /etc/systemd/network
cp -r "$1" /etc/systemd/network
chmod -R a+rX /etc/systemd/network
shift
SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=info SYSTEMD_LOG_COLOR=0 \
  /lib/systemd/systemd-networkd >/run/log 2>&1 &
missing=
for _ in {1..80}; do
  missing=
  for wanted; do
    device=${wanted%%,*} address=
    [[ $wanted == *,* ]] && address=" ${wanted#*,} "
    have=$(ip -o address show dev "$device" 2>&1; ip -o link show dev "$device" 2>&1) || have=
    [[ -n $have && $have == *"$address"* ]] || missing+=" $wanted"
  done
  [[ -z $missing ]] && break
  sleep 0.1
done
cat /run/log
if [[ -n $missing ]]; then
  echo "networkd did not make:$missing" >&2
  ip address >&2
  exit 1
fi
"#;

/// The values of `key=` in the sections named `section` of a file.
fn values(text: &str, section: &str, key: &str) -> Vec<String> {
    let mut inside = false;
    let mut values = Vec::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            inside = name == section;
        } else if let Some((name, value)) = line.split_once('=')
            && inside
            && name == key
        {
            values.push(value.to_owned());
        }
    }
    values
}

/// What networkd cannot do on a kernel that lacks the word after it. Without the qdisc it leaves
/// the whole bridge down, and without VLAN filtering it does not make it.
const NEEDS: &[(&str, &str)] = &[
    ("[StochasticFairnessQueueing]", "sfq"),
    ("[HierarchyTokenBucket]", "htb"),
    ("VLANFiltering=yes", "vlan_filtering 1"),
];

/// Copies a folder, but for sections and lines that this kernel cannot serve.
fn copy_what_can_be(from: &Path, to: &Path, name: &str) {
    fs::create_dir_all(to).expect("the folder is ours");
    for path in entries(from) {
        let to = to.join(common::file_name(&path));
        if path.is_dir() {
            copy_what_can_be(&path, &to, name);
            continue;
        }
        let mut text = text(&path);
        for (words, feature) in NEEDS {
            if text.contains(words) && lacking().contains(feature) {
                common::skipped(&format!("{name}: this kernel lacks {feature:?}: {words}"));
                text = if words.starts_with('[') {
                    String::new()
                } else {
                    text.replace(words, "")
                };
            }
        }
        if !text.is_empty() {
            fs::write(to, text).expect("the folder is ours");
        }
    }
}

fn makes(name: &str, tree: &Path) -> Result<(), String> {
    if entries(&tree.join("networkd")).is_empty() {
        return Ok(());
    }
    let folder: PathBuf = common::scratch();
    copy_what_can_be(&tree.join("networkd"), &folder, name);
    let mut made = Vec::new();
    for file in with_extension(&folder, "netdev") {
        let text = text(&file);
        let kinds = values(&text, "NetDev", "Kind");
        if kinds.iter().any(|kind| kind != "bridge") {
            common::skipped(&format!("{kinds:?} of {}: bridges only", file.display()));
            continue;
        }
        made.extend(values(&text, "NetDev", "Name"));
    }
    let mut wanted = made.clone();
    for file in with_extension(&folder, "network") {
        let text = text(&file);
        for device in values(&text, "Match", "Name")
            .iter()
            .filter(|name| made.contains(name))
        {
            for section in ["Network", "Address"] {
                let addresses = values(&text, section, "Address");
                wanted.extend(
                    addresses
                        .iter()
                        .map(|address| format!("{device},{address}")),
                );
            }
        }
    }
    let mut room = Room::new(NETWORKD).argument(&folder).limit_seconds(60);
    for wanted in wanted {
        room = room.argument(wanted);
    }
    let log = room.run().stdout()?;
    let complaints = [
        "Unknown",
        "ignoring",
        "Failed to parse",
        "Invalid",
        "invalid",
    ];
    fs::remove_dir_all(&folder).expect("the folder is ours");
    let told: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("/network/"))
        .filter(|line| complaints.iter().any(|complaint| line.contains(complaint)))
        .collect();
    if told.is_empty() {
        Ok(())
    } else {
        Err(told.join("\n"))
    }
}

#[test]
fn networkd_makes_every_bridge_and_knows_every_key() {
    if !common::require(&["unshare", "ip", "systemd-networkd"]) {
        return;
    }
    common::for_each_tree(common::sampled(common::corpus()), |case, tree| {
        makes(&case.name, tree)
    });
}
