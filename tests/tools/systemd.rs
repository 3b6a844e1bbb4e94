//! Units, as systemd reads them: unknown keys, bad values, programs that are not there.

use crate::common::room::Room;
use crate::common::{self, LANWRIGHT};
use std::path::Path;

/// The units in their place, and lanwright in its own: a layer over /usr/bin that only we see.
const VERIFY: &str = r#"
mkdir -p /run/layer/upper /run/layer/work /run/systemd/system
cp "$2" /run/layer/upper/lanwright
mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=/run/layer/upper,workdir=/run/layer/work \
  /usr/bin
units=()
for file in "$1"/*; do
  cp -r "$file" /etc/systemd/system/
  case $file in
    *.service | *.timer | *.path | *.target | *.socket)
      units+=("/etc/systemd/system/${file##*/}") ;;
  esac
done
((${#units[@]}))
systemd-analyze --man=no verify "${units[@]}" 2>&1
"#;

fn verifies(tree: &Path) -> Result<(), String> {
    let folder = tree.join("systemd");
    if common::entries(&folder).is_empty() {
        return Ok(());
    }
    let told = Room::new(VERIFY)
        .argument(&folder)
        .argument(LANWRIGHT)
        .run()
        .stdout()?;
    // The host's own units may have complaints of their own; ours may not.
    let ours: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("lanwright"))
        .collect();
    if ours.is_empty() {
        Ok(())
    } else {
        Err(ours.join("\n"))
    }
}

#[test]
fn systemd_verifies_every_unit() {
    if !common::require(&["unshare", "ip", "systemd-analyze"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| verifies(tree));
}
