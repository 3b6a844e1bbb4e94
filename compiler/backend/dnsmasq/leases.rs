//! Leases, from the list that libvirt's helper keeps to dnsmasq's own file and back.
//!
//! The helper is asked for its list once, when dnsmasq starts; a dnsmasq of ours keeps a file. Both
//! say the same, so guests keep their addresses across a change of hands. What is no lease is left
//! out and named: either file may hold anything.

use std::net::IpAddr;

use serde_json::{Value, json};

/// A text made of another, and what of that was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The text.
    pub text: String,
    /// What was left out.
    pub lost: Vec<String>,
}

/// What `.status` of libvirt says, as dnsmasq's file: leases of IPv4, the server's identifier,
/// leases of IPv6 (`virLeasePrintLeases`).
pub fn from_status(status: &str) -> Carried {
    let mut carried = Carried::default();
    // An empty file is an empty list.
    if status.trim().is_empty() {
        return carried;
    }
    let Ok(Value::Array(leases)) = serde_json::from_str(status) else {
        carried
            .lost
            .push("the list of leases is no JSON".to_owned());
        return carried;
    };
    let (mut six, mut server) = (String::new(), None);
    for lease in &leases {
        match line(lease) {
            Some((IpAddr::V4(_), line)) => carried.text.push_str(&line),
            Some((IpAddr::V6(_), line)) => {
                six.push_str(&line);
                server = word(lease, "server-duid").or(server);
            }
            None => {
                let ip = lease.get("ip-address").and_then(Value::as_str);
                let ip = ip.unwrap_or("without an address");
                carried.lost.push(format!("the lease {ip} is not complete"));
            }
        }
    }
    if let Some(server) = server {
        carried.text.push_str(&format!("duid {server}\n{six}"));
    } else if !six.is_empty() {
        carried
            .lost
            .push("leases of IPv6 without the server's identifier".to_owned());
    }
    carried
}

fn line(lease: &Value) -> Option<(IpAddr, String)> {
    let ip: IpAddr = word(lease, "ip-address")?.parse().ok()?;
    let expires = match lease.get("expiry-time") {
        None => 0,
        Some(time) => time.as_u64()?,
    };
    let holder = match ip {
        IpAddr::V4(_) => word(lease, "mac-address")?,
        IpAddr::V6(_) => word(lease, "iaid")?,
    };
    let known = |key: &str| word(lease, key).unwrap_or("*");
    let (name, identifier) = (known("hostname"), known("client-id"));
    Some((ip, format!("{expires} {holder} {ip} {name} {identifier}\n")))
}

/// A word that stays one in a line of words.
fn word<'a>(lease: &'a Value, key: &str) -> Option<&'a str> {
    let word = lease.get(key)?.as_str()?;
    let splits = |c: char| c.is_whitespace() || c.is_control();
    (!word.is_empty() && !word.contains(splits)).then_some(word)
}

/// What dnsmasq's file says, as `.status` of libvirt. `old` is the list that there was: it knows
/// the hardware addresses of guests with leases of IPv6, which dnsmasq's file does not.
pub fn to_status(leases: &str, old: &str) -> Carried {
    let old: Vec<Value> = serde_json::from_str(old).unwrap_or_default();
    let mut carried = Carried::default();
    let (mut list, mut server) = (Vec::new(), None);
    for text in leases.lines() {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["duid", identifier] => server = Some((*identifier).to_owned()),
            words => match object(words, server.as_deref(), &old) {
                Some(lease) => list.push(lease),
                None => carried
                    .lost
                    .push(format!("the lease '{}'", words.join(" "))),
            },
        }
    }
    // libvirt takes an empty file for an empty list, and so do older releases of it.
    if !list.is_empty() {
        carried.text = serde_json::to_string_pretty(&list).unwrap_or_default() + "\n";
    }
    carried
}

fn object(words: &[&str], server: Option<&str>, old: &[Value]) -> Option<Value> {
    let [expires, holder, ip, name, rest @ ..] = words else {
        return None;
    };
    let expires: u64 = expires.parse().ok()?;
    let address: IpAddr = ip.parse().ok()?;
    let mut lease = match address {
        IpAddr::V4(_) => json!({"ip-address": ip, "mac-address": holder, "expiry-time": expires}),
        IpAddr::V6(_) => {
            let same = |lease: &&Value| word(lease, "ip-address") == Some(*ip);
            let mac = word(old.iter().find(same)?, "mac-address")?;
            json!({"ip-address": ip, "mac-address": mac, "iaid": holder,
                "server-duid": server?, "expiry-time": expires})
        }
    };
    let fields = lease.as_object_mut()?;
    let mut add = |key: &str, word: &str| {
        if word != "*" {
            fields.insert(key.to_owned(), word.into());
        }
    };
    add("hostname", name);
    rest.first().iter().for_each(|word| add("client-id", word));
    Some(lease)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = r#"[
        {"ip-address": "192.0.2.10", "mac-address": "52:54:00:aa:bb:01", "hostname": "web",
         "client-id": "01:52:54:00:aa:bb:01", "expiry-time": 1795000000},
        {"ip-address": "2001:db8::10", "mac-address": "52:54:00:aa:bb:02", "iaid": "7077",
         "client-id": "00:03:00:01", "server-duid": "00:01:00:01", "expiry-time": 1795000001},
        {"ip-address": "192.0.2.11", "mac-address": "52:54:00:aa:bb:03", "expiry-time": 0}]"#;

    #[test]
    fn both_families_come_over_and_go_back() {
        let carried = from_status(STATUS);
        assert_eq!(
            carried.text,
            "1795000000 52:54:00:aa:bb:01 192.0.2.10 web 01:52:54:00:aa:bb:01\n\
             0 52:54:00:aa:bb:03 192.0.2.11 * *\n\
             duid 00:01:00:01\n\
             1795000001 7077 2001:db8::10 * 00:03:00:01\n"
        );
        assert_eq!(carried.lost, [""; 0]);
        let back = to_status(&carried.text, STATUS);
        assert_eq!(back.lost, [""; 0]);
        let mut one: Vec<Value> = serde_json::from_str(STATUS).expect("JSON");
        let mut other: Vec<Value> = serde_json::from_str(&back.text).expect("JSON");
        for list in [&mut one, &mut other] {
            list.sort_by_key(|lease| lease["ip-address"].to_string());
        }
        assert_eq!(one, other);
    }

    #[test]
    fn what_is_no_lease_is_named() {
        let broken = r#"[{"ip-address": "home", "mac-address": "x"},
            {"ip-address": "192.0.2.10", "mac-address": "a b"}, 7]"#;
        let carried = from_status(broken);
        assert_eq!((carried.text.as_str(), carried.lost.len()), ("", 3));
        assert_eq!(from_status("{").lost.len(), 1);
        assert_eq!(from_status("\n"), Carried::default());
        assert_eq!(
            to_status("soon a b\n1 7077 2001:db8::10 * *\n", "")
                .lost
                .len(),
            2
        );
    }
}
