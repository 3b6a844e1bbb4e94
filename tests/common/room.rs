//! A room: one script of commands in namespaces of its own, with a time limit.
//!
//! The script runs under `bash -euo pipefail` as process 1 of the room, so that nothing it
//! started can outlive it. /etc is a private copy; /run and /var/lib are new and empty; /sys
//! shows the room's own devices, read-only.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Runs before every script.
const PRELUDE: &str = r#"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
umount -R /sys 2>/dev/null || true
mount -t sysfs -o ro sysfs /sys
mount -t tmpfs tmpfs /run
cp -a /etc /run/etc
mount --bind /run/etc /etc
mount -t tmpfs tmpfs /var/lib
mkdir -p /run/netns /run/lock /run/dbus /run/udev /run/lanwright /var/lib/lanwright /etc/lanwright
ip link set lo up
"#;

/// A script to be, and what it is given.
pub struct Room {
    command: Command,
    limit: Duration,
}

/// What a script did.
pub struct Outcome {
    status: ExitStatus,
    timed_out: Option<Duration>,
    pub stdout: String,
    pub stderr: String,
}

impl Room {
    /// A room whose script gets the first argument as `$1`, and so on.
    pub fn new(script: &str) -> Room {
        Room::of(&["--mount-proc"], &format!("{PRELUDE}{script}"))
    }

    /// A room that shows the machine as it is, for a script that makes one of its own.
    pub fn bare(script: &str) -> Room {
        Room::of(&[], script)
    }

    fn of(options: &[&str], script: &str) -> Room {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "--pid", "--ipc", "--uts", "--fork"]);
        command.args(["--kill-child", "--propagation", "private"]);
        command.args(options);
        command.args(["bash", "-euo", "pipefail", "-c"]);
        command.arg(script).arg("room");
        command.current_dir("/").stdin(Stdio::null());
        Room {
            command,
            limit: Duration::from_secs(30),
        }
    }

    pub fn argument(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Room {
        self.command.arg(argument);
        self
    }

    pub fn variable(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Room {
        self.command.env(name, value);
        self
    }

    pub fn limit_seconds(mut self, seconds: u64) -> Room {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// Runs the script to its end, or kills the room when its time is over.
    pub fn run(mut self) -> Outcome {
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("unshare(1) of util-linux starts");
        let stdout = drain(child.stdout.take().expect("it was piped"));
        let stderr = drain(child.stderr.take().expect("it was piped"));
        let (status, timed_out) = wait(&mut child, self.limit);
        Outcome {
            status,
            timed_out,
            stdout: stdout.join().expect("the reader does not panic"),
            stderr: stderr.join().expect("the reader does not panic"),
        }
    }
}

/// Reads a pipe to its end beside the script, which would block on a full one.
fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// With `--kill-child` the room's process 1 dies with unshare, and everything in it with that.
fn wait(child: &mut Child, limit: Duration) -> (ExitStatus, Option<Duration>) {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            return (status, None);
        }
        if start.elapsed() > limit {
            child.kill().expect("the child is ours");
            return (child.wait().expect("the child is ours"), Some(limit));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

impl Outcome {
    pub fn success(&self) -> bool {
        self.timed_out.is_none() && self.status.success()
    }

    /// The output of a script that did all it should; otherwise everything it said.
    pub fn stdout(self) -> Result<String, String> {
        if self.success() {
            Ok(self.stdout)
        } else {
            Err(self.told())
        }
    }

    /// How it ended and what it said, for a message.
    pub fn told(&self) -> String {
        let end = match (self.timed_out, self.status.code(), self.status.signal()) {
            (Some(limit), _, _) => format!("not done after {limit:?}"),
            (None, Some(code), _) => format!("exit {code}"),
            (None, None, signal) => format!("killed by signal {signal:?}"),
        };
        format!("{end}\n{}{}", self.stdout, self.stderr)
    }
}

/// A script that stands in a file beside the tests.
pub fn script(path: &str) -> String {
    super::text(&super::project().join(Path::new("tests")).join(path))
}
