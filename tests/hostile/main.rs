//! What somebody hostile could hand over: input that would reach the terminal or the clock, texts
//! of a host that is not what it seems, and folders that are not.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

mod rules;
mod size;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const LANWRIGHT: &str = env!("CARGO_BIN_EXE_lanwright");

fn run(at: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(LANWRIGHT)
        .current_dir(at)
        .args(arguments)
        .output()
        .expect("lanwright runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    output
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn put(at: &Path, name: &str, text: &str) {
    fs::write(at.join(name), text).expect("the file can be written");
}

fn network(name: &str, inside: &str) -> String {
    format!("<network><name>{name}</name>{inside}</network>")
}

#[test]
fn no_escape_sequence_reaches_the_terminal() {
    let place = scratch();
    let odd = "\u{9b}2J\u{85}\u{202e}\u{2066}\u{2028}\u{feff}\u{8e}";
    put(
        place.path(),
        "a.xml",
        &network(
            "n",
            &format!("<zone {odd}='{odd}'>{odd}</zone><x y='{odd}'/>"),
        ),
    );
    let inside = format!("<title>{odd}</title><domain name='{odd}'/><bridge name='b{odd}'/>");
    put(
        place.path(),
        "b\u{1b}[31m\n\u{9b}.xml",
        &network("m", &inside),
    );
    for arguments in [
        &["check", "."][..],
        &["check", ".", "--format", "json"],
        &["compile", ".", "-o", "out"],
        &["compile", ".", "--format", "json", "-o", "out"],
        &["explain", odd],
        &["check", "\u{9b}\u{1b}[31m"],
    ] {
        let output = run(place.path(), arguments);
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).expect("it is UTF-8");
            let bad = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{2028}'..='\u{202e}');
            assert_eq!(text.find(bad), None, "{arguments:?}: {text:?}");
        }
    }
}

#[test]
fn a_long_line_of_mistakes_is_told_in_time() {
    let place = scratch();
    let mut attributes = String::new();
    for number in 0..15_000 {
        let _ = write!(attributes, " a{number}=''");
    }
    let children = "<x/>".repeat(15_000);
    let groups: String = (0..15_000)
        .map(|number| format!("<portgroup name='{number}'/>"))
        .collect();
    put(
        place.path(),
        "a.xml",
        &format!("<network{attributes}><name>n</name>{children}{groups}</network>"),
    );
    let begun = Instant::now();
    for format in ["text", "json"] {
        let output = run(place.path(), &["check", "a.xml", "--format", format]);
        assert_eq!(output.status.code(), Some(0));
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_pipe_in_a_folder_is_not_waited_for() {
    let place = scratch();
    put(place.path(), "a.xml", &network("n", ""));
    let made = Command::new("mkfifo")
        .arg(place.path().join("b.xml"))
        .status();
    assert!(made.expect("mkfifo runs").success());
    assert_eq!(run(place.path(), &["check", "."]).status.code(), Some(0));
}

#[test]
fn two_long_names_are_one_file_name() {
    let place = scratch();
    let group = format!("<portgroup name='{}'/>", "é".repeat(5000));
    put(place.path(), "a.xml", &network(&"a".repeat(247), &group));
    let output = run(place.path(), &["compile", "a.xml", "-o", "out"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn an_uplink_is_no_bridge() {
    let place = scratch();
    let uplink = "<forward mode='bridge'/><bridge name='br0'/><metadata>\
        <l:network xmlns:l='urn:lanwright:network:1'>\
        <l:uplink dev='virbr0' addressing='none'/></l:network></metadata>";
    put(place.path(), "a.xml", &network("a", uplink));
    put(
        place.path(),
        "b.xml",
        &network("b", "<bridge name='virbr0'/>"),
    );
    put(place.path(), "c.xml", &network("c", ""));
    let both = run(place.path(), &["compile", "a.xml", "b.xml", "-o", "out"]);
    assert_eq!(both.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&both.stderr).contains("uplink-is-bridge"));
    let free = run(place.path(), &["compile", "a.xml", "c.xml", "-o", "out"]);
    assert_eq!(free.status.code(), Some(0));
    assert!(
        place
            .path()
            .join("out/networkd/10-lanwright-virbr1.netdev")
            .exists()
    );
}

/// A tree that claims to be ours, with this list of files.
fn claimed(at: &Path, files: &str) {
    fs::create_dir(at).expect("the folder can be made");
    let list = format!(
        "{{\"format\":\"lanwright tree 1\",\"layout\":\"native\",\"inputs\":[],\
         \"networks\":[],\"warnings\":[],\"files\":[{files}]}}"
    );
    put(at, "manifest.json", &list);
}

#[test]
fn a_hostile_tree_leads_nowhere() {
    let place = scratch();
    let root = place.path();
    put(root, "victim", "");
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let victim = root.join("victim").display().to_string();
    let entry = |path: &str| format!("{{\"path\":\"{path}\",\"sha256\":\"{hash}\"}}");
    let (up, absolute, inside) = (entry("../victim"), entry(&victim), entry("link"));
    claimed(&root.join("up"), &format!("{up},{absolute}"));
    assert_eq!(run(root, &["compile", "-o", "up"]).status.code(), Some(0));

    claimed(&root.join("linked"), &inside);
    symlink(root.join("victim"), root.join("linked/link")).expect("the link can be made");
    assert_eq!(
        run(root, &["compile", "-o", "linked"]).status.code(),
        Some(2)
    );

    claimed(&root.join("piped"), &inside);
    let made = Command::new("mkfifo").arg(root.join("piped/link")).status();
    assert!(made.expect("mkfifo runs").success());
    assert_eq!(
        run(root, &["compile", "-o", "piped"]).status.code(),
        Some(2)
    );

    fs::create_dir(root.join("endless")).expect("the folder can be made");
    symlink("/dev/zero", root.join("endless/manifest.json")).expect("the link can be made");
    assert_eq!(
        run(root, &["compile", "-o", "endless"]).status.code(),
        Some(2)
    );
    let forced = run(root, &["compile", "-o", "endless", "--force"]);
    assert_eq!(forced.status.code(), Some(0));
    assert!(root.join("endless.old/manifest.json").is_symlink());
    assert!(root.join("victim").exists());
}

#[test]
fn a_link_is_not_followed_whatever_stands_behind_its_name() {
    let place = scratch();
    fs::create_dir(place.path().join("real")).expect("the folder can be made");
    symlink("real", place.path().join("link")).expect("the link can be made");
    for name in ["link", "link/", "link/."] {
        let output = run(place.path(), &["compile", "-o", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    assert!(place.path().join("link").is_symlink());
}

#[test]
fn what_cannot_be_written_whole_is_not_written() {
    let place = scratch();
    let limited = format!("ulimit -f 1; exec '{LANWRIGHT}' compile -o .");
    let output = Command::new("sh")
        .args(["-c", &format!("trap '' XFSZ; {limited}")])
        .current_dir(place.path())
        .output()
        .expect("sh runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("os error"));
    assert_eq!(fs::read_dir(place.path()).expect("it is there").count(), 0);
    let shut = scratch();
    fs::set_permissions(shut.path(), fs::Permissions::from_mode(0o500)).expect("it is ours");
    let output = run(shut.path(), &["compile", "-o", "/proc/none/out"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn byte_order_marks_move_nothing() {
    let place = scratch();
    let xml = network("n", "<bridge name='a b'/>");
    for (name, marks) in [
        ("a.xml", ""),
        ("b.xml", "\u{feff}"),
        ("c.xml", "\u{feff}\u{feff}"),
    ] {
        put(place.path(), name, &(marks.to_owned() + &xml));
    }
    let carets = ["a.xml", "b.xml", "c.xml"].map(|name| {
        let output = run(place.path(), &["check", name]);
        let text = String::from_utf8(output.stdout).expect("it is UTF-8");
        let caret = text.lines().find(|line| line.contains('^'));
        caret.map(|line| line.matches('^').count())
    });
    assert_eq!(carets, [Some(3); 3]);
}
