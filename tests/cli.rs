//! The commands as a person meets them: exit codes, refusals, what is never lost.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "common/program.rs"]
mod program;

use std::fs;

use program::{code, fed, lanwright, stderr, stdout};

const GOOD: &str = "<network>\n  <name>n</name>\n  <forward mode='nat'/>\n  \
                    <bridge name='virbr7'/>\n  <ip address='192.0.2.1' prefix='24'/>\n</network>\n";
const BAD: &str = "<network>\n  <name>n</name>\n  <forward mode='nta'/>\n</network>\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("good.xml"), GOOD).expect("written");
    fs::write(folder.path().join("bad.xml"), BAD).expect("written");
    folder
}

#[test]
fn the_default_network_needs_no_input() {
    let folder = folder();
    let output = lanwright(folder.path(), &["compile", "-o", "out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("virbr0"), "{}", stdout(&output));
    let rules = fs::read_to_string(folder.path().join("out/firewall/iptables.rules"));
    assert!(rules.expect("written").contains("-s 192.168.122.0/24"));
    assert!(folder.path().join("out/manifest.json").exists());
}

#[test]
fn without_a_folder_nothing_is_written_and_it_says_so() {
    let folder = folder();
    let output = lanwright(folder.path(), &["compile", "good.xml"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("--output DIR"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 2);
}

#[test]
fn an_older_tree_is_replaced_whole() {
    let folder = folder();
    assert_eq!(
        code(&lanwright(folder.path(), &["compile", "-o", "out"])),
        0
    );
    let output = lanwright(folder.path(), &["compile", "good.xml", "-o", "out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!folder.path().join("out/dnsmasq/default.conf").exists());
    assert!(folder.path().join("out/dnsmasq/n.conf").exists());
    let left: Vec<_> = fs::read_dir(folder.path()).expect("readable").collect();
    assert_eq!(left.len(), 3, "something temporary is left: {left:?}");
}

#[test]
fn what_is_not_ours_is_kept() {
    let folder = folder();
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("made");
    fs::write(out.join("precious"), "data").expect("written");
    let output = lanwright(folder.path(), &["compile", "good.xml", "-o", "out"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(
        fs::read_to_string(out.join("precious")).expect("kept"),
        "data"
    );
    let output = lanwright(
        folder.path(),
        &["compile", "good.xml", "-o", "out", "--force"],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let kept = folder.path().join("out.old/precious");
    assert_eq!(fs::read_to_string(kept).expect("kept aside"), "data");
    assert!(out.join("manifest.json").exists());
}

#[test]
fn a_file_changed_by_hand_is_named() {
    let folder = folder();
    assert_eq!(
        code(&lanwright(
            folder.path(),
            &["compile", "good.xml", "-o", "out"]
        )),
        0
    );
    let rules = folder.path().join("out/firewall/iptables.rules");
    fs::write(&rules, "# mine\n").expect("written");
    let output = lanwright(folder.path(), &["compile", "good.xml", "-o", "out"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("firewall/iptables.rules"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(&rules).expect("kept"), "# mine\n");
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let folder = folder();
    fs::create_dir(folder.path().join("target")).expect("made");
    std::os::unix::fs::symlink("target", folder.path().join("out")).expect("linked");
    let output = lanwright(folder.path(), &["compile", "good.xml", "-o", "out"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("symbolic link"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        fs::read_dir(folder.path().join("target"))
            .expect("readable")
            .count(),
        0
    );
}

#[test]
fn the_working_folder_itself_can_be_the_place() {
    let folder = folder();
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("made");
    let output = lanwright(&out, &["compile", "../good.xml", "-o", "."]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(out.join("manifest.json").exists());
}

#[test]
fn errors_are_findings_and_make_nothing() {
    let folder = folder();
    let output = lanwright(
        folder.path(),
        &["compile", "good.xml", "bad.xml", "-o", "out"],
    );
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("bad.xml:3:"),
        "{}",
        stderr(&output)
    );
    assert!(!folder.path().join("out").exists());
    let output = lanwright(folder.path(), &["check", "bad.xml", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(json["diagnostics"][0]["rule"], "V097");
    assert_eq!(json["diagnostics"][0]["line"], 3);
    assert_eq!(json["diagnostics"][0]["column"], 18);
}

#[test]
fn what_cannot_be_read_is_named_and_is_no_finding() {
    let folder = folder();
    let output = lanwright(folder.path(), &["check", "good.xml", "missing.xml"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("cannot read missing.xml"),
        "{}",
        stderr(&output)
    );
    fs::create_dir(folder.path().join("empty")).expect("made");
    let output = lanwright(folder.path(), &["check", "empty"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("no .xml file"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn standard_input_and_folders_are_inputs() {
    let folder = folder();
    let output = fed(&["compile", "-", "--emit", "ir"], GOOD.as_bytes());
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(json["state"]["networks"][0]["link"], "virbr7");
    let sub = folder.path().join("sub");
    fs::create_dir(&sub).expect("made");
    fs::copy(folder.path().join("good.xml"), sub.join("a.xml")).expect("copied");
    fs::write(sub.join("README"), "not a network").expect("written");
    let output = lanwright(folder.path(), &["check", "sub"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
}

#[test]
fn parts_can_be_chosen() {
    let folder = folder();
    let arguments = [
        "compile",
        "good.xml",
        "-o",
        "out",
        "--only",
        "firewall,sysctl",
    ];
    assert_eq!(code(&lanwright(folder.path(), &arguments)), 0);
    let out = folder.path().join("out");
    assert!(out.join("firewall/lanwright.nft").exists());
    assert!(!out.join("dnsmasq").exists());
    let output = lanwright(folder.path(), &["compile", "-o", "x", "--only", "firewal"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("firewall"), "{}", stderr(&output));
}

#[test]
fn help_is_there_for_every_command() {
    let folder = folder();
    for command in [
        "check",
        "compile",
        "explain",
        "schema",
        "completions",
        "man",
    ] {
        let output = lanwright(folder.path(), &[command, "--help"]);
        assert_eq!(code(&output), 0);
        let page = lanwright(folder.path(), &["man", command]);
        assert!(stdout(&page).contains(".SH"), "{command}");
    }
    for schema in ["check", "compile", "ir", "manifest"] {
        let output = lanwright(folder.path(), &["schema", schema]);
        let json: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        assert!(json["$schema"].is_string());
    }
    assert_eq!(
        code(&lanwright(folder.path(), &["explain", "no-such-code"])),
        2
    );
    assert_eq!(code(&lanwright(folder.path(), &["explain", "V063"])), 0);
}
