//! A rule while its words are read, and what becomes of it at the end of its line.

use super::extension::{joins, module_of};
use super::option::{Extension, Given, Matches, OptionPlace, Reader};
use super::own::Asks;
use crate::firewall::{Counter, Family, Match, Place, Protocol, Rule, Target};

/// How many extensions a rule may name; no kernel holds a rule of so many.
const MOST_EXTENSIONS: usize = 256;

/// How many options of extensions a rule may have.
const MOST_OPTIONS: usize = 4096;

/// What is known of a rule while its words are read; one after another in the same place.
pub(super) struct Draft<'a> {
    /// The family of the table.
    pub family: Family,
    /// What iptables itself is to ask.
    pub asks: Asks<'a>,
    /// What the rule does; just anything while an extension among the parts is to say it.
    target: Option<Target>,
    /// What it counted.
    pub counter: Counter,
    /// Its line.
    pub place: Place,
    /// Whether it is for the other family.
    pub other_family: bool,
    /// Whether the match of the protocol was taken of itself.
    pub implied: bool,
    /// Why something of it is kept as words.
    pub trouble: Option<String>,
    /// The extensions that the rule names.
    parts: Vec<Part<'a>>,
    /// Their options.
    given: Vec<Given<'a>>,
    /// The matches made of them.
    matches: Vec<Match>,
    /// How many of the rule's matches were made of them.
    extensions: usize,
    /// The rule that was made of all that: none if it is for the other family, several where `-s`
    /// or `-d` is a list.
    pub rules: Vec<Rule>,
}

/// An extension that a rule names.
struct Part<'a> {
    /// What we know of it; nothing for one that iptables 1.8 does not have.
    extension: Option<&'static Extension>,
    /// What stands there of options that nobody knows, with the name if that is unknown, too.
    unknown: &'a str,
}

impl<'a> Draft<'a> {
    /// A place for rules of this family.
    pub(super) fn new(family: Family) -> Self {
        Draft {
            family,
            asks: Asks::default(),
            target: None,
            counter: Counter::default(),
            place: Place::default(),
            other_family: false,
            implied: false,
            trouble: None,
            parts: Vec::new(),
            given: Vec::new(),
            matches: Vec::new(),
            extensions: 0,
            rules: Vec::new(),
        }
    }

    /// Forgets the rule before, for one on this line.
    pub(super) fn clear(&mut self, counter: Counter, place: Place) {
        self.asks = Asks::default();
        self.target = None;
        self.counter = counter;
        self.place = place;
        self.other_family = false;
        self.implied = false;
        self.trouble = None;
        self.parts.clear();
        self.given.clear();
        self.matches.clear();
        self.rules.clear();
    }

    /// Says what the rule does, which is one thing.
    pub(super) fn set_target(&mut self, target: Target) -> Result<(), String> {
        match self.target.replace(target) {
            None => Ok(()),
            Some(_) => Err("a rule has one target".to_owned()),
        }
    }

    /// The protocol of the rule, unless it must be another one.
    pub(super) fn protocol(&self) -> Option<Protocol> {
        self.asks.protocol()
    }

    /// Adds an extension that is known.
    pub(super) fn add_part(&mut self, extension: &'static Extension) -> Result<(), String> {
        self.push_part(Some(extension), "")
    }

    /// Adds words that begin with the name of an unknown extension.
    pub(super) fn add_words(&mut self, words: &'a str) -> Result<(), String> {
        self.push_part(None, words)
    }

    fn push_part(
        &mut self,
        extension: Option<&'static Extension>,
        unknown: &'a str,
    ) -> Result<(), String> {
        if self.parts.len() == MOST_EXTENSIONS {
            return Err(format!("a rule names at most {MOST_EXTENSIONS} extensions"));
        }
        self.parts.push(Part { extension, unknown });
        Ok(())
    }

    /// The last extension, if words that nobody knows can be its options.
    pub(super) fn unknown_of_last(&mut self) -> Option<&mut &'a str> {
        let part = self.parts.last_mut()?;
        part.unknown.is_empty().then_some(&mut part.unknown)
    }

    /// The option of the extension that was named last and has it.
    pub(super) fn find(
        &self,
        name: &str,
        find: impl Fn(&'static Extension, &str) -> Option<OptionPlace>,
    ) -> Option<(usize, OptionPlace)> {
        let mut parts = self.parts.iter().enumerate().rev();
        parts.find_map(|(at, part)| Some((at, find(part.extension?, name)?)))
    }

    /// How many extensions there are.
    pub(super) fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Adds an option of an extension.
    pub(super) fn add_option(&mut self, given: Given<'a>) -> Result<(), String> {
        let option = given.place.option;
        let same =
            |each: &Given<'_>| each.owner == given.owner && std::ptr::eq(each.place.option, option);
        if !option.repeats && self.given.iter().any(same) {
            return Err(format!("{} stands twice", option.name));
        }
        if self.given.len() == MOST_OPTIONS {
            return Err(format!("a rule has at most {MOST_OPTIONS} options"));
        }
        self.given.push(given);
        Ok(())
    }

    /// Makes types of the options, and rules of all that was read.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        let order = |each: &Given<'_>| (each.owner, each.place.rank);
        if !self.given.is_sorted_by_key(order) {
            self.given.sort_by_key(order);
        }
        let given = std::mem::take(&mut self.given);
        let mut from = 0;
        for at in 0..self.parts.len() {
            let mine = given[from..].iter().take_while(|each| each.owner == at);
            let to = from + mine.count();
            self.read_part(at, &given[from..to]);
            from = to;
        }
        self.given = given;
        if self.other_family {
            return Ok(());
        }
        let was_fine = self.trouble.is_none();
        let matches = std::mem::take(&mut self.matches);
        let target = self.target.take().unwrap_or(Target::Continue);
        self.matches = self.push_rule(self.asks, matches, target);
        // A list cannot be read as one address, and is looked for only then.
        match self.trouble.is_some() && self.asks.is_list() {
            true => self.multiply(was_fine),
            false => Ok(()),
        }
    }

    /// Makes several rules of one with lists.
    fn multiply(&mut self, was_fine: bool) -> Result<(), String> {
        let Some(mut rule) = self.rules.pop() else {
            return Ok(());
        };
        if was_fine {
            self.trouble = None;
        }
        let own = rule.matches.len() - self.extensions;
        let matches = rule.matches.split_off(own);
        for asks in self.asks.each()? {
            self.push_rule(asks, matches.clone(), rule.target.clone());
        }
        Ok(())
    }

    /// Makes types of the options of one extension; keeps it as words where that fails.
    fn read_part(&mut self, at: usize, given: &[Given<'_>]) {
        let Part { extension, unknown } = self.parts[at];
        let Some(extension) = extension else {
            self.matches
                .push(Match::Other(unknown.trim_ascii_end().into()));
            return;
        };
        let before = self.matches.len();
        let done = match &extension.reader {
            _ if !unknown.is_empty() => Err(String::new()),
            Reader::Target(read) => {
                read(self.family, given).map(|target| self.target = Some(target))
            }
            Reader::Match(read) => {
                let mut matches = Matches {
                    family: self.family,
                    protocol: self.protocol(),
                    all: &mut self.matches,
                };
                read(&mut matches, given)
            }
            Reader::Kept | Reader::Spelt(_) => extension
                .kept(self.family, given)
                .map(|words| self.keep(extension, words)),
        };
        if let Err(why) = done {
            self.matches.truncate(before);
            let mut words = extension.as_written(given);
            if !unknown.is_empty() {
                words.extend([" ", unknown.trim_ascii_end()]);
            }
            self.keep(extension, words);
            self.trouble
                .get_or_insert_with(|| format!("{}: {why}", extension.name));
        } else if matches!(extension.reader, Reader::Match(_)) {
            self.part_from_before(before, extension);
        }
    }

    fn keep(&mut self, extension: &'static Extension, words: String) {
        match extension.is_target() {
            true => self.target = Some(Target::Other(words.into())),
            false => self.matches.push(Match::Other(words.into())),
        }
    }

    /// Names the extension where its matches do not, or would pass for those of the one before.
    fn part_from_before(&mut self, before: usize, extension: &'static Extension) {
        let name = || Match::Module(extension.name.into());
        match self.matches.get(before) {
            None => self.matches.push(name()),
            Some(first) => {
                let last = before.checked_sub(1).map(|last| &self.matches[last]);
                if last.is_some_and(|last| joins(last, first, self.family)) {
                    self.matches.insert(before, name());
                }
            }
        }
    }

    /// Whether a match says the protocol that `-p` says, too.
    fn protocol_is_said(&self, matches: &[Match]) -> bool {
        let Some(protocol) = self.asks.protocol() else {
            return false;
        };
        let says = |each: &Match| {
            let module = module_of(each, self.family);
            module.is_some_and(|module| module.protocol == Some(protocol))
        };
        matches.iter().any(says)
    }

    /// Makes a rule; gives the emptied list of matches back.
    fn push_rule(&mut self, asks: Asks<'_>, mut matches: Vec<Match>, target: Target) -> Vec<Match> {
        self.extensions = matches.len();
        let said = self.protocol_is_said(&matches);
        let mut all = Vec::with_capacity(asks.count() + matches.len());
        asks.push(said, self.family, &mut all, &mut self.trouble);
        all.append(&mut matches);
        self.rules.push(Rule {
            matches: all,
            counter: Some(self.counter),
            effects: Vec::new(),
            target,
            handle: None,
            place: self.place,
        });
        matches
    }
}
