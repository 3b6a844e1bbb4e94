//! The files that dnsmasq reads again on SIGHUP: reserved hosts, and fixed names.
//!
//! One line a host, as `hostsfileAdd` and `addnhostsAdd` of libvirt make them.

use std::net::IpAddr;

use super::field::{parse_lease, print_ip, print_lease};
use crate::state::{Dnsmasq, HostRecord, ReservedHost};
use crate::value::{Line, Mac};

/// The family whose DHCP a reserved host belongs to. Its address may be of the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dhcp {
    /// Known by hardware address or name.
    V4,
    /// Known by identifier or name; its address stands in brackets.
    V6,
}

/// Reserved hosts: those of IPv4, then those of IPv6.
pub fn print_hosts(service: &Dnsmasq) -> String {
    let ipv4 = service.dhcp4.iter().flat_map(|dhcp| &dhcp.hosts);
    let ipv6 = service.dhcp6.iter().flat_map(|dhcp| &dhcp.hosts);
    let ipv4 = ipv4.map(|host| print_host(host, Dhcp::V4) + "\n");
    ipv4.chain(ipv6.map(|host| print_host(host, Dhcp::V6) + "\n"))
        .collect()
}

fn print_host(host: &ReservedHost, family: Dhcp) -> String {
    let ip = print_ip(host.ip);
    let mac = host.mac.as_ref().map(Line::to_string);
    let id = host.id.as_ref().map(|id| format!("id:{id}"));
    let name = host.name.as_ref().map(Line::to_string);
    let lease = host.lease.map(print_lease);
    let fields = match family {
        // A host known by its name alone has the name first.
        Dhcp::V4 if mac.is_none() => [name, Some(ip), None, lease],
        Dhcp::V4 => [mac, Some(ip), name, lease],
        Dhcp::V6 => [id, name, Some(format!("[{ip}]")), lease],
    };
    fields.into_iter().flatten().collect::<Vec<_>>().join(",")
}

/// Reads one line of [`print_hosts`].
pub fn parse_host(line: &str) -> Option<(ReservedHost, Dhcp)> {
    let mut fields: Vec<&str> = line.split(',').collect();
    let bracketed = |field: &&str| field.starts_with('[');
    if let Some(at) = fields.iter().position(bracketed) {
        let ip = fields[at].strip_prefix('[')?.strip_suffix(']')?;
        let host = parse_v6(&fields[..at], ip, &fields[at + 1..])?;
        return Some((host, Dhcp::V6));
    }
    let at = fields.iter().position(|f| f.parse::<IpAddr>().is_ok())?;
    let after = fields.split_off(at);
    Some((parse_v4(&fields, &after)?, Dhcp::V4))
}

fn parse_v6(before: &[&str], ip: &str, after: &[&str]) -> Option<ReservedHost> {
    let (id, name) = match before {
        [] => (None, None),
        [one] => match one.strip_prefix("id:") {
            Some(id) => (Some(id), None),
            None => (None, Some(*one)),
        },
        [id, name] => (Some(id.strip_prefix("id:")?), Some(*name)),
        _ => return None,
    };
    let lease = match after {
        [] => None,
        [lease] => Some(parse_lease(lease)?),
        _ => return None,
    };
    Some(ReservedHost {
        mac: None,
        id: line(id)?,
        name: line(name)?,
        ip: ip.parse().ok()?,
        lease,
    })
}

/// `after` begins with the address.
fn parse_v4(before: &[&str], after: &[&str]) -> Option<ReservedHost> {
    let (mac, leading) = match before {
        [] => (None, None),
        [one] if one.parse::<Mac>().is_ok() => (Some(*one), None),
        [one] => (None, Some(*one)),
        _ => return None,
    };
    let (ip, rest) = after.split_first()?;
    let (trailing, lease) = match rest {
        [] => (None, None),
        [one] => match parse_lease(one) {
            Some(lease) => (None, Some(lease)),
            None => (Some(*one), None),
        },
        [name, lease] => (Some(*name), Some(parse_lease(lease)?)),
        _ => return None,
    };
    if trailing.is_some() && mac.is_none() {
        return None;
    }
    Some(ReservedHost {
        mac: line(mac)?,
        id: None,
        name: line(leading.or(trailing))?,
        ip: ip.parse().ok()?,
        lease,
    })
}

/// `None` only for a text that is no line.
fn line(text: Option<&str>) -> Option<Option<Line>> {
    text.map(str::parse).transpose().ok()
}

/// Fixed names: an address, then each name, a tab after each.
pub fn print_names(service: &Dnsmasq) -> String {
    service.host_records.iter().map(print_record).collect()
}

fn print_record(record: &HostRecord) -> String {
    let names = record.names.iter().map(|name| format!("{name}\t"));
    format!("{}\t{}\n", print_ip(record.ip), names.collect::<String>())
}

/// Reads one line of [`print_names`].
pub fn parse_record(line: &str) -> Option<HostRecord> {
    let mut words = line.split_whitespace();
    let ip = words.next()?.parse().ok()?;
    let names: Vec<Line> = words.map(|name| name.parse().ok()).collect::<Option<_>>()?;
    (!names.is_empty()).then_some(HostRecord { ip, names })
}
