//! What `doctor` says of hosts with one thing wrong each, and that `--fix` mends a real one.
//!
//! A case is a folder of `corpus/doctor/`: the files of `base` and, over them, its own; `without`
//! names files of `base` that it has not. `report.txt` is what the command prints. A folder's name
//! begins with the check that is the cause, or with `healthy`. `BLESS=1 cargo test --test doctor`
//! writes the reports anew; read the difference as if someone else had sent it.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::room::{Room, script};
use serde_json::Value;

fn cases() -> Vec<PathBuf> {
    let mut cases = common::entries(&common::project().join("corpus/doctor"));
    cases.retain(|path| path.is_dir() && common::file_name(path) != "base");
    assert!(cases.len() > 25, "there are {} cases only", cases.len());
    cases
}

/// Puts the files of a folder over those of another.
fn lay(from: &Path, over: &Path) {
    fs::create_dir_all(over).unwrap();
    for path in common::entries(from) {
        let to = over.join(common::file_name(&path));
        if path.is_dir() {
            lay(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// The folder of a case as it is examined.
fn laid(case: &Path) -> PathBuf {
    let folder = common::scratch();
    lay(&common::project().join("corpus/doctor/base"), &folder);
    let without = fs::read_to_string(case.join("without")).unwrap_or_default();
    for name in without.lines() {
        let path = ["host", ""].map(|part| folder.join(part).join(name));
        let path = path.iter().find(|path| path.exists());
        let path = path.unwrap_or_else(|| panic!("{}: base has no {name}", case.display()));
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }
    for part in ["host", "networks"] {
        if case.join(part).is_dir() {
            lay(&case.join(part), &folder.join(part));
        }
    }
    folder
}

fn doctor(folder: &Path, format: &str) -> Output {
    let mut command = Command::new(common::LANWRIGHT);
    command.args(["doctor", "--host", "host", "--format", format]);
    if folder.join("networks").is_dir() {
        command.args(["--xml", "networks"]);
    }
    let command = command.current_dir(folder).stdin(Stdio::null());
    command.output().expect("the program starts")
}

/// The check that is the cause of the first network that is not healthy.
fn cause(folder: &Path) -> Option<String> {
    let output = doctor(folder, "json");
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let networks = report["networks"].as_array().expect("there are networks");
    let mut causes = networks.iter().map(|network| &network["cause"]["check"]);
    causes.find_map(|check| check.as_str().map(str::to_owned))
}

#[test]
fn each_case_is_told_as_it_is() {
    let bless = std::env::var_os("BLESS").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for case in cases() {
        let (name, folder) = (common::file_name(&case), laid(&case));
        let output = doctor(&folder, "text");
        let said = String::from_utf8(output.stdout).unwrap();
        let healthy = name.starts_with("healthy");
        if output.status.code() != Some(i32::from(!healthy)) {
            let complaint = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!("{name}: {}\n{said}{complaint}", output.status));
        }
        let cause = cause(&folder);
        let expected = cause.as_deref().unwrap_or("healthy");
        if !name.starts_with(expected) {
            wrong.push(format!("{name}: the cause is {expected}\n{said}"));
        }
        let kept = case.join("report.txt");
        if bless {
            fs::write(&kept, &said).unwrap();
        }
        let expected = fs::read_to_string(&kept).unwrap_or_default();
        if said != expected {
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let difference = common::difference(&lines(&expected), &lines(&said));
            wrong.push(format!("{name}:\n{difference}"));
        }
        fs::remove_dir_all(folder).unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{}\nBLESS=1 accepts this",
        wrong.join("\n")
    );
}

/// What has a name in JSON has a case.
#[test]
fn every_check_has_a_case() {
    let schema = Command::new(common::LANWRIGHT)
        .args(["schema", "doctor"])
        .output()
        .expect("the program starts");
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("it is JSON");
    let variants = schema["$defs"]["Check"]["oneOf"]
        .as_array()
        .expect("checks");
    let checks: BTreeSet<&str> = variants
        .iter()
        .filter_map(|it| it["const"].as_str())
        .collect();
    assert!(checks.len() > 20, "{checks:?}");
    let cases: Vec<String> = cases().iter().map(|case| common::file_name(case)).collect();
    let missing: Vec<&&str> = checks
        .iter()
        .filter(|check| {
            let begins = |case: &String| {
                let rest = case.strip_prefix(**check);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            };
            !cases.iter().any(begins)
        })
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// A bridge whose guest is outside, then Docker's policy, then a dead dnsmasq: on a real kernel.
#[test]
fn a_real_host_is_mended() {
    let tools = [
        "unshare", "ip", "bridge", "iptables", "dnsmasq", "sysctl", "busybox", "ping",
    ];
    if !common::require(&tools) {
        return;
    }
    let said = Room::new(&script("doctor.sh"))
        .argument(common::LANWRIGHT)
        .limit_seconds(60)
        .run();
    assert!(said.success(), "{}", said.told());
}
