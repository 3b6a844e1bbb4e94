//! The name of a network device, a bridge or a physical port.

use std::fmt;
use std::str::FromStr;

/// A device name: 1 to 15 bytes of what every tool takes literally.
///
/// The kernel refuses or truncates longer names; iptables reads a trailing `+` and nft a trailing
/// `*` as a wildcard; a leading `-` is an option; the rest would end a word somewhere.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct DeviceName(String);

/// Why a text is no device name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceNameError {
    /// There is nothing.
    #[error("a device name is empty")]
    Empty,
    /// The kernel's IFNAMSIZ is 16 with the final NUL.
    #[error("a device name has at most 15 bytes")]
    TooLong,
    /// A name, or a character, that the kernel itself refuses.
    #[error("the kernel takes no device of that name")]
    Kernel,
    /// A character that is a wildcard, a separator or an option for one of the tools.
    #[error("'{0}' has another meaning for iptables, nft or dnsmasq there")]
    Character(char),
}

impl DeviceName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceName {
    type Err = DeviceNameError;

    /// Kernel: `dev_valid_name()` and the entries that exist in `/proc/sys/net/*/conf`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(DeviceNameError::Empty);
        }
        if text.len() > 15 {
            return Err(DeviceNameError::TooLong);
        }
        let refused = |c: char| matches!(c, '/' | ':') || c.is_ascii_whitespace() || c == '\u{b}';
        if matches!(text, "." | ".." | "all" | "default") || text.contains(refused) {
            return Err(DeviceNameError::Kernel);
        }
        let special = |c: char| matches!(c, '*' | '"' | '\'' | ';' | ',' | '%') || c.is_control();
        if let Some(c) = text.chars().find(|c| special(*c)) {
            return Err(DeviceNameError::Character(c));
        }
        if text.starts_with('-') {
            return Err(DeviceNameError::Character('-'));
        }
        if text.ends_with('+') {
            return Err(DeviceNameError::Character('+'));
        }
        Ok(DeviceName(text.to_owned()))
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_a_tool_would_read_otherwise() {
        use DeviceNameError::{Character, Empty, Kernel, TooLong};
        let error = |text: &str| text.parse::<DeviceName>().unwrap_err();
        assert_eq!(error(""), Empty);
        assert_eq!(error("abcdefghijklmnop"), TooLong);
        assert_eq!(error(".."), Kernel);
        assert_eq!(error("a b"), Kernel);
        assert_eq!(error("br+"), Character('+'));
        assert_eq!(error("-br"), Character('-'));
        assert_eq!(error("br*"), Character('*'));
        assert!("br+0".parse::<DeviceName>().is_ok());
        assert!("abcdefghijklmno".parse::<DeviceName>().is_ok());
    }
}
