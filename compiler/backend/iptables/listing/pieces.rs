//! Walking over the words of a listing.
//!
//! Blanks part words, and nothing else does: a listing quotes nothing.

/// What is still to be read of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces<'a> {
    /// The text; it does not begin with a blank.
    pub(super) rest: &'a str,
}

impl<'a> Pieces<'a> {
    /// The words of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Pieces {
            rest: text.trim_start(),
        }
    }

    /// The next word and what follows it.
    pub(super) fn word(self) -> Option<(&'a str, Pieces<'a>)> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find(char::is_whitespace);
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        Some((word, Pieces::new(rest)))
    }

    /// The next word.
    pub(super) fn peek(self) -> Option<&'a str> {
        self.word().map(|(word, _)| word)
    }

    /// What follows these words, if they stand here.
    pub(super) fn after(self, words: &[&str]) -> Option<Pieces<'a>> {
        let mut at = self;
        for wanted in words {
            let (word, after) = at.word()?;
            if word != *wanted {
                return None;
            }
            at = after;
        }
        Some(at)
    }

    /// Whether a `!` stands here, and what follows it.
    pub(super) fn negation(self) -> (bool, Pieces<'a>) {
        match self.after(&["!"]) {
            Some(after) => (true, after),
            None => (false, self),
        }
    }

    /// The next word without a `!` before it or at its beginning, and whether there was one.
    pub(super) fn negatable(self) -> Option<(bool, &'a str, Pieces<'a>)> {
        let (negated, start) = self.negation();
        let (word, after) = start.word()?;
        match word.strip_prefix('!') {
            Some(word) if !word.is_empty() => Some((true, word, after)),
            Some(_) | None => Some((negated, word, after)),
        }
    }

    /// The text from here to `later`, which is a later place in the same line.
    pub(super) fn until(self, later: Pieces<'a>) -> &'a str {
        let length = self.rest.len().saturating_sub(later.rest.len());
        self.rest.get(..length).unwrap_or("").trim_end()
    }
}

/// Appends words for `iptables-save`'s reader, in quotes where they need them.
pub(super) fn say(text: &mut String, words: &[&str]) {
    for word in words {
        text.push(' ');
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"\\'".contains(c);
        match !word.is_empty() && word.chars().all(plain) {
            true => text.push_str(word),
            false => quote(text, word),
        }
    }
}

fn quote(text: &mut String, word: &str) {
    text.push('"');
    for c in word.chars() {
        if matches!(c, '"' | '\\' | '\'') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}

/// Appends an option whose value `iptables-save` always puts in quotes.
pub(super) fn quoted(text: &mut String, negated: bool, name: &str, value: &str) {
    if negated {
        text.push_str(" !");
    }
    say(text, &[name]);
    text.push(' ');
    quote(text, value);
}

/// Appends an option and its value, after a `!` if it is negated.
pub(super) fn option(text: &mut String, negated: bool, name: &str, value: &str) {
    if negated {
        text.push_str(" !");
    }
    say(text, &[name, value]);
}
