//! Processes that run without a service manager: known by the file that holds their number.
//!
//! A number may have been given to another program since, so a process counts only if it was
//! started with the configuration that it should have.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::HostError;
use crate::plan::Process;

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The number of a process that runs.
pub fn number(process: &Process) -> Option<u32> {
    let text = fs::read_to_string(&process.pid_file).ok()?;
    let number: u32 = text.trim().parse().ok()?;
    let line = fs::read(format!("/proc/{number}/cmdline")).ok()?;
    let wanted = format!("--conf-file={}", process.conf);
    let mut words = line.split(|byte| *byte == 0);
    words
        .any(|word| word == wanted.as_bytes())
        .then_some(number)
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
    if !ended(id, PATIENCE) && number(process) == Some(id) {
        signal(id, Signal::KILL, process)?;
        ended(id, PATIENCE);
    }
    remove_file(Path::new(&process.pid_file))
}

fn ended(id: u32, patience: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < patience {
        if has_ended(id) {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Whether it is gone, or is nothing but its exit status. Its command line goes earlier, while its
/// sockets are still open, which a new process would find taken.
fn has_ended(id: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
        return true;
    };
    let state = stat.rsplit(')').next().unwrap_or_default();
    state.trim_start().starts_with(['Z', 'X'])
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
