//! A configuration of dnsmasq that somebody wrote: the lines that guides give.
//!
//! Our own reader takes what tools write, and keeps other lines as options. Here ranges without a
//! netmask, hosts in the configuration itself and what is the default anyway are understood, so
//! that a network says them in its own words.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, ipv4_mask_to_prefix};

use crate::backend::dnsmasq;
use crate::capture::{FileId, ServiceFiles};
use crate::recover::seen::Maker;
use crate::state::{DhcpPool, DhcpService, Dnsmasq, DynamicRange, ReservedHost};
use crate::value::{LeaseTime, LeaseUnit, Line, Mac};

/// The service with what its options say understood; `addresses` are those of the bridge.
pub fn understood(
    service: &Dnsmasq,
    files: Option<&ServiceFiles>,
    maker: Maker,
    addresses: &[IpNet],
) -> Dnsmasq {
    let ordered = files.filter(|_| maker == Maker::Hand).and_then(in_order);
    let mut known = ordered.unwrap_or_else(|| service.clone());
    let options = std::mem::take(&mut known.options);
    for line in options {
        let text = line.as_str();
        let taken = match maker {
            Maker::Tool => None,
            Maker::OldLibvirt => listening(text),
            Maker::Hand => listening(text)
                .or_else(|| take(&mut known, text))
                .or_else(|| default(text, addresses)),
        };
        if taken.is_none() {
            known.options.push(line);
        }
    }
    known
}

/// Reads a configuration as if its lines stood in the order in which tools write them: whoever
/// writes by hand knows no end after which every line is an option.
fn in_order(files: &ServiceFiles) -> Option<Dnsmasq> {
    const LAST: [&str; 4] = ["interface=", "tftp-root=", "dhcp-hostsfile=", "addn-hosts="];
    let rank = |line: &&str| {
        LAST.iter()
            .position(|start| line.starts_with(start))
            .map_or(0, |at| at + 1)
    };
    let mut lines: Vec<&str> = files.conf.1.lines().map(str::trim).collect();
    lines.sort_by_key(rank);
    let text = |file: &Option<(FileId, String)>| match file {
        Some((_, text)) => text.clone(),
        None => String::new(),
    };
    let read = dnsmasq::parse(&dnsmasq::Files {
        stem: &files.stem,
        conf: &lines.join("\n"),
        hosts: &text(&files.hosts),
        names: &text(&files.names),
    });
    read.map(|read| read.service)
}

/// Where dnsmasq listens: the network's own does so on its bridge.
fn listening(line: &str) -> Option<()> {
    let word = matches!(
        line,
        "bind-interfaces" | "bind-dynamic" | "interface=lo" | "port=53"
    );
    let starts = [
        "listen-address=",
        "except-interface=",
        "no-dhcp-interface=lo",
    ];
    (word || starts.iter().any(|start| line.starts_with(start))).then_some(())
}

/// What dnsmasq tells guests without being told: the bridge is router and name server.
fn default(line: &str, addresses: &[IpNet]) -> Option<()> {
    let value = line.strip_prefix("dhcp-option=")?;
    let (option, value) = value.split_once(',')?;
    let told = matches!(option, "3" | "6" | "option:router" | "option:dns-server");
    let ip: IpAddr = value.trim().parse().ok()?;
    let ours = addresses.iter().any(|address| address.addr() == ip);
    (told && ours).then_some(())
}

fn take(service: &mut Dnsmasq, line: &str) -> Option<()> {
    if let Some(value) = line.strip_prefix("dhcp-range=") {
        let (range, prefix) = range(value)?;
        return add_range(service, range, prefix);
    }
    let host = host(line.strip_prefix("dhcp-host=")?)?;
    let dhcp = match host.ip {
        IpAddr::V4(_) => &mut service.dhcp4,
        IpAddr::V6(_) => &mut service.dhcp6,
    };
    dhcp.as_mut()?.hosts.push(host);
    Some(())
}

fn add_range(service: &mut Dnsmasq, range: DynamicRange, prefix: Option<u8>) -> Option<()> {
    let dhcp = match range.start {
        IpAddr::V4(_) => &mut service.dhcp4,
        IpAddr::V6(_) => &mut service.dhcp6,
    };
    let Some(DhcpService { pool, .. }) = dhcp else {
        *dhcp = Some(DhcpService {
            pool: DhcpPool::Ranges {
                ranges: vec![range],
                prefix,
            },
            hosts: Vec::new(),
            boot: None,
        });
        return Some(());
    };
    match pool {
        DhcpPool::Ranges {
            ranges,
            prefix: known,
        } if is_one(ranges, &range, prefix.or(*known)) => {
            ranges.push(range);
            *known = known.or(prefix);
            Some(())
        }
        DhcpPool::Ranges { .. } | DhcpPool::Reserved { .. } => None,
    }
}

/// Whether ranges lie in one subnet, as far as its prefix is known.
fn is_one(ranges: &[DynamicRange], range: &DynamicRange, prefix: Option<u8>) -> bool {
    let net = |ip| IpNet::new(ip, prefix.unwrap_or(24)).map(|net| net.trunc());
    ranges
        .iter()
        .all(|other| net(other.start) == net(range.start))
}

/// `START,END[,NETMASK[,BROADCAST]][,LEASE]`; the netmask is the bridge's unless it is said.
fn range(value: &str) -> Option<(DynamicRange, Option<u8>)> {
    let mut fields = value.split(',').map(str::trim).peekable();
    let start: IpAddr = fields.next()?.parse().ok()?;
    let end: IpAddr = fields.next()?.parse().ok()?;
    if start.is_ipv4() != end.is_ipv4() {
        return None;
    }
    let mut said = None;
    if let Some(field) = fields.peek() {
        said = match start {
            IpAddr::V4(_) => field.parse::<Ipv4Addr>().ok().and_then(prefix_of),
            IpAddr::V6(_) => field.parse().ok().filter(|length| *length <= 128),
        };
    }
    if said.is_some() {
        fields.next();
        let broadcast = fields
            .peek()
            .is_some_and(|it| it.parse::<Ipv4Addr>().is_ok());
        fields.next_if(|_| broadcast);
    }
    let lease = fields.next().map(lease);
    let lease = match lease {
        Some(None) => return None,
        Some(Some(lease)) => Some(lease),
        None => None,
    };
    if fields.next().is_some() {
        return None;
    }
    Some((DynamicRange { start, end, lease }, said))
}

fn prefix_of(netmask: Ipv4Addr) -> Option<u8> {
    ipv4_mask_to_prefix(netmask).ok()
}

/// A hardware address, a name, an address and a lease time, in any order but for the address of
/// the guest; tags and other things are left to dnsmasq.
fn host(value: &str) -> Option<ReservedHost> {
    let (mut mac, mut name, mut ip, mut time) = (None, None, None, None);
    for field in value.split(',').map(str::trim) {
        if field.parse::<Mac>().is_ok() && mac.is_none() {
            mac = Some(field.parse::<Line>().ok()?);
        } else if let (Ok(address), None) = (field.parse::<IpAddr>(), ip) {
            ip = Some(address);
        } else if let (Some(lease), None) = (lease(field), time) {
            time = Some(lease);
        } else if name.is_none() && !field.contains(':') && !field.is_empty() {
            name = Some(field.parse::<Line>().ok()?);
        } else {
            return None;
        }
    }
    Some(ReservedHost {
        mac,
        id: None,
        name,
        ip: ip.filter(IpAddr::is_ipv4)?,
        lease: time,
    })
}

/// `infinite`, or a number of seconds or with a unit, days and weeks too.
fn lease(text: &str) -> Option<LeaseTime> {
    if text == "infinite" {
        return Some(LeaseTime::Infinite);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    let (count, unit) = match unit {
        "" | "s" => (count, LeaseUnit::Seconds),
        "m" => (count, LeaseUnit::Minutes),
        "h" => (count, LeaseUnit::Hours),
        "d" => (count.checked_mul(24)?, LeaseUnit::Hours),
        "w" => (count.checked_mul(24 * 7)?, LeaseUnit::Hours),
        _ => return None,
    };
    LeaseTime::new(count, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_hand(options: &[&str]) -> Dnsmasq {
        let parse = |text: &str| text.parse().expect("it is a name");
        let mut service = Dnsmasq::plain(
            "lab".parse().expect("it is a name"),
            "br0".parse().expect("it is a name"),
        );
        service.options = options.iter().map(|text| parse(text)).collect();
        let address = "192.0.2.1/25".parse().expect("it is an address");
        understood(&service, None, Maker::Hand, &[address])
    }

    #[test]
    fn lines_of_guides_are_understood() {
        let service = by_hand(&[
            "bind-interfaces",
            "listen-address=192.0.2.1",
            "dhcp-range=192.0.2.10,192.0.2.20,12h",
            "dhcp-range=192.0.2.30,192.0.2.40,255.255.255.128,192.0.2.127,infinite",
            "dhcp-host=52:54:00:aa:bb:cc,web,192.0.2.11,1d",
            "dhcp-option=option:router,192.0.2.1",
            "dhcp-option=3,192.0.2.2",
            "dhcp-host=52:54:00:aa:bb:cc,set:blue,192.0.2.12",
            "log-queries",
        ]);
        let options: Vec<&str> = service.options.iter().map(|it| it.as_str()).collect();
        assert_eq!(
            options,
            [
                "dhcp-option=3,192.0.2.2",
                "dhcp-host=52:54:00:aa:bb:cc,set:blue,192.0.2.12",
                "log-queries"
            ]
        );
        let dhcp = service.dhcp4.expect("there is a range");
        let DhcpPool::Ranges { ranges, prefix } = dhcp.pool else {
            unreachable!("ranges were given");
        };
        assert_eq!((ranges.len(), prefix), (2, Some(25)));
        assert_eq!(ranges[0].lease, LeaseTime::new(12, LeaseUnit::Hours));
        assert_eq!(ranges[1].lease, Some(LeaseTime::Infinite));
        assert_eq!(dhcp.hosts[0].name.as_ref().map(Line::as_str), Some("web"));
        assert_eq!(dhcp.hosts[0].lease, LeaseTime::new(24, LeaseUnit::Hours));
    }

    #[test]
    fn ranges_of_two_subnets_are_left_to_dnsmasq() {
        let service = by_hand(&[
            "dhcp-range=192.0.2.10,192.0.2.20",
            "dhcp-range=198.51.100.10,198.51.100.20",
            "dhcp-range=192.0.2.30,static,soon",
        ]);
        assert_eq!(service.options.len(), 2);
    }
}
