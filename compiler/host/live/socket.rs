//! The sockets of the namespace that we are in which wait for packets or connections, and whose
//! they are: `/proc/net` and the open files of processes, which needs no module of the kernel.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use serde_json::{Value, json};

/// A socket that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    /// `udp` or `tcp`.
    protocol: &'static str,
    /// Its address; unspecified for all.
    address: IpAddr,
    /// Its port.
    port: u16,
    /// The number by which its owner's open files name it.
    pub inode: u64,
}

/// TCP's state of a socket that waits for connections.
const LISTEN: &str = "0A";

impl Listening {
    /// As a capture shows it.
    pub(super) fn json(&self) -> Value {
        json!({"protocol": self.protocol, "address": self.address, "port": self.port})
    }
}

/// All of them.
pub(super) fn listening() -> Vec<Listening> {
    let tables = [
        ("udp", "udp"),
        ("udp6", "udp"),
        ("tcp", "tcp"),
        ("tcp6", "tcp"),
    ];
    let rows = tables.into_iter().flat_map(|(table, protocol)| {
        let place = Path::new("/proc/thread-self/net").join(table);
        let text = fs::read_to_string(place).unwrap_or_default();
        let rows: Vec<Listening> = text
            .lines()
            .filter_map(|line| row(protocol, line))
            .collect();
        rows
    });
    rows.collect()
}

/// The sockets among the open files of a process; none if they cannot be seen.
pub(super) fn held(pid: u32) -> Option<BTreeSet<u64>> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let targets = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let inode = |target: std::path::PathBuf| {
        let name = target.to_str()?;
        name.strip_prefix("socket:[")?
            .strip_suffix(']')?
            .parse()
            .ok()
    };
    Some(targets.filter_map(inode).collect())
}

/// `  12: 0100007F:0035 00000000:0000 07 … inode`.
fn row(protocol: &'static str, line: &str) -> Option<Listening> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = words.get(1)?.split_once(':')?;
    if protocol == "tcp" && words.get(3) != Some(&LISTEN) {
        return None;
    }
    Some(Listening {
        protocol,
        address: self::address(address)?,
        port: u16::from_str_radix(port, 16).ok()?,
        inode: words.get(9)?.parse().ok()?,
    })
}

/// Words of 32 bits, each as this machine keeps it.
fn address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(text.get(at * 8..at * 8 + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match text.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            let bytes: [u8; 16] = words.try_into().ok()?;
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read() {
        let shown = u32::from_ne_bytes([192, 0, 2, 1]);
        let line = format!(
            "  9: {shown:08X}:0035 00000000:0000 07 00000000:00000000 00:00000000 0  0 0 77 2"
        );
        let read = row("udp", &line).expect("it is a row");
        assert_eq!((read.port, read.inode), (53, 77));
        assert_eq!(read.address, IpAddr::from([192, 0, 2, 1]));
        assert_eq!(row("tcp", &line), None, "that one waits for nobody");
        assert_eq!(row("udp", "  sl  local_address rem_address   st"), None);
    }
}
