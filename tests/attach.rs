//! `attach` and `detach` with guests behind veths and with taps, and what `status`, `leases`,
//! `audit`, `recover` and `doctor` tell of a host with applied networks.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use common::room::{Room, script};
use std::path::Path;

/// Runs a script after the networks are up.
fn with_networks(then: &str) {
    let tools = [
        "unshare", "ip", "bridge", "tc", "nft", "dnsmasq", "busybox", "jq",
    ];
    if !common::require(&tools) {
        return;
    }
    let whole = format!("{}\n{then}", script("attach/networks.sh"));
    let outcome = Room::new(&whole)
        .argument(common::LANWRIGHT)
        .limit_seconds(120)
        .run();
    let said = outcome.told();
    for line in said.lines().filter(|line| line.starts_with("lacks:")) {
        common::skipped(line);
    }
    assert!(outcome.success(), "{said}");
}

#[test]
fn a_guest_gets_its_lease_once_its_device_is_attached() {
    with_networks(
        r#"
        guest one vnet0
        ip link set vnet0 up
        ! lease one 2
        ends 0 "vnet0 is a port of network 'default'" "$lanwright" attach vnet0 default
        lease one 8
        ends 0 "nothing to do: vnet0" "$lanwright" attach vnet0 default
        ends 0 'nothing to do' "$lanwright" apply default.xml apart.xml known.xml
        ends 0 "vnet0 left network 'default'" "$lanwright" detach vnet0
        ! lease one 2
        ends 0 'nothing to do: vnet0' "$lanwright" detach vnet0
        test -z "$(ls /run/lanwright/ports)"
        "#,
    );
}

#[test]
fn isolated_guests_reach_the_host_and_not_each_other() {
    with_networks(
        r#"
        for each in 1 2; do
          guest "g$each" "vnet$each"
          ip -n "g$each" address add "192.0.2.5$each/24" dev lan
          lan attach "vnet$each" apart
          test "$(bridge -j -d link show dev "vnet$each" | jq '.[0].isolated')" = true
        done
        reaches() { ip netns exec "$1" busybox ping -c 1 -W 2 "$2"; }
        reaches g1 192.0.2.1
        reaches g2 192.0.2.1
        ! reaches g1 192.0.2.52
        # In another network they can, once there; and they move in one step.
        for each in 1 2; do
          ends 0 "leaves network 'apart' for 'default'" "$lanwright" attach "vnet$each" default
        done
        ip netns exec g1 busybox ping -c 3 -W 2 192.0.2.52
        "#,
    );
}

#[test]
fn a_tap_gets_everything_and_gives_it_all_back() {
    with_networks(
        r#"
        ip tuntap add dev tap0 mode tap
        # Only a device that was up once has a queue.
        ip link set tap0 up
        ip link set tap0 down
        shown() { ip -d link show tap0; tc qdisc show dev tap0; tc class show dev virbr0; }
        shown > before
        guest_mac=52:54:00:12:34:56
        lan attach tap0 known --mac "$guest_mac"
        bridge fdb show dev tap0 | grep "$guest_mac master virbr2 static"
        ip link show tap0 | grep fe:54:00:12:34:56
        settings=$(bridge -j -d link show dev tap0)
        test "$(jq -c '.[0] | [.learning, .flood]' <<< "$settings")" = '[false,false]'
        tc qdisc show dev tap0 | grep 'qdisc noqueue'
        ends 0 'nothing to do' "$lanwright" attach tap0 known --mac "$guest_mac"
        lan attach tap0 apart
        ip link show tap0 | grep 'mtu 1400'
        ! bridge fdb show dev tap0 | grep "$guest_mac"
        lan attach tap0 default --portgroup slow --mac "$guest_mac" --floor 300
        tc class show dev tap0 | grep 'rate 800Kbit'
        tc class show dev virbr0 | grep '1:3 parent 1:1.*rate 2400Kbit ceil 40Mbit'
        tc class show dev virbr0 | grep '1:2 parent 1:1.*rate 37600Kbit ceil 40Mbit'
        # A share survives a new apply, also one that changes the rate that it is a share of.
        ends 0 'nothing to do' "$lanwright" apply default.xml
        sed -i "s/peak='5000'/peak='6000'/" default.xml
        ends 0 'set rate limits' "$lanwright" apply default.xml
        tc class show dev virbr0 | grep '1:3 parent 1:1.*rate 2400Kbit ceil 48Mbit'
        ends 0 'nothing to do' "$lanwright" apply default.xml
        ends 2 '5700 kB/s left to promise' "$lanwright" attach tap9 default --create-tap \
          --mac 52:54:00:12:34:57 --floor 5701
        sed -i "s/peak='6000'/peak='5000'/" default.xml
        lan apply default.xml
        ends 0 "left network 'default'" "$lanwright" detach tap0
        # Who opened it, and its carrier, are not attach's business; bursts are measured in ticks.
        plain() {
          sed -E 's/c?burst [^ ]+//g; s/refcnt [0-9]+//; s/<[^>]*>//' "$1" |
            sed -E 's/(promiscuity|allmulti) [0-9]+//g'
        }
        shown > after
        diff <(plain before) <(plain after)
        "#,
    );
}

#[test]
fn a_tap_is_made_for_its_owner() {
    with_networks(
        r#"
        ends 1 'ip tuntap add dev tap0 mode tap user nobody' \
          "$lanwright" attach tap0 default --create-tap --owner nobody --dry-run
        test ! -e /sys/class/net/tap0
        lan attach tap0 default --create-tap --owner nobody
        ip -d link show tap0 | grep 'user nobody'
        ends 0 'nothing to do' "$lanwright" attach tap0 default --create-tap --owner nobody
        lan detach tap0
        ip link show tap0
        # What fails half way is undone: no tap, no record.
        ends 2 'everything was put back' \
          "$lanwright" attach tap1 default --create-tap --owner no-such-user
        test ! -e /sys/class/net/tap1
        test -z "$(ls /run/lanwright/ports)"
        "#,
    );
}

#[test]
fn a_failure_half_way_leaves_the_port_where_it_was() {
    with_networks(
        r#"
        ip link add vnet0 type veth peer name lan
        lan attach vnet0 apart
        cp /run/lanwright/ports/vnet0.json record
        # A bridge command that fails where the port joins another bridge than virbr1.
        cat > failing <<'SH'
#!/bin/sh
test "$1" = -batch && ! ip link show vnet0 | grep -q 'master virbr1' && exit 1
exec /run/bridge "$@"
SH
        chmod +x failing
        real=$(command -v bridge)
        cp "$(readlink -f "$real")" /run/bridge
        mount --bind failing "$real"
        ends 2 'everything was put back' "$lanwright" attach vnet0 known --mac 52:54:00:12:34:56
        umount "$real"
        ip link show vnet0 | grep 'master virbr1'
        settings=$(bridge -j -d link show dev vnet0)
        test "$(jq -c '.[0] | [.isolated, .learning]' <<< "$settings")" = '[true,true]'
        diff record /run/lanwright/ports/vnet0.json
        "#,
    );
}

#[test]
fn what_cannot_be_a_port_is_refused() {
    with_networks(
        r#"
        cat > other.xml <<'XML'
<network>
  <name>macvtap</name>
  <forward mode='bridge'><interface dev='eth9'/></forward>
</network>
XML
        ip link add eth9 type veth peer name far9
        lan apply other.xml
        ip link add br9 type bridge
        ip link add vnet9 type veth peer name lan9
        ip link set vnet9 master br9
        ip address add 203.0.113.5/24 dev eth9
        refused() { ends 2 "$1" "$lanwright" attach "${@:2}"; }
        refused "did you mean 'default'" vnet9 defalt
        refused "no device 'vnet7'" vnet7 default
        refused 'itself the bridge of network' virbr0 default
        refused 'is a bridge' br9 default
        refused 'loopback' lo default
        refused "host's address 203.0.113.5/24" eth9 default
        refused 'port of br9, which is no network' vnet9 default
        refused "no portgroup 'fast'; there are: slow" vnet9 default --portgroup fast
        refused 'a macvtap each' vnet9 macvtap
        ends 2 'type macvtap mode bridge' "$lanwright" attach vnet9 macvtap
        ip link set vnet9 nomaster
        refused 'with --mac' vnet9 known
        refused "cannot be a guest's address" vnet9 known --mac 01:00:5e:00:00:01
        refused 'of its <inbound>' vnet9 apart --mac 52:54:00:12:34:56 --floor 10
        ip link set virbr0 down
        refused 'its bridge virbr0 is down' vnet9 default
        ends 0 'nothing to do' "$lanwright" detach vnet9
        "#,
    );
}

#[test]
fn tags_keep_ports_apart_where_the_kernel_can() {
    with_networks(
        r#"
        cat > tagged.xml <<'XML'
<network>
  <name>tagged</name>
  <forward mode='bridge'/>
  <bridge name='br7'/>
  <vlan><tag id='42'/></vlan>
</network>
XML
        ip link add br7 type bridge
        ip link set br7 up
        lan apply tagged.xml
        guest one vnet0
        if ! ip link set br7 type bridge vlan_filtering 1 2> /dev/null; then
          ends 0 'cannot keep ports apart by VLAN' "$lanwright" attach vnet0 tagged
          ip link show vnet0 | grep 'master br7'
          echo 'lacks: VLAN filtering, so tags were not tried'
          exit 0
        fi
        lan attach vnet0 tagged
        vlans() { bridge -j vlan show dev vnet0 | jq -c '[.[0].vlans[].vlan]'; }
        test "$(vlans)" = '[42]'
        ends 0 'nothing to do' "$lanwright" attach vnet0 tagged
        lan attach vnet0 tagged --vlan 7
        test "$(vlans)" = '[7]'
        "#,
    );
}

#[test]
fn the_other_commands_know_what_was_applied() {
    with_networks(
        r#"
        guest one vnet0
        lan attach vnet0 default
        lease one 8
        ends 0 'state 1: 3 networks applied, in sync' "$lanwright" status
        "$lanwright" status --format json > status.json
        jq -e '.applied.drift == [] and .applied.state == 1 and .applied.last_good == 1' status.json
        jq -e '.networks[] | select(.name == "default") | .leases == 1 and .state == "up"
          and .ports[0].name == "vnet0" and (.counters.accepted_packets != null)' status.json
        ends 0 '192.168.122.' "$lanwright" leases
        lacks=$("$lanwright" plan default.xml apart.xml known.xml 2>&1 >/dev/null || true)
        audited=0
        "$lanwright" audit --host live > audit || audited=$?
        grep -q '^in sync *apart' audit
        if grep -q 'this kernel' <<< "$lacks"; then
          echo 'lacks: parts of traffic control or VLAN filtering, which audit names'
          ! grep -E 'missing (address|bridge|route)|unexpected' audit
        else
          test $audited = 0
        fi
        "$lanwright" recover live -o recovered || test $? = 1
        for name in default apart known; do
          grep -q "<name>$name</name>" "recovered/$name.xml"
        done
        # The networks that come back are those that were applied.
        ends 0 'nothing to do' "$lanwright" apply recovered
        ends 1 'apart, isolated on virbr1' "$lanwright" doctor
        ! grep -q 'broken *apart' said

        # Drift is told, and how much time is left to confirm.
        ip link set virbr1 mtu 1450
        ends 0 'virbr1: set mtu 1400' "$lanwright" status
        sed -i 's/122.99/122.98/' default.xml
        lan apply --confirm 60 default.xml
        ends 0 'goes back in [0-9]* s unless confirmed' "$lanwright" status
        lan confirm
        ends 0 'state 2: 3 networks applied, drifted' "$lanwright" status
        lan apply apart.xml
        ends 0 'state 2: 3 networks applied, in sync' "$lanwright" status
        "#,
    );
}

/// The blocks of a page of the book that are for a room: `sh,room`.
fn for_a_room(page: &str) -> String {
    let page = common::text(&common::project().join(Path::new("book/src")).join(page));
    let blocks = page.split("```sh,room\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split_once("\n```"));
    let commands: Vec<&str> = blocks.map(|(commands, _)| commands).collect();
    assert!(!commands.is_empty(), "the page has commands");
    commands.join("\n")
}

#[test]
fn the_commands_of_the_guides_work() {
    for page in [
        "guides/apply-to-a-live-host.md",
        "guides/guests-without-libvirt.md",
    ] {
        let commands = for_a_room(page);
        with_networks(&format!(
            "mkdir -p bin; ln -s $lanwright bin/lanwright; PATH=$PWD/bin:$PATH\n{commands}"
        ));
    }
}
