//! Listings as `tc` prints them.

use super::*;

/// The limits of a listing.
fn limits(source: &str, name: &str) -> Reading<Vec<Shaping>> {
    let read = read(source, name, FileId(0));
    Reading {
        value: read.value.shaping,
        unread: read.unread,
    }
}

/// What else it tells of its only device: whether filters were listed, whether one fills in
/// checksums, whether rates are rounded.
fn rest(source: &str, name: &str) -> (bool, bool, bool) {
    let read = read(source, name, FileId(0));
    let [only] = read.value.queueing.as_slice() else {
        panic!("one device: {read:?}");
    };
    (only.filters, only.checksum, only.rounded)
}

const BRIDGE: &str = "# tc qdisc show dev br0\n\
qdisc htb 1: root refcnt 2 r2q 10 default 0x2 direct_packets_stat 0 direct_qlen 1000\n\
qdisc sfq 2: parent 1:2 limit 127p quantum 1514b depth 127 divisor 1024 perturb 10sec \n\
qdisc ingress ffff: parent ffff:fff1 ---------------- \n\
# tc class show dev br0\n\
class htb 1:1 root rate 8Mbit ceil 40Mbit burst 1600b cburst 1600b \n\
class htb 1:2 parent 1:1 leaf 2: prio 0 rate 8Mbit ceil 40Mbit burst 1Mb cburst 1600b \n\
# tc filter show dev br0\n\
filter parent 1: protocol all pref 1 fw chain 0 \n\
filter parent 1: protocol all pref 1 fw chain 0 handle 0x1 classid :1 \n\
filter parent 1: protocol ip pref 2 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 \n  \
match 00000044/0000ffff at 20\n\taction order 1: csum (iph, udp) action pass\n\n\
# tc filter show dev br0 ingress\n\
filter parent ffff: protocol all pref 49152 u32 chain 0 \n\
filter parent ffff: protocol all pref 49152 u32 chain 0 fh 800: ht divisor 1 \n\
filter parent ffff: protocol all pref 49152 u32 chain 0 fh 800::800 flowid :1 not_in_hw \n  \
match 00000000/00000000 at 0\n \
police 0x1 rate 1024Kbit burst 256Kb mtu 64Kb action drop overhead 0b \n\tref 1 bind 1 \n\n";

fn link(name: &str) -> DeviceName {
    name.parse().expect("a name")
}

#[test]
fn the_limits_of_a_bridge_are_those_that_were_set() {
    let shaping = limits(BRIDGE, "tc.txt").complete().expect("all is read");
    let expected = Shaping {
        link: link("br0"),
        egress: Some(Rate {
            average_kbps: 1000,
            peak_kbps: Some(5000),
            burst_kib: Some(1024),
        }),
        ingress: Some(Policing {
            average_kbps: 128,
            burst_kib: Some(256),
        }),
    };
    assert_eq!(shaping, [expected]);
}

#[test]
fn a_root_for_the_checksum_filter_limits_nothing() {
    let text = "qdisc htb 1: root refcnt 2 r2q 10 default 0x2 direct_qlen 1000\n\
        filter parent 1: protocol ip pref 2 u32 chain 0 \n";
    assert_eq!(limits(text, "tc-br0.txt").complete(), Some(Vec::new()));
    let text = "qdisc noqueue 0: root refcnt 2 \n Sent 0 bytes 0 pkt (dropped 0)\n";
    assert_eq!(limits(text, "tc-br0.txt").complete(), Some(Vec::new()));
}

#[test]
fn a_port_has_one_class() {
    let text = "qdisc htb 1: dev vnet0 root refcnt 2 r2q 10 default 0x1 direct_qlen 1000\n\
        # tc class show dev vnet0\n\
        class htb 1:1 root prio 0 rate 1Mbit ceil 1Mbit burst 1600b cburst 1600b\n";
    let shaping = limits(text, "x").complete().expect("all is read");
    let egress = shaping[0].egress.expect("it sends at a limited rate");
    assert_eq!((egress.average_kbps, egress.peak_kbps), (125, None));
    assert_eq!(egress.burst_kib, None);
}

#[test]
fn shares_of_guests_do_not_hide_the_limit() {
    let text = "qdisc htb 1: root refcnt 2 default 0x2\n\
        class htb 1:1 root rate 8Mbit ceil 8Mbit burst 1600b cburst 1600b\n\
        class htb 1:2 parent 1:1 leaf 2: prio 0 rate 6Mbit ceil 8Mbit burst 1600b cburst 1600b\n\
        class htb 1:3 parent 1:1 leaf 3: prio 0 rate 2Mbit ceil 8Mbit burst 1600b cburst 1600b\n";
    let shaping = limits(text, "tc-br0.txt").complete().expect("all is read");
    let egress = shaping[0].egress.expect("it sends at a limited rate");
    assert_eq!((egress.average_kbps, egress.peak_kbps), (1000, None));
}

#[test]
fn limits_of_others_are_named() {
    let text = "qdisc tbf 8001: root refcnt 2 rate 1Mbit burst 32Kb lat 50ms\n\
        class htb 1:10 root prio 0 rate 1Mbit ceil 1Mbit burst 1600b cburst 1600b\n\
        class htb 1:20 root prio 0 rate fast\n\
        filter protocol all pref 1 bpf chain 0\nprose\n";
    let read = limits(text, "tc-br0.txt");
    assert_eq!(read.value, []);
    let lines: Vec<usize> = read.unread.iter().map(|why| why.line).collect();
    assert_eq!(lines, [0, 1, 3, 4, 5]);
}

#[test]
fn a_listing_of_nobody_says_so() {
    let read = limits("qdisc htb 1: root\n", "listing.txt");
    assert_eq!(read.unread.len(), 1);
}

#[test]
fn json_is_read_with_text_among_it() {
    let text = "[{\"kind\":\"htb\",\"handle\":\"1:\",\"dev\":\"br0\",\"root\":true,\"options\":\
        {\"r2q\":10,\"default\":\"0x2\"}},{\"kind\":\"noqueue\",\"dev\":\"v0\",\"options\":{}}]\n\n\
        class htb 1:1 root rate 8Mbit ceil 8Mbit burst 1600b cburst 1600b \n\
        class htb 1:2 parent 1:1 prio 0 rate 8Mbit ceil 8Mbit burst 1600b cburst 1600b \n\n\
        [{\"protocol\":\"all\",\"pref\":49152,\"kind\":\"u32\",\"options\":{\"actions\":\
        [{\"kind\":\"police\",\"rate\":128000,\"burst\":131072}]}}]";
    let shaping = limits(text, "tc-br0.json").complete().expect("all is read");
    assert_eq!(shaping[0].link, link("br0"));
    assert_eq!(shaping[0].egress.map(|rate| rate.average_kbps), Some(1000));
    let policing = shaping[0].ingress.expect("it receives at a limited rate");
    assert_eq!((policing.average_kbps, policing.burst_kib), (128, None));
}

#[test]
fn json_without_a_rate_is_named() {
    let text = "[{\"protocol\":\"all\",\"pref\":1,\"kind\":\"u32\",\"options\":\
        {\"police\":{\"kind\":\"police\",\"index\":1}}}]";
    assert_eq!(limits(text, "tc-br0.json").unread.len(), 1);
}

#[test]
fn newer_releases_print_classes_as_json() {
    let text = "[{\"class\":\"htb\",\"handle\":\"1:1\",\"root\":true,\"rate\":1000000,\
        \"ceil\":5000000,\"burst\":1600,\"cburst\":1600},\
        {\"class\":\"htb\",\"handle\":\"1:2\",\"parent\":\"1:1\",\"options\":{\"rate\":1000000,\
        \"ceil\":5000000,\"burst\":1048576,\"cburst\":1600}}]";
    let shaping = limits(text, "tc/br0.json").complete().expect("all is read");
    let egress = shaping[0].egress.expect("it sends at a limited rate");
    assert_eq!((egress.average_kbps, egress.burst_kib), (1000, Some(1024)));
}

#[test]
fn a_filter_for_checksums_is_seen() {
    assert_eq!(rest(BRIDGE, "tc.txt"), (true, true, true));
    let none = "# tc qdisc show dev br0\nqdisc noqueue 0: root refcnt 2 \n\
        # tc class show dev br0\n# tc filter show dev br0\n# tc filter show dev br0 ingress\n";
    assert_eq!(rest(none, "tc.txt"), (true, false, false));
    // What the device receives is another matter.
    let received = none.replace("# tc filter show dev br0\n", "");
    assert_eq!(rest(&received, "tc.txt"), (false, false, false));
    let json = "[{\"parent\":\"1:\",\"protocol\":\"ip\",\"pref\":2,\"kind\":\"u32\",\
        \"options\":{\"fh\":\"800::800\",\
        \"actions\":[{\"order\":1,\"kind\":\"csum\",\"csum\":\"iph, udp\"}]}}]";
    assert_eq!(rest(json, "tc-br0.json"), (true, true, false));
}

#[test]
fn a_burst_that_nobody_said_is_none_at_any_rate() {
    for (rate, burst) in [("1501Mbit", "1501b"), ("8Gbit", "1000b"), ("20Gbit", "0b")] {
        let text = format!(
            "qdisc htb 1: root refcnt 2 default 0x2\n\
             class htb 1:1 root rate {rate} ceil {rate} burst {burst} cburst {burst}\n\
             class htb 1:2 parent 1:1 prio 0 rate {rate} ceil {rate} burst {burst} cburst {burst}\n"
        );
        let shaping = limits(&text, "tc-br0.txt").complete().expect("all is read");
        assert_eq!(
            shaping[0].egress.and_then(|it| it.burst_kib),
            None,
            "{rate}"
        );
    }
}
