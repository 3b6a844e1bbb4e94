//! What the kernel at hand lacks, found by trying it.
//!
//! A test leaves out what needs such a feature and names it, never silently passes it.

use crate::common::room::Room;
use std::sync::OnceLock;

/// What not every kernel has: the word that shows in a batch line, and the way to find out.
const FEATURES: &[(&str, &str)] = &[
    (
        "vlan_filtering 1",
        "ip link add probe type bridge vlan_filtering 1",
    ),
    (
        "type vlan",
        "ip link add link below name probe type vlan id 7",
    ),
    (
        "type macvlan",
        "ip link add link below name probe type macvlan",
    ),
    (
        "type macvtap",
        "ip link add link below name probe type macvtap",
    ),
    ("type dummy", "ip link add probe type dummy"),
    (
        "csum",
        "tc filter add dev below egress matchall action csum udp",
    ),
    (
        "police",
        "tc filter add dev below egress matchall action police rate 1mbit burst 10k drop",
    ),
    ("htb", "tc qdisc add dev below root handle 1: htb"),
    ("sfq", "tc qdisc add dev below root sfq"),
    ("fq_codel", "tc qdisc add dev below root fq_codel"),
    (
        " fw",
        "tc filter add dev below egress protocol all handle 1 fw classid 1:1",
    ),
];

/// Runs the command `$1`, which needs a feature, on a device that has all else it may need.
const PROBE: &str = r#"
ip link add name below type veth peer name other
tc qdisc add dev below clsact
if $1; then echo there; else echo lacking; fi
"#;

/// The words of [`FEATURES`] that this kernel does not know.
pub fn lacking() -> &'static [&'static str] {
    static LACKING: OnceLock<Vec<&str>> = OnceLock::new();
    LACKING.get_or_init(|| {
        FEATURES
            .iter()
            .filter(|(_, probe)| {
                let told = Room::new(PROBE).argument(probe).run().stdout();
                told.unwrap_or_else(|why| panic!("{why}")) == "lacking\n"
            })
            .map(|(word, _)| *word)
            .collect()
    })
}
