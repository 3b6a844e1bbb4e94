//! `diff`: where two hosts, rulesets, trees or declared networks differ.

mod meaning;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::host::{LIVE, read_host};
use super::{BOLD, Format, Outcome, PLAIN, counted, json, load, paint};
use crate::audit::difference::side::Side;
use crate::audit::difference::{DiffReport, DiffVerdict, Difference, diff};
use crate::host::{terminal, texts};
use crate::value::encode::visible;

/// Compare two hosts, rulesets, artefact trees or sets of network XML
///
/// Each side is a file or folder of network XML, a dump of iptables-save or nft, a folder that
/// compile wrote, a capture, or live. Compared is what both sides tell of: rules in their normal
/// form, bridges, addresses, routes, kernel settings, dnsmasq's lines. Spellings that mean the same
/// and the order in which networks were started are no differences. With --meaning only rules are
/// compared, by what they do to packets: equal, or a packet that shows the difference.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lanwright diff before/ after/\n  \
    lanwright diff default.xml host/\n  lanwright diff old.rules new.rules --format json\n\n\
    Exit status: 0 equal, 1 not, 2 could not tell.")]
pub struct Arguments {
    /// The first: XML, a dump, a folder, or live
    a: PathBuf,
    /// The second
    b: PathBuf,
    /// Ask whether the rules treat every packet alike, and show one if not
    #[arg(long)]
    meaning: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let (Some(a), Some(b)) = (side(&arguments.a)?, side(&arguments.b)?) else {
        return Ok(Outcome::CouldNot);
    };
    if arguments.meaning {
        return meaning::run(&a, &b, arguments.format);
    }
    let report = diff(&a, &b);
    let printed = match arguments.format {
        Format::Text => text(&report),
        Format::Json => json(&report)?,
    };
    terminal::print(&printed).context("cannot print the result")?;
    Ok(outcome(report.verdict))
}

fn outcome(verdict: DiffVerdict) -> Outcome {
    match verdict {
        DiffVerdict::Equal => Outcome::Done,
        DiffVerdict::Differs | DiffVerdict::MayDiffer => Outcome::Findings,
        DiffVerdict::Undecided => Outcome::CouldNot,
    }
}

/// What a path names; nothing, with a complaint, if it is XML with errors in it.
fn side(path: &Path) -> anyhow::Result<Option<Side>> {
    if path == Path::new(LIVE) {
        return Ok(Some(Side::Host(Box::new(read_host(path)?))));
    }
    let texts = texts::texts(path).context("one side cannot be read")?;
    let is_xml = |bytes: &[u8]| bytes.trim_ascii_start().starts_with(b"<");
    if !texts.iter().all(|text| is_xml(&text.bytes)) {
        return Ok(Some(Side::of(texts)));
    }
    if path == Path::new("-") {
        bail!("network XML cannot come from standard input here: name a file");
    }
    let loaded = load::load(&[path.to_owned()], |_| {});
    if !loaded.unreadable.is_empty() || loaded.set.is_none() {
        loaded.complain();
    }
    Ok(loaded.set.map(Side::Networks))
}

/// How many differences are shown: more than anyone reads.
const SHOWN: usize = 1000;

fn text(report: &DiffReport) -> String {
    let mut text = String::new();
    let mut before = None;
    for each in report.differences.iter().take(SHOWN) {
        let about = about(each);
        if before.as_ref() != Some(&about) {
            text.push_str(&format!("{BOLD}{about}{PLAIN}\n"));
            before = Some(about);
        }
        paint::push_pair(&mut text, each.a.as_deref(), each.b.as_deref());
    }
    if let Some(more) = report
        .differences
        .len()
        .checked_sub(SHOWN)
        .filter(|it| *it > 0)
    {
        text.push_str(&format!("and {more} more: --format json lists them all\n"));
    }
    if !report.differences.is_empty() {
        text.push('\n');
    }
    if !report.not_compared.is_empty() {
        let what = report.not_compared.join(", ");
        paint::push_wrapped(&mut text, 0, &format!("Only one side tells of {what}."));
    }
    text.push_str(&match report.verdict {
        DiffVerdict::Equal => "equal\n".to_owned(),
        DiffVerdict::Differs | DiffVerdict::MayDiffer => {
            format!("{}\n", counted(report.differences.len(), "difference"))
        }
        DiffVerdict::Undecided => {
            "undecided: there is nothing that both tell of, or a line was not understood\n"
                .to_owned()
        }
    });
    text
}

/// Where a difference is: the table and chain, or the network.
fn about(each: &Difference) -> String {
    let place = match each.a {
        Some(_) if each.place_a.table.is_some() => &each.place_a,
        Some(_) | None => &each.place_b,
    };
    let parts = [&place.table, &place.chain];
    let mut parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    if parts.is_empty() {
        parts.extend(each.network.as_deref());
        parts.extend(place.file.as_deref());
    }
    match parts.is_empty() {
        true => "host".to_owned(),
        false => visible(&parts.join(" ")),
    }
}
