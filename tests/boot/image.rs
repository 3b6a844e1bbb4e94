//! What `boot` and `apply` write into the tree of an image, where nothing starts.

use super::common::{self, LANWRIGHT, entries};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const NETWORK: &str = "<network><name>lan</name><forward mode='nat'/>\
    <ip address='192.0.2.1' netmask='255.255.255.0'>\
    <dhcp><range start='192.0.2.10' end='192.0.2.99'/></dhcp></ip></network>";

fn lanwright(arguments: &[&str]) -> Output {
    let mut command = Command::new(LANWRIGHT);
    command
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn stdout(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every file and link below a folder.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() && !path.is_symlink() {
            found.extend(all(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_enable_writes_disable_removes() {
    let root = common::scratch();
    let at = root.to_str().expect("a plain path");
    let first = stdout(&lanwright(&["boot", "enable", "--root", at]));
    assert_eq!(first.lines().count(), all(&root).len());
    let units = root.join("etc/systemd/system");
    let link = units.join("multi-user.target.wants/lanwright-boot.service");
    assert!(link.is_symlink() && link.exists(), "{first}");
    let second = stdout(&lanwright(&["boot", "enable", "--root", at]));
    assert_eq!(second, "enabled already: nothing was changed\n");
    let status = stdout(&lanwright(&["boot", "status", "--root", at]));
    assert!(status.starts_with("enabled\n"), "{status}");

    fs::write(units.join("others.service"), "[Unit]\n").expect("it can be written");
    stdout(&lanwright(&["boot", "disable", "--root", at]));
    assert_eq!(all(&root), [units.join("others.service")]);
    let status = lanwright(&["boot", "status", "--root", at]);
    assert_eq!(status.status.code(), Some(1));
    let again = stdout(&lanwright(&["boot", "disable", "--root", at]));
    assert_eq!(again, "not enabled: nothing was changed\n");
    fs::remove_dir_all(root).expect("the folder is ours");
}

#[test]
fn a_unit_that_is_missing_is_named_and_mended() {
    let root = common::scratch();
    let at = root.to_str().expect("a plain path");
    stdout(&lanwright(&["boot", "enable", "--root", at]));
    let timer = "/etc/systemd/system/lanwright-watch.timer";
    fs::remove_file(root.join(&timer[1..])).expect("it is there");
    let status = lanwright(&["boot", "status", "--root", at]);
    let told = String::from_utf8_lossy(&status.stdout).into_owned();
    assert_eq!(status.status.code(), Some(1));
    assert!(told.contains(&format!("missing: {timer}\n")), "{told}");
    let mended = stdout(&lanwright(&["boot", "enable", "--root", at]));
    assert_eq!(mended, format!("wrote {timer}\n"));
    fs::remove_dir_all(root).expect("the folder is ours");
}

#[test]
fn a_unit_of_a_compiled_tree_is_left_alone() {
    let root = common::scratch();
    let at = root.to_str().expect("a plain path");
    let unit = root.join("etc/systemd/system/lanwright-dnsmasq@.service");
    fs::create_dir_all(unit.parent().expect("a folder")).expect("it can be made");
    let text = "ExecStart=dnsmasq --conf-file=/etc/lanwright/dnsmasq/%I.conf\n";
    fs::write(&unit, text).expect("it can be written");
    let enabled = lanwright(&["boot", "enable", "--root", at]);
    assert_eq!(enabled.status.code(), Some(2));
    stdout(&lanwright(&["boot", "disable", "--root", at]));
    assert_eq!(all(&root), [unit]);
    fs::remove_dir_all(root).expect("the folder is ours");
}

#[test]
fn an_image_gets_its_networks_and_nothing_else() {
    let root = common::scratch();
    let at = root.to_str().expect("a plain path");
    let networks = root.join("etc/lanwright/networks");
    fs::create_dir_all(&networks).expect("it can be made");
    fs::write(networks.join("lan.xml"), NETWORK).expect("it can be written");
    let told = stdout(&lanwright(&["apply", "--root", at]));
    assert!(told.starts_with("1 network kept as state 1 in "), "{told}");
    let home = root.join("var/lib/lanwright");
    for file in ["current", "last-good"] {
        assert_eq!(common::text(&home.join(file)), "1\n");
    }
    let kept = all(&home.join("networks"));
    assert_eq!(kept.len(), 1);
    // The first free name of the image, whatever this machine has.
    assert!(common::text(&kept[0]).contains("name='virbr0'"));
    let status = lanwright(&["boot", "status", "--root", at]);
    let told = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(told.contains("comes up: state 1: lan\n"), "{told}");
    let outside = all(&root)
        .into_iter()
        .filter(|path| !path.starts_with(&home) && !path.starts_with(&networks));
    assert_eq!(outside.count(), 0);

    let half = lanwright(&["apply", "--root", at, "--firewall", "iptables"]);
    assert_eq!(half.status.code(), Some(2));
    fs::remove_dir_all(root).expect("the folder is ours");
}

#[test]
fn an_image_that_leads_out_of_itself_is_refused() {
    let (root, elsewhere) = (common::scratch(), common::scratch());
    std::os::unix::fs::symlink(&elsewhere, root.join("etc")).expect("it can be made");
    let at = root.to_str().expect("a plain path");
    let enabled = lanwright(&["boot", "enable", "--root", at]);
    assert_eq!(enabled.status.code(), Some(2));
    assert!(entries(&elsewhere).is_empty());
    fs::remove_dir_all(root).expect("the folder is ours");
    fs::remove_dir_all(elsewhere).expect("the folder is ours");
}
