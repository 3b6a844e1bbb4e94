//! Reading leases: the file that dnsmasq keeps, and the one that libvirt's helper keeps.
//!
//! Neither says on which link a lease was given. libvirt's file is named after the bridge; of
//! dnsmasq's own it is found out from its configuration, or from the addresses of the host, as far
//! as those are known.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use serde_json::Value;

use super::Capture;
use super::json::{objects, refused, stem, text};
use crate::backend::dnsmasq::references;
use crate::backend::gap::{Reading, Unread};
use crate::state::{DhcpPool, DhcpService, DynamicRange, Lease};
use crate::value::DeviceName;

/// The leases of a file, which is of libvirt's helper if it is JSON or named so, else of dnsmasq.
pub(super) fn read(source: &str, name: &str, places: &Places) -> Reading<Vec<Lease>> {
    let start = source.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if name.ends_with(".status") || start.starts_with(['[', '{']) {
        return read_status(source, name);
    }
    let keeper = places.keeper(name);
    read_file(source, |ip| keeper.or_else(|| places.link(ip)).cloned())
}

/// The leases of the bridge that a `.status` is named after (`virLeaseReadCustomLeaseFile`).
fn read_status(source: &str, name: &str) -> Reading<Vec<Lease>> {
    let (objects, mut unread) = objects(source);
    let mut leases = Vec::new();
    for object in &objects {
        match status(object, stem(name).parse().ok()) {
            Ok(lease) => leases.push(lease),
            Err(why) => unread.push(why),
        }
    }
    Reading {
        value: leases,
        unread,
    }
}

fn status(object: &Value, link: Option<DeviceName>) -> Result<Lease, Unread> {
    let ip = text(object, "ip-address").unwrap_or_default();
    let known = |key: &str| text(object, key).map(str::to_owned);
    Ok(Lease {
        link,
        ip: ip
            .parse()
            .map_err(|_| refused(format!("a lease of '{ip}', which is no address")))?,
        mac: known("mac-address"),
        hostname: known("hostname"),
        client_id: known("client-id"),
        expires: match object.get("expiry-time").and_then(Value::as_u64) {
            Some(0) | None => None,
            Some(seconds) => Some(seconds),
        },
    })
}

/// The leases of dnsmasq's own file (`lease_update_file`); `link` finds the link of an address.
fn read_file(source: &str, link: impl Fn(IpAddr) -> Option<DeviceName>) -> Reading<Vec<Lease>> {
    let (mut leases, mut unread) = (Vec::new(), Vec::new());
    for (at, line) in source.lines().enumerate() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        // The server's own identifier stands between the leases of both families.
        if words.is_empty() || matches!(words.as_slice(), ["duid", _]) {
            continue;
        }
        match lease(&words, &link) {
            Ok(lease) => leases.push(lease),
            Err(message) => unread.push(Unread {
                line: at + 1,
                message,
            }),
        }
    }
    Reading {
        value: leases,
        unread,
    }
}

/// When it ends, who has it, the address, a name, an identifier. Who has it is a hardware address
/// for IPv4, and for IPv6 the number of the guest's interface, which says nothing to people.
fn lease(words: &[&str], link: impl Fn(IpAddr) -> Option<DeviceName>) -> Result<Lease, String> {
    let [expires, holder, said, name, identifier @ ..] = words else {
        return Err("this is no lease: it has fewer than four words".to_owned());
    };
    let ip: IpAddr = said
        .parse()
        .map_err(|_| format!("a lease of '{said}', which is no address"))?;
    let expires: u64 = expires
        .parse()
        .map_err(|_| format!("the lease of '{ip}' ends at '{expires}', which is no time"))?;
    let known = |word: &str| (word != "*").then(|| word.to_owned());
    Ok(Lease {
        link: link(ip),
        ip,
        mac: known(holder).filter(|_| ip.is_ipv4()),
        hostname: known(name),
        client_id: identifier.first().and_then(|word| known(word)),
        expires: (expires > 0).then_some(expires),
    })
}

/// How the link of a lease is found.
#[derive(Default)]
pub(super) struct Places {
    /// The link of the dnsmasq that keeps leases in a file, by what is known of the file: where
    /// the configuration stands, without its ending, or how the file is called there.
    keepers: HashMap<String, DeviceName>,
    /// Which link a prefix is on.
    nets: HashMap<IpNet, DeviceName>,
    /// The prefix lengths that there are.
    lengths: BTreeSet<u8>,
}

impl Places {
    /// What a host's services and addresses say.
    pub(super) fn new(capture: &Capture) -> Self {
        let mut places = Places::default();
        for on in &capture.state.addresses {
            places.add(on.address, &on.link);
        }
        for service in &capture.state.services {
            for dhcp in service.dhcp4.iter().chain(&service.dhcp6) {
                for net in served(dhcp) {
                    places.add(net, &service.link);
                }
            }
        }
        for service in &capture.services {
            let Some(link) = only_link(&service.conf.1) else {
                continue;
            };
            let conf = capture.name(service.conf.0).strip_suffix(".conf");
            let kept = references(&service.conf.1).leases.map(base);
            for known in conf.into_iter().chain(kept) {
                let keepers = places.keepers.entry(known.to_owned());
                keepers.or_insert_with(|| link.clone());
            }
        }
        places
    }

    fn add(&mut self, net: IpNet, link: &DeviceName) {
        self.lengths.insert(net.prefix_len());
        self.nets.entry(net.trunc()).or_insert_with(|| link.clone());
    }

    fn link(&self, ip: IpAddr) -> Option<&DeviceName> {
        let on = |length: &u8| self.nets.get(&IpNet::new(ip, *length).ok()?.trunc());
        self.lengths.iter().rev().find_map(on)
    }

    fn keeper(&self, name: &str) -> Option<&DeviceName> {
        let beside = name.strip_suffix(".leases");
        let beside = beside.and_then(|conf| self.keepers.get(conf));
        beside.or_else(|| self.keepers.get(base(name)))
    }
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The link that a dnsmasq listens on, if it is one only.
fn only_link(conf: &str) -> Option<DeviceName> {
    let listed = conf.lines();
    let listed = listed.filter_map(|line| line.strip_prefix("interface="));
    let mut links = listed.flat_map(|links| links.split(','));
    let only = links.next().filter(|_| links.next().is_none())?;
    only.trim().parse().ok()
}

/// The prefixes that addresses are leased from.
fn served(dhcp: &DhcpService) -> Vec<IpNet> {
    let mut nets: Vec<IpNet> = match &dhcp.pool {
        DhcpPool::Ranges { ranges, prefix } => match prefix {
            Some(prefix) => (ranges.iter())
                .filter_map(|range| IpNet::new(range.start, *prefix).ok())
                .collect(),
            None => ranges.iter().flat_map(covering).collect(),
        },
        DhcpPool::Reserved { address, prefix } => {
            let net = prefix.and_then(|prefix| IpNet::new(*address, prefix).ok());
            net.into_iter().collect()
        }
    };
    nets.extend(dhcp.hosts.iter().map(|host| IpNet::from(host.ip)));
    nets
}

/// The prefixes that a range is made of.
fn covering(range: &DynamicRange) -> Vec<IpNet> {
    match (range.start, range.end) {
        (IpAddr::V4(start), IpAddr::V4(end)) => {
            Ipv4Subnets::new(start, end, 0).map(IpNet::V4).collect()
        }
        (IpAddr::V6(start), IpAddr::V6(end)) => {
            Ipv6Subnets::new(start, end, 0).map(IpNet::V6).collect()
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn br() -> DeviceName {
        "br0".parse().expect("a name")
    }

    #[test]
    fn a_file_of_dnsmasq_holds_both_families() {
        let text = "1795000000 52:54:00:aa:bb:01 192.0.2.10 web 01:52:54:00:aa:bb:01\n\
            0 06-0a:0b 192.0.2.11 * *\n\
            duid 00:01:00:01:30:b4:54:6a:c6:5b:c6:07:3c:22\n\
            1795000001 T7077 2001:db8::10 db 00:03:00:01:52:54:00:aa:bb:02\n\
            never * 192.0.2.12 * *\nprose\n\
            1795000000 52:54:00:aa:bb:03 203.0.113.9 far *\n";
        let link = |ip: IpAddr| (ip.to_string() != "203.0.113.9").then(br);
        let read = read_file(text, link);
        let [web, infinite, db, far] = read.value.as_slice() else {
            unreachable!("four lines are leases");
        };
        assert_eq!((&web.link, &far.link), (&Some(br()), &None));
        assert_eq!(web.hostname.as_deref(), Some("web"));
        assert_eq!((&infinite.hostname, infinite.expires), (&None, None));
        assert_eq!(db.mac, None);
        assert!(
            db.client_id
                .as_ref()
                .is_some_and(|id| id.starts_with("00:03"))
        );
        let lines: Vec<usize> = read.unread.iter().map(|why| why.line).collect();
        assert_eq!(lines, [5, 6]);
    }

    #[test]
    fn a_status_of_libvirt_names_what_it_knows() {
        let text = r#"[{"ip-address": "192.0.2.10", "mac-address": "52:54:00:aa:bb:01",
            "hostname": "web", "client-id": "01:52", "expiry-time": 1795000000},
            {"ip-address": "2001:db8::10", "mac-address": "52:54:00:aa:bb:02", "iaid": "7077",
            "server-duid": "00:01", "expiry-time": 0}, {"ip-address": "home"}]"#;
        let read = read(text, "dnsmasq/br0.status", &Places::default());
        assert_eq!(read.value[0].link, Some(br()));
        assert_eq!(read.value[0].expires, Some(1_795_000_000));
        assert_eq!(read.value[1].expires, None);
        assert_eq!(read.unread.len(), 1);
    }

    #[test]
    fn the_link_is_that_of_the_prefix_the_address_is_in() {
        let address = |link: &str, address: &str| crate::state::Address {
            link: link.parse().expect("a name"),
            address: address.parse().expect("an address"),
        };
        let mut capture = Capture::default();
        capture.state.addresses = vec![
            address("wide", "192.0.0.1/16"),
            address("narrow", "192.0.2.1/24"),
            address("six", "2001:db8::1/64"),
        ];
        let leases = "0 52:54:00:00:00:01 192.0.2.9 a *\n0 52:54:00:00:00:02 192.0.3.9 b *\n\
            0 1 2001:db8::9 c *\n";
        let read = read(leases, "dnsmasq.leases", &Places::new(&capture));
        let links = read.value.iter().filter_map(|lease| lease.link.as_ref());
        let links: Vec<&str> = links.map(DeviceName::as_str).collect();
        assert_eq!(links, ["narrow", "wide", "six"]);
    }
}
