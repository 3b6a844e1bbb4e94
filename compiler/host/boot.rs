//! Units in their place: written, removed, and asked about.
//!
//! Links that pull a unit in are made here and not by `systemctl enable`, so that the same is done
//! to a running machine and to the tree of an image.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::HostError;
use super::execute::{make_folder, write};
use super::input::image;
use super::observe::configurations;
use super::process::remove_file;
use super::run::{self, RunError};
use crate::backend::systemd::boot::{TIMER_UNIT, Unit};
use crate::plan::File;
use crate::plan::preflight::{runtime_unit, unit_text};

/// Where an administrator's units lie.
pub const FOLDER: &str = "/etc/systemd/system";

/// Where programs lie that nobody removes with a home folder or a build.
const PROGRAMS: [&str; 7] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/opt",
];

/// A tree with systemd: this machine, or an image.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
}

/// Which program units are to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The one that runs.
    Itself(PathBuf),
    /// Another that is installed; the one that runs lies elsewhere.
    Another(PathBuf),
    /// None that will stay.
    Nowhere(PathBuf),
}

impl Tree {
    /// This machine, or another root.
    pub fn new(root: Option<&Path>) -> Result<Self, HostError> {
        let root = match root {
            Some(root) => image(root)?,
            None => PathBuf::from("/"),
        };
        Ok(Tree { root })
    }

    /// Whether it is this machine.
    pub fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    fn place(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The program that its units can run.
    pub fn program(&self) -> Found {
        let running = std::env::current_exe().unwrap_or_default();
        if self.is_live() && PROGRAMS.iter().any(|folder| running.starts_with(folder)) {
            return Found::Itself(running);
        }
        let installed = PROGRAMS
            .iter()
            .map(|folder| Path::new(folder).join("lanwright"));
        let mut installed = installed.filter(|path| self.place(path).is_file());
        match installed.next() {
            Some(path) => Found::Another(path),
            None => Found::Nowhere(running),
        }
    }

    /// A unit of a compiled tree under a name that is wanted: it belongs to somebody else.
    pub fn foreign(&self, units: &[Unit]) -> Option<PathBuf> {
        let paths = units.iter().map(|unit| Path::new(FOLDER).join(unit.name));
        let mut foreign = paths.filter(|path| {
            let text = fs::read_to_string(self.place(path)).unwrap_or_default();
            text.contains("=/etc/lanwright/")
        });
        foreign.next()
    }

    /// Writes units and links; what is already so is left alone. Returns the paths that changed.
    pub fn install(&self, units: &[Unit]) -> Result<Vec<PathBuf>, HostError> {
        let mut changed = Vec::new();
        for unit in units {
            let path = Path::new(FOLDER).join(unit.name);
            let place = self.place(&path);
            if fs::read_to_string(&place).ok().as_ref() != Some(&unit.text) {
                write(&File {
                    path: place.display().to_string(),
                    text: unit.text.clone(),
                    before: None,
                    mode: 0o644,
                })?;
                changed.push(path);
            }
            for wanted_by in &unit.wanted_by {
                changed.extend(self.link(unit.name, wanted_by)?);
            }
        }
        Ok(changed)
    }

    fn link(&self, name: &str, wanted_by: &str) -> Result<Option<PathBuf>, HostError> {
        let path = link_path(name, wanted_by);
        let place = self.place(&path);
        let target = Path::new("..").join(name);
        if fs::read_link(&place).is_ok_and(|there| there.ends_with(name)) {
            return Ok(None);
        }
        make_folder(place.parent().unwrap_or(Path::new("/")))?;
        remove_file(&place)?;
        symlink(target, &place).map_err(HostError::io("create", &place))?;
        Ok(Some(path))
    }

    /// Removes units and links. Returns the paths that went.
    pub fn remove(&self, units: &[Unit]) -> Result<Vec<PathBuf>, HostError> {
        let mut gone = Vec::new();
        let foreign = self.foreign(units);
        for unit in units {
            for wanted_by in &unit.wanted_by {
                let path = link_path(unit.name, wanted_by);
                gone.extend(self.remove_one(&path)?);
                if let Some(folder) = self.place(&path).parent() {
                    remove_empty(folder)?;
                }
            }
            let path = Path::new(FOLDER).join(unit.name);
            if foreign.as_ref() != Some(&path) {
                gone.extend(self.remove_one(&path)?);
            }
        }
        Ok(gone)
    }

    fn remove_one(&self, path: &Path) -> Result<Option<PathBuf>, HostError> {
        let place = self.place(path);
        if fs::symlink_metadata(&place).is_err() {
            return Ok(None);
        }
        remove_file(&place)?;
        Ok(Some(path.to_owned()))
    }

    /// Units and links that are there, then those that are not.
    pub fn look(&self, units: &[Unit]) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let paths = units.iter().flat_map(|unit| {
            let links = unit.wanted_by.iter();
            let links = links.map(|wanted_by| link_path(unit.name, wanted_by));
            links.chain([Path::new(FOLDER).join(unit.name)])
        });
        paths.partition(|path| fs::symlink_metadata(self.place(path)).is_ok())
    }
}

fn link_path(name: &str, wanted_by: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{wanted_by}.wants/{name}"))
}

/// Removes a folder that holds nothing any more.
fn remove_empty(folder: &Path) -> Result<(), HostError> {
    match fs::remove_dir(folder) {
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound
            ) =>
        {
            Err(HostError::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Leaves the unit of a dnsmasq to those that run, as `apply` would have made it: until the machine
/// goes down they are to be restarted and stopped as before.
pub fn leave_dnsmasq_unit() -> Result<(), HostError> {
    if configurations().is_empty() {
        return Ok(());
    }
    write(&File {
        path: runtime_unit(),
        text: unit_text(),
        before: None,
        mode: 0o644,
    })
}

/// Has systemd read its units again.
pub fn reread() -> Result<(), RunError> {
    run::feed("systemctl", &["daemon-reload"], &[])
}

/// Has the timer run from now on, or not any more.
pub fn set_timer(running: bool) -> Result<(), RunError> {
    let verb = if running { "start" } else { "stop" };
    run::feed("systemctl", &[verb, TIMER_UNIT], &[])
}

/// What systemd says of a unit: its properties, by name.
pub fn properties(unit: &str, names: &[&str]) -> Vec<(String, String)> {
    let asked = format!("--property={}", names.join(","));
    let printed = run::output("systemctl", &["show", &asked, unit]).unwrap_or_default();
    String::from_utf8_lossy(&printed)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
