//! Reading which dnsmasq run, as `capture` writes it down: numbers, arguments, sockets.

use std::net::IpAddr;

use serde_json::Value;

use super::json::{objects, refused, text};
use crate::backend::gap::{Reading, Unread};

/// A dnsmasq that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its arguments, without the program's name; from the host, so they may be anything.
    pub arguments: Vec<String>,
    /// What it listens on; none if that could not be seen.
    pub listens: Option<Vec<Socket>>,
}

/// A socket that waits for packets or connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Socket {
    /// Whether it is TCP; else UDP.
    pub tcp: bool,
    /// Its address; unspecified for all.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
}

/// The processes that the text shows.
pub(super) fn read(source: &str) -> Reading<Vec<Process>> {
    let (objects, mut unread) = objects(source);
    let mut processes = Vec::new();
    for object in &objects {
        match process(object) {
            Ok(process) => processes.push(process),
            Err(why) => unread.push(why),
        }
    }
    Reading {
        value: processes,
        unread,
    }
}

fn process(object: &Value) -> Result<Process, Unread> {
    let broken = |what: &str| refused(format!("a process without {what}"));
    let pid = object.get("pid").and_then(Value::as_u64);
    let pid = pid.and_then(|pid| u32::try_from(pid).ok());
    let arguments = object.get("arguments").and_then(Value::as_array);
    let arguments = arguments.ok_or_else(|| broken("arguments"))?;
    let words = arguments.iter().filter_map(Value::as_str);
    let listens = object.get("listens").and_then(Value::as_array);
    Ok(Process {
        pid: pid.ok_or_else(|| broken("a number"))?,
        arguments: words.map(str::to_owned).collect(),
        listens: listens.map(|all| all.iter().filter_map(socket).collect()),
    })
}

fn socket(object: &Value) -> Option<Socket> {
    Some(Socket {
        tcp: text(object, "protocol")? == "tcp",
        address: text(object, "address")?.parse().ok()?,
        port: object.get("port")?.as_u64()?.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_read_with_their_sockets() {
        let text = r#"[{"pid":7,"arguments":["--conf-file=/x.conf"],"listens":[
            {"protocol":"udp","address":"0.0.0.0","port":67}]},
            {"pid":8,"arguments":[],"listens":null},{"pid":9}]"#;
        let read = read(text);
        let [one, other] = read.value.as_slice() else {
            unreachable!("two of them are whole");
        };
        let sockets = one.listens.as_deref().unwrap_or_default();
        assert_eq!((sockets[0].tcp, sockets[0].port), (false, 67));
        assert_eq!(other.listens, None);
        assert_eq!(read.unread.len(), 1);
    }
}
