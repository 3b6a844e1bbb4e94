//! One thing of a host touched: a line removed, doubled, changed or moved, a value changed.

use lanwright::audit::generation::Generation;
use lanwright::audit::report::{Drift, DriftKind};
use lanwright::capture::Text;

use super::made::Made;

/// A host with one thing touched.
pub struct Touch {
    pub what: String,
    pub texts: Vec<Text>,
    /// What may be said of it; of two lines that changed places either may be the one that moved.
    pub expected: Vec<Expected>,
}

/// A difference that is to be named.
pub struct Expected {
    kind: DriftKind,
    expected: Option<String>,
    found: Option<String>,
}

impl Expected {
    fn missing(line: &str) -> Self {
        Expected::new(DriftKind::Missing, Some(line), None)
    }

    fn unexpected(line: &str) -> Self {
        Expected::new(DriftKind::Unexpected, None, Some(line))
    }

    fn changed(line: &str, new: &str) -> Self {
        Expected::new(DriftKind::Changed, Some(line), Some(new))
    }

    fn moved(line: &str) -> Self {
        Expected::new(DriftKind::Moved, Some(line), Some(line))
    }

    fn new(kind: DriftKind, expected: Option<&str>, found: Option<&str>) -> Self {
        let owned = |line: &str| line.trim().to_owned();
        Expected {
            kind,
            expected: expected.map(owned),
            found: found.map(owned),
        }
    }

    pub fn is(&self, drift: &Drift) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => one == other,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.kind == drift.kind
            && same(&self.expected, &drift.expected)
            && same(&self.found, &drift.found)
    }
}

/// Everything that can be touched on a host.
pub fn all(made: &Made) -> Vec<Touch> {
    let texts = made.texts();
    let mut touches = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let content = String::from_utf8(text.bytes.clone()).expect("it is text");
        let touched = match text.name.as_str() {
            "iptables-save.txt" | "ip6tables-save.txt" | "nft.txt" => rules(&content, made.layout),
            "addr.json" => values(&content, "\"prefixlen\": 24", "\"prefixlen\": 25"),
            "sysctl.txt" => settings(&content),
            name if name.ends_with(".conf") => conf(&content),
            name if name.ends_with(".hostsfile") || name.ends_with(".addnhosts") => {
                entries(&content)
            }
            _ => Vec::new(),
        };
        for (what, content, expected) in touched {
            let mut texts = texts.clone();
            texts[at].bytes = content.into_bytes();
            let what = format!("{} {what}", text.name);
            touches.push(Touch {
                what,
                texts,
                expected,
            });
        }
    }
    touches
}

type Touched = (String, String, Vec<Expected>);

fn joined(lines: &[&str]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn without(lines: &[&str], at: usize) -> String {
    let mut lines = lines.to_vec();
    lines.remove(at);
    joined(&lines)
}

fn doubled(lines: &[&str], at: usize) -> String {
    let mut lines = lines.to_vec();
    lines.insert(at, lines[at]);
    joined(&lines)
}

fn with(lines: &[&str], at: usize, line: &str) -> String {
    let mut lines = lines.to_vec();
    lines[at] = line;
    joined(&lines)
}

fn swapped(lines: &[&str], at: usize) -> String {
    let mut lines = lines.to_vec();
    lines.swap(at, at + 1);
    joined(&lines)
}

/// Every rule removed, doubled, changed, and moved behind the next if that decides otherwise.
fn rules(content: &str, layout: Generation) -> Vec<Touched> {
    let lines: Vec<&str> = content.lines().collect();
    let is_optional =
        |line: &str| layout == Generation::BuiltInChains && line.starts_with("-A OUTPUT");
    let mut touched = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (what, rule) = (line.trim(), is_rule(line));
        if !rule {
            continue;
        }
        if !is_optional(line) {
            let missing = vec![Expected::missing(line)];
            touched.push((format!("without {what}"), without(&lines, at), missing));
        }
        let twice = vec![Expected::unexpected(line)];
        touched.push((format!("twice {what}"), doubled(&lines, at), twice));
        for new in changes(line) {
            // In chains that everyone shares, a rule of another form is not known to be libvirt's.
            let mut changed = vec![Expected::changed(line, &new)];
            if layout == Generation::BuiltInChains {
                if is_optional(line) {
                    continue;
                }
                changed.push(Expected::missing(line));
            }
            touched.push((
                format!("changed to {}", new.trim()),
                with(&lines, at, &new),
                changed,
            ));
        }
        let next = lines.get(at + 1).copied().unwrap_or_default();
        if is_rule(next) && decides_otherwise(line, next) {
            let moved = vec![Expected::moved(line), Expected::moved(next)];
            touched.push((format!("moved {what}"), swapped(&lines, at), moved));
        }
    }
    touched
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    let nft = ["counter ", "jump ", "iifname ", "oifname ", "ip ", "ip6 "];
    line.starts_with("-A ")
        || nft.iter().any(|word| line.starts_with(word))
            && !line.ends_with('{')
            && !line.contains("typeof")
            && !line.contains("\" :")
}

/// Two rules of one network of which one lets through what the other stops.
fn decides_otherwise(one: &str, other: &str) -> bool {
    let chain = |line: &str| {
        let mut words = line.split_whitespace();
        words
            .next()
            .filter(|word| *word == "-A")
            .and(words.next())
            .map(str::to_owned)
    };
    let bridge = |line: &str, word: &str| {
        let mut words = line.split_whitespace().skip_while(|it| *it != word);
        words.nth(1).map(str::to_owned)
    };
    let accepts = |line: &str| line.to_lowercase().ends_with("accept");
    let rejects = |line: &str| line.to_lowercase().contains("reject");
    let same = ["-i", "-o", "iifname", "oifname"];
    let shares = same.iter().any(|word| {
        let device = bridge(one, word);
        device.is_some() && device == bridge(other, word)
    });
    chain(one) == chain(other) && shares && accepts(one) && rejects(other)
}

/// Other rules that this one may have been changed into by hand.
fn changes(line: &str) -> Vec<String> {
    let mut changes = Vec::new();
    if line.ends_with("-j ACCEPT") {
        changes.push(line.replace("-j ACCEPT", "-j DROP"));
    }
    if line.ends_with(" accept") {
        changes.push(format!("{} drop", line.trim_end_matches(" accept")));
    }
    if line.contains("/24") {
        changes.push(line.replacen("/24", "/25", 1));
    }
    if line.contains("--dport 53 ") {
        changes.push(line.replace("--dport 53 ", "--dport 5353 "));
    }
    if line.contains("1024-65535") {
        changes.push(line.replace("1024-65535", "1024-32767"));
    }
    changes
}

fn values(content: &str, old: &str, new: &str) -> Vec<Touched> {
    let lines: Vec<&str> = content.lines().collect();
    let mut touched = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if !line.contains(old) {
            continue;
        }
        let local = lines[at.saturating_sub(1)];
        let local = local
            .trim()
            .trim_start_matches("\"local\": \"")
            .trim_end_matches("\",");
        let changed = Expected::changed(&format!("{local}/24"), &format!("{local}/25"));
        let line = line.replace(old, new);
        touched.push((
            format!("{local} changed"),
            with(&lines, at, &line),
            vec![changed],
        ));
    }
    touched
}

fn settings(content: &str) -> Vec<Touched> {
    let lines: Vec<&str> = content.lines().collect();
    let mut touched = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (key, value) = line.split_once(" = ").expect("it is a setting");
        let other = if value == "0" { "1" } else { "0" };
        let changed = Expected::changed(&format!("{key} = {value}"), &format!("{key} = {other}"));
        let line = format!("{key} = {other}");
        touched.push((
            format!("{key} changed"),
            with(&lines, at, &line),
            vec![changed],
        ));
    }
    touched
}

fn conf(content: &str) -> Vec<Touched> {
    let lines: Vec<&str> = content.lines().collect();
    let mut touched = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_free = line.is_empty() || line.starts_with('#') || line.starts_with("pid-file=");
        // Who listens nowhere, or elsewhere too, is another network's.
        if is_free || line.starts_with("interface=") {
            continue;
        }
        let missing = vec![Expected::missing(line)];
        touched.push((format!("without {line}"), without(&lines, at), missing));
        let twice = vec![Expected::unexpected(line)];
        touched.push((format!("twice {line}"), doubled(&lines, at), twice));
        let path = ["dhcp-hostsfile", "addn-hosts", "dhcp-leasefile"];
        let is_path = path.iter().any(|key| line.starts_with(key));
        if line.contains('=') && !is_path {
            let new = format!("{line}0");
            let changed = vec![Expected::changed(line, &new)];
            touched.push((format!("changed {line}"), with(&lines, at, &new), changed));
        }
    }
    touched
}

fn entries(content: &str) -> Vec<Touched> {
    let lines: Vec<&str> = content.lines().collect();
    let mut touched = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let missing = vec![Expected::missing(line)];
        touched.push((format!("without {line}"), without(&lines, at), missing));
        let twice = vec![Expected::unexpected(line)];
        touched.push((format!("twice {line}"), doubled(&lines, at), twice));
        let new = format!("{}x", line.trim_end());
        let changed = vec![Expected::changed(line, &new)];
        touched.push((format!("changed {line}"), with(&lines, at, &new), changed));
    }
    touched
}
