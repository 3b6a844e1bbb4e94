//! Options of the matches and targets of iptables, as tables.
//!
//! Each extension lists its options in the order in which `iptables-save` prints them. A rule's
//! options are collected by these tables; then the extension's own reader makes types of them, or
//! they are kept as words in the same order.

use std::borrow::Cow;

use super::word::{Word, push_quoted};
use crate::firewall::{Family, Match, Protocol, Target};

/// An extension of iptables: a match (`-m`) or a target (`-j`).
pub(super) struct Extension {
    /// How a rule names it: `-m` or `-j`.
    flag: &'static str,
    /// Its name, as `iptables-save` prints it.
    pub name: &'static str,
    /// Its options, in the order of `iptables-save`.
    options: &'static [Opt],
    /// What makes types of them.
    pub reader: Reader,
}

/// What makes types of the options that were given.
pub(super) enum Reader {
    /// A match.
    Match(fn(&mut Matches<'_>, &[Given<'_>]) -> Result<(), String>),
    /// A target.
    Target(fn(Family, &[Given<'_>]) -> Result<Target, String>),
    /// Nothing: they are kept as words, each value spelt as its option says.
    Kept,
    /// Nothing: they are kept as the words that this appends.
    Spelt(Speller),
}

/// Appends options that are kept as `iptables-save` prints them.
pub(super) type Speller = fn(&mut String, Family, &[Given<'_>]) -> Result<(), String>;

/// An option of an extension.
pub(super) struct Opt {
    /// Its name, as `iptables-save` prints it.
    pub name: &'static str,
    /// Its other names.
    also: &'static [&'static str],
    /// How many values it takes.
    pub values: usize,
    /// Whether its value may be left out.
    pub optional: bool,
    /// Whether it may be given more than once.
    pub repeats: bool,
    /// How a value is spelt when it is kept.
    spell: Spell,
}

/// How `iptables-save` spells the value of an option.
#[derive(Clone, Copy)]
pub(super) enum Spell {
    /// As it was given.
    Same,
    /// In quotes where needed.
    Quoted,
    /// In quotes, always.
    AlwaysQuoted,
    /// As this makes it.
    By(fn(&str) -> Result<String, String>),
}

/// An option, and where it stands among those of its extension.
#[derive(Clone, Copy)]
pub(super) struct OptionPlace {
    /// The option.
    pub option: &'static Opt,
    /// Its place in the order of `iptables-save`.
    pub rank: usize,
}

/// An option as a rule gives it.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    /// Which option.
    pub place: OptionPlace,
    /// Whether a `!` stands with it.
    pub negated: bool,
    /// Its values; as many as the option takes.
    values: [Word<'a>; 2],
    /// Which of the rule's extensions it belongs to.
    pub owner: usize,
}

/// Where a reader puts the matches it makes.
pub(super) struct Matches<'a> {
    /// The family of the table.
    pub family: Family,
    /// The protocol that the rule says with `-p`, unless negated.
    pub protocol: Option<Protocol>,
    /// The rule's matches so far.
    pub all: &'a mut Vec<Match>,
}

impl Matches<'_> {
    /// Keeps an extension as words.
    pub(super) fn keep(
        &mut self,
        extension: &'static Extension,
        given: &[Given<'_>],
    ) -> Result<(), String> {
        let words = extension.kept(self.family, given)?;
        self.all.push(Match::Other(words.into()));
        Ok(())
    }
}

impl Opt {
    /// An option without a value.
    pub(super) const fn flag(name: &'static str) -> Self {
        Opt {
            name,
            also: &[],
            values: 0,
            optional: false,
            repeats: false,
            spell: Spell::Same,
        }
    }

    /// An option with one value.
    pub(super) const fn value(name: &'static str) -> Self {
        let mut option = Opt::flag(name);
        option.values = 1;
        option
    }

    /// An option with two values.
    pub(super) const fn pair(name: &'static str) -> Self {
        let mut option = Opt::flag(name);
        option.values = 2;
        option
    }

    /// It has these names, too.
    pub(super) const fn also(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }

    /// Its value may be left out.
    pub(super) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// It may be given more than once.
    pub(super) const fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// Its value is spelt like this when it is kept.
    pub(super) const fn spelt(mut self, spell: Spell) -> Self {
        self.spell = spell;
        self
    }

    /// Its value is spelt by this when it is kept.
    pub(super) const fn spelt_by(self, spell: fn(&str) -> Result<String, String>) -> Self {
        self.spelt(Spell::By(spell))
    }

    /// Whether this is one of its names.
    pub(super) fn is(&self, word: &str) -> bool {
        self.name == word || self.also.contains(&word)
    }

    /// Whether one of its names begins so; what `getopt_long` takes for the name, too.
    fn begins(&self, start: &str) -> bool {
        self.name.starts_with(start) || self.also.iter().any(|name| name.starts_with(start))
    }
}

impl Extension {
    /// A match that has types.
    pub(super) const fn of_match(
        name: &'static str,
        options: &'static [Opt],
        read: fn(&mut Matches<'_>, &[Given<'_>]) -> Result<(), String>,
    ) -> Self {
        Extension::new("-m", name, options, Reader::Match(read))
    }

    /// A target that has a type.
    pub(super) const fn of_target(
        name: &'static str,
        options: &'static [Opt],
        read: fn(Family, &[Given<'_>]) -> Result<Target, String>,
    ) -> Self {
        Extension::new("-j", name, options, Reader::Target(read))
    }

    /// A match that is kept as words.
    pub(super) const fn kept_match(name: &'static str, options: &'static [Opt]) -> Self {
        Extension::new("-m", name, options, Reader::Kept)
    }

    /// A target that is kept as words.
    pub(super) const fn kept_target(name: &'static str, options: &'static [Opt]) -> Self {
        Extension::new("-j", name, options, Reader::Kept)
    }

    /// Its words are spelt by this.
    pub(super) const fn spelt(mut self, spell: Speller) -> Self {
        self.reader = Reader::Spelt(spell);
        self
    }

    const fn new(
        flag: &'static str,
        name: &'static str,
        options: &'static [Opt],
        reader: Reader,
    ) -> Self {
        Extension {
            flag,
            name,
            options,
            reader,
        }
    }

    /// Whether it is a target.
    pub(super) fn is_target(&self) -> bool {
        self.flag == "-j"
    }

    /// The option of this name.
    pub(super) fn option(&self, word: &str) -> Option<OptionPlace> {
        let at = self.options.iter().position(|option| option.is(word))?;
        Some(self.place(at))
    }

    /// The only option whose name begins so.
    pub(super) fn shortened(&self, word: &str) -> Option<OptionPlace> {
        let mut found = (0..self.options.len()).filter(|at| self.options[*at].begins(word));
        let first = found.next()?;
        found.next().is_none().then(|| self.place(first))
    }

    fn place(&self, at: usize) -> OptionPlace {
        let option = &self.options[at];
        // What may be repeated stays in its order.
        let rank = if option.repeats { usize::MAX } else { at };
        OptionPlace { option, rank }
    }

    /// The options as `iptables-save` would print them, kept as words.
    pub(super) fn kept(
        &'static self,
        family: Family,
        given: &[Given<'_>],
    ) -> Result<String, String> {
        let mut text = self.opened();
        if let Reader::Spelt(spell) = self.reader {
            spell(&mut text, family, given)?;
            return Ok(text);
        }
        for each in given {
            each.push(&mut text)?;
        }
        Ok(text)
    }

    /// The options as they were given.
    pub(super) fn as_written(&'static self, given: &[Given<'_>]) -> String {
        let mut text = self.opened();
        for each in given {
            let not = if each.negated { " !" } else { "" };
            text.extend([not, " ", each.name()]);
            for value in each.values() {
                text.extend([" ", value.raw]);
            }
        }
        text
    }

    fn opened(&self) -> String {
        format!("{} {}", self.flag, self.name)
    }
}

impl<'a> Given<'a> {
    /// An option and its values.
    pub(super) fn new(
        place: OptionPlace,
        negated: bool,
        values: [Word<'a>; 2],
        owner: usize,
    ) -> Self {
        Given {
            place,
            negated,
            values,
            owner,
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        self.place.option.name
    }

    /// Its first value, or nothing.
    pub(super) fn text(&self) -> Cow<'a, str> {
        self.values[0].text()
    }

    /// Its second value, or nothing.
    pub(super) fn second(&self) -> Cow<'a, str> {
        self.values[1].text()
    }

    /// Its values: as many as the option takes, but for one that is left out.
    fn values(&self) -> impl Iterator<Item = &Word<'a>> {
        let option = self.place.option;
        let given = |value: &&Word<'_>| !option.optional || !value.raw.is_empty();
        self.values.iter().take(option.values).filter(given)
    }

    /// Appends the option as `iptables-save` would print it.
    pub(super) fn push(&self, text: &mut String) -> Result<(), String> {
        let not = if self.negated { " !" } else { "" };
        text.extend([not, " ", self.name()]);
        for value in self.values() {
            match self.place.option.spell {
                Spell::Same if !value.is_quoted() => text.extend([" ", value.raw]),
                Spell::Same => push_quoted(text, &value.text()),
                Spell::Quoted => push_quoted(text, &value.text()),
                Spell::AlwaysQuoted => push_always_quoted(text, &value.text()),
                Spell::By(spell) => text.extend([" ", &spell(&value.text())?]),
            }
        }
        Ok(())
    }
}

/// Appends a blank and the value in quotes.
pub(super) fn push_always_quoted(text: &mut String, value: &str) {
    text.push_str(" \"");
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}

/// The option of this name, if it is among those given.
pub(super) fn find<'g, 'a>(given: &'g [Given<'a>], name: &str) -> Option<&'g Given<'a>> {
    given.iter().find(|each| each.name() == name)
}

/// Whether this option, which takes no value, was given.
pub(super) fn has(given: &[Given<'_>], name: &str) -> bool {
    find(given, name).is_some()
}

/// What `read` makes of the first value of an option that may be missing.
pub(super) fn read_value<T>(
    given: &[Given<'_>],
    name: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let value = find(given, name).map(|each| read(&each.text()));
    value.transpose()
}

/// An option that must be there.
pub(super) fn required<'g, 'a>(
    given: &'g [Given<'a>],
    name: &str,
) -> Result<&'g Given<'a>, String> {
    find(given, name).ok_or_else(|| format!("{name} is missing"))
}

/// That an option must not be negated.
pub(super) fn not_negated(given: &Given<'_>) -> Result<(), String> {
    match given.negated {
        false => Ok(()),
        true => Err(format!("{} cannot be negated", given.name())),
    }
}
