//! What dnsmasq is told for one network.
//!
//! Which line libvirt writes when is decided here (`networkDnsmasqConfContents`,
//! `networkDnsmasqConfDHCP`); how it is spelt is `backend::dnsmasq`. What a name server that is
//! switched off would say is left out.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::network::{Dhcp, DhcpHost, Dns, DnsSrv, Forward, HostIdentity, Member, Subnet, Virtual};
use crate::state::{
    BootFile, DhcpPool, DhcpService, Dnsmasq, DynamicRange, GuestDomain, HostRecord, RaMode,
    ReservedHost, Server, SrvRecord, SrvTarget, TxtRecord,
};
use crate::value::Line;

/// The network's dnsmasq, if it needs one: some address, and somebody to serve on it.
pub fn lower(member: &Member) -> Option<Dnsmasq> {
    let network = member.network.as_virtual()?;
    if !is_needed(network) {
        return None;
    }
    let silent = Dns {
        disabled: true,
        ..Dns::default()
    };
    let dns = if network.dns.disabled {
        &silent
    } else {
        &network.dns
    };
    Some(Dnsmasq {
        network: member.network.name.clone(),
        link: member.bridge.clone()?,
        dns: !dns.disabled,
        servers: servers(dns),
        only_servers: only_servers(dns),
        domain: domain(network),
        local_reverse: local_reverse(network),
        plain_names_local: dns.forward_plain_names == Some(false),
        isolated: network.forward == Forward::Isolated,
        txt_records: txt_records(dns),
        srv_records: dns.srvs.iter().map(srv_record).collect(),
        tftp_roots: tftp_roots(network).collect(),
        dhcp4: dhcp(network, true),
        dhcp6: dhcp(network, false),
        max_leases: max_leases(network),
        mtu: network.mtu.map(|mtu| mtu.bytes()),
        advertisements: advertisements(network),
        host_records: host_records(dns),
        options: options(network),
    })
}

/// As `networkStartDhcpDaemon`: without an address never, and then only for DNS, DHCP or TFTP.
fn is_needed(network: &Virtual) -> bool {
    let served = |subnet: &Subnet| subnet.dhcp.is_some() || subnet.tftp_root.is_some();
    !network.subnets.is_empty() && (!network.dns.disabled || network.subnets.iter().any(served))
}

fn servers(dns: &Dns) -> Vec<Server> {
    let server = |forwarder: &crate::network::Forwarder| Server {
        addr: forwarder.addr,
        domain: forwarder
            .domain
            .as_ref()
            .map(|domain| Line::lossy(domain.as_str())),
    };
    dns.forwarders.iter().map(server).collect()
}

/// A forwarder for everything replaces the host's own resolvers.
fn only_servers(dns: &Dns) -> bool {
    dns.forwarders
        .iter()
        .any(|forwarder| forwarder.addr.is_some() && forwarder.domain.is_none())
}

fn domain(network: &Virtual) -> Option<GuestDomain> {
    network.domain.as_ref().map(|domain| GuestDomain {
        name: Line::lossy(domain.name.as_str()),
        local_only: domain.local_only == Some(true),
    })
}

fn local_reverse(network: &Virtual) -> Vec<Line> {
    let local = |subnet: &&Subnet| subnet.local_ptr && !network.dns.disabled;
    let zones = network.subnets.iter().filter(local);
    zones
        .map(|subnet| Line::lossy(&reverse_zone(subnet.network())))
        .collect()
}

/// The reverse domain of a subnet, as `virSocketAddrPTRDomain` makes it: whole octets or whole
/// hexadecimal digits of the prefix.
pub(crate) fn reverse_zone(net: IpNet) -> String {
    let mut zone = String::new();
    match net {
        IpNet::V4(net) => {
            let octets = net.network().octets();
            for octet in octets.iter().take(net.prefix_len() as usize / 8).rev() {
                zone += &format!("{octet}.");
            }
            zone + "in-addr.arpa"
        }
        IpNet::V6(net) => {
            let bits = u128::from(net.network());
            for digit in (0..net.prefix_len() as u32 / 4).rev() {
                zone += &format!("{:x}.", bits >> (124 - 4 * digit) & 0xf);
            }
            zone + "ip6.arpa"
        }
    }
}

fn txt_records(dns: &Dns) -> Vec<TxtRecord> {
    let record = |txt: &crate::network::DnsTxt| TxtRecord {
        name: Line::lossy(txt.name.as_str()),
        value: Line::lossy(txt.value.as_str()),
    };
    dns.txts.iter().map(record).collect()
}

/// Without a target, or with `.`, the service is said not to exist (RFC 2782). dnsmasq knows the
/// rest by position, so the port is filled in where something follows it.
fn srv_record(srv: &DnsSrv) -> SrvRecord {
    let target = srv.target.as_ref().filter(|target| target.as_str() != ".");
    let priority = srv.priority.unwrap_or(0);
    let weight = srv.weight.unwrap_or(0);
    let filler = (priority != 0 || weight != 0).then_some(1);
    SrvRecord {
        service: Line::lossy(srv.service.as_str()),
        protocol: Line::lossy(srv.protocol.as_str()),
        domain: srv.domain.as_ref().map(|it| Line::lossy(it.as_str())),
        target: target.map(|host| SrvTarget {
            host: Line::lossy(host.as_str()),
            port: srv.port.filter(|port| *port != 0).or(filler),
            priority,
            weight,
        }),
    }
}

fn tftp_roots(network: &Virtual) -> impl Iterator<Item = Line> {
    let ipv4 = network.subnets.iter().filter(|subnet| subnet.is_ipv4());
    let roots = ipv4.filter_map(|subnet| subnet.tftp_root.as_ref());
    roots.map(|root| Line::lossy(root.as_str()))
}

fn dhcp(network: &Virtual, ipv4: bool) -> Option<DhcpService> {
    let mut subnets = network.subnets.iter().filter(|it| it.is_ipv4() == ipv4);
    let (subnet, dhcp) = subnets.find_map(|subnet| Some((subnet, subnet.dhcp.as_ref()?)))?;
    let bootp = dhcp.bootp.as_ref().filter(|_| ipv4);
    Some(DhcpService {
        pool: pool(subnet, dhcp),
        hosts: dhcp.hosts.iter().map(reserved).collect(),
        boot: bootp.map(|bootp| BootFile {
            file: Line::lossy(bootp.file.as_str()),
            server: bootp.server,
        }),
    })
}

fn pool(subnet: &Subnet, dhcp: &Dhcp) -> DhcpPool {
    let prefix = subnet.interface().prefix_len();
    if dhcp.ranges.is_empty() {
        return DhcpPool::Reserved {
            address: subnet.address(),
            prefix: (!subnet.is_ipv4()).then_some(prefix),
        };
    }
    let range = |range: &crate::network::DhcpRange| DynamicRange {
        start: range.start(),
        end: range.end(),
        lease: range.lease,
    };
    DhcpPool::Ranges {
        ranges: dhcp.ranges.iter().map(range).collect(),
        prefix: Some(prefix),
    }
}

fn reserved(host: &DhcpHost) -> ReservedHost {
    let (mac, id, name) = match &host.identity {
        HostIdentity::Ipv4 { mac, name } => (mac.as_ref().map(ToString::to_string), None, name),
        HostIdentity::Ipv6 { id, name } => (None, id.as_ref().map(|id| id.as_str()), name),
    };
    ReservedHost {
        mac: mac.as_deref().map(Line::lossy),
        id: id.map(Line::lossy),
        name: name.as_ref().map(|name| Line::lossy(name.as_str())),
        ip: host.ip,
        lease: host.lease,
    }
}

fn options(network: &Virtual) -> Vec<Line> {
    let lines = network.options.iter();
    lines.map(|line| Line::lossy(line.0.as_str())).collect()
}

fn max_leases(network: &Virtual) -> Option<u64> {
    let dhcps = network.subnets.iter().filter_map(|it| it.dhcp.as_ref());
    let sizes = dhcps
        .flat_map(|dhcp| &dhcp.ranges)
        .map(|range| u64::from(range.size()));
    Some(sizes.sum()).filter(|sum| *sum != 0)
}

/// With DHCPv6 on one subnet the others are not advertised at all.
fn advertisements(network: &Virtual) -> RaMode {
    let ipv6 = || network.subnets.iter().filter(|subnet| !subnet.is_ipv4());
    if ipv6().any(|subnet| subnet.dhcp.is_some()) {
        RaMode::WithDhcp
    } else {
        RaMode::Only(ipv6().map(Subnet::address).collect())
    }
}

/// Several `<host>` with one address become one record, where the first one stood.
fn host_records(dns: &Dns) -> Vec<HostRecord> {
    let mut records: Vec<HostRecord> = Vec::new();
    let mut places: HashMap<IpAddr, usize> = HashMap::new();
    for host in &dns.hosts {
        let place = *places.entry(host.ip).or_insert(records.len());
        if place == records.len() {
            let (ip, names) = (host.ip, Vec::new());
            records.push(HostRecord { ip, names });
        }
        let names = host.names.iter().map(|name| Line::lossy(name.as_str()));
        records[place].names.extend(names);
    }
    records
}
