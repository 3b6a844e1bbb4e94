//! The texts of the machine that we run on, or of one of its network namespaces.
//!
//! Everything is only looked at: commands that list, kernel settings, and copies of files. What is
//! missing, whatever the reason, is named.

mod copy;
mod process;
pub(super) mod setting;
mod socket;

use std::fs;
use std::path::Path;

use super::run::{self, RunError};
use super::{HostError, namespace};
use crate::capture::Text;
use crate::capture::question::{self, Listing};
use crate::value::DeviceName;

/// What was fetched, how, and what was not.
#[derive(Debug, Default)]
pub struct Fetched {
    /// The texts.
    pub texts: Vec<Text>,
    /// The commands that were run, and the text that each became.
    pub commands: Vec<Asked>,
    /// The files that were copied.
    pub copies: Vec<Copied>,
    /// What there is not.
    pub missing: Vec<Missing>,
}

/// A command that was run.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The text that its output became, or is a part of.
    pub file: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// A file that was copied.
#[derive(Clone, Debug)]
pub struct Copied {
    /// The text that it became, or is a part of.
    pub file: String,
    /// Where it lies on the host.
    pub from: String,
}

/// Something that was not fetched.
#[derive(Clone, Debug)]
pub struct Missing {
    /// The text that it would have become.
    pub file: String,
    /// Why.
    pub why: String,
    /// Whether it is there, but could not be read.
    pub failed: bool,
}

/// Fetches everything from this machine, or from a network namespace of it.
pub fn texts(namespace: Option<&str>) -> Result<Fetched, HostError> {
    match namespace {
        None => Ok(fetch(false)),
        Some(name) => namespace::within(name, || fetch(true)),
    }
}

/// `apart` says that this is one namespace of several: the files of others are left out.
fn fetch(apart: bool) -> Fetched {
    let mut fetched = Fetched::default();
    let nft_absent = nf_tables_is_absent();
    for listing in question::LISTINGS {
        let instead = listing
            .unless
            .iter()
            .any(|program| run::find(program).is_some());
        if !instead {
            fetched.list(listing, nft_absent);
        }
    }
    let bridges = question::bridges(&fetched.texts);
    for bridge in &bridges {
        fetched.traffic(bridge);
    }
    let uplinks = question::uplinks(&fetched.texts);
    setting::fetch(&bridges, &uplinks, &mut fetched);
    let processes = process::running();
    fetched.text(question::PROCESSES_FILE, process::list(&processes));
    copy::folders(&processes, apart, &mut fetched);
    copy::processes(&processes, &mut fetched);
    fetched
}

impl Fetched {
    fn list(&mut self, listing: &Listing, nft_absent: bool) {
        if listing.nf_tables && nft_absent {
            // Asking would load it. Without it there are no rules of its kind, which an empty
            // text says; JSON is never empty.
            match listing.file.ends_with(".json") {
                true => self.missing(listing.file, "nf_tables is not loaded", false),
                false => self.text(listing.file, Vec::new()),
            }
            return;
        }
        if let Some(printed) = self.ask(listing.file, listing.program, listing.arguments) {
            self.text(listing.file, printed);
        }
    }

    /// Each answer stands below its command, which names the device.
    fn traffic(&mut self, bridge: &DeviceName) {
        let file = question::traffic_file(bridge);
        let mut whole = Vec::new();
        for arguments in question::traffic(bridge) {
            let Some(printed) = self.ask(&file, "tc", &arguments) else {
                return;
            };
            whole.extend_from_slice(format!("# tc {}\n", arguments.join(" ")).as_bytes());
            whole.extend_from_slice(&printed);
        }
        self.text(&file, whole);
    }

    fn ask(&mut self, file: &str, program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
        match run::output(program, arguments) {
            Ok(printed) => {
                let words = std::iter::once(&program).chain(arguments);
                self.commands.push(Asked {
                    file: file.to_owned(),
                    command: words.map(ToString::to_string).collect(),
                });
                Some(printed)
            }
            Err(error) => {
                let (why, failed) = match &error {
                    RunError::NotInstalled(_) => (error.to_string(), false),
                    RunError::NotSupported(_) => (said(program, arguments, &error), false),
                    RunError::Failed(_)
                    | RunError::TooLong(_)
                    | RunError::TooMuch
                    | RunError::Io(_) => (said(program, arguments, &error), true),
                };
                self.missing(file, &why, failed);
                None
            }
        }
    }

    fn text(&mut self, name: &str, bytes: Vec<u8>) {
        self.texts.push(Text {
            name: name.to_owned(),
            bytes,
        });
    }

    fn missing(&mut self, file: &str, why: &str, failed: bool) {
        self.missing.push(Missing {
            file: file.to_owned(),
            why: why.to_owned(),
            failed,
        });
    }
}

fn said(program: &str, arguments: &[&str], error: &RunError) -> String {
    format!("'{program} {}': {error}", arguments.join(" "))
}

/// Whether the kernel has nf_tables as a module that is not loaded. Where modules cannot be told,
/// there is none to be loaded.
fn nf_tables_is_absent() -> bool {
    let loaded = fs::read_to_string("/proc/modules").unwrap_or_default();
    if loaded.lines().any(|line| line.starts_with("nf_tables ")) {
        return false;
    }
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    let list = Path::new("/lib/modules")
        .join(&*release)
        .join("modules.dep");
    let loadable = fs::read_to_string(list).unwrap_or_default();
    loadable.lines().any(|line| {
        let file = line.split(':').next().unwrap_or_default();
        let base = file.rsplit('/').next().unwrap_or_default();
        base.starts_with("nf_tables.ko")
    })
}
