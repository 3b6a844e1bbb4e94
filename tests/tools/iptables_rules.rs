//! Rulesets of the corpus, through the real iptables and back.
//!
//! Each is loaded, saved, read, printed, loaded again and saved again. What we print of a saved
//! text is that text; what we print of the text as somebody wrote it is what the tool saves of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lanwright::backend::gap::Reading;
use lanwright::backend::iptables::{Assumed, Counters, Dump, parse_dumps, print_with};
use lanwright::firewall::{Family, Ruleset};

use crate::common::room::{Room, script};
use crate::common::{self, difference};

/// One of the four tools, and the folders of a run.
struct Tool {
    name: &'static str,
    variant: &'static str,
    family: Family,
}

impl Tool {
    fn command(&self) -> String {
        format!("{}-{}", self.name, self.variant)
    }

    /// Loads every `.rules` of a folder; the answer is the folder with what was saved.
    fn load(&self, rulesets: &Path) -> PathBuf {
        let said = common::scratch();
        let room = Room::new(&script("tools/iptables_rules.sh"))
            .argument(rulesets)
            .argument(&said)
            .argument(self.name)
            .argument(self.variant)
            .limit_seconds(240);
        let outcome = room.run();
        assert!(outcome.success(), "{}: {}", self.command(), outcome.told());
        assert_eq!(outcome.stderr, "", "{} refuses", self.command());
        said
    }

    fn dumps(&self, text: &str, table: &str) -> Reading<Vec<Dump>> {
        let family = self.family;
        parse_dumps(text, Assumed { family, table })
    }

    /// The only dump of a text that is read to its last word.
    fn dump(&self, text: &str, table: &str) -> Result<Dump, String> {
        let read = self.dumps(text, table);
        match (read.value.as_slice(), read.unread.as_slice()) {
            ([only], []) if only.complete => Ok(only.clone()),
            (dumps, unread) => Err(format!("{} dumps, not read: {unread:?}", dumps.len())),
        }
    }

    fn print(&self, ruleset: &Ruleset, counters: Counters) -> Result<String, String> {
        print_with(ruleset, self.family, counters).map_err(|why| why.to_string())
    }
}

/// A text without the lines that say who wrote it and when.
fn rules(text: &str) -> Vec<String> {
    let rules = text.lines().filter(|line| !line.starts_with('#'));
    rules.map(str::to_owned).collect()
}

/// The lines of each table: a tool saves tables in an order of its own.
fn tables(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in rules(text) {
        if let Some(name) = line.strip_prefix('*') {
            table = name.to_owned();
        }
        tables.entry(table.clone()).or_default().push(line);
    }
    tables
}

fn equal(what: &str, expected: &[String], got: &[String]) -> Result<(), String> {
    let difference = difference(expected, got);
    match difference.is_empty() && expected == got {
        true => Ok(()),
        false => Err(format!("{what}: - the tool, + lanwright\n{difference}")),
    }
}

/// Holds what was read and printed against what the tool saved; gives the print with counters.
fn compare(tool: &Tool, rulesets: &Path, said: &Path, name: &str) -> Result<String, String> {
    let file = |end: &str| said.join(format!("{name}.{end}"));
    if let Ok(lacking) = fs::read_to_string(file("lacking")) {
        let lacking = lacking.split_whitespace().collect::<Vec<_>>().join(" ");
        common::skipped(&format!("{name}: the kernel lacks the {lacking}"));
    }
    let saved = common::text(&file("save"));
    let dump = tool.dump(&saved, "filter")?;
    let printed = tool.print(&dump.ruleset, Counters::Hidden)?;
    equal("saved", &rules(&saved), &rules(&printed))?;

    let counted = common::text(&file("counted"));
    let counters = tool.dump(&counted, "filter")?;
    let with_counters = tool.print(&counters.ruleset, Counters::Shown)?;
    equal("counted", &rules(&counted), &rules(&with_counters))?;

    for table in &dump.ruleset.tables {
        let list = common::text(&file(&format!("{}.list", table.name)));
        let listed = tool.dump(&list, &table.name)?;
        let mut alone = Ruleset::default();
        alone.tables.push(table.clone());
        let expected = tool.print(&alone, Counters::Hidden)?;
        let got = tool.print(&listed.ruleset, Counters::Hidden)?;
        // A list of commands does not say what the policies counted.
        let bare = |text: &str| {
            rules(text)
                .iter()
                .map(|line| without_counts(line))
                .collect()
        };
        let (expected, got): (Vec<String>, Vec<String>) = (bare(&expected), bare(&got));
        equal(&format!("list of {}", table.name), &expected, &got)?;
    }

    let kept = file("kept");
    let written = match kept.exists() {
        true => common::text(&kept),
        false => common::text(&rulesets.join(format!("{name}.rules"))),
    };
    let dump = tool.dump(&written, "filter")?;
    let ours = tables(&tool.print(&dump.ruleset, Counters::Hidden)?);
    let theirs = tables(&saved);
    for (table, lines) in &ours {
        let by_tool = theirs.get(table).cloned().unwrap_or_default();
        // Built-in chains that the text does not name are there all the same.
        let named = |line: &&String| !line.starts_with(':') || lines.contains(line);
        let by_tool: Vec<String> = by_tool.iter().filter(named).cloned().collect();
        equal(&format!("written, table {table}"), &by_tool, lines)?;
    }
    Ok(with_counters)
}

fn without_counts(line: &str) -> String {
    match line.starts_with(':') {
        true => line.split(" [").next().unwrap_or(line).to_owned(),
        false => line.to_owned(),
    }
}

/// The rulesets of one family, in a folder of their own.
fn folder(tool: &Tool) -> (PathBuf, Vec<String>) {
    let start = match tool.family {
        Family::Ipv4 => "ipv4-",
        Family::Ipv6 => "ipv6-",
    };
    let folder = common::scratch();
    let mut names = Vec::new();
    for path in common::with_extension(&common::project().join("corpus/rulesets"), "rules") {
        let name = common::file_name(&path);
        if name.starts_with(start) {
            fs::copy(&path, folder.join(&name)).expect("the build folder can be written");
            names.push(name.trim_end_matches(".rules").to_owned());
        }
    }
    assert!(
        !names.is_empty(),
        "there are no rulesets that begin with {start}"
    );
    (folder, names)
}

fn round_trip(name: &'static str, variant: &'static str, family: Family) {
    let tool = Tool {
        name,
        variant,
        family,
    };
    let command = tool.command();
    let [save, restore] = ["save", "restore"].map(|end| format!("{command}-{end}"));
    if !common::require(&["unshare", "ip", "ipset", &command, &save, &restore]) {
        return;
    }
    let (rulesets, names) = folder(&tool);
    let said = tool.load(&rulesets);
    let (printed, mut complaints) = (common::scratch(), Vec::new());
    for name in &names {
        match compare(&tool, &rulesets, &said, name) {
            Ok(text) => {
                let file = printed.join(format!("{name}.rules"));
                fs::write(file, text).expect("the build folder can be written");
            }
            Err(why) => complaints.push(format!("--- {command} {name}\n{why}")),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let again = tool.load(&printed);
    for (name, end) in names
        .iter()
        .flat_map(|name| [(name, "save"), (name, "counted")])
    {
        let lines = |folder: &Path| {
            let text = common::text(&folder.join(format!("{name}.{end}")));
            tables(&text).into_values().flatten().collect::<Vec<_>>()
        };
        let same = equal("loaded again", &lines(&said), &lines(&again));
        complaints.extend(same.err().map(|why| format!("--- {command} {name}\n{why}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn iptables_legacy_and_we_agree() {
    round_trip("iptables", "legacy", Family::Ipv4);
}

#[test]
fn iptables_nft_and_we_agree() {
    round_trip("iptables", "nft", Family::Ipv4);
}

#[test]
fn ip6tables_legacy_and_we_agree() {
    round_trip("ip6tables", "legacy", Family::Ipv6);
}

#[test]
fn ip6tables_nft_and_we_agree() {
    round_trip("ip6tables", "nft", Family::Ipv6);
}
