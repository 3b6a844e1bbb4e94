//! Names for numbers: what `/etc/protocols` and `/etc/services` say on a usual host.
//!
//! The files of this machine are not asked: a text says the same wherever it is read.

use std::fmt;

use crate::firewall::Protocol;

/// Protocols by number, under the names of Debian's `/etc/protocols`, which `iptables-save` prints.
const PROTOCOLS: [(u8, &str); 54] = [
    (1, "icmp"),
    (2, "igmp"),
    (3, "ggp"),
    (4, "ipencap"),
    (5, "st"),
    (6, "tcp"),
    (8, "egp"),
    (9, "igp"),
    (12, "pup"),
    (17, "udp"),
    (20, "hmp"),
    (22, "xns-idp"),
    (27, "rdp"),
    (29, "iso-tp4"),
    (33, "dccp"),
    (36, "xtp"),
    (37, "ddp"),
    (38, "idpr-cmtp"),
    (41, "ipv6"),
    (43, "ipv6-route"),
    (44, "ipv6-frag"),
    (45, "idrp"),
    (46, "rsvp"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (57, "skip"),
    (58, "ipv6-icmp"),
    (59, "ipv6-nonxt"),
    (60, "ipv6-opts"),
    (73, "rspf"),
    (81, "vmtp"),
    (88, "eigrp"),
    (89, "ospf"),
    (93, "ax.25"),
    (94, "ipip"),
    (97, "etherip"),
    (98, "encap"),
    (103, "pim"),
    (108, "ipcomp"),
    (112, "vrrp"),
    (115, "l2tp"),
    (124, "isis"),
    (132, "sctp"),
    (133, "fc"),
    (135, "mobility-header"),
    (136, "udplite"),
    (137, "mpls-in-ip"),
    (138, "manet"),
    (139, "hip"),
    (140, "shim6"),
    (141, "wesp"),
    (142, "rohc"),
    (143, "ethernet"),
];

/// Further names that other systems, or iptables itself, have for some of them.
const MORE_PROTOCOLS: [(u8, &str); 12] = [
    (0, "all"),
    (0, "ip"),
    (0, "hopopt"),
    (4, "ipv4"),
    (41, "ipv6-encap"),
    (58, "icmpv6"),
    (58, "icmp6"),
    (89, "ospfigp"),
    (112, "carp"),
    (135, "mh"),
    (135, "ipv6-mh"),
    (140, "shim"),
];

/// Ports by the names that people write in rules, from `/etc/services`.
const SERVICES: [(&str, u16); 70] = [
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("chargen", 19),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("whois", 43),
    ("tacacs", 49),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("gopher", 70),
    ("finger", 79),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("auth", 113),
    ("nntp", 119),
    ("ntp", 123),
    ("epmap", 135),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap2", 143),
    ("imap", 143),
    ("snmp", 161),
    ("snmp-trap", 162),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("submissions", 465),
    ("isakmp", 500),
    ("syslog", 514),
    ("printer", 515),
    ("route", 520),
    ("dhcpv6-client", 546),
    ("dhcpv6-server", 547),
    ("rtsp", 554),
    ("submission", 587),
    ("ipp", 631),
    ("ldaps", 636),
    ("domain-s", 853),
    ("rsync", 873),
    ("imaps", 993),
    ("pop3s", 995),
    ("socks", 1080),
    ("openvpn", 1194),
    ("l2f", 1701),
    ("radius", 1812),
    ("radius-acct", 1813),
    ("nfs", 2049),
    ("mysql", 3306),
    ("ipsec-nat-t", 4500),
    ("sip", 5060),
    ("mdns", 5353),
    ("postgresql", 5432),
    ("http-alt", 8080),
    ("iscsi-target", 3260),
    ("ms-wbt-server", 3389),
    ("redis", 6379),
    ("webmin", 10000),
    ("zabbix-agent", 10050),
];

/// The protocol of this name or number; 0 is any.
pub(super) fn protocol(word: &str) -> Option<Protocol> {
    match word {
        "tcp" => return Some(Protocol::TCP),
        "udp" => return Some(Protocol::UDP),
        _ => {}
    }
    if let Some(number) = super::value::number(word) {
        return u8::try_from(number).ok().map(Protocol);
    }
    let mut all = PROTOCOLS.iter().chain(&MORE_PROTOCOLS);
    let known = all.find(|(_, name)| name.eq_ignore_ascii_case(word));
    known.map(|(number, _)| Protocol(*number))
}

/// A protocol as `iptables-save` prints it.
pub(super) struct ProtocolName(pub Protocol);

impl fmt::Display for ProtocolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0.0;
        match PROTOCOLS.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(at) => f.write_str(PROTOCOLS[at].1),
            Err(_) => number.fmt(f),
        }
    }
}

/// The port of this service.
pub(super) fn service(name: &str) -> Option<u16> {
    let known = SERVICES.iter().find(|(service, _)| *service == name);
    known.map(|(_, port)| *port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_read_back() {
        for number in 1..=255 {
            let name = ProtocolName(Protocol(number)).to_string();
            assert_eq!(protocol(&name), Some(Protocol(number)), "{name}");
        }
        assert_eq!(protocol("TCP"), Some(Protocol::TCP));
        assert_eq!(protocol("icmpv6"), Some(Protocol::ICMPV6));
        assert_eq!(protocol("256"), None);
    }
}
