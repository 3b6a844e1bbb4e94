//! dnsmasq files. `--test` accepts a hosts file that is not there, so that is looked at here.

use crate::common::room::Room;
use crate::common::{self, text, with_extension};
use std::path::Path;

const ETC: &str = "/etc/lanwright/dnsmasq";

const TEST: &str = r#"
mkdir -p /etc/lanwright
cp -r "$1" /etc/lanwright/dnsmasq
for conf in /etc/lanwright/dnsmasq/*.conf; do
  dnsmasq --test --conf-file="$conf"
done
"#;

fn reads(tree: &Path) -> Result<(), String> {
    let folder = tree.join("dnsmasq");
    let confs = with_extension(&folder, "conf");
    for conf in &confs {
        for line in text(conf).lines() {
            let Some((option @ ("addn-hosts" | "dhcp-hostsfile"), path)) = line.split_once('=')
            else {
                continue;
            };
            let there = Path::new(path)
                .strip_prefix(ETC)
                .is_ok_and(|name| folder.join(name).is_file());
            if !there {
                return Err(format!("{}: {option}={path} is not there", conf.display()));
            }
        }
    }
    if confs.is_empty() {
        return Ok(());
    }
    Room::new(TEST).argument(&folder).run().stdout().map(drop)
}

#[test]
fn dnsmasq_reads_every_file() {
    if !common::require(&["unshare", "ip", "dnsmasq"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| reads(tree));
}
