//! Strings of a host, fit to be shown.

/// How many characters of one text are shown.
const LONGEST: usize = 2000;

/// What a reader would not see, or would see in another order, made visible.
///
/// A name from a host may hold any character. Control characters and those that change the
/// direction of the text become their number; escaping for HTML is the template's. What is longer
/// than anyone reads is cut.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == LONGEST {
            shown.push_str(&format!(" … ({} bytes in all)", text.len()));
            break;
        }
        if c.is_control() || hides(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A remark as a sentence: with a capital and a full stop.
pub(super) fn sentence(remark: &str) -> String {
    let shown = visible(remark);
    let mut rest = shown.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    let mut sentence: String = first.chain(rest).collect();
    if !sentence.ends_with(['.', '!', '?', '…']) && !sentence.is_empty() {
        sentence.push('.');
    }
    sentence
}

/// Whether a character has no shape of its own but changes how others are shown.
fn hides(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{61c}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// About how wide a text is, in letters. What is not Latin is taken for wide.
pub(super) fn width(text: &str) -> usize {
    text.chars()
        .map(|c| if c < '\u{250}' { 1 } else { 2 })
        .sum()
}

/// A text that takes at most the room of this many letters.
pub(super) fn shortened(text: &str, letters: usize) -> String {
    let text = visible(text);
    if width(&text) <= letters {
        return text;
    }
    let mut kept = String::new();
    let mut room = letters.saturating_sub(1);
    for c in text.chars() {
        let wide = if c < '\u{250}' { 1 } else { 2 };
        if wide > room {
            break;
        }
        room -= wide;
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// `1 network`, `2 networks`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown_by_its_number() {
        assert_eq!(visible("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
        assert_eq!(visible("häß 网"), "häß 网");
        let long = visible(&"x".repeat(10_000_000));
        assert!(long.len() < 2100 && long.ends_with("(10000000 bytes in all)"));
    }

    #[test]
    fn remarks_become_sentences() {
        assert_eq!(sentence("guests get no lease"), "Guests get no lease.");
        assert_eq!(sentence("All is well."), "All is well.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn short_texts_stay_and_long_ones_end_in_dots() {
        assert_eq!(shortened("virbr0", 6), "virbr0");
        assert_eq!(shortened("virbr01", 6), "virbr…");
        assert_eq!(shortened("网络网络", 5), "网络…");
        assert_eq!(shortened("", 0), "");
    }
}
