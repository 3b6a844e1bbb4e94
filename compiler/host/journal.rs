//! What is being done, written to the disk before it is done.
//!
//! The first line names the generation that is left and the one that is made; each further line a
//! step that begins. A journal that is there when a command starts is one that was interrupted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::HostError;
use super::store::{self, Number, StoreError};

/// The file, below [`store::HOME`].
const FILE: &str = "journal";

/// From which generation to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The generation that the host held.
    pub from: Number,
    /// The one that it is to hold.
    pub to: Number,
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

fn place() -> PathBuf {
    store::place(FILE)
}

/// What was interrupted, if anything was.
pub fn interrupted() -> Result<Option<Passage>, StoreError> {
    let path = place();
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(HostError::io("read", &path))?,
    };
    let first = text.lines().next().unwrap_or_default();
    let passage = serde_json::from_str(first);
    passage.map(Some).map_err(|error| StoreError::Damaged {
        path,
        reason: error.to_string(),
    })
}

/// What was interrupted is of no interest any more: after a boot the host holds nothing of it.
pub fn forget() -> Result<(), HostError> {
    super::process::remove_file(&place())
}

impl Journal {
    /// Begins a journal; what an older one says is over.
    pub fn begin(passage: Passage) -> Result<Self, HostError> {
        let line = serde_json::to_string(&passage).unwrap_or_default();
        store::put(FILE, &(line + "\n"))?;
        let path = place();
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(HostError::io("write", &path))?;
        Ok(Journal { file })
    }

    /// A step begins.
    pub fn note(&mut self, words: &str) -> Result<(), HostError> {
        let path = place();
        let line = serde_json::to_string(words).unwrap_or_default() + "\n";
        self.file
            .write_all(line.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(HostError::io("write", &path))
    }

    /// All is done.
    pub fn end(self) -> Result<(), HostError> {
        super::process::remove_file(&place())
    }
}
