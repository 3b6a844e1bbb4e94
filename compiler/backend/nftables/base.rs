//! Where packets enter a chain: its first line, read and printed.

use super::keyword;
use super::token::Kind;
use super::words::{Refusal, Words};
use crate::firewall::{Base, BaseKind, ChainPolicy, Hook, TableFamily};

/// A name that nft has for a priority, and at which hooks.
type Priority = (&'static str, i32, &'static [Hook]);

const EVERYWHERE: &[Hook] = &keyword::HOOKS;

/// For packets of IP.
const IP: &[Priority] = &[
    ("raw", -300, EVERYWHERE),
    ("mangle", -150, EVERYWHERE),
    ("dstnat", -100, &[Hook::Prerouting]),
    ("filter", 0, EVERYWHERE),
    ("security", 50, EVERYWHERE),
    ("srcnat", 100, &[Hook::Postrouting]),
];

/// For frames that cross a bridge.
const BRIDGE: &[Priority] = &[
    ("dstnat", -300, &[Hook::Prerouting]),
    ("filter", -200, EVERYWHERE),
    ("srcnat", 300, &[Hook::Postrouting]),
    ("out", 100, &[Hook::Output]),
];

/// For ARP, and for frames of single devices.
const OTHER: &[Priority] = &[("filter", 0, EVERYWHERE)];

fn priorities(family: TableFamily) -> &'static [Priority] {
    match family {
        TableFamily::Ip | TableFamily::Ip6 | TableFamily::Inet => IP,
        TableFamily::Bridge => BRIDGE,
        TableFamily::Arp | TableFamily::Netdev => OTHER,
    }
}

/// `filter - 5`: relative to a name that is at most 10 away, as nft lists it.
fn priority(priority: i32, hook: Hook, family: TableFamily) -> String {
    let near = |(_, at, hooks): &&Priority| priority.abs_diff(*at) <= 10 && hooks.contains(&hook);
    match priorities(family).iter().find(near) {
        Some((name, at, _)) if *at == priority => (*name).to_owned(),
        Some((name, at, _)) if *at > priority => format!("{name} - {}", at - priority),
        Some((name, at, _)) => format!("{name} + {}", priority - at),
        None => priority.to_string(),
    }
}

/// The first line of a base chain in a table of this family.
pub(super) fn base_line(base: &Base, family: TableFamily) -> String {
    let kind = match base.kind {
        BaseKind::Filter => "filter",
        BaseKind::Nat => "nat",
        BaseKind::Route => "route",
        // Only packets of the host find their way anew.
        BaseKind::Mangle if base.hook == Hook::Output => "route",
        BaseKind::Mangle => "filter",
    };
    let policy = match base.policy {
        ChainPolicy::Accept => "accept",
        ChainPolicy::Drop => "drop",
    };
    let hook = base.hook.word();
    let devices = match base.devices.as_slice() {
        [] => String::new(),
        [one] => format!(" device \"{one}\""),
        several => format!(" devices = {{ {} }}", several.join(", ")),
    };
    let priority = priority(base.priority, base.hook, family);
    format!("type {kind} hook {hook}{devices} priority {priority}; policy {policy};")
}

/// `filter hook forward priority filter - 5`, the words after `type`. The policy stands in a
/// statement of its own; a chain that is declared again keeps the one it `had`.
pub(super) fn read_base(
    words: &mut Words<'_>,
    family: TableFamily,
    had: Option<Base>,
) -> Result<Base, Refusal> {
    let missing = "a base chain says its type, hook and priority";
    let kind = match words.word().ok_or(missing)? {
        "filter" => BaseKind::Filter,
        "nat" => BaseKind::Nat,
        "route" => BaseKind::Route,
        other => return Err(format!("chains of the type '{other}' are not read")),
    };
    words.the("hook").ok_or(missing)?;
    let hook = words.word().ok_or(missing)?;
    let hook = keyword::read_hook(hook).ok_or_else(|| format!("the hook '{hook}' is not read"))?;
    let mut base = Base::new(kind, hook, 0);
    base.devices = read_devices(words);
    words.the("priority").ok_or(missing)?;
    let number = words.all();
    base.priority = read_priority(words, family)
        .filter(|_| words.is_empty())
        .ok_or_else(|| format!("'{number}' is no priority"))?;
    if let Some(had) = had {
        base.policy = had.policy;
        base.offload = had.offload;
    }
    Ok(base)
}

/// `device "eth0"` or `devices = { eth0, eth1 }`.
fn read_devices(words: &mut Words<'_>) -> Vec<compact_str::CompactString> {
    let mut devices = Vec::new();
    if words.the("device").is_some() {
        devices.extend(words.next().map(|device| device.text.into()));
    }
    if words.the("devices").is_some() && words.the("=").is_some() {
        let mut block = words.block();
        while let Some(device) = block.as_mut().and_then(Words::next) {
            if device.kind != Kind::Comma {
                devices.push(device.text.into());
            }
        }
    }
    devices
}

/// `accept` or `drop`.
pub(super) fn read_policy(word: Option<&str>) -> Result<ChainPolicy, Refusal> {
    match word {
        Some("accept") => Ok(ChainPolicy::Accept),
        Some("drop") => Ok(ChainPolicy::Drop),
        Some(other) => Err(format!("'{other}' is no policy")),
        None => Err("a policy is missing".to_owned()),
    }
}

fn read_priority(words: &mut Words<'_>, family: TableFamily) -> Option<i32> {
    let word = words.word()?;
    // Listings of older versions have bare numbers, and some have names at other hooks, too.
    let known = priorities(family)
        .iter()
        .chain(IP)
        .find(|(name, _, _)| *name == word);
    let at = match known {
        Some((_, at, _)) => *at,
        None => word.parse().ok()?,
    };
    match words.word() {
        None => Some(at),
        Some("+") => at.checked_add(words.number()?),
        Some("-") => at.checked_sub(words.number()?),
        Some(_) => None,
    }
}
