//! Names: forwarders, records, the guests' domain.

use std::collections::{HashMap, VecDeque};

use crate::lower::service::reverse_zone;
use crate::network::{Dns, DnsHost, DnsSrv, DnsTxt, Domain, Forwarder, Subnet};
use crate::recover::evidence::{Draft, Element};
use crate::recover::seen::Seen;
use crate::state::{Dnsmasq, HostRecord, Server, SrvRecord, TxtRecord};

/// What the name server does.
pub(super) fn read(seen: &Seen<'_>, service: &Dnsmasq, draft: &mut Draft) -> Dns {
    let mut dns = Dns {
        disabled: !service.dns,
        forward_plain_names: service.plain_names_local.then_some(false),
        ..Dns::default()
    };
    if dns.disabled {
        draft.proves(Element::Dns, seen.conf_lines("port=0"));
    }
    if service.plain_names_local {
        draft.proves(Element::Dns, seen.conf_lines("domain-needed"));
    }
    let lines = seen.conf_lines("server=");
    for (at, server) in service.servers.iter().enumerate() {
        match forwarder(server) {
            Some(forwarder) => {
                let element = Element::Forwarder(dns.forwarders.len());
                draft.proves(element, lines.get(at).copied());
                dns.forwarders.push(forwarder);
            }
            None => refuse(draft, "server"),
        }
    }
    let lines = seen.conf_lines("txt-record=");
    for (at, record) in service.txt_records.iter().enumerate() {
        match txt(record) {
            Some(txt) => {
                draft.proves(Element::Txt(dns.txts.len()), lines.get(at).copied());
                dns.txts.push(txt);
            }
            None => refuse(draft, "txt-record"),
        }
    }
    let lines = seen.conf_lines("srv-host=");
    for (at, record) in service.srv_records.iter().enumerate() {
        match srv(record) {
            Some(srv) => {
                draft.proves(Element::Srv(dns.srvs.len()), lines.get(at).copied());
                dns.srvs.push(srv);
            }
            None => refuse(draft, "srv-host"),
        }
    }
    let lines = seen.names_lines();
    for (at, record) in service.host_records.iter().enumerate() {
        match host(record) {
            Some(host) => {
                draft.proves(Element::DnsHost(dns.hosts.len()), lines.get(at).copied());
                dns.hosts.push(host);
            }
            None => refuse(draft, "fixed name"),
        }
    }
    dns
}

fn refuse(draft: &mut Draft, what: &str) {
    let message = format!("a line of dnsmasq ({what}) that network XML cannot hold is left out");
    draft.differs(Element::Dns, message);
}

fn forwarder(server: &Server) -> Option<Forwarder> {
    let domain = server.domain.as_ref().map(|domain| domain.as_str().parse());
    Some(Forwarder {
        addr: server.addr,
        domain: domain.transpose().ok()?,
    })
}

fn txt(record: &TxtRecord) -> Option<DnsTxt> {
    Some(DnsTxt {
        name: record.name.as_str().parse().ok()?,
        value: record.value.clone(),
    })
}

/// dnsmasq knows the fields by position, so a port may stand for nothing but its place; 1 is what
/// dnsmasq takes without one.
fn srv(record: &SrvRecord) -> Option<DnsSrv> {
    let domain = record.domain.as_ref().map(|domain| domain.as_str().parse());
    let target = record.target.as_ref();
    let host = target.map(|target| target.host.as_str().parse());
    let number = |number: u16| (number != 0).then_some(number);
    Some(DnsSrv {
        service: record.service.as_str().parse().ok()?,
        protocol: record.protocol.as_str().parse().ok()?,
        domain: domain.transpose().ok()?,
        target: host.transpose().ok()?,
        port: target.and_then(|target| target.port),
        priority: target.and_then(|target| number(target.priority)),
        weight: target.and_then(|target| number(target.weight)),
    })
}

fn host(record: &HostRecord) -> Option<DnsHost> {
    let names = record.names.iter().map(|name| name.as_str().parse());
    let names: Vec<_> = names.collect::<Result<_, _>>().ok()?;
    (!names.is_empty()).then_some(DnsHost {
        ip: record.ip,
        names,
    })
}

/// The domain of the guests.
pub(super) fn domain(seen: &Seen<'_>, service: &Dnsmasq, draft: &mut Draft) -> Option<Domain> {
    let told = service.domain.as_ref()?;
    let Ok(name) = told.name.as_str().parse() else {
        refuse(draft, "domain");
        return None;
    };
    draft.proves(Element::Domain, seen.conf_lines("domain="));
    if told.local_only {
        let line = format!("local=/{}/", told.name);
        draft.proves(Element::Domain, seen.conf_lines(&line));
    }
    let registrations = &seen.capture.state.registrations;
    let registered = registrations.iter().any(|it| it.link == *seen.bridge);
    Some(Domain {
        name,
        local_only: told.local_only.then_some(true),
        register: registered.then_some(true),
    })
}

/// Gives each subnet its `localPtr`; lines for other reverse domains are left.
pub(super) fn local_reverse(
    seen: &Seen<'_>,
    service: &Dnsmasq,
    subnets: &mut [Subnet],
    draft: &mut Draft,
) -> Vec<String> {
    let mut left = Vec::new();
    if service.local_reverse.is_empty() {
        return left;
    }
    let mut zones: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (at, subnet) in subnets.iter().enumerate() {
        let zone = reverse_zone(subnet.network());
        zones.entry(zone).or_default().push_back(at);
    }
    let lines = seen.conf_by_line();
    for zone in &service.local_reverse {
        let line = format!("local=/{zone}/");
        let of = zones.get_mut(zone.as_str());
        match of.and_then(VecDeque::pop_front) {
            Some(at) => {
                subnets[at].local_ptr = true;
                let proof = lines.get(line.as_str()).into_iter().flatten();
                draft.proves(Element::Ip(at), proof.copied());
            }
            None => left.push(line),
        }
    }
    left
}
