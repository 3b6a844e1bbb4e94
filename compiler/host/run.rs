//! Running a program that lists or sets something: no shell, a fixed path, an end in time, and no
//! more output than fits.

use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::texts::LARGEST_FILE;

/// Where programs are looked for, whatever the caller's environment says.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long a program may take: a million rules take some tools a minute.
const LONGEST: Duration = Duration::from_secs(180);

/// How long a program that changes something may take, unless [`SECONDS`] says otherwise.
const LONGEST_CHANGE: Duration = Duration::from_secs(60);

/// The variable that says how many seconds a program that changes something may take.
const SECONDS: &str = "LANWRIGHT_TOOL_SECONDS";

/// How long a program that has ended may keep others from closing its output.
const CLOSING: Duration = Duration::from_secs(2);

/// How much of what a program says on standard error is kept.
const SAID: u64 = 4096;

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such program.
    #[error("{0} is not installed")]
    NotInstalled(String),
    /// It says that this kernel cannot do it.
    #[error("this kernel does not have it: {0}")]
    NotSupported(String),
    /// It failed.
    #[error("{0}")]
    Failed(String),
    /// It took too long and was ended.
    #[error("it took longer than {} s", .0.as_secs())]
    TooLong(Duration),
    /// It said more than any host holds.
    #[error("it printed more than 512 MiB")]
    TooMuch,
    /// The system refused to run it.
    #[error("it could not be run: {0}")]
    Io(#[from] io::Error),
}

/// Where a program is, if it is installed.
pub fn find(program: &str) -> Option<PathBuf> {
    PATH.split(':')
        .map(|folder| Path::new(folder).join(program))
        .find(|path| {
            let data = path.metadata();
            data.is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
        })
}

/// What a program prints. It reads nothing, and nobody's settings change what it prints.
pub fn output(program: &str, arguments: &[&str]) -> Result<Vec<u8>, RunError> {
    output_within(program, arguments, &[], LONGEST)
}

/// Has a program read this; what it prints is of no interest, as long as it succeeds.
pub fn feed(program: &str, arguments: &[&str], input: &[u8]) -> Result<(), RunError> {
    output_within(program, arguments, input, longest_change()).map(|_| ())
}

fn longest_change() -> Duration {
    let seconds = std::env::var(SECONDS).ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    seconds.map_or(LONGEST_CHANGE, Duration::from_secs)
}

fn output_within(
    program: &str,
    arguments: &[&str],
    input: &[u8],
    longest: Duration,
) -> Result<Vec<u8>, RunError> {
    let path = find(program).ok_or_else(|| RunError::NotInstalled(program.to_owned()))?;
    let mut child = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(match input.is_empty() {
            true => Stdio::null(),
            false => Stdio::piped(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        let input = input.to_vec();
        // A program that ends without reading everything says itself what is the matter.
        thread::spawn(move || pipe.write_all(&input));
    }
    let printed = child
        .stdout
        .take()
        .map(|pipe| drain(pipe, LARGEST_FILE + 1));
    let said = child.stderr.take().map(|pipe| drain(pipe, SAID));
    let status = wait(&mut child, longest)?;
    let collected = |pipe: Option<Receiver<Vec<u8>>>| pipe?.recv_timeout(CLOSING).ok();
    let unended = || RunError::Failed("its output has no end".to_owned());
    let printed = collected(printed).ok_or_else(unended)?;
    let said = collected(said).unwrap_or_default();
    if printed.len() as u64 > LARGEST_FILE {
        return Err(RunError::TooMuch);
    }
    if status.success() {
        return Ok(printed);
    }
    Err(failure(status, &String::from_utf8_lossy(&said)))
}

/// Reads a pipe beside the program, which would wait for a reader. After `most` bytes it is
/// closed, which ends a program that goes on.
fn drain(pipe: impl Read + Send + 'static, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.take(most).read_to_end(&mut bytes);
        // Nobody waits for it any more if the program took too long.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Waits for the end of the program, and brings it about when its time is over.
fn wait(child: &mut Child, longest: Duration) -> Result<ExitStatus, RunError> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > longest {
            child.kill()?;
            child.wait()?;
            return Err(RunError::TooLong(longest));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn failure(status: ExitStatus, said: &str) -> RunError {
    let first = said.lines().map(str::trim).find(|line| !line.is_empty());
    match first {
        Some(line) if line.ends_with("not supported") => RunError::NotSupported(line.to_owned()),
        Some(line) => RunError::Failed(line.to_owned()),
        None => RunError::Failed(status.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_is_taken() {
        assert_eq!(
            output("echo", &["$HOME", "x"]).expect("it runs"),
            b"$HOME x\n"
        );
        assert_eq!(
            output("env", &[])
                .expect("it runs")
                .iter()
                .filter(|b| **b == b'\n')
                .count(),
            2
        );
    }

    #[test]
    fn each_way_to_fail_has_its_words() {
        let said = |result: Result<Vec<u8>, RunError>| result.expect_err("it fails").to_string();
        let none = said(output("lanwright-no-such-program", &[]));
        assert_eq!(none, "lanwright-no-such-program is not installed");
        assert!(said(output("cat", &["/lanwright/none"])).contains("No such file"));
        assert_eq!(said(output("false", &[])), "exit status: 1");
        let slow = output_within("sleep", &["60"], &[], Duration::from_millis(50));
        assert!(matches!(slow, Err(RunError::TooLong(_))));
    }
}
