//! The name of a network.

use std::fmt;
use std::str::FromStr;

/// A network's name: any text that is no path, no option and no second line.
///
/// Blanks, quotes, `&<>` and UTF-8 are fine; files and comments encode them
/// ([`encode`](super::encode)).
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct NetworkName(String);

/// Why a text is no network name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkNameError {
    /// There is nothing.
    #[error("a network needs a name")]
    Empty,
    /// libvirt makes a file of the name.
    #[error("a network name has no '/'")]
    Slash,
    /// `virXMLCheckIllegalChars`.
    #[error("a network name has no line break")]
    LineBreak,
    /// `NAME.xml.new` must fit into the 255 bytes of a file name.
    #[error("a network name has at most 247 bytes")]
    TooLong,
    /// `.` and `..` are folders.
    #[error("a network cannot be called '.' or '..'")]
    Folder,
    /// It would be read as an option.
    #[error("a network name does not begin with '-'")]
    Option,
    /// A control character, which a terminal or a file would act on.
    #[error("a network name has no control characters")]
    Control,
}

impl NetworkName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NetworkName {
    type Err = NetworkNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err(NetworkNameError::Empty),
            "." | ".." => Err(NetworkNameError::Folder),
            _ if text.contains('/') => Err(NetworkNameError::Slash),
            _ if text.contains('\n') => Err(NetworkNameError::LineBreak),
            _ if text.contains(char::is_control) => Err(NetworkNameError::Control),
            _ if text.len() > 247 => Err(NetworkNameError::TooLong),
            _ if text.starts_with('-') => Err(NetworkNameError::Option),
            _ => Ok(NetworkName(text.to_owned())),
        }
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
