//! Batches for ip, bridge and tc, and the sysctls, loaded one after the other.
//!
//! Devices a network expects to find (uplinks, taps) are stood in for. What this kernel lacks is
//! found by trying it, and a line that needs it is left out and named, never silently passed.

use crate::common::room::Room;
use crate::common::{self, text, with_extension};
use crate::kernel::lacking;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Stands in for the devices `$4`, then loads the batches in the folder `$1` whose names are in
/// `$2`, as `tool:name` lines, and the sysctl file `$3`, each of whose values is read again.
const LOAD: &str = r#"
number=0
for device in $4; do
  ip link add "$device" type veth peer name "peer$((++number))"
done
while IFS=: read -r tool name; do
  "$tool" -batch "$1/$name" </dev/null >&2
done <<<"$2"
[[ -e $3 ]] || exit 0
sysctl -p "$3" >&2
while IFS='=' read -r key value; do
  key=${key%"${key##*[![:space:]]}"} value=${value#"${value%%[![:space:]]*}"}
  [[ -z $key || $key == [#\;-]* ]] && continue
  [[ $(sysctl -n "$key") == "$value" ]] || { echo "$key is not $value" >&2; exit 1; }
done <"$3"
"#;

/// The batches that hang on the bridges, after those of the networks, which make them.
const LATER: &[(&str, &str)] = &[("bridge", "ip"), ("tc", "tc"), ("checksum", "tc")];

/// The batches of a tree with their tools, in the order they are loaded.
fn batches(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let is_later = |path: &Path| {
        LATER
            .iter()
            .any(|(name, _)| path.ends_with(format!("{name}.batch")))
    };
    let (later, networks): (Vec<PathBuf>, Vec<PathBuf>) = with_extension(folder, "batch")
        .into_iter()
        .partition(|path| is_later(path));
    let mut batches: Vec<(&str, PathBuf)> = networks.into_iter().map(|path| ("ip", path)).collect();
    for (name, tool) in LATER {
        let path = folder.join(format!("{name}.batch"));
        if later.contains(&path) {
            batches.push((tool, path));
        }
    }
    batches
}

/// The devices that the lines name but do not make.
fn expected_devices(lines: &[String]) -> BTreeSet<String> {
    let mut made = BTreeSet::from(["lo".to_owned()]);
    let mut named = BTreeSet::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["link", "add", "name" | "dev", device, ..] => made.insert((*device).to_owned()),
            ["link", "add", device, ..] if *device != "link" => made.insert((*device).to_owned()),
            ["link", "set", device, ..] if *device != "dev" => named.insert((*device).to_owned()),
            _ => false,
        };
        for pair in words.windows(2) {
            if let ["dev" | "name", device] = pair {
                named.insert((*device).to_owned());
            }
        }
    }
    &named - &made
}

fn loads(name: &str, tree: &Path) -> Result<(), String> {
    let kept = common::scratch();
    let mut order = Vec::new();
    let mut all = Vec::new();
    for (tool, path) in batches(&tree.join("iproute2")) {
        let (kept_lines, left_out): (Vec<String>, Vec<String>) =
            text(&path).lines().map(str::to_owned).partition(|line| {
                line.starts_with('#') || !lacking().iter().any(|word| line.contains(word))
            });
        if let Some(first) = left_out.first() {
            let words: Vec<&&str> = lacking()
                .iter()
                .filter(|word| first.contains(**word))
                .collect();
            common::skipped(&format!("{name}: this kernel lacks {words:?}: {first}"));
            // The rest of the file hangs on a link or a root that was left out.
            let words = ["link add", " root ", " ingress", " clsact"];
            if left_out
                .iter()
                .any(|line| words.iter().any(|word| line.contains(word)))
            {
                continue;
            }
        }
        let file = common::file_name(&path);
        fs::write(kept.join(&file), kept_lines.join("\n") + "\n").expect("the folder is ours");
        order.push(format!("{tool}:{file}"));
        all.extend(kept_lines);
    }
    if order.is_empty() {
        return Ok(());
    }
    let devices: Vec<String> = expected_devices(&all).into_iter().collect();
    let room = Room::new(LOAD)
        .argument(&kept)
        .argument(order.join("\n"))
        .argument(tree.join("sysctl/60-lanwright.conf"))
        .argument(devices.join(" "));
    room.run().stdout()?;
    fs::remove_dir_all(kept).expect("the folder is ours");
    Ok(())
}

#[test]
fn batches_and_sysctls_load() {
    if !common::require(&["unshare", "ip", "bridge", "tc", "sysctl"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |case, tree| loads(&case.name, tree));
}

#[test]
fn devices_that_are_not_made_are_stood_in_for() {
    let lines = [
        "link add br0 type bridge",
        "link set eno1 master br0",
        "address add 192.0.2.1/24 dev br0",
        "link set dev eno2 up",
        "route add 198.51.100.0/24 via 192.0.2.2 dev br0",
    ]
    .map(str::to_owned);
    let devices: Vec<String> = expected_devices(&lines).into_iter().collect();
    assert_eq!(devices, ["eno1", "eno2"]);
}
