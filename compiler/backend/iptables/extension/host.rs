//! What only the host knows: `owner`, `rpfilter`, `policy`.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::not;
use crate::backend::iptables::name::{self, ProtocolName};
use crate::backend::iptables::option::{Extension, Given, Matches, Opt, has, required};
use crate::backend::iptables::value::{self, Address, Net};
use crate::firewall::{Asked, Family, IpsecMode, IpsecPolicy, Match, Owner, RpFilter, Transform};

pub(super) static OWNER: Extension = Extension::of_match(
    "owner",
    &[
        Opt::flag("--socket-exists"),
        Opt::value("--uid-owner"),
        Opt::value("--gid-owner"),
        Opt::flag("--suppl-groups"),
    ],
    read_owner,
);

pub(super) static RPFILTER: Extension = Extension::of_match(
    "rpfilter",
    &[
        Opt::flag("--loose"),
        Opt::flag("--validmark"),
        Opt::flag("--accept-local"),
        Opt::flag("--invert"),
    ],
    |matches, given| {
        matches.all.push(Match::RpFilter(RpFilter {
            loose: has(given, "--loose"),
            valid_mark: has(given, "--validmark"),
            accept_local: has(given, "--accept-local"),
            inverted: has(given, "--invert"),
        }));
        Ok(())
    },
);

pub(super) static POLICY: Extension = Extension::of_match(
    "policy",
    &[
        Opt::value("--dir"),
        Opt::value("--pol"),
        Opt::flag("--strict"),
        Opt::value("--reqid").repeats(),
        Opt::value("--spi").repeats(),
        Opt::value("--proto").repeats(),
        Opt::value("--mode").repeats(),
        Opt::value("--tunnel-dst").repeats(),
        Opt::value("--tunnel-src").repeats(),
        Opt::flag("--next").repeats(),
    ],
    read_policy,
);

fn read_owner(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let mut owner = Owner::default();
    for each in given {
        let negated = each.negated;
        let ids = || -> Result<_, String> {
            let value = ids(&each.text())?;
            Ok(Some(Asked { value, negated }))
        };
        match each.name() {
            "--uid-owner" => owner.uid = ids()?,
            "--gid-owner" => owner.gid = ids()?,
            "--socket-exists" => owner.socket = Some(!negated),
            _ => owner.supplementary_groups = true,
        }
    }
    if owner == Owner::default() {
        return Err("owner asks nothing".to_owned());
    }
    matches.all.push(Match::Owner(Box::new(owner)));
    Ok(())
}

/// One id or a range; of the names only that which is the same everywhere.
fn ids(text: &str) -> Result<(u32, u32), String> {
    match text {
        "root" => Ok((0, 0)),
        _ => value::range(text, b'-', (0, u32::MAX - 1))
            .map_err(|_| format!("'{text}' is no number of a user or group")),
    }
}

fn read_policy(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let inward = match &*required(given, "--dir")?.text() {
        "in" => true,
        "out" => false,
        other => return Err(format!("there is no direction '{other}'")),
    };
    let ipsec = match &*required(given, "--pol")?.text() {
        "ipsec" => true,
        "none" => false,
        other => return Err(format!("there is no policy '{other}'")),
    };
    let mut elements = Vec::new();
    let mut open = Transform::default();
    for each in given {
        match each.name() {
            "--dir" | "--pol" | "--strict" => {}
            "--next" => elements.push(std::mem::take(&mut open)),
            _ => add_to_transform(&mut open, each, matches.family)?,
        }
    }
    if open != Transform::default() || !elements.is_empty() {
        elements.push(open);
    }
    matches.all.push(Match::Ipsec(Box::new(IpsecPolicy {
        inward,
        ipsec,
        strict: has(given, "--strict"),
        elements,
    })));
    Ok(())
}

fn add_to_transform(open: &mut Transform, each: &Given<'_>, family: Family) -> Result<(), String> {
    let (text, negated) = (each.text(), each.negated);
    let twice = match each.name() {
        "--reqid" => set(&mut open.reqid, value::fitting(&text)?, negated),
        "--spi" => set(&mut open.spi, value::fitting(&text)?, negated),
        "--proto" => {
            let protocol = name::protocol(&text);
            let protocol = protocol.ok_or_else(|| format!("there is no protocol '{text}'"))?;
            set(&mut open.protocol, protocol, negated)
        }
        "--mode" => {
            let mode = match &*text {
                "transport" => IpsecMode::Transport,
                "tunnel" => IpsecMode::Tunnel,
                other => return Err(format!("there is no mode '{other}'")),
            };
            set(&mut open.mode, mode, negated)
        }
        "--tunnel-src" => set(&mut open.tunnel_source, end(&text, family)?, negated),
        _ => set(&mut open.tunnel_destination, end(&text, family)?, negated),
    };
    match twice {
        true => Err(format!("{} stands twice", each.name())),
        false => Ok(()),
    }
}

/// Sets what is asked; says whether something was asked before.
fn set<T>(place: &mut Option<Asked<T>>, value: T, negated: bool) -> bool {
    place.replace(Asked { value, negated }).is_some()
}

fn end(text: &str, family: Family) -> Result<(IpAddr, IpAddr), String> {
    match value::address_and_mask(text, family)? {
        Net::Prefix(net) => Ok((net.addr(), net.netmask())),
        Net::Masked(address, mask) => Ok((address, mask)),
    }
}

pub(super) fn print_owner(text: &mut String, owner: &Owner) {
    if let Some(wanted) = owner.socket {
        text.extend([not(!wanted), " --socket-exists"]);
    }
    for (asked, option) in [(owner.uid, "--uid-owner"), (owner.gid, "--gid-owner")] {
        let Some(Asked { value, negated }) = asked else {
            continue;
        };
        // Writing into a String cannot fail.
        let _ = match value {
            (first, last) if first == last => write!(text, "{} {option} {first}", not(negated)),
            (first, last) => write!(text, "{} {option} {first}-{last}", not(negated)),
        };
    }
    if owner.supplementary_groups {
        text.push_str(" --suppl-groups");
    }
}

pub(super) fn print_rpfilter(text: &mut String, filter: RpFilter) {
    let flags = [
        (filter.loose, " --loose"),
        (filter.valid_mark, " --validmark"),
        (filter.accept_local, " --accept-local"),
        (filter.inverted, " --invert"),
    ];
    let set = flags.into_iter().filter(|(set, _)| *set);
    text.extend(set.map(|(_, option)| option));
}

pub(super) fn print_policy(text: &mut String, policy: &IpsecPolicy) {
    text.push_str(if policy.inward {
        " --dir in"
    } else {
        " --dir out"
    });
    text.push_str(if policy.ipsec {
        " --pol ipsec"
    } else {
        " --pol none"
    });
    if policy.strict {
        text.push_str(" --strict");
    }
    for (at, element) in policy.elements.iter().enumerate() {
        if at > 0 {
            text.push_str(" --next");
        }
        print_transform(text, element);
    }
}

fn print_transform(text: &mut String, element: &Transform) {
    // Writing into a String cannot fail.
    if let Some(Asked { value, negated }) = element.reqid {
        let _ = write!(text, "{} --reqid {value}", not(negated));
    }
    if let Some(Asked { value, negated }) = element.spi {
        let _ = write!(text, "{} --spi {value:#x}", not(negated));
    }
    if let Some(Asked { value, negated }) = element.protocol {
        let _ = write!(text, "{} --proto {}", not(negated), ProtocolName(value));
    }
    if let Some(Asked { value, negated }) = element.mode {
        let mode = match value {
            IpsecMode::Transport => "transport",
            IpsecMode::Tunnel => "tunnel",
        };
        let _ = write!(text, "{} --mode {mode}", not(negated));
    }
    let ends = [
        (element.tunnel_destination, "--tunnel-dst"),
        (element.tunnel_source, "--tunnel-src"),
    ];
    for (asked, option) in ends {
        if let Some(Asked { value, negated }) = asked {
            let _ = write!(text, "{} {option} ", not(negated));
            push_end(text, value);
        }
    }
}

/// An address, and its mask unless that is whole.
fn push_end(text: &mut String, (address, mask): (IpAddr, IpAddr)) {
    let whole = if address.is_ipv4() { 32 } else { 128 };
    // Writing into a String cannot fail.
    let _ = match ipnet::ip_mask_to_prefix(mask) {
        Ok(length) if length == whole => write!(text, "{}", Address(address)),
        Ok(length) => write!(text, "{}/{length}", Address(address)),
        Err(_) => write!(text, "{}/{}", Address(address), Address(mask)),
    };
}
