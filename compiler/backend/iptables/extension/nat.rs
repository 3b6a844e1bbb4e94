//! Rewriting addresses: `SNAT`, `DNAT`, `MASQUERADE`, `REDIRECT`, `NETMAP`.

use std::fmt::Write as _;

use ipnet::IpNet;

use super::address::push_nat_addresses;
use crate::backend::iptables::option::{Extension, Given, Opt, has, read_value, required};
use crate::backend::iptables::value::{self, Address, Net};
use crate::firewall::{Family, NatAddress, NatFlags, NatTarget, Target};
use crate::value::PortRange;

pub(super) static SNAT: Extension = Extension::of_target(
    "SNAT",
    &[
        Opt::value("--to-source"),
        Opt::flag("--random"),
        Opt::flag("--random-fully"),
        Opt::flag("--persistent"),
    ],
    |family, given| {
        let to = required(given, "--to-source")?.text();
        Ok(Target::Snat(Box::new(nat(&to, family, flags(given))?)))
    },
);

pub(super) static DNAT: Extension = Extension::of_target(
    "DNAT",
    &[
        Opt::value("--to-destination"),
        Opt::flag("--random"),
        Opt::flag("--persistent"),
    ],
    |family, given| {
        let to = required(given, "--to-destination")?.text();
        // Ports that are shifted, `80-90/1000`, have no type.
        if to
            .rsplit(':')
            .next()
            .is_some_and(|ports| ports.contains('/'))
        {
            return Ok(Target::Other(DNAT.kept(family, given)?.into()));
        }
        Ok(Target::Dnat(Box::new(nat(&to, family, flags(given))?)))
    },
);

pub(super) static MASQUERADE: Extension = Extension::of_target(
    "MASQUERADE",
    &[
        Opt::value("--to-ports"),
        Opt::flag("--random"),
        Opt::flag("--random-fully"),
    ],
    |_, given| {
        Ok(Target::Masquerade {
            ports: read_value(given, "--to-ports", |text| value::ports(text, b'-'))?,
            flags: flags(given),
        })
    },
);

pub(super) static REDIRECT: Extension = Extension::of_target(
    "REDIRECT",
    &[Opt::value("--to-ports"), Opt::flag("--random")],
    |family, given| {
        let to = required(given, "--to-ports").map(|each| each.text());
        if to.is_ok_and(|ports| ports.contains('/')) {
            return Ok(Target::Other(REDIRECT.kept(family, given)?.into()));
        }
        Ok(Target::Redirect {
            ports: read_value(given, "--to-ports", |text| value::ports(text, b'-'))?,
            flags: flags(given),
        })
    },
);

pub(super) static NETMAP: Extension = Extension::of_target(
    "NETMAP",
    &[Opt::value("--to")],
    |family, given| match value::net(&required(given, "--to")?.text(), family)? {
        Net::Prefix(net) => Ok(Target::Netmap(net)),
        Net::Masked(..) => Err("the mask has holes".to_owned()),
    },
);

fn flags(given: &[Given<'_>]) -> NatFlags {
    NatFlags {
        random: has(given, "--random"),
        fully_random: has(given, "--random-fully"),
        persistent: has(given, "--persistent"),
    }
}

/// `a-b:lo-hi`, each part optional; IPv6 with ports, or without, in brackets.
fn nat(text: &str, family: Family, flags: NatFlags) -> Result<NatTarget, String> {
    let unclear = || format!("'{text}' is no address with ports");
    let (addresses, ports) = match text.strip_prefix('[') {
        Some(inner) => {
            let (addresses, rest) = inner.split_once(']').ok_or_else(unclear)?;
            match rest.strip_prefix(':') {
                Some(ports) => (addresses, Some(ports)),
                None if rest.is_empty() => (addresses, None),
                None => return Err(unclear()),
            }
        }
        None => match (family, text.split_once(':')) {
            (_, Some(("", ports))) if !ports.contains(':') => ("", Some(ports)),
            (Family::Ipv4, Some((addresses, ports))) => (addresses, Some(ports)),
            (Family::Ipv4, None) | (Family::Ipv6, _) => (text, None),
        },
    };
    let to = match addresses {
        "" => None,
        _ => {
            let (start, end) = value::addresses(addresses, family)?;
            Some(NatAddress { start, end })
        }
    };
    let ports = ports.map(|ports| value::ports(ports, b'-')).transpose()?;
    match (to, ports) {
        (None, None) => Err(unclear()),
        _ => Ok(NatTarget { to, ports, flags }),
    }
}

pub(super) fn print_nat(text: &mut String, option: &str, nat: &NatTarget) {
    text.extend([" ", option, " "]);
    if let Some(NatAddress { start, end }) = nat.to {
        let brackets = nat.ports.is_some() && start.is_ipv6();
        push_nat_addresses(text, start, end, brackets);
    }
    if let Some(ports) = nat.ports {
        // Writing into a String cannot fail.
        let _ = write!(text, ":{ports}");
    }
    print_flags(text, nat.flags);
}

pub(super) fn print_ports(text: &mut String, ports: Option<PortRange>, flags: NatFlags) {
    if let Some(ports) = ports {
        // Writing into a String cannot fail.
        let _ = write!(text, " --to-ports {ports}");
    }
    print_flags(text, flags);
}

fn print_flags(text: &mut String, flags: NatFlags) {
    let options = [
        (flags.random, " --random"),
        (flags.fully_random, " --random-fully"),
        (flags.persistent, " --persistent"),
    ];
    let set = options.into_iter().filter(|(set, _)| *set);
    text.extend(set.map(|(_, option)| option));
}

pub(super) fn print_netmap(text: &mut String, net: &IpNet) {
    // Writing into a String cannot fail.
    let _ = write!(text, " --to {}/{}", Address(net.addr()), net.prefix_len());
}
