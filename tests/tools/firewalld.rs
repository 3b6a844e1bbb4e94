//! Zones and policies, as firewalld's own checker reads them; no daemon is needed.

use crate::common::room::Room;
use crate::common::{self, entries};
use std::path::Path;

/// The tree's folder over the host's own configuration. A file in no folder of firewalld's is
/// one that it would never read.
const CHECK: &str = r#"
mkdir -p /etc/firewalld
cp -r "$1"/. /etc/firewalld/
for file in "$1"/*; do
  case ${file##*/} in
    zones | policies | services | README*) ;;
    *) echo "$file is in no folder of firewalld's" >&2; exit 1 ;;
  esac
done
firewall-offline-cmd --check-config >&2
"#;

fn checks(tree: &Path) -> Result<(), String> {
    let folder = tree.join("firewalld");
    if entries(&folder).is_empty() {
        return Ok(());
    }
    Room::new(CHECK).argument(&folder).run().stdout().map(drop)
}

#[test]
fn firewalld_reads_every_zone() {
    if !common::require(&["unshare", "ip", "firewall-offline-cmd"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| checks(tree));
}
