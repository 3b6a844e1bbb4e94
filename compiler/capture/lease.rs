//! Reading leases: the file that dnsmasq keeps, and the one that libvirt's helper keeps.
//!
//! Neither says on which link a lease was given. libvirt's file is named after the bridge; of
//! dnsmasq's own it is found out from its configuration, or from the addresses of the host.

use std::net::IpAddr;

use serde_json::Value;

use super::json::{objects, refused, text};
use crate::backend::gap::{Reading, Unread};
use crate::state::Lease;
use crate::value::DeviceName;

/// Whether the text is one of libvirt's, which is JSON.
pub(super) fn is_status(source: &str) -> bool {
    let start = source.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    start.starts_with(['[', '{'])
}

/// The leases of a bridge from its `.status` (`virLeaseReadCustomLeaseFile`).
pub(super) fn read_status(source: &str, link: &DeviceName) -> Reading<Vec<Lease>> {
    let (objects, mut unread) = objects(source);
    let mut leases = Vec::new();
    for object in &objects {
        match status(object, link) {
            Ok(lease) => leases.push(lease),
            Err(why) => unread.push(why),
        }
    }
    Reading {
        value: leases,
        unread,
    }
}

fn status(object: &Value, link: &DeviceName) -> Result<Lease, Unread> {
    let ip = text(object, "ip-address").unwrap_or_default();
    let known = |key: &str| text(object, key).map(str::to_owned);
    Ok(Lease {
        link: link.clone(),
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
pub(super) fn read_file(
    source: &str,
    link: impl Fn(IpAddr) -> Option<DeviceName>,
) -> Reading<Vec<Lease>> {
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
    let unknown = || format!("'{ip}' lies in no network of this host that is known");
    let known = |word: &str| (word != "*").then(|| word.to_owned());
    Ok(Lease {
        link: link(ip).ok_or_else(unknown)?,
        ip,
        mac: known(holder).filter(|_| ip.is_ipv4()),
        hostname: known(name),
        client_id: identifier.first().and_then(|word| known(word)),
        expires: (expires > 0).then_some(expires),
    })
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
        let [web, infinite, db] = read.value.as_slice() else {
            unreachable!("three lines are leases of this network");
        };
        assert_eq!(web.hostname.as_deref(), Some("web"));
        assert_eq!((&infinite.hostname, infinite.expires), (&None, None));
        assert_eq!(db.mac, None);
        assert!(db.client_id.as_ref().is_some_and(|id| id.starts_with("00:03")));
        let lines: Vec<usize> = read.unread.iter().map(|why| why.line).collect();
        assert_eq!(lines, [5, 6, 7]);
    }

    #[test]
    fn a_status_of_libvirt_names_what_it_knows() {
        let text = r#"[{"ip-address": "192.0.2.10", "mac-address": "52:54:00:aa:bb:01",
            "hostname": "web", "client-id": "01:52", "expiry-time": 1795000000},
            {"ip-address": "2001:db8::10", "mac-address": "52:54:00:aa:bb:02", "iaid": "7077",
            "server-duid": "00:01", "expiry-time": 0}, {"ip-address": "home"}]"#;
        assert!(is_status(text) && !is_status("") && !is_status("1795000000 x"));
        let read = read_status(text, &br());
        assert_eq!(read.value[0].expires, Some(1_795_000_000));
        assert_eq!(read.value[1].expires, None);
        assert_eq!(read.unread.len(), 1);
    }
}
