//! Which hosts files belong to which dnsmasq, and what they say together.

use std::collections::HashMap;

use super::{Capture, FileId, Gap, Role, ServiceFiles};
use crate::backend::dnsmasq::{Files, parse, references};
use crate::backend::gap::Unread;
use crate::value::encode::xml_entities;

/// The texts of dnsmasq's files, by where they stand in the capture.
pub(super) type Texts = HashMap<FileId, String>;

/// Reads each configuration together with the files that it names, or that are named like it.
pub(super) fn read(capture: &mut Capture, texts: &Texts) {
    let of_role = |role: Role| {
        let files = capture.files.iter().enumerate();
        let those = files.filter(move |(_, file)| file.role == Some(role));
        those.map(|(at, _)| FileId(at)).collect::<Vec<_>>()
    };
    let by_name = |role: Role| Named::new(capture, of_role(role));
    let (hosts, names) = (by_name(Role::DnsmasqHosts), by_name(Role::DnsmasqNames));
    let mut services = Vec::new();
    for conf in of_role(Role::DnsmasqConf) {
        let Some(text) = texts.get(&conf) else {
            continue;
        };
        let path = &capture.files[conf.0].name;
        let name = base(path);
        let stem = name.strip_suffix(".conf").unwrap_or(name);
        let named = references(text);
        let find = |files: &Named<'_>, named: Option<&str>, ending: &str| {
            let escaped = format!("{}.{ending}", xml_entities(stem));
            let plain = format!("{stem}.{ending}");
            let named = named.map(base).and_then(|name| files.find(path, name));
            let like = named.or_else(|| files.find(path, &escaped));
            let found = like.or_else(|| files.find(path, &plain));
            found.and_then(|file| Some((file, texts.get(&file)?.clone())))
        };
        services.push(ServiceFiles {
            stem: stem.to_owned(),
            hosts: find(&hosts, named.hosts, "hostsfile"),
            names: find(&names, named.names, "addnhosts"),
            conf: (conf, text.clone()),
        });
    }
    for service in &services {
        understand(capture, service);
    }
    capture.services = services;
}

/// Files by their names without folders, which is all that a configuration and a capture of it
/// have in common.
struct Named<'a> {
    files: HashMap<&'a str, Vec<(&'a str, FileId)>>,
}

impl<'a> Named<'a> {
    fn new(capture: &'a Capture, files: Vec<FileId>) -> Self {
        let mut named: HashMap<_, Vec<_>> = HashMap::new();
        for file in files {
            let path = capture.files[file.0].name.as_str();
            named.entry(base(path)).or_default().push((path, file));
        }
        Named { files: named }
    }

    /// The file of this name: of several, the one that lies beside `path`.
    fn find(&self, path: &str, name: &str) -> Option<FileId> {
        let those = self.files.get(name)?;
        let beside = those
            .iter()
            .find(|(other, _)| folder(other) == folder(path));
        beside.or(those.first()).map(|(_, file)| *file)
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn understand(capture: &mut Capture, files: &ServiceFiles) {
    let text =
        |part: &Option<(FileId, String)>| part.as_ref().map_or("", |(_, text)| text).to_owned();
    let read = parse(&Files {
        stem: &files.stem,
        conf: &files.conf.1,
        hosts: &text(&files.hosts),
        names: &text(&files.names),
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
