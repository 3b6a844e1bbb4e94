//! Processes that run without a service manager: known by the file that holds their number.
//!
//! A number may have been given to another program since, so a process counts only if it was
//! started with the configuration that it should have.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::HostError;
use crate::plan::Process;

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The number of a process that runs: the one in its file, or, where somebody took the file away,
/// the one that is found by its configuration.
pub fn number(process: &Process) -> Option<u32> {
    in_file(process).or_else(|| found().remove(&process.conf))
}

/// Those of these processes that run, by their configurations; the table of processes is searched
/// only if a file does not tell.
pub fn running<'a>(processes: impl IntoIterator<Item = &'a Process>) -> BTreeSet<String> {
    let mut found_once = None;
    let mut runs = |process: &Process| {
        let mut found = || {
            found_once
                .get_or_insert_with(found)
                .contains_key(&process.conf)
        };
        in_file(process).is_some() || found()
    };
    let mut running = BTreeSet::new();
    for process in processes {
        if runs(process) {
            running.insert(process.conf.clone());
        }
    }
    running
}

fn in_file(process: &Process) -> Option<u32> {
    let text = fs::read_to_string(&process.pid_file).ok()?;
    let number: u32 = text.trim().parse().ok()?;
    (conf(number)? == process.conf).then_some(number)
}

/// The configuration that a process was started with.
fn conf(number: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{number}/cmdline")).ok()?;
    let mut words = line.split(|byte| *byte == 0);
    let word = words.find_map(|word| word.strip_prefix(b"--conf-file="))?;
    String::from_utf8(word.to_vec()).ok()
}

/// The processes of this network namespace that have a configuration; of several with the same one
/// the oldest.
fn found() -> HashMap<String, u32> {
    let space = |number: &str| fs::read_link(format!("/proc/{number}/ns/net")).ok();
    let here = space("thread-self");
    let names = fs::read_dir("/proc").into_iter().flatten();
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut found = HashMap::new();
    for number in names.filter_map(|name| name.parse::<u32>().ok()) {
        let Some(conf) = conf(number).filter(|_| space(&number.to_string()) == here) else {
            continue;
        };
        let oldest = found.entry(conf).or_insert(number);
        *oldest = number.min(*oldest);
    }
    found
}

/// Lets it read its files again; nothing if it does not run.
pub fn reload(process: &Process) -> Result<(), HostError> {
    match number(process) {
        Some(number) => signal(number, Signal::HUP, process),
        None => Ok(()),
    }
}

/// Ends it, by force if it does not end by itself; nothing if it does not run.
pub fn stop(process: &Process) -> Result<(), HostError> {
    let Some(id) = number(process) else {
        return remove_file(Path::new(&process.pid_file));
    };
    signal(id, Signal::TERM, process)?;
    if !ended(id, process, PATIENCE) {
        signal(id, Signal::KILL, process)?;
        ended(id, process, PATIENCE);
    }
    remove_file(Path::new(&process.pid_file))
}

/// A process lets go of its addresses a little later than of its command line, so that alone does
/// not tell.
fn ended(number: u32, process: &Process, patience: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < patience {
        let status = fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
        let state = status.lines().find_map(|line| line.strip_prefix("State:"));
        let dead = state.is_none_or(|state| state.trim().starts_with(['Z', 'X']));
        // The number may be another's by now.
        if dead || conf(number).is_some_and(|conf| conf != process.conf) {
            return true;
        }
        thread::sleep(Duration::from_millis(2));
    }
    false
}

fn signal(number: u32, signal: Signal, process: &Process) -> Result<(), HostError> {
    let id = i32::try_from(number).ok().and_then(Pid::from_raw);
    let Some(id) = id else { return Ok(()) };
    match kill_process(id, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(HostError::io(
            "signal the dnsmasq of",
            Path::new(&process.conf),
        )(error.into())),
    }
}

/// Removes a file, if it is there.
pub(super) fn remove_file(path: &Path) -> Result<(), HostError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(HostError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
