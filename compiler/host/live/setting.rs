//! Kernel settings, read where they are: `/proc/sys` shows those of the thread's own namespace.

use std::fs;
use std::path::Path;

use super::Fetched;
use crate::capture::question::{self, SETTINGS_FILE, setting_line};
use crate::value::DeviceName;

/// Adds the settings that there are; which ones those are depends on the kernel.
pub(super) fn fetch(bridges: &[DeviceName], uplinks: &[DeviceName], fetched: &mut Fetched) {
    let root = Path::new("/proc/sys");
    let lines: Vec<String> = question::settings(bridges, uplinks)
        .iter()
        .filter_map(|path| {
            let value = fs::read_to_string(root.join(path)).ok()?;
            Some(setting_line(path, &value))
        })
        .collect();
    match lines.is_empty() {
        true => fetched.missing(SETTINGS_FILE, "/proc/sys cannot be read", true),
        false => fetched.text(SETTINGS_FILE, lines.concat().into_bytes()),
    }
}
