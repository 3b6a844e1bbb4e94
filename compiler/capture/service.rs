//! Which hosts files belong to which dnsmasq, and what they say together.

use std::collections::HashMap;

use super::{Capture, FileId, Gap, Role, ServiceFiles};
use crate::backend::dnsmasq::{Files, parse, references};
use crate::backend::gap::Unread;
use crate::value::encode::xml_entities;

/// The texts of dnsmasq's files, by where they stand in the capture.
pub(super) type Texts = HashMap<FileId, String>;

/// Reads each configuration together with the files that it names, or that are named like it. A
/// file belongs to the first that names it: a dnsmasq has its own.
pub(super) fn read(capture: &mut Capture, mut texts: Texts) {
    let of_role = |role: Role| {
        let files = capture.files.iter().enumerate();
        let those = files.filter(move |(_, file)| file.role == Some(role));
        those.map(|(at, _)| FileId(at)).collect::<Vec<_>>()
    };
    let by_name = |role: Role| Named::new(capture, of_role(role));
    let (hosts, names) = (by_name(Role::DnsmasqHosts), by_name(Role::DnsmasqNames));
    let mut services = Vec::new();
    for conf in of_role(Role::DnsmasqConf) {
        let Some(text) = texts.remove(&conf) else {
            continue;
        };
        let path = &capture.files[conf.0].name;
        let name = base(path);
        let stem = name.strip_suffix(".conf").unwrap_or(name);
        let named = references(&text);
        let mut find = |files: &Named<'_>, named: Option<&str>, ending: &str| {
            let escaped = format!("{}.{ending}", xml_entities(stem));
            let plain = format!("{stem}.{ending}");
            let named = named.map(base).and_then(|name| files.find(path, name));
            let like = named.or_else(|| files.find(path, &escaped));
            let found = like.or_else(|| files.find(path, &plain))?;
            Some((found, texts.remove(&found)?))
        };
        services.push(ServiceFiles {
            stem: stem.to_owned(),
            hosts: find(&hosts, named.hosts, "hostsfile"),
            names: find(&names, named.names, "addnhosts"),
            conf: (conf, text),
        });
    }
    for service in &services {
        understand(capture, service);
    }
    capture.services = services;
    let said = texts
        .into_iter()
        .filter(|(_, text)| !text.trim().is_empty());
    let mut left: Vec<FileId> = said.map(|(file, _)| file).collect();
    left.sort();
    for file in left {
        let unread = Unread {
            line: 0,
            message: "no configuration of dnsmasq names this file".to_owned(),
        };
        capture.gaps.push(Gap { file, unread });
    }
}

/// Files by their names without folders, which is all that a configuration and a capture of it
/// have in common.
struct Named<'a> {
    /// The first of each name.
    first: HashMap<&'a str, FileId>,
    /// Each in its folder.
    files: HashMap<(&'a str, &'a str), FileId>,
}

impl<'a> Named<'a> {
    fn new(capture: &'a Capture, files: Vec<FileId>) -> Self {
        let (mut first, mut all) = (HashMap::new(), HashMap::new());
        for file in files {
            let path = capture.files[file.0].name.as_str();
            first.entry(base(path)).or_insert(file);
            all.insert((folder(path), base(path)), file);
        }
        Named { first, files: all }
    }

    /// The file of this name: of several, the one that lies beside `path`.
    fn find(&self, path: &str, name: &str) -> Option<FileId> {
        let beside = self.files.get(&(folder(path), name));
        beside.or(self.first.get(name)).copied()
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn text(part: &Option<(FileId, String)>) -> &str {
    part.as_ref().map_or("", |(_, text)| text)
}

fn understand(capture: &mut Capture, files: &ServiceFiles) {
    let read = parse(&Files {
        stem: &files.stem,
        conf: &files.conf.1,
        hosts: text(&files.hosts),
        names: text(&files.names),
    });
    let mut complain = |line: usize, message: String| {
        let unread = Unread { line, message };
        capture.gaps.push(Gap {
            file: files.conf.0,
            unread,
        });
    };
    match read {
        Some(read) => {
            for line in &read.unread {
                complain(0, format!("'{line}' is not understood"));
            }
            capture.state.services.push(read.service);
        }
        None => complain(
            0,
            "the configuration names no bridge and no network".to_owned(),
        ),
    }
}
