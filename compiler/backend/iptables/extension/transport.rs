//! Ports and TCP's flags: `tcp`, `udp`, `sctp`, `dccp`, `multiport`.

use std::fmt::Write as _;

use super::{not, words};
use crate::backend::iptables::option::{Extension, Given, Matches, Opt, find};
use crate::backend::iptables::value;
use crate::firewall::{Match, PortSide, Ports, Protocol};
use crate::value::PortRange;

const SCTP_NUMBER: Protocol = Protocol(132);
const DCCP_NUMBER: Protocol = Protocol(33);

const SOURCE: Opt = Opt::value("--sport").also(&["--source-port"]);
const DESTINATION: Opt = Opt::value("--dport").also(&["--destination-port"]);

pub(super) static TCP: Extension = Extension::of_match(
    "tcp",
    &[
        SOURCE,
        DESTINATION,
        Opt::value("--tcp-option"),
        Opt::pair("--tcp-flags"),
        Opt::flag("--syn"),
    ],
    read_tcp,
);

pub(super) static UDP: Extension =
    Extension::of_match("udp", &[SOURCE, DESTINATION], |matches, given| {
        read_ports(matches, given, Protocol::UDP)
    });

pub(super) static SCTP: Extension = Extension::of_match(
    "sctp",
    &[
        SOURCE,
        DESTINATION,
        Opt::pair("--chunk-types").spelt_by(words::chunk_types),
    ],
    |matches, given| match find(given, "--chunk-types") {
        Some(_) => matches.keep(&SCTP, given),
        None => read_ports(matches, given, SCTP_NUMBER),
    },
);

pub(super) static DCCP: Extension = Extension::of_match(
    "dccp",
    &[
        SOURCE,
        DESTINATION,
        Opt::value("--dccp-types").spelt_by(words::dccp_types),
        Opt::value("--dccp-option"),
    ],
    |matches, given| {
        let further = |each: &Given<'_>| each.name().starts_with("--dccp");
        match given.iter().any(further) {
            true => matches.keep(&DCCP, given),
            false => read_ports(matches, given, DCCP_NUMBER),
        }
    },
);

pub(super) static MULTIPORT: Extension = Extension::of_match(
    "multiport",
    &[
        Opt::value("--sports").also(&["--source-ports"]),
        Opt::value("--dports").also(&["--destination-ports"]),
        Opt::value("--ports"),
    ],
    read_multiport,
);

/// TCP's flags, in the order in which `iptables-save` names them.
const FLAGS: [(u8, &str); 6] = [
    (1, "FIN"),
    (2, "SYN"),
    (4, "RST"),
    (8, "PSH"),
    (16, "ACK"),
    (32, "URG"),
];

/// `--syn` is short for these flags, of which SYN alone is set.
const SYN: (u8, u8) = (1 | 2 | 4 | 16, 2);

fn read_tcp(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    read_ports(matches, given, Protocol::TCP)?;
    for each in given {
        let negated = each.negated;
        let (mask, set) = match each.name() {
            "--tcp-flags" => (flags(&each.text())?, flags(&each.second())?),
            "--syn" => SYN,
            "--tcp-option" => {
                let option = value::fitting(&each.text())?;
                matches.all.push(Match::TcpOption { option, negated });
                continue;
            }
            _ => continue,
        };
        matches.all.push(Match::TcpFlags { mask, set, negated });
    }
    Ok(())
}

fn flags(text: &str) -> Result<u8, String> {
    let mut set = 0;
    for word in text.split(',') {
        let known = FLAGS
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(word));
        set |= match known {
            Some((flag, _)) => *flag,
            None if word.eq_ignore_ascii_case("ALL") => 63,
            None if word.eq_ignore_ascii_case("NONE") => 0,
            None => return Err(format!("TCP has no flag '{word}'")),
        };
    }
    Ok(set)
}

fn read_ports(
    matches: &mut Matches<'_>,
    given: &[Given<'_>],
    protocol: Protocol,
) -> Result<(), String> {
    if matches.protocol != Some(protocol) {
        return Err(format!("it is for -p {protocol} only"));
    }
    for each in given {
        let side = match each.name() {
            "--sport" => PortSide::Source,
            "--dport" => PortSide::Destination,
            _ => continue,
        };
        let ports = value::ports(&each.text(), b':')?;
        // All ports are no test at all.
        if each.negated || (ports.start(), ports.end()) != (0, u16::MAX) {
            matches.all.push(Match::Port {
                side,
                protocol: Some(protocol),
                ports: Ports::One(ports),
                negated: each.negated,
            });
        }
    }
    Ok(())
}

fn read_multiport(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let protocol = matches.protocol.ok_or("multiport needs a protocol")?;
    let [each] = given else {
        return Err("multiport takes one list".to_owned());
    };
    let text = each.text();
    let list: Result<Box<[PortRange]>, String> = text
        .split(',')
        .map(|range| value::ports(range, b':'))
        .collect();
    let side = match each.name() {
        "--sports" => PortSide::Source,
        "--dports" => PortSide::Destination,
        _ => PortSide::Either,
    };
    matches.all.push(Match::Port {
        side,
        protocol: Some(protocol),
        ports: Ports::List(list?),
        negated: each.negated,
    });
    Ok(())
}

/// The match of iptables that looks at one port of this protocol.
pub(super) fn module(protocol: Protocol) -> Option<&'static str> {
    match protocol {
        Protocol::TCP => Some("tcp"),
        Protocol::UDP => Some("udp"),
        SCTP_NUMBER => Some("sctp"),
        DCCP_NUMBER => Some("dccp"),
        _ => None,
    }
}

pub(super) fn print_port(text: &mut String, side: PortSide, range: PortRange, negated: bool) {
    let option = match side {
        PortSide::Source => "--sport",
        PortSide::Destination | PortSide::Either => "--dport",
    };
    text.extend([not(negated), " ", option, " "]);
    push_range(text, range);
}

pub(super) fn print_ports(text: &mut String, side: PortSide, list: &[PortRange], negated: bool) {
    let option = match side {
        PortSide::Source => "--sports",
        PortSide::Destination => "--dports",
        PortSide::Either => "--ports",
    };
    text.extend([not(negated), " ", option]);
    for (at, range) in list.iter().enumerate() {
        text.push(if at == 0 { ' ' } else { ',' });
        push_range(text, *range);
    }
}

fn push_range(text: &mut String, range: PortRange) {
    // Writing into a String cannot fail.
    let _ = write!(text, "{}", range.start());
    if range.start() != range.end() {
        let _ = write!(text, ":{}", range.end());
    }
}

pub(super) fn print_tcp_flags(text: &mut String, mask: u8, set: u8, negated: bool) {
    text.extend([not(negated), " --tcp-flags"]);
    for value in [mask, set] {
        let mut before = " ";
        for (_, name) in FLAGS.iter().filter(|(flag, _)| value & flag != 0) {
            text.extend([before, name]);
            before = ",";
        }
        if value & 63 == 0 {
            text.push_str(" NONE");
        }
    }
}
