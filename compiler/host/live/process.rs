//! The dnsmasq processes of the namespace that we are in.
//!
//! Anybody may start a program of that name and give it any path as an option. So only processes
//! of system accounts count, as a real dnsmasq runs under one.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::socket::{self, Listening};

/// A running dnsmasq.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// Its number.
    pub pid: u32,
    /// Its arguments, without the program's name.
    pub arguments: Vec<String>,
    /// What is `/` to it.
    pub root: PathBuf,
}

/// The longest command line that is read.
const LONGEST: u64 = 1 << 20;

/// The first account that is not of the system, on all distributions of the last ten years.
const FIRST_PERSON: u32 = 1000;

/// The account that dnsmasq runs under if it has none of its own.
const NOBODY: u32 = 65534;

/// All that run in this thread's network namespace, in the order of their numbers.
pub(super) fn running() -> Vec<Process> {
    let namespace = identity(Path::new("/proc/thread-self/ns/net"));
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut numbers: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let mut processes: Vec<Process> = Vec::new();
    for number in numbers {
        let place = Path::new("/proc").join(number.to_string());
        let here = || identity(&place.join("ns/net")) == namespace;
        let process = dnsmasq(number, &place).filter(|_| here() && is_of_the_system(&place));
        // The helper of a dnsmasq that runs a script has the same command line.
        let process = process.filter(|process| {
            processes
                .iter()
                .all(|known| known.arguments != process.arguments)
        });
        processes.extend(process);
    }
    processes
}

/// The processes as a text of the capture, with what each listens on.
pub(super) fn list(processes: &[Process]) -> Vec<u8> {
    let sockets = socket::listening();
    let one = |process: &Process| {
        let held = socket::held(process.pid);
        let listens = held.map(|held| {
            let of = sockets.iter().filter(|socket| held.contains(&socket.inode));
            of.map(Listening::json).collect::<Vec<Value>>()
        });
        json!({"pid": process.pid, "arguments": process.arguments, "listens": listens})
    };
    let all: Vec<Value> = processes.iter().map(one).collect();
    format!("{}\n", Value::from(all)).into_bytes()
}

fn dnsmasq(number: u32, place: &Path) -> Option<Process> {
    let mut line = Vec::new();
    let file = File::open(place.join("cmdline")).ok()?;
    file.take(LONGEST).read_to_end(&mut line).ok()?;
    let words = line.split(|byte| *byte == 0);
    let mut words = words.map(|word| String::from_utf8_lossy(word).into_owned());
    let program = words.next()?;
    if program.rsplit('/').next() != Some("dnsmasq") {
        return None;
    }
    let mut arguments: Vec<String> = words.collect();
    // The last word ends with a NUL too.
    if arguments.last().is_some_and(String::is_empty) {
        arguments.pop();
    }
    let root = place.join("root");
    let ours = identity(&root) == identity(Path::new("/"));
    Some(Process {
        pid: number,
        arguments,
        root: match ours {
            true => PathBuf::from("/"),
            false => root,
        },
    })
}

fn is_of_the_system(place: &Path) -> bool {
    let status = fs::read_to_string(place.join("status")).unwrap_or_default();
    let account = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let account = account.and_then(|numbers| numbers.split_whitespace().next()?.parse().ok());
    account.is_some_and(|account: u32| account < FIRST_PERSON || account == NOBODY)
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}
