//! dnsmasq's files of one network: expected against found, a line at a time.
//!
//! Where files lie is no difference, nor are comments and the order of lines that dnsmasq takes in
//! any order. Lines of one key keep their order where it decides: which server is asked first,
//! which of two values counts.

use std::collections::HashMap;

use super::align::align;
use super::report::{Drift, DriftKind, Object, Place};
use crate::backend::Layout;
use crate::backend::dnsmasq::{print_conf, print_hosts, print_names};
use crate::capture::{Capture, FileId, ServiceFiles};
use crate::state::Dnsmasq;

/// Keys whose values are paths: that they are there counts, not where they lead.
const PATHS: &[&str] = &["dhcp-hostsfile", "addn-hosts", LEASES];
/// The key of the file that leases are kept in, where no helper keeps them.
const LEASES: &str = "dhcp-leasefile";
/// Keys of which dnsmasq asks one line after the other, or takes the last.
const ORDERED: &[&str] = &["server", "dhcp-range", "dhcp-option", "dhcp-boot", "domain"];

/// A line of a file.
struct Line<'a> {
    number: usize,
    text: &'a str,
}

/// The differences of one network's dnsmasq.
pub fn compare(capture: &Capture, expected: &Dnsmasq, found: &ServiceFiles) -> Vec<Drift> {
    let mut drift = Vec::new();
    let layout = layout(&found.conf.1);
    let wanted = print_conf(expected, layout);
    let at = |file: FileId| capture.name(file).to_owned();
    conf(&at(found.conf.0), &wanted, &found.conf.1, &mut drift);
    let has_dhcp = expected.dhcp4.is_some() || expected.dhcp6.is_some();
    let hosts = print_hosts(expected);
    match &found.hosts {
        Some((file, text)) => entries(&at(*file), &hosts, text, HOST, &mut drift),
        None if has_dhcp && !hosts.is_empty() => {
            entries(&at(found.conf.0), &hosts, "", HOST, &mut drift);
        }
        None => {}
    }
    let names = print_names(expected);
    match &found.names {
        Some((file, text)) => entries(&at(*file), &names, text, NAME, &mut drift),
        None if expected.dns && !names.is_empty() => {
            entries(&at(found.conf.0), &names, "", NAME, &mut drift);
        }
        None => {}
    }
    drift
}

/// The differences between two sides' files of one dnsmasq.
pub fn lines_of(a: &Capture, one: &ServiceFiles, b: &Capture, other: &ServiceFiles) -> Vec<Drift> {
    let mut drift = Vec::new();
    let name = |file: FileId| b.name(file).to_owned();
    conf(&name(other.conf.0), &one.conf.1, &other.conf.1, &mut drift);
    // Who keeps the leases is told on the command line of the one, in the file of the other.
    let keeps = |line: &Option<String>| line.as_ref().is_some_and(|it| parts(it).0 == LEASES);
    drift.retain(|each| !(keeps(&each.expected) || keeps(&each.found)));
    let pairs = [(&one.hosts, &other.hosts), (&one.names, &other.names)];
    for (one, other) in pairs {
        let text = |files: &Option<(FileId, String)>| {
            files
                .as_ref()
                .map(|(_, text)| text.clone())
                .unwrap_or_default()
        };
        let file = other.as_ref().map(|(file, _)| name(*file));
        let file = file.or_else(|| one.as_ref().map(|(file, _)| a.name(*file).to_owned()));
        entries(
            &file.unwrap_or_default(),
            &text(one),
            &text(other),
            "",
            &mut drift,
        );
    }
    drift
}

const HOST: &str = "the guest gets another address than the one kept for it";
const NAME: &str = "guests cannot resolve the name, or get another address for it";

/// A service that is not there at all.
pub fn missing(expected: &Dnsmasq) -> Drift {
    let dhcp = expected.dhcp4.is_some() || expected.dhcp6.is_some();
    let breaks = match (dhcp, expected.dns) {
        (true, true) => "guests get no DHCP lease and cannot resolve names",
        (true, false) => "guests get no DHCP lease",
        (false, true) => "guests cannot resolve names",
        (false, false) => "guests cannot fetch what they boot from",
    };
    Drift {
        kind: DriftKind::Missing,
        object: Object::Service,
        expected: Some(format!("dnsmasq on {}", expected.link)),
        found: None,
        place: Place::default(),
        breaks: Some(breaks.to_owned()),
    }
}

/// A service that the network does not have.
pub fn unexpected(capture: &Capture, found: &ServiceFiles) -> Drift {
    let link = interface(&found.conf.1).unwrap_or_default();
    Drift {
        kind: DriftKind::Unexpected,
        object: Object::Service,
        expected: None,
        found: Some(format!("dnsmasq on {link}")),
        place: Place {
            file: Some(capture.name(found.conf.0).to_owned()),
            ..Place::default()
        },
        breaks: Some("guests are served that should not be".to_owned()),
    }
}

/// The device that a configuration listens on.
pub fn interface(conf: &str) -> Option<&str> {
    let mut lines = conf.lines();
    lines.find_map(|line| line.trim().strip_prefix("interface="))
}

/// Whose files they are, as their own words and paths say.
fn layout(conf: &str) -> Layout {
    let mut lines = conf.lines();
    match lines.any(|line| line.contains("/lanwright/")) {
        true => Layout::Native,
        false => Layout::Libvirt,
    }
}

/// The lines that dnsmasq reads.
fn lines(text: &str) -> Vec<Line<'_>> {
    let numbered = text.lines().enumerate();
    numbered
        .map(|(at, text)| Line {
            number: at + 1,
            text: text.trim(),
        })
        .filter(|line| !line.text.is_empty() && !line.text.starts_with('#'))
        .collect()
}

/// Key and value; a line without a value is all key.
fn parts(line: &str) -> (&str, &str) {
    match line.split_once('=') {
        Some((key, value)) => (key.trim_end(), value.trim_start()),
        None => (line, ""),
    }
}

fn conf(file: &str, expected: &str, found: &str, drift: &mut Vec<Drift>) {
    let (expected, found) = (lines(expected), lines(found));
    let mut keys: Vec<&str> = Vec::new();
    let mut by_key: HashMap<&str, (Vec<&Line<'_>>, Vec<&Line<'_>>)> = HashMap::new();
    for line in &expected {
        by_key.entry(parts(line.text).0).or_default().0.push(line);
    }
    for line in &found {
        by_key.entry(parts(line.text).0).or_default().1.push(line);
    }
    for line in expected.iter().chain(&found) {
        let key = parts(line.text).0;
        keys.extend((!keys.contains(&key) && keys.len() < 256).then_some(key));
    }
    // A file of more than a few hundred different keys is none of dnsmasq's.
    let rest = by_key.keys().copied().filter(|key| !keys.contains(key));
    let mut rest: Vec<&str> = rest.collect();
    rest.sort_unstable();
    keys.append(&mut rest);
    for key in keys.into_iter().filter(|key| *key != "pid-file") {
        let Some((expected, found)) = by_key.get(key) else {
            continue;
        };
        let side = Side {
            file,
            breaks: breaks(key),
            expected,
            found,
        };
        side.compare(PATHS.contains(&key), ORDERED.contains(&key), drift);
    }
}

/// Lines that stand for themselves, in any order.
fn entries(file: &str, expected: &str, found: &str, breaks: &str, drift: &mut Vec<Drift>) {
    let (expected, found) = (lines(expected), lines(found));
    let side = Side {
        file,
        breaks: Some(breaks),
        expected: &expected.iter().collect::<Vec<_>>(),
        found: &found.iter().collect::<Vec<_>>(),
    };
    side.compare(false, false, drift);
}

/// Lines that may be each other's.
struct Side<'a> {
    file: &'a str,
    breaks: Option<&'a str>,
    expected: &'a [&'a Line<'a>],
    found: &'a [&'a Line<'a>],
}

impl Side<'_> {
    fn compare(&self, paths: bool, ordered: bool, drift: &mut Vec<Drift>) {
        let value = |line: &&Line<'_>| match (paths, parts(line.text)) {
            (true, (key, _)) => (key.to_owned(), String::new()),
            (false, (key, value)) => (key.to_owned(), single_blanks(value)),
        };
        let wanted: Vec<_> = self.expected.iter().map(value).collect();
        let there: Vec<_> = self.found.iter().map(value).collect();
        let mut fit = align(&wanted, &there);
        for at in &fit.missing {
            let like = |found: &usize| alike(self.expected[*at].text, self.found[*found].text);
            let changed = fit.unexpected.iter().take(64).position(like);
            let found = changed.map(|place| fit.unexpected.remove(place));
            let kind = found.map_or(DriftKind::Missing, |_| DriftKind::Changed);
            drift.push(self.drift(kind, Some(*at), found));
        }
        for (at, found) in fit.moved.iter().filter(|_| ordered) {
            drift.push(self.drift(DriftKind::Moved, Some(*at), Some(*found)));
        }
        for found in &fit.unexpected {
            drift.push(self.drift(DriftKind::Unexpected, None, Some(*found)));
        }
    }

    fn drift(&self, kind: DriftKind, expected: Option<usize>, found: Option<usize>) -> Drift {
        let found = found.and_then(|at| self.found.get(at));
        Drift {
            kind,
            object: Object::DnsmasqLine,
            expected: expected.and_then(|at| Some(self.expected.get(at)?.text.to_owned())),
            found: found.map(|line| line.text.to_owned()),
            place: Place {
                file: Some(self.file.to_owned()),
                line: found.map(|line| line.number),
                ..Place::default()
            },
            breaks: self.breaks.map(str::to_owned),
        }
    }
}

fn single_blanks(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether one line may have become the other: both of one key, or with a field in common.
fn alike(one: &str, other: &str) -> bool {
    let (key, value) = parts(one);
    if !value.is_empty() && key == parts(other).0 {
        return true;
    }
    let is_end = |c: char| c == ',' || c.is_whitespace();
    let fields = |line: &str| line.split(is_end).filter(|f| !f.is_empty()).count();
    let shared = one
        .split(is_end)
        .filter(|field| !field.is_empty() && other.split(is_end).any(|it| it == *field));
    fields(one) > 1 && shared.count() > 0
}

/// What guests lose without a line of this key.
fn breaks(key: &str) -> Option<&'static str> {
    Some(match key {
        "interface" | "bind-dynamic" | "except-interface" => {
            "dnsmasq listens elsewhere: guests may get no answer"
        }
        "dhcp-range" => "guests get no DHCP lease, or one from another range",
        "dhcp-hostsfile" => "guests do not get the addresses kept for them",
        "addn-hosts" => "guests cannot resolve the network's fixed names",
        "dhcp-lease-max" => "only another number of guests gets a lease",
        "dhcp-authoritative" => "guests that come from elsewhere wait for their lease",
        "dhcp-option" => "guests are told another route, MTU or the like",
        "dhcp-boot" | "enable-tftp" | "tftp-root" => "guests cannot boot over the network",
        "server" | "no-resolv" => "other servers are asked for names",
        "strict-order" => "servers are asked for names in another order",
        "domain" | "expand-hosts" | "local" | "domain-needed" => {
            "names of guests are completed or answered differently"
        }
        "port" => "guests are served names, or are not, against what was declared",
        "txt-record" | "srv-host" => "guests do not find the record",
        "enable-ra" | "ra-param" => "guests do not configure IPv6 as declared",
        _ => return None,
    })
}
