//! Comments on rules.

use crate::backend::iptables::option::{Extension, Opt, not_negated, required};
use crate::firewall::Match;

pub(super) static COMMENT: Extension =
    Extension::of_match("comment", &[Opt::value("--comment")], |matches, given| {
        let each = required(given, "--comment")?;
        not_negated(each)?;
        matches.all.push(Match::Comment(each.text().into()));
        Ok(())
    });
