//! Hosts that the real programs made: every text is read, every foreign rule has its owner.
//!
//! A host is a folder of `corpus/hosts/`. `owners.txt` says which layouts are in use, whose the
//! rules of no network are, what of them matters, and which lines were not understood.
//! `BLESS=1 cargo test --test hosts` writes it anew; read the difference as if someone else had
//! sent it.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use lanwright::audit::generation::{self, Detected};
use lanwright::audit::owner::{Foreign, Owner, Piece, foreign};
use lanwright::audit::report::{Drift, DriftKind, Object};
use lanwright::audit::{Question, audit};
use lanwright::capture::{Capture, Text, read};
use lanwright::diagnostic::Sink;
use lanwright::lower::lower;
use lanwright::network::{NetworkSet, assemble};
use lanwright::source::{Source, Sources};
use lanwright::state::HostState;
use lanwright::xml;

/// Hosts where somebody wrote rules by hand.
const BY_HAND: [&str; 4] = ["docker-own", "guide-chains", "guide-tables", "hand"];

fn hosts() -> Vec<PathBuf> {
    let mut hosts = common::entries(&common::project().join("corpus/hosts"));
    hosts.retain(|path| path.is_dir());
    assert!(
        hosts.len() >= 20,
        "the corpus holds {} hosts only",
        hosts.len()
    );
    hosts
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in common::entries(folder) {
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => files.push(path),
        }
    }
    files
}

/// The networks that are declared for a host.
fn declared(host: &Path) -> NetworkSet {
    let mut sources = Sources::default();
    for path in common::with_extension(&host.join("networks"), "xml") {
        sources.add(Source::new(path.to_string_lossy(), common::text(&path)));
    }
    let mut sink = Sink::default();
    let read = |(id, source)| xml::read(id, source, &mut sink).expect("the network is valid");
    let declared = sources.iter().map(read).collect();
    assemble(declared, &mut Sink::default()).expect("the networks fit")
}

/// What is declared for a host, as it holds it.
fn networks(host: &Path) -> HostState {
    lower(&declared(host)).state
}

/// What an audit of a host says of its networks' rules.
fn rules(host: &Path, capture: &Capture) -> Vec<Drift> {
    let networks = declared(host);
    let report = audit(Question {
        networks: &networks,
        files: &[],
        capture,
        host: "a host",
    });
    let rules = |drift: &Drift| matches!(drift.object, Object::Rule | Object::Layout);
    let networks = report.networks.into_iter().flat_map(|it| it.drift);
    networks.filter(rules).collect()
}

/// The texts of a host.
fn texts(host: &Path) -> Vec<Text> {
    let folder = host.join("capture");
    let mut texts = Vec::new();
    for path in files(&folder) {
        texts.push(Text {
            name: path
                .strip_prefix(&folder)
                .unwrap()
                .to_string_lossy()
                .into_owned(),
            bytes: fs::read(&path).unwrap(),
        });
    }
    texts
}

/// What a host told, and the lines that were not understood.
fn capture(host: &Path) -> (Capture, Vec<String>) {
    let capture = read(texts(host));
    let mut strange = Vec::new();
    for gap in &capture.gaps {
        strange.push(format!("{}: {}", capture.name(gap.file), gap.unread));
    }
    for file in capture.files.iter().filter(|file| file.role.is_none()) {
        strange.push(format!("{}: nothing takes it", file.name));
    }
    (capture, strange)
}

/// What `owners.txt` says.
fn told(capture: &Capture, strange: &[String], detected: &Detected, found: &[Foreign]) -> String {
    let mut text = String::new();
    for (layout, bridges) in &detected.used {
        let bridges: Vec<&str> = bridges.iter().map(|bridge| bridge.as_str()).collect();
        writeln!(text, "{layout}: {}", bridges.join(", ")).unwrap();
    }
    for layout in &detected.empty {
        writeln!(text, "{layout}: empty").unwrap();
    }
    for line in strange {
        writeln!(text, "? {line}").unwrap();
    }
    for finding in &detected.findings {
        writeln!(text, "! {}", finding.what).unwrap();
    }
    for each in found {
        writeln!(text, "\n{}: {}", each.owner, each.rules()).unwrap();
        for effect in &each.effects {
            writeln!(text, "  ! {effect}").unwrap();
        }
        for piece in &each.pieces {
            writeln!(text, "  {}", line(capture, piece)).unwrap();
        }
    }
    text
}

fn line(capture: &Capture, piece: &Piece) -> String {
    let lines = match piece.lines {
        Some((first, last)) if first < last => format!(":{first}-{last}"),
        Some((line, _)) => format!(":{line}"),
        None => String::new(),
    };
    let (file, chain) = (
        capture.name(piece.file),
        piece.chain.as_deref().unwrap_or("*"),
    );
    let Piece {
        table,
        rules,
        reason,
        ..
    } = piece;
    format!("{file}{lines}  {table} {chain}  {rules}  {reason}")
}

#[test]
fn every_foreign_rule_has_its_owner() {
    let bless = std::env::var_os("BLESS").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for host in hosts() {
        let (capture, strange) = capture(&host);
        let name = common::file_name(&host);
        let found = foreign(&capture, &networks(&host), |_, _, _| false);
        let told = told(&capture, &strange, &generation::detect(&capture), &found);
        let kept = host.join("owners.txt");
        if bless {
            fs::write(&kept, &told).unwrap();
        }
        let expected = fs::read_to_string(&kept).unwrap_or_default();
        if told != expected {
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let difference = common::difference(&lines(&expected), &lines(&told));
            wrong.push(format!("{name}:\n{difference}"));
        }
        let unknown = found.iter().any(|each| each.owner == Owner::Unknown);
        if unknown && !BY_HAND.contains(&name.as_str()) {
            wrong.push(format!("{name}: some rules are nobody's"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nBLESS=1 accepts this",
        wrong.join("\n")
    );
}

#[test]
fn rules_for_a_bridge_that_is_gone_are_told() {
    let host = common::project().join("corpus/hosts/mixed");
    let told = rules(&host, &capture(&host).0);
    let [met, gone] = told.as_slice() else {
        panic!("{told:#?}");
    };
    let found = |drift: &Drift| drift.found.clone().unwrap_or_default();
    let line = |drift: &Drift| (drift.place.file.clone().unwrap(), drift.place.line.unwrap());
    assert_eq!(
        found(met),
        "5 rules for virbr0 in the layout libvirt-nftables"
    );
    assert_eq!(line(met), ("nft.txt".to_owned(), 25));
    assert_eq!(
        found(gone),
        "5 rules in the layout libvirt-nftables bound to the device of number 4, which is gone"
    );
    assert_eq!(line(gone), ("nft.txt".to_owned(), 10));
    assert!(gone.breaks.as_ref().unwrap().starts_with("nothing: "));
}

#[test]
fn a_filter_for_checksums_is_missed_where_filters_were_listed() {
    let host = common::project().join("corpus/hosts/plain-tables");
    let seen = |tc: &str| {
        let mut texts = texts(&host);
        texts.push(Text {
            name: "tc-virbr0.txt".to_owned(),
            bytes: tc.into(),
        });
        rules(&host, &read(texts))
    };
    let classes = "# tc qdisc show dev virbr0\nqdisc noqueue 0: root refcnt 2 \n\
        # tc class show dev virbr0\n";
    let filters = format!("{classes}# tc filter show dev virbr0\n");
    let filled = format!(
        "{filters}filter parent 1: protocol ip pref 2 u32 chain 0 fh 800::800 order 2048 key ht \
         800 bkt 0 terminal flowid not_in_hw \n  match 00000044/0000ffff at 20\n\
         \taction order 1: csum (iph, udp) action pass\n\tindex 1 ref 1 bind 1\n\n"
    );
    assert_eq!(seen(classes), []);
    assert_eq!(seen(&filled), []);
    let missed = seen(&filters);
    assert_eq!(missed.len(), 1, "{missed:#?}");
    assert_eq!(missed[0].kind, DriftKind::Missing);
    let expected = missed[0].expected.as_deref().unwrap();
    assert!(expected.contains("dev virbr0") && expected.contains("action csum ip and udp"));
}
