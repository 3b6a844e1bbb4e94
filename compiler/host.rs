//! The only room that touches files, processes and the terminal.
//!
//! It does what it is told and says what went wrong with which path; why something is read or
//! written is decided elsewhere.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod apply;
pub mod boot;
pub mod clock;
pub mod detect;
pub mod execute;
mod facts;
mod handover;
pub mod input;
pub mod journal;
pub mod libvirt;
pub mod live;
pub mod lock;
pub mod namespace;
pub mod observe;
pub mod others;
pub mod ports;
pub mod process;
pub mod run;
pub mod store;
pub mod terminal;
pub mod texts;
pub mod tree;
pub mod watchdog;

use std::io;
use std::path::{Path, PathBuf};

/// Something that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The system refused.
    #[error("cannot {action} {}: {}", .path.display(), plain(.reason))]
    Io {
        /// What was tried: `read`, `write`, `create`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// We refuse, to lose nothing.
    #[error("{} {reason}", .path.display())]
    Refused {
        /// What is in the way.
        path: PathBuf,
        /// What is the matter with it, as the rest of a sentence.
        reason: String,
    },
}

impl HostError {
    /// An error of the system, to be used in `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |reason| HostError::Io {
            action,
            path,
            reason,
        }
    }
}

impl HostError {
    /// Whether it only says that there is nothing of that name.
    pub(crate) fn is_absence(&self) -> bool {
        let absent = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
        match self {
            HostError::Io { reason, .. } => absent.contains(&reason.kind()),
            HostError::Refused { .. } => false,
        }
    }
}

/// Whether we may change the network.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What the system said, without the number that Rust adds.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}
