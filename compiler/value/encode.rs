//! How a name is spelt where not every byte may stand.
//!
//! Every function is total and injective as far as the place allows: two names never meet in one
//! file or one unit, unless they are longer than the place, and then a hash keeps them apart.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The longest file stem that is made of a name, in bytes.
const MAX_STEM: usize = 200;
/// The longest unit instance: `lanwright-dnsmasq@`, it and `.service` are at most 255 bytes.
const MAX_INSTANCE: usize = 229;
/// The longest comment that is made for nft, which takes 128 bytes.
const MAX_NFT_COMMENT: usize = 120;

/// A file name without its ending: `[A-Za-z0-9._-]` stand for themselves, other bytes as `%xx`.
///
/// A stem that would be over 200 bytes, or too long for an instance of a unit, is cut and ends in
/// a hash of the whole name.
pub fn file_stem(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let whole = escaped(name, plain, "%");
    let mut most = MAX_STEM;
    loop {
        let stem = shortened(whole.clone(), name, most);
        if unit_instance(&stem).len() <= MAX_INSTANCE {
            return stem;
        }
        most = stem.len() - 1;
    }
}

/// A file name without its ending that is made of two names: the stems of both with `@` between,
/// which stands in no stem of one name.
pub fn pair_stem(name: &str, other: &str) -> String {
    let pair = format!("{}@{}", file_stem(name), file_stem(other));
    // Neither name holds a NUL: XML has none.
    shortened(pair, &format!("{name}\0{other}"), MAX_STEM)
}

/// A systemd unit instance, as `systemd-escape(1)` spells it: `my-net` is `my\x2dnet`.
pub fn unit_instance(stem: &str) -> String {
    let mut instance = String::with_capacity(stem.len());
    for (at, byte) in stem.bytes().enumerate() {
        match byte {
            b'/' => instance.push('-'),
            b'.' if at == 0 => instance.push_str("\\x2e"),
            b'.' | b'_' | b':' => instance.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => instance.push(char::from(byte)),
            _ => push_hex(&mut instance, "\\x", byte),
        }
    }
    instance
}

/// A comment for nft, without quotes: control bytes, `"`, `\` and `%` as `%xx`, at most 120 bytes.
pub fn nft_comment(text: &str) -> String {
    let plain = |byte: u8| !byte.is_ascii_control() && !matches!(byte, b'"' | b'\\' | b'%');
    shortened(escaped(text, plain, "%"), text, MAX_NFT_COMMENT)
}

/// The part of an nft identifier that stands for a device: bytes outside `[A-Za-z0-9._-]` as
/// `/xx`, which is legal there and never part of a device name.
pub fn nft_identifier(device: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    escaped(device, plain, "/")
}

/// The text that [`nft_comment`] made this comment of; `None` if it may have been shortened.
pub fn from_nft_comment(comment: &str) -> Option<String> {
    (comment.len() < MAX_NFT_COMMENT).then(|| unescaped(comment, b'%'))?
}

/// The device that [`nft_identifier`] made this of.
pub fn from_nft_identifier(identifier: &str) -> Option<String> {
    unescaped(identifier, b'/')
}

/// `& < > ' "` as XML entities: how libvirt names hosts files and pid files (`virBufferEscape`).
pub fn xml_entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\'' => escaped.push_str("&apos;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The SHA-256 of these bytes, in lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    let mut hash = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        push_hex(&mut hash, "", byte);
    }
    hash
}

/// A word for the shell: as it is where nothing in it is special, else in single quotes.
pub fn shell_word(text: &str) -> String {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'-' | b':' | b'/' | b'@' | b',')
    };
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The first 16 hexadecimal digits of the text's SHA-256.
pub fn short_hash(text: &str) -> String {
    let mut hash = sha256(text.as_bytes());
    hash.truncate(16);
    hash
}

/// Whether a terminal would act on this character, or a reader be misled by what it does to the
/// text around it: control characters, and those that turn, join or hide text.
pub fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{feff}' | '\u{200b}'..='\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text for people, on one line: U+FFFD for each character that [`misleads`].
pub fn visible(text: &str) -> String {
    text.replace(misleads, "\u{fffd}")
}

fn escaped(text: &str, plain: impl Fn(u8) -> bool, mark: &str) -> String {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            escaped.push(byte);
        } else {
            let mut code = String::new();
            push_hex(&mut code, mark, byte);
            escaped.extend_from_slice(code.as_bytes());
        }
    }
    String::from_utf8_lossy(&escaped).into_owned()
}

/// Takes `mark` and two hexadecimal digits back to the byte they stand for.
fn unescaped(text: &str, mark: u8) -> Option<String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != mark {
            plain.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let byte = digit()? * 16 + digit()?;
        plain.push(u8::try_from(byte).ok()?);
    }
    String::from_utf8(plain).ok()
}

fn push_hex(text: &mut String, mark: &str, byte: u8) {
    // Writing into a String cannot fail.
    let _ = write!(text, "{mark}{byte:02x}");
}

fn shortened(mut text: String, whole: &str, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let mut cut = most - 17;
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    text.truncate(cut);
    text + "-" + &short_hash(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_places() {
        let odd = "it's \"odd\" ü";
        assert_eq!(file_stem("my-net"), "my-net");
        assert_eq!(file_stem(odd), "it%27s%20%22odd%22%20%c3%bc");
        assert_eq!(unit_instance("my-net"), "my\\x2dnet");
        assert_eq!(nft_comment(odd), "it's %22odd%22 ü");
        assert_eq!(nft_identifier("br@0"), "br/400");
        assert_eq!(from_nft_comment("it's %22odd%22 ü").as_deref(), Some(odd));
        assert_eq!(from_nft_comment("50%"), None);
        assert_eq!(from_nft_identifier("br/400").as_deref(), Some("br@0"));
        assert_eq!(xml_entities("a&'b"), "a&amp;&apos;b");
        assert_eq!(shell_word("fd00::1/64"), "fd00::1/64");
        assert_eq!(shell_word("it's"), "'it'\\''s'");
        assert_eq!(file_stem(&"a".repeat(247)).len(), 200);
        assert_eq!(pair_stem("a", "b@"), "a@b%40");
        assert_eq!(pair_stem(&"a".repeat(247), &"b".repeat(9000)).len(), 200);
        for long in ["ü".repeat(120), "a-".repeat(120)] {
            let instance = unit_instance(&file_stem(&long));
            assert!((220..=229).contains(&instance.len()), "{instance}");
        }
        assert!(nft_comment(&"ü".repeat(120)).len() <= 120);
    }
}
