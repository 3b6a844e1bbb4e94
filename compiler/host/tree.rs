//! Writing a tree of files so that it appears whole or not at all.
//!
//! The tree is written beside its place and put there by one rename. A folder that is there
//! already is replaced only if it is empty or holds nothing but what the last run wrote, as its
//! own list says; by force, what was there is kept beside it. Nothing is ever written through a
//! symbolic link.

use std::collections::{HashMap, HashSet};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, OFlags, RenameFlags};
use rustix::io::Errno;

use super::HostError;

/// A file to write.
#[derive(Clone, Copy, Debug)]
pub struct TreeFile<'a> {
    /// Where in the tree; relative, without `..`.
    pub path: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
    /// Its permission bits.
    pub mode: u32,
}

/// What stands in the place of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, or an empty folder.
    Free,
    /// Exactly what the last run wrote: these files.
    Ours(Vec<String>),
    /// Something else: why it is not ours, as the rest of a sentence.
    Foreign(String),
}

/// What became of the folder that was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// There was none, or it was empty.
    New,
    /// It was an older tree of ours, and is gone.
    Replaced,
    /// It was not ours; it was kept under this name.
    KeptAside(PathBuf),
}

/// The most bytes of a list that are read: over that of any tree that could be made.
const LONGEST_LIST: u64 = 256 << 20;

/// What is below `root` and no folder, relative to it, in order; links are not followed.
fn files_below(root: &Path) -> Result<Vec<String>, HostError> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        for entry in fs::read_dir(&at).map_err(HostError::io("read", &at))? {
            let entry = entry.map_err(HostError::io("read", &at))?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(HostError::io("read", &at))?;
            if kind.is_dir() {
                folders.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Looks at the place where a tree is to be.
///
/// `list` is the file that lists the tree; `owned` reads its text into the paths it lists and
/// says of each whether this is still its content; `None` if it is no list of ours.
pub fn standing(
    place: &Path,
    list: &str,
    owned: impl FnOnce(&str) -> Option<Vec<(String, ContentCheck)>>,
) -> Result<Standing, HostError> {
    // A slash or a dot at the end would be the folder behind a link.
    let place: &Path = &place.components().collect::<PathBuf>();
    let metadata = match fs::symlink_metadata(place) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Standing::Free),
        other => other.map_err(HostError::io("read", place))?,
    };
    if metadata.is_symlink() {
        let reason = "is a symbolic link; name the folder itself".to_owned();
        return Err(HostError::Refused {
            path: place.to_owned(),
            reason,
        });
    }
    if !metadata.is_dir() {
        let reason = "is a file, not a folder".to_owned();
        return Err(HostError::Refused {
            path: place.to_owned(),
            reason,
        });
    }
    let files = files_below(place)?;
    if files.is_empty()
        && fs::read_dir(place)
            .map_err(HostError::io("read", place))?
            .count()
            == 0
    {
        return Ok(Standing::Free);
    }
    let Some(owned) = read_list(&place.join(list)).and_then(|text| owned(&text)) else {
        return Ok(Standing::Foreign("was not made by lanwright".to_owned()));
    };
    let owned: HashMap<String, ContentCheck> = owned.into_iter().collect();
    for file in files.iter().filter(|file| *file != list) {
        let Some(check) = owned.get(file) else {
            let reason = format!("holds '{file}', which lanwright did not write");
            return Ok(Standing::Foreign(reason));
        };
        if !check.holds(&place.join(file)) {
            return Ok(Standing::Foreign(format!(
                "holds '{file}', which was changed by hand"
            )));
        }
    }
    Ok(Standing::Ours(files))
}

/// Opens a regular file; no link is followed, and nothing that would block is waited for.
fn open_plain(path: &Path) -> Option<fs::File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    let flags = i32::try_from(flags.bits()).ok()?;
    let file = options.read(true).custom_flags(flags).open(path).ok()?;
    file.metadata().ok()?.is_file().then_some(file)
}

fn read_list(path: &Path) -> Option<String> {
    let mut text = String::new();
    let mut file = open_plain(path)?.take(LONGEST_LIST);
    file.read_to_string(&mut text).ok()?;
    Some(text)
}

/// What a file must hold to be unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentCheck {
    /// The SHA-256 of its content, in lower-case hexadecimal digits.
    pub sha256: String,
}

impl ContentCheck {
    fn holds(&self, path: &Path) -> bool {
        let mut bytes = Vec::new();
        let read = open_plain(path).is_some_and(|mut file| file.read_to_end(&mut bytes).is_ok());
        read && crate::value::encode::sha256(&bytes) == self.sha256
    }
}

/// Puts a tree of these files at `place`, whole or not at all.
///
/// `old` is what [`standing`] found there; what is foreign is kept aside, never removed.
pub fn write(place: &Path, files: &[TreeFile<'_>], old: &Standing) -> Result<Written, HostError> {
    let (parent, name) = split(place)?;
    DirBuilder::new()
        .recursive(true)
        .create(&parent)
        .map_err(HostError::io("create", &parent))?;
    let place = parent.join(&name);
    let folder_mode = folder_mode(files);
    if *old == Standing::Free && stays_where_it_is(&place) {
        return fill(&place, files, folder_mode).map(|()| Written::New);
    }
    let fresh = tempfile::Builder::new()
        .prefix(".lanwright-")
        .tempdir_in(&parent)
        .map_err(HostError::io("write into", &parent))?;
    fill(fresh.path(), files, folder_mode)?;
    let mode = mode_at(&place, fresh.path()).unwrap_or(folder_mode);
    let permissions = fs::Permissions::from_mode(mode);
    fs::set_permissions(fresh.path(), permissions).map_err(HostError::io("write", &place))?;
    exchange(fresh, &place, old)
}

/// The permission bits of the folder that was there, if it was our own: those that somebody else
/// chose, beforehand, might let them change what is written now.
fn mode_at(place: &Path, fresh: &Path) -> Option<u32> {
    let owner = |path| fs::symlink_metadata(path).map(|data| (data.uid(), data));
    match (owner(place), owner(fresh)) {
        (Ok((old, data)), Ok((new, _))) if old == new && data.is_dir() => {
            Some(data.mode() & 0o7777)
        }
        _ => None,
    }
}

/// Who may read some file of the tree may enter its folders.
fn folder_mode(files: &[TreeFile<'_>]) -> u32 {
    let readable = files.iter().fold(0, |all, file| all | file.mode) & 0o444;
    0o700 | readable | readable >> 2
}

/// Whether a folder cannot be exchanged for another: somebody works in it, or it is a file system
/// of its own. An empty one is then filled file by file, the list last.
fn stays_where_it_is(place: &Path) -> bool {
    let number = |path: &Path| fs::metadata(path).map(|data| (data.dev(), data.ino())).ok();
    let Some((device, inode)) = number(place) else {
        return false;
    };
    let above = place.parent().and_then(number);
    number(Path::new(".")) == Some((device, inode))
        || above.is_some_and(|(parent_device, _)| parent_device != device)
}

/// The folder that holds the place, and the place's name in it.
fn split(place: &Path) -> Result<(PathBuf, PathBuf), HostError> {
    let resolved = match place.components().next_back() {
        Some(Component::Normal(_)) => place.to_owned(),
        _ => fs::canonicalize(place).map_err(HostError::io("find", place))?,
    };
    let name = resolved.file_name().map(PathBuf::from);
    let Some(name) = name else {
        let reason = "is no place for a tree".to_owned();
        return Err(HostError::Refused {
            path: place.to_owned(),
            reason,
        });
    };
    let parent = match resolved.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((parent, name))
}

/// Writes the files below `root`, which is empty; if that fails, it is empty again.
fn fill(root: &Path, files: &[TreeFile<'_>], folder_mode: u32) -> Result<(), HostError> {
    let mut made = Made {
        folder_mode,
        ..Made::default()
    };
    let written = files.iter().try_for_each(|file| made.file(root, file));
    let written = written.and_then(|()| sync(root));
    if written.is_err() {
        made.unmake();
    }
    written
}

/// What was made so far. Nothing that is there already is taken for ours: a folder might be a link
/// to another place.
#[derive(Default)]
struct Made {
    folder_mode: u32,
    folders: Vec<PathBuf>,
    known: HashSet<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    fn file(&mut self, root: &Path, file: &TreeFile<'_>) -> Result<(), HostError> {
        let path = root.join(file.path);
        let above: Vec<&Path> = path.ancestors().skip(1).collect();
        let below_root = above.iter().rev().filter(|folder| **folder != root);
        for folder in below_root.filter(|folder| folder.starts_with(root)) {
            self.folder(folder)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(file.mode);
        let opened = options.open(&path).map_err(HostError::io("create", &path));
        let mut opened = opened?;
        self.files.push(path.clone());
        let written = opened.write_all(file.bytes);
        written.map_err(HostError::io("write", &path))
    }

    fn folder(&mut self, folder: &Path) -> Result<(), HostError> {
        if !self.known.contains(folder) {
            let made = DirBuilder::new().mode(self.folder_mode).create(folder);
            made.map_err(HostError::io("create", folder))?;
            self.known.insert(folder.to_owned());
            self.folders.push(folder.to_owned());
        }
        Ok(())
    }

    /// Takes it all away again, as far as that goes.
    fn unmake(self) {
        for file in self.files.iter().rev() {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// One sync of the file system instead of one a file.
fn sync(root: &Path) -> Result<(), HostError> {
    let folder = fs::File::open(root).map_err(HostError::io("read", root))?;
    rustix::fs::syncfs(&folder).map_err(|error| HostError::io("write", root)(error.into()))
}

fn exchange(fresh: tempfile::TempDir, place: &Path, old: &Standing) -> Result<Written, HostError> {
    let failed = |error: Errno| HostError::io("replace", place)(error.into());
    let (new, exchanged) = (fresh.path(), RenameFlags::EXCHANGE);
    match rustix::fs::renameat_with(CWD, new, CWD, place, RenameFlags::NOREPLACE) {
        Ok(()) => {
            // The folder has its final name now; there is nothing to clean up.
            let _ = fresh.keep();
            return Ok(Written::New);
        }
        Err(Errno::EXIST | Errno::NOTEMPTY) => {}
        Err(error) => return Err(failed(error)),
    }
    rustix::fs::renameat_with(CWD, new, CWD, place, exchanged).map_err(failed)?;
    // The temporary name now holds what was there before: only what is ours is removed whole.
    let before = fresh.keep();
    match old {
        Standing::Free if fs::remove_dir(&before).is_ok() => Ok(Written::New),
        // What was put there since it was looked at is not removed.
        Standing::Ours(files) if files_below(&before).is_ok_and(|found| found == *files) => {
            fs::remove_dir_all(&before).map_err(HostError::io("remove", &before))?;
            Ok(Written::Replaced)
        }
        Standing::Free | Standing::Ours(_) | Standing::Foreign(_) => {
            Ok(Written::KeptAside(keep(&before, place)))
        }
    }
}

/// Keeps a folder as `PLACE.old`, `PLACE.old2`, …: the first that is not there. If it can have no
/// such name, it keeps the one it has.
fn keep(before: &Path, place: &Path) -> PathBuf {
    let suffixes = std::iter::once(".old".to_owned()).chain((2u32..).map(|n| format!(".old{n}")));
    for suffix in suffixes {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(suffix);
        let kept = place.with_file_name(name);
        match rustix::fs::renameat_with(CWD, before, CWD, &kept, RenameFlags::NOREPLACE) {
            Ok(()) => return kept,
            Err(Errno::EXIST | Errno::NOTEMPTY) => {}
            Err(_) => break,
        }
    }
    before.to_owned()
}
