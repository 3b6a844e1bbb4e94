//! Reading the texts of a host from a folder, a file or standard input.
//!
//! Links are not followed, and nothing is opened that is no regular file: a capture comes from
//! somewhere else, and reading it must never read this machine.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::HostError;
use crate::capture::Text;

/// The most bytes of one file of a folder that are read; a larger one is refused. A dump of a
/// million rules has about 100 MiB.
pub const LARGEST_FILE: u64 = 512 << 20;

/// The most bytes of a file that was named, or of standard input.
const LARGEST_NAMED: u64 = 2 << 30;

/// The most bytes of a whole folder that are read.
const LARGEST_FOLDER: u64 = 2 << 30;

/// The most files of a folder that are read.
const MOST_FILES: usize = 100_000;

/// How deep folders may lie in one another.
const DEEPEST: usize = 16;

/// The texts at a place: `-` is standard input, a folder stands for all its files.
pub fn texts(place: &Path) -> Result<Vec<Text>, HostError> {
    if place == Path::new("-") {
        let input = Path::new("standard input");
        let bytes = bounded(io::stdin().lock(), 0, LARGEST_NAMED, input)?;
        return Ok(vec![named("standard input", bytes)]);
    }
    if place.is_dir() {
        return folder(place);
    }
    let name = place.file_name().unwrap_or(place.as_os_str());
    let file = fs::File::open(place).map_err(HostError::io("read", place))?;
    let bytes = whole(file, LARGEST_NAMED, place)?;
    Ok(vec![named(&name.to_string_lossy(), bytes)])
}

fn named(name: &str, bytes: Vec<u8>) -> Text {
    Text {
        name: name.to_owned(),
        bytes,
    }
}

fn folder(root: &Path) -> Result<Vec<Text>, HostError> {
    let (mut texts, mut sum) = (Vec::new(), 0);
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        for entry in fs::read_dir(&at).map_err(HostError::io("read", &at))? {
            let entry = entry.map_err(HostError::io("read", &at))?;
            let kind = entry.file_type().map_err(HostError::io("read", &at))?;
            let path = folder.join(entry.file_name());
            if kind.is_dir() && path.components().count() <= DEEPEST {
                folders.push(path);
            } else if kind.is_file() {
                let file = open_plain(&entry.path())?;
                let bytes = whole(file, LARGEST_FILE, &entry.path())?;
                sum += bytes.len() as u64;
                texts.push(named(&path.to_string_lossy(), bytes));
            }
            if sum > LARGEST_FOLDER || texts.len() > MOST_FILES {
                return Err(refused(root, "holds more than a capture of a host would"));
            }
        }
    }
    if texts.is_empty() {
        return Err(refused(root, "holds no file"));
    }
    Ok(texts)
}

/// What a file holds that must be a regular one.
pub(super) fn plain(file: fs::File, path: &Path) -> Result<Vec<u8>, HostError> {
    let data = file.metadata().map_err(HostError::io("read", path))?;
    match data.is_file() {
        true => bounded(file, data.len(), LARGEST_FILE, path),
        false => Err(refused(path, "is no regular file")),
    }
}

fn open_plain(path: &Path) -> Result<fs::File, HostError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.cast_signed());
    options.open(path).map_err(HostError::io("read", path))
}

/// All that a file holds. One that has more than so many bytes is refused before anything of it is
/// read.
fn whole(file: fs::File, most: u64, path: &Path) -> Result<Vec<u8>, HostError> {
    let data = file.metadata().map_err(HostError::io("read", path))?;
    bounded(file, data.len(), most, path)
}

/// All that there is to read, unless it is too much; `size` is what is expected.
fn bounded(file: impl Read, size: u64, most: u64, path: &Path) -> Result<Vec<u8>, HostError> {
    let too_large = || {
        let most = most >> 20;
        let reason = format!("is larger than {most} MiB, which no dump of a host is");
        refused(path, &reason)
    };
    if size > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(|_| too_large())?);
    let mut file = file.take(most + 1);
    file.read_to_end(&mut bytes)
        .map_err(HostError::io("read", path))?;
    match bytes.len() as u64 > most {
        true => Err(too_large()),
        false => Ok(bytes),
    }
}

fn refused(path: &Path, reason: &str) -> HostError {
    HostError::Refused {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
