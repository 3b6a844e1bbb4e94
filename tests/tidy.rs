//! What this project promises to be predictable: where things are, and that nothing is missing.
//!
//! With `BLESS=1` the codes in the book's summary are written anew.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

use lanwright::diagnostic::{Code, Severity};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What git does not track, by path from the top.
const NOT_OURS: &[&str] = &[".git", "target", "out", "book/book", "fuzz/target"];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project, as a path from the top.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![project().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the project can be read") {
            let path = entry.expect("the project can be read").path();
            let name = from_top(&path);
            if NOT_OURS.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(name);
            }
        }
    }
    files.sort();
    files
}

fn from_top(path: &Path) -> String {
    let path = path.strip_prefix(project()).expect("it is in the project");
    path.to_string_lossy().into_owned()
}

fn text(file: impl AsRef<Path>) -> String {
    let bytes = fs::read(project().join(&file));
    let bytes = bytes.unwrap_or_else(|why| panic!("{}: {why}", file.as_ref().display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn sources() -> Vec<String> {
    let mut files = files();
    files.retain(|file| file.ends_with(".rs"));
    assert!(!files.is_empty());
    files
}

/// Fails with all complaints, one a line.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_source_opens_with_what_it_holds() {
    let silent = sources()
        .into_iter()
        .filter(|file| !text(file).starts_with("//! "));
    none(silent.collect());
}

#[test]
fn sources_are_short() {
    let long = sources().into_iter().filter_map(|file| {
        let lines = text(&file).lines().count();
        // The catalogue of codes is a list, a few lines for each code.
        let list = file == "compiler/diagnostic/code.rs";
        (lines > 600 && !list).then(|| format!("{file}: {lines} lines hold more than one noun"))
    });
    none(long.collect());
}

#[test]
fn lines_have_a_hundred_columns() {
    let mut long = Vec::new();
    let typed = [".rs", ".sh", ".j2", "/run", "Cargo.toml", "clippy.toml"];
    for file in files()
        .into_iter()
        .filter(|file| typed.iter().any(|end| file.ends_with(end)))
        .filter(|file| !file.starts_with("corpus/"))
    {
        for (number, line) in text(&file).lines().enumerate() {
            if line.chars().count() > 100 {
                long.push(format!("{file}:{}", number + 1));
            }
        }
    }
    none(long);
}

#[test]
fn only_host_touches_the_machine() {
    let mut touching = Vec::new();
    for file in sources() {
        let is_host = file == "compiler/host.rs" || file.starts_with("compiler/host/");
        if !file.starts_with("compiler/") || is_host {
            continue;
        }
        for (number, line) in text(&file).lines().enumerate() {
            // An exit code is a value.
            let line = line.replace("std::process::ExitCode", "");
            for word in [
                "std::fs",
                "std::process",
                "std::env",
                "std::net::Tcp",
                "disallowed_",
            ] {
                if line.contains(word) {
                    touching.push(format!("{file}:{}: {word}", number + 1));
                }
            }
        }
    }
    none(touching);
}

/// A construct of the template language, without its braces, that our templates may use.
fn is_plain(construct: &str) -> bool {
    let is_name = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c))
    };
    if let Some(name) = construct
        .strip_prefix("{{ ")
        .and_then(|rest| rest.strip_suffix(" }}"))
    {
        return is_name(name);
    }
    let Some(tag) = construct
        .strip_prefix("{% ")
        .and_then(|rest| rest.strip_suffix(" %}"))
    else {
        return false;
    };
    match tag.split(' ').collect::<Vec<_>>().as_slice() {
        ["for", one, "in", many] => is_name(one) && is_name(many),
        ["if", name] | ["if", "not", name] => is_name(name),
        ["else" | "endfor" | "endif"] => true,
        ["include", file] => *file == "\"banner.j2\"",
        _ => false,
    }
}

#[test]
fn templates_only_arrange_lines() {
    let mut complaints = Vec::new();
    for file in files()
        .into_iter()
        .filter(|file| file.starts_with("templates/"))
    {
        let text = text(&file);
        let mut rest = text.as_str();
        while let Some(start) = ["{{", "{%", "{#"]
            .iter()
            .filter_map(|open| rest.find(open))
            .min()
        {
            let end = ["}}", "%}", "#}"]
                .iter()
                .filter_map(|close| rest[start..].find(close))
                .min();
            let end = start + end.map_or(rest.len() - start, |end| end + 2);
            if !is_plain(&rest[start..end]) {
                complaints.push(format!("{file}: {}", &rest[start..end]));
            }
            rest = &rest[end..];
        }
    }
    none(complaints);
    assert!(is_plain("{% for rule in table.rules %}") && !is_plain("{{ name | upper }}"));
    assert!(is_plain("{% if not one %}") && !is_plain("{% if one or other %}"));
    assert!(!is_plain("{%- if one %}"));
}

/// The folder with the inputs that raise a code.
fn folder_of_cases(code: Code) -> &'static str {
    match code.severity() {
        Severity::Error => "corpus/rejects",
        Severity::Warning | Severity::Note => "corpus/warnings",
    }
}

/// Whether a code has its `<code>.xml`, a folder `<code>` of several files, or a line in the
/// folder's README that says why it cannot have one.
fn has_case(code: Code) -> bool {
    let (folder, name) = (folder_of_cases(code), code.name());
    let path = project().join(folder);
    path.join(format!("{name}.xml")).is_file()
        || path.join(name).is_dir()
        || text(format!("{folder}/README.md")).contains(&format!("`{name}`"))
}

#[test]
fn every_code_has_a_case() {
    let without = Code::ALL.iter().filter(|code| !has_case(**code));
    none(
        without
            .map(|code| format!("{}: no case for {code}", folder_of_cases(*code)))
            .collect(),
    );
}

#[test]
fn every_code_is_raised() {
    let mut files = sources();
    files.retain(|file| file.starts_with("compiler/") && file != "compiler/diagnostic/code.rs");
    let all: String = files.iter().map(text).collect();
    let is_raised = |code: &&Code| {
        let place = format!("Code::{code:?}");
        let mut ends = all.split(&place).skip(1);
        ends.any(|after| !after.starts_with(char::is_alphanumeric))
    };
    let silent = Code::ALL.iter().filter(|code| !is_raised(code));
    none(
        silent
            .map(|code| format!("nothing raises {code}"))
            .collect(),
    );
}

#[test]
fn every_case_and_page_is_of_a_code() {
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    let mut unknown = Vec::new();
    for folder in ["corpus/rejects", "corpus/warnings", "book/src/errors"] {
        for entry in fs::read_dir(project().join(folder)).into_iter().flatten() {
            let path = entry.expect("the project can be read").path();
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if stem != "README" && !codes.contains(stem.as_str()) {
                unknown.push(from_top(&path));
            }
        }
    }
    none(unknown);
}

#[test]
fn every_code_has_something_to_read() {
    let bare = Code::ALL
        .iter()
        .filter(|code| code.page().lines().count() < 5);
    none(
        bare.map(|code| format!("book/src/errors/{code}.md says nothing"))
            .collect(),
    );
}

/// The book's summary with exactly the codes there are below the page that lists them.
fn summary_with_codes(summary: &str) -> String {
    let mut lines = Vec::new();
    for line in summary.lines().filter(|line| !line.contains("(errors/")) {
        lines.push(line.to_owned());
        if line.contains("(errors.md)") {
            let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
            names.sort_unstable();
            lines.extend(
                names
                    .iter()
                    .map(|name| format!("  - [{name}](errors/{name}.md)")),
            );
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_book_lists_every_code() {
    let summary = text("book/src/SUMMARY.md");
    let expected = summary_with_codes(&summary);
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(project().join("book/src/SUMMARY.md"), &expected).expect("it can be written");
    }
    let list = text("book/src/errors.md");
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let times = list.matches(&format!("(errors/{code}.md)")).count();
        if times != 1 {
            wrong.push(format!("book/src/errors.md names {code} {times} times"));
        }
    }
    if text("book/src/SUMMARY.md") != expected {
        wrong.push("book/src/SUMMARY.md does not list the codes: run with BLESS=1".to_owned());
    }
    none(wrong);
}

#[test]
fn the_book_is_whole() {
    let summary = text("book/src/SUMMARY.md");
    let listed: BTreeSet<String> = summary
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(page, _)| page.to_owned())
        .filter(|page| !page.is_empty())
        .collect();
    let pages: BTreeSet<String> = files()
        .iter()
        .filter_map(|file| file.strip_prefix("book/src/"))
        .filter(|page| page.ends_with(".md") && *page != "SUMMARY.md")
        .map(str::to_owned)
        .collect();
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>, what: &str| {
        one.difference(other)
            .map(|page| format!("{page}: {what}"))
            .collect::<Vec<_>>()
    };
    let mut complaints = only(&listed, &pages, "in the summary, not there");
    complaints.extend(only(&pages, &listed, "there, not in the summary"));
    none(complaints);
}

/// The commands as `lanwright --help` lists them.
fn commands() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_lanwright"))
        .arg("--help")
        .output();
    let help = String::from_utf8(help.expect("the program starts").stdout).expect("UTF-8");
    let mut lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<String> = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|command| command != "help")
        .collect();
    assert!(!commands.is_empty(), "no commands in\n{help}");
    commands
}

#[test]
fn every_command_has_a_page_and_a_source() {
    let mut missing = Vec::new();
    for command in commands() {
        let page = format!("book/src/commands/{command}.md");
        let source = format!("compiler/cli/{}.rs", command.replace('-', "_"));
        missing.extend(
            [page, source]
                .into_iter()
                .filter(|file| !project().join(file).is_file()),
        );
    }
    none(missing);
}

#[test]
fn nothing_names_the_place_it_was_made_in() {
    let here = env!("CARGO_MANIFEST_DIR");
    let naming = files().into_iter().filter(|file| text(file).contains(here));
    none(naming.collect());
}

#[test]
fn folders_are_those_of_the_design() {
    let expected = [
        ".ci",
        "benches",
        "book",
        "compiler",
        "corpus",
        "fuzz",
        "packaging",
        "templates",
        "tests",
    ];
    let files = files();
    let folders: BTreeSet<PathBuf> = files
        .iter()
        .filter_map(|file| {
            file.split_once('/')
                .map(|(folder, _)| PathBuf::from(folder))
        })
        .collect();
    let strange = folders
        .iter()
        .filter(|folder| !expected.iter().any(|name| folder.ends_with(name)));
    none(strange.map(|folder| folder.display().to_string()).collect());
}
