//! Every network of `corpus/networks` gives exactly the tree that is kept beside it.
//!
//! A case is a folder: its `.xml` files are compiled together, `options` holds further arguments
//! (one a line), `expected/` is the whole tree. `BLESS=1 cargo test --test golden` writes it anew;
//! read the difference as if someone else had sent it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn every_network_gives_the_tree_that_is_kept() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let tree = place.path().join("tree");
        let output = compile(&case, &tree);
        assert!(
            output.status.success(),
            "{} does not compile:\n{}",
            case.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let (made, expected) = (files(&tree), files(&case.join("expected")));
        if bless && made != expected {
            write(&case.join("expected"), &made);
        } else if made != expected {
            wrong.push(difference(&case, &expected, &made));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nBLESS=1 accepts this",
        wrong.join("\n")
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let case = cases()
        .into_iter()
        .find(|case| case.ends_with("host-hypervisor-office"));
    let case = case.expect("the corpus has a whole host");
    let place = tempfile::tempdir().expect("a temporary folder");
    let trees = ["one", "two"].map(|name| {
        let tree = place.path().join(name);
        assert!(compile(&case, &tree).status.success());
        files(&tree)
    });
    assert!(trees[0] == trees[1]);
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/networks");
    let entries = fs::read_dir(root).expect("the corpus is there");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    assert!(
        cases.len() >= 50,
        "the corpus holds {} networks only",
        cases.len()
    );
    cases
}

fn compile(case: &Path, tree: &Path) -> std::process::Output {
    let options = fs::read_to_string(case.join("options")).unwrap_or_default();
    Command::new(env!("CARGO_BIN_EXE_lanwright"))
        .arg("compile")
        .arg(case)
        .args(options.lines().filter(|line| !line.is_empty()))
        .arg("-o")
        .arg(tree)
        .output()
        .expect("lanwright runs")
}

/// Every file below a folder: path to permission bits and content.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(root)
                    .expect("below the root")
                    .display()
                    .to_string();
                found.insert(name, fs::read_to_string(&path).expect("a text file"));
            }
        }
    }
    found
}

fn write(root: &Path, made: &BTreeMap<String, String>) {
    let _ = fs::remove_dir_all(root);
    for (name, text) in made {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(path, text).expect("the file");
    }
}

fn difference(
    case: &Path,
    expected: &BTreeMap<String, String>,
    made: &BTreeMap<String, String>,
) -> String {
    let mut text = format!("{}:", case.display());
    let names: std::collections::BTreeSet<&String> = expected.keys().chain(made.keys()).collect();
    for name in names {
        let (old, new) = (expected.get(name), made.get(name));
        if old != new {
            let (old, new) = (
                old.map_or("", String::as_str),
                new.map_or("", String::as_str),
            );
            let diff = similar::TextDiff::from_lines(old, new);
            let mut unified = diff.unified_diff();
            text.push_str(&format!(
                "\n{}",
                unified.header(name, name).context_radius(1)
            ));
        }
    }
    text
}
