//! A process that stands apart from the session that started it.
//!
//! It survives the terminal and, under systemd, the session's scope: there it is started as a unit
//! of its own. What it does it writes into a log, for nobody may be there to see it.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::lock::Lock;
use super::run::{self, RunError};
use super::store::{HOME, Number};
use super::{HostError, clock, detect};

/// Where it says what it did.
pub const LOG: &str = "/var/lib/lanwright/log";

/// How long it waits for a run that is at work before it ends that.
const PATIENCE: Duration = Duration::from_secs(5);

/// The watchdog could not be started.
#[derive(Debug, thiserror::Error)]
pub enum WatchdogError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// systemd refused.
    #[error("systemd-run: {0}")]
    Unit(#[from] RunError),
    /// It ended at once.
    #[error("it ended at once")]
    Ended,
}

/// Starts it; it is at its post when this returns.
pub fn start(before: Number, seconds: u64) -> Result<(), WatchdogError> {
    let program = std::env::current_exe()?;
    let (before, seconds) = (before.to_string(), seconds.to_string());
    let arguments = ["revert", "--to", &before, "--watch", &seconds];
    if detect::runs_systemd() && run::find("systemd-run").is_some() {
        let program = program.to_string_lossy().into_owned();
        let mut words = vec![
            "--quiet",
            "--collect",
            "--description=lanwright watchdog",
            &program,
        ];
        words.extend(arguments);
        return Ok(run::feed("systemd-run", &words, &[])?);
    }
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut ready = [0; 1];
    match child.stdout.take().map(|mut pipe| pipe.read(&mut ready)) {
        Some(Ok(1)) => Ok(()),
        _ => Err(WatchdogError::Ended),
    }
}

/// Leaves the session, and says that it did.
pub fn detach() -> io::Result<()> {
    // Already a leader where systemd started it.
    let _ = rustix::process::setsid();
    let mut out = io::stdout();
    let _ = out.write_all(b".\n").and_then(|()| out.flush());
    Ok(())
}

/// Takes the lock, if need be from a run that hangs.
pub fn lock() -> Result<Lock, HostError> {
    match Lock::take(PATIENCE) {
        Ok(lock) => Ok(lock),
        Err(error) => {
            log(&format!("{error}; ending it"));
            if let Some(holder) = Lock::holder() {
                end(holder);
            }
            thread::sleep(Duration::from_millis(200));
            Lock::take(PATIENCE)
        }
    }
}

/// Ends a run and the tool that it waits for, which would otherwise do its work when nobody expects
/// it any more. What the run started for good is not its child.
fn end(run: i32) {
    let signal = |number: i32, signal: Signal| {
        let _ = Pid::from_raw(number).map(|id| kill_process(id, signal));
    };
    signal(run, Signal::STOP);
    let threads = std::fs::read_dir(format!("/proc/{run}/task"));
    for thread in threads.into_iter().flatten().filter_map(Result::ok) {
        let tools = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let tools = tools
            .split_whitespace()
            .filter_map(|tool| tool.parse().ok());
        tools.for_each(|tool| signal(tool, Signal::KILL));
    }
    signal(run, Signal::KILL);
}

/// Adds a line to the log, and to the system's.
pub fn log(message: &str) {
    let line = format!("{} {message}\n", clock::now_text());
    let _ = std::fs::create_dir_all(Path::new(HOME));
    let file = OpenOptions::new().create(true).append(true).open(LOG);
    let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    let _ = run::feed("logger", &["-t", "lanwright", "--", message], &[]);
}
