//! Recipes of guests' ports on Linux bridges, filled in with `sed` and run: with a tap, and with a
//! veth as the header says.

use crate::common::room::Room;
use crate::common::{self, text, with_extension};
use crate::kernel::lacking;
use std::path::Path;

/// Runs the recipe `$1` on the bridge `$2`, which it expects to be there.
const RUN: &str = r#"
ip link add "$2" type bridge
ip link set dev "$2" up
ip link add veth0 type veth peer name guest0
fill() {
  sed -e "s/@PORT@/$1/g" -e 's/@TAP_MAC@/fe:54:00:00:00:01/g' \
    -e 's/@GUEST_MAC@/52:54:00:00:00:01/g' "$2"
}
fill tap0 "$1" | sh -eu >&2
ip -o link show dev tap0 | grep -q "master $2"
ip link delete tap0
fill veth0 "$1" | grep -v -e tuntap -e fe:54 | sh -eu >&2
ip -o link show dev veth0 | grep -q "master $2"
"#;

fn runs(name: &str, tree: &Path) -> Result<(), String> {
    for file in with_extension(&tree.join("guest-ports"), "batch") {
        let recipe = text(&file);
        let mut lines = recipe.lines();
        let Some(bridge) =
            lines.find_map(|line| line.strip_prefix("ip link set dev @PORT@ master "))
        else {
            continue;
        };
        let lacks = |line: &str| {
            let words = lacking().iter().find(|word| line.contains(**word));
            let vlan = line.starts_with("bridge vlan") && lacking().contains(&"vlan_filtering 1");
            words.is_some() || vlan
        };
        if let Some(line) = recipe
            .lines()
            .find(|line| !line.starts_with('#') && lacks(line))
        {
            common::skipped(&format!(
                "{name}: this kernel lacks what this needs: {line}"
            ));
            continue;
        }
        let room = Room::new(RUN)
            .argument(&file)
            .argument(bridge.trim_matches('\''));
        let told = room.run().stdout();
        told.map_err(|why| format!("{}: {why}", file.display()))?;
    }
    Ok(())
}

#[test]
fn recipes_make_ports() {
    if !common::require(&["unshare", "ip", "bridge", "tc", "sed"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |case, tree| runs(&case.name, tree));
}
