//! Kernel settings, read where they are: `/proc/sys` shows those of the thread's own namespace.

use std::fs;
use std::path::Path;

use super::Fetched;
use crate::capture::question::{self, SETTINGS_FILE, setting_line};
use crate::value::DeviceName;

/// Adds the settings that there are; which ones those are depends on the kernel.
pub(super) fn fetch(bridges: &[DeviceName], uplinks: &[DeviceName], fetched: &mut Fetched) {
    match lines(bridges, uplinks) {
        lines if lines.is_empty() => {
            fetched.missing(SETTINGS_FILE, "/proc/sys cannot be read", true);
        }
        lines => fetched.text(SETTINGS_FILE, lines.into_bytes()),
    }
}

/// The settings that there are, a line each.
pub(in crate::host) fn lines(bridges: &[DeviceName], uplinks: &[DeviceName]) -> String {
    let root = Path::new("/proc/sys");
    let paths = question::settings(bridges, uplinks);
    let lines = paths.iter().filter_map(|path| {
        let value = fs::read_to_string(root.join(path)).ok()?;
        Some(setting_line(path, &value))
    });
    lines.collect()
}
