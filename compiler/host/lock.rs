//! One apply at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::HostError;
use super::execute::make_folder;

/// Where the lock is.
const FILE: &str = "/run/lanwright/lock";

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// The process that holds it or held it last.
    pub fn holder() -> Option<i32> {
        std::fs::read_to_string(FILE).ok()?.trim().parse().ok()
    }

    /// Whether nobody took it yet since the machine was started: its folder does not outlive that.
    pub fn is_untouched() -> bool {
        !Path::new(FILE).exists()
    }

    /// Takes the lock, and waits for it this long.
    pub fn take(patience: Duration) -> Result<Self, HostError> {
        let path = Path::new(FILE);
        make_folder(Path::new("/run/lanwright"))?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(HostError::io("open", path))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < patience => {
                    thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    return Err(HostError::Refused {
                        path: path.to_owned(),
                        reason: format!("is held by process {}, which is at work", holder.trim()),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(HostError::io("lock", path)(error)),
            }
        }
        let number = format!("{}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(number.as_bytes()))
            .map_err(HostError::io("write", path))?;
        Ok(Lock { _file: file })
    }
}
