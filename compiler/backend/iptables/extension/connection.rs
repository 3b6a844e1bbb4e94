//! Connection tracking: `conntrack`, `state`, `helper`, `connlimit`.

use std::fmt::Write as _;

use super::not;
use crate::backend::iptables::name;
use crate::backend::iptables::option::{
    Extension, Given, Matches, Opt, find, has, not_negated, read_value, required,
};
use crate::backend::iptables::value::{self, Address, Net};
use crate::backend::iptables::word::push_quoted;
use crate::firewall::{
    AddressSide, ConnLimit, Conntrack, ConntrackTest, CtDirection, CtStates, CtStatuses, Family,
    Match, Protocol,
};

pub(super) static CONNTRACK: Extension = Extension::of_match(
    "conntrack",
    &[
        Opt::value("--ctstate"),
        Opt::value("--ctproto"),
        Opt::value("--ctorigsrc"),
        Opt::value("--ctorigdst"),
        Opt::value("--ctreplsrc"),
        Opt::value("--ctrepldst"),
        Opt::value("--ctorigsrcport"),
        Opt::value("--ctorigdstport"),
        Opt::value("--ctreplsrcport"),
        Opt::value("--ctrepldstport"),
        Opt::value("--ctstatus"),
        Opt::value("--ctexpire"),
        Opt::value("--ctdir"),
    ],
    read_conntrack,
);

pub(super) static STATE: Extension =
    Extension::of_match("state", &[Opt::value("--state")], |matches, given| {
        let each = required(given, "--state")?;
        matches.all.push(Match::CtState {
            states: states(&each.text())?,
            negated: each.negated,
            old: true,
        });
        Ok(())
    });

pub(super) static HELPER: Extension =
    Extension::of_match("helper", &[Opt::value("--helper")], |matches, given| {
        let each = required(given, "--helper")?;
        matches.all.push(Match::Helper {
            name: each.text().into(),
            negated: each.negated,
        });
        Ok(())
    });

pub(super) static CONNLIMIT: Extension = Extension::of_match(
    "connlimit",
    &[
        Opt::value("--connlimit-upto"),
        Opt::value("--connlimit-above"),
        Opt::value("--connlimit-mask"),
        Opt::flag("--connlimit-saddr"),
        Opt::flag("--connlimit-daddr"),
    ],
    read_connlimit,
);

fn read_conntrack(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    for each in given {
        let text = each.text();
        let negated = each.negated;
        if each.name() == "--ctstate" {
            matches.all.push(Match::CtState {
                states: states(&text)?,
                negated,
                old: false,
            });
            continue;
        }
        let test = test(each, &text, matches.family)?;
        let conntrack = Conntrack { test, negated };
        matches.all.push(Match::Conntrack(Box::new(conntrack)));
    }
    match given {
        [] => Err("conntrack asks nothing".to_owned()),
        [..] => Ok(()),
    }
}

fn test(each: &Given<'_>, text: &str, family: Family) -> Result<ConntrackTest, String> {
    use AddressSide::{Destination, Source};
    use CtDirection::{Original, Reply};
    let address = |direction, side| match value::address_and_mask(text, family)? {
        Net::Prefix(net) => Ok(ConntrackTest::Address {
            direction,
            side,
            net,
        }),
        Net::Masked(..) => Err(format!("the mask of '{text}' has holes")),
    };
    let port = |direction, side| {
        Ok(ConntrackTest::Port {
            direction,
            side,
            ports: value::ports(text, b':')?,
        })
    };
    match each.name() {
        "--ctproto" => match name::protocol(text) {
            Some(protocol) => Ok(ConntrackTest::Protocol(protocol)),
            None => Err(format!("there is no protocol '{text}'")),
        },
        "--ctorigsrc" => address(Original, Source),
        "--ctorigdst" => address(Original, Destination),
        "--ctreplsrc" => address(Reply, Source),
        "--ctrepldst" => address(Reply, Destination),
        "--ctorigsrcport" => port(Original, Source),
        "--ctorigdstport" => port(Original, Destination),
        "--ctreplsrcport" => port(Reply, Source),
        "--ctrepldstport" => port(Reply, Destination),
        "--ctstatus" => statuses(text).map(ConntrackTest::Status),
        "--ctexpire" => {
            let (min, max) = value::range(text, b':', (0, u32::MAX))?;
            Ok(ConntrackTest::Expiry { min, max })
        }
        _ => {
            not_negated(each)?;
            match text.to_ascii_uppercase().as_str() {
                "ORIGINAL" => Ok(ConntrackTest::Direction(Original)),
                "REPLY" => Ok(ConntrackTest::Direction(Reply)),
                _ => Err(format!("there is no direction '{text}'")),
            }
        }
    }
}

fn states(text: &str) -> Result<CtStates, String> {
    let mut states = CtStates::default();
    for word in text.split(',') {
        match word {
            "NEW" => states.new = true,
            "ESTABLISHED" => states.established = true,
            "RELATED" => states.related = true,
            "INVALID" => states.invalid = true,
            "UNTRACKED" => states.untracked = true,
            "SNAT" => states.snat = true,
            "DNAT" => states.dnat = true,
            _ => return Err(format!("there is no state '{word}'")),
        }
    }
    Ok(states)
}

fn statuses(text: &str) -> Result<CtStatuses, String> {
    let mut statuses = CtStatuses::default();
    for word in text.split(',') {
        match word {
            "NONE" => {}
            "EXPECTED" => statuses.expected = true,
            "SEEN_REPLY" => statuses.seen_reply = true,
            "ASSURED" => statuses.assured = true,
            "CONFIRMED" => statuses.confirmed = true,
            _ => return Err(format!("there is no status '{word}'")),
        }
    }
    Ok(statuses)
}

fn read_connlimit(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let (limit, above) = match find(given, "--connlimit-above") {
        Some(above) => (above, true),
        None => (required(given, "--connlimit-upto")?, false),
    };
    let bits = match matches.family {
        Family::Ipv4 => 32,
        Family::Ipv6 => 128,
    };
    let prefix = read_value(given, "--connlimit-mask", value::fitting::<u8>)?.unwrap_or(bits);
    if prefix > bits {
        return Err(format!("a prefix has no more than {bits} bits"));
    }
    let side = match has(given, "--connlimit-daddr") {
        true => AddressSide::Destination,
        false => AddressSide::Source,
    };
    matches.all.push(Match::ConnLimit(ConnLimit {
        count: value::fitting(&limit.text())?,
        above: above != limit.negated,
        prefix,
        side,
    }));
    Ok(())
}

/// Appends names with commas between, those of what is set.
fn push_set(text: &mut String, names: &[(bool, &str)]) {
    let mut before = " ";
    for (_, name) in names.iter().filter(|(set, _)| *set) {
        text.extend([before, name]);
        before = ",";
    }
}

pub(super) fn print_states(text: &mut String, states: CtStates, negated: bool, old: bool) {
    let option = if old { " --state" } else { " --ctstate" };
    text.extend([not(negated), option]);
    push_set(
        text,
        &[
            (states.invalid, "INVALID"),
            (states.new, "NEW"),
            (states.related, "RELATED"),
            (states.established, "ESTABLISHED"),
            (states.untracked, "UNTRACKED"),
            (states.snat, "SNAT"),
            (states.dnat, "DNAT"),
        ],
    );
}

/// The place of the option among those of `conntrack`; its state is at 0.
pub(super) fn rank(test: &ConntrackTest) -> usize {
    let option = match test {
        ConntrackTest::Protocol(_) => "--ctproto",
        ConntrackTest::Address { .. } | ConntrackTest::Port { .. } => end(test).unwrap_or_default(),
        ConntrackTest::Status(_) => "--ctstatus",
        ConntrackTest::Expiry { .. } => "--ctexpire",
        ConntrackTest::Direction(_) => "--ctdir",
    };
    CONNTRACK.option(option).map_or(0, |place| place.rank)
}

/// The option for an address or a port.
fn end(test: &ConntrackTest) -> Option<&'static str> {
    use AddressSide::{Destination, Source};
    use CtDirection::{Original, Reply};
    let (direction, side, port) = match test {
        ConntrackTest::Address {
            direction, side, ..
        } => (direction, side, false),
        ConntrackTest::Port {
            direction, side, ..
        } => (direction, side, true),
        ConntrackTest::Protocol(_)
        | ConntrackTest::Status(_)
        | ConntrackTest::Expiry { .. }
        | ConntrackTest::Direction(_) => return None,
    };
    Some(match (direction, side, port) {
        (Original, Source, false) => "--ctorigsrc",
        (Original, Destination, false) => "--ctorigdst",
        (Reply, Source, false) => "--ctreplsrc",
        (Reply, Destination, false) => "--ctrepldst",
        (Original, Source, true) => "--ctorigsrcport",
        (Original, Destination, true) => "--ctorigdstport",
        (Reply, Source, true) => "--ctreplsrcport",
        (Reply, Destination, true) => "--ctrepldstport",
    })
}

pub(super) fn print_test(text: &mut String, conntrack: &Conntrack) {
    text.push_str(not(conntrack.negated));
    let option = end(&conntrack.test).unwrap_or_default();
    // Writing into a String cannot fail.
    let _ = match &conntrack.test {
        ConntrackTest::Protocol(Protocol(number)) => write!(text, " --ctproto {number}"),
        ConntrackTest::Address { net, .. } if net.prefix_len() == net.max_prefix_len() => {
            write!(text, " {option} {}", Address(net.addr()))
        }
        ConntrackTest::Address { net, .. } => {
            write!(
                text,
                " {option} {}/{}",
                Address(net.addr()),
                net.prefix_len()
            )
        }
        ConntrackTest::Port { ports, .. } if ports.start() == ports.end() => {
            write!(text, " {option} {}", ports.start())
        }
        ConntrackTest::Port { ports, .. } => {
            write!(text, " {option} {}:{}", ports.start(), ports.end())
        }
        ConntrackTest::Status(statuses) => {
            text.push_str(" --ctstatus");
            let none = *statuses == CtStatuses::default();
            let names = [
                (none, "NONE"),
                (statuses.expected, "EXPECTED"),
                (statuses.seen_reply, "SEEN_REPLY"),
                (statuses.assured, "ASSURED"),
                (statuses.confirmed, "CONFIRMED"),
            ];
            push_set(text, &names);
            Ok(())
        }
        ConntrackTest::Expiry { min, max } if min == max => write!(text, " --ctexpire {min}"),
        ConntrackTest::Expiry { min, max } => write!(text, " --ctexpire {min}:{max}"),
        ConntrackTest::Direction(CtDirection::Original) => write!(text, " --ctdir ORIGINAL"),
        ConntrackTest::Direction(CtDirection::Reply) => write!(text, " --ctdir REPLY"),
    };
}

pub(super) fn print_helper(text: &mut String, name: &str, negated: bool) {
    text.extend([not(negated), " --helper"]);
    push_quoted(text, name);
}

pub(super) fn print_connlimit(text: &mut String, limit: ConnLimit) {
    let option = if limit.above { "above" } else { "upto" };
    let side = match limit.side {
        AddressSide::Source => "saddr",
        AddressSide::Destination => "daddr",
    };
    let (count, prefix) = (limit.count, limit.prefix);
    // Writing into a String cannot fail.
    let _ = write!(
        text,
        " --connlimit-{option} {count} --connlimit-mask {prefix} --connlimit-{side}"
    );
}
