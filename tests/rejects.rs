//! Every diagnostic code has an input that raises it, and says exactly what is kept beside it.
//!
//! `corpus/rejects/<code>.xml` (or a folder of files) holds an error of that code,
//! `corpus/warnings/<code>.xml` a warning or note. `<code>.txt` is what `check` prints.
//! `BLESS=1 cargo test --test rejects` writes the texts anew.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lanwright::diagnostic::{Code, Severity};

#[test]
fn every_case_says_what_is_kept() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for (folder, severity) in [("rejects", true), ("warnings", false)] {
        for case in cases(folder) {
            wrong.extend(check(&case, severity, bless));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a case, if anything.
fn check(case: &Path, is_reject: bool, bless: bool) -> Option<String> {
    let name = case
        .file_stem()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let shown = case.display();
    let Ok(code) = name.parse::<Code>() else {
        return Some(format!("{shown}: there is no code of that name"));
    };
    if is_reject != (code.severity() == Severity::Error) {
        return Some(format!(
            "{shown}: is in the wrong folder for a {}",
            code.severity().word()
        ));
    }
    let corpus = case
        .parent()
        .expect("a folder")
        .parent()
        .expect("the corpus");
    let relative = case.strip_prefix(corpus).expect("in the corpus");
    let run = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lanwright"));
        command
            .current_dir(corpus)
            .args(["check", "--color", "never", "--format", format]);
        command.arg(relative).output().expect("lanwright runs")
    };
    let output = run("json");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let json: serde_json::Value = serde_json::from_str(&text).expect("check prints JSON");
    let said: Vec<&str> = json["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|each| !is_reject || each["severity"] == "error")
        .filter_map(|each| each["code"].as_str())
        .collect();
    if !said.contains(&name.as_str()) || (is_reject && said.iter().any(|code| *code != name)) {
        return Some(format!("{shown}: says {said:?}"));
    }
    if output.status.code() != Some(i32::from(is_reject)) {
        return Some(format!("{shown}: exits {:?}", output.status.code()));
    }
    let made = String::from_utf8_lossy(&run("text").stdout).into_owned();
    let kept = case.with_extension("txt");
    if bless {
        fs::write(&kept, &made).expect("the text is written");
    }
    let expected = fs::read_to_string(&kept).unwrap_or_default();
    (made != expected).then(|| {
        let diff = similar::TextDiff::from_lines(&expected, &made);
        format!("{shown}:\n{}", diff.unified_diff().context_radius(1))
    })
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(folder);
    let entries = fs::read_dir(root).expect("the corpus is there");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.retain(|case| case.is_dir() || case.extension().is_some_and(|ending| ending == "xml"));
    cases.sort();
    assert!(
        cases.len() >= 20,
        "corpus/{folder} holds {} cases only",
        cases.len()
    );
    cases
}
