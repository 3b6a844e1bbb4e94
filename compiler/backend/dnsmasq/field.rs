//! Values of single dnsmasq lines, printed and read.
//!
//! Every pair here is inverse. What is read from a host may be anything, so readers give `None`
//! for what they would not print.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, ipv4_mask_to_prefix};

use crate::state::{BootFile, DhcpPool, DynamicRange, Server, SrvRecord, SrvTarget, TxtRecord};
use crate::value::{LeaseTime, LeaseUnit, Line};

/// An address as glibc prints it: as Rust does, but `::1.2.3.4` keeps its dotted tail.
pub fn print_ip(ip: IpAddr) -> String {
    match ip {
        IpAddr::V6(ip) if ip.segments()[..6] == [0; 6] && ip.segments()[6] != 0 => {
            format!("::{}", Ipv4Addr::from(u128::from(ip) as u32))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => ip.to_string(),
    }
}

/// A lease time: `infinite`, or a number with its unit.
pub fn print_lease(lease: LeaseTime) -> String {
    match lease {
        LeaseTime::Infinite => "infinite".to_owned(),
        LeaseTime::For { count, unit } => match unit {
            LeaseUnit::Seconds => format!("{count}s"),
            LeaseUnit::Minutes => format!("{count}m"),
            LeaseUnit::Hours => format!("{count}h"),
        },
    }
}

/// Reads what [`print_lease`] prints.
pub fn parse_lease(text: &str) -> Option<LeaseTime> {
    if text == "infinite" {
        return Some(LeaseTime::Infinite);
    }
    let (unit, count) = [
        ('s', LeaseUnit::Seconds),
        ('m', LeaseUnit::Minutes),
        ('h', LeaseUnit::Hours),
    ]
    .into_iter()
    .find_map(|(letter, unit)| Some((unit, text.strip_suffix(letter)?)))?;
    let digits = count.bytes().all(|byte| byte.is_ascii_digit());
    let count = count.parse().ok().filter(|count| digits && *count != 0)?;
    LeaseTime::new(count, unit)
}

/// The value of `server=`; `#` stands for the host's own resolvers.
pub fn print_server(server: &Server) -> String {
    let addr = server.addr.map(print_ip);
    match &server.domain {
        Some(domain) => format!("/{domain}/{}", addr.as_deref().unwrap_or("#")),
        None => addr.unwrap_or_default(),
    }
}

/// Reads what [`print_server`] prints.
pub fn parse_server(text: &str) -> Option<Server> {
    let Some(rest) = text.strip_prefix('/') else {
        let addr = Some(text.parse().ok()?);
        return Some(Server { addr, domain: None });
    };
    let (domain, addr) = rest.split_once('/')?;
    let addr = match addr {
        "#" => None,
        addr => Some(addr.parse().ok()?),
    };
    Some(Server {
        addr,
        domain: Some(domain.parse().ok()?),
    })
}

/// The value of `txt-record=`.
pub fn print_txt(txt: &TxtRecord) -> String {
    format!("{},{}", txt.name, txt.value)
}

/// Reads what [`print_txt`] prints.
pub fn parse_txt(text: &str) -> Option<TxtRecord> {
    let (name, value) = text.split_once(',')?;
    Some(TxtRecord {
        name: name.parse().ok()?,
        value: value.parse().ok()?,
    })
}

/// The value of `srv-host=`; fields at the end that say nothing are left out.
pub fn print_srv(srv: &SrvRecord) -> String {
    let mut text = format!("_{}._{}", srv.service, srv.protocol);
    if let Some(domain) = &srv.domain {
        text += &format!(".{domain}");
    }
    let Some(target) = &srv.target else {
        return text;
    };
    text += &format!(",{}", target.host);
    if let Some(port) = target.port {
        text += &format!(",{port}");
        if target.priority != 0 || target.weight != 0 {
            text += &format!(",{}", target.priority);
        }
        if target.weight != 0 {
            text += &format!(",{}", target.weight);
        }
    }
    text
}

/// Reads what [`print_srv`] prints.
pub fn parse_srv(text: &str) -> Option<SrvRecord> {
    let mut fields = text.split(',');
    let mut labels = fields.next()?.splitn(3, '.');
    let service = labels.next()?.strip_prefix('_')?.parse().ok()?;
    let protocol = labels.next()?.strip_prefix('_')?.parse().ok()?;
    let domain: Option<Result<Line, _>> = labels.next().map(str::parse);
    let host: Option<Result<Line, _>> = fields.next().map(str::parse);
    let numbers: Vec<u16> = fields
        .map(|field| field.parse().ok())
        .collect::<Option<_>>()?;
    if numbers.len() > 3 {
        return None;
    }
    let number = |at: usize| numbers.get(at).copied();
    Some(SrvRecord {
        service,
        protocol,
        domain: domain.transpose().ok()?,
        target: host.transpose().ok()?.map(|host| SrvTarget {
            host,
            port: number(0),
            priority: number(1).unwrap_or(0),
            weight: number(2).unwrap_or(0),
        }),
    })
}

/// The value of `dhcp-boot=`; the server's name, between the commas, is never said.
pub fn print_boot(boot: &BootFile) -> String {
    match boot.server {
        Some(server) => format!("{},,{}", boot.file, print_ip(server)),
        None => boot.file.to_string(),
    }
}

/// Reads what [`print_boot`] prints.
pub fn parse_boot(text: &str) -> Option<BootFile> {
    let server = text.rsplit_once(",,");
    let (file, server) = match server.and_then(|(file, ip)| Some((file, ip.parse().ok()?))) {
        Some((file, server)) => (file, Some(server)),
        None => (text, None),
    };
    let file = file.parse().ok()?;
    Some(BootFile { file, server })
}

/// The values of the `dhcp-range=` lines of one family.
pub fn print_pool(pool: &DhcpPool) -> Vec<String> {
    match pool {
        DhcpPool::Ranges { ranges, prefix } => ranges
            .iter()
            .map(|range| print_range(range, *prefix))
            .collect(),
        DhcpPool::Reserved { address, prefix } => {
            let prefix = prefix.map(|prefix| format!(",{prefix}"));
            let prefix = prefix.unwrap_or_default();
            vec![format!("{},static{prefix}", print_ip(*address))]
        }
    }
}

fn print_range(range: &DynamicRange, prefix: Option<u8>) -> String {
    let [start, end] = [range.start, range.end].map(print_ip);
    let size = prefix.map(|prefix| match range.start {
        IpAddr::V4(ip) => {
            let netmask = Ipv4Net::new(ip, prefix).map(|net| net.netmask());
            format!(",{}", netmask.unwrap_or(Ipv4Addr::BROADCAST))
        }
        IpAddr::V6(_) => format!(",{prefix}"),
    });
    let lease = range.lease.map(|lease| format!(",{}", print_lease(lease)));
    format!(
        "{start},{end}{}{}",
        size.unwrap_or_default(),
        lease.unwrap_or_default()
    )
}

/// What one `dhcp-range=` line says.
#[derive(Debug)]
pub enum RangeLine {
    /// Lease from this range of a subnet of this prefix length, if it is said.
    Range(DynamicRange, Option<u8>),
    /// Lease reserved addresses only, in the subnet around this address.
    Reserved(IpAddr, Option<u8>),
    /// Advertise the router, without DHCP.
    Advertise(Ipv6Addr),
}

/// Reads a `dhcp-range=` line.
pub fn parse_range(text: &str) -> Option<RangeLine> {
    let fields: Vec<&str> = text.split(',').collect();
    match fields[..] {
        [ip, "ra-only"] => Some(RangeLine::Advertise(ip.parse().ok()?)),
        [ip, "static"] => {
            let ip: Ipv4Addr = ip.parse().ok()?;
            Some(RangeLine::Reserved(ip.into(), None))
        }
        [ip, "static", prefix] => {
            let ip: Ipv6Addr = ip.parse().ok()?;
            Some(RangeLine::Reserved(ip.into(), Some(parse_prefix(prefix)?)))
        }
        [start, end] => parse_span(start, end, None, None),
        [start, end, last] => match parse_lease(last) {
            Some(lease) => parse_span(start, end, None, Some(lease)),
            None => parse_span(start, end, Some(last), None),
        },
        [start, end, size, lease] => parse_span(start, end, Some(size), Some(parse_lease(lease)?)),
        _ => None,
    }
}

fn parse_span(
    start: &str,
    end: &str,
    size: Option<&str>,
    lease: Option<LeaseTime>,
) -> Option<RangeLine> {
    let (start, end): (IpAddr, IpAddr) = (start.parse().ok()?, end.parse().ok()?);
    let prefix = match (start, size) {
        _ if start.is_ipv4() != end.is_ipv4() => return None,
        (_, None) => None,
        (IpAddr::V4(_), Some(size)) => Some(ipv4_mask_to_prefix(size.parse().ok()?).ok()?),
        (IpAddr::V6(_), Some(size)) => Some(parse_prefix(size)?),
    };
    Some(RangeLine::Range(DynamicRange { start, end, lease }, prefix))
}

fn parse_prefix(text: &str) -> Option<u8> {
    text.parse().ok().filter(|prefix| *prefix <= 128)
}
