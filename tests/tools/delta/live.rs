//! A room that stays open: commands are run in it one after another, and what they print is read
//! in between.

use crate::common;
use crate::common::room::Room;
use std::fs;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Runs `0.sh`, `1.sh`, … of the folder `$1` as they come, until there is a file `end`.
const RUN: &str = r#"
cd "$1"
next=0
while [[ ! -e end ]]; do
  if [[ -e $next.sh ]]; then
    if bash -euo pipefail ./$next.sh >$next.out 2>&1 </dev/null; then code=0; else code=1; fi
    echo $code >code
    mv code $next.code
    next=$((next + 1))
  else
    sleep 0.005
  fi
done
"#;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A host of its own for one test.
pub struct Live {
    folder: PathBuf,
    next: usize,
    room: Option<JoinHandle<()>>,
}

impl Live {
    pub fn new() -> Live {
        let folder = common::scratch();
        let room = Room::new(RUN).argument(&folder).limit_seconds(600);
        Live {
            folder,
            next: 0,
            room: Some(thread::spawn(move || drop(room.run()))),
        }
    }

    /// Runs a script; what it printed, or why it failed.
    pub fn run(&mut self, script: &str) -> Result<String, String> {
        let at = |end: &str| self.folder.join(format!("{}.{end}", self.next));
        fs::write(at("new"), script).unwrap();
        fs::rename(at("new"), at("sh")).unwrap();
        let start = std::time::Instant::now();
        while !at("code").exists() {
            if start.elapsed() > LIMIT {
                return Err(format!("not done after {LIMIT:?}:\n{script}"));
            }
            thread::sleep(Duration::from_millis(2));
        }
        let printed = common::text(&at("out"));
        let done = common::text(&at("code")) == "0\n";
        self.next += 1;
        match done {
            true => Ok(printed),
            false => Err(format!("{script}\nfailed:\n{printed}")),
        }
    }

    /// Gives a text to a command.
    pub fn load(&mut self, command: &str, text: &str) -> Result<(), String> {
        let file = self.folder.join(format!("{}.input", self.next));
        fs::write(&file, text).unwrap();
        let script = format!("{command} <{}", file.display());
        let done = self.run(&script);
        done.map(drop).map_err(|why| format!("{why}\n{text}"))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        fs::write(self.folder.join("end"), "").unwrap();
        if let Some(room) = self.room.take() {
            let _ = room.join();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
