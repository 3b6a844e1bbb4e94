//! From the name of a host on a command line to what its texts told: what all commands of the way
//! back share.

use std::path::Path;

use anyhow::Context;

use crate::capture::{self, Capture};
use crate::host::{live, terminal, texts};

/// The word for the machine that we run on; a folder of that name is `./live`.
pub const LIVE: &str = "live";

/// Reads a host: a capture's folder, one file of it, `-` for standard input, or [`LIVE`].
///
/// What could not be had of the live machine is said on standard error; it is not observed.
pub fn read_host(place: &Path) -> anyhow::Result<Capture> {
    let texts = if place == Path::new(LIVE) {
        let fetched = live::texts(None)?;
        terminal::complain(&super::capture::missing(&fetched));
        fetched.texts
    } else {
        texts::texts(place).context("the host cannot be read")?
    };
    Ok(capture::read(texts))
}
