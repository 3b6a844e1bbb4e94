//! From the name of a host on a command line to what its texts told: what all commands of the way
//! back share.

use std::path::Path;

use anyhow::Context;

use crate::capture::{self, Capture};
use crate::host::live::{self, Missing};
use crate::host::{terminal, texts};

/// The word for the machine that we run on; a folder of that name is `./live`.
pub const LIVE: &str = "live";

/// Reads a host: a capture's folder, one file of it, `-` for standard input, or [`LIVE`].
///
/// What could not be had of the live machine is said on standard error; it is not observed.
pub fn read_host(place: &Path) -> anyhow::Result<Capture> {
    read(place, |_| true)
}

/// As [`read_host`], for a look in passing: only what is there and could not be read is said.
pub fn look_at_host(place: &Path) -> anyhow::Result<Capture> {
    read(place, |missing| missing.failed)
}

fn read(place: &Path, is_said: impl Fn(&Missing) -> bool) -> anyhow::Result<Capture> {
    if !is_live(place) {
        let texts = texts::texts(place).context("the host cannot be read")?;
        return Ok(capture::read(texts));
    }
    let mut fetched = live::texts(None)?;
    fetched.missing.retain(is_said);
    terminal::complain(&super::capture::missing(&fetched.missing));
    Ok(capture::read(fetched.texts))
}

/// Whether the place is this machine, as it is now.
pub fn is_live(place: &Path) -> bool {
    place == Path::new(LIVE)
}
