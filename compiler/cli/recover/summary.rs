//! What `recover` says to people beside the XML.

use std::path::Path;

use super::comments::finding_text;
use super::file_of;
use crate::capture::Capture;
use crate::cli::{BOLD, PLAIN, counted};
use crate::recover::{Recovered, Recovery};
use crate::value::encode::visible;

/// Most lines that were not understood which are shown one by one.
const SHOWN: usize = 10;

/// The networks, a line each, and what there is to say of the host.
pub fn text(recovery: &Recovery, capture: &Capture, place: Option<&Path>) -> String {
    let mut text = String::new();
    for recovered in &recovery.networks {
        text += &line(recovered);
    }
    text += &host(recovery, capture);
    if let Some(place) = place {
        text += &format!(
            "{} written to {}\n",
            counted(recovery.networks.len(), "network"),
            visible(&place.display().to_string())
        );
    }
    text
}

fn line(recovered: &Recovered) -> String {
    let network = &recovered.network;
    let mode = network.mode().unwrap_or("isolated");
    let on = match &recovered.bridge {
        Some(bridge) => format!(" on {bridge}"),
        None => String::new(),
    };
    let rules = match recovered.rules {
        Some(arrangement) => arrangement.title(),
        None => "no rules",
    };
    let gaps = match recovered.gaps().count() {
        0 => "no gaps".to_owned(),
        count => counted(count, "gap"),
    };
    let name = visible(network.name.as_str());
    let file = file_of(recovered);
    format!("{BOLD}{name}{PLAIN}: {mode}{on}, {rules}, {gaps} ({file})\n")
}

/// What there is to say of the host as a whole.
pub fn host(recovery: &Recovery, capture: &Capture) -> String {
    let mut text = String::new();
    for finding in &recovery.findings {
        text += &format!("{}\n", visible(&finding_text(finding, capture)));
    }
    for gap in capture.gaps.iter().take(SHOWN) {
        let file = capture.name(gap.file);
        let at = match gap.unread.line {
            0 => file.to_owned(),
            line => format!("{file}:{line}"),
        };
        text += &format!(
            "{}\n",
            visible(&format!("not read: {at}: {}", gap.unread.message))
        );
    }
    let more = capture.gaps.len().saturating_sub(SHOWN);
    if more > 0 {
        text += &format!("and {} more were not read\n", counted(more, "line"));
    }
    let aside: Vec<&str> = capture
        .files
        .iter()
        .filter(|file| file.role.is_none())
        .map(|file| file.name.as_str())
        .collect();
    if !aside.is_empty() {
        text += &format!("left aside: {}\n", visible(&aside.join(", ")));
    }
    text
}
