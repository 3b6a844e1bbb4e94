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
    let by_name = |role: Role| -> HashMap<&str, FileId> {
        let files = of_role(role).into_iter();
        files
            .map(|file| (base(&capture.files[file.0].name), file))
            .collect()
    };
    let (hosts, names) = (by_name(Role::DnsmasqHosts), by_name(Role::DnsmasqNames));
    let mut services = Vec::new();
    for conf in of_role(Role::DnsmasqConf) {
        let Some(text) = texts.remove(&conf) else {
            continue;
        };
        let name = base(&capture.files[conf.0].name);
        let stem = name.strip_suffix(".conf").unwrap_or(name);
        let named = references(&text);
        let mut find = |files: &HashMap<&str, FileId>, named: Option<&str>, ending: &str| {
            let escaped = format!("{}.{ending}", xml_entities(stem));
            let plain = format!("{stem}.{ending}");
            let named = named.map(base).and_then(|name| files.get(name));
            let like = named.or_else(|| files.get(escaped.as_str()));
            let found = like.or_else(|| files.get(plain.as_str()));
            found.and_then(|file| Some((*file, texts.remove(file)?)))
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
    let said = texts.into_iter().filter(|(_, text)| !text.trim().is_empty());
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
