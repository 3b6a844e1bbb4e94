//! Reading what was named on the command line: files, folders, standard input.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::HostError;

/// One input, not yet looked at.
#[derive(Clone, Debug)]
pub struct Input {
    /// The name to show: the path as given, or `<stdin>`.
    pub name: String,
    /// What it holds; at most one byte more than was allowed.
    pub bytes: Vec<u8>,
}

/// Where inputs come from: `-` is standard input, a folder stands for its `*.xml` files by name.
///
/// Files that cannot be read are reported one by one; the others are read all the same.
/// No input is read further than one byte over `most`.
pub fn read_all(paths: &[PathBuf], most: usize) -> (Vec<Input>, Vec<HostError>) {
    let (mut inputs, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        match files_of(path) {
            Ok(files) => {
                for file in files {
                    match read(&file, most) {
                        Ok(input) => inputs.push(input),
                        Err(error) => errors.push(error),
                    }
                }
            }
            Err(error) => errors.push(error),
        }
    }
    (inputs, errors)
}

/// Whether there is such a folder.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// The tree of an image, by its full path. None of the folders that are written to may lead out of
/// it: that would be this machine.
pub fn image(root: &Path) -> Result<PathBuf, HostError> {
    let whole = fs::canonicalize(root).map_err(HostError::io("read", root))?;
    for folder in ["etc/systemd/system", "var/lib/lanwright"] {
        let path = whole.join(folder);
        let there = path.ancestors().find(|each| each.exists());
        let leads = there.and_then(|there| fs::canonicalize(there).ok());
        if leads.is_some_and(|leads| !leads.starts_with(&whole)) {
            return Err(HostError::Refused {
                path,
                reason: "leads out of the image".to_owned(),
            });
        }
    }
    Ok(whole)
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, HostError> {
    if path == Path::new("-") || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(HostError::io("read", path))? {
        let file = entry.map_err(HostError::io("read", path))?.path();
        // A pipe or a device in a folder was not named by anyone, and reading it may never end.
        let odd = fs::metadata(&file).is_ok_and(|data| !data.is_file());
        if file.extension().is_some_and(|ending| ending == "xml") && !odd {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        let reason = "holds no .xml file".to_owned();
        return Err(HostError::Refused {
            path: path.to_owned(),
            reason,
        });
    }
    Ok(files)
}

fn read(path: &Path, most: usize) -> Result<Input, HostError> {
    let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let name = if path == Path::new("-") {
        let read = io::stdin().lock().take(most).read_to_end(&mut bytes);
        read.map_err(HostError::io("read", Path::new("standard input")))?;
        "<stdin>".to_owned()
    } else {
        let file = File::open(path).map_err(HostError::io("read", path))?;
        file.take(most)
            .read_to_end(&mut bytes)
            .map_err(HostError::io("read", path))?;
        path.display().to_string()
    };
    Ok(Input { name, bytes })
}
