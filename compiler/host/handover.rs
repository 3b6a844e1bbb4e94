//! What is done when a network changes hands with libvirt: leases, files of libvirt's, its daemon.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown, symlink};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::execute::make_folder;
use super::{HostError, libvirt, watchdog};
use crate::backend::dnsmasq::leases;
use crate::plan::{Carriage, Daemon, Direction};

/// How long a daemon may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Carries leases over. What is no lease is named in the log.
pub(super) fn carry(carriage: &Carriage) -> Result<(), HostError> {
    let (status, leases) = (Path::new(&carriage.status), Path::new(&carriage.leases));
    let (carried, place) = match carriage.direction {
        Direction::FromLibvirt => (leases::from_status(&text(status)?), leases),
        Direction::ToLibvirt => (leases::to_status(&text(leases)?, &text(status)?), status),
    };
    for lost in &carried.lost {
        watchdog::log(&format!(
            "not carried over into {}: {lost}",
            place.display()
        ));
    }
    put(place, &carried.text)
}

/// What a file holds; nothing if it is not there.
fn text(path: &Path) -> Result<String, HostError> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(HostError::io("read", path)(error)),
    }
}

/// Writes a file for whoever the folder belongs to: dnsmasq may run under an account of its own.
fn put(path: &Path, text: &str) -> Result<(), HostError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_folder(folder)?;
    let owner = fs::symlink_metadata(folder).map_err(HostError::io("read", folder))?;
    let failed = || HostError::io("write", path);
    let mut fresh =
        tempfile::NamedTempFile::new_in(folder).map_err(HostError::io("write into", folder))?;
    fresh.write_all(text.as_bytes()).map_err(failed())?;
    let file = fresh.as_file();
    fchown(file, Some(owner.uid()), Some(owner.gid())).map_err(failed())?;
    file.set_permissions(Permissions::from_mode(0o644))
        .map_err(failed())?;
    file.sync_all().map_err(failed())?;
    fresh.persist(path).map_err(|error| failed()(error.error))?;
    Ok(())
}

/// Gives a file another name; one that is not there has it already.
pub(super) fn rename(from: &str, to: &str) -> Result<(), HostError> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(HostError::io("rename", Path::new(from))(error))
        }
        _ => Ok(()),
    }
}

/// Makes a symbolic link; one that is there is left.
pub(super) fn link(place: &str, target: &str) -> Result<(), HostError> {
    let path = Path::new(place);
    make_folder(path.parent().unwrap_or(Path::new("/")))?;
    match symlink(target, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(HostError::io("create", path)(error))
        }
        _ => Ok(()),
    }
}

/// Ends a daemon and waits until it is gone.
pub(super) fn end(daemon: &Daemon) -> Result<(), HostError> {
    let id = i32::try_from(daemon.pid).ok().and_then(Pid::from_raw);
    let Some(id) = id.filter(|_| libvirt::runs(daemon)) else {
        return Ok(());
    };
    let place = Path::new(&daemon.program);
    match kill_process(id, Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => return Err(HostError::io("end", place)(error.into())),
    }
    let start = Instant::now();
    while libvirt::runs(daemon) {
        if start.elapsed() > PATIENCE {
            return Err(HostError::Refused {
                path: place.to_owned(),
                reason: format!("does not end: process {}", daemon.pid),
            });
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
