//! From the name of a host on a command line to what its texts told: what all commands of the way
//! back share.

use std::path::Path;

use anyhow::{Context, bail};

use crate::capture::{self, Capture};
use crate::host::texts;

/// The word for the machine that we run on; a folder of that name is `./live`.
pub const LIVE: &str = "live";

/// Reads a host: a capture's folder, one file of it, `-` for standard input, or [`LIVE`].
pub fn read_host(place: &Path) -> anyhow::Result<Capture> {
    if place == Path::new(LIVE) {
        bail!("reading the live host is not built in yet; name a folder or a file");
    }
    let texts = texts::texts(place).context("the host cannot be read")?;
    Ok(capture::read(texts))
}
