//! The rig itself: a room is private, ends in time, and tells what happened in it.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use common::room::Room;

#[test]
fn a_room_has_its_own_network_and_processes() {
    if !common::require(&["unshare", "ip"]) {
        return;
    }
    let links = Room::new("echo $$; ip -o link | wc -l; ls /sys/class/net")
        .run()
        .stdout();
    assert_eq!(links.unwrap(), "1\n1\nlo\n");
}

#[test]
fn a_room_leaves_nothing_behind() {
    if !common::require(&["unshare", "ip"]) {
        return;
    }
    let script = r#"
        for folder in /etc /run /var/lib; do touch "$folder/$1"; done
        sleep 1000 &
        ip link add "$1" type bridge
        sysctl -qw net.ipv4.ip_forward=1
    "#;
    let name = "lanwright-room";
    Room::new(script).argument(name).run().stdout().unwrap();
    for folder in ["/etc", "/run", "/var/lib", "/sys/class/net"] {
        assert!(
            !std::path::Path::new(folder).join(name).exists(),
            "left in {folder}"
        );
    }
}

#[test]
fn a_room_is_closed_when_its_time_is_over() {
    if !common::require(&["unshare", "ip"]) {
        return;
    }
    let start = std::time::Instant::now();
    let outcome = Room::new("echo before; sleep 100 & sleep 100")
        .limit_seconds(1)
        .run();
    assert!(!outcome.success());
    assert!(
        outcome.told().starts_with("not done after 1s\nbefore\n"),
        "{}",
        outcome.told()
    );
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn a_failed_command_ends_the_script() {
    if !common::require(&["unshare", "ip"]) {
        return;
    }
    let outcome = Room::new("echo one; echo no >&2; false; echo two").run();
    assert_eq!(outcome.told(), "exit 1\none\nno\n");
}
