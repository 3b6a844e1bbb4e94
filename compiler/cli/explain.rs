//! `explain`: the page of a diagnostic code.

use anyhow::Context;
use clap::Args;

use super::Outcome;
use crate::diagnostic::Code;
use crate::host::terminal;

/// Explain a diagnostic: what is wrong, why it matters, how to mend it
///
/// Takes a code, such as dhcp-range-outside-subnet, or the number of a rule of libvirt's, such as
/// V063. With nothing, lists all codes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lanwright explain dhcp-range-outside-subnet\n  \
    lanwright explain V063"
)]
pub struct Arguments {
    /// The code or rule
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let Some(wanted) = &arguments.code else {
        terminal::print(&list()).context("cannot print the list")?;
        return Ok(Outcome::Done);
    };
    let found = matching(wanted);
    if found.is_empty() {
        super::complain(&format!("there is no diagnostic '{wanted}'"));
        let hint = match nearest(wanted) {
            Some(code) => format!("did you mean '{}'?\n", code.name()),
            None => "'lanwright explain' lists all codes\n".to_owned(),
        };
        terminal::complain(&hint);
        return Ok(Outcome::CouldNot);
    }
    let pages: Vec<&str> = found.iter().map(|code| code.page()).collect();
    terminal::print(&pages.join("\n")).context("cannot print the page")?;
    Ok(Outcome::Done)
}

/// The code of this name, or all codes of this rule.
fn matching(wanted: &str) -> Vec<Code> {
    let wanted = wanted.trim();
    let of_name = Code::ALL
        .iter()
        .filter(|code| code.name().eq_ignore_ascii_case(wanted));
    let is_rule = |rule: &str| rule.eq_ignore_ascii_case(wanted);
    let of_rule = Code::ALL
        .iter()
        .filter(|code| code.rule().is_some_and(is_rule));
    of_name.chain(of_rule).copied().collect()
}

fn nearest(wanted: &str) -> Option<Code> {
    let likeness = |code: &&Code| strsim::jaro_winkler(wanted, code.name());
    let best = Code::ALL
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) > 0.7).then_some(*best)
}

fn list() -> String {
    let mut text = String::new();
    for code in Code::ALL {
        let rule = code.rule().unwrap_or("-");
        text.push_str(&format!(
            "{:<8} {rule:<5} {}\n",
            code.severity().word(),
            code.name()
        ));
    }
    text
}
