//! dnsmasq's files, read.
//!
//! Both layouts are read alike, and what libvirt wrote itself too. A line that nobody here knows
//! is kept as a declared option; a line that ours always has and this file lacks is named, so
//! that an audit sees what was changed by hand.

use std::collections::HashMap;

use super::conf::{NETWORK_HEADING, OPTIONS_HEADING};
use super::field::{RangeLine, parse_boot, parse_range, parse_server, parse_srv, parse_txt};
use super::hosts::{Dhcp, parse_host, parse_record};
use super::{Layout, print_conf};
use crate::state::{DhcpPool, DhcpService, Dnsmasq, DynamicRange, GuestDomain, RaMode};
use crate::value::{DeviceName, Line, NetworkName};

/// The texts of one network.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The name of the configuration file without its ending: the network, unless it says
    /// otherwise itself.
    pub stem: &'a str,
    /// The configuration.
    pub conf: &'a str,
    /// Reserved hosts.
    pub hosts: &'a str,
    /// Fixed names.
    pub names: &'a str,
}

/// What the texts say.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The service.
    pub service: Dnsmasq,
    /// Lines that no field could take.
    pub unread: Vec<String>,
    /// Lines that belong to such a service and are not there.
    pub missing: Vec<String>,
}

/// The other files that a configuration names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// `dhcp-hostsfile`.
    pub hosts: Option<&'a str>,
    /// `addn-hosts`.
    pub names: Option<&'a str>,
    /// `dhcp-leasefile`.
    pub leases: Option<&'a str>,
    /// `pid-file`.
    pub pid: Option<&'a str>,
}

/// The other files that this configuration names, each where it is first named.
pub fn references(conf: &str) -> References<'_> {
    let first = |key: &str| conf.lines().find_map(|line| line.strip_prefix(key));
    References {
        hosts: first("dhcp-hostsfile="),
        names: first("addn-hosts="),
        leases: first("dhcp-leasefile="),
        pid: first("pid-file="),
    }
}

/// Reads the files of one network; `None` if they name no bridge or no network.
pub fn parse(files: &Files<'_>) -> Option<Reading> {
    let lines: Vec<&str> = files.conf.lines().collect();
    let (body, tail) = lines.split_at(tail_start(&lines));
    let mut reader = Reader::new(network(files)?, link(body)?);
    let is_text = |line: &&&str| !is_comment(line);
    for line in body.iter().filter(is_text) {
        if !reader.take(line) {
            reader.option(line);
        }
    }
    reader.tail(tail);
    let mut reading = reader.finish();
    reading.take_hosts(files.hosts);
    reading.take_names(files.names);
    reading.missing = missing(&reading.service, &lines);
    Some(reading)
}

fn network(files: &Files<'_>) -> Option<NetworkName> {
    let comments = files.conf.lines().take_while(|line| is_comment(line));
    let said = comments.filter_map(|line| {
        let text = line.trim_start_matches('#').trim_start();
        text.strip_prefix(NETWORK_HEADING)?.parse().ok()
    });
    said.last().or_else(|| files.stem.parse().ok())
}

fn link(body: &[&str]) -> Option<DeviceName> {
    let link = |line: &&str| line.strip_prefix("interface=")?.parse().ok();
    body.iter().find_map(link)
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

/// Where the lines begin that come after everything that is always there. Up to there the order
/// is of no account; from there on the first unknown line begins the options.
fn tail_start(lines: &[&str]) -> usize {
    let first = |key: &str| lines.iter().position(|line| line.starts_with(key));
    let link = first("interface=").unwrap_or(lines.len());
    let silent = lines[..link].contains(&"port=0");
    let names = || first("addn-hosts=").filter(|_| !silent);
    let tftp = || {
        let from = first("tftp-root=")?;
        let roots = lines[from..].iter();
        Some(
            from + roots
                .take_while(|line| line.starts_with("tftp-root="))
                .count()
                - 1,
        )
    };
    let isolated = || first("ra-param=*,0,0");
    let last = names().or_else(|| first("dhcp-hostsfile="));
    let last = last.or_else(tftp).or_else(isolated);
    // By hand, the link may be named last.
    let last = last.unwrap_or(link).max(link);
    last.saturating_add(1).min(lines.len())
}

/// The service as far as it is read.
struct Reader {
    service: Dnsmasq,
    unread: Vec<String>,
    no_resolv: usize,
}

impl Reader {
    fn new(network: NetworkName, link: DeviceName) -> Self {
        Reader {
            service: Dnsmasq::plain(network, link),
            unread: Vec::new(),
            no_resolv: 0,
        }
    }

    fn option(&mut self, line: &str) {
        match line.parse() {
            Ok(line) => self.service.options.push(line),
            Err(_) => self.unread.push(line.to_owned()),
        }
    }

    /// Takes a line that is known; `false` leaves it to the options.
    fn take(&mut self, line: &str) -> bool {
        match line.split_once('=') {
            Some((key, value)) => self.take_value(key, value).is_some(),
            None => self.take_word(line),
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        match word {
            "strict-order" | "expand-hosts" | "bind-dynamic" | "enable-tftp"
            | "dhcp-no-override" | "dhcp-authoritative" => {}
            "no-resolv" => self.no_resolv += 1,
            "domain-needed" => self.service.plain_names_local = true,
            "enable-ra" if self.service.dhcp6.is_some() => {
                self.service.advertisements = RaMode::WithDhcp;
            }
            _ => return false,
        }
        true
    }

    fn take_value(&mut self, key: &str, value: &str) -> Option<()> {
        let service = &mut self.service;
        match (key, value) {
            ("port", "0") => service.dns = false,
            ("server", _) => service.servers.push(parse_server(value)?),
            ("local", "//") => service.plain_names_local = true,
            ("local", _) => self.take_local(value)?,
            ("domain", _) if service.domain.is_none() => self.take_domain(value)?,
            ("pid-file" | "dhcp-hostsfile" | "addn-hosts" | "dhcp-leasefile", _) => {}
            ("except-interface", "lo") => {}
            ("interface", _) if value == service.link.as_str() => {}
            ("dhcp-option", "3") => service.isolated = true,
            ("ra-param", "*,0,0") => service.isolated = true,
            ("txt-record", _) => service.txt_records.push(parse_txt(value)?),
            ("srv-host", _) => service.srv_records.push(parse_srv(value)?),
            ("tftp-root", _) => service.tftp_roots.push(value.parse().ok()?),
            ("dhcp-range", _) => self.take_range(parse_range(value)?)?,
            ("dhcp-boot", _) => {
                let dhcp = service.dhcp4.as_mut().filter(|it| it.boot.is_none())?;
                dhcp.boot = Some(parse_boot(value)?);
            }
            ("dhcp-lease-max", _) if service.max_leases.is_none() => {
                service.max_leases = Some(value.parse().ok()?);
            }
            ("dhcp-option", _) if service.mtu.is_none() => {
                service.mtu = Some(value.strip_prefix("option:mtu,")?.parse().ok()?);
            }
            _ => return None,
        }
        Some(())
    }

    /// A domain that is answered here: a reverse one, or the guests' own, which may come first.
    fn take_local(&mut self, value: &str) -> Option<()> {
        let zone = value.strip_prefix('/')?.strip_suffix('/')?;
        let zone: Line = zone.parse().ok().filter(|_| !zone.contains('/'))?;
        self.service.local_reverse.push(zone);
        Some(())
    }

    fn take_domain(&mut self, value: &str) -> Option<()> {
        let name: Line = value.parse().ok()?;
        self.service.domain = Some(GuestDomain {
            name,
            local_only: false,
        });
        Some(())
    }

    fn take_range(&mut self, line: RangeLine) -> Option<()> {
        let (pool, ipv4) = match line {
            RangeLine::Advertise(ip) => return self.advertise(ip.into()),
            RangeLine::Range(range, prefix) => return self.lease(range, prefix),
            RangeLine::Reserved(address, prefix) => {
                (DhcpPool::Reserved { address, prefix }, address.is_ipv4())
            }
        };
        self.family(ipv4, pool)
    }

    fn lease(&mut self, range: DynamicRange, prefix: Option<u8>) -> Option<()> {
        let ipv4 = range.start.is_ipv4();
        let dhcp = if ipv4 {
            &mut self.service.dhcp4
        } else {
            &mut self.service.dhcp6
        };
        match dhcp.as_mut().map(|dhcp| &mut dhcp.pool) {
            Some(DhcpPool::Ranges {
                ranges,
                prefix: known,
            }) if *known == prefix => {
                ranges.push(range);
                Some(())
            }
            Some(DhcpPool::Ranges { .. } | DhcpPool::Reserved { .. }) => None,
            None => {
                let ranges = vec![range];
                self.family(ipv4, DhcpPool::Ranges { ranges, prefix })
            }
        }
    }

    fn family(&mut self, ipv4: bool, pool: DhcpPool) -> Option<()> {
        let dhcp = if ipv4 {
            &mut self.service.dhcp4
        } else {
            &mut self.service.dhcp6
        };
        if dhcp.is_some() {
            return None;
        }
        *dhcp = Some(DhcpService {
            pool,
            hosts: Vec::new(),
            boot: None,
        });
        Some(())
    }

    fn advertise(&mut self, ip: std::net::IpAddr) -> Option<()> {
        match &mut self.service.advertisements {
            RaMode::WithDhcp => None,
            RaMode::Only(addresses) => {
                addresses.push(ip);
                Some(())
            }
        }
    }

    /// MTU, then router advertisements, then options to the end.
    fn tail(&mut self, lines: &[&str]) {
        let mut lines = lines.iter();
        let mut rank = 0;
        for line in lines.by_ref() {
            if *line == OPTIONS_HEADING {
                break;
            }
            if is_comment(line) {
                continue;
            }
            let next = tail_rank(line).filter(|next| *next > rank || (*next, rank) == (3, 3));
            match next {
                Some(next) if self.take(line) => rank = next,
                Some(_) | None => {
                    self.option(line);
                    break;
                }
            }
        }
        lines.for_each(|line| self.option(line));
    }

    fn finish(mut self) -> Reading {
        let service = &mut self.service;
        let own = usize::from(service.isolated);
        service.only_servers = self.no_resolv > own;
        let local = &mut service.local_reverse;
        if let Some(domain) = &mut service.domain
            && let Some(at) = local.iter().position(|zone| *zone == domain.name)
        {
            local.remove(at);
            domain.local_only = true;
        }
        let foreign = local.extract_if(.., |zone| !zone.as_str().ends_with(".arpa"));
        let foreign = foreign.map(|zone| Line::lossy(&format!("local=/{zone}/")));
        service.options.splice(..0, foreign);
        Reading {
            service: self.service,
            unread: self.unread,
            missing: Vec::new(),
        }
    }
}

/// The order of the lines that may stand between what is always there and the options.
fn tail_rank(line: &str) -> Option<u8> {
    match line {
        "enable-ra" => Some(2),
        _ if line.starts_with("dhcp-option=option:mtu,") => Some(1),
        _ if line.starts_with("dhcp-range=") && line.ends_with(",ra-only") => Some(3),
        _ => None,
    }
}

impl Reading {
    fn take_hosts(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.is_empty()) {
            let service = &mut self.service;
            let taken = parse_host(line).and_then(|(host, family)| {
                let dhcp = match family {
                    Dhcp::V4 => &mut service.dhcp4,
                    Dhcp::V6 => &mut service.dhcp6,
                };
                dhcp.as_mut().map(|dhcp| dhcp.hosts.push(host))
            });
            if taken.is_none() {
                self.unread.push(line.to_owned());
            }
        }
    }

    fn take_names(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.is_empty()) {
            match parse_record(line) {
                Some(record) => self.service.host_records.push(record),
                None => self.unread.push(line.to_owned()),
            }
        }
    }
}

/// What such a service would be told beyond these lines, wherever its files lie.
fn missing(service: &Dnsmasq, lines: &[&str]) -> Vec<String> {
    let mut there: HashMap<&str, usize> = HashMap::new();
    for line in lines {
        *there.entry(without_path(line)).or_default() += 1;
    }
    let printed = print_conf(service, Layout::Libvirt);
    let is_missing = |line: &&str| match there.get_mut(without_path(line)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        Some(_) | None => true,
    };
    let expected = printed.lines().filter(|line| !is_comment(line));
    expected
        .filter(is_missing)
        .map(|line| without_path(line).to_owned())
        .collect()
}

fn without_path(line: &str) -> &str {
    ["pid-file", "dhcp-hostsfile", "addn-hosts"]
        .into_iter()
        .find(|key| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with('='))
        })
        .unwrap_or(line)
}
