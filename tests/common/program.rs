//! The program as a person runs it: what it prints, and how it ends.

// Every test program compiles this file and uses its own part of it.
#![allow(dead_code)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs the program in a folder.
pub fn lanwright(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanwright"));
    command
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null());
    command.output().expect("lanwright runs")
}

/// Runs the program with something to read.
pub fn fed(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lanwright"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("lanwright runs");
    let mut pipe = child.stdin.take().expect("it was piped");
    pipe.write_all(input).expect("written");
    drop(pipe);
    child.wait_with_output().expect("it ends")
}

/// How it ended.
pub fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

/// What it printed.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What it complained of.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
