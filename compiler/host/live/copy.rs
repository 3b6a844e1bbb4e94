//! Copies of files: those of libvirt and of our own, and those that a running dnsmasq uses.
//!
//! What is copied must be a regular file, and the last step to it no link: some of these folders
//! belong to dnsmasq's account, which must not choose what root reads.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::process::Process;
use super::{Copied, Fetched};
use crate::backend::dnsmasq::{CommandLine, Inclusion, inclusions, references};
use crate::capture::question::{APPLIED, DEFAULT_LEASES, Folder, OWNERS, PROCESSES};
use crate::host::texts::plain;
use crate::host::{HostError, store};

/// The most files of one folder, or of one dnsmasq, that are copied.
const MOST_FILES: usize = 10_000;

/// What people name where there is to be no configuration.
const NOTHING: &str = "/dev/null";

/// Copies the folders of those that run networks. In a namespace that stands apart, only of those
/// with a dnsmasq in it.
pub(super) fn folders(processes: &[Process], apart: bool, fetched: &mut Fetched) {
    for owned in OWNERS {
        let uses = |folder: &Folder| {
            let confs = processes.iter().flat_map(configurations);
            confs
                .into_iter()
                .any(|conf| conf.parent() == Some(Path::new(folder.place)))
        };
        if apart && !owned.iter().any(uses) {
            continue;
        }
        for each in *owned {
            folder(each, fetched);
        }
        if owned.iter().any(|each| each.place.starts_with(store::HOME)) {
            applied(fetched);
        }
    }
}

/// Copies the networks that were applied: of all versions that are kept, those that the host holds.
fn applied(fetched: &mut Fetched) {
    match store::current_files() {
        Ok(files) => {
            for (name, path) in files {
                fetched.copy(&format!("{APPLIED}/{name}"), &path);
            }
        }
        Err(error) => fetched.missing(APPLIED, &error.to_string(), true),
    }
}

fn folder(folder: &Folder, fetched: &mut Fetched) {
    let place = Path::new(folder.place);
    let entries = match fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            let why = format!("{} cannot be read: {error}", place.display());
            fetched.missing(folder.into, &why, true);
            return;
        }
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            ending.is_some_and(|ending| folder.endings.contains(&ending))
        })
        .collect();
    paths.sort();
    if paths.len() > MOST_FILES {
        let why = format!("{} holds more than {MOST_FILES} files", place.display());
        fetched.missing(folder.into, &why, true);
        paths.truncate(MOST_FILES);
    }
    for path in paths {
        let base = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{}/{base}", folder.into);
        // What is applied counts more than what lies ready.
        if !fetched.texts.iter().any(|text| text.name == name) {
            fetched.copy(&name, &path);
        }
    }
}

/// Copies what each dnsmasq uses, unless it is there already.
pub(super) fn processes(processes: &[Process], fetched: &mut Fetched) {
    for process in processes {
        let known = |path: &PathBuf| {
            fetched
                .copies
                .iter()
                .any(|copy| path == Path::new(&copy.from))
        };
        if !configurations(process).iter().any(known) {
            one(process, fetched);
        }
    }
}

/// The configurations that a command line names.
fn configurations(process: &Process) -> Vec<PathBuf> {
    let line = CommandLine::read(&process.arguments);
    let files = line
        .inclusions
        .into_iter()
        .filter_map(|inclusion| match inclusion {
            Inclusion::File(path) => Some(PathBuf::from(path)),
            Inclusion::Folder(_) => None,
        });
    files.collect()
}

/// One configuration of all that a dnsmasq was told, in the order in which it reads it: the
/// command line, the files it names, and what those name.
fn one(process: &Process, fetched: &mut Fetched) {
    let mut line = CommandLine::read(&process.arguments);
    if !line
        .inclusions
        .iter()
        .any(|each| matches!(each, Inclusion::File(_)))
    {
        let usual = Inclusion::File("/etc/dnsmasq.conf".to_owned());
        line.inclusions.insert(0, usual);
    }
    let name = fetched.unused(&stem(&line));
    let conf = format!("{PROCESSES}/{name}.conf");
    let mut text = line.lines.concat();
    let mut waiting: VecDeque<Inclusion> = line.inclusions.into();
    let mut seen = BTreeSet::new();
    while let Some(inclusion) = waiting.pop_front() {
        let path = match inclusion {
            Inclusion::Folder(folder) => {
                waiting.extend(files_in(&process.root, &folder));
                continue;
            }
            // Both say that there is no configuration.
            Inclusion::File(path) if path.is_empty() || path == NOTHING => continue,
            Inclusion::File(path) => path,
        };
        if seen.len() >= MOST_FILES || !seen.insert(path.clone()) {
            continue;
        }
        if let Some(bytes) = fetched.take(&conf, &process.root, &path) {
            let part = String::from_utf8_lossy(&bytes);
            waiting.extend(inclusions(&part));
            append(&mut text, &path, &part);
        }
    }
    beside(&name, &text, process, fetched);
    fetched.text(&conf, text.into_bytes());
}

/// Adds a configuration to what was read before it. What it names is added too, so the lines that
/// name it become comments.
fn append(whole: &mut String, path: &str, part: &str) {
    if !whole.is_empty() {
        whole.push_str(&format!("# {path}\n"));
    }
    for line in part.lines() {
        if !inclusions(line).is_empty() {
            whole.push_str("# ");
        }
        whole.push_str(line);
        whole.push('\n');
    }
}

/// What the configuration names: hosts, names, leases.
fn beside(name: &str, conf: &str, process: &Process, fetched: &mut Fetched) {
    let named = references(conf);
    let kept = !conf.lines().any(|line| line.trim() == "leasefile-ro");
    let leases = match named.leases {
        Some(path) => vec![path],
        None if kept => DEFAULT_LEASES.to_vec(),
        None => Vec::new(),
    };
    let parts = [
        ("hostsfile", named.hosts.into_iter().collect()),
        ("addnhosts", named.names.into_iter().collect()),
        ("leases", leases),
    ];
    for (ending, paths) in parts {
        let file = format!("{PROCESSES}/{name}.{ending}");
        let mut paths = paths.into_iter().map(str::trim);
        if let Some(bytes) = paths.find_map(|path| fetched.take(&file, &process.root, path)) {
            fetched.text(&file, bytes);
        }
    }
}

/// A name for the files: that of the configuration, else of the link it serves.
fn stem(line: &CommandLine) -> String {
    let link = line
        .lines
        .iter()
        .find_map(|line| line.strip_prefix("interface="));
    let conf = line
        .inclusions
        .iter()
        .find_map(|inclusion| match inclusion {
            Inclusion::File(path) => Path::new(path).file_stem(),
            Inclusion::Folder(_) => None,
        });
    let conf = conf.map(|stem| stem.to_string_lossy().into_owned());
    match (link, conf) {
        (Some(link), _) => link.trim().replace('/', "_"),
        (None, Some(conf)) => conf,
        (None, None) => "dnsmasq".to_owned(),
    }
}

/// The files of a folder of configurations, by name.
fn files_in(root: &Path, folder: &str) -> Vec<Inclusion> {
    // What follows a comma says which files are meant; the readers can tell.
    let folder = folder.split(',').next().unwrap_or_default();
    let Ok(open) = beneath(root, folder, OFlags::DIRECTORY) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(format!("/proc/self/fd/{}", open.as_raw_fd())) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with(['.', '#']) && !name.ends_with('~'))
        .collect();
    names.sort();
    let path = |name: String| Inclusion::File(format!("{}/{name}", folder.trim_end_matches('/')));
    names.into_iter().map(path).collect()
}

/// Opens a path as the process sees it. Where its `/` is not ours, no link leads out of it.
fn beneath(root: &Path, path: &str, flags: OFlags) -> Result<fs::File, HostError> {
    let shown = root.join(path.trim_start_matches('/'));
    let failed = |error: Errno| HostError::io("read", &shown)(error.into());
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC;
    let open = if root == Path::new("/") {
        rustix::fs::open(&shown, flags, Mode::empty())
    } else {
        let start = rustix::fs::open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        start.and_then(|start| rustix::fs::openat2(start, path, flags, Mode::empty(), within))
    };
    open.map(fs::File::from).map_err(failed)
}

impl Fetched {
    fn copy(&mut self, file: &str, path: &Path) {
        if let Some(bytes) = self.take(file, Path::new("/"), &path.to_string_lossy()) {
            self.text(file, bytes);
        }
    }

    /// The content of a file that becomes (a part of) a text; a file that is not there is nothing
    /// to speak of.
    fn take(&mut self, file: &str, root: &Path, path: &str) -> Option<Vec<u8>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let read = beneath(root, path, flags).and_then(|open| plain(open, Path::new(path)));
        match read {
            Ok(bytes) => {
                self.copies.push(Copied {
                    file: file.to_owned(),
                    from: path.to_owned(),
                });
                Some(bytes)
            }
            Err(error) if error.is_absence() => None,
            Err(error) => {
                self.missing(file, &error.to_string(), true);
                None
            }
        }
    }

    /// A name that no text has yet.
    fn unused(&self, stem: &str) -> String {
        let taken = |name: &str| {
            let prefix = format!("{PROCESSES}/{name}.");
            self.texts.iter().any(|text| text.name.starts_with(&prefix))
        };
        let numbered = (2u32..).map(|number| format!("{stem}-{number}"));
        let mut names = std::iter::once(stem.to_owned()).chain(numbered);
        names
            .find(|name| !taken(name))
            .unwrap_or_else(|| stem.to_owned())
    }
}
