//! Free text that stays on one line, or in one field of one.
//!
//! Where dnsmasq reads it: a `"` begins and ends a quoted piece, in which `\\` escapes, and a `#`
//! at the start or after white space begins a comment.

use std::fmt;
use std::str::FromStr;

/// Text without line breaks or other control characters: it cannot begin a second line of a
/// configuration file.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Line(String);

/// The text holds a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the character U+{:04X} would break the line it lands in", u32::from(*.0))]
pub struct LineError(pub char);

impl Line {
    /// The text, with U+FFFD for each character that would break the line: for what was checked
    /// more strictly already.
    pub fn lossy(text: &str) -> Self {
        let whole = |c: char| if breaks(c) { '\u{fffd}' } else { c };
        Line(text.chars().map(whole).collect())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Line {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.chars().find(|c| breaks(*c)) {
            Some(c) => Err(LineError(c)),
            None => Ok(Line(text.to_owned())),
        }
    }
}

fn breaks(c: char) -> bool {
    c.is_control() && c != '\t'
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Line {
    /// How dnsmasq reads the text after an `=` or a comma of its configuration.
    pub fn reading(&self) -> Reading {
        let mut reading = Reading::default();
        let (mut quoted, mut after_blank) = (false, false);
        let mut characters = self.0.chars();
        while let Some(c) = characters.next() {
            match c {
                '"' => quoted = !quoted,
                '\\' if quoted => {
                    characters.next();
                }
                '#' if after_blank && !quoted => {
                    reading.comment = true;
                    return reading;
                }
                ',' if !quoted => reading.fields += 1,
                _ => {}
            }
            after_blank = c.is_ascii_whitespace();
        }
        reading.open_quote = quoted;
        reading
    }
}

/// How dnsmasq reads a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// A quoted piece never ends, so the configuration is refused.
    pub open_quote: bool,
    /// A comment begins, so the rest is lost.
    pub comment: bool,
    /// How many commas outside of quotes begin another field.
    pub fields: usize,
}

/// One field of a line for dnsmasq: a [`Line`] without a comma, which would begin the next field,
/// without quotes, which would vanish, and without a `#` that would begin a comment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field(String);

/// The text holds a character that does not stay in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' has another meaning there for dnsmasq", .0.escape_debug())]
pub struct FieldError(pub char);

impl Field {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Field> for Line {
    /// What stays in its field stays on its line.
    fn from(field: Field) -> Self {
        Line(field.0)
    }
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut after_blank = false;
        for c in text.chars() {
            let special = matches!(c, ',' | '"') || c == '#' && after_blank;
            if special || c.is_control() && c != '\t' {
                return Err(FieldError(c));
            }
            after_blank = c.is_ascii_whitespace();
        }
        Ok(Field(text.to_owned()))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_dnsmasq_does() {
        let reading = |text: &str| text.parse::<Line>().map(|line| line.reading());
        let read = |open_quote, comment, fields| {
            Ok(Reading {
                open_quote,
                comment,
                fields,
            })
        };
        assert_eq!(reading("v=spf1 a -all"), read(false, false, 0));
        assert_eq!(reading("a,b"), read(false, false, 1));
        assert_eq!(reading(r#""a,b""#), read(false, false, 0));
        assert_eq!(reading(r#"a"b"#), read(true, false, 0));
        assert_eq!(reading(r#""a\"b""#), read(false, false, 0));
        assert_eq!(reading("a#b #c\""), read(false, true, 0));
        assert_eq!(reading("a\nb"), Err(LineError('\n')));
    }

    #[test]
    fn fields_hold_nothing_that_ends_them() {
        let error = |text: &str| text.parse::<Field>().err();
        assert_eq!(error("/srv/my files#1"), None);
        assert_eq!(error("a,b"), Some(FieldError(',')));
        assert_eq!(error("a\"b"), Some(FieldError('"')));
        assert_eq!(error("a #b"), Some(FieldError('#')));
        assert_eq!(error("a\nb"), Some(FieldError('\n')));
    }
}
