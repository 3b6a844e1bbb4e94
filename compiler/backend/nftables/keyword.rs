//! nft's words for what the firewall has types for.

use crate::firewall::{Hook, MapKey, TableFamily};

/// The word for the family of a table.
pub(super) fn family(family: TableFamily) -> &'static str {
    match family {
        TableFamily::Ip => "ip",
        TableFamily::Ip6 => "ip6",
        TableFamily::Inet => "inet",
    }
}

/// The word for a hook.
pub(super) fn hook(hook: Hook) -> &'static str {
    match hook {
        Hook::Prerouting => "prerouting",
        Hook::Input => "input",
        Hook::Forward => "forward",
        Hook::Output => "output",
        Hook::Postrouting => "postrouting",
    }
}

/// The words for what a map is looked up by.
pub(super) fn key(key: MapKey) -> &'static str {
    match key {
        MapKey::Oifname => "oifname",
        MapKey::Iifname => "iifname",
        MapKey::IpSaddr => "ip saddr",
        MapKey::Ip6Saddr => "ip6 saddr",
    }
}
