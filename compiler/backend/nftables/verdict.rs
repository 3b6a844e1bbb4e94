//! What ends a packet's way through a chain, in nft's words: rules end so, and elements of
//! verdict maps lead to it.

use super::words::Words;
use crate::firewall::Target;

/// The verdict that the next words say.
pub(super) fn read(words: &mut Words<'_>) -> Option<Target> {
    Some(match words.word()? {
        "accept" => Target::Accept,
        "drop" => Target::Drop,
        "return" => Target::Return,
        "continue" => Target::Continue,
        "jump" => Target::Jump(words.word()?.into()),
        "goto" => Target::Goto(words.word()?.into()),
        _ => return None,
    })
}
