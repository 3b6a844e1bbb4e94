//! What a host is asked: the commands, kernel settings and files that a capture is made of.
//!
//! Nothing here changes a host, and nothing makes its kernel load a module. `host` asks; what the
//! answers mean is the readers' business. A file is named as the readers know it.

use std::collections::BTreeSet;

use super::{Text, device, route};
use crate::firewall::Family;
use crate::value::DeviceName;

/// A command whose output is a file of the capture.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// The file.
    pub file: &'static str,
    /// The program.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: &'static [&'static str],
    /// Whether it asks nf_tables, which the kernel would load to answer.
    pub nf_tables: bool,
    /// Ask only where none of these programs is installed.
    pub unless: &'static [&'static str],
}

const fn listing(
    file: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
) -> Listing {
    Listing {
        file,
        program,
        arguments,
        nf_tables: false,
        unless: &[],
    }
}

impl Listing {
    const fn of_nf_tables(self) -> Self {
        Listing {
            nf_tables: true,
            ..self
        }
    }

    const fn unless(self, unless: &'static [&'static str]) -> Self {
        Listing { unless, ..self }
    }
}

/// `iptables-legacy-save` lists only tables that are loaded, as long as none is named.
const SAVE: &[&str] = &["-c"];

/// The commands that are asked of the host as a whole.
pub const LISTINGS: &[Listing] = &[
    listing("iptables-legacy-save.txt", "iptables-legacy-save", SAVE),
    listing("iptables-nft-save.txt", "iptables-nft-save", SAVE).of_nf_tables(),
    listing("iptables-save.txt", "iptables-save", SAVE)
        .unless(&["iptables-legacy-save", "iptables-nft-save"]),
    listing("ip6tables-legacy-save.txt", "ip6tables-legacy-save", SAVE),
    listing("ip6tables-nft-save.txt", "ip6tables-nft-save", SAVE).of_nf_tables(),
    listing("ip6tables-save.txt", "ip6tables-save", SAVE)
        .unless(&["ip6tables-legacy-save", "ip6tables-nft-save"]),
    listing("nft.txt", "nft", &["-a", "list", "ruleset"]).of_nf_tables(),
    listing("nft.json", "nft", &["-j", "list", "ruleset"]).of_nf_tables(),
    listing(LINKS, "ip", &["-j", "-d", "link", "show"]),
    listing("addr.json", "ip", &["-j", "addr", "show"]),
    listing(
        "route.json",
        "ip",
        &["-j", "-4", "route", "show", "table", "all"],
    ),
    listing(
        "route6.json",
        "ip",
        &["-j", "-6", "route", "show", "table", "all"],
    ),
    listing("bridge-link.json", "bridge", &["-j", "-d", "link", "show"]),
    listing("bridge-fdb.json", "bridge", &["-j", "fdb", "show"]),
    listing("bridge-vlan.json", "bridge", &["-j", "vlan", "show"]),
];

/// Where the devices are listed, and with them the bridges that more is asked of.
pub const LINKS: &str = "link.json";

/// What `tc` is asked of each bridge. As text: its JSON lacks the rates of older releases.
pub fn traffic(bridge: &DeviceName) -> [Vec<&str>; 4] {
    let bridge = bridge.as_str();
    [
        vec!["qdisc", "show", "dev", bridge],
        vec!["class", "show", "dev", bridge],
        vec!["filter", "show", "dev", bridge],
        vec!["filter", "show", "dev", bridge, "ingress"],
    ]
}

/// The file that answers of `tc` about a bridge become.
pub fn traffic_file(bridge: &DeviceName) -> String {
    format!("tc-{bridge}.txt")
}

/// The kernel settings of the host as a whole, as paths below `/proc/sys`.
const SETTINGS: &[&str] = &[
    "net/bridge/bridge-nf-call-arptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/bridge/bridge-nf-call-iptables",
    "net/ipv4/conf/all/arp_ignore",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/accept_ra",
    "net/ipv6/conf/all/disable_ipv6",
    "net/ipv6/conf/all/forwarding",
    "net/ipv6/conf/default/accept_ra",
    "net/ipv6/conf/default/disable_ipv6",
    "net/ipv6/conf/default/forwarding",
];

/// The kernel settings of a bridge: the family and the setting.
const BRIDGE_SETTINGS: &[(&str, &str)] = &[
    ("ipv4", "forwarding"),
    ("ipv4", "proxy_arp"),
    ("ipv4", "route_localnet"),
    ("ipv4", "rp_filter"),
    ("ipv6", "accept_dad"),
    ("ipv6", "accept_ra"),
    ("ipv6", "autoconf"),
    ("ipv6", "disable_ipv6"),
    ("ipv6", "forwarding"),
];

/// The kernel settings of a device that a default route goes through.
const UPLINK_SETTINGS: &[(&str, &str)] = &[("ipv4", "rp_filter"), ("ipv6", "accept_ra")];

/// The kernel settings to look at, as paths below `/proc/sys`.
pub fn settings(bridges: &[DeviceName], uplinks: &[DeviceName]) -> Vec<String> {
    let mut paths: Vec<String> = SETTINGS.iter().map(ToString::to_string).collect();
    for bridge in bridges {
        let of_bridge = BRIDGE_SETTINGS.iter();
        paths.extend(of_bridge.map(|(family, name)| format!("net/{family}/conf/{bridge}/{name}")));
    }
    for uplink in uplinks.iter().filter(|uplink| !bridges.contains(uplink)) {
        let of_uplink = UPLINK_SETTINGS.iter();
        paths.extend(of_uplink.map(|(family, name)| format!("net/{family}/conf/{uplink}/{name}")));
    }
    paths
}

/// A setting as `sysctl` prints it, which swaps dots and slashes.
pub fn setting_line(path: &str, value: &str) -> String {
    let key: String = path
        .chars()
        .map(|c| match c {
            '/' => '.',
            '.' => '/',
            c => c,
        })
        .collect();
    format!("{key} = {}\n", value.trim())
}

/// The file of kernel settings.
pub const SETTINGS_FILE: &str = "sysctl.txt";

/// A folder of the host whose files are copied.
#[derive(Clone, Copy, Debug)]
pub struct Folder {
    /// Where it is.
    pub place: &'static str,
    /// The folder of the capture that its files come into.
    pub into: &'static str,
    /// The endings of the files that are copied.
    pub endings: &'static [&'static str],
}

/// The folders of those that run networks: of each all or none.
pub const OWNERS: &[&[Folder]] = &[
    &[
        Folder {
            place: "/var/lib/libvirt/dnsmasq",
            into: "dnsmasq",
            endings: &["conf", "hostsfile", "addnhosts", "status", "macs"],
        },
        Folder {
            place: "/etc/libvirt/qemu/networks",
            into: "networks",
            endings: &["xml"],
        },
        Folder {
            place: "/run/libvirt/network",
            into: "run",
            endings: &["xml"],
        },
    ],
    &[
        // Where they are applied; before where they may lie since they were compiled.
        Folder {
            place: "/run/lanwright/dnsmasq",
            into: "lanwright",
            endings: &["conf", "hostsfile", "addnhosts"],
        },
        Folder {
            place: "/etc/lanwright/dnsmasq",
            into: "lanwright",
            endings: &["conf", "hostsfile", "addnhosts"],
        },
        Folder {
            place: "/var/lib/lanwright/dnsmasq",
            into: "lanwright",
            endings: &["leases"],
        },
    ],
];

/// Where the networks come that were applied.
pub const APPLIED: &str = "applied";

/// Where the files come that a running dnsmasq uses, if they lie in none of those folders.
pub const PROCESSES: &str = "processes";

/// The file of which dnsmasq run: `[{"pid": …, "arguments": […], "listens": [{"protocol": "udp",
/// "address": …, "port": …}]}]`, where `listens` is null if it could not be seen.
pub const PROCESSES_FILE: &str = "dnsmasq.json";

/// Where dnsmasq keeps leases if it is not told, on one system or another.
pub const DEFAULT_LEASES: &[&str] = &[
    "/var/lib/misc/dnsmasq.leases",
    "/var/lib/dnsmasq/dnsmasq.leases",
    "/var/db/dnsmasq.leases",
];

/// The bridges that a listing of devices shows.
pub fn bridges(texts: &[Text]) -> Vec<DeviceName> {
    let listing = texts.iter().find(|text| text.name == LINKS);
    let listing = listing.map(|text| String::from_utf8_lossy(&text.bytes));
    let devices = device::read(&listing.unwrap_or_default()).value;
    let bridges = devices.into_iter().filter(crate::state::Device::is_bridge);
    bridges.map(|device| device.name).collect()
}

/// The devices that default routes go through.
pub fn uplinks(texts: &[Text]) -> Vec<DeviceName> {
    let listed = [("route.json", Family::Ipv4), ("route6.json", Family::Ipv6)];
    let texts = listed.into_iter().filter_map(|(name, family)| {
        let text = texts.iter().find(|text| text.name == name)?;
        Some((String::from_utf8_lossy(&text.bytes), family))
    });
    let routes = texts.flat_map(|(text, family)| route::kernel(&text, family));
    let default = routes.filter(|route| route.destination.prefix_len() == 0);
    let links: BTreeSet<DeviceName> = default.filter_map(|route| route.link).collect();
    links.into_iter().collect()
}
