//! Reading one rule, word by word.
//!
//! A rule is a row of options: those of iptables itself, `-m` with the options of a match, `-j`
//! with those of a target. As in iptables, an option goes to the extension that was named last
//! and has it, so it need not stand right behind it.

use compact_str::CompactString;

use super::draft::Draft;
use super::extension::{match_named, match_of, target_named};
use super::option::{Extension, Given, OptionPlace};
use super::own::Own;
use super::word::{Word, Words};
use crate::firewall::{Counter, Family, Target};

/// Reads the rule that the words say, which stand behind the name of its chain, into the draft.
pub(super) fn read_rule<'a>(words: Words<'a>, draft: &mut Draft<'a>) -> Result<(), String> {
    let mut reader = RuleReader {
        words,
        draft,
        negated: false,
        start: 0,
    };
    while let Some(word) = reader.words.next() {
        reader.option(word)?;
    }
    reader.words.end()?;
    match reader.negated {
        true => Err("nothing stands behind !".to_owned()),
        false => reader.draft.finish(),
    }
}

/// The words of a rule that are still to be read, and what was made of those before.
struct RuleReader<'d, 'a> {
    words: Words<'a>,
    draft: &'d mut Draft<'a>,
    /// Whether a `!` stands before the option at hand.
    negated: bool,
    /// Where the option at hand begins, `!` included.
    start: usize,
}

impl<'a> RuleReader<'_, 'a> {
    fn option(&mut self, word: Word<'a>) -> Result<(), String> {
        if !self.negated {
            self.start = self.words.start();
        }
        match word.raw.as_bytes() {
            b"!" if self.negated => return Err("two ! in a row".to_owned()),
            b"!" => {
                self.negated = true;
                return Ok(());
            }
            [b'-', b'-', _, ..] => self.long(word)?,
            [b'-', letter] => {
                let own = Own::short(*letter).ok_or_else(|| no_option(word))?;
                self.own(own, None)?;
            }
            _ => return Err(no_option(word)),
        }
        self.negated = false;
        Ok(())
    }

    /// An option of iptables itself; `attached` is a value that stands in the same word.
    fn own(&mut self, own: Own, attached: Option<Word<'a>>) -> Result<(), String> {
        if self.negated && !own.is_negatable() {
            return Err("! does not go with that option".to_owned());
        }
        match own {
            Own::Source | Own::Destination | Own::In | Own::Out | Own::Protocol => {
                let value = self.value(attached)?;
                return self.draft.asks.take(own, value, self.negated);
            }
            Own::Fragment => return self.draft.asks.take(own, Word::EMPTY, self.negated),
            Own::Match => {
                let name = self.word(attached)?;
                return self.name_match(&name.text());
            }
            Own::Jump => {
                let name = self.word(attached)?;
                return self.name_target(&name.text());
            }
            Own::Goto => {
                let chain = CompactString::from(self.word(attached)?.text());
                return self.draft.set_target(Target::Goto(chain));
            }
            Own::Counters => {
                let packets = self.word(attached)?.raw.parse();
                let bytes = self.word(None)?.raw.parse();
                let (Ok(packets), Ok(bytes)) = (packets, bytes) else {
                    return Err("counters are two numbers".to_owned());
                };
                self.draft.counter = Counter { packets, bytes };
            }
            Own::Ipv4 => self.draft.other_family |= self.draft.family == Family::Ipv6,
            Own::Ipv6 => self.draft.other_family |= self.draft.family == Family::Ipv4,
        }
        Ok(())
    }

    /// `-m NAME`.
    fn name_match(&mut self, name: &str) -> Result<(), String> {
        match match_named(name, self.draft.family) {
            Some(extension) => self.draft.add_part(extension),
            None => {
                self.skip_unknown();
                self.draft.add_words(self.words.since(self.start))
            }
        }
    }

    /// `-j NAME`: a verdict, an extension, a chain, or what nobody knows.
    fn name_target(&mut self, name: &str) -> Result<(), String> {
        match name {
            "" => return Err("-j names nothing".to_owned()),
            "ACCEPT" => return self.draft.set_target(Target::Accept),
            "DROP" => return self.draft.set_target(Target::Drop),
            "RETURN" => return self.draft.set_target(Target::Return),
            "QUEUE" => return self.draft.set_target(Target::Other("-j QUEUE".into())),
            _ => {}
        }
        if let Some(extension) = target_named(name, self.draft.family) {
            self.draft.set_target(Target::Continue)?;
            return self.draft.add_part(extension);
        }
        let is_unknown = |word: Word<'_>| word.raw != "!" && !Own::is(word.raw);
        if self.words.peek().is_some_and(is_unknown) {
            while self.words.next().is_some() {}
            let words = self.words.since(self.start).trim_ascii_end();
            return self.draft.set_target(Target::Other(words.into()));
        }
        self.draft.set_target(Target::Jump(name.into()))
    }

    /// A long option: of an extension that the rule names, of iptables itself, or of the match
    /// that goes with the protocol. Names may be cut short, and a value may follow a `=`.
    fn long(&mut self, word: Word<'a>) -> Result<(), String> {
        let text = word.text();
        if let Some((owner, place)) = self.draft.find(&text, Extension::option) {
            return self.take(owner, place, None);
        }
        if let Some(own) = Own::long(&text) {
            return self.own(own, None);
        }
        let (name, attached) = match word.raw.split_once('=') {
            Some((name, value)) => (name, Some(Word::plain(value))),
            None => (word.raw, None),
        };
        for find in [Extension::option, Extension::shortened] {
            if let Some((owner, place)) = self.draft.find(name, find) {
                return self.take(owner, place, attached);
            }
        }
        for find in [Extension::option, Extension::shortened] {
            if let Some(place) = self.of_protocol(name, find)? {
                return self.take(self.draft.parts() - 1, place, attached);
            }
        }
        if let Some(own) = Own::long(name).or_else(|| Own::shortened(name)) {
            return self.own(own, attached);
        }
        self.skip_unknown();
        let words = self.words.since(self.start);
        let unknown = self.draft.unknown_of_last();
        *unknown.ok_or_else(|| no_option(word))? = words;
        self.draft.trouble.get_or_insert_with(|| no_option(word));
        Ok(())
    }

    /// The option of the match that goes with `-p`, which iptables takes of itself.
    fn of_protocol(
        &mut self,
        name: &str,
        find: impl Fn(&'static Extension, &str) -> Option<OptionPlace>,
    ) -> Result<Option<OptionPlace>, String> {
        let protocol = self.draft.protocol().filter(|_| !self.draft.implied);
        let extension = protocol.and_then(|protocol| match_of(protocol, self.draft.family));
        let found = extension.and_then(|extension| Some((extension, find(extension, name)?)));
        let Some((extension, place)) = found else {
            return Ok(None);
        };
        self.draft.implied = true;
        self.draft.add_part(extension)?;
        Ok(Some(place))
    }

    /// Takes an option of an extension and its values.
    fn take(
        &mut self,
        owner: usize,
        place: OptionPlace,
        attached: Option<Word<'a>>,
    ) -> Result<(), String> {
        if place.option.values == 0 && attached.is_some() {
            return Err(format!("{} takes no value", place.option.name));
        }
        let mut values = [Word::EMPTY; 2];
        let is_option = |word: Word<'_>| word.raw == "!" || word.raw.starts_with('-');
        let left_out = place.option.optional && self.words.peek().is_none_or(is_option);
        if place.option.values > 0 && !left_out {
            values[0] = self.value(attached)?;
        }
        if place.option.values > 1 {
            values[1] = self.word(None)?;
        }
        let given = Given::new(place, self.negated, values, owner);
        self.draft.add_option(given)
    }

    /// The next word, or the value that stood in the same word as its option.
    fn word(&mut self, attached: Option<Word<'a>>) -> Result<Word<'a>, String> {
        match attached {
            Some(value) => Ok(value),
            None => self
                .words
                .next()
                .ok_or_else(|| "a value is missing at the end".to_owned()),
        }
    }

    /// A value; in old rules a `!` may stand before it rather than before the option.
    fn value(&mut self, attached: Option<Word<'a>>) -> Result<Word<'a>, String> {
        let value = self.word(attached)?;
        let is_value = |next: Word<'_>| !next.raw.starts_with('-');
        if value.raw == "!" && !self.negated && self.words.peek().is_some_and(is_value) {
            self.negated = true;
            return self.word(None);
        }
        Ok(value)
    }

    /// Skips options that nobody knows, up to the next one of iptables itself.
    fn skip_unknown(&mut self) {
        loop {
            let mut ahead = self.words;
            let mut next = ahead.next();
            if next.is_some_and(|word| word.raw == "!") {
                next = ahead.next();
            }
            match next {
                Some(word) if !Own::is(word.raw) => self.words = ahead,
                Some(_) | None => return,
            }
        }
    }
}

fn no_option(word: Word<'_>) -> String {
    format!("'{}' is no option", word.text())
}
