//! Doing what a step says.
//!
//! No shell: a tool gets its arguments and its input as they are. Files appear whole or not at
//! all, and never through a symbolic link.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::run::{self, RunError};
use super::{HostError, handover, process};
use crate::plan::{Command, Deed, File, Step};
use crate::value::DeviceName;

/// How long a device that a network manager makes may take to appear.
const APPEARANCE: Duration = Duration::from_secs(15);

/// How long a gateway may take to answer through a port that was just moved; its cable stays up, so
/// no switch has to learn anything new.
const ANSWER: Duration = Duration::from_secs(15);

/// A step did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A tool failed.
    #[error("'{command}' failed: {reason}")]
    Tool {
        /// What was run.
        command: String,
        /// What it said.
        reason: RunError,
    },
    /// The system refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A kernel setting was refused.
    #[error("cannot set {key} to {value}: {reason}")]
    Setting {
        /// The setting, with slashes.
        key: String,
        /// What it was to be.
        value: String,
        /// What the kernel said.
        reason: io::Error,
    },
    /// A gateway does not answer.
    #[error("the gateway {gateway} does not answer within {} s", ANSWER.as_secs())]
    Unreachable {
        /// The gateway.
        gateway: IpAddr,
    },
    /// A manager did not make a device.
    #[error("'{device}' did not come up within {} s", APPEARANCE.as_secs())]
    Absent {
        /// The device.
        device: DeviceName,
    },
}

/// Does it.
pub fn execute(step: &Step) -> Result<(), StepError> {
    match &step.deed {
        Deed::Run(commands) => commands.iter().try_for_each(run_one),
        Deed::Folder(paths) => {
            let mut paths = paths.iter();
            paths.try_for_each(|path| Ok(make_folder(Path::new(path))?))
        }
        Deed::Write(files) => files.iter().try_for_each(|file| Ok(write(file)?)),
        Deed::Remove(paths) => {
            let mut paths = paths.iter();
            paths.try_for_each(|path| Ok(process::remove_file(Path::new(path))?))
        }
        Deed::Set(settings) => settings.iter().try_for_each(|(key, value)| set(key, value)),
        Deed::Reload(processes) => processes
            .iter()
            .try_for_each(|each| Ok(process::reload(each)?)),
        Deed::Stop(processes) => processes
            .iter()
            .try_for_each(|each| Ok(process::stop(each)?)),
        Deed::Carry(carriages) => {
            let mut carriages = carriages.iter();
            carriages.try_for_each(|each| Ok(handover::carry(each)?))
        }
        Deed::Rename(names) => {
            let mut names = names.iter();
            names.try_for_each(|(from, to)| Ok(handover::rename(from, to)?))
        }
        Deed::Link(links) => {
            let mut links = links.iter();
            links.try_for_each(|(place, target)| Ok(handover::link(place, target)?))
        }
        Deed::End(daemon) => Ok(handover::end(daemon)?),
        Deed::Reach(gateway) => reach(*gateway),
        Deed::Await(devices) => devices.iter().try_for_each(appear),
    }
}

fn run_one(command: &Command) -> Result<(), StepError> {
    let arguments: Vec<&str> = command.arguments.iter().map(String::as_str).collect();
    let input = command.input.as_deref().unwrap_or_default();
    run::feed(&command.program, &arguments, input.as_bytes()).map_err(|reason| StepError::Tool {
        command: format!("{} {}", command.program, command.arguments.join(" ")),
        reason,
    })
}

/// Writes a file beside its place and puts it there; its folders are made as root's own.
pub fn write(file: &File) -> Result<(), HostError> {
    let path = Path::new(&file.path);
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_folder(folder)?;
    let mut fresh = tempfile::Builder::new()
        .prefix(".lanwright-")
        .tempfile_in(folder)
        .map_err(HostError::io("write into", folder))?;
    fresh
        .write_all(file.text.as_bytes())
        .map_err(HostError::io("write", path))?;
    let mode = fs::Permissions::from_mode(file.mode);
    fresh
        .as_file()
        .set_permissions(mode)
        .map_err(HostError::io("write", path))?;
    fresh
        .persist(path)
        .map_err(|error| HostError::io("write", path)(error.error))?;
    Ok(())
}

/// Makes a folder and those above it, none of which may be a link that somebody else could turn.
pub fn make_folder(folder: &Path) -> Result<(), HostError> {
    let mut at = PathBuf::from("/");
    for part in folder.components() {
        let Component::Normal(part) = part else {
            continue;
        };
        at.push(part);
        match DirBuilder::new().mode(0o755).create(&at) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(HostError::io("create", &at)(error)),
        }
    }
    let ours = folder.starts_with("/run/lanwright") || folder.starts_with("/var/lib/lanwright");
    let data = fs::symlink_metadata(folder).map_err(HostError::io("read", folder))?;
    if ours && !data.is_dir() {
        return Err(HostError::Refused {
            path: folder.to_owned(),
            reason: "is no folder".to_owned(),
        });
    }
    Ok(())
}

fn set(key: &[String], value: &str) -> Result<(), StepError> {
    let mut path = PathBuf::from("/proc/sys");
    path.extend(key);
    fs::write(&path, value).map_err(|reason| StepError::Setting {
        key: key.join("/"),
        value: value.to_owned(),
        reason,
    })
}

/// Waits until a device is there and set up.
fn appear(device: &DeviceName) -> Result<(), StepError> {
    let start = Instant::now();
    while start.elapsed() < APPEARANCE {
        let arguments = ["-o", "link", "show", "up", "dev", device.as_str()];
        if run::output("ip", &arguments).is_ok_and(|printed| !printed.is_empty()) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(StepError::Absent {
        device: device.clone(),
    })
}

/// Waits until a neighbour answers: to a ping, or, if it does not care for those, to the question
/// which hardware address it has.
fn reach(gateway: IpAddr) -> Result<(), StepError> {
    let (text, start) = (gateway.to_string(), Instant::now());
    while start.elapsed() < ANSWER {
        if run::output("ping", &["-n", "-q", "-c", "1", "-W", "1", &text]).is_ok() {
            return Ok(());
        }
        let known = run::output("ip", &["neighbor", "show", "to", &text, "nud", "reachable"]);
        if known.is_ok_and(|printed| !printed.is_empty()) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(StepError::Unreachable { gateway })
}
