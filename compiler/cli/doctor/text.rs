//! A diagnosis as people read it: the verdict, the one deciding fact, what mends it; then the rest.

use super::super::paint::{DIM, GREEN, RED, YELLOW, push_wrapped};
use super::super::{BOLD, PLAIN, counted};
use super::Mended;
use crate::doctor::report::{Diagnosis, Finding, Fix, Report, Seen, Verdict};
use crate::value::encode::{shell_word, visible};

/// How many further findings are shown.
const SHOWN: usize = 20;

/// The whole report.
pub fn print(report: &Report) -> String {
    if report.networks.is_empty() {
        return "no networks\n".to_owned();
    }
    let mut text = String::new();
    for network in &report.networks {
        push_network(&mut text, network);
    }
    push_summary(&mut text, report);
    text
}

fn push_network(text: &mut String, network: &Diagnosis) {
    let (colour, word) = match network.verdict {
        Verdict::Healthy => (GREEN, "healthy"),
        Verdict::Doubtful => (YELLOW, "doubtful"),
        Verdict::Broken => (RED, "broken"),
        Verdict::NotObserved => (DIM, "not observed"),
    };
    let about = match &network.bridge {
        Some(bridge) => format!("{} on {bridge}", network.mode),
        None => network.mode.clone(),
    };
    let (name, about) = (visible(&network.network), visible(&about));
    let mut asides: Vec<String> = network.notes.iter().map(|note| visible(note)).collect();
    if !network.not_observed.is_empty() {
        asides.push(format!(
            "not looked at: {}",
            network.not_observed.join(", ")
        ));
    }
    text.push_str(&format!(
        "{colour}{word:<12}{PLAIN} {BOLD}{name}{PLAIN}, {about}"
    ));
    let Some(cause) = &network.cause else {
        // One line, as long as it may be.
        let asides = match asides.as_slice() {
            [] => String::new(),
            [_, ..] => format!("{DIM} ({}){PLAIN}", asides.join("; ")),
        };
        text.push_str(&format!("{asides}\n"));
        return;
    };
    text.push_str("\n\n");
    push_wrapped(text, 2, &sentence(&cause.fact));
    push_seen(text, &cause.seen);
    push_wrapped(text, 4, &breaks(cause));
    if let Some(fix) = &cause.fix {
        text.push('\n');
        push_commands(text, 4, fix);
        if let Some(note) = &fix.note {
            push_wrapped(text, 4, &format!("({note})"));
        }
    }
    push_further(text, &network.further);
    for aside in &asides {
        text.push('\n');
        push_wrapped(text, 2, &format!("({aside})"));
    }
    text.push('\n');
}

/// What comes of it.
fn breaks(finding: &Finding) -> String {
    let then = if finding.certain { "" } else { "then " };
    format!("=> {then}{}", visible(&finding.breaks))
}

/// A fact with a full stop, and its first letter large where a sentence may change it.
fn sentence(fact: &str) -> String {
    let fact = visible(fact);
    let starts = ["a ", "all ", "guests ", "no ", "nothing ", "the ", "there "];
    match starts.iter().any(|start| fact.starts_with(start)) {
        true => format!("{}{}.", fact[..1].to_ascii_uppercase(), &fact[1..]),
        false => format!("{fact}."),
    }
}

/// Where it was seen: the line of a capture, or the command that shows it.
fn push_seen(text: &mut String, seen: &Seen) {
    let place = match (&seen.file, seen.line, &seen.command) {
        (Some(file), Some(line), _) => Some(format!("{file}:{line}")),
        (Some(file), None, _) => Some(file.clone()),
        (None, _, Some(command)) => Some(format!("'{command}'")),
        (None, _, None) => None,
    };
    let line = match (place, &seen.text) {
        (Some(place), Some(said)) => format!("seen in {place}: {said}"),
        (Some(place), None) => format!("seen in {place}"),
        (None, Some(said)) => format!("seen: {said}"),
        (None, None) => return,
    };
    text.push_str(&format!("    {DIM}{}{PLAIN}\n", visible(&line)));
}

fn push_commands(text: &mut String, margin: usize, fix: &Fix) {
    for command in &fix.commands {
        let command = visible(&shell(command));
        text.push_str(&format!("{:margin$}{GREEN}{command}{PLAIN}\n", ""));
    }
}

/// A command as it can be typed into a shell.
fn shell(command: &[String]) -> String {
    // Neither an equals sign behind a word nor a lone exclamation mark is special to a shell.
    let is_plain = |word: &str| {
        let bare = word.replace('=', "");
        matches!(word, "!" | "+") || shell_word(&bare) == bare
    };
    let word = |word: &String| match is_plain(word) {
        true => word.clone(),
        false => shell_word(word),
    };
    command.iter().map(word).collect::<Vec<String>>().join(" ")
}

fn push_further(text: &mut String, further: &[Finding]) {
    if further.is_empty() {
        return;
    }
    text.push_str("\n  Then:\n");
    for each in further.iter().take(SHOWN) {
        push_wrapped(text, 2, &sentence(&each.fact));
        push_wrapped(text, 4, &breaks(each));
        if let Some(fix) = &each.fix {
            push_commands(text, 4, fix);
        }
    }
    if let Some(more) = further.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        push_wrapped(
            text,
            2,
            &format!("and {more} more: --format json lists them all"),
        );
    }
}

fn push_summary(text: &mut String, report: &Report) {
    if report.networks.len() < 2 {
        return;
    }
    let verdicts = [
        (Verdict::Healthy, "healthy"),
        (Verdict::Broken, "broken"),
        (Verdict::Doubtful, "doubtful"),
        (Verdict::NotObserved, "not observed"),
    ];
    let count = |verdict| {
        let networks = report.networks.iter();
        networks
            .filter(|network| network.verdict == verdict)
            .count()
    };
    let parts: Vec<String> = verdicts
        .into_iter()
        .map(|(verdict, word)| (count(verdict), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let networks = counted(report.networks.len(), "network");
    text.push_str(&format!("{networks}: {}\n", parts.join(", ")));
}

/// What is about to be run.
pub fn running(command: &[String]) -> String {
    format!("running: {}\n", visible(&shell(command)))
}

/// What is left to people.
pub fn by_hand(network: &Diagnosis, fix: &Fix) -> String {
    let commands: Vec<String> = fix.commands.iter().map(|command| shell(command)).collect();
    let (name, commands) = (visible(&network.network), visible(&commands.join("; ")));
    format!("{name}: this is left to you: {commands}\n")
}

/// Whether it helped.
pub fn mended(mended: &Mended, after: &Report) -> String {
    let name = visible(&mended.before.network);
    let check = mended.before.cause.as_ref().map(|cause| cause.check);
    let now = after
        .networks
        .iter()
        .find(|it| it.network == mended.before.network);
    let still = now.is_some_and(|now| {
        let mut all = now.cause.iter().chain(&now.further);
        all.any(|finding| Some(finding.check) == check)
    });
    let healthy = now.is_some_and(|now| !now.verdict.is_finding());
    match (&mended.failed, still, healthy) {
        (Some(why), _, _) => format!("{name}: it could not be mended: {}\n", visible(why)),
        (None, true, _) => format!("{name}: it did not help\n"),
        (None, false, true) => format!("{name}: it helped\n"),
        (None, false, false) => format!("{name}: it helped, but something else is wrong, too\n"),
    }
}
