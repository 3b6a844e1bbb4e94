//! The way back: what was compiled for a host is recovered from it.
//!
//! Every network of `corpus/networks` is put on a host in memory, in each layout of rules and of
//! dnsmasq's files, as the host's own tools would list it; what is recovered must compile to the
//! same files. The hosts of `corpus/hosts` are real: what is recovered of each is kept beside it,
//! and `BLESS=1 cargo test --test recover` writes it anew.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "recover/host.rs"]
mod host;
#[path = "recover/knowable.rs"]
mod knowable;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lanwright::backend::{BACKENDS, Compiled, Layout};
use lanwright::diagnostic::Sink;
use lanwright::lower::{FirewallLayout, lower};
use lanwright::network::{self, Declared, NetworkSet};
use lanwright::recover::{Recovery, recover};
use lanwright::source::{Source, SourceId};
use lanwright::xml;

fn corpus(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(folder);
    let entries = fs::read_dir(&root).expect("the corpus is there");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    cases
}

/// The networks of a folder, in the order of their files.
fn networks(case: &Path) -> NetworkSet {
    let mut files: Vec<PathBuf> = fs::read_dir(case)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "xml"))
        .collect();
    files.sort();
    let texts = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("a text"));
    set(texts)
}

/// The networks of these texts, which must be fine together.
fn set(texts: impl Iterator<Item = String>) -> NetworkSet {
    let mut sink = Sink::default();
    let declared: Vec<Declared> = texts
        .map(|text| {
            let text = text.trim_start_matches('\u{feff}').to_owned();
            let source = Source::new("network.xml", text.clone());
            let read = xml::read(SourceId(0), &source, &mut sink);
            read.unwrap_or_else(|| panic!("{:#?}\n{text}", sink.sorted()))
        })
        .collect();
    let set = network::assemble(declared, &mut sink);
    set.unwrap_or_else(|| panic!("{:#?}", sink.sorted()))
}

/// Every file that compiling makes, by path.
fn artifacts(set: &NetworkSet) -> BTreeMap<String, String> {
    let ir = lower(set);
    let mut files = BTreeMap::new();
    for layout in [Layout::Native, Layout::Libvirt] {
        let compiled = Compiled {
            state: &ir.state,
            policy: &ir.policy,
            layout,
        };
        for backend in BACKENDS {
            for artifact in (backend.emit)(&compiled).artifacts {
                files.insert(
                    format!("{} {}", layout.word(), artifact.path),
                    artifact.text,
                );
            }
        }
    }
    files
}

/// The recovered networks as a set, by way of the XML that is printed.
fn reread(recovery: &Recovery) -> NetworkSet {
    let networks = recovery.networks.iter();
    set(networks.map(|recovered| xml::write::print(&recovered.network)))
}

#[test]
fn what_was_compiled_is_recovered() {
    let mut wrong = String::new();
    for case in corpus("networks") {
        let declared = networks(&case);
        for layout in FirewallLayout::ALL {
            let expected = knowable::set(&declared, layout);
            let on_host = lower(&declared);
            let wanted = artifacts(&expected);
            for dnsmasq in [Layout::Native, Layout::Libvirt] {
                let capture = host::capture(&on_host, layout, dnsmasq);
                assert_eq!(capture.gaps, [], "{}", case.display());
                let recovery = recover(&capture);
                let found = reread(&recovery);
                // Equal networks make equal files.
                let found = (found != expected).then(|| artifacts(&found));
                if let Some(found) = found.filter(|found| *found != wanted) {
                    let difference = difference(&wanted, &found);
                    wrong += &format!("{} {layout}:\n{difference}", case.display());
                    break;
                }
                let gaps = recovery.networks.iter().flat_map(|network| network.gaps());
                for gap in gaps.filter(|gap| !knowable::may_say(gap)) {
                    wrong += &format!("{} {layout}: {}\n", case.display(), gap.message);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn difference(wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> String {
    let empty = String::new();
    let mut text = String::new();
    let mut paths: Vec<&String> = wanted.keys().chain(found.keys()).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let (wanted, found) = (
            wanted.get(path).unwrap_or(&empty),
            found.get(path).unwrap_or(&empty),
        );
        if wanted != found {
            let lines = similar::TextDiff::from_lines(wanted.as_str(), found.as_str());
            text += &format!("  {path}\n{}", lines.unified_diff().context_radius(0));
        }
    }
    text
}

/// What was recovered of a host: a file for each network.
fn recovered(host: &Path) -> BTreeMap<String, String> {
    let place = tempfile::tempdir().expect("a temporary folder");
    let into = place.path().join("networks");
    let output = Command::new(env!("CARGO_BIN_EXE_lanwright"))
        .arg("recover")
        .arg(host.join("capture"))
        .arg("--output")
        .arg(&into)
        .output()
        .expect("lanwright runs");
    let code = output.status.code();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(code, Some(0 | 1)), "{}: {said}", host.display());
    texts(&into)
}

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let files = entries.map(|entry| entry.expect("an entry").path());
    files
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect()
}

#[test]
fn real_hosts_give_the_networks_that_are_kept() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    let hosts = corpus("hosts");
    assert!(
        hosts.len() > 20,
        "the corpus holds {} hosts only",
        hosts.len()
    );
    for host in hosts {
        let kept = host.join("recovered");
        let (expected, found) = (texts(&kept), recovered(&host));
        // What was recovered compiles, all networks together.
        set(found.values().cloned());
        if expected == found {
            continue;
        }
        if bless {
            let _ = fs::remove_dir_all(&kept);
            fs::create_dir_all(&kept).expect("the folder");
            for (name, text) in &found {
                fs::write(kept.join(name), text).expect("the file");
            }
        } else {
            wrong += &format!("{}:\n{}", host.display(), difference(&expected, &found));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}\nBLESS=1 accepts this");
}

#[test]
fn real_hosts_hold_what_was_declared() {
    let mut wrong = String::new();
    for host in corpus("hosts") {
        let name = host
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        // Of hosts made by hand nothing was declared, and rules alone tell less.
        let declared = host.join("networks");
        if !declared.is_dir() || name == "rules-alone" {
            continue;
        }
        let expected = knowable::set(&networks(&declared), FirewallLayout::Iptables);
        let found = set(recovered(&host).into_values());
        let (expected, found) = (artifacts(&expected), artifacts(&found));
        if expected != found {
            wrong += &format!("{name}:\n{}", difference(&expected, &found));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
