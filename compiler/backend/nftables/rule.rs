//! One rule of nft's language, read and printed.
//!
//! A rule is a row of statements. What has no type is kept as the piece of text it is; from the
//! first word on that begins no statement we know, only the end of the rule is still looked at: a
//! counter, a verdict, a comment.

use std::fmt::Write as _;

use compact_str::CompactString;

use super::matches;
use super::print::{Listing, inexpressible, print_counter, quotable};
use super::statement::{self, Statement};
use super::target;
use super::words::Words;
use crate::backend::gap::Inexpressible;
use crate::firewall::{Effect, Match, Rule, TableFamily, Target};

/// How many words at the end of a rule are looked at, if its middle was not understood.
const TAIL: usize = 24;

/// The rule that `words` say, in a table of this family.
pub(super) fn read(mut words: Words<'_>, family: TableFamily) -> Rule {
    let mut reader = Builder::default();
    let mut ended = None;
    while !words.is_empty() {
        let before = words;
        let statement = statement::read(&mut words, family);
        if let Some(Statement::Comment(comment)) = statement {
            reader.comment = Some(comment);
            continue;
        }
        if let Some(end) = ended {
            reader.keep_from(end);
            break;
        }
        if let Some(statement) = statement {
            if matches!(&statement, Statement::Do(target) if is_end(target)) {
                ended = Some(before);
            }
            reader.add(statement);
        } else if let Some(end) = known_end(words, family) {
            reader.add_unknown(words.first(words.len() - end.len()));
            words = end;
        } else {
            reader.add_unknown(words.all());
            break;
        }
    }
    reader.finish()
}

/// A rule as far as it was read. All that is done stands among its effects for now.
pub(super) struct Builder {
    rule: Rule,
    comment: Option<CompactString>,
    /// A statement that was not understood, as long as it is the last.
    unknown: Option<CompactString>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            rule: Rule::uncounted(Vec::new(), Target::Continue),
            comment: None,
            unknown: None,
        }
    }
}

impl Builder {
    /// Takes the next statement.
    pub(super) fn add(&mut self, statement: Statement) {
        // The packet came by it, so it may have asked something.
        let unknown = self.unknown.take();
        self.rule.matches.extend(unknown.map(Match::Other));
        match statement {
            Statement::Match(each) => self.rule.matches.push(each),
            Statement::Do(what) => self.rule.effects.push(Effect {
                after: self.rule.matches.len(),
                what,
            }),
            Statement::Comment(comment) => self.comment = Some(comment),
        }
    }

    /// Takes a statement that was not understood, word for word.
    pub(super) fn add_unknown(&mut self, words: CompactString) {
        let before = self.unknown.replace(words);
        self.rule.matches.extend(before.map(Match::Other));
    }

    /// Takes the comment.
    pub(super) fn comment(&mut self, comment: CompactString) {
        self.comment = Some(comment);
    }

    /// Keeps all from the verdict on word for word: nft lets nothing follow one.
    fn keep_from(&mut self, end: Words<'_>) {
        self.rule.effects.pop();
        self.comment = None;
        self.add(Statement::Do(Target::Other(end.all())));
    }

    /// The counter and the target to their places.
    pub(super) fn finish(mut self) -> Rule {
        if let Some(words) = self.unknown.take() {
            self.add(Statement::Do(Target::Other(words)));
        }
        let Builder {
            mut rule, comment, ..
        } = self;
        let last = rule.matches.len();
        let first = rule.effects.iter().position(|each| each.after == last);
        if let Some(at) = first
            && let Target::Count(counter) = rule.effects[at].what
        {
            rule.counter = Some(counter);
            rule.effects.remove(at);
        }
        let is_target = |each: &mut Effect| each.after == last && each.what != Target::Continue;
        if let Some(effect) = rule.effects.pop_if(is_target) {
            rule.target = effect.what;
        }
        rule.matches.extend(comment.map(Match::Comment));
        rule
    }
}

/// Whether nothing may follow in the rule.
fn is_end(target: &Target) -> bool {
    matches!(
        target,
        Target::Accept
            | Target::Drop
            | Target::Return
            | Target::Jump(_)
            | Target::Goto(_)
            | Target::Reject(_)
            | Target::Snat(_)
            | Target::Dnat(_)
            | Target::Masquerade { .. }
            | Target::Redirect { .. }
            | Target::Translate(_)
            | Target::Queue(_)
    )
}

/// The longest end of a rule that only does things, and all of it known.
fn known_end(words: Words<'_>, family: TableFamily) -> Option<Words<'_>> {
    let only_does = |end: &Words<'_>| {
        let mut rest = *end;
        while !rest.is_empty() {
            match statement::read(&mut rest, family) {
                Some(Statement::Do(_) | Statement::Comment(_)) => {}
                Some(Statement::Match(_)) | None => return false,
            }
        }
        true
    };
    let longest = words.len().saturating_sub(1).min(TAIL);
    let mut ends = (1..=longest).rev().map(|count| words.last(count));
    ends.find(only_does)
}

/// Appends the rule, without a line break.
pub(super) fn print(
    text: &mut String,
    rule: &Rule,
    family: TableFamily,
    listing: Listing,
) -> Result<(), Inexpressible> {
    let mut line = Line {
        start: text.len(),
        text,
    };
    let mut effects = rule.effects.iter().peekable();
    let mut comment = None;
    for (at, each) in rule.matches.iter().enumerate() {
        if let Match::Comment(words) = each {
            if comment.replace(words).is_some() {
                return Err(inexpressible("two comments on one rule"));
            }
            continue;
        }
        while let Some(effect) = effects.next_if(|effect| effect.after <= at) {
            target::print(line.next(), &effect.what, family, listing)?;
        }
        matches::print(line.next(), each, listing)?;
    }
    if let Some(counter) = rule.counter {
        print_counter(line.next(), counter, listing);
    }
    for effect in effects {
        target::print(line.next(), &effect.what, family, listing)?;
    }
    if rule.target != Target::Continue {
        target::print(line.next(), &rule.target, family, listing)?;
    }
    if let Some(comment) = comment {
        // Writing into a String cannot fail.
        let _ = write!(line.next(), "comment \"{}\"", quotable(comment)?);
    }
    Ok(())
}

/// A line of statements with blanks between them.
struct Line<'a> {
    text: &'a mut String,
    start: usize,
}

impl Line<'_> {
    fn next(&mut self) -> &mut String {
        if self.text.len() > self.start {
            self.text.push(' ');
        }
        self.text
    }
}
