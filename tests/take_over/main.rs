//! Do guests notice when a network that libvirt runs is taken over, and when it is given back?
//!
//! A guest pings through the bridge all the time, and asks for its address again. In `left.sh`
//! libvirt's part is made by hand; in `libvirtd.sh` a real libvirtd plays it, with
//! `LANWRIGHT_FULL=1` and where it is installed.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../common/mod.rs"]
mod common;

use common::room::{Room, script};
use std::fs;

const TOOLS: &[&str] = &[
    "unshare",
    "ip",
    "nft",
    "iptables-nft-restore",
    "iptables-nft-save",
    "dnsmasq",
    "busybox",
    "ping",
    "pgrep",
    "sysctl",
];

/// Compares what a script said, line by line.
fn assert_said(got: &str, expected: &str) {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (got, expected) = (lines(got), lines(expected));
    let difference = common::difference(&expected, &got);
    assert!(got == expected, "expected - and got +:\n{difference}");
}

/// What `standing` says when the guest is where it was.
fn standing(when: &str, dnsmasq: &str, files: &str) -> String {
    format!(
        "{when} bridge 52:54:00:67:39:f1\n{when} guest on virbr0\n{when} dnsmasq \
         {dnsmasq}/dnsmasq/default.conf\n{when} status {files}\n{when} autostart {files}\n"
    )
}

/// Takes over what libvirt's `backend` ruled with the layout, and gives it back; `rules` is how
/// many rules or tables there are in each layout before, between and after.
fn left(backend: &str, layout: &str, rules: [[u8; 3]; 3]) {
    if !common::require(TOOLS) {
        return;
    }
    let tree = common::compile(
        &[common::project().join("corpus/default.xml")],
        &["--layout".to_owned(), "libvirt".to_owned()],
    );
    let tree = tree.unwrap();
    let room = Room::new(&(script("take_over/world.sh") + &script("take_over/left.sh")));
    let room = room.argument(common::LANWRIGHT).argument(&tree);
    let room = room.argument(backend).argument(layout).limit_seconds(120);
    let said = room.run().stdout().unwrap();
    fs::remove_dir_all(tree).unwrap();
    let [before, taken, back] = rules.map(|[iptables, libvirt, lanwright]| {
        move |when: &str| {
            format!(
                "{when} iptables {iptables}\n{when} libvirt {libvirt}\n{when} lanwright \
                 {lanwright}\n"
            )
        }
    });
    let libvirts = |when: &str| standing(when, "/var/lib/libvirt", "there");
    let expected = [
        libvirts("before"),
        before("before"),
        "plainly exit 2\nthe network 'default' on 'virbr0' was left by libvirtd\n1\n".to_owned(),
        "plan exit 1\ntaken exit 0\ntaken lost 0\n".to_owned(),
        standing("taken", "/run/lanwright", "gone"),
        taken("taken"),
        "the lease stays\nnothing to do: 'default' is as it should be\n".to_owned(),
        "back exit 0\nback lost 0\n".to_owned(),
        libvirts("back"),
        back("back"),
        "the lease stays\n1\n".to_owned(),
    ];
    assert_said(&said, &expected.concat());
}

#[test]
fn rules_of_iptables_are_replaced_by_ours() {
    left("iptables", "lanwright", [[19, 0, 0], [0, 0, 1], [19, 0, 0]]);
}

#[test]
fn rules_of_iptables_stay() {
    left("iptables", "iptables", [[19, 0, 0], [19, 0, 0], [19, 0, 0]]);
}

#[test]
fn rules_of_nft_stay() {
    left(
        "nftables",
        "libvirt-nftables",
        [[0, 2, 0], [0, 2, 0], [0, 2, 0]],
    );
}

#[test]
fn rules_of_nft_are_replaced_by_ours() {
    left("nftables", "lanwright", [[0, 2, 0], [0, 0, 1], [0, 2, 0]]);
}

/// The same with a real libvirtd, which is started anew after both.
fn libvirtd(backend: &str, layout: &str) {
    if std::env::var_os("LANWRIGHT_FULL").is_none_or(|value| value != "1") {
        return common::skipped("a real libvirtd: LANWRIGHT_FULL=1 is not set");
    }
    if !common::require(&[TOOLS, &["libvirtd", "virsh", "awk"]].concat()) {
        return;
    }
    let room = Room::new(&(script("take_over/world.sh") + &script("take_over/libvirtd.sh")));
    let room = room.argument(common::LANWRIGHT).argument(backend);
    let room = room.argument(layout).limit_seconds(180);
    let said = room.run().stdout().unwrap();
    let libvirts = |when: &str| standing(when, "/var/lib/libvirt", "there");
    let ours = |when: &str| standing(when, "/run/lanwright", "gone");
    let expected = [
        libvirts("before"),
        "plainly exit 2\nlibvirtd runs the network 'default' on 'virbr0'\n".to_owned(),
        "taken exit 0\ntaken lost 0\n".to_owned(),
        ours("taken"),
        "the lease stays\nstarted exit 0\nstarted lost 0\n".to_owned(),
        "libvirt says default inactive\n".to_owned(),
        ours("started"),
        "nothing to do: 'default' is as it should be\nback exit 0\nback lost 0\n".to_owned(),
        libvirts("back"),
        "libvirt says default active\n".to_owned(),
        libvirts("restarted"),
        "the lease stays\n".to_owned(),
    ];
    assert_said(&said, &expected.concat());
}

#[test]
fn a_real_libvirtd_forgets_a_network_with_rules_of_iptables() {
    libvirtd("iptables", "lanwright");
}

#[test]
fn a_real_libvirtd_forgets_a_network_with_rules_of_nft() {
    libvirtd("nftables", "libvirt-nftables");
}
